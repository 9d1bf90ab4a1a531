"""The kinds of lines that a network's table has, one for each kind of layer.

A network is a list of these named tuples (`networks`). `shapes` computes with
them, `building` makes Keras layers of them.
"""

from typing import NamedTuple


class Conv(NamedTuple):
    """A convolution with `filters` square filters, in `groups` groups.

    `padding` is `"valid"` (none), `"same"` (as TensorFlow pads), the number of
    zeros at both ends of a side, or a pair of numbers. `rounding="up"` lets
    the last filter hang over the edge, where it reads zeros.
    """

    name: str
    filters: int
    filter_size: int
    stride: int = 1
    padding: str | int | tuple[int, int] = "valid"
    groups: int = 1
    rounding: str = "down"
    activation: str | None = "relu"
    bias: bool = True


class Norm(NamedTuple):
    """Local response normalisation, as `layers.LocalResponseNormalization`."""

    name: str
    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    bias: float = 2.0
    groups: int = 1


class Pool(NamedTuple):
    """A max-pool. AlexNet's windows overlap: 3 wide, 2 apart.

    Sizes are those of `Conv`. Zeros that are added change no maximum where no
    value is below 0, as after a ReLU.
    """

    name: str
    filter_size: int = 3
    stride: int = 2
    padding: str | int | tuple[int, int] = "valid"
    rounding: str = "down"


class Resample(NamedTuple):
    """An average pool that brings every map to `size` x `size` values."""

    name: str
    size: int


class Flatten(NamedTuple):
    """All values of a map in one line."""

    name: str


class Dense(NamedTuple):
    """A fully connected layer of `units` units."""

    name: str
    units: int
    activation: str | None = "relu"
    bias: bool = True


class Dropout(NamedTuple):
    """A layer that drops this share of the units while a network learns."""

    name: str
    rate: float = 0.5
