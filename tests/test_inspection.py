"""What the tools of chapter 13 say, held against loops and known facts."""

import keras
import numpy as np
import pytest
import tensorflow_datasets as tfds

from alexnet_keras import inspection
from alexnet_keras.datasets import solids
from alexnet_keras.exercises import what_it_learned
from alexnet_keras.models import AlexNetMini

RNG = np.random.default_rng


def test_pictures_are_those_of_the_data_set(tmp_path):
    builder = solids.prepare("tiny", tmp_path)
    stored = list(tfds.as_numpy(builder.as_dataset(split="test")))
    stored.sort(key=lambda example: example["index"])
    found = inspection.pictures("test", 12, size=224)
    assert found.images.shape == (12, 224, 224, 3)
    for row, example in enumerate(stored[:12]):
        assert found.labels[row] == example["label"]
        centre = example["image"][16:240, 16:240].astype(int)
        apart = np.abs(found.images[row].astype(int) - centre)
        assert (apart > 2).any(axis=-1).mean() <= 0.001
        hue, (cosine, sine) = example["hue"], found.facts["hue"][row]
        assert np.isclose(np.arctan2(sine, cosine) / (2 * np.pi) % 1, hue)
        assert np.allclose(found.facts["position"][row], example["position"])
        assert np.isclose(found.facts["light"][row], example["light_azimuth"])
        assert np.isclose(found.facts["distance"][row], example["distance"])


def test_small_pictures_are_as_a_test_sees_them(tmp_path):
    from alexnet_keras import data

    quiet = {"folder": tmp_path, "report": lambda line: None}
    small = data.load("solids/tiny", size=64, **quiet)
    images, labels = next(iter(small.evaluation(10, "validation")))
    found = inspection.pictures("validation", 30)
    # the set is stored in an order of its own
    for image, label in zip(images.numpy(), labels.numpy(), strict=True):
        apart = np.abs(found.images.astype(int) - image).mean(axis=(1, 2, 3))
        assert apart.min() < 0.05
        assert found.labels[apart.argmin()] == label


def test_outputs_are_the_layers_own():
    network = AlexNetMini()
    images = RNG(0).integers(0, 256, (3, 64, 64, 3)).astype("uint8")
    found = inspection.outputs(network, images, ["fc7", "image", "conv1"])
    assert list(found) == ["fc7", "image", "conv1"]
    assert np.array_equal(found["image"], images)
    kernel, bias = network.get_layer("conv1").get_weights()
    first = (images[:, :5, :5, :, None] * kernel).sum(axis=(1, 2, 3)) + bias
    relu = np.maximum(first, 0)
    assert np.allclose(found["conv1"][:, 0, 0], relu, rtol=1e-3, atol=1e-3)
    weights, bias = network.get_layer("fc8").get_weights()
    answers = keras.ops.softmax(found["fc7"] @ weights + bias)
    assert np.allclose(answers, network(images), rtol=1e-4, atol=1e-6)


def test_occlusion_covers_every_place_once():
    """A network whose answer is the picture's mean knows every cover."""
    image = keras.Input((10, 7, 3))
    mean = keras.ops.mean(image, axis=(1, 2, 3))[:, None] / 255
    network = keras.Model(image, keras.ops.concatenate([1 - mean, mean], 1))
    picture = RNG(1).integers(0, 256, (10, 7, 3)).astype("float32")
    kept = picture.copy()
    found = inspection.occlusion(network, picture, 1, side=4, step=3)
    assert np.array_equal(picture, kept)
    assert found.shape == (3, 2)
    for row, column in np.ndindex(3, 2):
        covered = picture.copy()
        for y in range(3 * row, 3 * row + 4):
            for x in range(3 * column, 3 * column + 4):
                covered[y, x] = 127
        assert np.isclose(found[row, column], covered.mean() / 255, atol=1e-5)


def test_the_nearest_are_those_of_a_loop():
    values = RNG(2).normal(size=(9, 2, 3))
    numbers, distances = inspection.nearest(values, count=4)
    for row in range(9):
        apart = [np.linalg.norm(values[row] - other) for other in values]
        order = sorted(set(range(9)) - {row}, key=apart.__getitem__)[:4]
        assert numbers[row].tolist() == order
        assert np.allclose(distances[row], np.take(apart, order))


def facts(rng, count):
    return {
        "class": rng.integers(0, 3, count),
        "two": rng.normal(5, 2, (count, 2)),
        "absent": rng.normal(size=(count, 1)),
    }


def test_a_probe_reads_what_lies_open_and_no_more():
    rng = RNG(3)
    mixing = rng.normal(size=(5, 40))

    def sample(count):
        known = facts(rng, count)
        columns = [np.eye(3)[known["class"]], known["two"]]
        values = np.concatenate(columns, axis=1) @ mixing
        return values.reshape(count, 8, 5), known

    fitted, asked = sample(200), sample(100)
    scores = inspection.probe(*fitted, *asked)
    assert scores["class"] == 1
    assert scores["two"] > 0.99
    assert abs(scores["absent"]) < 0.1
    silent = inspection.probe(
        np.zeros((200, 4)), fitted[1], np.zeros((100, 4)), asked[1]
    )
    assert all(abs(score) < 0.3 for score in silent.values())


def test_a_score_is_the_share_of_the_variance():
    rng = RNG(4)
    values, others = rng.normal(size=(300, 1)), rng.normal(size=(3000, 1))
    told = values + rng.normal(size=(300, 1))  # half of it is noise
    asked = others + rng.normal(size=(3000, 1))
    score = inspection.probe(values, {"x": told}, others, {"x": asked})
    assert abs(score["x"] - 0.5) < 0.05


@pytest.mark.slow
def test_the_light_is_forgotten_where_the_exercise_says():
    network = AlexNetMini(weights="solids")
    keras.utils.set_random_seed(2012)
    fresh = AlexNetMini(initialization="he", rescaling=(122, 43))
    seen = inspection.pictures("validation", 500)
    unseen = inspection.pictures("test", 500)
    light = [{"light": part.facts["light"]} for part in (seen, unseen)]
    answer = {}
    for key, model in (("trained", network), ("untrained", fresh)):
        names = what_it_learned.LAYERS
        fit, ask = (
            inspection.outputs(model, part.images, names)
            for part in (seen, unseen)
        )
        known = [
            inspection.probe(fit[n], light[0], ask[n], light[1])["light"]
            for n in names
        ]
        gone = [n for n, score in zip(names, known, strict=True) if score < 0.1]
        answer[key] = gone[0] if gone else "none"
    assert what_it_learned.q2.check(answer).outcome == "correct"
