"""Exercises of chapter 3: sizes, rounding, and a broken calculation."""

import itertools
import math
import numbers
from collections.abc import Iterator

from alexnet_keras import networks, shapes
from alexnet_keras.exercises.core import (
    Exercise,
    Progress,
    fault_of_numbers,
    is_close,
    is_placeholder,
)


def _judge_recall(weights):
    wrong = {
        121: "That is one slice. A photo has three channels, so a filter is "
        "three deep.",
        33: "11 x 3 is one row of it. The filter is 11 high, too.",
        364: "364 with the bias. How many without?",
        34_848: "All 96 filters have so many. How many has one?",
        34_944: "So many numbers has the layer. How many weights has a filter?",
        11: "11 is its side. It has two sides and a depth.",
    }
    if isinstance(weights, numbers.Real) and weights == 363:
        return None
    if not isinstance(weights, numbers.Real):
        return f"Give one number, not `{weights!r}`."
    return wrong.get(weights, "Height times width times depth.")


recall = Exercise(
    _judge_recall,
    answer=11 * 11 * 3,
    insight="11 x 11 x 3, as deep as a photo has channels.",
    hints=(
        "A filter is a block: height, width and depth.",
        "It is 11 pixels high and wide. How many channels does it read?",
    ),
    reasons="Conv1 reads red, green and blue: 11 * 11 * 3 weights.",
)

KEYS = ("values", "times_as_many_values", "times_fewer_positions")


def _judge_ways(ways):
    if not isinstance(ways, list | tuple) or len(ways) != 3:
        return "Give a list of three tuples `(size, padding, rounding)`."
    for number, way in enumerate(ways, 1):
        if is_placeholder(way):
            return f"Way {number} is still missing."
        if fault := _fault_of_way(way):
            return f"Way {number}: {fault}"
    plain, hanging, padded = map(tuple, ways)
    for number, way, rounding in ((1, plain, "down"), (2, hanging, "up")):
        if way[2] != rounding:
            return f'Way {number} rounds "{rounding}".'
        if _ends(way[1]) != (0, 0):
            return f"Way {number} takes no padding: write 0."
    if padded[0] != 224:
        return "Way 3 starts from the paper's 224 pixels."
    if padded[2] != "down":
        return 'Way 3 rounds "down", as today\'s frameworks do, and pads.'
    if padded[1] == "same":
        return 'Way 3: "same" gives `ceil(224 / 4)`, which is 56.'
    before, after = _ends(padded[1])
    if before != after:
        return f"Way 3 pads both ends alike, not {before} and {after}."
    for number, (size, padding, rounding) in enumerate(ways, 1):
        places = shapes.output_size(size, 11, 4, padding, rounding)
        if places != 55:
            few = places < 55
            fault = f"its row is too {'short' if few else 'long'}"
            if number == 3:
                fault = f"its zeros are too {'few' if few else 'many'}"
            return f"Way {number} gives {places}: {fault}."
    if plain[0] < 230:
        return f"Way 1: {plain[0]} gives 55 places, but so does a longer row."
    if hanging[0] > 224:
        return f"Way 2: {hanging[0]} gives 55, but so does a shorter row."
    return None


def _fault_of_way(way):
    if not isinstance(way, list | tuple) or len(way) != 3:
        return "give a tuple `(size, padding, rounding)`."
    size, padding, rounding = way
    if not isinstance(size, numbers.Integral):
        return f"the size is a whole number of pixels, not `{size!r}`."
    if size < 11:
        return f"a filter of 11 pixels does not fit a row of {size}."
    if str(rounding) not in ("down", "up"):
        return (
            'the rounding is "down" or "up", in small letters, not '
            f"`{rounding!r}`."
        )
    if str(padding) in ("valid", "same"):
        return None
    ends = _ends(padding)
    if any(isinstance(end, numbers.Real) and end % 1 for end in ends):
        return (
            "there are no parts of a zero. The 3 missing pixels cannot be "
            "halved; what is the next whole number?"
        )
    whole = all(isinstance(end, numbers.Integral) for end in ends)
    if len(ends) != 2 or not whole or min(ends) < 0:
        return (
            "the padding is one whole number, the zeros at each end of a row, "
            f"not `{padding!r}`."
        )
    return None


def _ends(padding):
    """Returns the zeros before and after a row, of whatever type they are."""
    if str(padding) == "valid":
        return (0, 0)
    if isinstance(padding, list | tuple):
        return tuple(padding)
    return (padding, padding)


q1 = Exercise(
    _judge_ways,
    answer=[(230, 0, "down"), (224, 0, "up"), (224, 2, "down")],
    insight="Rounding up, 224 to 227 pixels give 55 places; rounding down, 227 "
    "to 230. Only at 227 do both agree.",
    hints=(
        "Place 55 starts at pixel 54 * 4 = 216 and ends with pixel 226. How "
        "many pixels may follow before there is room for place 56?",
        "Way 2: place 54 ends with pixel 222. Rounding up, place 55 counts as "
        "soon as one pixel more is there. How long is that row, when its "
        "first pixel is number 0?",
        "Way 3: with `p` zeros at each end the row is 224 + 2p pixels long. "
        "It must hold at least 227 pixels but fewer than 231.",
    ),
    reasons="""
        1. **The largest, rounding down:** (230 - 11) / 4 = 54.75, so 54 steps
           and 55 places. Pixel 230, the 231st, would make room for place 56.
        2. **The smallest, rounding up:** (224 - 11) / 4 = 53.25, so 54 steps
           and 55 places. At 223 it is 53 exactly: the paper's size is the
           smallest that the 2012 code turns into 55.
        3. **Padding alike:** (224 + 2 * 2 - 11) / 4 = 54.25, so 54 steps and
           55 places. torchvision, PyTorch's collection of networks, has this
           padding of 2. One zero at each end is too few (226 pixels), three
           do as well (230).
    """,
)


def _judge_sizes(sizes):
    if not isinstance(sizes, dict) or set(sizes) != {6400, 9216}:
        return (
            "Give a dictionary with the keys 6400 and 9216, numbers without "
            "quotes."
        )
    for end, found in sizes.items():
        if is_placeholder(found):
            return f"The sizes that end in {end} are still missing."
        if isinstance(found, numbers.Number):
            return f"More than one size ends in {end}: give a range or a list."
        if fault := _fault_of_sizes(found):
            return f"{end}: {fault}"
    given = {end: _first(found) for end, found in sizes.items()}
    right = _sizes_by_end("down")
    if given == right:
        return None
    if given == {6400: right[9216], 9216: right[6400]}:
        return "You exchanged the two: larger images give larger maps."
    if given == _sizes_by_end("up"):
        return "You rounded up, as the 2012 code did. Here, round down."
    for end, found in given.items():
        if not found:
            return f"{end}: the list is empty."
        if max(found) < shapes.smallest_size(_sized_rows("down")):
            return f"{end}: images are meant, and no layer's places."
        if extra := found - right[end]:
            return f"{min(extra)} does not end in {end}."
    for end, found in given.items():
        if len(found) == 2 and not isinstance(sizes[end], range):
            return (
                f"{end}: two numbers stand for two sizes only. For all sizes "
                "from a to b write `range(a, b + 1)`."
            )
        if found != right[end]:
            missing = right[end] - found
            tip = ""
            if isinstance(sizes[end], range) and missing == {max(right[end])}:
                tip = " A range ends before its second number."
            return f"All these sizes end in {end}, but there are more.{tip}"
    return None


def _fault_of_sizes(found):
    if isinstance(found, str | bytes):
        return "give numbers, in a list or a range, not text."
    if isinstance(found, Iterator):
        return "give a list: what you gave can be gone through only once."
    try:
        found = _first(found)
    except TypeError:  # cannot be gone through, or holds lists
        return "give one flat list of numbers, or a range."
    if not all(isinstance(size, numbers.Integral) for size in found):
        return "sizes are whole numbers of pixels, in a list or a range."
    return None


def _first(found):
    """Returns a set of an answer's sizes; an endless answer is cut off."""
    return set(itertools.islice(found, 1_000))


def _sized_rows(rounding):
    return [
        row._replace(rounding=rounding)
        for row in networks.body(networks.ALEXNET)
        if hasattr(row, "rounding")
    ]


def _sizes_by_end(rounding):
    rows, ends = _sized_rows(rounding), {}
    for size in range(100, 400):
        last = shapes.table(rows, size)[-1]
        ends.setdefault(math.prod(last.output_shape), set()).add(size)
    return {end: ends[end] for end in (6400, 9216)}


q2 = Exercise(
    _judge_sizes,
    answer={6400: range(195, 227), 9216: range(227, 259)},
    placeholder={6400: ..., 9216: ...},
    insight="Each number covers 32 sizes, and the border runs between 226 and "
    "227.",
    hints=(
        "Both have 256 channels: 6400 is 5 x 5 x 256, 9216 is 6 x 6 x 256. "
        "So you look for the sizes whose pool5 is 5 or 6 wide.",
        "Put the loop of section 6 into a function `last_size(size)`: leave "
        "out the line `size = 227` and the `print`, and `return size` after "
        "the loop. Call it for every size from 100 to 400.",
        "`[size for size in range(100, 400) if last_size(size) == 5]`, and "
        "the same for 6.",
    ),
    reasons="""
        They were found so, with `layers` and `places` of this chapter:

        ```python
        def last_size(size):
            for filter_size, stride, padding in layers.values():
                size = places(size, filter_size, stride, padding)
            return size

        answer = {
            6400: [size for size in range(100, 400) if last_size(size) == 5],
            9216: [size for size in range(100, 400) if last_size(size) == 6],
        }
        ```

        By hand: a pool5 of 6 needs a map of 13 or 14 before it, so 27 to 30
        after pool1 and 55 to 62 after conv1. 55 needs (55 - 1) * 4 + 11 = 227
        pixels, 62 needs 255, and up to three more change nothing: 227 to 258.
        One value less in pool5 is one step of its window less, and that is
        2 * 2 * 2 * 4 = 32 pixels of the image: 195 to 226.
    """,
)


def _judge_calculation(given):
    if fault := fault_of_numbers(given, KEYS):
        return fault
    values, more, fewer = (given[key] for key in KEYS)
    if values == 55 * 55 * 9:
        return "55 x 55 x 9 is the article's. Conv1 has 96 filters, not 9."
    if values == 55 * 55:
        return "3,025 is the number of positions. Each holds 96 values."
    if values == 54 * 54 * 96:
        return "54 is what 224 pixels give. From 227 it is 55 in a row."
    if values != 55 * 55 * 96:
        return "Conv1 gives one value for each of its filters at each place."
    right = 55 * 55 * 96 / (227 * 227 * 3)
    if is_close(more, right - 1):
        return (
            f"`{KEYS[1]}`: that is how much is added. How many times as many?"
        )
    if fault := _fault_of_quotient(
        more, right, "conv1's values by the input's"
    ):
        return f"`{KEYS[1]}` {fault}"
    if is_close(fewer, 227 / 55):
        return "Positions lie in two directions: 227 x 227 against 55 x 55."
    right = (227 / 55) ** 2
    if fault := _fault_of_quotient(fewer, right, "227 x 227 by 55 x 55"):
        return f"`{KEYS[2]}` {fault}"
    return None


def _fault_of_quotient(number, right, division):
    if is_close(number, right):
        return None
    if is_close(number, 1 / right):
        return f"is upside down: divide {division}."
    if is_close(number, right, 0.1):
        return f"is close, but not it: divide {division}; give three digits."
    return f"is another quotient: divide {division}."


q3 = Exercise(
    _judge_calculation,
    answer={
        "values": 55 * 55 * 96,
        "times_as_many_values": 55 * 55 * 96 / (227 * 227 * 3),
        "times_fewer_positions": 227 * 227 / (55 * 55),
    },
    placeholder=dict.fromkeys(KEYS, ...),
    insight="17 times fewer positions, yet 1.88 times as many values.",
    hints=(
        "What does the last number of a map's shape count?",
        "It counts filters, and conv1 has 96. A position is a pair of row and "
        "column, whatever the number of channels.",
        "Values: 55 * 55 * 96 divided by 227 * 227 * 3. Positions: 227 * 227 "
        "divided by 55 * 55.",
    ),
    reasons="""
        The article reckoned with 9 where the network has 96. Conv1 has fewer
        positions (51,529 to 3,025) but at each of them 96 values in place of
        3, so values grow from 154,587 to 290,400. More values are not more
        information: all of them are computed from the same 154,587.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3)
