"""Files from elsewhere, both ways, and whose AlexNet they hold.

`opening` opens them, `pytorch` those of PyTorch; `sources` has the names of
their weights, the readers (`keras_models`, `onnx_graphs`, `weight_files`) give
their layers, `line` puts these into one line, and `identity` compares. Of an
ONNX graph `onnx_constants` has the weights, `onnx_layers` the layers,
`onnx_steps` what only hands values on, and `pixels` what comes before conv1.
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
