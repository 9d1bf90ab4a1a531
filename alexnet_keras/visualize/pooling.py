"""What a pool keeps of a map, what it forgets, and where its gradient goes."""

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras import shapes
from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    VERMILION,
    axes_of,
    grid,
)

RING = {"ls": "none", "marker": "o", "ms": 21, "mfc": "none", "mec": BLACK}


def pool_at(values, size=3, stride=2, row=0, column=0):
    """Draws a max-pool's window at one place, and the map so far.

    Args:
        values: Array `(height, width)`.
        size: Int, values along the window.
        stride: Int, values from one place to the next.
        row: Int, counts the windows downwards.
        column: Int, counts them to the right.

    Returns:
        `Figure`: the map with the window framed and its largest value ringed,
        the window alone, and the pooled map up to this place.
    """
    values = np.asarray(values)
    pooled, winners = _pool(values, size, stride)
    figure, panels = axes_of(9, 2.9, ncols=3, width_ratios=(1.7, 0.9, 0.9))
    whole, window, found = panels
    top, left = row * stride, column * stride
    grid(whole, values, "map")
    _frame(whole, left, top, size)
    winner = winners[:, row, column]
    whole.plot(winner[1], winner[0], mew=2, **RING)
    part = values[top : top + size, left : left + size]
    grid(window, part, "window")
    window.plot(winner[1] - left, winner[0] - top, mew=2, **RING)
    sofar = np.full(pooled.shape, np.nan)
    last = row * pooled.shape[1] + column
    sofar.flat[: last + 1] = pooled.flat[: last + 1]
    grid(found, sofar, "pooled map so far")
    _frame(found, column, row, 1)
    return figure


def condensed(panels):
    """Shows maps side by side, with one scale of colours.

    Args:
        panels: Dict of float arrays `(height, width)` by their titles, not
            below 0; NaN is drawn in grey.

    Returns:
        `Figure`; the strongest hundredth of the first map has one colour.
    """
    figure, axes = axes_of(3.3 * len(panels) + 0.9, 3.3, ncols=len(panels))
    first = np.ravel(next(iter(panels.values())))
    limit = np.quantile(first, 0.99)
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        axis.set_facecolor(LIGHT)
        shown = axis.imshow(
            values,
            cmap="RdBu_r",
            vmin=-limit,
            vmax=limit,
            interpolation="nearest",
        )
        axis.set_title(title, fontsize=10)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color=GREY, lw=0.5)
    scale = {"label": "value of the map", "shrink": 0.8, "extend": "max"}
    scale = figure.colorbar(shown, ax=axes, **scale)
    scale.ax.set_ylim(0, limit)  # nothing is below 0
    return figure


def moved_and_pooled(values, shifts=(0,), size=3, stride=2):
    """Draws a map that moves to the right, and what a max-pool makes of it.

    Args:
        values: Array `(height, width)`; zeros come in at its left.
        shifts: Ints, columns to move by; a column of the figure for each.
        size: Int, values along the window.
        stride: Int, values from one place to the next.

    Returns:
        `Figure`: above, the moved maps, the winners above 0 ringed; below,
        the pooled maps.
    """
    values = np.asarray(values)
    width = 0.36 * values.shape[1] + 0.3
    figure, axes = axes_of(
        max(width * len(shifts), 3),
        0.36 * values.shape[0] + 2,
        nrows=2,
        ncols=len(shifts),
        squeeze=False,
        height_ratios=(values.shape[0], values.shape[0] / stride),
    )
    for (above, below), shift in zip(axes.T, shifts, strict=True):
        after = np.zeros_like(values)
        after[:, shift:] = values[:, : values.shape[1] - shift]
        pooled, winners = _pool(after, size, stride)
        grid(above, after, f"moved by {shift}")
        rows, columns = winners[:, pooled > 0]
        above.plot(columns, rows, mew=1.5, **RING | {"ms": 17})
        grid(below, pooled, "")
    return figure


def pool_by_hand(values):
    """Shows `moved_and_pooled` with sliders, in a notebook.

    Args:
        values: Array `(height, width)`.
    """
    import ipywidgets

    side = min(np.shape(values))
    ipywidgets.interact(
        lambda shift, window, stride: moved_and_pooled(
            values, [shift], window, stride
        ),
        shift=ipywidgets.IntSlider(0, 0, 4),
        window=ipywidgets.IntSlider(3, 1, side),
        stride=ipywidgets.IntSlider(2, 1, side),
    )


def overlap(size, pools):
    """Draws how many windows of a pool read each value of a square map.

    Args:
        size: Int, values along the map.
        pools: Pairs of ints, window and stride; a panel for each.

    Returns:
        `Figure`, the numbers written into the map.
    """
    figure, axes = axes_of(3.1 * len(pools), 3.2, ncols=len(pools))
    for axis, (window, stride) in zip(axes, pools, strict=True):
        counts = shapes.times_read(size, window, stride)
        title = f"windows {window} wide, stride {stride}"
        grid(axis, np.outer(counts, counts), title)
        axis.images[0].set_clim(-6.4, 6.4)  # one scale: 4 is the darkest
    return figure


def changes_by_shift(shifts, lines):
    """Draws how much maps change when a photo moves.

    Args:
        shifts: Ints, pixels.
        lines: Dict of lists of floats by their labels, a share for each shift:
            1 is as different as another photo.

    Returns:
        `Figure`.
    """
    figure, axes = axes_of(8, 3.8)
    looks = zip(
        (BLACK, GREY, ORANGE, GREEN, BLUE),
        ("-", ":", "--", "-.", "-"),
        "osD^v",
        strict=True,
    )
    for (label, shares), look in zip(lines.items(), looks, strict=False):
        color, dash, mark = look
        style = {"color": color, "ls": dash, "marker": mark, "ms": 5, "lw": 2}
        axes.plot(shifts, 100 * np.array(shares), label=label, **style)
    axes.axhline(100, color=VERMILION, lw=1)
    axes.text(0, 101, "another photo", color=VERMILION, va="bottom")
    axes.set(xlabel="photo moved by (pixels)", ylabel="change (%)")
    axes.set(xticks=shifts, ylim=(0, 112))
    axes.legend(frameon=False, bbox_to_anchor=(1, 0.5), loc="center left")
    return figure


def routed(values, gradient, size=3, stride=2):
    """Draws how a max-pool hands a gradient back to its winners.

    Args:
        values: Array `(height, width)`.
        gradient: Array as large as the pooled map: how fast the loss grows
            with each pooled value.
        size: Int, values along the window.
        stride: Int, values from one place to the next.

    Returns:
        `Figure`: the map with its winners ringed, the gradient that arrives,
        and the map's gradient.
    """
    pooled, winners = _pool(np.asarray(values), size, stride)
    back = np.zeros(np.shape(values))
    np.add.at(back, tuple(winners), gradient)
    ratios = (1.2, 0.75, 1.2)
    figure, axes = axes_of(10, 2.9, ncols=3, width_ratios=ratios)
    grid(axes[0], np.asarray(values), "map, winners ringed")
    axes[0].plot(winners[1].ravel(), winners[0].ravel(), mew=2, **RING)
    grid(axes[1], np.asarray(gradient), "gradient at the pool")
    grid(axes[2], back, "gradient at the map")
    return figure


def _pool(values, size, stride):
    """Pools, and finds the first largest value of each window.

    Returns:
        Pooled array `(rows, columns)`, and int array `(2, rows, columns)`, the
        winners' rows and columns in the map.
    """
    windows = np.lib.stride_tricks.sliding_window_view(values, (size, size))
    windows = windows[::stride, ::stride]
    rows, columns = windows.shape[:2]
    flat = windows.reshape(rows, columns, size * size)
    inside = np.unravel_index(flat.argmax(-1), (size, size))
    corners = stride * np.indices((rows, columns))
    return flat.max(-1), corners + np.array(inside)


def _frame(axes, left, top, side):
    corner = (left - 0.5, top - 0.5)
    style = {"fill": False, "edgecolor": BLUE, "lw": 3}
    axes.add_patch(Rectangle(corner, side, side, **style))
