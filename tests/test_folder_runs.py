"""Runs on image folders: what becomes of a run when its pictures change."""

import csv
import json
import os
import shutil

import pytest
from PIL import Image

from alexnet_keras import data
from alexnet_keras.commands import job, main
from alexnet_keras.data import decoding

TRAIN = ["--model", "mini", "--epochs", "1", "--batch-size", "8"]


@pytest.fixture(scope="module")
def first(photos, tmp_path_factory):
    """A folder that holds pictures, and a run in it: `--data .`"""
    folder = tmp_path_factory.mktemp("work") / "pets"
    shutil.copytree(photos, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["train", "--data", ".", *TRAIN]) == 0
    return folder


@pytest.fixture
def pets(first, tmp_path, monkeypatch):
    """A copy of it to change, at another place."""
    folder = tmp_path / "pets"
    shutil.copytree(first, folder)
    path = folder / "runs/pets-mini-1/run.json"
    path.write_text(path.read_text().replace(str(first), str(folder)))
    return folder


def evaluate(folder, capsys, *more):
    """Evaluates the run in a folder; gives the lines it said."""
    run = str(folder / "runs/pets-mini-1")
    assert main(["evaluate", run, *more]) == 0
    return capsys.readouterr().out.splitlines()


def rows(run):
    with open(run / "pictures.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_tells_its_pictures_and_where_they_were(pets):
    run = pets / "runs/pets-mini-1"
    found = rows(run)
    assert len(found) == 40
    for row in found:
        assert row["split"] in ("train", "validation")
        assert row["file"].startswith(row["class"] + "/")
        assert int(row["bytes"]) == os.path.getsize(pets / row["file"])
    facts = json.loads((run / "run.json").read_text())
    assert facts["data"]["source"] == str(pets)
    assert facts["data"]["class_names"] == ["blue", "red"]


def test_a_second_run_does_not_take_the_first_for_a_class(
    pets, monkeypatch, capsys
):
    monkeypatch.chdir(pets)
    assert main(["train", "--data", ".", *TRAIN]) == 0
    said = capsys.readouterr().out
    assert "left out: runs/pets-mini-1: a run of alexnet-keras" in said
    assert rows(pets / "runs/pets-mini-2") == rows(pets / "runs/pets-mini-1")


def test_a_run_whose_pictures_are_the_same_says_nothing(
    pets, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)  # the path in the run is a whole one
    said = evaluate(pets, capsys)
    assert not [line for line in said if "trained on" in line]


def test_a_run_whose_pictures_changed_says_how_many(pets, capsys):
    run = pets / "runs/pets-mini-1"
    trained_on = [row for row in rows(run) if row["split"] == "train"]
    held_out = [row for row in rows(run) if row["split"] == "validation"]
    (pets / trained_on[0]["file"]).unlink()
    Image.new("RGB", (9, 9), "red").save(pets / held_out[0]["file"])
    for number in range(100, 103):
        Image.new("RGB", (9, 9), "red").save(pets / f"red/{number}.jpg")
    said = evaluate(pets, capsys)
    (line,) = [line for line in said if "trained on" in line]
    assert line.startswith(
        "The pictures are not those that the run was trained on: 3 came, 1 "
        "went, 1 changed. Of the "
    )
    assert line.endswith("held out now it was trained on none, by their names.")


def test_pictures_that_were_trained_on_are_counted(pets, capsys):
    table = pets / "runs/pets-mini-1/pictures.csv"
    table.write_text(table.read_text().replace("validation,", "train,"))
    said = evaluate(pets, capsys)
    (line,) = [line for line in said if "trained on" in line]
    assert line == (
        "The pictures are not those that the run was trained on: they are "
        "split in another way. Of the 8 held out now it was trained on 8, by "
        "their names."
    )


def test_a_run_without_that_table_does_not_pretend_to_know(pets, capsys):
    (pets / "runs/pets-mini-1/pictures.csv").unlink()
    said = evaluate(pets, capsys)
    assert any("some of these may be among them" in line for line in said)


def test_pictures_that_moved_are_asked_for_and_known_again(
    pets, tmp_path, capsys
):
    run = tmp_path / "run"
    shutil.move(pets / "runs/pets-mini-1", run)
    moved = tmp_path / "elsewhere"
    shutil.move(pets, moved)
    assert main(["evaluate", str(run)]) == 2
    said = capsys.readouterr().err
    assert f"trained on the pictures in {pets}, which is not there" in said
    assert "--data" in said
    assert main(["evaluate", str(run), "--data", str(moved)]) == 0
    assert "trained on" not in capsys.readouterr().out


def test_a_run_does_not_go_on_with_other_pictures(
    pets, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    command = ["train", "--data", str(pets), *TRAIN, "--run-dir", "run"]
    from alexnet_keras.runs import checkpoints

    with monkeypatch.context() as patch:  # as if it were killed at the end
        patch.setattr(checkpoints, "remove", lambda folder: None)
        assert main(command) == 0
    facts = json.loads((tmp_path / "run/run.json").read_text())
    facts["status"] = "running"
    (tmp_path / "run/run.json").write_text(json.dumps(facts))
    Image.new("RGB", (9, 9), "red").save(pets / "red/new.jpg")
    capsys.readouterr()
    assert main([*command, "--resume"]) == 2
    said = capsys.readouterr().err
    assert "run cannot go on: The pictures are not those" in said
    assert "1 came" in said
    (pets / "red/new.jpg").unlink()
    assert main([*command, "--resume"]) == 0


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("/photos/pets", "pets"),
        ("/", "data"),
        ("C:\\photos\\my pets", "my pets"),
        ("mine:1.0.0", "mine"),
        ("/data/mine/small/1.10.0", "small"),
        ("imagenette/320px-v2", "320px-v2"),
    ],
)
def test_a_run_is_named_after_its_data(name, short):
    assert job._short_name(name) == short


def test_pictures_that_a_missing_package_reads_are_tried_again(
    photos, tmp_path, monkeypatch
):
    folder = tmp_path / "pets"
    shutil.copytree(photos, folder)
    (folder / "red/1.jpg").rename(folder / "red/1.heic")
    decode, is_installed = decoding.decode, False

    def read(path, size):
        if str(path).endswith(".heic") and not is_installed:
            raise ValueError("read by a package: pip install it")
        return decode(path, size)

    monkeypatch.setattr(decoding, "decode", read)
    settings = {"cache": "disk", "folder": tmp_path, "report": lambda _: None}
    for _ in range(2):
        with pytest.raises(data.DataError, match="pip install it"):
            data.load(folder, 32, **settings)
    is_installed = True
    assert not data.load(folder, 32, **settings).skipped


def test_pictures_of_one_colour_are_refused(tmp_path, capsys):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(4):
            picture = Image.new("RGB", (9, 9), "white")
            picture.save(tmp_path / f"{name}/{number}.png")
    assert main(["train", "--data", str(tmp_path), *TRAIN]) == 2
    assert "are of one and the same colour" in capsys.readouterr().err


def test_a_class_of_which_nothing_can_be_read_is_refused(photos, tmp_path):
    folder = tmp_path / "pets"
    shutil.copytree(photos, folder)
    (folder / "bad").mkdir()
    for number in range(3):
        (folder / f"bad/{number}.jpg").write_text("no picture")
    with pytest.raises(data.DataError, match="of these classes: bad"):
        data.load(folder, 32, skip_unreadable=True, report=lambda _: None)


@pytest.mark.parametrize("size", [0, -5, 32.5, 10**6, "64"])
def test_sides_that_cannot_be_are_refused(photos, size):
    with pytest.raises(data.DataError, match="whole number of pixels"):
        data.load(photos, size)
