"""Whose AlexNet a network is: live models, files, graphs and weights."""

import json
import pickle
import struct
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from alexnet_keras import distribution, models
from alexnet_keras.exchange import identify
from alexnet_keras.exchange.identity import Identity
from alexnet_keras.layers import LocalResponseNormalization
from alexnet_keras.placement import PlacedModel

# Width, filter, towers: as in the paper's figure 2.
PAPER = [(96, 11, 1), (256, 5, 2), (384, 3, 1), (384, 3, 2), (256, 3, 2)]
TOWERS = "conv2, conv4, conv5: groups=1, not 2"
NO_LRN = "norm1, norm2: missing"
CAFFES = (
    "norm1, norm2: alpha=2e-05, not 0.0001",
    "norm1, norm2: bias=1, not 2",
    "norm1, norm2: groups=1, not 2",
)


def top(classes=1000, dropout=0.5, activation="softmax"):
    """Flatten, fc6, fc7 and fc8, of zeros, as these are made fastest."""
    zeros = {"kernel_initializer": "zeros"}
    found = [layers.Flatten()]
    for _ in range(2):
        found.append(layers.Dense(4096, activation="relu", **zeros))
        if dropout:
            found.append(layers.Dropout(dropout))
    return [*found, layers.Dense(classes, activation=activation, **zeros)]


def tutorial(
    norm=None,
    groups=False,
    strides=(4, 1, 1, 1, 1),
    pool=(3, 2),
    size=227,
    padding="valid",
    activation="relu",
    tail=None,
    pooling=None,
    **options,
):
    """The network that fills GitHub, with the changes that are asked for."""
    found = [keras.Input((size, size, 3))]
    pooling = pooling or layers.MaxPooling2D
    for number, (filters, side, towers) in enumerate(PAPER):
        found.append(
            layers.Conv2D(
                filters,
                side,
                strides=strides[number],
                padding="same" if number else padding,
                groups=towers if groups else 1,
                activation=activation,
                kernel_initializer="zeros",
                **options,
            )
        )
        if norm and number < 2:
            found.append(norm())
        if number in (0, 1, 4):
            found.append(pooling(*pool))
    return keras.Sequential([*found, *(top() if tail is None else tail)])


def zip_of(path, config, name="config.json"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, config)
    return path


def as_file(model, folder):
    """A `.keras` file that holds no weights."""
    return zip_of(folder / "model.keras", model.to_json())


@keras.saving.register_keras_serializable(package="strangers")
class LRN(layers.Layer):
    def __init__(self, n=5, k=2, alpha=1e-4, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def call(self, inputs):
        return inputs

    def get_config(self):
        own = {"n": self.n, "k": self.k, "alpha": self.alpha, "beta": self.beta}
        return {**super().get_config(), **own}


def slim():
    """TF-slim's alexnet_v2: all of its layers are convolutions."""
    conv = layers.Conv2D
    zeros = {"kernel_initializer": "zeros", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((224, 224, 3)),
            conv(64, 11, 4, padding="valid", **zeros),
            layers.MaxPool2D(3, 2),
            conv(192, 5, padding="same", **zeros),
            layers.MaxPool2D(3, 2),
            conv(384, 3, padding="same", **zeros),
            conv(384, 3, padding="same", **zeros),
            conv(256, 3, padding="same", **zeros),
            layers.MaxPool2D(3, 2),
            conv(4096, 5, padding="valid", **zeros),
            layers.Dropout(0.5),
            conv(4096, 1, **zeros),
            layers.Dropout(0.5),
            conv(1000, 1, kernel_initializer="zeros"),
            layers.Flatten(),
        ]
    )


KNOWN = {
    "two-tower": (models.AlexNet, 60_965_224, 9216),
    "one-tower": (models.AlexNetOneTower, 62_378_344, 9216),
    "one-weird-trick": (models.OneWeirdTrick, 61_100_840, 9216),
    "slim": (slim, 50_303_912, 6400),
    "d2l": (lambda: tutorial(size=224), 50_844_008, 6400),
}


def check(model, folder):
    """Identifies a live model, and its file, of which the same is said."""
    found = identify(model)
    assert identify(as_file(model, folder)) == found
    assert found.parameters == model.count_params()
    return found


@pytest.mark.parametrize("name", KNOWN)
def test_the_five_alexnets_are_told_apart_live_and_in_a_file(name, tmp_path):
    builder, parameters, flatten = KNOWN[name]
    found = check(builder(), tmp_path)
    assert (found.name, found.parameters, found.flatten) == (
        name,
        parameters,
        flatten,
    )
    assert bool(found.departures) == (name != "two-tower")
    assert found.notes == ()


@pytest.mark.parametrize(
    ("classes", "sides"), [(1, (224, 224)), (17, (225, 290))]
)
def test_classes_size_and_logits_are_free(classes, sides):
    model = models.AlexNet(
        input_shape=(*sides, 3),
        classes=classes,
        classifier_activation=None,
    )
    found = identify(model)
    assert (found.name, found.departures) == ("two-tower", ())
    assert found.parameters == model.count_params()


@pytest.mark.parametrize(
    ("builder", "title"),
    [
        ("AlexNet", "The AlexNet of the 2012 paper"),
        ("CaffeAlexNet", "Caffe's AlexNet, bvlc_alexnet"),
        ("AlexNetMini", "AlexNetMini of alexnet_keras"),
    ],
)
@pytest.mark.parametrize(
    "options", [{}, {"pooling": "avg"}, {"input_shape": (None, None, 3)}]
)
def test_a_network_without_its_top_is_known_by_its_convolutions(
    builder, title, options
):
    found = identify(getattr(models, builder)(False, **options))
    assert found.title == f"{title}, without its fully connected layers"
    assert "flatten, fc6, drop6, fc7, drop7, fc8: missing" in found.departures
    assert found.flatten is None
    assert "reach fc6" not in str(found)


def test_towers_on_two_devices_are_those_of_the_network_in_one_piece():
    devices = distribution.start(2).names
    body = models.AlexNetMini(False, pooling="avg")
    placed = PlacedModel(body, devices)
    assert identify(placed) == identify(body)
    found = identify(keras.Sequential([placed, layers.Dense(3)]))
    assert found.name == "unknown"
    assert "conv1: stride=2, not 4" in found.departures
    assert "OnDevice" not in str(found)


def test_caffes_constants_and_caffenets_order():
    def lrn():
        return LocalResponseNormalization(5, 2e-5, 0.75, 1)

    caffe = identify(tutorial(lrn, groups=True))
    assert (caffe.name, caffe.departures) == ("caffe", CAFFES)
    swapped = tutorial(groups=True).layers
    for place in (4, 2):  # behind pool2 and pool1
        swapped.insert(place, lrn())
    caffenet = identify(
        keras.Sequential([keras.Input((227, 227, 3)), *swapped])
    )
    assert caffenet.name == "caffenet"
    assert caffenet.departures == (NO_LRN, "pool1, pool2: Norm follows")


@pytest.mark.parametrize("size", [224, 227])
def test_our_own_caffe_network_is_caffes(size):
    found = identify(models.CaffeAlexNet(input_shape=(size, size, 3)))
    assert (found.name, found.flatten) == ("caffe", 9216)
    rest = ("conv1: 54 places a side, not 55",) if size == 224 else ()
    assert found.departures == CAFFES + rest  # its convolutions round down


def default_lambda():
    return layers.Lambda(tf.nn.local_response_normalization)


def lambda_of_the_paper():
    return layers.Lambda(
        lambda x: tf.nn.local_response_normalization(
            x, depth_radius=2, bias=2, alpha=1e-4, beta=0.75
        )
    )


def average(*args):
    return layers.AveragePooling2D(*args)


# Each with all of its departures: what is not said matters too.
NEAR_MISSES = {
    "batch normalisation": (
        lambda: tutorial(layers.BatchNormalization),
        ["norm1, norm2: BatchNormalization in its place", TOWERS],
    ),
    "stride 4 everywhere": (
        lambda: tutorial(strides=(4,) * 5, padding="same", pool=(2, 1, "same")),
        [
            NO_LRN,
            "pool1, pool2, pool5: filter_size=2, not 3",
            "pool1, pool2, pool5: stride=1, not 2",
            "conv2, conv3, conv4, conv5: stride=4, not 1",
            TOWERS,
            "conv1, pool1, conv2, pool2, conv3, conv4, conv5, pool5: 57, 57, "
            "15, 15, 4, 1, 1, 1 places a side, not 55, 27, 27, 13, 13, 13, 13, "
            "6",
            "256 values reach fc6, not 9216",
        ],
    ),
    "no towers": (lambda: tutorial(lambda_of_the_paper), [TOWERS]),
    "TensorFlow's function": (lambda: tutorial(default_lambda), None),
    "a lambda that is LRN": (
        lambda: tutorial(lambda_of_the_paper, groups=True),
        [],
    ),
    "a stranger's layer": (
        lambda: tutorial(lambda: LRN(k=1, alpha=2e-5), groups=True),
        CAFFES[:2],  # whether it stays within a tower it does not tell
    ),
    "6400": (
        lambda: tutorial(lambda_of_the_paper, groups=True, size=224),
        [
            "conv1, conv2, conv3, conv4, conv5, pool5: 54, 26, 12, 12, 12, 5 "
            "places a side, not 55, 27, 13, 13, 13, 6",
            "6400 values reach fc6, not 9216",
        ],
    ),
    "same padding in conv1": (
        lambda: tutorial(
            lambda_of_the_paper, groups=True, size=224, padding="same"
        ),
        ["conv1: 56 places a side, not 55"],
    ),
    "ReLU before the softmax": (
        lambda: tutorial(tail=[*top(activation="relu"), layers.Softmax()]),
        [NO_LRN, TOWERS, "fc8: activation=relu, softmax, not softmax"],
    ),
    "no dropout": (
        lambda: tutorial(tail=top(dropout=None)),
        ["norm1, norm2, drop6, drop7: missing", TOWERS],
    ),
    "another rate": (
        lambda: tutorial(tail=top(dropout=0.4)),
        [NO_LRN, TOWERS, "drop6, drop7: rate=0.4, not 0.5"],
    ),
    "windows that do not overlap": (
        lambda: tutorial(pool=(2, 2)),
        [NO_LRN, "pool1, pool2, pool5: filter_size=2, not 3", TOWERS],
    ),
    "average pools": (
        lambda: tutorial(pooling=average),
        [
            NO_LRN,
            "pool1, pool2, pool5: AveragePooling2D in its place",
            TOWERS,
        ],
    ),
    "padded pools": (
        lambda: tutorial(pool=(3, 2, "same")),
        [
            NO_LRN,
            TOWERS,
            "pool1, conv2, pool2, conv3, conv4, conv5, pool5: 28, 28, 14, 14, "
            "14, 14, 7 places a side, not 27, 27, 13, 13, 13, 13, 6",
            "12544 values reach fc6, not 9216",
        ],
    ),
    "tanh": (
        lambda: tutorial(activation="tanh"),
        [
            "conv1, conv2, conv3, conv4, conv5: activation=tanh, not relu",
            NO_LRN,
            TOWERS,
        ],
    ),
    "no activation": (
        lambda: tutorial(activation=None),
        [
            "conv1, conv2, conv3, conv4, conv5: activation=linear, not relu",
            NO_LRN,
            TOWERS,
        ],
    ),
    "no biases": (
        lambda: tutorial(use_bias=False),
        [
            "conv1, conv2, conv3, conv4, conv5: bias=False, not True",
            NO_LRN,
            TOWERS,
        ],
    ),
    "no top": (
        lambda: tutorial(tail=[layers.GlobalAveragePooling2D()]),
        [
            "norm1, norm2, flatten, fc6, drop6, fc7, drop7, fc8: missing",
            TOWERS,
            "pool5: GlobalAveragePooling2D follows",
        ],
    ),
    "one layer more": (
        lambda: tutorial(tail=[*top(), layers.Dense(10)]),
        [NO_LRN, TOWERS, "fc8: Dense of 10 units follows"],
    ),
    "one layer less": (
        lambda: tutorial(tail=[layers.Flatten(), layers.Dense(9)]),
        ["norm1, norm2, fc6, drop6, fc7, drop7: missing", TOWERS],
    ),
    "torchvision's border": (
        lambda: bordered(2),
        ["conv1: padding=2 at the top and left, not 0", NO_LRN, TOWERS],
    ),
    "dilated filters": (
        lambda: tutorial(dilation_rate=2, strides=(1,) * 5, tail=[], size=70),
        None,
    ),
}


def bordered(zeros):
    """The tutorial's network at 224 with zeros around the picture."""
    image = keras.Input((224, 224, 3))
    _, *rest = tutorial().layers
    x = layers.ZeroPadding2D(zeros)(image)
    x = layers.Conv2D(96, 11, 4, activation="relu")(x)
    for layer in rest:
        x = layer(x)
    return keras.Model(image, x)


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses_are_named_live_and_in_a_file(name, tmp_path):
    builder, lines = NEAR_MISSES[name]
    found = check(builder(), tmp_path)
    if lines is not None:
        assert found.departures == tuple(lines)
        for line in lines:
            assert f"- {line}" in str(found).splitlines()


def test_what_is_not_read_is_said_and_never_guessed():
    """Not even where the function is TensorFlow's own."""
    for builder, note in (
        (default_lambda, "Some constants are not read: norm1, norm2."),
        (
            lambda_of_the_paper,
            "What Lambda layers compute is not read: norm1, norm2.",
        ),
    ):
        found = identify(tutorial(builder, groups=True, tail=[]))
        assert found.title.startswith("But for what is not read: The AlexNet")
        assert found.notes == (note,)
        assert not any("norm" in line for line in found.departures)


def test_channels_first_are_the_same_network():
    def build(data_format, shape):
        found = keras.Sequential([keras.Input(shape)])
        options = {"data_format": data_format, "kernel_initializer": "zeros"}
        for number, (filters, side, towers) in enumerate(PAPER):
            sizes = {"strides": 1, "padding": "same"} if number else {}
            sizes = {"strides": 4, **sizes, "groups": towers}
            found.add(layers.Conv2D(filters, side, **sizes, **options))
            found.add(layers.ReLU())
            if number in (0, 1, 4):
                found.add(layers.MaxPooling2D(3, 2, data_format=data_format))
        return found

    last = identify(build("channels_last", (227, 227, 3)))
    assert identify(build("channels_first", (3, 227, 227))) == last
    assert last.parameters is not None


def test_dilated_filters_are_named():
    builder, _ = NEAR_MISSES["dilated filters"]
    lines = identify(builder()).departures
    assert any("dilation_rate=2, not 1" in line for line in lines)


def stack(*plan):
    found = [keras.Input((227, 227, 3))]
    for filters, side, stride in plan:
        found.append(
            layers.Conv2D(filters, side, stride, "same", activation="relu")
        )
    return identify(keras.Sequential(found)).departures


def test_widths_filters_and_missing_convolutions_are_named():
    wrong = stack(
        (96, 7, 2), (200, 5, 1), (384, 3, 1), (384, 3, 1), (256, 3, 1)
    )
    for line in (
        "conv1: filter_size=7, not 11",
        "conv1: stride=2, not 4",
        "conv2: filters=200, not 256",
    ):
        assert line in wrong
    assert wrong[2].startswith("norm1, pool1, norm2, pool2, pool5")
    few = stack((96, 11, 4), (256, 5, 1), (384, 3, 1), (256, 3, 1))
    assert any("conv4" in line and "missing" in line for line in few)
    plan = [(96, 11, 4), (256, 5, 1), *[(384, 3, 1)] * 3, (256, 3, 1)]
    assert any("Conv of 384 filters follows" in line for line in stack(*plan))


# Both of these are public: an issue tells what was said of them before.


def public_notebook():
    """A network whose convolutions do not pad."""
    conv, pool = layers.Conv2D, layers.MaxPooling2D
    return keras.Sequential(
        [
            keras.Input((227, 227, 3)),
            conv(96, 11, 4, activation="relu"),
            pool(3, 2),
            conv(256, 5, activation="relu"),
            pool(3, 2),
            conv(384, 3, activation="relu"),
            conv(384, 3, activation="relu"),
            conv(256, 3, activation="relu"),
            pool(3, 2),
            *top(),
        ]
    )


def test_places_are_the_papers_at_the_same_size(tmp_path):
    found = check(public_notebook(), tmp_path)
    assert found.departures == (
        NO_LRN,
        TOWERS,
        "conv2, pool2, conv3, conv4, conv5, pool5: 23, 11, 9, 7, 5, 2 places a "
        "side, not 27, 13, 13, 13, 13, 6",
        "1024 values reach fc6, not 9216",
    )


class Towers:
    """Builds AlexNet as two branches, as it is drawn in the paper."""

    def __init__(self, relu="relu", separate=False):
        self.image = keras.Input((227, 227, 3))
        self.halves = [self.image, self.image]
        self.relu, self.separate = relu, separate

    def both(self, first, second=None):
        made = [first(), (second or first)()]
        self.halves = [
            layer(half) for layer, half in zip(made, self.halves, strict=True)
        ]

    def conv(self, filters, side, stride=1, second="relu"):
        def make(function="relu"):
            padding = "valid" if stride > 1 else "same"
            own = None if self.separate else function
            conv = layers.Conv2D(filters, side, stride, padding, activation=own)
            if self.separate and function:
                return keras.Sequential([conv, layers.Activation(function)])
            return conv

        self.both(make, lambda: make(second))

    def norm_and_pool(self, norm=True, second=True):
        if norm:
            self.both(
                LocalResponseNormalization,
                LocalResponseNormalization if second else layers.Identity,
            )
        self.both(lambda: layers.MaxPooling2D(3, 2))

    def join(self):
        joined = layers.Concatenate()(self.halves)
        self.halves = [joined, joined]

    def dense(self):
        self.both(
            lambda: layers.Dense(
                2048, activation="relu", kernel_initializer="zeros"
            )
        )
        self.both(lambda: layers.Dropout(0.5))


def two_branches(second_relu="relu", second_norm=True, own=0, separate=False):
    """Two branches; `own` of fc6 and fc7 read their own tower only."""
    towers = Towers(separate=separate)
    towers.conv(48, 11, 4)
    towers.norm_and_pool(second=second_norm)
    towers.conv(128, 5, second=second_relu)
    towers.norm_and_pool()
    towers.join()
    for filters in (192, 192, 128):
        towers.conv(filters, 3)
    towers.norm_and_pool(norm=False)
    if own:
        towers.both(layers.Flatten)
    else:
        towers.join()
        towers.halves = [layers.Flatten()(towers.halves[0])] * 2
    for number in (1, 2):
        towers.dense()
        if own != 2 or number == 2:
            towers.join()
    last = layers.Dense(10, "softmax")(towers.halves[0])
    return keras.Model(towers.image, last)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({}, ()),
        (
            {"second_relu": None},
            ("conv2: activation=relu in one tower, linear in the other",),
        ),
        ({"second_norm": False}, ("norm1: in one tower only",)),
        ({"own": 1}, ("fc6: each half reads its own tower only",)),
        ({"own": 2}, ("fc6, fc7: each half reads its own tower only",)),
    ],
)
def test_two_branches_are_towers_and_must_be_alike(
    options, lines, separate, tmp_path
):
    found = check(two_branches(separate=separate, **options), tmp_path)
    assert found.departures == lines
    assert found.name == ("unknown" if lines else "two-tower")


def towers_by_hand(slices):
    """Two columns, as in the paper's figure 2, or slices layer by layer."""
    relu = {"activation": "relu", "padding": "same"}
    image = keras.Input((227, 227, 3))
    x = layers.Conv2D(96, 11, 4, activation="relu")(image)
    if not slices:
        x = [
            layers.Conv2D(48, 11, 4, activation="relu")(image) for _ in range(2)
        ]
    for filters, side in ((256, 5), (384, 3), (384, 3), (256, 3)):
        pool = layers.MaxPooling2D(3, 2)  # shared, as some authors do
        if slices:
            x = pool(lambda_of_the_paper()(x)) if side == 5 else x
            half = x.shape[-1] // 2
            halves = [
                layers.Lambda(lambda t, n=half: t[..., :n])(x),
                layers.Lambda(lambda t, n=half: t[..., n:])(x),
            ]
        else:
            x = [layers.MaxPooling2D(3, 2)(t) for t in x] if side == 5 else x
            halves = x
        halves = [layers.Conv2D(filters // 2, side, **relu)(t) for t in halves]
        x = layers.Concatenate()(halves) if slices else halves
    x = x if slices else layers.Concatenate()(x)
    return keras.Model(image, layers.MaxPooling2D(3, 2)(x))


@pytest.mark.parametrize("slices", [True, False])
def test_towers_that_never_meet_are_told(slices, tmp_path):
    found = check(towers_by_hand(slices), tmp_path)
    # both keep conv3 in its tower, which the paper does not
    assert "conv3: groups=2, not 1" in found.departures
    assert not any("groups=1" in line for line in found.departures)
    assert not any("filters=" in line for line in found.departures)


@pytest.mark.parametrize("how", ["split", "items"])
def test_slices_by_operations_are_towers(how, tmp_path):
    image = keras.Input((227, 227, 3))
    x = layers.Conv2D(96, 11, 4, activation="relu")(image)
    x = layers.MaxPooling2D(3, 2)(x)
    halves = keras.ops.split(x, 2, -1)
    if how == "items":
        halves = [x[..., :48], x[..., 48:]]
    x = layers.Concatenate()(
        [layers.Conv2D(128, 5, padding="same")(half) for half in halves]
    )
    x = layers.MaxPooling2D(3, 2)(layers.ReLU()(x))
    for filters in (384, 384, 256):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    found = check(keras.Model(image, layers.MaxPooling2D(3, 2)(x)), tmp_path)
    assert "conv4, conv5: groups=1, not 2" in found.departures


@pytest.mark.parametrize(
    "builder", [keras.applications.ResNet50, keras.applications.InceptionV3]
)
def test_other_branches_are_not_compared(builder):
    found = identify(builder(weights=None))
    assert found.name == "unknown"
    assert "neither in one line nor in two towers" in found.title
    assert found.departures == ()


def test_two_heads_are_no_towers():
    image = keras.Input((64, 64, 3))
    body = models.AlexNetMini(False, input_tensor=image)
    flat = layers.Flatten()(body.output)
    heads = [layers.Dense(units)(flat) for units in (3, 3)]
    assert "neither in one line" in identify(keras.Model(image, heads)).title


def test_layers_that_are_called_twice_and_nested_models_are_followed(tmp_path):
    image = keras.Input((227, 227, 3))
    relu, pool = layers.ReLU(), layers.MaxPooling2D(3, 2)
    x = pool(relu(layers.Conv2D(96, 11, 4)(image)))
    x = pool(relu(layers.Conv2D(256, 5, padding="same")(x)))
    x = relu(layers.Conv2D(384, 3, padding="same")(x))
    inner = keras.Input((13, 13, 384))
    y = relu(layers.Conv2D(384, 3, padding="same")(inner))
    y = pool(relu(layers.Conv2D(256, 3, padding="same")(y)))
    x = keras.Model(inner, y)(x)
    small = keras.Sequential([layers.Flatten(), layers.Dense(7)])
    found = check(keras.Model(image, small(x)), tmp_path)
    assert found.departures == (
        "norm1, norm2, fc6, drop6, fc7, drop7: missing",
        TOWERS,
    )
    assert found.flatten == 9216


def test_models_that_do_not_tell_their_layers_are_refused(tmp_path):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.convs = [layers.Conv2D(f, side) for f, side, _ in PAPER]

        def call(self, inputs):
            for conv in self.convs:
                inputs = keras.ops.relu(conv(inputs))
            return inputs

    with pytest.raises(ValueError, match="does not tell its layers.*weights"):
        identify(Net())


def test_a_whole_saved_file_and_the_older_format_are_read(tmp_path):
    model = models.AlexNetMini(classes=3)
    found = identify(model)
    assert (found.name, found.parameters) == ("mini", model.count_params())
    model.save(tmp_path / "mini.keras")
    assert identify(tmp_path / "mini.keras") == found
    with h5py.File(tmp_path / "mini.h5", "w") as file:  # as Keras 2 wrote it
        file.attrs["model_config"] = model.to_json()
    assert identify(str(tmp_path / "mini.h5")) == found


@pytest.mark.parametrize(
    ("builder", "reason"),
    [
        (keras.applications.VGG16, "13 convolutions; AlexNet has 5"),
        (
            keras.applications.MobileNet,
            "14 convolutions (not known: DepthwiseConv2D); ",
        ),
        (
            lambda weights: keras.Sequential(
                [
                    keras.Input((28, 28, 1)),
                    layers.Conv2D(6, 5),
                    layers.Conv2D(16, 5),
                    *[layers.Flatten(), layers.Dense(10)],
                ]
            ),
            "2 convolutions; AlexNet has 5",
        ),
        (
            lambda weights: keras.Sequential(
                [
                    keras.Input((32, 32, 3)),
                    *[layers.Conv2D(32, 3) for _ in range(5)],
                ]
            ),
            "neither AlexNet's sizes nor its numbers",
        ),
    ],
    ids=["vgg", "mobilenet", "lenet", "plain"],
)
def test_other_networks_are_no_alexnets(builder, reason):
    options = {"include_top": False} if "keras" in builder.__module__ else {}
    found = identify(builder(weights=None, **options))
    assert found.name == "not-alexnet"
    assert reason in found.title


def test_nothing_of_a_file_is_made_or_run(tmp_path, monkeypatch):
    path = as_file(tutorial(lambda_of_the_paper, tail=[]), tmp_path)

    def refuse(*args, **kwargs):
        raise AssertionError("a stranger's code was loaded")

    monkeypatch.setattr("marshal.loads", refuse)
    monkeypatch.setattr(keras.models, "load_model", refuse)
    monkeypatch.setattr(keras.layers, "deserialize", refuse)
    assert TOWERS in identify(path).departures


# --- ONNX


def onnx_graph(
    size=227,
    lrn_first=True,
    pads=(0, 0, 0, 0),
    ceil=0,
    dropout=True,
    alpha=1e-4,
):
    """Caffe's AlexNet as ONNX' model zoo has it, its numbers left out."""
    import onnx

    node = onnx.helper.make_node
    nodes, weights, last = [], [], ["image"]

    def add(kind, *shapes, **options):
        names = [f"w{len(weights) + i}" for i in range(len(shapes))]
        for name, shape in zip(names, shapes, strict=True):
            weights.append(onnx.TensorProto(name=name, dims=shape, data_type=1))
        output = f"t{len(nodes)}"
        nodes.append(node(kind, [last[0], *names], [output], **options))
        last[0] = output

    channels = 3
    for number, (filters, side, towers) in enumerate(PAPER):
        edge = side // 2 if number else 0
        add(
            "Conv",
            (filters, channels // towers, side, side),
            (filters,),
            strides=[1, 1] if number else [4, 4],
            kernel_shape=[side, side],
            pads=[edge] * 4,
            group=towers,
        )
        channels = filters
        add("Relu")
        steps = ["LRN", "MaxPool"] if lrn_first else ["MaxPool", "LRN"]
        for kind in steps:
            if kind == "LRN" and number < 2:
                add(kind, size=5, alpha=alpha, beta=0.75, bias=1.0)
            if kind == "MaxPool" and number in (0, 1, 4):
                add(
                    kind,
                    kernel_shape=[3, 3],
                    strides=[2, 2],
                    pads=pads,
                    ceil_mode=ceil,
                )
    add("Flatten")
    for inputs, units in ((9216, 4096), (4096, 4096), (4096, 1000)):
        add("Gemm", (units, inputs), (units,), transB=1)
        if units == 4096:
            add("Relu")
            if dropout:
                add("Dropout")
    add("Softmax")
    image = onnx.helper.make_tensor_value_info("image", 1, [1, 3, size, size])
    result = onnx.helper.make_tensor_value_info(last[0], 1, [1, 1000])
    graph = onnx.helper.make_graph(nodes, "g", [image], [result], weights)
    return onnx.helper.make_model(graph)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "caffe"),
        ({"size": 224, "pads": (0, 0, 1, 1)}, "caffe"),
        ({"size": 224, "ceil": 1}, "caffe"),
        ({"lrn_first": False}, "caffenet"),
    ],
)
def test_an_onnx_graph_is_caffes(options, name, tmp_path):
    graph = onnx_graph(**options)
    found = identify(graph)
    assert (found.name, found.parameters) == (name, 60_965_224)
    assert found.flatten == 9216
    assert not any("drop" in line for line in found.departures)
    path = tmp_path / "caffe.onnx"
    path.write_bytes(graph.SerializeToString())
    assert identify(path) == found


def test_a_graph_for_inference_says_nothing_of_dropout():
    found = identify(onnx_graph(dropout=False))
    assert found.name == "caffe"
    assert found.notes == (
        "A graph made for inference does not tell whether there was dropout.",
    )


def test_alpha_of_onnx_is_divided_by_the_window():
    # 5e-4 over five channels is what the paper calls 1e-4
    lines = identify(onnx_graph(alpha=5e-4)).departures
    assert lines == CAFFES[1:]


@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
def test_our_own_export_is_ours(tmp_path):
    model = models.AlexNetMini(initialization="he")
    for weight in model.weights:
        if len(weight.shape) == 1 and "bias" in weight.name:
            weight.assign(np.linspace(0.1, 0.2, weight.shape[0]))
    model(np.zeros((1, 64, 64, 3), "float32"))
    model.export(tmp_path / "mini.onnx", format="onnx", verbose=False)
    found = identify(tmp_path / "mini.onnx")
    assert (found.name, found.parameters) == ("mini", model.count_params())
    assert "Some constants are not read: norm1, norm2." in found.notes


def test_split_convolutions_of_onnx_are_towers():
    import onnx

    graph = onnx_graph()
    conv2 = next(
        i
        for i, one in enumerate(graph.graph.node)
        if one.op_type == "Conv" and i
    )
    old = graph.graph.node[conv2]
    sizes = {"pads": [2] * 4, "kernel_shape": [5, 5]}
    new = [onnx.helper.make_node("Split", [old.input[0]], ["a", "b"], axis=1)]
    for half in "ab":
        weights = [f"{half}_kernel", f"{half}_bias"]
        for name, dims in zip(weights, [(128, 48, 5, 5), (128,)], strict=True):
            graph.graph.initializer.append(
                onnx.TensorProto(name=name, dims=dims, data_type=1)
            )
        new.append(
            onnx.helper.make_node("Conv", [half, *weights], [half * 2], **sizes)
        )
    new.append(
        onnx.helper.make_node("Concat", ["aa", "bb"], [old.output[0]], axis=1)
    )
    nodes = list(graph.graph.node)
    nodes[conv2 : conv2 + 1] = new
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    assert identify(graph) == identify(onnx_graph())


# --- weights

TORCHVISION = {
    "features.0": (64, 3, 11, 11),
    "features.3": (192, 64, 5, 5),
    "features.6": (384, 192, 3, 3),
    "features.8": (256, 384, 3, 3),
    "features.10": (256, 256, 3, 3),
    "classifier.1": (4096, 9216),
    "classifier.4": (4096, 4096),
    "classifier.6": (1000, 4096),
}


def write_safetensors(path, kernels, weight="weight", bias="bias"):
    """A header by hand, and a hole where the numbers would be."""
    header, end = {}, 0
    for name, shape in kernels.items():
        sizes = [(weight, shape), (bias, (shape[0],))]
        for kind, dims in sizes:
            size = 4
            for dim in dims:
                size *= dim
            header[f"{name}.{kind}"] = {
                "dtype": "F32",
                "shape": dims,
                "data_offsets": [end, end + size],
            }
            end += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    return path


def test_torchvisions_names_tell_its_strides_too(tmp_path):
    path = write_safetensors(tmp_path / "a.safetensors", TORCHVISION)
    found = identify(path)
    assert found == identify(models.OneWeirdTrick())
    renamed = {f"net.{name}": shape for name, shape in TORCHVISION.items()}
    path = write_safetensors(tmp_path / "b.safetensors", renamed)
    assert identify(path) == found
    renamed = {f"a{i}": shape for i, shape in enumerate(TORCHVISION.values())}
    found = identify(write_safetensors(tmp_path / "c.safetensors", renamed))
    assert (found.name, found.parameters) == ("one-weird-trick", 61_100_840)
    assert "Weights tell nothing of strides" in found.notes[0]
    assert not any("norm" in line for line in found.departures)


def test_a_length_that_looks_like_a_pickle_is_none(tmp_path):
    kernels = {**TORCHVISION}
    del kernels["classifier.1"], kernels["classifier.4"]
    path = write_safetensors(tmp_path / "a.safetensors", kernels)
    data = path.read_bytes()[:3000]
    (length,) = struct.unpack("<Q", data[:8])
    padded = next(n for n in range(length, 9999) if n % 256 == 0x80)
    assert 2 <= padded // 256 <= 5  # so the file begins as pickles do
    text = data[8 : 8 + length].ljust(padded)
    size = path.stat().st_size - length - 8
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", padded) + text)
        file.truncate(8 + padded + size)
    assert "fc6, fc7: missing" in identify(path).departures


def test_weights_of_two_towers_are_the_papers_or_caffes(tmp_path):
    kernels, channels = {}, 3
    for number, (filters, side, towers) in enumerate(PAPER, 1):
        shape = (filters, channels // towers, side, side)
        kernels[f"conv{number}"], channels = shape, filters
    kernels |= {"fc6": (4096, 9216), "fc7": (4096, 4096), "fc8": (10, 4096)}
    found = identify(write_safetensors(tmp_path / "a.safetensors", kernels))
    assert (found.name, found.departures) == ("two-tower", ())
    assert found.title.startswith("By its kernels: The AlexNet of the 2012")
    assert "Caffe's AlexNet" in found.title
    assert "CaffeNet" in found.title


@pytest.mark.parametrize(
    "builder",
    [models.AlexNetMini, slim, models.AlexNet],
    ids=["mini", "slim", "body"],
)
def test_weights_of_keras_are_read(builder, tmp_path):
    model = builder(False) if builder is models.AlexNet else builder()
    model.save_weights(tmp_path / "a.weights.h5")
    found = identify(tmp_path / "a.weights.h5")
    assert found.parameters == model.count_params()
    names = {models.AlexNetMini: "mini", slim: "slim"}
    assert found.name == names.get(builder, "two-tower")
    if builder is models.AlexNet:
        assert found.departures == ("fc6, fc7, fc8: missing",)


def test_layers_without_kernels_are_named(tmp_path):
    model = keras.Sequential([keras.Input((67, 67, 3))])
    for filters, side, _ in PAPER:
        model.add(layers.Conv2D(filters, side, padding="same"))
        model.add(
            layers.BatchNormalization(
                name=f"bn{side}{filters}{len(model.layers)}"
            )
        )
    model.save_weights(tmp_path / "a.weights.h5")
    found = identify(tmp_path / "a.weights.h5")
    assert found.notes[1].startswith("Layers without kernels: b")
    assert found.title.startswith("By its kernels: AlexNet in one tower or")
    assert found.parameters == model.count_params()


# --- files that are refused


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("none.keras", "is no file"),
        ("a.txt", "no file of a network. Known are .*.keras"),
        ("a.keras", "damaged, or no Keras file"),
        ("a.onnx", "damaged, or no ONNX file"),
        ("a.safetensors", "damaged, or no safetensors file"),
        ("a.weights.h5", "damaged, or no HDF5 file"),
        ("a.pth", "damaged, or no file of PyTorch's"),
    ],
)
def test_files_that_are_missing_unknown_or_damaged(name, match, tmp_path):
    if name != "none.keras":
        start = b"\x0a\xff\xff" if "onnx" in name else b"PK"
        (tmp_path / name).write_bytes(start + bytes(400))
    with pytest.raises(ValueError, match=match) as error:
        identify(tmp_path / name)
    assert str(tmp_path / name) in str(error.value)


def test_a_folder_and_other_objects_are_refused(tmp_path):
    with pytest.raises(ValueError, match="is a folder"):
        identify(tmp_path)
    with pytest.raises(ValueError, match="Received: a int"):
        identify(3)


@pytest.mark.parametrize("name", ["a.keras", "a.onnx", "a.safetensors"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_are_refused_by_what_they_are(name, protocol, tmp_path):
    (tmp_path / name).write_bytes(pickle.dumps({}, protocol))
    with pytest.raises(ValueError, match="could run code"):
        identify(tmp_path / name)


def test_pytorchs_zips_are_refused(tmp_path):
    path = zip_of(tmp_path / "a.keras", b"", "archive/data.pkl")
    with pytest.raises(ValueError, match="could run code"):
        identify(path)


def test_a_keras_file_without_a_fitting_configuration_is_refused(tmp_path):
    path = tmp_path / "a.keras"
    zip_of(path, "{}", "metadata.json")
    with pytest.raises(ValueError, match="no item named 'config.json'"):
        identify(path)
    zip_of(path, b" " * (16 * 2**20 + 1))
    assert path.stat().st_size < 100_000  # a bomb
    with pytest.raises(ValueError, match="larger than 16777216"):
        identify(path)


def conv(**config):
    config = {"name": "a", "filters": 96, "kernel_size": [3, 3], **config}
    return {"class_name": "Conv2D", "config": config}


def one(kind, config):
    return {"layers": [{"class_name": kind, "config": config}]}


SENSELESS = {
    "no JSON": "{",
    "a list": "[]",
    "a number": "3",
    "deep": "[" * 100_000,
    "nothing": '{"config": {}}',
    "a number inside": '{"config": 7}',
    "no layers": {"layers": []},
    "layers that are none": {"layers": {}},
    "a layer that is none": {"layers": [3]},
    "no configuration": {"layers": [{"class_name": "Dense"}]},
    "nested nothing": one("A", {"layers": [None]}),
    **{
        f"{key}={value}": {"layers": [conv(**{key: value})] * 5}
        for key, value in (
            ("filters", "many"),
            ("filters", -1),
            ("filters", True),
            ("kernel_size", []),
            ("kernel_size", [[3]]),
            ("strides", {"a": 1}),
            ("groups", 0),
        )
    },
}
STRANGE = {
    "a number for a kind": one(5, {"name": []}),
    "a rate that is none": one("Dropout", {"rate": "x"}),
    "zeros that are none": one("ZeroPadding2D", {"padding": {}}),
    "a shape that is none": one("Reshape", {"target_shape": 3}),
    "a network that is none": one("PlacedModel", {"whole": "3"}),
}


@pytest.mark.parametrize("what", SENSELESS)
def test_configurations_that_make_no_sense_are_refused(what, tmp_path):
    config = SENSELESS[what]
    if not isinstance(config, str):
        config = json.dumps({"config": config})
    path = zip_of(tmp_path / "a.keras", config)
    with pytest.raises(ValueError, match=r"a\.keras (cannot be read|is dam)"):
        identify(path)


@pytest.mark.parametrize("what", STRANGE)
def test_strange_layers_are_none_of_alexnets(what, tmp_path):
    config = json.dumps({"config": STRANGE[what]})
    found = identify(zip_of(tmp_path / "a.keras", config))
    assert found.name == "not-alexnet"
    assert "0 convolutions" in found.title


def test_a_circle_of_layers_is_refused(tmp_path):
    def call(name, before):
        tensor = {"class_name": "__keras_tensor__"}
        tensor["config"] = {"keras_history": [before, 0, 0], "shape": None}
        found = conv(name=name)
        found["inbound_nodes"] = [{"args": [tensor], "kwargs": {}}]
        return found

    config = {"layers": [call("a", "b"), call("b", "a")]}
    config["output_layers"] = [["a", 0, 0]]
    path = zip_of(tmp_path / "a.keras", json.dumps({"config": config}))
    with pytest.raises(ValueError, match="read one another in a circle"):
        identify(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = as_file(models.AlexNetMini(), tmp_path)
    data = path.read_bytes()
    for size in (10, len(data) // 2, len(data) - 4):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError, match="damaged"):
            identify(path)


def test_a_name_cannot_write_to_the_terminal(tmp_path):
    layer = {"class_name": "\x1b[31mevil" * 99, "config": {"name": "a"}}
    text = json.loads(tutorial(tail=[]).to_json())
    text["config"]["layers"].insert(3, layer)
    found = str(identify(zip_of(tmp_path / "a.keras", json.dumps(text))))
    assert "\x1b" not in found
    assert max(map(len, found.splitlines())) < 200


@pytest.mark.parametrize("package", ["onnx", "safetensors"])
def test_a_missing_package_is_named(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / f"a.{package}").write_bytes(bytes(400))
    with pytest.raises(ValueError, match=f"pip install {package}"):
        identify(tmp_path / f"a.{package}")


def test_an_identity_prints_title_departures_notes_and_counts():
    found = Identity("unknown", "Title", ("one", "two"), ("note",), 1234, 9)
    assert str(found).splitlines() == [
        "Title.",
        "- one",
        "- two",
        "(note)",
        "1,234 parameters, 9 values reach fc6",
    ]
