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
    longest = max(sum(phases.values()) for phases in workers.values())
    before = {}
    for lane, phases in enumerate(workers.values()):
        end = 0
        for name, duration in phases.items():
            axes.barh(lane, duration, 0.6, end, color=colors[name])
            if name == shared and before.get(name):
                axes.barh(lane - 0.5, duration, 0.4, end, color="#f5d899")
                if duration > 0.08 * longest:
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


def timeline_by_hand(phases):
    """Shows `timeline` with sliders for batch, devices and link.

    Args:
        phases: Function of `batch`, `n`, `link` (GB a second) and `overlap`
            (bool), which gives the phases of each of n devices as `timeline`
            takes them.
    """
    import ipywidgets

    def draw(batch, n, link, overlap):
        alone = phases(batch, 1, link, overlap)
        shared = phases(batch, n, link, overlap)
        lanes = {f"replica {i}": shared for i in range(n)}
        figure = timeline({"one device": alone, **lanes})
        ratio = sum(alone.values()) / sum(shared.values())
        figure.axes[0].set_title(f"{n} devices: {ratio:.2f} times as fast")
        return figure

    ipywidgets.interact(
        draw,
        batch=ipywidgets.IntSlider(128, 8, 512, 4),
        n=ipywidgets.IntSlider(2, 2, 8, description="devices"),
        link=ipywidgets.IntSlider(10, 1, 200, description="link, GB/s"),
        overlap=False,
    )


def drift(differences, changed):
    """Draws how far two trainings come apart, and what they decide otherwise.

    Args:
        differences: Dict of a name and the largest difference between two
            networks' weights: at the start, then after each step.
        changed: Ints, for each step the decisions in which they differ.

    Returns:
        `Figure`: above the differences, on a logarithmic axis; no difference
        at all stands at its lower end. Below the decisions.
    """
    figure, (apart, decided) = axes_of(
        9, 5, nrows=2, sharex=True, height_ratios=(1.6, 1)
    )
    for number, (name, values) in enumerate(differences.items()):
        color = (VERMILION, BLUE, GREEN, PURPLE)[number % 4]
        steps, values = range(len(values)), np.maximum(values, 1e-18)
        apart.plot(steps, values, color=color, marker="os^D"[number % 4], ms=4)
        apart.annotate(
            name,
            (steps[-1], values[-1]),
            (7, 0),
            color=color,
            textcoords="offset points",
            va="center",
        )
    apart.axhline(1e-10, color=GREY, ls="--", lw=1, zorder=0)
    text = "1e-10, the limit of our proof"
    apart.text(len(changed), 1.7e-10, text, ha="right", color="#666666")
    apart.set(
        yscale="log", ylim=(3e-19, 1), ylabel="largest difference\nof a weight"
    )
    decided.bar(range(1, len(changed) + 1), changed, color=BLUE)
    decided.set_yscale("symlog", linthresh=1)  # 0 is on it, too
    decided.set(
        ylim=(0, 10 * max(1, *changed)),
        xlabel="step",
        ylabel="decisions\nthat differ",
    )
    return figure
