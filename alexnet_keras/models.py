"""AlexNet and its relatives, in the manner of `keras.applications`.

The sizes are those of the paper's figure 2 and section 3.5; layers are named
as in Caffe, `conv1` to `fc8`. Images are `(batch, height, width, channels)`.
"""

import math

import keras
import numpy as np
from keras import layers

from alexnet_keras import architecture, placement, shapes
from alexnet_keras.layers import (
    LocalResponseNormalization,
    TwoTowerConv2D,
)

# Mean of ImageNet's training images, 0 to 255, RGB: the statistics that
# akrizhevsky/cuda-convnet2 computed.
IMAGENET_MEAN = (127.30, 119.72, 104.91)

_ARGUMENTS = """

    Args:
        include_top: Bool, whether to end with fc6, fc7 and fc8.
        weights: `None` for random weights, or the path of a file: a
            `.weights.h5`, or what `convert.read` reads besides. Without the
            top, the rest of a whole network's file is left out. No ImageNet
            weights come with this package; `alexnet-keras convert` brings
            them here.
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
        rescaling: A pair `(mean, scale)`, each a number or one for each of
            RGB: the model then takes RGB from 0 to 255 and begins with
            `(inputs - mean) / scale`. `None` takes the one that the weights
            were trained with, if their file tells it; `False` has none.
        devices: `None`, or, for `AlexNet` and `AlexNetMini`, two of
            TensorFlow's devices such as `("GPU:0", "GPU:1")`, one for each
            tower: their weights and all that is computed of them stand there,
            fc8 on the first. With `training.MomentumSGD` the momentum stands
            there too.

    Returns:
        A functional `keras.Model`; with `devices` a `placement.PlacedModel`.

    Raises:
        ValueError: If an argument is out of range, the images are too small
            for pool5, or the weights do not fit; the message says what does.
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
def CaffeAlexNet(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="caffe_alexnet",
    **options,
):
    """Caffe's `bvlc_alexnet` (BVLC/caffe, `models/bvlc_alexnet`).

    60,965,224 parameters with 1000 classes. It has the paper's two towers, but
    normalises over all channels with a bias of 1 and a fifth of the paper's
    alpha. As in Caffe, convolutions round down and pools up: 227 pixels, the
    default, and 224 both give 9216 values at fc6.
    """
    return _build(
        "caffe", include_top, weights, input_tensor, input_shape, pooling,
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
    "caffe": CaffeAlexNet,
    "one-weird-trick": OneWeirdTrick,
    "mini": AlexNetMini,
}


def _build(
    model, include_top, weights, input_tensor, *arguments, devices=None,
    **options,
):  # fmt: skip
    if devices is not None and input_tensor is not None:
        raise ValueError(
            "With `devices` a network makes its own input: give input_shape "
            "instead of input_tensor."
        )
    whole = architecture.build(
        model, include_top, weights, input_tensor, *arguments, **options
    )
    if devices is None:
        return whole
    return placement.PlacedModel(whole, devices)


def from_weights(weights):
    """Builds the network that weights are of.

    Args:
        weights: A `weights.Weights`, as `convert.read` gives it.

    Returns:
        A `keras.Model` that takes RGB from 0 to 255, if the weights tell the
        scale of their pictures.

    Raises:
        ValueError: If they are of no network of this module.
    """
    model = weights.likely_model
    if model is None:
        raise ValueError(
            "These weights are of no network of this package. They hold "
            f"{', '.join(weights.arrays)}."
        )
    size = weights.size or architecture.default_size(model)
    shape = (size, size, weights.arrays["conv1"][0].shape[2])
    # so that no fc6 is made that cannot fit; torchvision's takes any size
    if "fc6" in weights.arrays and model != "one-weird-trick":
        maps = BUILDERS[model](False, input_shape=shape).output_shape[1:]
        given, read = math.prod(maps), weights.arrays["fc6"][0].shape[0]
        if given != read:
            raise ValueError(
                f"Pictures of {size} pixels give fc6 {given} values, and it "
                f"reads {read}: the weights are those of another size."
            )
    return BUILDERS[model](
        include_top="fc8" in weights.arrays,
        weights=weights,
        input_shape=shape,
        classes=weights.num_classes or 1000,
    )


def layer_chain(model):
    """Describes a Keras model as `shapes.table` and its kin want it.

    Args:
        model: A model without branches, such as the ones of this module; one
            on two devices is described as if it were in one piece.

    Returns:
        List of `shapes.Conv`, `Pool`, `Pad`, `Resample`, `Norm` and `Dense`.
        Layers that change neither shape nor weights are left out, but
        normalisation.

    Raises:
        ValueError: If the model has a layer of another kind.
    """
    if isinstance(model, placement.PlacedModel):
        model = model.in_one_piece()
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
            chain.append(shapes.Norm(name, layer.groups))
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
