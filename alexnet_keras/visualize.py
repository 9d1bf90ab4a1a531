"""Every figure of the course.

A function takes the data and returns a `matplotlib.figure.Figure`; a notebook
shows it, and `figure.savefig` keeps it. Nothing here touches pyplot's state.
"""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from alexnet_keras import shapes

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLACK, GREY = "#000000", "#999999"
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"


def _axes(width, height, **kwargs):
    """Returns a white figure, in inches, and what `subplots` makes in it."""
    figure = Figure((width, height), layout="constrained", facecolor="white")
    axes = figure.subplots(**kwargs)
    for one in figure.axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes


def overhang(sizes, filter_size, stride):
    """Draws where the last filter ends, for inputs of several sizes.

    Each input is a row of pixels, of which the right end is shown. Below it
    stands the filter at its last two places, counted as sizes round up.

    Args:
        sizes: Ints, pixels along each input.
        filter_size: Int, pixels along the filter.
        stride: Int, pixels from one place to the next.

    Returns:
        `Figure` with a row for each size.
    """
    figure, axes = _axes(8, 0.5 + 1.05 * len(sizes))
    first = min(sizes) - filter_size - stride
    for row, size in enumerate(sizes):
        places = shapes.output_size(size, filter_size, stride, rounding="up")
        start = (places - 1) * stride
        missing = shapes.overhang(size, filter_size, stride)
        inside = filter_size - missing
        for pixel in range(first, size):
            _bar(axes, pixel, row - 0.27, 1, "#dddddd", edgecolor="white")
        before, place = (start - stride, row - 0.01), (start, row + 0.25)
        _bar(axes, *before, filter_size, SKY, f"place {places - 1}")
        color = ORANGE if missing else GREEN
        _bar(axes, *place, inside, color, f"place {places}")
        note = "fits exactly"
        if missing:
            note = f"{missing} pixel{'s' * (missing > 1)} missing"
            beyond = {"edgecolor": VERMILION, "hatch": "////"}
            _bar(axes, size, row + 0.25, missing, "white", **beyond)
        axes.plot([size, size], [row - 0.42, row + 0.38], color=BLACK, lw=2)
        axes.text(size + missing + 0.3, row + 0.25, note, va="center")
    axes.set(
        xlim=(first, max(sizes) + 5),
        ylim=(len(sizes) - 0.5, -0.5),
        yticks=range(len(sizes)),
        yticklabels=sizes,
        xlabel="pixel along the row, counted from the left edge",
        ylabel="input size (pixels)",
    )
    return figure


def pooled_windows(filter_size, stride, pool_size):
    """Draws the pixels that one value sees after a convolution and a pool.

    Args:
        filter_size: Int, pixels along the convolution's filter.
        stride: Int, pixels from one place to the next.
        pool_size: Int, values of the convolution that one window takes.

    Returns:
        `Figure`: the row of pixels, over it one filter at neighbouring places,
        and over these what the window sees.
    """
    side = filter_size + (pool_size - 1) * stride
    lanes = [0.3 * lane for lane in range(pool_size + 2)]
    figure, axes = _axes(8, 0.8 + 1.1 * lanes[-1])
    for pixel in range(side):
        _bar(axes, pixel, lanes[0], 1, "#dddddd", edgecolor="white")
    for value, lane in enumerate(lanes[1:-1]):
        text = f"place {value + 1}: {filter_size} pixels"
        _bar(axes, value * stride, lane, filter_size, SKY, text)
    text = f"one value of the pool: {side} pixels"
    _bar(axes, 0, lanes[-1], side, ORANGE, text)
    axes.set(
        xlim=(-0.3, side + 0.3),
        ylim=(-0.2, lanes[-1] + 0.2),
        xticks=range(0, side + 1, stride),
        yticks=[],
        xlabel="pixel along the row, counted from the left edge",
    )
    axes.spines["left"].set_visible(False)
    return figure


def _bar(axes, left, middle, width, color, text="", **kwargs):
    kwargs = {"facecolor": color, "edgecolor": "none"} | kwargs
    axes.add_patch(Rectangle((left, middle - 0.12), width, 0.24, **kwargs))
    axes.text(left + width / 2, middle, text, ha="center", va="center")


def curves(rows, num_classes):
    """Draws how a network learned, epoch by epoch.

    Args:
        rows: List of dicts with `epoch`, `accuracy`, `val_accuracy`,
            `cross_entropy` and `val_cross_entropy`, as in `history.csv`.
        num_classes: Int; guessing costs the logarithm of it.

    Returns:
        `Figure`: cross-entropy on the left, accuracy on the right.
    """
    figure, (left, right) = _axes(10, 4, ncols=2)
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
        f"{last:.1f}%", (epochs[-1], last), (0, 7), color=BLUE,
        textcoords="offset points", ha="right",
    )  # fmt: skip
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
    figure, axes = _axes(side + 1, side)
    shares = 100 * matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    figure.colorbar(
        image, label="share of the true class (%)", shrink=0.8, fraction=0.05
    )
    size = 9 if count <= 30 else 6
    axes.set_xticks(range(count), class_names, rotation=90, fontsize=size)
    axes.set_yticks(range(count), class_names, fontsize=size)
    axes.set(xlabel="given by the network", ylabel="true class")
    if count <= 30:
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                dark = shares[row, column] > 50
                axes.text(
                    column, row, number, ha="center", va="center", fontsize=8,
                    color="white" if dark else BLACK,
                )  # fmt: skip
    axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
    return figure


def sheet(images, labels, class_names):
    """Draws a sheet of pictures, one row a class.

    Args:
        images: Uint8 array `(number, height, width, 3)`.
        labels: Ints, one a picture.
        class_names: List of str.

    Returns:
        `Figure`.
    """
    rows = [
        [
            picture
            for picture, label in zip(images, labels, strict=True)
            if label == kind
        ]
        for kind in range(len(class_names))
    ]
    columns = max(map(len, rows))
    figure, axes = _axes(
        1.1 * columns + 1, 1.1 * len(rows), nrows=len(rows), ncols=columns,
        squeeze=False,
    )  # fmt: skip
    for row, name, line in zip(rows, class_names, axes, strict=True):
        for place, panel in enumerate(line):
            panel.set_axis_off()
            if place < len(row):
                panel.imshow(row[place])
        line[0].text(
            -0.08, 0.5, name, transform=line[0].transAxes, ha="right",
            va="center", fontsize=9,
        )  # fmt: skip
    return figure


def timeline(workers, shared="all-reduce"):
    """Draws what each device does during a step, to scale.

    Args:
        workers: Dict of a device's name and its phases: a dict of a phase's
            name and its duration in milliseconds. All have the same phases,
            five at most.
        shared: Str, the phase in which neighbours talk to each other.

    Returns:
        `Figure` with a lane for each device.
    """
    figure, axes = _axes(9, 1.1 + 0.6 * len(workers))
    names = list(next(iter(workers.values())))
    colors = dict(zip(names, (GREY, SKY, GREEN, ORANGE, PURPLE), strict=False))
    before = {}
    for lane, phases in enumerate(workers.values()):
        end = 0
        for name, duration in phases.items():
            axes.barh(lane, duration, 0.6, end, color=colors[name])
            if name == shared and before.get(name):
                axes.barh(lane - 0.5, duration, 0.4, end, color="#f5d899")
                place = (end + duration / 2, lane - 0.5)
                axes.text(*place, "gradients", ha="center", va="center")
            end += duration
        axes.text(end, lane, f" {end:.0f} ms", va="center")
        before = phases
    axes.set_yticks(range(len(workers)), workers)
    axes.set(xlabel="time since the step began (ms)", ylim=(lane + 0.5, -0.5))
    figure.legend(
        handles=[Rectangle((0, 0), 1, 1, color=colors[n]) for n in names],
        labels=names, loc="outside upper center", ncols=len(names),
        frameon=False,
    )  # fmt: skip
    return figure


def drift(differences):
    """Draws how far two trainings come apart.

    Args:
        differences: Dict of a precision and the largest difference between
            two networks' weights after each step.

    Returns:
        `Figure` with a logarithmic axis; no difference at all stands at its
        lower end.
    """
    figure, axes = _axes(8, 3.6)
    for number, (precision, values) in enumerate(differences.items()):
        color = (VERMILION, BLUE, GREEN, PURPLE)[number % 4]
        steps, values = range(1, len(values) + 1), np.maximum(values, 1e-18)
        axes.plot(steps, values, color=color, marker="os^D"[number % 4], ms=4)
        axes.annotate(
            precision, (steps[-1], values[-1]), (7, 0), color=color,
            textcoords="offset points", va="center",
        )  # fmt: skip
    axes.axhline(1e-10, color=GREY, ls="--", lw=1, zorder=0)
    axes.text(1, 1.7e-10, "1e-10, the limit of our proof", color="#666666")
    axes.set(
        yscale="log",
        ylim=(1e-18, 1),
        xlabel="step",
        ylabel="largest difference of a weight",
    )
    return figure
