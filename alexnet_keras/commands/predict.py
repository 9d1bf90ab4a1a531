"""The command `predict`: pictures and folders of them, named in batches."""

import contextlib
import csv
import io
import os
import pathlib
import sys

from alexnet_keras import files
from alexnet_keras.commands.asking import network_argument, open_network
from alexnet_keras.commands.common import (
    BadInput,
    Failed,
    refuse_existing,
    refused,
    start_keras,
)
from alexnet_keras.commands.options import option

_BATCH = 64  # pictures that are in memory at a time
_BEST = 5  # classes that are named


def predict_options(parser):
    """Name the five likeliest classes of pictures."""
    network_argument(parser)
    text = "picture files, and folders with pictures at any depth"
    option(parser, "images", text, metavar="IMAGE", nargs="+")
    text = (
        "write a table of the files, with the likeliest classes and their "
        "probabilities; what cannot be read has none"
    )
    option(parser, "--csv", text, pathlib.Path)


def predict(options):
    """Names the likeliest classes of pictures."""
    start_keras()
    from alexnet_keras import runs

    if options.csv is not None:
        refuse_existing(options.csv)
    subject = open_network(options.network)
    paths, left_out, problems = _list(options.images)
    with refused(runs.RunError, ValueError):
        network = subject.network()
    answers = _answer(network, subject, paths, problems)
    if options.csv is None:
        _print(answers)
    else:
        width = min(_BEST, len(subject.class_names))
        try:
            with refused(OSError):
                _write(options.csv, answers, width, len(paths))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{options.csv} was not written.") from None
        print(f"Wrote {options.csv}: {len(paths)} pictures")
    if left_out:
        print("Left out:\n  " + "\n  ".join(left_out), file=sys.stderr)
    if problems:
        raise Failed(
            f"{len(problems)} could not be read:\n  " + "\n  ".join(problems)
        )


def _list(images):
    """Lists the pictures that are named, and those in folders.

    Returns:
        List of paths; list of lines about what is left out of folders; list
        of lines about what cannot be read.
    """
    from alexnet_keras import data

    paths, left_out, problems = [], [], []
    for image in images:
        if not os.path.isdir(image):
            paths.append(image)
            continue
        try:
            found, lines = data.pictures_below(image)
        except data.DataError as error:
            problems.append(str(error))
            continue
        root = os.path.abspath(image)  # the paths as they were typed
        paths += [os.path.join(image, os.path.relpath(p, root)) for p in found]
        left_out += [f"{image}: {line}" for line in lines]
        if not found:
            problems.append(f"{image}: there is none in this folder")
    if not paths:
        raise BadInput("\n  ".join(["No picture was found.", *problems]))
    return paths, left_out, problems


def _answer(network, subject, paths, problems):
    """Yields each path with its best classes, or none if it is unreadable.

    The classes are pairs of a name and a probability. What cannot be read is
    added to the problems, with the reason.
    """
    import numpy as np

    from alexnet_keras import augment, models, training
    from alexnet_keras.data import decoding

    names = _words(subject.class_names)
    side = subject.stored
    for start in range(0, len(paths), _BATCH):
        batch = paths[start : start + _BATCH]
        pixels = np.zeros((len(batch), side, side, 3), np.uint8)
        reasons = [*decoding.decode_all(batch, side, pixels)]
        crops = [
            augment.center_crop(picture, subject.size)
            for picture, why in zip(pixels, reasons, strict=True)
            if why is None
        ]
        best = iter(())
        if crops:
            with refused(ValueError):
                found = training.finite(
                    network.predict_on_batch(np.stack(crops))
                )
            best = iter(models.decode_predictions(found, _BEST, names))
        for path, why in zip(batch, reasons, strict=True):
            if why is None:
                yield path, [pair[1:] for pair in next(best)]
            else:
                problems.append(f"{path}: {why}")
                yield path, []


def _print(answers):
    for path, best in answers:
        if best:
            print(path)
        for name, probability in best:
            print(f"  {probability:6.1%}  {name}")


def _write(path, answers, width, count):
    """Writes a table with a line for each picture."""
    import keras

    columns = ["file"]
    for number in range(1, width + 1):
        columns += [f"class_{number}", f"probability_{number}"]
    bar = keras.utils.Progbar(
        count, verbose=int(sys.stdout.isatty()), unit_name="picture"
    )
    with (
        files.replacing(path) as half,
        open(
            half, "w", newline="", encoding="utf-8", errors="backslashreplace"
        ) as file,
    ):
        rows = csv.writer(file)
        rows.writerow(columns)
        for name, best in answers:
            cells = [x for name, p in best for x in (name, f"{p:.6g}")]
            rows.writerow([name, *cells] + [""] * (2 * width - len(cells)))
            bar.add(1)


def _words(class_names):
    """Gives ImageNet's classes their names in words, if those are had."""
    import numpy as np

    from alexnet_keras import datasets, models

    if list(class_names) != datasets.imagenet_ids():
        return class_names
    try:  # Keras downloads the words once, and says so on stdout
        with contextlib.redirect_stdout(io.StringIO()):
            each = models.decode_predictions(np.eye(len(class_names)), top=1)
        return [best[0][1] for best in each]
    except Exception:  # whatever a download raises
        print(
            "ImageNet's class names could not be downloaded; these are "
            "WordNet ids.",
            file=sys.stderr,
        )
    return class_names
