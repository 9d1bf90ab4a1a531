"""Folders of runs, as `train --resume` and `evaluate` read them."""

import contextlib
import os
import shutil
import signal

import numpy as np
from PIL import Image

from fuzz.picture_files import smooth
from fuzz.run_changes import change
from fuzz.trying import DAMAGED, READ, Case, Wrong, command, refused

_EPOCHS = 3
_REALLY = 0.03  # of the runs that go on, those that really train


def start(folder):
    """Trains a small network, once to the end and once to the second epoch."""
    from alexnet_keras import distribution, runs
    from alexnet_keras.commands import train

    distribution.start(1)
    photos, stopped = folder / "photos", folder / "stopped"
    rng = np.random.default_rng(0)
    for number in range(20):
        path = photos / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = smooth(rng)
        pixels[..., number % 2] *= 0.2
        Image.fromarray(pixels.astype("uint8")).save(path)
    begin = runs.Recorder.on_epoch_begin

    def stop(self, epoch, logs=None):
        begin(self, epoch, logs)
        if epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with _replaced(runs.Recorder, "on_epoch_begin", stop):
        with contextlib.suppress(Wrong):  # exit code 130
            command(*_train(photos, stopped))
    assert (stopped / "checkpoint-before.npz").exists()
    finished = shutil.copytree(stopped, folder / "finished")
    code, _, text = command(*_train(photos, finished), "--resume")
    assert code == 0, text
    fit, end = train._fit, train._end
    return {"photos": photos, "fit": fit, "end": end, "folder": folder}


def _train(photos, run):
    return (
        *("train", "--data", photos, "--model", "mini", "--devices", 1),
        *("--batch-size", 4, "--epochs", _EPOCHS, "--checkpoint-steps", 1),
        *("--run-dir", run),
    )


@contextlib.contextmanager
def _replaced(owner, name, value):
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def make(base, rng, folder):
    """Copies a run's folder and changes something in it."""
    goes_on = rng.random() < 0.6
    kind = "stopped" if goes_on or rng.random() < 0.3 else "finished"
    run = shutil.copytree(base["folder"] / kind, folder / "run")
    what = "sound" if rng.random() < 0.02 else change(run, rng, folder)
    really = rng.random() < _REALLY
    before = {path.name: _bytes(path) for path in run.iterdir()}
    own = base["folder"] / kind

    def check():
        if goes_on:
            outcome = _go_on(base, run, really)
        else:
            outcome = _evaluate(run)
        if outcome[0] == "refused" and not really:
            after = {path.name: _bytes(path) for path in run.iterdir()}
            for name in ("checkpoint.npz", "model.keras", "history.csv"):
                if before.get(name) != after.get(name):
                    raise Wrong(f"refused, and {name} was changed")
        elif _is_same(own, before):
            outcome = READ, outcome[1]
        elif what == "sound":
            raise Wrong(f"a sound run is not read: {outcome}")
        return outcome

    way = "resume" if goes_on else "evaluate"
    return Case(f"{way}, {what}", check, writes=("run",))


def _bytes(path):
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return None


def _is_same(own, before):
    return all(_bytes(own / name) == data for name, data in before.items())


def _go_on(base, run, really):
    """Resumes a run; looks at what it goes on with, or lets it train."""
    from alexnet_keras.commands import train
    from alexnet_keras.runs import checkpoints

    seen = []

    def fit(job, work):
        seen.append((job.checkpoint, work))
        if really:
            base["fit"](job, work)
        else:
            work.run.close()

    def end(job, work, seconds):
        if really:
            base["end"](job, work, seconds)

    with (
        _replaced(train, "_fit", fit),
        _replaced(train, "_end", end),
    ):
        code, said, text = command(*_train(base["photos"], run), "--resume")
    if code:
        return refused(text, run)
    if not seen:
        return DAMAGED, f"finished: {said[:80]}"
    checkpoint, work = seen[0]
    if checkpoint is None:
        return DAMAGED, "starts anew"
    if not really:
        wanted = [
            checkpoints.read(base["folder"] / "stopped").variables,
        ]
        number = int(work.model.optimizer.iterations.numpy())
        if not 0 < number < 1000:
            raise Wrong(f"goes on at step {number}")
        same = all(
            np.array_equal(a, b)
            for a, b in zip(wanted[0], checkpoint.variables, strict=True)
        )
        return DAMAGED, "newest" if same else "another"
    return DAMAGED, "trained to the end"


def _evaluate(run):
    """Measures the network of a run."""
    code, said, text = command("evaluate", run)
    if code:
        return refused(text, run)
    if "top-1" not in said:
        raise Wrong(f"exit code 0 and no result: {said[-200:]!r}")
    return DAMAGED, ""
