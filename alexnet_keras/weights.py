"""A network's weights as files of this package, and whether they fit.

The files are Keras' `.weights.h5` with a few facts about themselves besides:
whose network they are, the scale of the pictures they were trained on, the
classes. Files without these facts, and saved models, are read as well.
"""

import contextlib
import io
import json
import pathlib
import unicodedata
import zipfile
from typing import NamedTuple

import numpy as np

from alexnet_keras import files, networks, shapes

ENDINGS = (".weights.h5", ".keras")
FACTS = "alexnet_keras"  # the name of the facts in a file
TOP = ("fc6", "fc7", "fc8")
LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", *TOP)
LARGEST_JSON = 2**24  # bytes that are believed; AlexNet's have 20,000
_LARGEST = 2**28  # values of a file that is believed; AlexNet has 61 million
_TOLD = ("model", "size", "rescaling", "class_names")


class Weights(NamedTuple):
    """A network's weights, and what is known of them.

    Attributes:
        arrays: Dict from a layer's name to `(kernel, bias)`, float arrays as
            `keras.layers.Conv2D` (`groups=2` for two towers) and `Dense` hold
            them.
        model: Str, the network's name in `networks.NETWORKS`, or None.
        size: Int, side of the network's pictures in pixels, or None.
        rescaling: Pair `(mean, scale)` as in `models.AlexNet`, or None.
        class_names: List of str, or None.
        others: Names of the file's layers that are none of `LAYERS`.
    """

    arrays: dict
    model: str | None = None
    size: int | None = None
    rescaling: tuple | None = None
    class_names: list | None = None
    others: tuple = ()

    @property
    def num_classes(self):
        """Counts the classes; None without the top."""
        return len(self.arrays["fc8"][1]) if "fc8" in self.arrays else None

    @property
    def channels(self):
        """Counts the channels of the network's pictures."""
        return self.arrays["conv1"][0].shape[2]

    @property
    def likely_model(self):
        """Gives `model`, or else the first that has such kernels, or None.

        Caffe's network and the paper's have the same.
        """
        own = {name: pair[0].shape for name, pair in self.arrays.items()}
        for name, network in networks.NETWORKS.items():
            rows = networks.body(network.layers)
            lines = shapes.table(rows, network.size, own["conv1"][2])
            kernels = {line.name: line.kernel for line in lines if line.kernel}
            if not self.model and kernels.items() <= own.items():
                return name
        return self.model

    @property
    def facts(self):
        """Gives all but the arrays, as JSON."""
        return json.dumps({name: getattr(self, name) for name in _TOLD})

    def __str__(self):
        """Names the network that the weights fit, as a call."""
        if self.likely_model is None:
            return "no network of this package"
        options = ["include_top=False"]
        if self.num_classes:
            options = [f"classes={self.num_classes}"]
        if self.size:
            shape = (self.size, self.size, self.channels)
            options.append(f"input_shape={shape}")
        builder = networks.NETWORKS[self.likely_model].builder
        call = f"{builder}({', '.join(options)})"
        if "fc6" in self.arrays and not self.size:
            count = len(self.arrays["fc6"][0])
            call += f" where pictures give fc6 {count} values"
        if self.others:
            call += f" but for {', '.join(self.others)}"
        return call


def read(path):
    """Reads a `.weights.h5` file, or the weights in a `.keras` file.

    Nothing in it is run, and no custom layer needs to be known.

    Args:
        path: Path.

    Returns:
        A `Weights`.

    Raises:
        ValueError: If the file is damaged, or holds something else.
    """
    path = pathlib.Path(path)
    with files.reading(path, "file of our weights"), open(path, "rb") as file:
        if path.suffix != ".keras":
            found, text = _read_h5(file)
            return with_facts(found, text)
        files.check_zip(file)
        with zipfile.ZipFile(file) as archive:
            facts = _facts_of(read_config(archive))
            found = read_arrays(archive)
        found = checked(found._replace(**facts))
    return found._replace(class_names=_names_beside(path, found))


def read_arrays(archive):
    """Reads the arrays in a `.keras` file, an open `ZipFile`.

    Returns:
        A `Weights` that knows its arrays alone. They may not be finite.

    Raises:
        Exception: Any of `files.DAMAGE`, if the file is damaged.
    """
    entry = archive.getinfo("model.weights.h5")
    with archive.open(entry) as member:
        if entry.compress_type == zipfile.ZIP_STORED:  # as Keras does
            # a zip cannot go back, and HDF5 does so all the time
            member = io.BytesIO(member.read())
        return _read_h5(member)[0]


def read_config(archive):
    """Reads the configuration in a `.keras` file, an open `ZipFile`."""
    with archive.open("config.json") as member:
        text = member.read(LARGEST_JSON + 1)  # a zip may lie about the size
    if len(text) > LARGEST_JSON:
        raise ValueError(f"its config.json is larger than {LARGEST_JSON} bytes")
    return json.loads(text)


def write(path, network, facts):
    """Writes a `.weights.h5` file.

    Args:
        path: Path that ends in `.weights.h5`.
        network: A model of `models`.
        facts: A `Weights`; its arrays are not used.
    """
    import h5py

    with files.replacing(path) as half:
        network.save_weights(half)
        with h5py.File(half, "r+") as file:
            file[FACTS] = np.frombuffer(facts.facts.encode(), np.uint8)


def assign(network, weights, model=None, skip=()):
    """Gives the layers of a network their weights, by name.

    A network without the top takes those of its own layers.

    Args:
        network: A model of `models`, in one piece.
        weights: A `Weights`.
        model: Str, the network's name in `networks.NETWORKS`, if it is known.
        skip: Names of layers that keep the weights they have.

    Raises:
        ValueError: If they do not fit; the message says where, and what fits.
            Nothing was assigned then.
    """
    layers = {layer.name: layer for layer in network.layers if layer.weights}
    has_top = "fc8" in layers
    left_out = skip if has_top else TOP
    layers = {x: layer for x, layer in layers.items() if x not in left_out}
    arrays = {x: p for x, p in weights.arrays.items() if x not in left_out}
    wrong = [
        f"the file has {name}, the network has not"
        for name in (*arrays, *(weights.others if has_top else ()))
        if name not in layers
    ]
    for name, layer in layers.items():
        expected = _shapes_of(layer)
        received = tuple(array.shape for array in arrays.get(name, ()))
        if not received:
            wrong.append(f"the network has {name}, the file has not")
        elif received != expected:
            wrong.append(f"{name}: expected {expected}, received {received}")
    if model and weights.model and model != weights.model and not wrong:
        ours, theirs = (
            networks.NETWORKS[name].builder for name in (model, weights.model)
        )
        wrong.append(f"{theirs} is not {ours}, though the shapes are the same")
    if wrong:
        raise ValueError(
            f"These weights do not fit {network.name}:\n  "
            + "\n  ".join(wrong)
            + f"\nThey are those of {weights}."
        )
    for name, layer in layers.items():
        give(layer, arrays[name])


def arrays_of(layer):
    """Gives a layer's kernel and bias as `Weights.arrays` holds them."""
    if hasattr(layer, "get_grouped_weights"):
        return layer.get_grouped_weights()
    return layer.get_weights()


def _shapes_of(layer):
    """Gives the shapes of what `arrays_of` gives, and copies nothing."""
    found = [tuple(variable.shape) for variable in layer.weights]
    if hasattr(layer, "get_grouped_weights"):  # the first tower's, and again
        half = found[: len(found) // 2]
        found = [(*shape[:-1], layer.filters) for shape in half]
    return tuple(found)


def give(layer, arrays):
    """Gives a layer the kernel and bias that `arrays_of` gave."""
    if hasattr(layer, "set_grouped_weights"):
        layer.set_grouped_weights(arrays)
    else:
        layer.set_weights(arrays)


def with_facts(weights, text):
    """Gives weights the facts that `Weights.facts` wrote.

    Raises:
        ValueError: If it is something else.
    """
    facts = json.loads(text)
    if not isinstance(facts, dict):
        raise ValueError(f"its facts make no sense: {str(text)[:60]!r}")
    found = {name: facts[name] for name in _TOLD if name in facts}
    return checked(weights._replace(**found))


def checked(weights):
    """Gives weights back that make sense.

    Raises:
        ValueError: If a value is not finite, a layer has no kernel and bias,
            or the facts are no facts of these arrays.
    """
    for name, arrays in weights.arrays.items():
        if [array.ndim for array in arrays] not in ([4, 1], [2, 1]):
            found = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(
                f"{name} should have a kernel and a bias. Received: {found}"
            )
        if {array.dtype.kind for array in arrays} != {"f"}:
            raise ValueError(
                f"{name} should hold float32. Received: {arrays[0].dtype}"
            )
    if bad := not_finite(weights.arrays):
        raise ValueError(
            f"there are values that are not finite: {', '.join(bad)}. "
            "Training has failed there; take an earlier file"
        )
    _check_facts(weights)
    return weights


def not_finite(arrays):
    """Lists where values are not finite.

    Args:
        arrays: Dict from a name to arrays.

    Returns:
        List of str such as `"conv1 (3)"`, the name and how many values.
    """
    counts = {
        name: sum(int((~np.isfinite(part)).sum()) for part in parts)
        for name, parts in arrays.items()
    }
    return [f"{name} ({count})" for name, count in counts.items() if count]


def _check_facts(weights):
    names, size = weights.class_names, weights.size
    makes_sense = {
        "model": weights.model in (None, *networks.NETWORKS),
        "size": size is None or (type(size) is int and 1 <= size <= 2**14),
        "rescaling": weights.rescaling is None
        or is_rescaling(weights.rescaling),
        "class_names": names is None
        or (
            isinstance(names, list)
            and len(names) == weights.num_classes
            and all(isinstance(x, str) and is_class_name(x) for x in names)
        ),
    }
    for name, is_right in makes_sense.items():
        if not is_right:
            value = str(getattr(weights, name))[:60]
            raise ValueError(f"its {name} makes no sense: {value!r}")


def is_class_name(text):
    """Tells a name that can be shown: no control characters, valid Unicode.

    Spaces of any width may be in it, and what joins an emoji.
    """
    kinds = {unicodedata.category(letter) for letter in text}
    return not kinds & {"Cc", "Cs", "Zl", "Zp"}


def is_rescaling(pair):
    """Tells a pair of a mean and a scale, numbers or one for each of RGB."""
    try:
        mean, scale = (np.asarray(part, float) for part in pair)
    except (TypeError, ValueError):
        return False
    return bool(
        {mean.shape, scale.shape} <= {(), (3,)}
        and np.isfinite(mean).all()
        and np.isfinite(scale).all()
        and scale.all()
    )


def _read_h5(file):
    """Gives the arrays, and the facts' text, of an open `.weights.h5` file.

    Shapes are looked at before any array is read.
    """
    import h5py

    with h5py.File(file, "r") as root:
        if "model_weights" in root:
            raise ValueError(
                "it is a whole model in Keras' older format; load it and save "
                "it as .keras"
            )
        layers, others = {}, []
        groups = member(root, "layers", h5py.Group)
        for key in groups:
            layer = member(groups, key, h5py.Group)
            variables = member(layer, "vars", h5py.Group)
            if len(variables):
                name = variables.attrs["name"]
                if not isinstance(name, str):
                    raise ValueError("its layers have no names")
                found = [
                    member(variables, str(i), h5py.Dataset)
                    for i in range(len(variables))
                ]
                if name in LAYERS and found[0].ndim in (2, 4):
                    layers[name] = found
                else:
                    others.append(name[:60])
        sizes = [array.size for found in layers.values() for array in found]
        if sum(sizes) > _LARGEST:
            raise ValueError(f"it claims to hold {sum(sizes)} values")
        if "conv1" not in layers or layers["conv1"][0].ndim != 4:
            raise ValueError("it holds no conv1, and AlexNet's files do")
        arrays = {}
        for name, found in layers.items():
            found = [_values_of(array) for array in found]
            if len(found) == 4:  # two towers
                found = [np.concatenate(found[i::2], -1) for i in (0, 1)]
            arrays[name] = tuple(found)
        text = facts_in(root) or "{}"
    return Weights(arrays, others=tuple(others)), text


def facts_in(root):
    """Gives the text of `Weights.facts` in an open HDF5 file, or None."""
    import h5py

    if FACTS not in root:
        return None
    facts = member(root, FACTS, h5py.Dataset)
    if facts.dtype != "uint8" or facts.size > LARGEST_JSON:
        raise ValueError("its facts make no sense")
    return facts[()].tobytes().decode()


def _values_of(dataset):
    """Reads a dataset; HDF5 has no bfloat16, so Keras stores its bytes."""
    values = dataset[()]
    if dataset.attrs.get("dtype") == "bfloat16" and values.itemsize == 2:
        values = values.view("uint16").astype("uint32") << 16
        values = values.view("float32")
    return values


def member(group, name, kind):
    """Gives a member of an HDF5 group that lies in the same file.

    Links are not followed, as they may lead to other files.

    Raises:
        ValueError: If it is of another kind, or lies elsewhere.
    """
    import h5py

    link = group.get(name, getlink=True)
    found = group[name] if isinstance(link, h5py.HardLink) else None
    is_data = isinstance(found, h5py.Dataset)
    if found is None or is_data and (found.external or found.is_virtual):
        raise ValueError(f"{name} lies in another file, which is not read")
    if not isinstance(found, kind):
        raise ValueError(f"{name} is no {kind.__name__.lower()}")
    if is_data and (found.shape is None or found.dtype.kind not in "fiuV"):
        raise ValueError(f"{name} holds no numbers")
    return found


def _facts_of(config):
    """Gives the facts that a saved model of ours tells by itself."""
    facts = {}
    match config:
        case {"config": {"name": str(called), "layers": list(layers)}}:
            pass
        case _:
            raise ValueError("its config.json describes no network of ours")
    for model, network in networks.NETWORKS.items():
        if called == network.name:
            facts["model"] = model
    for layer in layers:
        match layer:
            case {"config": {"batch_shape": [_, int(height), int(width), _]}}:
                facts["size"] = height if height == width else None
            case {
                "config": {
                    "name": "rescaling",
                    "scale": scale,
                    "offset": offset,
                }
            } if is_rescaling((offset, scale)):
                scale = 1 / np.asarray(scale, float)
                mean = -np.asarray(offset, float) * scale
                facts["rescaling"] = mean.tolist(), scale.tolist()
    return facts


def _names_beside(path, weights):
    """Finds the class names of a run's network in its `run.json`."""
    try:
        found = json.loads(path.with_name("run.json").read_text())
    except (OSError, ValueError, RecursionError):
        return None
    match found:
        case {"data": {"class_names": list(names)}}:
            with contextlib.suppress(ValueError):
                return checked(weights._replace(class_names=names)).class_names
    return None
