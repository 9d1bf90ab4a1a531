"""Weights of torchvision, Caffe and ONNX, brought into our layout, and back.

All three hold convolutions as (out, in, height, width) and fully connected
layers as (out, in), fc6 reading its maps channel by channel; so a source is a
table of names over our rows, and one transpose serves.
"""

import re
from functools import partial
from typing import NamedTuple

import numpy as np

from alexnet_keras import files, networks, shapes, weights
from alexnet_keras.exchange.kinds import package
from alexnet_keras.weights import LAYERS, Weights

_FLOATS = ("bfloat16", "float16", "float32", "float64")


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


# What DataParallel and torch.compile put before the names of what they wrap.
_WRAPPERS = re.compile(r"(^|(?<=\.))(module|_orig_mod)\.")


def unwrapped(path, arrays):
    """Gives arrays the names they have in torchvision's network itself.

    What wraps a network, or holds it as an attribute, puts something before
    them: `module.features.0.weight`.

    Args:
        path: Path, for messages.
        arrays: Dict of names and `kinds.Array`.

    Returns:
        The same dict, or one with shorter names.

    Raises:
        ValueError: If there are several networks.
    """
    first = TORCHVISION.names[0] + TORCHVISION.endings[0]
    short = {name: _WRAPPERS.sub("", name) for name in arrays}
    holders = {
        name.removesuffix(first)
        for name in short.values()
        if name == first or name.endswith(f".{first}")
    }
    if len(holders) > 1:
        raise ValueError(
            f"{path} holds {len(holders)} networks: {', '.join(holders)}. Save "
            "the weights of one."
        )
    if not holders:
        return arrays
    own = {
        short[name].removeprefix(*holders): array
        for name, array in arrays.items()
        # of AveragedModel, which counts what it averaged
        if short[name] != "n_averaged" or array.shape
    }
    return own if len(own) >= len(arrays) - 1 else arrays


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
    try:
        return weights.checked(found)
    except ValueError as error:  # the file is as it was written
        raise ValueError(f"{path} cannot be used: {error}.") from error


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
        elif there.kind not in _FLOATS:
            lost = " (perhaps a bfloat16, whose type an .npz does not keep)"
            wrong.append(
                f"{layer}: {name} should hold floats. Received: {there.kind}"
                + lost * (there.kind == "void16")
            )
    return wrong + [
        f"{name[:60]} is superfluous" for name in arrays.keys() - expected
    ]


def graph_arrays(reading, source):
    """Names the arrays of a graph's layers, in order, as a source does.

    Args:
        reading: A `line.Reading` of the source's network.
        source: A `Source`.

    Returns:
        Dict from the source's names to `kinds.Array`.

    Raises:
        ValueError: If its layers are written as two towers.
    """
    layers = [one for one in reading.line if one.name in reading.weights]
    if len(layers) < len(reading.weights):
        raise ValueError(
            "its towers are layers of their own, and their weights are not "
            "put together. Export it with grouped convolutions"
        )
    arrays = {}
    for name, layer in zip(source.names, layers, strict=True):
        kernel, bias, is_last = reading.weights[layer.name]
        if is_last:
            kernel = kernel._replace(read=partial(_channels_first, kernel))
        for ending, array in zip(source.endings, (kernel, bias), strict=True):
            if array is not None:
                arrays[name + ending] = array
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


def _channels_first(array):
    """Reads a kernel of fc6 whose maps are flat with their channels last."""
    kernel = array.read()
    units = len(kernel)
    kernel = kernel.reshape(units, 6, 6, -1).transpose(0, 3, 1, 2)
    return kernel.reshape(units, -1)
