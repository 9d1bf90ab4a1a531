"""Every figure of the course, a module a subject.

A function takes the data and returns a `matplotlib.figure.Figure`; a notebook
shows it, and `figure.savefig` keeps it. Nothing here touches pyplot's state.
"""

from alexnet_keras.visualize.bends import (
    agreement,
    bends,
    decided,
    multiplied,
    over_time,
    race,
    saturated,
)
from alexnet_keras.visualize.devices import drift, timeline
from alexnet_keras.visualize.filters import (
    connections,
    depth,
    descent,
    losses,
    slide,
    slide_by_hand,
)
from alexnet_keras.visualize.history import (
    by_hand_or_learned,
    durations,
    guesses,
    top5_errors,
)
from alexnet_keras.visualize.network import chain, network_map, to_scale
from alexnet_keras.visualize.pictures import (
    batch,
    cuts,
    histogram,
    planes,
    sheet,
    side_by_side,
)
from alexnet_keras.visualize.results import confusion, curves
from alexnet_keras.visualize.sight import fields, pooled_windows, seen
from alexnet_keras.visualize.sizes import (
    overhang,
    places,
    step_by_hand,
    times_read,
)

__all__ = [
    "agreement",
    "batch",
    "bends",
    "by_hand_or_learned",
    "chain",
    "confusion",
    "connections",
    "curves",
    "cuts",
    "decided",
    "depth",
    "descent",
    "drift",
    "durations",
    "fields",
    "guesses",
    "histogram",
    "losses",
    "multiplied",
    "network_map",
    "over_time",
    "overhang",
    "places",
    "planes",
    "pooled_windows",
    "race",
    "saturated",
    "seen",
    "sheet",
    "side_by_side",
    "slide",
    "slide_by_hand",
    "step_by_hand",
    "timeline",
    "times_read",
    "to_scale",
    "top5_errors",
]
