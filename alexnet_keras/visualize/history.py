"""The year 2012: its contest, its cost, and an untrained network."""

from matplotlib.ticker import NullLocator

from alexnet_keras.visualize.style import (
    BLACK,
    GREY,
    LIGHT,
    ORANGE,
    SKY,
    VERMILION,
    axes_of,
)

MINUTE, HOUR, DAY = 60, 3_600, 86_400  # seconds


def top5_errors(errors):
    """Draws shares of photos whose class was not among five guesses.

    Args:
        errors: Dict of percentages by name.

    Returns:
        `Figure` with a bar for each; the last one is orange.
    """
    figure, axes = axes_of(8, 0.8 + 0.5 * len(errors))
    colors = [SKY] * (len(errors) - 1) + [ORANGE]
    drawn = axes.barh(list(errors), list(errors.values()), 0.6, color=colors)
    axes.bar_label(drawn, [f"{error}%" for error in errors.values()], padding=4)
    axes.set(
        xlim=(0, 1.12 * max(errors.values())),
        ylim=(len(errors) - 0.5, -0.5),
        xlabel="photos without the right class among five guesses (%)",
    )
    axes.tick_params(axis="y", length=0)
    return figure


def by_hand_or_learned():
    """Draws the way from a photo to its class before 2012, and AlexNet's.

    Returns:
        `Figure`: what was made by hand is light, what is learned orange.
    """
    figure, axes = axes_of(8, 2.3)
    ways = {
        "before": (
            (3.0, LIGHT, "measurements,\nchosen by hand"),
            (3.0, ORANGE, "last step,\nlearned"),
        ),
        "AlexNet": ((6.6, ORANGE, "all eight layers with weights, learned"),),
    }
    arrow = {"arrowstyle": "->", "color": BLACK}
    for row, (name, boxes) in enumerate(ways.items()):
        axes.text(-0.5, row, name, ha="right", va="center", weight="bold")
        axes.text(0.2, row, "photo", ha="center", va="center")
        left = 1.2
        for width, color, text in boxes:
            box = axes.barh(row, width, 0.62, left=left, color=color)
            axes.bar_label(box, [text], label_type="center")
            axes.annotate("", (left, row), (left - 0.6, row), arrowprops=arrow)
            left += width + 0.6
        axes.annotate("", (left, row), (left - 0.6, row), arrowprops=arrow)
        axes.text(left + 0.1, row, "class", ha="left", va="center")
    axes.set(xlim=(-1.8, 9.3), ylim=(1.5, -0.5))
    axes.set_axis_off()
    return figure


def guesses(pictures, answers, num_guesses=5):
    """Draws pictures and, beside each, what a network answers.

    Args:
        pictures: Uint8 array `(number, height, width, 3)`.
        answers: Float array `(number, classes)` of probabilities.
        num_guesses: Int, how many of the largest are marked.

    Returns:
        `Figure`: one row a picture, a thin line for each class.
    """
    count, classes = answers.shape
    figure, axes = axes_of(
        9,
        1.9 * count + 0.3,
        nrows=count,
        ncols=2,
        width_ratios=(1, 4),
        squeeze=False,
    )
    for picture, answer, (left, right) in zip(
        pictures, 100 * answers, axes, strict=True
    ):
        left.imshow(picture)
        left.set_axis_off()
        best = (-answer).argsort()[:num_guesses]
        right.vlines(range(classes), 0, answer, color=GREY, lw=0.5)
        right.vlines(best, 0, answer[best], color=VERMILION, lw=1.5)
        label = f"the {num_guesses} largest"
        style = {"color": VERMILION, "ls": "", "marker": "o", "ms": 5}
        right.plot(best, answer[best], label=label, **style)
        equal = f"1/{classes}: all alike"
        right.axhline(100 / classes, color=BLACK, ls="--", lw=1, label=equal)
        right.set(xlim=(-5, classes + 5), ylim=(0, 145 * answers.max()))
        right.set_ylabel("answer (%)")
    axes[0, 1].legend(frameon=False, ncols=2, loc="upper right")
    axes[-1, 1].set_xlabel("class")
    return figure


def durations(seconds):
    """Draws how long things take, from seconds to years.

    Args:
        seconds: Dict of durations by name, in seconds.

    Returns:
        `Figure` with a point for each on a logarithmic axis.
    """
    figure, axes = axes_of(9, 0.9 + 0.4 * len(seconds))
    rows, times = range(len(seconds)), list(seconds.values())
    low, high = min(0.5, *times), max(DAY, *times)
    axes.hlines(rows, low / 2, times, color=LIGHT, lw=4)
    axes.plot(times, rows, color=VERMILION, ls="", marker="o", ms=9)
    for row, time in zip(rows, times, strict=True):
        axes.text(1.6 * time, row, _in_words(time), va="center")
    ticks = {"second": 1, "minute": MINUTE, "hour": HOUR, "day": DAY}
    ticks |= {"month": 30 * DAY, "year": 365 * DAY}
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(list(ticks.values()), [f"1 {name}" for name in ticks])
    axes.set_yticks(rows, list(seconds))
    axes.set(
        xlim=(low / 2, 30 * high),
        ylim=(len(seconds) - 0.5, -0.5),
        xlabel="time (logarithmic axis)",
    )
    axes.tick_params(axis="y", length=0)
    return figure


def _in_words(seconds):
    """Writes a duration in the largest unit that it fills twice."""
    for name, unit in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE)):
        if seconds >= 2 * unit:
            return f"{float(f'{seconds / unit:.2g}'):,g} {name}"
    return f"{seconds:.2g} seconds"
