"""Saved networks of ours, without random numbers that are overwritten at once.

Keras fills the network that it loads with fresh weights, which takes longer
for AlexNet than to read those of the file, and then replaces them all. It also
refuses what a newer Keras wrote.
"""

import zipfile

import keras

from alexnet_keras import files, weights

_HELD = {"metadata.json", "config.json", "model.weights.h5"}


def load(path, custom_objects=None, compile=True, safe_mode=True):
    """Loads a `.keras` file as `keras.models.load_model` does, but sooner.

    What is not plainly a network of ours is left to Keras; so is a damaged
    file, and one that holds an optimizer which is asked for.

    Args:
        path: Path.
        custom_objects: As Keras'.
        compile: As Keras'.
        safe_mode: As Keras'.

    Returns:
        A `keras.Model`.
    """
    model = None
    if custom_objects is None:
        try:
            model = _load(path, compile, safe_mode)
        except files.DAMAGE:
            pass  # Keras tells what is wrong
    if model is None:
        model = keras.models.load_model(
            path, custom_objects, compile, safe_mode
        )
    return model


def _load(path, compile, safe_mode):
    """Loads a network of ours; gives None for any other."""
    with zipfile.ZipFile(path) as archive:
        config = weights.read_config(archive)
        asks_more = compile and config.get("compile_config")
        if asks_more or {*archive.namelist()} != _HELD:
            return None
        found = weights.read_arrays(archive)
    drawn = _without_draws(config)
    if found.others or found.arrays.keys() != drawn.keys():
        return None
    config["compile_config"] = None
    model = keras.saving.deserialize_keras_object(config, safe_mode=safe_mode)
    weights.assign(model, found)
    for name, initializer in drawn.items():
        layer = model.get_layer(name)
        layer.kernel_initializer = keras.initializers.get(_plain(initializer))
    return model


def _plain(initializer):
    """Leaves out the options that are None, which an older Keras may lack.

    Keras 3.15 writes two into each of He's that Keras 3.13 does not know.
    """
    if not isinstance(initializer, dict):
        return initializer
    options = initializer["config"].items()
    known = {name: value for name, value in options if value is not None}
    return {**initializer, "config": known}


def _without_draws(config):
    """Changes the kernels' initializers to zeros, and gives those there were.

    Returns:
        Dict from a layer's name to what its configuration held.
    """
    drawn = {}
    for layer in config["config"]["layers"]:
        options = layer["config"]
        if "kernel_initializer" in options:
            drawn[options["name"]] = options["kernel_initializer"]
            options["kernel_initializer"] = "zeros"
    return drawn
