"""Chapter 4: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import relu
from alexnet_keras.exercises.core import todo

SLOPES = dict(relu.q3.answer)
PATIENT = dict(relu.q2.answer)


def _tenth(x):
    return np.maximum(x, 0.1 * x)


def _steep(x):
    return np.where(x > 0, 1.0, 0.1)


def _bend(values=_tenth, slopes=_steep):
    return lambda x: (values(x), slopes(x))


def _with_if(x):
    return (x, 1) if x > 0 else (0.1 * x, 0.1)


def number_by_number(x):
    values = [n if n > 0 else n / 10 for n in x]
    return values, [1.0 if n > 0 else 0.1 for n in x]


WRONG = {
    "recall": [
        ((23, 11), "without padding"),
        ((28, 11), "can move 52"),
        ((55, 11), "does not keep the width"),
        ((26, 11), "one place more"),
        ((27, 3), "reads five of them"),
        ((27, 5), "has seen three"),
        ((27, 7), "Neighbours in the pool lie 2 apart"),
        ((27, 13), "four distances"),
        ((27, 15), "overlap"),
        ((27, 51), "of the *image*"),
        ((27, 12), "four more reach"),
        ((11, 27), "exchanged the two"),
        ((27, ...), "`seen` is still missing"),
        (("27", 11), "not `'27'`"),
        (27, "a pair"),
    ],
    "winners": [
        ({"2012": "relu", "today": "relu"}, "let relu win twice"),
        ({"2012": "tanh", "today": "tanh"}, "let tanh win twice"),
        ({"2012": "tanh", "today": "relu"}, "tells otherwise"),
        ({"2012": "relu", "today": "both"}, "not `'both'`"),
        ({"2012": "relu", "today": ...}, "`today` is still missing"),
        ("relu", "dictionary"),
    ],
    "q1": [
        (lambda x: (np.maximum(x, 0), x > 0), "is ReLU: nothing"),
        (lambda x: (_steep(x), x * _steep(x)), "exchanged"),
        (number_by_number, "more axes"),
        (_bend(np.abs), "is the absolute value"),
        (_bend(lambda x: np.minimum(x, 0.1 * x)), "Take the larger one"),
        (_bend(lambda x: x), "changes nothing"),
        (_bend(lambda x: 0.1 * x), "a tenth everywhere"),
        (_bend(lambda x: np.maximum(x, -0.1 * x)), "the wrong sign"),
        (_bend(lambda x: np.clip(x, 0, 1)), "with an end at 1"),
        (_bend(lambda x: np.maximum(x, 0.01 * x)), "a hundredth"),
        (_bend(np.tanh), "another bend"),
        (_bend(np.max), "`values` needs one number for each"),
        (_bend(slopes=lambda x: x > 0), "A bend that leaks still rises"),
        (_bend(slopes=np.ones_like), "as if there were no bend"),
        (_bend(slopes=lambda x: np.where(x > 0, 0.1, 1)), "exchanges the two"),
        (_bend(slopes=lambda x: np.where(x > 0, 1, -0.1)), "falls below 0"),
        (_bend(slopes=_tenth), "repeats the values"),
        (_bend(slopes=lambda x: 0.1), "`slopes` needs one number for each"),
        (_bend(slopes=todo), "`slopes` is still missing"),
        (_tenth, "Return two arrays"),
        (_with_if, "An `if` decides once"),
        (_tenth(np.ones(3)), "the function itself"),
    ],
    "q2": [
        (PATIENT | {"dead": 5}, "count from 1?"),
        (PATIENT | {"dead": 3}, "its weights are large"),
        (PATIENT | {"dead": 1}, "Rarely is not never"),
        (PATIENT | {"dead": 0}, "Filter 0 is above 0 in 16"),
        (PATIENT | {"dead": 6}, "numbered 0 to 5"),
        (PATIENT | {"dead": [4]}, "take the first"),
        (PATIENT | {"dead": "4"}, "not `'4'`"),
        (PATIENT | {"bias": -4}, "as dead as before"),
        (PATIENT | {"bias": 5.2}, "above 0 everywhere"),
        (PATIENT | {"bias": "0"}, "not `'0'`"),
        (PATIENT | {"bias": ...}, "`bias` is still missing"),
        (4, "dictionary"),
    ],
    "q3": [
        (SLOPES | {"sigmoid": 1.25}, "added the slopes"),
        (SLOPES | {"sigmoid": 0.25}, "a single layer"),
        (SLOPES | {"sigmoid": 0.25**8}, "here there are five"),
        (SLOPES | {"sigmoid": 0.25**4}, "there are five."),
        (SLOPES | {"sigmoid": 1}, "never steeper than 0.25"),
        (SLOPES | {"sigmoid": 0.5}, "`sigmoid`: multiply the weight"),
        (SLOPES | {"sigmoid_weights": 0.000977}, "4 in each layer"),
        (SLOPES | {"sigmoid_weights": 1024}, "weights alone"),
        (SLOPES | {"sigmoid_weights": 0.0039}, "not only one"),
        (SLOPES | {"sigmoid_weights": 5}, "You added. In a row"),
        (SLOPES | {"relu": 1}, "the weights multiply along"),
        (SLOPES | {"relu": 5.5}, "added the weights"),
        (SLOPES | {"relu": 0}, "Nothing here falls below 0"),
        (SLOPES | {"relu_negative": -3}, "forgot the bend"),
        (SLOPES | {"relu_negative": 3}, "does not become positive"),
        (SLOPES | {"relu_negative": 1}, "Follow the number"),
        (SLOPES | {"relu": "3"}, "not `'3'`"),
        (SLOPES | {"relu": ...}, "still missing"),
        ([0.001, 1, 3, 0], "dictionary"),
    ],
}
RIGHT = {
    "recall": [[27, 11], np.array([27, 11]).tolist()],
    "winners": [{"2012": "ReLU", "today": "Tanh"}],
    "q1": [
        _bend(),
        lambda x: [x * _steep(x), _steep(x)],
        lambda x: (_tenth(x), np.where(x >= 0, 1, 0.1)),
    ],
    "q2": [
        {"dead": 4, "bias": 1},
        {"dead": np.int64(4), "bias": np.float32(-2.5)},
    ],
    "q3": [SLOPES | {"sigmoid": 0.00098, "relu_negative": -0.0}],
}
