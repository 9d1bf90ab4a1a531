"""How sizes come about: places, the edge, and what a value sees."""

from alexnet_keras import shapes
from alexnet_keras.visualize.style import (
    BLACK,
    GREEN,
    ORANGE,
    SKY,
    VERMILION,
    axes_of,
    bar,
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
        for pixel in range(first, size):
            bar(axes, pixel, row - 0.27, 1, "#dddddd", edgecolor="white")
        before, place = (start - stride, row - 0.01), (start, row + 0.25)
        bar(axes, *before, filter_size, SKY, f"place {places - 1}")
        color = ORANGE if missing else GREEN
        bar(axes, *place, inside, color, f"place {places}")
        note = "fits exactly"
        if missing:
            note = f"{missing} pixel{'s' * (missing > 1)} missing"
            beyond = {"edgecolor": VERMILION, "hatch": "////"}
            bar(axes, size, row + 0.25, missing, "white", **beyond)
        axes.plot([size, size], [row - 0.42, row + 0.38], color=BLACK, lw=2)
        axes.text(size + missing + 0.3, row + 0.25, note, va="center")
    axes.set(
        xlim=(first, max(sizes) + 5),
        ylim=(len(sizes) - 0.5, -0.5),
        yticks=range(len(sizes)),
        yticklabels=sizes,
        xlabel="pixel along the row, counted from the left edge",
        ylabel="input size (pixels)",
    )
    return figure


def pooled_windows(filter_size, stride, pool_size):
    """Draws the pixels that one value sees after a convolution and a pool.

    Args:
        filter_size: Int, pixels along the convolution's filter.
        stride: Int, pixels from one place to the next.
        pool_size: Int, values of the convolution that one window takes.

    Returns:
        `Figure`: the row of pixels, over it one filter at neighbouring places,
        and over these what the window sees.
    """
    side = filter_size + (pool_size - 1) * stride
    lanes = [0.3 * lane for lane in range(pool_size + 2)]
    figure, axes = axes_of(8, 0.8 + 1.1 * lanes[-1])
    for pixel in range(side):
        bar(axes, pixel, lanes[0], 1, "#dddddd", edgecolor="white")
    for value, lane in enumerate(lanes[1:-1]):
        text = f"place {value + 1}: {filter_size} pixels"
        bar(axes, value * stride, lane, filter_size, SKY, text)
    text = f"one value of the pool: {side} pixels"
    bar(axes, 0, lanes[-1], side, ORANGE, text)
    axes.set(
        xlim=(-0.3, side + 0.3),
        ylim=(-0.2, lanes[-1] + 0.2),
        xticks=range(0, side + 1, stride),
        yticks=[],
        xlabel="pixel along the row, counted from the left edge",
    )
    axes.spines["left"].set_visible(False)
    return figure
