"""What is inside a trained network: filters, maps, covers, what it knows."""

import numpy as np

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


def filter_sheet(sheets, columns=8):
    """Shows conv1's filters as small pictures.

    Args:
        sheets: Dict of arrays `(height, width, 3, filters)` by their titles.
        columns: Int, filters side by side.

    Returns:
        `Figure`: a panel for each, the first tower's filters above the gap.
        Grey is 0; a filter's strongest weight is as dark or bright as can be.
    """
    count = len(sheets)
    drawn = {title: _mosaic(k, columns) for title, k in sheets.items()}
    height, width = next(iter(drawn.values())).shape[:2]
    wide = 9 / count if columns > 8 or count > 1 else 5
    figure, panels = axes_of(
        wide * count, 0.4 + wide * height / width, ncols=count, squeeze=False
    )
    for (title, picture), panel in zip(drawn.items(), panels[0], strict=True):
        panel.imshow(picture, interpolation="nearest")
        panel.set_title(title, fontsize=10)
        panel.set_axis_off()
    figure.get_layout_engine().set(wspace=0.08)
    return figure


def _mosaic(kernel, columns):
    """Lays filters out on white, with a wider gap between the towers."""
    side, _, _, count = kernel.shape
    largest = np.abs(kernel).max(axis=(0, 1, 2))
    pictures = 0.5 + 0.5 * kernel / np.where(largest, largest, 1)
    rows = -(-count // columns)
    gap = 3 * side // 4
    sheet = np.ones(((side + 1) * rows + gap, (side + 1) * columns, 3))
    for number in range(count):
        row, column = divmod(number, columns)
        top = (side + 1) * row + gap * (number >= count // 2)
        left = (side + 1) * column
        sheet[top : top + side, left : left + side] = pictures[..., number]
    return sheet


def color_shares(shares):
    """Draws how much of each filter is colour, tower by tower.

    Args:
        shares: Dict of arrays `(filters,)` by their networks' names, from 0
            (it sees grey only) to 1; the first half is the first tower's.

    Returns:
        `Figure`: a row for each tower, a mark for each filter, a line at the
        tower's mean.
    """
    figure, axes = axes_of(8, 0.9 + 0.75 * len(shares) * 2)
    names, place = [], 0
    looks = ((BLUE, "o"), (ORANGE, "s"))
    for name, values in shares.items():
        for tower, half in enumerate(np.split(np.asarray(values), 2)):
            color, mark = looks[tower]
            wiggle = 0.12 * (np.arange(len(half)) % 5 - 2)
            axes.scatter(half, place + wiggle, s=22, c=color, marker=mark)
            ends = (place - 0.38, place + 0.38)
            axes.plot([half.mean()] * 2, ends, color=BLACK, lw=2)
            names.append(f"{name}, tower {tower + 1}")
            place += 1
    axes.axvline(2 / 3, color=GREY, ls="--", lw=1, zorder=0)
    axes.text(2 / 3, -0.6, "at random", color=GREY, ha="center", va="bottom")
    axes.set(yticks=range(place), yticklabels=names, ylim=(place - 0.5, -0.6))
    axes.set(xlim=(0, 1), xlabel="share of the filter that is colour")
    return figure


def layer_by_layer(image, outputs, count=3):
    """Shows what becomes of a picture: a few maps of each layer.

    Args:
        image: Uint8 array `(height, width, 3)`.
        outputs: Dict of arrays `(rows, columns, channels)`, none below 0, by
            their layers' names.
        count: Int, maps of each layer: those with the largest sums.

    Returns:
        `Figure`: a column for each layer. White is 0, dark the map's largest.
    """
    width = len(outputs) + 1
    figure, panels = axes_of(
        1.55 * width, 0.4 + 1.55 * count, nrows=count, ncols=width
    )
    panels = np.reshape(panels, (count, width))
    panels[0, 0].imshow(image, interpolation="nearest")
    panels[0, 0].set_title("picture", fontsize=10)
    for column, (name, array) in zip(
        panels.T[1:], outputs.items(), strict=True
    ):
        rows, columns, _ = array.shape
        column[0].set_title(f"{name}: {rows} x {columns}", fontsize=10)
        strongest = np.argsort(-array.sum(axis=(0, 1)), kind="stable")
        for panel, number in zip(column, strongest, strict=False):
            style = {"cmap": "Greys", "vmin": 0, "interpolation": "nearest"}
            panel.imshow(array[..., number], **style)
            panel.set_xlabel(f"channel {number}", fontsize=8)
    for panel in panels.flat:
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set(visible=bool(panel.images), color=GREY, lw=0.5)
    return figure


def gallery(rows):
    """Shows rows of pictures, each with a line under it.

    Args:
        rows: Dict of lists of pairs, a uint8 array `(height, width, 3)` and a
            str, by the rows' titles.

    Returns:
        `Figure`.
    """
    width = max(map(len, rows.values()))
    figure, panels = axes_of(
        1.2 * width + 1, 1.5 * len(rows), nrows=len(rows), ncols=width
    )
    panels = np.reshape(panels, (len(rows), width))
    for line, (title, pictures) in zip(panels, rows.items(), strict=True):
        for panel in line:
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
        for panel, (image, text) in zip(line, pictures, strict=False):
            panel.imshow(image, interpolation="nearest")
            panel.set_xlabel(text, fontsize=9)
        style = {"rotation": 0, "ha": "right", "va": "center"}
        line[0].set_ylabel(title, fontsize=10, **style)
    return figure


def covered(panels, side, step):
    """Draws what a grey cover does to an answer, wherever it stands.

    Args:
        panels: Dict of pairs by their titles: a picture `(height, width, 3)`,
            and the probabilities `(rows, columns)` of its class.
        side: Int, pixels along the cover.
        step: Int, pixels from one place of the cover to the next.

    Returns:
        `Figure`: above, the pictures, with the cover's size in a corner;
        below, the probabilities, where the cover's middle stands.
    """
    count = len(panels)
    figure, axes = axes_of(
        2.3 * count + 0.8, 4.7, nrows=2, ncols=count, squeeze=False
    )
    for (above, below), (title, pair) in zip(
        axes.T, panels.items(), strict=True
    ):
        image, chances = pair
        height, width = image.shape[:2]
        above.imshow(_with_cover(image, 0, 0, side), interpolation="nearest")
        above.set_title(title, fontsize=10)
        rows, columns = chances.shape
        first = (side - 1) / 2 - step / 2  # left edge of the first place
        right, bottom = first + step * columns, first + step * rows
        style = {"cmap": "viridis", "vmin": 0, "vmax": 1}
        style["extent"] = (first, right, bottom, first)
        shown = below.imshow(chances, interpolation="nearest", **style)
        below.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
        for panel in (above, below):
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set(visible=True, color=GREY, lw=0.5)
    scale = figure.colorbar(shown, ax=axes[1], shrink=0.9)
    scale.set_label("probability of the class")
    return figure


def _with_cover(image, row, column, side):
    picture = np.array(image)
    picture[row : row + side, column : column + side] = 127
    return picture


def cover_by_hand(network, image, class_names):
    """Slides a grey cover over a picture with sliders, in a notebook.

    Args:
        network: A Keras model that gives probabilities.
        image: Uint8 array `(height, width, 3)`.
        class_names: List of str.
    """
    import ipywidgets

    height, width = image.shape[:2]

    def draw(row, column, side):
        picture = _with_cover(image, row, column, side)
        chances = np.asarray(network(picture[np.newaxis]))[0]
        figure, (left, right) = axes_of(7, 2.8, ncols=2)
        left.imshow(picture, interpolation="nearest")
        left.set_axis_off()
        right.barh(class_names, chances, color=BLUE)
        right.set(xlim=(0, 1), xlabel="probability")
        right.invert_yaxis()
        return figure

    ipywidgets.interact(
        draw,
        row=ipywidgets.IntSlider(24, 0, height - 1),
        column=ipywidgets.IntSlider(24, 0, width - 1),
        side=ipywidgets.IntSlider(16, 0, max(height, width)),
    )


def known(scores, layers):
    """Draws what probes can read off each layer.

    Args:
        scores: Dict of lists of floats by the facts' names, a score for each
            layer: 0 is guessing, 1 perfection.
        layers: List of str.

    Returns:
        `Figure`.
    """
    figure, axes = axes_of(8.5, 3.7)
    looks = (BLACK, "-", "o"), (VERMILION, "--", "s"), (BLUE, "-.", "D")
    looks += (GREEN, ":", "^"), (PURPLE, "-", "v")
    for (name, values), look in zip(scores.items(), looks, strict=False):
        color, dash, mark = look
        style = {"color": color, "ls": dash, "marker": mark, "lw": 2, "ms": 6}
        axes.plot(layers, values, label=name, **style)
    axes.axhline(0, color=GREY, lw=1, zorder=0)
    axes.set(xlabel="layer whose output is read", ylim=(-0.08, 1.04))
    axes.set_ylabel("score of the probe\n(0: guessing, 1: perfect)")
    axes.legend(frameon=False, bbox_to_anchor=(1, 0.5), loc="center left")
    return figure
