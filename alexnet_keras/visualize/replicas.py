"""Replicas: how a step is shared, how sums go round, what else was done."""

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras.visualize.style import (
    BLACK,
    GREY,
    LIGHT,
    ORANGE,
    SKY,
    axes_of,
)

# The ground of what a device holds, and of what all of them hold.
OF_DEVICES = "#d5ece4", "#f3dcea"
SHARED = "#f5d899"

_MIDDLE = {"ha": "center", "va": "center"}


def shared_step(x, gradients, rate):
    """Draws a step of one weight, which is 1, on two replicas.

    Args:
        x: Sequence of numbers, the examples; an even count.
        gradients: Sequence of as many numbers, one for each example.
        rate: Float, the learning rate.

    Returns:
        `Figure`: from left to right the batch, its halves, their gradients,
        the mean of each half, the mean of both, and the same step twice.
    """
    figure, axes = axes_of(10, 3)
    half = len(x) // 2
    _row(axes, 0, 0, x, LIGHT)
    means = []
    for replica, color in enumerate(OF_DEVICES):
        lane = 0.8 - 1.6 * replica
        own = slice(replica * half, (replica + 1) * half)
        axes.add_patch(
            Rectangle((2.0, lane - 0.68), 8.1, 1.36, facecolor=color, zorder=0)
        )
        axes.text(2.1, lane + 0.5, f"replica {replica}", va="center")
        means.append(np.mean(gradients[own]))
        _row(axes, 2.8, lane, x[own], "white")
        _row(axes, 4.8, lane, gradients[own], "white")
        _row(axes, 6.4, lane, means[-1:], "white")
        for start, end in ((3.4, 4.2), (5.4, 6.1)):
            _arrow(axes, (start, lane), (end, lane))
        _arrow(axes, (0.9, 0.25 * np.sign(lane)), (2.2, lane))
        _arrow(axes, (6.7, lane), (7.3, 0.35 * np.sign(lane)))
        _arrow(axes, (8.1, 0.35 * np.sign(lane)), (8.5, lane))
        new = 1 - rate * np.mean(means)
    for lane in (0.8, -0.8):
        axes.text(9.3, lane, f"w = {new:g}", weight="bold", **_MIDDLE)
    whole = Rectangle((7.1, -0.35), 1.2, 0.7, facecolor=SHARED, zorder=2)
    axes.add_patch(whole)
    axes.text(7.7, 0, f"mean {np.mean(means):g}", **_MIDDLE)
    for place, title in (
        (0, "global batch"),
        (2.8, "examples"),
        (4.8, "gradients"),
        (6.4, "their mean"),
        (7.7, "all-reduce"),
        (9.3, "same step"),
    ):
        axes.text(place, 1.75, title, ha="center", weight="bold")
    axes.set(xlim=(-1.2, 10.2), ylim=(-1.55, 2))
    axes.set_axis_off()
    return figure


def _row(axes, middle, height, numbers, color):
    """Draws numbers in squares side by side."""
    left = middle - 0.26 * len(numbers)
    for place, number in enumerate(numbers):
        corner = left + 0.52 * place, height - 0.25
        style = {"facecolor": color, "edgecolor": GREY}
        axes.add_patch(Rectangle(corner, 0.52, 0.5, **style))
        axes.text(corner[0] + 0.26, height, f"{number:g}", **_MIDDLE)


def _arrow(axes, start, end, style="-|>"):
    look = {"arrowstyle": style, "color": BLACK, "lw": 1.1}
    axes.annotate("", end, start, arrowprops=look)


def around_the_ring(num_devices):
    """Draws how sums go round a ring of devices, until all have all of them.

    Args:
        num_devices: Int. Each cuts what it has into as many parts: device 0
            has only 1s, device 1 only 10s, device 2 only 100s.

    Returns:
        `Figure`: what each device holds at the start, and after each time that
        all have sent a part to the next, the last one to the first. What has
        just come is framed, with an arrow from its sender; sums of all are
        yellow.
    """
    frames = ring_frames(10 ** np.arange(num_devices))
    columns = (len(frames) + 1) // 2
    figure, panels = axes_of(10, 4.6, nrows=2, ncols=columns)
    full = frames[-1]
    for number, panel in enumerate(panels.flat):
        panel.set_axis_off()
        if number >= len(frames):
            continue
        frame, before = frames[number], frames[max(number - 1, 0)]
        for (device, part), value in np.ndenumerate(frame):
            whole, fresh = value == full[device, part], frame != before
            style = {"facecolor": "white", "edgecolor": LIGHT}
            if whole:
                style["facecolor"] = SHARED
            if fresh[device, part]:
                style |= {"edgecolor": BLACK, "lw": 1.6, "zorder": 2}
                come = (part - 0.38, device - 0.75), (part - 0.38, device - 0.2)
                _arrow(panel, *come)
            square = Rectangle((part - 0.5, device - 0.42), 1, 0.84, **style)
            panel.add_patch(square)
            style = {"weight": "bold"} if whole else {}
            panel.text(part, device, value, fontsize=9, **_MIDDLE, **style)
        what = "add" if number < num_devices else "take over"
        title = f"{number}: {what} what comes" if number else "the start"
        panel.set_title(title, fontsize=10)
        style = {"fontsize": 8, "ha": "right", "va": "center"}
        for device in range(num_devices if number % columns == 0 else 0):
            panel.text(-0.7, device, f"device {device}", **style)
        panel.set(xlim=(-0.6, full.shape[1] - 0.4))
        panel.set(ylim=(num_devices - 0.4, -0.85))
    return figure


def ring_frames(numbers):
    """Sends parts round a ring of devices, each part of which is a number.

    Args:
        numbers: Int array, what each device has in all of its parts.

    Returns:
        List of int arrays `(devices, parts)`, as many parts as devices.
    """
    count = len(numbers)
    frames = [np.repeat(np.asarray(numbers)[:, None], count, axis=1)]
    for time in range(2 * count - 2):
        before, after = frames[-1], frames[-1].copy()
        for device in range(count):
            part, right = (device - time) % count, (device + 1) % count
            own = before[right, part] if time < count - 1 else 0
            after[right, part] = before[device, part] + own
        frames.append(after)
    return frames


def replicas_or_towers(replica, towers, batch):
    """Draws two ways to use two devices: replicas, and the split of 2012.

    Args:
        replica: Int, weights of the whole network.
        towers: Pair of ints, weights on each device of the split.
        batch: Int, pictures of a step.

    Returns:
        `Figure`: two panels with two devices each, and the towers on them.
    """
    figure, panels = axes_of(10, 3.4, ncols=2)
    half = batch // 2
    for panel, title, held, seen, between in (
        (
            panels[0],
            "Today: two replicas",
            [((0, 1), replica)] * 2,
            (f"pictures 1 to {half}", f"pictures {half + 1} to {batch}"),
            "gradients,\nonce a step",
        ),
        (
            panels[1],
            "2012: one network, split",
            [((0,), towers[0]), ((1,), towers[1])],
            (f"pictures 1 to {batch}",) * 2,
            "maps, where\na layer reads\nboth towers",
        ),
    ):
        for device, (own, count) in enumerate(held):
            left = 4.4 * device
            style = {"facecolor": "white", "edgecolor": BLACK}
            panel.add_patch(Rectangle((left, 0), 2.6, 2.5, **style))
            panel.text(left + 1.3, 2.72, f"device {device}", **_MIDDLE)
            for tower in own:
                low, color = 1.4 - 0.9 * tower, (SKY, ORANGE)[tower]
                bar = Rectangle((left + 0.3, low), 2, 0.7, facecolor=color)
                panel.add_patch(bar)
                middle = left + 1.3, low + 0.35
                panel.text(*middle, f"tower {tower + 1}", **_MIDDLE)
            panel.text(left + 1.3, 0.22, seen[device], fontsize=9, **_MIDDLE)
            millions = f"{count / 1e6:.1f} million weights"
            panel.text(left + 1.3, -0.28, millions, fontsize=9, **_MIDDLE)
        _arrow(panel, (2.65, 1.2), (4.35, 1.2), "<|-|>")
        panel.text(3.5, 1.8, between, fontsize=8, **_MIDDLE)
        panel.set_title(title, weight="bold", fontsize=11)
        panel.set(xlim=(-0.6, 7.6), ylim=(-0.5, 3))
        panel.set_axis_off()
    return figure
