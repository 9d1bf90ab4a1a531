"""Towers and groups: who reads whom, and what it saves."""

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras import shapes
from alexnet_keras.rows import Conv, Dense
from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    ORANGE,
    SKY,
    VERMILION,
    axes_of,
)

OF_TOWERS = SKY, ORANGE  # the first tower's colour, the second's


def towers(rows):
    """Draws a network's two towers, and which half reads which.

    Args:
        rows: List of `rows`. Only convolutions and fully connected layers are
            drawn; the others stay within a channel or a tower.

    Returns:
        `Figure`: a column for each layer, the first tower's half above. What
        reads the other tower too is drawn red and dashed.
    """
    drawn = [row for row in rows if isinstance(row, Conv | Dense)]
    figure, axes = axes_of(10, 2.6)
    heights, half = (0.62, -0.62), 0.3
    photo = {"facecolor": LIGHT, "edgecolor": GREY}
    axes.add_patch(Rectangle((-half, -0.92), 2 * half, 1.84, **photo))
    axes.text(0, 0, "photo", ha="center", va="center", fontsize=9)
    for place, row in enumerate(drawn, 1):
        count = row.filters if isinstance(row, Conv) else row.units
        kind = "maps" if isinstance(row, Conv) else "units"
        for middle, color in zip(heights, OF_TOWERS, strict=True):
            corner = place - half, middle - 0.3
            style = {"facecolor": color, "edgecolor": GREY}
            axes.add_patch(Rectangle(corner, 2 * half, 0.6, **style))
            text = f"{count // 2}\n{kind}"
            axes.text(place, middle, text, ha="center", va="center", fontsize=9)
            for source in heights:
                crosses = source != middle and place > 1
                if crosses and getattr(row, "groups", 1) == 2:
                    continue
                if place == 1 and source != middle:
                    continue  # there is only one photo
                look = {"color": BLACK, "lw": 1.2}
                if crosses:
                    look = {"color": VERMILION, "ls": "--", "lw": 1.8}
                ends = (place - 1 + half, place - half), (source, middle)
                axes.plot(*ends, **look)
        style = {"ha": "center", "va": "top", "weight": "bold", "fontsize": 9}
        axes.text(place, -1.05, row.name, **style)
    for middle, name in zip(heights, ("tower 1", "tower 2"), strict=True):
        axes.text(len(drawn) + 0.45, middle, name, va="center", fontsize=9)
    axes.set(xlim=(-0.4, len(drawn) + 1.05), ylim=(-1.4, 1.0))
    axes.set_axis_off()
    return figure


def blocks(rows, channels=3):
    """Draws which channels each filter reads, a matrix for each convolution.

    Args:
        rows: List of `rows`.
        channels: Int, channels of the image.

    Returns:
        `Figure`: the matrices to one scale. A row is a channel that is read, a
        column a filter; white where a filter does not read.
    """
    smallest = shapes.smallest_size(rows)
    lines = shapes.table(rows, smallest, channels)
    drawn = [
        (row, before.output_shape[-1])
        for row, before in zip(rows, lines, strict=False)
        if isinstance(row, Conv)
    ]
    gap = 0.22 * max(row.filters for row, _ in drawn)
    tallest = max(depth for _, depth in drawn)
    width = sum(row.filters + gap for row, _ in drawn)
    figure, axes = axes_of(10, 1.3 + 9.4 * tallest / width)
    left = 0
    for row, depth in drawn:
        own, read = row.filters // row.groups, depth // row.groups
        for group in range(row.groups):
            halves = [(group, own)]
            if row.groups == 1:
                halves = [(0, own // 2), (1, own // 2)]
            for number, (tower, count) in enumerate(halves):
                corner = left + group * own + number * count, group * read
                color = OF_TOWERS[tower % 2]
                axes.add_patch(Rectangle(corner, count, read, facecolor=color))
        frame = (left, 0), row.filters, depth
        axes.add_patch(Rectangle(*frame, fill=False, edgecolor=BLACK, lw=0.8))
        middle = left + row.filters / 2
        style = {"ha": "center", "fontsize": 9}
        axes.text(middle, -0.03 * tallest, row.name, weight="bold", **style)
        text = f"{depth} x {row.filters}"
        axes.text(middle, depth + 0.03 * tallest, text, va="top", **style)
        left += row.filters + gap
    axes.set(xlim=(-4, left - gap + 4), ylim=(1.14 * tallest, -0.12 * tallest))
    axes.set(aspect="equal", xlabel="filters", ylabel="channels read")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return figure


def saved_by_groups(tables):
    """Draws what each convolution has and does, for several networks.

    Args:
        tables: Dict of lists of `shapes.Line` by their labels.

    Returns:
        `Figure`: bars for the weights and biases, and for the multiply-adds.
    """
    figure, panels = axes_of(10, 3, ncols=2)
    for panel, column, unit, label in (
        (panels[0], "parameters", 1e3, "weights and biases (thousands)"),
        (panels[1], "multiply_adds", 1e6, "multiply-adds a photo (millions)"),
    ):
        share = 0.8 / len(tables)
        middle = (len(tables) - 1) / 2
        looks = ((BLUE, ""), (LIGHT, "//"), (ORANGE, ".."))
        for number, (name, lines) in enumerate(tables.items()):
            lines = [line for line in lines if len(line.kernel) == 4]
            color, hatch = looks[number % len(looks)]
            panel.bar(
                np.arange(len(lines)) + share * (number - middle),
                [getattr(line, column) / unit for line in lines],
                share,
                color=color,
                hatch=hatch,
                edgecolor=GREY,
                label=name,
            )
            panel.set_xticks(range(len(lines)), [line.name for line in lines])
        panel.set_ylabel(label)
    panels[0].legend(frameon=False, loc="upper left")
    return figure
