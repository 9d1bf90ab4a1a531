"""Making more of few pictures: crops, colours, and errors."""

import math

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    VERMILION,
    axes_of,
)


def many_ways(images, columns=8, side=70, framed=True):
    """Shows pictures in rows.

    Args:
        images: List of arrays `(height, width, 3)`, RGB, 0 to 255; what lies
            outside is cut off.
        columns: Int.
        side: Int, about how many pixels along a side are drawn: of larger
            pictures every second, third, ... one.
        framed: Bool, whether the first has a frame.

    Returns:
        `Figure`.
    """
    rows = math.ceil(len(images) / columns)
    width = 10 / max(columns, 5)
    figure, panels = axes_of(
        width * columns,
        width * rows,
        nrows=rows,
        ncols=columns,
        squeeze=False,
    )
    for panel in panels.flat:
        panel.set_axis_off()
    for image, panel in zip(images, panels.flat, strict=False):
        thin = max(1, len(image) // side)
        shown = np.clip(np.asarray(image)[::thin, ::thin], 0, 255)
        panel.imshow(shown.astype("uint8"), interpolation="nearest")
    height, width = panels[0, 0].images[0].get_array().shape[:2]
    frame = {"fill": False, "edgecolor": VERMILION, "lw": 4}
    if framed:
        panels[0, 0].add_patch(Rectangle((-0.5, -0.5), width, height, **frame))
    return figure


def error_curves(runs):
    """Draws how training and validation error go apart, a panel a training.

    Args:
        runs: Dict of pairs of lists by their titles: the shares of wrong
            answers after each epoch, on the training and the validation set.

    Returns:
        `Figure`: training orange and solid, validation blue and dashed; the
        gap between them after the last epochs is marked.
    """
    figure, panels = axes_of(
        2.6 * len(runs) + 0.6,
        3.2,
        ncols=len(runs),
        sharey=True,
        squeeze=False,
    )
    for (title, (training, validation)), panel in zip(
        runs.items(), panels[0], strict=True
    ):
        epochs = np.arange(1, len(training) + 1)
        looks = {"lw": 1.5}
        panel.plot(
            epochs,
            100 * np.asarray(training),
            color=ORANGE,
            label="training",
            **looks,
        )
        panel.plot(
            epochs,
            100 * np.asarray(validation),
            color=BLUE,
            ls="--",
            label="validation",
            **looks,
        )
        last = max(1, len(training) // 6)
        ends = [100 * np.mean(one[-last:]) for one in (training, validation)]
        place = epochs[-1] * 1.04
        arrow = {"arrowstyle": "<->", "color": BLACK, "shrinkA": 0}
        panel.annotate(
            "",
            (place, ends[0]),
            (place, ends[1]),
            arrowprops=arrow | {"shrinkB": 0},
        )
        panel.set(title=title, xlabel="epoch", xlim=(0, epochs[-1] * 1.08))
        panel.set_ylim(0, 100)
    panels[0, 0].set_ylabel("wrong answers (%)")
    panels[0, 0].legend(frameon=False, loc="upper right")
    return figure


def color_cloud(pixels, stddevs, components, num_points=1500):
    """Draws pixels as points in colour space, and their components.

    Args:
        pixels: Array `(number, 3)`, RGB, 0 to 255.
        stddevs: Array `(3,)`, the standard deviation along each component.
        components: Array `(3, 3)`, one unit vector a column.
        num_points: Int, about how many of the pixels are drawn.

    Returns:
        `Figure`: green over red, and blue over red. Each point has the colour
        of its pixel. From the mean a line runs along each component, two
        standard deviations long in both directions.
    """
    pixels = np.asarray(pixels, float)
    mean = pixels.mean(axis=0)
    shown = pixels[:: max(1, len(pixels) // num_points)]
    figure, panels = axes_of(9, 4.4, ncols=2)
    looks = ((BLACK, "-"), (BLUE, "--"), (VERMILION, ":"))
    for panel, (channel, name) in zip(
        panels, ((1, "green"), (2, "blue")), strict=True
    ):
        pair = [0, channel]
        panel.scatter(*shown[:, pair].T, c=shown / 255, s=9, linewidths=0)
        for number, (color, dash) in enumerate(looks):
            reach = 2 * stddevs[number] * np.asarray(components)[pair, number]
            ends = np.stack([mean[pair] - reach, mean[pair] + reach], 1)
            label = f"component {number + 1}"
            style = {"color": color, "ls": dash, "lw": 3, "label": label}
            panel.plot(*ends, **style)
        panel.set(xlabel="red (0 to 255)", ylabel=f"{name} (0 to 255)")
        panel.set(xlim=(-20, 275), ylim=(-20, 275), aspect="equal")
    panels[0].legend(frameon=False, loc="upper left", fontsize=9)
    return figure


def varied(image, size, place, mirrored, shift):
    """Draws a picture, the crop that is taken, and what becomes of it.

    Args:
        image: Array `(height, width, 3)`, RGB, 0 to 255.
        size: Int, side of the crop in pixels.
        place: Pair of ints, the crop's top row and left column.
        mirrored: Bool, whether left and right are exchanged.
        shift: Array `(3,)`, the colour that is added.

    Returns:
        `Figure`.
    """
    top, left = place
    figure, (whole, view) = axes_of(7, 3.4, ncols=2)
    whole.imshow(np.asarray(image, "uint8"), interpolation="nearest")
    frame = {"fill": False, "edgecolor": GREEN, "lw": 2.5}
    corner = (left - 0.5, top - 0.5)
    whole.add_patch(Rectangle(corner, size, size, **frame))
    crop = np.asarray(image, float)[top : top + size, left : left + size]
    if mirrored:
        crop = crop[:, ::-1]
    shown = np.clip(crop + np.asarray(shift), 0, 255).astype("uint8")
    view.imshow(shown, interpolation="nearest")
    whole.set(title="the picture", xlabel="column (pixels)")
    whole.set_ylabel("row (pixels)")
    view.set_title("what the network gets")
    view.set(xticks=[], yticks=[])
    return figure


def vary_by_hand(image, size, stddevs, components):
    """Shows `varied` with sliders, in a notebook.

    Args:
        image: As for `varied`; `size` too.
        size: Int.
        stddevs: Array `(3,)`, along the components.
        components: Array `(3, 3)`, one a column. The three sliders of colours
            are in tenths of a standard deviation, the paper's unit.
    """
    import ipywidgets

    amount = {"min": -20.0, "max": 20.0, "step": 0.5}
    ipywidgets.interact(
        lambda top, left, mirrored, first, second, third: varied(
            image,
            size,
            (top, left),
            mirrored,
            components @ (0.1 * stddevs * np.array([first, second, third])),
        ),
        top=ipywidgets.IntSlider(0, 0, len(image) - size),
        left=ipywidgets.IntSlider(0, 0, len(image[0]) - size),
        mirrored=ipywidgets.Checkbox(False),
        **{
            name: ipywidgets.FloatSlider(0.0, **amount)
            for name in ("first", "second", "third")
        },
    )
