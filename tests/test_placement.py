"""The towers of 2012 on two devices: where things stand, and what crosses."""

import collections
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from alexnet_keras import costs, distribution, models, networks
from alexnet_keras.placement import PlacedModel
from alexnet_keras.recipes import MomentumSGD
from alexnet_keras.training import Precision

DEVICES = distribution.start(2).names
BATCH = 4
FLOAT, WIDE = 1e-5, 1e-10  # tolerances of float32 and float64
full_too = pytest.mark.parametrize(
    "name", ["mini", pytest.param("two-tower", marks=pytest.mark.slow)]
)


def build(name, devices=None, dropout=0, **options):
    """A network and what it is trained with."""
    keras.utils.set_random_seed(1)
    network = models.AlexNet(
        network=name,
        classes=10,
        dropout=dropout,
        initialization="he",
        kernel_regularizer=keras.regularizers.L2(2.5e-4),
        rescaling=((120, 110, 100), 60),
        **options,
    )
    if devices is not None:
        network = PlacedModel(network, devices)
    network.compile(
        MomentumSGD(0.01, 0.9, 0.02),
        keras.losses.SparseCategoricalCrossentropy(),
    )
    return network


def batch(network, count=BATCH):
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (count, *network.input_shape[1:]))
    return images.astype(keras.config.floatx()), rng.integers(10, size=count)


@pytest.fixture(
    scope="module",
    params=["mini", pytest.param("two-tower", marks=pytest.mark.slow)],
)
def traced(request):
    """A network on two devices, and a step's graphs: as traced, as placed."""
    network = build(request.param, DEVICES)
    step = tf.function(lambda x, y: network.train_step((x, y)))
    arguments = [tf.constant(part) for part in batch(network)]
    graph = step.get_concrete_function(*arguments).graph
    context.context().enable_run_metadata()
    try:
        step(*arguments)
        run = context.context().export_run_metadata()
    finally:
        context.context().disable_run_metadata()
    found = [
        [node for part in function.partition_graphs for node in part.node]
        for function in run.function_graphs
    ]
    (nodes,) = (
        nodes
        for nodes in found
        if any(node.op == "ResourceApplyKerasMomentum" for node in nodes)
    )
    return network, graph, nodes


def test_each_tower_computes_on_its_own_device(traced):
    _, _, nodes = traced
    seen = set()
    for node in nodes:
        layer = re.search(r"((?:conv|norm|pool|fc|drop)\d([ab]?))_", node.name)
        if layer and node.op not in ("_Recv", "NoOp", "Const"):
            device = DEVICES[layer[2] == "b"]  # fc8 has no letter
            assert node.device.endswith(device), (node.op, node.name)
            # oneDNN's operations have names of their own
            kind = re.sub("_Mkl|Native|Fused|WithBias", "", node.op)
            seen.add((layer[1], kind))
    convs, pools, dense = range(1, 6), (1, 2, 5), (6, 7)
    for letter in "ab":
        for layers, kinds in (
            ([f"conv{i}{letter}" for i in convs], ["Conv2D"]),
            ([f"conv{i}{letter}" for i in convs], ["Conv2DBackpropFilter"]),
            ([f"conv{i}{letter}" for i in convs[1:]], ["Conv2DBackpropInput"]),
            ([f"norm{i}{letter}" for i in (1, 2)], ["MatMul", "Rsqrt"]),
            ([f"pool{i}{letter}" for i in pools], ["MaxPool", "MaxPoolGrad"]),
            ([f"fc{i}{letter}" for i in dense], ["MatMul", "ReluGrad"]),
            (["fc8"], ["MatMul"]),
        ):
            assert {(x, kind) for x in layers for kind in kinds} <= seen


def test_momentum_stands_beside_its_weight(traced):
    network, _, nodes = traced
    updates = collections.Counter(
        node.device[-5:]
        for node in nodes
        if node.op == "ResourceApplyKerasMomentum"
    )
    assert updates == {DEVICES[0]: 2 * 8, DEVICES[1]: 2 * 7}
    pairs = zip(
        network.trainable_variables, network.optimizer.momentums, strict=True
    )
    for weight, momentum in pairs:
        assert weight.value.device == momentum.value.device


def test_only_four_layers_read_across(traced):
    network, graph, nodes = traced
    forward, backward = collections.Counter(), collections.Counter()
    for node in nodes:
        if node.op != "_Send" or "/ctrl/" in node.input[0]:
            continue
        name, _, output = node.input[0].partition(":")
        tensor = graph.get_operation_by_name(name).outputs[int(output or 0)]
        floats = tensor.shape.num_elements()
        if name == "x" or floats == 1:  # the images; penalties and rates
            continue
        layer = re.search(r"((pool|drop|conv|fc)\d)[ab]?_", name)[1]
        to = "second" if node.device.endswith(DEVICES[0]) else "first"
        (backward if "gradient" in name else forward)[layer, to] += floats
    # by the layer that is read, and by the layer that reads
    sources = {"conv3": "pool2", "fc6": "pool5", "fc7": "drop6", "fc8": "fc7"}
    assert [c.name for c in network.crossings()] == list(sources)
    expected = collections.Counter(), collections.Counter()
    for crossing in network.crossings():
        source = sources[crossing.name]
        for to, back, count in (
            ("first", "second", crossing.to_first),
            ("second", "first", crossing.to_second),
        ):
            if count:
                expected[0][source, to] = BATCH * count
                expected[1][crossing.name, back] = BATCH * count
    assert forward == expected[0]
    assert backward == expected[1]
    # as many gradients go back
    assert sum(forward.values()) == sum(backward.values())


def test_the_floats_that_cross_are_the_papers():
    body = {"include_top": False, "input_shape": (224, 224, 3)}
    for plan in ({}, body):
        network = PlacedModel(models.AlexNet(**plan), DEVICES)
        rows = networks.ALEXNET
        if plan.get("include_top") is False:
            rows = networks.body(rows)
        found = costs.crossings(rows, network.input_shape[1])
        assert network.crossings() == found
        if not plan:
            assert network.count_params() == 60_965_224
            assert found == [
                ("conv3", 21_632, 21_632),
                ("fc6", 4_608, 4_608),
                ("fc7", 2_048, 2_048),
                ("fc8", 2_048, 0),
            ]


@full_too
def test_it_trains_like_the_network_in_one_piece(name):
    with Precision("float64"):
        placed, whole = build(name, DEVICES), build(name)
        images, labels = batch(whole, 16)
        for network in (placed, whole):
            data = tf.data.Dataset.from_tensors((images, labels)).repeat(3)
            network.fit(data, shuffle=False, verbose=0)
        joined = placed.join()
    before = build(name).get_weights()
    triples = zip(
        joined.get_weights(), whole.get_weights(), before, strict=True
    )
    for ours, theirs, start in triples:
        assert ours.dtype == "float64"
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=WIDE)
        assert np.abs(ours - start).max() > 1e3 * WIDE


def test_it_trains_in_bfloat16_with_penalties_in_float32():
    with Precision("mixed_bfloat16"):
        placed, whole = build("mini", DEVICES), build("mini")
    images, labels = batch(whole)
    assert placed(images).dtype == "float32"
    assert placed.layers[-3].compute_dtype == "bfloat16"
    penalties = [sum(network.losses) for network in (placed, whole)]
    assert {penalty.dtype for penalty in penalties} == {tf.float32}
    np.testing.assert_allclose(*penalties, FLOAT)
    for network in (placed, whole):
        network.train_on_batch(images, labels)
    for ours, theirs in zip(
        placed.join().get_weights(), whole.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-2)


def test_the_towers_drop_units_of_their_own():
    network = build("mini", DEVICES, dropout=0.5)
    layers = {layer.name: layer for layer in network.layers}
    ones = np.ones((1, 128), "float32")
    first, second = (
        np.asarray(layers[name](ones, training=True))
        for name in ("drop7a", "drop7b")
    )
    assert set(first.ravel()) == set(second.ravel()) == {0, 2}
    assert (first != second).any()


@pytest.mark.parametrize("ending", [".weights.h5", ".keras"])
def test_what_it_saves_is_the_network_in_one_piece(tmp_path, ending):
    placed = build("mini", DEVICES)
    path = tmp_path / f"network{ending}"
    images, _ = batch(placed)
    if ending == ".keras":
        placed.save(path)
        whole = keras.models.load_model(path)
    else:
        placed.save_weights(path)
        whole = models.AlexNetMini(rescaling=((120, 110, 100), 60))
        whole.load_weights(path)
    np.testing.assert_allclose(
        placed.predict_on_batch(images), whole.predict_on_batch(images), FLOAT
    )
    assert not any(
        "device" in str(layer.get_config()) for layer in whole.layers
    )


def test_it_loads_what_the_network_in_one_piece_saved(tmp_path):
    whole = build("mini")
    path = tmp_path / "network.weights.h5"
    whole.save_weights(path)
    later = build("mini", DEVICES)
    for weight in later.weights:
        weight.assign(0 * weight)
    later.load_weights(path)
    rescaling = ((120, 110, 100), 60)
    loaded = models.AlexNetMini(weights=path, rescaling=rescaling)
    at_once = PlacedModel(loaded, DEVICES)
    for placed in (later, at_once):
        for ours, theirs in zip(
            placed.join().get_weights(), whole.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_a_head_on_it_is_saved_and_loaded_on_two_devices(tmp_path):
    body = PlacedModel(models.AlexNetMini(False, pooling="avg"), DEVICES)
    model = keras.Sequential([body, keras.layers.Dense(3)])
    images, _ = batch(body)
    expected = model.predict_on_batch(images)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict_on_batch(images), expected)
    assert again.layers[0].crossings() == body.crossings()
    clone = keras.models.clone_model(body)
    clone.set_weights(body.get_weights())
    np.testing.assert_array_equal(
        clone.predict_on_batch(images), body.predict_on_batch(images)
    )


def test_frozen_layers_are_frozen_in_one_piece_too():
    placed, whole = build("mini", DEVICES), build("mini")
    for network in (placed, whole):
        for layer in network.layers[:-2]:
            layer.trainable = False
    images, _ = batch(whole)
    placed(images)
    whole(images)
    np.testing.assert_allclose(sum(placed.losses), sum(whole.losses), FLOAT)
    joined = placed.join()
    assert [layer.name for layer in joined.layers if layer.trainable][-1] == (
        "fc8"
    )
    assert not joined.get_layer("conv1").trainable
    assert not joined.get_layer("fc6").trainable


@pytest.mark.parametrize("pooling", [None, "avg", "max"])
def test_without_the_top_the_towers_are_joined(pooling):
    options = {"include_top": False, "pooling": pooling}
    placed, whole = build("mini", DEVICES, **options), build("mini", **options)
    images, _ = batch(whole)
    ours, theirs = (n.predict_on_batch(images) for n in (placed, whole))
    assert ours.shape == theirs.shape == (BATCH, *whole.output_shape[1:])
    np.testing.assert_allclose(ours, theirs, FLOAT, 1e-6)


@pytest.mark.parametrize(
    ("name", "devices", "message"),
    [
        ("one-tower", DEVICES, "alexnet_one_tower, which has one tower"),
        ("one-weird-trick", DEVICES, "has one tower"),
        ("caffe", DEVICES, "normalises over the channels of both"),
        ("mini", ("CPU:0", "CPU:0"), "two devices. Received"),
        ("mini", ("CPU:0", "GPU:7"), "there are CPU:0, CPU:1"),
        ("mini", ("CPU:0",), "names of two devices"),
        ("mini", "CPU:0", "names of two devices"),
    ],
)
def test_what_cannot_be_spread_is_refused(name, devices, message):
    body = models.AlexNet(False, network=name)
    with pytest.raises(ValueError, match=message):
        PlacedModel(body, devices)


def test_a_strategy_and_two_towers_devices_exclude_each_other():
    strategy = distribution.strategy(distribution.start(2), "mirrored")
    with strategy.scope(), pytest.raises(ValueError, match="Received: both"):
        PlacedModel(models.AlexNetMini(), DEVICES)
