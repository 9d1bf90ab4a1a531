"""What a training step costs: bytes on each device, floats that cross.

Plain Python and whole numbers, as in `shapes`, whose lists of layers the
functions take. Two ways to use two devices are compared: data parallelism,
where each has the whole network and half of the batch, and the split of the
paper's section 3.5, where each has half of the network and the whole batch.
"""

import math
import numbers
from typing import NamedTuple

from alexnet_keras import shapes


class Memory(NamedTuple):
    """Bytes that a layer takes on one device while a network is trained.

    `activations` are the layer's outputs for the whole batch, `received` what
    it reads from the other device. Work space of the convolutions and the
    gradients of the activations come on top.
    """

    name: str
    weights: int
    gradients: int
    momentum: int
    activations: int
    received: int = 0

    @property
    def total(self):
        """Gives the sum."""
        return sum(self[1:])


class Crossing(NamedTuple):
    """Floats that a layer reads from the other device, for one image.

    `to_first` go to the first device, `to_second` to the second.
    """

    name: str
    to_first: int
    to_second: int


class Traffic(NamedTuple):
    """Floats that cross between devices in a step because of one layer."""

    name: str
    data_parallel: int
    split: int

    def bytes(self, bytes_per_float=4):
        """Gives the same in bytes."""
        return self._replace(
            data_parallel=self.data_parallel * bytes_per_float,
            split=self.split * bytes_per_float,
        )


def memory(
    layers, size=227, channels=3, batch_size=128, tower=None, bytes_per_float=4
):
    """Counts the bytes that a network in training takes, layer by layer.

    Momentum and gradients are as large as the weights. ReLU and dropout work
    in place. The last layer is followed by its softmax, a row of its own.

    Args:
        layers: List as for `shapes.table`, sizes rounded down.
        size: Int, side of the square input, or a pair `(height, width)`.
        channels: Int, channels of the input.
        batch_size: Int, images on this device. With the split both devices
            work on all images of a batch.
        tower: `None` for a network on one device; `1` or `2` for what the
            first or the second device holds of a network with two towers.
        bytes_per_float: Int.

    Returns:
        List of `Memory`, the first one for the input.

    Raises:
        ValueError: If the network has no two towers.
    """
    check_counts(batch_size=batch_size, bytes_per_float=bytes_per_float)
    rows = shapes.table(layers, size, channels)
    if isinstance(layers[-1], shapes.Dense):
        units = rows[-1].output_shape
        rows.append(shapes.Row("softmax", units, 0, 0))
    if tower is None:
        halves, received = [2] * len(rows), {}
    else:
        if tower not in (1, 2):
            raise ValueError(f"A tower is 1, 2 or None. Received: {tower!r}")
        halves = _halves(layers, len(rows), tower)
        received = {
            crossing.name: crossing[tower]
            for crossing in crossings(layers, size, channels)
        }
    found = []
    per_image = bytes_per_float * batch_size
    for row, held in zip(rows, halves, strict=True):
        weights = row.parameters * held // 2 * bytes_per_float
        outputs = math.prod(row.output_shape) * held // 2 * per_image
        read = received.pop(row.name, 0) * per_image
        found.append(Memory(row.name, weights, weights, weights, outputs, read))
    for name, count in received.items():  # the join of a network without top
        found.append(Memory(name, 0, 0, 0, 0, count * per_image))
    return found


def crossings(layers, size=227, channels=3):
    """Counts the floats that cross between two towers, for one image.

    A layer reads across where its filters or units see the channels of both
    towers (paper, figure 2). The last fully connected layer stands on the
    first device. The images, which both need, are not counted.

    Args:
        layers: List as for `shapes.table`, sizes rounded down.
        size: Int, or a pair `(height, width)`.
        channels: Int.

    Returns:
        List of `Crossing` for the forward pass. As many gradients go back.

    Raises:
        ValueError: If the network has no two towers.
    """
    towers = [x for x in layers if isinstance(x, shapes.Conv) and x.groups == 2]
    norms = [x for x in layers if isinstance(x, shapes.Norm) and x.groups != 2]
    if not towers or norms:
        raise ValueError(
            "Only two towers can be split: some convolutions, and all "
            "normalisation, must have two groups. Received: "
            + ", ".join(layer.name for layer in norms or layers)
        )
    found, inside = [], False
    rows = shapes.table(layers, size, channels)
    for layer, row in zip(layers, rows, strict=False):  # what the layer reads
        reads_all = isinstance(layer, shapes.Dense) or (
            isinstance(layer, shapes.Conv) and layer.groups == 1
        )
        if inside and reads_all:
            half = math.prod(row.output_shape) // 2
            last = layer is layers[-1]
            found.append(Crossing(layer.name, half, 0 if last else half))
        inside = inside or isinstance(layer, shapes.Conv)
    if not isinstance(layers[-1], shapes.Dense):
        half = math.prod(rows[-1].output_shape) // 2
        found.append(Crossing("join", half, 0))
    return found


def traffic(layers, size=227, channels=3, batch_size=128, devices=2):
    """Counts the floats that cross between devices in a step, layer by layer.

    Data parallelism adds up the gradients of each parameter in a ring: of
    `n` devices each sends the `n`-th part of it `2 (n - 1)` times, so
    `2 (n - 1)` times the parameter crosses in all, at any batch size. The
    split moves activations forward and as many gradients back, for each image.

    Args:
        layers: List as for `shapes.table`, sizes rounded down.
        size: Int, or a pair `(height, width)`.
        channels: Int.
        batch_size: Int, images of a step over all devices.
        devices: Int, devices of the data parallelism. The split has two.

    Returns:
        List of `Traffic`, for the layers that have weights.

    Raises:
        ValueError: If the network has no two towers.
    """
    check_counts(batch_size=batch_size, devices=devices)
    images = {
        crossing.name: crossing.to_first + crossing.to_second
        for crossing in crossings(layers, size, channels)
    }
    rows = shapes.table(layers, size, channels)
    parameters = {row.name: row.parameters for row in rows if row.parameters}
    return [
        Traffic(
            name,
            2 * (devices - 1) * parameters.get(name, 0),
            2 * batch_size * images.get(name, 0),
        )
        for name in {**parameters, **images}
    ]


def crossover(layers, size=227, channels=3):
    """Finds the batch from which the split moves more than data parallelism.

    Returns:
        Int, the smallest batch, over both devices, at which the split of two
        towers moves no fewer floats in a step than a ring of two devices.
    """
    rows = traffic(layers, size, channels, batch_size=1)
    parallel = sum(row.data_parallel for row in rows)
    return -(-parallel // sum(row.split for row in rows))


def check_counts(**counts):
    """Refuses counts that are no whole numbers from 1 on.

    Raises:
        ValueError: Names the argument.
    """
    for name, count in counts.items():
        if not isinstance(count, numbers.Integral) or count < 1:
            raise ValueError(
                f"`{name}` must be a whole number, at least 1. Received: "
                f"{count!r}"
            )


def _halves(layers, count, tower):
    """Counts the halves of each row of `memory` that a tower's device holds."""
    first = next(
        place
        for place, layer in enumerate(layers, 1)
        if isinstance(layer, shapes.Conv)
    )
    halves = [2] * first + [1] * (count - first)  # both hold the images
    if isinstance(layers[-1], shapes.Dense):
        halves[-2:] = [2 if tower == 1 else 0] * 2  # fc8 and its softmax
    return halves
