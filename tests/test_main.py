"""The command line: what it writes, what it says, how it ends."""

import csv
import errno
import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

import alexnet_keras.layers  # noqa: F401  registers our layers
from alexnet_keras import data, models, networks, recipes, runs, weights
from alexnet_keras.commands import job, line, main, versions

QUICK = ["--model", "mini", "--epochs", "2", "--batch-size", "8"]


@pytest.fixture(scope="module")
def trained(photos, tmp_path_factory):
    """The folder of a finished run on two replicas."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    assert (
        main(["train", "--data", str(photos), "--run-dir", str(folder), *QUICK])
        == 0
    )
    return folder


@pytest.fixture
def refused(capsys):
    """Runs a command that must end with 2; gives what it said."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse's own way
            code = stop.code
        said = capsys.readouterr().err
        assert code == 2
        assert "error: " in said
        assert "Traceback" not in said
        return said.split("error: ", 1)[1]

    return run


def test_version_tells_what_a_report_needs_a_line_each(capsys, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert not stop.value.code
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"alexnet-keras {alexnet_keras.__version__}"
    assert lines[1] == f"Python {platform.python_version()}"
    assert lines[2].startswith("system ")
    assert lines[3].startswith("processor ")
    assert lines[-1] == "backend of Keras jax (from KERAS_BACKEND)"
    told = dict(line.split(" ", 1) for line in lines[4:-1])
    for module in (keras, np):
        assert told[module.__name__] == module.__version__
    assert told["tensorflow"] == importlib.metadata.version("tensorflow")


def test_version_is_honest_about_what_is_not_there(monkeypatch, tmp_path):
    def find(name):
        if name == "jupyterlab":
            raise importlib.metadata.PackageNotFoundError
        return "1"

    monkeypatch.setattr(importlib.metadata, "version", find)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    report = versions.report().splitlines()
    assert "jupyterlab is not installed" in report
    assert "numpy 1" in report
    assert report[-1] == "backend of Keras tensorflow"
    for text, told in (
        ('{"backend": "torch"}', "torch (from keras.json)"),
        ("[1]", "tensorflow"),
        ("no JSON", "tensorflow"),
    ):
        (tmp_path / "keras.json").write_text(text)
        assert versions.report().endswith(f"backend of Keras {told}")


def test_summary_prints_the_papers_totals(capsys):
    assert main(["summary"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].split() == ["total", "60,965,224", "724,406,816"]
    assert "conv1 11 / 4 / 0 55 x 55 x 96 34,944 105,415,200".split() in [
        line.split() for line in lines
    ]


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        ("--model one-tower", "62,378,344"),
        ("--model one-weird-trick", "61,100,840"),
        ("--model two-tower --classes 10", "56,909,194"),  # less 990 * 4097
        ("--model mini", "368,842"),
    ],
)
def test_summary_of_the_others(capsys, arguments, parameters):
    assert main(["summary", *arguments.split()]) == 0
    assert capsys.readouterr().out.split()[-2] == parameters


def test_a_run_holds_all_it_should(trained, photos):
    assert {path.name for path in trained.iterdir()} == {
        "model.keras",
        "history.csv",
        "curves.png",
        "run.json",
        "pictures.csv",
    }
    facts = json.loads((trained / "run.json").read_text())
    assert facts["status"] == "finished"
    assert facts["command"][1:4] == ["train", "--data", str(photos)]
    assert facts["versions"]["keras"] == keras.__version__
    assert facts["devices"]["replicas"] == 2
    assert facts["precision"]["used"] == "float32"
    assert facts["recipe"]["epochs"] == facts["epochs_done"] == 2
    assert facts["data"]["class_names"] == ["blue", "red"]
    assert facts["data"]["counts"] == {"train": 32, "validation": 8}
    assert len(facts["data"]["fingerprint"]) == 16
    with open(trained / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    accuracy = facts["results"]["val_accuracy"]
    assert float(rows[-1]["val_accuracy"]) == accuracy == 1
    with Image.open(trained / "curves.png") as picture:
        assert min(picture.size) > 400


def test_the_saved_model_takes_raw_pictures_and_has_no_optimizer(trained):
    model = keras.models.load_model(trained / "model.keras")
    assert getattr(model, "optimizer", None) is None
    names = {layer.name for layer in model.layers}
    assert {"rescaling", "conv1", "fc8"} <= names
    picture = np.full((1, 64, 64, 3), (200, 50, 40), "float32")
    assert model.predict(picture, verbose=0).argmax() == 1


@pytest.mark.parametrize("extra", [[], ["--ten-crops"]])
def test_evaluate_agrees_with_training(trained, capsys, extra):
    assert main(["evaluate", str(trained), *extra]) == 0
    assert "validation, 8 pictures" in (said := capsys.readouterr().out)
    assert "top-1 100.0%, top-5 100.0%" in said
    with Image.open(trained / "confusion.png") as picture:
        assert min(picture.size) > 400


def test_predict_names_the_likeliest_class_first(trained, photos, capsys):
    asked = [str(photos / "red" / "1.jpg"), str(photos / "blue" / "2.jpg")]
    assert main(["predict", str(trained), *asked]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[3]] == asked
    assert [lines[i].split()[1] for i in (1, 4)] == ["red", "blue"]
    share = [float(line.split()[0].rstrip("%")) for line in lines[1:3]]
    assert sum(share) == pytest.approx(100, abs=0.2)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("", "course"),
        ("--data solids/tiny", "course"),
        ("--data solids --recipe fast", "fast"),
        ("--data ./solids", "fast"),
        ("--data imagenette/320px-v2", "fast"),
        ("--data mnist --recipe paper", "paper"),
    ],
)
def test_solids_have_a_recipe_of_their_own(typed, name):
    options = line._parser().parse_args(["train", *typed.split()])
    assert job._recipe(options, 1) == recipes.RECIPES[name]


def test_the_same_seed_gives_the_same_run(photos, trained, tmp_path):
    again = ["--run-dir", str(tmp_path / "again"), *QUICK]
    assert main(["train", "--data", str(photos), *again]) == 0
    one, two = (
        keras.models.load_model(folder / "model.keras").get_weights()
        for folder in (trained, tmp_path / "again")
    )
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_data_no_training(refused, tmp_path):
    train = ("train", *QUICK, "--data")
    assert "no folder" in refused(*train, tmp_path / "none").lower()
    (tmp_path / "empty").mkdir()
    assert "No pictures" in refused(*train, tmp_path / "empty")
    (tmp_path / "one" / "cat").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "one" / "cat" / "a.png")
    assert "Only one class" in refused(*train, tmp_path / "one")
    said = refused(*train, "cifar11")
    assert "cifar10" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ("--batch-size 9", "cannot be shared by 2 devices"),
        ("--batch-size 64", "fewer than one batch"),
        ("--devices 999", "not that many devices"),
        ("--strategy mirrored --devices 1", "at least two devices"),
        ("--model mini --input-size 20", "at least 32 x 32"),
        ("--model vgg", "invalid choice"),
        ("--epochs 0", "invalid positive whole number"),
        ("--learning-rate nan", "invalid positive number"),
        (f"--epochs {10**20}", "2147483647 is the most"),
        ("--seed -1", "a seed is a whole number from 0 to 4294967295"),
    ],
)
def test_bad_settings_are_refused(refused, photos, tmp_path, arguments, part):
    command = ["train", "--data", photos, "--run-dir", tmp_path / "run"]
    assert part in refused(*command, *QUICK, *arguments.split())
    assert not (tmp_path / "run").exists()


def test_unreadable_pictures_are_listed_and_left_out_exactly(
    refused, photos, tmp_path, capsys
):
    mixed = tmp_path / "mixed"
    shutil.copytree(photos, mixed)
    bad = [mixed / "red" / "text.jpg", mixed / "blue" / "short.jpg"]
    bad[0].write_text("no picture")
    bad[1].write_bytes((photos / "blue" / "1.jpg").read_bytes()[:600])
    command = ["train", "--data", mixed, "--run-dir", tmp_path / "run", *QUICK]
    said = refused(*command)
    assert said.startswith("2 of 42 pictures cannot be read")
    assert f"{bad[0]}: not a picture" in said
    assert f"{bad[1]}: " in said
    assert not (tmp_path / "run").exists()

    command += ["--skip-unreadable", "--devices", "1", "--epochs", "1"]
    assert main([*map(str, command)]) == 0
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    skipped = {line.split(": ")[0] for line in facts["data"]["skipped"]}
    assert skipped == set(map(str, bad))
    assert sum(facts["data"]["counts"].values()) == 40


def test_a_run_directory_is_never_written_twice(
    refused, photos, trained, monkeypatch
):
    before = (trained / "run.json").read_bytes()
    command = ("train", "--data", photos, "--run-dir", trained, *QUICK)
    with monkeypatch.context() as patch:  # and before the pictures are read
        patch.setattr(data, "load", None)
        assert "in use" in refused(*command)
    assert (trained / "run.json").read_bytes() == before


def test_what_is_not_a_run_is_refused(refused, trained, photos, tmp_path):
    for command in ("evaluate", "predict"):
        picture = [photos / "red" / "1.jpg"] * (command == "predict")
        said = refused(command, tmp_path, *picture)
        assert said.startswith("Not a run of alexnet-keras")
    broken = tmp_path / "broken"
    shutil.copytree(trained, broken)
    (broken / "model.keras").write_bytes(b"PK")
    assert "cannot be loaded" in refused("evaluate", broken)
    models.AlexNetMini(classes=3).save(broken / "model.keras")
    said = refused("evaluate", broken)
    assert f"{broken / 'model.keras'} is not the network that" in said
    (broken / "model.keras").unlink()
    assert "no epoch was finished" in refused("evaluate", broken)


def deep(facts):
    return "[" * 100_000


def without(*keys):
    def change(facts):
        *above, last = keys
        own = facts
        for key in above:
            own = own[key]
        del own[last]
        return json.dumps(facts)

    return change


def of_numbers(facts):
    facts["data"]["class_names"] = [1, 2]
    return json.dumps(facts)


@pytest.mark.parametrize(
    "change",
    [deep, without("seed"), without("data", "fingerprint"), of_numbers],
)
def test_a_run_whose_facts_make_no_sense_is_refused(
    refused, trained, tmp_path, change
):
    broken = shutil.copytree(trained, tmp_path / "broken")
    facts = json.loads((broken / "run.json").read_text())
    (broken / "run.json").write_text(change(facts))
    said = refused("evaluate", broken)
    assert f"Not a run of alexnet-keras: {broken}" in said


def test_classes_that_the_run_does_not_know_are_refused(
    refused, photos, trained, tmp_path
):
    shutil.copytree(photos, tmp_path / "more")
    shutil.copytree(photos / "red", tmp_path / "more" / "crimson")
    said = refused("evaluate", trained, "--data", tmp_path / "more")
    assert "Its own: blue, red. Unknown: crimson." in said


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_training_needs_tensorflows_backend_before_anything_starts(
    refused, tmp_path, monkeypatch, capsys, name
):
    monkeypatch.setattr(keras.config, "backend", lambda: name)
    for more in ((), ("--strategy", "multiworker")):
        said = refused("train", "--data", tmp_path / "none", *more)
        assert len(said.splitlines()) == 1
        assert (
            f"needs the backend tensorflow of Keras. Received: {name}" in said
        )
        assert not capsys.readouterr().out


@pytest.mark.parametrize("command", ["train", "predict run picture"])
def test_a_backend_that_is_none_is_refused_in_a_line(command):
    done = subprocess.run(
        [sys.executable, "-m", "alexnet_keras", *command.split()],
        env={**os.environ, "KERAS_BACKEND": "tensorflo"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "Unable to import backend : tensorflo" in done.stderr
    assert "KERAS_BACKEND" in done.stderr


@pytest.mark.peers
@pytest.mark.parametrize("name", ["jax", "torch"])
def test_another_backend_predicts_the_same(trained, photos, capsys, name):
    typed = ["predict", str(trained), str(photos / "red" / "1.jpg")]
    assert main(typed) == 0
    done = subprocess.run(
        [sys.executable, "-m", "alexnet_keras", *typed],
        env={**os.environ, "KERAS_BACKEND": name},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.stdout == capsys.readouterr().out
    assert done.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="words of POSIX")
def test_folders_that_cannot_be_used_are_told_in_words(
    refused, photos, trained, tmp_path
):
    file = tmp_path / "file"
    file.touch()
    train = ("train", "--data", photos, *QUICK, "--run-dir")
    said = refused(*train, file)
    assert f"cannot be written: {file} (Not a directory)" in said
    said = refused(*train, file / "run")
    assert "(Not a directory)" in said
    said = refused(*train, file, "--resume")
    assert f"cannot be written: {file} (Not a directory)" in said
    assert "damaged" not in said
    (tmp_path / "run" / "run.json").mkdir(parents=True)
    said = refused("evaluate", tmp_path / "run")
    assert said.endswith("run.json cannot be read: Is a directory.\n")
    names = ("--class-names", tmp_path)
    said = refused("convert", trained, tmp_path / "a.weights.h5", *names)
    assert said == f"{tmp_path} cannot be read: Is a directory.\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(errno.EACCES, "", "a.txt"),
            "a.txt: Permission denied",
        ),
        (OSError(errno.ENOSPC, ""), "There is no space left"),
    ],
)
def test_no_error_of_the_system_is_a_number(refused, monkeypatch, error, said):
    def fail(network, *size):
        raise error

    monkeypatch.setattr(networks, "check_size", fail)
    assert refused("summary") == f"{said}.\n"


def test_a_full_disk_leaves_the_model_before(photos, trained, monkeypatch):
    run = runs.Run.open(trained)
    network = run.load_model()
    before = (trained / "model.keras").read_bytes()

    def fill(self, path, **kwargs):
        pathlib.Path(path).write_bytes(b"half a model")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", fill)
    with pytest.raises(runs.RunError, match="no space left"):
        run.save_model(network)
    assert (trained / "model.keras").read_bytes() == before
    assert not list(trained.glob("new-*"))


def test_the_command_says_nothing_but_its_own_words(photos, trained):
    done = subprocess.run(
        [sys.executable, "-m", "alexnet_keras", "predict", str(trained)]
        + [str(photos / "red" / "1.jpg")],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines()[1].split()[1] == "red"


def test_convert_says_the_scale_of_the_pictures(trained, tmp_path, capsys):
    out = str(tmp_path / "a.weights.h5")
    assert main(["convert", str(trained), out]) == 0
    mean, scale = weights.read(tmp_path / "a.weights.h5").rescaling
    shown = " / ".join(f"{value:.4g}" for value in mean)
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"subtracting {shown} and dividing by {scale:.4g}" in last
