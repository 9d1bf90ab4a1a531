"""Prepared TensorFlow data sets, by the path of their folder."""

import json
import os
import pathlib
import re

from alexnet_keras import files
from alexnet_keras.data.decoding import DataError

INFO = "dataset_info.json"  # what TFDS writes last
VERSION = "[0-9]*.[0-9]*.[0-9]*"
_IS_OF_A_VERSION = re.compile(r"(incomplete\.\w+_)?\d+\.\d+\.\d+").fullmatch


def open_prepared(folder):
    """Opens the prepared set that a folder is or holds.

    Args:
        folder: Path such as `.../mnist/3.0.1`, or the one above, of which the
            newest version is taken.

    Returns:
        A TFDS builder, or None where there is no prepared set.

    Raises:
        DataError: If the set is not whole, or is one of several variants.
    """
    folder = pathlib.Path(os.path.abspath(os.path.expanduser(folder)))
    found = [folder / INFO]
    if not found[0].is_file():
        found = [*folder.glob(f"{VERSION}/{INFO}")] or [
            file
            for file in folder.glob(f"*/{VERSION}/{INFO}")
            if _read(file).get("name") == folder.name
        ]
    variants = sorted({file.parent.parent for file in found})
    if not found:
        _refuse_remains(folder)
        return None
    if len(variants) > 1:
        raise DataError(
            f"{folder} holds {len(variants)} variants of a set: "
            f"{', '.join(path.name for path in variants)}. Give the path of "
            f"one, such as {variants[0]}."
        )
    newest = max(found, key=_version)
    _read(newest)
    import tensorflow_datasets as tfds

    try:
        return tfds.builder_from_directory(str(newest.parent))
    except Exception as error:  # whatever another version of TFDS has written
        raise DataError(
            f"The prepared set in {newest.parent} cannot be opened: "
            f"{reason(error)} Prepare it anew."
        ) from error


def unfinished(folder):
    """Says that a folder holds what TFDS did not end, or another copied."""
    return DataError(
        f"{folder} holds no whole prepared set: {INFO}, which TensorFlow "
        "Datasets writes last, is missing. Copy the set again, or remove that "
        "folder and prepare it anew."
    )


def reason(error):
    """Gives the line of an error that says what happened, as a sentence."""
    line = files.reason(error).strip().splitlines()[0]
    line = re.sub(r"^.*builder_kwargs \".*?\": |\[Errno \d+\] ", "", line)
    return line.rstrip(". ") + "."


def _read(file):
    """Reads what TFDS tells of a set."""
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise DataError(
            f"{file} is damaged: {reason(error)} Copy the set again, or remove "
            "that folder and prepare it anew."
        ) from error


def _version(file):
    return [int(number) for number in re.findall(r"\d+", file.parent.name)]


def _refuse_remains(folder):
    """Refuses a folder of records without what TFDS writes last."""
    below = [
        path
        for path in folder.glob("*")
        if path.is_dir() and not path.name.startswith(".")
    ]
    if all(_IS_OF_A_VERSION(path.name) for path in below):
        for place in below or [folder]:
            if any(place.glob("*.tfrecord*")):
                raise unfinished(place)
