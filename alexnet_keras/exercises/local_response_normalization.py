"""Exercises of chapter 5: constants translated, told apart, and used."""

import numbers

import numpy as np

from alexnet_keras.exercises.core import (
    Exercise,
    Progress,
    fault_of_keys,
    is_close,
    is_placeholder,
    named,
)

PAPER = {"size": 5, "bias": 2.0, "alpha": 1e-4, "beta": 0.75}


def _normalize(values, size, bias, alpha, beta):
    """Computes the paper's formula along the channels of one place."""
    values = np.asarray(values, float)
    if values.ndim != 1:
        raise ValueError(
            "Give the channels of one place, a flat array of numbers. "
            f"Received the shape {values.shape}."
        )
    reach = int(size) // 2
    energy = [
        (values[max(channel - reach, 0) : channel + reach + 1] ** 2).sum()
        for channel in range(len(values))
    ]
    return values / (bias + alpha * np.array(energy)) ** beta


NUMBERS = ("tanh", "relu_below", "relu_above")
_RECALLED = dict(zip(NUMBERS, (1, 0, 250), strict=True))
_FORGOTTEN = {
    "tanh": {
        0: "That is tanh of 0. It goes on to rise.",
        -1: "That is its lower end.",
        0.5: "It comes to 0.5 soon, and goes on to rise.",
        float("inf"): "That is ReLU. Tanh is an S: it becomes flat.",
        250: "Tanh becomes flat long before.",
    },
    "relu_below": {
        -250: "Then nothing would be bent. What is below 0 ...",
        250: "ReLU does not turn signs around.",
        -1: "That is about what tanh would make of it.",
        1: "Nothing comes through below 0.",
    },
    "relu_above": {
        1: "That is what tanh would make of it.",
        0: "Above 0, ReLU lets all through.",
        -250: "ReLU does not turn signs around, and 250 is above 0.",
        255: "That is the end of a pixel. ReLU has none.",
    },
}


def _judge_recall(given):
    if fault := fault_of_keys(given, NUMBERS):
        return fault
    for key, right in _RECALLED.items():
        number = given[key]
        if not isinstance(number, numbers.Real):
            return f"`{key}` must be a number, not `{number!r}`."
        if number != right:
            why = _FORGOTTEN[key].get(number, "Look at chapter 4's curves.")
            return f"`{key}`: {why}"
    return None


recall = Exercise(
    _judge_recall,
    answer=dict(_RECALLED),
    placeholder=dict.fromkeys(NUMBERS, ...),
    insight="Tanh ends at 1. ReLU has no upper end.",
    hints=(
        "Tanh is an S. It lies between two numbers, one below 0.",
        "ReLU keeps what is above 0.",
    ),
    reasons="Tanh runs from -1 to 1. ReLU is `max(0, x)`.",
)

_LIBRARIES = {
    "tensorflow": ("depth_radius", "bias", "alpha", "beta"),
    "caffe": ("local_size", "k", "alpha", "beta"),
    "pytorch": ("size", "k", "alpha", "beta"),
}
_CALLED = {"tensorflow": "TensorFlow", "caffe": "Caffe", "pytorch": "PyTorch"}


def _meaning(library, given):
    """Turns a library's arguments into the paper's."""
    window, bias, alpha, beta = (given[key] for key in _LIBRARIES[library])
    if library == "tensorflow":
        return {
            "size": 2 * window + 1,
            "bias": bias,
            "alpha": alpha,
            "beta": beta,
        }
    return {"size": window, "bias": bias, "alpha": alpha / window, "beta": beta}


def _judge_constants(answer):
    if fault := fault_of_keys(answer, _LIBRARIES):
        return fault
    for library, keys in _LIBRARIES.items():
        given = answer[library]
        name = _CALLED[library]
        if is_placeholder(given):
            return f"`{library}` is still missing."
        if fault := fault_of_keys(given, keys):
            return f"{name}: {fault}"
        for key in keys:
            number = given[key]
            if not isinstance(number, numbers.Real) or number != number:
                return f"{name}: `{key}` must be a number, not `{number!r}`."
        fault = _fault_of_window(library, given[keys[0]])
        fault = fault or _fault_of_numbers(library, given)
        if fault:
            return f"{name}: {fault}"
    return None


def _fault_of_window(library, window):
    if window % 1:
        return (
            "there are no half channels. The channel itself is in the middle "
            "of its window: 2 + 1 + 2."
        )
    if library == "tensorflow":
        if window == 2:
            return None
        return (
            f"a `depth_radius` of {window:g} makes a window of "
            f"{2 * window + 1:g} channels, the channel itself included. The "
            "paper's has 5."
        )
    if window == 5:
        return None
    key = _LIBRARIES[library][0]
    if window == 2:
        return f"2 is a radius. `{key}` counts all channels of the window."
    return f"`{key}` is {window:g}, and the paper's window has 5 channels."


def _fault_of_numbers(library, given):
    """Compares what the constants do with what the paper's do."""
    means = _meaning(library, given)
    rng = np.random.default_rng(5)
    values = np.abs(rng.normal(scale=200, size=12))
    values[4] = 300.0
    for scale in (1, 0.01, 10):
        with np.errstate(all="ignore"):  # a k below 0 has no roots
            mine = _normalize(scale * values, **means)[4]
        right = _normalize(scale * values, **PAPER)[4]
        if not is_close(mine, right, 1e-3):
            break
    else:
        return None
    seen = (
        f" (Tried: of {scale * 300:g}, among neighbours, {mine:.3g} is left; "
        f"with the paper's constants {right:.3g}.)"
    )
    _, bias, _, beta = _LIBRARIES[library]
    if means["beta"] != PAPER["beta"]:
        return f"`{beta}` is the paper's beta, 0.75, in all programs.{seen}"
    if means["bias"] != PAPER["bias"]:
        why = " 1 is only what it takes if you say nothing." * (
            means["bias"] == 1
        )
        return f"`{bias}` is the paper's k, and that is 2.{why}{seen}"
    times = means["alpha"] / PAPER["alpha"]
    why = f"the squares count {times:.3g} times as much as in the paper."
    if library == "tensorflow":
        why += " TensorFlow takes alpha as it is."
    elif is_close(times, 1 / 5):
        why += " The program divides your alpha by 5. Make up for it."
    elif is_close(times, 1 / 25):
        why += " The program divides by 5 itself, so do not divide as well."
    return f"with your `alpha`, {why}{seen}"


def _in(library, **numbers_given):
    return dict(zip(_LIBRARIES[library], numbers_given.values(), strict=True))


q1 = Exercise(
    _judge_constants,
    answer={
        "tensorflow": _in("tensorflow", radius=2, k=2, alpha=1e-4, beta=0.75),
        "caffe": _in("caffe", size=5, k=2, alpha=5e-4, beta=0.75),
        "pytorch": _in("pytorch", size=5, k=2, alpha=5e-4, beta=0.75),
    },
    placeholder={
        name: dict.fromkeys(keys, ...) for name, keys in _LIBRARIES.items()
    },
    insight="Where a program divides alpha by 5, give it five times as much.",
    hints=(
        "The window first: how many channels does each program's argument "
        "count? The table of section 6 says it.",
        "Caffe and PyTorch divide alpha by the window. Which alpha, divided "
        "by 5, is 1e-4?",
        "k and beta are the same everywhere: 2 and 0.75. Do not rely on what a "
        "program takes by itself: k is then 1 in all three.",
    ),
    reasons="""
        - TensorFlow counts the channels on either side, 2, and takes alpha as
          it is.
        - Caffe and PyTorch count all 5 channels and divide alpha by 5, so
          they need 5e-4 to come to 1e-4.

        In 2014 somebody noticed that Caffe's AlexNet says 1e-4, a fifth of
        the paper's (BVLC/caffe#1453). But the authors' own program divides
        too.
    """,
)

_CONSTANTS = {
    "paper": PAPER,
    "2012": PAPER | {"alpha": 1e-4 / 5},
    "caffe": PAPER | {"alpha": 1e-4 / 5, "bias": 1.0},
    "radius": PAPER | {"size": 11},
    "defaults": {"size": 11, "bias": 1.0, "alpha": 1.0, "beta": 0.5},
}
_BEHIND = dict(
    zip("ABCDE", ("radius", "caffe", "paper", "defaults", "2012"), strict=True)
)


def _program(name):
    def normalize(values):
        return _normalize(values, **_CONSTANTS[name])

    return normalize


programs = {letter: _program(name) for letter, name in _BEHIND.items()}


def _probes():
    """Gives inputs, what they are called, and which channel to look at."""
    one, loud, far = np.zeros(12), np.zeros(12), np.zeros(12)
    one[5], loud[5], far[5], far[9] = 1, 200, 1, 1000
    yield "a lone 1", one
    yield "a lone 200", loud
    yield "a 1, with a 1000 four channels away", far


def _judge_programs(answer):
    if fault := fault_of_keys(answer, _BEHIND):
        return fault
    given = {letter: str(name).lower() for letter, name in answer.items()}
    for letter, name in given.items():
        if name not in _CONSTANTS:
            return (
                f"`{letter}` must be one of {', '.join(_CONSTANTS)}, not "
                f"`{answer[letter]!r}`."
            )
    for letter, name in given.items():
        for called, probe in _probes():
            does = programs[letter](probe)[5]
            would = _program(name)(probe)[5]
            if not is_close(does, would, 0.01):
                return (
                    f"`{letter}` is not {name}. Give it {called}: `{letter}` "
                    f"makes {does:.3g} of it, {name} would make {would:.3g}."
                )
    return None


q2 = Exercise(
    _judge_programs,
    answer=dict(_BEHIND),
    placeholder=dict.fromkeys(_BEHIND, ...),
    insight="Three probes tell all five apart: a small value, a large one, and "
    "one with a loud channel further off.",
    hints=(
        "A lone small value shows k: it is divided by k ** beta, since its "
        "square hardly counts.",
        "A lone 200 shows alpha: 52.2 is left if it is 1e-4 and k is 2.",
        "Put a 1 in one channel and 1000 four channels away. Who notices it "
        "has a window of more than 5.",
    ),
    reasons="""
        - A lone 1 becomes 0.595 where k is 2, 1 in B (k is 1), and 0.707 in D
          (its own square counts as much as k): B is Caffe's, D has
          TensorFlow's defaults.
        - Of a lone 200, E leaves 92.4 and A and C 52.2: E divides alpha by 5.
        - A 1000 four channels away changes A, not C: A has the wide window.
    """,
)

KEYS = ("lone", "crowd", "tower", "caffe")
_RIGHT = {
    "lone": 1000 / (2 + 1e-4 * 1000**2) ** 0.75,
    "crowd": 1000 / (2 + 1e-4 * 5 * 1000**2) ** 0.75,
    "tower": 3,
    "caffe": 5,
}
_MISSED = {
    "lone": {
        594.6: "You divided by the constant alone. Its own square counts.",
        1000 / 2.1**0.75: "The values in the window are squared.",
        1000 / 102: "The exponent, beta, is missing.",
        102**0.75: "That is the divisor. Divide 1000 by it.",
        1000 / 22**0.75: "The paper does not divide alpha by 5.",
        1000 / 101**0.75: "With k = 1 it would be so. The paper's k is 2.",
        1000 / 102**0.5: "An exponent of 0.75 is more than a square root.",
        52.2: "That is the peak, at 200. Beyond it, less comes out.",
    },
    "crowd": {
        1000 / 102**0.75: "That is what a lone one becomes. There are five.",
        1000 / 402**0.75: "The channel itself is in its window, too: five.",
        1000 / 2502**0.75: "Square each value, then add. You added first.",
        1000 / 502: "The exponent, beta, is missing.",
        502**0.75: "That is the divisor. Divide 1000 by it.",
        1000 / 102**0.75 / 5: "Five times the squares are not a fifth of the "
        "result: first add, then take the power.",
    },
    "tower": {
        5: "Channel 48 is the first of the second tower: 2 channels before it "
        "are on the other GPU.",
        4: "Channel 47 belongs to the first tower. Channels count from 0.",
        2: "The channel itself counts as well.",
        1: "A window has room at the other side.",
    },
    "caffe": {
        3: "Caffe's windows do not stop between the towers.",
        4: "Channel 48 lies far from both ends.",
        2: "Two on *either* side, and the channel itself.",
        11: "That would be a radius of 5.",
        96: "All channels may be reached, but by windows of 5.",
    },
}


def _judge_predictions(given):
    if fault := fault_of_keys(given, KEYS):
        return fault
    for key in KEYS:
        number, right = given[key], _RIGHT[key]
        if not isinstance(number, numbers.Real):
            return f"`{key}` must be a number, not `{number!r}`."
        exact = key in ("tower", "caffe")
        if is_close(number, right, 0 if exact else 0.006):
            continue
        known = (
            "draw channel 48, and count two to either side."
            if exact
            else "add the squares in the window, times 1e-4, plus 2; to the "
            "power of 0.75; then divide 1000 by it."
        )
        why = named(number, _MISSED[key], known, 0 if exact else 0.003)
        return f"`{key}`: {why}"
    return None


q3 = Exercise(
    _judge_predictions,
    answer=dict(_RIGHT),
    placeholder=dict.fromkeys(KEYS, ...),
    insight="Beyond its peak a value only makes itself smaller, and five of "
    "them make one another smaller still.",
    hints=(
        "For `lone` the window holds one square, 1,000,000; times 1e-4 that "
        "is 100.",
        "For `crowd` it holds five of them.",
        "Channels count from 0, so the first tower ends with channel 47.",
    ),
    reasons="""
        - `lone`: 1000 / (2 + 100) ** 0.75 = 31.2.
        - `crowd`: 1000 / (2 + 500) ** 0.75 = 9.43.
        - `tower`: channels 48, 49 and 50.
        - `caffe`: channels 46 to 50.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3)
