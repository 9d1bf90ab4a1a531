"""What AlexNet loses without one of its parts: measured runs.

`ablations.csv` beside this file was written by `benchmarks/ablations.py`,
which tells how. It is the small network on solids: what it says of ImageNet is
nothing, and where three seeds differ by more than two variants do, it says
nothing of solids either.
"""

import csv
import pathlib
import statistics
from typing import NamedTuple

TABLE = pathlib.Path(__file__).with_suffix(".csv")
WHOLE = "the network"  # the variant in which nothing was changed
SEEDS = 3  # fewer say nothing about a spread


class Run(NamedTuple):
    """A training run.

    `train` and `held_out` are the shares of right answers after training, on
    the pictures trained on and on all others, one central crop each.
    """

    variant: str
    seed: int
    train: float
    held_out: float
    parameters: int
    model: str
    data: str
    fingerprint: str
    epochs: int
    batch_size: int

    @property
    def settings(self):
        """What all runs of a table have in common."""
        return self.model, self.fingerprint, self.epochs, self.batch_size


def read(path=TABLE):
    """Reads the table.

    Returns:
        List of `Run`.
    """
    kinds = Run.__annotations__
    with open(path, newline="", encoding="utf-8") as file:
        return [
            Run(**{name: kinds[name](line[name]) for name in kinds})
            for line in csv.DictReader(file)
        ]


def verdict(runs, whole):
    """Tells whether a variant's runs lie apart from the whole network's.

    Args:
        runs: List of `Run` of one variant.
        whole: List of `Run` of the network in which nothing was changed.

    Returns:
        Str: "worse" or "better" only where every seed of the one is worse or
        better than every seed of the other, else "hidden by the spread"; "too
        few seeds" where one has fewer than `SEEDS`.
    """
    if min(len(runs), len(whole)) < SEEDS:
        return "too few seeds"
    ours = [run.held_out for run in runs]
    theirs = [run.held_out for run in whole]
    if max(ours) < min(theirs):
        return "worse"
    return "better" if min(ours) > max(theirs) else "hidden by the spread"


def by_variant(runs):
    """Groups runs by their variant, in the order of the table."""
    groups = {}
    for run in runs:
        groups.setdefault(run.variant, []).append(run)
    return groups


def markdown(runs):
    """Gives the table in Markdown: a line a variant, median (least to most)."""
    groups = by_variant(runs)
    lines = [
        "| variant | parameters | held out | trained on | difference |",
        "|---|---|---|---|---|",
    ]
    for name, group in groups.items():
        cells = [name, f"{group[0].parameters:,}"]
        for field in ("held_out", "train"):
            values = [100 * getattr(run, field) for run in group]
            cells.append(
                f"{statistics.median(values):.1f}% "
                f"({min(values):.1f} to {max(values):.1f})"
            )
        told = name == WHOLE or WHOLE not in groups
        cells.append("" if told else verdict(group, groups[WHOLE]))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
