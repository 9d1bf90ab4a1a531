"""Reads the steps of Keras models from their configurations.

A live model and the `config.json` of a `.keras` file have the same form, so
one reader does for both. No layer is made and no code of a file runs.
"""

import functools
import json
import zipfile
import zlib

from alexnet_keras.fingerprint.keras_layers import (
    activation_name,
    lambda_step,
    layer_step,
    operation_step,
)
from alexnet_keras.fingerprint.steps import Network, Step

_LARGEST = 16 * 2**20  # bytes of a config.json; AlexNet's has 20,000


def read_model(model):
    """Gives the `Network` of a live Keras model."""
    if hasattr(model, "in_one_piece"):  # placement.PlacedModel
        model = model.in_one_piece()
    try:
        config = model.get_config()
    except NotImplementedError:  # a layer without `get_config`
        config = {}
    functions = dict(_functions(model))
    if isinstance(config, dict) and "layers" in config:
        return read_config(config, functions)
    layers = [
        {
            "class_name": type(layer).__name__,
            "config": _config(layer),
            "build_config": layer.get_build_config(),
        }
        for layer in model.layers
    ]
    network = read_config({"layers": layers}, functions)
    if type(model).__name__ == "Sequential":
        return network
    return network._replace(
        silent=frozenset({"activation", "order", "flatten", "places"}),
        notes=(
            "A subclassed model names its layers, but not what `call` does "
            "between them.",
        ),
    )


def read_file(path):
    """Gives the `Network` of a `.keras` file.

    Raises:
        ValueError: If the file is damaged or holds something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo("config.json").file_size
            with archive.open("config.json") as file:
                # the size that a zip gives need not be true
                text = file.read(_LARGEST + 1)
    except KeyError:
        raise ValueError(
            "A `.keras` file holds a config.json, and this one does not. "
            f"Received: {path}. Save the model with "
            '`model.save("model.keras")`.'
        ) from None
    except (
        zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError,
    ) as error:  # fmt: skip
        raise ValueError(
            f"The file is not a whole zip, as `.keras` files are: {error}. "
            f"Received: {path}. Copy or download it again."
        ) from None
    if max(size, len(text)) > _LARGEST:
        raise ValueError(
            f"The config.json in the file is larger than {_LARGEST:,} bytes; "
            f"AlexNet's has about 20,000. Received: {path}. It is not read."
        )
    return read_json(text, path)


def read_json(text, path):
    """Gives the `Network` of a model's configuration in JSON."""
    try:
        config = json.loads(text)["config"]
        if "layers" not in config:
            raise ValueError("it lists no layers, as for a subclassed model")
        return read_config(config)
    except (
        AttributeError, IndexError, KeyError, OverflowError, RecursionError,
        TypeError, ValueError,
    ) as error:  # fmt: skip
        raise ValueError(
            "The model's configuration cannot be read: "
            f"{type(error).__name__}: {error}. Received: {path}. Save the "
            "model again, or load it yourself and give the model."
        ) from None


def read_config(config, functions=None):
    """Gives the `Network` of a configuration, as `get_config` returns it.

    Args:
        config: Dict with a list of layers under "layers".
        functions: Dict from the names of a live model's `Lambda` layers to
            their functions.
    """
    found = {"steps": [], "joined": {}, "functions": functions or {}}
    shape = _input_shape(config)
    _read_layers(config, (), "", found)
    joined = found["joined"]

    @functools.cache
    def resolve(name):
        if name not in joined:
            return (name,)
        names = [one for other in joined[name] for one in resolve(other)]
        return tuple(dict.fromkeys(names))

    steps = [
        step._replace(
            inputs=tuple(one for name in step.inputs for one in resolve(name))
        )
        for step in found["steps"]
    ]
    return Network(steps, shape)


def _functions(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _functions(layer)
        elif type(layer).__name__ == "Lambda":
            yield layer.name, layer.function


def _config(layer):
    try:
        return layer.get_config()
    except NotImplementedError:
        return {
            "name": layer.name,
            **{
                key.lstrip("_"): value
                for key, value in vars(layer).items()
                if isinstance(value, int | float | str)
            },
        }


def _input_shape(config):
    """Finds the input's (height, width, channels), as far as it is told."""
    shapes, first = [config.get("build_input_shape")], "channels_last"
    for layer in _flat(config):
        own, built = layer["config"], layer.get("build_config") or {}
        shapes += [
            own.get("batch_shape"),
            own.get("batch_input_shape"),
            built.get("input_shape"),
        ]
        if "data_format" in own and "kernel_size" in own:
            first = own["data_format"]
            break
    for shape in shapes:
        if isinstance(shape, list | tuple) and len(shape) == 4:
            _, *sides = shape
            if first == "channels_first":
                sides = [*sides[1:], sides[0]]
            return tuple(sides)
    return (None, None, None)


def _flat(config):
    for layer in config["layers"]:
        if "layers" in layer["config"]:
            yield from _flat(layer["config"])
        else:
            yield layer


def _read_layers(config, feeds, prefix, found):
    """Adds the steps of a model; gives the names of its outputs."""
    layers = config["layers"]
    if not any("inbound_nodes" in layer for layer in layers):  # Sequential
        for number, layer in enumerate(layers):
            if layer["class_name"] == "InputLayer" and feeds:
                continue
            feeds = _read_call(layer, feeds, f"{prefix}{number}/", found)
        return feeds
    entries = iter(feeds)
    for layer in layers:
        name = layer.get("name") or layer["config"]["name"]
        calls = layer.get("inbound_nodes") or [[]]
        for number, call in enumerate(calls):
            key = f"{prefix}{name}/{number}"
            inputs = tuple(f"{prefix}{one}" for one in _sources(call))
            if layer["class_name"] == "InputLayer" and feeds:
                found["joined"][key] = (next(entries, feeds[0]),)
            else:
                outputs = _read_call(layer, inputs, key, found, call)
                if outputs != (key,):
                    found["joined"][key] = outputs
    outputs = config.get("output_layers") or []
    outputs = [outputs] if outputs and isinstance(outputs[0], str) else outputs
    return tuple(f"{prefix}{one[0]}/{one[1]}" for one in outputs)


def _sources(call):
    """Yields what a call reads, as "name/number of its call"."""
    if isinstance(call, dict):
        if call.get("class_name") == "__keras_tensor__":
            name, number, _ = call["config"]["keras_history"]
            yield f"{name}/{number}"
        else:
            for value in call.values():
                yield from _sources(value)
    elif isinstance(call, list | tuple):
        if len(call) >= 3 and isinstance(call[0], str):  # of Keras 2
            if isinstance(call[1], int):
                yield f"{call[0]}/{call[1]}"
        else:
            for value in call:
                yield from _sources(value)


def _read_call(layer, inputs, key, found, call=()):
    """Adds the steps of one call of a layer; gives their last name."""
    kind, config = layer["class_name"].split(">")[-1], layer["config"]
    if kind == "PlacedModel":  # which holds the network in one piece
        config = json.loads(config["whole"])["config"]
    if isinstance(config.get("layers"), list):
        return _read_layers(config, inputs, f"{key}/", found)
    if kind == "Lambda":
        steps = [
            lambda_step(config, found["functions"].get(config.get("name")))
        ]
    elif kind.endswith("OpLambda"):  # Keras 2: an operation of TensorFlow
        steps = [operation_step(config, call)]
    else:
        steps = [layer_step(kind, config)]
    function = activation_name(config.get("activation"))
    if function != "linear" and steps[0][0] in ("conv", "dense"):
        steps.append(("activation", {"function": function}))
    for left, (kind, settings) in zip(
        range(len(steps) - 1, -1, -1), steps, strict=True
    ):
        name = f"{key}-{left}" if left else key  # the last one is the output
        found["steps"].append(Step(kind, name, settings, tuple(inputs)))
        inputs = (name,)
    return inputs
