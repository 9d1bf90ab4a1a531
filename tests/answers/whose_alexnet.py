"""Chapter 15: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import whose_alexnet as whose

FOUND = dict(whose.q1.answer)
MENDED = dict(whose.q3.answer)


def _maps(kernel, side):
    return kernel.reshape(side, side, -1, kernel.shape[1])


def _by_loop(kernel, side):
    """Number by number, into lists."""
    values, units = kernel.shape
    channels = values // side**2
    return [
        [
            kernel[(row * side + column) * channels + channel, unit]
            for channel in range(channels)
            for row in range(side)
            for column in range(side)
        ]
        for unit in range(units)
    ]


# What each patient is usually taken for, with a phrase of the message, and
# places where the right fault is not, or does not begin.
SUSPECTED = {
    1: {
        "small start": "lost after conv1",
        "no norm": "half of the healthy network's",
        "reversed colours": "Conv1 is 0% apart",
        "wrong order": "the first layer after the map",
        "dead units": "40% or more",
        "no ReLU": "That is so nowhere",
        "one tower": "51,264",
    },
    2: {
        "rounded down": "It has 31 x 31",
        "no padding": "It has 8.",
        "wrong order": "shapes differ long before",
        "small start": "Conv1 has 0.7",
        "dead units": "40% or more",
    },
    3: {
        "no softmax": "they are probabilities",
        "weak decay": "more than 0.607",
        "no decay": "It is less",
        "dropout at test": "They get the same",
        "small start": "Conv1 has 0.7",
    },
    4: {
        "small start": "Conv1 has 0.7",
        "strong norm": "It does not.",
        "no ReLU": "That is so nowhere",
        "strides everywhere": "All shapes are those",
        "wrong order": "first that is apart",
    },
    5: {
        "no decay": "0.951 is left",
        "two softmaxes": "They cost 0",
        "small start": "Conv1 has 0.7",
        "dropout at test": "They get the same",
    },
    6: {
        "reversed colours": "Conv1 is 0% apart",
        "dead units": "40% or more",
        "strong norm": "It does not.",
        "rounded down": "It has 31 x 31",
        "dropout at test": "They get the same",
    },
}
ELSEWHERE = {
    1: ["conv1", "norm2"],
    2: ["conv3", "fc6"],
    3: ["fc8", "optimizer"],
    4: ["conv4", "conv5"],
    5: ["loss", "fc8"],
    6: ["fc7", "conv5"],
}


def _patient(number):
    place, right = getattr(whose, f"patient_{number}").answer
    return [
        *[((place, said), end) for said, end in SUSPECTED[number].items()],
        *[((one, right), f"not in {one}") for one in ELSEWHERE[number]],
        (("pool9", right), "Its place is one of"),
        ((place, "flu"), "none of `ex.DIAGNOSES`"),
        ((..., right), "The layer is still missing"),
        ((place, ...), "The diagnosis is still missing"),
        (right, "a pair"),
    ]


WRONG = {
    "recall": [
        ((256, "addresses"), "all four together"),
        ((1024, "addresses"), "not multiplied"),
        ((128, "addresses"), "two workers"),
        ((7, "addresses"), "an equal part"),
        ((64, "program"), "the very same program"),
        ((64, "batch"), "that of all workers"),
        ((64, "seed"), "the same seed"),
        ((64, "weights"), "one of program"),
        ((64, ...), "`part` is still missing"),
        ((..., "addresses"), "`pictures` is still missing"),
        (64, "a pair"),
    ],
    "q1": [
        (FOUND | {"a": "paper"}, "56,909,194"),
        (FOUND | {"a": "one tower"}, "58,322,314"),
        (FOUND | {"a": "AlexNet"}, "not `'AlexNet'`"),
        (FOUND | {"b": "TF-slim"}, "47,026,312"),
        (FOUND | {"c": "torchvision"}, "57,012,034"),
        (FOUND | {"d": 417_894 / 4096}, "a bias as well"),
        (FOUND | {"d": 898}, "fewer than 1000"),
        (FOUND | {"d": 417_894}, "what fc8 has"),
        (FOUND | {"d": 100}, "what is left for fc8"),
        (FOUND | {"d": "102"}, "not `'102'`"),
        (FOUND | {"d": ...}, "`d` is still missing"),
        (102, "dictionary"),
    ],
    "q2": [
        (lambda kernel, side: kernel.T, "the plain transpose"),
        (lambda kernel, side: kernel, "The shape is (45, 4)"),
        (
            lambda kernel, side: kernel.reshape(kernel.shape[1], -1),
            "mixes the units",
        ),
        (
            lambda kernel, side: (
                _maps(kernel, side)
                .transpose(3, 2, 1, 0)
                .reshape(kernel.shape[1], -1)
            ),
            "Rows and columns of the map",
        ),
        (
            lambda kernel, side: (
                kernel.reshape(-1, side, side, kernel.shape[1])
                .transpose(3, 1, 2, 0)
                .reshape(kernel.shape[1], -1)
            ),
            "in the wrong places",
        ),
        (
            lambda kernel, side: _maps(kernel, side).transpose(3, 2, 0, 1),
            "The shape is (4, 5, 3, 3)",
        ),
        (np.eye(3), "the function itself"),
    ],
    "q3": [
        (MENDED | {"side": 5}, "6400"),
        (MENDED | {"side": 13}, "A pool comes after"),
        (MENDED | {"side": 7}, "from 227"),
        (MENDED | {"channels": 512}, "How many filters"),
        (MENDED | {"channels": 384}, "384 is conv4"),
        (MENDED | {"channels": 128}, "one tower"),
        (MENDED | {"times_too_many": 0.3673}, "the other way"),
        (MENDED | {"times_too_many": 15_872}, "How many *times*"),
        (MENDED | {"times_too_many": 1.361}, "The channels count"),
        (MENDED | {"times_too_many": 2}, "The places count"),
        (MENDED | {"times_too_many": 3}, "layer by layer"),
        (MENDED | {"megabytes": 54.5}, "four bytes"),
        (MENDED | {"megabytes": 436}, "float64"),
        (MENDED | {"megabytes": 234.5}, "fc8 is the third"),
        (MENDED | {"megabytes": 151}, "fc6 alone"),
        (MENDED | {"megabytes": 67.1}, "fc7 alone"),
        (MENDED | {"megabytes": 208}, "2 ** 20"),
        (MENDED | {"in_training": 218}, "more than the weights"),
        (MENDED | {"in_training": 436}, "and what else"),
        (MENDED | {"in_training": 872.5}, "not four"),
        (MENDED | {"in_training": ...}, "still missing"),
        (MENDED | {"side": "6"}, "not `'6'`"),
        (218, "dictionary"),
    ],
    **{f"patient_{number}": _patient(number) for number in SUSPECTED},
}
RIGHT = {
    "recall": [[64, "addresses"], (64.0, "addresses")],
    "q1": [FOUND | {"d": 102.0}],
    "q2": [
        _by_loop,
        lambda kernel, side: (
            np.moveaxis(_maps(kernel, side), (3, 2), (0, 1))
            .reshape(kernel.shape[1], -1)
            .tolist()
        ),
    ],
    "q3": [
        MENDED | {"megabytes": 218.1, "in_training": 655},
        MENDED | {"times_too_many": 25088 / 9216, "in_training": 654.4},
    ],
    "patient_1": [["norm1", "strong norm"]],
    "patient_2": [["conv2", "strides everywhere"]],
    "patient_3": [["loss", "two softmaxes"]],
    "patient_4": [["conv2", "dead units"]],
    "patient_5": [["optimizer", "weak decay"]],
    "patient_6": [["fc6", "wrong order"]],
}
