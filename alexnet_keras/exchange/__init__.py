"""Files from elsewhere, both ways, and whose AlexNet they hold.

`opening` opens them, `sources` has the names of their weights, the readers
(`keras_models`, `onnx_graphs`, `weight_files`) give their layers, `line` puts
these into one line, and `identity` compares.
"""

from alexnet_keras import lazily

_HOMES = {
    "from_weights": "loading",
    "identify": "loading",
    "load": "loading",
    "read": "loading",
    "write_safetensors": "sources",
}
__getattr__, __dir__ = lazily.face(__name__, _HOMES)
__all__ = sorted(_HOMES)
