"""AlexNet's weights from torchvision, Caffe and ONNX, and back.

Nothing is unpickled, except by PyTorch's own loader of weights. All three hold
convolutions as (out, in, height, width) and fully connected layers as (out,
in), fc6 reading its maps channel by channel; so a source is a table of names
and shapes, and one transpose serves.
"""

import importlib
import pathlib
import zipfile
from functools import partial
from typing import NamedTuple

import numpy as np

from alexnet_keras import fingerprint, weights
from alexnet_keras.weights import Weights


class Source(NamedTuple):
    """Where weights come from, and what their pictures looked like.

    `layers` gives, for each of ours, the name and the kernel's shape there;
    fc8 has any number of classes. `rescaling` is as in `models.AlexNet`.
    """

    model: str
    size: int
    rescaling: tuple
    is_bgr: bool
    layers: dict
    endings: tuple


# pytorch/vision, models/alexnet.py. Pictures are RGB from 0 to 1, minus the
# mean (.485, .456, .406), by the standard deviation (.229, .224, .225).
TORCHVISION = Source(
    "one-weird-trick",
    224,
    ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    False,
    {
        "conv1": ("features.0", (64, 3, 11, 11)),
        "conv2": ("features.3", (192, 64, 5, 5)),
        "conv3": ("features.6", (384, 192, 3, 3)),
        "conv4": ("features.8", (256, 384, 3, 3)),
        "conv5": ("features.10", (256, 256, 3, 3)),
        "fc6": ("classifier.1", (4096, 9216)),
        "fc7": ("classifier.4", (4096, 4096)),
        "fc8": ("classifier.6", (None, 4096)),
    },
    (".weight", ".bias"),
)
# BVLC/caffe, models/bvlc_alexnet. Pictures are BGR from 0 to 255, minus the
# mean of the mean image (104.007, 116.669, 122.679).
CAFFE = Source(
    "caffe",
    227,
    ((122.679, 116.669, 104.007), 1.0),
    True,
    {
        "conv1": ("conv1", (96, 3, 11, 11)),
        "conv2": ("conv2", (256, 48, 5, 5)),
        "conv3": ("conv3", (384, 256, 3, 3)),
        "conv4": ("conv4", (384, 192, 3, 3)),
        "conv5": ("conv5", (256, 192, 3, 3)),
        "fc6": ("fc6", (4096, 9216)),
        "fc7": ("fc7", (4096, 4096)),
        "fc8": ("fc8", (None, 4096)),
    },
    ("_w", "_b"),
)
SOURCES = ("onnx", "torchvision", "caffe", "keras")
_SUFFIXES = {
    ".onnx": "onnx",
    ".safetensors": "torchvision",
    ".pth": "torchvision",
    ".pt": "torchvision",
    ".npz": "caffe",
    ".h5": "keras",
    ".keras": "keras",
}


def read(path, source=None):
    """Reads weights and brings them into our layout.

    Args:
        path: Path of
            a `.weights.h5` or `.keras` file, or a run's folder (`"keras"`);
            torchvision's AlexNet as safetensors, or as `.pth` where PyTorch
            is installed, which then loads weights only (`"torchvision"`);
            Caffe's AlexNet as an `.npz` with the arrays `conv1_w`, `conv1_b`
            to `fc8_w`, `fc8_b`: in pycaffe the `data` of the two blobs of
            `net.params["conv1"]` and so on (`"caffe"`);
            an ONNX graph of either, such as the model zoo's `bvlcalexnet`
            (`"onnx"`).
        source: Str, one of those in brackets; by default what the name's
            ending says.

    Returns:
        A `weights.Weights`. Its network takes RGB.

    Raises:
        ValueError: If the file is damaged, another network's, or could run
            code when it is loaded.
    """
    path = pathlib.Path(path)
    if (path / "model.keras").is_file():
        path = path / "model.keras"
    source = source or _SUFFIXES.get(path.suffix)
    if source not in SOURCES:
        raise ValueError(
            f"By its name {path} is no file of weights. Use one that ends in "
            f"{', '.join(_SUFFIXES)}."
        )
    try:
        is_torch = fingerprint.holds_pickle(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if is_torch and (source != "torchvision" or path.suffix == ".safetensors"):
        raise ValueError(
            f"{path} is a pickle, which could run code when it is loaded. It "
            "was not opened. Of pickles only torchvision's .pth is read, and "
            "of that only the weights. Save the weights as safetensors."
        )
    if source == "keras":
        return weights.read(path)
    if source == "onnx":
        return _read_onnx(path)
    if source == "caffe":
        return _bring(path, CAFFE, _read_npz(path))
    if is_torch:
        return _bring(path, TORCHVISION, _read_torch(path))
    if path.suffix in (".pth", ".pt"):
        raise ValueError(f"{path} is damaged, or no file of PyTorch's.")
    return _bring(path, TORCHVISION, *_read_safetensors(path))


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
    numpy = _import("safetensors.numpy")
    arrays = {}
    if found.likely_model == TORCHVISION.model and set(found.arrays) == {
        *TORCHVISION.layers
    }:
        for layer, (name, _) in TORCHVISION.layers.items():
            kernel, bias = found.arrays[layer]
            kernel = _to_theirs(layer, kernel)
            arrays[f"{name}.weight"] = np.ascontiguousarray(kernel)
            arrays[f"{name}.bias"] = bias
    if not arrays:
        raise ValueError(
            "torchvision's names are for OneWeirdTrick with its top. "
            f"Received weights of {found}. Write a .weights.h5 file."
        )
    facts = {"format": "pt", weights.FACTS: found.facts}
    with weights.replacing(path) as half:
        numpy.save_file(arrays, half, facts)


class _Array(NamedTuple):
    """An array in a file, which is read when its shape is right."""

    shape: tuple
    kind: str  # NumPy's name of its dtype, or the file's
    read: object  # function without arguments


def _bring(path, source, arrays, facts=None):
    """Checks the arrays of a source and brings them into our layout.

    Args:
        path: Path, for messages.
        source: A `Source`.
        arrays: Dict from the source's names to `_Array`.
        facts: Str, what the file says of itself, if it does.

    Returns:
        A `Weights`.
    """
    expected = {}
    for layer, (name, shape) in source.layers.items():
        kernel, bias = (name + ending for ending in source.endings)
        if shape[0] is None and kernel in arrays:  # any number of classes
            shape = (arrays[kernel].shape[:1] or (1,)) + shape[1:]
        expected[kernel], expected[bias] = (layer, shape), (layer, shape[:1])
    wrong = []
    for name, (layer, shape) in expected.items():
        there = arrays.get(name)
        if there is None:
            shown = str(shape).replace("None", "classes")
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
    wrong += [f"{name} is superfluous" for name in arrays.keys() - expected]
    if len(wrong) > 16:
        wrong[16:] = [f"and {len(wrong) - 16} more"]
    if wrong:
        model = weights.BUILDERS[source.model][0]
        raise ValueError(
            f"{path} does not hold the weights of {model}:\n  "
            + "\n  ".join(wrong)
        )
    ours = {}
    try:
        for layer, (name, _) in source.layers.items():
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
        return weights.checked(
            Weights(ours, source.model, source.size, source.rescaling)
        )
    except weights.DAMAGE as error:
        raise ValueError(
            f"{path} cannot be used as weights: {error}"
        ) from error


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


def _read_safetensors(path):
    safetensors = _import("safetensors")
    kinds = {"F16": "float16", "F32": "float32", "F64": "float64"}

    def load(name):
        with safetensors.safe_open(path, framework="numpy") as file:
            return file.get_tensor(name)

    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            facts = (file.metadata() or {}).get(weights.FACTS)
            arrays = {}
            for name in file.keys():  # noqa: SIM118  it is no dict
                part = file.get_slice(name)
                kind = kinds.get(part.get_dtype(), part.get_dtype())
                shape = tuple(part.get_shape())
                arrays[name] = _Array(shape, kind, partial(load, name))
    except (OSError, safetensors.SafetensorError) as error:
        raise ValueError(
            f"{path} is damaged, or no safetensors file: {error}"
        ) from error
    return arrays, facts


def _read_torch(path):
    torch = _import("torch")
    if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 10):
        raise ValueError(
            f"PyTorch {torch.__version__} can run code even where it loads "
            "weights only (CVE-2025-32434, CVE-2026-24747). Install 2.10 or "
            "newer, or save the weights as safetensors."
        )
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        # a checkpoint of a training run holds the weights below this name
        found = found.get("state_dict", found)
        return {
            name: _Array(
                tuple(tensor.shape),
                str(tensor.dtype).removeprefix("torch."),
                tensor.detach().numpy,
            )
            for name, tensor in found.items()
        }
    except Exception as error:  # whatever a damaged file makes torch raise
        raise ValueError(
            f"{path} holds something else than weights, which could run code, "
            f"or is damaged. Nothing of it was run. PyTorch says: {error}"
        ) from error


def _read_npz(path):
    """Lists the arrays of an `.npz` by their headers alone."""

    def load(name):
        with np.load(path, allow_pickle=False) as file:
            return file[name]

    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    version = np.lib.format.read_magic(file)
                    header = (
                        np.lib.format.read_array_header_1_0
                        if version == (1, 0)
                        else np.lib.format.read_array_header_2_0
                    )
                    shape, _, dtype = header(file)
                name = entry.filename.removesuffix(".npy")
                if dtype.hasobject:
                    raise ValueError(
                        f"{name} holds Python objects, a pickle, which could "
                        "run code when it is loaded; it was not opened"
                    )
                arrays[name] = _Array(shape, dtype.name, partial(load, name))
    except weights.DAMAGE as error:
        raise ValueError(
            f"{path} is damaged, or no .npz file: {error}"
        ) from error
    return arrays


def _read_onnx(path):
    """Reads the weights of an ONNX graph in the order of its layers."""
    onnx = _import("onnx")
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's, which have no common kind
        raise ValueError(
            f"{path} is damaged, or no ONNX file: {error}"
        ) from error
    try:
        identity = fingerprint.identify(model)
        source = {"caffe": CAFFE, "torchvision": TORCHVISION}.get(identity.name)
        if source is None:
            raise ValueError(
                f"it is neither Caffe's AlexNet nor torchvision's:\n{identity}"
            )
        arrays = _onnx_arrays(onnx, model.graph, source)
    except weights.DAMAGE as error:
        raise ValueError(
            f"{path} cannot be used as weights: {error}"
        ) from error
    found = _bring(path, source, arrays)
    shape = model.graph.input[0].type.tensor_type.shape.dim
    return found._replace(size=shape[2].dim_value or source.size)


def _onnx_arrays(onnx, graph, source):
    """Names the arrays of a graph's layers, in their order, as the source."""
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
    for (name, _), node in zip(source.layers.values(), nodes, strict=True):
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
            shape = tuple(tensor.dims)
            arrays[name + ending] = _Array(
                shape[::-1] if is_turned else shape,
                onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).name,
                partial(_tensor, onnx, tensor, is_turned),
            )
    return arrays


def _tensor(onnx, tensor, is_turned):
    array = onnx.numpy_helper.to_array(tensor)
    return array.T if is_turned else array


def _import(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise ValueError(
            f"This needs the package {package}: pip install {package}"
        ) from None
