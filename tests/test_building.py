"""Tables into Keras models: a learner's own rows, and what is refused."""

import keras
import numpy as np
import pytest

from alexnet_keras import networks, shapes
from alexnet_keras.building import build
from alexnet_keras.rows import (
    Conv,
    Dense,
    Dropout,
    Flatten,
    Norm,
    Pool,
    Resample,
)

OWN = [
    Conv("first", 6, 5, stride=3, padding=(1, 2), activation="tanh"),
    Norm("calm", size=3, alpha=0.5, beta=0.5, bias=1.0, groups=3),
    Pool("less", 2, 2, rounding="up"),
    Conv("second", 8, 3, padding="same", groups=2, bias=False),
    Conv("third", 9, 1, activation=None),
    Resample("even", 2),
    Flatten("flat"),
    Dropout("half", 0.25),
    Dense("last", 5, activation="sigmoid", bias=False),
]


def model_of(rows, shape, **options):
    image = keras.Input(shape)
    return keras.Model(image, build(rows, image, **options))


@pytest.mark.parametrize("size", [(20, 31), (21, 21), (23, 16)])
def test_a_learners_own_rows_become_a_model(size):
    model = model_of(OWN, (*size, 2))
    lines = shapes.table(OWN, size, channels=2)
    for row, line in zip(OWN, lines[1:], strict=True):
        layer = model.get_layer(row.name)
        assert layer.output.shape[1:] == line.output_shape
        assert layer.count_params() == line.parameters
        if hasattr(row, "activation"):
            name = row.activation or "linear"
            assert layer.activation.__name__ == name
    norm = model.get_layer("calm")
    assert (norm.size, norm.alpha, norm.groups) == (3, 0.5, 3)
    assert model.get_layer("half").rate == 0.25


def test_rounding_up_reads_zeros_where_the_last_filter_hangs_over():
    row = Conv("conv", 4, 3, stride=2, rounding="up", activation=None)
    up = model_of([row], (8, 8, 1))
    down = model_of([row._replace(rounding="down")], (9, 9, 1))
    down.set_weights(up.get_weights())
    image = np.random.default_rng(0).normal(size=(1, 8, 8, 1)).astype("float32")
    padded = np.pad(image, [(0, 0), (0, 1), (0, 1), (0, 0)])
    np.testing.assert_array_equal(up(image), down(padded))
    assert up.output_shape == (None, 4, 4, 4)


def test_a_few_rows_of_a_network_are_its_first_layers():
    model = model_of(networks.ALEXNET[:4], (227, 227, 3))
    names = [layer.name for layer in model.layers[1:]]
    assert names == ["conv1", "norm1", "pool1", "conv2"]
    assert model.output_shape == (None, 27, 27, 256)


def test_the_penalty_is_on_every_kernel():
    penalty = keras.regularizers.L2(0.5)
    model = model_of(OWN, (20, 20, 2), kernel_regularizer=penalty)
    kernels = [w.numpy() for w in model.weights if "kernel" in w.name]
    expected = sum(0.5 * (kernel**2).sum() for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["conv1"], "no such layer. Received: 'conv1'. Use one of .*rows"),
        ([("conv1", 96, 11)], "no such layer"),
        ([keras.layers.Flatten()], "no such layer"),
        ([Dense("fc6", 5)], "fc6 reads values in one line"),
        ([Flatten("f"), Pool("pool1")], "pool1 reads maps"),
        ([Conv("c", 4, 3, groups=2)], "c: `groups` must divide"),
        (
            [Conv("c", 4, 3, 2, "same"), Conv("d", 4, 3, 2, (1, 2, 3))],
            "a whole number or a pair",
        ),
    ],
)
def test_what_is_no_row_is_refused(rows, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        model_of(rows, (20, 20, 3))
