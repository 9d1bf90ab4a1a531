"""AlexNet in Keras, true to the paper and to the 2012 source.

The names below are loaded on first use, so that TensorFlow's start-up noise
can be silenced before TensorFlow is imported (`distribution.start`). To load a
saved model elsewhere, `import alexnet_keras.layers` first: that registers the
layers which Keras lacks.
"""

import importlib

__version__ = "0.1.0"

_HOMES = {
    "AlexNet": "models",
    "AlexNetMini": "models",
    "AlexNetOneTower": "models",
    "CaffeAlexNet": "models",
    "OneWeirdTrick": "models",
    "decode_predictions": "models",
    "identify": "fingerprint",
    "preprocess_input": "models",
    "LocalResponseNormalization": "layers",
    "ReplicaDropout": "layers",
    "TwoTowerConv2D": "layers",
    "output_size": "shapes",
    "receptive_fields": "shapes",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    """Loads a public name when it is used."""
    if name in _HOMES:
        home = importlib.import_module(f"{__name__}.{_HOMES[name]}")
        return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    """Lists the public names beside the module's own."""
    return sorted([*globals(), *_HOMES])
