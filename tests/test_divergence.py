"""Training that fails says so, and nothing works with what is left of it."""

import json
import os
import shutil

import keras
import numpy as np
import pytest

from alexnet_keras import runs, training
from alexnet_keras.commands import main
from alexnet_keras.runs import checkpoints


def command(photos, folder, *more):
    typed = f"train --model mini --batch-size 8 --devices 1 --data {photos}"
    return [*typed.split(), "--run-dir", str(folder), *more]


@pytest.fixture
def poisoned(monkeypatch):
    """Makes a bias not finite after a step's update, once that was counted."""
    fit = training.fit

    class Poison(keras.callbacks.Callback):
        def __init__(self, steps):
            super().__init__()
            self._steps = steps

        def on_train_batch_end(self, batch, logs=None):
            assert np.isfinite(logs["loss"])  # which came before the update
            if self.model.optimizer.iterations == self._steps:
                self.model.get_layer("fc8").bias.assign([np.nan, 0])

    def poison(steps):
        def poisoned_fit(model, recipe, data, seed, callbacks, verbose):
            every = [Poison(steps), *callbacks]
            return fit(model, recipe, data, seed, every, verbose)

        monkeypatch.setattr(training, "fit", poisoned_fit)

    return poison


def test_a_loss_that_is_not_finite_ends_training_with_1(
    photos, tmp_path, capsys
):
    folder = tmp_path / "run"
    more = ("--learning-rate", "1000", "--checkpoint-steps", "1")
    assert main(command(photos, folder, *more)) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert (
        "Training has diverged at the end of epoch 1: the loss is nan"
        in said[0]
    )
    assert "--learning-rate 100; this run's was 1000." in said[0]
    assert json.loads((folder / "run.json").read_text())["status"] == "diverged"
    assert not (folder / "model.keras").exists()
    kept = checkpoints.read(folder)
    assert all(np.isfinite(array).all() for array in kept.variables)


@pytest.mark.parametrize(
    ("more", "steps", "reason", "place"),
    [
        (
            ("--checkpoint-steps", "1"),
            6,
            "epoch 2, step 2 of 4: weights are not finite: fc8/bias (1)",
            "epoch 2, step 1 of 4",
        ),
        ((), 8, "end of epoch 2: the validation's loss is nan", "end of epoch"),
    ],
)
def test_weights_that_are_not_finite_are_never_kept(
    photos, tmp_path, capsys, poisoned, more, steps, reason, place
):
    poisoned(steps)
    folder = tmp_path / "run"
    assert main(command(photos, folder, *more)) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert f"{folder / 'checkpoint.npz'} keeps the last finite state" in said
    assert place in said
    assert f"the network after epoch 1, from which --weights {folder}" in said
    kept = checkpoints.read(folder)
    assert all(np.isfinite(array).all() for array in kept.variables)
    network = runs.Run.open(folder).load_model()
    assert all(np.isfinite(w).all() for w in network.get_weights())
    assert len((folder / "history.csv").read_text().splitlines()) == 2


def test_ctrl_c_does_not_keep_weights_that_are_not_finite(
    photos, tmp_path, monkeypatch, poisoned
):
    class Stops(runs.Interruption):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise runs.Stopped

    monkeypatch.setattr(runs, "Interruption", Stops)
    poisoned(2)
    folder = tmp_path / "run"
    assert main(command(photos, folder)) == 1
    assert not (folder / "checkpoint.npz").exists()
    assert json.loads((folder / "run.json").read_text())["status"] == "diverged"


@pytest.fixture(scope="module")
def trained(photos, tmp_path_factory):
    """The folder of a run whose network is sound."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert main(command(photos, folder, "--epochs", "1")) == 0
    return folder


@pytest.mark.parametrize(
    ("value", "said_of_it"),
    [
        (np.nan, "model.keras cannot be used: its weights are not finite"),
        (1e38, "gives probabilities that are not finite"),
    ],
)
def test_nothing_is_asked_of_a_network_that_is_not_finite(
    trained, photos, tmp_path, capsys, value, said_of_it
):
    folder = shutil.copytree(trained, tmp_path / "run")
    network = keras.models.load_model(folder / "model.keras")
    kernel = network.get_layer("fc8").kernel
    kernel.assign(keras.ops.full(kernel.shape, value))
    network.save(folder / "model.keras")
    picture = str(photos / "red" / "1.jpg")
    for typed in (["evaluate", str(folder)], ["predict", str(folder), picture]):
        assert main(typed) == 2
        said = capsys.readouterr()
        assert said_of_it in said.err
        assert "%" not in said.out
    if np.isnan(value):
        again = command(photos, tmp_path / "w", "--weights", str(folder))
        for typed in (
            ["convert", str(folder), str(tmp_path / "a.weights.h5")],
        ):
            assert main(typed) == 2
            assert "not finite: fc8" in capsys.readouterr().err
        assert main(again) == 2
        assert "not finite: fc8" in capsys.readouterr().err
        assert not (tmp_path / "w").exists()


def test_the_model_before_stays_where_weights_are_not_finite(trained, tmp_path):
    folder = shutil.copytree(trained, tmp_path / "run")
    run = runs.Run.open(folder)
    network = run.load_model()
    before = (folder / "model.keras").read_bytes()
    network.get_layer("conv1").bias.assign(
        np.full(network.get_layer("conv1").bias.shape, np.inf)
    )
    with pytest.raises(runs.Diverged, match=r"not finite: conv1 \(32\)"):
        run.save_model(network)
    assert (folder / "model.keras").read_bytes() == before


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_workers_end_together_where_the_loss_is_not_finite(
    photos, tmp_path, capfd
):
    folder = tmp_path / "run"
    typed = f"train --model mini --batch-size 8 --data {photos} --workers 2"
    more = ["--learning-rate", "1000", "--run-dir", str(folder)]
    assert main([*typed.split(), *more]) == 1
    said = capfd.readouterr().out
    for index in (0, 1):
        assert f"[{index}] alexnet-keras: error: Training has diverged" in said
    assert "Traceback" not in said
    assert json.loads((folder / "run.json").read_text())["status"] == "diverged"
    assert not (folder / ".lock").exists()
