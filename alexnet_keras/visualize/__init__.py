"""Every figure of the course, a module a subject.

A function takes the data and returns a `matplotlib.figure.Figure`; a notebook
shows it, and `figure.savefig` keeps it. Nothing here touches pyplot's state.
"""

from alexnet_keras.visualize.devices import drift, timeline
from alexnet_keras.visualize.network import chain, network_map
from alexnet_keras.visualize.pictures import sheet
from alexnet_keras.visualize.results import confusion, curves
from alexnet_keras.visualize.sight import fields, pooled_windows, seen
from alexnet_keras.visualize.sizes import overhang, places, step_by_hand

__all__ = [
    "chain",
    "confusion",
    "curves",
    "drift",
    "fields",
    "network_map",
    "overhang",
    "places",
    "pooled_windows",
    "seen",
    "sheet",
    "step_by_hand",
    "timeline",
]
