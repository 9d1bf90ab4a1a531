"""Says whose AlexNet a network is, and how it departs from the paper's.

Nothing is run, and nothing of a file but its layers and shapes is read.
"""

import os
import re
import zipfile
from typing import NamedTuple

from alexnet_keras.fingerprint import (
    keras_models,
    onnx_graphs,
    weight_files,
)
from alexnet_keras.fingerprint.comparison import body, compare
from alexnet_keras.fingerprint.known import (
    CONVS,
    DENSES,
    KERNELS,
    KNOWN,
    known_network,
)
from alexnet_keras.fingerprint.sentences import clean, sentences
from alexnet_keras.fingerprint.steps import Network, in_one_line, measure

_ENDINGS = (".keras", ".onnx", ".safetensors", ".weights.h5", ".h5", ".hdf5")
# They leave open whose network it is.
_FREE = {"border", "reach"}
# They differ where there are no fully connected layers.
_OF_THE_TOP = {"missing", "global", "flatten", "dropout"}


class Identity(NamedTuple):
    """Whose AlexNet a network is.

    `str` gives the lines that the command line prints.

    Attributes:
        name: Str: a key of `known.KNOWN`, such as "paper" or "caffe";
            "unknown" for an AlexNet that is none of these, "not-alexnet" for
            another network.
        title: Str, whose network it is, in words.
        departures: Tuple of str, one for each departure from the paper.
        notes: Tuple of str, what the source does not tell.
        parameters: Int, the weights and biases of convolutions, fully
            connected layers and batch normalisation, or None if the size
            of the input is not told or there are layers of other kinds.
        flatten: Int, the values that reach the first fully connected layer,
            or None.
    """

    name: str
    title: str
    departures: tuple[str, ...]
    notes: tuple[str, ...]
    parameters: int | None
    flatten: int | None

    def __str__(self):
        """Gives a title, a line for each departure and note, and counts."""
        lines = [self.title]
        lines += [f"- {line}" for line in self.departures]
        lines += [f"({note})" for note in self.notes]
        counts = []
        if self.parameters is not None:
            counts.append(f"{self.parameters:,} parameters")
        if self.flatten is not None and self.name != "not-alexnet":
            counts.append(f"{self.flatten} values reach fc6")
        return "\n".join(lines + [", ".join(counts)] * bool(counts))


def identify(model):
    """Says whose AlexNet a network is, and names its departures.

    The number of classes and the size of the pictures are free. No layer of
    a file is made, no code of it runs, and no weights are read.

    Args:
        model: A Keras model, an `onnx.ModelProto`, or the path of a file:
            `.keras`, `.onnx`, `.safetensors`, `.weights.h5` or an older `.h5`.

    Returns:
        `Identity`.

    Raises:
        ImportError: If the package that reads such files is not installed.
        ValueError: If the file is missing, damaged, a pickle, or of a kind
            that is not known.
    """
    told = None
    if isinstance(model, str | os.PathLike):
        network, told = _read(os.fspath(model))
    elif hasattr(model, "graph") and hasattr(model, "opset_import"):
        network = onnx_graphs.read_graph(model)
    elif hasattr(model, "layers") and hasattr(model, "get_config"):
        network = keras_models.read_model(model)
    else:
        raise ValueError(
            "`model` must be a Keras model, an ONNX model or the path of a "
            f"file. Received: a {type(model).__name__}"
        )
    return _identity(network, told)


def _identity(network, told):
    measured = measure(in_one_line(network.steps), network.shape)
    counts = [one.parameters for one in measured]
    if any(
        one.step.kind == "other" and "Lambda" not in one.step.settings["kind"]
        for one in measured
    ):
        counts.append(None)
    parameters = None if None in counts else sum(counts)
    reason = _not_alexnet(measured)
    if reason:
        title = f"Not an AlexNet: {reason}."
        return Identity("not-alexnet", title, (), (), parameters, None)
    found, silent, notes = body(measured), network.silent, network.notes
    # pictures may be made smaller before the first layer
    shape = next(one.before for one in measured if one.step.kind == "conv")
    shape = shape if len(shape) == 3 else network.shape
    has_top = any(name in found.blocks for name in DENSES)
    names = [
        name
        for name, (_, plan) in KNOWN.items()
        if plan["flatten"] in (None, found.flatten)
        and all(
            one.aspect in _FREE
            or (not has_top and one.aspect in _OF_THE_TOP)
            and one.layer not in CONVS
            for one in compare(found, name, shape, silent)
        )
    ]
    if told in names and not has_top:
        names = [told]
    elif told in names:  # by more than the shapes, which tell the rest then
        known, shape = known_network(told, shape)
        found, silent, notes = body(measure(known, shape)), frozenset(), ()
        names = [told]
    if not has_top:
        silent |= {"flatten"}  # nothing reads it
    departures = sentences(compare(found, "paper", shape, silent))
    if not names:
        count = len(departures)
        names = ["unknown"]
        plural = "" if count == 1 else "s"
        title = f"An AlexNet with {count} departure{plural} from the paper."
    else:
        title = " or ".join(KNOWN[name][0] for name in names)
        title += "." if has_top else ", without its fully connected layers."
    if found.flatten is None and "flatten" not in silent:
        notes += (
            "The size of the pictures is not told; sizes are not compared.",
        )
    if _constants_are_hidden(found):
        notes += ("The constants of LRN cannot be read here.",)
    flatten = found.flatten if has_top else None
    return Identity(
        names[0], title, tuple(departures), notes, parameters, flatten
    )


def _constants_are_hidden(found):
    return any(
        "alpha" not in one.step.settings
        for block in found.blocks.values()
        for one in block.all("lrn")
    )


def _not_alexnet(measured):
    """Says why a network is no AlexNet at all; None if it may be one."""
    convs = [one.step.settings for one in measured if one.step.kind == "conv"]
    others = [
        clean(one.step.settings["kind"])
        for one in measured
        if one.step.kind == "other"
    ]
    if not 4 <= len(convs) <= 6:
        word = "convolution" if len(convs) == 1 else "convolutions"
        known = f" (not known: {others[0]})" if others else ""
        return f"{len(convs)} {word}{known}; AlexNet has 5"
    if "Add" in others:
        return "it adds branches; AlexNet has none"
    found = body(measured)
    layers = [
        found.blocks[name].step.settings
        for name in found.blocks
        if name.startswith("conv")
    ]
    filters = [one["filters"] for one in layers]
    kernels = sum(
        block.step.settings["kernel"] == kernel
        for name, kernel in zip(CONVS, KERNELS, strict=True)
        if (block := found.blocks.get(name))
    )
    widths = max(
        sum(a == b for a, b in zip(filters, plan["filters"], strict=False))
        for _, plan in KNOWN.values()
    )
    if kernels < 4 and widths < 3:
        return "its filters have neither AlexNet's sizes nor its numbers"
    return None


def _read(path):
    """Reads a file by its ending, once it is sure not to be a pickle.

    Returns:
        Pair of a `Network` and the key of `KNOWN` that weights tell by their
        names, or None.
    """
    if os.path.isfile(os.path.join(path, "model.keras")):  # a run's folder
        path = os.path.join(path, "model.keras")
    if not os.path.isfile(path):
        folder = os.path.isdir(path)
        what = "This is a folder" if folder else "There is no such file"
        raise ValueError(
            f"{what}. Received: {path}. Give the path of "
            f"a file that ends in {', '.join(_ENDINGS)}."
        )
    _refuse_pickles(path)
    ending = re.search(r"\.[^.]*$", os.path.basename(path).lower())
    ending = ending.group() if ending else ""
    if ending == ".keras":
        return keras_models.read_file(path), None
    if ending == ".onnx":
        return onnx_graphs.read_file(path), None
    if ending == ".safetensors":
        return weight_files.read_safetensors(path)
    if ending in (".h5", ".hdf5"):
        found, told = weight_files.read_hdf5(path)
        if not isinstance(found, Network):
            found = keras_models.read_json(found, path)
        return found, told
    raise ValueError(
        f"Files of this kind are not read. Received: {path}. Known are "
        f"{', '.join(_ENDINGS)}; `alexnet-keras convert` makes them of others."
    )


def holds_pickle(path):
    """Tells a pickle, or PyTorch's zip of one, by its first bytes.

    Args:
        path: Path of a file.

    Returns:
        Bool.
    """
    with open(path, "rb") as file:
        start = file.read(9)
    if start[:2] == b"PK":  # torch.save's zip
        try:
            with zipfile.ZipFile(path) as archive:
                return any(name.endswith(".pkl") for name in archive.namelist())
        except zipfile.BadZipFile:
            return False  # the reader says so
    # safetensors with a header of, say, 640 bytes begin like a pickle; those
    # of the protocols before 2 are text, which no format here is
    is_pickle = start[:1] == b"\x80" and start[1:2] in b"\2\3\4\5"
    return is_pickle and start[2:] != b"\0\0\0\0\0\0{"


def _refuse_pickles(path):
    if holds_pickle(path):
        raise ValueError(
            "The file is a pickle: it could run code when loaded, so it is "
            f"not opened. Received: {path}. Save the weights as .safetensors "
            "where you trust the file."
        )
