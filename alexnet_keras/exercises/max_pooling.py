"""Exercises of chapter 6: pool, move, hand back, and build a max from ReLUs."""

import itertools
import numbers

import numpy as np

from alexnet_keras import shapes
from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    is_placeholder,
    todo,
)

_SHAPE = (55, 55, 96)


def _judge_recall(answer):
    if not isinstance(answer, list | tuple) or len(answer) != 3:
        return "Give three things: `(values read, weights, shape)`."
    for name, part in zip(
        ("values read", "weights", "shape"), answer, strict=True
    ):
        if is_placeholder(part):
            return f"The {name}: still missing."
    read, weights, shape = answer
    for name, number in (("values read", read), ("weights", weights)):
        if not isinstance(number, numbers.Real):
            return f"The {name}: give one number, not `{number!r}`."
    wrong = {
        2: "Two on either side, and the value itself?",
        4: "Its own channel counts, too.",
        25: "It looks along the channels only, not at neighbouring pixels.",
        96: "Only neighbouring channels compete, not all of them.",
    }
    if read != 5:
        told = wrong.get(read, "How many channels compete at one pixel?")
        return f"The values read: {told}"
    if weights == 4:
        return "The weights: k, n, alpha and beta are chosen, not learned."
    if weights != 0:
        return "The weights: which of its numbers change during training?"
    if not isinstance(shape, list | tuple):
        return f"The shape: give rows, columns and channels, not `{shape!r}`."
    if tuple(shape) in ((1, *_SHAPE), (None, *_SHAPE)):
        return "The shape: the one of a single photo, without the batch."
    if tuple(shape) != _SHAPE:
        return "The shape: each value is divided by something, and stays."
    return None


recall = Exercise(
    _judge_recall,
    answer=(5, 0, _SHAPE),
    placeholder=(..., ..., ...),
    insight="It divides each value by what five channels hold at that pixel. "
    "It has nothing to learn, and changes no shape.",
    hints=(
        "Neighbouring channels compete: two before, two behind.",
        "Its constants were chosen before the training. And one value goes "
        "in for each that comes out.",
    ),
    reasons="""
        The window of norm1 is 5 channels wide: two on either side and the
        value's own. Its four constants are not learned, so it has no weights.
        A value is divided, never removed: 55 x 55 x 96 as before.
    """,
)


def max_pool(maps, size, stride, round_up=False):
    """Pools each channel; where it rounds up, the last window hangs over."""
    counts = []
    for side in maps.shape[:2]:
        steps = (side - size) / stride
        counts.append(int(np.ceil(steps) if round_up else steps) + 1)
    result = np.zeros((*counts, maps.shape[2]))
    for row in range(counts[0]):
        for column in range(counts[1]):
            top, left = row * stride, column * stride
            window = maps[top : top + size, left : left + size]
            result[row, column] = window.max(axis=(0, 1))
    return result


def _judge_pool(function):
    if fault := fault_of_function(function):
        return fault
    rng = np.random.default_rng(6)
    for shape, size, stride in (
        ((9, 13, 2), 3, 2),
        ((6, 8, 3), 3, 2),
        ((5, 8, 1), 2, 2),
        ((9, 6, 4), 4, 3),
        ((4, 5, 2), 2, 1),
    ):
        maps = rng.normal(size=shape).round(3) - 1
        for round_up in (False, True):
            tried = (
                f"(Tried with maps {shape}, size={size}, stride={stride}, "
                f"round_up={round_up}.)"
            )
            try:
                found = function(maps.copy(), size, stride, round_up)
            except Exception as error:
                return (
                    f"Your function raised `{type(error).__name__}: {error}`. "
                    f"{tried}"
                )
            if is_placeholder(found):
                return NOT_ATTEMPTED
            found = np.asarray(found)
            right = max_pool(maps, size, stride, round_up)
            fault = _fault_of_size(found, maps, right, (size, stride, round_up))
            fault = fault or _fault_of_pooled(found, maps, right, size, stride)
            if fault:
                return f"{fault} {tried}"
    return None


def _fault_of_size(found, maps, right, pool):
    size, stride, round_up = pool
    rows, columns, channels = right.shape
    if found.shape == right.shape:
        return None
    if found.shape in ((rows, columns), (rows, columns, 1)):
        return "You pooled over the channels. Each is pooled by itself."
    if found.shape == (channels, rows, columns):
        return "The channels come first. Here they come last."
    if found.shape == (columns, rows, channels):
        return "Rows and columns are exchanged."
    other = max_pool(maps, size, stride, not round_up)
    if found.shape == other.shape:
        if round_up:
            return "With `round_up=True` one more window fits: it hangs over."
        return "You rounded up, though `round_up` is False."
    apart = tuple(
        shapes.output_size(side, size, size, 0, "up" if round_up else "down")
        for side in maps.shape[:2]
    )
    if found.shape == (*apart, channels):
        return "Your windows do not overlap: they move by `size`."
    if found.shape == max_pool(maps, size, 1).shape:
        return "Your windows move by 1. They move by `stride`."
    if found.shape == (rows - 1, columns - 1, channels):
        return "The last row and column of windows are missing."
    return f"The pooled maps have the shape {found.shape}, not {right.shape}."


def _fault_of_pooled(found, maps, right, size, stride):
    if _same(found, right):
        return None
    wide = np.zeros((maps.shape[0] + size, maps.shape[1] + size, maps.shape[2]))
    wide[: maps.shape[0], : maps.shape[1]] = maps
    zeros = max_pool(wide, size, stride)[: len(right), : right.shape[1]]
    if _same(found, zeros):
        return (
            "A zero won that is not in the map: a window that hangs over takes "
            "the largest value *inside*, even if all are below 0."
        )
    if _same(found, np.maximum(right, 0)):
        return "Values below 0 became 0. That is ReLU's work."
    if _same(found, np.broadcast_to(right[..., :1], right.shape)):
        return "All channels got the first one's values."
    if _same(found, np.broadcast_to(right.max(-1, keepdims=True), right.shape)):
        return "The channels were compared with one another."
    means, smallest = np.empty_like(right), np.empty_like(right)
    for row, column in np.ndindex(right.shape[:2]):
        top, left = row * stride, column * stride
        part = maps[top : top + size, left : left + size]
        means[row, column] = part.mean(axis=(0, 1))
        smallest[row, column] = part.min(axis=(0, 1))
    if _same(found, means):
        return "That is the mean of each window. Keep the largest value."
    if _same(found, smallest):
        return "That is the smallest value of each window."
    corners = maps[::stride, ::stride][: len(right), : right.shape[1]]
    if _same(found, corners):
        return "That is the first value of each window, not the largest."
    return "The shape is right, but other values."


def _same(found, right):
    return found.shape == right.shape and np.allclose(found, right, atol=1e-6)


q1 = Exercise(
    _judge_pool,
    answer=max_pool,
    placeholder=todo,
    insight="Caffe's pools round up, Keras' down: now you have both.",
    hints=(
        "Take section 1's `pool`, and let `result` have a third axis for the "
        "channels. `window.max(axis=(0, 1))` leaves the channels apart.",
        "Rounding up, the number of steps is `math.ceil((side - size) / "
        "stride)`, after `import math`. Everything else may stay.",
        "A slice that ends outside the array stops at the array's end: the "
        "window that hangs over needs no case of its own.",
    ),
    reasons="""
        Only the number of windows depends on the rounding. Where the last one
        hangs over, NumPy's slice ends with the map, so its largest value is
        one inside.
    """,
)


def shift_change(image, look, pool, shift):
    """Compares the square at the top left with the one `shift` rows lower."""
    before = look(image[:227, :227])
    after = look(image[shift : shift + 227, :227])
    answers = []
    for one, other in ((before, after), (pool(before), pool(after))):
        answers.append(abs(other - one).mean() / one.mean())
    return answers


def _look(square):
    if np.shape(square) != (227, 227):
        raise _WrongSquare(np.shape(square))
    return np.maximum(square[::4, ::4] - square[1::4, 2::4][:57, :57], 0)


class _WrongSquare(Exception):
    """`look` was given something else than a square of 227 x 227."""


def _pooled(maps):
    windows = np.lib.stride_tricks.sliding_window_view(maps, (3, 3))
    return windows[::2, ::2].max(axis=(2, 3))


def _judge_shift(function):
    if fault := fault_of_function(function):
        return fault
    for shift in (1, 3, 6):
        image = np.random.default_rng([6, shift]).normal(size=(236, 241))
        image = image.cumsum(0).cumsum(1)
        tried = f"(Tried with shift={shift}.)"
        try:
            found = function(image.copy(), _look, _pooled, shift)
        except _WrongSquare as error:
            return f"`look` was given {error}, not 227 x 227 pixels. {tried}"
        except Exception as error:
            return (
                f"Your function raised `{type(error).__name__}: {error}`. "
                f"{tried}"
            )
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if np.shape(found) != (2,):
            return "Return two numbers: the maps' change, the pooled maps'."
        if fault := _fault_of_change(np.array(found), image, shift):
            return f"{fault} {tried}"
    return None


def _fault_of_change(found, image, shift):
    def is_like(numbers):
        return np.allclose(found, numbers, rtol=1e-3)

    before = _look(image[:227, :227])
    after = _look(image[shift : shift + 227, :227])
    small, later = _pooled(before), _pooled(after)
    gap, gap_pooled = abs(after - before), abs(later - small)
    right = gap.mean() / before.mean(), gap_pooled.mean() / small.mean()
    if is_like(right):
        return None
    if is_like(right[::-1]):
        return "You exchanged the two: conv1's change comes first."
    if is_like(
        shift_change(image.T, lambda part: _look(part.T), _pooled, shift)
    ):
        return "You moved to the right. Move down: rows come first."
    signed = (after - before).mean(), (later - small).mean()
    if is_like((signed[0] / before.mean(), signed[1] / small.mean())):
        return "More here and less there cancel. Take `abs` before the mean."
    if is_like((gap.mean(), gap_pooled.mean())):
        return "How large is that? Divide by the mean before."
    if is_like((gap.mean() / after.mean(), gap_pooled.mean() / later.mean())):
        return "You divided by the mean *after* the shift."
    if is_like((right[0], gap_pooled.mean() / before.mean())):
        return "The second number: divide by the *pooled* maps' mean."
    if is_like((right[0], _pooled(gap).mean() / small.mean())):
        return "The second number: pool both maps, then take the difference."
    if is_like((100 * right[0], 100 * right[1])):
        return "Those are percentages. Give shares: 0.5, not 50."
    if np.isclose(found[0], right[0], rtol=1e-3):
        return "The first number is right, the second is not."
    return "Neither number is right: the mean difference by the mean before."


q2 = Exercise(
    _judge_shift,
    answer=shift_change,
    placeholder=todo,
    insight="Measured against its own size, a pooled map changes less than the "
    "map. Part of that is because its values are larger: section 5 measured "
    "against another photo, which takes this out.",
    hints=(
        "Two squares: `image[:227, :227]`, and the same with `shift` added to "
        "both ends of the rows.",
        "`look` both, then `pool` both. That makes two pairs to compare.",
        "For a pair: `abs(after - before).mean() / before.mean()`.",
    ),
    reasons="""
        Cut, look, pool, and only then compare. Differences are taken without
        their sign: otherwise what grows here and shrinks there would cancel.
    """,
)

# Before its ReLU. Window (0, 2) holds nothing above 0.
MAP = np.array(
    [
        [-1, 3, -2, 2, -5, -4, -1],
        [2, -3, 5, 1, -3, -2, -6],
        [-1, 4, 8, -7, -2, -3, -4],
        [-7, 1, 2, 5, -1, 3, 2],
        [3, 9, 1, -2, 4, -3, 3],
    ]
)
ARRIVING = np.array([[1, -2, 3], [2, 4, -1]])


def _spread(share, bend=True):
    """Hands `ARRIVING` back, window by window, by a rule."""
    values, back = np.maximum(MAP, 0) if bend else MAP, np.zeros(MAP.shape)
    for row, column in np.ndindex(ARRIVING.shape):
        place = np.s_[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        back[place] = share(back[place], values[place], ARRIVING[row, column])
    return back * (MAP > 0) if bend else back


def _to_winner(back, window, number):
    return back + number * (window == window.max())


def _judge_gradient(answer):
    found = np.asarray(answer)
    if found.shape == ARRIVING.shape:
        return "That is as large as the pooled map. Give 5 rows of 7."
    if found.shape == MAP.T.shape:
        return "Rows and columns are exchanged: 5 rows of 7, please."
    if found.shape != MAP.shape:
        return f"Give 5 rows of 7 numbers, not the shape {found.shape}."
    found = found.astype(float)
    winners = _spread(_to_winner)

    def replaced(back, window, number):
        return np.where(window == window.max(), number, back)

    def first(back, window, number):
        is_free = (window == window.max()) & (back == 0)
        return np.where(is_free, number, back)

    def each(back, window, number):
        return back + number

    mistakes = {
        "Window (0, 2), whose values are all below 0, hands something back. "
        "ReLU made them 0, and its slope there is 0.": _to_winner,
        "Every value of a window got something. Only the winner does.": each,
        "You shared among all nine, as an average would. Only the winner gets "
        "it.": (lambda back, window, number: back + number / 9),
        "The 8 wins in three windows. You kept the last one's gradient; add "
        "all three.": replaced,
        "The 8 wins in three windows. You kept the first one's gradient; add "
        "all three.": first,
    }
    if np.allclose(found, winners):
        return None
    for mistake, share in mistakes.items():
        for bend in (True, False):
            if np.allclose(found, _spread(share, bend)):
                return mistake
    if np.allclose(found, np.where(winners != 0, MAP, 0)):
        return "Those are the winners' values. Their gradient is asked for."
    if np.allclose(found, winners != 0):
        return "Those mark the winners. How much does each get?"
    if np.allclose(found, abs(winners)):
        return "A gradient may be below 0: you lost the signs."
    if not np.isclose(found.sum(), winners.sum()):
        return (
            f"Yours add up to {found.sum():g}. What arrives adds up to 7, and "
            "one window's share is lost. Which, and how much?"
        )
    row, column = np.argwhere(~np.isclose(found, winners))[0]
    return (
        f"The sum is right, but look at row {row}, column {column} again "
        "(both count from 0)."
    )


q3 = Exercise(
    _judge_gradient,
    answer=_spread(_to_winner).astype(int).tolist(),
    insight="Four of 35 values hear anything at all.",
    hints=(
        "Begin with 35 zeros. For each of the six windows find its largest "
        "value, and add what arrives for this window to its place.",
        "The 8 lies in four windows and wins in three of them.",
        "One window holds no value above 0. After ReLU all nine are 0, and "
        "ReLU's slope there is 0.",
    ),
    reasons="""
        The 8 wins in windows (0, 0), (0, 1) and (1, 1): 1 - 2 + 4 = 3. The 9
        wins in (1, 0) and gets 2, the 4 in (1, 2) and gets -1. In (0, 2) all
        values are below 0; ReLU hands nothing back there, so the 3 is lost.
    """,
)


def largest(values, relu):
    """Finds the largest of some numbers with sums and `relu` alone."""
    best = values[0]
    for value in values[1:]:
        best = value + relu(best - value)
    return best


def _judge_largest(function):
    if fault := fault_of_function(function):
        return fault
    lists = [5.0, 2.0], [2.0, 5.0], [-3.0, -1.0], [-1.0, -3.0]
    longer = [4.0, -7.0, 6.5, 1.0, 6.0], [-2.0, -9.0, -0.5], [3.0, 3.0, 3.0]
    for values in itertools.chain(lists, longer):
        calls = []

        def relu(x, calls=calls):
            calls.append(x)
            return max(x, 0.0)

        tried = f"(Tried with {values}.)"
        try:
            found = function(list(values), relu)
        except Exception as error:
            return (
                f"Your function raised `{type(error).__name__}: {error}`. "
                f"{tried}"
            )
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if not isinstance(found, numbers.Real):
            return f"Return one number, not `{found!r}`. {tried}"
        if fault := _fault_of_largest(found, values, calls):
            return f"{fault} {tried}"
    return None


def _fault_of_largest(found, values, calls):
    if np.isclose(found, max(values)):
        if len(calls) < len(values) - 1:
            return (
                "The number is right, but where is `relu`? No `max`, no `if`."
            )
        return None
    if np.isclose(found, min(values)):
        return "That is the smallest. Turn the difference around."
    if len(values) == 2 and np.isclose(abs(found), abs(values[0] - values[1])):
        return "That is how far the two are apart. Add the smaller one to it."
    if np.isclose(found, 0) and max(values) < 0:
        return "All are below 0, and ReLU gave 0. Bend a *difference* instead."
    if np.isclose(found, sum(values)):
        return "That is the sum."
    if len(values) > 2 and np.isclose(found, max(values[:2])):
        return "Only the first two were compared. Go on with the winner."
    return f"That gives {found:g}, not {max(values):g}."


q4 = Exercise(
    _judge_largest,
    answer=largest,
    placeholder=todo,
    insight="So convolutions with ReLUs *can* do what a max-pool does, in many "
    "layers and with weights that someone has to learn.",
    hints=(
        "With two numbers first: if a is larger than b, by how much? "
        "`relu(a - b)` says it, and says 0 if a is not.",
        "The larger of a and b is `b + relu(a - b)`.",
        "Keep the best so far in a variable, and compare it with each further "
        "number in a loop.",
    ),
    reasons="""
        `b + relu(a - b)` is b + a - b = a if a is larger, and b + 0 = b if
        not. One comparison more for each further number: eight for a window of
        nine.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3, q4=q4)
