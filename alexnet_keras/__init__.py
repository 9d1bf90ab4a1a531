"""AlexNet in Keras, true to the paper and to the 2012 source.

The names below are loaded on first use, so that TensorFlow's start-up noise
can be silenced before TensorFlow is imported (`distribution.start`).
"""

import importlib

from alexnet_keras import lazily

__version__ = "0.2.0"

_HOMES = {
    "AlexNet": "models",
    "AlexNetMini": "models",
    "AlexNetOneTower": "models",
    "CaffeAlexNet": "models",
    "OneWeirdTrick": "models",
    "decode_predictions": "models",
    "identify": "exchange",
    "preprocess_input": "models",
    "LocalResponseNormalization": "layers",
    "ReplicaDropout": "layers",
    "TwoTowerConv2D": "layers",
    "output_size": "shapes",
    "receptive_fields": "shapes",
}
__getattr__, __dir__ = lazily.face(__name__, _HOMES)
__all__ = sorted([*_HOMES, "load_model"])


def load_model(path, **options):
    """Loads a saved model that has layers of this package.

    `import alexnet_keras.layers` before `keras.models.load_model` does the
    same for a model that was not compiled with our optimizer.

    Args:
        path: Path of a `.keras` file.
        **options: As for `keras.models.load_model`.

    Returns:
        A `keras.Model`.
    """
    import keras

    importlib.import_module(f"{__name__}.placement")  # registers our classes
    if keras.config.backend() == "tensorflow":
        importlib.import_module(f"{__name__}.recipes")
    saved = importlib.import_module(f"{__name__}.saved")
    return saved.load(path, **options)
