"""The constants of ONNX graphs: where they stand, and what is made of them.

A constant lies in the graph, as an initializer or a node, or in a file beside
it, as PyTorch exports them; Identity, Cast and Transpose change how it is held.
"""

import math
import pathlib
from functools import partial

import numpy as np

from alexnet_keras.exchange.kinds import Array, package

_VALUES = {"value_float": "f", "value_int": "i"}
_LISTS = {"value_floats": "floats", "value_ints": "ints"}


class Elsewhere(Exception):
    """Weights lie in another file, which is missing or not theirs."""


def read_constants(graph, folder=None):
    """Lists the constants of a graph.

    Args:
        graph: An `onnx.GraphProto`.
        folder: Path of the folder that files of weights must lie in.

    Returns:
        Dict of names and `kinds.Array`.
    """
    found = {one.name: _array(one, folder) for one in graph.initializer}
    for node in graph.node:
        options = {one.name: one for one in node.attribute}
        source = found.get(node.input[0]) if node.input else None
        if node.op_type == "Constant":
            made = _constant(options, folder)
        elif source and node.op_type == "Identity":
            made = source
        elif source and node.op_type == "Transpose":
            axes = range(len(source.shape))[::-1]
            axes = list(options["perm"].ints) if "perm" in options else [*axes]
            if sorted(axes) != sorted(range(len(source.shape))):
                continue
            made = transposed(source, axes)
        elif source and node.op_type == "Cast":
            kind = _kind(options["to"].i)
            made = Array(source.shape, kind, partial(_cast, source, kind))
        else:
            continue
        if made is not None:
            found[node.output[0]] = made
    return found


def small(constants, name):
    """Gives the values of a small constant; None for what is none."""
    array = constants.get(name)
    if array is None or array.read is None or math.prod(array.shape) > 2**10:
        return None
    return np.asarray(array.read())


def transposed(array, axes):
    """Gives an array with its axes in another order."""
    shape = tuple(array.shape[axis] for axis in axes)
    return Array(shape, array.kind, lambda: array.read().transpose(axes))


def _kind(number):
    """Gives NumPy's name of a dtype that ONNX numbers."""
    try:
        return package("onnx").helper.tensor_dtype_to_np_dtype(number).name
    except (KeyError, TypeError):
        return f"ONNX' type {number}"


def _constant(options, folder):
    """Gives what a Constant node holds; None for strings and sparse ones."""
    for key, option in options.items():
        if key == "value":
            return _array(option.t, folder)
        if key in _VALUES:
            value = np.asarray(getattr(option, _VALUES[key]))
        elif key in _LISTS:
            value = np.asarray(getattr(option, _LISTS[key]))
        else:
            continue
        if value.dtype == "float64":  # Python's, of a float32
            value = value.astype("float32")
        return Array(value.shape, value.dtype.name, value.copy)
    return None


def _array(tensor, folder):
    read = partial(_values, tensor, folder)
    return Array(tuple(tensor.dims), _kind(tensor.data_type), read)


def _cast(array, kind):
    return array.read().astype(kind)


def _values(tensor, folder):
    """Reads a tensor; one that lies in another file, out of that folder."""
    onnx = package("onnx")
    helper = package("onnx.numpy_helper")
    if tensor.data_location != tensor.EXTERNAL:
        return helper.to_array(tensor)
    data = onnx.TensorProto(dims=tensor.dims, data_type=tensor.data_type)
    data.raw_data = _stored(tensor, folder)
    return helper.to_array(data)


def _stored(tensor, folder):
    """Reads the bytes of a tensor that lies in a file beside the graph.

    onnx' own loader follows links out of the folder before its version 1.21
    (CVE-2026-27489), so where the file lies is looked at here.
    """
    facts = {one.key: one.value for one in tensor.external_data}
    told = pathlib.PurePath(str(facts.get("location", "")))
    what = f"{tensor.name!r} is said to lie in {str(told)[:80]!r}"
    if folder is None:
        raise Elsewhere(f"{what}, beside the graph. Give the graph's path")
    folder = pathlib.Path(folder).resolve()
    path = (folder / told).resolve()
    if told.is_absolute() or not path.is_relative_to(folder):
        raise Elsewhere(
            f"{what}, which leads out of the graph's folder, and is not opened "
            "there. Put the file itself beside the graph; or store all in one: "
            "onnx.save(onnx.load(FILE), ONE_FILE)"
        )
    if not path.is_file():
        raise Elsewhere(
            f"{what}, and there is no such file in {folder}. It comes with the "
            "graph: put it there, under that name"
        )
    dtype = package("onnx").helper.tensor_dtype_to_np_dtype(tensor.data_type)
    size = math.prod(tensor.dims) * dtype.itemsize
    told_start = facts.get("offset", "0")
    told_length = facts.get("length", str(size))
    try:
        start, length = int(told_start), int(told_length)
    except ValueError:
        start = length = -1
    held = path.stat().st_size
    if length != size or size < 0 or not 0 <= start <= held - length:
        raise Elsewhere(
            f"{what}, {told_length[:20]} bytes from byte {told_start[:20]} on. "
            f"It takes {size} bytes, and the file has {held}: it is another "
            "file, or not whole"
        )
    try:
        with open(path, "rb") as file:
            file.seek(start)
            return file.read(size)
    except OSError as error:
        raise Elsewhere(f"{what}. {path}: {error.strerror}") from error
