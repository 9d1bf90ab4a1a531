"""Image folders: what is found, what is refused."""

import os

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
            below = path.relative_to(root).as_posix()
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
        ({"train": 5}, {"train": 8, "validation": 2}),
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
    classes = [("cat", 10, 2), ("dog", 20, 4), ("eel", 3, 1)]
    for name, count, _ in classes:
        write_pictures(name, count)
    first, again, other = (
        contents(list_folder(tmp_path, seed), tmp_path) for seed in (0, 0, 1)
    )
    assert first == again != other
    for found in (first, other):
        for name, count, drawn in classes:
            train, validation = found["train"][name], found["validation"][name]
            assert len(validation) == drawn
            assert len({*train, *validation}) == count
            assert train == sorted(train)
    half = list_folder(tmp_path, validation_share=0.5)
    assert counts(half) == {"train": 5 + 10 + 1, "validation": 5 + 10 + 2}


def test_a_new_class_does_not_change_the_split_of_the_others(
    write_pictures, tmp_path
):
    write_pictures("cat", 10)
    write_pictures("dog", 10)
    before = contents(list_folder(tmp_path), tmp_path)
    write_pictures("bee", 10)
    after = contents(list_folder(tmp_path), tmp_path)
    for split in ("train", "validation"):
        assert after[split]["cat"] == before[split]["cat"]


def test_a_class_with_one_picture_trains_with_it(write_pictures, tmp_path):
    write_pictures("cat", 5)
    write_pictures("dog", 1)
    found = contents(list_folder(tmp_path), tmp_path)
    assert found["train"]["dog"] == ["dog/000.png"]
    assert "dog" not in found["validation"]


def test_what_is_hidden_or_no_picture_is_left_out(write_pictures, tmp_path):
    for name in ("cat", "dog"):
        write_pictures(name, 5)
    for hidden in (".thumbnails", "cat/.cache", ".git/cat", "empty/x"):
        write_pictures(hidden, 0 if "empty" in hidden else 2)
    for name in ("._000.png", ".DS_Store", "notes.txt", "labels.csv", "png"):
        (tmp_path / "cat" / name).write_text("no picture")
    (tmp_path / "README.png").write_text("of no class")
    found = contents(list_folder(tmp_path), tmp_path)
    assert found["train"].keys() == {"cat", "dog"}
    both = found["train"]["cat"] + found["validation"]["cat"]
    assert sorted(both) == [f"cat/00{number}.png" for number in range(5)]


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
    for name in ("a b", "été", "猫"):
        write_pictures(name, 2)
    assert list_folder(tmp_path).class_names == ("a b", "été", "猫")


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
    with pytest.raises(DataError, match="one folder of pictures for each"):
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
    with pytest.raises(DataError, match="'validation' .* train has not: eel"):
        list_folder(tmp_path)


def test_a_split_must_hold_pictures(write_pictures, tmp_path):
    write_pictures("train/cat", 2)
    write_pictures("train/dog", 2)
    (tmp_path / "val").mkdir()
    with pytest.raises(DataError, match="'validation' .* holds no pictures"):
        list_folder(tmp_path)
    for name in ("one/cat", "one/dog"):
        write_pictures(name, 1)
    with pytest.raises(DataError, match="'validation' .* holds no pictures"):
        list_folder(tmp_path / "one")


def test_pictures_know_themselves(write_pictures, tmp_path):
    for name in ("cat", "dog"):
        write_pictures(name, 2)
    pictures = list_folder(tmp_path).splits["train"]
    path = tmp_path / pictures.identity[0][0]
    assert pictures.identity[0] == [
        path.relative_to(tmp_path).as_posix(),
        0,
        path.stat().st_size,
    ]
    before = pictures.key
    assert list_folder(tmp_path).splits["train"].key == before
    Image.new("RGB", (5, 5)).save(path)
    os.utime(path, ns=(0, 1))
    assert list_folder(tmp_path).splits["train"].key != before
