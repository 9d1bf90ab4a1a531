"""Solids: rendered pictures of ten kinds of bodies; see README.md.

Importing this makes the data set known to `tfds.load("solids")`.
"""

from alexnet_keras.datasets.solids.render import render
from alexnet_keras.datasets.solids.scene import CLASS_NAMES
from alexnet_keras.datasets.solids.solids import Solids, prepare

__all__ = ["CLASS_NAMES", "Solids", "prepare", "render"]
