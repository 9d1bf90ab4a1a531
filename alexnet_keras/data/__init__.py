"""Data sets: a TFDS name, the embedded set or a folder of photographs."""

from alexnet_keras.augment import stored_size
from alexnet_keras.data.batches import Colors, Data
from alexnet_keras.data.decoding import DataError, decode
from alexnet_keras.data.loading import load, located
from alexnet_keras.data.sharing import (
    share_out,
    shared_training,
    shared_validation,
)
from alexnet_keras.data.walking import pictures_below

__all__ = [
    "Colors",
    "Data",
    "DataError",
    "decode",
    "load",
    "located",
    "pictures_below",
    "share_out",
    "shared_training",
    "shared_validation",
    "stored_size",
]
