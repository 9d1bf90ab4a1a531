"""Recipes and fit, against the paper's rule and plain NumPy."""

import dataclasses
import os
import pathlib
import re
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from alexnet_keras import augment, data, distribution, recipes, training
from alexnet_keras.runs import Interruption

ROOT = pathlib.Path(__file__).parents[1]

SMALL = dataclasses.replace(recipes.COURSE, epochs=3, batch_size=8)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Forty noisy pictures: dark ones and bright ones."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name, level in (("bright", 170), ("dark", 60)):
        (root / name).mkdir()
        for number in range(20):
            noise = rng.normal(level, 40, (80, 90, 3)).clip(0, 255)
            picture = Image.fromarray(noise.astype(np.uint8))
            picture.save(root / name / f"{number}.png")
    return data.load(root, 64, cache="memory", report=lambda line: None)


def test_ten_thousand_steps_of_decay_leave_what_the_paper_says():
    weight = keras.Variable(np.ones((1, 1)), dtype="float64")
    penalty = keras.regularizers.L2(recipes.PAPER.weight_decay / 2)
    optimizer = recipes.MomentumSGD(0.01, recipes.PAPER.momentum)
    optimizer.build([weight])

    @tf.function
    def decay():
        for _ in tf.range(10_000):
            with tf.GradientTape() as tape:
                loss = penalty(weight)
            gradient = tape.gradient(loss, weight.value)
            optimizer.apply([gradient])

    decay()
    w, v = 1.0, 0.0
    for _ in range(10_000):  # section 5, with a gradient of zero
        v = 0.9 * v - 0.0005 * 0.01 * w
        w = w + v
    assert round(w, 5) == 0.60666
    np.testing.assert_allclose(weight.numpy().item(), w, rtol=1e-6)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_follows_its_rule_and_biases_keep_their_own_rate(nesterov):
    rates = keras.optimizers.schedules.PiecewiseConstantDecay([2], [0.1, 0.01])
    optimizer = recipes.MomentumSGD(
        rates, 0.9, bias_learning_rate=0.2, nesterov=nesterov
    )
    variables = [
        keras.Variable(np.ones((2, 2)), dtype="float64"),
        keras.Variable(np.ones(2), dtype="float64"),
    ]
    optimizer.build(variables)
    kernel, kernel_v, bias, bias_v = 1.0, 0.0, 1.0, 0.0
    for step in range(6):
        gradient = float(step + 1)
        optimizer.apply(
            [tf.fill((2, 2), gradient), tf.fill((2,), gradient)], variables
        )
        rate = 0.1 if step <= 2 else 0.01  # Keras steps after the boundary
        kernel_v = 0.9 * kernel_v - rate * gradient
        bias_v = 0.9 * bias_v - 0.2 * gradient
        if nesterov:
            kernel += 0.9 * kernel_v - rate * gradient
            bias += 0.9 * bias_v - 0.2 * gradient
        else:
            kernel, bias = kernel + kernel_v, bias + bias_v
    np.testing.assert_allclose(variables[0].numpy(), kernel, rtol=1e-6)
    np.testing.assert_allclose(variables[1].numpy(), bias, rtol=1e-6)


def test_the_papers_rate_falls_where_the_2012_layer_files_divide_it():
    recipe = dataclasses.replace(recipes.PAPER, epochs=91)
    rate = recipes.learning_rate(recipe, 10)
    seen = [float(rate(10 * epoch + 1)) for epoch in range(91)]
    falls = [i for i in range(1, 91) if seen[i] != seen[i - 1]]
    assert falls == [25, 51, 79]
    np.testing.assert_allclose(
        [seen[0], seen[25], seen[51], seen[79]], [1e-2, 1e-3, 1e-4, 1e-5]
    )


def test_the_cosine_rate_warms_up_and_ends_at_nothing():
    recipe = dataclasses.replace(recipes.COURSE, epochs=5, warm_up=1)
    rate = recipes.learning_rate(recipe, 10)
    seen = np.array([float(rate(step)) for step in range(51)])
    assert seen[0] == 0
    assert (np.diff(seen[:11]) > 0).all()
    assert (np.diff(seen[10:]) < 0).all()
    np.testing.assert_allclose(seen[10], recipe.learning_rate)
    assert seen[50] < 1e-9


def test_a_run_shorter_than_its_warm_up_has_a_rate():
    recipe = dataclasses.replace(recipes.COURSE, epochs=1, warm_up=3)
    assert float(recipes.learning_rate(recipe, 2)(1)) > 0


def test_an_unknown_schedule_is_refused():
    recipe = dataclasses.replace(recipes.COURSE, schedule="linear")
    with pytest.raises(ValueError, match="Received: schedule='linear'"):
        recipes.learning_rate(recipe, 10)


@pytest.mark.parametrize("recipe", recipes.RECIPES.values())
def test_the_network_subtracts_the_mean_and_penalises_kernels_only(
    photos, recipe
):
    recipe = dataclasses.replace(recipe, batch_size=8)
    network = training.build("mini", recipe, photos)
    image = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3))
    scale = photos.colors.scale if recipe.unit_variance else 1
    np.testing.assert_allclose(
        network.get_layer("rescaling")(image),
        (image - photos.colors.mean) / scale,
        rtol=1e-4,
        atol=1e-3,
    )
    kernels = [w for w in network.trainable_weights if len(w.shape) > 1]
    expected = sum(float((w.numpy() ** 2).sum()) for w in kernels) * 2.5e-4
    assert len(kernels) == 11  # conv2, conv4 and conv5 have two
    np.testing.assert_allclose(float(sum(network.losses)), expected, rtol=1e-5)
    assert network.count_params() == 366_786  # and nothing more than AlexNet's


def test_unit_variance_is_what_the_scale_gives(photos):
    pixels = np.stack([*photos.splits["train"].images]).reshape(-1, 3)
    scaled = (pixels - photos.colors.mean) / photos.colors.scale
    np.testing.assert_allclose((scaled**2).mean(), 1, rtol=0.01)


def test_it_learns_to_tell_dark_from_bright_and_repeats_itself(photos):
    def run():
        network = training.build("mini", SMALL, photos, seed=3)
        history = training.fit(network, SMALL, photos, seed=3, verbose=0)
        return history, network.get_weights()

    (history, weights), (again, same) = run(), run()
    assert history["val_accuracy"][-1] == 1
    assert history == again
    for one, two in zip(weights, same, strict=True):
        np.testing.assert_array_equal(one, two)


def test_smoothed_targets_give_every_class_a_share():
    draws = np.random.default_rng(0)
    shares = draws.dirichlet(np.ones(4), 5).astype("float32")
    labels = np.array([0, 3, 1, 1, 2])
    loss = recipes.SmoothedCrossentropy(0.2, reduction=None)
    targets = 0.8 * np.eye(4)[labels] + 0.2 / 4
    expected = -(targets * np.log(shares)).sum(1)
    np.testing.assert_allclose(loss(labels, shares), expected, rtol=1e-5)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(loss)
    )
    assert again.label_smoothing == 0.2
    network = keras.Sequential([keras.layers.Dense(4, "softmax")])
    plain = keras.losses.SparseCategoricalCrossentropy()
    np.testing.assert_allclose(
        recipes.SmoothedCrossentropy(0)(labels, network(shares)),
        plain(labels, network(shares)),
        rtol=1e-5,
    )


def test_the_recipe_for_photographs_does_what_it_says(photos, monkeypatch):
    recipe = dataclasses.replace(recipes.FAST, batch_size=8, epochs=2)
    areas, whole = [], augment.random_resized_crop

    def noticed(image, size, seed, least_area):
        areas.append(least_area)
        return whole(image, size, seed, least_area)

    monkeypatch.setattr(augment, "random_resized_crop", noticed)
    network = training.build("mini", recipe, photos)
    assert network.loss.label_smoothing == recipe.label_smoothing
    assert network.optimizer.momentum == recipe.momentum
    assert network.optimizer.nesterov == recipe.nesterov
    history = training.fit(network, recipe, photos, verbose=0)
    assert {*areas} == {recipe.least_area}
    assert np.isfinite(history["loss"]).all()


def test_the_page_on_pictures_tells_how_the_recipes_differ():
    page = ROOT / "docs" / "your-pictures.md"
    rows = re.findall(
        r"^\| ([a-z ]+) \| (.+) \| (.+) \|$", page.read_text(), re.M
    )
    told = {name: columns for name, *columns in rows}
    both = recipes.COURSE, recipes.FAST
    course, fast = map(dataclasses.asdict, both)
    assert {name for name in course if course[name] != fast[name]} == {
        *("name", "epochs", "learning_rate", "momentum", "nesterov"),
        *("initialization", "least_area", "label_smoothing"),
    }
    assert told["epochs"] == [str(recipe.epochs) for recipe in both]
    for said, recipe in zip(told["rate"], both, strict=True):
        assert said.startswith(f"{recipe.learning_rate}, ")
    for said, recipe in zip(told["momentum"], both, strict=True):
        assert said.startswith(f"{recipe.momentum}, ")
        assert ("Nesterov" in said) == recipe.nesterov
    assert told["crops"][1].startswith(f"{100 * fast['least_area']:g} to 100%")
    share = 100 * fast["label_smoothing"]
    assert told["targets"][1].startswith(
        f"{100 - share:g}% the class, {share:g}% all classes"
    )


def test_two_replicas_train_and_share_every_validation_batch(photos):
    strategy = distribution.strategy(distribution.start(2), "mirrored")
    with strategy.scope():
        network = training.build("mini", SMALL, photos)
    history = training.fit(network, SMALL, photos, verbose=0)
    assert history["val_accuracy"][-1] == 1
    # 8 validation pictures in batches that leave no replica empty
    right = training.evaluate(network, photos, verbose=0)
    assert right["top1"] == history["val_accuracy"][-1]


@pytest.mark.parametrize("ten_crops", [False, True])
def test_evaluation_counts_as_numpy_does(photos, ten_crops):
    network = training.build("mini", SMALL, photos, seed=1)
    found = training.evaluate(
        network, photos, "train", ten_crops=ten_crops, verbose=0
    )
    split = photos.splits["train"]
    cut = augment.ten_crops if ten_crops else augment.center_crop
    confusion = np.zeros((2, 2), int)
    for row in split.rows:
        crops = np.reshape(cut(split.images[row], 64), (-1, 64, 64, 3))
        probabilities = network(crops.astype("float32")).numpy().mean(0)
        confusion[split.labels[row], probabilities.argmax()] += 1
    np.testing.assert_array_equal(found["confusion"], confusion)
    assert found["top1"] == confusion.trace() / confusion.sum()
    assert found["top5"] == 1


def test_the_chosen_precision_is_one_of_the_two_and_leaves_no_trace(photos):
    lines = []
    strategy = distribution.strategy(distribution.start(1), "one")
    policy = training.choose_precision(
        "mini", SMALL, photos, strategy, lines.append
    )
    assert policy in ("float32", "mixed_bfloat16")
    assert [line.split(":")[0] for line in lines] == [
        "float32",
        "mixed_bfloat16",
    ]
    assert keras.config.dtype_policy().name == "float32"


def test_a_precision_whose_loss_is_not_finite_is_not_chosen(
    photos, monkeypatch
):
    lines, build = [], training.build

    def spoilt(*arguments):
        model = build(*arguments)
        if model.dtype_policy.name == "float32":
            model.get_layer("fc8").bias.assign([np.nan, 0])
        return model

    monkeypatch.setattr(training, "build", spoilt)
    strategy = distribution.strategy(distribution.start(1), "one")
    policy = training.choose_precision(
        "mini", SMALL, photos, strategy, lines.append
    )
    assert policy == "mixed_bfloat16"
    assert [line.endswith("but the loss is not finite") for line in lines] == [
        True,
        False,
    ]


def test_an_order_of_what_is_not_finite_is_refused():
    shares = np.array([[0.25, 0.75]])
    assert training.finite(shares) is shares
    with pytest.raises(ValueError, match="probabilities that are not finite"):
        training.finite(np.array([[np.nan, 1]]))


def test_a_batch_larger_than_the_set_is_refused(photos):
    recipe = dataclasses.replace(SMALL, batch_size=64)
    with pytest.raises(
        ValueError, match="training pictures, fewer than one batch"
    ):
        training.steps(recipe, photos)


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is POSIX")
def test_ctrl_c_in_a_clean_up_is_not_lost_and_ends_at_the_step(photos):
    class Interrupted:
        def __del__(self):  # where Python swallows exceptions
            signal.raise_signal(signal.SIGINT)

    class Interrupts(keras.callbacks.Callback):
        steps = 0

        def on_train_batch_begin(self, batch, logs=None):
            self.steps += 1
            if self.steps == 3:
                Interrupted()

    network = training.build("mini", SMALL, photos)
    counter, before = Interrupts(), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interruption() as stop:
        training.fit(network, SMALL, photos, 0, [counter, stop], verbose=0)
    assert counter.steps == int(network.optimizer.iterations) == 3
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is POSIX")
def test_a_second_ctrl_c_does_not_wait_for_the_step():
    with Interruption():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
