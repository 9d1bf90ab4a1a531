"""How a network learned, and what it takes for what."""

import math

import numpy as np

from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    ORANGE,
    axes_of,
)


def curves(rows, num_classes):
    """Draws how a network learned, epoch by epoch.

    Args:
        rows: List of dicts with `epoch`, `accuracy`, `val_accuracy`,
            `cross_entropy` and `val_cross_entropy`, as in `history.csv`.
        num_classes: Int; guessing costs the logarithm of it.

    Returns:
        `Figure`: cross-entropy on the left, accuracy on the right.
    """
    figure, (left, right) = axes_of(10, 4, ncols=2)
    epochs = [row["epoch"] for row in rows]
    kinds = (("training", "", ORANGE, "o"), ("validation", "val_", BLUE, "s"))
    for kind, prefix, color, marker in kinds:
        style = {"color": color, "marker": marker, "ms": 4, "label": kind}
        losses = [row[f"{prefix}cross_entropy"] for row in rows]
        shares = [100 * row[f"{prefix}accuracy"] for row in rows]
        left.plot(epochs, losses, **style)
        right.plot(epochs, shares, **style)
    guess = math.log(num_classes)
    dashed = {"color": GREY, "ls": "--", "lw": 1, "zorder": 0}
    left.axhline(guess, **dashed, label=f"knowing nothing: ln {num_classes}")
    right.axhline(100 / num_classes, **dashed, label="knowing nothing")
    left.set(xlabel="epoch", ylabel="cross-entropy (nats)", ylim=(0, None))
    right.set(xlabel="epoch", ylabel="accuracy (%)", ylim=(0, 100))
    last = shares[-1]
    right.annotate(
        f"{last:.1f}%",
        (epochs[-1], last),
        (0, 7),
        color=BLUE,
        textcoords="offset points",
        ha="right",
    )
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False)
    return figure


def confusion(matrix, class_names):
    """Draws what was taken for what.

    Args:
        matrix: Int array `(classes, classes)`: row, the true class; column,
            the one that the network gives.
        class_names: List of str.

    Returns:
        `Figure`: shares of each true class, with their numbers where the
        classes are few enough to read them.
    """
    matrix = np.asarray(matrix)
    count = len(class_names)
    side = min(4 + 0.36 * count, 24)
    figure, axes = axes_of(side + 1, side)
    shares = 100 * matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    figure.colorbar(
        image, label="share of the true class (%)", shrink=0.8, fraction=0.05
    )
    size = 9 if count <= 30 else 6
    names = [
        name if len(name) <= 40 else name[:39] + "…" for name in class_names
    ]
    # a name with dollars is no formula
    plain = {"fontsize": size, "parse_math": False}
    axes.set_xticks(range(count), names, rotation=90, **plain)
    axes.set_yticks(range(count), names, **plain)
    axes.set(xlabel="given by the network", ylabel="true class")
    if count <= 30:
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                dark = shares[row, column] > 50
                axes.text(
                    column,
                    row,
                    number,
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if dark else BLACK,
                )
    axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
    return figure


def ablations(groups, whole="the network"):
    """Draws how often each of several networks was right, seed by seed.

    Args:
        groups: Dict of a network's name and a list of `ablations.Run`.
        whole: Str, the name of the one that the others are held against.

    Returns:
        `Figure`: a line for each network and a dot for each seed; the band is
        the range of `whole`.
    """
    figure, axes = axes_of(9, 0.9 + 0.4 * len(groups))
    own = [100 * run.held_out for run in groups[whole]]
    axes.axvspan(min(own), max(own), color=LIGHT, lw=0)
    for row, (name, runs) in enumerate(groups.items()):
        shares = [100 * run.held_out for run in runs]
        color = BLACK if name == whole else BLUE
        axes.plot(shares, [row] * len(shares), "o", color=color, ms=7)
    axes.set_yticks(range(len(groups)), groups)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", lw=0.4)
    axes.invert_yaxis()
    axes.set(xlabel="right answers on pictures that were kept back (%)")
    return figure
