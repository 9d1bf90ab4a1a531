"""Pipelines: the same pictures in the same order, wherever they are kept."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import psutil
import pytest
from PIL import Image

from alexnet_keras import augment, data, distribution
from alexnet_keras.data import DataError
from alexnet_keras.data import cache as caches

SIZE = 32  # pixels of the network's input; the stored squares have 37


def load(source, folder, **options):
    options = {"size": SIZE, "report": lambda line: None} | options
    return data.load(source, folder=folder, **options)


@pytest.fixture
def pets(write_pictures, tmp_path):
    """An image folder: 3 classes, 21 pictures to train on, 7 to validate."""
    for name in ("cat", "dog", "eel"):
        write_pictures(f"pets/train/{name}", 7)
    for name, count in [("cat", 3), ("dog", 4)]:
        write_pictures(f"pets/val/{name}", count)
    return tmp_path / "pets"


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "kept"


def batches(pipeline, count=None):
    pipeline = pipeline if count is None else pipeline.take(count)
    return [*pipeline.as_numpy_iterator()]


def assert_same(left, right):
    assert len(left) == len(right)
    for (images, labels), (others, other_labels) in zip(
        left, right, strict=True
    ):
        np.testing.assert_array_equal(images, others)
        np.testing.assert_array_equal(labels, other_labels)


def are_same(left, right):
    return all(
        np.array_equal(image, other)
        for (image, _), (other, _) in zip(left, right, strict=True)
    )


def square(path, side=37):
    """Short side to `side`, centre cut out: by Pillow, step by step."""
    image = Image.open(path)
    width, height = image.size
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    box = (left, top, left + short, top + short)
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box))


def test_evaluation_gives_every_picture_in_order(pets, kept):
    loaded = load(pets, kept)
    found = batches(loaded.evaluation(3))
    assert [len(labels) for _, labels in found] == [3, 3, 1]
    images = np.concatenate([images for images, _ in found])
    labels = np.concatenate([labels for _, labels in found])
    paths = sorted((pets / "val").rglob("*.png"))
    names = [loaded.class_names[label] for label in labels]
    assert names == [path.parent.name for path in paths]
    assert images.dtype == np.uint8
    expected = np.stack([square(path)[2:34, 2:34] for path in paths])
    np.testing.assert_array_equal(images, expected)


def test_ten_crops_are_those_of_augment(pets, kept):
    loaded = load(pets, kept)
    crops, labels = batches(loaded.evaluation(4, ten_crops=True))[0]
    assert crops.shape == (4, 10, SIZE, SIZE, 3)
    stored = loaded.splits["validation"].images[2]
    np.testing.assert_array_equal(crops[2], augment.ten_crops(stored, SIZE))
    assert labels.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
def test_every_cache_gives_the_same_batches(pets, kept, cache):
    loaded, reference = load(pets, kept, cache=cache), load(pets, kept)
    assert loaded.cache == cache
    assert loaded.colors == reference.colors
    assert loaded.fingerprint == reference.fingerprint
    steps = 2 * (21 // 4) + 1  # into the third epoch
    assert_same(
        batches(loaded.train(4, seed=5), steps),
        batches(reference.train(4, seed=5), steps),
    )
    for split in ("train", "validation"):
        assert_same(
            batches(loaded.evaluation(4, split)),
            batches(reference.evaluation(4, split)),
        )


@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
def test_a_tfds_set_in_every_cache(tiny_pictures, kept, cache):
    folder, builders = tiny_pictures
    shutil.copytree(folder / "tiny_pictures", kept / "tiny_pictures")
    loaded = load("tiny_pictures/all", kept, cache=cache)
    assert {n: s.num_examples for n, s in loaded.splits.items()} == {
        "train": 25,
        "validation": 10,
        "test": 7,
    }
    reference = load("tiny_pictures/all", kept, cache="memory")
    np.testing.assert_allclose(loaded.colors.mean, reference.colors.mean)

    def by_picture(loaded):
        images, labels = batches(loaded.evaluation(99, "train"))[0]
        return {image.tobytes(): label for image, label in zip(images, labels)}  # noqa: B905

    assert by_picture(loaded) == by_picture(reference)
    check_training(loaded, 25)


def test_training_is_a_function_of_seed_epoch_and_index(pets, kept):
    check_training(load(pets, kept), 21)


def check_training(loaded, num_examples):
    """Holds `train` to its promises, over more than two epochs."""
    size, steps = 4, num_examples // 4  # the last 1 of 21 or 25 is dropped
    count = 2 * steps + 2
    pipeline = loaded.train(size, seed=7)
    first = batches(pipeline, count)
    for images, labels in first:
        assert images.shape == (size, SIZE, SIZE, 3)
        assert images.dtype == np.float32
        assert labels.dtype == np.int32
    assert_same(first, batches(pipeline, count))
    assert not are_same(first, batches(loaded.train(size, seed=8), count))
    assert not are_same(first[:steps], first[steps : 2 * steps])
    for start in (1, steps - 1, steps, steps + 1, 2 * steps):
        later = loaded.train(size, seed=7, start=start)
        assert_same(batches(later, 2), first[start : start + 2])
    long = loaded.train(size, seed=7, start=1_000_000)
    assert len(batches(long, 1)) == 1


def test_each_picture_comes_at_most_once_an_epoch(write_pictures, kept):
    folder = write_pictures("flat", 0)
    for number in range(22):  # one grey each, so that a crop tells it
        split = "train" if number < 18 else "val"
        path = folder / split / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 40), 10 * number).save(path)
    loaded = load(folder, kept)
    greys = {
        int(image[0, 0, 0]): label
        for image, label in zip(
            loaded.splits["train"].images,
            loaded.splits["train"].labels,
            strict=True,
        )
    }
    assert len(greys) == 18
    epochs = batches(loaded.train(4, color_noise=False), 4 * 3)
    left_out = set()
    for epoch in range(3):
        images, labels = zip(*epochs[4 * epoch : 4 * epoch + 4], strict=True)
        images, labels = np.concatenate(images), np.concatenate(labels)
        assert images.dtype == np.uint8
        seen = images[:, 0, 0, 0].tolist()
        assert len(set(seen)) == 16  # of 18
        assert [greys[grey] for grey in seen] == labels.tolist()
        left_out.add(frozenset(greys.keys() - seen))
    assert len(left_out) > 1  # another two each time


def test_training_pictures_are_cut_mirrored_and_coloured(pets, kept):
    loaded = load(pets, kept)
    stored = {
        crop.tobytes()
        for image in loaded.splits["train"].images
        for top in range(6)
        for left in range(6)
        for crop in [image[top : top + SIZE, left : left + SIZE]]
        for crop in (crop, crop[:, ::-1])
    }
    plain = batches(loaded.train(21, color_noise=False), 2)
    for images, _ in plain:
        assert all(image.tobytes() in stored for image in images)
    noisy = batches(loaded.train(21), 2)
    for (images, labels), (coloured, same) in zip(plain, noisy, strict=True):
        np.testing.assert_array_equal(labels, same)
        shift = coloured - images
        assert shift.std((1, 2)).max() < 1e-3  # one colour a picture
        assert len(np.unique(shift[:, 0, 0].round(3), axis=0)) == 21
    resized = batches(loaded.train(21, color_noise=False, least_area=0.5), 2)
    for (images, labels), (crops, same) in zip(plain, resized, strict=True):
        np.testing.assert_array_equal(labels, same)
        assert crops.shape == images.shape
        assert crops.dtype == np.float32
        assert not any(
            crop.astype("uint8").tobytes() in stored for crop in crops
        )


def test_colours_are_those_of_the_training_pixels(pets, kept):
    loaded = load(pets, kept)
    pixels = loaded.splits["train"].images[:, ::4, ::4].reshape(-1, 3)
    np.testing.assert_allclose(loaded.colors.mean, pixels.mean(0))
    components = np.array(loaded.colors.components)
    spread = ((pixels - pixels.mean(0)) @ components).std(0)
    np.testing.assert_allclose(loaded.colors.stddevs, spread, atol=1e-5)
    distance = pixels - np.array(loaded.colors.mean)
    assert loaded.colors.scale == pytest.approx(np.sqrt((distance**2).mean()))


def spoil(pets):
    """Damages three pictures and names them."""
    bad = [
        pets / "train" / "cat" / "002.png",
        pets / "train" / "eel" / "006.png",
        pets / "val" / "cat" / "000.png",
    ]
    bad[0].write_bytes(b"")
    bad[1].write_bytes(bad[1].read_bytes()[:90])
    bad[2].write_text("This is a letter.")
    return bad


@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
def test_unreadable_pictures_are_listed_by_path_and_reason(pets, kept, cache):
    bad = spoil(pets)
    for _ in range(2):  # the second time from what was kept
        with pytest.raises(DataError) as caught:
            load(pets, kept, cache=cache)
        first, *lines, last = str(caught.value).splitlines()
        assert first == "3 of 28 pictures cannot be read:"
        assert [line.strip().split(": ")[0] for line in lines] == [
            str(path) for path in bad
        ]
        assert all(line.split(": ")[1] for line in lines)
        assert "--skip-unreadable" in last


@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
def test_exactly_the_unreadable_are_skipped(pets, kept, cache):
    bad = spoil(pets)
    for _ in range(2):
        loaded = load(pets, kept, cache=cache, skip_unreadable=True)
        assert [line.split(": ")[0] for line in loaded.skipped] == [
            str(path) for path in bad
        ]
        for split, folder in [("train", "train"), ("validation", "val")]:
            paths = sorted({*(pets / folder).rglob("*.png")} - {*bad})
            ((images, labels),) = batches(loaded.evaluation(99, split))
            expected = np.stack([square(path)[2:34, 2:34] for path in paths])
            np.testing.assert_array_equal(images, expected)
            names = [loaded.class_names[label] for label in labels]
            assert names == [path.parent.name for path in paths]
        assert len(batches(loaded.train(19), 2)) == 2  # 21 less 2


def test_a_split_of_which_nothing_can_be_read_is_refused(pets, kept):
    for path in (pets / "val").rglob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="No picture of the split 'validation'"):
        load(pets, kept, skip_unreadable=True)


@pytest.fixture
def count_decoded(monkeypatch):
    """Counts the pictures that are decoded from now on."""
    decoded = []
    decode = caches.decode_all

    def counting(pictures, size, out=None):
        for error in decode(pictures, size, out):
            decoded.append(error)
            yield error

    monkeypatch.setattr(caches, "decode_all", counting)
    return decoded


@pytest.mark.parametrize("cache", ["disk", "none"])
def test_what_was_read_is_kept_until_a_file_changes(
    pets, kept, cache, count_decoded
):
    before = load(pets, kept, cache=cache)
    assert len(count_decoded) == 28
    again = load(pets, kept, cache=cache)
    assert len(count_decoded) == 28
    assert_same(batches(before.evaluation(9)), batches(again.evaluation(9)))

    path = pets / "val" / "dog" / "001.png"
    Image.new("RGB", (40, 40), "red").save(path)
    os.utime(path, ns=(0, 1))
    changed = load(pets, kept, cache=cache)
    assert len(count_decoded) == 28 + 7  # of that split only
    images, _ = batches(changed.evaluation(9))[0]
    assert (images[4] == (255, 0, 0)).all()
    assert changed.fingerprint != before.fingerprint
    load(pets, kept, cache=cache, size=40)
    assert len(count_decoded) == 28 + 7 + 28  # squares of another size


@pytest.mark.parametrize("cache", ["disk", "none"])
@pytest.mark.parametrize("damage", [b"", b"{", b'{"labels": [], "errors": 3}'])
def test_what_was_kept_and_is_damaged_is_decoded_again(
    pets, kept, cache, damage, count_decoded
):
    before = batches(load(pets, kept, cache=cache).evaluation(9))
    files = [*(kept / "decoded").iterdir()]
    assert len(files) == (4 if cache == "disk" else 2)
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(damage)
        again = load(pets, kept, cache=cache)
        assert_same(before, batches(again.evaluation(9)))
        assert path.read_bytes() == whole
    assert len(count_decoded) > 28


def test_labels_that_were_kept_are_renewed_with_the_classes(
    pets, kept, write_pictures
):
    load(pets, kept, cache="disk")
    write_pictures("pets/train/bee", 3)  # comes before the others
    loaded = load(pets, kept, cache="disk")
    assert loaded.class_names == ("bee", "cat", "dog", "eel")
    _, labels = batches(loaded.evaluation(9))[0]
    assert labels.tolist() == [1, 1, 1, 2, 2, 2, 2]


def test_a_cache_that_was_left_half_written_is_not_used(
    pets, kept, count_decoded
):
    reference = batches(load(pets, kept, cache="memory").evaluation(9))
    load(pets, kept, cache="disk")
    records = sorted((kept / "decoded").glob("*.json"))
    arrays = sorted((kept / "decoded").glob("*.npy"))
    assert len(records) == len(arrays) == 2
    for kind in (records, arrays):  # a run was killed before it wrote them
        for file in kind:
            file.unlink()
        count_decoded.clear()
        loaded = load(pets, kept, cache="disk")
        assert len(count_decoded) == 28
        assert_same(batches(loaded.evaluation(9)), reference)


def test_an_interrupted_reading_leaves_nothing(pets, kept, monkeypatch):
    def interrupted(pictures, size, out=None):
        out[0] = 1
        yield None
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(caches, "decode_all", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load(pets, kept, cache="disk")
    assert not [*(kept / "decoded").iterdir()]
    loaded = load(pets, kept, cache="disk")
    assert_same(
        batches(loaded.evaluation(9)),
        batches(load(pets, kept, cache="none").evaluation(9)),
    )
    for record in (kept / "decoded").glob("*.json"):
        assert json.loads(record.read_text())["errors"] == {}


def memory_and_disk(monkeypatch, memory, disk):
    usage = shutil._ntuple_diskusage(disk, 0, disk)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    available = psutil.virtual_memory()._replace(available=memory)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: available)


PETS_BYTES = 28 * 37 * 37 * 3


@pytest.mark.parametrize(
    ("memory", "disk", "cache"),
    [
        (4 * PETS_BYTES + 4, 0, "memory"),
        (4 * PETS_BYTES, 2 * PETS_BYTES + 2, "disk"),
        (4 * PETS_BYTES, 2 * PETS_BYTES, "none"),
    ],
)
def test_where_pictures_are_kept_depends_on_what_is_free(
    pets, kept, monkeypatch, memory, disk, cache
):
    memory_and_disk(monkeypatch, memory, disk)
    assert load(pets, kept).cache == cache


def test_what_fills_the_disk_already_is_used(pets, kept, monkeypatch):
    load(pets, kept, cache="disk")
    memory_and_disk(monkeypatch, 0, 0)
    assert load(pets, kept).cache == "disk"


def test_a_full_disk_is_told_before_it_is_full(pets, kept, monkeypatch):
    memory_and_disk(monkeypatch, 0, 1000)
    with pytest.raises(DataError, match="No space left in .*MB"):
        load(pets, kept, cache="disk")
    assert not [*kept.rglob("*.*")]


def test_a_cache_of_another_name_is_refused(pets, kept):
    with pytest.raises(ValueError, match='"memory", "disk" or "none".*tape'):
        load(pets, kept, cache="tape")


def test_the_fingerprint_is_that_of_the_pictures(pets, kept, tmp_path):
    fingerprint = load(pets, kept).fingerprint
    moved = tmp_path / "moved"
    shutil.copytree(pets, moved)
    assert load(moved, kept).fingerprint == fingerprint
    (moved / "train" / "cat").rename(moved / "train" / "tom")
    (moved / "val" / "cat").rename(moved / "val" / "tom")
    assert load(moved, kept).fingerprint != fingerprint


def test_the_paper_cuts_its_squares_out_of_256():
    assert data.stored_size(224) == data.stored_size(227) == 256
    for size in (32, 64, 96, 320):
        assert data.stored_size(size) / size == pytest.approx(256 / 224, 0.02)


def test_a_set_is_described_in_a_line(pets, kept):
    lines = []
    loaded = load(pets, kept, report=lines.append)
    assert str(loaded) == (
        f"{pets}: 3 classes, 21 train, 7 validation; decoded in memory"
    )
    assert any("28 pictures" in line for line in lines)


def test_a_batch_larger_than_the_set_is_refused(pets, kept):
    loaded = load(pets, kept)
    with pytest.raises(DataError, match="21 pictures, batch_size=22"):
        loaded.train(22)


@pytest.mark.parametrize(
    "source",
    ["./nowhere", "~/nowhere", "/nowhere", pathlib.Path("nowhere")],
    ids=str,
)
def test_paths_are_told_from_names(source, kept):
    with pytest.raises(DataError, match="There is no folder: .*nowhere"):
        load(source, kept)
    with pytest.raises(DataError, match="no folder and no TensorFlow data set"):
        load("nowhere", kept)


def test_a_folder_wins_over_a_set_of_the_same_name(pets, kept, monkeypatch):
    pets.rename(pets.parent / "mnist")
    monkeypatch.chdir(pets.parent)
    assert load("mnist", kept).class_names == ("cat", "dog", "eel")


@pytest.mark.parametrize("replicas", [2, 3, 4])
def test_replicas_get_equal_shares_of_every_picture(replicas):
    for num_examples in range(2 * replicas, 80):
        for batch_size in (replicas, 4 * replicas, 64 * replicas):
            sizes = data.share_out(num_examples, batch_size, replicas)
            assert sum(sizes) == num_examples
            assert len(sizes) % replicas == 0
            steps = [
                sizes[first : first + replicas]
                for first in range(0, len(sizes), replicas)
            ]
            assert len({*steps[0]}) == 1
            assert max(sizes) - 1 <= min(sizes) > 0
            assert max(map(sum, steps)) < batch_size + replicas


@pytest.mark.parametrize("num_examples", [1, 3])
def test_fewer_pictures_than_replicas_can_share_are_refused(num_examples):
    with pytest.raises(DataError, match=f"^{num_examples} pictures.*2 dev"):
        data.share_out(num_examples, 64, replicas=2)


@pytest.mark.parametrize("batch_size", [2, 4, 64])
def test_shared_validation_shows_every_picture_in_every_pass(
    pets, kept, batch_size
):
    loaded = load(pets, kept)
    strategy = distribution.strategy(distribution.start(2), "mirrored")
    pipeline, steps = data.shared_validation(loaded, batch_size, strategy)
    ((images, labels),) = batches(loaded.evaluation(99))
    steps_of_passes = iter(pipeline)
    for _ in range(2):
        shares = [
            share
            for _ in range(steps)
            for share in zip(
                *map(
                    strategy.experimental_local_results, next(steps_of_passes)
                ),
                strict=True,
            )
        ]
        found = [np.concatenate(parts) for parts in zip(*shares, strict=True)]
        np.testing.assert_array_equal(found[0], images)
        np.testing.assert_array_equal(found[1], labels)


LEFT_OPEN = """
import atexit, sys, time

calls, delay = [], 0.01

@atexit.register  # what is registered first runs last
def tell():
    before = len(calls)
    time.sleep(0.5)
    print("calls after the end:", len(calls) - before)

import keras
import tensorflow as tf

from alexnet_keras import data, distribution
from alexnet_keras.data import cache

distribution.start(2)
folder, kept = sys.argv[1:]
loaded = data.load(folder, 32, cache="none", folder=kept, report=len)
read = cache.decode

def slow(path, size):
    calls.append(path)
    time.sleep(delay)
    if len(calls) > 80 and not failures:
        failures.append(path)
        raise ValueError("a picture is gone")
    return read(path, size)

cache.decode, failures = slow, []
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
model.compile("sgd", "sparse_categorical_crossentropy")
try:
    model.fit(loaded.train(16), steps_per_epoch=1000, verbose=0)
except tf.errors.InvalidArgumentError as error:
    failures.append(error)  # and all that it holds
delay = 0.2
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
shared = iter(data.shared_training(loaded, 4, strategy))
next(shared)
opened = iter(loaded.train(4))
next(opened)
raise failures[1]
"""


def test_no_pipeline_that_is_left_open_runs_on_at_the_end(photos, kept):
    """One that still called Python then would wait for ever."""
    done = subprocess.run(
        [sys.executable, "-c", LEFT_OPEN, photos, kept],
        capture_output=True,
        text=True,
        timeout=240,  # ends what hangs
    )
    assert done.returncode == 1
    assert "a picture is gone" in done.stderr
    assert done.stdout == "calls after the end: 0\n"
