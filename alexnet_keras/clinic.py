"""A healthy small AlexNet, seven broken ones, and probes to find the faults.

All have `AlexNetMini`'s layers, by name, and the weights of one file. A fault
is a line that learners write: every network compiles, and fits. Who wants to
find the faults in chapter 15 should not read further than the probes.
"""

import functools
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from alexnet_keras import shapes
from alexnet_keras.building import build
from alexnet_keras.datasets import solids
from alexnet_keras.networks import MINI
from alexnet_keras.rows import Conv
from alexnet_keras.weights import give

SIZE = 64  # pixels along a picture's side
CLASSES = 10


class Line(NamedTuple):
    """One layer of a `Chart`.

    Attributes:
        name: Str.
        shape: Tuple of ints, of one picture's output.
        parameters: Int.
        above: Float, the share of its values that are above 0.
        spread: Float, the standard deviation of its values.
        apart: Float, how far its values are from the healthy network's, by
            root mean squares, as a share of the latter's; None if the shapes
            differ.
    """

    name: str
    shape: tuple[int, ...]
    parameters: int
    above: float
    spread: float
    apart: float | None


class Chart(NamedTuple):
    """What the probes say of a network; `str` gives a table.

    Attributes:
        lines: Tuple of `Line`, a layer each.
        first_loss: Float, the mean loss before any training.
        certain: Float, the loss of answers that are right and certain.
        left: Float, what `left_of_one` gives.
        repeats: Bool, whether the same pictures get the same answers twice.
    """

    lines: tuple[Line, ...]
    first_loss: float
    certain: float
    left: float
    repeats: bool

    def __str__(self):
        """Gives a line for each layer, and one for each of the others."""
        form = "{:8}{:>14}{:>12}{:>9}{:>10}{:>9}"
        heads = ("layer", "shape", "parameters", "above 0", "spread", "apart")
        texts = [form.format(*heads)]
        for line in self.lines:
            apart = "-" if line.apart is None else f"{line.apart:.0%}"
            texts.append(
                form.format(
                    line.name,
                    " x ".join(map(str, line.shape)),
                    f"{line.parameters:,}" if line.parameters else "",
                    f"{line.above:.0%}",
                    f"{line.spread:.1g}",
                    apart,
                )
            )
        return "\n".join(
            [
                *texts,
                f"first loss {self.first_loss:.2f}, knowing nothing "
                f"{np.log(CLASSES):.2f}",
                f"loss of right and certain answers {self.certain:.2f}",
                f"left of a weight of 1 after 10,000 steps {self.left:.3f}",
                f"the same answers twice: {self.repeats}",
            ]
        )


@functools.cache
def pictures():
    """Gives ten solids, one a class, minus their mean, of unit variance.

    Returns:
        Float array `(10, 64, 64, 3)`, RGB.
    """
    from PIL import Image

    rendered = solids.render(range(CLASSES), seed=15)
    small = [Image.fromarray(one).resize((SIZE, SIZE)) for one in rendered]
    small = np.stack([np.asarray(one, "float32") for one in small])
    return (small - small.mean(axis=(0, 1, 2))) / small.std()


def examine(network, images=None):
    """Probes a network of the clinic.

    Args:
        network: A compiled `keras.Model`.
        images: Float array, or None for `pictures`. The healthy network reads
            `pictures` in any case.

    Returns:
        A `Chart`.
    """
    images = pictures() if images is None else images
    values, again = _outputs(network, images), _outputs(network, images)
    twins = _healthy_outputs()
    lines = []
    for layer in network.layers[1:]:
        if layer.name.startswith(("pad", "flatten", "drop")):
            continue  # which are idle at a test
        own, twin = values[layer.name], twins.get(layer.name)
        apart = None
        if twin is not None and own.shape == twin.shape:
            apart = float(
                np.sqrt(((own - twin) ** 2).mean() / (twin**2).mean())
            )
        count = layer.count_params()
        numbers = float((own > 0).mean()), float(own.std()), apart
        lines.append(Line(layer.name, own.shape[1:], count, *numbers))
    labels = np.arange(CLASSES)
    first = network.loss(labels, values[network.layers[-1].name])
    certain = network.loss(labels, np.eye(CLASSES, dtype="float32"))
    first, certain = (float(np.mean(loss)) for loss in (first, certain))
    repeats = all(np.array_equal(values[name], again[name]) for name in values)
    return Chart(tuple(lines), first, certain, left_of_one(network), repeats)


def left_of_one(network, steps=10_000):
    """Lets decay alone work on a weight that was 1: no picture, no gradient.

    Args:
        network: A compiled `keras.Model`.
        steps: Int.

    Returns:
        Float, what is left of it.
    """
    optimizer = network.optimizer.from_config(network.optimizer.get_config())
    penalty = network.get_layer("conv1").kernel_regularizer
    weight = keras.Variable(1.0)
    optimizer.build([weight])

    @tf.function
    def pull():  # in one graph, as ten thousand steps take a moment
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                loss = penalty(weight) if penalty else 0 * weight
            gradient = tape.gradient(loss, weight.value)
            optimizer.apply([gradient], [weight])

    pull.get_concrete_function()()
    return float(weight)


def _outputs(network, images):
    """Gives what every layer gives, by name, as at a test."""
    stages = {layer.name: layer.output for layer in network.layers[1:]}
    return {
        name: np.asarray(value)
        for name, value in keras.Model(network.input, stages)(images).items()
    }


@functools.cache
def _file():
    """Gives weights as a file of Caffe's kind has them: channels first.

    Convolutions are (filters, channels, rows, columns), fully connected layers
    (units, values); He's normal, biases 0, and a small fc8.
    """
    rng, arrays = np.random.default_rng(2012), {}
    for line in shapes.table(MINI, SIZE):
        if line.kernel:
            *inputs, outputs = line.kernel
            shape = (outputs, *inputs[::-1])
            scale = np.sqrt(2 / np.prod(inputs))
            kernel = rng.normal(0, scale, shape)
            if line.name == "fc8":
                kernel *= 0.01 / scale
            arrays[line.name] = np.float32(kernel), np.zeros(outputs)
    return arrays


@functools.cache
def _healthy_outputs():
    return _outputs(healthy(), pictures())


def healthy():
    """Builds the network that all others are compared with."""
    return _compiled(_built(MINI), _brought())


def _built(rows, penalty=2.5e-4):
    image = keras.Input((SIZE, SIZE, 3), name="image")
    penalty = keras.regularizers.L2(penalty) if penalty else None
    return keras.Model(image, build(rows, image, "he", penalty))


def _brought():
    """Brings the file's weights into Keras' order."""
    found = {}
    for name, (kernel, bias) in _file().items():
        if kernel.ndim == 4:
            kernel = kernel.transpose(2, 3, 1, 0)
        elif name == "fc6":
            units = len(kernel)
            kernel = kernel.reshape(units, -1, 3, 3).transpose(2, 3, 1, 0)
            kernel = kernel.reshape(-1, units)
        else:
            kernel = kernel.T
        found[name] = kernel, bias
    return found


def _compiled(network, found, loss=None, **decay):
    """Gives a network its weights, where they fit, and compiles it."""
    kernels = {line.name: line.kernel for line in shapes.table(MINI, SIZE)}
    for name, arrays in found.items():
        layer = network.get_layer(name)
        if name != "fc6" or layer.input.shape[-1] == kernels["fc6"][0]:
            give(layer, arrays)
    loss = loss or keras.losses.SparseCategoricalCrossentropy()
    sgd = keras.optimizers.SGD(0.01, momentum=0.9, **decay)
    network.compile(sgd, loss, jit_compile=False)
    return network


def example():
    """Builds the patient whose fault the chapter finds."""
    found = _brought()
    kernel, bias = found["conv1"]
    found["conv1"] = kernel[:, :, ::-1], bias
    return _compiled(_built(MINI), found)


def patient_1():
    """Builds patient 1."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    penalty = keras.regularizers.L2(2.5e-4)
    x = build(MINI[:1], image, "he", penalty)
    x = layers.Lambda(tf.nn.local_response_normalization, name="norm1")(x)
    x = build(MINI[2:4], x, "he", penalty)
    x = layers.Lambda(tf.nn.local_response_normalization, name="norm2")(x)
    x = build(MINI[5:], x, "he", penalty)
    return _compiled(keras.Model(image, x), _brought())


def patient_2():
    """Builds patient 2."""
    rows = list(MINI)
    for place, row in enumerate(rows):
        if isinstance(row, Conv):
            rows[place] = row._replace(stride=2)
        elif row.name == "pool5":
            rows[place] = row._replace(padding="same")
    return _compiled(_built(rows), _brought())


def patient_3():
    """Builds patient 3."""

    def loss(labels, answers):
        labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, answers)

    return _compiled(_built(MINI), _brought(), loss)


def patient_4():
    """Builds patient 4."""
    found = _brought()
    for name in ("conv2", "conv4", "conv5", "fc6", "fc7"):
        kernel, bias = found[name]
        found[name] = kernel, bias - 1
    return _compiled(_built(MINI), found)


def patient_5():
    """Builds patient 5."""
    network = _built(MINI, penalty=None)
    return _compiled(network, _brought(), weight_decay=5e-4)


def patient_6():
    """Builds patient 6."""
    found = _brought()
    kernel, bias = _file()["fc6"]
    found["fc6"] = kernel.T, bias
    return _compiled(_built(MINI), found)
