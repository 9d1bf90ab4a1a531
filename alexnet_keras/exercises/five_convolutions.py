"""Exercises of chapter 7: counts in groups, groups by hand, a field."""

import numbers

import numpy as np

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_keys,
    is_placeholder,
    todo,
)

POOL5 = (6, 6, 256)


def _judge_recall(pair):
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return "Give two things: a shape, and the number of weights."
    shape, weights = pair
    if is_placeholder(shape) or is_placeholder(weights):
        return "One of the two is still missing."
    if not isinstance(shape, list | tuple):
        return "The shape is a tuple `(rows, columns, channels)`."
    shape = tuple(shape)
    wrong = {
        (6, 6, 1): "A pool keeps the channels apart: each has its own map.",
        (6, 6): "The channels are missing from the shape.",
        (13, 13, 256): "At a stride of 2 there are fewer places than 13.",
        (7, 7, 256): "Place 7 would start at value 12 and need two more.",
        (5, 5, 256): "The window has 10 values of room, so 5 steps. And the "
        "first place?",
        (11, 11, 256): "That is a stride of 1.",
        (6, 6, 128): "A pool keeps all channels, whatever its stride.",
        (1, *POOL5): "Leave the batch out: rows, columns, channels.",
        (None, *POOL5): "Leave the batch, `None`, out.",
    }
    if shape != POOL5:
        known = "Places: (13 - 3) // 2 + 1. The channels stay."
        return wrong.get(shape, known)
    if not isinstance(weights, numbers.Real):
        return f"The weights are a number, not `{weights!r}`."
    if weights in (9, 9 * 256, 10, 10 * 256):
        return (
            "A window of 9 values has no 9 weights: it only takes the largest."
        )
    if weights != 0:
        return "What would a pool multiply by a weight?"
    return None


recall = Exercise(
    _judge_recall,
    answer=(POOL5, 0),
    placeholder=(..., ...),
    insight="A pool condenses, channel by channel, and has nothing to learn.",
    hints=(
        "Count the places as for a filter: (size - window) // stride + 1.",
        "A pool takes the largest value of a window, in each channel by "
        "itself. Is there anything to learn?",
    ),
    reasons="(13 - 3) // 2 + 1 = 6 places in each direction, 256 channels as "
    "before, and no weights.",
)

COUNTS = ("one", "two", "four", "multiply_adds")


def _judge_counts(given):
    if fault := fault_of_keys(given, COUNTS):
        return fault
    for key in COUNTS:
        if not isinstance(given[key], numbers.Real):
            return f"`{key}` is a number, not `{given[key]!r}`."
    one, two, four, work = (given[key] for key in COUNTS)
    wrong = {
        86_400: "`one`: the biases are missing, one for each filter.",
        86_480: "`one`: a bias for each of the 120 *filters*, not the 80 maps.",
        1_200: "`one`: a filter is as deep as what it reads, 80 channels.",
        9 * 80: "`one`: that is one filter. There are 120.",
        86_520 * 169: "`one`: all places share their weights.",
    }
    if one != 86_520:
        return wrong.get(one, "`one`: 120 filters of 3 x 3 x 80, and biases.")
    wrong = {
        86_520: "`two`: with two groups a filter reads half of the channels.",
        43_260: "`two`: you halved the biases too. Every filter keeps its own.",
        43_200: "`two`: the biases are missing.",
        21_720: "`two`: you halved depth and filters. All 120 filters are "
        "still there, 60 in each group.",
        21_660: "`two`: that is one of the two groups.",
        173_040: "`two`: more groups have fewer weights, not more.",
    }
    if two != 43_320:
        return wrong.get(two, "`two`: how deep is a filter that reads half?")
    wrong = {
        43_320: "`four`: a filter now reads a quarter of the channels.",
        21_630: "`four`: you divided the biases too.",
        21_600: "`four`: the biases are missing.",
        10_920: "`four`: 80 / 4 = 20 channels, not 10.",
        5_520: "`four`: depth and filters divided. All 120 filters are there.",
    }
    if four != 21_720:
        return wrong.get(four, "`four`: filters of 3 x 3 x 20, and biases.")
    wrong = {
        43_320 * 169: "`multiply_adds`: a bias is added, but multiplied by "
        "nothing. Leave it out.",
        86_400 * 169: "`multiply_adds`: that is with one group. (If you "
        "doubled: a product and its sum are one multiply-add.)",
        43_200 * 13: "`multiply_adds`: places lie in two directions, 13 x 13.",
        43_200: "`multiply_adds`: that is at one place.",
        86_520 * 169: "`multiply_adds`: that is with one group, and with "
        "biases.",
    }
    if work != 43_200 * 169:
        return wrong.get(
            work, "`multiply_adds`: the weights without biases, at each place."
        )
    return None


q1 = Exercise(
    _judge_counts,
    answer={
        "one": 86_520,
        "two": 43_320,
        "four": 21_720,
        "multiply_adds": 7_300_800,
    },
    placeholder=dict.fromkeys(COUNTS, ...),
    insight="Groups divide the depth of a filter, and nothing else.",
    hints=(
        "Ungrouped, one of the 120 filters has 3 * 3 * 80 weights and a bias.",
        "In two groups, 60 filters read the first 40 maps, 60 the others. How "
        "deep is each of the 120?",
        "120 * (3 * 3 * 40) + 120. For the multiply-adds, leave out the last "
        "120 and multiply by the number of places.",
    ),
    reasons="""
        - One group: 3 * 3 * 80 * 120 + 120 = 86,520.
        - Two: 3 * 3 * 40 * 120 + 120 = 43,320.
        - Four: 3 * 3 * 20 * 120 + 120 = 21,720.
        - Multiply-adds with two: 43,200 * 13 * 13 = 7,300,800.
    """,
)


def grouped(maps, kernel, groups):
    """Convolves each group of channels with its own filters."""
    import keras

    depth, own = maps.shape[3] // groups, kernel.shape[3] // groups
    found = []
    for group in range(groups):
        read = maps[..., group * depth : (group + 1) * depth]
        filters = kernel[..., group * own : (group + 1) * own]
        found.append(keras.ops.conv(read, filters))
    return np.concatenate(found, axis=-1)


def _judge_groups(function):
    if fault := fault_of_function(function):
        return fault
    for shape, side, filters, groups in (
        ((2, 5, 7, 6), 3, 4, 2),
        ((1, 6, 4, 6), 2, 9, 3),
        ((3, 4, 5, 8), 1, 12, 4),
        ((1, 5, 6, 3), 2, 4, 1),
    ):
        rng = np.random.default_rng([7, *shape])
        maps = rng.normal(size=shape).astype("float32")
        kernel = rng.normal(size=(side, side, shape[3] // groups, filters))
        kernel = kernel.astype("float32")
        tried = (
            f"(Tried with maps {shape}, kernel {kernel.shape} and {groups} "
            f"group{'s' * (groups > 1)}.)"
        )
        try:
            found = function(maps.copy(), kernel.copy(), groups)
        except Exception as error:
            what = str(error).splitlines()[0] if str(error) else ""
            return f"It raised `{type(error).__name__}: {what}`. {tried}"
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if fault := _fault_of_groups(np.asarray(found), maps, kernel, groups):
            return f"{fault} {tried}"
    return None


def _fault_of_groups(found, maps, kernel, groups):
    right = grouped(maps, kernel, groups)
    if found.shape != right.shape:
        return _fault_of_shape(found.shape, right.shape, maps.shape, groups)
    if _same(found, right):
        return None
    count, depth = maps.shape[3], kernel.shape[2]
    filters = kernel.shape[3]
    reads = np.arange(count).reshape(groups, depth)
    order = np.arange(filters).reshape(groups, -1)
    turned = np.roll(reads, 1, axis=0)
    backwards, woven = reads[::-1], np.arange(count).reshape(depth, groups).T
    woven_out = np.arange(filters).reshape(-1, groups).T
    first = np.repeat(reads[:1], groups, axis=0)
    faults = {
        "The towers are swapped: the first filters read the last channels.": (
            backwards,
            order,
        ),
        "Each group reads its neighbour's channels.": (turned, order),
        "The channels of a group lie side by side. You took every second one, "
        "or every `groups`-th.": (woven, order),
        "The filters of a group lie side by side in the kernel. You took every "
        "`groups`-th one.": (reads, woven_out),
        "Channels and filters of a group lie side by side. You took every "
        "`groups`-th of both.": (woven, woven_out),
        "All groups read the first group's channels.": (first, order),
    }
    for fault, (channels, places) in faults.items():
        parts = _in_parts(maps, kernel, channels, places)
        for joined in (parts, _restored(parts, places)):
            if _same(found, joined):
                return fault
    parts = _in_parts(maps, kernel, reads, order[::-1])
    if _same(found, _restored(parts, order)):
        return "Each group uses another group's filters."
    if _same(found, np.concatenate(np.split(right, groups, -1)[::-1], -1)):
        return "The groups are right, but put together in the wrong order."
    return "The shape is right, the numbers are not."


def _in_parts(maps, kernel, channels, filters):
    """Convolves with what each group reads, and with its filters."""
    import keras

    return np.concatenate(
        [
            keras.ops.conv(maps[..., read], kernel[..., own])
            for read, own in zip(channels, filters, strict=True)
        ],
        axis=-1,
    )


def _restored(parts, filters):
    """Puts maps back where their filters stand in the kernel."""
    restored = np.empty_like(parts)
    restored[..., filters.ravel()] = parts
    return restored


def _fault_of_shape(found, right, maps, groups):
    batch, rows, columns, filters = right
    if found == (batch, rows, columns, filters // groups):
        return "The groups' maps are added up or lost. Put them side by side."
    if found == (groups, batch, rows, columns, filters // groups):
        return "The groups became an axis. Put them together along the last."
    if found == (groups * batch, rows, columns, filters // groups):
        return "The groups lie along the batch. Put them along the last axis."
    if found in (
        (batch, groups * rows, columns, filters // groups),
        (batch, rows, groups * columns, filters // groups),
    ):
        return "The groups lie along rows or columns, not along channels."
    if found == (batch, rows, columns, filters * groups):
        return "Every group used all filters. Each has its own share of them."
    if found == (batch, maps[1], maps[2], filters):
        return "The maps kept their size: here nothing is padded."
    if found == right[1:]:
        return "The batch axis is missing."
    return f"The result has the shape {found}, not {right}."


def _same(found, right):
    return found.shape == right.shape and np.allclose(found, right, atol=1e-4)


q2 = Exercise(
    _judge_groups,
    answer=grouped,
    placeholder=todo,
    insight="Two groups were a necessity of 2012. Today's networks use many, "
    "to save work.",
    hints=(
        "How many channels does a group read, and how many filters has it? "
        "Divide by `groups` with `//`.",
        "Group number `g` reads channels `g * depth` to the one before "
        "`(g + 1) * depth`. Its filters are counted in the same way.",
        "A loop over the groups: `keras.ops.conv` of its channels and its "
        "filters, all kept in a list, then `np.concatenate(..., axis=-1)`.",
    ),
    reasons="""
        Section 3 with a loop. Where the kernel's depth is `channels //
        groups`, Keras finds the number of groups by itself: `keras.ops.conv(
        maps, kernel)` without a loop gives the same.
    """,
)

STACK = ("sees", "apart", "left_out")


def _judge_stack(given):
    if fault := fault_of_keys(given, STACK):
        return fault
    sees, apart, left_out = (given[key] for key in STACK)
    for key in STACK[:2]:
        if not isinstance(given[key], numbers.Real):
            return f"`{key}` is a number, not `{given[key]!r}`."
    wrong = {
        16: "`sees`: that is the sum without strides. They set inputs apart.",
        20: "`sees`: those are the filters, added up.",
        61: "`sees`: a layer's stride counts for the layers *after* it.",
        65: "`sees`: you added the filter, not (filter - 1), times the "
        "distance.",
        46: "`sees`: a pixel sees itself. Start from 1, not 0.",
        31: "`sees`: that is what `d` sees.",
        27: "`sees`: that is what `c` sees.",
        47**2: "`sees`: along one row, please.",
    }
    if sees != 47:
        known = "`sees`: from 1 on, add (filter - 1) times the distance."
        return wrong.get(sees, known)
    wrong = {
        1: "`apart`: `e` has a stride of 1, but its inputs lie further apart.",
        4: "`apart`: one of the three strides of 2 is missing.",
        6: "`apart`: strides multiply, they do not add up.",
        16: "`apart`: one stride of 2 too many; `c` and `e` have 1.",
        64: "`apart`: that is in both directions.",
    }
    if apart != 8:
        return wrong.get(apart, "`apart`: multiply all strides.")
    left_out = str(left_out).strip().lower()
    wrong = {
        "a": "Without `a`, 21 pixels: it hides the most, for its filter is "
        "wide and its stride comes first.",
        "b": "Without `b`, 25 pixels: its stride counts for all after it.",
        "c": "Without `c`, 31 pixels.",
        "e": "Without `e`, `d` is the last, and it sees 31.",
    }
    if left_out != "d":
        return wrong.get(left_out, "`left_out` is one of a, b, c, d, e.")
    return None


q3 = Exercise(
    _judge_stack,
    answer={"sees": 47, "apart": 8, "left_out": "d"},
    placeholder=dict.fromkeys(STACK, ...),
    insight="d adds only 4 pixels itself. The rest of what it took along was "
    "its stride, which doubled what e adds.",
    hints=(
        "Start with a field of 1 and a distance of 1. For each layer: add "
        "(filter - 1) * distance to the field, then multiply the distance by "
        "the stride.",
        "After `a` the field is 7 and the distance 2; after `b` they are 11 "
        "and 4.",
        "For the last question, cross out a column and count again. A layer "
        "with a stride also changes what all after it add.",
    ),
    reasons="""
        | layer | adds | sees | apart |
        |---|---|---|---|
        | a | 6 * 1 | 7 | 2 |
        | b | 2 * 2 | 11 | 4 |
        | c | 4 * 4 | 27 | 4 |
        | d | 1 * 4 | 31 | 8 |
        | e | 2 * 8 | 47 | 8 |

        Without d, e adds 2 * 4 to 27: 35. Without a it is 21, without b 25,
        without c 31, without e 31.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3)
