"""Ways to divide a step between two devices, and what crosses."""

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras.visualize.style import (
    BLACK,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    axes_of,
)

OF_DEVICES = SKY, ORANGE  # the first device's colour, the second's


def four_ways(crossed, cut=2, parts=4):
    """Draws four ways to divide a step between two devices, and their times.

    Args:
        crossed: Dict of four titles and the bytes that cross: by examples,
            channels, layers, and stages.
        cut: Int, layers of eight that the first device has, in the last two.
        parts: Int, parts of the batch in the last.

    Returns:
        `Figure`: above, layers across and pictures down, coloured by device;
        below, when each device works, if talk took no time: forward passes
        bright, backward ones dark.
    """
    figure, panels = axes_of(11, 4.2, nrows=2, ncols=4, height_ratios=(2, 1))
    works = (_together(), _together(), _one_by_one(1), _one_by_one(parts))
    names = [f"conv{n}" for n in range(1, 6)] + ["fc6", "fc7", "fc8"]
    ways = zip(crossed.items(), panels.T, works, strict=True)
    for number, ((title, count), (above, below), work) in enumerate(ways):
        strips = parts if number == 3 else 1
        for layer in range(8):
            for strip in range(strips):
                low, high = strip / strips, (strip + 1) / strips
                box = layer, low, layer + 1, high - 0.05 * (strips > 1)
                for device, part in enumerate(_cut(box, number, cut)):
                    _fill(above, part, OF_DEVICES[device])
        above.set_title(f"{title}\n{count / 1e6:.0f} MB cross", fontsize=10)
        above.set_xticks(np.arange(8) + 0.5, names, rotation=90, fontsize=8)
        above.set(xlim=(0, 8), ylim=(1, 0), yticks=[])
        above.tick_params(length=0)
        for device, start, length, back in work:
            look = {"facecolor": OF_DEVICES[device], "edgecolor": "white"}
            look |= {"alpha": 1 if back else 0.45}
            corner = start, device + 0.15
            below.add_patch(Rectangle(corner, length, 0.7, **look))
        below.set(xlim=(0, 3.05), ylim=(2, 0), xticks=range(4))
        below.set(
            yticks=(0.5, 1.5),
            yticklabels=("1", "2"),
            xlabel="time (one device: 3)",
        )
    panels[0, 0].set_ylabel("pictures of a batch")
    panels[1, 0].set_ylabel("device")
    return figure


def crossed(lines, batches, ways):
    """Draws what crosses in a step: layer by layer, and batch by batch.

    Args:
        lines: List of `costs.Traffic`.
        batches: List of ints, for the right panel.
        ways: Dict of a name and the bytes that cross at each batch.

    Returns:
        `Figure`: a pair of bars for each layer, and a line for each way.
    """
    figure, (left, right) = axes_of(10.5, 4, ncols=2)
    places = np.arange(len(lines))
    for shift, way, label, color in (
        (-0.2, "data_parallel", "by examples", GREEN),
        (0.2, "split", "by channels", PURPLE),
    ):
        sizes = [getattr(line.bytes(), way) / 1e6 for line in lines]
        drawn = left.barh(places + shift, sizes, 0.38, color=color, label=label)
        left.bar_label(drawn, [f"{s:.1f}" for s in sizes], padding=3)
    left.set_yticks(places, [line.name for line in lines])
    left.set_ylim(len(lines) - 0.5, -0.5)
    left.set_xlim(0, 1.15 * left.get_xlim()[1])
    left.set_xlabel("crosses in a step (MB)")
    left.legend(frameon=False)
    looks = ((GREEN, "-"), (PURPLE, "--"), (BLACK, "-."))
    for (name, sizes), (color, style) in zip(ways.items(), looks, strict=False):
        look = {"color": color, "ls": style, "lw": 2.2, "label": name}
        right.plot(batches, np.divide(sizes, 1e6), **look)
    right.set(xlabel="batch (pictures)", ylabel="crosses in a step (MB)")
    right.set(xlim=(0, max(batches)), ylim=(0, None))
    right.legend(frameon=False, loc="upper left")
    return figure


def _cut(box, way, cut):
    """Gives each device's part of a box, or None where it has none."""
    left, top, right, bottom = box
    if way == 0:  # by examples
        middle = (top + bottom) / 2
        return (left, top, right, middle), (left, middle, right, bottom)
    if way == 1 and left == 7:  # fc8 stands on the first device
        return box, None
    if way == 1:  # by channels
        middle = (left + right) / 2
        return (left, top, middle, bottom), (middle, top, right, bottom)
    return (box, None) if left < cut else (None, box)


def _fill(axes, part, color):
    if part is not None:
        left, top, right, bottom = part
        size = right - left, bottom - top
        look = {"facecolor": color, "edgecolor": "white", "lw": 0.6}
        axes.add_patch(Rectangle((left, top), *size, **look))


def _together():
    """Lists (device, start, length, backward?) of two that work at once.

    The whole work is 3: backward takes twice as long as forward.
    """
    return [
        (d, 0.5 * back, 0.5 + 0.5 * back, back)
        for d in (0, 1)
        for back in (0, 1)
    ]


def _one_by_one(parts):
    """Lists the same where the second device reads what the first gives."""
    work, step = [], 0.5 / parts
    for part in range(parts):
        work += [(0, part * step, step, 0), (1, (part + 1) * step, step, 0)]
        back = (parts + 1) * step + 2 * part * step
        work += [(1, back, 2 * step, 1), (0, back + 2 * step, 2 * step, 1)]
    return work
