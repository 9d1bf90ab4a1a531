"""Every figure of the course, a module a subject.

A function takes the data and returns a `matplotlib.figure.Figure`; a notebook
shows it, and `figure.savefig` keeps it. Nothing here touches pyplot's state.
"""

from alexnet_keras.visualize.augmenting import (
    color_cloud,
    error_curves,
    many_ways,
    vary_by_hand,
)
from alexnet_keras.visualize.bends import (
    agreement,
    bends,
    decided,
    multiplied,
    over_time,
    race,
    saturated,
)
from alexnet_keras.visualize.competition import (
    compete_by_hand,
    in_and_out,
    lone,
    neighbours,
    one_pixel,
    orders,
    through_depth,
)
from alexnet_keras.visualize.devices import drift, timeline
from alexnet_keras.visualize.feeding import order, waiting
from alexnet_keras.visualize.filters import (
    connections,
    depth,
    descent,
    losses,
    slide,
    slide_by_hand,
)
from alexnet_keras.visualize.groups import blocks, saved_by_groups, towers
from alexnet_keras.visualize.head import (
    answer_grid,
    answers,
    cost_of_doubt,
    flattened,
    masked_sums,
    weighed,
    weights_and_work,
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
from alexnet_keras.visualize.pooling import (
    changes_by_shift,
    condensed,
    moved_and_pooled,
    overlap,
    pool_at,
    pool_by_hand,
    routed,
)
from alexnet_keras.visualize.results import confusion, curves
from alexnet_keras.visualize.sight import fields, pooled_windows, seen
from alexnet_keras.visualize.sizes import (
    overhang,
    places,
    step_by_hand,
    times_read,
)
from alexnet_keras.visualize.stack import (
    influence,
    maps,
    nested,
    sight_by_hand,
)

__all__ = [
    "agreement",
    "answer_grid",
    "answers",
    "batch",
    "bends",
    "blocks",
    "by_hand_or_learned",
    "chain",
    "changes_by_shift",
    "color_cloud",
    "compete_by_hand",
    "condensed",
    "confusion",
    "connections",
    "cost_of_doubt",
    "curves",
    "cuts",
    "decided",
    "depth",
    "descent",
    "drift",
    "durations",
    "error_curves",
    "fields",
    "flattened",
    "guesses",
    "histogram",
    "in_and_out",
    "influence",
    "lone",
    "losses",
    "many_ways",
    "maps",
    "masked_sums",
    "moved_and_pooled",
    "multiplied",
    "neighbours",
    "nested",
    "network_map",
    "one_pixel",
    "order",
    "orders",
    "over_time",
    "overhang",
    "overlap",
    "places",
    "planes",
    "pool_at",
    "pool_by_hand",
    "pooled_windows",
    "race",
    "routed",
    "saturated",
    "saved_by_groups",
    "seen",
    "sheet",
    "side_by_side",
    "sight_by_hand",
    "slide",
    "slide_by_hand",
    "step_by_hand",
    "through_depth",
    "timeline",
    "times_read",
    "to_scale",
    "top5_errors",
    "towers",
    "vary_by_hand",
    "waiting",
    "weighed",
    "weights_and_work",
]
