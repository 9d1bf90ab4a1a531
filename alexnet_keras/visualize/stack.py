"""Layers on layers: what each gives, how far it sees, what it feels."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle

from alexnet_keras import shapes
from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    axes_of,
)

COLORS = VERMILION, BLUE, GREEN, ORANGE, PURPLE, BLACK


def maps(outputs, count=3):
    """Shows a few maps of each layer, all drawn equally large.

    Args:
        outputs: Dict of arrays `(rows, columns, channels)`, none below 0, by
            their layers' names.
        count: Int, maps of each layer: the first that are above 0 at
            more than half of their places.

    Returns:
        `Figure`: a column for each layer. White is 0, dark the map's largest.
    """
    width = len(outputs)
    figure, panels = axes_of(
        1.9 * width, 0.4 + 1.9 * count, nrows=count, ncols=width, squeeze=False
    )
    for column, (name, array) in zip(panels.T, outputs.items(), strict=True):
        array = np.asarray(array)
        rows, columns, _ = array.shape
        column[0].set_title(f"{name}: {rows} x {columns}", fontsize=10)
        busy = np.flatnonzero((array > 0).mean(axis=(0, 1)) > 0.5)
        for panel, number in zip(column, busy, strict=False):
            style = {"cmap": "Greys", "vmin": 0, "interpolation": "nearest"}
            panel.imshow(array[..., number], **style)
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set(visible=True, color=GREY, lw=0.5)
    return figure


def nested(image, rows, names):
    """Draws what the middle values of several layers see of a photo.

    Args:
        image: Uint8 array `(height, width, 3)`.
        rows: List of `rows`.
        names: Names of at most six of their layers.

    Returns:
        `Figure`: the photo with a square for each layer, and beside it what
        each square holds.
    """
    figure, axes = axes_of(10, 4.6, ncols=2, width_ratios=(1, 1.25))
    axes[0].imshow(image, interpolation="nearest")
    for panel in axes:
        panel.set_axis_off()
    sides = (len(names) + 1) // 2
    boxes = zip(names, COLORS, strict=False)
    for number, (name, color) in enumerate(boxes):
        places = _places(rows, name, image)
        middle = [count // 2 for count in places]
        top, left, side = square(rows, name, *middle)
        frame = {"edgecolor": color, "facecolor": "none", "lw": 2}
        frame["zorder"] = 2 + 1 / side  # small ones above
        corner = left - 0.5, top - 0.5
        axes[0].add_patch(Rectangle(corner, side, side, **frame))
        line, column = divmod(number, sides)
        spot = (column / sides, 0.51 - 0.51 * line, 0.9 / sides, 0.42)
        inset = axes[1].inset_axes(spot)
        inset.imshow(_cut(image, top, left, side), interpolation="nearest")
        inset.set_title(f"{name}: {side} x {side}", fontsize=10)
        inset.set(xticks=[], yticks=[])
        inset.spines[:].set(visible=True, color=color, lw=2.5)
    return figure


def sight(image, rows, name, row, column):
    """Draws what one value of a layer sees of a photo.

    Args:
        image: Uint8 array `(height, width, 3)`.
        rows: List of `rows`.
        name: Str, the layer.
        row: Int, the value's row in its map.
        column: Int, its column.

    Returns:
        `Figure`: the photo with a square, and what the square holds. What lies
        outside the photo is grey.
    """
    top, left, side = square(rows, name, row, column)
    figure, (whole, part) = axes_of(7.6, 3.9, ncols=2)
    whole.imshow(image, interpolation="nearest")
    frame = {"edgecolor": VERMILION, "facecolor": "none", "lw": 2.5}
    corner = left - 0.5, top - 0.5
    whole.add_patch(Rectangle(corner, side, side, **frame))
    part.imshow(_cut(image, top, left, side), interpolation="nearest")
    height, width = _places(rows, name, image)
    room = 2 - min(square(rows, name, 0, 0))  # for squares that stand out
    whole.set_xlim(-room, image.shape[1] + room)
    whole.set_ylim(image.shape[0] + room, -room)
    whole.set_title(f"{name}, place ({row}, {column}) of {height} x {width}")
    part.set_title(f"it sees {side} x {side} pixels")
    for panel in (whole, part):
        panel.set_axis_off()
    return figure


def sight_by_hand(image, rows):
    """Shows `sight` with sliders for the layer and the place, in a notebook."""
    import ipywidgets

    names = [field.name for field in shapes.receptive_fields(rows)]

    def draw(layer, down, across):
        last = [count - 1 for count in _places(rows, layer, image)]
        shares = down / 100, across / 100
        place = [round(s * most) for s, most in zip(shares, last, strict=True)]
        return sight(image, rows, layer, *place)

    percent = {"min": 0, "max": 100, "value": 50, "step": 2}
    ipywidgets.interact(
        draw,
        layer=ipywidgets.SelectionSlider(options=names, value=names[-1]),
        down=ipywidgets.IntSlider(**percent, description="down, %"),
        across=ipywidgets.IntSlider(**percent, description="across, %"),
    )


def influence(strengths, start, counts):
    """Draws how much each pixel moves one value, and how many ways lead there.

    Args:
        strengths: Float array `(height, width)`, 0 for no influence.
        start: Int, the first row and column of the field.
        counts: Ints, the ways from each pixel along the field to the value.

    Returns:
        `Figure`: the strengths with the field as a frame, and the share of
        each column beside its share of the ways.
    """
    figure, (whole, shares) = axes_of(10, 3.9, ncols=2, width_ratios=(1, 1.3))
    largest, side = strengths.max(), len(counts)
    drawn = np.ma.masked_equal(strengths / largest, 0)
    picture = whole.imshow(
        drawn,
        cmap="Blues",
        norm=LogNorm(1e-4, 1, clip=True),
        interpolation="nearest",
    )
    frame = {"edgecolor": VERMILION, "facecolor": "none", "lw": 1.5}
    corner = start - 1, start - 1
    whole.add_patch(Rectangle(corner, side + 1, side + 1, **frame))
    whole.set(xlabel="column (pixels)", ylabel="row (pixels)")
    whole.spines[:].set_visible(True)
    bar = figure.colorbar(picture, ax=whole, shrink=0.8)
    bar.set_label("influence, 1 for the largest\n(each mark: ten times more)")
    columns = 100 * strengths.sum(axis=0) / strengths.sum()
    style = {"color": BLUE, "lw": 1.2, "label": "influence"}
    shares.plot(np.arange(len(columns)), columns, **style)
    ways = 100 * np.asarray(counts) / np.sum(counts)
    style = {"color": BLACK, "ls": "--", "lw": 1.5, "label": "ways"}
    shares.plot(start + np.arange(side), ways, **style)
    for edge in (start - 0.5, start + side - 0.5):
        shares.axvline(edge, color=VERMILION, lw=1)
    shares.set_xlabel("column (pixels)")
    shares.set_ylabel("share of all, column by column (%)")
    shares.set_ylim(0, None)
    shares.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.72, 1))
    return figure


def square(rows, name, row, column):
    """Finds the pixels that one value of a layer sees.

    Returns:
        Three ints: the first row, the first column, and the side. The first
        ones may be negative, where padding lies outside the photo.
    """
    fields = {field.name: field for field in shapes.receptive_fields(rows)}
    field = fields[name]
    first = [field.start + place * field.jump for place in (row, column)]
    return (*first, field.size)


def _places(rows, name, image):
    lines = {line.name: line for line in shapes.table(rows, image.shape[:2])}
    return lines[name].output_shape[:2]


def _cut(image, top, left, side):
    """Cuts a square out of a photo; what lies outside is grey."""
    height, width, _ = image.shape
    cut = np.full((side, side, 3), 153, "uint8")
    rows = slice(max(top, 0), min(top + side, height))
    columns = slice(max(left, 0), min(left + side, width))
    target = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    cut[target] = image[rows, columns]
    return cut
