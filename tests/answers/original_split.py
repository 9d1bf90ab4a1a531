"""Chapter 12: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises.original_split import crossing, meter, tower_mask


def by_loops(places, channels, units):
    def tower(number, count):
        return number >= count // 2

    return [
        [
            int(tower(value % channels, channels) == tower(unit, units))
            for unit in range(units)
        ]
        for value in range(places * channels)
    ]


def as_booleans(places, channels, units):
    ours = np.arange(places * channels)[:, None] % channels < channels // 2
    return ours == (np.arange(units) < units // 2)


def half_of_the_line(places, channels, units):
    mask = np.zeros((places * channels, units))
    mask[: places * channels // 2, : units // 2] = 1
    mask[places * channels // 2 :, units // 2 :] = 1
    return mask


def only_the_first_tower(places, channels, units):
    mask = tower_mask(places, channels, units)
    mask[:, units // 2 :] = 0
    return mask


def every_second(places, channels, units):
    line = np.arange(places * channels)[:, None]
    return line % 2 == np.arange(units) % 2


def only_the_first_place(places, channels, units):
    mask = np.ones((places * channels, units))
    mask[:channels] = tower_mask(1, channels, units)
    return mask


def one_row_wrong(places, channels, units):
    mask = tower_mask(places, channels, units)
    mask[0] = 0
    return mask


def less(**changes):
    def found(parameters, values, batch):
        right = meter(parameters, values, batch)
        return right | {
            key: change(right, batch) for key, change in changes.items()
        }

    return found


def scaled(factor):
    def found(parameters, values, batch):
        right = meter(parameters, values, batch)
        parts = {key: size * factor for key, size in right.items()}
        return parts | {"fits": right["fits"]}

    return found


def crossed(key, change):
    def found(parameters, values, batch, n):
        right = crossing(parameters, values, batch, n)
        return right | {key: change(right[key], batch, n)}

    return found


WRONG = {
    "recall": [
        ((96, 5_000_000, 3), "96 is the global batch"),
        ((48, 5_000_000, 3), "would be two replicas"),
        ((288, 5_000_000, 3), "not copied"),
        ((30, 5_000_000, 3), "shared out evenly"),
        ((32, 5_000_000 / 3, 3), "a *full* copy"),
        ((32, 15_000_000, 3), "all three together"),
        ((32, 5, 3), "five *million*"),
        ((32, 7, 3), "how much of the network"),
        ((32, 5_000_000, 9), "that is the sum"),
        ((32, 5_000_000, 6), "the largest"),
        ((32, 5_000_000, 2), "the middle one"),
        ((32, 5_000_000, 1), "mean of 1, 2 and 6"),
        ((32, ..., 3), "still missing"),
        (32, "three numbers"),
    ],
    "q1": [
        (half_of_the_line, "first half of the *line*"),
        (lambda p, c, u: np.ones((p * c, u)), "nothing is cut"),
        (lambda p, c, u: np.zeros((p * c, u)), "all is cut"),
        (lambda p, c, u: 1 - tower_mask(p, c, u), "the *other* one"),
        (lambda p, c, u: 3 * tower_mask(p, c, u), "other numbers"),
        (lambda p, c, u: tower_mask(1, c, u), "That is one place"),
        (lambda p, c, u: tower_mask(p, c, u).T, "columns are units"),
        (lambda p, c, u: tower_mask(p, u, c), "has the shape"),
        (only_the_first_tower, "tower 2's units read nothing"),
        (every_second, "not every second one"),
        (only_the_first_place, "the first place is right"),
        (one_row_wrong, "row 0 is wrong: it is channel 0 of place 0"),
        (np.ones((2, 2)), "without parentheses"),
    ],
    "q2": [
        (less(momentum=lambda right, batch: 0), "no room for the momentum"),
        (less(gradients=lambda right, batch: 0), "no room for the gradients"),
        (
            less(gradients=lambda right, batch: right["gradients"] * batch),
            "gradients do not grow",
        ),
        (
            less(momentum=lambda right, batch: right["activations"]),
            "one for each activation",
        ),
        (
            less(activations=lambda right, batch: right["activations"] / batch),
            "one picture of the batch",
        ),
        (
            less(activations=lambda right, batch: right["weights"] * batch),
            "values, not weights",
        ),
        (less(activations=lambda right, batch: 7), "for every picture"),
        (less(weights=lambda right, batch: 7), "weight and bias of all"),
        (less(momentum=lambda right, batch: ...), "still missing"),
        (less(fits=lambda right, batch: True), "That does not fit"),
        (less(fits=lambda right, batch: False), "bytes do fit on a card"),
        (
            less(
                fits=lambda right, batch: (
                    3 * right["weights"] + right["activations"] < 3e9
                )
            ),
            "3072 * 1024**2",
        ),
        (
            less(
                fits=lambda right, batch: (
                    2 * right["weights"] + right["activations"] < 3.2e9
                )
            ),
            "Are all four",
        ),
        (less(fits=lambda right, batch: "no"), "Give True or False"),
        (
            less(weights=lambda right, batch: [4, right["weights"] - 4]),
            "one number, the sum",
        ),
        (scaled(1 / 4), "Each takes 4 bytes"),
        (scaled(2), "`float64`"),
        (scaled(1e-6), "not MB"),
        (lambda parameters, values, batch: 12, "a dictionary"),
        (meter([1], [1], 1), "without parentheses"),
    ],
    "q3": [
        (
            lambda *given: dict(
                zip(
                    ("channels", "examples"),
                    crossing(*given).values(),
                    strict=True,
                )
            ),
            "exchanged the two ways",
        ),
        (crossed("examples", lambda x, b, n: x / 4), "Each takes 4 bytes"),
        (crossed("examples", lambda x, b, n: x / 2), "round twice"),
        (crossed("examples", lambda x, b, n: x * b), "as large for one"),
        (crossed("examples", lambda x, b, n: x / n), "one device's share"),
        (
            crossed("examples", lambda x, b, n: x / (n - 1)),
            "right for two devices. With n, each sends",
        ),
        (crossed("channels", lambda x, b, n: x / 2), "the forward pass"),
        (crossed("channels", lambda x, b, n: x / b), "for one picture"),
        (
            crossed("channels", lambda x, b, n: x / (n - 1)),
            "each receives the n - 1 parts",
        ),
        (
            crossed("channels", lambda x, b, n: x / (n - 1) * n),
            "need not receive",
        ),
        (crossed("channels", lambda x, b, n: x / 2 / n), "one device receives"),
        (crossed("channels", lambda x, b, n: x * 2), "Twice too much"),
        (crossed("examples", lambda x, b, n: x / (n - 1) * n), "not n"),
        (crossed("channels", lambda x, b, n: 7), "n - 1 of n parts"),
        (
            crossed("examples", lambda x, b, n: 7),
            "sends an n-th of the gradient",
        ),
        (lambda *given: 7, "a dictionary"),
        ({}, "without parentheses"),
    ],
}
RIGHT = {
    "recall": [[32.0, 5e6, 3.0]],
    "q1": [by_loops, as_booleans],
    "q2": [scaled(1), scaled(1.0)],
    "q3": [crossed("examples", lambda x, b, n: float(x))],
}
