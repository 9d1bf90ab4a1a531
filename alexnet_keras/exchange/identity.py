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
    Found,
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
)
from alexnet_keras.rows import (
    Conv,
    Dense,
    Dropout,
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
        return "\n".join(lines + [", ".join(counts)] * bool(counts))


def compare(reading):
    """Identifies a network by its rows.

    Args:
        reading: A `line.Reading`.

    Returns:
        `Identity`.
    """
    measured = _plain(_measured(reading.found, reading.shape))
    rows = [one.row for one in measured]
    counts = [one.parameters for one in measured]
    parameters = reading.parameters
    if parameters is None and None not in counts:
        parameters = sum(counts)
    if BRANCHES in rows:
        title = "Its layers stand neither in one line nor in two towers"
        return Identity("unknown", title, notes=("They are not compared.",))
    if reason := _not_alexnet(rows):
        title = f"Not an AlexNet: {reason}"
        return Identity("not-alexnet", title, parameters=parameters)
    names = _names(measured, reading)
    if reading.told in names:
        names = [reading.told]
        if reading.silent:  # more is told than the rows say
            return compare(_whole(reading.told, rows))
    departures, notes = _departures(measured, ALEXNET, 227, reading)
    dense = [row for row in rows if isinstance(row, Dense)]
    if names:
        *most, last = (KNOWN[name][0] for name in names)
        title = f"{', '.join(most)} or {last}" if most else last
        title += "" if dense else ", without its fully connected layers"
        if Norm in reading.silent:
            title = f"By its kernels: {title}"
        elif notes:
            title = f"But for what is not read: {title}"
    else:
        count = len(departures)
        title = f"An AlexNet with {count} departure{'s' * (count != 1)}"
        title += " from the paper"
    return Identity(
        names[0] if names else "unknown",
        title,
        departures,
        reading.notes + notes,
        parameters,
        _inputs(measured),
    )


def _names(measured, reading):
    """Lists the networks that a network does not depart from.

    Where the size of the pictures is not told, those that flatten as many
    values come first.
    """
    has_top = any(isinstance(one.row, Dense) for one in measured)
    while not has_top and isinstance(measured[-1].row, Other | Flatten):
        measured = measured[:-1]
    for with_flatten in (True, False):
        names = [
            name
            for name, (_, rows, size) in KNOWN.items()
            if not _departures(
                measured,
                rows if has_top else body(rows),
                size,
                reading,
                with_flatten,
            )[0]
        ]
        if names or reading.shape is not None:
            break
    return names


def _whole(name, rows):
    """Gives all that is known of a network with as many classes."""
    _, known, size = KNOWN[name]
    if isinstance(rows[-1], Dense):
        known = (*known[:-1], known[-1]._replace(units=rows[-1].units))
    else:
        known = body(known)
    return Reading([Found(row) for row in known], (size, size, 3))


class _Measured(NamedTuple):
    """A row with its remarks, and the shapes before and after it."""

    row: object
    remarks: tuple
    before: tuple | None
    after: tuple | None
    parameters: int | None


def _measured(found, shape):
    """Follows the shapes through a line, as far as they are told."""
    measured = []
    for row, remarks, reads, apart in found:
        if reads and None not in reads:
            shape = reads
        after, parameters = None, 0
        if isinstance(row, Other):
            after = shape if row.gives == "same" else row.gives
            parameters = row.weights
            if parameters:
                parameters = shape and parameters * shape[-1]
        elif isinstance(row, Activation):
            after = shape
        elif isinstance(row, Dense):
            after, parameters = (row.units,), None
            if shape and len(shape) == 1:
                read = shape[0] // 2 if apart else shape[0]
                parameters = (read + bool(row.bias)) * row.units
        else:
            line = _line(row, shape)
            after = line and line.output_shape
            if isinstance(row, Conv):  # they need no sizes
                line = _line(row._replace(padding="same"), shape)
                parameters = line and line.parameters
        measured.append(_Measured(row, remarks, shape, after, parameters))
        shape = after
    return measured


def _line(row, shape):
    """Gives a row's line in a table; None if its sizes are not told."""
    if isinstance(row, Dropout | Norm):
        return shape and shapes.Line(row.name, shape)
    try:
        return shapes.table([row], shape[:2], shape[2])[-1]
    except (IndexError, TypeError, ValueError):
        return None


def _plain(measured):
    """Leaves out what changes nothing; what sees all its input is dense."""
    plain, is_flat, padding = [], False, None
    for one in measured:
        row = one.row
        if padding:  # whose zeros are this layer's
            one = one._replace(before=padding.before)
            if isinstance(row, Conv | Pool):
                row = row._replace(padding=padding.row.zeros)
        padding = one if getattr(row, "zeros", None) is not None else None
        is_idle = one.before is not None and one.before == one.after
        if padding or (
            is_flat
            if isinstance(row, Flatten)
            else isinstance(row, Resample) and is_idle
        ):
            continue
        if (
            isinstance(row, Conv)
            and one.before
            and one.before[:2]
            == (
                row.filter_size,
                row.filter_size,
            )
        ):
            if row.padding == "valid" or row.filter_size == 1:
                values = (math.prod(one.before),)
                if not is_flat:
                    flat = (Flatten(""), (), one.before, values, 0)
                    plain.append(_Measured(*flat))
                row = Dense(row.name, row.filters, row.activation, row.bias)
                one = one._replace(before=values)
        is_flat = is_flat or isinstance(row, Dense)
        plain.append(one._replace(row=row))
    return plain


def _inputs(measured):
    """Gives the number of values that the first dense layer reads."""
    for one in measured:
        if isinstance(one.row, Dense):
            flat = one.before and len(one.before) == 1
            return one.before[0] if flat else None
    return None


def _not_alexnet(rows):
    """Says why a network is no AlexNet at all; None if it may be one."""
    convs = [row for row in rows if isinstance(row, Conv)]
    if not 4 <= len(convs) <= 6:
        strange = [
            _clean(row.kind)
            for row in rows
            if isinstance(row, Other) and row.weights is None
        ]
        known = f" (not known: {strange[0]})" if strange else ""
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
        return "its filters have neither AlexNet's sizes nor its numbers"
    return None


def _departures(measured, known, size, reading, with_flatten=True):
    """Lists where a network departs from one that is known.

    Args:
        measured: List of `_Measured`.
        known: Rows of a network.
        size: Int, side of that network's pictures.
        reading: The `line.Reading` that was measured.
        with_flatten: Bool, whether to compare the values that reach fc6.

    Returns:
        Tuple of str such as "conv2, conv4, conv5: groups=1, not 2", and a
        tuple of notes.
    """
    known = [row for row in known if not isinstance(row, reading.silent)]
    shape = next(
        (one.before for one in measured if isinstance(one.row, Conv)), None
    )
    theirs = _plain(
        _measured([Found(row) for row in known], shape or (size, size, 3))
    )
    known = [one.row for one in theirs]
    unread = any(_is_unread(one.row) for one in measured)
    lines, hidden, constants, sizes = {}, [], [], []
    after = "the image"
    for i, j in align(known, [one.row for one in measured]):
        name = after if i is None else known[i].name
        if j is None:
            if not unread or isinstance(known[i], Conv | Dense):
                lines.setdefault("missing", []).append(name)
        elif _is_unread(measured[j].row):
            hidden.append(name)
        elif i is None:
            what = _what(measured[j].row)
            lines.setdefault(f"{what} follows", []).append(name)
        else:
            one, other = measured[j], theirs[i]
            if isinstance(one.row, Norm) and None in one.row:
                constants.append(name)
            for text in _differences(one, other, i == len(known) - 1):
                lines.setdefault(text, []).append(name)
            sides = _sides(one.after), _sides(other.after)
            if shape and isinstance(one.row, Conv | Pool) and all(sides):
                sizes += [(name, *sides)] * (sides[0] != sides[1])
        after = name
    texts = [
        f"{', '.join(dict.fromkeys(names))}: {text}"
        for text, names in lines.items()
    ]
    if sizes:
        names, found, wanted = map(", ".join, zip(*sizes, strict=True))
        texts.append(f"{names}: {found} places a side, not {wanted}")
    found, wanted = _inputs(measured), _inputs(theirs)
    if with_flatten and found and wanted and found != wanted:
        texts.append(f"{found} values reach fc6, not {wanted}")
    notes = tuple(
        f"{what} not read: {', '.join(dict.fromkeys(names))}."
        for what, names in (
            ("What Lambda layers compute is", hidden),
            ("Some constants are", constants),
        )
        if names
    )
    return tuple(texts), notes


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


def _sides(shape):
    """Writes the sides of a map; None if they are not told."""
    if shape is None or len(shape) != 3:
        return None
    height, width, _ = shape
    return str(height) if height == width else f"{height} x {width}"


def _shown(value):
    return f"{value:g}" if isinstance(value, float) else _clean(value)


def _clean(text):
    """Makes a stranger's text fit for a terminal."""
    return "".join(c if c.isprintable() else "?" for c in str(text))[:40]
