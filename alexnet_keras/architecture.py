"""How the networks of `models` are put together, layer by layer.

A plan holds the sizes that tell the networks apart; `build` follows it.
"""

import os

import keras
import numpy as np
from keras import layers

from alexnet_keras import shapes
from alexnet_keras.convert import read
from alexnet_keras.layers import (
    LocalResponseNormalization,
    ReplicaDropout,
    TwoTowerConv2D,
)
from alexnet_keras.weights import Weights, assign, is_rescaling

_PAPER = {
    "size": 227, "filters": (96, 256, 384, 384, 256), "conv1": (11, 4),
    "units": 4096, "towers": 2, "lrn": {"groups": 2}, "pad": None,
    "pools": "down",
}  # fmt: skip
_PLANS = {
    "two-tower": _PAPER,
    "one-tower": {**_PAPER, "towers": 1, "lrn": {"groups": 1}},
    "caffe": {  # BVLC/caffe, models/bvlc_alexnet; its sizes: src/caffe/layers
        **_PAPER, "lrn": {"alpha": 1e-4 / 5, "bias": 1.0}, "pad": 0,
        "pools": "up",
    },
    "one-weird-trick": {
        "size": 224, "filters": (64, 192, 384, 256, 256), "conv1": (11, 4),
        "units": 4096, "towers": 1, "lrn": None, "pad": 2, "pools": "down",
    },
    "mini": {
        "size": 64, "filters": (32, 64, 96, 96, 64), "conv1": (5, 2),
        "units": 256, "towers": 2, "lrn": {"groups": 2}, "pad": None,
        "pools": "down",
    },
}  # fmt: skip


def build(
    model, include_top, weights, input_tensor, input_shape, pooling, classes,
    classifier_activation, name, *, dropout=0.5, initialization="paper",
    kernel_regularizer=None, rescaling=None,
):  # fmt: skip
    """Builds a network by its name; the arguments are those of `models`."""
    _check(weights, pooling, classes, initialization)
    found = weights
    if weights is not None and not isinstance(weights, Weights):
        found = read(weights)
    if rescaling is None and found is not None:
        rescaling = found.rescaling
    image = _input(model, input_tensor, input_shape)
    plan = _PLANS[model]
    filters, towers = plan["filters"], plan["towers"]

    def options(layer):
        return {
            "name": layer,
            "kernel_initializer": _kernel_initializer(layer, initialization),
            "bias_initializer": _bias_initializer(layer, initialization),
            "kernel_regularizer": kernel_regularizer,
        }

    def conv(x, layer, count, side, split=False):
        kind = TwoTowerConv2D if split and towers == 2 else layers.Conv2D
        return kind(
            count, side, padding="same", activation="relu", **options(layer)
        )(x)

    def norm_and_pool(x, number, norm=plan["lrn"]):
        if norm:
            x = LocalResponseNormalization(name=f"norm{number}", **norm)(x)
        if plan["pools"] == "up":  # zeros do, since nothing is below them
            pads = [(0, shapes.overhang(side, 3, 2)) for side in x.shape[1:3]]
            x = pad(x, f"pad_pool{number}", pads)
        return layers.MaxPooling2D(3, 2, name=f"pool{number}")(x)

    def pad(x, layer, pads):
        if not np.any(pads):
            return x
        return layers.ZeroPadding2D(tuple(map(tuple, pads)), name=layer)(x)

    x = image
    if rescaling is not None and rescaling is not False:
        if not is_rescaling(rescaling):
            raise ValueError(
                "`rescaling` must be a pair (mean, scale), each a number or "
                "one for each of RGB, the scale not 0; or None or False. "
                f"Received: {rescaling!r}"
            )
        mean, scale = (np.asarray(part, float) for part in rescaling)
        x = layers.Rescaling(
            (1 / scale).tolist(), (-mean / scale).tolist(), name="rescaling"
        )(x)
    side, stride = plan["conv1"]
    x = pad(x, "pad1", _conv1_padding(plan, x.shape))
    x = layers.Conv2D(
        filters[0], side, stride, activation="relu", **options("conv1")
    )(x)
    x = norm_and_pool(x, 1)
    x = conv(x, "conv2", filters[1], 5, split=True)
    x = norm_and_pool(x, 2)
    x = conv(x, "conv3", filters[2], 3)  # reads both towers
    x = conv(x, "conv4", filters[3], 3, split=True)
    x = conv(x, "conv5", filters[4], 3, split=True)
    x = norm_and_pool(x, 5, norm=False)

    if include_top:
        early = (
            model == "one-weird-trick"
        )  # torchvision drops units before fc6 and fc7
        if early and x.shape[1:3] != (6, 6):
            x = layers.AdaptiveAveragePooling2D(6, name="resample5")(x)
        x = layers.Flatten(name="flatten")(x)
        for layer in ("fc6", "fc7"):
            drop = ReplicaDropout(dropout, name=layer.replace("fc", "drop"))
            x = drop(x) if early else x
            x = layers.Dense(plan["units"], "relu", **options(layer))(x)
            x = x if early else drop(x)
        x = layers.Dense(
            classes,
            classifier_activation,
            # a softmax in bfloat16 would be too coarse
            dtype=keras.config.dtype_policy().variable_dtype,
            **options("fc8"),
        )(x)
    elif pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="pool")(x)
    elif pooling == "max":
        x = layers.GlobalMaxPooling2D(name="pool")(x)

    if input_tensor is not None:
        image = keras.utils.get_source_inputs(input_tensor)
        image = image[0] if len(image) == 1 else image  # calls may warn else
    network = keras.Model(image, x, name=name)
    if found is not None:
        assign(network, found, model)
    return network


def _check(weights, pooling, classes, initialization):
    if weights == "imagenet":
        raise ValueError(
            "No ImageNet weights come with this package. Received: "
            'weights="imagenet". Trained weights are at torchvision '
            "(`alexnet-owt-7be5be79.pth`), in the ONNX model zoo "
            "(`bvlcalexnet-12.onnx`) and with Caffe (`bvlc_alexnet`). "
            "`alexnet-keras convert` makes a `.weights.h5` file of them; give "
            "its path."
        )
    if not isinstance(weights, str | os.PathLike | Weights | None):
        raise ValueError(
            "`weights` must be None, the path of a file or what "
            f"`convert.read` gives. Received: a {type(weights).__name__}"
        )
    is_path = isinstance(weights, str | os.PathLike)
    if is_path and not os.path.exists(weights):
        raise ValueError(
            "`weights` must be None or the path of a file. There is no such "
            f"file. Received: weights={os.fspath(weights)!r}"
        )
    if pooling not in (None, "avg", "max"):
        raise ValueError(
            f'`pooling` must be None, "avg" or "max". Received: {pooling!r}'
        )
    if classes < 1:
        raise ValueError(f"`classes` must be at least 1. Received: {classes}")
    if initialization not in ("paper", "2012", "he"):
        raise ValueError(
            '`initialization` must be "paper", "2012" or "he". '
            f"Received: {initialization!r}"
        )


def _input(model, input_tensor, input_shape):
    """Gives the input tensor, after a look at its size."""
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            "Images must be (height, width, channels): call "
            'keras.config.set_image_data_format("channels_last").'
        )
    if input_tensor is not None:
        shape = input_tensor.shape[1:]
    else:
        shape = tuple(input_shape or (*[default_size(model)] * 2, 3))
    if len(shape) != 3 or None in shape:
        raise ValueError(
            "Images must have a fixed height, width and number of channels. "
            f"Received: input_shape={shape}"
        )
    check_size(model, min(shape[:2]))
    if input_tensor is None:
        return keras.Input(shape, name="image")
    return input_tensor


def _conv1_padding(plan, shape):
    """Gives ((top, bottom), (left, right)), in pixels."""
    if plan["pad"] is not None:
        return ((plan["pad"],) * 2,) * 2
    side, stride = plan["conv1"]
    return tuple(
        (0, shapes.overhang(size, side, stride)) for size in shape[1:3]
    )


def default_size(model):
    """Gives the side of a network's input in pixels, by its `BUILDERS` name."""
    return _PLANS[model]["size"]


def check_size(model, size):
    """Refuses pictures of `size` pixels that are too small for a network.

    Raises:
        ValueError: If nothing would be left at pool5.
    """
    least = smallest_size(model)
    if size < least:
        raise ValueError(
            "The images are too small: nothing would be left at pool5. "
            f"Received: {size} pixels. Use images of at least {least} x "
            f"{least}" + (", or `AlexNetMini`." if model != "mini" else ".")
        )


def smallest_size(model):
    """Finds the smallest side, in pixels, that leaves pool5 something."""
    plan = _PLANS[model]
    side, stride = plan["conv1"]
    rounding = "up" if plan["pad"] is None else "down"
    size = side
    while True:
        x = shapes.output_size(size, side, stride, plan["pad"] or 0, rounding)
        try:
            for _ in ("pool1", "pool2", "pool5"):
                x = shapes.output_size(x, 3, 2, rounding=plan["pools"])
            return size
        except ValueError:
            size += 1


def _kernel_initializer(layer, initialization):
    if initialization == "he":
        # fc8 starts small, so that the first loss is near ln(classes)
        if layer == "fc8":
            return keras.initializers.RandomNormal(stddev=0.01)
        return keras.initializers.HeNormal()
    wide = initialization == "2012" and layer in ("conv3", "conv4", "conv5")
    return keras.initializers.RandomNormal(stddev=0.03 if wide else 0.01)


def _bias_initializer(layer, initialization):
    ones = ("conv2", "conv4", "conv5", "fc6", "fc7")
    return "ones" if initialization != "he" and layer in ones else "zeros"
