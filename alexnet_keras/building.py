"""A table of layers into a Keras model: one loop.

Images are `(batch, height, width, channels)`.
"""

import contextlib
import contextvars

import keras
from keras import layers

from alexnet_keras import rows as kinds
from alexnet_keras import shapes
from alexnet_keras.layers import (
    AdaptiveAveragePooling2D,
    LocalResponseNormalization,
    ReplicaDropout,
    TwoTowerConv2D,
)

_awaited = contextvars.ContextVar("awaited", default=frozenset())


@contextlib.contextmanager
def awaiting(names):
    """Spares layers their random kernels, since others are to take their place.

    Within, the kernels of the layers so named are built of zeros. What the
    layers say of themselves, such as their initializer, is as ever.

    Args:
        names: Iterable of str, names of layers.
    """
    token = _awaited.set(_awaited.get() | {*names})
    try:
        yield
    finally:
        _awaited.reset(token)


def build(rows, image, initialization="paper", kernel_regularizer=None):
    """Calls the layers of a table one after another.

    `keras.Model(image, build(rows, image))` is a model.

    Args:
        rows: List of `alexnet_keras.rows`, such as `networks.ALEXNET` or its
            first few.
        image: Keras tensor `(batch, height, width, channels)`. Height and
            width may be None.
        initialization: As in `models.AlexNet`.
        kernel_regularizer: As in `models.AlexNet`.

    Returns:
        Keras tensor, what the last layer gives.

    Raises:
        ValueError: If a row is none, or cannot follow the one before; the
            message names it.
    """
    x = image
    for row in rows:
        shapes.check(row, x.shape[1:])
        if isinstance(row, kinds.Resample) and {*x.shape[1:3]} == {row.size}:
            continue  # which changes nothing
        layer = _layer(row, initialization, kernel_regularizer)
        x = _call(layer, _padded(row, x))
    return x


def _call(layer, x):
    """Calls a new layer, whose kernel is drawn then, if it is not awaited."""
    if layer.name not in _awaited.get():
        return layer(x)
    initializer = layer.kernel_initializer
    layer.kernel_initializer = keras.initializers.Zeros()
    try:
        return layer(x)
    finally:
        layer.kernel_initializer = initializer


def _layer(row, initialization, kernel_regularizer):
    """Makes the Keras layer of one line, but its padding with numbers."""
    name, options = row.name, {"name": row.name}
    if isinstance(row, kinds.Conv | kinds.Dense):
        options |= {
            "activation": row.activation,
            "use_bias": row.bias,
            "kernel_initializer": _kernel_initializer(name, initialization),
            "bias_initializer": _bias_initializer(name, initialization),
            "kernel_regularizer": kernel_regularizer,
        }
    if isinstance(row, kinds.Conv | kinds.Pool):
        options["padding"] = "same" if row.padding == "same" else "valid"
    match row:
        case kinds.Conv(groups=2):
            return TwoTowerConv2D(
                row.filters, row.filter_size, row.stride, **options
            )
        case kinds.Conv():
            return layers.Conv2D(
                row.filters,
                row.filter_size,
                row.stride,
                groups=row.groups,
                **options,
            )
        case kinds.Dense():
            if row.activation != "relu":  # a softmax in bfloat16 is too coarse
                options["dtype"] = keras.backend.result_type(
                    keras.config.dtype_policy().variable_dtype, "float32"
                )
            return layers.Dense(row.units, **options)
        case kinds.Pool():
            return layers.MaxPooling2D(row.filter_size, row.stride, **options)
        case kinds.Norm():
            return LocalResponseNormalization(**row._asdict())
        case kinds.Dropout():
            return ReplicaDropout(row.rate, **options)
        case kinds.Flatten():
            return layers.Flatten(**options)
        case kinds.Resample():
            return AdaptiveAveragePooling2D(row.size, **options)


def _padded(row, x):
    """Puts the zeros around a layer's input that Keras' own layer does not."""
    if getattr(row, "padding", "same") == "same":
        return x
    zeros = tuple(shapes.zeros(row, side) for side in x.shape[1:3])
    if not any(map(any, zeros)):
        return x
    return layers.ZeroPadding2D(zeros, name=f"pad_{row.name}")(x)


def _kernel_initializer(layer, initialization):
    if initialization == "he-small" and layer in ("fc6", "fc7"):
        return keras.initializers.VarianceScaling(2 / 9)  # He's has 2
    if initialization.startswith("he") and layer != "fc8":
        return keras.initializers.HeNormal()
    # fc8 always starts small, so that the first loss is near ln(classes)
    wide = initialization == "2012" and layer in ("conv3", "conv4", "conv5")
    return keras.initializers.RandomNormal(stddev=0.03 if wide else 0.01)


def _bias_initializer(layer, initialization):
    ones = ("conv2", "conv4", "conv5", "fc6", "fc7")
    is_he = initialization.startswith("he")
    return "ones" if layer in ones and not is_he else "zeros"
