"""The way from the last map to an answer: fc6 to fc8, softmax, loss."""

import math

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    ORANGE,
    VERMILION,
    axes_of,
    grid,
)


def flattened(rows, columns, channels):
    """Draws which index each number of a map gets in one line.

    Args:
        rows: Int, rows of the map.
        columns: Int, its columns.
        channels: Int, its channels; two colours take turns.

    Returns:
        `Figure`: a panel for each channel, and below them the line.
    """
    indices = np.arange(rows * columns * channels)
    figure, _ = axes_of(1.4 + 2.3 * channels, 0.7 + 0.75 * (rows + 1))
    figure.clear()
    above, below = figure.subfigures(2, 1, height_ratios=(rows + 0.6, 1.3))
    planes = above.subplots(1, channels, squeeze=False)[0]
    line = below.subplots()
    box = indices.reshape(rows, columns, channels)
    for channel, panel in enumerate(planes):
        _squares(panel, box[..., channel], channels)
        panel.set_title(f"channel {channel}", fontsize=10)
        panel.set_xticks(range(columns), range(columns))
        panel.set_yticks(range(rows), range(rows))
        panel.set_xlabel("column")
    planes[0].set_ylabel("row")
    _squares(line, indices[np.newaxis], channels)
    line.set_title("in one line", fontsize=10)
    for panel in (*planes, line):
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    line.set(xticks=[], yticks=[])
    return figure


def _squares(axes, indices, channels):
    """Writes indices into squares, coloured by their channel."""
    for (row, column), index in np.ndenumerate(indices):
        color = ("#f5d899", "#b9dcf3")[index % channels % 2]
        corner = (column - 0.5, row - 0.5)
        square = Rectangle(corner, 1, 1, facecolor=color, edgecolor="white")
        axes.add_patch(square)
        axes.text(column, row, index, ha="center", va="center", fontsize=9)
    height, width = indices.shape
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axes.set_aspect("equal")


def weighed(values, weights, biases):
    """Draws a fully connected layer in numbers, a row for each unit.

    Args:
        values: Array `(values,)`, what the layer reads.
        weights: Array `(values, units)`.
        biases: Array `(units,)`.

    Returns:
        `Figure`: for each unit the values, its weights, their products, and
        the sum with the bias, before and after ReLU.
    """
    count = len(biases)
    figure, panels = axes_of(
        9.5,
        0.4 + 0.75 * count,
        nrows=count,
        ncols=4,
        squeeze=False,
    )
    titles = ("what it reads", "its weights", "products", "sum, bias, ReLU")
    for unit, row in enumerate(panels):
        own, bias = weights[:, unit], biases[unit]
        arrays = (values, own, values * own)
        for title, array, panel in zip(titles, arrays, row, strict=False):
            grid(panel, array[np.newaxis], title if unit == 0 else "")
        total = (values * own).sum() + bias
        text = f"{(values * own).sum():g} + {bias:g} = {total:g}".replace(
            "+ -", "- "
        )
        text += f", ReLU: {max(total, 0):g}"
        row[3].text(0.5, 0.5, text, ha="center", va="center", fontsize=11)
        row[3].set_axis_off()
        row[3].set_box_aspect(1 / len(values))  # as high as the squares
        place = (-0.06, 0.5)
        style = {"ha": "right", "va": "center", "fontsize": 10}
        row[0].text(*place, f"unit {unit}", transform=row[0].transAxes, **style)
    panels[0, 3].set_title(titles[3])
    return figure


def weights_and_work(lines):
    """Draws who has the weights and who does the work, layer by layer.

    Args:
        lines: List of `shapes.Line`; those without parameters are left out.

    Returns:
        `Figure`: two bars a layer, shares of all parameters and of all
        multiply-adds.
    """
    lines = [line for line in lines if line.parameters]
    figure, axes = axes_of(8.5, 1 + 0.48 * len(lines))
    counts = (
        ("weights and biases", BLUE, [line.parameters for line in lines]),
        ("multiply-adds", ORANGE, [line.multiply_adds for line in lines]),
    )
    places = np.arange(len(lines))
    for shift, (label, color, numbers) in zip((-0.2, 0.2), counts, strict=True):
        shares = [100 * number / sum(numbers) for number in numbers]
        drawn = axes.barh(places + shift, shares, 0.38, color=color)
        drawn.set_label(label)
        texts = [f"{share:.1f}%" for share in shares]
        axes.bar_label(drawn, texts, padding=3, fontsize=9)
    axes.set_yticks(places, [line.name for line in lines])
    axes.set(
        xlim=(0, 70),
        ylim=(len(lines) - 0.5, -0.5),
        xlabel="share of the whole network's (%)",
    )
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, loc="center right")
    return figure


def masked_sums(panels):
    """Draws what a unit gets when many masks drop what it reads.

    Args:
        panels: Dict of a title and a pair: float array of sums, one a mask,
            and the float that the unit gets when nothing is dropped.

    Returns:
        `Figure` with a histogram for each title, all on one axis.
    """
    figure, axes = axes_of(
        9, 3.1, ncols=len(panels), sharey=True, sharex=True, squeeze=False
    )
    for panel, (title, (sums, at_test)) in zip(
        axes[0], panels.items(), strict=True
    ):
        panel.hist(sums, 40, color="#b9dcf3", label="training: one mask each")
        mean = {"color": BLUE, "lw": 4, "label": "their mean"}
        panel.axvline(sums.mean(), **mean)
        test = {"color": VERMILION, "lw": 2, "ls": "--"}
        panel.axvline(at_test, label="test: no mask", **test)
        panel.set(title=title, xlabel="what the unit gets")
        panel.xaxis.get_major_locator().set_params(nbins=5)
    axes[0, 0].set_ylabel("number of masks")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )
    return figure


def answers(panels):
    """Draws numbers for a few classes, a panel each.

    Args:
        panels: Dict of a title and a float array `(classes,)`.

    Returns:
        `Figure`: bars with their numbers; each panel has a scale of its own.
    """
    figure, axes = axes_of(9.5, 2.7, ncols=len(panels), squeeze=False)
    for panel, (title, numbers) in zip(axes[0], panels.items(), strict=True):
        numbers = np.asarray(numbers)
        drawn = panel.bar(range(len(numbers)), numbers, 0.7, color=BLUE)
        panel.bar_label(drawn, [f"{n:.2g}" for n in numbers], fontsize=9)
        panel.axhline(0, color=BLACK, lw=0.8)
        panel.set_xticks(range(len(numbers)))
        panel.set(title=title, xlabel="class")
        low, high = min(0, numbers.min()), max(numbers.max(), 1)
        panel.set_ylim(low - 0.15 * (high - low) * (low < 0), 1.12 * high)
    return figure


def cost_of_doubt(probabilities):
    """Draws the loss over the probability of the right class.

    Args:
        probabilities: Dict of a label and a float, which are marked.

    Returns:
        `Figure`.
    """
    figure, axes = axes_of(7, 3.6)
    x = np.geomspace(5e-4, 1, 400)
    axes.plot(x, -np.log(x), color=BLUE, lw=2)
    for label, probability in probabilities.items():
        point = (probability, -math.log(probability))
        axes.plot(*point, "o", color=VERMILION, ms=7)
        text = f"{label}: {abs(point[1]):.2f}"
        near = {"textcoords": "offset points", "va": "bottom"}
        axes.annotate(text, point, (9, 3), **near)
    axes.set(
        xlabel="probability of the right class",
        ylabel="loss, -ln(probability)",
        xlim=(-0.02, 1.3),
        xticks=np.arange(0, 1.1, 0.2),
        ylim=(-0.15, 8),
    )
    return figure


def answer_grid(image, found, window, step):
    """Draws one number for each window of a large picture.

    Args:
        image: Uint8 array `(height, width, 3)`.
        found: Float array `(rows, columns)`, a number a window.
        window: Int, pixels along a window's side.
        step: Int, pixels from one window to the next.

    Returns:
        `Figure`: the picture with its first and second window, and the one in
        the last row and column; beside it the numbers, in the same places.
    """
    rows, columns = found.shape
    height, width, _ = image.shape
    figure, (left, right) = axes_of(11, 3.2, ncols=2)
    left.imshow(image[::2, ::2], extent=(0, width, height, 0))
    marks = (
        ((0, 0), BLUE),
        ((0, 1), VERMILION),
        ((rows - 1, columns - 1), ORANGE),
    )
    for (row, column), color in marks:
        corner = (step * column, step * row)
        edge = {"edgecolor": color, "facecolor": "none", "lw": 2}
        left.add_patch(Rectangle(corner, window, window, **edge))
    left.set(xlim=(-20, width + 20), ylim=(height + 20, -20))
    left.set(title="the picture", xlabel="pixels", ylabel="pixels")
    shown = right.imshow(found, cmap="Blues", interpolation="nearest")
    right.set(title=f"{rows} x {columns} answers", xlabel="place along a row")
    right.set_ylabel("row of places")
    bar = figure.colorbar(shown, ax=right, shrink=0.8)
    bar.set_label("probability of one class")
    return figure
