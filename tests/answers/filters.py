"""Chapter 2: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import filters
from alexnet_keras.exercises.filters import convolve_deep

STEP = dict(filters.q3.answer)
COUNTS = dict(filters.q4.answer)


def channels_apart(image, weights, bias):
    maps = [
        convolve_deep(image[..., c, None], weights[..., c, None], bias)
        for c in range(image.shape[2])
    ]
    return np.stack(maps, axis=-1)


def bias_in_each_product(image, weights, bias):
    return convolve_deep(image, weights, weights.size * bias)


def mean(image, weights, bias):
    return convolve_deep(image, weights / weights.size, bias)


def padded(image, weights, bias):
    side = len(weights) - 1
    image = np.pad(image, ((0, side), (0, side), (0, 0)))
    return convolve_deep(image, weights, bias)


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
        (padded, "does not fit"),
        (lambda i, w, b: convolve_deep(i, w, b)[:-1, :-1], "last row"),
        (lambda i, w, b: convolve_deep(i, w, b).T, "exchanged"),
        (lambda i, w, b: convolve_deep(i, w, b)[0, 0], "shape ()"),
        (lambda i, w, b: convolve_deep(i, w, 0), "bias is missing"),
        (bias_in_each_product, "every product"),
        (lambda i, w, b: convolve_deep(i, w, 0) * b, "not multiplied"),
        (lambda i, w, b: convolve_deep(i, w[::-1, ::-1], b), "turned"),
        (
            lambda i, w, b: convolve_deep(i[..., :1], w[..., :1], b),
            "first channel",
        ),
        (mean, "mean of the products"),
        (lambda i, w, b: convolve_deep(i, w**2, b), "other numbers"),
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
        (COUNTS | {"layer": 616_800}, "not for each weight"),
        (COUNTS | {"layer": 2_656}, "of its own"),
        (COUNTS | {"layer": 34_944}, "a bias for each."),
        (COUNTS | {"unshared": 614_656}, "all weights are new"),
        (COUNTS | {"unshared": 614_656 * 27}, "two directions"),
        (COUNTS | {"unshared": 614_400 * 729}, "not shared either"),
        (COUNTS | {"unshared": 614_656 * 3025}, "not 55 x 55"),
        (COUNTS | {"unshared": 1}, "per place"),
        (COUNTS | {"unshared": ...}, "still missing"),
        (614_656, "dictionary"),
    ],
}


def by_numpy(image, weights, bias):
    side = len(weights)
    windows = np.lib.stride_tricks.sliding_window_view(
        image, (side, side), axis=(0, 1)
    )  # (rows, columns, channels, side, side)
    return np.einsum("ijcrs,rsc->ij", windows, weights) + bias


RIGHT = {
    "recall": [[1, 227, 227, 3]],
    "q1": [by_numpy],
    "q2": [
        [[-0.17, 0.34, -0.17]] * 3,
        [[0, 0, 0], [-0.5, 1, -0.5], [0, 0, 0]],
        [[-1 / 3, 1 / 3, 0]] * 3,
    ],
    "q3": [{"loss": 5.0, "gradient": -9.999, "weight": 1.4999}],
    "q4": [{"filter": 2400.0, "layer": 614_656.0, "unshared": 448_084_224}],
}
