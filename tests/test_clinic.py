"""The clinic: its probes, and its patients, each found by the probes alone."""

import math

import keras
import numpy as np
import pytest

from alexnet_keras import clinic
from alexnet_keras.exercises import whose_alexnet as whose
from alexnet_keras.exercises.core import CORRECT

PATIENTS = range(1, 7)


@pytest.fixture(scope="module")
def charts():
    """The charts of all networks, by the names of their functions."""
    names = ["healthy", "example", *(f"patient_{n}" for n in PATIENTS)]
    return {name: clinic.examine(getattr(clinic, name)()) for name in names}


def line_of(chart, name):
    return next(line for line in chart.lines if line.name == name)


def find(chart, healthy):
    """Finds layer and fault in two charts, as a learner does, by their rules.

    Nothing here knows which patient it is.
    """
    if not chart.repeats:
        return "fc6", "dropout at test"
    for one, other in zip(chart.lines, healthy.lines, strict=True):
        if one.parameters != other.parameters and one.name != "fc6":
            return one.name, "one tower"
        if one.shape != other.shape:
            less = one.shape[0] / other.shape[0]
            halved = "strides everywhere" if less < 0.6 else "no padding"
            return one.name, "rounded down" if one.name == "conv1" else halved
        if one.apart < 1e-3:
            continue
        if one.above < 0.25 * other.above:
            return one.name, "dead units"
        if one.name.startswith("norm"):
            weaker = one.spread < other.spread
            return one.name, "strong norm" if weaker else "no norm"
        if not math.isclose(one.spread, other.spread, rel_tol=0.2):
            weaker = one.spread < other.spread
            return one.name, "small start" if weaker else "no ReLU"
        first = one.name == "conv1"
        return one.name, "reversed colours" if first else "wrong order"
    if chart.certain > 1:
        return "loss", "two softmaxes"
    kind = "no decay" if chart.left > 0.999 else "weak decay"
    return "optimizer", kind


@pytest.mark.parametrize("number", PATIENTS)
def test_each_fault_is_found_by_the_probes_alone(charts, number):
    found = find(charts[f"patient_{number}"], charts["healthy"])
    exercise = getattr(whose, f"patient_{number}")
    assert found == exercise.answer
    assert exercise.check(found).outcome == CORRECT


def test_the_examples_fault_is_found_and_confirmed(charts):
    example = charts["example"]
    found = find(example, charts["healthy"])
    assert found == ("conv1", "reversed colours")
    bgr = clinic.pictures()[..., ::-1]
    turned = clinic.examine(clinic.example(), bgr)
    assert max(line.apart for line in turned.lines) < 1e-5


@pytest.mark.parametrize("number", [0, *PATIENTS])
def test_all_compile_and_fit(number):
    keras.utils.set_random_seed(number)
    name = f"patient_{number}" if number else "example"
    network = getattr(clinic, name)()
    history = network.fit(
        clinic.pictures(), np.arange(10), epochs=2, batch_size=5, verbose=0
    )
    assert np.isfinite(history.history["loss"]).all()


def test_all_have_the_same_weights_but_for_their_fault():
    twin = clinic.healthy()
    for number in PATIENTS:
        network = getattr(clinic, f"patient_{number}")()
        for name in ("conv1", "conv3", "fc8"):
            own = network.get_layer(name).kernel.numpy()
            assert np.array_equal(own, twin.get_layer(name).kernel.numpy())


def test_a_spoiled_network_spoils_no_chart(charts):
    for build in (clinic.healthy, clinic.patient_3):
        spoiled = build()
        spoiled.get_layer("fc6").kernel.assign(
            0 * spoiled.get_layer("fc6").kernel
        )
        assert build() is not spoiled
    assert clinic.examine(clinic.healthy()) == charts["healthy"]


def test_the_healthy_network_is_healthy(charts):
    chart = charts["healthy"]
    assert {line.apart for line in chart.lines} == {0}
    assert chart.repeats
    assert abs(chart.first_loss - math.log(10)) < 0.02
    assert chart.certain < 1e-5
    # the paper's rule: v <- 0.9 v - 0.0005 lr w, w <- w + v
    weight, velocity = 1.0, 0.0
    for _ in range(10_000):
        velocity = 0.9 * velocity - 5e-4 * 0.01 * weight
        weight += velocity
    assert math.isclose(chart.left, weight, rel_tol=1e-3)
    assert f"{weight:.3f}" == "0.607"


def test_a_columns_numbers_are_those_of_the_layers_outputs(charts):
    network = clinic.patient_4()
    layer = network.get_layer("conv2")
    values = keras.Model(network.input, layer.output)(clinic.pictures())
    values = np.asarray(values)
    twin = clinic.healthy()
    twins = keras.Model(twin.input, twin.get_layer("conv2").output)
    twins = np.asarray(twins(clinic.pictures()))
    line = line_of(charts["patient_4"], "conv2")
    assert line.shape == values.shape[1:]
    assert line.parameters == 5 * 5 * 16 * 64 + 64
    assert math.isclose(line.above, np.count_nonzero(values) / values.size)
    assert math.isclose(line.spread, np.sqrt(values.var()), rel_tol=1e-4)
    error = np.linalg.norm(values - twins) / np.linalg.norm(twins)
    assert math.isclose(line.apart, error, rel_tol=1e-4)


def test_a_second_softmax_costs_what_arithmetic_says(charts):
    cost = -math.log(math.e / (math.e + 9))
    assert math.isclose(charts["patient_3"].certain, cost, rel_tol=1e-5)
    assert f"{cost:.2f}" == "1.46"


def test_dropout_at_a_test_would_be_noticed():
    twin = clinic.healthy()
    x = keras.layers.Dropout(0.5)(twin.get_layer("pool5").output, training=True)
    for name in ("flatten", "fc6", "fc7", "fc8"):
        x = twin.get_layer(name)(x)
    noisy = keras.Model(twin.input, x)
    noisy.compile(keras.optimizers.SGD(0.01), twin.loss)
    chart = clinic.examine(noisy)
    assert not chart.repeats
    assert "the same answers twice: False" in str(chart)


def test_what_the_messages_say_of_the_charts_is_true(charts):
    healthy = charts["healthy"]
    said = "\n".join(whose.RULED_OUT.values())
    for number in PATIENTS:
        chart, right = charts[f"patient_{number}"], f"patient_{number}"
        right = getattr(whose, right).answer[1]
        conv1, norm1 = line_of(chart, "conv1"), line_of(chart, "norm1")
        conv2, pool1 = line_of(chart, "conv2"), line_of(chart, "pool1")
        assert f"{conv1.spread:.1g}" == "0.7"
        assert norm1.spread < 0.65 * conv1.spread
        assert f"{conv1.apart:.0%}" == "0%"
        assert conv1.shape[:2] == (31, 31)
        assert conv2.parameters == 25_664
        assert chart.repeats
        least = min(line.above for line in chart.lines)
        assert (least > 0.4) == (right != "dead units")
        fc8 = line_of(chart, "fc8")
        assert fc8.above == 1
        pairs = zip(chart.lines[:-1], healthy.lines, strict=False)
        assert all(one.spread < 1.2 * other.spread for one, other in pairs)
        first = [line.name for line in chart.lines if line.apart != 0][:1]
        assert (first == ["fc6"]) == (right == "wrong order")
        assert (norm1.apart > 0.01) == (right == "strong norm")
        if right != "strides everywhere":
            assert conv2.shape[:2] == pool1.shape[:2]
            shapes = [
                [line.shape for line in c.lines] for c in (chart, healthy)
            ]
            assert shapes[0] == shapes[1]
        assert (f"{chart.certain:.2f}" == "0.00") == (right != "two softmaxes")
        assert f"{chart.left:.3f}" == (
            "0.951" if right == "weak decay" else "0.607"
        )
        norm2 = line_of(chart, "norm2")
        assert norm2.spread < 0.95 * conv2.spread or conv2.spread == 0
        starts_at_a_norm = bool(first) and first[0].startswith("norm")
        assert starts_at_a_norm == (right == "strong norm")
    for number in ("30 x 30", "51,264", "0.607", "0.7"):
        assert number in said
    assert 5 * 5 * 32 * 64 + 64 == 51_264


def test_the_probes_that_the_solutions_name_read_as_they_say(charts):
    """Each number that a solution quotes stands in the patient's chart."""
    quoted = {
        1: ["norm1", "56%", "0.2"],
        2: ["8 x 8 x 64", "15 x 15 x 32"],
        3: ["1.46"],
        4: ["9%", "1%"],
        5: ["0.951"],
        6: ["83%"],
    }
    for number, texts in quoted.items():
        for text in texts:
            assert text in str(charts[f"patient_{number}"])


def test_every_wrong_suspicion_is_answered(charts):
    assert {*whose.RULED_OUT} == {*whose.DIAGNOSES}
    for number in PATIENTS:
        exercise = getattr(whose, f"patient_{number}")
        place, right = exercise.answer
        for name in whose.DIAGNOSES.keys() - {right}:
            assert f"Not {name}." in exercise.check((place, name)).text


def test_patients_are_judged_one_by_one():
    answers = {1: ("norm1", "strong norm"), 2: (..., ...), 6: ("fc6", "flu")}
    one, two, six = whose.check_patients(answers).text.split("\n\n")
    assert one.startswith("Patient 1: **✓ Correct.**")
    assert two.startswith("Patient 2: **○ Not attempted.**")
    assert six.startswith("Patient 6: **✗ Not yet.**")
    for senseless in (None, [1, 2], {7: (..., ...)}, "flu"):
        assert "numbers 1 to 6" in whose.check_patients(senseless).text
