"""Pictures as they are."""

import itertools

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    axes_of,
)


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
    figure, axes = axes_of(
        1.1 * columns + 1,
        1.1 * len(rows),
        nrows=len(rows),
        ncols=columns,
        squeeze=False,
    )
    for row, name, line in zip(rows, class_names, axes, strict=True):
        for place, panel in enumerate(line):
            panel.set_axis_off()
            if place < len(row):
                panel.imshow(row[place])
        line[0].text(
            -0.08,
            0.5,
            name,
            transform=line[0].transAxes,
            ha="right",
            va="center",
            fontsize=9,
        )
    return figure


def side_by_side(images, titles):
    """Shows pictures or maps in a row.

    Args:
        images: List of arrays: uint8 `(height, width, 3)`, RGB; or numbers
            `(height, width)`, which are drawn from blue (the lowest possible,
            below 0) over white (0) to red, on one scale for all.
        titles: List of str.

    Returns:
        `Figure`.
    """
    count = len(images)
    tallest = max(image.shape[0] / image.shape[1] for image in images)
    width = min(10 / count, 3.4)
    figure, panels = axes_of(
        width * count, 0.35 + width * tallest, ncols=count, squeeze=False
    )
    maps = [image for image in images if image.ndim == 2]
    largest = max((float(abs(one).max()) for one in maps), default=1)
    for image, title, panel in zip(images, titles, panels[0], strict=True):
        panel.imshow(
            image,
            cmap="RdBu_r",
            vmin=-largest,
            vmax=largest,
            interpolation="nearest",
        )
        panel.set_title(title, fontsize=10)
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set(visible=True, color=GREY, lw=0.5)
    return figure


def planes(image, top, left, side=5):
    """Takes a picture apart: its three planes, and one corner as numbers.

    Args:
        image: Uint8 array `(height, width, 3)`, RGB.
        top: Int, first row of the corner.
        left: Int, first column of the corner.
        side: Int, pixels along the corner.

    Returns:
        `Figure`: above, the picture and its red, green and blue plane, in grey;
        below, the corner of each, with the planes' numbers written in.
    """
    figure, panels = axes_of(10, 4.6, nrows=2, ncols=4)
    views = [image, *np.moveaxis(image, -1, 0)]
    names = ("the picture", "red", "green", "blue")
    colors = (BLACK, VERMILION, GREEN, BLUE)
    grey = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "nearest"}
    for view, name, color, column in zip(
        views, names, colors, panels.T, strict=True
    ):
        whole, zoomed = column
        whole.imshow(view, **grey)
        whole.set_title(name, color=color)
        frame = (left - 0.5, top - 0.5), side, side
        whole.add_patch(
            Rectangle(*frame, facecolor="none", edgecolor=SKY, lw=1.5)
        )
        corner = view[top : top + side, left : left + side]
        zoomed.imshow(corner, **grey)
        if corner.ndim == 2:
            for (row, place), value in np.ndenumerate(corner):
                ink = "black" if value > 127 else "white"
                style = {"ha": "center", "va": "center", "fontsize": 9}
                zoomed.text(place, row, value, color=ink, **style)
        for panel in column:
            panel.set_axis_off()
    return figure


def histogram(groups, xlabel):
    """Draws how often values occur in each channel, a panel a group.

    Args:
        groups: Dict of arrays `(..., 3)` by their titles.
        xlabel: Str, what the values are.

    Returns:
        `Figure`: a line for red, green and blue, and one at 0.
    """
    figure, panels = axes_of(10, 2.8, ncols=len(groups), squeeze=False)
    for (title, values), panel in zip(groups.items(), panels[0], strict=True):
        channels = np.reshape(values, (-1, 3)).T
        for name, color, dashes, channel in zip(
            ("red", "green", "blue"),
            (VERMILION, GREEN, BLUE),
            ("-", "--", ":"),
            channels,
            strict=True,
        ):
            counts, edges = np.histogram(channel, bins=64)
            shares = 100 * counts / len(channel)
            style = {"color": color, "ls": dashes, "label": name}
            panel.plot((edges[1:] + edges[:-1]) / 2, shares, **style)
        panel.axvline(0, color=GREY, lw=1)
        panel.set(title=title, xlabel=xlabel, ylabel="share of values (%)")
        panel.set_ylim(0, None)
        panel.legend(frameon=False)
    return figure


def cuts(image, boxes):
    """Draws squares on a picture, such as crops.

    Args:
        image: Uint8 array `(height, width, 3)`.
        boxes: Dict of `(top, left, height, width)` in pixels, by their labels.

    Returns:
        `Figure`: the picture with axes in pixels, and a legend.
    """
    height, width, _ = image.shape
    figure, axes = axes_of(7.5, 0.9 + 5 * height / width)
    axes.imshow(image, interpolation="nearest")
    colors = itertools.cycle((VERMILION, BLUE, ORANGE))
    dashes = itertools.cycle(("-", "--", ":"))
    for (label, box), color, dash in zip(
        boxes.items(), colors, dashes, strict=False
    ):
        top, left, tall, wide = box
        style = {"edgecolor": color, "ls": dash, "lw": 2.5, "label": label}
        corner = (left - 0.5, top - 0.5)
        axes.add_patch(Rectangle(corner, wide, tall, facecolor="none", **style))
    axes.set(xlabel="column (pixels)", ylabel="row (pixels)")
    axes.legend(bbox_to_anchor=(1.02, 1), loc="upper left", frameon=False)
    return figure


def batch(images):
    """Draws a batch with the names of its four axes.

    Args:
        images: Uint8 array `(batch, height, width, 3)`.

    Returns:
        `Figure`: the pictures one behind another, and beside them the three
        planes of the first.
    """
    count, height, width, _ = images.shape
    figure, axes = axes_of(9, 3.6)
    step, right = 0.22 * width, 1.9 * width + 0.22 * width * (count - 1)
    arrow = {"arrowstyle": "<->", "color": BLACK, "lw": 1.5}

    def put(picture, left, low, order, **kwargs):
        corners = (left, left + width, low, low + height)
        axes.imshow(
            picture,
            extent=corners,
            zorder=order,
            interpolation="nearest",
            **kwargs,
        )
        frame = {"facecolor": "none", "edgecolor": GREY, "zorder": order}
        axes.add_patch(Rectangle((left, low), width, height, **frame))

    def measure(start, end, text, **style):
        axes.annotate("", end, start, arrowprops=arrow)
        middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        axes.text(*middle, text, fontsize=10, **style)

    for place, picture in enumerate(images):
        put(picture, step * place, step * place, count - place)
    back, gap = step * (count - 1), 0.06 * width
    for place, plane in enumerate(np.moveaxis(images[0], -1, 0)):
        grey = {"cmap": "gray", "vmin": 0, "vmax": 255}
        put(plane, right + step * place, step * place, 3 - place, **grey)
    above, beside = {"ha": "center", "va": "top"}, {"ha": "right"}
    measure((0, -gap), (width, -gap), f"\nwidth {width}", **above)
    measure((-gap, 0), (-gap, height), f"height {height} ", **beside)
    start, end = (width + gap, -gap), (width + back + gap, back - gap)
    measure(start, end, f"   batch {count}", va="top")
    start = right + width + gap, -gap
    end = start[0] + 2 * step, start[1] + 2 * step
    measure(start, end, "   channels 3", va="top")
    axes.set_xlim(-0.75 * width, right + 2.3 * width)
    axes.set_ylim(-0.4 * height, height + max(back, 2 * step) + gap)
    axes.set_aspect("equal")
    axes.set_axis_off()
    return figure
