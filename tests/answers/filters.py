"""Chapter 2: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import filters
from alexnet_keras.exercises.filters import conv_layer

STEP = dict(filters.q3.answer)
COUNTS = dict(filters.q4.answer)


def channels_apart(image, kernel, biases):
    maps = [
        conv_layer(image[..., c, None], kernel[:, :, c, None], biases)
        for c in range(image.shape[2])
    ]
    return np.stack(maps, axis=2)


def padded(image, kernel, biases):
    side = len(kernel) - 1
    image = np.pad(image, ((0, side), (0, side), (0, 0)))
    return conv_layer(image, kernel, biases)


def only(channel):
    def answer(image, kernel, biases):
        masked = np.zeros_like(kernel)
        masked[:, :, channel] = kernel[:, :, channel]
        return conv_layer(image, masked, biases)

    return answer


def first_filter(image, kernel, biases):
    return conv_layer(image, kernel[..., :1] + 0 * kernel, biases)


WRONG = {
    "recall": [
        ((227, 227, 3), "photo's own"),
        ((None, 227, 227, 3), "You have one"),
        ((227, 227, 3, 1), "not last"),
        ((1, 3, 227, 227), "channels come last"),
        ((1, 227, 227), "has 3"),
        ((3, 227, 227, 1), "batch, height"),
        (154_587, "tuple of numbers"),
    ],
    "q1": [
        (channels_apart, "channels apart"),
        (padded, "do not fit"),
        (lambda i, k, b: conv_layer(i, k, b)[..., 0], "a single map"),
        (lambda i, k, b: np.moveaxis(conv_layer(i, k, b), -1, 0), "come first"),
        (lambda i, k, b: conv_layer(i, k, b)[..., :3], "for each channel"),
        (lambda i, k, b: conv_layer(i, k, b)[:-1, :-1], "last row"),
        (lambda i, k, b: np.swapaxes(conv_layer(i, k, b), 0, 1), "exchanged"),
        (lambda i, k, b: conv_layer(i, k, b)[0, 0], "shape (5,)"),
        (lambda i, k, b: conv_layer(i, k, 0 * b), "biases are missing"),
        (
            lambda i, k, b: conv_layer(i, k, k[..., 0].size * b),
            "every product",
        ),
        (lambda i, k, b: conv_layer(i, k, i.shape[2] * b), "once a channel"),
        (lambda i, k, b: conv_layer(i, k, 0 * b) * b, "not multiplied"),
        (lambda i, k, b: conv_layer(i, k, 0 * b + b[0]), "first one's bias"),
        (first_filter, "All maps are"),
        (lambda i, k, b: conv_layer(i, k[::-1, ::-1], b), "upside down"),
        (only(-1), "`+=`"),
        (only(0), "first channel was read"),
        (
            lambda i, k, b: conv_layer(i, k / k[..., 0].size, b),
            "mean of the products",
        ),
        (lambda i, k, b: conv_layer(i, k**2, b), "other numbers"),
        (lambda i, k, b: i * k, "ValueError"),
        ([[1]], "without parentheses"),
    ],
    "q2": [
        ([[-1, 0, 1]] * 3, "has two edges"),
        ([[-1, 2, -1]] * 3, "gives 6 there"),
        ([[1 / 6, -1 / 3, 1 / 6]] * 3, "dark lines"),
        (np.transpose([[-1, 2, -1]] * 3), "by a quarter"),
        ([[0, 1 / 3, 0]] * 3, "brightness 1 it gives 1"),
        ([[0, 0, 0]] * 3, "filter of zeros"),
        (
            [[1, 1, 0], [-1, 0, 0], [-1, 0, 0]],
            "under its upper row it gives 2",
        ),
        ([-1, 2, -1], "not (3,)"),
        ([[-1, 1 / 3, 2 / 3]] * 3, "edges rather than lines"),
    ],
    "q3": [
        (STEP | {"loss": 10}, "sum of the squares"),
        (STEP | {"loss": 2}, "Square first"),
        (STEP | {"loss": 0}, "1 - 2 and 3 - 6"),
        (STEP | {"gradient": 10}, "The sign"),
        (STEP | {"gradient": -5}, "factor 2"),
        (STEP | {"gradient": -4}, "with its input"),
        (STEP | {"gradient": -20}, "that is the sum."),
        (STEP | {"gradient": 0}, "from 1 to 1.001"),
        (STEP | {"weight": 0.5}, "Go against"),
        (STEP | {"weight": 11}, "rate is missing"),
        (STEP | {"weight": -0.5}, "the change"),
        (STEP | {"weight": 2}, "minus rate times"),
        (STEP | {"weight": "1.5"}, "not `'1.5'`"),
        (STEP | {"weight": ...}, "still missing"),
        (1.5, "dictionary"),
    ],
    "q4": [
        (COUNTS | {"filter": 25}, "96 deep"),
        (COUNTS | {"filter": 75}, "3 channels"),
        (COUNTS | {"filter": 2_401}, "leave out the bias"),
        (COUNTS | {"filter": 6_400}, "not their depth"),
        (COUNTS | {"filter": 1}, "side times side"),
        (COUNTS | {"layer": 614_400}, "biases are missing"),
        (COUNTS | {"layer": 614_401}, "there are 256"),
        (COUNTS | {"layer": 616_800}, "not each weight"),
        (COUNTS | {"layer": 2_656}, "of its own"),
        (COUNTS | {"layer": 34_944}, "a bias for each."),
        (COUNTS | {"unshared": 614_656}, "all weights are new"),
        (COUNTS | {"unshared": 614_656 * 27}, "two directions"),
        (COUNTS | {"unshared": 614_400 * 729}, "not shared either"),
        (COUNTS | {"unshared": 614_656 * 3025}, "not 55 x 55"),
        (COUNTS | {"unshared": 1}, "number of places"),
        (COUNTS | {"unshared": 256 * 729 * 290_401}, "only near by"),
        (COUNTS | {"filter": "2400"}, "not `'2400'`"),
        (COUNTS | {"unshared": ...}, "still missing"),
        (614_656, "dictionary"),
    ],
}


def by_numpy(image, kernel, biases):
    side = len(kernel)
    windows = np.lib.stride_tricks.sliding_window_view(
        image, (side, side), axis=(0, 1)
    )  # (rows, columns, channels, side, side)
    return np.einsum("ijcrs,rscf->ijf", windows, kernel) + biases


def by_keras(image, kernel, biases):
    import keras

    maps = keras.ops.conv(image[None], kernel) + biases
    return np.array(maps[0])


RIGHT = {
    "recall": [[1, 227, 227, 3]],
    "q1": [by_numpy, by_keras],
    "q2": [
        [[-0.17, 0.34, -0.17]] * 3,
        [[0, 0, 0], [-0.5, 1, -0.5], [0, 0, 0]],
        [[-1 / 3, 1 / 3, 0]] * 3,
    ],
    "q3": [{"loss": 5.0, "gradient": -9.999, "weight": 1.4999}],
    "q4": [{"filter": 2400.0, "layer": 614_656.0, "unshared": 448_084_224}],
}
