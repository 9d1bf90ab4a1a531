"""Chapter 7: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import five_convolutions
from alexnet_keras.exercises.five_convolutions import grouped

COUNTS = dict(five_convolutions.q1.answer)
STACK = dict(five_convolutions.q3.answer)


def conv(maps, kernel, **options):
    import keras

    return np.array(keras.ops.conv(maps, kernel, **options))


def split(maps, kernel, groups):
    """Gives each group's channels and its filters."""
    channels = np.split(maps, groups, axis=-1)
    return channels, np.split(kernel, groups, axis=-1)


def joined(channels, filters, axis=-1):
    pairs = zip(channels, filters, strict=True)
    return np.concatenate([conv(a, b) for a, b in pairs], axis=axis)


def towers_swapped(maps, kernel, groups):
    channels, filters = split(maps, kernel, groups)
    return joined(channels[::-1], filters)


def neighbours_channels(maps, kernel, groups):
    if groups == 2:
        return grouped(maps, kernel, groups)
    channels, filters = split(maps, kernel, groups)
    return joined([channels[-1], *channels[:-1]], filters)


def channels_woven(maps, kernel, groups):
    channels = [maps[..., g::groups] for g in range(groups)]
    return joined(channels, split(maps, kernel, groups)[1])


def filters_woven(maps, kernel, groups):
    filters = [kernel[..., g::groups] for g in range(groups)]
    return joined(split(maps, kernel, groups)[0], filters)


def both_woven(maps, kernel, groups):
    channels = [maps[..., g::groups] for g in range(groups)]
    return joined(channels, [kernel[..., g::groups] for g in range(groups)])


def all_read_the_first(maps, kernel, groups):
    return conv(maps[..., : kernel.shape[2]], kernel)


def added(maps, kernel, groups):
    pairs = zip(*split(maps, kernel, groups), strict=True)
    return sum(conv(a, b) for a, b in pairs)


def stacked(maps, kernel, groups):
    pairs = zip(*split(maps, kernel, groups), strict=True)
    return np.stack([conv(a, b) for a, b in pairs])


def all_filters(maps, kernel, groups):
    channels, _ = split(maps, kernel, groups)
    return joined(channels, [kernel] * groups)


def padded(maps, kernel, groups):
    pairs = zip(*split(maps, kernel, groups), strict=True)
    parts = [conv(a, b, padding="same") for a, b in pairs]
    return np.concatenate(parts, axis=-1)


def reversed_order(maps, kernel, groups):
    channels, filters = split(maps, kernel, groups)
    return joined(channels[::-1], filters[::-1])


def filters_swapped(maps, kernel, groups):
    channels, filters = split(maps, kernel, groups)
    return joined(channels, filters[::-1])


def two_only(maps, kernel, groups):
    half, own = maps.shape[3] // 2, kernel.shape[3] // 2
    channels = maps[..., :half], maps[..., half:]
    return joined(channels, (kernel[..., :own], kernel[..., own:]))


WRONG = {
    "recall": [
        (((6, 6, 1), 0), "channels apart"),
        (((6, 6), 0), "channels are missing"),
        (((13, 13, 256), 0), "fewer places than 13"),
        (((7, 7, 256), 0), "need two more"),
        (((5, 5, 256), 0), "the first place"),
        (((11, 11, 256), 0), "stride of 1"),
        (((6, 6, 128), 0), "keeps all channels"),
        (((1, 6, 6, 256), 0), "batch out"),
        (((27, 27, 96), 0), "The channels stay"),
        (((6, 6, 256), 9), "takes the largest"),
        (((6, 6, 256), 9216), "multiply by a weight"),
        (((6, 6, 256), "none"), "not `'none'`"),
        ((9216, 0), "The shape is a tuple"),
        (((6, 6, 256), ...), "still missing"),
        ((6, 6, 256), "two things"),
    ],
    "q1": [
        (COUNTS | {"one": 86_400}, "biases are missing"),
        (COUNTS | {"one": 86_480}, "not the 80 maps"),
        (COUNTS | {"one": 1_200}, "80 channels"),
        (COUNTS | {"one": 720}, "There are 120"),
        (COUNTS | {"one": 86_520 * 169}, "share their weights"),
        (COUNTS | {"one": 614_656}, "3 x 3 x 80"),
        (COUNTS | {"two": 86_520}, "reads half"),
        (COUNTS | {"two": 43_260}, "keeps its own"),
        (COUNTS | {"two": 43_200}, "`two`: the biases"),
        (COUNTS | {"two": 21_720}, "60 in each"),
        (COUNTS | {"two": 21_660}, "one of the two groups"),
        (COUNTS | {"two": 173_040}, "not more"),
        (COUNTS | {"two": 1}, "how deep"),
        (COUNTS | {"four": 43_320}, "a quarter"),
        (COUNTS | {"four": 21_630}, "divided the biases"),
        (COUNTS | {"four": 21_600}, "`four`: the biases are"),
        (COUNTS | {"four": 10_920}, "not 10"),
        (COUNTS | {"four": 5_520}, "depth and filters"),
        (COUNTS | {"four": 1}, "3 x 3 x 20"),
        (COUNTS | {"multiply_adds": 43_320 * 169}, "multiplied by nothing"),
        (COUNTS | {"multiply_adds": 14_601_600}, "one multiply-add"),
        (COUNTS | {"multiply_adds": 43_200 * 13}, "two directions"),
        (COUNTS | {"multiply_adds": 43_200}, "at one place"),
        (COUNTS | {"multiply_adds": 86_520 * 169}, "and with biases"),
        (COUNTS | {"multiply_adds": 1}, "at each place"),
        (COUNTS | {"two": "43320"}, "not `'43320'`"),
        (COUNTS | {"four": ...}, "still missing"),
        (86_520, "dictionary"),
    ],
    "q2": [
        (towers_swapped, "towers are swapped"),
        (neighbours_channels, "neighbour's"),
        (channels_woven, "every second one"),
        (filters_woven, "in the kernel"),
        (both_woven, "of both"),
        (all_read_the_first, "the first group's channels"),
        (added, "added up or lost"),
        (stacked, "became an axis"),
        (all_filters, "used all filters"),
        (padded, "nothing is padded"),
        (filters_swapped, "another group's"),
        (reversed_order, "in the wrong order"),
        (two_only, "and 3 groups"),
        (
            lambda m, k, g: joined(*split(m, k, g), axis=0),
            "along the batch",
        ),
        (
            lambda m, k, g: joined(*split(m, k, g), axis=1),
            "rows or columns",
        ),
        (lambda m, k, g: grouped(m, k, g)[0], "batch axis"),
        (lambda m, k, g: grouped(m, k, g)[:, 1:], "not (2, 3, 5, 4)"),
        (lambda m, k, g: grouped(m, k**2, g), "numbers are not"),
        (lambda m, k, g: m @ k, "raised `ValueError"),
        ([1], "without parentheses"),
    ],
    "q3": [
        (STACK | {"sees": 16}, "without strides"),
        (STACK | {"sees": 20}, "filters, added up"),
        (STACK | {"sees": 61}, "*after* it"),
        (STACK | {"sees": 65}, "not (filter - 1)"),
        (STACK | {"sees": 46}, "Start from 1"),
        (STACK | {"sees": 31}, "`d` sees"),
        (STACK | {"sees": 27}, "`c` sees"),
        (STACK | {"sees": 47**2}, "along one row"),
        (STACK | {"sees": 35}, "from 1 on"),
        (STACK | {"apart": 1}, "lie further apart"),
        (STACK | {"apart": 4}, "is missing"),
        (STACK | {"apart": 6}, "strides multiply"),
        (STACK | {"apart": 16}, "too many"),
        (STACK | {"apart": 64}, "both directions"),
        (STACK | {"apart": 3}, "multiply all"),
        (STACK | {"left_out": "a"}, "21 pixels"),
        (STACK | {"left_out": "b"}, "25 pixels"),
        (STACK | {"left_out": "c"}, "Without `c`, 31"),
        (STACK | {"left_out": "e"}, "`d` is the last"),
        (STACK | {"left_out": "pool"}, "one of a, b"),
        (STACK | {"apart": "8"}, "not `'8'`"),
        (STACK | {"left_out": ...}, "`left_out` is still missing"),
        (47, "dictionary"),
    ],
}


def by_a_full_kernel(maps, kernel, groups):
    side, _, depth, filters = kernel.shape
    own = filters // groups
    full = np.zeros((side, side, depth * groups, filters), kernel.dtype)
    for g in range(groups):
        mine = slice(g * own, (g + 1) * own)
        full[:, :, g * depth : (g + 1) * depth, mine] = kernel[..., mine]
    return conv(maps, full)


def by_keras_layer(maps, kernel, groups):
    import keras

    side, filters = kernel.shape[0], kernel.shape[3]
    layer = keras.layers.Conv2D(filters, side, groups=groups, use_bias=False)
    layer.build(maps.shape)
    layer.set_weights([kernel])
    return layer(maps)


RIGHT = {
    "recall": [[[6, 6, 256], 0.0]],
    "q1": [{**COUNTS, "two": 43_320.0}],
    "q2": [
        by_a_full_kernel,
        by_keras_layer,
        lambda m, k, g: conv(m, k),
        lambda m, k, g: joined(*split(m, k, g)),
    ],
    "q3": [{"sees": 47.0, "apart": 2 * 2 * 2, "left_out": " D"}],
}
