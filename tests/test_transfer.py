"""What a practitioner comes for: trained weights, on one's own photographs."""

import dataclasses
import importlib
import json

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file
from test_convert import zeros

import alexnet_keras.layers  # noqa: F401  registers our layers
from alexnet_keras import (
    data,
    datasets,
    exchange,
    models,
    networks,
    recipes,
    shapes,
    training,
    weights,
)
from alexnet_keras.commands import main
from alexnet_keras.exchange import sources
from alexnet_keras.runs import Interruption
from alexnet_keras.weights import Weights

QUICK = ["--epochs", "1", "--batch-size", "8", "--devices", "1"]
RESCALING = ((120.0, 110.0, 100.0), (60.0, 61.0, 62.0))


@pytest.fixture(scope="module")
def save(tmp_path_factory):
    """Writes the weights of a small network, as `convert` does."""

    def write(classes=3, names=None, **facts):
        folder = tmp_path_factory.mktemp("weights")
        keras.utils.set_random_seed(7)
        network = models.AlexNetMini(classes=classes, initialization="he")
        path = folder / "small.weights.h5"
        known = {"model": "mini", "size": 64, "rescaling": RESCALING, **facts}
        weights.write(path, network, Weights({}, class_names=names, **known))
        return path

    return write


@pytest.fixture(scope="module")
def small(save):
    return save(names=["green", "red", "blue"])


@pytest.fixture
def refused(capsys):
    """Runs a command that must end with 2; gives what it said."""

    def run(*arguments):
        assert main([str(argument) for argument in arguments]) == 2
        return capsys.readouterr().err

    return run


@pytest.mark.usefixtures("slim")
def test_converted_weights_name_pictures(photos, tmp_path, capsys):
    arrays = zeros(sources.TORCHVISION)
    arrays["classifier.6.bias"] = np.log([1, 2, 5]).astype("float32")
    save_file(arrays, tmp_path / "theirs.safetensors")
    (tmp_path / "names.txt").write_text("cat\ndog\nowl\n")
    out = tmp_path / "ours.weights.h5"
    typed = ["convert", tmp_path / "theirs.safetensors", out, "--from"]
    typed += ["torchvision", "--class-names", tmp_path / "names.txt"]
    assert main([str(word) for word in typed]) == 0
    said = capsys.readouterr().out
    assert "OneWeirdTrick(classes=3, input_shape=(224, 224, 3))" in said
    rows = networks.NETWORKS["one-weird-trick"].layers
    lines = shapes.table(networks.with_classes(rows, 3), 224)
    count = sum(line.parameters for line in lines)
    assert f"{count:,} parameters" in said
    picture = photos / "red" / "1.jpg"
    for file in (out, tmp_path / "theirs.safetensors"):
        assert main(["predict", str(file), str(picture)]) == 0
        lines = capsys.readouterr().out.splitlines()
        names = ["owl", "dog", "cat"]
        if file != out:  # which has no names
            names = ["class 2", "class 1", "class 0"]
        assert lines[0] == str(picture)
        assert [line.split("%") for line in lines[1:]] == [
            [f"   {share}", f"  {name}"]
            for share, name in zip((62.5, 25.0, 12.5), names, strict=True)
        ]
    first = exchange.load(out).layers[1]
    assert first.name == "rescaling"
    np.testing.assert_allclose(
        1 / np.array(first.scale), [58.395, 57.12, 57.375]
    )


def test_imagenets_classes_are_named_in_words_where_they_are_had(
    save, photos, capsys, monkeypatch
):
    ids = datasets.imagenet_ids()
    assert len(ids) == 1000
    assert ids == sorted(ids)
    file = save(1000, names=ids)
    utilities = keras.applications.imagenet_utils

    def fail(*_):
        raise Exception("URL fetch failure")  # as Keras does

    def succeed(probabilities, top):
        return [[("n1", "tabby", 0.5)] * top for _ in probabilities]

    typed = ["predict", str(file), str(photos / "red" / "1.jpg")]
    monkeypatch.setattr(utilities, "decode_predictions", fail)
    assert main(typed) == 0
    said = capsys.readouterr()
    assert "could not be downloaded" in said.err
    assert {line.split()[-1] for line in said.out.splitlines()[1:]} < set(ids)
    monkeypatch.setattr(utilities, "decode_predictions", succeed)
    assert main(typed) == 0
    assert capsys.readouterr().out.count("tabby") == 5


def test_weights_are_measured_on_data_whose_classes_they_know(
    photos, save, small, capsys, refused
):
    assert main(["evaluate", str(small), "--data", str(photos)]) == 0
    said = capsys.readouterr().out
    assert "Of the network's 3 classes it may name only the 2 of these" in said
    pictures = data.load(photos, 64, report=lambda line: None)
    network = exchange.from_weights(exchange.read(small))
    images, labels = (
        np.concatenate(part)
        for part in zip(*pictures.evaluation(8), strict=True)
    )
    blue_and_red = network.predict(images, verbose=0)[:, [2, 1]]
    share = np.mean(blue_and_red.argmax(1) == labels)
    assert f"top-1 {share:.1%}" in said
    assert "name some with --data" in refused("evaluate", small)
    other = save(names=["green", "red", "pink"])
    assert "Unknown: blue." in refused("evaluate", other, "--data", photos)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"rescaling": None}, "does not tell the scale of its pictures"),
        ({"model": None, "size": None, "rescaling": None}, "the scale of its"),
    ],
)
def test_weights_that_do_not_tell_their_scale_are_not_asked(
    save, photos, refused, facts, message
):
    picture = photos / "red" / "1.jpg"
    assert message in refused("predict", save(**facts), picture)


def test_the_body_is_that_of_the_whole_network(small):
    whole = exchange.from_weights(exchange.read(small))
    body = models.AlexNetMini(
        include_top=False, weights=small, pooling="avg", rescaling=RESCALING
    )
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3))
    maps = keras.Model(whole.input, whole.get_layer("pool5").output)
    np.testing.assert_allclose(
        body.predict_on_batch(images),
        maps.predict_on_batch(images).mean((1, 2)),
        rtol=1e-5,
    )
    raw = models.AlexNetMini(False, small)  # None is none
    assert "rescaling" not in [layer.name for layer in raw.layers]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda w: models.AlexNetMini(weights=w), "fc8: expected .*256, 10"),
        (lambda w: models.AlexNet(weights=w, classes=3), "conv1: expected"),
        (
            lambda w: models.AlexNetMini(
                weights=w, classes=3, input_shape=(96, 96, 3)
            ),
            "fc6: expected",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_what_does(small, build, message):
    with pytest.raises(ValueError, match=f"(?s){message}") as error:
        build(small)
    end = "They are those of AlexNetMini(classes=3, input_shape=(64, 64, 3))."
    assert str(error.value).endswith(end)


def test_a_body_does_not_fit_a_whole_network(small):
    found = exchange.read(small)
    body = {
        name: found.arrays[name]
        for name in ("conv1", "conv2", "conv3", "conv4", "conv5")
    }
    found = found._replace(arrays=body, class_names=None)
    weights.assign(models.AlexNetMini(include_top=False), found)
    with pytest.raises(ValueError, match="the network has fc6") as error:
        weights.assign(models.AlexNetMini(), found)
    assert "those of AlexNetMini(include_top=False, " in str(error.value)


def test_two_networks_of_the_same_shapes_are_told_apart():
    arrays = {
        "conv1": (np.zeros((11, 11, 3, 96)), np.zeros(96)),
        "conv2": (np.zeros((5, 5, 48, 256)), np.zeros(256)),
        "conv3": (np.zeros((3, 3, 256, 384)), np.zeros(384)),
        "conv4": (np.zeros((3, 3, 192, 384)), np.zeros(384)),
        "conv5": (np.zeros((3, 3, 192, 256)), np.zeros(256)),
    }
    for name, other in (("caffe", "two-tower"), ("two-tower", "caffe")):
        found = Weights(arrays, name)
        fitting = exchange.from_weights(found)
        np.testing.assert_array_equal(fitting.get_layer("conv1").bias, 0)
        body = models.AlexNet(include_top=False, network=other)
        with pytest.raises(ValueError, match="is not .*, though the shapes"):
            weights.assign(body, found, other)
        weights.assign(body, Weights(arrays), other)  # which does not tell


def train(photos, folder, *more):
    typed = ["train", "--data", photos, "--run-dir", folder, *QUICK, *more]
    return main([str(word) for word in typed])


def test_training_starts_from_weights_and_leaves_the_frozen_ones(
    photos, small, tmp_path, capsys
):
    folder = tmp_path / "run"
    freeze = ("--weights", small, "--freeze-until", "conv5")
    assert train(photos, folder, *freeze) == 0
    said = capsys.readouterr().out
    assert "Network: mini" in said  # as the weights are
    assert f"Weights: {small}, but fc8 starts anew." in said
    # fc6, fc7 and fc8 for two classes
    trained = 257 * 2 + 256 * 257 + 577 * 256
    assert f"Frozen until conv5: {trained:,} parameters are trained." in said
    start = exchange.read(small)
    end = exchange.read(folder / "model.keras")
    np.testing.assert_allclose(end.rescaling[1], RESCALING[1], 1e-6)
    for layer, (kernel, bias) in end.arrays.items():
        same = layer.startswith("conv")
        if layer != "fc8":
            assert np.array_equal(kernel, start.arrays[layer][0]) is same
            assert np.array_equal(bias, start.arrays[layer][1]) is same
    assert end.arrays["fc8"][0].shape == (256, 2)
    facts = json.loads((folder / "run.json").read_text())
    assert facts["weights"] == str(small)
    assert facts["freeze_until"] == "conv5"
    assert main(["predict", str(folder), str(photos / "red" / "1.jpg")]) == 0


def test_the_same_classes_keep_their_fc8(photos, save, monkeypatch):
    pictures = data.load(photos, 64, report=lambda line: None)
    recipe = dataclasses.replace(recipes.COURSE, batch_size=8)
    for names, is_kept in (
        (["blue", "red"], True),
        (["red", "blue"], False),
        (None, False),
    ):
        found = exchange.read(save(2, names=names))
        network = training.build("mini", recipe, pictures, seed=3, start=found)
        start = found.arrays["fc8"][0]
        kernel = network.get_layer("fc8").kernel
        assert np.array_equal(kernel, start) is is_kept
        fc7 = network.get_layer("fc7").kernel
        np.testing.assert_array_equal(fc7, found.arrays["fc7"][0])


def test_a_run_goes_on_only_with_the_weights_it_began_with(
    photos, small, save, tmp_path, capsys, monkeypatch
):
    folder = tmp_path / "run"

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Interruption, "on_epoch_end", stop)
        assert train(photos, folder, "--weights", small) == 130
    capsys.readouterr()
    other = save(4)
    for more, difference in (
        (("--weights", other), "weights: '"),
        ((), "weights: '"),
        (("--weights", small, "--freeze-until", "conv1"), "frozen until: None"),
    ):
        mini = ("--model", "mini", "--resume", *more)
        assert train(photos, folder, *mini) == 2
        assert difference in capsys.readouterr().err
    assert train(photos, folder, "--weights", small, "--resume") == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--freeze-until", "conv9"), "there is no such layer, .*Use one of "),
        (("--freeze-until", "fc8"), "nothing would be left to train"),
        (("--model", "one-tower", "--input-size", "67"), "do not fit"),
        (("--freeze-until", "pool5"), "or it has no weights"),
        (("--input-size", "96"), "fc6: expected"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(
    photos, small, tmp_path, capsys, more, message
):
    assert train(photos, tmp_path / "run", "--weights", small, *more) == 2
    said = capsys.readouterr().err
    assert all(part in said for part in message.split(".*"))
    assert not (tmp_path / "run").exists()


def test_layers_are_not_frozen_without_weights(photos, tmp_path, capsys):
    assert train(photos, tmp_path / "run", "--freeze-until", "conv1") == 2
    assert "name some with --weights" in capsys.readouterr().err


def test_a_runs_folder_is_a_file_of_weights_that_knows_its_classes(
    photos, tmp_path, capsys
):
    first, second = tmp_path / "first", tmp_path / "second"
    assert train(photos, first, "--model", "mini") == 0
    assert train(photos, second, "--weights", first) == 0
    said = capsys.readouterr().out
    assert f"Weights: {first}.\n" in said  # fc8 too
    out = tmp_path / "out.weights.h5"
    assert main(["convert", str(first), str(out)]) == 0
    found = exchange.read(out)
    assert (found.model, found.class_names) == ("mini", ["blue", "red"])
    picture = str(photos / "red" / "1.jpg")
    answers = []
    for network in (first, first / "model.keras", out):
        capsys.readouterr()
        assert main(["predict", str(network), picture]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1] == answers[2]
    assert main(["identify", str(first)]) == 0
    assert "AlexNetMini of alexnet_keras." in capsys.readouterr().out


def test_a_body_under_a_head_of_ones_own_gives_its_weights(tmp_path):
    body = models.AlexNetMini(include_top=False, pooling="avg")
    head = keras.layers.Dense(2, name="mine")(body.output)
    keras.Model(body.input, head, name="own").save(tmp_path / "own.keras")
    again = models.AlexNetMini(
        include_top=False, weights=tmp_path / "own.keras"
    )
    for ours, theirs in zip(again.weights, body.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match="the file has mine, the network has"):
        models.AlexNetMini(weights=tmp_path / "own.keras")


@pytest.mark.parametrize(
    "rescaling",
    [True, 255, (0, 0), ((1, 2), 1), (0, float("inf")), "ab", (1, 2, 3)],
)
def test_a_rescaling_is_a_pair_of_numbers(rescaling):
    with pytest.raises(ValueError, match=r"must be a pair \(mean, scale\)"):
        models.AlexNetMini(rescaling=rescaling)


def test_class_names_may_come_from_windows_and_must_differ(
    small, photos, tmp_path, refused, capsys
):
    names = tmp_path / "names.txt"
    for number, text in enumerate(("green\nred\nblue", "red\nred\nblue")):
        names.write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n")
        out = tmp_path / f"{number}.weights.h5"
        typed = ["convert", small, out, "--class-names", names]
        assert main([str(word) for word in typed]) == 0
        assert exchange.read(out).class_names == text.split("\n")
    said = refused("evaluate", out, "--data", photos)
    assert "the same name" in said


def test_what_is_not_there_is_said(small, photos, tmp_path, refused):
    picture = photos / "red" / "1.jpg"
    said = refused("predict", tmp_path / "none.weights.h5", picture)
    assert "There is no file or folder" in said
    said = refused("convert", small, tmp_path / "none" / "out.weights.h5")
    assert "There is no folder" in said
    with pytest.raises(ValueError, match="`weights` must be .*a int"):
        models.AlexNetMini(weights=5)


@pytest.mark.usefixtures("slim")
def test_a_scale_that_is_not_told_is_not_invented(tmp_path):
    """On the way out through safetensors and in again."""
    arrays = zeros(sources.TORCHVISION)
    save_file(arrays, tmp_path / "theirs.safetensors")
    found = exchange.read(tmp_path / "theirs.safetensors")
    found = found._replace(rescaling=None)
    exchange.write_safetensors(tmp_path / "ours.safetensors", found)
    assert exchange.read(tmp_path / "ours.safetensors").rescaling is None


def test_identify_says_whose_alexnet_a_file_holds(
    small, tmp_path, capsys, refused
):
    assert main(["identify", str(small)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "AlexNetMini of alexnet_keras."
    assert lines[-1] == "367,043 parameters, 576 values reach fc6"
    (tmp_path / "x.weights.h5").write_text("nothing")
    assert "no HDF5 file" in refused("identify", tmp_path / "x.weights.h5")
    assert "is no file" in refused("identify", tmp_path / "none.onnx")


def test_what_convert_cannot_do_is_refused(
    small, tmp_path, refused, monkeypatch
):
    out = tmp_path / "out.weights.h5"
    assert "must end in .weights.h5 or" in refused("convert", small, "x.pth")
    assert "torchvision's names are for OneWeirdTrick" in refused(
        "convert", small, tmp_path / "out.safetensors"
    )
    (tmp_path / "names").write_text("a\nb\n")
    assert "2 names, one a line; the network has 3" in refused(
        "convert", small, out, "--class-names", tmp_path / "names"
    )
    (tmp_path / "file.onnx").write_bytes(b"1")
    there = importlib.import_module

    def missing(name, *more):
        if name == "onnx":
            raise ImportError
        return there(name, *more)

    with monkeypatch.context() as patch:
        patch.setattr(importlib, "import_module", missing)
        said = refused("convert", tmp_path / "file.onnx", out)
    assert "pip install onnx" in said
    assert {path.name for path in tmp_path.iterdir()} == {"names", "file.onnx"}
    assert main(["convert", str(small), str(out)]) == 0  # ours, from ours
    assert "is there already" in refused("convert", small, out)
