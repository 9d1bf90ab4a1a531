"""Exercises of chapter 2: a layer, a line, a step, counts."""

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


def conv_layer(image, kernel, biases):
    """Computes all maps of a convolution at a stride of 1."""
    side, filters = kernel.shape[0], kernel.shape[3]
    rows, columns = image.shape[0] - side + 1, image.shape[1] - side + 1
    maps = np.zeros((rows, columns, filters))
    for row in range(rows):
        for column in range(columns):
            under = image[row : row + side, column : column + side]
            for number in range(filters):
                total = (under * kernel[:, :, :, number]).sum()
                maps[row, column, number] = total + biases[number]
    return maps


def _judge_layer(function):
    if fault := fault_of_function(function):
        return fault
    for shape, side, filters in (
        ((6, 8, 3), 3, 5),
        ((7, 5, 2), 2, 1),
        ((4, 4, 1), 4, 2),
    ):
        rng = np.random.default_rng([2, *shape])
        image = rng.normal(size=shape)
        kernel = rng.normal(size=(side, side, shape[2], filters))
        biases = rng.normal(size=filters)
        tried = f"(Tried with image {shape} and kernel {kernel.shape}.)"
        try:
            found = function(image.copy(), kernel.copy(), biases.copy())
        except Exception as error:
            return (
                f"Your function raised `{type(error).__name__}: {error}`. "
                f"{tried}"
            )
        if is_placeholder(found):
            return NOT_ATTEMPTED
        found = np.asarray(found)
        right = conv_layer(image, kernel, biases)
        fault = _fault_of_shape(found.shape, right.shape, shape)
        fault = fault or _fault_of_maps(found, image, kernel, biases)
        if fault:
            return f"{fault} {tried}"
    return None


def _fault_of_shape(found, right, image):
    rows, columns, filters = right
    if found == right:
        return None
    if found == (rows, columns):
        return "That is a single map. There is one for each filter."
    if found == (filters, rows, columns):
        return "The filters come first. Here they come last."
    if found == (rows, columns, image[2], filters):
        return "You kept the channels apart. One place gives one number."
    if found == (rows, columns, image[2]):
        return "You have a map for each channel, not for each filter."
    if found == (*image[:2], filters):
        return "The filters also stood where they do not fit."
    if found == (rows - 1, columns - 1, filters):
        return "The last row and column of places are missing."
    if found == (columns, rows, filters):
        return "Rows and columns are exchanged."
    return f"The maps have the shape {found}, not {right}."


def _fault_of_maps(found, image, kernel, biases):
    def is_like(kernel, biases=biases):
        return _same(found, conv_layer(image, kernel, biases))

    last = np.zeros_like(kernel)
    last[:, :, -1] = kernel[:, :, -1]
    first = np.zeros_like(kernel)
    first[:, :, 0] = kernel[:, :, 0]
    size = kernel[..., 0].size
    plain = conv_layer(image, kernel, 0 * biases)
    if is_like(kernel):
        return None
    if is_like(kernel, 0 * biases):
        return "The biases are missing."
    if is_like(kernel, size * biases):
        return "A bias is added to every product. It comes once a place."
    if is_like(kernel, image.shape[2] * biases):
        return "A bias is added once a channel. It comes once a place."
    if _same(found, plain * biases):
        return "A bias is added to the sum, not multiplied."
    if is_like(kernel, np.full_like(biases, biases[0])):
        return "All filters have the first one's bias."
    if is_like(kernel[:, :, :, :1] + 0 * kernel):
        return "All maps are the first filter's, but for the biases."
    if is_like(kernel[::-1, ::-1]):
        return "You turned the filters upside down. Libraries do not."
    if is_like(last):
        return "Only the last channel counts. Is there a `=` for a `+=`?"
    if is_like(first):
        return "Only the first channel was read."
    if is_like(kernel / size):
        return "That is the mean of the products. Their sum is asked for."
    return "The maps have the right shape, but other numbers."


def _same(found, right):
    return np.allclose(found, right, rtol=1e-5, atol=1e-5)


q1 = Exercise(
    _judge_layer,
    answer=conv_layer,
    placeholder=todo,
    insight="This is all that `Conv2D` computes, at each place and for each "
    "filter.",
    hints=(
        "`image[row : row + side, column : column + side]` has all channels: "
        "its shape is `(side, side, channels)`, and so is one filter's.",
        "`kernel[:, :, :, number]` is one filter. Multiply it with what lies "
        "under it, add over all three axes with `.sum()`, and add its bias.",
        "Take section 2's `convolve`, let `result` have a third axis, and put "
        "a third loop, over the filters, inside the other two.",
    ),
    reasons="""
        To section 2's two loops comes one over the filters. The channels need
        no loop: `sum` adds over all axes of the block.
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
    if not np.isclose(on_line, 1, atol=0.03):
        return f"It finds the line, but gives {on_line:.3g} there, not 1."
    for column, name in ((0, "left"), (2, "right")):
        beside = weights[:, column].sum()
        if beside > 0.97:
            return (
                f"On a line under its {name} column it gives {beside:.3g}, no "
                "less than under the middle. It finds edges rather than lines."
            )
    return None


q2 = Exercise(
    _judge_line,
    answer=[[0, 0, 0], [-0.5, 1, -0.5], [0, 0, 0]],
    insight="Weights that add up to 0 see no brightness, only differences.",
    hints=(
        "On the line only the middle column meets a 1. What must its three "
        "weights add up to?",
        "On a horizontal line one row of weights meets ones. What must a row "
        "add up to?",
        "One row (a, b, a) and two of zeros: b = 1, and a + b + a = 0.",
    ),
    reasons="""
        On the line only the 1 counts. On one brightness, and on a horizontal
        line, -0.5 + 1 - 0.5 = 0. Three rows of (-1/6, 1/3, -1/6) do as well,
        and look at more of the line. `[-1/3, 1/3, 0]` three times passes, too,
        but gives 1 for the edge of a bright surface as well.
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
    for key in COUNTS:
        if not isinstance(given[key], numbers.Real):
            return f"`{key}` is a number, not `{given[key]!r}`."
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
        256 * 729 * (55 * 55 * 96 + 1): "`unshared`: it still looks only near "
        "by, as in the middle of section 5's figure.",
    }
    if unshared != 614_656 * 729:
        return wrong.get(
            unshared,
            "`unshared`: the layer's count, times the number of places.",
        )
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
