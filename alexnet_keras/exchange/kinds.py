"""The kinds of files that are read, and what is known of an open one."""

import importlib
import pathlib
from typing import NamedTuple

ENDINGS = {
    ".keras": "Keras",
    ".weights.h5": "HDF5",
    ".h5": "HDF5",
    ".hdf5": "HDF5",
    ".onnx": "ONNX",
    ".safetensors": "safetensors",
    ".pth": "PyTorch",
    ".pt": "PyTorch",
    ".pth.tar": "PyTorch",
    ".ckpt": "PyTorch",
    ".bin": "PyTorch",
    ".npz": ".npz",
}
SOURCES = {
    "onnx": ("ONNX",),
    "torchvision": ("safetensors", "PyTorch"),
    "caffe": (".npz",),
    "keras": ("Keras", "HDF5"),
}
_NPZ = (
    "numpy.savez the arrays conv1_w, conv1_b to fc8_w, fc8_b, kernels as "
    "(out, in, height, width) and (out, in), into an .npz"
)
_GRAPH = (
    "make an ONNX graph of it: pip install tf2onnx, then python -m "
    "tf2onnx.convert {option} {path} --output network.onnx"
)
_LAYERS = (
    "load it into the network that it is of, and save that as .keras or its "
    "weights as .weights.h5"
)
# What else holds networks: by its ending what it is, and what to do with it.
OTHERS = {
    ".npy": (
        "a single array, or a pickle of several, which could run code",
        _NPZ,
    ),
    ".mat": ("a file of Matlab's", f"read it with SciPy and {_NPZ}"),
    ".caffemodel": (
        "a file of Caffe's",
        f"read it with pycaffe, as net.params of caffe.Net, and {_NPZ}",
    ),
    ".prototxt": (
        "a description of Caffe's, which holds no weights",
        f"read its .caffemodel with pycaffe and {_NPZ}",
    ),
    ".tflite": (
        "a file of TensorFlow Lite's",
        _GRAPH.replace("{option}", "--tflite"),
    ),
    ".pb": (
        "a graph of TensorFlow's",
        "make an ONNX graph of it with tf2onnx",
    ),
    ".index": ("a part of a checkpoint of TensorFlow's", _LAYERS),
    ".meta": ("a part of a checkpoint of TensorFlow's", _LAYERS),
    ".data-00000-of-00001": ("a part of a checkpoint of TensorFlow's", _LAYERS),
    ".pt2": (
        "a program of PyTorch's, which only runs",
        "save the state_dict of its model as .pth",
    ),
    ".pkl": (
        "a pickle, which could run code",
        "where you trust it, load it and save its arrays as safetensors",
    ),
}
SAVED_MODEL = (
    "a SavedModel of TensorFlow's",
    _GRAPH.replace("{option}", "--saved-model"),
)


class Array(NamedTuple):
    """An array in a file.

    `kind` is NumPy's name of its dtype, or the file's; `read` is a function
    without arguments, or None where only the shape is looked at.
    """

    shape: tuple
    kind: str = ""
    read: object = None


class Opened(NamedTuple):
    """A file, and what it holds: arrays by name, a configuration or a graph.

    `facts` is the text that `weights.Weights.facts` wrote, if it is there.
    """

    path: pathlib.Path
    kind: str
    arrays: dict | None = None
    config: dict | None = None
    graph: object = None
    facts: str | None = None


def package(name):
    """Imports a package that reads some kind of file.

    Raises:
        ValueError: If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        name = name.partition(".")[0]
        raise ValueError(
            f"This needs the package {name}: pip install {name}"
        ) from None
