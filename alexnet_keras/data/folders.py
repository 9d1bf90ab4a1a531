"""Pictures in a folder with one folder for each class."""

import bisect
import functools
import hashlib
import itertools
import os
import pathlib
import unicodedata
from typing import NamedTuple

from alexnet_keras.data import layouts
from alexnet_keras.data.decoding import DataError
from alexnet_keras.data.walking import EXTENSIONS, tell, walk
from alexnet_keras.weights import is_class_name


class FilePictures:
    """Pictures in files.

    Args:
        root: Str, the folder that holds them all.
        blocks: List of `(walking.Block, label)`.

    Attributes:
        num_examples: Int.
    """

    def __init__(self, root, blocks):
        self._root = root
        self._blocks = blocks
        counts = (len(block.names) for block, _ in blocks)
        self._ends = list(itertools.accumulate(counts))
        self.num_examples = self._ends[-1] if blocks else 0

    def read(self):
        """Yields `(path, label)` for each picture."""
        for block, label in self._blocks:
            for name in block.names:
                yield os.path.join(block.folder, name), label

    def path(self, row):
        """Gives the path of a picture."""
        number = bisect.bisect_right(self._ends, row)
        block, _ = self._blocks[number]
        row -= self._ends[number] - len(block.names)
        return os.path.join(block.folder, block.names[row])

    @property
    def names(self):
        """One name a picture, for messages."""
        return [path for path, _ in self.read()]

    def files(self):
        """Yields `(path below the root, label, bytes)` for each picture."""
        for block, label in self._blocks:
            below = pathlib.PurePath(os.path.relpath(block.folder, self._root))
            below = "" if below.name == "" else f"{below.as_posix()}/"
            for name, size in zip(block.names, block.sizes, strict=True):
                yield below + name, label, size

    @functools.cached_property
    def identity(self):
        """Tells these pictures from others, wherever their root stands."""
        return _digest(self.files())

    @functools.cached_property
    def key(self):
        """Tells these files from others; it changes when one is written."""
        times = (time for block, _ in self._blocks for time in block.times)
        return _digest(zip(self.read(), times, strict=True))


def _digest(values):
    """Tells a long series of values from others."""
    found = hashlib.sha256()
    for value in values:
        found.update(repr(value).encode())
    return found.hexdigest()[:32]


class Listed(NamedTuple):
    """A listed data set.

    `splits` maps `"train"`, `"validation"` and, where there is one, `"test"`
    to its pictures, `FilePictures` or `tfds_sets.TfdsPictures`; labels number
    the `class_names`. `notes` are lines about what was not taken.
    """

    class_names: tuple[str, ...]
    splits: dict
    notes: tuple[str, ...] = ()


def list_folder(folder, seed=0, validation_share=0.2):
    """Lists an image folder.

    The folder holds either `train/<class>/*` and `val/<class>/*` (and perhaps
    `test/<class>/*`), or class folders alone: then about a share of each class
    is for validation. Which pictures these are, only their names and the seed
    decide, so that other pictures may come and go. `trees.split_of` knows
    other names of splits.

    Args:
        folder: Path.
        seed: Int.
        validation_share: Float, if the folder has no split of its own.

    Returns:
        A `Listed`.

    Raises:
        DataError: If there is no such folder, no picture, one class only, the
            splits have other classes, or what they are cannot be told.
    """
    folder = pathlib.Path(os.path.expanduser(folder))
    if not folder.is_dir():
        what = "This is a file" if folder.exists() else "There is no folder"
        raise DataError(
            f"{what}: {folder}. Give a folder with one folder of pictures for "
            "each class."
        )
    walked = walk(folder)
    found, notes = layouts.recognise(walked)
    notes += [f"left out: {line}" for line in tell(walked.others)]
    if "" in found:
        found = _hold_out(found[""], seed, validation_share)
    elif "validation" not in found and "test" in found:
        found["validation"] = found.pop("test")
    elif "validation" not in found:
        found = _hold_out(found["train"], seed, validation_share)
        notes.append(
            f"About {validation_share:.0%} of each class of train is held out "
            "for validation, since no other split has classes."
        )
    names = _check(folder, found, notes)
    for split, classes in found.items():
        if lacking := [name for name in names if not classes.get(name)]:
            notes.append(f"Without pictures in {split}: {', '.join(lacking)}.")
    splits = {
        split: FilePictures(
            walked.root,
            [
                (block, label)
                for label, name in enumerate(names)
                for block in classes.get(name, ())
            ],
        )
        for split in ("train", "validation", "test")
        if (classes := found.get(split)) is not None
    }
    return Listed(names, splits, tuple(notes))


def _check(folder, found, notes):
    """Refuses classes that cannot be learned; gives their names."""
    names = tuple(sorted(found["train"]))
    besides = "".join(f"\n  {note}" for note in notes)
    if not names:
        raise DataError(
            f"No pictures in {folder}. Expected one folder of pictures for "
            "each class, or train/<class>/* and val/<class>/*, with names "
            f"that end in one of {' '.join(sorted(EXTENSIONS))}.{besides}"
        )
    if len(names) == 1:
        raise DataError(
            f"Only one class in {folder}: {names[0]!r}. A classifier needs two "
            f"or more; give the folder that holds the class folders.{besides}"
        )
    for name in names:
        if not is_class_name(name):
            raise DataError(
                f"The name of a class folder in {folder} cannot be shown: "
                f"{ascii(name)}. It is not UTF-8, or holds a control "
                "character. Rename it."
            )
    if not found["validation"]:
        raise DataError(
            f"No picture of {folder} can be held out for validation, since "
            "each class has one only. Add pictures, or a folder val with a "
            "folder for each class."
        )
    for split, classes in found.items():
        if strange := sorted(set(classes) - set(names)):
            raise DataError(
                f"The split {split!r} of {folder} has classes that train has "
                f"not: {', '.join(map(repr, strange))}. Every split needs the "
                "class folders of train."
            )
    return names


def _hold_out(classes, seed, validation_share):
    """Takes validation pictures out of each class, at least one of two."""
    train, validation = {}, {}
    for name, blocks in classes.items():
        ranks = [_ranks(seed, name, block) for block in blocks]
        every = sorted(rank for own in ranks for rank in own)
        if len(every) == 1:
            train[name] = blocks
            continue
        # all but one at most, and one at least
        limit = min(max(validation_share, every[0]), every[-2])
        for there, is_held_out in ((train, False), (validation, True)):
            there[name] = [
                block.take(rows)
                for block, own in zip(blocks, ranks, strict=True)
                if (
                    rows := [
                        row
                        for row, rank in enumerate(own)
                        if (rank <= limit) == is_held_out
                    ]
                )
            ]
    return {"train": train, "validation": validation}


def _ranks(seed, name, block):
    """Draws a number from 0 to 1 for each picture, from its name alone."""
    ranks = []
    for file in block.names:
        text = f"{seed} {name}/{block.within}{file}"
        text = unicodedata.normalize("NFC", text)
        text = text.encode("utf-8", "surrogateescape")
        digest = hashlib.blake2b(text, digest_size=8).digest()
        ranks.append(int.from_bytes(digest) / 2**64)
    return ranks
