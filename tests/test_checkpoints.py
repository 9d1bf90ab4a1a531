"""A run that is killed goes on as if nothing had happened: bit for bit."""

import errno
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from alexnet_keras.commands import main, train
from alexnet_keras.runs import checkpoints

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")

# Runs a command and kills itself: when the clock, or the count of the arrays
# written and of the files moved into place, says so.
CHILD = """
import os, signal, sys, threading, zipfile

kind, moment = sys.argv[1], float(sys.argv[2])
events = 0


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def counted(function):
    def call(*args, **kwargs):
        global events
        events += 1
        if kind == "event" and events > moment:
            die()
        if kind == "clock" and events == 1:  # run.json: training begins
            threading.Timer(moment, die).start()
        return function(*args, **kwargs)
    return call


os.replace = counted(os.replace)
zipfile.ZipFile.open = counted(zipfile.ZipFile.open)

from alexnet_keras.commands import main

sys.exit(main(sys.argv[3:]))
"""


def command(photos, folder, *more, epochs=3):
    """Trains the small network, dropout and colour noise on.

    On one device, since `slow` has the kills of two replicas.
    """
    settings = {
        "data": photos,
        "model": "mini",
        "batch-size": 8,
        "epochs": epochs,
        "checkpoint-steps": 1,
        "run-dir": folder,
        "devices": 1,
    }
    words = [(f"--{name}", str(value)) for name, value in settings.items()]
    return ["train", *(word for pair in words for word in pair), *more]


def kill(moments, arguments):
    """Runs and resumes a command, killed at each moment in turn."""
    for kind, moment in moments:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, kind, str(moment), *arguments],
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        if "--resume" not in arguments:
            arguments = [*arguments, "--resume"]
    return arguments


@pytest.fixture(scope="module")
def whole(photos, tmp_path_factory):
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert main(command(photos, folder)) == 0
    return folder


@pytest.fixture(scope="module")
def killed(photos, tmp_path_factory):
    """A run killed in its second epoch, while it wrote a checkpoint."""
    folder = tmp_path_factory.mktemp("killed") / "run"
    # 59 arrays a checkpoint, and in between a model and a history
    kill([("event", 400)], command(photos, folder))
    return folder


@pytest.fixture
def stopped(killed, tmp_path):
    """A copy of that run's folder."""
    return shutil.copytree(killed, tmp_path / "run")


def test_a_killed_run_ends_as_if_it_had_not_been(
    photos, whole, stopped, capsys, assert_equal_runs
):
    assert list(stopped.glob("new-*"))  # half a checkpoint
    assert main(command(photos, stopped, "--resume")) == 0
    assert "Resuming from epoch 2, step" in capsys.readouterr().out
    assert_equal_runs(whole, stopped)
    facts = json.loads((stopped / "run.json").read_text())
    assert len(facts["resumed"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("devices", ["1", "2"])
def test_twenty_kills_leave_no_trace(
    photos, tmp_path, devices, assert_equal_runs
):
    rng = np.random.default_rng(3)
    moments = [("event", rng.integers(1, 200)) for _ in range(12)]
    moments += [("clock", rng.uniform(0, 8)) for _ in range(8)]
    rng.shuffle(moments)
    more = ("--devices", devices)
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    assert main(command(photos, whole, *more, epochs=120)) == 0
    arguments = kill(moments, command(photos, folder, *more, epochs=120))
    assert main(arguments) == 0
    assert_equal_runs(whole, folder)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    photos, whole, stopped, capsys, assert_equal_runs
):
    newest = stopped / checkpoints.NEWEST
    damaged = bytearray(newest.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    newest.write_bytes(damaged)
    assert main(command(photos, stopped, "--resume")) == 0
    said = capsys.readouterr().out
    assert f"{newest} is damaged" in said
    assert "The one before is used." in said
    assert_equal_runs(whole, stopped)


def test_a_checkpoint_that_is_not_finite_gives_way_to_the_one_before(
    photos, whole, stopped, capsys, assert_equal_runs
):
    newest = stopped / checkpoints.NEWEST
    with np.load(newest) as file:
        arrays = dict(file)
    arrays["variable-0003"] = arrays["variable-0003"] * np.nan
    np.savez(newest, **arrays)
    assert main(command(photos, stopped, "--resume")) == 0
    said = capsys.readouterr().out
    assert f"{newest} cannot be used: its weights are not finite" in said
    assert "The one before is used." in said
    assert_equal_runs(whole, stopped)


def facts_of(change):
    def write(arrays):
        facts = json.loads(arrays["facts"].tobytes())
        change(facts)
        text = json.dumps(facts).encode()
        arrays["facts"] = np.frombuffer(text, np.uint8)

    return write


def test_an_identity_may_be_empty(stopped):
    """As in chapter 10."""
    newest = stopped / checkpoints.NEWEST
    with np.load(newest) as file:
        arrays = dict(file)
    facts_of(lambda facts: facts.update(identity={}))(arrays)
    np.savez(newest, **arrays)
    assert checkpoints.read(stopped).identity == {}


SENSELESS = {  # what is another in a checkpoint that is whole, and what is said
    "rows of other columns": (
        facts_of(lambda facts: facts["rows"].append({"epoch": 1})),
        "its facts make no sense",
    ),
    "words for numbers": (
        facts_of(lambda facts: facts.update(rows=[{"loss": "low"}])),
        "its facts make no sense",
    ),
    "no identity": (
        facts_of(lambda facts: facts.update(identity=[])),
        "its facts make no sense",
    ),
    "deep facts": (
        lambda arrays: arrays.update(
            facts=np.frombuffer(b"[" * 100_000, np.uint8)
        ),
        "recursion",
    ),
    "text": (
        lambda arrays: arrays.update({"variable-0003": np.array(["a"])}),
        "variable-0003 holds no numbers",
    ),
    "other metrics": (
        lambda arrays: arrays.update({"metric-0000": np.zeros(7)}),
        "its metrics are not those of its replicas",
    ),
}


@pytest.mark.parametrize("what", SENSELESS)
def test_a_checkpoint_that_makes_no_sense_gives_way_to_the_one_before(
    stopped, what
):
    change, why = SENSELESS[what]
    newest, said = stopped / checkpoints.NEWEST, []
    with np.load(newest) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(newest, **arrays)
    found = checkpoints.read(stopped, said.append)
    assert found.path == stopped / checkpoints.BEFORE
    (line,) = said
    assert line.startswith(f"{newest} is damaged: ")
    assert why in line


@pytest.mark.parametrize("damaged", [b"", b"{", None])
def test_a_run_goes_on_without_its_run_json(
    photos, stopped, damaged, monkeypatch
):
    path = stopped / "run.json"
    path.unlink() if damaged is None else path.write_bytes(damaged)
    seen = []
    monkeypatch.setattr(train, "_fit", lambda job, work: seen.append(work))
    monkeypatch.setattr(train, "_end", lambda job, work, seconds: None)
    assert main(command(photos, stopped, "--resume")) == 0
    assert seen[0].checkpointer.place.startswith("epoch 2, step")
    seen[0].run.close()
    assert json.loads(path.read_text())["status"] == "running"


# NumPy 2.1's savez leaves its archive open when it fails.
@pytest.mark.filterwarnings(
    "ignore:.*ZipFile.__del__:pytest.PytestUnraisableExceptionWarning"
)
def test_a_full_disk_leaves_the_last_good_checkpoint(
    photos, whole, stopped, capsys, monkeypatch, assert_equal_runs
):
    good = (stopped / checkpoints.NEWEST).read_bytes()
    write = zipfile.ZipFile.open

    def fill(archive, name, mode="r", **options):
        if mode == "w" and "variable-0009" in str(name):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(archive, name, mode, **options)

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "open", fill)
        assert main(command(photos, stopped, "--resume")) == 2
    assert "There is no space left" in capsys.readouterr().err
    assert (stopped / checkpoints.NEWEST).read_bytes() == good
    assert not list(stopped.glob("new-*"))
    assert main(command(photos, stopped, "--resume")) == 0
    assert_equal_runs(whole, stopped)
    gc.collect()  # the archive's complaint comes here


@pytest.mark.parametrize("half", [b"", b"PK", "cut"])
def test_two_damaged_checkpoints_end_with_an_error(
    photos, stopped, capsys, half
):
    for name in (checkpoints.NEWEST, checkpoints.BEFORE):
        path = stopped / name
        path.write_bytes(path.read_bytes()[:9999] if half == "cut" else half)
    before = {path: path.read_bytes() for path in stopped.iterdir()}
    assert main(command(photos, stopped, "--resume")) == 2
    said = capsys.readouterr().err
    assert "No checkpoint can be used" in said
    assert said.count("is damaged") == 2
    assert {path: path.read_bytes() for path in stopped.iterdir()} == before


@pytest.mark.parametrize(
    ("more", "difference"),
    [
        ("--seed 1", "seed: 0 there, 1 here"),
        ("--learning-rate 0.1", "learning_rate: 0.013 there, 0.1 here"),
        ("--recipe paper", "schedule: 'cosine' there, 'steps' here"),
        ("--epochs 9", "epochs: 3 there, 9 here"),
        ("--devices 2", "replicas: 1 there, 2 here"),
        ("--precision mixed_bfloat16", "precision: 'float32' there"),
        ("--input-size 80", "input size: 64 there, 80 here"),
        ("--model one-tower --input-size 67", "model: 'mini' there"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(
    photos, stopped, capsys, more, difference
):
    before = {path: path.read_bytes() for path in stopped.iterdir()}
    more = ("--resume", *more.split())
    assert main(command(photos, stopped, *more)) == 2
    said = capsys.readouterr().err
    assert difference in said
    assert str(stopped / checkpoints.NEWEST) in said
    assert {path: path.read_bytes() for path in stopped.iterdir()} == before


def test_a_checkpoint_of_other_data_is_refused(
    photos, stopped, tmp_path, capsys
):
    other = shutil.copytree(photos, tmp_path / "other")
    (other / "red" / "1.jpg").unlink()
    assert main(command(other, stopped, "--resume")) == 2
    assert "The pictures are not those that" in capsys.readouterr().err


def test_nothing_to_resume_starts_anew_and_a_finished_run_is_left(
    photos, whole, tmp_path, capsys, assert_equal_runs
):
    folder = tmp_path / "run"
    assert main(command(photos, folder, "--resume")) == 0
    assert "training starts anew" in capsys.readouterr().out
    assert_equal_runs(whole, folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert main(command(photos, folder, "--resume")) == 0
    assert "nothing is left to do" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_run_without_a_name_resumes_the_last_of_its_kind(
    photos, whole, killed, tmp_path, monkeypatch, capsys, assert_equal_runs
):
    monkeypatch.chdir(tmp_path)
    kind = f"{photos.name}-mini"
    for number in (1, 2):
        shutil.copytree(killed, tmp_path / "runs" / f"{kind}-{number}")
    arguments = command(photos, "", "--resume")
    place = arguments.index("--run-dir")
    assert main(arguments[:place] + arguments[place + 2 :]) == 0
    assert_equal_runs(whole, tmp_path / "runs" / f"{kind}-2")


def test_ctrl_c_ends_with_130_and_its_command_goes_on(
    photos, whole, tmp_path, capsys, monkeypatch, assert_equal_runs
):
    folder = tmp_path / "run"
    arguments = command(photos, folder)
    arguments[arguments.index("--checkpoint-steps") + 1] = "3"
    write = checkpoints.Checkpointer.save

    def save(checkpointer):  # at the first checkpoint, and not again
        write(checkpointer)
        patch.undo()
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpointer, "save", save)
        assert main(arguments) == 130
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert f"{folder} keeps the state at " in said
    facts = json.loads((folder / "run.json").read_text())
    assert facts["status"] == "interrupted"
    typed = said.splitlines()[-1].split()
    assert typed[:2] == ["alexnet-keras", "train"]
    assert main(typed[1:]) == 0
    assert_equal_runs(whole, folder)


def test_a_folder_of_something_else_is_left_alone(photos, tmp_path, capsys):
    (tmp_path / "new-1-book.txt").write_text("Chapter 1")
    (tmp_path / "notes.txt").write_text("Dear diary")
    for more in ([], ["--resume"]):
        assert main(command(photos, tmp_path, *more)) == 2
        assert "holds other files" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 2


def test_of_two_commands_one_gets_the_run(photos, stopped, capsys):
    import filelock

    with filelock.FileLock(stopped / ".lock"):
        assert main(command(photos, stopped, "--resume")) == 2
    assert "in use" in capsys.readouterr().err
