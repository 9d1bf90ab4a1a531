"""What nobody should wait for: imports, and numbers that nobody sees."""

import dataclasses
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

import alexnet_keras
from alexnet_keras import (
    building,
    data,
    exchange,
    lazily,
    models,
    recipes,
    training,
    weights,
)
from alexnet_keras.commands import main
from alexnet_keras.runs import divergence

RESCALING = ((120.0, 115.0, 100.0), 60.0)


@pytest.fixture(scope="module")
def network():
    """A small network that is not as any is built."""
    keras.utils.set_random_seed(5)
    model = models.AlexNetMini(
        classes=3,
        initialization="he",
        kernel_regularizer=keras.regularizers.L2(1e-4),
        rescaling=RESCALING,
    )
    for variable in model.weights:
        variable.assign(variable + 0.01)
    return model


@pytest.fixture(scope="module")
def held(network, tmp_path_factory):
    """Its two files: the network, and its weights."""
    folder = tmp_path_factory.mktemp("held")
    network.save(folder / "model.keras")
    arrays = {
        layer.name: weights.arrays_of(layer)
        for layer in network.layers
        if layer.weights
    }
    facts = weights.Weights(arrays, "mini", 64, RESCALING, ["a", "b", "c"])
    weights.write(folder / "mini.weights.h5", network, facts)
    return folder


@pytest.fixture
def draws(monkeypatch):
    """Lists the shapes that any random initializer is asked for."""
    found = []
    for name in ("RandomNormal", "VarianceScaling"):
        kind = getattr(keras.initializers, name)

        def call(self, shape, dtype=None, own=kind.__call__):
            found.append(tuple(shape))
            return own(self, shape, dtype)

        monkeypatch.setattr(kind, "__call__", call)
    return found


def told_by(model):
    """All that a network tells of itself; a file makes lists of tuples."""
    return json.loads(model.to_json())


def loaded_as(way, folder):
    """Loads the network in one of the ways there are."""
    return {
        "load_model": lambda: alexnet_keras.load_model(folder / "model.keras"),
        "uncompiled": lambda: alexnet_keras.load_model(
            folder / "model.keras", compile=False
        ),
        "exchange": lambda: exchange.load(folder / "mini.weights.h5"),
        "weights": lambda: models.AlexNetMini(
            classes=3,
            weights=folder / "mini.weights.h5",
            rescaling=RESCALING,
            initialization="he",
            kernel_regularizer=keras.regularizers.L2(1e-4),
        ),
    }[way]()


WAYS = ["load_model", "uncompiled", "exchange", "weights"]


@pytest.mark.parametrize("way", WAYS)
def test_no_number_is_drawn_where_weights_are_loaded(held, draws, way):
    loaded_as(way, held)
    assert draws == []
    models.AlexNetMini(classes=3)  # the count would have noticed
    assert len(draws) > 8


@pytest.mark.parametrize("way", WAYS)
def test_a_loaded_network_is_the_one_that_was_saved(network, held, way):
    loaded = loaded_as(way, held)
    pictures = np.random.default_rng(1).uniform(0, 255, (2, 64, 64, 3))
    for ours, theirs in zip(network.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(
        network.predict_on_batch(pictures), loaded.predict_on_batch(pictures)
    )
    if way != "exchange":  # weights tell nothing of how they began
        assert told_by(loaded) == told_by(network)


def test_a_saved_network_loads_as_keras_loads_it(held):
    ours = alexnet_keras.load_model(held / "model.keras")
    theirs = keras.models.load_model(held / "model.keras")
    assert told_by(ours) == told_by(theirs)
    assert getattr(ours, "optimizer", None) is None
    for own, other in zip(ours.weights, theirs.weights, strict=True):
        assert own.path == other.path
        assert own.dtype == other.dtype
        assert own.trainable == other.trainable


def test_a_bfloat16_network_stays_one(tmp_path):
    before = keras.config.dtype_policy()
    for policy in ("mixed_bfloat16", "bfloat16"):
        keras.config.set_dtype_policy(policy)
        try:
            model = models.AlexNetMini(classes=3)
        finally:
            keras.config.set_dtype_policy(before)
        model.save(tmp_path / "model.keras")
        loaded = alexnet_keras.load_model(tmp_path / "model.keras")
        assert told_by(loaded) == told_by(model)
        for ours, theirs in zip(model.weights, loaded.weights, strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(
                keras.ops.convert_to_numpy(keras.ops.cast(ours, "float32")),
                keras.ops.convert_to_numpy(keras.ops.cast(theirs, "float32")),
            )


def test_what_has_more_layers_than_ours_is_left_to_keras(tmp_path, draws):
    body = models.AlexNetMini(False, pooling="avg")
    output = keras.layers.Dense(2, name="mine")(body.output)
    model = keras.Model(body.input, output)
    model.save(tmp_path / "model.keras")
    draws.clear()
    loaded = alexnet_keras.load_model(tmp_path / "model.keras")
    assert draws
    for ours, theirs in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_layers_that_are_not_awaited_are_drawn(draws):
    models.AlexNetMini(classes=3)
    whole = [*draws]
    draws.clear()
    with building.awaiting(["conv1"]):
        model = models.AlexNetMini(classes=3)
    layer = model.get_layer("conv1")
    assert sorted([*draws, tuple(layer.kernel.shape)]) == sorted(whole)
    assert not np.any(layer.kernel.numpy())
    assert type(layer.kernel_initializer) is keras.initializers.RandomNormal
    draws.clear()
    models.AlexNetMini(classes=3)  # and afterwards all are
    assert draws == whole


def test_training_from_weights_draws_the_new_layer_alone(held, photos, draws):
    pictures = data.load(photos, 64, cache="memory")
    recipe = dataclasses.replace(recipes.COURSE, batch_size=8)
    start = exchange.read(held / "mini.weights.h5")
    model = training.build("mini", recipe, pictures, start=start)
    assert draws == [tuple(model.get_layer("fc8").kernel.shape)]


def test_weights_that_are_not_finite_are_still_named(network, held, tmp_path):
    broken = keras.models.load_model(held / "model.keras")
    kernel, bias = broken.get_layer("fc7").get_weights()
    bias[1] = np.inf
    broken.get_layer("fc7").set_weights([kernel, bias])
    with pytest.raises(ArithmeticError, match=r"not finite: fc7 \(1\)"):
        divergence.check_weights(broken)
    divergence.check_weights(network)


def modules_after(*typed):
    """Names the modules that a process of a command has loaded at its end."""
    code = (
        "import sys\n"
        f"sys.argv = ['alexnet-keras', *{list(map(str, typed))!r}]\n"
        "from alexnet_keras.commands import main\n"
        "try:\n"
        "    code = main()\n"
        "except SystemExit as stop:\n"
        "    code = stop.code\n"
        "print('\\n' + ' '.join(sys.modules))\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "typed", [["--help"], ["--version"], ["predict", "--help"], ["summary"]]
)
def test_what_tells_facts_loads_nothing_heavy(typed):
    heavy = {"tensorflow", "keras", "numpy", "h5py", "PIL", "matplotlib"}
    assert not modules_after(*typed) & heavy


@pytest.mark.parametrize("name", ["model.keras", "mini.weights.h5"])
def test_identify_needs_no_keras(held, name):
    loaded = modules_after("identify", held / name)
    assert "h5py" in loaded or name == "model.keras"
    assert not loaded & {"tensorflow", "keras", "matplotlib", "PIL"}


def test_convert_needs_keras_only_to_write_its_files(held, tmp_path):
    pytest.importorskip("safetensors")
    typed = ["convert", held / "model.keras"]
    (held / "names").write_text("a\nb\nc\n")
    typed += [tmp_path / "out.weights.h5", "--class-names", held / "names"]
    assert "keras" in modules_after(*typed)
    assert weights.read(tmp_path / "out.weights.h5").class_names == [*"abc"]


def test_predict_loads_neither_plots_nor_data_sets(held, photos):
    picture = photos / "red" / "1.jpg"
    loaded = modules_after("predict", held / "mini.weights.h5", picture)
    assert {"keras", "tensorflow", "PIL"} <= loaded
    unused = {"matplotlib", "sklearn", "pandas", "tensorflow_datasets"}
    unused |= {"torch", "onnx"}  # JAX is TensorFlow's to load, if it is there
    unused |= {"alexnet_keras.visualize", "alexnet_keras.exercises"}
    assert not loaded & unused


def test_a_program_that_calls_main_keeps_all_of_keras():
    code = (
        "import sys\n"
        "from alexnet_keras.commands import common, main\n"
        "main(['predict', 'nothing', 'nothing'])\n"
        "import keras, matplotlib\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert {"keras", "matplotlib.pyplot"} <= {*done.stdout.split()}


def test_a_hidden_package_is_there_again_afterwards(tmp_path, monkeypatch):
    for name in ("needy", "needed"):
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "needy.py").write_text(
        "try:\n    import needed\nexcept ImportError:\n    needed = None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with lazily.importing("needy", without=["needed", "sys"]):
        import needy
    assert needy.needed is None
    import needed

    assert needed is sys.modules["needed"]
    assert sys.modules["sys"] is sys
    monkeypatch.delitem(sys.modules, "needed")
    with lazily.importing("needy", without=["needed"]):
        import needed  # what is loaded already is not to be spared
    for name in ("needy", "needed"):
        monkeypatch.delitem(sys.modules, name)


def test_summary_answers_without_a_network(capsys):
    assert main(["summary", "--model", "mini"]) == 0
    assert "368,842" in capsys.readouterr().out
