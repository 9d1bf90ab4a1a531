"""Reads the steps of weight files: names and shapes, never the numbers."""

import json
import re

from alexnet_keras.fingerprint.steps import Network, Step, chain

_SILENT = frozenset(
    {
        "stride", "dilation", "places", "border", "lrn", "constants", "reach",
        "activation", "dropout", "rate", "pool", "pool kind", "pool size",
        "pool places", "order", "global", "other",
    }
)  # fmt: skip
_NOTE = "Weights tell nothing of strides, LRN, activations, pools and dropout."
_ENDINGS = re.compile(
    r"[./_](weights?|kernel|bias|biases|w|b|gamma|beta|running_\w+|moving_\w+"
    r"|num_batches_tracked|\d+)(_\d+)?(:0)?$",
    re.IGNORECASE,
)
_OURS = {  # names in `models.BUILDERS`
    "two-tower": "paper",
    "one-tower": "one-tower",
    "caffe": "caffe",
    "one-weird-trick": "torchvision",
    "mini": "mini",
}
_TORCHVISION = {
    f"{name}.{kind}"
    for name in (
        "features.0", "features.3", "features.6", "features.8", "features.10",
        "classifier.1", "classifier.4", "classifier.6",
    )
    for kind in ("weight", "bias")
}  # fmt: skip


def read_safetensors(path):
    """Gives the `Network` of a safetensors file, and whose names it has.

    Returns:
        Pair of a `Network` and "torchvision", if the names are exactly those
        of its `alexnet`, or None.

    Raises:
        ImportError: If the package safetensors is not installed.
        ValueError: If the file is damaged.
    """
    try:
        import safetensors
    except ImportError:
        raise ImportError(
            "Files of this kind need the package safetensors: "
            "pip install safetensors"
        ) from None
    try:
        with safetensors.safe_open(path, framework="np") as file:
            shapes = {
                name: tuple(file.get_slice(name).get_shape())
                for name in file.keys()  # noqa: SIM118  it is no dict
            }
    except (safetensors.SafetensorError, OSError) as error:
        raise ValueError(
            f"The file is not a whole safetensors file: {error}. Received: "
            f"{path}. Copy or download it again."
        ) from None
    layers = {}
    for name in sorted(shapes, key=_natural):
        layers.setdefault(_layer(name), []).append(shapes[name])
    told = "torchvision" if shapes.keys() == _TORCHVISION else None
    return read_shapes(layers, path), told


def read_hdf5(path):
    """Reads a `.weights.h5` file of Keras, or an older `.h5`.

    Returns:
        Pair of a `Network`, or the JSON of a model's configuration, in bytes
        or str, if the file holds one; and the key of `known.KNOWN` that a
        file of ours tells, or None.

    Raises:
        ValueError: If the file is damaged.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "model_config" in file.attrs:
                return file.attrs["model_config"], None
            facts, told = file.get("alexnet_keras"), None  # of `weights.write`
            if isinstance(facts, h5py.Dataset) and facts.size < 2**20:
                told = json.loads(facts[()].tobytes()).get("model")
            layers = _layers(file)
    except (
        AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError,
    ) as error:  # fmt: skip
        raise ValueError(
            f"The file is not a whole HDF5 file: {error}. Received: {path}. "
            "Copy or download it again."
        ) from None
    return read_shapes(layers, path), _OURS.get(str(told))


def _layers(file):
    """Gives the shapes of each layer, by names in the layers' order."""
    import h5py

    found, names = {}, {}

    def visit(path, item):
        group, _, number = path.rpartition("/")
        if not isinstance(item, h5py.Dataset):
            names[path] = str(item.attrs.get("name", path))
        elif group and not group.startswith(("optimizer", "seed", "_")):
            found.setdefault(group, []).append((_natural(number), item.shape))

    file.visititems(visit)
    order = sorted(found, key=lambda group: _natural(names[group]))
    return {
        group: [shape for _, shape in sorted(found[group])] for group in order
    }


def read_shapes(layers, path):
    """Gives the `Network` of layers of which only the shapes are known.

    Args:
        layers: Dict from names, in order, to lists of shapes. Kernels of
            convolutions may be OIHW, as PyTorch has them, or HWIO.
        path: What was read, for the message.

    Raises:
        ValueError: If there are no kernels.
    """
    kernels = [one for shapes in layers.values() for one in _of(4, shapes)]
    last = all(shape[0] == shape[1] for shape in kernels)  # HWIO
    convs, denses, norms = [], [], []
    for name, shapes in layers.items():
        vectors, bias = _of(1, shapes), bool(_of(1, shapes))
        if _of(4, shapes):
            kernel = _of(4, shapes)
            axes = (0, 2, 3) if last else (2, 1, 0)
            side, inputs, filters = (kernel[0][axis] for axis in axes)
            # our own layer has a kernel for each of its two towers
            convs.append((name, side, inputs, filters * len(kernel), bias))
        elif _of(2, shapes):
            inputs, units = _of(2, shapes)[0][:: 1 if last else -1]
            denses.append(_dense(name, inputs, units, bias))
        elif len(vectors) >= 4:
            norms.append((name, vectors[0][0]))
    if not convs and not denses:
        raise ValueError(
            f"The file holds no kernels of layers. Received: {path}. Give a "
            "file of a network's weights."
        )
    if not denses:  # TF-slim's fully connected layers are convolutions
        while convs and convs[-1][1] == 1:
            denses.insert(0, convs.pop())
        if denses and convs:
            denses.insert(0, convs.pop())  # as wide as the maps
        denses = [
            _dense(name, side * side * inputs, units, bias)
            for name, side, inputs, units, bias in denses
        ]
    steps, channels = [], None
    for name, side, inputs, filters, bias in convs:
        groups = max(1, channels // max(1, inputs)) if channels else 1
        settings = {
            "filters": filters, "kernel": side, "stride": 1, "dilation": 1,
            "groups": groups, "padding": "same", "bias": bias,
        }  # fmt: skip
        steps.append(Step("conv", name, settings))
        channels = filters
    steps += denses
    for name, width in norms:
        _insert(Step("batchnorm", name, {"weights": 4}), width, steps)
    shape = (None, None, convs[0][2] if convs else None)
    return Network(chain(steps), shape, _SILENT, (_NOTE,))


def _dense(name, inputs, units, bias):
    settings = {"inputs": inputs, "units": units, "bias": bias}
    return Step("dense", name, settings)


def _insert(norm, width, steps):
    """Puts a normalisation after the first layer of its width without one."""
    for number, step in enumerate(steps):
        follows = steps[number + 1].kind if number + 1 < len(steps) else ""
        wide = step.settings.get("filters", step.settings.get("units"))
        if wide == width and follows != "batchnorm":
            steps.insert(number + 1, norm)
            return


def _of(rank, shapes):
    return [shape for shape in shapes if len(shape) == rank]


def _layer(name):
    """Gives the layer's part of a weight's name."""
    return _ENDINGS.sub("", name) or name


def _natural(name):
    """A key for sorting, in which 10 comes after 9."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]
