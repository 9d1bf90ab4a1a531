"""How fast AlexNet's layers learned with ReLU and with tanh: measured curves.

`relu_and_tanh.csv` beside this file was written by
`benchmarks/relu_and_tanh.py`, which tells how: in November 2026, in half an
hour on two cores of a Xeon, with TensorFlow 2.21 and Keras 3.15.
"""

import csv
import pathlib
from typing import NamedTuple

import numpy as np

TABLE = pathlib.Path(__file__).with_suffix(".csv")
BLOCK = 5  # steps that one number of a curve is the mean of
EPOCH = 6  # numbers of a curve in an epoch: 31 steps, rounded down


class Run(NamedTuple):
    """A training run.

    `start` is `"2012"` or `"today"`, `activation` `"relu"` or `"tanh"`, and
    `seed` an int, or `"tuning"` where the rate was being chosen. `errors` is a
    float array, the share of wrong answers in the training batches, averaged
    over `BLOCK` steps at a time.
    """

    start: str
    activation: str
    rate: float
    seed: int | str
    errors: np.ndarray


def read(path=TABLE):
    """Reads the table.

    Returns:
        List of `Run`.
    """
    with open(path, newline="", encoding="utf-8") as file:
        return [
            Run(
                line["start"],
                line["activation"],
                float(line["rate"]),
                line["seed"] if line["seed"] == "tuning" else int(line["seed"]),
                np.array(line["errors"].split(), float),
            )
            for line in csv.DictReader(file)
        ]


def measured(runs, start, activation):
    """Picks the runs of a start and an activation, but those that tuned."""
    return [
        run
        for run in runs
        if (run.start, run.activation) == (start, activation)
        and run.seed != "tuning"
    ]


def smooth(errors):
    """Averages each number of a curve and those of an epoch before it."""
    sums = np.cumsum([0, *errors])
    starts = np.maximum(np.arange(1, len(sums)) - EPOCH, 0)
    return (sums[1:] - sums[starts]) / (np.arange(1, len(sums)) - starts)


def steps_to(error, errors):
    """Counts the steps until a curve has fallen to an error.

    Args:
        error: Float, a share of the pictures.
        errors: As in `Run`; an epoch's mean has to reach `error`.

    Returns:
        Int, or infinity where it never falls so far.
    """
    low = np.flatnonzero(smooth(errors)[EPOCH - 1 :] <= error)
    return int(low[0] + EPOCH) * BLOCK if len(low) else float("inf")
