"""Tests of a project of their own, which test_offline.py runs."""

import contextlib
import multiprocessing
import subprocess
import sys

import pytest

# UDP's `connect` sends nothing; RFC 5737 gives this address to nobody.
CONNECT = "import socket; socket.socket(type=2).connect(('192.0.2.1', 9))"
COMMAND = [sys.executable, "-c", CONNECT]
COMMAND_OF_A_COMMAND = [
    sys.executable,
    "-c",
    f"import subprocess; subprocess.run({COMMAND}, check=True)",
]


def is_refused(command):
    result = subprocess.run(command, capture_output=True, text=True)
    return "reach no other machine" in result.stderr


def connect():
    with pytest.raises(RuntimeError, match="reach no other machine"):
        exec(CONNECT)


def test_process():
    connect()


@pytest.mark.parametrize("command", [COMMAND, COMMAND_OF_A_COMMAND])
def test_command(command):
    assert is_refused(command)


def test_worker():
    worker = multiprocessing.get_context("spawn").Process(target=connect)
    worker.start()
    worker.join()
    assert worker.exitcode == 0


@pytest.mark.network
def test_marked():
    assert not is_refused(COMMAND)
    with contextlib.suppress(OSError):  # where there is no way out at all
        exec(CONNECT)
