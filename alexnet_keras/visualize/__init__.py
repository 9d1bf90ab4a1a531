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
from alexnet_keras.visualize.devices import (
    drift,
    timeline,
    timeline_by_hand,
)
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
from alexnet_keras.visualize.inside import (
    color_shares,
    cover_by_hand,
    covered,
    filter_sheet,
    gallery,
    known,
    layer_by_layer,
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
from alexnet_keras.visualize.relatives import (
    charts,
    fingerprints,
    ledger,
    relatives,
    two_orders,
)
from alexnet_keras.visualize.replicas import (
    around_the_ring,
    replicas_or_towers,
    shared_step,
)
from alexnet_keras.visualize.results import ablations, confusion, curves
from alexnet_keras.visualize.sight import fields, pooled_windows, seen
from alexnet_keras.visualize.sizes import (
    overhang,
    places,
    step_by_hand,
    times_read,
)
from alexnet_keras.visualize.split import (
    disturbed,
    meter,
    meter_by_hand,
    talk,
)
from alexnet_keras.visualize.stack import (
    influence,
    maps,
    nested,
    sight_by_hand,
)
from alexnet_keras.visualize.starts import (
    decays,
    schedules,
    signals,
    spreads,
    starts,
)
from alexnet_keras.visualize.ways import crossed, four_ways
from alexnet_keras.visualize.workers import (
    cluster,
    lost,
    ring,
    scaling,
    step_costs,
)

__all__ = [
    "ablations",
    "agreement",
    "answer_grid",
    "answers",
    "around_the_ring",
    "batch",
    "bends",
    "blocks",
    "by_hand_or_learned",
    "chain",
    "changes_by_shift",
    "charts",
    "cluster",
    "color_cloud",
    "color_shares",
    "compete_by_hand",
    "condensed",
    "confusion",
    "connections",
    "cost_of_doubt",
    "cover_by_hand",
    "covered",
    "crossed",
    "curves",
    "cuts",
    "decays",
    "decided",
    "depth",
    "descent",
    "disturbed",
    "drift",
    "durations",
    "error_curves",
    "fields",
    "filter_sheet",
    "fingerprints",
    "flattened",
    "four_ways",
    "gallery",
    "guesses",
    "histogram",
    "in_and_out",
    "influence",
    "known",
    "layer_by_layer",
    "ledger",
    "lone",
    "losses",
    "lost",
    "many_ways",
    "maps",
    "masked_sums",
    "meter",
    "meter_by_hand",
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
    "relatives",
    "replicas_or_towers",
    "ring",
    "routed",
    "saturated",
    "saved_by_groups",
    "scaling",
    "schedules",
    "seen",
    "shared_step",
    "sheet",
    "side_by_side",
    "sight_by_hand",
    "signals",
    "slide",
    "slide_by_hand",
    "spreads",
    "starts",
    "step_by_hand",
    "step_costs",
    "talk",
    "through_depth",
    "timeline",
    "timeline_by_hand",
    "times_read",
    "to_scale",
    "top5_errors",
    "towers",
    "two_orders",
    "vary_by_hand",
    "waiting",
    "weighed",
    "weights_and_work",
]
