"""Chapter 11's claim: two replicas make one larger batch, and nothing else.

One device and two replicas train the same network, in float64, where whatever
is left is a difference of principle. What chapter 11 says breaks the equality
does break it, so these tests can fail.
"""

import dataclasses
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_keras import distribution, recipes, training, visualize
from alexnet_keras.exercises import two_gpus
from alexnet_keras.layers import ReplicaDropout
from alexnet_keras.models import AlexNet

LIMIT = 1e-10
BROKEN = 1e-5


def largest_difference(make, batches, epochs=1, batches_of_two=None):
    """Trains on one device and on two; compares the weights at the end.

    Args:
        make: Function that gives a compiled network, the same every time.
        batches: `tf.data.Dataset` of global batches.
        epochs: Int.
        batches_of_two: The global batches for two, if they are others.

    Returns:
        Float. The weights have moved by far more.
    """
    ends = []
    given = {"one": batches, "mirrored": batches_of_two or batches}
    for name, batches in given.items():
        strategy = distribution.strategy(distribution.start(2), name)
        keras.utils.clear_session()
        with training.Precision("float64"), strategy.scope():
            network = make()
        before = network.get_weights()
        network.fit(batches, epochs=epochs, verbose=0, shuffle=False)
        ends.append(network.get_weights())
        moved = zip(before, ends[-1], strict=True)
        assert max(np.abs(a - b).max() for a, b in moved) > 1e-4
    return max(np.abs(a - b).max() for a, b in zip(*ends, strict=True))


def pictures(count, size, *weights):
    """Global batches of 16 out of `count` noisy pictures of five classes."""
    rng = np.random.default_rng(11)
    images = rng.integers(0, 256, (count, size, size, 3)).astype("uint8")
    labels = rng.integers(0, 5, count)
    columns = (images, labels, *weights)
    return tf.data.Dataset.from_tensor_slices(columns).batch(16)


@pytest.mark.slow
def test_full_alexnet_on_two_replicas_equals_one_device():
    def make():
        keras.utils.set_random_seed(2012)
        network = AlexNet(
            dropout=0,
            initialization="he",
            rescaling=((127.5,) * 3, 73.6),
            kernel_regularizer=keras.regularizers.L2(2.5e-4),
        )
        network.compile(
            recipes.MomentumSGD(0.01),
            keras.losses.SparseCategoricalCrossentropy(),
            jit_compile=False,
        )
        assert network.count_params() == 60_965_224
        return network

    assert largest_difference(make, pictures(48, 227)) < LIMIT


def test_a_recipe_on_two_replicas_equals_one_device():
    # momentum, L2, warm-up and the biases' own rate are all in there
    recipe = dataclasses.replace(
        recipes.COURSE, dropout=0, batch_size=16, epochs=2, bias_rate=2
    )
    noise = types.SimpleNamespace(  # as much of a `data.Data` as is asked for
        class_names=tuple("abcde"),  # more, and Keras' top 5 wants float32
        splits={"train": types.SimpleNamespace(num_examples=48)},
        size=64,
        colors=types.SimpleNamespace(mean=(127.5,) * 3, scale=73.6),
    )

    def make():
        return training.build("mini", recipe, noise)

    assert largest_difference(make, pictures(48, 64), recipe.epochs) < LIMIT


def small(extra=keras.layers.Identity):
    """Gives a function that makes a small network with an extra layer."""

    def make():
        keras.utils.set_random_seed(2012)
        network = keras.Sequential(
            [
                keras.Input((16, 16, 3)),
                keras.layers.Rescaling(1 / 73.6, -127.5 / 73.6),
                keras.layers.Conv2D(8, 5, 3, activation="relu"),
                extra(),
                keras.layers.Flatten(),
                keras.layers.Dense(10, "softmax"),
            ]
        )
        network.compile(
            keras.optimizers.SGD(0.01, momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(),
            jit_compile=False,
        )
        return network

    return make


def synchronized():
    return keras.layers.BatchNormalization(synchronized=True)


@pytest.mark.parametrize(
    ("extra", "count"),
    [(keras.layers.Identity, 52), (synchronized, 48)],  # four left: 2 and 2
)
def test_equal_parts_equal_one_device(extra, count):
    assert largest_difference(small(extra), pictures(count, 16)) < LIMIT


@pytest.mark.parametrize(
    "extra",
    [
        keras.layers.BatchNormalization,
        lambda: keras.layers.Dropout(0.5),
        lambda: ReplicaDropout(0.5),
    ],
    ids=["BatchNorm", "Dropout", "ReplicaDropout"],
)
def test_layers_that_break_it(extra):
    assert largest_difference(small(extra), pictures(48, 16)) > BROKEN


@pytest.mark.parametrize("count", [49, 51])  # a last batch of 1 + 0, of 2 + 1
def test_a_short_last_batch_breaks_it_and_exercise_2_mends_it(count):
    parts = {49: [1, 0], 51: [2, 1]}[count]
    batches = pictures(count, 16)
    strategy = distribution.strategy(distribution.start(2), "mirrored")
    *_, (_, labels) = strategy.experimental_distribute_dataset(batches)
    shared = strategy.experimental_local_results(labels)
    assert [len(part) for part in shared] == parts
    if count == 51:
        assert largest_difference(small(), batches) > BROKEN

    mending = np.repeat(two_gpus.weights(parts), parts)
    weights = np.concatenate([np.ones(48), mending])
    mended = pictures(count, 16, weights)
    assert largest_difference(small(), batches, 1, mended) < LIMIT


def test_the_timeline_is_to_scale():
    alone = {"input": 2, "forward": 3, "all-reduce": 0}
    shared = {"input": 1, "forward": 1.5, "all-reduce": 4}
    (axes,) = visualize.timeline(
        {"one device": alone, "replica 0": shared, "replica 1": shared}
    ).axes
    ends = [t.get_text() for t in axes.texts if "ms" in t.get_text()]
    assert ends == [" 5 ms", " 6 ms", " 6 ms"]
    exchanged = [
        (bar.get_x(), bar.get_width(), bar.get_y())
        for bar in axes.patches
        if bar.get_height() == pytest.approx(0.4)
    ]
    assert exchanged == [(2.5, 4, pytest.approx(1.3))]  # between the replicas


def test_a_short_exchange_has_no_room_for_a_word():
    shared = {"forward": 30, "all-reduce": 1}
    (axes,) = visualize.timeline(
        {"replica 0": shared, "replica 1": shared}
    ).axes
    assert "gradients" not in [text.get_text() for text in axes.texts]


def test_the_timeline_answers_to_its_sliders(monkeypatch):
    def phases(batch, n, link, overlap):
        talk = 0 if overlap else (n - 1) * batch / link
        return {"forward": batch / n, "all-reduce": talk}

    asked = {}
    monkeypatch.setattr(
        "ipywidgets.interact",
        lambda draw, **sliders: asked.update(sliders, draw=draw),
    )
    visualize.timeline_by_hand(phases)
    assert (asked["batch"].value, asked["n"].min, asked["n"].max) == (128, 2, 8)
    assert (asked["link"].value, asked["overlap"]) == (10, False)
    (axes,) = asked["draw"](128, 4, 8, False).axes
    assert axes.get_title() == "4 devices: 1.60 times as fast"  # 128 and 80 ms
    lanes = [label.get_text() for label in axes.get_yticklabels()]
    assert lanes == ["one device", *(f"replica {i}" for i in range(4))]
    (axes,) = asked["draw"](128, 2, 8, True).axes
    assert axes.get_title() == "2 devices: 2.00 times as fast"


def test_drift_is_drawn_as_it_is():
    drawn = {"float32": [0.0, 1e-8, 1e-3], "float64": [0.0, 0.0, 1e-16]}
    apart, decided = visualize.drift(drawn, [0, 70]).axes
    lines = [line for line in apart.lines if len(line.get_xdata()) == 3]
    assert apart.get_yscale() == "log"
    np.testing.assert_array_equal(lines[0].get_xdata(), [0, 1, 2])
    np.testing.assert_array_equal(lines[0].get_ydata(), [1e-18, 1e-8, 1e-3])
    np.testing.assert_array_equal(lines[1].get_ydata(), [1e-18, 1e-18, 1e-16])
    assert [text.get_text() for text in apart.texts][:2] == list(drawn)
    bars = [(bar.get_x() + bar.get_width() / 2) for bar in decided.patches]
    assert bars == pytest.approx([1, 2])
    assert [bar.get_height() for bar in decided.patches] == [0, 70]
    assert decided.get_ylim() == (0, 700)


def test_decisions_are_units_and_winners():
    maps = keras.Sequential(
        [
            keras.Input((5, 5, 1)),
            keras.layers.Conv2D(1, 1, activation="relu", name="conv1"),
            keras.layers.MaxPooling2D(3, 2, name="pool1"),
        ]
    )
    functional = keras.Model(maps.inputs, maps.outputs)
    decided = two_gpus.decisions(keras.Sequential([functional]))
    image = np.arange(25, dtype="float32").reshape(1, 5, 5, 1) - 6
    one, zero = np.ones((1, 1, 1, 1)), np.zeros(1)
    found = decided([one, zero], [image, image])
    assert found.shape == (2, 25 + 4)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0, :25], image.ravel() > 0)
    np.testing.assert_array_equal(found[0, 25:], [12, 14, 22, 24])
    other = decided([-one, zero], [image])
    np.testing.assert_array_equal(other[0, :25], image.ravel() < 0)
    assert other[0, 25] == 0  # now the first of its window is the largest


def test_weights_are_kept_from_the_start_on():
    keeper = two_gpus.KeepWeights()
    network = small()()
    start = network.get_weights()
    network.fit(pictures(48, 16), verbose=0, shuffle=False, callbacks=[keeper])
    assert len(keeper.steps) == 1 + 3
    np.testing.assert_array_equal(keeper.steps[0][0], start[0])
    end = network.get_weights()
    np.testing.assert_array_equal(keeper.steps[-1][0], end[0])
    assert largest(keeper.steps[1], keeper.steps[2]) > 0


def largest(these, those):
    pairs = zip(these, those, strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


def test_who_forgets_the_scope_trains_on_one_device(tmp_path):
    two = distribution.strategy(distribution.start(2), "mirrored")
    with two.scope():
        inside = small()()
    inside.fit(pictures(16, 16), verbose=0, shuffle=False)
    inside.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    with two.scope():
        again = keras.models.load_model(tmp_path / "network.keras")
    counts = [
        len(two.experimental_local_results(network.weights[0].value))
        for network in (inside, small()(), loaded, again)
    ]
    assert counts == [2, 1, 1, 2]


@pytest.mark.parametrize("count", [19, 17])  # left over: 2 + 1, and 1 + 0
def test_evaluation_counts_all_pictures_alike(count):
    two = distribution.strategy(distribution.start(2), "mirrored")
    with two.scope():
        network = small()()
    batches = pictures(count, 16)
    answers = network.predict(batches, verbose=0)
    labels = np.concatenate([labels for _, labels in batches])
    loss = -np.log(answers[np.arange(count), labels]).mean()
    assert network.evaluate(batches, verbose=0) == pytest.approx(loss, rel=1e-5)


def test_a_replicas_loss_is_divided_by_their_number():
    two = distribution.strategy(distribution.start(2), "mirrored")
    with two.scope():
        loss = keras.losses.MeanSquaredError()
    found = two.run(lambda: loss(np.full((4, 1), 3.0), np.zeros((4, 1))))
    each = two.experimental_local_results(found)
    assert [float(one) for one in each] == [4.5, 4.5]


def test_batchnorm_saves_the_first_replicas_mean():
    two = distribution.strategy(distribution.start(2), "mirrored")
    x = np.array([[1.0], [3.0], [5.0], [9.0]], "float32")
    saved = []
    for synchronized in (False, True):
        with two.scope():
            norm = keras.layers.BatchNormalization(
                momentum=0, synchronized=synchronized
            )
            network = keras.Sequential(
                [keras.Input((1,)), norm, keras.layers.Dense(1)]
            )
            network.compile("sgd", "mse", jit_compile=False)
        network.fit(x, x, batch_size=4, shuffle=False, verbose=0)
        each = two.experimental_local_results(norm.moving_mean.value)
        means = [norm.moving_mean, *each]
        saved.append(tuple(float(mean.numpy()[0]) for mean in means))
    assert saved == [(2, 2, 7), (4.5, 4.5, 4.5)]
