"""Every exercise of the course: right, missing, wrong and senseless answers."""

import importlib
import pkgutil
import re

import numpy as np
import pytest

from alexnet_keras import exercises, networks, shapes
from alexnet_keras.exercises import core, stride_and_size, two_gpus

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

# For each exercise, wrong answers and a phrase of the message each gets.
NUMBERS = dict(stride_and_size.q3.answer)
BREAKS = dict(two_gpus.q3.answer)
WAY_1, WAY_2, WAY_3 = stride_and_size.q1.answer
ENDS = dict(stride_and_size.q2.answer)
WRONG = {
    "stride_and_size.q1": [
        ([(226, 0, "down"), WAY_2, WAY_3], "too short"),
        ([(231, 0, "down"), WAY_2, WAY_3], "too long"),
        ([(227, 0, "down"), WAY_2, WAY_3], "a longer row"),
        ([WAY_2, WAY_2, WAY_3], 'Way 1 rounds "down"'),
        ([(226, 2, "down"), WAY_2, WAY_3], "Way 1 takes no padding"),
        ([WAY_1, (224, 0, "down"), WAY_3], 'Way 2 rounds "up"'),
        ([WAY_1, (224, 2, "up"), WAY_3], "Way 2 takes no padding"),
        ([WAY_1, (227, 0, "up"), WAY_3], "a shorter row"),
        ([WAY_1, (8, 0, "up"), WAY_3], "does not fit"),
        ([WAY_1, WAY_2, (227, 0, "down")], "paper's 224"),
        ([WAY_1, WAY_2, (224, "same", "down")], "is 56"),
        ([WAY_1, WAY_2, (224, "valid", "down")], "Way 3 gives 54"),
        ([WAY_1, WAY_2, (224, 4, "down")], "Way 3 gives 56"),
        ([WAY_1, WAY_2, (224, (0, 3), "down")], "alike, not 0 and 3"),
        ([WAY_1, WAY_2, (224, 1.5, "down")], "cannot be halved"),
        ([WAY_1, WAY_2, (224, ((0, 3), (0, 3)), "down")], "not `((0, 3), (0"),
        ([WAY_1, WAY_2, (224, "2", "down")], "not `'2'`"),
        ([WAY_1, WAY_2, (224, -2, "down")], "not `-2`"),
        ([WAY_1, WAY_2, WAY_2], "and pads"),
        ([WAY_1, (224, 0, "ceil"), WAY_3], "not `'ceil'`"),
        ([(230, 0, "Down"), WAY_2, WAY_3], "not `'Down'`"),
        ([("230", 0, "down"), WAY_2, WAY_3], "not `'230'`"),
        ([(..., 0, "down"), WAY_2, WAY_3], "not `Ellipsis`"),
        ([230, WAY_2, WAY_3], "Way 1: give a tuple"),
        ([WAY_1, ..., ...], "Way 2 is still missing"),
        (55, "three tuples"),
    ],
    "stride_and_size.q2": [
        ({6400: range(227, 259), 9216: range(195, 227)}, "exchanged"),
        ({6400: range(192, 224), 9216: range(224, 256)}, "192 does not"),
        (ENDS | {6400: range(195, 226)}, "before its second number"),
        (ENDS | {9216: [227]}, "end in 9216, but there are more"),
        (ENDS | {9216: range(227, 260)}, "259 does not"),
        (ENDS | {6400: (200, 210)}, "write `range(a, b + 1)`"),
        (ENDS | {6400: "195-226"}, "not text"),
        (ENDS | {6400: ["195", "226"]}, "whole numbers"),
        (ENDS | {6400: [[195, 226]]}, "flat list"),
        (ENDS | {6400: (size for size in range(195, 227))}, "only once"),
        (ENDS | {6400: range(47, 55)}, "no layer's places"),
        (ENDS | {9216: []}, "9216: the list is empty"),
        (stride_and_size._sizes_by_end("up"), "You rounded up"),
        ({6400: 224, 9216: 227}, "More than one"),
        (ENDS | {9216: ...}, "9216 are still missing"),
        (list(ENDS.values()), "dictionary"),
    ],
    "stride_and_size.q3": [
        (NUMBERS | {"values": 27_225}, "96 filters, not 9"),
        (NUMBERS | {"values": 3_025}, "number of positions"),
        (NUMBERS | {"values": 54 * 54 * 96}, "each of its filters"),
        (NUMBERS | {"values": "290400"}, "not `'290400'`"),
        (NUMBERS | {"times_as_many_values": 0.88}, "how much is added"),
        (NUMBERS | {"times_as_many_values": 0.532}, "values` is upside down"),
        (NUMBERS | {"times_as_many_values": 2}, "values` is close, but not it"),
        (NUMBERS | {"times_as_many_values": 5.68}, "values by the input's"),
        (NUMBERS | {"times_fewer_positions": 4.13}, "two directions"),
        (NUMBERS | {"times_fewer_positions": 0.0587}, "ons` is upside down"),
        (NUMBERS | {"times_fewer_positions": 0.53}, "227 x 227 by 55 x 55"),
        (NUMBERS | {"values": ...}, "still missing"),
        (290_400, "dictionary"),
    ],
    "two_gpus.q1": [
        (lambda gradients, sizes: sum(gradients), "added the gradients"),
        (lambda gradients, sizes: np.mean(gradients, 0), "mean of the means"),
        (
            lambda gradients, sizes: (
                two_gpus.all_reduce(gradients, sizes) * sum(sizes)
            ),
            "sum over all examples",
        ),
        (
            lambda gradients, sizes: two_gpus.all_reduce(
                [gradient.astype("float32") for gradient in gradients], sizes
            ),
            "stay in float64",
        ),
        (lambda gradients, sizes: gradients[0], "not the mean over all"),
        (lambda gradients, sizes: np.mean(gradients), "has the shape ()"),
        ([1, 2], "without parentheses"),
    ],
    "two_gpus.q2": [
        (lambda sizes: [1] * len(sizes), "changes nothing"),
        (lambda sizes: [n / sum(sizes) for n in sizes], "has shrunk"),
        (lambda sizes: sizes, "has grown"),
        (
            lambda sizes: [sum(sizes) / n / len(sizes) for n in sizes],
            "upside down",
        ),
        (lambda sizes: [n / max(sizes) for n in sizes], "is 0.75 times"),
        (
            lambda sizes: np.round(np.divide(sizes, np.mean(sizes)), 2),
            "but rounded",
        ),
        (
            lambda sizes: [n**2 / max(sizes) ** 2 for n in sizes],
            "1 / all pictures",
        ),
        (lambda sizes: 1, "give 2 weights"),
        ([1, 1], "without parentheses"),
    ],
    "two_gpus.q3": [
        (BREAKS | {"one_device": (1, -1)}, "not halves"),
        (BREAKS | {"one_device": (-4, -2)}, "standard deviation, too"),
        (BREAKS | {"one_device": (-4 / 122, -2 / 122)}, "Take its root"),
        (BREAKS | {"one_device": (-0.314, -0.157)}, "not by one less"),
        (BREAKS | {"one_device": (0.4, 0.2)}, "mean of all four"),
        (BREAKS | {"two_replicas": (-0.36, -0.18)}, "own two pictures"),
        (BREAKS | {"two_replicas": (-1, 1)}, "10 is below"),
        (BREAKS | {"two_replicas": (4, -10)}, "And the deviations?"),
        (BREAKS | {"keras_dropout": 0.5, "replica_dropout": 1}, "exchanged"),
        (BREAKS | {"keras_dropout": 0.5}, "masks of section 8"),
        (BREAKS | {"replica_dropout": 0.25}, "quarter of *all*"),
        (BREAKS | {"replica_dropout": 0}, "knows nothing"),
        (BREAKS | {"one_device": 0.5}, "is a pair"),
        (BREAKS | {"one_device": (-0.362, ...)}, "misses a number"),
        (BREAKS | {"one_device": ...}, "still missing"),
        (0.5, "dictionary"),
    ],
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
    junk += [lambda *arguments: 1 / 0, dict.fromkeys(NUMBERS, "x")]
    for answer in junk:
        assert ALL[name].check(answer).outcome != core.CORRECT


@pytest.mark.parametrize("name", ALL)
def test_hints_come_one_by_one(name):
    exercise = ALL[name]
    texts = [exercise.hint().text for _ in exercise.hints]
    for hint, text in zip(exercise.hints, texts, strict=True):
        assert hint in text
    assert exercise.hint().text == texts[-1]


def test_other_right_answers_are_accepted():
    ways = ((230, "valid", "down"), [224, 0, "up"], (224, (3, 3), "down"))
    assert stride_and_size.q1.check(ways).outcome == core.CORRECT
    sizes = {9216: list(range(227, 259)), 6400: np.arange(195, 227)}
    assert stride_and_size.q2.check(sizes).outcome == core.CORRECT
    numbers = {
        "values": 290_400,
        "times_as_many_values": 1.88,
        "times_fewer_positions": 17,
    }
    assert stride_and_size.q3.check(numbers).outcome == core.CORRECT


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
    assert names["answer"] == {end: list(ENDS[end]) for end in ENDS}


def test_other_ways_to_all_reduce_and_to_weigh_are_accepted():
    def average(gradients, sizes):
        return np.average(gradients, axis=0, weights=sizes)

    def as_array(sizes):
        return np.array(sizes) / np.mean(sizes)

    assert two_gpus.q1.check(average).outcome == core.CORRECT
    assert two_gpus.q2.check(as_array).outcome == core.CORRECT
    rounded = BREAKS | {"one_device": [-0.36, -0.18], "keras_dropout": 1.0}
    assert two_gpus.q3.check(rounded).outcome == core.CORRECT


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
