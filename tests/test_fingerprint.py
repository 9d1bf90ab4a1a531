"""Whose AlexNet a network is: live models, files, graphs and weights."""

import json
import marshal
import pickle
import struct
import sys
import zipfile

import h5py
import keras
import pytest
import tensorflow as tf
from keras import layers

from alexnet_keras import models
from alexnet_keras.fingerprint import Identity, identify

# Width, filter, towers: as in the paper's figure 2.
PAPER = [(96, 11, 1), (256, 5, 2), (384, 3, 1), (384, 3, 2), (256, 3, 2)]
ONE_TOWER = (
    "conv2, conv4 and conv5 read all channels; the paper's read the half on "
    "their own GPU"
)
NO_LRN = "no LRN; the paper has it after conv1 and conv2"
TF_DEFAULTS = (
    "LRN after conv1 and conv2 with TensorFlow's defaults (alpha 1, bias 1, "
    "beta 0.5, 11 channels); the paper has alpha 0.0001, bias 2, beta 0.75, 5 "
    "channels"
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
    norm=None, groups=False, strides=(4, 1, 1, 1, 1), pool=(3, 2), size=227,
    padding="valid", activation="relu", tail=None, pooling=None, **options,
):  # fmt: skip
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
    "paper": (models.AlexNet, 60_965_224, 9216),
    "one-tower": (models.AlexNetOneTower, 62_378_344, 9216),
    "torchvision": (models.OneWeirdTrick, 61_100_840, 9216),
    "slim": (slim, 50_303_912, 6400),
    "d2l": (lambda: tutorial(size=224), 50_844_008, 6400),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_five_alexnets_are_told_apart_live_and_in_a_file(name, tmp_path):
    builder, parameters, flatten = KNOWN[name]
    model = builder()
    assert model.count_params() == parameters
    found = identify(model)
    assert (found.name, found.parameters, found.flatten) == (
        name, parameters, flatten,
    )  # fmt: skip
    assert identify(as_file(model, tmp_path)) == found
    assert bool(found.departures) == (name != "paper")


@pytest.mark.parametrize("classes", [1, 17])
@pytest.mark.parametrize("size", [224, 227])
def test_classes_size_and_logits_are_free(classes, size):
    model = models.AlexNet(
        input_shape=(size, size, 3),
        classes=classes,
        classifier_activation=None,
    )
    found = identify(model)
    assert (found.name, found.departures) == ("paper", ())
    assert found.parameters == model.count_params()


def test_the_network_on_two_devices_is_the_papers():
    placed = models.AlexNet(
        devices=("CPU:0", "CPU:1"), initialization="he", classes=2
    )
    assert identify(placed).name == "paper"


@pytest.mark.parametrize(
    ("builder", "title"),
    [
        ("AlexNet", "The AlexNet of the 2012 paper"),
        ("CaffeAlexNet", "Caffe's AlexNet, bvlc_alexnet"),
        ("AlexNetMini", "AlexNetMini of alexnet_keras"),
    ],
)
@pytest.mark.parametrize("pooling", [None, "avg"])
def test_a_network_without_its_top_is_known_by_its_convolutions(
    builder, title, pooling
):
    found = identify(getattr(models, builder)(False, pooling=pooling))
    assert found.title == f"{title}, without its fully connected layers."
    assert "no fully connected layers; the paper has 3" in found.departures
    assert found.flatten is None
    assert "reach fc6" not in str(found)


def test_towers_on_two_devices_under_a_head_are_followed():
    devices = ("CPU:0", "CPU:1")
    body = models.AlexNetMini(False, pooling="avg", devices=devices)
    found = identify(keras.Sequential([body, layers.Dense(3)]))
    assert found.name == "unknown"
    assert not any("OnDevice" in line for line in found.departures)
    assert "conv1 moves 2 pixels at a time" in str(found)


def test_caffes_constants_and_caffenets_order():
    def lrn():
        return models.LocalResponseNormalization(5, 2e-5, 0.75, 1)

    caffe = identify(tutorial(lrn, groups=True))
    assert caffe.name == "caffe"
    assert caffe.departures == (
        "LRN after conv1 and conv2 with Caffe's constants (alpha 2e-05, bias "
        "1, beta 0.75, 5 channels); the paper has alpha 0.0001, bias 2, beta "
        "0.75, 5 channels",
        "LRN after conv1 and conv2 reaches over all channels, as the paper's "
        "formula has it; the 2012 code's stays within a tower",
    )

    swapped = tutorial(groups=True).layers
    for place in (4, 2):  # behind pool2 and pool1
        swapped.insert(place, lrn())
    caffenet = identify(
        keras.Sequential([keras.Input((227, 227, 3)), *swapped])
    )
    assert caffenet.name == "caffenet"
    assert caffenet.departures[0] == (
        "after conv1 and conv2 come ReLU, pool, LRN; in the paper ReLU, LRN, "
        "pool"
    )


@pytest.mark.parametrize("size", [224, 227])
def test_our_own_caffe_network_is_caffes(size):
    found = identify(models.CaffeAlexNet(input_shape=(size, size, 3)))
    assert (found.name, found.flatten) == ("caffe", 9216)
    # Caffe's convolutions round down
    assert (size == 224) == any("54 places" in one for one in found.departures)


def default_lambda():
    return layers.Lambda(tf.nn.local_response_normalization)


def lambda_of_one():
    return layers.Lambda(lambda x: tf.nn.local_response_normalization(x))


def lambda_of_the_paper():
    return layers.Lambda(
        lambda x: tf.nn.local_response_normalization(
            x, depth_radius=2, bias=2, alpha=1e-4, beta=0.75
        )
    )


def wide_lambda():
    return layers.Lambda(
        lambda x: tf.nn.local_response_normalization(x, 5, 2, 1e-4, beta=0.75)
    )


def average(*args):
    return layers.AveragePooling2D(*args)


NEAR_MISSES = {
    "batch normalisation": (
        lambda: tutorial(layers.BatchNormalization),
        [
            "BatchNormalization after conv1 and conv2 in place of LRN, which "
            "the paper has after conv1 and conv2",
            ONE_TOWER,
        ],
    ),
    "stride 4 everywhere": (
        lambda: tutorial(strides=(4,) * 5, padding="same", pool=(2, 1, "same")),
        [
            "conv2 to conv5 move 4 pixels at a time; the paper's move 1",
            "pool1, pool2 and pool5 are 2 wide and 1 apart; the paper's are 3 "
            "wide and 2 apart",
        ],
    ),
    "no towers": (lambda: tutorial(lambda_of_the_paper), [ONE_TOWER]),
    "TensorFlow's function": (lambda: tutorial(default_lambda), [TF_DEFAULTS]),
    "TensorFlow's defaults in a lambda": (
        lambda: tutorial(lambda_of_one, groups=True),
        [TF_DEFAULTS],
    ),
    "a radius for a width": (
        lambda: tutorial(wide_lambda, groups=True),
        [
            "LRN after conv1 and conv2 with alpha 0.0001, bias 2, beta 0.75, "
            "11 channels; the paper has alpha 0.0001, bias 2, beta 0.75, 5 "
            "channels"
        ],
    ),
    "a stranger's layer": (
        lambda: tutorial(lambda: LRN(k=1, alpha=2e-5), groups=True),
        [
            "LRN after conv1 and conv2 with Caffe's constants (alpha 2e-05, "
            "bias 1, beta 0.75, 5 channels); the paper has alpha 0.0001, bias "
            "2, beta 0.75, 5 channels"
        ],
    ),
    "6400": (
        lambda: tutorial(lambda_of_the_paper, groups=True, size=224),
        [
            "conv1 stands in 54 places along a side; the paper's in 55",
            "6400 values reach fc6; the paper has 9216",
        ],
    ),
    "same padding in conv1": (
        lambda: tutorial(
            lambda_of_the_paper, groups=True, size=224, padding="same"
        ),
        ["conv1 stands in 56 places along a side; the paper's in 55"],
    ),
    "ReLU before the softmax": (
        lambda: tutorial(tail=[*top(activation="relu"), layers.Softmax()]),
        [
            "fc8 has a ReLU before its softmax, which loses all scores below 0 "
            "and can keep a network from learning; the paper has none"
        ],
    ),
    "no dropout": (
        lambda: tutorial(tail=top(dropout=None)),
        ["no dropout; the paper drops half of fc6's and fc7's units", NO_LRN],
    ),
    "another rate": (
        lambda: tutorial(tail=top(dropout=0.4)),
        ["dropout after fc6 and fc7 has rates of 0.4; the paper's have 0.5"],
    ),
    "windows that do not overlap": (
        lambda: tutorial(pool=(2, 2)),
        [
            "pool1, pool2 and pool5 are 2 wide and 2 apart, so that windows do "
            "not overlap; the paper's are 3 wide and 2 apart"
        ],
    ),
    "average pools": (
        lambda: tutorial(pooling=average),
        ["pool1, pool2 and pool5 average; the paper's take the maximum"],
    ),
    "padded pools": (
        lambda: tutorial(pool=(3, 2, "same")),
        [
            "pool1 gives 28 values a side; the paper's gives 27",
            "12544 values reach fc6; the paper has 9216",
        ],
    ),
    "tanh": (
        lambda: tutorial(activation="tanh"),
        ["tanh after conv1 to conv5; the paper has ReLU"],
    ),
    "no activation": (
        lambda: tutorial(activation=None),
        ["no activation after conv1 to conv5; the paper has ReLU"],
    ),
    "no biases": (
        lambda: tutorial(use_bias=False),
        ["no biases in conv1 to conv5; every layer of the paper has them"],
    ),
    "no top": (
        lambda: tutorial(tail=[layers.GlobalAveragePooling2D()]),
        [
            "no fully connected layers; the paper has 3",
            "a global pool; the paper flattens 9216 values",
        ],
    ),
    "one layer more": (
        lambda: tutorial(tail=[*top(), layers.Dense(10)]),
        [
            "one more fully connected layer of 1000 units after fc7; the "
            "paper has 3 fully connected layers"
        ],
    ),
    "one layer less": (
        lambda: tutorial(tail=[layers.Flatten(), layers.Dense(9)]),
        ["no fc6 and fc7; the paper has 3 fully connected layers"],
    ),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses_are_named_live_and_in_a_file(name, tmp_path):
    builder, lines = NEAR_MISSES[name]
    model = builder()
    found = identify(model)
    for line in lines:
        assert line in found.departures
        assert f"- {line}" in str(found).splitlines()
    assert found.name in ("unknown", "one-tower", "caffe", "d2l")
    assert found.parameters == model.count_params()
    assert identify(as_file(model, tmp_path)) == found


def test_widths_filters_and_missing_convolutions_are_named():
    def stack(*plan):
        found = [keras.Input((227, 227, 3))]
        for filters, side, stride in plan:
            found.append(
                layers.Conv2D(filters, side, stride, "same", activation="relu")
            )
        return identify(keras.Sequential(found)).departures

    wrong = stack(
        (96, 7, 2), (200, 5, 1), (384, 3, 1), (384, 3, 1), (256, 3, 1)
    )
    assert "conv1 has filters 7 pixels wide; the paper's are 11 wide" in wrong
    assert "conv2 has 200 filters; the paper's has 256" in wrong
    assert "conv1 moves 2 pixels at a time; the paper's moves 4" in wrong
    assert "no pool after conv1, conv2 and conv5; the paper has one there" in (
        wrong
    )
    few = stack((96, 11, 4), (256, 5, 1), (384, 3, 1), (256, 3, 1))
    assert "no conv4; the paper has 5 convolutions" in few
    plan = [(96, 11, 4), (256, 5, 1), *[(384, 3, 1)] * 3, (256, 3, 1)]
    assert any("one more convolution of 384 filters" in a for a in stack(*plan))


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
def test_two_alike_branches_are_towers(slices, tmp_path):
    model = towers_by_hand(slices)
    found = identify(model)
    lines = " ".join(found.departures)
    # both keep conv3 in its tower, which the paper does not
    assert "conv3 has 2 groups; the paper's reads all channels" in lines
    assert "read all channels; the paper's" not in lines
    assert "filters; the paper's" not in lines
    assert found.parameters == model.count_params()
    assert identify(as_file(model, tmp_path)) == found


def test_layers_that_are_called_twice_and_nested_models_are_followed():
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
    found = identify(keras.Model(image, small(x)))
    assert found.departures == (
        "no fc6 and fc7; the paper has 3 fully connected layers",
        ONE_TOWER,
        NO_LRN,
    )
    assert found.flatten == 9216


def test_a_model_whose_layer_has_no_configuration_is_read():
    class LocalResponseNorm(layers.Layer):
        def __init__(self, alpha, beta):
            super().__init__()
            self.alpha, self.beta = alpha, beta

        def call(self, inputs):
            return inputs

    model = tutorial(lambda: LocalResponseNorm(1e-3, 0.75), tail=[])
    assert (
        "LRN after conv1 and conv2 with alpha 0.001, beta 0.75; the paper has "
        "alpha 0.0001, bias 2, beta 0.75, 5 channels"
    ) in identify(model).departures


def test_a_subclassed_model_is_told_by_its_layers():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.convs = [
                layers.Conv2D(filters, side) for filters, side, _ in PAPER
            ]

        def call(self, inputs):
            for conv in self.convs:
                inputs = keras.ops.relu(conv(inputs))
            return inputs

    found = identify(Net())
    assert found.name == "unknown"
    assert "A subclassed model names its layers" in str(found)
    assert not any("activation" in line for line in found.departures)


def test_a_whole_saved_file_and_the_older_format_are_read(tmp_path):
    model = models.AlexNetMini(classes=3)
    found = identify(model)
    assert (found.name, found.parameters) == ("mini", model.count_params())
    model.save(tmp_path / "mini.keras")
    assert identify(tmp_path / "mini.keras") == found
    with h5py.File(tmp_path / "mini.h5", "w") as file:  # as Keras 2 wrote it
        file.attrs["model_config"] = model.to_json()
    assert identify(str(tmp_path / "mini.h5")) == found


def test_configurations_of_keras_2_are_read(tmp_path):
    def layer(kind, name, before, **config):
        nodes = [[[before, 0, 0, {}]]] if before else []
        return {
            "class_name": kind,
            "config": {"name": name, **config},
            "name": name,
            "inbound_nodes": nodes,
        }

    found = [
        layer("InputLayer", "a", None, batch_input_shape=[None, 227, 227, 3])
    ]
    before = "a"
    for number, (filters, side, _) in enumerate(PAPER, 1):
        name, side = f"conv{number}", [side, side]
        found.append(
            layer(
                "Conv2D",
                name,
                before,
                filters=filters,
                kernel_size=side,
                strides=[1, 1] if number > 1 else [4, 4],
                padding="same",
                activation="relu",
            )  # fmt: skip
        )
        before = name
    found.append(
        layer(
            "TFOpLambda",
            "lrn",
            before,
            function="nn.local_response_normalization",
        )
    )
    config = {"class_name": "Functional", "config": {"layers": found}}
    path = zip_of(tmp_path / "old.keras", json.dumps(config))
    assert "LRN after conv5; the paper has none there" in (
        identify(path).departures
    )


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
    found = identify(builder(weights=None))
    assert found.name == "not-alexnet"
    assert reason in found.title


def test_nothing_of_a_lambda_runs(tmp_path, monkeypatch):
    path = as_file(tutorial(lambda_of_one, tail=[]), tmp_path)
    identify(path)  # Python's own imports, which marshal loads, are done now

    def refuse(*args, **kwargs):
        raise AssertionError("a stranger's code was loaded")

    monkeypatch.setattr(marshal, "loads", refuse)
    monkeypatch.setattr(keras.models, "load_model", refuse)
    monkeypatch.setattr(keras.layers, "deserialize", refuse)
    assert TF_DEFAULTS in identify(path).departures


def test_arguments_that_are_variables_are_left_unknown():
    alpha = 1e-3
    model = tutorial(
        lambda: layers.Lambda(
            lambda x: tf.nn.local_response_normalization(x, 2, alpha=alpha)
        ),
        tail=[],
    )
    found = identify(model)
    assert "The constants of LRN cannot be read here." in found.notes
    assert not any("LRN" in line for line in found.departures)


# --- ONNX


def onnx_graph(
    size=227, lrn_first=True, pads=(0, 0, 0, 0), ceil=0, dropout=True,
    alpha=1e-4,
):  # fmt: skip
    """Caffe's AlexNet as ONNX' model zoo has it, its numbers left out."""
    onnx = pytest.importorskip("onnx")
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
    assert not any("dropout" in line for line in found.departures)
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
    assert any("with alpha 0.0001, bias 1, beta 0.75" in line for line in lines)


def test_split_convolutions_of_onnx_are_towers():
    onnx = pytest.importorskip("onnx")
    graph = onnx_graph()
    conv2 = next(
        i for i, one in enumerate(graph.graph.node)
        if one.op_type == "Conv" and i
    )  # fmt: skip
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
    "features.0": (64, 3, 11, 11), "features.3": (192, 64, 5, 5),
    "features.6": (384, 192, 3, 3), "features.8": (256, 384, 3, 3),
    "features.10": (256, 256, 3, 3), "classifier.1": (4096, 9216),
    "classifier.4": (4096, 4096), "classifier.6": (1000, 4096),
}  # fmt: skip


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
    pytest.importorskip("safetensors")
    path = write_safetensors(tmp_path / "a.safetensors", TORCHVISION)
    found = identify(path)
    model = identify(models.OneWeirdTrick())
    assert found == model

    renamed = {f"net.{name}": shape for name, shape in TORCHVISION.items()}
    found = identify(write_safetensors(tmp_path / "b.safetensors", renamed))
    assert (found.name, found.parameters) == ("torchvision", 61_100_840)
    assert "Weights tell nothing of strides" in found.notes[0]
    assert not any("LRN" in line for line in found.departures)


def test_a_length_that_looks_like_a_pickle_is_none(tmp_path):
    pytest.importorskip("safetensors")
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
    assert identify(path).departures[0] == (
        "no fc6 and fc7; the paper has 3 fully connected layers"
    )


def test_weights_of_two_towers_are_the_papers_or_caffes(tmp_path):
    pytest.importorskip("safetensors")
    kernels, channels = {}, 3
    for number, (filters, side, towers) in enumerate(PAPER, 1):
        shape = (filters, channels // towers, side, side)
        kernels[f"conv{number}"], channels = shape, filters
    kernels |= {"fc6": (4096, 9216), "fc7": (4096, 4096), "fc8": (10, 4096)}
    found = identify(write_safetensors(tmp_path / "a.safetensors", kernels))
    assert (found.name, found.departures) == ("paper", ())
    assert "Caffe's AlexNet" in found.title
    assert "CaffeNet" in found.title


@pytest.mark.parametrize(
    "builder", [models.AlexNetMini, models.AlexNet], ids=["mini", "full"]
)
def test_weights_of_keras_are_read(builder, tmp_path):
    model = builder(input_shape=(67, 67, 3), classes=3)
    path = tmp_path / "a.weights.h5"
    if builder is models.AlexNet:  # 90 MB less
        model = models.AlexNet(False, input_shape=(67, 67, 3))
    model.save_weights(path)
    found = identify(path)
    assert found.parameters == model.count_params()
    if builder is models.AlexNetMini:
        assert found.name == "mini"
    else:
        assert found.departures == (
            "no fully connected layers; the paper has 3",
        )


def test_weights_tell_of_batch_normalization(tmp_path):
    model = keras.Sequential([keras.Input((67, 67, 3))])
    for filters, side, _ in PAPER:
        model.add(layers.Conv2D(filters, side, padding="same"))
        model.add(layers.BatchNormalization())
    model.save_weights(tmp_path / "a.weights.h5")
    found = identify(tmp_path / "a.weights.h5")
    assert "BatchNormalization after conv1 to conv5; the paper has none" in (
        found.departures
    )
    assert found.parameters == model.count_params()


# --- files that are refused


def damaged(path, start=b"", size=400):
    path.write_bytes(start + b"\0" * size)
    return path


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("none.keras", "no such file"),
        ("a.txt", "Known are .keras, .onnx"),
        ("a.keras", "not a whole zip"),
        ("a.onnx", "ONNX"),
        ("a.safetensors", "not a whole safetensors"),
        ("a.weights.h5", "not a whole HDF5"),
    ],
)
def test_files_that_are_missing_unknown_or_damaged(name, match, tmp_path):
    for package in ("onnx", "safetensors"):
        if package in name:
            pytest.importorskip(package)
    if name != "none.keras":
        damaged(tmp_path / name, b"\x0a\xff\xff" if "onnx" in name else b"PK")
    with pytest.raises(ValueError, match=match) as error:
        identify(tmp_path / name)
    assert "Received" in str(error.value)


def test_a_folder_and_other_objects_are_refused(tmp_path):
    with pytest.raises(ValueError, match="a folder"):
        identify(tmp_path)
    with pytest.raises(ValueError, match="Received: a int"):
        identify(3)


@pytest.mark.parametrize("name", ["a.keras", "a.onnx", "a.safetensors", "a.pt"])
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
    with pytest.raises(ValueError, match="holds a config.json"):
        identify(path)
    zip_of(path, b" " * (16 * 2**20 + 1))
    assert path.stat().st_size < 100_000  # a bomb
    with pytest.raises(ValueError, match="larger than 16,777,216"):
        identify(path)
    deep = "[" * 100_000
    odd = {"name": "a", "filters": "many", "kernel_size": [3, 3]}
    odd = [{"class_name": "Conv2D", "config": odd}]
    for text in (
        "{", "[]", "3", deep, '{"config": {}}',
        json.dumps({"config": {"layers": odd * 5}}),
        json.dumps({"config": {"layers": [3]}}),
    ):  # fmt: skip
        zip_of(path, text)
        with pytest.raises(ValueError, match="cannot be read|no sense"):
            identify(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = as_file(models.AlexNetMini(), tmp_path)
    data = path.read_bytes()
    for size in (10, len(data) // 2, len(data) - 4):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError, match="not a whole zip"):
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
    with pytest.raises(ImportError, match=f"pip install {package}"):
        identify(damaged(tmp_path / f"a.{package}"))


def test_an_identity_prints_title_departures_notes_and_counts():
    found = Identity("unknown", "Title.", ("one", "two"), ("note",), 1234, 9)
    assert str(found).splitlines() == [
        "Title.", "- one", "- two", "(note)",
        "1,234 parameters, 9 values reach fc6",
    ]  # fmt: skip
