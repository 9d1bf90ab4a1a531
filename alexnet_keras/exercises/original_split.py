"""Exercises of chapter 12: a mask, a memory meter, what crosses."""

import numpy as np

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_keys,
    is_close,
    is_placeholder,
    named,
    todo,
)


def _judge_recall(given):
    if not isinstance(given, list | tuple) or len(given) != 3:
        return "Give three numbers: pictures, weights, and the gradient."
    if any(map(is_placeholder, given)):
        return "One of the three is still missing."
    if not all(isinstance(number, int | float) for number in given):
        return "Give three plain numbers, such as 5_000_000."
    pictures, weights, gradient = given
    if pictures != 32:
        return named(
            pictures,
            {
                96: "Pictures: 96 is the global batch, of all replicas.",
                48: "Pictures: that would be two replicas. There are three.",
                288: "Pictures: they are shared out, not copied.",
            },
            "Pictures: the global batch is shared out evenly.",
        )
    if weights != 5_000_000:
        return named(
            weights,
            {
                5_000_000 / 3: "Weights: a replica is a *full* copy.",
                15_000_000: "Weights: that is all three together.",
                5: "Weights: five *million*. Write 5_000_000.",
            },
            "Weights: how much of the network has a replica?",
        )
    if gradient != 3:
        return named(
            gradient,
            {
                9: "Gradient: that is the sum. Take the mean.",
                6: "Gradient: that is the largest. Take the mean.",
                2: "Gradient: that is the middle one. Take the mean.",
            },
            "Gradient: the mean of 1, 2 and 6.",
        )
    return None


recall = Exercise(
    _judge_recall,
    answer=(32, 5_000_000, 3),
    placeholder=(..., ..., ...),
    insight="The pictures are divided, the network is not, and every replica "
    "takes the same step.",
    hints=(
        "The global batch is all pictures of a step.",
        "A replica is a full copy of the network. An all-reduce gives every "
        "device the mean.",
    ),
    reasons="96 / 3 = 32 pictures. A replica is a full copy: five million "
    "weights. (1 + 2 + 6) / 3 = 3, for all of them.",
)


def tower_mask(places, channels, units):
    """Keeps each half of the units with its half of the channels."""
    block = np.zeros((channels, units))
    block[: channels // 2, : units // 2] = 1
    block[channels // 2 :, units // 2 :] = 1
    return np.tile(block, (places, 1))  # the same again at each place


def _judge_mask(function):
    if fault := fault_of_function(function):
        return fault
    for places, channels, units in ((9, 4, 6), (1, 6, 4), (4, 8, 2), (6, 2, 8)):
        found = function(places, channels, units)
        if is_placeholder(found):
            return NOT_ATTEMPTED
        right = tower_mask(places, channels, units)
        tried = f"With places={places}, channels={channels}, units={units}, "
        found = np.asarray(found)
        if found.shape != right.shape:
            return tried + _shape_fault(found.shape, places, channels, units)
        if fault := _mask_fault(found.astype(float), places, channels, units):
            return tried + fault
    return None


def _shape_fault(shape, places, channels, units):
    text = f"the mask has the shape {shape}, not {(places * channels, units)}."
    if shape == (channels, units):
        return text + " That is one place. What of the others?"
    if shape == (units, places * channels):
        return text + " Rows are what is read, columns are units."
    return text


def _mask_fault(found, places, channels, units):
    right = tower_mask(places, channels, units)
    if np.array_equal(found, right):
        return None
    if not np.isin(found, (0, 1)).all():
        return "the mask has other numbers than 0 and 1."
    half = np.repeat(tower_mask(1, channels, units), places, axis=0)
    inner = np.zeros_like(right)
    inner[:, : units // 2] = right[:, : units // 2]
    alternating = np.arange(len(right))[:, None] % 2 == np.arange(units) % 2
    wrong = (
        (np.ones_like(right), "nothing is cut: all is 1."),
        (np.zeros_like(right), "all is cut: nothing is 1."),
        (1 - right, "each tower reads only the *other* one."),
        (
            half,
            "you gave tower 1 the first half of the *line*. But the line goes "
            "place by place, and at every place the first half of the channels "
            "is tower 1's.",
        ),
        (inner, "tower 2's units read nothing."),
        (alternating, "tower 1 has the first half, not every second one."),
    )
    for mask, message in wrong:
        if np.array_equal(found, mask):
            return message
    if np.array_equal(found[:channels], right[:channels]):
        return "the first place is right. Are the others?"
    row = int(np.argmax((found != right).any(axis=1)))
    return (
        f"row {row} is wrong: it is channel {row % channels} of place "
        f"{row // channels}, so tower {1 + (row % channels >= channels // 2)}."
    )


q1 = Exercise(
    _judge_mask,
    answer=tower_mask,
    placeholder=todo,
    insight="In a flattened line the towers take turns, place by place: for "
    "AlexNet 128 values of tower 1, 128 of tower 2, 36 times. No halves of the "
    "line.",
    hints=(
        "Begin with one place: a block of `(channels, units)`, as for conv2.",
        "The line goes on with the next place, and its channels begin anew. "
        "So the block begins anew, too.",
        "`np.tile(block, (places, 1))` puts `places` blocks below each other.",
    ),
    reasons="""
        At one place the mask is the one of section 1: two blocks of ones on
        the diagonal. Flattened, the next place follows with all of its
        channels, so the same block follows below. A mask that gives tower 1
        the first half of the line would cut the *photo* in two, top from
        bottom, and not the channels.
    """,
)

_PARTS = ("weights", "gradients", "momentum", "activations")
_CARD = 3072 * 1024**2  # bytes of a GTX 580


def meter(parameters, values, batch):
    """Counts the bytes of float32 that a training needs."""
    weights = 4 * sum(parameters)
    activations = 4 * batch * sum(values)
    return {
        "weights": weights,
        "gradients": weights,
        "momentum": weights,
        "activations": activations,
        "fits": 3 * weights + activations <= 3072 * 1024**2,
    }


def _judge_meter(function):
    if fault := fault_of_function(function):
        return fault
    cases = (
        ([7, 0, 11], [100, 60, 4], 3),
        ([34_944, 307_456], [290_400, 186_624], 128),
        ([7], [2_000_000], 600),
        ([50_000_000, 7], [1_000_000, 20_000], 620),  # between 3.0 and 3.2 GB
        ([100_000_000, 7], [1_000_000], 550),
    )
    for parameters, values, batch in cases:
        found = function(list(parameters), list(values), batch)
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if fault := fault_of_keys(found, (*_PARTS, "fits")):
            return fault
        right = meter(parameters, values, batch)
        tried = f"With {parameters}, {values} and a batch of {batch}, "
        for key in _PARTS:
            if np.ndim(found[key]):
                return f"{tried}`{key}` is a list. Give one number, the sum."
            number = float(found[key])
            if is_close(number, right[key], 1e-9):
                continue
            given = f"{tried}`{key}` is {found[key]}. "
            if is_close(number, right[key] / 4, 1e-9):
                return given + "Those are numbers. Each takes 4 bytes."
            if is_close(number, 2 * right[key], 1e-9):
                return given + "8 bytes a number are `float64`."
            if is_close(number, right[key] / 1e6, 1e-9):
                return given + "Give bytes, not MB."
            return given + _part_fault(key, number, right, batch)
        if found["fits"] not in (True, False):
            return f"{tried}`fits` is {found['fits']!r}. Give True or False."
        if bool(found["fits"]) != right["fits"]:
            return tried + _fits_fault(right)
    return None


def _fits_fault(right):
    total = sum(right[part] for part in _PARTS)
    if total > _CARD:
        return (
            f"the four parts together are {total:,} bytes, more than the "
            f"card's {_CARD:,}. That does not fit."
            + " (Are all four in your sum?)"
            * (total < 1.1 * _CARD)
        )
    text = f"{total:,} bytes do fit on a card of {_CARD:,}."
    if total > 3e9:
        text += " (3 GB of memory are 3072 * 1024**2 bytes.)"
    return text + " Is a part counted twice in your sum?"


def _part_fault(key, number, right, batch):
    if key == "activations":
        return named(
            number,
            {
                right[key] / batch: "That is one picture of the batch.",
                right[key] / 4 / batch: "That is one picture, and numbers "
                "are not bytes.",
                right["weights"]: "Activations are values, not weights.",
                right["weights"] * batch: "Activations are values, not "
                "weights.",
            },
            "All values of all layers, for every picture.",
            1e-9,
        )
    if number == 0:
        return f"Is there no room for the {key}? Each weight has one."
    return named(
        number,
        {
            right[key] * batch: f"The {key} do not grow with the batch.",
            right[key] * batch / 4: f"The {key} do not grow with the batch, "
            "and numbers are not bytes.",
            right["activations"]: "That is one for each activation; one for "
            "each weight is asked for.",
        },
        "It has one number for each weight and bias of all layers.",
        1e-9,
    )


q2 = Exercise(
    _judge_meter,
    answer=meter,
    placeholder=todo,
    insight="Three parts are fixed, one grows with the batch. For AlexNet: "
    "732 MB, and 5.7 MB for every picture.",
    hints=(
        "Weights, gradients and momentum are equally large.",
        "`sum(parameters)` numbers each, 4 bytes a number.",
        "Activations: `sum(values)` numbers for each picture of the batch.",
    ),
    reasons="""
        A gradient and a momentum belong to every weight, whatever the batch.
        Activations belong to every picture. So a larger batch costs only
        activations, and a fully connected network, which has many weights and
        few values, hardly notices.
    """,
)

_WAYS = ("examples", "channels")


def crossing(parameters, values, batch, devices):
    """Counts the bytes that cross in a step because of one layer."""
    return {
        "examples": 4 * 2 * (devices - 1) * parameters,
        "channels": 4 * 2 * (devices - 1) * values * batch,
    }


def _judge_crossing(function):
    if fault := fault_of_function(function):
        return fault
    cases = ((1000, 30, 10, 8), (885_120, 43_264, 128, 2), (7, 50, 3, 5))
    for parameters, values, batch, devices in cases:
        found = function(parameters, values, batch, devices)
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if fault := fault_of_keys(found, _WAYS):
            return fault
        right = crossing(parameters, values, batch, devices)
        tried = (
            f"With parameters={parameters}, values={values}, batch={batch}, "
            f"devices={devices}, "
        )
        numbers = [float(found[key]) for key in _WAYS]
        if all(map(is_close, numbers, right.values(), (1e-9, 1e-9))):
            continue
        if all(map(is_close, numbers[::-1], right.values(), (1e-9, 1e-9))):
            return tried + "you exchanged the two ways."
        for key, number in zip(_WAYS, numbers, strict=True):
            if not is_close(number, right[key], 1e-9):
                given = f"{tried}`{key}` is {found[key]}. "
                return given + _way_fault(key, number, right, batch, devices)
    return None


def _way_fault(key, number, right, batch, n):
    whole = right[key] / (n - 1)  # what is 2 (n - 1) times too small, twice
    common = {
        right[key] / 4: "Those are numbers. Each takes 4 bytes.",
        right[key] * 2: "Twice too much: is something counted both where it "
        "is sent and where it is received, or with 8 bytes?",
        right[key] / n: "That is one device's share. Count all devices.",
        right[key] / batch: "That is for one picture.",
    }
    if key == "examples":
        del common[right[key] / batch]
        common |= {
            right[key] * batch: "The gradient is added up over the batch, so "
            "it is as large for one picture as for many.",
            right[key] / 2: "The ring goes round twice: to add up, and to "
            "hand the sums on.",
            whole: "That is right for two devices. With n, each sends an n-th "
            "2 (n - 1) times.",
            whole * n: "Each device sends to others n - 1 times, not n.",
        }
        return named(
            number,
            common,
            "Each of n devices sends an n-th of the gradient 2 (n - 1) times.",
            1e-9,
        )
    common |= {
        right[key] / 2: "That is the forward pass. As many gradients go back.",
        whole: "That is right for two devices. With n, each receives the n - 1 "
        "parts that it lacks.",
        whole * n: "A device need not receive the part that it has.",
        right[key] / 2 / n: "That is what one device receives going forward.",
    }
    text = "Each of n devices lacks n - 1 of n parts of the values."
    return named(number, common, text, 1e-9)


q3 = Exercise(
    _judge_crossing,
    answer=crossing,
    placeholder=todo,
    insight="Both grow with n - 1, so it cancels: the two ways meet at a batch "
    "of parameters / values, on two devices as on eight. For conv3 that is "
    "20, for fc6 4096.",
    hints=(
        "Examples: n devices, each sends parameters / n, 2 (n - 1) times.",
        "Channels, forward: a device receives (n - 1) / n of the values of "
        "each picture. How much is that for n devices?",
        "Both are 4 * 2 * (n - 1) times something: the parameters, or the "
        "values of all pictures.",
    ),
    reasons="""
        Examples: n * 2 (n - 1) / n = 2 (n - 1) times the parameters. Channels:
        n * (n - 1) / n = n - 1 times the values forward, and as much backward,
        for each picture. Their quotient is batch * values / parameters: a
        layer alone decides from which batch on it is better to divide the
        pictures.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3)
