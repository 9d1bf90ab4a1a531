"""Whose AlexNet: the difference of two tables.

A network's rows are compared with those of the networks that are known; the
tables' own words are what is said. What a source does not tell is None, and is
not compared.
"""

import math
from typing import NamedTuple

from alexnet_keras import shapes
from alexnet_keras.exchange.line import (
    BRANCHES,
    Activation,
    Layer,
    Other,
    Reading,
    align,
)
from alexnet_keras.networks import (
    ALEXNET,
    CAFFE,
    NETWORKS,
    ONE_TOWER,
    body,
    with_classes,
)
from alexnet_keras.rows import (
    Conv,
    Dense,
    Flatten,
    Norm,
    Pool,
    Resample,
)

# Networks of others, beside ours in `networks`.
_BARE = tuple(
    row._replace(rounding="down") if isinstance(row, Conv) else row
    for row in ONE_TOWER
    if not isinstance(row, Norm)
)
_SLIM = tuple(
    row._replace(filters={"conv1": 64, "conv2": 192}.get(row.name, row.filters))
    if isinstance(row, Conv)
    else row
    for row in _BARE
)
_CAFFENET = tuple(CAFFE[i] for i in (0, 2, 1, 3, 5, 4, *range(6, len(CAFFE))))
_TITLES = {
    "two-tower": "The AlexNet of the 2012 paper",
    "caffe": "Caffe's AlexNet, bvlc_alexnet",
    "one-tower": "AlexNet in one tower",
    "one-weird-trick": "torchvision's alexnet",
    "mini": "AlexNetMini of alexnet_keras",
}
# A title, the rows, and the side of the pictures.
KNOWN = {
    **{
        name: (title, NETWORKS[name].layers, NETWORKS[name].size)
        for name, title in _TITLES.items()
    },
    "caffenet": ("Caffe's CaffeNet", _CAFFENET, 227),
    "slim": ("TF-slim's alexnet_v2", _SLIM, 224),
    "d2l": ("The AlexNet of the book at d2l.ai", _BARE, 224),
}
_MOST = 200  # layers that are compared, each with each
_FREE = ("linear", "softmax", "log_softmax", "logsoftmax")  # of fc8


class Identity(NamedTuple):
    """Whose AlexNet a network is.

    `str` gives the lines that the command line prints.

    Attributes:
        name: Str: a key of `KNOWN`, such as "two-tower" (the paper's) or
            "caffe"; "unknown" for an AlexNet that is none of these,
            "not-alexnet" for another network.
        title: Str, whose network it is, in words.
        departures: Tuple of str, one for each departure from the paper.
        notes: Tuple of str, what was not understood or not told.
        parameters: Int, or None if it is not told.
        flatten: Int, the values that reach fc6, or None.
    """

    name: str
    title: str
    departures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parameters: int | None = None
    flatten: int | None = None

    def __str__(self):
        """Gives a title, a line for each departure and note, and counts."""
        lines = [f"{self.title}."]
        lines += [f"- {line}" for line in self.departures]
        lines += [f"({note})" for note in self.notes]
        counts = []
        if self.parameters is not None:
            counts.append(f"{self.parameters:,} parameters")
        if self.flatten is not None:
            counts.append(f"{self.flatten} values reach fc6")
        lines += [", ".join(counts)] * bool(counts)
        return "\n".join(_clean(line, 1000) for line in lines)


def compare(reading):
    """Identifies a network by its rows.

    Args:
        reading: A `line.Reading`.

    Returns:
        `Identity`.
    """
    line = _plain(_measured(reading.line, reading.shape))
    rows = [layer.row for layer in line]
    counts = [layer.parameters for layer in line]
    parameters = reading.parameters
    if parameters is None and None not in counts:
        parameters = sum(counts)
    if BRANCHES in rows:
        title = "Its layers stand neither in one line nor in two towers"
        notes = (*_unread(reading), "They are not compared.")
        return Identity("unknown", title, notes=notes)
    if reason := _not_alexnet(rows):
        title = f"Not an AlexNet: {reason}"
        return Identity("not-alexnet", title, parameters=parameters)
    has_top = isinstance(rows[-1], Dense)
    names = _names(line, reading, has_top)
    if reading.told in names:
        names = [reading.told]
        if reading.silent:  # more is told than the rows say
            _, known, size = KNOWN[reading.told]
            known = body(known)
            if has_top:
                known = with_classes(KNOWN[names[0]][1], rows[-1].units)
            return compare(Reading(_line_of(known), (size, size, 3)))
    departures, notes = _departures(line, ALEXNET, 227, reading)
    notes = _unread(reading) + notes
    count = len(departures)
    title = f"An AlexNet with {count} departure{'s' * (count != 1)}"
    title += " from the paper"
    if names:
        *most, last = (KNOWN[name][0] for name in names)
        title = f"{', '.join(most)} or {last}" if most else last
        title += "" if has_top else ", without its fully connected layers"
        if Norm in reading.silent:
            title = f"By its kernels: {title}"
        elif notes:
            title = f"But for what is not read: {title}"
    name, notes = [*names, "unknown"][0], reading.notes + notes
    counts = parameters, _inputs(line)
    return Identity(name, title, departures, notes, *counts)


def _names(line, reading, has_top):
    """Lists the networks that a network does not depart from."""
    while not has_top and isinstance(line[-1].row, Other | Flatten):
        line = line[:-1]
    found = {
        name: _departures(line, rows if has_top else body(rows), size, reading)
        for name, (_, rows, size) in KNOWN.items()
    }
    names = [name for name, (texts, _) in found.items() if not texts]
    if not names and reading.shape is None:  # other pictures, other values
        names = [
            name
            for name, (texts, _) in found.items()
            if all("reach fc6" in text for text in texts)
        ]
    return names


def _line_of(rows):
    return [Layer(row.name, row) for row in rows]


def _measured(line, shape):
    """Follows the shapes through a line, and counts, as far as that is told."""
    measured = []
    for layer in line:
        row, own = layer.row, layer.before
        shape = own if own and None not in own else shape
        after, parameters = shape, 0
        match row:
            case Other():
                after = shape if row.gives == "same" else row.gives
                parameters = row.weights
                if parameters:
                    parameters = shape and parameters * shape[-1]
            case Dense():
                after, parameters = (row.units,), None
                if shape and len(shape) == 1:
                    read = shape[0] // 2 if layer.apart else shape[0]
                    parameters = (read + bool(row.bias)) * row.units
            case Conv() | Pool() | Resample() | Flatten():
                after = _in_table(row, shape, "output_shape")
                if isinstance(row, Conv):  # which needs no sizes
                    row = row._replace(padding="same")
                    parameters = _in_table(row, shape, "parameters")
        known = {"before": shape, "after": after, "parameters": parameters}
        measured.append(layer._replace(**known))
        shape = after
    return measured


def _in_table(row, shape, column):
    """Gives what a row's line in a table says; None if that is not told."""
    try:
        line = shapes.table([row], shape[:2], shape[2])[-1]
    except (IndexError, TypeError, ValueError):
        return None
    return getattr(line, column)


def _plain(line):
    """Leaves out what changes nothing; what sees all its input is dense."""
    plain, is_flat, padding = [], False, None
    for layer in line:
        row = layer.row
        if padding:  # whose zeros are this layer's
            layer = layer._replace(before=padding.before)
            if isinstance(row, Conv | Pool):
                row = row._replace(padding=padding.row.zeros)
        padding = layer if getattr(row, "zeros", None) is not None else None
        before, kind = layer.before, type(row)
        is_idle = before is not None and before == layer.after
        if (
            padding
            or kind is Flatten
            and is_flat
            or kind is Resample
            and is_idle
        ):
            continue
        side = row.filter_size if kind is Conv else None
        if side and before and before[:2] == (side, side):
            if row.padding == "valid" or side == 1:
                values = (math.prod(before),)
                if not is_flat:
                    flat = Layer("", Flatten(""), (), before, values)
                    plain.append(flat._replace(parameters=0))
                row = Dense(row.name, row.filters, row.activation, row.bias)
                layer = layer._replace(before=values)
        is_flat = is_flat or isinstance(row, Dense)
        plain.append(layer._replace(row=row))
    return plain


def _inputs(line):
    """Gives the number of values that the first dense layer reads."""
    first = next((one for one in line if isinstance(one.row, Dense)), None)
    if first and first.before and len(first.before) == 1:
        return first.before[0]
    return None


def _not_alexnet(rows):
    """Says why a network is no AlexNet at all; None if it may be one."""
    if len(rows) > _MOST:
        return f"{len(rows)} layers; AlexNet has {len(body(ALEXNET))}"
    convs = [row for row in rows if isinstance(row, Conv)]
    strange = [
        _clean(row.kind)
        for row in rows
        if isinstance(row, Other) and row.weights is None
    ]
    known = f" (not known: {strange[0]})" if strange else ""
    if not 4 <= len(convs) <= 6:
        plural = "" if len(convs) == 1 else "s"
        return f"{len(convs)} convolution{plural}{known}; AlexNet has 5"
    sizes, widths = (
        max(
            sum(
                getattr(one, field) == getattr(other, field)
                for one, other in zip(convs, own, strict=False)
            )
            for own in (
                [row for row in known if isinstance(row, Conv)]
                for _, known, _ in KNOWN.values()
            )
        )
        for field in ("filter_size", "filters")
    )
    if sizes < 4 and widths < 3:
        text = "its filters have neither AlexNet's sizes nor its numbers"
        return text + known
    return None


def _departures(line, known, size, reading):
    """Lists where a network departs from one that is known.

    Args:
        line: List of `line.Layer`, measured.
        known: Rows of a network.
        size: Int, side of that network's pictures.
        reading: The `line.Reading` that was measured.

    Returns:
        Tuple of str such as "conv2, conv4, conv5: groups=1, not 2", and a
        tuple of notes on what was not read.
    """
    known = [row for row in known if not isinstance(row, reading.silent)]
    shape = next(
        (one.before for one in line if isinstance(one.row, Conv)), None
    )
    theirs = _measured(_line_of(known), shape or (size, size, 3))
    theirs = _plain(theirs)
    has_unread = any(_is_unread(layer.row) for layer in line)
    texts, notes, sizes, name = {}, {}, [], "the image"
    for i, j in align(
        [layer.row for layer in theirs], [layer.row for layer in line]
    ):
        name = name if i is None else theirs[i].row.name
        if j is None:
            if not has_unread or isinstance(theirs[i].row, Conv | Dense):
                texts.setdefault("missing", []).append(name)
            continue
        one, row = line[j], line[j].row
        if _is_unread(row):
            text = "What Lambda layers compute is not read"
            notes.setdefault(text, []).append(name)
        elif i is None:
            texts.setdefault(f"{_what(row)} follows", []).append(name)
        else:
            for text in _differences(one, theirs[i], i == len(theirs) - 1):
                texts.setdefault(text, []).append(name)
            if isinstance(row, Norm) and None in row:
                text = "Some constants are not read"
                notes.setdefault(text, []).append(name)
            sides = _side(one.after), _side(theirs[i].after)
            if shape and isinstance(row, Conv | Pool) and all(sides):
                sizes += [(name, *sides)] * (sides[0] != sides[1])
    departures = [f"{_listed(names)}: {text}" for text, names in texts.items()]
    if sizes:
        names, found, wanted = map(", ".join, zip(*sizes, strict=True))
        departures.append(f"{names}: {found} places a side, not {wanted}")
    found, wanted = _inputs(line), _inputs(theirs)
    if found and wanted and found != wanted:
        departures.append(f"{found} values reach fc6, not {wanted}")
    notes = [f"{text}: {_listed(names)}." for text, names in notes.items()]
    return tuple(departures), tuple(notes)


def _listed(names):
    return ", ".join(dict.fromkeys(names))


def _differences(one, other, is_last):
    """Says in what a row differs from its partner in a known network."""
    row, wanted = one.row, other.row
    yield from one.remarks
    if type(row) is not type(wanted):
        yield f"{_what(row)} in its place"
        return
    for field, theirs in row._asdict().items():
        ours = getattr(wanted, field)
        free = field in ("name", "padding", "rounding") or (
            is_last
            and (field == "units" or field == "activation" and theirs in _FREE)
        )
        if not free and theirs is not None and not _is_equal(theirs, ours):
            yield f"{field}={_shown(theirs)}, not {_shown(ours)}"
    if isinstance(row, Conv | Pool) and (one.before, one.after) == (
        other.before,
        other.after,
    ):
        found, wanted = _first_zeros(row), _first_zeros(wanted)
        if None not in (found, wanted) and found != wanted:
            yield f"padding={found} at the top and left, not {wanted}"


def _first_zeros(row):
    """Counts the zeros before a side; places tell those behind it."""
    try:
        return shapes.zeros(row, None)[0]
    except (TypeError, ValueError):  # not told
        return None


def _is_equal(one, other):
    if isinstance(one, float) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-3)
    return one == other


def _is_unread(row):
    return isinstance(row, Other) and row.kind == "Lambda"


def _what(row):
    match row:
        case Conv():
            return f"Conv of {row.filters} filters"
        case Dense():
            return f"Dense of {row.units} units"
        case Other():
            return _clean(row.kind)
        case Activation():
            return _clean(row.function)
    return type(row).__name__


def _side(shape):
    """Writes the side of a map; None if it is not told."""
    if shape is None or len(shape) != 3:
        return None
    height, width, _ = shape
    return str(height) if height == width else f"{height} x {width}"


def _shown(value):
    return f"{value:g}" if isinstance(value, float) else _clean(value)


def _clean(text, most=40):
    """Makes a stranger's text fit for a terminal."""
    return "".join(c if c.isprintable() else "?" for c in str(text))[:most]


def _unread(reading):
    return tuple(_clean(text, 120) for text in reading.unread)
