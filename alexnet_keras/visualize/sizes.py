"""How sizes come about: places, and the edge."""

import numpy as np

from alexnet_keras import shapes
from alexnet_keras.visualize.style import (
    BLACK,
    GREEN,
    GREY,
    ORANGE,
    PIXELS,
    SKY,
    VERMILION,
    along_a_row,
    axes_of,
    bar,
    grid,
    outside,
    pixels,
)


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
    figure, axes = axes_of(8, 0.5 + 1.05 * len(sizes))
    first = min(sizes) - filter_size - stride
    for row, size in enumerate(sizes):
        places = shapes.output_size(size, filter_size, stride, rounding="up")
        start = (places - 1) * stride
        missing = shapes.overhang(size, filter_size, stride)
        inside = filter_size - missing
        pixels(axes, first, size, row - 0.27)
        before, place = (start - stride, row - 0.01), (start, row + 0.25)
        bar(axes, *before, filter_size, SKY, f"place {places - 1}")
        color = ORANGE if missing else GREEN
        bar(axes, *place, inside, color, f"place {places}")
        note = "fits exactly"
        if missing:
            note = f"{missing} pixel{'s' * (missing > 1)} missing"
            outside(axes, size, row + 0.25, missing)
        axes.plot([size, size], [row - 0.42, row + 0.38], color=BLACK, lw=2)
        axes.text(size + missing + 0.3, row + 0.25, note, va="center")
    axes.set(
        xlim=(first, max(sizes) + 5),
        ylim=(len(sizes) - 0.5, -0.5),
        yticks=range(len(sizes)),
        yticklabels=sizes,
        xlabel=PIXELS,
        ylabel="input size (pixels)",
    )
    return figure


def places(size, filter_size, stride=1, padding=0, rounding="down"):
    """Draws every place of a filter along a row of pixels.

    Args:
        size: Int, pixels along the row.
        filter_size: Int, pixels along the filter.
        stride: Int, pixels from one place to the next.
        padding: Int, zeros at each end.
        rounding: `"down"` or `"up"`.

    Returns:
        `Figure`: the row, zeros dotted and unread pixels orange, and below it
        the places; what hangs over the end is hatched. The title has the sum.

    Raises:
        ValueError: As `shapes.output_size` does.
    """
    count = shapes.output_size(size, filter_size, stride, padding, rounding)
    starts = [place * stride - padding for place in range(count)]
    read = {pixel + i for pixel in starts for i in range(filter_size)}
    end = max(size + padding, starts[-1] + filter_size)
    figure, axes = axes_of(8, 1.1 + 0.27 * count)
    dotted = {"edgecolor": GREY, "hatch": "...."}
    for zero in (*range(-padding, 0), *range(size, size + padding)):
        bar(axes, zero, 0, 1, "white", **dotted)
    pixels(axes, 0, size, 0)
    unread = [pixel for pixel in range(size) if pixel not in read]
    for pixel in unread:
        bar(axes, pixel, 0, 1, VERMILION, edgecolor="white")
    for place, start in enumerate(starts, 1):
        inside = min(start + filter_size, size + padding) - start
        bar(axes, start, 0.3 * place, inside, SKY, f"place {place}")
        if inside < filter_size:
            outside(axes, start + inside, 0.3 * place, filter_size - inside)
    steps = (size + 2 * padding - filter_size) / stride
    zeros = f" + 2 x {padding}" if padding else ""
    title = (
        f"({size}{zeros} - {filter_size}) / {stride} = {steps:.3g} steps, "
        f"rounded {rounding} {count - 1}: {count} places, {len(unread)} unread"
    )
    sides = -padding - 0.3, end + 0.3
    along_a_row(axes, *sides, bottom=0.3 * count, title=title)
    return figure


def times_read(size, filter_size, paddings):
    """Draws how many places of a filter read each value of a square map.

    Args:
        size: Int, values along the map.
        filter_size: Int, values along the filter, whose stride is 1.
        paddings: Ints, zeros at each end; a panel for each.

    Returns:
        `Figure`, the numbers written into the map.
    """
    figure, panels = axes_of(
        3.6 * len(paddings), 3.7, ncols=len(paddings), squeeze=False
    )
    for padding, panel in zip(paddings, panels[0], strict=True):
        counts = shapes.times_read(size, filter_size, padding=padding)
        zeros = f"{padding} zero{'s' * (padding != 1)} at each end"
        grid(panel, np.outer(counts, counts), zeros)
    return figure


def step_by_hand():
    """Shows `places` with sliders for its numbers, in a notebook."""
    import ipywidgets

    def draw(size, filter_size, stride, padding, rounding):
        try:
            return places(size, filter_size, stride, padding, rounding)
        except ValueError as error:
            print(error)

    ipywidgets.interact(
        draw,
        size=ipywidgets.IntSlider(13, 1, 40),
        filter_size=ipywidgets.IntSlider(5, 1, 11, description="filter"),
        stride=ipywidgets.IntSlider(3, 1, 6),
        padding=ipywidgets.IntSlider(0, 0, 5),
        rounding=["down", "up"],
    )
