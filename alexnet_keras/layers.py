"""Layers that AlexNet uses and Keras lacks, for every Keras backend."""

import functools
import math

import keras
import numpy as np
from keras import ops

from alexnet_keras.shapes import output_size

_register = keras.saving.register_keras_serializable(package="alexnet_keras")


@functools.lru_cache
def _normalization(channels, size, alpha, beta, bias, dtype):
    """A function that normalises rows of neighbouring channels.

    The gradient is written out: the automatic one reads and writes all
    activations half again as often, and that is what takes the time.
    """
    index = np.arange(channels)
    weights = alpha * (np.abs(index[:, None] - index) <= size // 2)

    @ops.custom_gradient
    def normalize(a):
        band = ops.convert_to_tensor(weights, dtype=a.dtype)
        energy = bias + ops.matmul(ops.square(a), band)
        if beta == 0.75:  # two square roots cost less than a power
            root = ops.rsqrt(energy)
            scale = root * ops.sqrt(root)
        else:
            scale = ops.power(energy, -beta)
        b = a * scale

        def gradient(*args, upstream=None):
            # PyTorch's backend gives `upstream`, the others `args`
            g = args[0] if upstream is None else upstream
            neighbours = ops.matmul(g * b / energy, 2 * beta * band)
            return g * scale - a * neighbours

        return b, gradient

    if keras.config.backend() != "tensorflow":
        return normalize
    import tensorflow as tf

    # TensorFlow keeps a written gradient, and the graph around it, for ever:
    # in a graph of its own it keeps no network alive
    rows = tf.TensorSpec((None, channels), dtype)
    return tf.function(normalize, input_signature=[rows])


@functools.lru_cache
def _fused_normalization(channels, size, alpha, beta, bias, dtype):
    """The same, of large maps, as programs that XLA compiles: TensorFlow.

    What takes the time is that maps are read and written. Here each is read
    once forward and twice backward, for sums in float32 at least. XLA would
    compute anew what several channels use, so it gets the backward pass in
    two parts.
    """
    import tensorflow as tf

    inner = "float64" if dtype == "float64" else "float32"
    rows = tf.TensorSpec((None, channels), dtype)

    def window_sums(a):
        padded = tf.pad(a, [[0, 0], [size // 2, size // 2]])
        return sum(padded[:, i : i + channels] for i in range(size))

    def energy_of(a):
        return bias + alpha * window_sums(tf.square(a))

    def scale_of(energy):
        if beta != 0.75:
            return energy**-beta
        root = tf.math.rsqrt(energy)
        return root * tf.sqrt(root)

    @tf.function(input_signature=[rows], jit_compile=True)
    def forward(a):
        a = tf.cast(a, inner)
        return tf.cast(a * scale_of(energy_of(a)), dtype)

    @tf.function(input_signature=[rows] * 2, jit_compile=True)
    def share(a, g):
        a, g = tf.cast(a, inner), tf.cast(g, inner)
        energy = energy_of(a)
        direct = g * scale_of(energy)
        return tf.cast(direct, dtype), tf.cast(direct * a / energy, dtype)

    @tf.function(input_signature=[rows] * 3, jit_compile=True)
    def join(a, direct, shares):
        a, direct = tf.cast(a, inner), tf.cast(direct, inner)
        neighbours = window_sums(tf.cast(shares, inner))
        return tf.cast(direct - 2 * alpha * beta * a * neighbours, dtype)

    @tf.function(input_signature=[rows])  # which keeps no network alive
    @tf.custom_gradient
    def normalize(a):
        return forward(a), lambda g: join(a, *share(a, g))

    return normalize


@_register
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each activation by the energy of its neighbouring channels.

    Paper, section 3.3. Channel `i` of the output is
    `a[i] / (bias + alpha * sum(a[j] ** 2)) ** beta`, where `j` runs over the
    `size` channels centred on `i`, cut off at the first and last channel of
    its group. The sums are one product with a band matrix of ones, which
    trains faster than TensorFlow's own operation and runs on any backend.
    Large maps, on TensorFlow, are normalised by code that XLA compiles.

    Args:
        size: Odd int, channels in the window. The paper's `n`.
        alpha: Float. The paper's `alpha`, not divided by `size`. Caffe's,
            PyTorch's and the 2012 code's is divided: give `alpha / size`.
        beta: Float, the exponent.
        bias: Float, the paper's `k`.
        groups: Int. Windows do not reach from one group of channels into the
            next: 2 normalises within each tower, as the 2012 code does.

    Call arguments:
        inputs: Float tensor `(batch, height, width, channels)`.

    Returns:
        Tensor of the shape and dtype of `inputs`.

    Raises:
        ValueError: If `size` is not odd and positive, or `groups` does not
            divide the channels.
    """

    def __init__(
        self, size=5, alpha=1e-4, beta=0.75, bias=2.0, groups=1, **kwargs
    ):
        super().__init__(**kwargs)
        if size < 1 or size % 2 == 0:
            raise ValueError(
                "`size` must be odd and positive, so that the window has a "
                f"centre. Received: size={size}"
            )
        if groups < 1:
            raise ValueError(
                f"`groups` must be at least 1. Received: groups={groups}"
            )
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.bias = bias
        self.groups = groups

    def build(self, input_shape):
        """Prepares the band matrix; there are no weights."""
        channels = input_shape[-1]
        if channels is None or channels % self.groups:
            raise ValueError(
                "`groups` must divide the number of channels. Received: "
                f"groups={self.groups}, input_shape={tuple(input_shape)}"
            )
        self._constants = (
            channels // self.groups,  # of one group, as all are the same
            self.size,
            self.alpha,
            self.beta,
            self.bias,
            self.compute_dtype,
        )
        self._normalize = _normalization(*self._constants)

    def call(self, inputs, training=False):
        """Normalises `inputs`."""
        # (batch * height * width * groups, channels of a group)
        rows = ops.reshape(inputs, (-1, inputs.shape[-1] // self.groups))
        normalize = self._normalize
        if _is_large(inputs, training):
            normalize = _fused_normalization(*self._constants)
        return ops.reshape(normalize(rows), ops.shape(inputs))

    def compute_output_shape(self, input_shape):
        """Gives the shape of `inputs` back."""
        return input_shape

    def get_config(self):
        """Gives the arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "size": self.size,
            "alpha": self.alpha,
            "beta": self.beta,
            "bias": self.bias,
            "groups": self.groups,
        }


def _is_large(inputs, training):
    """Tells whether maps are worth the half second that XLA takes.

    A batch of unknown size counts as 64 in training. Otherwise it may be an
    exported network, which needs operations that other programs know.
    """
    if keras.config.backend() != "tensorflow":
        return False
    if None in inputs.shape and not training:
        return False
    return math.prod(side or 64 for side in inputs.shape) >= 2**21


@_register
class TwoTowerConv2D(keras.layers.Layer):
    """Two convolutions side by side, each on its half of the channels.

    Paper, section 3.5: conv2, conv4 and conv5 read only the kernel maps of
    their own GPU. The result is that of `Conv2D(groups=2)`, whose backward
    pass is several times slower on a CPU. Both towers draw their weights from
    the same grouped kernel that `Conv2D(groups=2)` would draw.

    Args:
        filters: Even int, output channels of both towers together.
        kernel_size: Int, side of the square filters, in pixels.
        strides: Int.
        padding: `"valid"` or `"same"`.
        activation: As in `keras.layers.Conv2D`.
        use_bias: As in `keras.layers.Conv2D`.
        kernel_initializer: As in `keras.layers.Conv2D`.
        bias_initializer: As in `keras.layers.Conv2D`.
        kernel_regularizer: As in `keras.layers.Conv2D`.

    Call arguments:
        inputs: Float tensor `(batch, height, width, channels)`, the first
            half of the channels for the first tower.

    Returns:
        Float tensor `(batch, new_height, new_width, filters)`.

    Raises:
        ValueError: If `filters` or the input's channels are odd.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if filters < 2 or filters % 2:
            raise ValueError(
                "`filters` must be even: each tower has half of them. "
                f"Received: filters={filters}"
            )
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        """Creates the kernel and the bias of each tower."""
        channels = input_shape[-1]
        if channels is None or channels % 2:
            raise ValueError(
                "Two towers need an even number of input channels. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        side, half = self.kernel_size, self.filters // 2
        grouped = (side, side, channels // 2, self.filters)
        self.kernels, self.biases = [], []
        for tower in range(2):

            def half_of_the_draw(shape, dtype=None, first=tower * half):
                drawn = self.kernel_initializer(grouped, dtype=dtype)
                return drawn[..., first : first + half]

            self.kernels.append(
                self.add_weight(
                    name=f"kernel_{tower + 1}",
                    shape=(*grouped[:3], half),
                    initializer=half_of_the_draw,
                    regularizer=self.kernel_regularizer,
                )
            )
            if self.use_bias:
                self.biases.append(
                    self.add_weight(
                        name=f"bias_{tower + 1}",
                        shape=(half,),
                        initializer=self.bias_initializer,
                    )
                )

    def call(self, inputs):
        """Runs both towers and joins their maps."""
        halves = ops.split(inputs, 2, axis=-1)
        maps = [
            ops.conv(half, kernel, self.strides, self.padding)
            for half, kernel in zip(halves, self.kernels, strict=True)
        ]
        if self.use_bias:
            maps = [
                ops.add(half, ops.cast(bias, half.dtype))
                for half, bias in zip(maps, self.biases, strict=True)
            ]
        # TensorFlow makes one operation of a convolution and its ReLU
        early = self.activation is keras.activations.relu
        if early:
            maps = [self.activation(half) for half in maps]
        maps = ops.concatenate(maps, axis=-1)
        return maps if early else self.activation(maps)

    def get_grouped_weights(self):
        """Gives the weights as `Conv2D(groups=2)` holds them.

        Returns:
            List of arrays `(side, side, channels // 2, filters)` and, with a
            bias, `(filters,)`.
        """
        return [
            np.concatenate([half.numpy() for half in halves], -1)
            for halves in (self.kernels, self.biases)
            if halves
        ]

    def set_grouped_weights(self, weights):
        """Takes the weights of a `Conv2D(groups=2)`.

        Args:
            weights: List of arrays as `get_grouped_weights` gives them.

        Raises:
            ValueError: If a shape is another one.
        """
        expected = [(*self.kernels[0].shape[:3], self.filters)]
        expected += [(self.filters,)] * self.use_bias
        received = [array.shape for array in weights]
        if received != expected:
            raise ValueError(
                f"{self.name} takes arrays of the shapes {expected}. "
                f"Received: {received}"
            )
        for halves, array in zip(
            (self.kernels, self.biases), weights, strict=False
        ):
            for half, values in zip(
                halves, np.split(array, 2, axis=-1), strict=True
            ):
                half.assign(values)

    def compute_output_shape(self, input_shape):
        """Gives the shape that `Conv2D` would give."""
        batch, *sides, _ = input_shape
        sides = [
            side
            and output_size(side, self.kernel_size, self.strides, self.padding)
            for side in sides
        ]
        return (batch, *sides, self.filters)

    def get_config(self):
        """Gives the arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
            "bias_initializer": keras.initializers.serialize(
                self.bias_initializer
            ),
            "kernel_regularizer": keras.regularizers.serialize(
                self.kernel_regularizer
            ),
        }


@_register
class AdaptiveAveragePooling2D(keras.layers.AdaptiveAveragePooling2D):
    """Keras' layer, for maps of a single place too.

    Where there is one row or column, the layer of Keras 3.15.1 fails; the
    mean over any part of it is the same one, repeated.
    """

    def call(self, inputs):
        """Takes the means of `inputs`."""
        for axis in (1, 2):
            if inputs.shape[axis] == 1:
                inputs = ops.repeat(inputs, 2, axis)
        return super().call(inputs)


@_register
class ReplicaDropout(keras.layers.Dropout):
    """Dropout that drops other units on every replica.

    Paper, section 4.2, in the inverted form of today. `keras.layers.Dropout`
    draws one mask for all replicas of a `tf.distribute` strategy, because its
    seed is mirrored (seen with Keras 3.15.1); here each replica adds its
    number to the seed. On one device, and on other backends, the two agree.
    """

    def call(self, inputs, training=False):
        """Drops units of `inputs` while training."""
        if training and self.rate > 0:
            return keras.random.dropout(
                inputs,
                self.rate,
                noise_shape=self.noise_shape,
                seed=_ReplicaSeed(self.seed_generator),
            )
        return inputs


class _ReplicaSeed(keras.random.SeedGenerator):
    """Another generator's seeds, moved apart by the replica's number."""

    def __init__(self, shared):
        self._shared = shared  # no state of its own

    def next(self, ordered=True):
        seed = self._shared.next(ordered)  # (seed, calls so far)
        apart = ops.cast([0, _replica() * 2**24], seed.dtype)
        return seed + apart


def _replica():
    """Gives the number of the replica that runs, 0 outside a strategy."""
    if keras.config.backend() != "tensorflow":
        return 0
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return context.replica_id_in_sync_group if context else 0
