"""A network as a whole, drawn from its table."""

import math

from matplotlib.patches import Polygon, Rectangle

from alexnet_keras import networks, shapes
from alexnet_keras.rows import Conv, Dense, Dropout, Flatten, Norm, Pool
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


def network_map(lit=(), rows=networks.ALEXNET, size=227):
    """Draws a network from the image to its last layer, some layers lit.

    A block's height grows with the root of a map's side, its width with the
    root of the channels; a layer in two groups is drawn in two halves.

    Args:
        lit: Names of the layers that are lit; `"input"` is the image.
        rows: List of `rows`. Dropout and flattening are left out.
        size: Int, pixels along the image.

    Returns:
        `Figure`.

    Raises:
        ValueError: If no layer has a name that is to be lit.
    """
    lines = shapes.table(rows, size)
    drawn = [(None, lines[0])] + [
        (row, line)
        for row, line in zip(rows, lines[1:], strict=True)
        if not isinstance(row, Dropout | Flatten)
    ]
    names = [line.name for _, line in drawn]
    if unknown := [name for name in lit if name not in names]:
        raise ValueError(
            f"The network has no {', '.join(unknown)}. Received: "
            f"lit={tuple(lit)}. It has {', '.join(names)}."
        )
    figure, axes = axes_of(10, 1.9)
    for place, (row, line) in enumerate(drawn):
        is_lit = line.name in lit
        width, height = _extent(line.output_shape, size)
        halves = getattr(row, "groups", 1)
        for half in range(halves):
            bottom = -height / 2 + half * height / halves
            axes.add_patch(
                Rectangle(
                    (place - width / 2, bottom + 0.02 * half),
                    width,
                    height / halves - 0.02 * (halves > 1),
                    facecolor=ORANGE if is_lit else LIGHT,
                    edgecolor=GREY,
                    lw=0.5,
                )
            )
        weight = "bold" if is_lit else "normal"
        style = {"ha": "center", "va": "top"}
        axes.text(place, -0.6, line.name, fontsize=9, weight=weight, **style)
        shape = " x ".join(map(str, line.output_shape))
        axes.text(place, -0.78, shape, fontsize=6.5, **style)
    here = [place for place, name in enumerate(names) if name in lit]
    if here:
        axes.plot(here, [0.62] * len(here), ls="", marker="v", color=BLACK)
        middle = (here[0] + here[-1]) / 2
        axes.text(middle, 0.72, "you are here", ha="center", fontsize=9)
    axes.set(xlim=(-0.6, len(drawn) - 0.4), ylim=(-0.95, 0.85))
    axes.set_axis_off()
    return figure


def _extent(shape, size):
    """Gives a block's width and height."""
    if len(shape) == 1:
        return 0.12, math.sqrt(shape[0] / 4096)
    return 0.04 * math.sqrt(shape[2]), math.sqrt(shape[0] / size)


def chain(rows, size):
    """Draws the maps of a network to scale, and traces one place back.

    The place that is traced stands in the middle of the last map. Its window
    is drawn on the map before, the window of that window's middle one map
    further back, and so on to the image.

    Args:
        rows: List of `rows.Conv` and `rows.Pool`.
        size: Int, pixels along the image.

    Returns:
        `Figure`.
    """
    lines = shapes.table(rows, size)
    figure, axes = axes_of(10, 3.9)
    lefts, left = [], 0
    for line in lines:
        lefts.append(left)
        left += _block(axes, left, line, size) + 0.09 * size
    place = lines[-1].output_shape[0] // 2
    for number in range(len(rows), 0, -1):
        row, side = rows[number - 1], lines[number].output_shape[0]
        before = lines[number - 1].output_shape[0]
        start = place * row.stride - shapes.zeros(row, before)[0]
        low, right = start - before / 2, lefts[number - 1] + start
        window = (right, low), row.filter_size, row.filter_size
        axes.add_patch(
            Rectangle(*window, facecolor=SKY, edgecolor=BLUE, zorder=2)
        )
        here = lefts[number] + place, place - side / 2
        axes.add_patch(Rectangle(here, 1, 1, facecolor=VERMILION, zorder=3))
        for corner, end in ((low, 0), (low + row.filter_size, 1)):
            axes.plot(
                (right + row.filter_size, here[0]),
                (corner, here[1] + end),
                color=BLUE,
                lw=0.7,
            )
        place = start + row.filter_size // 2
    axes.set(xlim=(-2, left), ylim=(0.68 * size, -0.52 * size), aspect="equal")
    axes.set_axis_off()
    return figure


def to_scale(rows=networks.ALEXNET, size=227):
    """Draws a whole network to scale, from the image to its last layer.

    Maps are as in `chain`. A fully connected layer has no rows and columns:
    it is drawn as a rectangle of as many values, on the same scale.

    Args:
        rows: List of `rows`. What keeps its input's shape is left out.
        size: Int, pixels along the image.

    Returns:
        `Figure`.
    """
    lines = shapes.table(rows, size)
    verbs = {Conv: "looks,\ndecides", Pool: "condenses\n\n\n"}
    verbs |= {Dense: "weighs\nall,\ndecides"}
    style = {"va": "bottom", "fontsize": 8, "color": BLUE}
    figure, axes = axes_of(9.5, 2.9)
    left, unit = 0, size / 227
    for row, line in zip((None, *rows), lines, strict=True):
        if isinstance(row, Norm | Dropout | Flatten):
            continue
        is_map = len(line.output_shape) == 3
        draw = _block if is_map else _rectangle
        verb = verbs.get(type(row), "")
        if getattr(row, "activation", "relu") != "relu":  # as of fc8
            verb = verb.removesuffix(",\ndecides")
        axes.text(left, -48 * unit, verb, **style)
        left += draw(axes, left, line, size) + 22 * unit
    axes.set(xlim=(-2, left), ylim=(0.72 * size, -0.6 * size), aspect="equal")
    axes.set_axis_off()
    return figure


def _rectangle(axes, left, line, size):
    """Draws values in a line as a rectangle, nearly square; gives its width."""
    (count,) = line.output_shape
    height = max(n for n in range(1, math.isqrt(count) + 1) if count % n == 0)
    width, unit = count // height, size / 227
    low = left, -height / 2
    axes.add_patch(
        Rectangle(low, width, height, facecolor=ORANGE, edgecolor=GREY)
    )
    style = {"ha": "left", "va": "top", "fontsize": 8}
    text = f"{line.name}\n{count}\nvalues"
    axes.text(left, height / 2 + 6 * unit, text, **style)
    return max(width, 38 * unit)


def _block(axes, left, line, size):
    """Draws a map as deep as it has channels; gives its width."""
    side, _, channels = line.output_shape
    unit = size / 227
    half, depth, right = side / 2, unit * channels / 14, left + side
    slant = (right + depth, -half - depth), (right, -half)
    top = (left, -half), (left + depth, -half - depth), *slant
    flank = *slant, (right, half), (right + depth, half - depth)
    front = (left, -half), (right, -half), (right, half), (left, half)
    for face, color in (
        (top, "#f4f4f4"),
        (flank, "#cccccc"),
        (front, "#e4e4e4"),
    ):
        axes.add_patch(Polygon(face, facecolor=color, edgecolor=GREY))
    style = {"ha": "left", "va": "top", "fontsize": 8}
    text = f"{line.name}\n{side} x {side}\nx {channels}"
    axes.text(left, half + 6 * unit, text, **style)
    return max(side + depth, 38 * unit)
