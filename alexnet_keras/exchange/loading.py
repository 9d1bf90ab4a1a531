"""Files from elsewhere: whose network they hold, its weights, the network."""

import json
import os

from alexnet_keras import files, networks, shapes, weights
from alexnet_keras.exchange import (
    identity,
    keras_models,
    onnx_graphs,
    opening,
    pixels,
    weight_files,
)
from alexnet_keras.exchange.kinds import SOURCES
from alexnet_keras.exchange.onnx_constants import Elsewhere
from alexnet_keras.exchange.sources import (
    CAFFE,
    TORCHVISION,
    bring,
    graph_arrays,
    unwrapped,
)


def identify(model):
    """Says whose AlexNet a network is, and names its departures.

    The number of classes and the size of the pictures are free. No layer of
    a file is made, no code of it runs, and no weights are read.

    Args:
        model: A Keras model, an `onnx.ModelProto`, or the path of a file or
            of a run's folder.

    Returns:
        `identity.Identity`.

    Raises:
        ValueError: If the file is missing, damaged, a pickle, or of a kind
            that is not known, or the package that reads it is not installed.
    """
    if isinstance(model, str | os.PathLike):
        opened = _open(model)
        reading = _read_file(opened)
        if opened.graph is not None:
            return _compare_graph(reading)[0]
        return identity.compare(reading)
    if hasattr(model, "graph") and hasattr(model, "opset_import"):
        return _compare_graph(onnx_graphs.read_graph(model))[0]
    if hasattr(model, "layers") and hasattr(model, "get_config"):
        return identity.compare(keras_models.read_model(model))
    raise ValueError(
        "`model` must be a Keras model, an ONNX model or the path of a "
        f"file. Received: a {type(model).__name__}"
    )


def _compare_graph(reading):
    """Identifies a graph's network, at its own size if it tells none.

    Returns:
        An `identity.Identity`, and the reading with that size.
    """
    found = identity.compare(reading)
    if reading.shape:
        return found, reading
    if found.name in identity.KNOWN:
        size = identity.KNOWN[found.name][2]
        reading = reading._replace(shape=(size, size, 3))
    else:
        note = "It tells no size of pictures, so no padding is compared."
        reading = reading._replace(unread=(*reading.unread, note))
    return identity.compare(reading), reading


def _open(path):
    opened = opening.open_file(path)
    if opened.kind in SOURCES["torchvision"]:
        arrays = unwrapped(opened.path, opened.arrays)
        opened = opened._replace(arrays=arrays)
    return opened


def _read_file(opened):
    """Reads an `opening.Opened` as a `line.Reading`."""
    try:
        if opened.graph is not None:
            return onnx_graphs.read_graph(opened.graph, opened.path.parent)
        if opened.config is not None:
            return keras_models.read_config(opened.config)
        return weight_files.read_arrays(opened.arrays, _told(opened))
    except (ValueError, Elsewhere) as error:
        raise ValueError(f"{opened.path} cannot be read: {error}") from error
    except files.DAMAGE as error:
        # names and options of a graph that are of other types than they claim
        text = f"{opened.path} is damaged, or no {opened.kind} file"
        raise ValueError(f"{text}: {files.reason(error)}") from error


def _told(opened):
    """Gives the network that names, or facts of ours, tell; else None."""
    if opened.facts is not None:
        with files.reading(opened.path, "file of weights"):
            facts = json.loads(opened.facts)
        return facts.get("model") if isinstance(facts, dict) else None
    names = {
        name + ending
        for name in TORCHVISION.names
        for ending in TORCHVISION.endings
    }
    return TORCHVISION.network if names == {*opened.arrays} else None


def read(path, source=None):
    """Reads weights and brings them into our layout.

    Args:
        path: Path of
            a `.weights.h5` or `.keras` file, or a run's folder (`"keras"`);
            torchvision's AlexNet as safetensors, or as `.pth` or a
            checkpoint where PyTorch is installed, which then loads weights
            only (`"torchvision"`);
            Caffe's AlexNet as an `.npz` with the arrays `conv1_w`, `conv1_b`
            to `fc8_w`, `fc8_b`: in pycaffe the `data` of the two blobs of
            `net.params["conv1"]` and so on (`"caffe"`);
            an ONNX graph of either, such as the model zoo's `bvlcalexnet`,
            its weights in it or beside it (`"onnx"`).
        source: Str, one of those in brackets; by default what the name's
            ending says.

    Returns:
        A `weights.Weights`. Its network takes RGB.

    Raises:
        ValueError: If the file is damaged, another network's, or could run
            code when it is loaded.
    """
    opened = _open(path)
    if source is not None and opened.kind not in SOURCES[source]:
        raise ValueError(
            f"{path} is a {opened.kind} file. Received: source={source!r}, of "
            f"which {' or '.join(SOURCES[source])} files are read."
        )
    if opened.kind in SOURCES["keras"]:
        return weights.read(opened.path)
    if opened.kind == ".npz":
        return bring(path, CAFFE, opened.arrays)
    if opened.graph is None:
        return bring(path, TORCHVISION, opened.arrays, opened.facts)
    return _bring_graph(path, opened)


def _bring_graph(path, opened):
    """Brings a graph's weights, if it is understood as a whole."""
    found, reading = _compare_graph(_read_file(opened))
    sources = {source.network: source for source in (CAFFE, TORCHVISION)}
    source = sources.get(found.name)
    if source is None:
        raise ValueError(
            f"{path} is neither Caffe's AlexNet nor torchvision's:\n{found}"
        )
    if found.notes != reading.notes:
        raise ValueError(f"{path} is not understood as a whole:\n{found}")
    height, width, _ = reading.shape
    if height != width:
        raise ValueError(
            f"{path} takes pictures of {height} x {width} pixels, and the "
            "networks here take squares."
        )
    try:
        arrays = graph_arrays(reading, source)
        scale = pixels.rescaling(reading.pixels, source.is_bgr)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    try:
        brought = bring(path, source, arrays)._replace(size=height)
    except Elsewhere as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    return brought._replace(rescaling=scale or brought.rescaling)


def load(path, source=None):
    """Loads the whole network of a file from elsewhere.

    Args:
        path: As for `read`; `source` too.
        source: Str or None.

    Returns:
        A `keras.Model` that takes RGB from 0 to 255, if the file tells the
        scale of its pictures.

    Raises:
        ValueError: As `read` does, or if no network of ours has such weights.
    """
    with files.naming(path):
        return from_weights(read(path, source))


def from_weights(found):
    """Builds the network that weights are of.

    Args:
        found: A `weights.Weights`, as `read` gives it.

    Returns:
        A `keras.Model`; as `load`.

    Raises:
        ValueError: If they are of no network of this package.
    """
    name = found.likely_model
    if name is None:
        raise ValueError(
            "These weights are of no network of this package. They hold "
            f"{', '.join(found.arrays)}."
        )
    network = networks.NETWORKS[name]
    size = found.size or network.size
    if "fc6" in found.arrays:  # so that none is made that cannot fit
        lines = shapes.table(network.layers, size, found.channels)
        given = next(line.kernel[0] for line in lines if line.name == "fc6")
        held = found.arrays["fc6"][0].shape[0]
        if given != held:
            raise ValueError(
                f"Pictures of {size} pixels give fc6 {given} values, and it "
                f"reads {held}: the weights are those of another size."
            )
    top = [layer for layer in weights.TOP if layer in found.arrays]
    if top and len(top) < len(weights.TOP):
        raise ValueError(
            f"Of {', '.join(weights.TOP)} they have {', '.join(top)} only."
        )
    from alexnet_keras import building, models  # which need Keras

    with building.awaiting(found.arrays):
        model = models.AlexNet(
            network=name,
            include_top="fc8" in found.arrays,
            input_shape=(size, size, found.channels),
            classes=found.num_classes,
            rescaling=found.rescaling,
        )
    weights.assign(model, found, name)
    return model
