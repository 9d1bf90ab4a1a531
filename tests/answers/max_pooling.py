"""Chapter 6: wrong answers, each with a phrase of its message."""

import math

import numpy as np

from alexnet_keras.exercises import max_pooling
from alexnet_keras.exercises.max_pooling import largest, max_pool, shift_change

SHAPE = (55, 55, 96)
GRADIENT = np.array(max_pooling.q3.answer)


def _pool(best=np.max, pad=None, step=None, rounding=None, fewer=0):
    """Makes a pool with a fault."""

    def pool(maps, size, stride, round_up=False):
        move = step or stride
        move = size if step == "size" else move
        up = round_up if rounding is None else rounding
        counts = [
            (math.ceil if up else math.floor)((side - size) / move) + 1 - fewer
            for side in maps.shape[:2]
        ]
        if pad is not None:
            ends = (0, size)
            maps = np.pad(maps, (ends, ends, (0, 0)), constant_values=pad)
        result = np.zeros((*counts, maps.shape[2]))
        for row, column in np.ndindex(*counts):
            top, left = row * move, column * move
            window = maps[top : top + size, left : left + size]
            result[row, column] = best(window, axis=(0, 1))
        return result

    return pool


def _after(change):
    return lambda *arguments: change(max_pool(*arguments))


def _first(window, axis):
    return window[0, 0]


def _shift(compare, cut=lambda image, shift: image[shift : shift + 227, :227]):
    def change(image, look, pool, shift):
        before, after = look(image[:227, :227]), look(cut(image, shift))
        return compare(before, after, pool(before), pool(after), pool)

    return change


def _change(before, after):
    return abs(after - before).mean() / before.mean()


def _both(before, after, small, later, pool):
    return _change(before, after), _change(small, later)


def _without_relu(values, relu):
    return max(values)


def _two(values, relu):
    return values[1] + relu(values[0] - values[1])


def _from_0(values, relu):
    best = 0.0
    for value in values:
        best = value + relu(best - value)
    return best


def _smallest(values, relu):
    best = values[0]
    for value in values[1:]:
        best = best - relu(best - value)
    return best


def _changed(row, column, number):
    found = GRADIENT.copy()
    found[row, column] = number
    return found


def _everywhere(share):
    found = np.zeros((5, 7))
    for row, column in np.ndindex(2, 3):
        place = np.s_[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        found[place] += share * max_pooling.ARRIVING[row, column]
    return found


WRONG = {
    "recall": [
        ((25, 0, SHAPE), "along the channels only"),
        ((96, 0, SHAPE), "not all of them"),
        ((4, 0, SHAPE), "Its own channel"),
        ((2, 0, SHAPE), "on either side"),
        ((3, 0, SHAPE), "How many channels compete"),
        ((5, 4, SHAPE), "chosen, not learned"),
        ((5, 96, SHAPE), "change during training"),
        ((5, 0, (27, 27, 96)), "and stays"),
        ((5, 0, (1, *SHAPE)), "without the batch"),
        ((5, 0, 55), "rows, columns and channels"),
        ((5, ..., SHAPE), "The weights: still missing"),
        (("5", 0, SHAPE), "not `'5'`"),
        (5, "three things"),
    ],
    "q1": [
        (_pool(np.mean), "the mean of each window"),
        (_pool(np.min), "smallest value of each"),
        (_pool(_first), "the first value of each"),
        (_pool(step="size"), "do not overlap"),
        (_pool(step=1), "move by 1"),
        (_pool(fewer=1), "last row and column"),
        (_pool(rounding=False), "one more window fits"),
        (_pool(rounding=True), "You rounded up"),
        (_pool(pad=0), "A zero won"),
        (_after(lambda found: found.max(-1)), "pooled over the channels"),
        (
            _after(lambda found: np.moveaxis(found, -1, 0)),
            "channels come first",
        ),
        (_after(lambda found: found.swapaxes(0, 1)), "Rows and columns are"),
        (_after(lambda found: np.maximum(found, 0)), "ReLU's work"),
        (_after(lambda found: found[..., :1] + 0 * found), "the first one's"),
        (
            _after(lambda found: found.max(-1, keepdims=True) + 0 * found),
            "compared with one another",
        ),
        (_after(lambda found: 2 * found), "but other values"),
        (_after(np.ravel), "have the shape (48,)"),
        (lambda maps, size, stride: maps, "raised `TypeError"),
        (max_pool(np.ones((3, 3, 1)), 3, 2), "the function itself"),
    ],
    "q2": [
        (
            _shift(_both, lambda image, n: image[:227, n : n + 227]),
            "moved to the right",
        ),
        (
            _shift(_both, lambda image, n: image[n : n + 227]),
            "was given (227, 241)",
        ),
        (_shift(lambda *all: _both(*all)[::-1]), "exchanged the two"),
        (
            _shift(
                lambda b, a, s, t, _: [
                    (a - b).mean() / b.mean(),
                    (t - s).mean() / s.mean(),
                ]
            ),
            "cancel",
        ),
        (
            _shift(
                lambda b, a, s, t, _: [abs(a - b).mean(), abs(t - s).mean()]
            ),
            "Divide by the mean before",
        ),
        (
            _shift(
                lambda b, a, s, t, _: [
                    abs(x - y).mean() / y.mean() for x, y in ((b, a), (s, t))
                ]
            ),
            "*after*",
        ),
        (
            _shift(
                lambda b, a, s, t, _: [
                    _change(b, a),
                    abs(t - s).mean() / b.mean(),
                ]
            ),
            "the *pooled* maps' mean",
        ),
        (
            _shift(
                lambda b, a, s, t, pool: [
                    _change(b, a),
                    pool(abs(a - b)).mean() / s.mean(),
                ]
            ),
            "pool both maps",
        ),
        (_shift(lambda *all: [100 * x for x in _both(*all)]), "percentages"),
        (_shift(lambda *all: [_both(*all)[0], 0.1]), "first number is right"),
        (_shift(lambda *all: (7, 8)), "Neither number"),
        (_shift(lambda b, a, *_: _change(b, a)), "Return two numbers"),
        (lambda image, look: 0, "raised `TypeError"),
        ([0.2, 0.1], "the function itself"),
    ],
    "q3": [
        (_changed(0, 6, 3), "its slope there is 0"),
        (_everywhere(1), "Every value of a window"),
        (_everywhere(1 / 9), "as an average would"),
        (_changed(2, 2, 4), "kept the last"),
        (_changed(2, 2, 1), "kept the first"),
        (
            np.where(GRADIENT != 0, max_pooling.MAP, 0),
            "Those are the winners' values",
        ),
        (GRADIENT != 0, "mark the winners"),
        (abs(GRADIENT), "lost the signs"),
        (_changed(4, 1, 5), "add up to 7"),
        (np.roll(GRADIENT, 1, axis=1), "look at row"),
        (GRADIENT.T, "exchanged: 5 rows"),
        (max_pooling.ARRIVING, "as large as the pooled"),
        (GRADIENT[:, :5], "not the shape (5, 5)"),
    ],
    "q4": [
        (_without_relu, "where is `relu`"),
        (_smallest, "the smallest"),
        (lambda values, relu: relu(values[0] - values[1]), "far the two"),
        (_from_0, "ReLU gave 0"),
        (_two, "Only the first two"),
        (lambda values, relu: sum(values), "the sum"),
        (lambda values, relu: relu(values[0]) + 9, "That gives 14"),
        (lambda values, relu: str(max(values)), "not `'5.0'`"),
        (lambda values: values, "raised `TypeError"),
        (largest([1.0, 2.0], np.abs), "the function itself"),
    ],
}
RIGHT = {
    "recall": [[5.0, 0, list(SHAPE)]],
    "q1": [_pool(), _pool(pad=-np.inf)],
    "q2": [_shift(_both), lambda *all: np.array(shift_change(*all))],
    "q3": [GRADIENT, GRADIENT.astype(float)],
    "q4": [
        lambda values, relu: (
            _two([*values, *values], relu)
            if len(values) == 1
            else largest(values[::-1], relu)
        ),
    ],
}
