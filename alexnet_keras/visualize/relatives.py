"""Networks side by side: their tables, counts, charts, and the ledger."""

import numpy as np
from matplotlib.patches import Rectangle

from alexnet_keras.rows import Conv, Dense, Dropout, Norm, Pool, Resample
from alexnet_keras.visualize.style import (
    BLUE,
    GREY,
    LIGHT,
    ORANGE,
    SKY,
    VERMILION,
    axes_of,
)

SAME, OTHER = "#e8e8e8", "#f5d899"
ORDERS = "#f5d899", "#b9dcf3", "#c9e8dc"  # a colour for each channel


def relatives(tables, sizes):
    """Draws networks side by side, a column each, a line for each layer.

    Args:
        tables: Dict of a network's name and its rows. The first one is what
            the others are compared with, by their layers' names.
        sizes: Ints, the side of each network's pictures.

    Returns:
        `Figure`: grey where a layer is as in the first network, yellow where
        it is not, "none" where it is missing.
    """
    columns = [
        {"input": size, **{row.name: row for row in rows}}
        for size, rows in zip(sizes, tables.values(), strict=True)
    ]
    names = list(columns[0])
    for column in columns[1:]:
        for place, name in enumerate(column):
            if name not in names:
                names.insert(names.index([*column][place - 1]) + 1, name)
    figure, axes = axes_of(1.2 + 1.75 * len(tables), 0.6 + 0.42 * len(names))
    for across, column in enumerate(columns):
        for down, name in enumerate(names):
            row = column.get(name)
            is_same = row == columns[0].get(name)
            color = SAME if is_same else OTHER
            corner = (across - 0.48, down - 0.46)
            axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=color))
            text = "none" if row is None else _words(row)
            center = {"ha": "center", "va": "center"}
            axes.text(across, down, text, **center, fontsize=8.5)
    axes.set_xticks(range(len(tables)), tables)
    axes.set_yticks(range(len(names)), names)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(-0.52, len(tables) - 0.48), ylim=(len(names) - 0.5, -0.5))
    return figure


def _words(row):
    """Writes what tells a row from others of its kind."""
    match row:
        case int():
            return f"{row} x {row} x 3"
        case Conv():
            text = f"{row.filters} of {row.filter_size}, stride {row.stride}"
            marks = [f"{row.groups} groups"] * (row.groups > 1)
            marks += ["rounds up"] * (row.rounding == "up")
            marks += [f"{row.padding} zeros"] * isinstance(row.padding, int)
            return text + "".join(f"\n{mark}" for mark in marks)
        case Norm():
            text = f"k {row.bias:g}, alpha {row.alpha:g}"
            return text + f"\n{row.groups} groups" * (row.groups > 1)
        case Pool():
            text = f"{row.filter_size}, stride {row.stride}"
            return text + ", rounds up" * (row.rounding == "up")
        case Dense():
            return f"{row.units} units"
        case Dropout():
            return f"rate {row.rate:g}"
        case Resample():
            return f"to {row.size} x {row.size}"
    return "in one line"


def fingerprints(tables):
    """Draws who has how many parameters, and where.

    Args:
        tables: Dict of a network's name and its list of `shapes.Line`.

    Returns:
        `Figure`: a bar a network, in three parts: the convolutions, fc6, and
        fc7 with fc8. The total stands at its end.
    """
    figure, axes = axes_of(9.5, 0.9 + 0.5 * len(tables))
    parts = (("conv1 to conv5", ORANGE), ("fc6", BLUE), ("fc7, fc8", SKY))
    counts = np.zeros((len(tables), len(parts)))
    for place, lines in enumerate(tables.values()):
        for line in lines:
            part = 0 if line.name.startswith("conv") else 2
            part = 1 if line.name == "fc6" else part
            counts[place, part] += line.parameters
    ends = counts.cumsum(axis=1) / 1e6
    for number, (label, color) in enumerate(parts):
        width = counts[:, number] / 1e6
        left = ends[:, number] - width
        places = range(len(tables))
        axes.barh(places, width, 0.62, left, color=color, label=label)
    for place, total in enumerate(counts.sum(axis=1)):
        style = {"va": "center", "fontsize": 9}
        axes.text(total / 1e6 + 0.6, place, f"{total:,.0f}", **style)
    axes.set_yticks(range(len(tables)), tables)
    axes.set(
        xlim=(0, 76),
        ylim=(len(tables) - 0.5, -0.5),
        xlabel="weights and biases (millions)",
    )
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def two_orders(rows, columns, channels):
    """Draws the two lines in which one map can be written.

    Args:
        rows: Int, rows of the map.
        columns: Int, its columns.
        channels: Int, its channels, at most three; a colour each.

    Returns:
        `Figure`: above channels last, below channels first. Each number says
        where it stands in the line above.
    """
    count = rows * columns * channels
    last = np.arange(count)
    first = last.reshape(rows, columns, channels).transpose(2, 0, 1).ravel()
    figure, panels = axes_of(0.5 + 0.62 * count, 2.2, nrows=2)
    titles = ("channels last, as Keras", "channels first, as Caffe and PyTorch")
    for panel, line, title in zip(panels, (last, first), titles, strict=True):
        for place, index in enumerate(line):
            color = ORDERS[index % channels]
            square = {"facecolor": color, "edgecolor": "white"}
            panel.add_patch(Rectangle((place - 0.5, -0.5), 1, 1, **square))
            panel.text(place, 0, index, ha="center", va="center")
        panel.set_title(title, fontsize=10)
        panel.set(xlim=(-0.5, count - 0.5), ylim=(0.5, -0.5))
        panel.set_aspect("equal")
        panel.set_axis_off()
    return figure


def charts(found):
    """Draws what the probes say of networks, layer by layer.

    Args:
        found: Dict of a network's name and its `clinic.Chart`.

    Returns:
        `Figure`: three panels for the values above 0, their spread, and how
        far they are from the healthy network's.
    """
    figure, panels = axes_of(10.5, 3.4, ncols=3)
    looks = ((GREY, "s", 7, "-"), (VERMILION, "o", 4, "--"))
    names = [line.name for line in next(iter(found.values())).lines]
    fields = (
        ("above", 100, "values above 0 (%)"),
        ("spread", 1, "spread (standard deviation)"),
        ("apart", 100, "apart from the healthy one (%)"),
    )
    for panel, (field, scale, label) in zip(panels, fields, strict=True):
        for (name, chart), look in zip(found.items(), looks, strict=False):
            numbers = [getattr(line, field) for line in chart.lines]
            numbers = [np.nan if n is None else scale * n for n in numbers]
            color, marker, size, style = look
            shown = {"color": color, "marker": marker, "ms": size, "ls": style}
            panel.plot(range(len(names)), numbers, label=name, **shown)
        panel.set_xticks(range(len(names)), names, rotation=90)
        panel.set(ylabel=label, ylim=(-0.04 if scale == 1 else -4, None))
        panel.grid(axis="y", color=LIGHT, lw=0.6)
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=2, frameon=False)
    return figure


def ledger(claims):
    """Draws how claims fare, by who makes them.

    Args:
        claims: List of `ledger.Claim`.

    Returns:
        `Figure`: a bar for each source, in a part for each status.
    """
    colors = {
        "exact": BLUE,
        "shown small": SKY,
        "needs ImageNet": LIGHT,
        "contradicted": VERMILION,
    }
    sources = list(dict.fromkeys(claim.source for claim in claims))
    figure, axes = axes_of(9, 0.9 + 0.55 * len(sources))
    ends = np.zeros(len(sources))
    pairs = [(claim.source, claim.status) for claim in claims]
    for status, color in colors.items():
        counts = np.array([pairs.count((one, status)) for one in sources])
        bars = axes.barh(sources, counts, 0.66, ends, color=color, label=status)
        dark = color in (BLUE, VERMILION)
        texts = [str(count) if count else "" for count in counts]
        style = {"label_type": "center", "color": "white" if dark else "black"}
        axes.bar_label(bars, texts, fontsize=9, **style)
        ends += counts
    axes.invert_yaxis()
    axes.set(xlabel="number of claims", xlim=(0, 1.04 * max(ends)))
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure
