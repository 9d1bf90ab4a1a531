"""No test and no notebook reaches another machine, nor can it."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
REFUSED = "reach no other machine"
# Addresses for documents (RFC 5737 and 3849): nobody has them. The sockets are
# UDP's, whose `connect` sends nothing, even if the guard should fail.
V4, V6 = ("192.0.2.1", 9), ("2001:db8::1", 9)
REACHING_OUT = {
    "connect": lambda udp: udp.connect(V4),
    "connect by IPv6": lambda udp: udp.connect(V6),
    "connect without an error": lambda udp: udp.connect_ex(V4),
    "send": lambda udp: udp.sendto(b"", V4),
    "send a message": lambda udp: udp.sendmsg([b""], [], 0, V4),
    "listen": lambda udp: udp.bind(("0.0.0.0", 0)),
    "listen on all addresses": lambda udp: udp.bind(("", 0)),
    "look up": lambda udp: socket.getaddrinfo("host.invalid", 80),
    "look up in bytes": lambda udp: socket.getaddrinfo(b"host.invalid", 80),
    "look up the older way": lambda udp: socket.gethostbyname("host.invalid"),
    "look up backwards": lambda udp: socket.gethostbyaddr(V4[0]),
    "look up backwards, newer": lambda udp: socket.getnameinfo(V4, 0),
}


@pytest.mark.parametrize("way", REACHING_OUT)
def test_a_test_reaches_no_other_machine(way):
    family = socket.AF_INET6 if "IPv6" in way else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        with pytest.raises(RuntimeError, match=REFUSED):
            REACHING_OUT[way](udp)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_loopback_is_open(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        server = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with server, socket.create_connection(server.getsockname()[:2]) as client:
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"here")
            assert accepted.recv(4) == b"here"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix")
def test_sockets_within_the_machine_are_open(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("here")
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("here")


@pytest.fixture
def project(tmp_path):
    """A project of its own that has our guard, attempts and a notebook."""
    offline = ROOT / "tests" / "offline"
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copytree(offline, tmp_path / "tests" / "offline")
    shutil.copy(offline / "attempts.py", tmp_path / "tests" / "test_inner.py")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = network: out\n")
    cell = nbformat.v4.new_code_cell(
        "import socket\n"
        "try:\n"
        f"    socket.socket(type=socket.SOCK_DGRAM).connect({V4})\n"
        "except RuntimeError as error:\n"
        f"    print({REFUSED!r} in str(error))",
        outputs=[nbformat.v4.new_output("stream", text="True\n")],
        execution_count=1,
    )
    (tmp_path / "notebooks").mkdir()
    nbformat.write(
        nbformat.v4.new_notebook(cells=[cell]),
        tmp_path / "notebooks" / "attempt.ipynb",
    )
    return tmp_path


def outcomes_of(project, *arguments):
    """Runs pytest in a project, and returns its last line."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )
    return result.stdout.splitlines()[-1]


def test_what_tests_and_notebooks_start_is_held_too(project):
    options = ["-n1", "--nbval", "--nbval-current-env"]
    last = outcomes_of(project, *options, "tests", "notebooks")
    assert "6 passed" in last


def test_without_the_guard_each_attempt_would_be_noticed(project):
    (project / "tests" / "offline" / "sitecustomize.py").write_text(
        "EXEMPT = 'NOTHING'"
    )
    last = outcomes_of(project, "--nbval", "--nbval-current-env")
    assert "5 failed, 1 passed" in last  # the marked one
