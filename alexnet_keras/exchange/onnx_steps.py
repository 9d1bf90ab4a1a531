"""What ONNX nodes read, and what they only hand on."""

from typing import NamedTuple

from alexnet_keras.exchange import pixels
from alexnet_keras.exchange.onnx_constants import small
from alexnet_keras.exchange.onnx_layers import slices

_VIEWS = ("Flatten", "Reshape", "Squeeze", "Unsqueeze")
_TURNS = {
    ("NHWC", (0, 3, 1, 2)): "NCHW",
    ("NCHW", (0, 2, 3, 1)): "NHWC",
}
FLAT = {"NCHW": "CHW", "NHWC": "HWC", "CHW": "CHW", "HWC": "HWC"}
NAMED = "not followed, as the line names it"
FLOATS = (1, 10, 11, 16)  # float32, float16, float64, bfloat16


class Value(NamedTuple):
    """What is known of a tensor that is made of the picture.

    Attributes:
        source: Str, the layer that gives it.
        part: As in `Layer.reads`.
        order: Str, its axes, "NCHW" or "NHWC"; "CHW" or "HWC" where these are
            flat, "units" of a dense layer; else the node that moved them.
        pixels: A `pixels.Pixels` before the first layer, else None.
        square: Where it may be of an LRN: what was squared, and the layers
            since then.
    """

    source: str
    part: str | None = None
    order: str = "NCHW"
    pixels: object = None
    square: tuple | None = None


def hand_on(node, options, value, constants):
    """Gives what a node hands on, if it is no layer.

    Args:
        node: An `onnx.NodeProto` that reads one value.
        options: Its `onnx_layers.Options`.
        value: That `Value`.
        constants: Dict of names and `kinds.Array`.

    Returns:
        A `Value`, or None.
    """
    kind, order, made = node.op_type, value.order, value.pixels
    moved = NAMED if order == NAMED else kind
    axes = order if order in ("NCHW", "NHWC") else None
    if kind == "Identity":
        return value
    if kind == "Cast" and options.number("to", 0) in FLOATS:
        if made:
            made = made._replace(is_float=True)
        return value._replace(pixels=made)
    if kind == "Transpose":
        turn = (order, tuple(options.ints("perm", [])))
        return value._replace(order=_TURNS.get(turn, moved))
    if kind in _VIEWS:
        order = moved if made else FLAT.get(order, moved)
        return value._replace(order=order, pixels=None)
    if kind == "AveragePool" and options.is_pool_of_one() and axes:
        return value  # PyTorch's adaptive pool at its own size
    if kind in ("Add", "Sub", "Mul", "Div") and made and axes:
        is_first = node.input[0] in constants
        values = small(constants, node.input[not is_first])
        if values is None:
            return None
        axis = order.index("C")
        made = pixels.computed(made, kind, values, is_first, axis)
        return made and value._replace(pixels=made)
    if value.part is None and axes and kind in ("Gather", "Slice", "Split"):
        return _part(node, options, value, constants)
    return None


def _part(node, options, value, constants):
    """Takes in what takes channels: some, or all in another order."""
    order, made = value.order, value.pixels
    if node.op_type == "Split":
        is_part = is_channels(options.number("axis", 0), order)
        return value if is_part and not made else None
    if node.op_type == "Gather":
        places = small(constants, node.input[1])
        axis = options.number("axis", 0)
        is_swap = places is not None and places.tolist() == [2, 1, 0]
    else:
        axis, start, end, step = slices(node, options, constants)
        is_swap = (start, step) == (-1, -1) and end < -3
        if step == 1 and is_channels(axis, order) and not made:
            return value._replace(part=f"{value.source}[{start}:{end}]")
    if is_swap and made and is_channels(axis, order):
        return value._replace(pixels=pixels.swapped(made))
    return None


def is_channels(axis, order):
    """Tells the axis of the channels."""
    return order in ("NCHW", "NHWC") and (
        axis is not None and axis % 4 == order.index("C")
    )


def inputs(node):
    """Lists what a node reads, the graphs within it included."""
    names = [*node.input]
    for option in node.attribute:
        for graph in (
            *([option.g] if option.type == 5 else ()),
            *option.graphs,
        ):
            for inner in graph.node:
                names += inputs(inner)
            names += [one.name for one in graph.output]
    return names


def picture(image, graph):
    """Gives a picture's (height, width, channels), if told, and its axes."""
    dims = [dim.dim_value for dim in image.shape.dim][1:]
    turned = [0, 3, 1, 2]  # as TensorFlow's graphs begin
    is_last = any(
        node.op_type == "Transpose"
        and any([*one.ints] == turned for one in node.attribute)
        for node in graph.node
    )
    if len(dims) == 3 and any(dims):
        is_last = dims[2] in (1, 3) and dims[0] not in (1, 3)
    order = "NHWC" if is_last else "NCHW"
    if len(dims) != 3 or not all(dims):
        return None, order
    return tuple(dims if is_last else (*dims[1:], dims[0])), order
