"""Cuts tests, doctests and notebooks off from every other machine."""

import os
import runpy
from pathlib import Path

import pytest

OFFLINE = Path(__file__).parent / "tests" / "offline"
GUARD = runpy.run_path(str(OFFLINE / "sitecustomize.py"))  # this process
FOLDERS = os.environ.get("PYTHONPATH", "").split(os.pathsep)
if str(OFFLINE) not in FOLDERS:  # and all that it starts
    FOLDERS = filter(None, [str(OFFLINE), *FOLDERS])
    os.environ["PYTHONPATH"] = os.pathsep.join(FOLDERS)


@pytest.fixture(autouse=True)
def reaches_out_only_if_marked(request, monkeypatch):
    """Lets a test that is marked `network` reach other machines."""
    if request.node.get_closest_marker("network"):
        monkeypatch.setenv(GUARD["EXEMPT"], "1")
