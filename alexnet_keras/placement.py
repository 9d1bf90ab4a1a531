"""One network whose towers stand on two devices, as in 2012.

Paper, section 3.5: each GPU holds half of the units, and the two exchange
activations only where a layer reads both towers. Layers have the names of the
2012 layer files, where `conv1a` is the first tower's half of conv1.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from alexnet_keras.costs import Crossing
from alexnet_keras.layers import LocalResponseNormalization, TwoTowerConv2D
from alexnet_keras.weights import arrays_of, give


@keras.saving.register_keras_serializable(package="alexnet_keras")
class OnDevice(layers.Wrapper):
    """Runs a layer on one device: weights, forward and backward pass.

    A device scope alone binds the forward pass; TensorFlow then computes all
    gradients on the first device.

    Args:
        layer: A `keras.layers.Layer` without a regularizer.
        device: Str, such as `"GPU:1"`.
        copies: Int. With more than 1 the output is a list, a copy for each
            reader, so that their gradients are added up on this device.
        kernel_regularizer: As in `keras.layers.Conv2D`.

    Call arguments:
        inputs: Float tensor `(batch, ..., channels)`, or a list of such, which
            are joined here along their channels.
    """

    def __init__(
        self, layer, device, copies=1, kernel_regularizer=None, **kwargs
    ):
        kwargs["autocast"] = False  # the layer within casts what it needs
        super().__init__(layer, **kwargs)
        self.device = device
        self.copies = copies
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.supports_jit = False  # XLA would put everything on one device

    def build(self, input_shape):
        """Creates the layer's weights on the device."""
        if isinstance(input_shape, list):
            channels = sum(shape[-1] for shape in input_shape)
            input_shape = (*input_shape[0][:-1], channels)
        with keras.device(self.device):
            super().build(input_shape)

    def call(self, inputs):
        """Runs the layer; its gradients are computed on the device as well."""
        import tensorflow as tf

        def run(*inputs):
            joined = ops.concatenate(inputs, -1) if inputs[1:] else inputs[0]
            outputs = [self.layer(joined)] * self.copies
            if self.kernel_regularizer is not None:
                weights = self.layer.trainable_weights
                kernels = [w for w in weights if w.name == "kernel"]
                outputs += map(self.kernel_regularizer, kernels)
            return outputs

        @tf.custom_gradient
        def run_with_gradients(*inputs):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                outputs = run(*inputs)

            def gradients(*upstream, variables=()):
                with tf.device(self.device):
                    found = tape.gradient(
                        outputs, [*inputs, *variables], upstream
                    )
                return found[: len(inputs)], found[len(inputs) :]

            return outputs, gradients

        with tf.device(self.device):
            outputs = run_with_gradients(*keras.tree.flatten(inputs))
        for penalty in outputs[self.copies :]:
            self.add_loss(penalty)
        outputs = outputs[: self.copies]
        return outputs if self.copies > 1 else outputs[0]

    def get_config(self):
        """Gives the arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "device": self.device,
            "copies": self.copies,
            "kernel_regularizer": keras.regularizers.serialize(
                self.kernel_regularizer
            ),
        }


@keras.saving.register_keras_serializable(package="alexnet_keras")
class PlacedModel(keras.Model):
    """A two-tower network on two devices.

    Each device gets half of the filters and units of every layer; the last
    layer stands on the first. `save` writes the network in one piece, and so
    does `save_weights`: what they write is read by the network without
    devices, and `load_weights` reads what that one wrote. Neither holds what
    `compile` was given, nor the optimizer's state. With `recipes.MomentumSGD`
    the momentum stands on the devices too.

    Args:
        whole: A network of `models.AlexNet` or `models.AlexNetMini`. Its
            weights are copied.
        devices: Two of TensorFlow's devices, such as `("GPU:0", "GPU:1")`.

    Raises:
        ValueError: If the network's towers cannot be split, the devices are
            not two that TensorFlow has, Keras' backend is another one, or a
            strategy such as `tf.distribute.MirroredStrategy` is in use.
    """

    def __init__(self, whole, devices):
        _check(whole, devices)
        super().__init__(whole.input, _place(whole, devices), name=whole.name)
        self.devices = tuple(devices)
        self._whole = whole.to_json()
        self.take_weights(whole)

    def in_one_piece(self):
        """Gives the same network in one piece, with weights of its own."""
        return keras.models.model_from_json(self._whole)

    def get_config(self):
        """Gives the arguments that rebuild the network."""
        return {"whole": self._whole, "devices": list(self.devices)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuilds the network; its devices must be there."""
        whole = keras.models.model_from_json(config["whole"], custom_objects)
        return cls(whole, tuple(config["devices"]))

    def crossings(self):
        """Counts the floats that cross between the devices, for one image.

        The images, which both devices need, are not counted.

        Returns:
            List of `costs.Crossing`, one for each layer that reads across.
        """
        placed = self._placed()
        first = placed[0].device
        devices, found = {}, {}
        for layer in placed:
            for output in keras.tree.flatten(layer.output):
                devices[id(output)] = layer.device
        for layer in placed:
            for tensor in keras.tree.flatten(layer.input):
                if devices.get(id(tensor), layer.device) != layer.device:
                    counts = found.setdefault(layer.layer.name, [0, 0])
                    counts[layer.device != first] += math.prod(tensor.shape[1:])
        return [Crossing(name, *counts) for name, counts in found.items()]

    def join(self):
        """Gives the same network in one piece, with copies of the weights."""
        whole = self.in_one_piece()
        for layer, halves in self._pairs(whole):
            layer.trainable = all(half.trainable for half in halves)
            values = [half.get_weights() for half in halves]
            pairs = zip(*values, strict=True)
            give(layer, [np.concatenate(pair, -1) for pair in pairs])
        return whole

    def take_weights(self, whole):
        """Copies the weights of the same network in one piece."""
        for layer, halves in self._pairs(whole):
            parts = [
                np.split(array, len(halves), -1) for array in arrays_of(layer)
            ]
            for half, own in zip(halves, zip(*parts, strict=True), strict=True):
                half.set_weights(own)

    def save(self, filepath, **options):
        """Saves the network in one piece; see `keras.Model.save`."""
        self.join().save(filepath, **options)

    def save_weights(self, filepath, **options):
        """Saves the weights; see `keras.Model.save_weights`."""
        self.join().save_weights(filepath, **options)

    def load_weights(self, filepath, **options):
        """Loads weights of the same network, on two devices or in one piece."""
        whole = self.join()
        whole.load_weights(filepath, **options)
        self.take_weights(whole)

    def _placed(self):
        return [layer for layer in self.layers if isinstance(layer, OnDevice)]

    def _pairs(self, whole):
        """Lists layers with weights, each with its halves, or its only one."""
        halves = {}
        for layer in self._placed():
            halves.setdefault(layer.layer.name, []).append(layer)
        for layer in whole.layers:
            if layer.weights and layer.name in halves:
                yield layer, halves[layer.name]


def _check(whole, devices):
    has_towers = any(isinstance(x, TwoTowerConv2D) for x in whole.layers)
    shares_norms = any(
        isinstance(layer, LocalResponseNormalization) and layer.groups == 1
        for layer in whole.layers
    )
    if not has_towers or shares_norms:
        what = "has one tower"
        if has_towers:
            what = "normalises over the channels of both"
        raise ValueError(
            "Two towers are spread over two devices. Received: "
            f"{whole.name}, which {what}. Use `AlexNet` or `AlexNetMini`, or "
            "a strategy of `tf.distribute`."
        )
    if keras.config.backend() != "tensorflow":
        raise ValueError(
            "Layers are bound to devices with TensorFlow only. Received: the "
            f"{keras.config.backend()} backend of Keras."
        )
    import tensorflow as tf

    if tf.distribute.has_strategy():
        raise ValueError(
            "A strategy copies a network to every device, `PlacedModel` "
            "spreads one network over two. Received: both. Build it outside "
            "the strategy's scope."
        )
    there = [
        f"{device.device_type}:{number}"
        for kind in ("CPU", "GPU")
        for number, device in enumerate(tf.config.list_logical_devices(kind))
    ]
    known = isinstance(devices, tuple | list) and set(devices) <= set(there)
    if not known or len(devices) != 2 or devices[0] == devices[1]:
        raise ValueError(
            "`devices` must be the names of two devices. Received: "
            f"{devices!r}; there are {', '.join(there)}. With "
            "`distribution.start(2)` before anything else there are two of "
            "a kind."
        )


def _place(whole, devices):
    """Makes the halves of all layers and gives the network's output."""
    *body, last = [
        layer
        for layer in whole.layers
        if not isinstance(layer, layers.InputLayer | layers.Flatten)
    ]
    if not isinstance(last, layers.Dense):
        body, last = [*body, last], layers.Identity(name="join")
    inputs = [whole.inputs, whole.inputs]  # what each half of a layer reads
    for layer, following in zip(body, [*body[1:], last], strict=True):
        both = following is not last and _reads_both_towers(following)
        halves = [
            _put(layer, layer.name + letter, device, tensors, 2, 1 + both)
            for letter, device, tensors in zip(
                "ab", devices, inputs, strict=True
            )
        ]
        if both:  # a copy for each reader
            inputs = [list(copies) for copies in zip(*halves, strict=True)]
        else:
            inputs = [[half] for half in halves]
    output = _put(last, last.name, devices[0], [*inputs[0], *inputs[1]])
    if isinstance(last, layers.Dense):
        # outside, where Keras' losses find the logits before the softmax
        output = layers.Activation(
            last.activation, dtype=last.dtype_policy, name="prob"
        )(output)
    return output


def _reads_both_towers(layer):
    """Tells the layers that read across in the paper's figure 2."""
    is_conv = isinstance(layer, layers.Conv2D) and layer.name != "conv1"
    return is_conv or isinstance(layer, layers.Dense)


def _put(layer, name, device, inputs, parts=1, copies=1):
    """Makes a layer, or one of its parts, on a device; gives its outputs."""
    config = layer.get_config()
    penalty = config.pop("kernel_regularizer", None)
    kind = type(layer)
    if kind is TwoTowerConv2D:
        kind = layers.Conv2D  # a tower by itself
    if kind is LocalResponseNormalization:
        config["groups"] //= parts
    for count in config.keys() & {"filters", "units"}:
        config[count] //= parts
    if parts == 1 and kind is layers.Dense:
        config["activation"] = None  # `_place` adds it
    with keras.device(device):  # for states such as a dropout's seed
        part = kind.from_config(config)
        if kind is layers.Dense and len(inputs[0].shape) == 4:
            # flattened when the towers are joined, as in one piece
            flatten = layers.Flatten()
            part = keras.Sequential([flatten, part], name=layer.name)
    return OnDevice(part, device, copies, penalty, name=name)(inputs)
