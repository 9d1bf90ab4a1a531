"""Exercises of chapter 0: a failing check, an error in percent, a night."""

import numbers

import numpy as np

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_keys,
    is_close,
    is_placeholder,
    todo,
)


def is_right(answers, label):
    """Says whether the right class is among the five likeliest."""
    five = sorted(answers)[-5:]
    return answers[label] in five


def _ranks(answers):
    """Gives each class its place, 0 for the likeliest."""
    ranks = np.empty(len(answers), int)
    ranks[np.argsort(-answers)] = np.arange(len(answers))
    return ranks


# Each planned mistake: what it says of a class, and what the learner is told.
_MISTAKES = (
    (
        lambda ranks: ranks >= len(ranks) - 5,
        "You look among the five *smallest* answers: `sorted` puts the "
        "smallest first.",
    ),
    (
        lambda ranks: ranks >= 5,
        "It is the wrong way round: you say True where the class is *not* "
        "among the five.",
    ),
    (
        lambda ranks: ranks == 0,
        "You accept the likeliest class only. Five guesses are allowed.",
    ),
    (lambda ranks: ranks < 4, "You allow four guesses, not five."),
    (lambda ranks: ranks < 6, "You allow six guesses, not five."),
    (lambda ranks: ranks < len(ranks), "You always say True."),
    (
        lambda ranks: ranks < 0,
        "You always say False. Compare `answers[label]`, the answer of the "
        "right class, with the five largest, however many classes there are.",
    ),
)


def _judge_is_right(function):
    if fault := fault_of_function(function):
        return fault
    rng = np.random.default_rng(2012)
    found, ranks = [], []
    for classes in (10, 12, 40):
        answers = rng.permutation(np.arange(1, classes + 1) ** 2.0)
        answers /= answers.sum()
        for label in range(classes):
            given = answers.copy()
            said = function(given, label)
            if is_placeholder(said):
                return NOT_ATTEMPTED
            if not np.array_equal(given, answers):
                return (
                    "Your function re-orders `answers` itself, so "
                    "`answers[label]` belongs to another class afterwards. "
                    "`sorted(answers)` makes a new list."
                )
            if not isinstance(said, bool | np.bool_):
                return (
                    f"Return True or False. You return `{type(said).__name__}`."
                )
            found.append(bool(said))
        ranks.append(_ranks(answers))

    def as_said(rule):
        return [bool(said) for part in ranks for said in rule(part)]

    right = as_said(lambda part: part < 5)
    if found == right:
        return None
    for rule, sentence in _MISTAKES:
        if found == as_said(rule):
            return sentence
    faults = [a != b for a, b in zip(found, right, strict=True)]
    place = np.concatenate(ranks)[faults.index(True)] + 1
    return (
        f"For a class whose answer is number {place} from the top, you say "
        f"{found[faults.index(True)]}."
    )


q1 = Exercise(
    _judge_is_right,
    answer=is_right,
    placeholder=todo,
    insight="The check that failed passes. It has tried the function on 62 "
    "answers that you have not seen, so no list of cases would have passed.",
    hints=(
        "The message of the failing check in section 6 names the mistake. "
        "What does `sorted([3, 1, 2])` give?",
        "`numbers[:5]` are the first five of a list. Which slice takes the "
        "last five?",
        "`five = sorted(answers)[-5:]`; the other line stays as it is.",
    ),
    reasons="""
        `sorted` puts the smallest number first, so the five largest are the
        last five: `[-5:]`. Then `answers[label]`, the answer for the right
        class, is among them or not.
    """,
)

KEYS = ("points", "percent")


def _judge_errors(given):
    if fault := fault_of_keys(given, KEYS):
        return fault
    for key in KEYS:
        if not isinstance(given[key], numbers.Real):
            return f"`{key}` must be a number, not `{given[key]!r}`."
        if given[key] < 0:
            return f"`{key}` says how much *lower*: leave out the minus."
    points, percent = given["points"], given["percent"]
    if is_close(points, 0.109):
        return "`points`: the errors are in percent, and so is the difference."
    if not is_close(points, 10.9):
        return "`points`: subtract the winner's error from the second's."
    right = 100 * 10.9 / 26.2
    if is_close(percent, right):
        return None
    if is_close(percent, 10.9):
        return (
            "`percent`: 10.9 is the difference in points. Which part of the "
            "26.2 is that?"
        )
    if is_close(percent, right / 100):
        return f"`percent`: {percent:.3g} is a fraction. Multiply it by 100."
    if is_close(percent, 100 * 10.9 / 15.3):
        return (
            "`percent`: you divided by the winner's error. What fell is the "
            "second's, so divide by that."
        )
    if is_close(percent, 100 * 15.3 / 26.2):
        return "`percent`: this is what is *left* of the error."
    if is_close(percent, 100 * 26.2 / 15.3):
        return (
            "`percent`: this says how large the second's error is beside the "
            "winner's."
        )
    if is_close(percent, right, 0.02):
        return "`percent` is close, but not it: give one digit after the point."
    return "`percent`: divide the difference by 26.2, times 100."


q2 = Exercise(
    _judge_errors,
    answer={"points": 26.2 - 15.3, "percent": 100 * (26.2 - 15.3) / 26.2},
    placeholder=dict.fromkeys(KEYS, ...),
    insight="10.9 points, and 41.6%: where the second missed five photos, the "
    "winner missed about three. Papers write either; ask each time which.",
    hints=(
        "Both errors are shares of all photos. Their difference is a share of "
        "all photos too: that is what points are.",
        "Percent of what? Of the error that was there before: 26.2.",
        "`26.2 - 15.3`, and `100 * (26.2 - 15.3) / 26.2`.",
    ),
    reasons="""
        A difference of two percentages is counted in percentage points. How
        much that is depends on where one starts: 10.9 of 26.2 is 41.6%. From
        99.5 to 88.6 it is 10.9 points too, but only 11%.
    """,
)


def epochs_in(hours, pictures, multiply_adds, rate):
    """Counts the whole epochs of a training that fit in a time."""
    epoch = 3 * 2 * multiply_adds * pictures  # operations
    return int(hours * 3600 * rate / epoch)


_CASES = (  # hours, pictures, multiply-adds, operations a second
    (8, 5_000, 724_406_816, 1e11),
    (1, 1_200_000, 724_406_816, 1e13),
    (0.1, 4_000, 14_378_336, 1e10),
    (24, 250_000, 1_135_256_096, 2.5e14),
)
# Each planned mistake: by what it multiplies the epochs, and what is said.
_FACTORS = (
    (6, "You count forward only, and a multiply-add as one operation."),
    (3, "You count forward only. Backward costs twice as much again."),
    (2, "A multiply-add is two operations."),
    (3 / 2, "Forward and backward are three times forward, not twice."),
    (1 / 60, "You took the hours for minutes: an hour has 3600 seconds."),
    (1 / 3600, "`rate` counts operations a second. `hours` are not seconds."),
    (24, "You took the hours for days: an hour has 3600 seconds."),
)


def _judge_epochs(function):
    if fault := fault_of_function(function):
        return fault
    found, exact = [], []
    for hours, pictures, multiply_adds, rate in _CASES:
        said = function(hours, pictures, multiply_adds, rate)
        if is_placeholder(said):
            return NOT_ATTEMPTED
        if not isinstance(said, numbers.Real):
            return f"Return a number, not `{type(said).__name__}`."
        found.append(float(said))
        exact.append(hours * 3600 * rate / (6 * multiply_adds * pictures))
    found, exact = np.array(found), np.array(exact)
    if np.array_equal(found, np.floor(exact)):
        return None
    if np.allclose(found, exact, rtol=1e-6):
        return "Return *whole* epochs: round down, with `int` or `//`."
    if np.array_equal(found, np.ceil(exact)):
        return "You round up. An epoch that has only begun does not fit."
    if np.array_equal(found, np.round(exact)):
        return "You round to the nearest number. The last epoch must fit too."
    if np.allclose(found * exact, 1, rtol=1e-6):
        return "That is upside down: divide the time by an epoch's."
    for factor, sentence in _FACTORS:
        if _is_times(found, exact, factor):
            return sentence
    case = np.flatnonzero(found != np.floor(exact))[0]
    hours, pictures, multiply_adds, rate = _CASES[case]
    return (
        f"In {hours} hours, with {pictures:,} pictures, {multiply_adds:,} "
        f"multiply-adds each and {rate:,.0f} operations a second, "
        f"{int(exact[case])} epochs fit. You say {found[case]:.6g}."
    )


def _is_times(found, exact, factor):
    """Says whether epochs are `factor` times too many, rounded or not."""
    return bool((np.abs(found - factor * exact) <= 1).all())


q3 = Exercise(
    _judge_epochs,
    answer=epochs_in,
    placeholder=todo,
    insight="With it you know before a training whether it ends by breakfast. "
    "On 5,000 photographs and 100 thousand million operations a second, "
    "AlexNet has 132 epochs in a night of eight hours, if all goes as fast as "
    "a matrix product.",
    hints=(
        "How many operations does *one* epoch take? Section 4 counts them for "
        "1.2 million photos; here `pictures` are as many as you like.",
        "An epoch takes `3 * 2 * multiply_adds * pictures` operations. How "
        "many can the machine do in `hours`? Hours are not seconds.",
        "`hours * 3600 * rate` operations, divided by those of an epoch, and "
        "rounded down: `int(...)`.",
    ),
    reasons="""
        Section 4 turned upside down. There, epochs were given and days were
        asked for; here, time is given. What a night holds, divided by what an
        epoch takes, is the number of epochs; the last one must be finished,
        so the rest is dropped.
    """,
)

progress = Progress(q1=q1, q2=q2, q3=q3)
