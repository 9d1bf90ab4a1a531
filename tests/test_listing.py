"""Image folders: what is found, what is refused."""

import json
import os
import pathlib
import socket
import unicodedata

import pytest
from PIL import Image

from alexnet_keras.data.decoding import DataError
from alexnet_keras.data.folders import list_folder


def contents(source, root):
    """Each split as `{class name: [paths below root]}`."""
    found = {}
    for split, pictures in source.splits.items():
        classes = found.setdefault(split, {})
        for path, label in pictures.read():
            name = source.class_names[label]
            below = pathlib.Path(path).relative_to(root).as_posix()
            classes.setdefault(name, []).append(below)
        assert pictures.num_examples == len(pictures.names)
        assert pictures.num_examples == sum(map(len, classes.values()))
    return found


def counts(source):
    return {name: split.num_examples for name, split in source.splits.items()}


@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
@pytest.mark.parametrize("train", ["train", "Training", "TRAIN"])
def test_a_folder_with_its_own_splits(
    write_pictures, tmp_path, train, validation
):
    for split, count in [(train, 2), (validation, 1)]:
        for name in ("cat", "dog"):
            write_pictures(f"{split}/{name}", count)
    assert contents(list_folder(tmp_path), tmp_path) == {
        "train": {
            name: [f"{train}/{name}/000.png", f"{train}/{name}/001.png"]
            for name in ("cat", "dog")
        },
        "validation": {
            name: [f"{validation}/{name}/000.png"] for name in ("cat", "dog")
        },
    }


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ({"train": 4, "test": 2}, {"train": 8, "validation": 4}),
        (
            {"train": 4, "val": 2, "test": 1},
            {"train": 8, "validation": 4, "test": 2},
        ),
        ({"train": 5}, {"train": 6, "validation": 4}),
    ],
    ids=["train and test", "train, val and test", "train alone"],
)
def test_other_splits(write_pictures, tmp_path, folders, expected):
    for split, count in folders.items():
        for name in ("cat", "dog"):
            write_pictures(f"{split}/{name}", count)
    source = list_folder(tmp_path)
    assert counts(source) == expected
    assert source.class_names == ("cat", "dog")


def test_class_folders_alone_are_split_by_a_seed(write_pictures, tmp_path):
    classes = [("cat", 50), ("dog", 50), ("eel", 2)]
    for name, count in classes:
        write_pictures(name, count)
    first, again, other = (
        contents(list_folder(tmp_path, seed), tmp_path) for seed in (0, 0, 1)
    )
    assert first == again != other
    for found in (first, other):
        for name, count in classes:
            train, validation = found["train"][name], found["validation"][name]
            assert len({*train, *validation}) == count
            assert train == sorted(train)
        assert 8 <= sum(map(len, found["validation"].values())) <= 33
        assert len(found["validation"]["eel"]) == 1
    half = list_folder(tmp_path, validation_share=0.5)
    assert 36 <= counts(half)["validation"] <= 66


def test_only_its_name_and_the_seed_decide_whether_a_picture_is_held_out(
    write_pictures, tmp_path
):
    write_pictures("a/cat", 30)
    write_pictures("a/dog/black", 30)
    before = contents(list_folder(tmp_path / "a"), tmp_path / "a")
    write_pictures("a/bee", 10)
    for number in (0, 7, 8):  # some go, some come, some change
        (tmp_path / f"a/cat/{number:03}.png").unlink()
    for number in range(40, 60):
        picture = Image.new("RGB", (9, 9), (number, 0, 0))
        picture.save(tmp_path / f"a/cat/{number:03}.png")
    os.rename(tmp_path / "a", tmp_path / "b")
    after = contents(list_folder(tmp_path / "b"), tmp_path / "b")
    for one, other in [("train", "validation"), ("validation", "train")]:
        for name in ("cat", "dog"):
            assert not {*before[one][name]} & {*after[other][name]}
    assert before["validation"]["dog"] == after["validation"]["dog"]


def test_a_picture_that_comes_never_moves_one_that_was_trained_on(
    write_pictures, tmp_path
):
    for seed in range(20):
        before = {"cat": [], "dog": []}
        for count in range(2, 8):
            for name in before:
                write_pictures(f"{seed}/{name}", count)
            found = contents(list_folder(tmp_path / str(seed), seed), tmp_path)
            for name, trained in before.items():
                held_out = found["validation"][name]
                assert held_out
                # but for one that its class could not do without
                assert len(trained) < 2 or not {*held_out} & {*trained}
            before = found["train"]


def test_a_class_with_one_picture_trains_with_it(write_pictures, tmp_path):
    write_pictures("cat", 5)
    write_pictures("dog", 1)
    found = contents(list_folder(tmp_path), tmp_path)
    assert found["train"]["dog"] == ["dog/000.png"]
    assert "dog" not in found["validation"]
    write_pictures("one/cat", 1)
    write_pictures("one/dog", 1)
    with pytest.raises(DataError, match="each class has one only"):
        list_folder(tmp_path / "one")


def test_what_is_not_taken_is_counted_and_named(write_pictures, tmp_path):
    for name in ("cat", "dog"):
        write_pictures(name, 5)
    for hidden in (".thumbnails", "cat/.cache", ".git/cat", "empty/x"):
        write_pictures(hidden, 0 if "empty" in hidden else 2)
    for name in ("._000.png", ".DS_Store", "notes.txt", "labels.csv", "png"):
        (tmp_path / "cat" / name).write_text("no picture")
    (tmp_path / "README.png").write_text("of no class")
    source = list_folder(tmp_path)
    found = contents(source, tmp_path)
    assert found["train"].keys() == {"cat", "dog"}
    both = found["train"]["cat"] + found["validation"]["cat"]
    assert sorted(both) == [f"cat/00{number}.png" for number in range(5)]
    assert [*source.notes] == [
        "left out: README.png: 1 picture in no class folder",
        "left out: empty: a folder without pictures",
        "left out: .git, .thumbnails, cat/.cache: hidden",
        "left out: cat/labels.csv, cat/notes.txt, cat/png: no picture",
    ]


def test_a_picture_is_told_by_its_content_where_its_name_does_not(
    write_pictures, tmp_path
):
    folder = write_pictures("cat", 3)
    write_pictures("dog", 4)
    (folder / "000.png").rename(folder / "no ending")
    (folder / "001.png").rename(folder / "a.dat")
    (folder / "002.png").rename(folder / "IMG_1.HEIC")  # decoding will tell
    source = list_folder(tmp_path)
    assert sum(counts(source).values()) == 7
    assert not source.notes


def test_raws_of_cameras_are_not_taken_for_their_thumbnails(
    write_pictures, tmp_path
):
    folder = write_pictures("cat", 3)
    write_pictures("dog", 4)
    Image.new("RGB", (9, 9)).save(folder / "IMG_1.NEF", "TIFF")
    assert list_folder(tmp_path).notes == (
        "left out: cat/IMG_1.NEF: raw of a camera: export it as JPEG",
    )


def test_what_is_no_file_is_left_out(write_pictures, tmp_path):
    folder = write_pictures("cat", 3)
    write_pictures("dog", 3)
    with socket.socket(socket.AF_UNIX) as found:
        try:
            os.chdir(folder)  # a socket's name must be short
            found.bind("a.jpg")
        finally:
            os.chdir(pathlib.Path(__file__).parent)
    source = list_folder(tmp_path)
    assert source.notes == ("left out: cat/a.jpg: no picture",)


def test_links_are_followed_but_not_in_circles(write_pictures, tmp_path):
    write_pictures("elsewhere/old", 3)
    write_pictures("pets/cat", 2)
    write_pictures("pets/dog", 2)
    try:
        os.symlink(tmp_path / "elsewhere", tmp_path / "pets/cat/more")
        os.symlink(tmp_path / "pets", tmp_path / "pets/dog/again")
    except OSError:
        pytest.skip("links need a right here")
    source = list_folder(tmp_path / "pets")
    assert sum(counts(source).values()) == 7
    assert source.notes == (
        "left out: dog/again: a link to a folder that it lies in",
    )


def test_a_link_to_itself_is_named(write_pictures, tmp_path):
    write_pictures("cat", 3)
    write_pictures("dog", 3)
    try:
        os.symlink("again", tmp_path / "cat/again")
    except OSError:
        pytest.skip("links need a right here")
    (note,) = list_folder(tmp_path).notes
    assert note.startswith("left out: cat/again: ")
    assert "symbolic" in note


def test_our_own_runs_are_no_class(write_pictures, tmp_path):
    write_pictures("cat", 3)
    write_pictures("dog", 3)
    write_pictures("runs/pets-mini-1", 1)
    facts = {"status": "finished", "versions": {"alexnet_keras": "1"}}
    path = tmp_path / "runs/pets-mini-1/run.json"
    path.write_text(json.dumps(facts))
    source = list_folder(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert source.notes == (
        "left out: runs/pets-mini-1: a run of alexnet-keras",
    )


@pytest.mark.parametrize("suffix", [".JPG", ".Jpeg", ".webp", ".TIF", ".gif"])
def test_names_may_be_upper_case_and_folders_nested(
    write_pictures, tmp_path, suffix
):
    write_pictures("cat", 2, suffix)
    write_pictures("cat/black/small", 2, suffix)
    write_pictures("dog", 4, suffix)
    assert sum(counts(list_folder(tmp_path)).values()) == 8


def test_classes_may_be_named_train(write_pictures, tmp_path):
    for name in ("car", "train", "tram"):
        write_pictures(name, 5)
    source = list_folder(tmp_path)
    assert source.class_names == ("car", "train", "tram")


def test_names_in_any_script(write_pictures, tmp_path):
    names = ("a b", "no\N{NO-BREAK SPACE}break", "été", "猫", "👩\u200d🔬")
    for name in names:
        write_pictures(name, 2)
    assert list_folder(tmp_path).class_names == names


def test_names_that_look_alike_are_one_class(write_pictures, tmp_path):
    composed, apart = (
        unicodedata.normalize(form, "été") for form in ("NFC", "NFD")
    )
    write_pictures("dog", 3)
    write_pictures(composed, 2)
    write_pictures(apart, 3)
    source = list_folder(tmp_path)
    assert source.class_names == ("dog", composed)
    assert sum(counts(source).values()) == (8 if os.name == "posix" else 6)


@pytest.mark.parametrize("name", [b"caf\xe9", b"two\nlines", b"\x1b[31mred"])
def test_class_names_that_cannot_be_shown_are_refused(
    write_pictures, tmp_path, name
):
    write_pictures("dog", 2)
    folder = write_pictures("cat", 2)
    try:
        os.rename(folder, os.path.join(os.fsencode(tmp_path), name))
    except OSError:
        pytest.skip("no such name here")
    with pytest.raises(DataError, match="cannot be shown: .* Rename") as error:
        list_folder(tmp_path)
    assert str(error.value).isprintable()


def test_file_names_may_be_anything(write_pictures, tmp_path):
    write_pictures("dog", 2)
    folder = write_pictures("cat", 2)
    try:
        os.rename(folder / "000.png", os.fsencode(folder) + b"/caf\xe9\n.png")
    except OSError:
        pytest.skip("no such name here")
    source = list_folder(tmp_path)
    assert sum(counts(source).values()) == 4
    assert len(source.splits["train"].identity) == 32


def test_a_tilde_is_the_home_folder(write_pictures, tmp_path, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    write_pictures("pets/cat", 2)
    write_pictures("pets/dog", 2)
    assert counts(list_folder("~/pets")) == {"train": 2, "validation": 2}


def test_a_link_to_nowhere_counts_as_a_picture(write_pictures, tmp_path):
    write_pictures("cat", 2)
    write_pictures("dog", 2)
    try:
        os.symlink(tmp_path / "nowhere.png", tmp_path / "cat" / "lost.png")
    except OSError:
        pytest.skip("links need a right here")
    assert sum(counts(list_folder(tmp_path)).values()) == 5


def test_there_must_be_a_folder(tmp_path):
    with pytest.raises(DataError, match="There is no folder: .*nowhere"):
        list_folder(tmp_path / "nowhere")
    file = tmp_path / "file.zip"
    file.touch()
    with pytest.raises(DataError, match="This is a file: .*file.zip"):
        list_folder(file)


@pytest.mark.parametrize("inside", [(), ("cat", "dog"), ("train", "val")])
def test_there_must_be_pictures(tmp_path, inside):
    for name in inside:
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match="No pictures in .*jpg.*png"):
        list_folder(tmp_path)


def test_pictures_without_a_class_are_not_enough(write_pictures, tmp_path):
    write_pictures(".", 3)
    with pytest.raises(DataError, match="a folder for each class"):
        list_folder(tmp_path)


def test_there_must_be_two_classes(write_pictures, tmp_path):
    write_pictures("cat", 3)
    with pytest.raises(DataError, match="Only one class in .*'cat'"):
        list_folder(tmp_path)


def test_validation_may_lack_classes_but_have_none_of_its_own(
    write_pictures, tmp_path
):
    for folder in ("train/cat", "train/dog", "val/dog"):
        write_pictures(folder, 2)
    found = contents(list_folder(tmp_path), tmp_path)
    assert [*found["validation"]] == ["dog"]
    write_pictures("val/eel", 1)
    with pytest.raises(DataError, match="'validation' .* train has not: 'eel'"):
        list_folder(tmp_path)


def test_pictures_know_themselves(write_pictures, tmp_path):
    for name in ("cat", "dog"):
        write_pictures(name, 4)
    pictures = list_folder(tmp_path).splits["train"]
    rows = list(pictures.read())
    for row, (path, label) in enumerate(rows):
        assert pictures.path(row) == path
        below = pathlib.Path(path).relative_to(tmp_path).as_posix()
        size = os.path.getsize(path)
        assert list(pictures.files())[row] == (below, label, size)
    before = pictures.key, pictures.identity
    again = list_folder(tmp_path).splits["train"]
    assert (again.key, again.identity) == before
    os.utime(path, ns=(0, 1))
    again = list_folder(tmp_path).splits["train"]
    assert again.key != before[0]
    assert again.identity == before[1]
    Image.new("RGB", (5, 5)).save(path)
    assert list_folder(tmp_path).splits["train"].identity != before[1]
