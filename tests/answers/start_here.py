"""Chapter 0: wrong answers, each with a phrase of its message."""

import math

import numpy as np

from alexnet_keras.exercises import start_here


def sorts_in_place(answers, label):
    answers.sort()
    return answers[label] in answers[-5:]


def whole_epochs(factor, rounded=math.floor):
    """Returns a function that gives `factor` times the right epochs."""
    return lambda hours, pictures, multiply_adds, rate: rounded(
        factor * hours * 3600 * rate / (6 * multiply_adds * pictures)
    )


ERRORS = dict(start_here.q2.answer)
WRONG = {
    "q1": [
        (lambda a, label: a[label] in sorted(a)[:5], "five *smallest*"),
        (lambda a, label: a[label] not in sorted(a)[-5:], "wrong way round"),
        (lambda a, label: a[label] == max(a), "likeliest class only"),
        (lambda a, label: a[label] in sorted(a)[-4:], "four guesses"),
        (lambda a, label: a[label] in sorted(a)[-6:], "six guesses"),
        (lambda a, label: a[label] in sorted(a), "always say True"),
        (lambda a, label: label in sorted(a)[-5:], "always say False"),
        (sorts_in_place, "re-orders `answers` itself"),
        (lambda a, label: sorted(a)[-5:], "You return `list`"),
        (lambda a, label: a[label] > 0.1, "from the top, you say"),
        (True, "its name, without parentheses"),
    ],
    "q2": [
        (ERRORS | {"points": 41.6}, "subtract the winner's"),
        (ERRORS | {"points": 0.109}, "and so is the difference"),
        (ERRORS | {"points": -10.9}, "`points` says how much *lower*"),
        (ERRORS | {"percent": 10.9}, "difference in points"),
        (ERRORS | {"percent": 0.416}, "is a fraction"),
        (ERRORS | {"percent": 71.2}, "divided by the winner's"),
        (ERRORS | {"percent": 58.4}, "what is *left*"),
        (ERRORS | {"percent": 171.2}, "beside the winner's"),
        (ERRORS | {"percent": 42}, "one digit after the point"),
        (ERRORS | {"percent": 30}, "divide the difference by 26.2"),
        (ERRORS | {"percent": -41.6}, "`percent` says how much *lower*"),
        (ERRORS | {"percent": "41.6%"}, "not `'41.6%'`"),
        (ERRORS | {"percent": ...}, "still missing"),
        ((10.9, 41.6), "dictionary"),
    ],
    "q3": [
        (whole_epochs(6), "forward only, and"),
        (whole_epochs(3), "forward only. Backward"),
        (whole_epochs(2), "is two operations"),
        (whole_epochs(1.5), "three times forward"),
        (whole_epochs(1 / 60), "hours for minutes"),
        (whole_epochs(1 / 3600), "`hours` are not seconds"),
        (whole_epochs(24), "hours for days"),
        (whole_epochs(1, float), "*whole* epochs"),
        (whole_epochs(1, math.ceil), "You round up"),
        (whole_epochs(1, round), "nearest number"),
        (lambda h, p, m, rate: 6 * m * p / (h * 3600 * rate), "upside down"),
        (whole_epochs(1, str), "not `str`"),
        (whole_epochs(10), "132 epochs fit. You say 1325"),
        (132, "its name, without parentheses"),
    ],
}
RIGHT = {
    "q1": [
        lambda answers, label: label in np.argsort(answers)[-5:],
        lambda answers, label: sum(answers > answers[label]) < 5,
        lambda a, label: bool(a[label] in sorted(a, reverse=True)[:5]),
    ],
    "q2": [
        {"percent": 41.6, "points": 10.9},
        {"percent": 41.6031, "points": 10.9},
    ],
    "q3": [
        whole_epochs(1),
        lambda h, p, m, rate: h * 3600 * rate // (3 * 2 * m * p),
    ],
}
