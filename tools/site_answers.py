"""The exercises' answers as text: the right ones, and the usual wrong ones.

A wrong answer is shown as tests/answers writes it. Of a dictionary in which
the other values are right only what differs is shown.
"""

import ast
import contextlib
import importlib
import inspect
import pprint
import re
import sys
import textwrap
from typing import NamedTuple

import build_notebooks

from alexnet_keras.exercises.core import Exercise

INLINE = 64  # characters of code that stand in a line
TABLE = """\
`````{{list-table}}
:header-rows: 1
:widths: 40 60

* - answer
  - what the checker says
{rows}
`````"""


class Wrong(NamedTuple):
    """A usual wrong answer, as code, and what the checker says of it."""

    code: str
    says: str


class Answers(NamedTuple):
    """An exercise's answers.

    Attributes:
        right: Str, Markdown: an answer as code, and the reasons.
        insight: Str, what the checker says of a right answer.
        hints: Tuple of str.
        wrong: List of `Wrong`.
        named: Str, the code of what the wrong answers name.
    """

    right: str
    insight: str
    hints: tuple
    wrong: list
    named: str

    def in_markdown(self):
        """Returns the wrong answers: what fits a line in a table, then code."""
        short = {wrong: _in_a_line(wrong.code) for wrong in self.wrong}
        rows = [
            f"* - {code}\n  - {' '.join(wrong.says.split())}"
            for wrong, code in short.items()
            if code
        ]
        parts = [TABLE.format(rows="\n".join(rows))] if rows else []
        for wrong, code in short.items():
            if not code:
                parts += [_block(wrong.code), wrong.says]
        if self.named:
            parts += ["What these answers name:", _block(self.named)]
        return "\n\n".join(parts)


def exercises(module):
    """Finds a chapter's exercises and runs their checkers on wrong answers.

    Args:
        module: Str, the name of its module, such as `"stride_and_size"`.

    Returns:
        Dict of `Answers`, by the exercises' names, in their order.
    """
    own = importlib.import_module(f"alexnet_keras.exercises.{module}")
    tests = str(build_notebooks.ROOT / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    answers = importlib.import_module(f"answers.{module}")
    source = Source(inspect.getsource(answers))
    found = {}
    for name, exercise in vars(own).items():
        if not isinstance(exercise, Exercise):
            continue
        given = [answer for answer, _ in answers.WRONG[name]]
        codes = source.codes(name) or [_value(answer) for answer in given]
        wrong = [
            Wrong(code, says(exercise, answer))
            for code, answer in zip(codes, given, strict=True)
        ]
        found[name] = Answers(
            right(exercise),
            exercise.insight,
            exercise.hints,
            wrong,
            source.of_names(codes),
        )
    return found


def says(exercise, answer):
    """Returns what a checker says of a wrong answer, without its verdict."""
    return re.sub(r"^\*\*.*?\*\* ", "", exercise.check(answer).text)


def right(exercise):
    """Returns an exercise's answer as code, and its reasons, in Markdown."""
    if callable(exercise.answer):
        return exercise.solution().text
    code = pprint.pformat(exercise.answer, width=72, sort_dicts=False)
    return f"```python\n{code}\n```\n\n{exercise.reasons}"


class Source:
    """The source of a module of tests/answers.

    Args:
        text: Str.
    """

    def __init__(self, text):
        self._text = text
        self._wrong, self._made = {}, {}
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                self._made[node.name] = node
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    for part in getattr(target, "elts", [target]):
                        self._made[part.id] = node
        wrong = self._made["WRONG"].value
        for key, value in zip(wrong.keys, wrong.values, strict=True):
            if isinstance(key, ast.Constant):
                self._wrong[key.value] = [pair.elts[0] for pair in value.elts]

    def codes(self, name):
        """Returns an exercise's wrong answers as they are written.

        Returns:
            List of str; empty if they are computed.
        """
        return [
            self._code(node.right if self._is_change(node) else node)
            for node in self._wrong.get(name, [])
        ]

    def _is_change(self, node):
        """Says whether a node is a dictionary with something put right."""
        return (
            isinstance(node, ast.BinOp)
            and isinstance(node.left, ast.Name)
            and isinstance(node.right, ast.Dict)
        )

    def _code(self, node):
        text = ast.get_source_segment(self._text, node, padded=True)
        return textwrap.dedent(text)

    def of_names(self, codes):
        """Returns the code of what some answers name, and of what that names.

        Args:
            codes: List of str, expressions.

        Returns:
            Str, in the module's order.
        """
        found, codes = {}, list(codes)
        while codes:
            with contextlib.suppress(SyntaxError):
                for node in ast.walk(ast.parse(codes.pop())):
                    name = getattr(node, "id", None)
                    made = self._made.get(name)
                    if made is not None and made not in found.values():
                        found[name] = made
                        codes.append(self._code(made))
        nodes = sorted(found.values(), key=lambda node: node.lineno)
        return "\n\n".join(map(self._code, nodes))


def _value(answer):
    return repr(answer).replace("Ellipsis", "...")


def _in_a_line(code):
    """Returns code for a table; None where it needs lines of its own."""
    line = " ".join(code.split())
    line = re.sub(r"(?<=[(\[{]) | (?=[)\]}])", "", line)
    if len(line) > INLINE:
        return None
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def _block(code):
    return f"```python\n{code}\n```"
