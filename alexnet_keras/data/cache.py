"""Decoded pictures, kept in memory or on disk from one epoch to the next."""

import hashlib
import json
import shutil
import sys
from typing import NamedTuple

import keras
import numpy as np
import psutil

from alexnet_keras import files
from alexnet_keras.data.decoding import DataError, decode, decode_all


class Split(NamedTuple):
    """Pictures and labels of one split.

    `images[i]` is a uint8 array `(stored, stored, 3)`; `rows` are the numbers
    of the readable ones. `stream` replaces both where a TFDS set is read anew
    in every epoch.
    """

    num_examples: int
    images: object = None
    labels: np.ndarray | None = None
    rows: np.ndarray | None = None
    stream: object = None


def kept_files(pictures, stored, folder):
    """Gives the files of labels and of pixels that a run keeps or has kept."""
    file = folder / "decoded" / digest([pictures.key, stored])
    return file.with_suffix(".json"), file.with_suffix(".npy")


def choose(cache, splits, stored, folder):
    """Chooses where decoded pictures are kept.

    Args:
        cache: `"memory"`, `"disk"`, `"none"`, or `"auto"`: in memory where
            they take less than a quarter of what is free, else on disk where
            they take less than half of what is free, or are there already,
            else not at all.
        splits: The pictures of each split (`folders`, `tfds_sets`).
        stored: Int, side of the decoded squares, in pixels.
        folder: `pathlib.Path` for prepared sets.

    Returns:
        Str, one of the first three.

    Raises:
        ValueError: If `cache` is another word.
    """
    if cache not in ("auto", "memory", "disk", "none"):
        raise ValueError(
            'A cache is "auto", "memory", "disk" or "none". '
            f"Received: cache={cache!r}"
        )
    if cache != "auto":
        return cache
    needed = sum(split.num_examples for split in splits) * stored**2 * 3
    if needed < psutil.virtual_memory().available / 4:
        return "memory"
    kept = [kept_files(pictures, stored, folder) for pictures in splits]
    if all(file.exists() for files in kept for file in files):
        return "disk"
    _make(folder)
    return "disk" if needed < shutil.disk_usage(folder).free / 2 else "none"


def read(pictures, stored, cache, folder):
    """Reads a split, or what an earlier run has kept of it.

    Args:
        pictures: `folders.FilePictures` or `tfds_sets.TfdsPictures`.
        stored: Int, side of the decoded squares, in pixels.
        cache: What `choose` gave.
        folder: `pathlib.Path` for prepared sets.

    Returns:
        The `Split`, and a line for each picture that cannot be read.

    Raises:
        DataError: If there is no room on the disk.
    """
    count = pictures.num_examples
    shape = (count, stored, stored, 3)
    if cache == "none" and hasattr(pictures, "stream"):
        return Split(count, stream=pictures.stream), []
    record, array = kept_files(pictures, stored, folder)
    if cache == "memory":
        images = np.zeros(shape, np.uint8)
        labels, errors = _decode_split(pictures, stored, images)
    elif (cache == "none" or _is_whole(array, shape)) and (
        kept := _kept(record, count)
    ):
        labels, errors = kept
    else:
        labels, errors = _decode_and_keep(pictures, shape, cache, record, array)
    if cache == "disk":
        images = np.load(array, mmap_mode="r")
    elif cache == "none":
        images = _Undecoded(pictures, stored)
    errors = {int(row): reason for row, reason in errors.items()}
    rows = np.array([i for i in range(count) if i not in errors], np.int64)
    names = pictures.names if errors else ()
    return (
        Split(len(rows), images, np.array(labels, np.int32), rows),
        [f"{names[row]}: {reason}" for row, reason in errors.items()],
    )


def _is_whole(array, shape):
    """Tells a file of pixels that was kept; a full disk may have cut it off."""
    try:
        return np.load(array, mmap_mode="r").shape == shape
    except files.DAMAGE:
        return False


def _kept(record, count):
    """Gives the labels and errors that were kept, if they still hold.

    They may not where a package is missing that reads some of the pictures,
    nor where the file is damaged.
    """
    try:
        labels, errors = json.loads(record.read_text()).values()
        if len(labels) != count:
            return None
    except files.DAMAGE:
        return None
    is_final = not any("pip install" in reason for reason in errors.values())
    return (labels, errors) if is_final else None


def _make(folder):
    """Makes the folder for decoded pictures."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"Decoded pictures cannot be kept in {folder}: "
            f"{files.reason(error)}. Name another folder in "
            "ALEXNET_KERAS_DATA, or keep them in memory: --cache memory "
            '(`cache="memory"`).'
        ) from error


def _decode_and_keep(pictures, shape, cache, record, array):
    """Decodes a split into the files of `kept_files`, whole or not at all."""
    _make(record.parent)
    on_disk = cache == "disk"
    _check_space(record.parent, np.prod(shape) if on_disk else 0)
    if on_disk:
        with files.replacing(array) as half:
            images = np.lib.format.open_memmap(half, "w+", np.uint8, shape)
            labels, errors = _decode_split(pictures, shape[1], images)
            images.flush()
    else:
        labels, errors = _decode_split(pictures, shape[1], None)
    with files.replacing(record) as half:
        half.write_text(json.dumps({"labels": labels, "errors": errors}))
    return labels, errors


def _check_space(folder, needed):
    """Refuses what would fill the disk, where a mapped file kills us."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"No space left in {folder}: the decoded pictures take "
            f"{needed / 1e6:.0f} MB and {free / 1e6:.0f} MB are free. Make "
            'room, choose another folder, or use `cache="none"`.'
        )


def _decode_split(pictures, stored, out):
    """Fills `out`; gives the labels, and the reason of each failure."""
    labels, errors = [], {}
    bar = keras.utils.Progbar(
        pictures.num_examples,
        verbose=int(sys.stdout.isatty()),
        unit_name="picture",
    )

    def items():
        for picture, label in pictures.read():
            labels.append(label)
            yield picture

    for row, error in enumerate(decode_all(items(), stored, out)):
        if error is not None:
            errors[row] = error
        bar.update(row + 1)
    return labels, errors


class _Undecoded:
    """Pictures that are decoded when they are asked for."""

    def __init__(self, pictures, stored):
        self._pictures, self._stored = pictures, stored

    def __getitem__(self, row):
        return decode(self._pictures.path(row), self._stored)


def digest(value):
    """Tells a value that JSON can hold from others, in 16 letters."""
    text = json.dumps(value).encode()
    return hashlib.sha256(text).hexdigest()[:16]
