"""The two-tower AlexNet, written as one would in plain Keras and in PyTorch.

Both compute what `alexnet_keras.AlexNet` does, but that normalisation reaches
from one tower into the other: neither peer has a grouped one. Frameworks are
imported where they are used, since each runs in a process of its own.
"""

import functools

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

    def norm():  # PyTorch divides alpha by the size of the window
        return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)

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


def compare(size, num_steps=3, batch_size=8, learning_rate=1e-3):
    """Trains the three networks from the same weights on the same batch.

    Args:
        size: Int, side of the images in pixels.
        num_steps: Int. From the second on, the loss tells of gradients too.
        batch_size: Int.
        learning_rate: Float.

    Returns:
        Float array `(3, num_steps)`, the loss before each step: ours, plain
        Keras', PyTorch's.
    """
    import keras
    import torch

    from alexnet_keras import models

    keras.utils.set_random_seed(0)
    generator = np.random.default_rng(0)
    images = generator.normal(size=(batch_size, size, size, 3))
    images = images.astype(np.float32)
    labels = generator.integers(0, 1000, batch_size)

    ours = models.AlexNet(
        input_shape=(size, size, 3), dropout=0, initialization="he"
    )
    plain = keras_network(size, dropout=0)
    peer = torch_network(size, dropout=0)
    _copy_weights(ours, plain, peer)

    losses = []
    for network in (ours, plain):
        network.compile(
            keras.optimizers.SGD(learning_rate, momentum=0.9),
            "sparse_categorical_crossentropy",
        )
        losses.append([])
        for _ in range(num_steps):
            network.reset_metrics()
            losses[-1].append(float(network.train_on_batch(images, labels)))

    optimizer = torch.optim.SGD(peer.parameters(), learning_rate, momentum=0.9)
    images = torch.from_numpy(images.transpose(0, 3, 1, 2))
    losses.append([])
    for _ in range(num_steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            peer(images), torch.from_numpy(labels)
        )
        loss.backward()
        optimizer.step()
        losses[-1].append(loss.item())
    return np.array(losses)


def _copy_weights(ours, plain, peer):
    """Gives the weights of our network to both peers."""
    import torch

    from alexnet_keras.weights import arrays_of

    def with_weights(layers):
        return [layer for layer in layers if list(layer.parameters())]

    sources = [layer for layer in ours.layers if layer.weights]
    targets = [layer for layer in plain.layers if layer.weights]
    maps = ours.get_layer("pool5").output.shape[1:]  # (height, width, 256)
    for source, target, other in zip(
        sources, targets, with_weights(peer), strict=True
    ):
        kernel, bias = arrays_of(source)
        target.set_weights([kernel, bias])
        if source.name == "fc6":  # PyTorch flattens channels first
            kernel = kernel.reshape(*maps, -1).transpose(2, 0, 1, 3)
            kernel = kernel.reshape(np.prod(maps), -1)
        axes = (3, 2, 0, 1) if kernel.ndim == 4 else (1, 0)
        with torch.no_grad():
            kernel = np.ascontiguousarray(kernel.transpose(axes))
            other.weight.copy_(torch.from_numpy(kernel))
            other.bias.copy_(torch.from_numpy(bias))
