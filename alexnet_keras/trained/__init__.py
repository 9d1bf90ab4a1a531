"""What comes trained with the package; README.md beside it tells how.

`AlexNetMini(weights="solids")` is the whole small network. Of the full network
only conv1's filters are small enough to come along.
"""

import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent
SOLIDS = "solids"  # the set that they were trained on
MINI = FOLDER / "solids-mini.weights.h5"
CONV1 = FOLDER / "solids-two-tower-conv1.npy"


def conv1_filters():
    """Reads the full network's conv1 filters, trained on solids.

    Returns:
        Float32 array `(11, 11, 3, 96)`: height, width, RGB, filter. The first
        48 are the first tower's. They read pictures of unit variance.
    """
    return np.load(CONV1).astype("float32")
