"""Runs Node.js, which computes as a browser does."""

import json
import shutil
import subprocess


def program():
    """Finds node: the system's, or the one that playwright brings."""
    if found := shutil.which("node"):
        return found
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError:
        raise SystemExit("node is not found. Install Node.js.") from None
    return compute_driver_executable()[0]


def answer(*arguments, given=None, folder=None):
    """Runs a script that prints JSON.

    Args:
        *arguments: Str, those of node, such as a script's path.
        given: Anything that JSON can say, for the script to read.
        folder: Path, where it runs.

    Returns:
        What it printed, by way of JSON.

    Raises:
        RuntimeError: If the script fails; it has what was printed of it.
    """
    run = subprocess.run(
        [program(), *map(str, arguments)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=folder,
    )
    if run.returncode:
        raise RuntimeError(run.stderr)
    return json.loads(run.stdout)
