"""A run's folder: what is written while a network is trained, and read later.

`run.json` tells how the run was made and what came out, `history.csv` holds a
row an epoch, `curves.png` shows them, and `model.keras` is the network after
the last whole epoch. Every file is written beside its place and then moved
there, so that none is ever half a file.
"""

import contextlib
import csv
import json
import pathlib
import platform
import time

import filelock
import keras

import alexnet_keras
from alexnet_keras import files
from alexnet_keras.runs.divergence import Diverged, check_weights
from alexnet_keras.runs.machine import processor

_LOCK = ".lock"
NEWEST, BEFORE = "checkpoint.npz", "checkpoint-before.npz"


class RunError(ValueError):
    """A run's folder that cannot be used. The message says what to do."""


class Run:
    """One run's folder.

    Attributes:
        folder: `pathlib.Path`.
        facts: Dict, what `run.json` holds.
    """

    def __init__(self, folder, facts, lock=None):
        self.folder = pathlib.Path(folder)
        self.facts = facts
        self._lock = lock

    @classmethod
    def create(cls, folder, again=False, **facts):
        """Makes a run's folder, and `run.json` in it.

        Args:
            folder: Path that does not exist yet, or is empty.
            again: Bool, whether to use the folder of a run that stopped.
            **facts: What `run.json` is to hold, besides versions.

        Raises:
            RunError: If the folder is in use or cannot be written.
        """
        folder = pathlib.Path(folder)
        lock = _take(folder, again)
        now = time.strftime("%Y-%m-%d %H:%M:%S %z")
        before = status(folder) if again else {}
        times = {"started": before.get("started", now)}
        if before:
            resumed = before.get("resumed")
            resumed = resumed if isinstance(resumed, list) else []
            times["resumed"] = [*resumed, now]
        own = {"versions": versions(), "processor": processor()}
        run = cls(folder, {"status": "running", **times, **own, **facts}, lock)
        run.record()
        return run

    def close(self):
        """Lets the folder go; what has ended without this has let it go too.

        A run that was only opened holds nothing.
        """
        if self._lock is None:
            return
        self._lock.release()
        (self.folder / _LOCK).unlink(missing_ok=True)

    @classmethod
    def open(cls, folder):
        """Opens a run that has a trained model.

        Raises:
            RunError: If the folder is not a run of ours, or has no model yet.
        """
        folder = pathlib.Path(folder)
        try:
            (folder / "run.json").open("rb").close()
        except FileNotFoundError:
            pass  # and so it is not a run of ours
        except OSError as error:
            raise RunError(
                f"{folder / 'run.json'} cannot be read: {files.reason(error)}."
            ) from error
        facts = status(folder)
        if not _tells_data(facts):
            raise RunError(
                f"Not a run of alexnet-keras: {folder}. Give a folder that "
                "`alexnet-keras train` has written, with a whole run.json and "
                "model.keras in it."
            )
        if not (folder / "model.keras").is_file():
            raise RunError(
                f"The run {folder} has no model.keras: no epoch was finished."
            )
        return cls(folder, facts)

    def record(self, **facts):
        """Adds facts and writes `run.json`."""
        self.facts.update(facts)
        with self.replacing("run.json") as path:
            path.write_text(json.dumps(self.facts, indent=2) + "\n")

    def save_model(self, network):
        """Writes `model.keras`: the network, without the optimizer's state.

        Raises:
            RunError: If there is no space left. The model before stays.
            Diverged: If its weights are not finite. The model before stays.
        """
        check_weights(network)
        plain = keras.Model(network.inputs, network.outputs, name=network.name)
        with self.replacing("model.keras") as path:
            plain.save(path)

    def load_model(self):
        """Reads `model.keras`.

        Raises:
            RunError: If it is damaged, its weights are not finite, or it is
                another network than `run.json` tells of.
        """
        path = self.folder / "model.keras"
        try:
            files.check_zip(path)
            network = alexnet_keras.load_model(path, compile=False)
            shapes = network.input_shape, network.output_shape
        except Exception as error:  # whatever a damaged file makes Keras raise
            why = files.reason(error)
            raise RunError(f"{path} cannot be loaded: {why}.") from error
        data = self.facts["data"]
        side, count = data["size"], len(data["class_names"])
        if shapes != ((None, side, side, 3), (None, count)):
            raise RunError(
                f"{path} is not the network that {self.folder / 'run.json'} "
                f"tells of: {count} classes of pictures of {side} pixels. It "
                f"makes {shapes[1]} of {shapes[0]}."
            )
        try:
            check_weights(network)
        except Diverged as error:
            raise RunError(
                f"{path} cannot be used: its {error}. Training has failed "
                "there: train anew with a smaller --learning-rate."
            ) from error
        return network

    def save_figure(self, name, figure):
        """Writes a `matplotlib.figure.Figure` as a PNG."""
        with self.replacing(name) as path:
            figure.savefig(path, dpi=150)

    @contextlib.contextmanager
    def replacing(self, name):
        """Gives a temporary path; what is written there becomes `name`.

        Raises:
            RunError: If it cannot be written. What was there before stays.
        """
        try:
            with files.replacing(self.folder / name) as half:
                yield half
        except OSError as error:
            raise RunError(str(error)) from error


def _take(folder, again):
    """Makes a folder, or takes one, for a run alone; gives its lock."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        half_written = refuse_used(folder, again)
        lock = filelock.FileLock(folder / _LOCK)
        lock.acquire(blocking=False)  # of two runs, one gets it
        for name in half_written:
            (folder / name).unlink()
    return lock


def refuse_used(folder, again=False):
    """Refuses a run's folder that holds something else already.

    Args:
        folder: `pathlib.Path`, which need not exist.
        again: Bool, whether a run of ours may be in it.

    Returns:
        Set of str, the names of files in it that were left half written.

    Raises:
        RunError: If it is in use, or no folder.
    """
    with _writing(folder):
        if not folder.exists():
            return set()
        there = {path.name for path in folder.iterdir()}
        half_written = {name for name in there if files.is_half_written(name)}
        known = there <= {_LOCK, *half_written} or there & {NEWEST, BEFORE}
        ours = again and (status(folder) or known)
        if there and not ours and not status(folder):
            raise RunError(
                f"The run directory holds other files: {folder}. Name one that "
                "is new or empty: --run-dir."
            )
        if there and not ours:
            raise filelock.Timeout(str(folder))
    return half_written


@contextlib.contextmanager
def _writing(folder):
    """Says why a run's folder cannot be written."""
    try:
        yield
    except filelock.Timeout:
        raise RunError(
            f"The run directory is in use: {folder}. Name another one, move "
            "this one away, or go on with its run: --resume."
        ) from None
    except OSError as error:
        raise RunError(
            f"The run directory cannot be written: {folder} "
            f"({files.reason(error)}). Name another one: --run-dir."
        ) from None


class Recorder(keras.callbacks.Callback):
    """Writes a run's history and model after every epoch.

    Args:
        run: A `Run`, or `None` to write nothing.
        rows: The rows so far, of a run that goes on.
    """

    def __init__(self, run, rows=()):
        super().__init__()
        self._run = run
        self.rows = list(rows)

    def on_epoch_begin(self, epoch, logs=None):
        """Notes the time."""
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Writes the model, then the epoch's row."""
        row = {
            "epoch": epoch + 1,
            **{name: float(value) for name, value in logs.items()},
            "learning_rate": float(self.model.optimizer.learning_rate),
            "seconds": round(time.perf_counter() - self._began, 2),
        }
        if self._run is not None:
            self._run.save_model(self.model)
        self.rows.append(row)
        if self._run is None:
            return
        with (
            self._run.replacing("history.csv") as path,
            open(path, "w", newline="") as file,
        ):
            writer = csv.DictWriter(file, self.rows[0])
            writer.writeheader()
            writer.writerows(self.rows)
        self._run.record(epochs_done=epoch + 1)


def next_folder(name, last=False):
    """Gives the first of `runs/name-1`, `runs/name-2`, ... that is free.

    Args:
        name: Str.
        last: Bool, whether to give the one before it, if there is one.

    Returns:
        `pathlib.Path`.
    """
    number = 1
    while pathlib.Path("runs", f"{name}-{number}").exists():
        number += 1
    if last and number > 1:
        number -= 1
    return pathlib.Path("runs", f"{name}-{number}")


def status(folder):
    """Reads a run's `run.json`, as far as there is one.

    Returns:
        Dict, empty if the file is missing or not a run's.
    """
    try:
        facts = json.loads((pathlib.Path(folder) / "run.json").read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) and "status" in facts else {}


def _tells_data(facts):
    """Tells facts that say which data a network was trained on."""
    match facts:
        case {
            "seed": int(),
            "data": {
                "source": str(),
                "fingerprint": str(),
                "size": int(size),
                "stored": int(stored),
                "class_names": list(names),
            },
        }:
            are_names = all(isinstance(name, str) for name in names)
            return 1 <= size <= stored and are_names
    return False


def versions():
    """Gives the versions that a result depends on."""
    import numpy
    import tensorflow

    return {
        "alexnet_keras": alexnet_keras.__version__,
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
    }
