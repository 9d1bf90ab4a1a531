"""`predict`: files and folders, in batches, with a table of what was found."""

import csv
import os
import shutil

import numpy as np
import pytest

from alexnet_keras import models, training, weights
from alexnet_keras.commands import main, predict

NAMES = [f"kind {number}" for number in range(7)]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A file of a network of seven classes."""
    path = tmp_path_factory.mktemp("network") / "seven.weights.h5"
    model = models.AlexNetMini(classes=7, rescaling=(128, 64))
    facts = weights.Weights({}, "mini", 64, (128, 64), NAMES)
    weights.write(path, model, facts)
    return path


@pytest.fixture
def ask(network, capsys):
    """Runs `predict`; gives the exit code and what was said."""

    def run(*arguments):
        code = main(["predict", str(network), *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_folders_table_has_what_each_picture_alone_gives(
    ask, photos, tmp_path, monkeypatch
):
    monkeypatch.setattr(predict, "_BATCH", 3)
    code, out, err = ask(photos / "red", "--csv", tmp_path / "a.csv")
    assert (code, err) == (0, "")
    assert out == f"Wrote {tmp_path / 'a.csv'}: 20 pictures\n"
    rows = table(tmp_path / "a.csv")
    assert [*rows[0]] == ["file"] + [
        f"{what}_{n}" for n in range(1, 6) for what in ("class", "probability")
    ]
    files = {str(path) for path in (photos / "red").iterdir()}
    assert {row["file"] for row in rows} == files
    assert len(rows) == 20
    for row in (rows[0], rows[-1]):
        code, out, _ = ask(row["file"])
        lines = [line.split(maxsplit=1) for line in out.splitlines()[1:]]
        assert [row[f"class_{n}"] for n in range(1, 6)] == [
            name for _, name in lines
        ]
        shares = [float(share.rstrip("%")) / 100 for share, _ in lines]
        np.testing.assert_allclose(
            [float(row[f"probability_{n}"]) for n in range(1, 6)],
            shares,
            atol=6e-4,
        )


def test_what_cannot_be_read_is_passed_and_listed_at_the_end(
    ask, photos, tmp_path
):
    folder = tmp_path / "mixed"
    shutil.copytree(photos / "red", folder / "deep" / "er")
    (folder / "a.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("no picture, and not called one")
    (tmp_path / "empty").mkdir()
    none = tmp_path / "none.jpg"
    code, out, err = ask(
        none, folder, tmp_path / "empty", "--csv", tmp_path / "a.csv"
    )
    assert code == 1
    said, listed = err.split("error: ")
    assert "notes.txt" in said  # left out, and no failure
    listed = listed.splitlines()
    assert listed[0] == "3 could not be read:"
    for line, path in zip(
        listed[1:], (tmp_path / "empty", none, folder / "a.jpg"), strict=True
    ):
        assert line.startswith(f"  {path}: ")
        assert "Errno" not in line
    rows = {row["file"]: row for row in table(tmp_path / "a.csv")}
    assert len(rows) == 22
    for path in (none, folder / "a.jpg"):
        assert {*rows.pop(str(path)).values()} == {str(path), ""}
    assert all(row["class_1"] in NAMES for row in rows.values())

    code, out, err = ask(none, photos / "red" / "1.jpg", folder / "a.jpg")
    assert code == 1
    assert out.splitlines()[0] == str(photos / "red" / "1.jpg")
    assert "2 could not be read" in err


def test_paths_are_given_back_as_they_were_typed(ask, photos, monkeypatch):
    monkeypatch.chdir(photos)
    twice = os.path.join("red", "1.jpg")
    code, out, _ = ask(twice, "blue", twice)
    shown = [line for line in out.splitlines() if not line.startswith(" ")]
    assert code == 0
    assert [shown[0], shown[-1]] == [twice, twice]
    assert os.path.join("blue", "1.jpg") in shown[1:-1]


def test_nothing_to_read_is_refused(ask, tmp_path):
    code, out, err = ask(tmp_path)
    assert (code, out) == (2, "")
    assert f"No picture was found.\n  {tmp_path}: there is none" in err


@pytest.mark.skipif(os.name == "nt", reason="such names are POSIX")
def test_names_of_any_bytes_are_shown(ask, photos, tmp_path):
    picture = (photos / "red" / "1.jpg").read_bytes()
    for name in (b"caf\xe9.jpg", b"two\nlines.jpg"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
            file.write(picture)
    code, out, _ = ask(tmp_path)
    assert code == 0
    assert "caf\\udce9.jpg" in out
    assert ask(tmp_path, "--csv", tmp_path / "a.csv")[0] == 0
    assert {row["file"] for row in table(tmp_path / "a.csv")} == {
        str(tmp_path / "caf\\udce9.jpg"),
        str(tmp_path / "two\nlines.jpg"),
    }


def test_a_table_is_whole_or_not_there_and_never_written_over(
    ask, photos, tmp_path, monkeypatch
):
    path = tmp_path / "a.csv"
    monkeypatch.setattr(predict, "_BATCH", 8)
    finite, batches = training.finite, []

    def interrupted(probabilities):
        batches.append(probabilities)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return finite(probabilities)

    with monkeypatch.context() as patch:
        patch.setattr(training, "finite", interrupted)
        code, _, err = ask(photos, "--csv", path)
    assert code == 130
    assert err == f"\nStopped. {path} was not written.\n"
    assert not [*tmp_path.iterdir()]
    path.write_text("mine")
    code, _, err = ask(photos / "red" / "1.jpg", "--csv", path)
    assert code == 2
    assert f"{path} is there already" in err
    assert path.read_text() == "mine"
    code, _, err = ask(photos, "--csv", tmp_path / "none" / "a.csv")
    assert code == 2
    assert "There is no folder" in err
