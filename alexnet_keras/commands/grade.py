"""The command `grade`: submitted notebooks, run and judged one by one."""

import collections
import csv
import os
import pathlib
import sys
import time
from typing import NamedTuple

from alexnet_keras import files
from alexnet_keras.commands import kernels, submissions
from alexnet_keras.commands.common import (
    BadInput,
    Failed,
    refuse_existing,
    refused,
)
from alexnet_keras.commands.options import option, positive

_WARNING = (
    "A submitted notebook is a program, and it runs with your rights: it can "
    "read and change your files, use the network, and forge its own outcome. "
    "For notebooks of people whom you do not trust, docs/grading.md has a "
    "command that runs all this in a container, cut off from both."
)
_COLUMNS = ("notebook", "file", "chapter", "exercise", "outcome", "message")


class _Graded(NamedTuple):
    """A notebook, its exercises' verdicts, and why they are not whole."""

    path: str
    verdicts: list
    problem: str | None


def grade_options(parser):
    """Run submitted notebooks and say what came of each exercise."""
    parser.epilog = _WARNING
    text = "notebooks, and folders with notebooks at any depth"
    option(parser, "notebooks", text, metavar="NOTEBOOK", nargs="+")
    text = "write a table with a line for each exercise of each notebook"
    option(parser, "--csv", text, pathlib.Path)
    text = "how long all cells of a notebook may take together"
    limit = {"metavar": "SECONDS"}
    option(parser, "--time-limit", text, positive, 900, **limit)


def grade(options):
    """Grades notebooks; what comes of one does not change the others."""
    if options.csv is not None:
        refuse_existing(options.csv)
    _check_jupyter()
    paths = list(dict.fromkeys(_list(options.notebooks)))
    print(_WARNING, file=sys.stderr)
    all_graded, is_stopped = [], False
    try:
        for number, path in enumerate(paths, 1):
            _say(f"[{number}/{len(paths)}] {path}: ", end="")
            began = time.monotonic()
            all_graded.append(_grade(path, options.time_limit))
            seconds = time.monotonic() - began
            _say(f"{_in_short(all_graded[-1])} ({seconds:.0f} s)")
    except KeyboardInterrupt:
        is_stopped = True
    if all_graded:
        print(_table(all_graded))
        if options.csv is not None:
            with refused(OSError):
                _write(options.csv, all_graded)
            count = len(all_graded)
            print(f"Wrote {options.csv}: {count} notebook{'s' * (count > 1)}")
    if is_stopped:
        raise KeyboardInterrupt(
            f"{len(paths) - len(all_graded)} of {len(paths)} notebooks were "
            "not graded."
        )
    if problems := [each for each in all_graded if each.problem]:
        raise Failed(
            f"{len(problems)} could not be graded, or not to the end:\n  "
            + "\n  ".join(f"{each.path}: {each.problem}" for each in problems)
        )


def _check_jupyter():
    try:
        import jupyter_client  # noqa: F401
        import nbformat  # noqa: F401
    except ImportError as error:
        raise BadInput(
            f"Notebooks cannot be run: there is no {error.name}. Install what "
            'the course needs: pip install -e ".[notebooks]"'
        ) from error


def _list(named):
    """Yields the notebooks that are named, and those in folders."""
    for name in named:
        if not os.path.isdir(name):
            yield name
            continue
        found = [
            os.path.join(folder, file)
            for folder, _, names in os.walk(name)
            for file in names
            if file.endswith(".ipynb")
            and not file.startswith(".")
            and ".ipynb_checkpoints" not in pathlib.Path(folder).parts
        ]
        if not found:
            raise BadInput(f"There is no notebook in the folder {name}.")
        yield from sorted(found)


def _grade(path, limit):
    """Reads a notebook, runs it, and judges it."""
    try:
        submission = submissions.read(path)
    except OSError as error:
        return _Graded(path, [], f"it cannot be read: {files.reason(error)}")
    except ValueError as error:
        return _Graded(path, [], str(error))
    steps, stopped = kernels.run(submission.cells, limit)
    verdicts = submissions.judge(submission, steps, stopped)
    if stopped is None:
        return _Graded(path, verdicts, None)
    where = f"in code cell {len(steps) + 1} of {len(submission.cells)}"
    return _Graded(path, verdicts, f"{stopped}, {where}")


def _say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


def _in_short(graded):
    """Says in a line what came of a notebook's exercises."""
    parts = [f"{each.exercise} {each.outcome}" for each in graded.verdicts]
    return ", ".join([*parts, *([graded.problem] if graded.problem else [])])


def _table(all_graded):
    """Counts the outcomes of each notebook, in a table."""
    rows = [("file", "chapter", *submissions.OUTCOMES)]
    for graded in all_graded:
        counts = collections.Counter(each.outcome for each in graded.verdicts)
        numbers = dict.fromkeys(str(each.chapter) for each in graded.verdicts)
        counted = [str(counts[outcome]) for outcome in submissions.OUTCOMES]
        if not graded.verdicts:
            counted = ["-"] * len(counted)
        rows.append((graded.path, "+".join(numbers) or "-", *counted))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = zip(others, widths[1:], strict=True)
        right = [cell.rjust(width) for cell, width in cells]
        lines.append("  ".join([first.ljust(widths[0]), *right]))
    return "\n".join(lines)


def _write(path, all_graded):
    """Writes a line for each exercise; one, of a notebook that has none."""
    with (
        files.replacing(path) as half,
        open(
            half,
            "w",
            newline="",
            encoding="utf-8-sig",  # by which Excel knows UTF-8
            errors="backslashreplace",
        ) as file,
    ):
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        for graded in all_graded:
            name = pathlib.Path(graded.path).name
            none = ("", "", submissions.NOT_RUN, graded.problem)
            for verdict in graded.verdicts or [none]:
                cells = map(str, (name, graded.path, *verdict))
                rows.writerow(map(_as_text, cells))


def _as_text(cell):
    """Keeps a spreadsheet from taking what strangers wrote for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell
