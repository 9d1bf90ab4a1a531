"""What all figures share: colours, white ground, bars."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLACK, GREY = "#000000", "#999999"
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"

LIGHT = "#dddddd"

PIXELS = "pixel along the row (its number stands at its left edge)"


def axes_of(width, height, **kwargs):
    """Returns a white figure, in inches, and what `subplots` makes in it."""
    figure = Figure((width, height), layout="constrained", facecolor="white")
    axes = figure.subplots(**kwargs)
    for one in figure.axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes


def bar(axes, left, middle, width, color, text="", **kwargs):
    """Draws a bar as high as all, with a text in its middle."""
    kwargs = {"facecolor": color, "edgecolor": "none"} | kwargs
    axes.add_patch(Rectangle((left, middle - 0.12), width, 0.24, **kwargs))
    axes.text(left + width / 2, middle, text, ha="center", va="center")


def pixels(axes, first, end, middle):
    """Draws a row of pixels, from `first` to the one before `end`."""
    for pixel in range(first, end):
        bar(axes, pixel, middle, 1, LIGHT, edgecolor="white")


def outside(axes, left, middle, width):
    """Draws a bar for what lies outside the image."""
    hatched = {"edgecolor": VERMILION, "hatch": "////"}
    bar(axes, left, middle, width, "white", **hatched)


def along_a_row(axes, left, right, bottom, **kwargs):
    """Sets axes on which bars lie one below another, under a row of pixels."""
    axes.set(
        xlim=(left, right),
        ylim=(bottom + 0.2, -0.2),
        yticks=[],
        xlabel=PIXELS,
        **kwargs,
    )
    axes.spines["left"].set_visible(False)


def grid(axes, numbers, title):
    """Writes numbers into squares; what is not yet known stays empty."""
    largest = max(np.nanmax(abs(numbers)), 1e-9)
    shade = {"cmap": "RdBu_r", "vmin": -1.6 * largest, "vmax": 1.6 * largest}
    axes.imshow(numbers, **shade)
    height, width = numbers.shape
    axes.hlines(np.arange(height + 1) - 0.5, -0.5, width - 0.5, GREY, lw=0.5)
    axes.vlines(np.arange(width + 1) - 0.5, -0.5, height - 0.5, GREY, lw=0.5)
    for (row, column), number in np.ndenumerate(numbers):
        if not np.isnan(number):
            style = {"ha": "center", "va": "center", "fontsize": 9}
            axes.text(column, row, f"{number:g}", **style)
    axes.set_title(title)
    axes.set_axis_off()
