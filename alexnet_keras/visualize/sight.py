"""What one value of a layer sees of the image."""

import itertools

from matplotlib.patches import Rectangle

from alexnet_keras import shapes
from alexnet_keras.visualize.style import (
    BLUE,
    GREEN,
    LIGHT,
    ORANGE,
    SKY,
    VERMILION,
    along_a_row,
    axes_of,
    bar,
    outside,
    pixels,
)


def pooled_windows(filter_size, stride, pool_size):
    """Draws the pixels that one value sees after a convolution and a pool.

    Args:
        filter_size: Int, pixels along the convolution's filter.
        stride: Int, pixels from one place to the next.
        pool_size: Int, values of the convolution that one window takes.

    Returns:
        `Figure`: the row of pixels, under it one filter at neighbouring places,
        and under these what the window sees.
    """
    side = filter_size + (pool_size - 1) * stride
    lanes = [0.3 * lane for lane in range(pool_size + 2)]
    figure, axes = axes_of(8, 0.8 + 1.1 * lanes[-1])
    pixels(axes, 0, side, lanes[0])
    for value, lane in enumerate(lanes[1:-1]):
        text = f"{value + 1}: {filter_size} pixels"
        bar(axes, value * stride, lane, filter_size, SKY, text)
    text = f"all together: {side} pixels"
    bar(axes, 0, lanes[-1], side, ORANGE, text)
    xticks = range(0, side + 1, stride)
    along_a_row(axes, -0.3, side + 0.3, bottom=lanes[-1], xticks=xticks)
    return figure


def fields(rows, size):
    """Draws what the values along the last map see of a row of the image.

    Args:
        rows: List of `rows.Conv` and `rows.Pool`.
        size: Int, pixels along the image.

    Returns:
        `Figure`: the row of pixels, and under it a bar for each value. What
        lies outside the image is hatched.
    """
    last = shapes.receptive_fields(rows)[-1]
    number = shapes.table(rows, size)[-1].output_shape[0]
    figure, axes = axes_of(8, 0.8 + 0.36 * (number + 1))
    bar(axes, 0, 0, size, LIGHT, f"a row of {size} pixels")
    for value in range(number):
        left = last.start + value * last.jump
        lane, right = 0.32 * (value + 1), left + last.size
        first, end = max(left, 0), min(right, size)
        for start, stop in ((left, first), (end, right)):
            if start < stop:
                outside(axes, start, lane, stop - start)
        text = f"value {value + 1}: {end - first} pixels"
        bar(axes, first, lane, end - first, SKY, text)
    sides = min(last.start, 0) - 2, max(right, size) + 2
    along_a_row(axes, *sides, bottom=lane)
    return figure


def seen(image, sides):
    """Shows what the middle of an image holds, at several sizes.

    Args:
        image: Uint8 array `(height, width, 3)`.
        sides: Ints, pixels along each square cut out of the middle.

    Returns:
        `Figure`: the image with the squares drawn on it, then each square.
    """
    height, width, _ = image.shape
    count = 1 + len(sides)
    figure, panels = axes_of(1.9 * count, 2.2, ncols=count)
    colors = itertools.cycle((VERMILION, BLUE, GREEN, ORANGE))
    panels[0].imshow(image)
    panels[0].set_title(f"{width} x {height} pixels")
    for side, panel, color in zip(sides, panels[1:], colors, strict=False):
        top, left = (height - side) // 2, (width - side) // 2
        square = {"edgecolor": color, "facecolor": "none", "lw": 2}
        panels[0].add_patch(
            Rectangle((left - 0.5, top - 0.5), side, side, **square)
        )
        panel.imshow(image[top : top + side, left : left + side])
        panel.set_title(f"{side} x {side}", color=color)
    for panel in panels:
        panel.set_axis_off()
    return figure
