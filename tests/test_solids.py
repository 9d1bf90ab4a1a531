"""The embedded data set: its pictures, its builder, its honesty."""

import inspect
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from alexnet_keras import datasets
from alexnet_keras.datasets import solids
from alexnet_keras.datasets.solids import solids as builder_module
from alexnet_keras.datasets.solids.render import draw
from alexnet_keras.datasets.solids.scene import RANGES, draw_scene

REFERENCE = pathlib.Path(__file__).parent / "data" / "solids.png"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which `tiny` is prepared."""
    folder = tmp_path_factory.mktemp("data")
    solids.prepare("tiny", folder)
    return folder


@pytest.fixture(scope="module")
def tiny(folder):
    """Each split of the config `tiny`, as lists of examples."""
    splits = tfds.load("solids/tiny", data_dir=folder)
    return {k: list(tfds.as_numpy(v)) for k, v in splits.items()}


def test_pictures_are_those_of_every_other_machine():
    stored = np.asarray(Image.open(REFERENCE), int)
    # Two rows of five pictures, every other pixel of each.
    stored = stored.reshape(2, 128, 5, 128, 3).swapaxes(1, 2)
    stored = stored.reshape(10, 128, 128, 3)
    drawn = solids.render(range(10), seed=7)[:, ::2, ::2].astype(int)
    differ = (np.abs(drawn - stored) > 2).any(-1)
    assert (differ.mean((1, 2)) <= 0.001).all()


def test_a_picture_does_not_depend_on_its_batch():
    batch = solids.render([3, 8, 5, 3], seed=1)
    np.testing.assert_array_equal(solids.render([3, 8], seed=1), batch[:2])
    np.testing.assert_array_equal(draw(3, draw_scene(1, 3, 3)), batch[3])
    assert not np.array_equal(batch[0], batch[3])
    assert not np.array_equal(solids.render([3], seed=2)[0], batch[0])


def test_scenes_are_drawn_without_regard_to_the_class():
    assert list(inspect.signature(draw_scene).parameters) == [
        "seed",
        "split",
        "index",
    ]


def test_tiny_loads_with_tfds(tiny):
    assert {k: len(v) for k, v in tiny.items()} == {
        "train": 60,
        "validation": 30,
        "test": 30,
    }
    for examples in tiny.values():
        labels = np.bincount([e["label"] for e in examples], minlength=10)
        assert (labels == len(examples) // 10).all()
        for example in examples:
            assert example["image"].shape == (256, 256, 3)
            assert example["image"].dtype == np.uint8
            assert example["position"].shape == (2,)
            for name, (low, high) in RANGES.items():
                assert low - 1e-6 <= example[name] <= high + 1e-6


def test_an_example_is_the_picture_of_its_index(tiny):
    for split, examples in enumerate(tiny.values()):
        assert list(tiny)[split] == builder_module.SPLITS[split]
        example = examples[0]
        scene = draw_scene(builder_module.SEED, split, int(example["index"]))
        picture = draw(int(example["label"]), scene)
        np.testing.assert_array_equal(picture, example["image"])


def test_class_names_travel_with_the_data(tmp_path):
    builder = solids.Solids(config="tiny", data_dir=tmp_path)
    names = builder.info.features["label"].names
    assert tuple(names) == solids.CLASS_NAMES
    assert len(set(names)) == 10


SLOW_RENDERING = r"""
import sys, time
from PIL import Image
from alexnet_keras.datasets.solids import solids
png = solids.io.BytesIO()
Image.new("RGB", (256, 256)).save(png, "png")
def example(split, index):
    time.sleep(float(sys.argv[2]))
    scene = solids.draw_scene(solids.SEED, split, index)
    names = (*solids.RANGES, "position", "pattern", "floor", "num_pebbles")
    sys.stdout.write("drawn\n")
    return {"image": png.getvalue(), "label": index % 10, "index": index,
            **{name: scene[name] for name in names}}
solids._example = example
print("ready", flush=True)
sys.stdin.readline()
builder = solids.prepare("tiny", sys.argv[1])
print("examples", sum(s.num_examples for s in builder.info.splits.values()))
"""


@pytest.mark.slow
def test_one_killed_and_two_at_once_spoil_nothing(tmp_path):
    def start(pause):
        return subprocess.Popen(
            [sys.executable, "-c", SLOW_RENDERING, str(tmp_path), str(pause)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            text=True,
        )

    def go(process):
        process.stdin.write("\n")
        process.stdin.flush()

    killed, one, other = start(0.2), start(0.005), start(0.005)
    for process in (killed, one, other):
        assert process.stdout.readline() == "ready\n"
    go(killed)
    while not list(tmp_path.glob("solids/tiny/incomplete.*")):
        assert killed.poll() is None
        time.sleep(0.05)
    go(one)
    go(other)
    time.sleep(0.5)
    assert one.poll() is None  # waits for the first
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    ends = [p.communicate(timeout=300)[0] for p in (one, other)]
    assert [p.returncode for p in (one, other)] == [0, 0]
    assert all(end.endswith("examples 120\n") for end in ends)
    assert sorted(end.count("drawn") for end in ends) == [0, 120]
    left = {p.name for p in tmp_path.glob("solids/tiny/*")}
    assert left == {"1.0.0", "1.0.0.lock"}
    loaded = tfds.load("solids/tiny", data_dir=tmp_path, split="train")
    assert len(loaded) == 60


def test_an_interrupted_rendering_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(split, index):
        raise KeyboardInterrupt

    monkeypatch.setattr(builder_module, "_example", interrupt)
    with pytest.raises(KeyboardInterrupt):
        solids.prepare("tiny", tmp_path)
    assert {p.name for p in tmp_path.glob("solids/tiny/*")} <= {"1.0.0.lock"}


def test_prepare_refuses_an_unknown_config():
    with pytest.raises(ValueError, match="full, tiny.*huge"):
        solids.prepare("huge")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    what = r"cannot be written .*: [A-Z][a-z ]*\. .*ALEXNET_KERAS_DATA"
    with pytest.raises(OSError, match=what):
        solids.prepare("tiny", tmp_path / "file")


def test_a_whole_set_is_read_where_nobody_may_write(folder, monkeypatch):
    monkeypatch.setattr(builder_module, "filelock", None)
    assert solids.prepare("tiny", folder).info.splits["train"].num_examples


def test_half_a_set_is_not_called_unwritable(folder, tmp_path):
    copy = shutil.copytree(folder / "solids", tmp_path / "solids")
    (copy / "tiny" / "1.0.0" / "dataset_info.json").unlink()
    with pytest.raises(OSError, match="not whole: .*json is missing. Remove"):
        solids.prepare("tiny", tmp_path)


def test_a_full_disk_is_noticed_before_the_rendering(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OSError, match="5 MB are needed and 1 MB free"):
        solids.prepare("tiny", tmp_path)


def test_data_lies_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("ALEXNET_KERAS_DATA", "elsewhere")
    assert datasets.data_dir() == pathlib.Path("elsewhere")
    monkeypatch.setenv("ALEXNET_KERAS_DATA", "~/elsewhere")
    assert datasets.data_dir() == pathlib.Path.home() / "elsewhere"
    monkeypatch.delenv("ALEXNET_KERAS_DATA")
    checkout = pathlib.Path(__file__).resolve().parents[1]
    assert datasets.data_dir() == checkout / "data"


def test_data_lie_in_no_file(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ALEXNET_KERAS_DATA", str(tmp_path / "file"))
    with pytest.raises(NotADirectoryError, match="names a file: .*file"):
        datasets.data_dir()


@pytest.fixture(scope="module")
def full():
    builder = solids.prepare("full")
    splits = {}
    for name in ("train", "validation"):
        examples = tfds.as_numpy(builder.as_dataset(split=name))
        pairs = [(e["image"], e["label"]) for e in examples]
        splits[name] = [np.stack(part) for part in zip(*pairs, strict=True)]
    return splits


def linear_accuracy(full, features, C):
    """Validation accuracy of logistic regression on standardised features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(C=C, max_iter=10_000)
    )
    images, labels = full["train"]
    classifier.fit(features(images), labels)  # warns if it does not converge
    images, labels = full["validation"]
    return classifier.score(features(images), labels)


def small_pixels(images):
    blocks = images.reshape(-1, 32, 8, 32, 8, 3).mean((2, 4))
    return blocks.reshape(len(images), -1) / 255.0


def color_histograms(images):
    bins = ((image >> 5).astype(int) @ (64, 8, 1) for image in images)
    return np.stack([np.bincount(b.ravel(), minlength=512) for b in bins])


@pytest.mark.slow
def test_pixels_alone_do_not_tell_the_class(full):
    assert linear_accuracy(full, small_pixels, C=1e-3) <= 0.35


@pytest.mark.slow
def test_colors_alone_do_not_tell_the_class(full):
    assert linear_accuracy(full, color_histograms, C=1.0) <= 0.20
