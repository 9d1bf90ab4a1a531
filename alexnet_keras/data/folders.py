"""Pictures in a folder with one folder for each class."""

import os
import pathlib
import random
from typing import NamedTuple

from alexnet_keras.data.decoding import DataError

EXTENSIONS = frozenset(
    ".bmp .gif .jfif .jpe .jpeg .jpg .png .ppm .tif .tiff .webp".split()
)
SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}


class FilePictures:
    """Pictures in files.

    Attributes:
        num_examples: Int.
        names: List of str, one a picture, for messages.
        key: What tells these pictures from others; it changes with the files.
    """

    def __init__(self, root, files):
        self._files = files  # list of (path, label)
        self.num_examples = len(files)
        self.names = [str(path) for path, _ in files]
        stats = [  # a link to nowhere is a picture that cannot be read
            os.stat(path, follow_symlinks=path.exists()) for path, _ in files
        ]
        self.identity = [
            [path.relative_to(root).as_posix(), label, stat.st_size]
            for (path, label), stat in zip(files, stats, strict=True)
        ]
        self.key = [
            [str(path), label, stat.st_mtime_ns]
            for (path, label), stat in zip(files, stats, strict=True)
        ]

    def read(self):
        """Yields `(path, label)` for each picture."""
        yield from self._files


class Listed(NamedTuple):
    """A listed data set.

    `splits` maps `"train"`, `"validation"` and, where there is one, `"test"`
    to its pictures, `FilePictures` or `tfds_sets.TfdsPictures`; labels number
    the `class_names`.
    """

    class_names: tuple[str, ...]
    splits: dict


def list_folder(folder, seed=0, validation_share=0.2):
    """Lists an image folder.

    The folder holds either `train/<class>/*` and `val/<class>/*` (and perhaps
    `test/<class>/*`), or class folders alone: then a share of each class, drawn
    with a seed, is for validation. Hidden files, and files whose extension is
    not a picture's, are left out.

    Args:
        folder: Path.
        seed: Int.
        validation_share: Float, if the folder has no split of its own.

    Returns:
        A `Listed`.

    Raises:
        DataError: If there is no such folder, no picture, one class only, or
            the splits have other classes.
    """
    folder = pathlib.Path(folder).expanduser()
    if not folder.is_dir():
        what = "This is a file" if folder.exists() else "There is no folder"
        raise DataError(
            f"{what}: {folder}. Give a folder with one folder of pictures for "
            "each class."
        )
    own = {
        split: child
        for split, names in SPLIT_NAMES.items()
        for child in _children(folder)
        if child.name.lower() in names
    }
    if "train" in own and len(own) > 1:
        found = {split: _classes(child) for split, child in own.items()}
        if "validation" not in found:
            found["validation"] = found.pop("test")
    elif "train" in own and len(_children(folder)) == 1:
        found = _split(_classes(own["train"]), seed, validation_share)
    else:
        found = _split(_classes(folder), seed, validation_share)

    names = _check(folder, found)
    return Listed(
        names,
        {
            split: FilePictures(
                folder,
                [
                    (path, label)
                    for label, name in enumerate(names)
                    for path in classes.get(name, ())
                ],
            )
            for split, classes in found.items()
        },
    )


def _check(folder, found):
    """Refuses classes that cannot be learned; gives their names."""
    names = tuple(sorted(found["train"]))
    if not names:
        raise DataError(
            f"No pictures in {folder}. Expected one folder of pictures for "
            "each class, or train/<class>/* and val/<class>/*, with names "
            f"that end in one of {' '.join(sorted(EXTENSIONS))}."
        )
    if len(names) == 1:
        raise DataError(
            f"Only one class in {folder}: {names[0]!r}. A classifier needs two "
            "or more; give the folder that holds the class folders."
        )
    for split, classes in found.items():
        strange = sorted(set(classes) - set(names))
        if strange or not classes:
            raise DataError(
                f"The split {split!r} of {folder} "
                + (
                    f"has classes that train has not: {', '.join(strange)}."
                    if strange
                    else "holds no pictures."
                )
                + " Every split needs the class folders of train."
            )
    return names


def _children(folder):
    return sorted(
        child
        for child in folder.iterdir()
        if child.is_dir() and not child.name.startswith(".")
    )


def _classes(folder):
    """Gives `{class name: sorted pictures}`, without empty classes."""
    found = {}
    for child in _children(folder):
        pictures = [
            path
            for path in child.rglob("*")
            if path.suffix.lower() in EXTENSIONS
            and not path.is_dir()
            and not any(
                part.startswith(".") for part in path.relative_to(child).parts
            )
        ]
        if pictures:
            found[child.name] = sorted(pictures)
    return found


def _split(classes, seed, validation_share):
    """Draws the validation pictures of each class, at least one of two."""
    train, validation = {}, {}
    for name, pictures in classes.items():
        drawn = list(pictures)
        random.Random(f"{seed} {name}").shuffle(drawn)
        count = round(len(drawn) * validation_share)
        count = min(max(count, 1), len(drawn) - 1)
        train[name] = sorted(drawn[count:])
        if count:
            validation[name] = sorted(drawn[:count])
    return {"train": train, "validation": validation}
