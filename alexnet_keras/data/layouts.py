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
    splits = {split_of(name) for name in base} - {None}
    if splits and "train" not in splits:
        raise DataError(
            f"{tree.path(())} has no split but {base[-1]}. To train on it, "
            f"give {tree.path(base)} itself."
        )
    trains = [kid for kid in kids if tree.split_of(kid) == "train"]
    if any(tree.kids(tree.unwrapped(kid)) for kid in trains):
        found, notes = _splits_of_classes(tree, base)
    elif kids and all(_holds_splits(tree, kid) for kid in kids):
        found, notes = _classes_of_splits(tree, base)
    else:
        _refuse_heaps(tree, base)
        _refuse_splits_as_classes(tree, base)
        _refuse_splits_within(tree, base)
        _refuse_copies(tree, base)
        is_train = any(split_of(name) == "train" for name in base)
        found = {"train" if is_train else "": tree.classes(base)}
        notes = _folders_below(tree, base)
    for depth in range(len(base) + 1):
        notes += _besides(tree, base[:depth])
    if base and tree.split_of(base) is None:
        notes.append(f"The pictures are those in {tree.path(base)}.")
    return Layout(found, notes)


def _splits_of_classes(tree, base):
    """Reads train/CLASS, val/CLASS; says what else lies there."""
    chosen, strange, notes = {}, [], []
    known = {
        inner[-1].lower()
        for kid in tree.kids(base)
        if tree.split_of(kid) == "train"
        for inner in tree.kids(tree.unwrapped(kid))
    }
    for kid in tree.kids(base):
        split, inner = tree.split_of(kid), tree.unwrapped(kid)
        if split is None:
            strange.append(kid)
        elif split == "unlabelled" or _is_unlabelled(tree, inner, known):
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


def _is_unlabelled(tree, inner, known):
    """Tells a split whose pictures lie in no class folders of known names."""
    names = {kid[-1].lower() for kid in tree.kids(inner)}
    return names - known <= {"unknown", "unlabelled", "unlabeled"} and (
        not names & known
    )


def _holds_splits(tree, kid):
    """Tells a class whose folders are splits, such as cat/train, cat/val."""
    splits = {tree.split_of(inner) for inner in tree.kids(kid)}
    return {"train"} < splits and None not in splits


def _classes_of_splits(tree, base):
    """Reads CLASS/train, CLASS/val."""
    found, notes = {}, []
    for kid in tree.kids(base):
        for inner in tree.kids(kid):
            if tree.kids(inner):
                raise DataError(
                    f"{tree.path(inner)} is a split with folders of its own, "
                    f"{_some(one[-1] for one in tree.kids(inner))}. If those "
                    f"are the classes, give {tree.path(kid)}."
                )
            if tree.split_of(inner) == "unlabelled":
                what = f"{tree.counts[inner]} pictures without a class"
                notes.append(_left_out(inner, what))
                continue
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


def _refuse_splits_within(tree, base):
    """Refuses classes of which some hold splits, and some do not."""
    for kid in tree.kids(base):
        splits = {tree.split_of(inner) for inner in tree.kids(kid)}
        if splits - {None} and splits != {None, "train"}:
            names = _some(inner[-1] for inner in tree.kids(kid))
            raise DataError(
                f"{tree.path(kid)} holds the folders {names}, of which some "
                f"are named as splits. If {kid[-1]} holds the whole data set, "
                "give its path; if it is a class, all classes need such "
                "folders, or none."
            )


def _refuse_copies(tree, base):
    """Refuses a folder that holds what stands beside it, as copies do."""
    kids = tree.kids(base)
    for kid in kids:
        beside = {one[-1] for one in kids}
        inner = {one[-1] for one in tree.kids(kid)}
        if inner and inner <= beside:
            raise DataError(
                f"{tree.path(kid)} holds folders named as those beside it, "
                f"{_some(sorted(inner))}. If it is a copy, move it away; if it "
                "is a class, rename the folders in it."
            )


def _folders_below(tree, base):
    """Says that the classes may stand a level below."""
    kids = tree.kids(base)
    if len(kids) < 2 or any(tree.direct(kid) for kid in kids):
        return []
    below = [inner[-1] for inner in tree.kids(kids[0])]
    return [
        f"The classes are {_some(kid[-1] for kid in kids)}. All their pictures "
        f"lie in folders below them, such as {_some(below, 2)}: if those are "
        "the classes, give the folder above them."
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
