"""Exercises of chapter 2: a deep convolution, a line, a step, counts."""

import numbers

import numpy as np

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_keys,
    is_close,
    is_placeholder,
    todo,
)

PHOTO = (227, 227, 3)


def _judge_recall(shape):
    if not isinstance(shape, list | tuple):
        return "A shape is a tuple of numbers."
    shape = tuple(shape)
    if shape == (1, *PHOTO):
        return None
    if shape == PHOTO:
        return "That is the photo's own shape. Which axis is missing?"
    if shape == (None, *PHOTO):
        return "`None` stands for any number of photos. You have one."
    if shape == (*PHOTO, 1):
        return "The new axis comes first, not last."
    if shape == (1, 3, 227, 227):
        return "Here the channels come last."
    if len(shape) != 4:
        return f"A batch has four axes, and {shape} has {len(shape)}."
    return (
        "The axes are batch, height, width, channels, and you have one photo."
    )


recall = Exercise(
    _judge_recall,
    answer=(1, *PHOTO),
    insight="A batch of one: `photo[np.newaxis]`.",
    hints=(
        "The network takes several photos at once, in a batch.",
        "The batch is the first of the four axes. How many photos have you?",
    ),
    reasons="(batch, height, width, channels), with one photo in the batch.",
)


def convolve_deep(image, weights, bias):
    """Multiplies and adds over a window's height, width and channels."""
    side = weights.shape[0]
    rows, columns = image.shape[0] - side + 1, image.shape[1] - side + 1
    result = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            under = image[row : row + side, column : column + side]
            result[row, column] = (under * weights).sum() + bias
    return result


def _judge_convolution(function):
    if not callable(function):
        return "Give the function itself: its name, without parentheses."
    for shape, side in (((6, 8, 3), 3), ((7, 5, 2), 2), ((4, 4, 1), 4)):
        rng = np.random.default_rng([2, *shape])
        image = rng.normal(size=shape)
        weights = rng.normal(size=(side, side, shape[2]))
        found = function(image.copy(), weights.copy(), 0.5)
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if fault := _fault_of_map(np.asarray(found), image, weights, 0.5):
            where = f"image {shape}, weights {weights.shape}"
            return f"{fault} (Tried with {where}, bias 0.5.)"
    return None


def _fault_of_map(found, image, weights, bias):
    right = convolve_deep(image, weights, bias)
    rows, columns = right.shape
    if found.shape == (*right.shape, image.shape[2]):
        return "You kept the channels apart. One place gives one number."
    if found.shape == image.shape[:2] != right.shape:
        return "The filter also stood where it does not fit."
    if found.shape == (rows - 1, columns - 1):
        return "The last row and column of places are missing."
    if found.shape == right.shape[::-1] != right.shape:
        return "Rows and columns are exchanged."
    if found.shape != right.shape:
        return f"The map has the shape {found.shape}, not {right.shape}."
    if _same(found, right):
        return None
    if _same(found, right - bias):
        return "The bias is missing."
    values = weights.size
    if _same(found, right - bias + values * bias):
        return "The bias is added to every product. It comes once a place."
    if _same(found, (right - bias) * (1 + bias)) or _same(
        found, (right - bias) * bias
    ):
        return "The bias is added to the sum, not multiplied."
    if _same(found, convolve_deep(image, weights[::-1, ::-1], bias)):
        return "You turned the filter round. Libraries do not."
    if _same(found, convolve_deep(image[..., :1], weights[..., :1], bias)):
        return "Only the first channel was read."
    if _same(found, (right - bias) / values + bias):
        return "That is the mean of the products. Their sum is asked for."
    return "The map has the right shape, but other numbers."


def _same(found, right):
    return np.allclose(found, right, rtol=1e-5, atol=1e-5)


q1 = Exercise(
    _judge_convolution,
    answer=convolve_deep,
    placeholder=todo,
    insight="The same two loops: what lies under the filter is a block, as is "
    "the filter itself.",
    hints=(
        "`image[row : row + side, column : column + side]` has all channels: "
        "its shape is `(side, side, channels)`, that of the weights.",
        "`(under * weights).sum()` adds over all three axes. Add the bias to "
        "it, once.",
        "Take section 2's `convolve`. `image.shape` has three numbers now: "
        "use its first two for rows and columns.",
    ),
    reasons="""
        The only changes are the bias and that the loops run over the first two
        numbers of the shape. The channels need no loop: `sum` adds them too.
    """,
)


def _judge_line(weights):
    weights = np.asarray(weights, float)
    if weights.shape != (3, 3):
        return f"Give three lists of three numbers, not {weights.shape}."
    on_line, on_row = weights[:, 1].sum(), weights[1].sum()
    if np.allclose(weights, 0):
        return "A filter of zeros says 0 to everything, to the line as well."
    if not np.isclose(weights.sum(), 0):
        return (
            f"On a surface of brightness 1 it gives {weights.sum():.3g}, the "
            "sum of all weights. That must be 0."
        )
    if np.isclose(on_line, 0) and not np.isclose(on_row, 0):
        return "It finds horizontal lines. Turn it by a quarter."
    if np.isclose(on_line, 0):
        return (
            "On the vertical line it gives 0: the middle column's weights "
            "add up to 0. An edge filter looks so, but a line has two edges."
        )
    for row, name in enumerate(("upper", "middle", "lower")):
        if not np.isclose(weights[row].sum(), 0):
            return (
                f"On a horizontal line under its {name} row it gives "
                f"{weights[row].sum():.3g}. The weights of a row must add up "
                "to 0."
            )
    if on_line < 0:
        return "It finds dark lines: change all signs."
    if not np.isclose(on_line, 1, atol=0.01):
        return f"It finds the line, but gives {on_line:.3g} there, not 1."
    return None


q2 = Exercise(
    _judge_line,
    answer=[[-1 / 6, 1 / 3, -1 / 6]] * 3,
    insight="Weights that add up to 0 see no brightness, only differences.",
    hints=(
        "On the line only the middle column meets a 1. What must its three "
        "weights add up to?",
        "On a horizontal line one row of weights meets ones. What must a row "
        "add up to?",
        "Three equal rows (a, b, a): 3b = 1, and a + b + a = 0.",
    ),
    reasons="""
        On the line: 3 * 1/3 = 1. On one brightness and on a horizontal line:
        -1/6 + 1/3 - 1/6 = 0 in each row. Other columns do as well, such as
        `[-1/3, 1/3, 0]`, which sees an edge a little more than a line.
    """,
)

STEP = ("loss", "gradient", "weight")


def _judge_step(given):
    if fault := fault_of_keys(given, STEP):
        return fault
    for key in STEP:
        if not isinstance(given[key], numbers.Real):
            return f"`{key}` is a number, not `{given[key]!r}`."
    loss, gradient, weight = (given[key] for key in STEP)
    if is_close(loss, 10):
        return "`loss`: that is the sum of the squares. Take their mean."
    if is_close(loss, 2):
        return "`loss`: that is the mean difference. Square first."
    if not is_close(loss, 5):
        return "`loss`: the differences are 1 - 2 and 3 - 6."
    if is_close(gradient, 10):
        return "`gradient`: a larger weight makes a smaller loss. The sign?"
    if is_close(gradient, -5):
        return "`gradient`: a factor 2 is missing. Nudge the weight and see."
    if is_close(gradient, -4):
        return "`gradient`: each difference also counts with its input, 1 or 3."
    if is_close(gradient, -20):
        return (
            "`gradient`: that is the sum. The loss is a mean, so this is too."
        )
    if not is_close(gradient, -10, 0.01):
        return "`gradient`: how much does the loss change from 1 to 1.001?"
    if is_close(weight, 0.5):
        return "`weight`: you went along the gradient. Go against it."
    if is_close(weight, 11) or is_close(weight, -9):
        return "`weight`: the rate is missing."
    if is_close(weight, 0.5 - 1) or is_close(abs(weight), 0.5):
        return "`weight`: that is the change. Start from 1."
    if not is_close(weight, 1.5, 0.01):
        return "`weight`: the old weight minus rate times gradient."
    return None


q3 = Exercise(
    _judge_step,
    answer={"loss": 5, "gradient": -10, "weight": 1.5},
    placeholder=dict.fromkeys(STEP, ...),
    insight="Half of the way to 2, in one step.",
    hints=(
        "With the weight 1 the answers are 1 and 3. They should be 2 and 6.",
        "Compute the loss at 1.001 and at 0.999, and divide the difference by "
        "0.002, as `gradient` does in section 6.",
        "weight - rate * gradient, and minus a negative number is plus.",
    ),
    reasons="""
        The differences are -1 and -3, their squares 1 and 9, the mean 5. For
        each example the slope is 2 * difference * input: -2 and -18, the mean
        -10. The step: 1 - 0.05 * (-10) = 1.5.
    """,
)

COUNTS = ("filter", "layer", "unshared")


def _judge_counts(given):
    if fault := fault_of_keys(given, COUNTS):
        return fault
    one, layer, unshared = (given[key] for key in COUNTS)
    wrong = {
        25: "`filter`: it reads 96 maps, so it is 96 deep.",
        75: "`filter`: it reads conv1's 96 maps, not a photo's 3 channels.",
        2_401: "`filter`: leave out the bias here.",
        6_400: "`filter`: 256 is how many filters there are, not their depth.",
    }
    if one != 2_400:
        return wrong.get(one, "`filter`: side times side times depth.")
    wrong = {
        614_400: "`layer`: the biases are missing, one for each filter.",
        614_401: "`layer`: each filter has a bias, so there are 256.",
        616_800: "`layer`: a bias for each *filter*, not each weight.",
        2_656: "`layer`: every filter has 2,400 weights of its own.",
    }
    if layer != 614_656:
        return wrong.get(layer, "`layer`: 256 filters, and a bias for each.")
    wrong = {
        614_656: "`unshared`: at each place all weights are new.",
        614_656 * 27: "`unshared`: places lie in two directions, 27 x 27.",
        614_400 * 729: "`unshared`: the biases are not shared either.",
        614_656 * 55 * 55: "`unshared`: 27 x 27 places here, not 55 x 55.",
    }
    if unshared != 614_656 * 729:
        return wrong.get(unshared, "`unshared`: the layer's count, per place.")
    return None


q4 = Exercise(
    _judge_counts,
    answer={"filter": 2_400, "layer": 614_656, "unshared": 614_656 * 729},
    placeholder=dict.fromkeys(COUNTS, ...),
    insight="Sharing saves a factor of 729, the number of places.",
    hints=(
        "What is a filter's depth when it reads 96 maps?",
        "256 filters, each with 5 * 5 * 96 weights and one bias.",
        "Without sharing, each of the 27 * 27 places has all of these numbers "
        "for itself.",
    ),
    reasons="""
        5 * 5 * 96 = 2,400; 256 * 2,401 = 614,656; times 729 places
        448,084,224. AlexNet's conv2 has half as many weights, since each of
        its filters reads only 48 maps. Chapter 7 says why.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3, q4=q4)
