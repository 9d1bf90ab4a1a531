"""Chapter 13: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import what_it_learned as own


def _kinds(labels):
    return [labels == kind for kind in range(labels.max() + 1)]


def _favourites(measure):
    def answer(maps, labels):
        return np.argmax([measure(maps[k]) for k in _kinds(labels)], axis=0)

    return answer


def _peaks(maps):
    return maps.max(axis=(1, 2))


def _table(maps, labels):
    return np.array([_peaks(maps[k]).mean(axis=0) for k in _kinds(labels)])


def _loop_over_channels(maps, labels):
    found = []
    for channel in range(maps.shape[3]):
        peaks = [one[..., channel].max() for one in maps]
        means = {}
        for kind in set(labels.tolist()):
            means[kind] = sum(
                p
                for p, label in zip(peaks, labels, strict=True)
                if label == kind
            ) / list(labels).count(kind)
        found.append(max(means, key=means.get))
    return found


def _by(measure):
    def answer(query, values, count):
        return np.argsort(measure(query, values))[:count]

    return answer


def _squares(query, values):
    return ((values - query) ** 2).sum(axis=1)


def _cosine(query, values):
    return -values @ query / np.sqrt((values**2).sum(axis=1))


def _loop_over_rows(query, values, count):
    apart = [np.linalg.norm(row - query) for row in values]
    return sorted(range(len(values)), key=lambda row: apart[row])[:count]


def _cover(
    grey=127, more=0, end=1, fresh=True, own_copy=True, turned=False, asked=True
):
    """Makes an answer to exercise 4 with one mistake or none."""

    def answer(see, picture, side, step):
        height, width, _ = picture.shape
        rows = range(0, height - side + end, step)
        columns = range(0, width - side + end, step)
        base = picture.copy() if own_copy else picture
        chances = np.zeros((len(rows), len(columns)))
        for r, top in enumerate(rows):
            for c, left in enumerate(columns):
                hidden = base.copy() if fresh else base
                level = picture.mean() if grey is None else grey
                size = side + more
                hidden[top : top + size, left : left + size] = level
                chances[r, c] = see(hidden if asked else picture)
        return chances.T if turned else chances

    return answer


def _half_a_step(see, picture, side, step):
    chances = own.cover(see, picture, side, step)
    for r, c in np.ndindex(chances.shape):
        hidden = picture.copy()
        hidden[r : r + side, c : c + side] = 127
        chances[r, c] = see(hidden)
    return chances


WRONG = {
    "recall": [
        (["conv3"], "conv3 is one"),
        (["conv2", "conv3", "fc6", "fc7", "fc8"], "conv2 has two groups"),
        (["conv4", "conv5"], "conv4 has two groups"),
        (["conv1", "conv3"], "before there are towers"),
        (["fc6", "fc7", "fc8"], "of the convolutions is missing"),
        (["conv3", "fc6"], "layers, 2 are missing"),
        (["conv3", "fc6", "fc7"], "fc8 is missing"),
        ("conv3", "a list of names"),
        ([3, 6], "in quotes"),
        (["conv3", "pool5"], "no layer of weights"),
    ],
    "q1": [
        (_favourites(lambda maps: _peaks(maps).sum(axis=0)), "You added up"),
        (_favourites(lambda maps: maps.max(axis=(0, 1, 2))), "single"),
        (
            _favourites(lambda maps: maps.mean(axis=(0, 1, 2))),
            "over the places",
        ),
        (_favourites(lambda maps: -_peaks(maps).mean(axis=0)), "least"),
        (_table, "a table"),
        (
            lambda maps, labels: _table(maps, labels).max(axis=0),
            "largest mean",
        ),
        (lambda maps, labels: _table(maps, labels).argmax(axis=1), "6 classes"),
        (lambda maps, labels: np.zeros(6, int), "not the classes"),
        (lambda maps, labels: np.full(6, 4), "the mean nan"),
        (lambda maps, labels: ["torus"] * 6, "not their names"),
        (lambda maps, labels: maps[labels, labels, 9], "IndexError"),
        (_table(*own._maps()), "the function itself"),
    ],
    "q2": [
        ({"trained": "conv5", "untrained": "none"}, "conv4"),
        ({"trained": "pool5", "untrained": "none"}, "throws numbers away"),
        ({"trained": "fc7", "untrained": "none"}, "not the first"),
        ({"trained": "none", "untrained": "none"}, "no better than"),
        ({"trained": "conv3", "untrained": "none"}, "conv3 still knows"),
        ({"trained": "fc6", "untrained": "fc6"}, "fc6 is not below"),
        ({"trained": "fc6", "untrained": "fc7"}, "fc7 is not below"),
        ({"trained": "fc6", "untrained": ...}, "still missing"),
        ({"trained": "fc6"}, "dictionary"),
        ({"trained": 6, "untrained": "none"}, "one of the layers"),
    ],
    "q3": [
        (_by(lambda q, v: -_squares(q, v)), "farthest"),
        (_by(lambda q, v: (v - q).sum(axis=1)), "cancel"),
        (_by(lambda q, v: np.abs(v - q).sum(axis=1)), "absolute"),
        (_by(lambda q, v: np.abs(v - q).max(axis=1)), "largest of the"),
        (_by(lambda q, v: -v @ q), "product"),
        (_by(_cosine), "directions"),
        (lambda q, v, n: np.sort(own.nearest(q, v, n)), "come first"),
        (lambda q, v, n: np.sort(_squares(q, v))[:n], "distances"),
        (lambda q, v, n: v[own.nearest(q, v, n)], "rows themselves"),
        (lambda q, v, n: own.nearest(q, v, len(v)), "numbers are asked"),
        (lambda q, v, n: np.arange(n), "not the nearest"),
        (lambda q, v, n: own.nearest(q, v, n + 1)[1:], "no row is the query"),
        (lambda q, v, n: own.nearest(q, v.T, n), "ValueError"),
        ([1, 2, 3], "the function itself"),
    ],
    "q4": [
        (_cover(grey=0), "is black"),
        (_cover(grey=255), "is white"),
        (_cover(grey=None), "picture's mean"),
        (_cover(more=1), "too large"),
        (_cover(end=0), "was expected"),
        (_cover(end=2), "(4, 5)"),
        (_cover(fresh=False), "covers stay"),
        (_cover(fresh=False, own_copy=False), "painted on"),
        (_cover(turned=True), "exchanged"),
        (_cover(asked=False), "same everywhere"),
        (_half_a_step, "look at the step"),
        (lambda see, picture, side, step: picture[99], "IndexError"),
        (5, "the function itself"),
    ],
}

RIGHT = {
    "recall": [
        ("fc8", "fc7", "fc6", "conv3"),
        {"conv3", "fc6", "fc7", "fc8"},
        ["Conv3 ", "FC6", "fc7", "fc8"],
    ],
    "q1": [_loop_over_channels, lambda m, y: own.favourites(m, y).tolist()],
    "q3": [
        _loop_over_rows,
        _by(lambda q, v: np.sqrt(_squares(q, v))),
        lambda q, v, n: own.nearest(q, v, n).tolist(),
    ],
    "q4": [lambda *arguments: own.cover(*arguments).tolist()],
}
