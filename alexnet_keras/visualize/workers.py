"""Several machines: who is who, how they agree, what it costs, what is lost."""

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import FancyBboxPatch, Rectangle

from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    axes_of,
)


def cluster(addresses):
    """Draws what each worker of a job is told: the list, and who it is.

    Args:
        addresses: List of str such as `"left:4001"`.

    Returns:
        `Figure` with a box for each worker; in each the whole list, with the
        worker's own line in orange.
    """
    count = len(addresses)
    figure, axes = axes_of(9, 1.7 + 0.34 * count)
    bottom = 0.6 + 0.5 * count
    wire = {"color": BLACK, "lw": 2, "zorder": 0}
    center = {"ha": "center", "va": "center"}
    for index in range(count):
        left = 1.2 * index
        outline = {"boxstyle": "round,pad=0.04", "facecolor": "white"}
        box = FancyBboxPatch((left, 0), 1, bottom, edgecolor=GREY, **outline)
        axes.add_patch(box)
        axes.plot([left + 0.5] * 2, [bottom, bottom + 0.4], **wire)
        axes.text(left + 0.5, 0.2, f"worker {index}", weight="bold", **center)
        for line, address in enumerate(addresses):
            own = line == index
            low = 0.5 + 0.5 * line
            color = ORANGE if own else LIGHT
            axes.add_patch(Rectangle((left, low), 1, 0.42, facecolor=color))
            text = f"{line}: {address}" + ("  (me)" if own else "")
            axes.text(left + 0.5, low + 0.21, text, **center)
    ends = [0.5, 1.2 * (count - 1) + 0.5]
    axes.plot(ends, [bottom + 0.4] * 2, **wire)
    axes.text(sum(ends) / 2, bottom + 0.65, "network", **center)
    axes.set(xlim=(-0.06, 1.2 * count - 0.14), ylim=(bottom + 0.8, -0.1))
    axes.set_axis_off()
    return figure


def ring(moments):
    """Draws how gradients are added up in a ring, move by move.

    Args:
        moments: List of int arrays `(workers, pieces)`: before the first move
            and after each, of how many workers' gradients a piece is the sum.

    Returns:
        `Figure` with a square of numbers for each moment. The more gradients,
        the darker the blue; sums of all are orange.
    """
    columns, count = -(-len(moments) // 2), len(moments[0])
    height = 2 * 9 / columns + 0.3
    figure, axes = axes_of(9, height, nrows=2, ncols=columns, squeeze=False)
    for number, (one, held) in enumerate(zip(axes.flat, moments, strict=False)):
        one.set_title(f"after move {number}" if number else "at first")
        for (worker, piece), added in np.ndenumerate(held):
            color = colormaps["Blues"](0.6 * added / count)
            color = ORANGE if added == count else color
            look = {"facecolor": color, "edgecolor": "white", "lw": 2}
            one.add_patch(Rectangle((piece, worker), 1, 1, **look))
            text = {"ha": "center", "va": "center"}
            one.text(piece + 0.5, worker + 0.5, added, **text)
        for worker in range(count if number % columns == 0 else 0):
            text = {"ha": "right", "va": "center", "fontsize": 9}
            one.text(-0.1, worker + 0.5, f"worker {worker}", **text)
        one.set(xlim=(0, len(held[0])), ylim=(count, 0), aspect="equal")
    for one in axes.flat:
        one.set_axis_off()
    return figure


def step_costs(costs):
    """Draws what a step takes, part by part.

    Args:
        costs: Dict by name of dicts of seconds by part. All have the same
            parts, four at most.

    Returns:
        `Figure` with a bar for each name, its sum at its end.
    """
    figure, axes = axes_of(9, 1.2 + 0.42 * len(costs))
    names = list(next(iter(costs.values())))
    colors = dict(zip(names, (SKY, ORANGE, GREEN, PURPLE), strict=False))
    longest = max(sum(parts.values()) for parts in costs.values())
    for row, parts in enumerate(costs.values()):
        end = 0
        for name, seconds in parts.items():
            axes.barh(row, seconds, 0.62, end, color=colors[name])
            end += seconds
        axes.text(end + 0.01 * longest, row, f"{end:.3g} s", va="center")
    axes.set_yticks(range(len(costs)), list(costs))
    axes.tick_params(axis="y", length=0)
    axes.set(
        xlim=(0, 1.12 * longest),
        ylim=(len(costs) - 0.5, -0.5),
        xlabel="time of a step (s)",
    )
    figure.legend(
        handles=[Rectangle((0, 0), 1, 1, color=colors[n]) for n in names],
        labels=names,
        loc="outside upper center",
        ncols=len(names),
        frameon=False,
    )
    return figure


def scaling(workers, speeds, limits):
    """Draws how many steps a second more workers make.

    Args:
        workers: List of int.
        speeds: Dict by name of lists, steps a second for each of `workers`.
        limits: Dict of floats by some of these names: what such a line comes
            near and never reaches.

    Returns:
        `Figure` with two logarithmic axes. Limits are dashed, the speed of one
        worker is dotted.
    """
    figure, axes = axes_of(9, 4.2)
    colors = (BLACK, GREEN, BLUE, VERMILION, PURPLE)
    for number, (name, values) in enumerate(speeds.items()):
        color, marker = colors[number % 5], "os^Dv"[number % 5]
        axes.plot(workers, values, color=color, marker=marker, ms=5)
        style = {"color": color, "va": "center"}
        axes.text(1.1 * workers[-1], values[-1], name, **style)
        if name in limits:
            ends = [workers[0], workers[-1]]
            axes.plot(ends, [limits[name]] * 2, color=color, ls="--", lw=1)
    alone = next(iter(speeds.values()))[0]
    axes.axhline(alone, color=GREY, ls=":", lw=1.5)
    style = {"ha": "center", "va": "top", "color": "#666666"}
    axes.text(workers[-1] ** 0.5, 0.93 * alone, "one worker", **style)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xticks(workers, [str(count) for count in workers])
    axes.set(
        xlim=(workers[0] / 1.1, workers[-1] * 1.8),
        xlabel="workers",
        ylabel="steps a second",
    )
    return figure


def lost(num_steps, every, killed):
    """Draws a job that loses a worker and goes on from a checkpoint.

    Args:
        num_steps: Int, steps of the whole job.
        every: Int, steps from one checkpoint to the next.
        killed: Int, the last step before worker 1 is lost.

    Returns:
        `Figure`: a square for each step of each worker, before and after. Grey
        ones are lost and done again; a black line is a checkpoint.
    """
    kept = killed // every * every
    figure, axes = axes_of(9, 3)
    lanes = (
        ("worker 0", 0, killed),
        ("worker 1", 0, killed),
        ("worker 0, again", kept, num_steps),
        ("worker 1, again", kept, num_steps),
    )
    for lane, (_, before, end) in enumerate(lanes):
        row = lane + 0.5 * (lane > 1)
        first = lane < 2
        for step in range(before + 1, end + 1):
            color = LIGHT if first and step > kept else SKY if first else ORANGE
            look = {"facecolor": color, "edgecolor": "white", "lw": 2}
            axes.add_patch(Rectangle((step - 1, row - 0.4), 1, 0.8, **look))
            text = {"ha": "center", "va": "center", "fontsize": 9}
            axes.text(step - 0.5, row, step, **text)
            if step % every == 0 and lane in (0, 2):  # the chief writes it
                axes.vlines(step, row - 0.48, row + 0.48, BLACK, lw=3)
    marks = ((1, "killed", VERMILION), (0, "notices, ends", BLACK))
    for row, text, color in marks:
        axes.text(killed + 0.25, row, text, va="center", color=color)
    axes.plot(killed, 1, "X", color=VERMILION, ms=12)
    axes.set(xlim=(0, num_steps + 0.2), ylim=(4.1, -0.6), xticks=[])
    axes.set_yticks((0, 1, 2.5, 3.5), [name for name, _, _ in lanes])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("steps of the job, numbered")
    axes.spines[["left", "bottom"]].set_visible(False)
    return figure
