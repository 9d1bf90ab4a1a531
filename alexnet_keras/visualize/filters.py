"""A filter at work: places, products, sums, and how it learns."""

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    axes_of,
    grid,
)


def slide(image, weights, row=0, column=0):
    """Draws a filter at one place: what it multiplies, and how the sum grows.

    Args:
        image: Array `(height, width)`.
        weights: Array `(side, side)`, the filter.
        row: Int, the first row under the filter.
        column: Int, the first column under it.

    Returns:
        `Figure`: the image with the place framed, the filter, the products,
        the running sum, and the map of all places up to this one.
    """
    image, weights = np.asarray(image), np.asarray(weights)
    side = len(weights)
    rows, columns = (size - side + 1 for size in image.shape)
    patch = image[row : row + side, column : column + side]
    products = patch * weights
    figure, panels = axes_of(
        11, 2.7, ncols=5, width_ratios=(1.6, 0.9, 0.9, 1.5, 1.2)
    )
    whole, small, product, running, found = panels
    grid(whole, image, "image")
    frame = (column - 0.5, row - 0.5), side, side
    whole.add_patch(Rectangle(*frame, fill=False, edgecolor=VERMILION, lw=3))
    grid(small, weights, "filter")
    grid(product, products, "products")
    sums = np.cumsum([0, *products.ravel()])
    running.step(range(len(sums)), sums, where="post", color=BLUE, lw=2)
    running.plot(len(sums) - 1, sums[-1], "o", color=VERMILION)
    running.axhline(0, color=GREY, lw=1)
    running.set(title=f"running sum: {sums[-1]:g}", xlabel="products added")
    running.set_xticks(range(0, len(sums), side))
    lowest, highest = min(sums.min(), 0), max(sums.max(), 1)
    room = 0.1 * (highest - lowest)
    running.set_ylim(lowest - room, highest + room)
    sofar = np.full((rows, columns), np.nan)
    for place in range(row * columns + column + 1):
        top, left = divmod(place, columns)
        under = image[top : top + side, left : left + side]
        sofar[top, left] = (under * weights).sum()
    grid(found, sofar, "map so far")
    frame = (column - 0.5, row - 0.5), 1, 1
    found.add_patch(Rectangle(*frame, fill=False, edgecolor=VERMILION, lw=3))
    return figure


def slide_by_hand(image, weights):
    """Shows `slide` with sliders for the place, in a notebook."""
    import ipywidgets

    ipywidgets.interact(
        lambda row, column: slide(image, weights, row, column),
        row=ipywidgets.IntSlider(0, 0, len(image) - len(weights)),
        column=ipywidgets.IntSlider(0, 0, len(image[0]) - len(weights)),
    )


def depth(patch, weights):
    """Draws one filter over colours: a slice for each channel, one sum.

    Args:
        patch: Array `(side, side, 3)`, what lies under the filter.
        weights: Array `(side, side, 3)`, the filter.

    Returns:
        `Figure`: a row for each of red, green and blue, with the patch, the
        filter, their products and the products' sum; below, the whole sum.
    """
    products = patch * weights
    figure, panels = axes_of(7, 5, nrows=3, ncols=4)
    titles = "under the filter", "filter", "products", "their sum"
    sums = products.sum(axis=(0, 1))
    for title, panel in zip(titles, panels[0], strict=True):
        panel.set_title(title)
    for channel, name in enumerate(("red", "green", "blue")):
        line = panels[channel]
        for array, panel in zip((patch, weights, products), line, strict=False):
            largest = abs(array).max()  # one scale for all channels
            scale = {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
            panel.imshow(array[..., channel], **scale)
            panel.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, fontsize=11)
        style = {"ha": "center", "va": "center", "fontsize": 14}
        line[3].text(0.5, 0.5, f"{sums[channel]:.1f}", **style)
        line[3].set_axis_off()
    parts = " ".join(f"{part:+.1f}" for part in sums).lstrip("+")
    figure.supxlabel(f"one number: {parts} = {sums.sum():.1f}")
    return figure


def connections(num_inputs, filter_size):
    """Draws who reads whom, in three kinds of layers.

    Args:
        num_inputs: Int, inputs in a row.
        filter_size: Int, neighbours that an output reads in the second and
            third kind.

    Returns:
        `Figure`: every output reads all inputs; each reads its neighbours,
        with weights of its own; all use the same weights, drawn in the same
        colours and dashes.
    """
    count = num_inputs - filter_size + 1
    figure, panels = axes_of(10, 2.6, ncols=3)
    looks = [(BLUE, "-"), (ORANGE, "--"), (GREEN, ":"), (PURPLE, "-.")]
    kinds = (
        ("all inputs", num_inputs * count),
        ("neighbours only", filter_size * count),
        ("neighbours, same weights", filter_size),
    )
    for panel, (title, number) in zip(panels, kinds, strict=True):
        shift = (filter_size - 1) / 2
        for output in range(count):
            reads = range(output, output + filter_size)
            if title == "all inputs":
                reads = range(num_inputs)
            for place, source in enumerate(reads):
                color, dash = BLACK, "-"
                if number == filter_size:
                    color, dash = looks[place % len(looks)]
                ends = (source, output + shift), (1, 0)
                panel.plot(*ends, color=color, ls=dash, lw=1.2, zorder=1)
        dots = {"s": 90, "edgecolor": BLACK, "zorder": 2}
        panel.scatter(range(num_inputs), [1] * num_inputs, color=SKY, **dots)
        outputs = np.arange(count) + shift
        panel.scatter(outputs, [0] * count, color=ORANGE, **dots)
        panel.set_title(f"{title}: {number} weights", fontsize=10)
        panel.text(-0.5, 1, "inputs ", ha="right", va="center")
        panel.text(-0.5, 0, "outputs ", ha="right", va="center")
        panel.set(xlim=(-2.6, num_inputs - 0.4), ylim=(-0.25, 1.25))
        panel.set_axis_off()
    return figure


def descent(loss, path):
    """Draws a loss over one weight, and the steps that training takes on it.

    Args:
        loss: Function of a weight.
        path: List of floats, the weight before each step and after the last.

    Returns:
        `Figure`.
    """
    figure, axes = axes_of(6, 3.2)
    low, high = min(path), max(path)
    low, high = low - 0.3 * (high - low), high + 0.3 * (high - low)
    weights = np.linspace(low, high, 200)
    axes.plot(weights, [loss(weight) for weight in weights], color=GREY)
    heights = [loss(weight) for weight in path]
    axes.plot(path, heights, "o-", color=BLUE, ms=5, lw=1)
    axes.annotate(
        "start",
        (path[0], heights[0]),
        (8, 0),
        textcoords="offset points",
        va="center",
    )
    axes.set(xlabel="weight", ylabel="loss", ylim=(-0.03 * heights[0], None))
    return figure


def losses(runs):
    """Draws how losses change, step by step, on a logarithmic axis.

    Args:
        runs: Dict of lists of floats by their labels.

    Returns:
        `Figure`.
    """
    figure, axes = axes_of(6.5, 3.2)
    looks = ((BLUE, "-"), (ORANGE, "--"), (VERMILION, ":"), (GREEN, "-."))
    for (label, values), (color, dash) in zip(
        runs.items(), looks, strict=False
    ):
        axes.plot(values, color=color, ls=dash, lw=2, label=label)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.yaxis.get_major_locator().set_params(numticks=20)  # every ten times
    axes.legend(frameon=False)
    return figure
