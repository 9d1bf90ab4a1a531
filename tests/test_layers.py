"""The layers that Keras lacks, against loops, `tf.nn` and Keras' own."""

import gc
import math
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_keras import distribution, layers
from alexnet_keras.layers import (
    AdaptiveAveragePooling2D,
    LocalResponseNormalization,
    ReplicaDropout,
    TwoTowerConv2D,
)


def random_maps(*shape, scale=1.0, dtype="float32", seed=0):
    generator = np.random.default_rng(seed)
    return (scale * generator.standard_normal(shape)).astype(dtype)


def distance(ours, reference):
    """Largest difference, as a share of the largest reference value."""
    ours = np.asarray(ours, "float64")
    reference = np.asarray(reference, "float64")
    assert ours.shape == reference.shape
    return np.abs(ours - reference).max() / np.abs(reference).max()


def normalize_by_loop(a, size, alpha, beta, bias):
    """The paper's equation, one channel at a time."""
    b = np.empty_like(a)
    for i in range(a.shape[-1]):
        window = a[..., max(0, i - size // 2) : i + size // 2 + 1]
        b[..., i] = a[..., i] / (bias + alpha * (window**2).sum(-1)) ** beta
    return b


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("beta", [0.75, 0.5])
def test_lrn_equals_the_papers_equation(size, groups, beta):
    a = random_maps(2, 7, 7, 16, scale=100)  # so that alpha matters
    layer = LocalResponseNormalization(size, beta=beta, groups=groups)
    towers = [
        normalize_by_loop(tower, size, 1e-4, beta, 2.0)
        for tower in np.split(a.astype("float64"), groups, axis=-1)
    ]
    reference = np.concatenate(towers, -1)
    np.testing.assert_allclose(layer(a), reference, rtol=1e-6)


def test_lrn_reaches_into_the_other_tower_only_if_told_to():
    a = np.zeros((1, 1, 1, 8), "float32")
    a[..., 3] = 100  # the last channel of the first tower
    b = a + np.eye(8, dtype="float32")[4] * 100
    within = LocalResponseNormalization(groups=2)
    across = LocalResponseNormalization(groups=1)
    assert within(a)[0, 0, 0, 3] == within(b)[0, 0, 0, 3]
    assert across(a)[0, 0, 0, 3] > across(b)[0, 0, 0, 3]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    "constants",
    [
        {"size": 5, "alpha": 1e-4, "beta": 0.75, "bias": 2.0},
        {"size": 5, "alpha": 2e-5, "beta": 0.75, "bias": 1.0},
        {"size": 11, "alpha": 1.0, "beta": 0.5, "bias": 1.0},
    ],
    ids=["paper", "Caffe", "TensorFlow"],
)
def test_lrn_and_its_gradient_equal_tensorflows(constants, groups):
    a = tf.constant(random_maps(2, 5, 5, 32, scale=50))
    weights = random_maps(2, 5, 5, 32, seed=1)
    layer = LocalResponseNormalization(**constants, groups=groups)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(a)
        ours = layer(a)
        towers = [
            tf.nn.local_response_normalization(
                tower,
                depth_radius=constants["size"] // 2,
                alpha=constants["alpha"],
                beta=constants["beta"],
                bias=constants["bias"],
            )
            for tower in tf.split(a, groups, axis=-1)
        ]
        theirs = tf.concat(towers, -1)
        losses = [tf.reduce_sum(b * weights) for b in (ours, theirs)]
    np.testing.assert_allclose(ours, theirs, rtol=3e-6)
    gradients = [tape.gradient(loss, a) for loss in losses]
    assert distance(*gradients) < 1e-5


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float64", 1e-14), ("bfloat16", 2e-2)]
)
def test_lrn_keeps_the_dtype(dtype, tolerance):
    a = keras.ops.cast(random_maps(2, 5, 5, 16, scale=50), dtype)
    b = LocalResponseNormalization(dtype=dtype)(a)
    assert b.dtype == dtype
    a, b = (np.asarray(keras.ops.cast(x, "float64")) for x in (a, b))
    reference = normalize_by_loop(a, 5, 1e-4, 0.75, 2)
    assert distance(b, reference) < tolerance


@pytest.mark.parametrize("beta", [0.75, 0.5])
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [("float32", 3e-6), ("float64", 1e-14), ("bfloat16", 2e-2)],
)
def test_lrn_of_large_maps_is_that_of_small_ones(
    beta, dtype, tolerance, monkeypatch
):
    a = tf.cast(random_maps(2, 5, 5, 16, scale=50), dtype)
    weights = tf.cast(random_maps(2, 5, 5, 16, seed=1), dtype)

    def output_and_gradient():
        layer = LocalResponseNormalization(beta=beta, groups=2, dtype=dtype)
        with tf.GradientTape() as tape:
            tape.watch(a)
            b = layer(a)
            loss = tf.reduce_sum(b * weights)
        return b, tape.gradient(loss, a)

    small = output_and_gradient()
    calls = []
    fused = layers._fused_normalization
    monkeypatch.setattr(
        layers,
        "_fused_normalization",
        lambda *constants: calls.append(constants) or fused(*constants),
    )
    monkeypatch.setattr(layers, "_is_large", lambda inputs, training: True)
    for ours, reference in zip(output_and_gradient(), small, strict=True):
        assert ours.dtype == dtype
        assert distance(ours, reference) < tolerance
    assert calls == [(8, 5, 1e-4, beta, 2.0, dtype)]


def test_large_maps_are_those_of_which_xla_makes_up_for_its_time():
    def is_large(*shape, training=False):
        return layers._is_large(keras.KerasTensor(shape), training)

    assert is_large(64, 55, 55, 96)  # norm1 and a batch of 64
    assert not is_large(1, 55, 55, 96)  # one picture
    assert not is_large(1, 55, 55, 96, training=True)
    assert not is_large(None, 55, 55, 96)  # so an exported network has no XLA
    assert is_large(None, 55, 55, 96, training=True)
    assert not is_large(None, 31, 31, 32, training=True)  # AlexNetMini's


@pytest.mark.parametrize("where", ["XLA", "eagerly", "two replicas"])
def test_a_network_with_lrn_of_large_maps_trains(where, monkeypatch):
    monkeypatch.setattr(layers, "_is_large", lambda *_: True)
    devices = distribution.start(2)
    name = "mirrored" if where == "two replicas" else "one"
    with distribution.strategy(devices, name).scope():
        network = keras.Sequential(
            [
                keras.Input((5, 5, 8)),
                LocalResponseNormalization(groups=2),
                keras.layers.Flatten(),
                keras.layers.Dense(2, activation="softmax"),
            ]
        )
        network.compile(
            keras.optimizers.SGD(0.1),
            "sparse_categorical_crossentropy",
            jit_compile=where == "XLA",
            run_eagerly=where == "eagerly",
        )
    a, labels = random_maps(8, 5, 5, 8), np.arange(8) % 2
    found = network.fit(a, labels, epochs=9, batch_size=8, verbose=0)
    assert found.history["loss"][-1] < found.history["loss"][0] / 2


@pytest.mark.parametrize("is_large", [False, True])
def test_a_trained_network_with_lrn_is_freed(is_large, monkeypatch):
    monkeypatch.setattr(layers, "_is_large", lambda *_: is_large)
    network = keras.Sequential(
        [
            keras.Input((5, 5, 3)),
            keras.layers.Conv2D(8, 1),
            LocalResponseNormalization(),
            keras.layers.Flatten(),
        ]
    )
    network.compile("sgd", "sparse_categorical_crossentropy")
    network.fit(random_maps(2, 5, 5, 3), np.zeros(2), verbose=0)
    kernel = weakref.ref(network.weights[0].value)
    del network
    gc.collect()
    assert kernel() is None


@pytest.mark.parametrize("size", [0, 4, -1])
def test_lrn_refuses_a_window_without_a_centre(size):
    with pytest.raises(ValueError, match=f"odd and positive.*size={size}"):
        LocalResponseNormalization(size)


@pytest.mark.parametrize("groups", [0, 3])
def test_lrn_refuses_groups_that_do_not_divide_the_channels(groups):
    with pytest.raises(ValueError, match=f"groups={groups}"):
        LocalResponseNormalization(groups=groups)(random_maps(1, 2, 2, 16))


def saved_and_loaded(layer, shape, tmp_path):
    model = keras.Sequential([keras.Input(shape), layer])
    model.save(tmp_path / "model.keras")
    return model, keras.models.load_model(tmp_path / "model.keras")


LAYERS = {
    "norm": lambda: LocalResponseNormalization(3, 2e-4, 0.5, 1.5, 4),
    "towers": lambda: TwoTowerConv2D(
        filters=6,
        kernel_size=3,
        strides=2,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        bias_initializer="ones",
        kernel_regularizer=keras.regularizers.L2(),
    ),
    "dropout": lambda: ReplicaDropout(0.3, (None, 1, 1, 8), seed=4),
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_layers_are_saved_and_loaded_whole(layer, tmp_path):
    layer = layer()
    model, loaded = saved_and_loaded(layer, (9, 9, 8), tmp_path)
    twin = loaded.layers[-1]
    assert type(twin) is type(layer)
    assert twin.get_config() == layer.get_config()
    a = random_maps(2, 9, 9, 8)
    np.testing.assert_array_equal(model(a), loaded(a))
    assert model.output_shape == (None, *model(a).shape[1:])
    assert loaded.losses == model.losses


def grouped_twin(layer, shape, dtype):
    """Keras' own grouped convolution with a `TwoTowerConv2D`'s weights."""
    grouped = keras.layers.Conv2D(
        layer.filters,
        layer.kernel_size,
        layer.strides,
        layer.padding,
        activation=layer.activation,
        groups=2,
        dtype=dtype,
    )
    grouped.build(shape)
    layer.build(shape)
    grouped.set_weights(layer.get_grouped_weights())
    return grouped


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)]
)
def test_two_towers_are_conv2_in_two_groups(dtype, tolerance):
    keras.utils.set_random_seed(0)
    shape = (1, 27, 27, 96)
    layer = TwoTowerConv2D(
        256,
        5,
        padding="same",
        activation="softplus",  # ReLU's gradient jumps where sums are near 0
        bias_initializer="random_normal",
        dtype=dtype,
    )
    grouped = grouped_twin(layer, shape, dtype)
    a = tf.constant(random_maps(*shape, dtype=dtype))
    weights = random_maps(1, 27, 27, 256, dtype=dtype, seed=1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(a)
        ours, theirs = layer(a), grouped(a)
        losses = [tf.reduce_sum(b * weights) for b in (ours, theirs)]
    assert ours.dtype == theirs.dtype == dtype
    assert distance(ours, theirs) < tolerance

    d_image, d_kernels, d_biases = tape.gradient(
        losses[0],
        [
            a,
            [kernel.value for kernel in layer.kernels],
            [bias.value for bias in layer.biases],
        ],
    )
    ours = [d_image, tf.concat(d_kernels, -1), tf.concat(d_biases, -1)]
    theirs = tape.gradient(
        losses[1], [a, grouped.kernel.value, grouped.bias.value]
    )
    for our, their in zip(ours, theirs, strict=True):
        assert distance(our, their) < tolerance


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_two_towers_pad_and_stride_as_conv2d_does(strides, padding):
    layer = TwoTowerConv2D(6, 3, strides, padding)
    a = random_maps(2, 8, 11, 4)
    grouped = grouped_twin(layer, a.shape, "float32")
    assert distance(layer(a), grouped(a)) < 1e-5
    for shape in [(2, 8, 11, 4), (None, 8, 11, 4), (None, None, None, 4)]:
        expected = grouped.compute_output_shape(shape)
        assert layer.compute_output_shape(shape) == expected


@pytest.mark.parametrize("initializer", ["HeNormal", "RandomNormal"])
def test_the_towers_start_as_the_grouped_kernel_would(initializer):
    start = getattr(keras.initializers, initializer)
    layer = TwoTowerConv2D(8, 3, kernel_initializer=start(seed=3))
    grouped = keras.layers.Conv2D(
        8, 3, groups=2, kernel_initializer=start(seed=3)
    )
    layer.build((None, 9, 9, 4))
    grouped.build((None, 9, 9, 4))
    kernel, bias = layer.get_grouped_weights()
    np.testing.assert_array_equal(kernel, grouped.kernel)
    np.testing.assert_array_equal(bias, grouped.bias)
    first, second = np.split(kernel, 2, axis=-1)
    assert not np.array_equal(first, second)


def test_each_tower_reads_its_own_half_only():
    layer = TwoTowerConv2D(4, 1)
    a = random_maps(1, 3, 3, 6)
    other = a.copy()
    other[..., 3:] += 1  # what the second tower reads
    before, after = np.array(layer(a)), np.array(layer(other))
    np.testing.assert_array_equal(before[..., :2], after[..., :2])
    assert (before[..., 2:] != after[..., 2:]).all()


def test_grouped_weights_go_in_and_come_out():
    layer = TwoTowerConv2D(6, 3)
    layer.build((None, 9, 9, 4))
    weights = [random_maps(3, 3, 2, 6), random_maps(6)]
    layer.set_grouped_weights(weights)
    for given, got in zip(weights, layer.get_grouped_weights(), strict=True):
        np.testing.assert_array_equal(given, got)
    np.testing.assert_array_equal(layer.kernels[1], weights[0][..., 3:])
    with pytest.raises(ValueError, match=r"takes arrays of.*\(3, 3, 4, 6\)"):
        layer.set_grouped_weights([random_maps(3, 3, 4, 6), weights[1]])


def test_two_towers_may_have_no_biases():
    layer = TwoTowerConv2D(6, 3, use_bias=False, activation="relu")
    maps = random_maps(2, 9, 9, 4)
    grouped = keras.layers.Conv2D(
        6, 3, groups=2, use_bias=False, activation="relu"
    )
    ours = layer(maps)
    grouped.build(maps.shape)
    assert len(layer.weights) == 2
    grouped.set_weights(layer.get_grouped_weights())
    np.testing.assert_allclose(ours, grouped(maps), 1e-5, 1e-6)
    again = TwoTowerConv2D.from_config(layer.get_config())
    assert again.use_bias is False


def test_the_penalty_is_that_of_the_grouped_kernel():
    penalty = keras.regularizers.L2(0.5)
    layer = TwoTowerConv2D(6, 3, kernel_regularizer=penalty)
    layer.build((None, 9, 9, 4))
    kernel, _ = layer.get_grouped_weights()
    assert float(sum(layer.losses)) == pytest.approx(0.5 * (kernel**2).sum())


@pytest.mark.parametrize("filters", [0, 5, -2])
def test_two_towers_refuse_filters_that_cannot_be_halved(filters):
    with pytest.raises(ValueError, match=f"even.*filters={filters}"):
        TwoTowerConv2D(filters, 3)


def test_two_towers_refuse_an_odd_number_of_channels():
    with pytest.raises(ValueError, match="even number of input channels"):
        TwoTowerConv2D(4, 3)(random_maps(1, 9, 9, 3))


def masks_of_replicas(layer_class):
    """What each of two replicas lets through, in two calls."""
    strategy = distribution.strategy(distribution.start(2), "mirrored")
    with strategy.scope():
        layer = layer_class(0.5, seed=1)
        layer.build((1000,))
    ones = tf.ones(1000)

    @tf.function
    def step():
        return strategy.run(lambda: layer(ones, training=True) > 0)

    return [
        [np.array(mask) for mask in strategy.experimental_local_results(step())]
        for _ in range(2)
    ]


def test_every_replica_drops_other_units_in_every_step():
    masks = [
        mask for call in masks_of_replicas(ReplicaDropout) for mask in call
    ]
    for i, mask in enumerate(masks):
        assert abs(mask.mean() - 0.5) < 0.1  # six standard deviations
        for other in masks[:i]:
            assert abs((mask == other).mean() - 0.5) < 0.1


def test_kerass_dropout_still_drops_the_same_on_every_replica():
    # A canary: the day this fails, `ReplicaDropout` can go.
    first, second = masks_of_replicas(keras.layers.Dropout)
    np.testing.assert_array_equal(*first)
    np.testing.assert_array_equal(*second)
    assert not np.array_equal(first[0], second[0])


@pytest.mark.parametrize("noise_shape", [None, (4, 1, 6)])
def test_on_one_device_dropout_is_that_of_keras(noise_shape):
    ours = ReplicaDropout(0.4, noise_shape=noise_shape, seed=7)
    theirs = keras.layers.Dropout(0.4, noise_shape=noise_shape, seed=7)
    a = random_maps(4, 5, 6)
    for _ in range(3):
        np.testing.assert_array_equal(
            ours(a, training=True), theirs(a, training=True)
        )


def test_dropout_changes_nothing_but_in_training():
    a = random_maps(4, 5)
    for rate, training in [(0.5, False), (0, True)]:
        layer = ReplicaDropout(rate)
        np.testing.assert_array_equal(layer(a, training=training), a)
    assert not np.array_equal(ReplicaDropout(0.5)(a, training=True), a)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (13, 1), (7, 9)])
def test_adaptive_pooling_takes_the_mean_of_each_part(shape):
    a = random_maps(2, *shape, 3)
    b = AdaptiveAveragePooling2D(6)(a)
    assert b.shape == (2, 6, 6, 3)
    starts, ends = (
        [[op(i * side / 6) for i in range(first, first + 6)] for side in shape]
        for op, first in ((math.floor, 0), (math.ceil, 1))
    )
    for i, j in np.ndindex(6, 6):
        part = a[:, starts[0][i] : ends[0][i], starts[1][j] : ends[1][j]]
        np.testing.assert_allclose(b[:, i, j], part.mean((1, 2)), 0, 1e-6)
