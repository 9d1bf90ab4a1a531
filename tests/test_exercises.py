"""Every exercise of the course: right, missing, wrong and senseless answers."""

import importlib
import pkgutil
import re

import keras
import numpy as np
import pytest

from alexnet_keras import exercises, networks, shapes
from alexnet_keras.exercises import core, stride_and_size

MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(exercises.__path__)
    if module.name != "core"
)


def _exercises(module):
    names = vars(
        importlib.import_module(f"alexnet_keras.exercises.{module}")
    ).items()
    return {n: v for n, v in names if isinstance(v, core.Exercise)}


ALL = {
    f"{module}.{name}": exercise
    for module in MODULES
    for name, exercise in _exercises(module).items()
}


def _answers(module):
    """Finds a chapter's wrong answers and its other right ones."""
    return importlib.import_module(f"answers.{module}")


# For each exercise, wrong answers and a phrase of the message each gets.
WRONG = {
    f"{module}.{name}": wrong
    for module in MODULES
    for name, wrong in _answers(module).WRONG.items()
}


@pytest.mark.parametrize("name", ALL)
def test_the_solution_is_correct_and_shown(name):
    exercise = ALL[name]
    assert exercise.check(exercise.answer).outcome == core.CORRECT
    assert exercise.insight in exercise.check(exercise.answer).text
    assert exercise.reasons in exercise.solution().text


@pytest.mark.parametrize("name", ALL)
def test_placeholders_are_not_attempted(name):
    exercise = ALL[name]
    for placeholder in (exercise.placeholder, ..., None):
        assert exercise.check(placeholder).outcome == core.NOT_ATTEMPTED
    assert exercise.check().outcome == core.NOT_ATTEMPTED


@pytest.mark.parametrize("name", ALL)
def test_wrong_answers_are_named(name):
    texts = set()
    for answer, phrase in WRONG[name]:
        message = ALL[name].check(answer)
        assert message.outcome == core.NOT_YET
        assert phrase in message.text
        assert "could not be checked" not in message.text
        texts.add(message.text)
    assert len(texts) == len(WRONG[name]) >= 2


@pytest.mark.parametrize("name", ALL)
def test_senseless_answers_are_never_correct_and_never_raise(name):
    junk = [0, -1, 1e99, float("nan"), "", "55", b"x", [], {}, set(), [[]]]
    junk += [object(), print, int, ValueError(), range(3), {6400: 1, 9216: {}}]
    junk += [np.zeros((3, 3)), [(np.zeros(3),) * 3] * 3, [("a", {}, None)] * 3]
    junk += [lambda *arguments: 1 / 0, dict.fromkeys(stride_and_size.KEYS, "x")]
    for answer in junk:
        assert ALL[name].check(answer).outcome != core.CORRECT


@pytest.mark.parametrize("name", ALL)
def test_hints_come_one_by_one(name):
    exercise = ALL[name]
    texts = [exercise.hint().text for _ in exercise.hints]
    for hint, text in zip(exercise.hints, texts, strict=True):
        assert hint in text
    assert exercise.hint().text == texts[-1]


@pytest.mark.parametrize("module", MODULES)
def test_other_right_answers_are_accepted(module):
    for name, answers in _answers(module).RIGHT.items():
        for answer in answers:
            assert ALL[f"{module}.{name}"].check(answer).outcome == core.CORRECT


def test_the_code_that_finds_the_sizes_finds_them():
    text = stride_and_size.q2.solution().text
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[-1]
    layers = {  # as in the chapter's section 6
        row.name: (row.filter_size, row.stride, shapes.zeros(row, 227)[0])
        for row in networks.body(networks.ALEXNET)
        if hasattr(row, "stride")
    }
    names = {"layers": layers, "places": shapes.output_size}
    exec(code, names)
    assert names["answer"] == {
        end: list(sizes) for end, sizes in stride_and_size.q2.answer.items()
    }


@pytest.mark.parametrize("module", MODULES)
def test_progress_counts_what_is_solved(module):
    own = importlib.import_module(f"alexnet_keras.exercises.{module}")
    exercises = _exercises(module)
    assert list(own.progress._exercises.values()) == list(exercises.values())
    assert list(own.progress._exercises) == list(exercises)
    for exercise in exercises.values():
        exercise.check(exercise.answer)
    count = len(exercises)
    assert f"**Solved: {count} of {count}.**" in own.progress().text


def test_what_was_solved_stays_solved():
    def judge(answer):
        return None if answer == 55 else "No."

    texts = {"answer": 55, "insight": "", "hints": [""], "reasons": ""}
    q1 = core.Exercise(judge, **texts)
    progress = core.Progress(q1=q1, q2=core.Exercise(judge, **texts))
    told = []
    for answer in (..., 54, 55, 54):
        q1.check(answer)
        told.append(progress().text.removeprefix("**Solved: "))
    assert told == [
        "0 of 2.** q1 ○ · q2 ○",
        "0 of 2.** q1 ✗ not yet · q2 ○",
        "1 of 2.** q1 ✓ · q2 ○",
        "1 of 2.** q1 ✓ · q2 ○",
    ]


def double(x):
    return 2 * x


def test_a_function_is_judged_by_what_it_does_and_shown_by_its_source():
    exercise = core.Exercise(
        lambda function: {6: None, None: core.NOT_ATTEMPTED}.get(
            function(3), "That is not twice 3."
        ),
        answer=double,
        insight="",
        hints=["Add x to x."],
        reasons="",
        placeholder=lambda x: ...,
    )
    assert exercise.check(double).outcome == core.CORRECT
    assert exercise.check(lambda x: x + x).outcome == core.CORRECT
    assert exercise.check(lambda x: None).outcome == core.NOT_ATTEMPTED
    assert "twice 3" in exercise.check(lambda x: x).text
    assert "ZeroDivisionError" in exercise.check(lambda x: x / 0).text
    assert "def double(x):\n    return 2 * x" in exercise.solution().text


def test_a_message_is_markdown_in_a_notebook_and_text_elsewhere():
    message = stride_and_size.q1.check(...)
    assert repr(message) == message._repr_markdown_() == message.text
    assert message.text.startswith("**○ Not attempted.**")


def test_a_seed_that_the_notebook_has_set_changes_no_verdict():
    keras.utils.set_random_seed(2012)
    for exercise in ALL.values():
        assert exercise.check(exercise.answer).outcome == core.CORRECT
