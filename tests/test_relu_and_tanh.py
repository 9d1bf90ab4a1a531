"""The measured curves of chapter 4: how they are read, and what they say."""

import math
import statistics

import numpy as np
import pytest
import relu_and_tanh as script

from alexnet_keras import data
from alexnet_keras.datasets import relu_and_tanh
from alexnet_keras.exercises import relu

STARTS, ACTIVATIONS = ("2012", "today"), ("relu", "tanh")


def test_an_epochs_mean_has_to_reach_the_error():
    errors = np.array([0.9] * 6 + [0.1] * 12)  # the mean falls by 0.8 / 6
    assert relu_and_tanh.steps_to(0.9, errors) == 30
    # 0.9 - 5 * 0.8 / 6 = 0.233 after five more numbers of five steps each
    assert relu_and_tanh.steps_to(0.25, errors) == (6 + 5) * 5
    assert relu_and_tanh.steps_to(0.05, errors) == math.inf
    assert relu_and_tanh.steps_to(0.5, errors[:3]) == math.inf


def test_smoothing_takes_the_mean_of_an_epoch_or_of_what_there_is():
    errors = np.random.default_rng(4).uniform(size=20)
    means = [errors[max(0, i - 5) : i + 1].mean() for i in range(20)]
    assert relu_and_tanh.smooth(errors) == pytest.approx(means)


def test_the_table_holds_three_seeds_for_each_start_and_activation():
    runs = relu_and_tanh.read()
    for start in STARTS:
        for activation in ACTIVATIONS:
            chosen = relu_and_tanh.measured(runs, start, activation)
            assert len({run.seed for run in chosen}) == len(chosen) == 3
            (rate,) = {run.rate for run in chosen}
            tuned = {
                run.rate: relu_and_tanh.steps_to(0.25, run.errors)
                for run in runs
                if (run.start, run.activation, run.seed)
                == (start, activation, "tuning")
            }
            assert tuned[rate] == min(tuned.values()) < math.inf
            for run in chosen:
                assert ((run.errors >= 0) & (run.errors <= 1)).all()


def test_the_exercise_knows_who_won():
    runs, steps = relu_and_tanh.read(), {}
    for start in STARTS:
        for activation in ACTIVATIONS:
            steps[start, activation] = statistics.median(
                relu_and_tanh.steps_to(0.25, run.errors)
                for run in relu_and_tanh.measured(runs, start, activation)
            )
    assert relu.WINNERS == {
        start: min(ACTIVATIONS, key=lambda name: steps[start, name])  # noqa: B023
        for start in STARTS
    }


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_shipped_curve_can_be_measured_again(activation):
    runs = relu_and_tanh.read()
    run = relu_and_tanh.measured(runs, "today", activation)[0]
    pictures = data.load("solids", size=script.SIZE)
    images, labels = script.all_pictures(pictures)
    model = script.make(run.start, activation, pictures.colors, run.seed)
    errors = script.train(model, images, labels, run.rate, run.seed, 250, 0.25)
    shipped = relu_and_tanh.steps_to(0.25, run.errors)
    again = relu_and_tanh.steps_to(0.25, script.blocks(errors))
    assert again == pytest.approx(shipped, abs=40)  # equal, here
