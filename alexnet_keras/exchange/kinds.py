"""The kinds of files that are read, by their endings and their origin."""

ENDINGS = {
    ".keras": "Keras",
    ".weights.h5": "HDF5",
    ".h5": "HDF5",
    ".hdf5": "HDF5",
    ".onnx": "ONNX",
    ".safetensors": "safetensors",
    ".pth": "PyTorch",
    ".pt": "PyTorch",
    ".npz": ".npz",
}
SOURCES = {
    "onnx": ("ONNX",),
    "torchvision": ("safetensors", "PyTorch"),
    "caffe": (".npz",),
    "keras": ("Keras", "HDF5"),
}
