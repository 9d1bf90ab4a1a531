"""AlexNet and its relatives, in the manner of `keras.applications`.

The sizes are those of the paper's figure 2 and section 3.5; layers are named
as in Caffe, `conv1` to `fc8`. Images are `(batch, height, width, channels)`.
"""

import os

import keras
import numpy as np
from keras import layers

from alexnet_keras import shapes
from alexnet_keras.layers import (
    LocalResponseNormalization,
    ReplicaDropout,
    TwoTowerConv2D,
)

# Mean of ImageNet's training images, 0 to 255, RGB: the statistics that
# akrizhevsky/cuda-convnet2 computed.
IMAGENET_MEAN = (127.30, 119.72, 104.91)

_ARGUMENTS = """

    Args:
        include_top: Bool, whether to end with fc6, fc7 and fc8.
        weights: `None` for random weights, or the path of a `.weights.h5`
            file. No ImageNet weights come with this package.
        input_tensor: A Keras tensor to use as the input, instead of
            `input_shape`.
        input_shape: `(height, width, channels)` of the images.
        pooling: Without the top, `None` for the maps of pool5, `"avg"` or
            `"max"` for one number a channel.
        classes: Int, the number of classes.
        classifier_activation: Activation of fc8; `None` gives logits.
        name: Str, the model's name.
        dropout: Float, share of the units that are dropped before the next
            fully connected layer.
        initialization: `"paper"` (normal, standard deviation 0.01, biases 1
            in conv2, conv4, conv5, fc6 and fc7; section 5), `"2012"` (the
            same, but 0.03 in conv3 to conv5, as in the source's layer files)
            or `"he"` (He's normal, biases 0). The first two need inputs of 0
            to 255 minus the mean, the last inputs of about unit variance.
        kernel_regularizer: Regularizer of every kernel, or `None`.
        rescaling: `None`, or a pair `(mean, scale)`: the model then takes
            RGB from 0 to 255 and begins with `(inputs - mean) / scale`.

    Returns:
        A functional `keras.Model`.

    Raises:
        ValueError: If an argument is out of range, or the images are too
            small for pool5.
    """


def _document(builder):
    builder.__doc__ = builder.__doc__.rstrip() + _ARGUMENTS
    return builder


@_document
def AlexNet(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="alexnet",
    **options,
):
    """AlexNet as the paper describes it, with two towers.

    60,965,224 parameters with 1000 classes. Sizes round up as in the 2012
    code: the image is padded at the bottom and right until conv1's filters
    fit exactly. 227 pixels, the default, need no padding; the paper's 224 get
    three. Normalisation stays within a tower.
    """
    return _build(
        "two-tower", include_top, weights, input_tensor, input_shape, pooling,
        classes, classifier_activation, name, **options,
    )  # fmt: skip


@_document
def AlexNetOneTower(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="alexnet_one_tower",
    **options,
):
    """AlexNet without the split: every filter reads every channel.

    62,378,344 parameters with 1000 classes; otherwise as `AlexNet`.
    """
    return _build(
        "one-tower", include_top, weights, input_tensor, input_shape, pooling,
        classes, classifier_activation, name, **options,
    )  # fmt: skip


@_document
def OneWeirdTrick(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="one_weird_trick",
    **options,
):
    """The `alexnet` of torchvision (pytorch/vision, `models/alexnet.py`).

    61,100,840 parameters with 1000 classes. It is named after Krizhevsky's
    "One weird trick for parallelizing convolutional neural networks" (2014),
    has one tower of other widths, no normalisation, two pixels of padding
    around conv1 and dropout before fc6 and fc7. Images are 224 x 224 by
    default.
    """
    return _build(
        "one-weird-trick", include_top, weights, input_tensor, input_shape,
        pooling, classes, classifier_activation, name, **options,
    )  # fmt: skip


@_document
def AlexNetMini(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=10,
    classifier_activation="softmax",
    name="alexnet_mini",
    **options,
):
    """A small AlexNet for 64-pixel images, to try things on a laptop.

    The same layers in the same order, two towers and normalisation included,
    with 5 x 5 filters at stride 2 in conv1 and a fraction of the channels.
    """
    return _build(
        "mini", include_top, weights, input_tensor, input_shape, pooling,
        classes, classifier_activation, name, **options,
    )  # fmt: skip


BUILDERS = {
    "two-tower": AlexNet,
    "one-tower": AlexNetOneTower,
    "one-weird-trick": OneWeirdTrick,
    "mini": AlexNetMini,
}

_PAPER = {
    "size": 227, "filters": (96, 256, 384, 384, 256), "conv1": (11, 4),
    "units": 4096, "towers": 2, "lrn": True, "pad": None,
}  # fmt: skip
_PLANS = {
    "two-tower": _PAPER,
    "one-tower": {**_PAPER, "towers": 1},
    "one-weird-trick": {
        "size": 224, "filters": (64, 192, 384, 256, 256), "conv1": (11, 4),
        "units": 4096, "towers": 1, "lrn": False, "pad": 2,
    },
    "mini": {
        "size": 64, "filters": (32, 64, 96, 96, 64), "conv1": (5, 2),
        "units": 256, "towers": 2, "lrn": True, "pad": None,
    },
}  # fmt: skip


def _build(
    model, include_top, weights, input_tensor, input_shape, pooling, classes,
    classifier_activation, name, *, dropout=0.5, initialization="paper",
    kernel_regularizer=None, rescaling=None,
):  # fmt: skip
    _check(weights, pooling, classes, initialization)
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
            x = LocalResponseNormalization(groups=towers, name=f"norm{number}")(
                x
            )
        return layers.MaxPooling2D(3, 2, name=f"pool{number}")(x)

    x = image
    if rescaling is not None:
        mean, scale = np.asarray(rescaling[0], float), float(rescaling[1])
        x = layers.Rescaling(
            1 / scale, (-mean / scale).tolist(), name="rescaling"
        )(x)
    side, stride = plan["conv1"]
    pads = _conv1_padding(plan, x.shape)
    if np.any(pads):
        x = layers.ZeroPadding2D(pads, name="pad1")(x)
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
    if weights is not None:
        network.load_weights(weights)
    return network


def _check(weights, pooling, classes, initialization):
    if weights == "imagenet":
        raise ValueError(
            "No ImageNet weights come with this package. Received: "
            'weights="imagenet". Trained weights are at torchvision '
            "(`alexnet-owt-7be5be79.pth`), in the ONNX model zoo "
            "(`bvlcalexnet-12.onnx`) and with Caffe (`bvlc_alexnet`); give "
            "the path of a `.weights.h5` file of this model, or None."
        )
    if weights is not None and not os.path.isfile(weights):
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
                x = shapes.output_size(x, 3, 2)
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


def layer_chain(model):
    """Describes a Keras model as `shapes.table` and its kin want it.

    Args:
        model: A model without branches, such as the ones of this module.

    Returns:
        List of `shapes.Conv`, `Pool`, `Pad`, `Resample`, `Norm` and `Dense`.
        Layers that change neither shape nor weights are left out, but
        normalisation.

    Raises:
        ValueError: If the model has a layer of another kind.
    """
    chain = []
    for layer in model.layers:
        name = layer.name
        if isinstance(layer, layers.Conv2D):
            chain.append(
                shapes.Conv(
                    name,
                    layer.filters,
                    layer.kernel_size[0],
                    layer.strides[0],
                    layer.padding,
                    layer.groups,
                )  # fmt: skip
            )
        elif isinstance(layer, TwoTowerConv2D):
            chain.append(
                shapes.Conv(
                    name,
                    layer.filters,
                    layer.kernel_size,
                    layer.strides,
                    layer.padding,
                    2,
                )  # fmt: skip
            )
        elif isinstance(layer, layers.MaxPooling2D):
            chain.append(
                shapes.Pool(
                    name, layer.pool_size[0], layer.strides[0], layer.padding
                )
            )
        elif isinstance(layer, layers.ZeroPadding2D):
            chain.append(shapes.Pad(name, *layer.padding[0]))
        elif isinstance(layer, layers.AdaptiveAveragePooling2D):
            chain.append(shapes.Resample(name, layer.output_size[0]))
        elif isinstance(
            layer, layers.GlobalAveragePooling2D | layers.GlobalMaxPooling2D
        ):
            chain.append(shapes.Resample(name, 1))
        elif isinstance(layer, LocalResponseNormalization):
            chain.append(shapes.Norm(name))
        elif isinstance(layer, layers.Dense):
            chain.append(shapes.Dense(name, layer.units))
        elif not isinstance(
            layer,
            layers.InputLayer
            | layers.Rescaling
            | layers.Dropout
            | layers.Flatten,
        ):
            raise ValueError(
                "Only AlexNet's kinds of layers can be described. Received: "
                f"{name}, a {type(layer).__name__}"
            )
    return chain


def preprocess_input(x):
    """Subtracts ImageNet's mean colour, as the paper does (section 2).

    Args:
        x: Array or tensor of RGB images, 0 to 255, channels last.

    Returns:
        Array or tensor of the same shape, floating point. `x` is not changed.
    """
    if isinstance(x, np.ndarray):
        return x.astype(keras.config.floatx()) - np.array(
            IMAGENET_MEAN, keras.config.floatx()
        )
    x = keras.ops.cast(x, keras.config.floatx())
    return x - keras.ops.convert_to_tensor(IMAGENET_MEAN, x.dtype)


def decode_predictions(predictions, top=5, class_names=None):
    """Names the likeliest classes.

    Args:
        predictions: Array `(batch, classes)` of probabilities.
        top: Int, how many classes to name.
        class_names: List of names, one a class. `None` takes ImageNet's
            1000, which Keras downloads once.

    Returns:
        For each image a list of `(class_id, name, probability)`, the likeliest
        first. With `class_names` the id is the class's number, else its
        WordNet id.

    Raises:
        ValueError: If the number of names is not that of the classes.
    """
    predictions = np.asarray(predictions)
    if class_names is None:
        return keras.applications.imagenet_utils.decode_predictions(
            predictions, top
        )
    if predictions.ndim != 2 or predictions.shape[1] != len(class_names):
        raise ValueError(
            f"{len(class_names)} names need predictions of shape (batch, "
            f"{len(class_names)}). Received: shape={predictions.shape}"
        )
    best = np.argsort(-predictions, axis=1, kind="stable")[:, :top]
    return [
        [(int(i), class_names[i], float(row[i])) for i in order]
        for row, order in zip(predictions, best, strict=True)
    ]
