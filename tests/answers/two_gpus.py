"""Chapter 11: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import two_gpus

BREAKS = dict(two_gpus.q3.answer)


def average(gradients, sizes):
    return np.average(gradients, axis=0, weights=sizes)


def as_array(sizes):
    return np.array(sizes) / np.mean(sizes)


WRONG = {
    "recall": [
        ((0.8, 0.00025), "no momentum yet"),
        ((0.9, 0.00025), "after one step"),
        ((0.81, 0.00025), "comes on top"),
        ((1.29, 0.00025), "*against*"),
        ((0.539, 0.00025), "starts at 0"),
        ((0.439, 0.00025), "after three steps"),
        ((0.5, 0.00025), "new v"),
        ((0.71, 0.0005), "without a half"),
        ((0.71, 0.001), "wrong way"),
        ((0.71, 0.005), "`weight_decay`"),
        ((0.71, 0.00005), "ten times as long"),
        ((0.71, 0.1), "what has a gradient"),
        ((0.00025, 0.71), "exchanged"),
        ((0.71, ...), "still missing"),
        ((0.71, "L2"), "must be a number"),
        (0.71, "a pair"),
    ],
    "q1": [
        (lambda gradients, sizes: sum(gradients), "added the gradients"),
        (lambda gradients, sizes: np.mean(gradients, 0), "mean of the means"),
        (
            lambda gradients, sizes: (
                two_gpus.all_reduce(gradients, sizes) * sum(sizes)
            ),
            "sum over all examples",
        ),
        (
            lambda gradients, sizes: two_gpus.all_reduce(
                [gradient.astype("float32") for gradient in gradients], sizes
            ),
            "stay in float64",
        ),
        (lambda gradients, sizes: gradients[0], "not the mean over all"),
        (
            lambda gradients, sizes: (
                two_gpus.all_reduce(gradients, sizes)
                * (sum(sizes) / len(sizes))
            ),
            "by the number of replicas",
        ),
        (lambda gradients, sizes: gradients @ sizes, "it raised `TypeError"),
        (lambda gradients, sizes: np.mean(gradients), "has the shape ()"),
        ([1, 2], "without parentheses"),
    ],
    "q2": [
        (lambda sizes: [1] * len(sizes), "changes nothing"),
        (lambda sizes: [n / sum(sizes) for n in sizes], "has shrunk"),
        (lambda sizes: sizes, "has grown"),
        (
            lambda sizes: [sum(sizes) / n / len(sizes) for n in sizes],
            "upside down",
        ),
        (lambda sizes: [1 / (n or 1) for n in sizes], "upside down"),
        (lambda sizes: [n / max(sizes) for n in sizes], "is 0.75 times"),
        (
            lambda sizes: np.round(np.divide(sizes, np.mean(sizes)), 2),
            "but rounded",
        ),
        (
            lambda sizes: [n**2 / max(sizes) ** 2 for n in sizes],
            "1 / all pictures",
        ),
        (lambda sizes: 1, "give 2 weights"),
        (
            lambda sizes: [1 / (sum(sizes) / n / len(sizes)) for n in sizes],
            "of an empty part",
        ),
        (lambda sizes: sizes[2], "sizes = [2, 1] it raised"),
        ([1, 1], "without parentheses"),
    ],
    "q3": [
        (BREAKS | {"one_device": (1, -1)}, "not halves"),
        (BREAKS | {"one_device": (-4, -2)}, "standard deviation, too"),
        (BREAKS | {"one_device": (-4 / 122, -2 / 122)}, "Take its root"),
        (BREAKS | {"one_device": (-0.314, -0.157)}, "not by one less"),
        (BREAKS | {"one_device": (0.4, 0.2)}, "mean of all four"),
        (BREAKS | {"one_device": (-0.4, -0.2)}, "but rounded"),
        (BREAKS | {"two_replicas": (-0.36, -0.18)}, "own two pictures"),
        (BREAKS | {"two_replicas": (-1, 1)}, "10 is below"),
        (BREAKS | {"two_replicas": (4, -10)}, "And the deviations?"),
        (BREAKS | {"keras_dropout": 0.5, "replica_dropout": 1}, "exchanged"),
        (BREAKS | {"keras_dropout": 0.5}, "masks of section 8"),
        (BREAKS | {"replica_dropout": 0.25}, "quarter of *all*"),
        (BREAKS | {"replica_dropout": 0}, "knows nothing"),
        (BREAKS | {"one_device": 0.5}, "is a pair"),
        (BREAKS | {"one_device": (-0.362, ...)}, "misses a number"),
        (BREAKS | {"one_device": ...}, "still missing"),
        (0.5, "dictionary"),
    ],
}
ROUNDED = BREAKS | {"one_device": [-0.36, -0.18], "keras_dropout": 1.0}


def only_of_pictures(sizes):
    # an empty part has no picture, so its weight is free
    return [len(sizes) * n / sum(sizes) if n else 1 for n in sizes]


RIGHT = {
    "recall": [[0.71, 2.5e-4]],
    "q1": [average],
    "q2": [as_array, only_of_pictures],
    "q3": [ROUNDED],
}
