"""Exercises of chapter 9: crops, a pipeline, colours, and the whole network."""

import collections
import itertools
import math
import numbers

import numpy as np

from alexnet_keras import networks, shapes
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

_LOSS_WRONG = {
    1.0: "That is log10(10). The loss takes the natural logarithm, `np.log`.",
    6.91: "ln 1000 is for a thousand classes. Here are ten.",
    0.1: "0.1 is the probability of the right class. The loss is -ln of it.",
    10.0: "10 is the number of classes. What does it cost to guess among them?",
    -2.30: "The loss is *minus* the logarithm of a share, so it is above 0.",
    3.32: "That is the logarithm to the base 2. The loss takes `np.log`.",
}
_FACTOR_WRONG = {
    5.0: "5 is 1 / rate. Only at a rate of 0.5 that comes to the same.",
    0.8: "0.8 is the share that stays. To keep the mean, undo it.",
    2.0: "2 belongs to a rate of 0.5.",
    1.0: "Then the next layer gets less in training than at a test.",
    0.2: "0.2 is the rate itself. What do four fifths need, to count as five?",
    1.2: "Four fifths times 1.2 are 0.96, not yet 1.",
}


def _judge_recall(answer):
    if fault := fault_of_pair(answer, ("loss", "factor")):
        return fault
    loss, factor = answer
    if is_close(loss, 1.25) and is_close(factor, math.log(10)):
        return "You exchanged the two: the loss comes first."
    if not is_close(loss, math.log(10)):
        return named(loss, _LOSS_WRONG, "The loss: knowing nothing costs ln K.")
    if not is_close(factor, 1.25):
        return named(
            factor,
            _FACTOR_WRONG,
            "The factor: four fifths stay. Times what are they a whole?",
        )
    return None


recall = Exercise(
    _judge_recall,
    answer=(2.303, 1.25),
    placeholder=(..., ...),
    insight="ln 10 = 2.30, and 1 / (1 - 0.2) = 1.25.",
    hints=(
        "A network that knows nothing gives each of K classes 1 / K. The loss "
        "is -ln of what the right class got.",
        "A fifth is dropped, so 0.8 of the sum is left. By what must it be "
        "multiplied to be what it was?",
    ),
    reasons="""
        -ln(1 / 10) = ln 10 = 2.303. Of the units 1 - 0.2 = 0.8 stay, and
        0.8 * 1.25 = 1, so the mean is kept.
    """,
)

VIEWS = ("caffe", "wide", "side")
_VIEWS_RIGHT = dict(zip(VIEWS, (1800, 7788, 225), strict=True))
_VIEWS_WRONG = {
    "caffe": {
        1682: "From 0 to 29 are 30 places, not 29. Count the first one, too.",
        841: "From 0 to 29 are 30 places, not 29; and the mirrored ones count.",
        900: "Those are the places. Each crop can be mirrored as well.",
        60: "Rows and columns multiply: any top row goes with any column.",
        58: "Rows and columns multiply, and from 0 to 29 are 30 places.",
        2178: "2178 is for crops of 224. Here they are 227 wide.",
        2048: "2048 is the paper's number for crops of 224. Here they are 227.",
        30: "30 is the number of places along one side.",
    },
    "wide": {
        2178: "The picture is not square: it has more places from left to "
        "right than from top to bottom.",
        7488: "There are 33 places from top to bottom, 0 to 32.",
        3894: "Each of these crops can be mirrored as well.",
        3744: "Count the first place, too, and the mirrored ones.",
        302: "Rows and columns multiply.",
        7722: "118 places from left to right: 0 to 117.",
        27848: "The picture is 256 high, not 341 on both sides.",
    },
    "side": {
        224: "224 gives 33 places a side, so 2178.",
        223: "The wrong way: a smaller crop has more places, not fewer.",
        32: "32 is the number of places along a side. Which crop has so many?",
        2048: "2048 is the number of views. How wide is each of them?",
        226: "226 gives 31 places a side. One more is wanted.",
        227: "227 gives 30 places a side, so 1800.",
        33: "The side of the crop is asked for, in pixels.",
    },
}
_VIEWS_OTHERWISE = {
    "caffe": "how many places has the top row, how many the left column? "
    "Multiply, and count the mirrored ones.",
    "wide": "341 - 224 + 1 places from left to right. And from top to bottom?",
    "side": "2048 is 2 * 32 * 32, so there are 32 places a side.",
}


def _judge_views(given):
    if fault := fault_of_keys(given, VIEWS):
        return fault
    for key in VIEWS:
        number = given[key]
        if not isinstance(number, numbers.Real):
            return f"`{key}` must be a number, not `{number!r}`."
        if number != _VIEWS_RIGHT[key]:
            wrong = _VIEWS_WRONG[key].get(number, _VIEWS_OTHERWISE[key])
            return f"`{key}`: {wrong}"
    return None


q1 = Exercise(
    _judge_views,
    answer=dict(_VIEWS_RIGHT),
    placeholder=dict.fromkeys(VIEWS, ...),
    insight="The paper's 2048 belongs to crops of 225, which nobody cut.",
    hints=(
        "A crop of `size` in a row of `width` pixels can begin at 0, 1, ..., "
        "`width - size`. How many numbers are that?",
        "(top places) times (left places) times 2 for the mirror.",
        "2048 / 2 = 1024 = 32 * 32. So `256 - side + 1` is 32.",
    ),
    reasons="""
        `caffe`: 256 - 227 + 1 = 30, and 30 * 30 * 2 = 1800. `wide`: 33 from
        top to bottom, 341 - 224 + 1 = 118 from left to right, and 33 * 118 * 2
        = 7788. `side`: 256 - side + 1 = 32 gives 225. 32 is the *distance* of
        the last place from the first, 256 - 224; the paper counted distances.
    """,
)

_NUM_PICTURES, _BATCH, _EPOCHS = 96, 8, 3
_SHUFFLE = (
    "The order: {}. Shuffle the single pictures, with a buffer that holds all "
    "of them."
)


def feed(pictures, decode, vary, batch_size):
    """Gives every picture in every epoch, in a new order and a new view."""
    return (
        pictures.map(decode)
        .cache()
        .shuffle(1000)
        .map(vary)
        .batch(batch_size)
        .prefetch(1)
    )


def _judge_feed(function):
    """Judges a pipeline by what comes out, and by how often it decodes."""
    if fault := fault_of_function(function):
        return fault
    import tensorflow as tf

    calls, faults = collections.Counter(), []
    views = itertools.count()

    def count(what, value):
        if fault := _fault_of_input(what, value):
            faults.append(fault)
            raise TypeError(fault)

        def counted(value):
            calls[what] += 1
            return np.int64(value)

        found = tf.numpy_function(counted, [value], tf.int64)
        return tf.ensure_shape(found, ())

    def decode(record):
        return count("decode", record) * 2

    def vary(picture):
        number = count("vary", picture)
        # a number of its own for each view, whatever seed the notebook has set
        view = tf.numpy_function(
            lambda number: np.int64(next(views)), [number], tf.int64
        )
        return tf.stack([number, tf.ensure_shape(view, ())])

    records = tf.data.Dataset.range(_NUM_PICTURES)
    try:
        fed = function(records, decode, vary, _BATCH)
        odd = function(records.take(90), decode, vary, 7)
    except Exception:
        if faults:
            return faults[0]
        raise
    if is_placeholder(fed):
        return NOT_ATTEMPTED
    if not isinstance(fed, tf.data.Dataset):
        return (
            f"Return a `tf.data.Dataset`, not `{type(fed).__name__}`: what "
            "`.map`, `.shuffle` and their like give."
        )
    limit = _NUM_PICTURES + 1
    epochs = [[*fed.take(limit).as_numpy_iterator()] for _ in range(_EPOCHS)]
    counts = calls.copy()
    return _fault_of_feed(epochs, counts) or _fault_of_sizes(odd)


def _fault_of_sizes(fed):
    """Looks at 90 pictures in batches of 7, which leave 6 over."""
    sizes = [len(batch) for batch in fed.take(91).as_numpy_iterator()]
    if sizes[0] != 7:
        return f"With a `batch_size` of 7 the batches have {sizes[0]} pictures."
    if sum(sizes) != 90:
        return (
            f"Of 90 pictures in batches of 7 come {sum(sizes)}: the last, "
            "shorter batch belongs to the epoch, too."
        )
    return None


def _fault_of_input(what, value):
    """Says what is wrong with what `decode` or `vary` was given."""
    if not hasattr(value, "shape"):
        return (
            f"`{what}` takes one picture, not a dataset. `.map({what})` "
            "applies it to each."
        )
    if value.shape.rank and value.shape[0] is None:
        return f"`{what}` was given a batch. It takes one picture at a time."
    if value.shape.rank:
        return f"`{what}` was given a picture that was varied already."
    return None


def _fault_of_feed(epochs, calls):
    last = epochs[-1]
    if len(last) > _NUM_PICTURES:
        return (
            "It does not end: one pass must be one epoch. Leave `repeat` out."
        )
    if not last:
        return "Nothing comes out."
    if not calls["decode"]:
        return "`decode` was never called. `.map(decode)` applies it."
    if not calls["vary"]:
        return "`vary` was never called. `.map(vary)` applies it."
    if np.ndim(last[0]) == 1:
        return f"Single pictures come out. Make batches of {_BATCH}."
    if np.ndim(last[0]) != 2 or np.shape(last[0])[1] != 2:
        return (
            f"An element has the shape {np.shape(last[0])}. First `decode`, "
            "then `vary`, each once, then one `batch`."
        )
    if len(last[0]) != _BATCH:
        return f"A batch has {len(last[0])} pictures, asked for were {_BATCH}."
    orders = [np.concatenate(epoch)[:, 0] // 2 for epoch in epochs]
    views = [np.concatenate(epoch)[:, 1] for epoch in epochs]
    if any(sorted(order) != [*range(_NUM_PICTURES)] for order in orders):
        return (
            f"{_NUM_PICTURES} pictures went in. An epoch brings "
            f"{len({*orders[-1].tolist()})} different ones, "
            f"{len(orders[-1])} in all."
        )
    if np.intersect1d(views[0], views[1]).size:
        return (
            "The views of the first epoch come again in the second: they were "
            "cached. What is drawn anew must stand after the `cache`."
        )
    return _fault_of_order(orders) or _fault_of_counts(calls)


def _fault_of_order(orders):
    steps = [np.abs(np.diff(order)) for order in orders]
    if all((step == 1).all() for step in steps):
        return _SHUFFLE.format("the pictures come as they are stored")
    inside = np.abs(np.diff(orders[0].reshape(-1, _BATCH), axis=1))
    if (inside == 1).all():
        return _SHUFFLE.format(
            "whole batches are shuffled, but within each the pictures come as "
            "they are stored"
        )
    if all(np.array_equal(order, orders[0]) for order in orders):
        return (
            "The order is shuffled, but it is the same in every epoch. `cache` "
            "keeps the order of what stands before it, and "
            "`reshuffle_each_iteration=False` does, too."
        )
    near = np.mean([order[: _NUM_PICTURES // 4].mean() for order in orders])
    if near < 0.34 * _NUM_PICTURES:
        return _SHUFFLE.format(
            "the first quarter of an epoch brings mostly pictures that are "
            "stored first, so the buffer is too small"
        )
    places = [np.argsort(order) for order in orders[:2]]
    if np.corrcoef(places)[0, 1] > 0.7:
        return (
            "The order is nearly the same in every epoch: what stands before "
            "`cache` keeps its order. Shuffle all of them behind it."
        )
    return None


def _fault_of_counts(calls):
    if calls["decode"] != _NUM_PICTURES:
        return (
            f"In {_EPOCHS} epochs of {_NUM_PICTURES} pictures `decode` was "
            f"called {calls['decode']} times. Once for each picture is enough."
        )
    return None


q2 = Exercise(
    _judge_feed,
    answer=feed,
    placeholder=todo,
    insight="Slow and always the same comes before `cache`; what is drawn anew "
    "comes after it; and pictures are shuffled before they are batched.",
    hints=(
        "Five of section 9's methods: `map` (twice), `cache`, `shuffle`, "
        "`batch`; and `prefetch` at the end.",
        "Ask of each: shall its result be the same in every epoch? If so, it "
        "stands before `cache`.",
        "`pictures.map(decode).cache()`, then shuffle, vary, batch.",
    ),
    reasons="""
        `decode` is slow and always gives the same, so it runs once. The order
        and the views are drawn anew in every epoch, so `shuffle` and
        `map(vary)` stand after `cache`. The buffer of `shuffle` holds the whole
        set; `batch` comes after it, or whole batches would be shuffled.
        `shuffle` may stand after `map(vary)` as well. It costs more memory
        there where views are larger, as floats are than bytes.
    """,
)

FAULTS = ("none", "transposed", "variance", "every pixel")
_PROGRAMS = {
    "a": "variance",
    "b": "transposed",
    "c": "none",
    "d": "every pixel",
}
_STDDEVS = np.array([60.0, 24.0, 9.0])


def _components():
    """Gives three unit vectors at right angles, one a column."""
    square = [[0.62, -0.71, 0.2], [0.55, 0.3, -0.8], [0.56, 0.64, 0.55]]
    return np.linalg.qr(np.array(square))[0]


def programs():
    """Gives four programs that shift colours, and what they use.

    Returns:
        Dict of functions `(image, seed)` by their names, of a float array
        `(height, width, 3)` and an int; float array `(3,)`, the standard
        deviations along the components; and float array `(3, 3)`, the
        components, one a column.
    """
    components = _components()

    def program(fault):
        matrix = components.T if fault == "transposed" else components
        spread = _STDDEVS**2 if fault == "variance" else _STDDEVS

        def shift(image, seed):
            image = np.asarray(image, float)
            shape = image.shape if fault == "every pixel" else (3,)
            alphas = np.random.default_rng(seed).normal(0, 0.1, shape)
            return image + (alphas * spread) @ matrix.T

        return shift

    made = {name: program(fault) for name, fault in _PROGRAMS.items()}
    return made, _STDDEVS.copy(), components


_CLUES = {
    "none": "it is the right one.",
    "transposed": "its shifts have the usual size, but another direction.",
    "variance": "how large are its shifts?",
    "every pixel": "give it a picture of one colour and look at the result.",
}


def _judge_programs(given):
    if fault := fault_of_keys(given, _PROGRAMS):
        return fault
    for name, fault in given.items():
        if fault not in FAULTS:
            return (
                f"`{name}`: write one of {', '.join(map(repr, FAULTS))}, not "
                f"`{fault!r}`."
            )
    twice = [f for f in FAULTS if [*given.values()].count(f) > 1]
    if twice:
        return f"Each of the four occurs once. You have `{twice[0]}` twice."
    wrong = [name for name in _PROGRAMS if given[name] != _PROGRAMS[name]]
    if not wrong:
        return None
    if {_PROGRAMS[name] for name in wrong} == {"none", "transposed"}:
        return (
            "Two are right, but the transposed one and the right one are "
            "exchanged. Along which component must shifts be largest?"
        )
    first = wrong[0]
    return f"`{first}` is not `{given[first]}`: {_CLUES[_PROGRAMS[first]]}"


q3 = Exercise(
    _judge_programs,
    answer=dict(_PROGRAMS),
    placeholder=dict.fromkeys(_PROGRAMS, ...),
    insight="A shape tells none of them apart. Numbers along the components "
    "do.",
    hints=(
        "Give each program a black picture, `np.zeros((4, 4, 3))`, and look at "
        "the numbers. One is easy to tell.",
        "Collect one pixel for 500 seeds: `shifts = np.array([programs[name]"
        "(black, s)[0, 0] for s in range(500)])`.",
        "`(shifts @ their_components).std(axis=0)` are the spreads along the "
        "components. They shall be a tenth of `their_stddevs`.",
    ),
    reasons="""
        One gives every pixel a shift of its own: noise, no light. One has
        spreads of 360, 58 and 8, a tenth of the *squares* of the deviations,
        and so drives pictures into black and white. Of the other two only one
        has spreads of 6, 2.4 and 0.9 along the components. The transposed one
        mixes them: its largest shift is not along the brightness.
    """,
)


def _judge_rows(rows):
    if not isinstance(rows, list | tuple) or hasattr(rows, "_fields"):
        return "Give a list of rows, such as `[Conv(...), Norm(...)]`."
    if any(is_placeholder(row) for row in rows):
        done = [row for row in rows if not is_placeholder(row)]
        if not done:
            return NOT_ATTEMPTED
        return _fault_of_rows(done, short=True) or (
            f"{len(done)} rows, all right so far. After {done[-1].name} comes "
            f"{networks.ALEXNET[len(done)].name}."
        )
    return _fault_of_rows(rows)


def _fault_of_rows(rows, short=False):
    """Names the first row that is not AlexNet's."""
    for number, right in enumerate(networks.ALEXNET):
        if number >= len(rows):
            if short:
                return None
            return (
                f"The network ends after {number} rows. There it lacks "
                f"{right.name}."
            )
        row = rows[number]
        if fault := _fault_of_row(row, right):
            return fault
    extra = rows[len(networks.ALEXNET) :]
    return f"Nothing follows fc8, but you have {extra[0]!r}." if extra else None


def _fault_of_row(row, right):
    kind = type(right).__name__
    if not isinstance(row, tuple) or not hasattr(row, "_fields"):
        return f"{right.name}: a row is wanted, a {kind}, not `{row!r}`."
    if type(row) is not type(right):
        return (
            f"Where {right.name} belongs, a {kind}, you have "
            f"{row.name!r}, a {type(row).__name__}."
        )
    if row.name != right.name:
        return f"The {kind} at this place is {right.name!r}, not {row.name!r}."
    for field, wanted in right._asdict().items():
        if field == "name" or getattr(row, field) == wanted:
            continue
        if field in ("padding", "rounding") and _same_size(row, right):
            continue
        clue = _ROW_CLUES[field]
        if field == "bias" and kind != "Norm":
            clue = "Every filter and every unit has one."
        return f"{right.name}: {field}. {clue.format(row=row)}"
    return None


_ROW_CLUES = {
    "filters": "{row.filters} filters? The table's output has the number.",
    "filter_size": "It is not {row.filter_size} wide.",
    "stride": "It does not move by {row.stride}.",
    "padding": "{row.padding!r} gives another size than the table says.",
    "rounding": "{row.rounding!r} gives 54 places at 224 pixels (chapter 3).",
    "groups": "{row.groups} here. Who reads both towers, and who only its own?",
    "activation": "{row.activation!r}. Every layer bends by a ReLU, but the "
    "last, which gives probabilities.",
    "bias": "{row.bias} is Caffe's, or nobody's. The paper's k? (Chapter 5.)",
    "size": "{row.size} channels compete? (Chapter 5.)",
    "alpha": "{row.alpha} is not the paper's (chapter 5).",
    "beta": "{row.beta} is not the paper's (chapter 5).",
    "units": "{row.units} units? The table's output has the number.",
    "rate": "{row.rate} is not the paper's rate (chapter 8).",
}


def _same_size(row, right):
    """Says whether two rows differ in nothing that changes a size."""
    sizes = (224, 227) if right.name == "conv1" else (55, 27, 13)
    try:
        return all(
            shapes.zeros(row, size) == shapes.zeros(right, size)
            for size in sizes
        )
    except (TypeError, ValueError):
        return False


class _Rows(list):
    """A list of rows that is shown as one would write it."""

    def __repr__(self):
        lines = []
        for row in self:
            plain = type(row)._field_defaults
            parts = [repr(row.name)]
            parts += [
                f"{field}={value!r}"
                for field, value in row._asdict().items()
                if field != "name" and value != plain.get(field)
            ]
            lines.append(f"    rows.{type(row).__name__}({', '.join(parts)}),")
        return "[\n" + "\n".join(lines) + "\n]"


q4 = Exercise(
    _judge_rows,
    answer=_Rows(networks.ALEXNET),
    placeholder=[...],
    insight="Sixteen rows, eight of them with weights. That is AlexNet.",
    hints=(
        "The names and the order stand in the table of *AlexNet so far*.",
        "`Conv(name, filters, filter_size, stride, padding, groups)`: filters "
        "are the last number of the output. Where the padding is not 0, write "
        '`padding="same"`; where it is 0, leave it out.',
        'The end: `Flatten("flatten")`, `Dense("fc6", 4096)`, '
        '`Dropout("drop6")`, and at last a Dense with '
        '`activation="softmax"`.',
    ),
    reasons="""
        Conv1 rounds up (chapter 3). norm1, norm2, conv2, conv4 and conv5 have
        two groups, the towers; conv3 reads both (chapters 5 and 7). The pools
        are all alike: 3 wide, 2 apart (chapter 6). fc6 and fc7 have 4096 units
        and a dropout of 0.5, fc8 has 1000 and the softmax (chapter 8).
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3, q4=q4)
