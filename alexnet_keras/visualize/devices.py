"""What devices do in a step, and how far apart they end."""

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras.visualize.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    axes_of,
)


def timeline(workers, shared="all-reduce"):
    """Draws what each device does during a step, to scale.

    Args:
        workers: Dict of a device's name and its phases: a dict of a phase's
            name and its duration in milliseconds. All have the same phases,
            five at most.
        shared: Str, the phase in which neighbours talk to each other.

    Returns:
        `Figure` with a lane for each device.
    """
    figure, axes = axes_of(9, 1.1 + 0.6 * len(workers))
    names = list(next(iter(workers.values())))
    colors = dict(zip(names, (GREY, SKY, GREEN, ORANGE, PURPLE), strict=False))
    before = {}
    for lane, phases in enumerate(workers.values()):
        end = 0
        for name, duration in phases.items():
            axes.barh(lane, duration, 0.6, end, color=colors[name])
            if name == shared and before.get(name):
                axes.barh(lane - 0.5, duration, 0.4, end, color="#f5d899")
                place = (end + duration / 2, lane - 0.5)
                axes.text(*place, "gradients", ha="center", va="center")
            end += duration
        axes.text(end, lane, f" {end:.0f} ms", va="center")
        before = phases
    axes.set_yticks(range(len(workers)), workers)
    axes.set(xlabel="time since the step began (ms)", ylim=(lane + 0.5, -0.5))
    figure.legend(
        handles=[Rectangle((0, 0), 1, 1, color=colors[n]) for n in names],
        labels=names,
        loc="outside upper center",
        ncols=len(names),
        frameon=False,
    )
    return figure


def drift(differences):
    """Draws how far two trainings come apart.

    Args:
        differences: Dict of a precision and the largest difference between
            two networks' weights after each step.

    Returns:
        `Figure` with a logarithmic axis; no difference at all stands at its
        lower end.
    """
    figure, axes = axes_of(8, 3.6)
    for number, (precision, values) in enumerate(differences.items()):
        color = (VERMILION, BLUE, GREEN, PURPLE)[number % 4]
        steps, values = range(1, len(values) + 1), np.maximum(values, 1e-18)
        axes.plot(steps, values, color=color, marker="os^D"[number % 4], ms=4)
        axes.annotate(
            precision,
            (steps[-1], values[-1]),
            (7, 0),
            color=color,
            textcoords="offset points",
            va="center",
        )
    axes.axhline(1e-10, color=GREY, ls="--", lw=1, zorder=0)
    axes.text(1, 1.7e-10, "1e-10, the limit of our proof", color="#666666")
    axes.set(
        yscale="log",
        ylim=(1e-18, 1),
        xlabel="step",
        ylabel="largest difference of a weight",
    )
    return figure
