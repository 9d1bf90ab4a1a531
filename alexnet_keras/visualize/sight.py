"""What one value of a layer sees of the image."""

from matplotlib.patches import Rectangle

from alexnet_keras import shapes
from alexnet_keras.visualize.style import (
    BLUE,
    GREEN,
    ORANGE,
    PIXELS,
    SKY,
    VERMILION,
    axes_of,
    bar,
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
    for pixel in range(side):
        bar(axes, pixel, lanes[0], 1, "#dddddd", edgecolor="white")
    for value, lane in enumerate(lanes[1:-1]):
        text = f"{value + 1}: {filter_size} pixels"
        bar(axes, value * stride, lane, filter_size, SKY, text)
    text = f"all together: {side} pixels"
    bar(axes, 0, lanes[-1], side, ORANGE, text)
    axes.set(
        xlim=(-0.3, side + 0.3),
        ylim=(lanes[-1] + 0.2, -0.2),
        xticks=range(0, side + 1, stride),
        yticks=[],
        xlabel=PIXELS,
    )
    axes.spines["left"].set_visible(False)
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
    bar(axes, 0, 0, size, "#dddddd", f"a row of {size} pixels")
    for value in range(number):
        left = last.start + value * last.jump
        lane, right = 0.32 * (value + 1), left + last.size
        first, end = max(left, 0), min(right, size)
        beyond = {"edgecolor": VERMILION, "hatch": "////"}
        for start, stop in ((left, first), (end, right)):
            if start < stop:
                bar(axes, start, lane, stop - start, "white", **beyond)
        text = f"value {value + 1}: {end - first} pixels"
        bar(axes, first, lane, end - first, SKY, text)
    axes.set(
        xlim=(last.start - 2, last.start + (number - 1) * last.jump + 197),
        ylim=(0.32 * number + 0.2, -0.2),
        yticks=[],
        xlabel=PIXELS,
    )
    axes.spines["left"].set_visible(False)
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
    colors = (VERMILION, BLUE, GREEN, ORANGE)
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
