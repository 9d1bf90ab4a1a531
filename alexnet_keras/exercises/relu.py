"""Exercises of chapter 4: a bend that leaks, a dead filter, slopes in a row."""

import numbers

import numpy as np

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_keys,
    fault_of_pair,
    is_close,
    is_placeholder,
    named,
    todo,
)

# From which start which activation needs fewer steps to 25% training error:
# `datasets/relu_and_tanh.csv`, which tests/test_relu_and_tanh.py reads.
WINNERS = {"2012": "relu", "today": "tanh"}

_SEEN_WRONG = {
    3: "That is what one value of the pool sees. The filter reads five of "
    "them.",
    5: "The filter reads five values of the pool, but each of those has seen "
    "three.",
    7: "Neighbours in the pool lie 2 apart in the map, its stride, not 1.",
    13: "Five neighbours have four distances between them, not five.",
    15: "The windows overlap: they are 3 wide, but only 2 apart.",
    51: "51 are pixels of the *image*. The values of the map of 55 are asked "
    "for.",
}


def _judge_recall(answer):
    if fault := fault_of_pair(answer, ("width", "seen")):
        return fault
    width, seen = answer
    if (width, seen) == (11, 27):
        return "You exchanged the two: the width comes first."
    if width == 55:
        return "The pool has a stride of 2: it does not keep the width."
    if width == 28:
        return "A window 3 wide can move 52 values, in steps of 2. Count again."
    if width == 23:
        return 'That is without padding; `"same"` adds zeros.'
    if width != 27:
        return "The width: (55 - 3) / 2 steps and one place more for the pool."
    if seen == 11:
        return None
    return _SEEN_WRONG.get(
        seen, "What it sees: one window, and how far four more reach beyond it."
    )


recall = Exercise(
    _judge_recall,
    answer=(27, 11),
    placeholder=(..., ...),
    insight='(55 - 3) / 2 + 1 = 27, and `"same"` keeps it at a stride of 1. '
    "One window of 3, and four steps of 2: 11 values.",
    hints=(
        "The two questions are apart. For the width only the pool matters.",
        "A value of the pool sees 3 values. Its neighbour begins 2 further on. "
        "Draw five of them.",
        "The width is (55 - 3) / 2 + 1. The fifth window begins 4 * 2 values "
        "after the first.",
    ),
    reasons="""
        The pool can move over 55 - 3 = 52 values, in steps of 2: 26 steps and
        27 places. A filter 5 wide with two zeros at each end keeps them. It
        reads five neighbours of the pool, which see 3 values each and begin 2
        apart: 3 + 4 * 2 = 11.
    """,
)


def _judge_winners(answer):
    if fault := fault_of_keys(answer, WINNERS):
        return fault
    given = {start: str(name).lower() for start, name in answer.items()}
    for name in given.values():
        if name not in ("relu", "tanh"):
            return f'Write "relu" or "tanh", not `{name!r}`.'
    if given == WINNERS:
        return None
    if len({*given.values()}) == 1:
        return (
            f"You let {given['2012']} win twice. Noted: look at the figure "
            "below, and say what surprises you."
        )
    return (
        "Noted. The figure below tells otherwise: which bend had trouble in "
        "section 5?"
    )


winners = Exercise(
    _judge_winners,
    answer=dict(WINNERS),
    placeholder=dict.fromkeys(WINNERS, ...),
    insight="Each wins once, so the start has a say in it.",
    hints=(
        "Section 5 looked at what reaches tanh from the start of 2012.",
        "From today's start, few values reach the flat parts of tanh. Has it "
        "any trouble left?",
    ),
    reasons="""
        From the start of 2012 most values reach tanh where it is flat, and the
        gradient has next to nothing to multiply with. ReLU does not mind. From
        today's start tanh is steep for most values, and here it even learns in
        fewer steps. That part nobody could have known beforehand: it was
        measured.
    """,
)


def leaky(x):
    """Gives a bend that leaks a tenth, and its slope."""
    return np.where(x > 0, x, 0.1 * x), np.where(x > 0, 1.0, 0.1)


def _judge_leaky(function):
    if fault := fault_of_function(function):
        return fault
    rng = np.random.default_rng(4)
    for shape in ((7,), (2, 3, 4)):
        x = 3 * rng.normal(size=shape)
        try:
            found = function(x.copy())
        except ValueError as error:
            if "truth value" not in str(error):
                raise
            if len(shape) > 1:
                return (
                    "It works for a row of numbers, but a map has more axes: "
                    f"`x` of shape {shape} fails. `np.where` takes any shape."
                )
            return (
                "An `if` decides once for a whole array. Each number needs a "
                "decision of its own: try `np.where`, or `x > 0` as numbers."
            )
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if not isinstance(found, list | tuple) or len(found) != 2:
            return "Return two arrays: `return values, slopes`."
        for name, part in zip(("values", "slopes"), found, strict=True):
            if is_placeholder(part):
                return f"`{name}` is still missing."
        if _same_shape(found, x) and _exchanged(found, x):
            return "Values and slopes are exchanged."
        if fault := _fault_of_values(found[0], x):
            return fault
        if fault := _fault_of_slopes(found[1], x):
            return fault
    return None


def _same_shape(found, x):
    return all(np.shape(part) == x.shape for part in found)


def _exchanged(found, x):
    return _same(found[1], np.maximum(x, x / 10)) and not _same(
        found[0], found[1]
    )


def _fault_of_values(values, x):
    if np.shape(values) != x.shape:
        return "`values` needs one number for each number of `x`."
    mistakes = {
        "is ReLU: nothing comes through below 0.": np.maximum(x, 0),
        "is the absolute value: what is below 0 must stay there.": np.abs(x),
        "exchanges the two sides. Take the larger one.": np.minimum(x, x / 10),
        "changes nothing: below 0, a tenth should come through.": x,
        "is a tenth everywhere. Above 0, all comes through.": x / 10,
        "lets a tenth through with the wrong sign.": np.maximum(x, -x / 10),
        "is ReLU with an end at 1. A leaky bend has none.": np.clip(x, 0, 1),
        "leaks a hundredth, not a tenth.": np.maximum(x, x / 100),
    }
    return _named("values", values, np.maximum(x, x / 10), mistakes)


def _fault_of_slopes(slopes, x):
    if np.shape(slopes) != x.shape:
        return (
            "`slopes` needs one number for each number of `x`: the slope "
            "depends on where you are."
        )
    right = np.where(x > 0, 1.0, 0.1)
    mistakes = {
        "is ReLU's: 0 below 0. A bend that leaks still rises there.": x > 0,
        "is 1 everywhere, as if there were no bend.": np.ones_like(x),
        "exchanges the two sides.": np.where(x > 0, 0.1, 1.0),
        "falls below 0. There, too, more comes out when more goes in.": (
            np.where(x > 0, 1.0, -0.1)
        ),
        "repeats the values. A slope says how fast they grow.": right * x,
    }
    return _named("slopes", slopes, right, mistakes)


def _named(what, found, right, mistakes):
    """Names a mistake in an array, or returns None if it is right."""
    if _same(found, right):
        return None
    for mistake, wrong in mistakes.items():
        if _same(found, wrong):
            return f"`{what}` {mistake}"
    return f"`{what}` is another bend. Draw it, or try it on -2, -1, 1 and 2."


def _same(found, right):
    return np.allclose(np.asarray(found, float), right, rtol=0, atol=1e-6)


q1 = Exercise(
    _judge_leaky,
    answer=leaky,
    placeholder=todo,
    insight="Its slope is never 0, so a filter with this bend always has a way "
    "back. At 0 exactly there is no one slope; any from 0.1 to 1 will do.",
    hints=(
        "For the values, compare `x` with `0.1 * x`: above 0, which of the two "
        "is larger? And below?",
        "The slope is 1 where `x > 0` and 0.1 elsewhere. "
        "`np.where(condition, this, that)` chooses for each number.",
        "`np.maximum(x, 0.1 * x)` are the values.",
    ),
    reasons="""
        Above 0, `x` is larger than a tenth of it; below 0, the tenth is the
        larger one, so `np.maximum(x, 0.1 * x)` does as well. Keras has it as
        `keras.layers.LeakyReLU`. The slope at 0 is a convention; TensorFlow
        takes the lower one.
    """,
)

DEAD, FROM_ONE = 4, 5
_BIASES = (0.2, -2.4, 0.0, -6.0, -5.2, 0.4)


def _weights():
    """Draws what the clinic's layer and pictures consist of."""
    rng = np.random.default_rng(2012)
    pictures = rng.normal(size=(16, 10, 10, 1)).astype("float32")
    kernel = rng.normal(size=(3, 3, 1, 6)) / 3
    kernel[..., 3] *= 5  # large weights outdo the lowest bias
    return pictures, kernel.astype("float32"), np.array(_BIASES, "float32")


def clinic():
    """Gives a layer with a dead filter, and pictures.

    Returns:
        A `keras.layers.Conv2D` of 6 filters, and float32 array
        `(16, 10, 10, 1)`.
    """
    import keras

    pictures, kernel, biases = _weights()
    layer = keras.layers.Conv2D(6, 3, activation="relu")
    layer.build(pictures.shape)
    layer.set_weights([kernel, biases])
    return layer, pictures


def _sums():
    """Computes what the clinic's filters add up, without their biases."""
    pictures, kernel, _ = _weights()
    windows = np.lib.stride_tricks.sliding_window_view(
        pictures[..., 0], (3, 3), axis=(1, 2)
    )
    return np.einsum("nyxij,ijk->nyxk", windows, kernel[:, :, 0])


def _judge_clinic(answer):
    if fault := fault_of_keys(answer, ("dead", "bias")):
        return fault
    dead, bias = answer["dead"], answer["bias"]
    if isinstance(dead, list | np.ndarray) and np.size(dead) == 1:
        return f"`dead` is one number. Of `{dead!r}` take the first: `[0]`."
    if not isinstance(dead, numbers.Integral) or isinstance(dead, bool):
        return f"`dead` is the number of one filter, not `{dead!r}`."
    if not 0 <= dead < len(_BIASES):
        return "There are six filters, numbered 0 to 5."
    sums = _sums()
    if dead != DEAD:
        on = (sums[..., dead] + _BIASES[dead] > 0).any(axis=(1, 2)).sum()
        why = ""
        if dead == FROM_ONE:
            why = " Did you count from 1?"
        elif dead == np.argmin(_BIASES):
            why = " Its bias is the lowest, but its weights are large."
        elif on < 16:
            why = " Rarely is not never."
        return f"Filter {dead} is above 0 in {on} of the 16 pictures.{why}"
    if not isinstance(bias, numbers.Real):
        return f"`bias` must be a number, not `{bias!r}`."
    reached = sums[..., dead] + bias
    if not reached.max() > 0:
        return (
            f"With a bias of {bias:g} filter {dead} is as dead as before: the "
            "largest number that reaches its ReLU is "
            f"{reached.max():.2f}."
        )
    if reached.min() > 0:
        return (
            f"With a bias of {bias:g} filter {dead} lives, but it is above 0 "
            "everywhere. It never decides anything, as if it had no bend."
        )
    return None


q2 = Exercise(
    _judge_clinic,
    answer={"dead": DEAD, "bias": 0.0},
    placeholder={"dead": ..., "bias": ...},
    insight="Once a single place is above 0, the gradient is no longer 0 and "
    "the filter learns again.",
    hints=(
        "A filter is dead if its map is 0 at *every* place of *every* picture. "
        "`layer(sixteen).numpy()` has the shape (16, 8, 8, 6).",
        "Its `.max(axis=(0, 1, 2))` is the largest value of each filter.",
        "The other filters' biases show what a usual one is. "
        "`layer.get_weights()[1]` lists them.",
    ),
    reasons="""
        `layer(sixteen).numpy().max(axis=(0, 1, 2))` is 0 for filter 4 alone.
        Its bias of -5.2 is lower than anything its weights can add up to on
        these pictures. Filter 3 has a lower bias still, but larger weights;
        filter 1 is on in some pictures only. Any bias that lifts the largest
        sum above 0, and not the smallest, will do; 0 is the usual start.
    """,
)

KEYS = ("sigmoid", "sigmoid_weights", "relu", "relu_negative")
_RIGHT = dict(zip(KEYS, (0.25**5, 1.0, 3.0, 0.0), strict=True))
_CHAIN_WRONG = {
    "sigmoid": {
        1.25: "You added the slopes. In a row they multiply.",
        0.25: "That is a single layer. There are five.",
        0.25**8: "That is eight layers; here there are five.",
        1.0: "A sigmoid is never steeper than 0.25.",
        0.25**4: "That is four layers; there are five.",
    },
    "sigmoid_weights": {
        0.25**5: "The weights multiply along, 4 in each layer.",
        4**5: "You took the weights alone; each bend has a slope as well.",
        4 * 0.25**5: "All five layers have a weight of 4, not only one.",
        5.0: "You added. In a row all multiply.",
    },
    "relu": {
        1.0: "The bends' slopes are 1, but the weights multiply along.",
        5.5: "You added the weights. In a row they multiply.",
        0.0: "Nothing here falls below 0: 1, 2, 1, 3.",
        0.125: "Start from 1 and multiply by 2, 0.5 and 3.",
    },
    "relu_negative": {
        -3.0: "You forgot the bend. What does ReLU make of 2 * -0.5 = -1?",
        3.0: "A number below 0 does not become positive: ReLU makes it 0.",
        1.0: "Follow the number: 1, 2, and then 2 * -0.5.",
    },
}


def _judge_chain(given):
    if fault := fault_of_keys(given, KEYS):
        return fault
    for key in KEYS:
        number, right = given[key], _RIGHT[key]
        if not isinstance(number, numbers.Real):
            return f"`{key}` must be a number, not `{number!r}`."
        if number == right or (right and is_close(number, right, 0.03)):
            continue
        known = (
            "multiply the weight and the slope of each layer, then all layers "
            "with one another."
        )
        return f"`{key}`: {named(number, _CHAIN_WRONG[key], known)}"
    return None


q3 = Exercise(
    _judge_chain,
    answer=dict(_RIGHT),
    placeholder=dict.fromkeys(KEYS, ...),
    insight="Weights can make up for small slopes, but no weight can make up "
    "for a slope of 0.",
    hints=(
        "Each layer passes a change on, times its weight, times its bend's "
        "slope. Layers in a row multiply.",
        "A ReLU's slope is 1 or 0, as the number that reaches it is above 0 or "
        "below. So follow the number first.",
        "`sigmoid` is 0.25 ** 5; `sigmoid_weights` is (4 * 0.25) ** 5; `relu` "
        "is 2 * 0.5 * 3.",
    ),
    reasons="""
        - `sigmoid`: five slopes of 0.25 at best, 0.25 ** 5 = 0.000977.
        - `sigmoid_weights`: (4 * 0.25) ** 5 = 1, if every sigmoid stays at its
          steepest place.
        - `relu`: 1 becomes 2, 1 and 3, always above 0, so the slopes are 1 and
          the weights remain: 2 * 0.5 * 3 = 3.
        - `relu_negative`: 1 becomes 2, then -1, which ReLU makes 0. There its
          slope is 0, and so is the product.
    """,
)

progress = Progress(recall=recall, winners=winners, q1=q1, q2=q2, q3=q3)
