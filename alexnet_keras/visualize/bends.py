"""What bends do: to a row, to a map, to slopes, and to learning."""

import numpy as np

from alexnet_keras.datasets import relu_and_tanh
from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    axes_of,
)

# The paper's figure 1 has ReLU solid and tanh dashed.
STYLES = {
    "relu": {"color": BLUE, "ls": "-"},
    "tanh": {"color": VERMILION, "ls": "--"},
    "sigmoid": {"color": GREEN, "ls": "-."},
}
NAMES = {"relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid"}


def agreement(pairs, labels):
    """Draws whether two computations give the same along a row.

    Args:
        pairs: Dict of a panel's title and two float arrays `(places,)`: the
            first is drawn as bars, the second as points.
        labels: Pair of str, what the bars and what the points are.

    Returns:
        `Figure` with a panel for each title.
    """
    figure, axes = axes_of(9, 2.9, ncols=len(pairs), sharey=True, squeeze=False)
    for panel, (title, (bars, points)) in zip(
        axes[0], pairs.items(), strict=True
    ):
        places = range(len(bars))
        panel.bar(places, bars, 0.7, color="#b9dcf3", label=labels[0])
        panel.plot(places, points, "o", color=VERMILION, ms=5, label=labels[1])
        panel.axhline(0, color=BLACK, lw=0.8)
        panel.set(title=title, xlabel="place along the row")
        panel.xaxis.get_major_locator().set_params(integer=True)
    axes[0, 0].set_ylabel("value at the end")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        frameon=False,
    )
    return figure


def bends(functions, reach=4):
    """Draws activation functions, and under them how steep they are.

    Args:
        functions: Dict of a name in `STYLES` and a function of float arrays.
        reach: Float; inputs run from its negative to it.

    Returns:
        `Figure`: values above, slopes below.
    """
    figure, (above, below) = axes_of(8, 5, nrows=2, sharex=True)
    x = np.linspace(-reach, reach, 801)
    for name, function in functions.items():
        style = STYLES[name] | {"lw": 2}
        above.plot(x, function(x), label=NAMES[name], **style)
        middles, slopes = (
            (x[1:] + x[:-1]) / 2,
            np.diff(function(x)) / np.diff(x),
        )
        below.plot(middles, slopes, **style)
    above.set(ylabel="value", ylim=(-1.3, 2.6))
    below.set(ylabel="slope", ylim=(-0.1, 1.2), xlabel="what goes in")
    for panel in (above, below):
        panel.axhline(0, color=GREY, lw=0.8, zorder=0)
        panel.axvline(0, color=GREY, lw=0.8, zorder=0)
    above.legend(frameon=False, loc="upper left")
    return figure


def decided(image, before, after):
    """Shows a picture and one filter's map, before and after its bend.

    Args:
        image: Array `(height, width)`, grey.
        before: Float array `(rows, columns)`, of both signs.
        after: Float array of the same shape.

    Returns:
        `Figure`: the picture and both maps, with one scale of colours for both.
    """
    figure, panels = axes_of(9.6, 3.3, ncols=3)
    panels[0].imshow(image, cmap="gray")
    panels[0].set_title("picture")
    limit = np.quantile(np.abs(before), 0.99)
    for panel, values, title in zip(
        panels[1:],
        (before, after),
        ("the filter looks", "ReLU decides"),
        strict=True,
    ):
        shown = panel.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit)
        panel.set_title(title)
    for panel in panels:
        panel.set_axis_off()
    figure.colorbar(
        shown, ax=panels, label="value of the map", shrink=0.8, extend="both"
    )
    return figure


def multiplied(slopes, layers=8):
    """Draws what is left of a change after several bends in a row.

    Args:
        slopes: Dict of a label and a pair: a name in `STYLES`, and the slope
            of one bend.
        layers: Int, how many bends follow one another.

    Returns:
        `Figure` with a logarithmic axis.
    """
    figure, axes = axes_of(8, 3.8)
    steps = np.arange(1, layers + 1)
    markers = iter("os^Dv")
    for label, (name, slope) in slopes.items():
        left = slope**steps
        style = STYLES[name] | {"marker": next(markers), "ms": 5}
        axes.plot(steps, left, **style)
        axes.annotate(
            label,
            (steps[-1], left[-1]),
            (9, 0),
            textcoords="offset points",
            color=style["color"],
            va="center",
        )
    axes.set(
        yscale="log",
        xlabel="bends in a row",
        ylabel="slope of all together",
        xlim=(0.8, layers + 2.2),
        xticks=steps,
    )
    return figure


def saturated(sums, flat=2.0):
    """Draws what reaches a tanh, and what it makes of it.

    Args:
        sums: Dict of a title and a float array of any shape. What is beyond
            40 to either side is not drawn.
        flat: Float; tanh counts as flat beyond it.

    Returns:
        `Figure`: a column a title; above what reaches tanh, its flat parts
        shaded, below what leaves it.
    """
    figure, axes = axes_of(9, 4.6, nrows=2, ncols=len(sums), squeeze=False)
    for (above, below), (title, values) in zip(
        axes.T, sums.items(), strict=True
    ):
        values = np.ravel(values)
        weights = np.full(len(values), 100 / len(values))
        bars = {"weights": weights, "color": GREY}
        above.hist(values, np.linspace(-40, 40, 81), **bars)
        for side in ((-40, -flat), (flat, 40)):
            above.axvspan(*side, color=ORANGE, alpha=0.25, lw=0, zorder=0)
        bars["color"] = VERMILION
        below.hist(np.tanh(values), np.linspace(-1, 1, 41), **bars)
        above.set(title=title, xlabel="what reaches tanh", xlim=(-40, 40))
        below.set(xlabel="what leaves it", xlim=(-1.03, 1.03))
    for row in axes:
        row[0].set_ylabel("share (%)")
    return figure


def race(runs, line=0.25):
    """Draws how fast networks learned with ReLU and with tanh.

    Args:
        runs: List of `datasets.relu_and_tanh.Run`; those that tuned a rate are
            left out.
        line: Float, the error at which the paper compares them.

    Returns:
        `Figure`: a panel for each start; the median of the seeds as a line,
        and a band from the least to the greatest.
    """
    titles = {"2012": "the start of 2012", "today": "today's start"}
    figure, axes = axes_of(10, 4, ncols=2, sharey=True)
    for panel, (start, title) in zip(axes, titles.items(), strict=True):
        for name in ("relu", "tanh"):
            chosen = relu_and_tanh.measured(runs, start, name)
            curves = [100 * relu_and_tanh.smooth(run.errors) for run in chosen]
            curves = np.array([c[: min(map(len, curves))] for c in curves])
            steps = relu_and_tanh.BLOCK * np.arange(1, curves.shape[1] + 1)
            style = STYLES[name]
            panel.fill_between(
                steps,
                curves.min(0),
                curves.max(0),
                color=style["color"],
                alpha=0.2,
                lw=0,
            )
            middle = np.median(curves, axis=0)
            panel.plot(steps, middle, lw=2, label=NAMES[name], **style)
        panel.axhline(100 * line, color=BLACK, lw=1, ls=":", zorder=0)
        panel.set(title=title, xlabel="step", xlim=(0, None), ylim=(0, 100))
    place = (steps[-1], 100 * line + 1.5)
    axes[1].text(*place, f"the paper's line: {line:.0%}", ha="right")
    axes[0].set_ylabel("training error (%)")
    axes[0].legend(frameon=False)
    return figure


def over_time(histories, reach=20):
    """Draws how a layer's values are spread, step by step.

    Args:
        histories: Dict of a title and a float array `(steps, values)`: what
            reached a layer's ReLU before each step.
        reach: Float; values beyond it are counted at the edge.

    Returns:
        `Figure`: a column each. Above, across the steps, upwards the values,
        and the darker the more of them; below, the share above 0.
    """
    figure, axes = axes_of(
        9.6,
        4.6,
        nrows=2,
        ncols=len(histories),
        sharex="col",
        sharey="row",
        squeeze=False,
        height_ratios=(3, 1),
    )
    edges = np.linspace(-reach, reach, 81)
    for (above, below), (title, values) in zip(
        axes.T, histories.items(), strict=True
    ):
        counts = [
            np.histogram(np.clip(step, -reach, reach), edges)[0]
            for step in values
        ]
        shown = above.imshow(
            np.log10(1 + np.transpose(counts)),
            cmap="Blues",
            aspect="auto",
            origin="lower",
            extent=(-0.5, len(values) - 0.5, -reach, reach),
        )
        above.axhline(0, color=VERMILION, lw=1)
        above.set_title(title)
        below.plot(100 * (values > 0).mean(axis=1), color=BLUE, lw=2)
        below.set(xlabel="step", ylim=(0, 70))
    axes[0, 0].set_ylabel("what reaches the ReLU")
    axes[1, 0].set_ylabel("above 0 (%)")
    figure.colorbar(shown, ax=axes[0], label="how many values\n(powers of ten)")
    return figure
