"""Training: four starts, what they pass on, decay, and the rate over time."""

import math

import numpy as np

from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILION,
    axes_of,
)

LOOKS = (
    {"color": BLUE, "ls": "-", "marker": "o"},
    {"color": VERMILION, "ls": "--", "marker": "s"},
    {"color": GREEN, "ls": "-.", "marker": "^"},
    {"color": PURPLE, "ls": ":", "marker": "D"},
)


def starts(losses, num_classes=10, top=3.0):
    """Draws how the loss falls from several starts, against knowing nothing.

    Args:
        losses: Dict of lists by their titles, at most four: the cross-entropy
            of each epoch.
        num_classes: Int; knowing nothing costs the logarithm of it.
        top: Float, where the axis ends. Beyond it a loss is written as a
            number.

    Returns:
        `Figure`.
    """
    figure, axes = axes_of(8.6, 4)
    for number, ((title, values), looks) in enumerate(
        zip(losses.items(), LOOKS, strict=False)
    ):
        epochs = np.arange(1, len(values) + 1)
        axes.plot(epochs, values, label=title, ms=4, lw=1.8, **looks)
        if values[0] > top:
            place = (2.1, top - 0.05 * number)
            text = f"{title}: from {values[0]:.1f}"
            axes.text(*place, text, color=looks["color"], va="top")
    line = math.log(num_classes)
    label = f"knowing nothing: ln {num_classes}"
    axes.axhline(line, color=BLACK, lw=1, zorder=0, label=label)
    axes.set(xlabel="epoch", ylabel="cross-entropy in training")
    axes.set(ylim=(0, top), xlim=(0.8, len(values) + 0.2))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, loc="lower left")
    return figure


def spreads(found):
    """Draws how much of what differs between pictures each layer passes on.

    Args:
        found: Dict by the titles of at most four networks: dicts of a spread
            by the layer's name, all with the same layers.

    Returns:
        `Figure` with a logarithmic axis.
    """
    figure, axes = axes_of(8.6, 3.8)
    for (title, by_layer), looks in zip(found.items(), LOOKS, strict=False):
        values = list(by_layer.values())
        axes.plot(range(len(values)), values, label=title, ms=6, **looks)
    axes.set_xticks(range(len(by_layer)), list(by_layer))
    axes.set(yscale="log", ylabel="spread over the pictures")
    axes.set(xlabel="what the layer hands on")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def signals(histories, reach=1.0):
    """Draws how a layer's values part over time, from picture to picture.

    Args:
        histories: Dict of a title and a float array `(epochs, values)`: the
            values minus their mean over the pictures, the first before
            training.
        reach: Float; values beyond it are counted at the edge.

    Returns:
        `Figure`, a panel each: across the epochs, upwards the values, and the
        darker the more of them.
    """
    figure, axes = axes_of(
        9.6, 3.4, ncols=len(histories), sharey=True, squeeze=False
    )
    edges = np.linspace(-reach, reach, 62)  # one bin has 0 in its middle
    for panel, (title, values) in zip(axes[0], histories.items(), strict=True):
        shares = [
            np.histogram(np.clip(one, -reach, reach), edges)[0] / len(one)
            for one in values
        ]
        shown = panel.imshow(
            100 * np.transpose(shares),
            cmap="Blues",
            norm="symlog",
            vmin=0,
            vmax=100,
            aspect="auto",
            origin="lower",
            extent=(-0.5, len(values) - 0.5, -reach, reach),
        )
        panel.set(title=title, xlabel="epochs of training")
    axes[0, 0].set_ylabel("fc7's values, minus\ntheir mean over the pictures")
    bar = figure.colorbar(shown, ax=axes[0], label="share of the values (%)")
    bar.set_ticks([0, 1, 10, 100], labels=["0", "1", "10", "100"])
    bar.minorticks_off()
    return figure


def decays(weights):
    """Draws how weights shrink where no gradient moves them.

    Args:
        weights: Dict of a title and a float array `(steps,)`.

    Returns:
        `Figure`.
    """
    figure, axes = axes_of(8, 3.4)
    for (title, values), looks in zip(weights.items(), LOOKS, strict=False):
        style = looks | {"marker": "", "lw": 2.5}
        axes.plot(np.arange(1, len(values) + 1), values, **style)
        end = (len(values), values[-1])
        axes.annotate(
            f"{title}: {values[-1]:.3f}",
            end,
            (-4, -20),
            textcoords="offset points",
            color=looks["color"],
            ha="right",
        )
    axes.set(xlabel="step", ylabel="a weight that was 1", ylim=(0, 1.15))
    axes.set_xlim(0, len(values))
    return figure


def schedules(rates, logarithmic=()):
    """Draws learning rates over the epochs.

    Args:
        rates: Dict of a title and a pair of float arrays: epochs and rates.
        logarithmic: Titles whose axis is logarithmic.

    Returns:
        `Figure`, a panel each.
    """
    figure, axes = axes_of(9.6, 3.2, ncols=len(rates), squeeze=False)
    for panel, (title, (epochs, values)) in zip(
        axes[0], rates.items(), strict=True
    ):
        kind = "steps-post" if title in logarithmic else "default"
        panel.plot(epochs, values, color=ORANGE, lw=2.5, drawstyle=kind)
        panel.set(title=title, xlabel="epoch")
        if title in logarithmic:
            panel.set(yscale="log", ylim=(min(values) / 2, 2 * max(values)))
        else:
            panel.set_ylim(0, None)
        panel.grid(axis="y", lw=0.4)
    axes[0, 0].set_ylabel("learning rate")
    return figure
