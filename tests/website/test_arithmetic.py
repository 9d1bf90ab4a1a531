"""The live network computes what Keras computes, layer by layer."""

import base64
import io
import json
import re

import build_explore
import keras
import numpy as np
import pytest
from PIL import Image

from alexnet_keras import building, models, networks, rows, weights
from website.conftest import EXPLORE, ROOT, node

FOLDER = EXPLORE / "network"
SCRIPT = FOLDER / "arithmetic.js"
LIMIT = 1e-4  # of a layer's greatest value
# Here conv1 of 2012 and Caffe's pools hang over the edge, and the maps of one
# weird trick are brought from 4 x 4 to 6 x 6.
SIZES = {
    "two-tower": 110,
    "one-tower": 110,
    "caffe": 110,
    "one-weird-trick": 160,
    "mini": 64,
}
SWITCHES = {
    "relu lrn 3x3": {},
    "lrn 3x3": {"relu": False},
    "relu 3x3": {"lrn": False},
    "relu lrn 2x2": {"window": 2},
    "relu lrn 3x3 without tower 1": {"mute": [True, False]},
    "relu lrn 3x3 without tower 2": {"mute": [False, True]},
}


def said(name, pattern):
    """Reads the JSON in one of the scripts that build_explore.py writes."""
    text = (FOLDER / name).read_text("utf-8")
    return json.loads(re.search(pattern, text)[1])


@pytest.fixture(scope="module")
def head():
    """What the page knows of the network that ships."""
    model = said("weights-conv.js", r"ALEXNET_MODEL = (.*);\n")
    model["plan"] += said("weights-fc.js", r"concat\((.*)\);\n")
    return model


@pytest.fixture(scope="module")
def facts():
    return said("pictures.js", r"ALEXNET_FACTS = (.*);\n")


@pytest.fixture(scope="module")
def shipped():
    return models.AlexNetMini(weights="solids")


def images_of(entries):
    """Decodes pictures, uint8 `(count, side, side, 3)`."""
    files = [io.BytesIO(base64.b64decode(one["png"])) for one in entries]
    return np.stack([np.asarray(Image.open(file)) for file in files])


def by_page(model, images, whole=True, script=SCRIPT, **options):
    """Gives layers' values as the page computes them.

    Returns:
        List, for each layer (if not `whole`, for the last) float32
        `(pictures, values)`; the last one's are probabilities.
    """
    found = node(
        script,
        """(() => {
          const { build, forward } = its();
          const network = build(given.model);
          return given.images.map((image) => {
            const run = forward(network, image, given.options);
            const layers = given.whole ? run.values.slice(0, -1) : [];
            return [...layers, run.answer].map((one) => Array.from(one));
          });
        })()""",
        {
            "model": model,
            "images": images.reshape(len(images), -1).tolist(),
            "whole": whole,
            "options": options,
        },
    )
    return [np.float32(layer) for layer in zip(*found, strict=True)]


def by_keras(network, names, images):
    """Gives the same as Keras computes them."""
    outputs = {name: network.get_layer(name).output for name in names}
    found = keras.Model(network.input, outputs)(images.astype("float32"))
    return [np.reshape(found[name], (len(images), -1)) for name in names]


def worst(ours, theirs):
    """Gives the greatest error of a layer, over its greatest value."""
    assert len(ours) == len(theirs)
    return max(
        np.abs(a - b).max() / np.abs(b).max()
        for a, b in zip(ours, theirs, strict=True)
    )


def small(layers):
    """Narrows fc6 to fc8: more units are no other arithmetic."""
    return [
        row._replace(units=32) if isinstance(row, rows.Dense) else row
        for row in layers
    ]


def pair(name, seed):
    """Makes a network of random weights twice: for the page, and in Keras."""
    network, side = networks.find(name), SIZES[name]
    layers = small(network.layers)
    draw = np.random.default_rng(seed)
    image = keras.Input((side, side, 3))
    keras.utils.set_random_seed(seed)
    built = keras.Model(image, building.build(layers, image, "he"))
    plan = build_explore.plan(layers, side)
    for step in plan:
        layer = built.get_layer(step["name"])
        if not layer.weights:
            continue
        kernel, bias = weights.arrays_of(layer)
        bias = draw.normal(size=bias.shape)
        arrays = [np.float16(part).astype("float32") for part in (kernel, bias)]
        weights.give(layer, arrays)
        step["kernel"], step["bias"] = map(build_explore.halves, arrays)
    mean, scale = (np.broadcast_to(part, 3) for part in network.rescaling)
    model = {
        "input": [side, side, 3],
        "scale": (1 / scale).tolist(),
        "offset": (-mean / scale).tolist(),
        "plan": plan,
    }
    return model, built


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_every_layer_of_every_network_is_kerass(name):
    model, built = pair(name, seed=3)
    side = SIZES[name]
    draw = np.random.default_rng(4)
    images = draw.integers(0, 256, (2, side, side, 3), "uint8")
    ours = by_page(model, images)
    scaled = models.preprocess_input(images.astype("float32"), name)
    names = [step["name"] for step in model["plan"]]
    assert worst(ours, by_keras(built, names, np.asarray(scaled))) < LIMIT


def test_the_small_pictures_show_every_way_to_pad_and_to_group():
    plans = {
        name: build_explore.plan(network.layers, SIZES[name])
        for name, network in networks.NETWORKS.items()
    }
    hangs = {
        name: {
            step["name"]
            for step in plan
            if step.get("before") != step.get("after")
        }
        for name, plan in plans.items()
    }
    assert hangs["two-tower"] == {"conv1"}
    assert hangs["caffe"] == {"pool2", "pool5"}
    assert plans["one-weird-trick"][0]["before"] == 2
    kinds = {step["kind"] for plan in plans.values() for step in plan}
    assert kinds == {"conv", "norm", "pool", "resample", "dense"}
    groups = [plan[1].get("groups") for plan in plans.values()]
    assert groups == [2, 1, 1, None, 2]  # of norm1


def test_every_layer_of_the_network_that_ships_is_kerass(head, facts, shipped):
    images = images_of(facts["pictures"][:10])
    names = [step["name"] for step in head["plan"]]
    ours = by_page(head, images)
    assert worst(ours, by_keras(shipped, names, images)) < LIMIT


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("layer.shape[2] / layer.groups;", "layer.shape[2];"),
        ("sums.set(total,", "sums.set(total.map((sum) => 1.001 * sum),"),
    ],
    ids=["normalization across towers", "sums a thousandth too large"],
)
def test_a_wrong_arithmetic_would_be_noticed(
    right, wrong, head, facts, shipped, tmp_path
):
    text = SCRIPT.read_text("utf-8")
    assert text.count(right) == 1
    spoilt = tmp_path / "arithmetic.js"
    spoilt.write_text(text.replace(right, wrong))
    images = images_of(facts["pictures"][:2])
    names = [step["name"] for step in head["plan"]]
    ours = by_page(head, images, script=spoilt)
    assert worst(ours, by_keras(shipped, names, images)) > LIMIT


def switched(head, shipped, relu=True, lrn=True, window=3, mute=(False, False)):
    """Builds the network that a setting of the switches stands for."""
    layers = []
    for row in networks.MINI:
        if isinstance(row, rows.Norm) and not lrn:
            continue
        if isinstance(row, rows.Pool):
            row = row._replace(filter_size=window)
        if getattr(row, "activation", None) == "relu" and not relu:
            row = row._replace(activation=None)
        layers.append(row)
    image = keras.Input(head["input"])
    scaled = keras.layers.Rescaling(head["scale"], head["offset"])(image)
    built = keras.Model(image, building.build(layers, scaled))
    for name in weights.LAYERS:
        arrays = weights.arrays_of(shipped.get_layer(name))
        if name.startswith("conv"):
            for array in arrays:
                halves = np.split(array, 2, axis=-1)
                for half, off in zip(halves, mute, strict=True):
                    half[:] *= not off  # a view: changes the array
        weights.give(built.get_layer(name), arrays)
    return built


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_gives_what_that_network_gives_in_keras(
    name, head, facts, shipped
):
    images = images_of(facts["pictures"][10:])
    [ours] = by_page(head, images, whole=False, **SWITCHES[name])
    other = switched(head, shipped, **SWITCHES[name])
    assert np.allclose(ours, by_keras(other, ["fc8"], images)[0], atol=1e-4)
    assert name in facts["test"]["right"]


def test_the_counts_are_of_all_settings_and_of_the_test_pictures(facts):
    right, count = facts["test"]["right"], facts["test"]["count"]
    assert len(right) == 24
    readme = (ROOT / "alexnet_keras" / "trained" / "README.md").read_text()
    line = next(row for row in readme.split("\n") if "solids-mini" in row)
    assert f"{right['relu lrn 3x3'] / count:.1%}" in line.split("|")[-2]
    assert max(right.values()) == right["relu lrn 3x3"]


def test_the_committed_weights_are_those_that_ship():
    _, head = build_explore.shipped()
    for name, text in build_explore.weight_scripts(head).items():
        assert (FOLDER / name).read_text("utf-8") == text, (
            "run tools/build_explore.py"
        )


def test_pictures_are_what_they_say(head, facts):
    pictures = facts["pictures"]
    images = images_of(pictures)
    [plain] = by_page(head, images, whole=False)
    for image, one in zip(images, pictures, strict=True):
        if "cover" in one:
            image[:] = build_explore.covered(image, one["cover"])
    [seen] = by_page(head, images, whole=False)
    reasons = [one["why"] for one in pictures]
    assert sorted(one["label"] for one in pictures[:10]) == list(range(10))
    assert reasons[:10] == ["clear"] * 10
    assert {"wrong", "close", "cover"} == set(reasons[10:])
    for one, before, after in zip(pictures, plain, seen, strict=True):
        first, second = np.argsort(-after)[:2]
        match one["why"]:
            case "clear":
                assert before[one["label"]] > build_explore.SURE
            case "wrong":
                assert first == one["instead"] != one["label"]
            case "close":
                assert [first, second] == [one["label"], one["instead"]]
            case "cover":
                assert before[one["label"]] > build_explore.SURE
                assert first == one["instead"] != one["label"]


def test_the_page_loads_no_more_than_it_must():
    names = ("weights-conv.js", "weights-fc.js", "pictures.js")
    assert sum((FOLDER / n).stat().st_size for n in names) < 1.2e6


# ---- who reads whom ---------------------------------------------------------


def lit(name, window):
    """Sends one bright pixel after another through a network of ones.

    A value is above zero where it reads the pixel. Pictures are lit in row
    and column p alike, so the diagonal tells all.

    Returns:
        The network's plan, and for each layer bools `(pixels, values)`.
    """
    side = SIZES[name]
    layers = []
    for row in networks.find(name).layers:
        if isinstance(row, rows.Conv):
            row = row._replace(filters=2)
        if isinstance(row, rows.Pool):
            row = row._replace(filter_size=window)
        if isinstance(row, rows.Dense):
            row = row._replace(units=1, activation=None)
        layers.append(row)
    image = keras.Input((side, side, 2))
    built = keras.Model(image, building.build(layers, image))
    for layer in built.layers:
        if layer.weights:
            kernel, bias = weights.arrays_of(layer)
            weights.give(layer, [kernel * 0 + 0.1, bias * 0])
    images = np.zeros((side, side, side, 2), "float32")
    images[range(side), range(side), range(side)] = 1
    plan = build_explore.plan(networks.find(name).layers, side)
    outputs = [built.get_layer(step["name"]).output for step in plan]
    diagonals = [
        np.diagonal(layer[..., 0], axis1=1, axis2=2)
        if layer.ndim == 4
        else layer
        for layer in map(np.asarray, keras.Model(image, outputs)(images))
    ]
    return plan, [layer > 0 for layer in diagonals]


def ends(flags):
    """Gives the first and last true place, or None; all between are true."""
    places = np.flatnonzero(flags)
    if not len(places):
        return None
    assert len(places) == places[-1] - places[0] + 1
    return [int(places[0]), int(places[-1])]


@pytest.mark.parametrize(
    ("name", "window"), [*((name, 3) for name in SIZES), ("mini", 2)]
)
def test_a_value_sees_the_pixels_that_reach_it(name, window):
    plan, reached = lit(name, window)
    found = node(
        SCRIPT,
        """(() => {
          const { build, receptiveField, reachedBy } = its();
          const { window } = given;
          const network = build(given.model);
          const each = (count, make) =>
            Array.from({ length: count }, (_, at) => make(at));
          return network.layers.map(({ index, shape }) => [
            each(shape[0], (at) => receptiveField(network, index, at, window)),
            each(network.input[0],
              (pixel) => reachedBy(network, index, pixel, window)),
          ]);
        })()""",
        {
            "model": {"input": [SIZES[name]] * 2 + [3], "plan": plan},
            "window": window,
        },
    )
    for (fields, readers), flags in zip(found, reached, strict=True):
        assert fields == [ends(column) for column in flags.T]
        assert readers == [ends(row) for row in flags]


def test_products_and_bias_sum_to_the_value(head, facts):
    image = images_of(facts["pictures"][:1])
    found = node(
        SCRIPT,
        """(() => {
          const { build, forward, channelsRead, products } = its();
          const network = build(given.model);
          const run = forward(network, given.image);
          const found = [];
          for (const layer of network.layers.filter((one) => one.kernel)) {
            const { index, shape: [h, w, c] } = layer;
            const input = index ? run.values[index - 1] : run.image;
            for (let n = 0; n < 5; n++) {
              const [y, x, map] = [(n * 7) % h, (n * 5) % w, (n * 37) % c];
              const [first, last] = channelsRead(layer, map);
              let sum = layer.bias[map];
              for (let channel = first; channel <= last; channel++) {
                const one = products(layer, input, map, y, x, channel);
                one.window.forEach((v, i) => { sum += v * one.filter[i]; });
              }
              found.push([sum, run.sums[index][(y * w + x) * c + map]]);
            }
          }
          return found;
        })()""",
        {"model": head, "image": image.ravel().tolist()},
    )
    sums, values = np.transpose(found)
    assert len(values) == 8 * 5
    assert np.abs(values).max() > 1
    assert np.allclose(sums, values, rtol=1e-5, atol=1e-6)
