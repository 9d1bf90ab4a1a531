"""Trains for hours, killed again and again, beside a run that nothing disturbs.

    .venv/bin/python benchmarks/long_run.py runs/long --data FOLDER --epochs 20

What is not an option of this script goes to `alexnet-keras train`. Both runs
share the machine. At the end their histories and weights must be equal, bit
for bit, and neither may have needed more and more memory; otherwise the exit
code is 1. The folder keeps both runs, what they said, and memory.csv.
"""

import argparse
import contextlib
import csv
import itertools
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from typing import NamedTuple

import h5py
import numpy as np
import psutil

_FLAT = 1.05  # memory at the end of a run over that at its beginning


class Sample(NamedTuple):
    """The memory that a run's process holds at a moment.

    Attributes:
        run: Str, `"whole"` or `"killed"`.
        life: Int, which process of the run, from 1.
        seconds: Float, since the process was started.
        megabytes: Float, resident, with its child processes.
    """

    run: str
    life: int
    seconds: float
    megabytes: float


class Trainer:
    """Trains in a process, again after every kill, and watches its memory.

    Args:
        name: Str, `"whole"` or `"killed"`.
        folder: `pathlib.Path`, holds the run's folder and what it said.
        arguments: List of str, the options of `alexnet-keras train`.
        lives: Iterable of float, seconds after which to kill each process;
            after them it may live on.
        report: Called with a line of text.

    Attributes:
        samples: List of `Sample`.
        kills: Int, how often it was killed.
        code: Int or None, the exit code of the last process.
    """

    def __init__(self, name, folder, arguments, lives=(), report=print):
        self.name = name
        self.run_dir = folder / name
        self.samples, self.kills, self.code = [], 0, None
        self._log = folder / f"{name}.txt"
        self._command = [sys.executable, "-m", "alexnet_keras", "train"]
        self._command += [*arguments, "--run-dir", str(self.run_dir)]
        self._lives, self._report = list(lives), report

    def train(self):
        """Trains to the end, through all kills."""
        for life in itertools.count(1):
            resume = ["--resume"] if self.run_dir.exists() else []
            with open(self._log, "a") as log:
                process = subprocess.Popen(
                    [*self._command, *resume], stdout=log, stderr=log
                )
                last = self._lives.pop(0) if self._lives else float("inf")
                self._watch(process, life, last)
            self.code = process.returncode
            if self.code != -signal.SIGKILL:
                return
            self.kills += 1
            self._report(f"{self.name}: kill {self.kills}")

    def _watch(self, process, life, last):
        """Samples the memory of a process, and kills it in the end."""
        began = time.monotonic()
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(process.pid)
            while process.poll() is None:
                seconds = time.monotonic() - began
                if seconds > last:
                    for child in family.children(recursive=True):
                        child.kill()
                    process.kill()
                    break
                self.samples.append(
                    Sample(self.name, life, seconds, _megabytes(family))
                )
                time.sleep(min(5, max(0, last - seconds) + 0.01))
        process.wait()


def _megabytes(process):
    """Gives the resident memory of a process and its children."""
    held = 0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            held += one.memory_info().rss
    return held / 1e6


def lengths(kills, seconds, seed):
    """Draws how long each of so many lives lasts, in seconds."""
    draw = random.Random(seed)
    return [draw.uniform(0.5, 1.5) * seconds / kills for _ in range(kills)]


def growth(samples):
    """Compares a process' memory at its end with that at its beginning.

    The first fifth, in which pictures are decoded and the step is traced, does
    not count.

    Args:
        samples: List of `Sample` of one life.

    Returns:
        Pair of floats: the median of the fifth that follows and that of the
        last fifth, in megabytes.
    """
    held = [sample.megabytes for sample in samples]
    fifth = len(held) // 5
    if not fifth:
        raise ValueError(
            "Memory was looked at too seldom to tell whether it grows. "
            f"Received: {len(held)} samples. Train longer."
        )
    first, last = held[fifth : 2 * fifth], held[-fifth:]
    return statistics.median(first), statistics.median(last)


def differences(one, two):
    """Lists in what two finished runs differ; their times do not count.

    Args:
        one: `pathlib.Path`, folder of a run.
        two: Another.

    Returns:
        List of str, a name and a line each: "history", or a layer's weights.
    """
    found = []
    if _history(one) != _history(two):
        found.append("history.csv")
    weights, others = _weights(one), _weights(two)
    for path in sorted({*weights, *others}):
        if path not in weights or path not in others:
            found.append(f"{path} is in one only")
        elif not np.array_equal(weights[path], others[path]):
            found.append(path)
    return found


def _history(folder):
    with open(folder / "history.csv", newline="") as file:
        return [{**row, "seconds": None} for row in csv.DictReader(file)]


def _weights(folder):
    """Reads all arrays of a run's network, random states included."""
    arrays = {}

    def keep(name, thing):
        if isinstance(thing, h5py.Dataset):
            arrays[name] = thing[()]

    with (
        zipfile.ZipFile(folder / "model.keras") as archive,
        archive.open("model.weights.h5") as file,
        h5py.File(file, "r") as weights,
    ):
        weights.visititems(keep)
    return arrays


def report(samples, kills, hours, found):
    """Writes what was seen, in Markdown.

    Args:
        samples: List of `Sample`.
        kills: Int, how often the run was killed.
        hours: Dict of float, how long each run took.
        found: List of str, in what the runs differ.

    Returns:
        Str, and whether all is well.
    """
    lines = [
        "| run | hours | processes | MB at the beginning | at the end | most |",
        "|---|---|---|---|---|---|",
    ]
    steady = True
    for name, taken in hours.items():
        own = [sample for sample in samples if sample.run == name]
        longest = max(
            ([s for s in own if s.life == life] for life in _lives(own)),
            key=len,
        )
        first, last = growth(longest)
        steady &= last <= _FLAT * first
        most = max(sample.megabytes for sample in own)
        lines.append(
            f"| {name} | {taken:.2f} | {len(_lives(own))} | {first:.0f} | "
            f"{last:.0f} | {most:.0f} |"
        )
    lines += [
        "",
        f"{kills} kills. Memory is that of the process that lived longest.",
        "Memory: flat." if steady else "Memory: it grew.",
        f"The runs differ in: {', '.join(found)}."
        if found
        else "Histories and weights are equal, bit for bit.",
    ]
    return "\n".join(lines), steady and not found


def _lives(samples):
    return sorted({sample.life for sample in samples})


def main():
    """Trains, kills, compares and reports."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=pathlib.Path, help="a new folder")
    parser.add_argument(
        "--kills", type=int, default=20, metavar="N", help="(20)"
    )
    parser.add_argument(
        "--hours",
        type=float,
        default=2,
        metavar="H",
        help="in which they fall; training must last longer (2)",
    )
    parser.add_argument("--kill-seed", type=int, default=0, metavar="N")
    options, arguments = parser.parse_known_args()
    if options.kills < 1 or options.hours <= 0:
        parser.error("--kills must be at least 1 and --hours positive")
    if options.folder.exists():
        parser.error(f"{options.folder} exists: name a new folder")
    options.folder.mkdir(parents=True)
    lives = lengths(options.kills, 3600 * options.hours, options.kill_seed)
    trainers = [
        Trainer("whole", options.folder, arguments),
        Trainer("killed", options.folder, arguments, lives),
    ]
    hours = _train_at_once(trainers)
    samples = [sample for one in trainers for sample in one.samples]
    with open(options.folder / "memory.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(Sample._fields)
        rows.writerows(samples)
    for one in trainers:
        if one.code:
            raise SystemExit(
                f"The {one.name} run ended with exit code {one.code}: see "
                f"{options.folder / one.name}.txt"
            )
    if trainers[1].kills < options.kills:
        raise SystemExit(
            f"Training ended after {trainers[1].kills} kills: give it more "
            "--epochs, or fewer --hours."
        )
    found = differences(*(one.run_dir for one in trainers))
    text, is_well = report(samples, trainers[1].kills, hours, found)
    print(text)
    raise SystemExit(not is_well)


def _train_at_once(trainers):
    """Runs trainers beside one another; gives the hours that each took."""
    hours = {}

    def run(one):
        began = time.monotonic()
        one.train()
        hours[one.name] = (time.monotonic() - began) / 3600

    threads = [threading.Thread(target=run, args=(one,)) for one in trainers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {one.name: hours[one.name] for one in trainers}


if __name__ == "__main__":
    main()
