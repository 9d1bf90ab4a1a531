"""What `make` does, in a folder of its own and with a Python that fakes pip."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    os.name == "nt" or not shutil.which("make"), reason="needs make"
)

FAKE_PYTHON = """#!/bin/sh
# A Python whose `-m venv` makes another one, and whose pip can be told to fail.
case "$*" in
    *version_info*) echo "$0" ;;
    *"-m venv"*) for folder; do :; done; mkdir -p $folder/bin
        cp "$0" $folder/bin/python; cp "$0" $folder/bin/ruff ;;
    *"--version"*) ;;
    *"-m pip install"*) echo "$*" >> log; case "$*" in *$FAIL*) exit 3;; esac ;;
esac
"""


@pytest.fixture
def make(tmp_path):
    """Runs make in a folder of its own, with a Python that installs nothing."""
    pins = ("requirements.txt", "requirements-oldest.txt")
    for name in ("Makefile", "pyproject.toml", *pins):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)

    def run(*arguments, fail="nothing", python=python):
        (tmp_path / "log").unlink(missing_ok=True)
        environment = {"PATH": os.environ["PATH"], "FAIL": fail}
        result = subprocess.run(
            ["make", f"PYTHON={python}", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        log = tmp_path / "log"
        result.installs = log.read_text().splitlines() if log.exists() else []
        return result

    run.folder = tmp_path
    return run


def test_make_installs_in_two_steps_and_once(make):
    result = make("environment")
    assert result.returncode == 0, result.stderr
    assert result.installs == [
        "-m pip install --require-hashes -r requirements.txt",
        "-m pip install --no-deps -e .",
    ]
    assert make("environment").installs == []


def test_make_installs_again_when_the_requirements_are_newer(make):
    make("environment")
    stamp = make.folder / ".venv" / ".installed"
    later = stamp.stat().st_mtime + 1
    os.utime(make.folder / "requirements.txt", (later, later))
    assert len(make("environment").installs) == 2


@pytest.mark.parametrize("step", ["--require-hashes", "--no-deps"])
def test_make_takes_half_an_installation_for_none(make, step):
    assert make("environment", fail=step).returncode != 0
    assert not (make.folder / ".venv" / ".installed").exists()
    assert make("environment").installs[-1].endswith("--no-deps -e .")


def test_make_says_in_one_line_which_python_it_needs(make):
    result = make("environment", python="/nowhere/python3")
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert "Python 3.11, 3.12 or 3.13" in line
    assert "/nowhere/python3" in line
    assert not (make.folder / ".venv").exists()


def test_the_oldest_versions_have_an_environment_of_their_own(make):
    python = make.folder / "python"
    result = make("test-oldest", f"PYTHON_OLDEST={python}")
    assert result.returncode == 0, result.stderr
    assert result.installs == [
        "-m pip install --require-hashes -r requirements-oldest.txt",
        "-m pip install --no-deps -e .",
    ]
    assert not (make.folder / ".venv").exists()
    tests, notebooks = re.findall("^(.*) -m pytest .*", result.stdout, re.M)
    assert tests == notebooks == ".venv-oldest/bin/python"
    make("clean")
    assert not (make.folder / ".venv-oldest").exists()


def test_make_says_in_one_line_which_python_the_oldest_versions_need(make):
    result = make("test-oldest", "PYTHON_OLDEST=/nowhere/python3.13")
    assert result.returncode == 2
    told, _ = result.stderr.splitlines()  # and make's own
    assert told.startswith("Python 3.13 with its venv module is needed")
    assert "Tried: /nowhere/python3.13." in told
    assert "make test-oldest PYTHON_OLDEST=" in told
    assert not (make.folder / ".venv-oldest").exists()


def test_make_passes_options_on_to_the_command(make):
    result = make("-n", "train", "ARGS=--epochs 3")
    assert "/alexnet-keras train " in result.stdout
    assert result.stdout.rstrip().endswith(" --epochs 3")


def test_make_alone_lists_every_target(make):
    listed = re.findall(r"^make ([a-z-]+) ", make().stdout, re.MULTILINE)
    phony = re.findall(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.M)
    assert listed == phony
