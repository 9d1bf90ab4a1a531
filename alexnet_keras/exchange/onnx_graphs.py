"""Reads the layers of ONNX graphs: operators and shapes, never weights."""

import re

from alexnet_keras.exchange.line import (
    IMAGE,
    Activation,
    Layer,
    Other,
    Reading,
    in_one_line,
)
from alexnet_keras.rows import Conv, Dense, Dropout, Flatten, Norm, Pool

_FUNCTION = re.compile(
    "(Relu|LeakyRelu|PRelu|Elu|Selu|Gelu|Tanh|Sigmoid|Softmax|LogSoftmax"
    "|Softplus|HardSigmoid)"
)
# Operators that hand on what they read, or compute what LRN is made of.
_SILENT = re.compile(
    "(Identity|Cast|Transpose|Squeeze|Unsqueeze|Reshape|Flatten|Concat|Sub|Div"
    "|Mul|Pow|Sqrt|Reciprocal|Slice|Split)"
)


def read_graph(model):
    """Reads an `onnx.ModelProto`.

    Returns:
        A `line.Reading`.
    """
    graph = model.graph
    weights = {one.name: tuple(one.dims) for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            dims = [a.t.dims for a in node.attribute if a.name == "value"]
            weights[node.output[0]] = tuple(dims[0]) if dims else ()
    images = [one for one in graph.input if one.name not in weights]
    made, squares = {one.name: (IMAGE, None) for one in images}, set()
    nodes = []
    for number, node in enumerate(graph.node):
        reads = tuple(made[name] for name in node.input if name in made)
        if not reads or node.op_type == "Shape":
            continue  # arithmetic on shapes, not on images
        held = [weights[name] for name in node.input if name in weights]
        name = f"{number}/{node.op_type}"
        row, inputs = _row(node, held, name)
        if node.op_type == "Pow" or [*node.input] == [node.input[0]] * 2:
            squares.update(node.output)
        if node.op_type == "MatMul" and node.input[0] in squares:
            # squares times a matrix is LRN as our own layer computes it
            row, inputs = Norm(name, *[None] * 5), None
        if node.op_type == "Add" and held and len(reads) == 1:
            row = _with_bias(nodes, reads[0][0])
        if row is None and node.op_type != "Concat":
            reads = reads[-1:]
        if node.op_type == "Slice":
            reads = tuple((source, name) for source, _ in reads)
        before = (inputs,) if inputs else None
        nodes.append(Layer(name, row, reads, before))
        for place, output in enumerate(node.output):
            part = f"{name}#{place}" if node.op_type == "Split" else None
            made[output] = (name, part)
    outputs = [made[one.name][0] for one in graph.output if one.name in made]
    # a matrix tells itself how many values it reads
    line, silent, notes = in_one_line(nodes, outputs), (Flatten,), ()
    if not any(isinstance(layer.row, Dropout) for layer in line):
        silent += (Dropout,)
        notes = (
            "A graph made for inference does not tell whether there was "
            "dropout.",
        )
    return Reading(line, _shape(images), silent, notes)


def _with_bias(nodes, name):
    """Gives a layer, the last node, the bias that is added to it."""
    last = nodes[-1]
    if last.name == name and isinstance(last.row, Conv | Dense):
        nodes[-1] = last._replace(row=last.row._replace(bias=True))


def _row(node, held, name):
    """Gives a node's row, and the values that a dense layer reads."""
    kind, options = node.op_type, {one.name: one for one in node.attribute}

    def ints(key, default):
        return list(options[key].ints) if key in options else default

    def number(key, default):
        one = options.get(key)
        return default if one is None else (one.f if one.type == 1 else one.i)

    if kind == "Conv" and held and len(held[0]) == 4:
        filters, _, *sides = held[0]
        window = _window(ints, options, sides)
        groups = number("group", 1)
        bias = len(node.input) > 2
        if {*ints("dilations", [1])} != {1}:
            window = (*window[:2], None)
        return Conv(name, filters, *window, groups, "down", None, bias), None
    if kind == "MaxPool":
        rounding = "up" if number("ceil_mode", 0) else "down"
        window = _window(ints, options, ints("kernel_shape", [1]))
        return Pool(name, *window, rounding), None
    matrices = [dims for dims in held if len(dims) == 2]
    if kind in ("Gemm", "MatMul") and matrices:
        inputs, units = matrices[0][:: -1 if number("transB", 0) else 1]
        bias = kind == "Gemm" and len(node.input) > 2
        return Dense(name, units, None, bias), inputs
    if kind == "LRN":
        size = number("size", 5)  # by which ONNX divides alpha
        constants = number("alpha", 1e-4) / size, number("beta", 0.75)
        return Norm(name, size, *constants, number("bias", 1.0), 1), None
    if _FUNCTION.fullmatch(kind):
        return Activation(name, kind.lower()), None
    if kind == "Dropout":
        return Dropout(name, number("ratio", None)), None
    is_pool_of_one = kind == "AveragePool" and {*ints("kernel_shape", [])} == {
        1
    }
    if is_pool_of_one or _SILENT.fullmatch(kind) or kind == "Add" and held:
        return None, None  # of one: PyTorch's adaptive pool at its own size
    return Other(name, kind, gives=None), None


def _window(ints, options, sides):
    """Gives the side, the stride and the padding of a filter."""
    stride = ints("strides", [1] * len(sides))
    top, left, bottom, right = ints("pads", [0] * 4)
    side, stride = (
        one[0] if len({*one}) == 1 else tuple(one) for one in (sides, stride)
    )
    padding = (top, bottom) if (top, bottom) == (left, right) else None
    if "auto_pad" in options and options["auto_pad"].s.startswith(b"SAME"):
        padding = "same"
    return side, stride, padding


def _shape(images):
    """Gives the image's (height, width, channels), if all are told."""
    if not images:
        return None
    dims = images[0].type.tensor_type.shape.dim
    shape = [dim.dim_value for dim in dims][1:]
    if len(shape) != 3 or not all(shape):
        return None
    if shape[2] in (1, 3) and shape[0] not in (1, 3):
        return tuple(shape)  # channels last, as TensorFlow exports them
    return (*shape[1:], shape[0])
