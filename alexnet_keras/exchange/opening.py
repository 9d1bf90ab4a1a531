"""The one place that opens foreign files. Pickles are refused.

Nothing of a file is run, and an array is read only when it is asked for, after
its shape was looked at. `pytorch` reads a `.pth` by PyTorch's own loader.
"""

import json
import pathlib
import tokenize
import zipfile
from functools import partial

import numpy as np

from alexnet_keras import files, weights
from alexnet_keras.exchange import pytorch
from alexnet_keras.exchange.kinds import (
    ENDINGS,
    OTHERS,
    SAVED_MODEL,
    Array,
    Opened,
    package,
)

_DEEPEST = 32  # groups in one another, each of which is looked for from the top


def open_file(path):
    """Opens a file by its ending, or a run's `model.keras`.

    Args:
        path: Path of a file or of a run's folder.

    Returns:
        An `Opened`.

    Raises:
        ValueError: If it is missing, damaged, a pickle or of another kind, or
            the package that reads it is not installed.
    """
    path = pathlib.Path(path)
    if (path / "model.keras").is_file():
        path = path / "model.keras"
    kind = _kind(path)
    try:
        is_pickle = _holds_pickle(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if is_pickle != (kind == "PyTorch"):
        raise ValueError(
            f"{path} is a pickle, which could run code when it is loaded. It "
            "was not opened. Save the weights as safetensors."
            if is_pickle
            else f"{path} is damaged, or no file of PyTorch's."
        )
    read = {
        "Keras": _keras,
        "HDF5": _hdf5,
        "ONNX": _onnx,
        "safetensors": _safetensors,
        "PyTorch": _torch,
        ".npz": _npz,
    }[kind]
    return read(Opened(path, kind))


def _kind(path):
    """Gives the kind of a file, by its name."""
    name = path.name.lower()
    others = [own for ending, own in OTHERS.items() if name.endswith(ending)]
    folder = path.parent if name == "saved_model.pb" else path
    if (folder / "saved_model.pb").is_file():
        path, others = folder, [SAVED_MODEL]
    elif not path.is_file():
        what = "a folder" if path.is_dir() else "no file"
        raise ValueError(
            f"{path} is {what}. Give the path of a file that ends in "
            f"{', '.join(ENDINGS)}."
        )
    if others:
        what, advice = others[0]
        raise ValueError(
            f"{path} is {what}. This kind is not read. To use it, "
            f"{advice.replace('{path}', str(path))}."
        )
    kinds = [kind for ending, kind in ENDINGS.items() if name.endswith(ending)]
    if not kinds:
        raise ValueError(
            f"By its name {path} is no file of a network. Known are those that "
            f"end in {', '.join(ENDINGS)}."
        )
    return kinds[0]


def _keras(opened):
    with files.reading(opened.path, f"{opened.kind} file"):
        with zipfile.ZipFile(opened.path) as archive:
            return opened._replace(config=weights.read_config(archive))


def _hdf5(opened):
    import h5py

    arrays, names = {}, {}

    def visit(path, item):
        if path.count("/") > _DEEPEST:
            raise ValueError(f"its groups lie more than {_DEEPEST} deep")
        if isinstance(item, h5py.Dataset):
            if item.shape is not None:
                arrays[path] = Array(item.shape)
        else:
            names[path] = str(item.attrs.get("name", path))

    with (
        files.reading(opened.path, f"{opened.kind} file"),
        h5py.File(opened.path) as file,
    ):
        if "model_config" in file.attrs:  # of Keras 2
            return opened._replace(
                config=json.loads(file.attrs["model_config"])
            )
        file.visititems(visit)
        facts = weights.facts_in(file)
    named = {}
    for path, array in arrays.items():
        group, _, last = path.rpartition("/")
        if not path.startswith(("optimizer", "seed", weights.FACTS)):
            named[f"{names.get(group, group)}/{last}"] = array
    return opened._replace(arrays=named, facts=facts)


def _onnx(opened):
    onnx = package("onnx")
    with files.reading(
        opened.path, f"{opened.kind} file", Exception
    ):  # protobuf's
        graph = onnx.load(opened.path, load_external_data=False)
        if not graph.graph.node:
            raise ValueError("it holds no graph")
    return opened._replace(graph=graph)


def _safetensors(opened):
    safetensors = package("safetensors")
    kinds = {
        "BF16": "bfloat16",
        "F16": "float16",
        "F32": "float32",
        "F64": "float64",
    }

    def load(name):
        with safetensors.safe_open(opened.path, framework="numpy") as file:
            return file.get_tensor(name)

    arrays = {}
    with (
        files.reading(
            opened.path, f"{opened.kind} file", safetensors.SafetensorError
        ),
        safetensors.safe_open(opened.path, framework="numpy") as file,
    ):
        facts = (file.metadata() or {}).get(weights.FACTS)
        for name in file.keys():  # noqa: SIM118  it is no dict
            part = file.get_slice(name)
            kind = kinds.get(part.get_dtype(), part.get_dtype())
            shape = tuple(part.get_shape())
            arrays[name] = Array(shape, kind, partial(load, name))
    return opened._replace(arrays=arrays, facts=facts)


def _torch(opened):
    return opened._replace(arrays=pytorch.read_state(opened.path))


def _npz(opened):
    def load(name):
        with np.load(opened.path, allow_pickle=False) as file:
            return file[name]

    arrays = {}
    with (
        files.reading(opened.path, f"{opened.kind} file", tokenize.TokenError),
        zipfile.ZipFile(opened.path) as archive,
    ):
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
                    f"{name} holds Python objects, a pickle, which could run "
                    "code when it is loaded; it was not opened"
                )
            arrays[name] = Array(shape, dtype.name, partial(load, name))
    return opened._replace(arrays=arrays)


def _holds_pickle(path):
    """Tells a pickle, or PyTorch's zip of one, by its first bytes."""
    with open(path, "rb") as file:
        start = file.read(9)
    if start[:2] == b"PK":  # torch.save's zip
        try:
            with zipfile.ZipFile(path) as archive:
                return any(name.endswith(".pkl") for name in archive.namelist())
        except files.DAMAGE:
            return False  # the reader says so
    # safetensors with a header of, say, 640 bytes begin like a pickle; those
    # of the protocols before 2 are text, which no format here is
    is_pickle = start[:1] == b"\x80" and start[1:2] in b"\2\3\4\5"
    return is_pickle and start[2:] != b"\0\0\0\0\0\0{"
