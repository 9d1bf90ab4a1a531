"""The layers that ONNX nodes are, with their weights and options."""

import re
from typing import NamedTuple

from alexnet_keras.exchange.kinds import Array
from alexnet_keras.exchange.line import Activation
from alexnet_keras.exchange.onnx_constants import small, transposed
from alexnet_keras.rows import Conv, Dense, Dropout, Norm, Pool

_FUNCTION = re.compile(
    "(Relu|LeakyRelu|PRelu|Elu|Selu|Gelu|Tanh|Sigmoid|Softmax|LogSoftmax"
    "|Softplus|HardSigmoid)"
)


class Held(NamedTuple):
    """A layer's weights, kernels as `(out, in)` or `(out, in, height, width)`.

    `is_last` tells that the values it reads are flat maps, channels last.
    """

    kernel: Array
    bias: Array | None = None
    is_last: bool = False


class Found(NamedTuple):
    """What a node is.

    `orders` are those in which it may read its values, as in
    `onnx_graphs.read_graph`, and `order` that in which it gives them; the
    others are as in `line.Layer`.
    """

    row: object
    orders: tuple
    order: str
    held: Held | None = None
    remarks: tuple = ()
    before: tuple | None = None


def find_layer(node, options, name, order, constants):
    """Gives the layer that a node is.

    Args:
        node: An `onnx.NodeProto`.
        options: Its `Options`.
        name: Str, the layer's.
        order: Str, that of the values which it reads.
        constants: Dict of names and `kinds.Array`.

    Returns:
        A `Found`, or None.
    """
    match node.op_type:
        case "Conv":
            return _conv(node, options, name, constants)
        case "Gemm" | "MatMul":
            return _dense(node, options, name, order, constants)
        case "MaxPool":
            rounding = "up" if options.number("ceil_mode", 0) else "down"
            sides = options.ints("kernel_shape", [1])
            window, remarks = options.window(sides)
            row = Pool(name, *window, rounding)
            return Found(row, ("NCHW",), "NCHW", remarks=remarks)
        case "LRN":
            size = options.number("size", 5)  # by which ONNX divides alpha
            alpha = options.number("alpha", 1e-4) / size
            others = options.number("beta", 0.75), options.number("bias", 1.0)
            return Found(Norm(name, size, alpha, *others, 1), ("NCHW",), "NCHW")
        case "Dropout":
            row = Dropout(name, options.number("ratio", None))
            return Found(row, (order,), order)
    if not _FUNCTION.fullmatch(node.op_type):
        return None
    row, remarks = Activation(name, node.op_type.lower()), ()
    if "Softmax" not in node.op_type:
        return Found(row, (order,), order)
    axis = options.number("axis", None if order == "NCHW" else 1)
    if axis is None:  # 1 or -1, by the version of the operators
        remarks = (f"{node.op_type} over an axis that is not told",)
    elif axis not in ((1,) if order == "NCHW" else (1, -1)):
        remarks = (f"{node.op_type} over axis {axis}, not 1",)
    return Found(row, ("units", "CHW", "NCHW"), order, remarks=remarks)


def _conv(node, options, name, constants):
    kernel, *bias = (constants.get(one) for one in node.input[1:] if one)
    if kernel is None or len(kernel.shape) != 4 or None in bias:
        return None
    filters, _, *sides = kernel.shape
    window, remarks = options.window(sides)
    groups = options.number("group", 1)
    row = Conv(name, filters, *window, groups, "down", "linear", bool(bias))
    return Found(row, ("NCHW",), "NCHW", Held(kernel, *bias), remarks)


def _dense(node, options, name, order, constants):
    matrix, *bias = (constants.get(one) for one in node.input[1:] if one)
    if matrix is None or len(matrix.shape) != 2 or None in bias:
        return None
    if not options.number("transB", 0):
        matrix = transposed(matrix, (1, 0))
    units, inputs = matrix.shape
    if bias and [side for side in bias[0].shape if side != 1] != [units]:
        return None
    held = Held(matrix, *map(flat, bias), is_last=order == "HWC")
    remarks = tuple(
        f"{key}={options.number(key, wanted):g}, not {wanted}"
        for key, wanted in (("alpha", 1), ("beta", 1), ("transA", 0))
        if options.number(key, wanted) != wanted
    )
    row = Dense(name, units, "linear", bool(bias))
    orders = ("units", "CHW", "HWC")
    return Found(row, orders, "units", held, remarks, (inputs,))


def flat(array):
    """Gives a bias that is stored as a matrix of one row, say, as a vector."""
    size = max(array.shape, default=1)
    return array._replace(shape=(size,), read=lambda: array.read().ravel())


class Options:
    """A node's attributes, by their names."""

    def __init__(self, node):
        self._own = {one.name: one for one in node.attribute}

    def ints(self, key, default):
        """Gives a list of ints."""
        return list(self._own[key].ints) if key in self._own else default

    def number(self, key, default):
        """Gives a number."""
        one = self._own.get(key)
        return default if one is None else (one.f if one.type == 1 else one.i)

    def window(self, sides):
        """Gives the side, the stride and the padding of a filter.

        Args:
            sides: List of ints, height and width.

        Returns:
            These, and a tuple of str, what they cannot say.
        """
        stride = self.ints("strides", [1] * len(sides))
        dilations = self.ints("dilations", [1])
        top, left, bottom, right = self.ints("pads", [0] * 4)
        remarks = ()
        if {*dilations} != {1}:
            remarks += (f"dilations={tuple(dilations)}, not 1",)
        padding = (top, bottom)
        if (top, bottom) != (left, right):
            padding = None
            remarks += (f"padding={(top, left, bottom, right)}, not alike",)
        auto = self._own["auto_pad"].s if "auto_pad" in self._own else b""
        if auto.startswith(b"SAME"):
            padding = "same"
            if auto == b"SAME_LOWER" and {*stride} != {1}:
                remarks += ("padding=SAME_LOWER, not SAME_UPPER",)
        elif auto == b"VALID":
            padding = (0, 0)
        side, stride = map(_one, (sides, stride))
        return (side, stride, padding), remarks

    def is_pool_of_one(self):
        """Tells a pool that gives what it reads."""
        return (
            {*self.ints("kernel_shape", [])} == {1}
            and {*self.ints("strides", [1])} == {1}
            and not any(self.ints("pads", []))
        )


def slices(node, options, constants):
    """Gives the axis, start, end and step of a Slice over one axis.

    Returns:
        Four ints; the axis is None where they are not told.
    """
    if len(node.input) > 1:
        told = [small(constants, name) for name in node.input[1:]]
        told = [None if one is None else one.tolist() for one in told]
        starts, ends, axes, steps = (*told, *[None] * 4)[:4]
    else:  # as before opset 10
        starts, ends, axes = (
            options.ints(key, None) for key in ("starts", "ends", "axes")
        )
        steps = None
    steps = [1] if steps is None else steps
    found = starts, ends, axes, steps
    if any(one is None or len(one) != 1 for one in found):
        return None, 0, 0, 0
    return axes[0], starts[0], ends[0], steps[0]


def _one(sides):
    """Gives the side of a square, or a tuple."""
    return sides[0] if len({*sides}) == 1 else tuple(sides)
