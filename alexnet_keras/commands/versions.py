"""What `--version` prints: all versions that a report of a defect needs.

Nothing is imported to find them, so it answers at once.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform

import alexnet_keras
from alexnet_keras.runs import machine

_PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "h5py",
    "tensorflow-datasets",
    "matplotlib",
    "pillow",
    "scikit-learn",
    "jupyterlab",
    "ipykernel",
    "onnx",
    "safetensors",
)


class ShowVersions(argparse.Action):
    """Prints them as they are, which argparse's own action would fill up."""

    def __call__(self, parser, *_):
        """Prints them and ends."""
        print(report())
        parser.exit()


def report():
    """Gives the package's version and all else that what it does depends on.

    Returns:
        Str, a line for each.
    """
    lines = [
        f"alexnet-keras {alexnet_keras.__version__}",
        f"Python {platform.python_version()}",
        f"system {platform.platform()}",
        f"processor {machine.processor()}",
    ]
    for name in _PACKAGES:
        lines.append(f"{name} {installed(name) or 'is not installed'}")
    return "\n".join([*lines, f"backend of Keras {_backend()}"])


def installed(name):
    """Gives the version of a package that pip or conda has installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _backend():
    """Finds the backend that Keras would start, in Keras' own order."""
    if name := os.environ.get("KERAS_BACKEND"):
        return f"{name} (from KERAS_BACKEND)"
    home = os.environ.get("KERAS_HOME")
    folder = pathlib.Path(home) if home else pathlib.Path.home() / ".keras"
    path = folder / "keras.json"
    try:
        name = json.loads(path.read_text(encoding="utf-8"))["backend"]
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        return "tensorflow"
    return f"{name} (from keras.json)"
