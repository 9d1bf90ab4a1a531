"""The two-tower AlexNet, written as one would in plain Keras and in PyTorch.

Both compute what `alexnet_keras.AlexNet` does, but that normalisation reaches
from one tower into the other: neither peer has a grouped one. Frameworks are
imported where they are used, since each runs in a process of its own.
"""

import functools
import importlib.util

import numpy as np


def keras_network(size, dropout=0.5):
    """Builds the network from Keras' and TensorFlow's own parts.

    Args:
        size: Int, side of the images in pixels; conv1 must fit exactly.
        dropout: Float.

    Returns:
        A `keras.Sequential` that gives probabilities `(batch, 1000)`.
    """
    import keras
    import tensorflow as tf
    from keras import layers

    class Normalization(layers.Layer):
        def call(self, inputs):
            return tf.nn.local_response_normalization(
                inputs, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75
            )

    conv = functools.partial(
        layers.Conv2D, activation="relu", kernel_initializer="he_normal"
    )
    dense = functools.partial(
        layers.Dense, activation="relu", kernel_initializer="he_normal"
    )
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            conv(96, 11, strides=4),
            Normalization(),
            layers.MaxPooling2D(3, 2),
            conv(256, 5, padding="same", groups=2),
            Normalization(),
            layers.MaxPooling2D(3, 2),
            conv(384, 3, padding="same"),
            conv(384, 3, padding="same", groups=2),
            conv(256, 3, padding="same", groups=2),
            layers.MaxPooling2D(3, 2),
            layers.Flatten(),
            dense(4096),
            layers.Dropout(dropout),
            dense(4096),
            layers.Dropout(dropout),
            layers.Dense(1000, activation="softmax"),
        ]
    )


def torch_network(size, dropout=0.5):
    """Builds the network from PyTorch's own parts.

    Args:
        size: Int, side of the images in pixels; conv1 must fit exactly.
        dropout: Float.

    Returns:
        A `torch.nn.Sequential` that gives logits `(batch, 1000)`.
    """
    import torch
    from torch import nn

    def relu():
        return nn.ReLU(inplace=True)

    class Normalization(nn.LocalResponseNorm):
        def forward(self, inputs):  # which has no bfloat16 on a processor
            return super().forward(inputs.float()).to(inputs.dtype)

    def norm():  # PyTorch divides alpha by the size of the window
        return Normalization(5, alpha=5 * 1e-4, beta=0.75, k=2.0)

    features = nn.Sequential(
        nn.Conv2d(3, 96, 11, stride=4),
        relu(),
        norm(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2),
        relu(),
        norm(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1),
        relu(),
        nn.Conv2d(384, 384, 3, padding=1, groups=2),
        relu(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2),
        relu(),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
    )
    with torch.no_grad():
        inputs = features(torch.zeros(1, 3, size, size)).shape[1]
    return nn.Sequential(
        *features,
        nn.Linear(inputs, 4096),
        relu(),
        nn.Dropout(dropout),
        nn.Linear(4096, 4096),
        relu(),
        nn.Dropout(dropout),
        nn.Linear(4096, 1000),
    )


def torchvision_network(size, dropout=0.5):
    """Builds torchvision's AlexNet, by torchvision where it is installed.

    Else by the same layers (pytorch/vision, `models/alexnet.py`).

    Args:
        size: Int, side of the images in pixels.
        dropout: Float.

    Returns:
        A `torch.nn.Sequential` that gives logits `(batch, 1000)`.
    """
    from torch import nn

    if importlib.util.find_spec("torchvision"):
        from torchvision.models import alexnet

        whole = alexnet(dropout=dropout)
        pool, top = (whole.avgpool, nn.Flatten()), whole.classifier
        return nn.Sequential(*whole.features, *pool, *top)

    def relu():
        return nn.ReLU(inplace=True)

    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        relu(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2),
        relu(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1),
        relu(),
        nn.Conv2d(384, 256, 3, padding=1),
        relu(),
        nn.Conv2d(256, 256, 3, padding=1),
        relu(),
        nn.MaxPool2d(3, 2),
        nn.AdaptiveAvgPool2d((6, 6)),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(256 * 6 * 6, 4096),
        relu(),
        nn.Dropout(dropout),
        nn.Linear(4096, 4096),
        relu(),
        nn.Linear(4096, 1000),
    )


def save_weights(path, ours):
    """Writes the weights of one of our networks, layer by layer.

    Args:
        path: Path of an `.npz` file.
        ours: A `keras.Model`.
    """
    from alexnet_keras.weights import arrays_of

    layers = [layer for layer in ours.layers if layer.weights]
    maps = ours.get_layer("flatten").input.shape[1:]  # (height, width, 256)
    arrays = {
        f"{x.name}-{i}": a for x in layers for i, a in enumerate(arrays_of(x))
    }
    np.savez(path, maps=maps, **arrays)


def give_keras(path, network):
    """Gives saved weights to one of our networks, or to the plain Keras one."""
    from alexnet_keras.weights import give

    layers = [layer for layer in network.layers if layer.weights]
    _, pairs = _saved(path)
    for layer, pair in zip(layers, pairs, strict=True):
        give(layer, pair)


def give_torch(path, network):
    """Gives saved weights to a `torch.nn.Sequential` of the same layers."""
    import torch

    layers = [layer for layer in network if list(layer.parameters())]
    maps, pairs = _saved(path)
    flat = [pair[0].ndim for pair in pairs].index(2)  # fc6
    for number, (layer, (kernel, bias)) in enumerate(
        zip(layers, pairs, strict=True)
    ):
        if number == flat:  # PyTorch flattens channels first
            kernel = kernel.reshape(*maps, -1).transpose(2, 0, 1, 3)
            kernel = kernel.reshape(np.prod(maps), -1)
        axes = (3, 2, 0, 1) if kernel.ndim == 4 else (1, 0)
        with torch.no_grad():
            kernel = np.ascontiguousarray(kernel.transpose(axes))
            layer.weight.copy_(torch.from_numpy(kernel))
            layer.bias.copy_(torch.from_numpy(bias))


def _saved(path):
    """Reads the maps' shape, and a kernel and a bias for each layer."""
    with np.load(path) as file:
        arrays = dict(file)
    maps = arrays.pop("maps")
    arrays = [*arrays.values()]
    return maps, [*zip(arrays[::2], arrays[1::2], strict=True)]
