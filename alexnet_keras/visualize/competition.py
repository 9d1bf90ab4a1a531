"""Local response normalization: who competes, and what comes out."""

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    ORANGE,
    SKY,
    VERMILION,
    axes_of,
    grid,
)

LOOKS = ((BLUE, "-"), (VERMILION, "--"), (BLACK, "-."), (ORANGE, ":"))


def through_depth(values, channel, size):
    """Draws one place in the maps of several channels, and a window there.

    Args:
        values: Numbers, one a channel, at the same place of every map.
        channel: Int, whose window is drawn.
        size: Odd int, channels in the window.

    Returns:
        `Figure`: the place in each map, orange in the window, framed in red
        for the channel itself.
    """
    figure, axes = axes_of(8.5, 2.6)
    window = _window(channel, size, len(values))
    for number, value in enumerate(values):
        left = 1.25 * number
        axes.add_patch(Rectangle((left, 0), 1, 1, fc=LIGHT, ec=GREY))
        color = ORANGE if number in window else "white"
        edge, width = (VERMILION, 3) if number == channel else (GREY, 1)
        axes.add_patch(
            Rectangle((left + 0.55, 0.5), 0.3, 0.3, fc=color, ec=edge, lw=width)
        )
        style = {"ha": "center", "va": "center"}
        axes.text(left + 0.7, 0.65, f"{value:g}", fontsize=12, **style)
        axes.text(left + 0.5, -0.14, f"channel {number}", **style)
    ends = [1.25 * window[0], 1.25 * window[-1] + 1]
    axes.plot(ends, [1.15, 1.15], color=ORANGE, lw=4, solid_capstyle="butt")
    axes.text(
        np.mean(ends), 1.24, f"the window of channel {channel}", ha="center"
    )
    axes.set(xlim=(-0.1, 1.25 * len(values)), ylim=(-0.3, 1.45))
    axes.set_axis_off()
    return figure


def one_pixel(before, after):
    """Draws the channels at one place before and after normalization.

    Args:
        before: Float array `(channels,)`.
        after: Float array `(channels,)`.

    Returns:
        `Figure` with two bars for each channel.
    """
    figure, axes = axes_of(9.5, 3.4)
    channels = np.arange(len(before))
    for shift, values, color, label in (
        (-0.21, before, SKY, "before"),
        (0.21, after, VERMILION, "after"),
    ):
        bars = axes.bar(channels + shift, values, 0.4, color=color, label=label)
        texts = [f"{value:.3g}" if value else "" for value in values]
        axes.bar_label(bars, texts, fontsize=9, padding=1)
    axes.set(
        xlabel="channel",
        ylabel="value",
        xticks=channels,
        ylim=(0, 1.12 * max(before)),
    )
    axes.legend(frameon=False)
    return figure


def compete_by_hand(before, normalize):
    """Shows `one_pixel` with sliders for the constants, in a notebook.

    Args:
        before: Float array `(channels,)`.
        normalize: Function of `before` and the paper's `n`, `k`, `alpha` and
            `beta`.
    """
    import ipywidgets

    def draw(n, k, alpha, beta):
        return one_pixel(before, normalize(before, n, k, alpha, beta))

    powers = {f"1e{power}": 10.0**power for power in range(-6, 1)}
    ipywidgets.interact(
        draw,
        n=ipywidgets.IntSlider(5, 1, 2 * len(before) - 1, 2),
        k=ipywidgets.FloatSlider(2, min=0.1, max=4, step=0.1),
        alpha=ipywidgets.SelectionSlider(
            options=list(powers.items()), value=1e-4
        ),
        beta=ipywidgets.FloatSlider(0.75, min=0, max=1.5, step=0.05),
    )


def lone(functions, reach=1000):
    """Draws what becomes of a value whose neighbours are all 0.

    Args:
        functions: Dict of a label and a function of float arrays `(values,)`,
            at most four.
        reach: Float, the largest value that goes in.

    Returns:
        `Figure`: a line for each, with a point where a line has a peak, and
        its numbers in the legend. The highest peak sets how high the axis
        reaches.
    """
    figure, axes = axes_of(8.5, 3.6)
    values, peaks = np.linspace(0, reach, 2001), []
    for (label, function), (color, dash) in zip(
        functions.items(), LOOKS, strict=False
    ):
        given = function(values)
        top = int(np.argmax(given))
        if 0 < top < len(values) - 1:
            peaks.append(given[top])
            axes.plot(values[top], given[top], "o", color=color)
            label += f"\n(peak: {values[top]:.0f} becomes {given[top]:.0f})"
        axes.plot(values, given, color=color, ls=dash, lw=2, label=label)
    axes.set(
        xlabel="what goes in",
        ylabel="what comes out",
        xlim=(0, reach),
        ylim=(0, 1.15 * max(peaks) if peaks else None),
    )
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def neighbours(channels, size, groups=(1, 2)):
    """Draws which channels lie in whose window.

    Args:
        channels: Int.
        size: Odd int, channels in a window.
        groups: Ints; a panel for each. No window reaches into another group.

    Returns:
        `Figure`: a row for each channel, its window orange, itself red.
    """
    figure, panels = axes_of(
        4.2 * len(groups), 4, ncols=len(groups), squeeze=False
    )
    for panel, count in zip(panels[0], groups, strict=True):
        own = channels // count
        for row in range(channels):
            first = row // own * own
            for column in _window(row - first, size, own):
                color = VERMILION if column + first == row else ORANGE
                corner = column + first - 0.5, row - 0.5
                panel.add_patch(Rectangle(*[corner, 1, 1], fc=color, ec="w"))
        for edge in range(own, channels, own):
            panel.axhline(edge - 0.5, color=BLACK, lw=1)
            panel.axvline(edge - 0.5, color=BLACK, lw=1)
        panel.set(
            title="one group" if count == 1 else f"{count} groups",
            xlabel="channels in its window",
            ylabel="channel",
            xlim=(-0.5, channels - 0.5),
            ylim=(channels - 0.5, -0.5),
            xticks=range(0, channels, 2),
            yticks=range(0, channels, 2),
            aspect="equal",
        )
    return figure


def in_and_out(before, afters):
    """Draws values against what became of them, a point each.

    Args:
        before: Float array of any shape. Zeros are left out, and of many
            values only some are drawn.
        afters: Dict of a title and an array of the same shape.

    Returns:
        `Figure`: a panel for each title, all on one scale.
    """
    figure, panels = axes_of(
        4.3 * len(afters), 3.4, ncols=len(afters), sharey=True, squeeze=False
    )
    largest_first = np.argsort(-np.ravel(before))
    chosen = largest_first[: np.count_nonzero(np.ravel(before) > 0)]
    chosen = chosen[:: max(len(chosen) // 2000, 1)]
    for panel, (title, after) in zip(panels[0], afters.items(), strict=True):
        panel.plot(
            np.ravel(before)[chosen],
            np.ravel(after)[chosen],
            ".",
            color=BLUE,
            ms=3,
        )
        panel.set(title=title, xlabel="what goes in")
        panel.set(xlim=(0, None), ylim=(0, None))
    panels[0, 0].set_ylabel("what comes out")
    return figure


def orders(ways):
    """Writes down what becomes of small maps, step by step.

    Args:
        ways: Dict of a label and a dict, which has a float array
            `(channels, places)` for the title of each step.

    Returns:
        `Figure` with a row for each way.
    """
    count = max(map(len, ways.values()))
    figure, panels = axes_of(
        7.5, 1.7 * len(ways), nrows=len(ways), ncols=count, squeeze=False
    )
    for line, (label, steps) in zip(panels, ways.items(), strict=True):
        for panel, (title, numbers) in zip(line, steps.items(), strict=True):
            grid(panel, np.round(numbers, 2), title)
        line[0].text(
            -0.15,
            0.5,
            label,
            transform=line[0].transAxes,
            ha="right",
            va="center",
            weight="bold",
        )
    return figure


def _window(channel, size, channels):
    """Gives the channels of a window, cut off at the first and the last."""
    reach = size // 2
    return range(max(channel - reach, 0), min(channel + reach + 1, channels))
