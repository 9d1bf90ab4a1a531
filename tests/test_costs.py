"""What a step costs, against the paper, FACTS and TensorFlow's own graphs."""

import math
import re

import numpy as np
import pytest
import tensorflow as tf

from alexnet_keras import costs, distribution, models, networks, recipes
from alexnet_keras.placement import PlacedModel

DEVICES = distribution.start(2).names
LAYER = r"/((?:conv|norm|pool|fc)\d[ab]?)(?:_\d+)?/"  # in an operation's name
CHAIN = networks.ALEXNET
OTHERS = ("one-tower", "caffe", "one-weird-trick")


def sums(rows):
    return [sum(column) for column in list(zip(*rows, strict=True))[1:]]


def outputs_by_layer(network, batch_size):
    """Floats of each layer's output, in the graph that TensorFlow traces."""
    images = tf.zeros((batch_size, *network.input_shape[1:]))
    graph = tf.function(network).get_concrete_function(images).graph
    counts = {"input": math.prod(images.shape)}
    for operation in graph.get_operations():
        found = re.search(LAYER, operation.name)
        for output in operation.outputs[:1]:
            if output.shape.rank and output.shape[0] == batch_size:
                kind = "softmax" if operation.type == "Softmax" else None
                if kind or found:  # a layer's last operation gives its output
                    counts[kind or found[1]] = output.shape.num_elements()
    return counts


def build(name, devices=None):
    network = models.AlexNet(network=name)
    if devices is not None:
        network = PlacedModel(network, devices)
    network.compile(
        recipes.MomentumSGD(0.01), "sparse_categorical_crossentropy"
    )
    network.optimizer.build(network.trainable_variables)
    return network


def test_the_papers_network_at_batch_128():
    weights = 4 * 60_965_224
    assert sums(costs.memory(CHAIN)) == [weights] * 3 + [
        4 * 128 * 1_414_347,
        0,
    ]
    row = costs.memory(CHAIN)[-2]  # fc8, before the softmax
    assert row.total == 3 * 4 * 4_097_000 + 4 * 128 * 1000


def test_the_towers_together_hold_the_network_and_the_images_twice():
    whole, first, second = (
        sums(costs.memory(CHAIN, batch_size=1, tower=tower))
        for tower in (None, 1, 2)
    )
    for column in range(3):
        assert first[column] + second[column] == whole[column]
    assert first[3] + second[3] == whole[3] + 4 * 227 * 227 * 3
    # the second has no fc8, which only the first reads
    assert first[0] - second[0] == 4 * 4_097_000
    assert first[4] - second[4] == 4 * 2048


@pytest.mark.parametrize(
    "name",
    [
        "mini",
        "two-tower",
        *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS),
    ],
)
def test_memory_is_that_of_tensorflows_variables_and_tensors(name):
    network = build(name)
    chain, size = networks.NETWORKS[name][:2]
    rows = {row.name: row for row in costs.memory(chain, size, batch_size=7)}
    outputs = outputs_by_layer(network, 7)
    for layer in ("conv1", "pool1", "conv2", "conv5", "fc6", "fc8", "softmax"):
        assert layer in outputs
    for layer, count in outputs.items():
        assert rows[layer].activations == 4 * count, layer
    for layer in network.layers:
        if layer.weights:
            own = 4 * sum(math.prod(w.shape) for w in layer.weights)
            assert own == rows[layer.name].weights, layer.name
    momentum = network.optimizer.momentums
    assert sum(v.numpy().nbytes for v in momentum) == sum(
        row.momentum for row in rows.values()
    )
    gradients = traced_gradients(network)
    assert 4 * sum(gradients) == sum(row.gradients for row in rows.values())


def traced_gradients(network):
    """Floats of each gradient that a traced step hands to the optimizer."""
    step = tf.function(lambda x, y: network.train_step((x, y)))
    graph = step.get_concrete_function(
        tf.zeros((2, *network.input_shape[1:])), tf.zeros(2, tf.int32)
    ).graph
    return [
        operation.inputs[3].shape.num_elements()
        for operation in graph.get_operations()
        if operation.type == "ResourceApplyKerasMomentum"
    ]


@pytest.mark.parametrize(
    "name", ["mini", pytest.param("two-tower", marks=pytest.mark.slow)]
)
def test_each_towers_memory_is_that_of_its_device(name):
    network = build(name, DEVICES)
    chain, size = networks.NETWORKS[name][:2]
    outputs = outputs_by_layer(network, 7)
    for tower, letter in ((1, "a"), (2, "b")):
        rows = costs.memory(chain, size, batch_size=7, tower=tower)
        for column, variables in (
            (1, network.trainable_variables),
            (3, network.optimizer.momentums),
        ):
            own = [
                v.numpy().nbytes
                for v in variables
                if v.value.device.endswith(DEVICES[tower - 1])
            ]
            assert sum(own) == sum(row[column] for row in rows)
        for row in rows:
            if row.name + letter in outputs:
                assert row.activations == 4 * outputs[row.name + letter]
            elif row.name in ("fc8", "softmax"):
                there = outputs[row.name] if tower == 1 else 0
                assert row.activations == 4 * there
            else:
                assert row.name == "input"


def test_crossings_are_those_of_the_papers_figure_2():
    assert costs.crossings(CHAIN) == [
        ("conv3", 21_632, 21_632),
        ("fc6", 4_608, 4_608),
        ("fc7", 2_048, 2_048),
        ("fc8", 2_048, 0),
    ]


@pytest.mark.parametrize("count", [1, 5, 96, 4097])
@pytest.mark.parametrize("devices", [2, 3, 8])
def test_a_ring_sends_every_parameter_so_often(count, devices):
    """The ring is run: pieces that move from neighbour to neighbour."""
    rng = np.random.default_rng(0)
    held = rng.integers(9, size=(devices, count))
    total = held.sum(0)
    pieces = np.array_split(np.arange(count), devices)
    sent = 0
    for turn in range(2 * (devices - 1)):
        moving = {}
        for device in range(devices):
            piece = pieces[(device - turn) % devices]
            moving[(device + 1) % devices] = piece, held[device, piece].copy()
            sent += len(piece)
        for device, (piece, values) in moving.items():
            added = held[device, piece] if turn < devices - 1 else 0
            held[device, piece] = values + added
    np.testing.assert_array_equal(held, [total] * devices)
    layer = costs.traffic(
        [*CHAIN[:-1], CHAIN[-1]._replace(units=1)], devices=devices
    )[-1]
    assert sent == 2 * (devices - 1) * count
    assert layer.data_parallel == 2 * (devices - 1) * 4097


def test_the_split_moves_less_up_to_a_batch_of_1039():
    batch = costs.crossover(CHAIN)
    assert batch == 1040
    for size, more in ((batch - 1, False), (batch, True)):
        parallel, split = sums(costs.traffic(CHAIN, batch_size=size))
        assert parallel == 2 * 60_965_224
        assert split == size * 2 * 58_624
        assert (split >= parallel) is more


def test_convolutions_favour_one_way_and_dense_layers_the_other():
    rows = {row.name: row for row in costs.traffic(CHAIN, batch_size=128)}
    assert rows["conv3"].split > rows["conv3"].data_parallel
    for layer in ("fc6", "fc7", "fc8"):
        assert rows[layer].split < rows[layer].data_parallel / 10
    assert rows["fc8"].bytes() == ("fc8", 4 * 8_194_000, 4 * 524_288)


def test_without_the_top_the_towers_join_on_the_first_device():
    chain = networks.body(CHAIN)
    assert costs.crossings(chain)[-1] == ("join", 4_608, 0)
    assert costs.traffic(chain)[-1] == ("join", 0, 2 * 128 * 4_608)
    first, second = (
        costs.memory(chain, batch_size=1, tower=tower)[-1] for tower in (1, 2)
    )
    assert (first.name, first.received) == ("join", 4 * 4_608)
    assert second.received == 0


def test_one_tower_cannot_be_split():
    chain = networks.ONE_TOWER
    assert costs.memory(chain)[0].activations == 4 * 128 * 154_587
    for call in (costs.crossings, costs.traffic, costs.crossover):
        with pytest.raises(
            ValueError, match="two groups. Received: norm1, norm2"
        ):
            call(chain)
    # Caffe's normalisation reaches over both towers
    chain = networks.body(networks.CAFFE)
    with pytest.raises(ValueError, match="two groups. Received: norm1, norm2"):
        costs.crossings(chain)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: costs.memory(CHAIN, tower=0), "1, 2 or None. Received: 0"),
        (lambda: costs.memory(CHAIN, batch_size=-1), "`batch_size` must be"),
        (lambda: costs.memory(CHAIN, batch_size=1.5), "Received: 1.5"),
        (lambda: costs.traffic(CHAIN, devices=0), "`devices` must be"),
    ],
)
def test_counts_that_are_none_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
