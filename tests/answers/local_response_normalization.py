"""Chapter 5: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import local_response_normalization as lrn

RECALLED = dict(lrn.recall.answer)
BEHIND = dict(lrn.q2.answer)
PREDICTED = dict(lrn.q3.answer)


def _constants(library, **changes):
    answer = {name: dict(given) for name, given in lrn.q1.answer.items()}
    answer[library] |= changes
    return answer


WRONG = {
    "recall": [
        (RECALLED | {"tanh": 0}, "tanh of 0"),
        (RECALLED | {"tanh": -1}, "its lower end"),
        (RECALLED | {"tanh": float("inf")}, "That is ReLU"),
        (RECALLED | {"tanh": 2}, "`tanh`: Look at"),
        (RECALLED | {"relu_below": -250}, "nothing would be bent"),
        (RECALLED | {"relu_below": 250}, "turn signs around."),
        (RECALLED | {"relu_above": 1}, "what tanh would make"),
        (RECALLED | {"relu_above": 255}, "the end of a pixel"),
        (RECALLED | {"relu_above": "250"}, "not `'250'`"),
        (RECALLED | {"relu_above": ...}, "still missing"),
        ((1, 0, 250), "dictionary"),
    ],
    "q1": [
        (_constants("tensorflow", depth_radius=5), "window of 11"),
        (_constants("tensorflow", depth_radius=4), "window of 9"),
        (_constants("tensorflow", depth_radius=2.5), "no half channels"),
        (_constants("tensorflow", alpha=5e-4), "5 times as much as"),
        (_constants("tensorflow", alpha=2e-5), "0.2 times as much as"),
        (_constants("tensorflow", alpha=1), "1e+04 times as much"),
        (_constants("tensorflow", bias=1), "1 is only what it takes"),
        (_constants("tensorflow", beta=0.5), "0.75, in all programs"),
        (_constants("tensorflow", beta="0.75"), "not `'0.75'`"),
        (_constants("tensorflow", alpha=...), "`alpha` is still missing"),
        (_constants("tensorflow", size=5), "keys depth_radius, bias"),
        (_constants("caffe", alpha=1e-4), "Make up for it"),
        (_constants("caffe", alpha=2e-5), "do not divide as well"),
        (_constants("caffe", local_size=2), "`local_size` counts all"),
        (_constants("caffe", local_size=11), "`local_size` is 11"),
        (_constants("caffe", k=1), "Caffe: `k` is the paper's k"),
        (_constants("pytorch", size=2), "`size` counts all"),
        (_constants("pytorch", alpha=1e-4), "PyTorch: with your `alpha`"),
        (_constants("pytorch", k=0), "PyTorch: `k` is the paper's k"),
        (_constants("pytorch", alpha=5e-5), "0.1 times as much"),
        (lrn.q1.answer | {"pytorch": ...}, "`pytorch` is still missing"),
        (lrn.q1.answer["caffe"], "keys tensorflow, caffe"),
    ],
    "q2": [
        (BEHIND | {"A": "paper"}, "`A` is not paper. Give it a 1, with"),
        (BEHIND | {"C": "radius"}, "`C` is not radius. Give it a 1, with"),
        (BEHIND | {"B": "2012"}, "`B` is not 2012. Give it a lone 1:"),
        (BEHIND | {"E": "caffe"}, "`E` is not caffe. Give it a lone 1:"),
        (BEHIND | {"E": "paper"}, "`E` is not paper. Give it a lone 200"),
        (BEHIND | {"C": "2012"}, "`C` is not 2012. Give it a lone 200"),
        (BEHIND | {"D": "caffe"}, "`D` is not caffe"),
        (BEHIND | {"D": "tensorflow"}, "not `'tensorflow'`"),
        (BEHIND | {"D": ...}, "`D` is still missing"),
        ("radius", "dictionary"),
    ],
    "q3": [
        (PREDICTED | {"lone": 594.6}, "the constant alone"),
        (PREDICTED | {"lone": 573}, "are squared"),
        (PREDICTED | {"lone": 9.8}, "`lone`: The exponent"),
        (PREDICTED | {"lone": 32.1}, "`lone`: That is the divisor"),
        (PREDICTED | {"lone": 98.4}, "does not divide alpha"),
        (PREDICTED | {"lone": 99}, "more than a square root"),
        (PREDICTED | {"lone": 52.2}, "That is the peak"),
        (PREDICTED | {"lone": 700}, "`lone`: add the squares"),
        (PREDICTED | {"crowd": 31.2}, "what a lone one becomes"),
        (PREDICTED | {"crowd": 11.14}, "in its window, too"),
        (PREDICTED | {"crowd": 2.827}, "You added first"),
        (PREDICTED | {"crowd": 1.99}, "`crowd`: The exponent"),
        (PREDICTED | {"crowd": 6.23}, "not a fifth"),
        (PREDICTED | {"crowd": 106}, "`crowd`: That is the divisor"),
        (PREDICTED | {"tower": 5}, "on the other GPU"),
        (PREDICTED | {"tower": 4}, "count from 0"),
        (PREDICTED | {"tower": 2}, "itself counts as well"),
        (PREDICTED | {"tower": 48}, "`tower`: draw channel 48"),
        (PREDICTED | {"caffe": 3}, "do not stop between"),
        (PREDICTED | {"caffe": 2}, "*either* side"),
        (PREDICTED | {"caffe": 96}, "by windows of 5"),
        (PREDICTED | {"caffe": [5]}, "not `[5]`"),
        (PREDICTED | {"caffe": ...}, "still missing"),
        ([31.2, 9.43, 3, 5], "dictionary"),
    ],
}
RIGHT = {
    "recall": [{"tanh": 1.0, "relu_below": -0.0, "relu_above": 250.0}],
    "q1": [
        _constants("caffe", alpha=5 * 1e-4, k=2.0),
        _constants("tensorflow", depth_radius=np.int64(2), alpha=0.0001),
        _constants("tensorflow", depth_radius=2.0),
        _constants("pytorch", size=5.0),
    ],
    "q2": [
        {"E": "2012", "D": "defaults", "C": "Paper", "B": "Caffe"}
        | {"A": "radius"}
    ],
    "q3": [{"lone": 31.2, "crowd": 9.43, "tower": 3.0, "caffe": np.int64(5)}],
}
