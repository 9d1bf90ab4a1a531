"""What a training step costs: bytes on each device, floats that cross.

Plain Python and whole numbers, as in `shapes`. Two ways to use two devices are
compared: data parallelism, where each has the whole network and half of the
batch, and the split of the paper's section 3.5, where each has half of the
network and the whole batch.
"""

import math
import numbers
from typing import NamedTuple

from alexnet_keras import shapes
from alexnet_keras.rows import Conv, Dense, Dropout, Flatten, Norm


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
    rows, size=227, channels=3, batch_size=128, tower=None, bytes_per_float=4
):
    """Counts the bytes that a network in training takes, layer by layer.

    Momentum and gradients are as large as the weights. ReLU, dropout and
    flattening take no memory and have no row. The last layer is followed by
    its softmax, a row of its own.

    Args:
        rows: List as for `shapes.table`.
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
    _check_counts(batch_size=batch_size, bytes_per_float=bytes_per_float)
    lines = shapes.table(rows, size, channels)
    in_place = {x.name for x in rows if isinstance(x, Dropout | Flatten)}
    lines = [line for line in lines if line.name not in in_place]
    if isinstance(rows[-1], Dense):
        lines.append(shapes.Line("softmax", lines[-1].output_shape))
    if tower is None:
        halves, received = [2] * len(lines), {}
    else:
        if tower not in (1, 2):
            raise ValueError(f"A tower is 1, 2 or None. Received: {tower!r}")
        halves = _halves(rows, len(lines), tower)
        received = {
            crossing.name: crossing[tower]
            for crossing in crossings(rows, size, channels)
        }
    found = []
    per_image = bytes_per_float * batch_size
    for line, held in zip(lines, halves, strict=True):
        weights = line.parameters * held // 2 * bytes_per_float
        outputs = math.prod(line.output_shape) * held // 2 * per_image
        read = received.pop(line.name, 0) * per_image
        found.append(
            Memory(line.name, weights, weights, weights, outputs, read)
        )
    for name, count in received.items():  # the join of a network without top
        found.append(Memory(name, 0, 0, 0, 0, count * per_image))
    return found


def crossings(rows, size=227, channels=3):
    """Counts the floats that cross between two towers, for one image.

    A layer reads across where its filters or units see the channels of both
    towers (paper, figure 2). The last fully connected layer stands on the
    first device. The images, which both need, are not counted.

    Args:
        rows: List as for `shapes.table`.
        size: Int, or a pair `(height, width)`.
        channels: Int.

    Returns:
        List of `Crossing` for the forward pass. As many gradients go back.

    Raises:
        ValueError: If the network has no two towers.
    """
    towers = [row for row in rows if isinstance(row, Conv) and row.groups == 2]
    norms = [row for row in rows if isinstance(row, Norm) and row.groups != 2]
    if not towers or norms:
        raise ValueError(
            "Only two towers can be split: some convolutions, and all "
            "normalisation, must have two groups. Received: "
            + ", ".join(row.name for row in norms or rows)
        )
    found, inside = [], False
    lines = shapes.table(rows, size, channels)
    for row, read in zip(rows, lines, strict=False):
        reads_all = isinstance(row, Dense) or (
            isinstance(row, Conv) and row.groups == 1
        )
        if inside and reads_all:
            half = math.prod(read.output_shape) // 2
            last = row is rows[-1]
            found.append(Crossing(row.name, half, 0 if last else half))
        inside = inside or isinstance(row, Conv)
    if not isinstance(rows[-1], Dense):
        half = math.prod(lines[-1].output_shape) // 2
        found.append(Crossing("join", half, 0))
    return found


def traffic(rows, size=227, channels=3, batch_size=128, devices=2):
    """Counts the floats that cross between devices in a step, layer by layer.

    Data parallelism adds up the gradients of each parameter in a ring: of
    `n` devices each sends the `n`-th part of it `2 (n - 1)` times, so
    `2 (n - 1)` times the parameter crosses in all, at any batch size. The
    split moves activations forward and as many gradients back, for each image.

    Args:
        rows: List as for `shapes.table`.
        size: Int, or a pair `(height, width)`.
        channels: Int.
        batch_size: Int, images of a step over all devices.
        devices: Int, devices of the data parallelism. The split has two.

    Returns:
        List of `Traffic`, for the layers that have weights.

    Raises:
        ValueError: If the network has no two towers.
    """
    _check_counts(batch_size=batch_size, devices=devices)
    images = {
        crossing.name: crossing.to_first + crossing.to_second
        for crossing in crossings(rows, size, channels)
    }
    parameters = {
        line.name: line.parameters
        for line in shapes.table(rows, size, channels)
        if line.parameters
    }
    return [
        Traffic(
            name,
            2 * (devices - 1) * parameters.get(name, 0),
            2 * batch_size * images.get(name, 0),
        )
        for name in {**parameters, **images}
    ]


def crossover(rows, size=227, channels=3):
    """Finds the batch from which the split moves more than data parallelism.

    Returns:
        Int, the smallest batch, over both devices, at which the split of two
        towers moves no fewer floats in a step than a ring of two devices.
    """
    lines = traffic(rows, size, channels, batch_size=1)
    parallel = sum(line.data_parallel for line in lines)
    return -(-parallel // sum(line.split for line in lines))


def _check_counts(**counts):
    """Refuses counts that are no whole numbers from 1 on."""
    for name, count in counts.items():
        if not isinstance(count, numbers.Integral) or count < 1:
            raise ValueError(
                f"`{name}` must be a whole number, at least 1. Received: "
                f"{count!r}"
            )


def _halves(rows, count, tower):
    """Counts the halves of `memory`'s lines that a tower's device holds."""
    first = next(
        place for place, row in enumerate(rows, 1) if isinstance(row, Conv)
    )
    halves = [2] * first + [1] * (count - first)  # both hold the images
    if isinstance(rows[-1], Dense):
        halves[-2:] = [2 if tower == 1 else 0] * 2  # fc8 and its softmax
    return halves
