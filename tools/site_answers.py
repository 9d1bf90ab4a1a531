"""The exercises' answers as text: the right ones, and the usual wrong ones.

A wrong answer is shown as a person would write it: as tests/answers has it, or
its value, where the tests name it or compute it. Of a dictionary only what
differs from the right one is shown. Functions that the tests make out of parts
would say nothing to a reader: of those, what the checker says must do.
"""

import ast
import builtins
import importlib
import inspect
import pprint
import re
import sys
import textwrap
import types
from typing import NamedTuple

import build_notebooks

from alexnet_keras.exercises.core import Exercise

INLINE = 64  # characters of code that stand in a line
LONGEST = 12  # lines of a value
EXERCISES = "alexnet_keras.exercises"
TABLE = """\
`````{{list-table}}
:header-rows: 1
:widths: 40 60

* - answer
  - what the checker says
{rows}
`````"""


class Wrong(NamedTuple):
    """A usual wrong answer, as code or None, and what the checker says."""

    code: str | None
    says: str


class Answers(NamedTuple):
    """An exercise's answers.

    Attributes:
        right: Str, Markdown: an answer as code, and the reasons.
        insight: Str, what the checker says of a right answer.
        hints: Tuple of str.
        wrong: List of `Wrong`.
    """

    right: str
    insight: str
    hints: tuple
    wrong: list

    def in_markdown(self):
        """Returns the wrong answers: short ones, longer ones, only messages."""
        rows, blocks, others = [], [], {}
        for code, told in self.wrong:
            line = _in_a_line(code) if code else None
            if line:
                rows.append(f"* - {line}\n  - {' '.join(told.split())}")
            elif code:
                blocks += [_block(code), told]
            else:
                others[f"- {' '.join(told.split())}"] = None
        parts = [TABLE.format(rows="\n".join(rows))] if rows else []
        parts += blocks
        if others:
            too = ", too" if parts else ""
            parts.append(f"The checker finds these mistakes{too}, and says:")
            parts.append("\n".join(others))
        return "\n\n".join(parts)


def exercises(module):
    """Finds a chapter's exercises and runs their checkers on wrong answers.

    Args:
        module: Str, the name of its module, such as `"stride_and_size"`.

    Returns:
        Dict of `Answers`, by the exercises' names, in their order.
    """
    own = importlib.import_module(f"{EXERCISES}.{module}")
    tests = str(build_notebooks.ROOT / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    answers = importlib.import_module(f"answers.{module}")
    source = Source(answers)
    found = {}
    for name, exercise in vars(own).items():
        if not isinstance(exercise, Exercise):
            continue
        given = [answer for answer, _ in answers.WRONG[name]]
        nodes = source.nodes(name) or [None] * len(given)
        wrong = [
            Wrong(source.shown(node, answer, exercise), says(exercise, answer))
            for node, answer in zip(nodes, given, strict=True)
        ]
        found[name] = Answers(
            right(exercise), exercise.insight, exercise.hints, wrong
        )
    return found


def says(exercise, answer):
    """Returns what a checker says of a wrong answer.

    The verdict is left out, and what the answer was tried with.
    """
    said = re.sub(r"^\*\*.*?\*\* ", "", exercise.check(answer).text)
    return re.sub(r"\s*\(Tried with .*\)$", "", said, flags=re.DOTALL)


def right(exercise):
    """Returns an exercise's answer as code, and its reasons, in Markdown."""
    if callable(exercise.answer):
        return exercise.solution().text
    return f"{_block(_value(exercise.answer))}\n\n{exercise.reasons}"


class Source:
    """The source of a module of tests/answers.

    Args:
        module: The module.
    """

    def __init__(self, module):
        self._text = inspect.getsource(module)
        self._names = vars(module)
        self._made, self._wrong = {}, {}
        for node in ast.parse(self._text).body:
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

    def nodes(self, name):
        """Returns an exercise's wrong answers as they are written.

        Returns:
            List of nodes; empty if the answers are computed.
        """
        return [
            node.right if self._is_change(node) else node
            for node in self._wrong.get(name, [])
        ]

    def shown(self, node, answer, exercise):
        """Returns a wrong answer as a person would write it.

        Args:
            node: Its node, or None.
            answer: Its value.
            exercise: `Exercise`.

        Returns:
            Str, code; None where the code would say nothing to a reader.
        """
        if isinstance(node, ast.Name):
            made = self._made.get(node.id)
            if isinstance(made, ast.FunctionDef):
                node = made
        if node is not None and self._stands_alone(node):
            return self._code(node)
        if callable(answer):
            return None
        code = _value(_differing(answer, exercise.answer))
        is_plain = not re.search(r"array\(|<|=", code)
        return code if is_plain and code.count("\n") < LONGEST else None

    def _is_change(self, node):
        """Says whether a node is a dictionary with something put right."""
        return (
            isinstance(node, ast.BinOp)
            and isinstance(node.left, ast.Name)
            and isinstance(node.right, ast.Dict)
        )

    def _stands_alone(self, node):
        """Says whether code names nothing of the tests or the exercises."""
        own = {
            part.arg if isinstance(part, ast.arg) else part.id
            for part in ast.walk(node)
            if isinstance(part, ast.arg)
            or (isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
        }
        names = {p.id for p in ast.walk(node) if isinstance(p, ast.Name)}
        return all(map(self._is_known, names - own))

    def _is_known(self, name):
        """Says whether a reader knows a name: Python's, or a library's."""
        if name in vars(builtins):
            return True
        thing = self._names.get(name)
        home = getattr(thing, "__module__", None)
        if isinstance(thing, types.ModuleType):
            home = thing.__name__
        return name not in self._made and not f"{home}.".startswith(
            ("None.", "answers.", f"{EXERCISES}.")
        )

    def _code(self, node):
        text = ast.get_source_segment(self._text, node, padded=True)
        return textwrap.dedent(text)


def _differing(answer, right):
    """Returns what of a dictionary is not in the right one."""
    if not (isinstance(answer, dict) and isinstance(right, dict)):
        return answer
    if len(answer) < len(right):
        return answer
    return {
        key: _differing(value, right.get(key))
        for key, value in answer.items()
        if key not in right or value != right[key]
    }


def _value(answer):
    code = pprint.pformat(answer, width=72, sort_dicts=False)
    return code.replace("Ellipsis", "...")


def _in_a_line(code):
    """Returns code for a table; None where it needs lines of its own."""
    line = " ".join(code.split())
    line = re.sub(r"(?<=[(\[{]) | (?=[)\]}])", "", line)
    if len(line) > INLINE or line.startswith("def "):
        return None
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def _block(code):
    return f"```python\n{code}\n```"
