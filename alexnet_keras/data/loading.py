"""From a TFDS name or an image folder to `batches.Data`."""

import os
import pathlib
import sys

import numpy as np

from alexnet_keras import augment
from alexnet_keras.data import cache as caches
from alexnet_keras.data.batches import Colors, Data
from alexnet_keras.data.decoding import DataError, decode
from alexnet_keras.data.folders import FilePictures, list_folder
from alexnet_keras.data.prepared import open_prepared
from alexnet_keras.data.tfds_names import open_tfds
from alexnet_keras.data.tfds_sets import from_builder
from alexnet_keras.datasets import data_dir

_LARGEST = 4096  # pixels
_MOST = 50  # lines about pictures that cannot be read
SOLIDS = ("solids", "solids/full", "solids/tiny")


def load(
    source="solids",
    size=227,
    seed=0,
    skip_unreadable=False,
    cache="auto",
    folder=None,
    report=print,
):
    """Loads a data set: `solids`, one of TFDS, or a folder of pictures.

    Args:
        source: `"solids"` (or its few first pictures, `"solids/tiny"`), a TFDS
            name such as `"imagenette/320px-v2"`, or the path of a folder
            (see `folders.list_folder`). `Data.name` has a path in full.
        size: Int, side of the network's input, in pixels.
        seed: Int, draws the validation pictures of a folder without splits.
        skip_unreadable: Bool, whether to go on without the pictures that
            cannot be read.
        cache: Where decoded pictures are kept: `"auto"`, `"memory"`, `"disk"`
            or `"none"` (see `cache.choose`).
        folder: Path for prepared sets; by default `datasets.data_dir()`.
        report: Called with a line of text where something takes time.

    Returns:
        A `Data`.

    Raises:
        DataError: If the set cannot be used; the message says why.
    """
    if type(size) is not int or not 1 <= size <= _LARGEST:
        raise DataError(
            f"The side of pictures is a whole number of pixels, at most "
            f"{_LARGEST}. Received: {size!r}"
        )
    folder = pathlib.Path(folder or data_dir())
    listed = _list(source, seed, folder)
    for note in listed.notes:
        report(note)
    stored = augment.stored_size(size)
    pictures = listed.splits.values()
    cache = caches.choose(cache, pictures, stored, folder)
    report(
        f"Reading {sum(found.num_examples for found in pictures)} pictures ..."
    )
    splits, unreadable = {}, []
    for name, split in listed.splits.items():
        splits[name], errors = caches.read(split, stored, cache, folder)
        unreadable += errors
    _check(splits, unreadable, skip_unreadable)
    if unreadable:
        _check_classes(splits["train"], listed.class_names)
    colors = _colors(splits["train"], stored)
    if not colors.scale:
        raise DataError(
            f"All pictures of {located(source)} to train on are of one and "
            "the same colour: there is nothing in them to learn."
        )
    identity = [found.identity for found in pictures]
    readable = [split.num_examples for split in splits.values()]
    files = {
        name: found
        for name, found in listed.splits.items()
        if isinstance(found, FilePictures)
    }
    return Data(
        name=located(source),
        class_names=listed.class_names,
        splits=splits,
        size=size,
        stored=stored,
        colors=colors,
        cache=cache,
        fingerprint=caches.digest([identity, listed.class_names, readable]),
        skipped=tuple(unreadable),
        notes=listed.notes,
        pictures=files or None,
    )


def _check(splits, unreadable, skip_unreadable):
    """Refuses pictures that cannot be read, unless they are to be skipped."""
    if unreadable and not skip_unreadable:
        count = sum(split.num_examples for split in splits.values())
        shown = unreadable[:_MOST]
        if len(unreadable) > _MOST:
            shown.append(f"and {len(unreadable) - _MOST} more")
        raise DataError(
            f"{len(unreadable)} of {count + len(unreadable)} pictures cannot "
            "be read:\n  " + "\n  ".join(shown) + "\nRepair or remove them, "
            "or go on without exactly these: --skip-unreadable "
            "(`skip_unreadable=True`)."
        )
    for name, split in splits.items():
        if not split.num_examples:
            raise DataError(f"No picture of the split {name!r} can be read.")


def _check_classes(split, names):
    """Refuses classes of which nothing is left to train on."""
    there = set(split.labels[split.rows].tolist())
    if gone := [name for i, name in enumerate(names) if i not in there]:
        raise DataError(
            "No picture to train on can be read of these classes: "
            f"{', '.join(gone)}. Repair them, or move their folders away."
        )


def located(source):
    """Gives the name of a TFDS set, or the whole path of a folder."""
    if _is_path(source):
        return os.path.abspath(os.path.expanduser(source))
    return source


def _list(source, seed, folder):
    """Lists the pictures of a data set, which is prepared where it must be."""
    is_path = _is_path(source)
    builder = open_prepared(source) if is_path else None
    if is_path and builder is None:
        return list_folder(source, seed)
    import tensorflow_datasets as tfds

    if not sys.stderr.isatty():  # a bar is for a terminal
        tfds.disable_progress_bar()
    if source in SOLIDS:
        from alexnet_keras.datasets import solids

        config = source.partition("/")[2] or "full"
        return from_builder(solids.prepare(config, folder))
    builder = builder or open_tfds(source, folder)
    listed = from_builder(builder)
    taken = f"The pictures are those in {builder.data_dir}."
    return listed._replace(notes=(taken, *listed.notes))


def _is_path(source):
    """Tells a folder from a TFDS name, which may hold a slash too."""
    text = os.fspath(source)
    return source not in SOLIDS and (
        not isinstance(source, str)
        or os.path.exists(os.path.expanduser(text))
        or text.startswith((".", "~", "/", os.sep))
        or "\\" in text
    )


def _colors(split, stored, num_pictures=1000):
    """Measures colours on evenly spaced training pictures, every 4th pixel."""
    if split.stream is not None:
        records = split.stream().take(num_pictures).as_numpy_iterator()
        pictures = [decode(record, stored) for _, record, _ in records]
    else:
        step = max(1, len(split.rows) // num_pictures)
        pictures = [split.images[row] for row in split.rows[::step]]
    pixels = np.stack([picture[::4, ::4] for picture in pictures])
    mean, stddevs, components = augment.color_components(pixels)
    return Colors(
        tuple(mean.tolist()),
        tuple(stddevs.tolist()),
        tuple(map(tuple, components.tolist())),
    )
