"""Measures what a person waits for, in units of `import keras`: `make waits`.

Each wait is a process of its own, from its start to its end, as one sees it.
They take turns with a process that only imports Keras, round after round, so a
ratio is one of the same minute on the same machine. Files are in the system's
cache: what a disk takes is not counted.

It takes about four minutes on two cores, and means something only where
nothing else is running.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import tables
from contenders import say

ROOT = pathlib.Path(__file__).resolve().parents[1]
AIM = 1.3  # times `import keras`, for `predict` of one picture
SETUP = """\
from alexnet_keras import distribution
distribution.start()
import keras, tensorflow
"""
CHAPTER = """\
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
codes = [n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
del notebook.cells[codes[2] + 1:]  # setup, the network's map, the imports
nbclient.NotebookClient(notebook).execute()
"""
# ends as soon as the first step is done
FIRST_STEP = """\
import os, sys, tempfile
from alexnet_keras.commands import main, train
sys.argv += ["--run-dir", tempfile.mkdtemp(dir=sys.argv.pop(1))]
callbacks = train._callbacks
def and_an_end(job, work):
    import keras
    end = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: os._exit(0))
    return [*callbacks(job, work), end]
train._callbacks = and_an_end
main()
"""


def commands(folder):
    """Lists what is measured.

    Args:
        folder: `pathlib.Path` with what `prepare` made.

    Returns:
        Dict from what a reader calls it to the arguments of Python.
    """
    picture = str(folder / "picture.jpg")
    ask = ["-m", "alexnet_keras"]
    train = [str(folder), "train", "--data", "solids", "--devices", "1"]
    return {
        "`import alexnet_keras`": ["-c", "import alexnet_keras"],
        "`alexnet-keras --help`": [*ask, "--help"],
        "`alexnet-keras --version`": [*ask, "--version"],
        "`alexnet-keras summary`": [*ask, "summary"],
        "`alexnet-keras identify`, of a run": [*ask, "identify", str(folder)],
        "`alexnet-keras predict`, a picture, a run": (
            [*ask, "predict", str(folder), picture]
        ),
        "`alexnet-keras predict`, a picture, `.weights.h5`": (
            [*ask, "predict", str(folder / "big.weights.h5"), picture]
        ),
        "`alexnet-keras train`, to the first step": ["-c", FIRST_STEP, *train],
        "a chapter's setup cell, as a script": ["-c", SETUP],
        "opening chapter 0: kernel, setup, map, imports": (
            ["-c", CHAPTER, str(ROOT / "notebooks" / "00_start_here.ipynb")]
        ),
    }


def prepare(folder):
    """Makes a run of the full network, its weights and a picture."""
    from alexnet_keras import distribution

    distribution.start()
    import numpy as np
    from PIL import Image

    from alexnet_keras import data, models, weights

    rescaling, names = (
        ((120, 115, 100), 60),
        [f"class {i}" for i in range(1000)],
    )
    network = models.AlexNet(rescaling=rescaling)
    arrays = {x.name: weights.arrays_of(x) for x in network.layers if x.weights}
    facts = weights.Weights(arrays, "two-tower", 227, rescaling, names)
    weights.write(folder / "big.weights.h5", network, facts)
    network.save(folder / "model.keras")
    told = {"size": 227, "stored": 256, "class_names": names, "source": "none"}
    colors = {"mean": [0, 0, 0], "scale": 1}
    told |= {"colors": colors, "fingerprint": "", "counts": {}}
    text = json.dumps({"status": "finished", "seed": 0, "data": told})
    (folder / "run.json").write_text(text)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    picture = Image.fromarray(pixels).resize((900, 600))
    picture.save(folder / "picture.jpg")
    data.load("solids", 227, report=say)  # which is rendered once


def seconds(arguments):
    """Runs Python once; gives how long that took.

    Raises:
        SystemExit: If it failed; what it said is in the message.
    """
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return took


def measure(waits, rounds):
    """Measures all in turn.

    Returns:
        List of `tables.Line`, whose ratio is in units of `import keras`.
    """
    reference = ["-c", "import keras"]
    taken, beside = {what: [] for what in waits}, []
    for number in range(-1, rounds):  # the first fills caches
        base = seconds(reference)
        once = {what: seconds(typed) for what, typed in waits.items()}
        if number < 0:
            continue
        beside.append((base + seconds(reference)) / 2)  # before and after
        for what, own in once.items():
            taken[what].append(own)
        say(f"Round {number + 1} of {rounds}")
    lines = [tables.Line("`import keras`", "", "", "s", tuple(beside))]
    for what, own in taken.items():
        peer = "`import keras`"
        lines.append(
            tables.Line(what, "", peer, "s", tuple(own), tuple(beside))
        )
    return lines


def markdown(lines):
    """Writes the table."""
    rows = ["| what | time | times `import keras` | aim |", "|---|---|---|---|"]
    for line in lines:
        ratio, aim = "1", ""
        if line.others:
            ratio = tables.spread(line.ratios)
        if "predict" in line.what:
            reached = statistics.median(line.ratios) <= AIM
            verdict = "reached" if reached else "**missed**"
            aim = f"at most {AIM}: {verdict}"
        time_ = f"{tables.digits(statistics.median(line.values))} s"
        rows.append(f"| {line.what} | {time_} | {ratio} | {aim} |")
    return "\n".join(rows)


def main(argv=None):
    """Measures, and prints or writes the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--rounds", default=5, type=int, metavar="N", help="rounds (5)"
    )
    parser.add_argument(
        "--only", default="", metavar="WORD", help="those that have it in them"
    )
    parser.add_argument(
        "--out",
        type=pathlib.Path,
        metavar="FILE",
        help="write FILE.md and FILE.json instead of printing the table",
    )
    options = parser.parse_args(argv)
    if options.rounds < 1:
        parser.error("at least one round is needed")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        waits = {
            what: typed
            for what, typed in commands(folder).items()
            if options.only in what
        }
        if not waits:
            parser.error(f"nothing is called {options.only}")
        prepare(folder)
        lines = measure(waits, options.rounds)
    facts = tables.about(tables.typed(), options.rounds)
    text = f"{markdown(lines)}\n\n{tables.told(facts)}\n"
    if options.out is None:
        print(text)
        return
    from alexnet_keras.files import replacing

    for ending, whole in (
        (".md", f"# Waits\n\n{text}"),
        (".json", tables.as_json(lines, facts)),
    ):
        with replacing(options.out.with_suffix(ending)) as half:
            half.write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    main()
