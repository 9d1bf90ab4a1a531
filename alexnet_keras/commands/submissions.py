"""A submitted notebook: its chapter, its exercises, and what came of them."""

import ast
import functools
import pathlib
import re
import warnings
from typing import NamedTuple

import alexnet_keras

CORRECT, NOT_YET, NOT_ATTEMPTED = "correct", "not yet", "not attempted"
ERROR, NOT_RUN = "error", "not run"
OUTCOMES = (CORRECT, NOT_YET, NOT_ATTEMPTED, ERROR, NOT_RUN)


class Chapter(NamedTuple):
    """A chapter: its number, the module of its exercises, and their names."""

    number: int
    module: str
    exercises: tuple


class Verdict(NamedTuple):
    """What came of an exercise; `outcome` is one of `OUTCOMES`."""

    chapter: int
    exercise: str
    outcome: str
    message: str


class Submission(NamedTuple):
    """A notebook's cells of code, and the chapters whose exercises it has."""

    cells: list
    chapters: list


@functools.cache
def chapters():
    """Lists the course's chapters that have exercises.

    Their sources are read and not imported, since that takes TensorFlow.

    Returns:
        List of `Chapter`, in the course's order.
    """
    found = []
    folder = pathlib.Path(alexnet_keras.__file__).parent / "exercises"
    for path in folder.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        number = re.match(
            r"Exercises of chapter (\d+)", ast.get_docstring(tree)
        )
        names = [
            node.targets[0].id
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and getattr(node.value.func, "id", None) == "Exercise"
        ]
        if number:
            found.append(Chapter(int(number[1]), path.stem, tuple(names)))
    return sorted(found)


def read(path):
    """Reads a notebook.

    Args:
        path: Path of a file.

    Returns:
        `Submission`.

    Raises:
        ValueError: If it is no notebook, or has no exercises of the course.
        OSError: If it cannot be read.
    """
    import nbformat

    written = pathlib.Path(path).read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of cells without an id
            text = written.decode("utf-8-sig")
            notebook = nbformat.reads(text, as_version=4)
        cells = [
            "".join(cell.source)
            for cell in notebook.cells
            if cell.cell_type == "code"
        ]
    except Exception as error:  # nbformat's are many, and of many kinds
        raise ValueError("it is no notebook, or a damaged one") from error
    named = _modules(cells)
    own = [chapter for chapter in chapters() if chapter.module in named]
    if not own:
        raise ValueError("it imports no exercises of this course")
    return Submission(cells, own)


def _modules(cells):
    """Finds the words that stand where the exercises are imported."""
    text = re.sub("#.*", "", "\n".join(cells))
    imported = re.findall(
        r"alexnet_keras\.exercises(?:\.(\w+)|\s+import\s*(?:\(([^)]*)\)|(.*)))",
        text,
    )
    return set(re.findall(r"\w+", " ".join(map(" ".join, imported))))


def judge(submission, steps, stopped):
    """Says what came of each exercise of a notebook that was run.

    The verdict is the exercise's own. The cells' text tells only which of them
    should have checked it, for the exercises that have none.

    Args:
        submission: `Submission`.
        steps: List of `kernels.Step`.
        stopped: Str, why there are not as many as cells; else None.

    Returns:
        List of `Verdict`.
    """
    return [
        Verdict(
            chapter.number,
            name,
            *_judge(submission.cells, chapter.module, name, steps, stopped),
        )
        for chapter in submission.chapters
        for name in chapter.exercises
    ]


def _judge(cells, module, name, steps, stopped):
    """Gives an exercise's outcome and its message."""

    def verdict(count):
        """What the exercise said last, after so many cells."""
        known = steps[count - 1].verdicts if count > 0 else {}
        return known.get(module, {}).get(name, (NOT_ATTEMPTED, None))

    outcome, said = verdict(len(steps))
    check = re.compile(rf"^[^#\n]*\b{name}\s*\.\s*check\b", re.MULTILINE)
    places = [place for place, cell in enumerate(cells) if check.search(cell)]
    if outcome != CORRECT and places:
        last = places[-1]
        if last > len(steps):
            return NOT_RUN, f"{stopped}, in code cell {len(steps) + 1}"
        if last == len(steps):
            return ERROR, f"{stopped}, in the cell of this exercise"
        error = steps[last].error
        if error and verdict(last) == verdict(last + 1):
            return ERROR, error
    if said is None:
        return NOT_ATTEMPTED, (
            "its check was not called" if places else "no cell checks it"
        )
    return outcome, re.sub(r"^\*\*.*?\*\*\s*", "", said)
