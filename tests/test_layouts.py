"""How people lay folders out: what is a split, what a class, what neither."""

import pytest

from alexnet_keras.data.decoding import DataError
from alexnet_keras.data.folders import list_folder
from alexnet_keras.data.trees import split_of


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", "train Training TRAIN seg_train training_set trainset"),
        ("train", "train2017 img_train ILSVRC2012_img_train train-images"),
        ("validation", "val valid Validation dev val2017 val_set dev-data"),
        ("test", "test testing test1 seg_test testset test_images holdout"),
        ("unlabelled", "seg_pred pred unlabeled unlabelled predict unsup"),
        (None, "tram trains cat validity tester 2017 set train-station data"),
    ],
)
def test_names_of_splits(split, names):
    for name in names.split():
        assert split_of(name) == split, name


def listed(write_pictures, tmp_path, counts):
    """Writes so many pictures into each folder; lists the whole."""
    for folder, count in counts.items():
        write_pictures(folder, count)
    source = list_folder(tmp_path)
    found = {name: part.num_examples for name, part in source.splits.items()}
    return source.class_names, found, list(source.notes)


def both(folder, count):
    return {f"{folder}/{name}": count for name in ("cat", "dog")}


@pytest.mark.parametrize(
    ("counts", "splits"),
    [
        (
            both("seg_train/seg_train", 4)
            | both("seg_test/seg_test", 1)
            | {"seg_pred/seg_pred": 3},
            {"train": 8, "validation": 2},
        ),
        (both("train", 4) | both("dev", 1), {"train": 8, "validation": 2}),
        (
            both("pets/Train", 4)
            | both("pets/valid", 1)
            | both("pets/Test", 2),
            {"train": 8, "validation": 2, "test": 4},
        ),
        (
            {f"{name}/train": 4 for name in ("cat", "dog")}
            | {f"{name}/val": 1 for name in ("cat", "dog")},
            {"train": 8, "validation": 2},
        ),
        (
            {
                f"{name}/{split}": 4
                for name in ("cat", "dog")
                for split in ("train", "pred")
            }
            | {"cat/val": 1, "dog/val": 1},
            {"train": 8, "validation": 2},
        ),
        (
            both("train", 4) | both("val", 1) | {"samples": 2, "masks/a": 1},
            {"train": 8, "validation": 2},
        ),
        (
            both("abc_train/abc_train", 4) | both("abc_test/abc_test", 1),
            {"train": 8, "validation": 2},
        ),
        (
            both("Final_Training/Images", 4)
            | both("val/images", 1)
            | {"Final_Test/Images": 2, "Meta": 2},
            {"train": 8, "validation": 2},
        ),
    ],
    ids=[
        "nested",
        "dev",
        "wrapped",
        "within classes",
        "unlabelled ones within classes",
        "others besides",
        "a common prefix",
        "heaps",
    ],
)
def test_splits_are_found(write_pictures, tmp_path, counts, splits):
    names, found, notes = listed(write_pictures, tmp_path, counts)
    assert names == ("cat", "dog")
    assert found == splits
    taken = sum(splits.values())
    rest = sum(counts.values()) - taken
    told = sum(
        int(word) for note in notes for word in note.split() if word.isdigit()
    )
    assert told == rest  # each picture is taken, or said to be left out


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        (both("train", 9) | {"test": 4}, "left out: test: 4 pictures"),
        (both("train", 9) | {"test/unknown": 4}, "left out: test: 4 pictures"),
        (both("train", 9) | {"val/images": 4}, "left out: val: 4 pictures"),
        (
            both("train", 9) | {"unlabeled": 4},
            "left out: unlabeled: 4 pictures",
        ),
        (both("train", 9) | {"val": 0}, "left out: val: a folder without"),
        (both("train", 9) | {"__MACOSX/train": 2}, None),
        (both("train/images", 9), "The pictures are those in"),
        (both("pets", 9), "The pictures are those in"),
        (both(".", 9) | {"eel": 0}, "left out: eel: a folder without pictures"),
    ],
)
def test_a_part_of_train_is_held_out_where_nothing_else_has_classes(
    write_pictures, tmp_path, counts, note
):
    names, found, notes = listed(write_pictures, tmp_path, counts)
    assert names == ("cat", "dog")
    assert found.keys() == {"train", "validation"}
    assert sum(found.values()) == 18
    if any("train" in folder for folder in counts):
        assert notes.pop().startswith("About 20% of each class of train is")
    assert len(notes) == (note is not None)
    assert all(line.startswith(note) for line in notes)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"train": 4, "test1": 2}, "4 pictures in .*train lie in no class"),
        ({"train/train": 4}, "4 pictures in .*train/train lie in no class"),
        ({".": 3}, "The 3 pictures in .* lie in no class folders"),
        ({"images": 4, "annotations/trimaps": 4}, "images lie in no class"),
        (both("images", 4) | both("masks", 4), "which do not look like classe"),
        (both("val", 2) | both("test", 2), "but none to train on"),
        (both("test", 2), "no split but test. To train on it, give .*test"),
        (both("cat", 2) | both(".", 2), "If it is a copy, move it away"),
        (both("a/train", 2) | both("b/train", 2), "named as splits. If a hold"),
        ({"a/train": 2, "a/val": 2, "b": 2}, "all classes need such folders"),
        (
            both("fold0/train", 2)
            | both("fold0/val", 2)
            | both("fold1/train", 2)
            | both("fold1/val", 2),
            "If those are the classes, give .*fold0",
        ),
        (
            both("train", 2) | both("val", 2) | both("valid", 2),
            "two folders for validation: val and valid",
        ),
        (
            both("train1", 2) | both("train2", 2),
            "two folders for train: train1 and train2",
        ),
        (both("train", 2) | {"tram": 2}, "move tram away; if it is a class"),
        (both(".", 2) | both("val", 2), "Put the class folders into a folder"),
        (both(".", 2) | {"unlabelled": 2}, "cat, dog, and such as are named"),
    ],
)
def test_what_cannot_be_right_is_refused(
    write_pictures, tmp_path, counts, message
):
    with pytest.raises(DataError, match=message):
        listed(write_pictures, tmp_path, counts)


def test_unknown_may_be_a_class(write_pictures, tmp_path):
    names, found, notes = listed(
        write_pictures,
        tmp_path,
        {"train/unknown": 3, "train/unlabelled": 3, "val/unknown": 1},
    )
    assert names == ("unknown", "unlabelled")
    assert found == {"train": 6, "validation": 1}
    assert notes == ["Without pictures in validation: unlabelled."]


def test_labels_in_the_names_of_files_are_seen(write_pictures, tmp_path):
    folder = write_pictures("train", 8)
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(folder / f"{('cat', 'dog')[number % 2]}.{number}.jpg")
    write_pictures("test1", 2)
    with pytest.raises(DataError, match="begin with cat, dog: if those are"):
        list_folder(tmp_path)


def test_classes_whose_pictures_all_lie_below_are_named(
    write_pictures, tmp_path
):
    names, _, notes = listed(
        write_pictures, tmp_path, both("color", 3) | both("grey", 3)
    )
    assert names == ("color", "grey")
    assert notes == [
        "The classes are color, grey. All their pictures lie in folders below "
        "them, such as cat, dog: if those are the classes, give the folder "
        "above them."
    ]
