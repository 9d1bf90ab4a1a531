"""TensorFlow data sets: what is found, what is refused."""

import errno
import os
import pathlib
import re
import shutil
import threading
import types

import numpy as np
import pytest
import requests
import tensorflow as tf
import tensorflow_datasets as tfds

from alexnet_keras import data
from alexnet_keras.data import tfds_names, tfds_sets
from alexnet_keras.data.decoding import DataError
from alexnet_keras.data.prepared import open_prepared
from alexnet_keras.data.tfds_features import class_names, image_and_label
from alexnet_keras.data.tfds_sets import from_builder


def counts(source):
    return {name: split.num_examples for name, split in source.splits.items()}


def make_set(
    folder,
    name="mine",
    splits=("train",),
    features=None,
    keys=("image", "label"),
    version="1.0.0",
    config=None,
    label=lambda split, number: number % 3,
    count=10,
    **facts,
):
    """Prepares a set whose code is then gone; gives its folder."""
    given = {
        "image": tfds.features.Image(shape=(None, None, 3)),
        "label": tfds.features.ClassLabel(names=["ant", "bee", "cat"]),
        **(features or {}),
    }
    given = {key: feature for key, feature in given.items() if feature}

    class Mine(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version(version)
        BUILDER_CONFIGS = (
            [tfds.core.BuilderConfig(name=config)] if config else []
        )

        def _info(self):
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(given),
                supervised_keys=keys,
                **facts,
            )

        def _split_generators(self, dl_manager):
            return {split: self._generate_examples(split) for split in splits}

        def _generate_examples(self, split):
            noise = np.random.default_rng(0)
            for number in range(count):
                example = {
                    "image": noise.integers(0, 256, (9, 8, 3), np.uint8),
                    "label": label(split, number),
                    "caption": "a caption",
                    "wave": np.zeros(5, np.int64),
                    "score": 0.5,
                    "rest": [1, 2],
                }
                yield number, {key: example[key] for key in given}

    Mine.name = name
    builder = Mine(data_dir=folder)
    builder.download_and_prepare()
    return pathlib.Path(builder.data_dir)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder of prepared sets that TFDS has no code for."""
    folder = tmp_path_factory.mktemp("prepared")
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        make_set(folder, "mine", version=version)
    make_set(folder, "varied", config="small")
    make_set(folder, "mnist", version="2.0.0")
    return folder


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
    source = from_builder(tiny_pictures[1][config])
    assert source.class_names == ("a", "b", "c")
    assert counts(source) == expected


def test_a_tfds_set_without_training_pictures_is_refused(tiny_pictures):
    with pytest.raises(DataError, match="no split to train on.*splits test"):
        from_builder(tiny_pictures[1]["test_only"])


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


@pytest.mark.parametrize(
    ("name", "full_name"),
    [
        ("mine", "mine/1.10.0"),
        ("mine:1.0.0", "mine/1.0.0"),
        ("mine:1.9.*", "mine/1.9.0"),
        ("varied", "varied/small/1.0.0"),
        ("varied/small:1.0.0", "varied/small/1.0.0"),
        ("mnist", "mnist/2.0.0"),
        ("tiny_pictures/all", "tiny_pictures/all/1.0.0"),
    ],
)
def test_a_prepared_set_is_found_by_name_without_network_or_code(
    prepared, tiny_pictures, monkeypatch, name, full_name
):
    folder = tiny_pictures[0] if name.startswith("tiny") else prepared
    monkeypatch.setattr(requests, "head", None)
    builder = tfds_names.open_tfds(name, folder)
    assert builder.info.full_name == full_name
    assert counts(from_builder(builder))["train"]


@pytest.mark.parametrize(
    ("path", "full_name"),
    [
        ("mine/1.0.0", "mine/1.0.0"),
        ("mine", "mine/1.10.0"),
        ("./mine/", "mine/1.10.0"),
        ("varied", "varied/small/1.0.0"),
        ("varied/small", "varied/small/1.0.0"),
        ("varied/small/1.0.0", "varied/small/1.0.0"),
        ("~/mine", "mine/1.10.0"),
    ],
)
def test_a_prepared_set_is_found_by_its_path(
    prepared, monkeypatch, path, full_name
):
    monkeypatch.chdir(prepared)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(prepared))
    builder = open_prepared(path)
    assert builder.info.full_name == full_name
    listed = from_builder(builder)
    assert listed.class_names == ("ant", "bee", "cat")
    assert [label for _, label in listed.splits["train"].read()]


def test_a_set_is_the_same_by_name_and_by_path(prepared):
    lines = []
    one, two = (
        data.load(source, 67, folder=prepared, report=lines.append)
        for source in ("mine:1.0.0", str(prepared / "mine" / "1.0.0"))
    )
    assert one.fingerprint == two.fingerprint
    assert lines.count(f"The pictures are those in {prepared}/mine/1.0.0.") == 2


def test_a_folder_of_photographs_is_no_prepared_set(photos, tmp_path):
    assert open_prepared(photos) is None
    assert open_prepared(tmp_path / "nowhere") is None
    make_set(tmp_path, "other", config="x")  # another's, that lies there too
    assert open_prepared(tmp_path) is None


def test_one_of_several_variants_must_be_named(tmp_path):
    for config in ("one", "two"):
        make_set(tmp_path, "many", config=config)
    with pytest.raises(DataError, match="2 variants of a set: one, two. Give"):
        open_prepared(tmp_path / "many")
    shutil.rmtree(tmp_path / "many" / ".config")  # which tells the usual one
    with pytest.raises(DataError, match="2 variants of a set: one, two. Give"):
        tfds_names.open_tfds("many", tmp_path)
    with pytest.raises(DataError, match="Did you mean many/two"):
        tfds_names.open_tfds("many/tow", tmp_path)


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def swap_bytes(path):
    content = path.read_bytes()
    path.write_bytes(content[:9] + bytes(40) + content[49:])


def drop_last_record(path):
    """As if of a time when TFDS did not tell how many bytes there are."""
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records[:-1]:
            writer.write(record)
    info = path.parent / "dataset_info.json"
    info.write_text(
        re.sub('"numBytes": "[0-9]+"', '"numBytes": "0"', info.read_text())
    )


def rewrite(old, new):
    def change(path):
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("*-train*", pathlib.Path.unlink, "1 of 1 files of train are missing"),
        ("*-train*", cut, "files of train hold .* bytes of"),
        ("*-train*", swap_bytes, "damaged: corrupted record"),
        ("dataset_info.json", cut, "dataset_info.json is damaged: .* Copy"),
        ("dataset_info.json", pathlib.Path.unlink, "json, .* is missing"),
        ("dataset_info.json", rewrite("tfrecord", "array_record"), "TFRecord"),
        ("*-train*", drop_last_record, "holds 1 pictures of 2"),
        ("features.json", pathlib.Path.unlink, "cannot be opened: .*anew"),
        ("features.json", cut, "cannot be opened: .*anew"),
    ],
)
def test_a_prepared_set_that_is_not_whole_is_refused(
    prepared, tmp_path, name, damage, message
):
    for source in ("path", "name"):
        folder = tmp_path / source / "mine"
        shutil.copytree(prepared / "mine" / "1.0.0", folder / "1.0.0")
        damage(next((folder / "1.0.0").glob(name)))
        what = str(folder) if source == "path" else "mine"
        with pytest.raises(DataError, match=message) as raised:
            data.load(what, 67, folder=folder.parent, report=[].append)
        assert str(folder / "1.0.0") in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ant", "3 classes and 2 different names.* label.labels.txt"),
        ("", "3 classes and 2 different names.* label.labels.txt"),
        ("b\x1be", r"cannot be shown: 'b\\x1be'"),
    ],
)
def test_class_names_must_differ_and_be_shown(
    prepared, tmp_path, name, message
):
    folder = shutil.copytree(prepared / "mine" / "1.0.0", tmp_path / "1.0.0")
    (folder / "label.labels.txt").write_text(f"ant\n{name}\ncat\n")
    with pytest.raises(DataError, match=f"mine/1.0.0 .*{message}"):
        from_builder(open_prepared(folder))


def test_a_preparation_that_was_killed_is_told(prepared, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(prepared / "mine" / "1.0.0", folder / "1.0.0")
    (folder / "1.0.0" / "dataset_info.json").unlink()
    (folder / "1.0.0").rename(folder / "incomplete.AB12CD_1.0.0")
    for opened in (
        lambda: open_prepared(folder),
        lambda: open_prepared(folder / "incomplete.AB12CD_1.0.0"),
        lambda: tfds_names.open_tfds("mine", tmp_path),
    ):
        with pytest.raises(DataError, match="incomplete.* no whole prepared"):
            opened()


def test_tfds_does_not_take_half_a_set_for_prepared(tmp_path):
    (tmp_path / "mnist" / "3.0.1").mkdir(parents=True)
    with pytest.raises(DataError, match="3.0.1 holds no whole prepared set"):
        tfds_names.open_tfds("mnist", tmp_path)


@pytest.mark.parametrize(
    ("splits", "expected", "notes"),
    [
        ("train val", "train val", []),
        ("training dev", "training dev", []),
        ("train valid test", "train valid test", []),
        ("train test", "train test", []),
        ("full", "full[:80%] full[80%:]", []),
        ("train", "train[:80%] train[80%:]", []),
        (
            "train train_extra unlabelled validation val",
            "train validation",
            ["train_extra", "unlabelled", "val"],
        ),
        ("train test blind_test", "train test", ["blind_test"]),
    ],
)
def test_splits_are_what_their_names_mean(tmp_path, splits, expected, notes):
    make_set(tmp_path, splits=splits.split())
    listed = from_builder(tfds_names.open_tfds("mine", tmp_path))
    keys = ("train", "validation", "test")[: len(expected.split())]
    assert tuple(listed.splits) == keys
    names = [found.identity[1] for found in listed.splits.values()]
    assert names == expected.split()
    assert sorted(listed.notes) == [
        f"left out: the split {name}" for name in notes
    ]


def test_a_split_without_labels_is_left_out_and_named(tmp_path):
    make_set(
        tmp_path,
        splits=["train", "validation", "test"],
        label=lambda split, number: -1 if split == "validation" else number % 3,
    )
    listed = from_builder(tfds_names.open_tfds("mine", tmp_path))
    assert listed.splits["validation"].identity[1] == "test"
    assert listed.notes == (
        "left out: the split validation, which has no labels",
    )


def test_a_picture_without_a_label_is_refused(tmp_path):
    make_set(tmp_path, label=lambda split, number: -(number == 7))
    with pytest.raises(DataError, match=r"mine/1.0.0 train.* has the label -1"):
        data.load("mine", 67, folder=tmp_path, report=[].append)


def test_an_ordered_set_gives_no_last_fifth(tmp_path):
    make_set(tmp_path, "ordered", disable_shuffling=True)
    with pytest.raises(DataError, match="in an order.*split `validation`"):
        from_builder(tfds_names.open_tfds("ordered", tmp_path))
    make_set(tmp_path, "both", ["train", "val"], disable_shuffling=True)
    assert from_builder(tfds_names.open_tfds("both", tmp_path))


def test_too_few_pictures_to_hold_some_out(tmp_path):
    make_set(tmp_path, count=1)
    with pytest.raises(DataError, match="too few pictures .* Received: 1"):
        from_builder(tfds_names.open_tfds("mine", tmp_path))


def test_only_picture_and_label_are_read(tmp_path):
    others = {
        "caption": tfds.features.Text(),
        "wave": tfds.features.Audio(shape=(None,)),
        "score": np.float32,
    }
    folder = make_set(tmp_path, features=others, keys=None)
    pictures = from_builder(open_prepared(folder)).splits["train"]
    assert len([*pictures.read()]) == 8


@pytest.mark.parametrize(
    ("features", "keys", "message"),
    [
        (
            {"caption": tfds.features.ClassLabel(num_classes=2)},
            None,
            r"label \(ClassLabel, int64\), caption \(ClassLabel, int64\)",
        ),
        ({"label": np.int64}, None, r"label \(Tensor, int64\)"),
        ({"label": np.int64}, ("image", "label"), r"label \(Tensor, int64\)"),
        ({"label": tfds.features.Text()}, None, r"label \(Text\)"),
        ({"rest": tfds.features.Sequence(np.int64)}, ("image", "rest"), "rest"),
        (
            {"image": tfds.features.Image(shape=(9, 9, 1), dtype=np.float32)},
            None,
            r"image \(Image, float32\).* an Image of uint8",
        ),
        (
            {"image": tfds.features.Video(shape=(None, 9, 9, 3))},
            None,
            r"image \(Video",
        ),
        (
            {"label": tfds.features.ClassLabel(num_classes=1)},
            None,
            "two classes",
        ),
        ({"label": tfds.features.ClassLabel()}, None, "two classes.*None"),
    ],
)
def test_features_that_are_no_image_with_a_label_are_named(
    features, keys, message
):
    given = {
        "image": tfds.features.Image(),
        "label": tfds.features.ClassLabel(names=["ant", "bee"]),
        **features,
    }
    info = types.SimpleNamespace(
        features=tfds.features.FeaturesDict(given),
        supervised_keys=keys,
        full_name="mine/1.0.0",
    )
    with pytest.raises(DataError, match=f"mine/1.0.0 .*{message}"):
        class_names(types.SimpleNamespace(info=info))


def test_sixteen_bit_and_grey_images_are_pictures():
    for shape, dtype in (((9, 9, 1), np.uint8), ((9, 9, 3), np.uint16)):
        features = tfds.features.FeaturesDict(
            {
                "photo": tfds.features.Image(shape=shape, dtype=dtype),
                "kind": tfds.features.ClassLabel(num_classes=2),
            }
        )
        info = types.SimpleNamespace(features=features, supervised_keys=None)
        found = image_and_label(types.SimpleNamespace(info=info))
        assert found == ("photo", "kind")


@pytest.mark.parametrize(
    "name",
    ["huggingface:beans", "hf://user/set", "kaggle:cats", "mlcroissant:x"]
    + ["gs://bucket/set", "https://example.org/set"],
)
def test_other_sources_are_refused_before_anything_is_asked(
    monkeypatch, tmp_path, name
):
    monkeypatch.setattr(tfds, "builder", None)
    monkeypatch.setattr(requests, "head", None)
    with pytest.raises(DataError, match=f"'{name}' .* FOLDER/CLASS/.* path of"):
        data.load(name, 67, folder=tmp_path)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ModuleNotFoundError("No module named 'pandas'\nFailed importing"),
            "No module named 'pandas'.$",
        ),
        (
            FileNotFoundError(errno.ENOENT, "[Errno 2] No such", "names.txt"),
            "No such file or directory.$",
        ),
        (RuntimeError(""), "RuntimeError.$"),
    ],
)
def test_what_a_sets_code_raises_is_told_in_a_line(
    monkeypatch, tmp_path, error, message
):
    def fails(*args, **kwargs):
        raise error

    monkeypatch.setattr(tfds, "builder", fails)
    with pytest.raises(
        DataError, match=f"'cifar10' cannot be opened: {message}"
    ):
        tfds_names.open_tfds("cifar10", tmp_path)


def test_what_was_downloaded_before_ctrl_c_is_told(monkeypatch, tmp_path):
    builder = tfds.builder("mnist", data_dir=str(tmp_path))
    monkeypatch.setattr(requests, "head", lambda *args, **kwargs: None)

    def stops(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(builder), "download_and_prepare", stops)
    with pytest.raises(KeyboardInterrupt, match="^mnist is not prepared.$"):
        tfds_names.open_tfds("mnist", tmp_path)
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "half").touch()
    with pytest.raises(KeyboardInterrupt, match="kept in .*downloads.$"):
        tfds_names.open_tfds("mnist", tmp_path)


def test_a_set_without_a_list_of_its_addresses_is_tried(monkeypatch, tmp_path):
    builder = tfds.builder("domainnet", data_dir=str(tmp_path))
    assert builder.url_infos is None

    def fails(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr(type(builder), "download_and_prepare", fails)
    with pytest.raises(DataError, match="domainnet could not .*: no route"):
        tfds_names.open_tfds("domainnet", tmp_path)


def test_the_key_changes_with_the_place_and_the_files(prepared, tmp_path):
    folder = shutil.copytree(prepared / "mine" / "1.0.0", tmp_path / "1.0.0")
    first, second = (
        from_builder(open_prepared(path)).splits["train"]
        for path in (prepared / "mine" / "1.0.0", folder)
    )
    assert first.identity == second.identity
    assert first.key != second.key
    before = second.key
    os.utime(folder / "dataset_info.json", ns=(1, 1))
    assert second.key != before
