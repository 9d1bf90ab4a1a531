"""TensorFlow data sets: what is found, what is refused."""

import threading

import pytest
import requests
import tensorflow_datasets as tfds

from alexnet_keras.data import tfds_names, tfds_sets
from alexnet_keras.data.decoding import DataError


def counts(source):
    return {name: split.num_examples for name, split in source.splits.items()}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("all", {"train": 25, "validation": 10, "test": 7}),
        ("train_and_test", {"train": 25, "validation": 7}),
        ("train_only", {"train": 20, "validation": 5}),
        ("unlabelled_test", {"train": 25, "validation": 10}),
    ],
)
def test_splits_of_a_tfds_set(tiny_pictures, config, expected):
    source = tfds_sets.from_builder(tiny_pictures[1][config])
    assert source.class_names == ("a", "b", "c")
    assert counts(source) == expected


def test_a_tfds_set_without_training_pictures_is_refused(tiny_pictures):
    with pytest.raises(DataError, match="no split to train on.*splits test"):
        tfds_sets.from_builder(tiny_pictures[1]["test_only"])


@pytest.mark.parametrize("split", ["train", "train[:80%]", "train[80%:]"])
def test_a_tfds_set_is_read_in_the_order_of_its_files(tiny_pictures, split):
    builder = tiny_pictures[1]["all"]
    assert len(builder.info.splits["train"].filenames) == 2
    config = tfds.ReadConfig(interleave_cycle_length=1)
    expected = [
        (tuple(image[0, :2, 0]), label)
        for image, label in builder.as_dataset(
            split=split, as_supervised=True, read_config=config
        ).as_numpy_iterator()
    ]

    def shown(file, label):
        image = tfds.features.Image(shape=(None, None, 3))
        pixels = image.decode_example(file).numpy()
        return tuple(pixels[0, :2, 0]), int(label)

    pictures = tfds_sets.TfdsPictures(builder, split)
    assert pictures.num_examples == len(pictures.names) == len(expected)
    assert [shown(*item) for item in pictures.read()] == expected
    records = [*pictures.stream().as_numpy_iterator()]
    assert [shown(file, label) for _, file, label in records] == expected
    assert [index for index, _, _ in records] == [*range(len(expected))]


def test_a_stream_is_shuffled_by_its_seed(tiny_pictures):
    pictures = tfds_sets.TfdsPictures(tiny_pictures[1]["all"], "train")

    def order(seed):
        stream = pictures.stream(seed).as_numpy_iterator()
        return [file for _, file, _ in stream]

    first = order((3, 4))
    assert first == order((3, 4))
    for other in [order((3, 5)), order((4, 4)), order(None)]:
        assert first != other
        assert sorted(first) == sorted(other)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cfar10", "no TensorFlow data set 'cfar10'.*Did you mean cifar10 or"),
        ("solid", "Did you mean solids"),
        ("zzzzzzzzz", "no TensorFlow data set 'zzzzzzzzz', nor .*[^?]$"),
        ("imagenette/nope", "no such variant.*imagenette/320px-v2"),
        ("mnist/nope", "no such variant. There is mnist"),
        ("mnist:9.9.9", "9.9.9, only: 3.0.1"),
        ("not a name", "no folder and no .* 'not a name'"),
        ("", "no folder and no .* ''"),
        ("imdb_reviews", "images with one label each.*features.*text"),
        ("coco/2017", "images with one label each.*features.*objects"),
        ("imagenet2012", "(?s)by hand, into .*manual.*ILSVRC2012_img_train"),
    ],
)
def test_tfds_sets_that_cannot_be_used(tmp_path, name, message):
    with pytest.raises(DataError, match=message):
        tfds_names.open_tfds(name, tmp_path)
    assert not [*tmp_path.iterdir()]


def refuses():
    raise requests.ConnectionError("no route to host")


@pytest.mark.parametrize("name", ["cifar10", "imagenette/320px-v2"])
@pytest.mark.parametrize("answer", [refuses, threading.Event().wait])
def test_a_set_that_cannot_be_downloaded_says_so_at_once(
    monkeypatch, tmp_path, name, answer
):
    asked = []

    def head(url, timeout):
        asked.append(url)
        answer()

    assert tfds_names.PATIENCE <= 12  # seconds of the promised fifteen
    monkeypatch.setattr(tfds_names, "PATIENCE", 0.1)
    monkeypatch.setattr(requests, "head", head)
    with pytest.raises(DataError, match="does not answer.*`solids`"):
        tfds_names.open_tfds(name, tmp_path)
    assert asked[0].startswith("http")
    assert not [*tmp_path.iterdir()]


def test_a_download_that_fails_is_told_in_a_line(monkeypatch, tmp_path):
    builder = tfds.builder("mnist", data_dir=str(tmp_path))

    def fails(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(requests, "head", lambda *args, **kwargs: None)
    monkeypatch.setattr(type(builder), "download_and_prepare", fails)
    with pytest.raises(DataError, match="mnist could not be .* no space"):
        tfds_names.open_tfds("mnist", tmp_path)


def test_a_prepared_set_needs_no_network(tiny_pictures, monkeypatch):
    folder, builders = tiny_pictures
    monkeypatch.setattr(requests, "head", None)
    builder = tfds_names.open_tfds("tiny_pictures/all", folder)
    assert builder.data_path == builders["all"].data_path
