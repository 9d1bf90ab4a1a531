"""The arithmetic of a convolutional network: sizes, counts and sight.

Plain Python and whole numbers, so every result is exact. A network is a list
of the named tuples below; `alexnet_keras.models.layer_chain` makes one from a
Keras model.
"""

import math
import numbers
from typing import NamedTuple


class Conv(NamedTuple):
    """A convolution of `filters` square filters, in `groups` groups."""

    name: str
    filters: int
    filter_size: int
    stride: int = 1
    padding: str | int | tuple[int, int] = "valid"
    groups: int = 1


class Pool(NamedTuple):
    """A max-pooling layer. AlexNet's windows overlap: 3 wide, 2 apart."""

    name: str
    filter_size: int = 3
    stride: int = 2
    padding: str | int | tuple[int, int] = "valid"


class Pad(NamedTuple):
    """Rows and columns of zeros at the top and left, bottom and right."""

    name: str
    before: int
    after: int


class Resample(NamedTuple):
    """A layer that brings every channel to `size` x `size` values."""

    name: str
    size: int


class Norm(NamedTuple):
    """A layer that leaves the shape as it is and has no weights.

    It reads across the channels of each of `groups` groups.
    """

    name: str
    groups: int = 1


class Dense(NamedTuple):
    """A fully connected layer of `units` units."""

    name: str
    units: int


class Row(NamedTuple):
    """One line of `table`."""

    name: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


class Field(NamedTuple):
    """What one unit of a layer sees of the input, in pixels.

    `size` is the side of its receptive field, `jump` the distance between the
    fields of two neighbours, and `start` the first pixel that the first unit
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
        padding: `"valid"` (none), `"same"` (as TensorFlow pads: the result is
            `ceil(size / stride)`), an int for both ends, or a pair
            `(before, after)`.
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
    before, after = _pair(padding)
    room = before + size + after - filter_size
    if room < 0:
        raise ValueError(
            f"A filter of {filter_size} pixels does not fit an input of "
            f"{size}. Received: size={size}, filter_size={filter_size}, "
            f"padding={padding}. Use a larger image or more padding."
        )
    steps = room // stride if rounding == "down" else -(-room // stride)
    return steps + 1


def overhang(size, filter_size, stride):
    """Counts the pixels that the last filter lacks when sizes round up.

    As many rows and columns of zeros at the bottom and right make the filters
    fit exactly: 3 for AlexNet's first layer at 224 pixels, 0 at 227.
    """
    return -(size - filter_size) % stride


def conv_parameters(
    in_channels, out_channels, filter_size, groups=1, bias=True
):
    """Counts a convolution's weights and, unless told not to, its biases.

    Raises:
        ValueError: If `groups` does not divide both channel counts.
    """
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ValueError(
            "`groups` must divide both channel counts. Received: "
            f"in_channels={in_channels}, out_channels={out_channels}, "
            f"groups={groups}"
        )
    weights = filter_size**2 * (in_channels // groups) * out_channels
    return weights + out_channels * bias


def conv_multiply_adds(size, in_channels, out_channels, filter_size, groups=1):
    """Counts the multiply-adds of a convolution, for one image.

    Args:
        size: Int, side of the *output*, or a pair `(height, width)`.
        in_channels: Int.
        out_channels: Int.
        filter_size: Int.
        groups: Int.

    Returns:
        Int. Twice as many FLOPs; biases are not counted.
    """
    height, width = _pair(size)
    weights = conv_parameters(
        in_channels, out_channels, filter_size, groups, bias=False
    )
    return height * width * weights


def dense_parameters(inputs, outputs, bias=True):
    """Counts a fully connected layer's weights and, by default, biases."""
    return inputs * outputs + outputs * bias


def dense_multiply_adds(inputs, outputs):
    """Counts the multiply-adds of a fully connected layer, for one image."""
    return inputs * outputs


def table(layers, size=227, channels=3, rounding="down"):
    """Follows an image through a network, layer by layer.

    Args:
        layers: List of `Conv`, `Pool`, `Pad`, `Resample`, `Norm`, `Dense`.
        size: Int, side of the square input, or a pair `(height, width)`.
        channels: Int, channels of the input.
        rounding: `"down"` or `"up"`, as in `output_size`.

    Returns:
        List of `Row`, the first one for the input.

    Raises:
        ValueError: If a filter does not fit; the message names the layer.
    """
    shape = (*_pair(size), channels)
    rows = [Row("input", shape, 0, 0)]
    for layer in layers:
        parameters = multiply_adds = 0
        if isinstance(layer, Dense):
            inputs = math.prod(shape)
            shape = (layer.units,)
            parameters = dense_parameters(inputs, layer.units)
            multiply_adds = dense_multiply_adds(inputs, layer.units)
        elif isinstance(layer, Conv | Pool):
            *sides, depth = shape
            sides = [_side(layer, side, rounding) for side in sides]
            shape = (*sides, depth)
            if isinstance(layer, Conv):
                shape = (*sides, layer.filters)
                kernel = (depth, layer.filters, layer.filter_size, layer.groups)
                parameters = conv_parameters(*kernel)
                multiply_adds = conv_multiply_adds(sides, *kernel)
        elif isinstance(layer, Pad):
            added = layer.before + layer.after
            shape = (shape[0] + added, shape[1] + added, shape[2])
        elif isinstance(layer, Resample):
            shape = (layer.size, layer.size, shape[2])
        rows.append(Row(layer.name, shape, parameters, multiply_adds))
    return rows


def receptive_fields(layers):
    """Follows how much of the input one unit sees, layer by layer.

    Args:
        layers: List as for `table`. It ends at the first layer that sees
            everything (`Dense` or `Resample`).

    Returns:
        List of `Field`, one a layer, until the first that sees everything.

    Raises:
        ValueError: If a layer pads with `"same"` at a stride other than 1:
            its padding then depends on the input's size.
    """
    fields, size, jump, start = [], 1, 1, 0
    for layer in layers:
        if isinstance(layer, Dense | Resample):
            break
        if isinstance(layer, Pad):
            start -= layer.before * jump
        elif isinstance(layer, Conv | Pool):
            padding = layer.padding
            if padding == "same":
                if layer.stride != 1:
                    raise ValueError(
                        '"same" padding at a stride of '
                        f"{layer.stride} depends on the input's size. "
                        f"Received: {layer}. Give the padding as numbers."
                    )
                padding = (layer.filter_size - 1) // 2
            start -= _pair(padding)[0] * jump
            size += (layer.filter_size - 1) * jump
            jump *= layer.stride
        fields.append(Field(layer.name, size, jump, start))
    return fields


def _side(layer, side, rounding):
    try:
        return output_size(
            side, layer.filter_size, layer.stride, layer.padding, rounding
        )
    except ValueError as error:
        raise ValueError(f"{layer.name}: {error}") from None


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
