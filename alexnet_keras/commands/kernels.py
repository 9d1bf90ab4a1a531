"""Runs a submitted notebook's cells in a kernel of their own.

The kernel is a child process with the rights of who started it. What it cannot
do is hold up who waits for it, install packages by accident, or overwrite what
lies beside the notebook: it works in a temporary folder, which is removed, and
when it ends or its time is up it is killed with all that it has started.
"""

import ast
import contextlib
import json
import os
import pathlib
import queue
import re
import subprocess
import tempfile
import time
from typing import NamedTuple

from alexnet_keras import datasets
from alexnet_keras.commands import verdicts

_TICK = 0.5  # seconds between two looks whether the kernel is alive
_CALL = f"__import__({verdicts.__name__!r}, fromlist=['*'])"


class Step(NamedTuple):
    """What came of a cell: an error in a line, or None; and the verdicts.

    The verdicts are a dict by the exercises' module and by their names; the
    values are pairs of an outcome and a message.
    """

    error: str | None
    verdicts: dict


class Stopped(Exception):
    """The kernel ended, or was ended, before the last cell."""


def run(cells, seconds):
    """Runs cells of code, one after the other, whether they fail or not.

    Args:
        cells: List of str.
        seconds: How long all may take together.

    Returns:
        List of a `Step` for each cell that was run to its end, and None or, if
        that is not all of them, a str that says why.
    """
    steps = []
    deadline = time.monotonic() + seconds
    try:
        with _kernel() as execute:
            execute("", deadline, f"{_CALL}.begin()")
            for cell in cells:
                reply, _ = execute(cell, deadline)
                _, found = execute("", deadline, f"{_CALL}.verdicts()")
                known = steps[-1].verdicts if steps else {}
                steps.append(Step(_error(reply), _read(found, known)))
    except Stopped as stopped:
        return steps, str(stopped)
    except TimeoutError:
        return steps, f"the time limit of {seconds} s was reached"
    except Exception as error:  # a kernel can be made to answer anything
        told = " ".join(f"{type(error).__name__}: {error}".split())
        return steps, f"the kernel could not be used any more: {told[:500]}"
    return steps, None


def _error(reply):
    """Gives a cell's exception in a line, None if there was none."""
    if reply["status"] == "ok":
        return None
    told = f"{reply.get('ename')}: {reply.get('evalue')}"
    # as IPython 7 on Python 3.13 calls a cell that breaks off
    told = re.sub("^_IncompleteInputError", "SyntaxError", told)
    told = re.sub(r"\(\d+\.py, line", "(line", told)  # a cell's, by number
    return " ".join(told.split())[:500]


def _read(found, known):
    """Reads what `verdicts` gave; what was known, where it gave nothing.

    A notebook can do to it what it likes: whatever is no table of ours is
    none.
    """
    try:
        told = json.loads(ast.literal_eval(found["data"]["text/plain"]))
        return {
            module: {
                name: (str(outcome), None if said is None else str(said))
                for name, (outcome, said) in exercises.items()
            }
            for module, exercises in told.items()
        }
    except (AttributeError, KeyError, SyntaxError, TypeError, ValueError):
        return known


@contextlib.contextmanager
def _kernel():
    """Starts a kernel; gives a function that runs code in it, and waits.

    The function takes code, a deadline and an expression. It returns the
    kernel's reply and the expression's value, as Jupyter tells them. What the
    code prints is asked for by nobody, so however much it is, it is dropped.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import KernelManager

    with tempfile.TemporaryDirectory(
        prefix="alexnet-keras-grade-", ignore_cleanup_errors=True
    ) as folder:
        folder = pathlib.Path(folder)
        for name in ("work", "temporary", "ipython"):
            (folder / name).mkdir()
        environment = _environment(folder)
        manager = KernelManager(
            # with no folders to look in, it is this Python's own kernel
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            connection_file=str(folder / "connection.json"),
        )
        client = pid = None
        try:
            manager.start_kernel(
                cwd=str(folder / "work"),
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            pid = manager.provisioner.pid
            client = manager.client()
            client.start_channels(
                shell=True, iopub=False, stdin=False, hb=False, control=False
            )

            def execute(code, deadline, expression="None"):
                return _execute(manager, client, code, deadline, expression)

            yield execute
        finally:
            if client is not None:
                client.stop_channels()
            if pid is not None:
                _kill(pid, environment)
                manager.shutdown_kernel(now=True)
            manager.cleanup_resources()


def _environment(folder):
    """Gives a kernel's environment variables."""
    temporary = str(folder / "temporary")
    return {
        **os.environ,
        # a relative path would mean another place in another folder
        "ALEXNET_KERAS_DATA": str(datasets.data_dir().absolute()),
        "IPYTHONDIR": str(folder / "ipython"),  # no history, no start-up files
        # a Python that is none, so that `!pip` ends before it does a thing
        "PIP_PYTHON": "none, since notebooks are graded",
        "TMPDIR": temporary,
        "TEMP": temporary,
        "TMP": temporary,
    }


def _execute(manager, client, code, deadline, expression):
    sent = client.execute(
        code,
        store_history=bool(code),
        user_expressions={"value": expression},
        allow_stdin=False,  # `input()` raises
        stop_on_error=False,
    )
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            reply = client.get_shell_msg(timeout=min(left, _TICK))
        except queue.Empty:
            if not manager.is_alive():
                raise Stopped(
                    "the kernel died: a cell ended it, or memory ran out"
                ) from None
            continue
        if reply["parent_header"].get("msg_id") == sent:
            content = reply["content"]
            return content, content.get("user_expressions", {}).get("value")


def _kill(pid, environment):
    """Kills a kernel and what it has started.

    What has lost its parent is known by the kernel's own folder, which stands
    in the environment that it was given.
    """
    import psutil

    mark = "IPYTHONDIR"
    found = []
    with contextlib.suppress(psutil.Error):
        found = psutil.Process(pid).children(recursive=True)
    for process in [*found, *psutil.process_iter()]:
        with contextlib.suppress(psutil.Error, OSError):
            own = process.environ().get(mark) == environment[mark]
            if own or process in found:
                process.kill()
