"""The arithmetic of a convolutional network: sizes, counts and sight.

Plain Python and whole numbers, so every result is exact. A network is a list
of `rows`, such as `networks.ALEXNET` or its first few.
"""

import math
import numbers
from typing import NamedTuple, get_args

from alexnet_keras.rows import (
    Conv,
    Dense,
    Dropout,
    Flatten,
    Norm,
    Pool,
    Resample,
)

_OF_MAPS = Conv | Norm | Pool | Resample  # what reads height, width, channels
_KINDS = get_args(_OF_MAPS | Flatten | Dense | Dropout)


class Line(NamedTuple):
    """One line of `table`.

    `kernel` is the shape of a layer's weights without its biases, as Keras has
    it: `(side, side, channels / groups, filters)` or `(values, units)`.
    """

    name: str
    output_shape: tuple[int, ...]
    parameters: int = 0
    multiply_adds: int = 0
    kernel: tuple[int, ...] = ()


class Field(NamedTuple):
    """What one value of a layer sees of the input, in pixels.

    `size` is the side of its receptive field, `jump` the distance between the
    fields of two neighbours, and `start` the first pixel that the first value
    sees. It is negative where padding lies outside the image.
    """

    name: str
    size: int
    jump: int
    start: int


def output_size(size, filter_size, stride=1, padding="valid", rounding="down"):
    """Counts the places a filter can stand in along one side.

    Args:
        size: Int, pixels along the input's side.
        filter_size: Int, pixels along the filter's side.
        stride: Int, pixels from one place to the next.
        padding: As in `rows.Conv`. `"same"` gives `ceil(size / stride)`.
        rounding: `"down"`, as today's frameworks, or `"up"`, as the 2012 code,
            whose last filter may hang over the edge
            (computerhistory/AlexNet-Source-Code, `layer.py`, line 1004).

    Returns:
        Int, values along the output's side.

    Raises:
        ValueError: If an argument is out of range, or the filter does not fit.
    """
    if rounding not in ("down", "up"):
        raise ValueError(
            f'`rounding` must be "down" or "up". Received: rounding={rounding}'
        )
    if min(size, filter_size, stride) < 1:
        raise ValueError(
            "Sizes and strides must be at least 1. Received: "
            f"size={size}, filter_size={filter_size}, stride={stride}"
        )
    if padding == "same":
        return -(-size // stride)
    room = size + sum(_pair(padding)) - filter_size
    if room < 0:
        raise ValueError(
            f"A filter of {filter_size} pixels does not fit an input of "
            f"{size}. Received: size={size}, filter_size={filter_size}, "
            f"padding={padding}. Use a larger image or more padding."
        )
    steps = room // stride if rounding == "down" else -(-room // stride)
    return steps + 1


def times_read(size, filter_size, stride=1, padding=0):
    """Counts how many places read each pixel along one side.

    Args:
        size: Int, pixels along the side.
        filter_size: Int, pixels along the filter.
        stride: Int, pixels from one place to the next.
        padding: Int, zeros at each end.

    Returns:
        List of `size` ints. In two directions the counts multiply: the pixel
        at row r and column c is read `counts[r] * counts[c]` times.

    Raises:
        ValueError: As `output_size` does.
    """
    count = output_size(size, filter_size, stride, padding)
    starts = [place * stride - padding for place in range(count)]
    return [
        sum(start <= pixel < start + filter_size for start in starts)
        for pixel in range(size)
    ]


def overhang(size, filter_size, stride):
    """Counts the pixels that the last filter lacks when sizes round up.

    As many rows and columns of zeros at the bottom and right make the filters
    fit exactly: 3 for AlexNet's first layer at 224 pixels, 0 at 227.
    """
    return -(size - filter_size) % stride


def zeros(row, size):
    """Counts the zeros that a `Conv` or `Pool` adds to one side of its input.

    Args:
        row: A row whose padding is not `"same"` at a stride other than 1.
        size: Int, pixels along the side, or None if it is not known yet. Where
            a layer rounds up, `stride - 1` zeros then serve any size: some of
            them may be read by no filter.

    Returns:
        Pair of ints, before and after.
    """
    if row.padding == "same":
        if row.stride != 1:
            raise ValueError(
                f'"same" padding at a stride of {row.stride} depends on the '
                f"input's size. Received: {row}. Give the padding as numbers."
            )
        return (row.filter_size - 1) // 2, row.filter_size // 2
    before, after = _pair(row.padding)
    if row.rounding == "up":
        after += (
            row.stride - 1
            if size is None
            else overhang(before + size + after, row.filter_size, row.stride)
        )
    return before, after


def check(row, shape):
    """Refuses a row that is none, or that cannot follow what is before it.

    Args:
        row: One of `rows`.
        shape: What the row reads, without the batch: `(height, width,
            channels)` or `(values,)`.

    Raises:
        ValueError: Names the row.
    """
    if not isinstance(row, _KINDS):
        kinds = ", ".join(kind.__name__ for kind in _KINDS)
        raise ValueError(
            f"A network has no such layer. Received: {row!r}. Use one of "
            f"`alexnet_keras.rows`: {kinds}."
        )
    if isinstance(row, _OF_MAPS) and len(shape) != 3:
        raise ValueError(
            f"{row.name} reads maps. Received: values of shape "
            f"{tuple(shape)}. Put it before the Flatten row."
        )
    if isinstance(row, Dense) and len(shape) != 1:
        raise ValueError(
            f"{row.name} reads values in one line. Received: maps of shape "
            f"{tuple(shape)}. Put a Flatten row before it."
        )
    groups = getattr(row, "groups", 1)
    counts = (shape[-1] or groups, getattr(row, "filters", groups))
    if groups < 1 or any(count % groups for count in counts):
        raise ValueError(
            f"{row.name}: `groups` must divide the channels that it reads and "
            f"its filters. Received: channels={shape[-1]}, {row}"
        )


def table(rows, size=227, channels=3):
    """Follows an image through a network, layer by layer.

    Args:
        rows: List of `rows`.
        size: Int, side of the square input, or a pair `(height, width)`.
        channels: Int, channels of the input.

    Returns:
        List of `Line`, the first one for the input.

    Raises:
        ValueError: If a row cannot follow the one before, or a filter does not
            fit; the message names the layer.
    """
    shape = (*_pair(size), channels)
    lines = [Line("input", shape)]
    for row in rows:
        check(row, shape)
        kernel, places = (), 1
        match row:
            case Conv() | Pool():
                *sides, depth = shape
                sides = [_places(row, side) for side in sides]
                shape = (*sides, depth)
                if isinstance(row, Conv):
                    kernel = (row.filter_size, row.filter_size)
                    kernel += (depth // row.groups, row.filters)
                    shape, places = (*sides, row.filters), math.prod(sides)
            case Resample():
                shape = (row.size, row.size, shape[2])
            case Flatten():
                shape = (math.prod(shape),)
            case Dense():
                kernel, shape = (*shape, row.units), (row.units,)
        weights = math.prod(kernel) if kernel else 0
        biases = kernel[-1] if kernel and row.bias else 0
        lines.append(
            Line(row.name, shape, weights + biases, places * weights, kernel)
        )
    return lines


def summary(rows, size=227, channels=3, counts=True):
    """Writes a network's table as text.

    Args:
        rows: As for `table`; `size` and `channels` too.
        size: Int or pair.
        channels: Int.
        counts: Bool, whether to count parameters and multiply-adds.

    Returns:
        Str, a line for the input and each layer, and one for the totals.
    """
    lines = table(rows, size, channels)
    texts = [("layer", "filter / stride / padding", "output")]
    texts[0] += ("parameters", "multiply-adds")
    before = None
    for row, line in zip((None, *rows), lines, strict=True):
        shape = " x ".join(map(str, line.output_shape))
        own = (line.parameters, line.multiply_adds)
        shown = [f"{count:,}" if count else "" for count in own]
        texts.append((line.name, _settings(row, before), shape, *shown))
        before = line.output_shape
    totals = [sum(line[column] for line in lines) for column in (2, 3)]
    texts.append(("total", "", "", *(f"{total:,}" for total in totals)))
    if not counts:
        texts = [text[:3] for text in texts[:-1]]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    sides = ("<", "<", ">", ">", ">")[: len(widths)]
    form = "  ".join(
        f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True)
    )
    return "\n".join(form.format(*text).rstrip() for text in texts)


def receptive_fields(rows):
    """Follows how much of the input one value sees, layer by layer.

    Args:
        rows: List of `rows`.

    Returns:
        List of `Field`, one a layer, until the first that sees everything
        (`Flatten`, `Dense` or `Resample`).

    Raises:
        ValueError: If a layer pads with `"same"` at a stride other than 1.
    """
    fields, size, jump, start = [], 1, 1, 0
    for row in rows:
        if isinstance(row, Flatten | Dense | Resample):
            break
        if isinstance(row, Conv | Pool):
            start -= zeros(row, None)[0] * jump
            size += (row.filter_size - 1) * jump
            jump *= row.stride
        fields.append(Field(row.name, size, jump, start))
    return fields


def smallest_size(rows):
    """Finds the smallest side of square pictures, in pixels, that all rows fit.

    Raises:
        ValueError: If none up to 4096 pixels does.
    """
    for size in range(1, 4097):
        try:
            table(rows, size)
            return size
        except ValueError as error:
            reason = error
    raise reason


def _places(row, side):
    try:
        return output_size(
            side, row.filter_size, row.stride, row.padding, row.rounding
        )
    except ValueError as error:
        raise ValueError(f"{row.name}: {error}") from None


def _settings(row, shape):
    """Writes what tells a layer, which reads `shape`, from others like it."""
    match row:
        case Conv() | Pool():
            padding = row.padding
            if padding != "same" or row.stride == 1:
                before, after = zeros(row, shape[0])
                padding = f"{before}" + f" + {after}" * (before != after)
            text = f"{row.filter_size} / {row.stride} / {padding}"
            groups = getattr(row, "groups", 1)
            return text + f", {groups} groups" * (groups > 1)
        case Norm():
            groups = f", {row.groups} groups" * (row.groups > 1)
            return f"{row.size} channels{groups}"
        case Dropout():
            return f"rate {row.rate}"
    return ""


def _pair(value):
    if value == "valid":
        return 0, 0
    if isinstance(value, numbers.Integral):  # NumPy's too
        return value, value
    if isinstance(value, str) or len(value) != 2:
        raise ValueError(
            'Padding must be "valid", "same", a whole number or a pair. '
            f"Received: {value!r}"
        )
    return tuple(value)
