"""Weights of torchvision, Caffe and ONNX, brought into our layout, and back.

All three hold convolutions as (out, in, height, width) and fully connected
layers as (out, in), fc6 reading its maps channel by channel; so a source is a
table of names over our rows, and one transpose serves.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from alexnet_keras import files, networks, shapes, weights
from alexnet_keras.exchange.opening import Array, package
from alexnet_keras.weights import LAYERS, Weights


class Source(NamedTuple):
    """Where weights come from.

    `network` is as in `networks.NETWORKS`, `names` are the layers' there, in
    the order of `weights.LAYERS`; `endings` those of a kernel and a bias.
    """

    network: str
    names: tuple
    endings: tuple
    is_bgr: bool = False

    def kernels(self):
        """Yields each layer, its name there, and its kernel's shape there."""
        network = networks.NETWORKS[self.network]
        lines = shapes.table(network.layers, network.size)
        lines = [line for line in lines if line.kernel]
        for line, name in zip(lines, self.names, strict=True):
            yield line.name, name, _turned(line.kernel)


# pytorch/vision, models/alexnet.py
TORCHVISION = Source(
    "one-weird-trick",
    tuple(
        "features.0 features.3 features.6 features.8 features.10 classifier.1 "
        "classifier.4 classifier.6".split()
    ),
    (".weight", ".bias"),
)
# BVLC/caffe, models/bvlc_alexnet. Its pictures are BGR.
CAFFE = Source("caffe", LAYERS, ("_w", "_b"), is_bgr=True)


def bring(path, source, arrays, facts=None):
    """Checks the arrays of a source and brings them into our layout.

    Args:
        path: Path, for messages.
        source: A `Source`.
        arrays: Dict from the source's names to `opening.Array`.
        facts: Str, what the file says of itself, if it does.

    Returns:
        A `weights.Weights`.

    Raises:
        ValueError: If they are another network's, or make no sense.
    """
    wrong = _wrong(source, arrays)
    if len(wrong) > 16:
        wrong[16:] = [f"and {len(wrong) - 16} more"]
    network = networks.NETWORKS[source.network]
    if wrong:
        raise ValueError(
            f"{path} does not hold the weights of {network.builder}:\n  "
            + "\n  ".join(wrong)
        )
    ours = {}
    with files.reading(path, "file of weights"):
        for layer, name, _ in source.kernels():
            kernel, bias = (
                np.asarray(arrays[name + ending].read(), "float32")
                for ending in source.endings
            )
            kernel = _to_ours(layer, kernel)
            if layer == "conv1" and source.is_bgr:
                kernel = kernel[:, :, ::-1]
            ours[layer] = np.ascontiguousarray(kernel), bias
        if facts is not None:
            return weights.with_facts(Weights(ours), facts)
        found = Weights(ours, source.network, network.size, network.rescaling)
        return weights.checked(found)


def _wrong(source, arrays):
    """Lists what is wrong with the names, shapes and kinds of arrays."""
    expected = {}
    for layer, name, shape in source.kernels():
        kernel, bias = (name + ending for ending in source.endings)
        if layer == "fc8":  # any number of classes
            own = arrays[kernel].shape if kernel in arrays else ()
            shape = (*(own[:1] or ("classes",)), *shape[1:])
        expected |= {kernel: (layer, shape), bias: (layer, shape[:1])}
    wrong = []
    for name, (layer, shape) in expected.items():
        there = arrays.get(name)
        if there is None:
            shown = str(shape).replace("'", "")
            wrong.append(f"{layer}: {name} of shape {shown} is missing")
        elif tuple(there.shape) != shape:
            wrong.append(
                f"{layer}: {name} should have the shape {shape}. Received: "
                f"{tuple(there.shape)}"
            )
        elif there.kind not in ("float16", "float32", "float64"):
            wrong.append(
                f"{layer}: {name} should hold floats. Received: {there.kind}"
            )
    return wrong + [
        f"{name} is superfluous" for name in arrays.keys() - expected
    ]


def graph_arrays(model, source):
    """Names the arrays of an ONNX graph's layers, in order, as a source does.

    Args:
        model: An `onnx.ModelProto` of the source's network.
        source: A `Source`.

    Returns:
        Dict from the source's names to `opening.Array`.

    Raises:
        ValueError: If the graph does not hold its weights itself.
    """
    onnx, graph = package("onnx"), model.graph
    package("onnx.numpy_helper")
    initial = {tensor.name: tensor for tensor in graph.initializer}
    sums = {  # what a node adds to what it reads
        name: other
        for node in graph.node
        if node.op_type == "Add"
        for name, other in (node.input, node.input[::-1])
    }
    nodes = [
        node
        for node in graph.node
        if node.op_type in ("Conv", "Gemm")
        or (node.op_type == "MatMul" and node.input[1] in initial)
    ]
    arrays = {}
    for name, node in zip(source.names, nodes, strict=True):
        is_turned = node.op_type != "Conv" and not any(
            a.name == "transB" and a.i for a in node.attribute
        )  # (in, out)
        keys = [*node.input[1:3], sums.get(node.output[0])][:2]
        for ending, key in zip(source.endings, keys, strict=False):
            if key is None:
                continue
            tensor = initial.get(key)
            if tensor is None or tensor.data_location == tensor.EXTERNAL:
                raise ValueError(
                    f"it does not hold {key} itself; store the graph with its "
                    "weights in one file"
                )
            shape = tuple(tensor.dims)[:: -1 if is_turned else 1]
            kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).name
            read = partial(_tensor, onnx, tensor, is_turned)
            arrays[name + ending] = Array(shape, kind, read)
    return arrays


def write_safetensors(path, found):
    """Writes torchvision's AlexNet in its own names, as safetensors.

    `torchvision.models.alexnet().load_state_dict(safetensors.torch.load_file(
    path))` reads it.

    Args:
        path: Path.
        found: A `weights.Weights` of `models.OneWeirdTrick`.

    Raises:
        ValueError: If it is another network's.
    """
    numpy = package("safetensors.numpy")
    if found.likely_model != TORCHVISION.network or {*found.arrays} != {
        *LAYERS
    }:
        raise ValueError(
            "torchvision's names are for OneWeirdTrick with its top. "
            f"Received weights of {found}. Write a .weights.h5 file."
        )
    arrays = {}
    for layer, name, _ in TORCHVISION.kernels():
        kernel, bias = found.arrays[layer]
        arrays[f"{name}.weight"] = np.ascontiguousarray(
            _to_theirs(layer, kernel)
        )
        arrays[f"{name}.bias"] = bias
    facts = {"format": "pt", weights.FACTS: found.facts}
    with files.replacing(path) as half:
        numpy.save_file(arrays, half, facts)


def _turned(shape):
    """Turns the shape of our kernel into that of theirs."""
    return (*shape[:1:-1], *shape[:2]) if len(shape) == 4 else shape[::-1]


def _to_ours(layer, kernel):
    """Transposes a kernel to (height, width, in, out), or (in, out)."""
    if kernel.ndim == 4:
        return kernel.transpose(2, 3, 1, 0)
    if layer == "fc6":  # its maps are 6 x 6
        channels = kernel.shape[1] // 36
        kernel = kernel.reshape(-1, channels, 6, 6).transpose(2, 3, 1, 0)
        return kernel.reshape(36 * channels, -1)
    return kernel.T


def _to_theirs(layer, kernel):
    """Undoes `_to_ours`."""
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1)
    if layer == "fc6":
        units = kernel.shape[1]
        kernel = kernel.reshape(6, 6, -1, units).transpose(3, 2, 0, 1)
        return kernel.reshape(units, -1)
    return kernel.T


def _tensor(onnx, tensor, is_turned):
    array = onnx.numpy_helper.to_array(tensor)
    return array.T if is_turned else array
