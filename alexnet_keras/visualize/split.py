"""One network on two devices: who reads whom, and what they hold."""

from matplotlib.patches import Patch, Rectangle

from alexnet_keras import costs
from alexnet_keras.rows import Dropout, Flatten
from alexnet_keras.visualize.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    SKY,
    VERMILION,
    axes_of,
)

OF_DEVICES = SKY, ORANGE  # the first device's colour, the second's
LANES, HALF = (0.75, -0.75), 0.31  # the devices' heights, half a box
CARD = 3072 * 2**20  # bytes that a card of 3 GB holds
_PARTS = {  # of `costs.Memory`: colour and hatch
    "weights": (BLUE, ""),
    "gradients": (SKY, "//"),
    "momentum": (GREEN, ".."),
    "activations": (LIGHT, ""),
    "received": (VERMILION, "xx"),
}


def talk(rows):
    """Draws two towers on two devices, and what crosses between them.

    Args:
        rows: List of `rows` of a network with two towers.

    Returns:
        `Figure`: a lane for each device, a box for its half of each layer.
        Layers that read both towers are lit, and the numbers beside the dashed
        lines are the floats that cross for one image.
    """
    crossings = {line.name: line for line in costs.crossings(rows)}
    drawn = [x for x in rows if not isinstance(x, Dropout | Flatten)]
    figure, axes = _lanes(len(drawn), "GPU", -2.2)
    for place, row in enumerate(drawn, 1):
        crossing = crossings.get(row.name)
        lit = crossing is not None
        for number, lane in enumerate(LANES):
            into = crossing[number + 1] if lit else 0
            if lit and not into:
                continue  # the last layer, on the first device
            _box(axes, place, lane, row.name, VERMILION if lit else "white")
            ends = (place - 1 + HALF, place - HALF)
            axes.plot(ends, (lane, lane), color=BLACK, lw=1.2)
            if into:
                look = {"color": VERMILION, "ls": "--", "lw": 1.8}
                axes.plot(ends, (-lane, lane), **look)
        if lit:
            text = f"{crossing.to_first:,}"
            text += "\neach way" * (crossing.to_second > 0)
            text += "\none way" * (crossing.to_second == 0)
            axes.text(place - 0.5, -1.5, text, va="top", **_small())
    return figure


def disturbed(changed):
    """Draws which halves of a network's layers a disturbance has reached.

    Args:
        changed: Dict of a layer's name and a pair of bools: whether the first
            tower's half changed, and the second's.

    Returns:
        `Figure`: lanes as in `talk`; what changed is red.
    """
    figure, axes = _lanes(len(changed), "tower", -1.3)
    for place, (name, halves) in enumerate(changed.items(), 1):
        for lane, half in zip(LANES, halves, strict=True):
            _box(axes, place, lane, name, VERMILION if half else "white")
            ends = (place - 1 + HALF, place - HALF)
            axes.plot(ends, (lane, lane), color=BLACK, lw=1.2)
    return figure


def meter(cards, limit=CARD):
    """Draws what networks in training take on a card, part by part.

    Args:
        cards: Dict of a label and a list of `costs.Memory`.
        limit: Int, bytes that a card holds.

    Returns:
        `Figure`: a bar for each card, and a line at the limit.
    """
    figure, axes = axes_of(9, 1.5 + 0.5 * len(cards))
    for place, lines in enumerate(cards.values()):
        end = 0
        for part, (color, hatch) in _PARTS.items():
            size = sum(getattr(line, part) for line in lines) / 1e9
            look = {"color": color, "hatch": hatch, "edgecolor": "white"}
            axes.barh(place, size, 0.62, end, **look)
            end += size
        axes.text(end, place, f" {end:.2f} GB", va="center")
    axes.axvline(limit / 1e9, color=BLACK, ls="--", lw=1.5)
    note = f"{limit / 2**30:g} GB card "
    top = {"transform": axes.get_xaxis_transform(), "ha": "right", "va": "top"}
    axes.text(limit / 1e9, 1, note, **top)
    axes.set_yticks(range(len(cards)), cards)
    right = max(axes.get_xlim()[1] * 1.08, 1.1 * limit / 1e9)
    axes.set(xlabel="memory (thousand million bytes)", xlim=(0, right))
    axes.set_ylim(len(cards) - 0.5, -0.9)
    handles = [
        Patch(facecolor=color, hatch=hatch, edgecolor="white", label=part)
        for part, (color, hatch) in _PARTS.items()
    ]
    place = {"loc": "outside upper center", "ncols": len(_PARTS)}
    figure.legend(handles=handles, frameon=False, **place)
    return figure


def meter_by_hand(rows):
    """Shows `meter` with a slider for the batch, in a notebook."""
    import ipywidgets

    def draw(batch, momentum):
        cards = {}
        for name, tower in (("one card", None), ("GPU 1", 1), ("GPU 2", 2)):
            lines = costs.memory(rows, batch_size=batch, tower=tower)
            if not momentum:
                lines = [line._replace(momentum=0) for line in lines]
            cards[name] = lines
        return meter(cards)

    ipywidgets.interact(
        draw, batch=ipywidgets.IntSlider(128, 1, 1024), momentum=True
    )


def _lanes(columns, label, bottom):
    figure, axes = axes_of(10.5, (1.3 - bottom) * 0.83)
    for number, (lane, color) in enumerate(zip(LANES, OF_DEVICES, strict=True)):
        corner = 0.5, lane - 0.5
        look = {"facecolor": color, "alpha": 0.3, "lw": 0}
        axes.add_patch(Rectangle(corner, columns + 0.1, 1, **look))
        text = f"{label} {number + 1}"
        axes.text(columns + 0.7, lane, text, va="center", weight="bold")
    photo = {"facecolor": LIGHT, "edgecolor": GREY}
    corner = -HALF, LANES[1] - 0.3
    axes.add_patch(Rectangle(corner, 2 * HALF, 2.1, **photo))
    axes.text(0, 0, "photo", va="center", **_small())
    axes.set(xlim=(-0.4, columns + 1.7), ylim=(bottom, 1.3))
    axes.set_axis_off()
    return figure, axes


def _box(axes, place, lane, name, color):
    corner = place - HALF, lane - 0.3
    look = {"facecolor": color, "edgecolor": GREY, "zorder": 3}
    axes.add_patch(Rectangle(corner, 2 * HALF, 0.6, **look))
    axes.text(place, lane, name, va="center", zorder=4, **_small())


def _small():
    return {"ha": "center", "fontsize": 8.5}
