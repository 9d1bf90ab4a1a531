"""The fuzzer: a short run of each kind, and that it would notice harm."""

import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from fuzz import __main__ as fuzz
from fuzz import damage, journal, pool, trying

SHORT = {"pictures": 300, "weights": 60, "graphs": 40, "runs": 30, "lines": 3}
TESTS = pathlib.Path(__file__).parent


def run(folder, *arguments):
    """Runs the fuzzer as `make fuzz` does."""
    folders = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "fuzz", "--folder", folder, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="its limits are POSIX")
@pytest.mark.parametrize("kind", SHORT)
def test_bad_input_is_read_rightly_or_refused(kind, tmp_path):
    done = run(tmp_path, "--only", kind, "--count", str(SHORT[kind]))
    assert done.returncode == 0, done.stdout[-3000:]
    (path,) = tmp_path.glob("journal-*")
    results = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(results) == SHORT[kind]
    assert trying.REFUSED in path.read_text()


def test_the_kinds_are_those_that_are_tried_shortly():
    assert set(SHORT) == set(fuzz.KINDS)


# --- it would notice


def raises():
    raise KeyError("of somebody's")


def write(folder):
    (folder / "new-1-half").write_text("half")
    return trying.READ, ""


def change(folder):
    (folder / "own").write_text("other")
    return trying.READ, ""


def no_path():
    error = ValueError("it is damaged")
    return trying.refused(error, pathlib.Path("a.onnx"))


def a_terminal(folder):
    return trying.refused(f"{folder / 'a'} is damaged: \x1b[2J", folder / "a")


@pytest.fixture(scope="module")
def guard():
    return trying.Guard()


def allocate():
    np.ones(2**25, np.uint32).sum()  # an eighth of a gigabyte
    return trying.READ, ""


HARM = {
    "another exception": (lambda folder: raises(), "KeyError: .of somebody"),
    "a file left half": (write, "wrote or changed new-1-half; left new-1-half"),
    "a file that was changed": (change, "wrote or changed own"),
    "a command": (
        lambda folder: ("", os.system("true")),
        "ran code: os.system",
    ),
    "a secret": (
        lambda folder: open(folder.parent / trying.SECRET),
        f"opened .*{trying.SECRET}",
    ),
    "a file elsewhere": (
        lambda folder: ("", (folder.parent / "canary").write_text("")),
        "opened .*canary",
    ),
    "no path": (lambda folder: no_path(), "no path in the message"),
    "a terminal": (a_terminal, "cannot be shown"),
    "an exit": (lambda folder: sys.exit(3), "SystemExit: 3"),
    "much memory": (lambda folder: allocate(), "took 0.1 GB"),
}


@pytest.mark.parametrize("what", HARM)
def test_harm_is_a_failure(tmp_path, guard, what, monkeypatch):
    does, said = HARM[what]
    monkeypatch.setattr(trying, "GIGABYTES", 0.1)
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "own").write_text("own")
    case = trying.Case("harm", lambda: does(folder))
    found = trying.attempt(case, folder, guard)
    assert found["outcome"] == trying.FAILED
    assert re.search(said, found["told"])


def test_what_is_allowed_is_no_failure(tmp_path, guard):
    def check():
        (tmp_path / "out").write_text("written")
        return trying.READ, ""

    case = trying.Case("none", check, writes=("out",))
    found = trying.attempt(case, tmp_path, guard)
    assert found["outcome"] == trying.READ, found


KIND = """
import os, time
from fuzz.trying import READ, Case

def start(folder):
    pass

def make(base, rng, folder):
    (folder / "file").touch()
    does = [lambda: (READ, ""), lambda: os.abort(), lambda: time.sleep(99)]
    return Case("a kind", does[int(os.environ["DOES"])])
"""


@pytest.mark.parametrize(
    ("does", "said"), [("1", "ended with -6"), ("2", "no answer within 2")]
)
@pytest.mark.skipif(os.name == "nt", reason="its signals are POSIX")
def test_a_crash_and_a_hang_are_failures_and_are_kept(
    tmp_path, monkeypatch, does, said
):
    folder = tmp_path / "kinds"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import fuzz\nfuzz.__path__.append(" + repr(str(folder)) + ")\n"
    )
    (folder / "own.py").write_text(KIND)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("DOES", does)
    found = []
    pool.try_all("own", 0, [7], tmp_path, 1, 2, found.append)
    (result,) = found
    assert result["outcome"] == trying.FAILED
    assert said in result["told"]
    assert (tmp_path / "failures" / "own-0-7" / "file").exists()


# --- it goes on, and it is the same again


def test_a_journal_goes_on_after_a_line_that_was_cut_off(tmp_path):
    path = tmp_path / "journal"
    own = {"kind": "a", "what": "b", "outcome": trying.REFUSED, "told": "c"}
    first = journal.Journal(path)
    first.write({**own, "number": 1})
    path.write_text(path.read_text() + '{"kind": "a", "num')
    again = journal.Journal(path)
    again.write({**own, "number": 2, "outcome": trying.FAILED})
    third = journal.Journal(path)
    assert third.results.keys() == {("a", 1), ("a", 2)}
    assert [one["number"] for one in third.failed()] == [2]
    text = journal.table([*third.results.values()])
    assert "| a | 2 | 0 | 0 | 1 | 1 |" in text


@pytest.mark.parametrize("way", damage.WAYS)
def test_damage_is_the_same_for_the_same_seed(way):
    data = bytes(range(256)) * 8
    one, other, another = (
        damage.WAYS[way](data, np.random.default_rng(seed))
        for seed in (3, 3, 4)
    )
    assert one == other
    if "text" not in way and "lines" not in way:
        assert one != data
        assert one != another
