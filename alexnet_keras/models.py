"""AlexNet and its relatives, in the manner of `keras.applications`.

What the networks are stands in `networks`, a line a layer. Images are
`(batch, height, width, channels)`.
"""

import contextlib
import functools
import inspect
import os

import keras
import numpy as np
from keras import layers

from alexnet_keras import networks, shapes, trained
from alexnet_keras.building import awaiting, build
from alexnet_keras.rows import Dropout
from alexnet_keras.weights import (
    ENDINGS,
    arrays_of,
    assign,
    give,
    is_rescaling,
    read,
)


def AlexNet(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=None,
    classifier_activation="softmax",
    name=None,
    *,
    network="two-tower",
    dropout=0.5,
    initialization="paper",
    kernel_regularizer=None,
    rescaling=None,
):
    """AlexNet as the paper describes it, with two towers.

    60,965,224 parameters with 1000 classes. Sizes round up as in the 2012
    code: the image is padded at the bottom and right until conv1's filters
    fit exactly. 227 pixels, the default, need no padding; the paper's 224 get
    three. Normalisation stays within a tower.

    Args:
        include_top: Bool, whether to end with fc6, fc7 and fc8.
        weights: None for random weights, or the path of a `.weights.h5` or
            `.keras` file of this package. Without the top, the rest of a whole
            network's file is left out. `exchange.load` opens the files of
            others. No ImageNet weights come with this package, but
            `AlexNetMini` has `"solids"`, trained on the embedded set
            (`alexnet_keras/trained/README.md`).
        input_tensor: A Keras tensor to use as the input, instead of
            `input_shape`.
        input_shape: `(height, width, channels)` of the images. Without the
            top, height and width may be None, for any size.
        pooling: Without the top, None for the maps of pool5, `"avg"` or
            `"max"` for one number a channel.
        classes: Int, the number of classes; by default 1000, or 10 for the
            smallest network.
        classifier_activation: Activation of fc8; None gives logits.
        name: Str, the model's name.
        network: Str, which table of `networks.NETWORKS` is built.
        dropout: Float, share of the units that are dropped.
        initialization: `"paper"` (normal, standard deviation 0.01, biases 1
            in conv2, conv4, conv5, fc6 and fc7; section 5), `"2012"` (the
            same, but 0.03 in conv3 to conv5, as in the source's layer files),
            `"he"` (He's normal, biases 0) or `"he-small"` (the same, but a
            third of it in fc6 and fc7). The first two need inputs of 0 to 255
            minus the mean, the others inputs of about unit variance.
        kernel_regularizer: Regularizer of every kernel, or None.
        rescaling: A pair `(mean, scale)`, each a number or one for each of
            RGB: the model then takes RGB from 0 to 255 and begins with
            `(inputs - mean) / scale`. None has none, but with
            `weights="solids"` that of its training.

    Returns:
        A functional `keras.Model`.

    Raises:
        ValueError: If an argument is out of range, the images are too small
            for pool5, or the weights do not fit; the message says what does.
    """
    plan = networks.find(network)
    _check(network, weights, pooling, classes, initialization, rescaling)
    found = None if weights is None else _read(weights)
    if _is_shipped(weights) and rescaling is None:
        rescaling = found.rescaling
    image = _input(plan, include_top, input_tensor, input_shape)
    rows = [
        row._replace(rate=dropout) if isinstance(row, Dropout) else row
        for row in plan.layers
    ]
    if include_top:
        last = {"activation": classifier_activation}
        if classes is not None:
            last["units"] = classes
        rows[-1] = rows[-1]._replace(**last)
    else:
        rows = networks.body(rows)
    x = image if rescaling is None else _rescale(image, rescaling)
    with awaiting(found.arrays) if found else contextlib.nullcontext():
        x = build(rows, x, initialization, kernel_regularizer)
    if not include_top and pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="pool")(x)
    elif not include_top and pooling == "max":
        x = layers.GlobalMaxPooling2D(name="pool")(x)
    if input_tensor is not None:
        image = keras.utils.get_source_inputs(input_tensor)
        image = image[0] if len(image) == 1 else image  # calls may warn else
    model = keras.Model(image, x, name=name or plan.name)
    if found is not None:
        assign(model, found, network)
    return model


def _relative(network):
    """Makes a builder of another table, with the arguments of `AlexNet`."""
    signature = inspect.signature(AlexNet)
    signature = signature.replace(
        parameters=[
            parameter
            for parameter in signature.parameters.values()
            if parameter.name != "network"
        ]
    )

    def decorate(described):
        @functools.wraps(described)
        def builder(*arguments, **options):
            try:
                signature.bind(*arguments, **options)
            except TypeError as error:
                raise TypeError(f"{described.__name__}() {error}") from None
            return AlexNet(*arguments, network=network, **options)

        builder.__signature__ = signature
        builder.__doc__ += "\n    The arguments are those of `AlexNet`.\n    "
        return builder

    return decorate


@_relative("one-tower")
def AlexNetOneTower():
    """AlexNet without the split: every filter reads every channel.

    62,378,344 parameters with 1000 classes; otherwise as `AlexNet`.
    """


@_relative("caffe")
def CaffeAlexNet():
    """Caffe's `bvlc_alexnet` (BVLC/caffe, `models/bvlc_alexnet`).

    60,965,224 parameters with 1000 classes. It has the paper's two towers, but
    normalises over all channels with a bias of 1 and a fifth of the paper's
    alpha. As in Caffe, convolutions round down and pools up: 227 pixels, the
    default, and 224 both give 9216 values at fc6.
    """


@_relative("one-weird-trick")
def OneWeirdTrick():
    """The `alexnet` of torchvision (pytorch/vision, `models/alexnet.py`).

    61,100,840 parameters with 1000 classes. It is named after Krizhevsky's
    "One weird trick for parallelizing convolutional neural networks" (2014),
    has one tower of other widths, no normalisation, two pixels of padding
    around conv1 and dropout before fc6 and fc7. Images are 224 x 224 by
    default.
    """


@_relative("mini")
def AlexNetMini():
    """A small AlexNet for 64-pixel images, to try things on a laptop.

    The same layers in the same order, two towers and normalisation included,
    with 5 x 5 filters at stride 2 in conv1 and a fraction of the channels.
    """


def match_fan_ins(model, network="two-tower"):
    """Scales a fresh small network's kernels to what a large one's would be.

    The standard deviations of 2012 presume the full network: a layer's sums
    spread by its weights' deviation times the square root of how many values a
    filter reads. Each kernel is multiplied by the square root of how many more
    the other network's filter reads.

    Args:
        model: A model of `models` with fresh weights; changed in place.
        network: Str, the table in `networks.NETWORKS` whose sums to match.
    """
    plan = networks.find(network)
    lines = shapes.table(plan.layers, plan.size)
    full = {line.name: line.kernel for line in lines if line.kernel}
    for layer in model.layers:
        if layer.name in full:
            kernel, bias = arrays_of(layer)
            more = np.prod(full[layer.name][:-1]) / np.prod(kernel.shape[:-1])
            give(layer, (kernel * np.sqrt(more), bias))


def _read(weights):
    """Reads a file of weights, or the one that comes with the package."""
    return read(trained.MINI if _is_shipped(weights) else weights)


def _is_shipped(weights):
    return isinstance(weights, str) and weights == trained.SOLIDS


def _check(network, weights, pooling, classes, initialization, rescaling):
    if _is_shipped(weights) and network != "mini":
        raise ValueError(
            'Only `AlexNetMini` comes trained on solids. Received: weights="'
            f'solids" for {networks.NETWORKS[network].builder}. The conv1 '
            "filters of `AlexNet` come too: `trained.conv1_filters()`. To "
            f"train this one: alexnet-keras train --model {network}"
        )
    elif weights is not None and not _is_shipped(weights):
        _check_path(weights)
    if pooling not in (None, "avg", "max"):
        raise ValueError(
            f'`pooling` must be None, "avg" or "max". Received: {pooling!r}'
        )
    if classes is not None and classes < 1:
        raise ValueError(f"`classes` must be at least 1. Received: {classes}")
    if initialization not in ("paper", "2012", "he", "he-small"):
        raise ValueError(
            '`initialization` must be "paper", "2012", "he" or "he-small". '
            f"Received: {initialization!r}"
        )
    if rescaling is not None and not is_rescaling(rescaling):
        raise ValueError(
            "`rescaling` must be a pair (mean, scale), each a number or one "
            "for each of RGB, the scale not 0; or None. "
            f"Received: {rescaling!r}"
        )


def _check_path(weights):
    if weights == "imagenet":
        raise ValueError(
            "No ImageNet weights come with this package. Received: "
            'weights="imagenet". Trained weights are at torchvision '
            "(`alexnet-owt-7be5be79.pth`), in the ONNX model zoo "
            "(`bvlcalexnet-12.onnx`) and with Caffe (`bvlc_alexnet`). "
            "`alexnet-keras convert` makes a `.weights.h5` file of them; give "
            "its path."
        )
    if not isinstance(weights, str | os.PathLike):
        raise ValueError(
            "`weights` must be None or the path of a file. "
            f"Received: a {type(weights).__name__}"
        )
    path = os.fspath(weights)
    if not os.path.isfile(path):
        raise ValueError(
            "`weights` must be None or the path of a file. There is no such "
            f"file. Received: weights={path!r}. `AlexNetMini` also takes "
            'weights="solids".'
        )
    if not path.endswith(ENDINGS):
        raise ValueError(
            f"`weights` must end in {' or '.join(ENDINGS)}. Received: "
            f"weights={path!r}. `exchange.load` gives a whole model of the "
            "files of torchvision, Caffe and ONNX."
        )


def _input(plan, include_top, input_tensor, input_shape):
    """Gives the input tensor, after a look at its size."""
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            "Images must be (height, width, channels): call "
            'keras.config.set_image_data_format("channels_last").'
        )
    if input_tensor is not None:
        shape = input_tensor.shape[1:]
    else:
        shape = tuple(input_shape or (plan.size, plan.size, 3))
    counts = (1, 3, 4)  # of channels; no picture is as small
    if len(shape) == 3 and shape[0] in counts and shape[2] not in counts:
        raise ValueError(
            "Images must be (height, width, channels), and these have their "
            f"channels first. Received: input_shape={shape}. Give "
            f"{(*shape[1:], shape[0])}, and transpose the images: "
            "keras.ops.transpose(images, (0, 2, 3, 1))."
        )
    if len(shape) != 3 or shape[2] is None:
        raise ValueError(
            "Images must have a height, a width and a number of channels. "
            f"Received: input_shape={shape}"
        )
    if include_top and None in shape:
        raise ValueError(
            "With its top a network needs images of a fixed height and width. "
            f"Received: input_shape={shape}. Use include_top=False."
        )
    networks.check_size(plan, *shape[:2])
    if input_tensor is None:
        return keras.Input(shape, name="image")
    return input_tensor


def _rescale(image, rescaling):
    mean, scale = (np.asarray(part, float) for part in rescaling)
    if mean.size * scale.size > 1 and image.shape[-1] != 3:
        raise ValueError(
            "`rescaling` has a number for each of RGB, but the images have "
            f"{image.shape[-1]} channels. Received: {rescaling!r}. Give one "
            "number for all channels."
        )
    scale, offset = (1 / scale).tolist(), (-mean / scale).tolist()
    return layers.Rescaling(scale, offset, name="rescaling")(image)


def preprocess_input(x, network="two-tower"):
    """Scales pictures as a network's were, when it has no rescaling itself.

    For AlexNet that subtracts ImageNet's mean colour (paper, section 2); for
    `OneWeirdTrick` it also divides by the standard deviation.

    Args:
        x: Array or tensor of RGB images, 0 to 255, channels last.
        network: Str, a name in `networks.NETWORKS`.

    Returns:
        Array or tensor of the same shape, floating point. `x` is not changed.
    """
    mean, scale = networks.find(network).rescaling
    if isinstance(x, np.ndarray):
        floats = keras.config.floatx()
        return (x.astype(floats) - np.array(mean, floats)) / np.array(
            scale, floats
        )
    x = keras.ops.cast(x, keras.config.floatx())
    mean, scale = (
        keras.ops.convert_to_tensor(part, x.dtype) for part in (mean, scale)
    )
    return (x - mean) / scale


def decode_predictions(predictions, top=5, class_names=None):
    """Names the likeliest classes.

    Args:
        predictions: Array `(batch, classes)` of probabilities.
        top: Int, how many classes to name.
        class_names: List of names, one a class. None takes ImageNet's 1000,
            which Keras downloads once.

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
