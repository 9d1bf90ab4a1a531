"""A network's weights as files, and whether they fit.

Ours are Keras' `.weights.h5` with a few facts about themselves besides: whose
network they are, the scale of the pictures they were trained on, the classes.
Files without these facts are read as well.
"""

import contextlib
import json
import os
import pathlib
import tokenize
import zipfile
import zlib
from typing import NamedTuple

import numpy as np

FACTS = "alexnet_keras"  # the name of the facts in a file
TOP = ("fc6", "fc7", "fc8")
LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", *TOP)
_LARGEST = 2**28  # values of a file that is believed; AlexNet has 61 million
_TOLD = ("model", "size", "rescaling", "class_names")
# whatever a damaged file makes the libraries that read it raise
DAMAGE = (
    AttributeError, EOFError, IndexError, KeyError, NotImplementedError,
    OSError, OverflowError, RecursionError, RuntimeError, SyntaxError,
    TypeError, ValueError, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
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
        """Counts the classes; `None` without the top."""
        return len(self.arrays["fc8"][1]) if "fc8" in self.arrays else None

    @property
    def likely_model(self):
        """Gives `model`, or else the one that has such arrays, or `None`.

        conv1's filters, and how many of them conv2 reads, tell all but
        Caffe's network from the paper's.
        """
        try:
            filters = self.arrays["conv1"][0].shape[3]
            read = self.arrays["conv2"][0].shape[2]
        except (KeyError, IndexError):
            return self.model
        plans = {
            (96, 48): "two-tower",
            (96, 96): "one-tower",
            (64, 64): "one-weird-trick",
            (32, 16): "mini",
        }
        return self.model or plans.get((filters, read))

    @property
    def facts(self):
        """Gives all but the arrays, as JSON."""
        return json.dumps({name: getattr(self, name) for name in _TOLD})

    def __str__(self):
        """Names the network that the weights fit, as a call."""
        if self.likely_model is None:
            return "no network of this package"
        channels = self.arrays["conv1"][0].shape[2]
        options = ["include_top=False"]
        if self.num_classes:
            options = [f"classes={self.num_classes}"]
        if self.size:
            shape = (self.size, self.size, channels)
            options.append(f"input_shape={shape}")
        call = f"{BUILDERS[self.likely_model][0]}({', '.join(options)})"
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
            found, text = _read_h5(file)
        if config is None:
            return with_facts(found, text)
        found = found._replace(**_facts_of(config))
        return checked(found._replace(class_names=_names_beside(path, found)))
    except DAMAGE as error:
        raise ValueError(
            f"{path} cannot be used as weights: {error}"
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
            + f"\nThey are those of {weights}."
        )
    for name, layer in layers.items():
        give(layer, arrays[name])


def arrays_of(layer):
    """Gives a layer's kernel and bias as `Weights.arrays` holds them."""
    if hasattr(layer, "get_grouped_weights"):
        return layer.get_grouped_weights()
    return layer.get_weights()


def give(layer, arrays):
    """Gives a layer the kernel and bias that `arrays_of` gave."""
    if hasattr(layer, "set_grouped_weights"):
        layer.set_grouped_weights(*arrays)
    else:
        layer.set_weights(arrays)


def with_facts(weights, text):
    """Gives weights the facts that `Weights.facts` wrote.

    Raises:
        ValueError: If it is something else.
    """
    facts = json.loads(text)
    told = {name: facts[name] for name in _TOLD if name in facts}
    return checked(weights._replace(**told))


def checked(weights):
    """Gives weights back that make sense.

    Raises:
        ValueError: If a value is not finite, a layer has no kernel and bias,
            or the facts are no facts of these arrays.
    """
    bad = []
    for name, arrays in weights.arrays.items():
        kinds = [array.dtype.kind for array in arrays]
        if [array.ndim for array in arrays] not in ([4, 1], [2, 1]):
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(
                f"{name} should have a kernel and a bias. Received: {shapes}"
            )
        if set(kinds) != {"f"}:
            raise ValueError(
                f"{name} should hold float32. Received: {arrays[0].dtype}"
            )
        count = sum(int((~np.isfinite(array)).sum()) for array in arrays)
        bad += [f"{name} ({count})"] * (count > 0)
    if bad:
        raise ValueError(
            f"there are values that are not finite: {', '.join(bad)}. "
            "Training has failed there; take an earlier file"
        )
    names, size = weights.class_names, weights.size
    makes_sense = {
        "model": weights.model in (None, *BUILDERS),
        "size": size is None or (type(size) is int and 1 <= size <= 2**14),
        "rescaling": weights.rescaling is None
        or is_rescaling(weights.rescaling),
        "class_names": names is None
        or (
            isinstance(names, list)
            and len(names) == weights.num_classes
            and all(isinstance(x, str) and x.isprintable() for x in names)
        ),
    }
    for name, is_right in makes_sense.items():
        if not is_right:
            value = str(getattr(weights, name))[:60]
            raise ValueError(f"its {name} makes no sense: {value!r}")
    return weights


def is_rescaling(pair):
    """Tells a pair of a mean and a scale, numbers or one for each of RGB."""
    try:
        mean, scale = (np.asarray(part, float) for part in pair)
    except (TypeError, ValueError):
        return False
    shapes = {mean.shape, scale.shape} <= {(), (3,)}
    return bool(
        shapes and np.isfinite(mean).all() and np.isfinite(scale).all()
        and scale.all()
    )  # fmt: skip


def _read_h5(file):
    """Gives the arrays, and the facts' text, of an open `.weights.h5` file.

    Shapes are looked at before any array is read, and links are not followed,
    as they may lead to other files.
    """
    import h5py

    def item(group, name):
        link = group.get(name, getlink=True)
        found = group[name] if isinstance(link, h5py.HardLink) else None
        is_data = isinstance(found, h5py.Dataset)
        if found is None or is_data and (found.external or found.is_virtual):
            raise ValueError(f"{name} lies in another file, which is not read")
        return found

    with h5py.File(file, "r") as root:
        if "model_weights" in root:
            raise ValueError(
                "it is a whole model in Keras' older format; load it and save "
                "it as .keras"
            )
        layers, others = {}, []
        groups = item(root, "layers")
        for key in groups:
            variables = item(item(groups, key), "vars")
            if len(variables):
                name = str(variables.attrs["name"])
                found = [item(variables, str(i)) for i in range(len(variables))]
                if name in LAYERS and found[0].ndim in (2, 4):
                    layers[name] = found
                else:
                    others.append(name)
        sizes = [array.size for found in layers.values() for array in found]
        if sum(sizes) > _LARGEST:
            raise ValueError(f"it claims to hold {sum(sizes)} values")
        if "conv1" not in layers:
            raise ValueError("it holds no conv1, and AlexNet's files do")
        arrays = {}
        for name, found in layers.items():
            found = [array[()] for array in found]
            if len(found) == 4:  # two towers
                found = [np.concatenate(found[i::2], -1) for i in (0, 1)]
            arrays[name] = tuple(found)
        text = "{}"
        if FACTS in root and item(root, FACTS).size < 2**24:
            text = root[FACTS][()].tobytes()
    return Weights(arrays, others=tuple(others)), text


def _facts_of(config):
    """Gives the facts that a saved model of ours tells by itself."""
    facts = {}
    for model, (_, name) in BUILDERS.items():
        if config["name"] == name:
            facts["model"] = model
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            _, height, width, _ = layer["config"]["batch_shape"]
            facts["size"] = height if height == width else None
        if layer["config"]["name"] == "rescaling":
            with np.errstate(divide="ignore", invalid="ignore"):
                scale = 1 / np.array(layer["config"]["scale"])
                mean = -np.array(layer["config"]["offset"]) * scale
            facts["rescaling"] = mean.tolist(), scale.tolist()
    return facts


def _names_beside(path, weights):
    """Finds the class names of a run's network in its `run.json`."""
    with contextlib.suppress(*DAMAGE):
        facts = json.loads(path.with_name("run.json").read_text())
        names = facts["data"]["class_names"]
        checked(weights._replace(class_names=names))
        return names
    return None


def _shapes(layer):
    """Gives the shapes of a layer's kernel and bias, of both towers."""
    kernel, bias, *_ = (tuple(w.shape) for w in layer.weights)
    if hasattr(layer, "set_grouped_weights"):
        kernel, bias = (*kernel[:3], layer.filters), (layer.filters,)
    return kernel, bias
