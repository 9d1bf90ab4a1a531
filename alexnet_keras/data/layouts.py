"""Which folders are splits, and which are classes."""

import re
from typing import NamedTuple

from alexnet_keras.data.decoding import DataError
from alexnet_keras.data.trees import HEAPS, Tree, composed, split_of


class Layout(NamedTuple):
    """How a folder is laid out.

    `found` maps each split, `""` where there are none, to
    `{class name: blocks}`; `notes` are lines about what is not taken.
    """

    found: dict
    notes: list


def recognise(walk):
    """Finds the splits and the classes in what lies below a folder.

    Args:
        walk: A `walking.Walk`.

    Returns:
        A `Layout`.

    Raises:
        DataError: If it cannot be right.
    """
    tree = Tree(walk)
    base = tree.only_folder(())
    kids = tree.kids(base)
    trains = [kid for kid in kids if tree.split_of(kid) == "train"]
    if any(tree.kids(tree.unwrapped(kid)) for kid in trains):
        found, notes = _splits_of_classes(tree, base)
    elif kids and all(_holds_splits(tree, kid) for kid in kids):
        found, notes = _classes_of_splits(tree, base)
    else:
        _refuse_heaps(tree, base)
        _refuse_splits_as_classes(tree, base)
        is_train = any(split_of(name) == "train" for name in base)
        found = {"train" if is_train else "": tree.classes(base)}
        notes = _same_folders(tree, base)
    for depth in range(len(base) + 1):
        notes += _besides(tree, base[:depth])
    if base and tree.split_of(base) is None:
        notes.append(f"The pictures are those in {tree.path(base)}.")
    return Layout(found, notes)


def _splits_of_classes(tree, base):
    """Reads train/CLASS, val/CLASS; says what else lies there."""
    chosen, strange, notes = {}, [], []
    for kid in tree.kids(base):
        split, inner = tree.split_of(kid), tree.unwrapped(kid)
        if split is None:
            strange.append(kid)
        elif split == "unlabelled" or _is_unlabelled(tree, inner):
            count = tree.counts[kid]
            notes.append(_left_out(kid, f"{count} pictures without a class"))
        elif split in chosen:
            both = sorted(one[-1] for one in (kid, chosen[split][0]))
            raise DataError(
                f"{tree.path(base)} has two folders for {split}: "
                f"{' and '.join(both)}. Put their pictures together, or move "
                "one of them away."
            )
        else:
            chosen[split] = kid, inner
    if len(strange) == len(tree.kids(base)) - 1 > 0:
        names = ", ".join(kid[-1] for kid in strange)
        train = chosen["train"][0]
        raise DataError(
            f"{tree.path(base)} holds {train[-1]}, in which there are class "
            f"folders, and besides it {names}. If {train[-1]} is the split to "
            f"train on, move {names} away; if it is a class, rename it, such "
            f"as to {train[-1]}-class."
        )
    for kid in strange:
        notes.append(_left_out(kid, f"{tree.counts[kid]} pictures of no split"))
    for _, inner in chosen.values():
        notes += _besides(tree, inner)
    return {
        split: tree.classes(inner) for split, (_, inner) in chosen.items()
    }, notes


def _is_unlabelled(tree, inner):
    """Tells a split whose pictures lie in no class folders."""
    names = {kid[-1].lower() for kid in tree.kids(inner)}
    return not names or names <= {"unknown", "unlabelled", "unlabeled"}


def _holds_splits(tree, kid):
    """Tells a class whose folders are splits, such as cat/train, cat/val."""
    splits = {tree.split_of(inner) for inner in tree.kids(kid)}
    return {"train"} < splits <= {"train", "validation", "test"}


def _classes_of_splits(tree, base):
    """Reads CLASS/train, CLASS/val."""
    found, notes = {}, []
    for kid in tree.kids(base):
        for inner in tree.kids(kid):
            classes = found.setdefault(tree.split_of(inner), {})
            classes.setdefault(composed(kid[-1]), []).extend(tree.below(inner))
        notes += _besides(tree, kid)
    return found, notes


def _refuse_heaps(tree, base):
    """Refuses pictures that lie in no class folders at all."""
    kids = tree.kids(base)
    if not kids and tree.direct(base):
        raise _heap(tree, base)
    heaps = [kid for kid in kids if kid[-1].lower() in HEAPS]
    for kid in heaps:
        if not tree.kids(kid):
            raise _heap(tree, kid)
    if heaps:
        first, names = heaps[0], ", ".join(kid[-1] for kid in kids)
        raise DataError(
            f"{tree.path(base)} has the folders {names}, which do not look "
            f"like classes. If the folders in {first[-1]} are the classes, "
            f"give {tree.path(first)}; if {first[-1]} is one, rename it, such "
            f"as to {first[-1]}-class."
        )


def _heap(tree, folder):
    """Makes the error for pictures without classes."""
    names = tree.blocks[folder].names
    classes = sorted({re.match(r"[^\W\d_]*", name)[0] for name in names})
    hint = ""
    if 1 < len(classes) <= len(names) / 2 and "" not in classes:
        hint = (
            f" Their names begin with {_some(classes)}: if those are the "
            "classes, move the pictures into folders of these names."
        )
    return DataError(
        f"The {len(names)} pictures in {tree.path(folder)} lie in no class "
        f"folders, so their classes are not known.{hint} Expected CLASS/*, a "
        "folder for each class."
    )


def _refuse_splits_as_classes(tree, base):
    """Refuses folders that are splits by their names, and no classes."""
    splits = {kid: tree.split_of(kid) for kid in tree.kids(base)}
    named = [kid[-1] for kid, split in splits.items() if split]
    if not named or set(splits.values()) == {None, "train"}:
        return  # a train may be a class
    for kid, split in splits.items():
        if split == "train":
            raise _heap(tree, tree.unwrapped(kid))
    rest = [kid[-1] for kid, split in splits.items() if not split]
    if rest:
        raise DataError(
            f"{tree.path(base)} has folders that are named as classes, "
            f"{_some(rest)}, and such as are named as splits: "
            f"{', '.join(named)}. Put the class folders into a folder train, "
            f"or rename what is a class, such as to {named[0]}-class."
        )
    raise DataError(
        f"{tree.path(base)} has splits, {', '.join(named)}, but none to train "
        "on. Name that folder train, with a folder for each class in it."
    )


def _same_folders(tree, base):
    """Says that the classes may stand a level below."""
    kids = tree.kids(base)
    inner = [{one[-1] for one in tree.kids(kid)} for kid in kids]
    if (
        len(kids) < 2
        or len(inner[0]) < 2
        or any(names != inner[0] for names in inner)
    ):
        return []
    return [
        f"The classes are {_some(kid[-1] for kid in kids)}. All hold the "
        f"folders {_some(sorted(inner[0]))}: if those are the classes, give "
        "one of the folders above them."
    ]


def _besides(tree, parts):
    """Says what lies beside the class folders, or the splits."""
    names, notes = tree.blocks[parts].names, []
    if names:
        plural = "s" * (len(names) > 1)
        what = f"{len(names)} picture{plural} in no class folder"
        notes.append(_left_out((*parts, _some(names)), what))
    return notes + [
        _left_out(kid, "a folder without pictures")
        for kid in tree.inner[parts]
        if not tree.counts[kid] and kid not in tree.holds_runs
    ]


def _left_out(parts, why):
    return f"left out: {'/'.join(parts)}: {why}"


def _some(names, most=5):
    """Names the first of many."""
    names = list(names)
    return ", ".join(names[:most]) + ", ..." * (len(names) > most)
