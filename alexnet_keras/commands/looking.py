"""The commands `summary`, `identify` and `convert`."""

import pathlib

from alexnet_keras import files, networks, shapes
from alexnet_keras.commands.common import (
    BadInput,
    refuse_existing,
    refused,
    start_keras,
)
from alexnet_keras.commands.options import network_options, option, positive
from alexnet_keras.exchange.kinds import SOURCES


def summary_options(parser):
    """Print the table of layers, with totals."""
    network_options(parser, "which network", "two-tower")
    text = "number of classes; by default 1000, or 10 for mini"
    option(parser, "--classes", text, positive)


def summary(options):
    """Prints the table of layers; TensorFlow is not needed for it."""
    network = networks.NETWORKS[options.model]
    size, rows = options.input_size or network.size, network.layers
    if options.classes:
        rows = networks.with_classes(rows, options.classes)
    with refused(ValueError):
        networks.check_size(network, size, size)
    print(shapes.summary(rows, size))


def identify_options(parser):
    """Say whose AlexNet a file holds, and where it departs from the paper."""
    text = (
        "a model or its weights: a run's folder, .keras, .weights.h5, .onnx, "
        ".safetensors, .pth or another checkpoint of PyTorch's, .npz"
    )
    option(parser, "file", text, pathlib.Path)


def identify(options):
    """Says whose AlexNet a file holds; no network is made, so no Keras."""
    from alexnet_keras import exchange

    with refused(ValueError):
        print(exchange.identify(options.file))


def convert_options(parser):
    """Bring weights of torchvision, Caffe or ONNX here, or ours there."""
    option(parser, "input", "file to read", pathlib.Path, metavar="IN")
    text = "file to write: .weights.h5, or torchvision's as .safetensors"
    option(parser, "output", text, pathlib.Path, metavar="OUT")
    text = "where IN is from; by default what its name's ending says"
    option(parser, "--from", text, tuple(SOURCES), dest="source")
    text = (
        "text file with the name of a class on each line; by default "
        "ImageNet's WordNet ids, where there are 1000"
    )
    option(parser, "--class-names", text, pathlib.Path)


def convert(options):
    """Brings weights from elsewhere here, or ours elsewhere."""
    from alexnet_keras import datasets, exchange, weights

    out = options.output
    endings = (".weights.h5", ".safetensors")
    if not out.name.endswith(endings):
        raise BadInput(
            f"The output must end in {' or '.join(endings)}. Received: {out}."
        )
    refuse_existing(out)
    with refused(OSError, ValueError), files.naming(options.input):
        found = exchange.read(options.input, options.source)
        names = found.class_names
        if options.class_names is not None:
            names = _read_names(options.class_names, found.num_classes)
        elif names is None and found.num_classes == 1000:
            names = datasets.imagenet_ids()
        found = weights.checked(found._replace(class_names=names))
        if out.suffix == ".safetensors":
            exchange.write_safetensors(out, found)
        else:
            start_keras()
            weights.write(out, exchange.from_weights(found), found)
    count = sum(array.size for pair in found.arrays.values() for array in pair)
    print(f"Read {options.input}: {found}, {count:,} parameters.\nWrote {out}")
    if found.rescaling is None:
        print(
            "It does not tell the scale of its pictures, so `predict` and "
            "`evaluate` will not take it."
        )
    else:
        mean, scale = map(_shown, found.rescaling)
        print(
            "It takes pictures of RGB, 0 to 255, and begins by subtracting "
            f"{mean} and dividing by {scale}."
        )


def _shown(values):
    """Writes a number, or one for each of RGB."""
    values = values if isinstance(values, list | tuple) else [values]
    return " / ".join(f"{value:.4g}" for value in values)


def _read_names(path, count):
    """Reads the names of classes, one a line."""
    try:
        names = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path} cannot be read: it is no text in UTF-8 (byte "
            f"{error.start})."
        ) from error
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {files.reason(error)}."
        ) from error
    names = [name.strip() for name in names if name.strip()]
    if len(names) != count:
        raise BadInput(
            f"{path} has {len(names)} names, one a line; the network has "
            f"{count or 'no'} classes."
        )
    return names
