"""Every figure of the course, a module a subject.

A function takes the data and returns a `matplotlib.figure.Figure`; a notebook
shows it, and `figure.savefig` keeps it. Nothing here touches pyplot's state.
"""

from alexnet_keras.visualize.devices import drift, timeline
from alexnet_keras.visualize.network import network_map
from alexnet_keras.visualize.pictures import sheet
from alexnet_keras.visualize.results import confusion, curves
from alexnet_keras.visualize.sizes import overhang, pooled_windows

__all__ = [
    "confusion",
    "curves",
    "drift",
    "network_map",
    "overhang",
    "pooled_windows",
    "sheet",
    "timeline",
]
