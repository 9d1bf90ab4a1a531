"""The networks, each as a table: one line a layer, from the image to fc8.

Everything else follows from them: the Keras models, sizes and counts, memory
and traffic, weights, and whose AlexNet a file holds. Layer names are Caffe's.
"""

from typing import NamedTuple

from alexnet_keras import shapes
from alexnet_keras.rows import (
    Conv,
    Dense,
    Dropout,
    Flatten,
    Norm,
    Pool,
    Resample,
)

# The paper, figure 2 and section 3.5; two towers are two groups. As in the
# 2012 code, conv1 rounds up and normalisation stays within a tower.
ALEXNET = (
    Conv("conv1", 96, 11, stride=4, rounding="up"),
    Norm("norm1", groups=2),
    Pool("pool1"),
    Conv("conv2", 256, 5, padding="same", groups=2),
    Norm("norm2", groups=2),
    Pool("pool2"),
    Conv("conv3", 384, 3, padding="same"),  # reads both towers
    Conv("conv4", 384, 3, padding="same", groups=2),
    Conv("conv5", 256, 3, padding="same", groups=2),
    Pool("pool5"),
    Flatten("flatten"),  # 6 x 6 x 256 = 9216
    Dense("fc6", 4096),
    Dropout("drop6"),
    Dense("fc7", 4096),
    Dropout("drop7"),
    Dense("fc8", 1000, activation="softmax"),
)
# The same without the split: every filter reads every channel.
ONE_TOWER = (
    Conv("conv1", 96, 11, stride=4, rounding="up"),
    Norm("norm1"),
    Pool("pool1"),
    Conv("conv2", 256, 5, padding="same"),
    Norm("norm2"),
    Pool("pool2"),
    Conv("conv3", 384, 3, padding="same"),
    Conv("conv4", 384, 3, padding="same"),
    Conv("conv5", 256, 3, padding="same"),
    Pool("pool5"),
    *ALEXNET[10:],
)
# BVLC/caffe, models/bvlc_alexnet; its sizes: src/caffe/layers. Convolutions
# round down and pools up; alpha is divided by the window.
CAFFE = (
    Conv("conv1", 96, 11, stride=4),
    Norm("norm1", alpha=1e-4 / 5, bias=1.0),
    Pool("pool1", rounding="up"),
    Conv("conv2", 256, 5, padding="same", groups=2),
    Norm("norm2", alpha=1e-4 / 5, bias=1.0),
    Pool("pool2", rounding="up"),
    Conv("conv3", 384, 3, padding="same"),
    Conv("conv4", 384, 3, padding="same", groups=2),
    Conv("conv5", 256, 3, padding="same", groups=2),
    Pool("pool5", rounding="up"),
    *ALEXNET[10:],
)
# pytorch/vision, models/alexnet.py, after "One weird trick for parallelizing
# convolutional neural networks" (Krizhevsky, 2014). Dropout comes first.
ONE_WEIRD_TRICK = (
    Conv("conv1", 64, 11, stride=4, padding=2),
    Pool("pool1"),
    Conv("conv2", 192, 5, padding="same"),
    Pool("pool2"),
    Conv("conv3", 384, 3, padding="same"),
    Conv("conv4", 256, 3, padding="same"),
    Conv("conv5", 256, 3, padding="same"),
    Pool("pool5"),
    Resample("resample5", 6),
    Flatten("flatten"),
    Dropout("drop6"),
    Dense("fc6", 4096),
    Dropout("drop7"),
    Dense("fc7", 4096),
    Dense("fc8", 1000, activation="softmax"),
)
# AlexNet's layers in AlexNet's order for 64 pixels, to try things on a laptop.
MINI = (
    Conv("conv1", 32, 5, stride=2, rounding="up"),
    Norm("norm1", groups=2),
    Pool("pool1"),
    Conv("conv2", 64, 5, padding="same", groups=2),
    Norm("norm2", groups=2),
    Pool("pool2"),
    Conv("conv3", 96, 3, padding="same"),
    Conv("conv4", 96, 3, padding="same", groups=2),
    Conv("conv5", 64, 3, padding="same", groups=2),
    Pool("pool5"),
    Flatten("flatten"),
    Dense("fc6", 256),
    Dropout("drop6"),
    Dense("fc7", 256),
    Dropout("drop7"),
    Dense("fc8", 10, activation="softmax"),
)
# Mean colours and scales of pictures from 0 to 255, RGB. The mean is
# ImageNet's, by akrizhevsky/cuda-convnet2; Caffe's is the one of its tutorial.
_IMAGENET = ((127.30, 119.72, 104.91), 1.0)
_CAFFE = ((122.679, 116.669, 104.007), 1.0)
_TORCHVISION = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


class Network(NamedTuple):
    """A table, and what is known of it besides.

    Attributes:
        layers: Tuple of `rows`.
        size: Int, side of its pictures in pixels.
        rescaling: Pair `(mean, scale)`: what was subtracted from its pictures,
            RGB from 0 to 255, and what they were divided by.
        builder: Str, the function in `models`.
        name: Str, the Keras model's name.
    """

    layers: tuple
    size: int
    rescaling: tuple
    builder: str
    name: str


NETWORKS = {
    "two-tower": Network(ALEXNET, 227, _IMAGENET, "AlexNet", "alexnet"),
    "one-tower": Network(
        ONE_TOWER, 227, _IMAGENET, "AlexNetOneTower", "alexnet_one_tower"
    ),
    "caffe": Network(CAFFE, 227, _CAFFE, "CaffeAlexNet", "caffe_alexnet"),
    "one-weird-trick": Network(
        ONE_WEIRD_TRICK, 224, _TORCHVISION, "OneWeirdTrick", "one_weird_trick"
    ),
    "mini": Network(MINI, 64, _IMAGENET, "AlexNetMini", "alexnet_mini"),
}


def find(name):
    """Gives a network by its name in `NETWORKS`.

    Raises:
        ValueError: If there is no such network; the message names them.
    """
    if name not in NETWORKS:
        raise ValueError(
            f"`network` must be one of {', '.join(NETWORKS)}. "
            f"Received: {name!r}"
        )
    return NETWORKS[name]


def body(layers):
    """Gives a network's layers up to pool5, without its top."""
    kinds = [type(row) for row in layers]
    end = min(
        kinds.index(kind) for kind in (Flatten, Resample) if kind in kinds
    )
    return layers[:end]


def with_classes(layers, classes):
    """Gives a network's layers with another number of classes."""
    return (*layers[:-1], layers[-1]._replace(units=classes))


def check_size(network, *sides):
    """Refuses pictures that are too small for a network.

    Args:
        network: A `Network`.
        *sides: Ints, pixels; None for a side that is not known.

    Raises:
        ValueError: If nothing would be left at pool5.
    """
    least = shapes.smallest_size(body(network.layers))
    if any(side is not None and side < least for side in sides):
        small = network is not NETWORKS["mini"]
        raise ValueError(
            "The images are too small: nothing would be left at pool5. "
            f"Received: {' x '.join(map(str, sides))} pixels. Use images of "
            f"at least {least} x {least}" + ", or `AlexNetMini`" * small + "."
        )
