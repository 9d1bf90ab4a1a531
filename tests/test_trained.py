"""What comes trained with the package is as good as its README says."""

import re

import keras
import make_trained
import numpy as np
import pytest

from alexnet_keras import (
    AlexNet,
    AlexNetMini,
    CaffeAlexNet,
    data,
    trained,
    training,
    weights,
)
from alexnet_keras.datasets import solids

README = (trained.FOLDER / "README.md").read_text()


def claimed(path):
    """The shares of right answers that the README gives for a file."""
    (line,) = (
        x for x in README.splitlines() if x.startswith(f"| `{path.name}")
    )
    return [float(share) / 100 for share in re.findall(r"([\d.]+)%", line)]


@pytest.fixture(scope="module")
def pictures():
    return data.load("solids", size=64)


def test_the_shipped_network_is_right_as_often_as_the_readme_says(pictures):
    model = AlexNetMini(weights="solids")
    for split, share in zip(
        ("validation", "test"), claimed(trained.MINI), strict=True
    ):
        found = training.evaluate(model, pictures, split, verbose=0)["top1"]
        assert found == pytest.approx(share, abs=0.0041)  # two pictures


def test_it_takes_pictures_from_0_to_255_and_names_the_classes():
    model = AlexNetMini(weights="solids")
    assert [layer.name for layer in model.layers][:2] == ["image", "rescaling"]
    facts = weights.read(trained.MINI)
    assert tuple(facts.class_names) == solids.CLASS_NAMES
    assert facts.size == 64
    own = AlexNetMini(weights="solids", rescaling=(100, 50))
    assert own.get_layer("rescaling").scale == pytest.approx(1 / 50)
    assert own.dtype_policy.name == "float32"


def test_the_files_hold_half_precision_and_are_small():
    for kernel, bias in weights.read(trained.MINI).arrays.values():
        assert kernel.dtype == bias.dtype == np.float16
    assert trained.MINI.stat().st_size < 800_000
    assert np.load(trained.CONV1).dtype == np.float16
    assert trained.CONV1.stat().st_size < 71_000


def test_without_the_top_the_body_is_the_trained_one():
    whole = AlexNetMini(weights="solids")
    body = AlexNetMini(weights="solids", include_top=False)
    image = np.random.default_rng(2).uniform(0, 255, (1, 64, 64, 3))
    pool5 = whole.get_layer("pool5").output
    expected = keras.Model(whole.input, pool5)(image)
    assert np.allclose(body(image), expected, atol=1e-6)


def test_conv1_of_the_full_network_has_learned():
    filters = trained.conv1_filters()
    assert filters.shape == (11, 11, 3, 96)
    assert filters.dtype == np.float32
    assert np.isfinite(filters).all()
    # a random start of He's has as much weight, and neighbouring pixels that
    # know nothing of each other: 0 but for one in sqrt(110 x 288)
    left, right = filters[:, :-1].ravel(), filters[:, 1:].ravel()
    assert np.corrcoef(left, right)[0, 1] > 0.02
    assert filters.std() == pytest.approx(np.sqrt(2 / 363), rel=0.1)


@pytest.mark.parametrize("builder", [AlexNet, CaffeAlexNet])
def test_other_networks_say_what_there_is(builder):
    with pytest.raises(ValueError, match="Only `AlexNetMini` comes") as error:
        builder(weights="solids")
    assert f"for {builder.__name__}." in str(error.value)
    assert "trained.conv1_filters()" in str(error.value)


def test_other_classes_do_not_fit():
    with pytest.raises(ValueError, match="do not fit"):
        AlexNetMini(weights="solids", classes=3)


@pytest.mark.slow
def test_the_small_network_learns_it_again(tmp_path):
    _, run = make_trained.train("mini", tmp_path, make_trained.EPOCHS["mini"])
    path = tmp_path / trained.MINI.name
    make_trained.write_mini(run, path)
    shares = make_trained.accuracies(make_trained.read_mini(path), 64)
    assert np.mean(shares) >= np.mean(claimed(trained.MINI)) - 0.02
