"""Which folders are splits, and which are classes."""

import re
import unicodedata
from typing import NamedTuple

from alexnet_keras.data.decoding import DataError
from alexnet_keras.data.walking import RUN

_WORDS = {
    "train": "train training",
    "validation": "val valid validation dev development eval",
    "test": "test testing holdout",
    "unlabelled": "pred prediction predictions predict unlabelled unlabeled "
    "unsup unsupervised",
}
_SPLITS = {
    word: split for split, words in _WORDS.items() for word in words.split()
}
# What people add to such a word, as in seg_train, test_set, val2017.
_FILLERS = (
    "seg set sets data dataset image images img imgs picture pictures pics "
    "photo photos folder split small full raw original ilsvrc clsloc cls loc "
    "labelled labeled jpg jpeg png"
).split()
_NAMED = re.compile(rf"({'|'.join(_SPLITS)})({'|'.join(_FILLERS)})?")


class Layout(NamedTuple):
    """How a folder is laid out.

    `found` maps each split, `""` where there are none, to
    `{class name: blocks}`; `notes` are lines about what is not taken.
    """

    found: dict
    notes: list


def split_of(name):
    """Tells which split a name means.

    Args:
        name: Str such as `"seg_train"`, `"valid"`, `"test1"` or `"val2017"`.

    Returns:
        `"train"`, `"validation"`, `"test"`, `"unlabelled"` or None.

    >>> split_of("ILSVRC2012_img_val"), split_of("tram")
    ('validation', None)
    """
    words = re.findall(r"[^\W\d_]+", name.lower())
    matches = [_NAMED.fullmatch(word) for word in words]
    rest = [
        match
        for word, match in zip(words, matches, strict=True)
        if word not in _FILLERS
    ]
    return _SPLITS[rest[0][1]] if len(rest) == 1 and rest[0] else None


def recognise(walk):
    """Finds the splits and the classes in what lies below a folder.

    Args:
        walk: A `walking.Walk`.

    Returns:
        A `Layout`.

    Raises:
        DataError: If it cannot be right.
    """
    tree = _Tree(walk)
    base = tree.only_folder(())
    kids = tree.kids(base)
    trains = [kid for kid in kids if split_of(kid[-1]) == "train"]
    if any(tree.kids(tree.unwrapped(kid)) for kid in trains):
        found, notes = _splits_of_classes(tree, base)
    elif kids and all(_holds_splits(tree, kid) for kid in kids):
        found, notes = _classes_of_splits(tree, base)
    else:
        _refuse_splits_as_classes(tree, base)
        found, notes = {"": tree.classes(base)}, _same_folders(tree, base)
    for depth in range(len(base) + 1):
        notes += _besides(tree, base[:depth])
    if base and split_of(base[-1]) is None:
        notes.append(f"The pictures are those in {tree.path(base)}.")
    return Layout(found, notes)


class _Tree:
    """The folders of a `walking.Walk`, and how many pictures are below."""

    def __init__(self, walk):
        self.root = walk.root
        self.blocks = walk.blocks
        self.counts = dict.fromkeys(walk.blocks, 0)
        self.inner = {parts: [] for parts in walk.blocks}
        for parts, block in walk.blocks.items():
            if parts:
                self.inner[parts[:-1]].append(parts)
            for depth in range(len(parts) + 1):
                self.counts[parts[:depth]] += len(block.names)
        self.holds_runs = {
            run[:depth]
            for run in walk.others.get(RUN, ())
            for depth in range(len(run) + 1)
        }

    def path(self, parts):
        return "/".join([self.root.rstrip("/"), *parts])

    def kids(self, parts):
        """Lists the folders in a folder that hold pictures."""
        return [kid for kid in self.inner[parts] if self.counts[kid]]

    def direct(self, parts):
        """Counts the pictures that lie in a folder itself."""
        return len(self.blocks[parts].names)

    def only_folder(self, parts):
        """Goes down while a folder holds only a folder of folders."""
        while len(kids := self.kids(parts)) == 1 and not self.direct(parts):
            if self.direct(kids[0]):
                break
            parts = kids[0]
        return parts

    def unwrapped(self, split):
        """Goes down while a split's only folder names no class."""
        parts = split
        while len(kids := self.kids(parts)) == 1 and not self.direct(parts):
            name = kids[0][-1]
            is_same = split_of(name) == split_of(split[-1])
            if not is_same and name.lower() not in _FILLERS:
                break
            parts = kids[0]
        return parts

    def below(self, parts, within=""):
        """Lists the blocks of a folder and of all folders in it."""
        found = []
        if self.direct(parts):
            found = [self.blocks[parts]._replace(within=within)]
        for kid in self.kids(parts):
            found += self.below(kid, f"{within}{kid[-1]}/")
        return found

    def classes(self, parts):
        """Gives `{class name: blocks}`; names look alike, so they are."""
        found = {}
        for kid in self.kids(parts):
            found.setdefault(_composed(kid[-1]), []).extend(self.below(kid))
        return found


def _splits_of_classes(tree, base):
    """Reads train/CLASS, val/CLASS; says what else lies there."""
    chosen, strange, notes = {}, [], []
    for kid in tree.kids(base):
        split, inner = split_of(kid[-1]), tree.unwrapped(kid)
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
    if strange and len(chosen) == 1:
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
    splits = {split_of(inner[-1]) for inner in tree.kids(kid)}
    return {"train"} < splits <= {"train", "validation", "test"}


def _classes_of_splits(tree, base):
    """Reads CLASS/train, CLASS/val."""
    found, notes = {}, []
    for kid in tree.kids(base):
        for inner in tree.kids(kid):
            classes = found.setdefault(split_of(inner[-1]), {})
            classes.setdefault(_composed(kid[-1]), []).extend(tree.below(inner))
        notes += _besides(tree, kid)
    return found, notes


def _refuse_splits_as_classes(tree, base):
    """Refuses folders that are splits by their names, and no classes."""
    kids = tree.kids(base)
    splits = {kid[-1]: split_of(kid[-1]) for kid in kids}
    named = [name for name, split in splits.items() if split]
    if not named or set(splits.values()) == {None, "train"}:
        return  # a train may be a class
    rest = [name for name, split in splits.items() if not split]
    where, shown = tree.path(base), ", ".join(named)
    if "train" not in splits.values() and rest:
        raise DataError(
            f"{where} has folders that are named as classes, "
            f"{_some(rest)}, and such as are named as splits: {shown}. "
            "Put the class folders into a folder train, or rename what is a "
            f"class, such as to {named[0]}-class."
        )
    if "train" not in splits.values():
        raise DataError(
            f"{where} has splits, {shown}, but none to train on. Name that "
            "folder train, with a folder for each class in it."
        )
    train = next(kid for kid in kids if split_of(kid[-1]) == "train")
    raise DataError(
        f"The pictures in {tree.path(train)} lie in no class folders, so their "
        f"classes are not known.{_labels_in_names(tree, train)} Expected "
        f"{train[-1]}/CLASS/*, a folder for each class."
    )


def _labels_in_names(tree, folder):
    """Says which classes the names of files seem to begin with."""
    names = tree.blocks[folder].names
    words = [re.match(r"[^\W\d_]*", name)[0] for name in names]
    classes = sorted(set(words))
    if not 1 < len(classes) <= len(names) / 2 or "" in classes:
        return ""
    return (
        f" Their names begin with {_some(classes)}: if those are the "
        "classes, move the pictures into folders of these names."
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


def _composed(name):
    """Gives one form to names that look alike."""
    return unicodedata.normalize("NFC", name)
