"""How long training takes until nine pictures in ten are named rightly.

The command is the one of the package, in a process of its own; the time is
that of its epochs, validation included, without its start.
"""

import csv
import os
import pathlib
import subprocess
import sys
import tempfile

GOAL = 0.9  # validation accuracy
RUNS = {
    # the rates of a schedule over so many epochs: it must come to its end
    "mini": ["--model", "mini", "--epochs", "16"],
    "two-tower": ["--model", "two-tower", "--precision", "auto"],
}


def time_to_goal(rows, goal=GOAL):
    """Adds up the seconds of the epochs until the goal is reached.

    Args:
        rows: List of dicts, a run's `history.csv`.
        goal: Float, validation accuracy.

    Returns:
        Pair of the seconds and the number of epochs, or None if the goal is
        not reached.
    """
    seconds = 0.0
    for row in rows:
        seconds += float(row["seconds"])
        if float(row["val_accuracy"]) >= goal:
            return seconds, int(row["epoch"])
    return None


def train(name):
    """Trains a network of `RUNS` on solids, which are rendered if need be.

    Args:
        name: Str.

    Returns:
        As `time_to_goal`, and the command in words.

    Raises:
        SystemExit: If the command fails.
    """
    arguments = ["train", "--data", "solids", *RUNS[name], "--devices", "1"]
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder, "run")
        command = [sys.executable, "-m", "alexnet_keras", *arguments]
        done = subprocess.run(
            [*command, "--run-dir", os.fspath(run)],
            stdout=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"Training failed, as said above.\n{done.stdout}")
        with open(run / "history.csv", newline="") as file:
            rows = list(csv.DictReader(file))
    return time_to_goal(rows), "alexnet-keras " + " ".join(arguments)
