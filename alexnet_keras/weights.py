"""A network's weights as files, and whether they fit.

Ours are Keras' `.weights.h5` with a few facts about themselves besides: whose
network they are, the scale of the pictures they were trained on, the classes.
Files without these facts are read as well.
"""

import contextlib
import json
import math
import os
import pathlib
import zipfile
from typing import NamedTuple

import numpy as np

FACTS = "alexnet_keras"  # the name of the facts in a file
_LARGEST = 2**28  # values of an array that is believed; fc6 has 38 million
_FIRST, _TOP = ("conv1", "conv2"), ("fc6", "fc7", "fc8")
# Of each name in `models.BUILDERS`: the function, and its model's name.
BUILDERS = {
    "two-tower": ("AlexNet", "alexnet"),
    "one-tower": ("AlexNetOneTower", "alexnet_one_tower"),
    "caffe": ("CaffeAlexNet", "caffe_alexnet"),
    "one-weird-trick": ("OneWeirdTrick", "one_weird_trick"),
    "mini": ("AlexNetMini", "alexnet_mini"),
}


class Weights(NamedTuple):
    """A network's weights, and what is known of them.

    Attributes:
        arrays: Dict from a layer's name to `(kernel, bias)`, float arrays as
            `keras.layers.Conv2D` (`groups=2` for two towers) and `Dense` hold
            them.
        model: Str, the network's name in `models.BUILDERS`, or `None`.
        size: Int, side of the network's pictures in pixels, or `None`.
        rescaling: Pair `(mean, scale)` as in `models.AlexNet`, or `None`.
        class_names: List of str, or `None`.
    """

    arrays: dict
    model: str | None = None
    size: int | None = None
    rescaling: tuple | None = None
    class_names: list | None = None

    @property
    def num_classes(self):
        """Counts the classes; `None` without the top."""
        return len(self.arrays["fc8"][1]) if "fc8" in self.arrays else None

    @property
    def likely_model(self):
        """Gives `model`, or else the one that has such arrays, or `None`.

        conv1's filters, and how many of them conv2 reads, tell all but
        Caffe's network from the paper's.
        """
        plans = {
            (96, 48): "two-tower",
            (96, 96): "one-tower",
            (64, 64): "one-weird-trick",
            (32, 16): "mini",
        }
        kernels = [self.arrays.get(name, [()])[0] for name in _FIRST]
        widths = tuple(np.shape(kernel)[-2:] for kernel in kernels)
        (_, filters), (read, _) = (w if w[1:] else (0, 0) for w in widths)
        return self.model or plans.get((filters, read))

    @property
    def facts(self):
        """Gives all but the arrays, as JSON."""
        facts = self._asdict()
        del facts["arrays"]
        return json.dumps({key: x for key, x in facts.items() if x is not None})

    def __str__(self):
        """Names the network that the weights fit, as a call."""
        if self.likely_model is None:
            return "no network of this package"
        options = ["include_top=False"]
        if self.num_classes:
            options = [f"classes={self.num_classes}"]
        if self.size:
            options.append(f"input_shape=({self.size}, {self.size}, 3)")
        return f"{BUILDERS[self.likely_model][0]}({', '.join(options)})"


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
    config = None
    try:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(open(path, "rb"))
            if path.suffix == ".keras":
                archive = stack.enter_context(zipfile.ZipFile(file))
                if archive.getinfo("config.json").file_size > 2**24:
                    raise ValueError("its config.json is too large")
                config = json.loads(archive.read("config.json"))["config"]
                file = stack.enter_context(archive.open("model.weights.h5"))
            arrays, text = _read_h5(file)
        facts = _parse(text) if config is None else _facts_of(config)
        return checked(Weights(arrays, **facts))
    except (
        AttributeError, IndexError, KeyError, TypeError, OSError, ValueError,
        zipfile.BadZipFile,
    ) as error:  # fmt: skip
        raise ValueError(
            f"{path} is damaged, or not a file of AlexNet's weights as Keras "
            f"stores them: {error}"
        ) from error


def write(path, network, facts):
    """Writes a `.weights.h5` file.

    Args:
        path: Path that ends in `.weights.h5`.
        network: A model of `models`.
        facts: A `Weights`; its arrays are not used.
    """
    import h5py

    with replacing(path) as half:
        network.save_weights(half)
        with h5py.File(half, "r+") as file:
            file[FACTS] = np.frombuffer(facts.facts.encode(), np.uint8)


@contextlib.contextmanager
def replacing(path):
    """Gives a temporary path; what is written there becomes `path`."""
    path = pathlib.Path(path)
    half = path.with_name(f"new-{os.getpid()}-{path.name}")
    try:
        yield half
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def assign(network, weights, model=None, skip=()):
    """Gives the layers of a network their weights, by name.

    A network without the top takes those of its own layers.

    Args:
        network: A model of `models`, in one piece.
        weights: A `Weights`.
        model: Str, the network's name in `models.BUILDERS`, if it is known.
        skip: Names of layers that keep the weights they have.

    Raises:
        ValueError: If they do not fit; the message says where, and what fits.
            Nothing was assigned then.
    """
    layers = {layer.name: layer for layer in network.layers if layer.weights}
    left_out = skip if "fc8" in layers else _TOP
    layers = {x: layer for x, layer in layers.items() if x not in left_out}
    arrays = {x: p for x, p in weights.arrays.items() if x not in left_out}
    wrong = [
        f"the file has {name}, the network has not"
        for name in arrays
        if name not in layers
    ]
    for name, layer in layers.items():
        expected = _shapes(layer)
        received = tuple(array.shape for array in arrays.get(name, ()))
        if not received:
            wrong.append(f"the network has {name}, the file has not")
        elif received != expected:
            wrong.append(f"{name}: expected {expected}, received {received}")
    if model and weights.model and model != weights.model and not wrong:
        ours, theirs = BUILDERS[model][0], BUILDERS[weights.model][0]
        wrong.append(f"{theirs} is not {ours}, though the shapes are the same")
    if wrong:
        raise ValueError(
            f"These weights do not fit {network.name}:\n  "
            + "\n  ".join(wrong)
            + f"\nThey fit {weights}."
        )
    for name, layer in layers.items():
        if hasattr(layer, "set_grouped_weights"):
            layer.set_grouped_weights(*arrays[name])
        else:
            layer.set_weights(arrays[name])


def with_facts(weights, text):
    """Gives weights the facts that `Weights.facts` wrote.

    Raises:
        ValueError: If it is something else.
    """
    return checked(weights._replace(**_parse(text)))


def checked(weights):
    """Gives weights back that make sense.

    Raises:
        ValueError: If a value is not finite, a layer has no kernel and bias,
            or the facts are no facts of these arrays.
    """
    bad = []
    for name, arrays in weights.arrays.items():
        kinds = [array.dtype.kind + str(array.ndim) for array in arrays]
        if kinds not in (["f4", "f1"], ["f2", "f1"]):
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(
                f"{name} should have a kernel and a bias. Received: {shapes}"
            )
        count = sum(int((~np.isfinite(array)).sum()) for array in arrays)
        bad += [f"{name} ({count})"] * (count > 0)
    if bad:
        raise ValueError(
            f"There are values that are not finite: {', '.join(bad)}. "
            "Training has failed there; take an earlier file"
        )
    names, (mean, scale) = weights.class_names, weights.rescaling or (0, 1)
    if (
        weights.model not in (None, *BUILDERS)
        or not isinstance(weights.size or 1, int)
        or not isinstance(names or [], list)
        or not all(isinstance(name, str) for name in names or ())
        or len(names or ()) not in (0, weights.num_classes)
        or np.shape(mean) not in ((), (3,))
        or np.shape(scale) not in ((), (3,))
        or not np.all(np.asarray(scale, float))
    ):
        raise ValueError("what it says of its network makes no sense")
    return weights


def _parse(text):
    facts = json.loads(text)
    return {key: facts[key] for key in Weights._fields[1:] if key in facts}


def _read_h5(file):
    """Gives the arrays and the facts' text of an open `.weights.h5` file."""
    import h5py

    arrays = {}
    with h5py.File(file, "r") as root:
        for group in root["layers"].values():
            variables = group["vars"]
            if not len(variables):
                continue
            name = variables.attrs["name"]
            found = [variables[str(i)] for i in range(len(variables))]
            largest = max(math.prod(array.shape) for array in found)
            if largest > _LARGEST:
                raise ValueError(f"{name} claims to hold {largest} values")
            found = [array[()] for array in found]
            if len(found) == 4 and found[0].ndim == 4:  # two towers
                found = [np.concatenate(found[i::2], -1) for i in (0, 1)]
            arrays[name] = tuple(found)
        if not arrays:
            raise ValueError("it holds no weights")
        if FACTS not in root:
            return arrays, "{}"
        if root[FACTS].size > 2**24:
            raise ValueError("what it says of its network is too long")
        return arrays, root[FACTS][()].tobytes()


def _facts_of(config):
    """Gives the facts that a saved model of ours tells by itself."""
    facts = {}
    for model, (_, name) in BUILDERS.items():
        if config["name"] == name:
            facts["model"] = model
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            facts["size"] = layer["config"]["batch_shape"][1]
        if layer["config"]["name"] == "rescaling":
            scale = 1 / np.array(layer["config"]["scale"])
            mean = -np.array(layer["config"]["offset"]) * scale
            facts["rescaling"] = mean.tolist(), scale.tolist()
    return facts


def _shapes(layer):
    """Gives the shapes of a layer's kernel and bias, of both towers."""
    kernel, bias, *_ = (tuple(w.shape) for w in layer.weights)
    if hasattr(layer, "set_grouped_weights"):
        kernel, bias = (*kernel[:3], layer.filters), (layer.filters,)
    return kernel, bias
