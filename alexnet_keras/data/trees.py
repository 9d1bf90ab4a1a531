"""Folders within folders, and what their names mean."""

import re
import unicodedata

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
# Heaps of pictures, and what else stands beside such.
HEAPS = (
    "image images img imgs picture pictures pics photo photos jpg jpeg png "
    "annotation annotations mask masks label labels"
).split()
# What people add to the name of a split, as in seg_train, test_set, val2017.
_FILLERS = (
    HEAPS
    + (
        "seg set sets data dataset folder split small full raw original final "
        "ilsvrc clsloc cls loc labelled labeled"
    ).split()
)
_NAMED = re.compile(rf"({'|'.join(_SPLITS)})({'|'.join(_FILLERS)})?")


def split_of(name, common=()):
    """Tells which split a name means.

    Args:
        name: Str such as `"seg_train"`, `"valid"`, `"test1"` or `"val2017"`.
        common: Words that the folders beside it have in their names, too.

    Returns:
        `"train"`, `"validation"`, `"test"`, `"unlabelled"` or None.

    >>> split_of("ILSVRC2012_img_val"), split_of("tram")
    ('validation', None)
    """
    words = [word for word in _words(name) if word not in (*common, *_FILLERS)]
    match = _NAMED.fullmatch(words[0]) if len(words) == 1 else None
    return _SPLITS[match[1]] if match else None


def _words(name):
    return re.findall(r"[^\W\d_]+", name.lower())


class Tree:
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
        """Gives a folder's whole path."""
        return "/".join([self.root.rstrip("/"), *parts])

    def kids(self, parts):
        """Lists the folders in a folder that hold pictures."""
        return [kid for kid in self.inner[parts] if self.counts[kid]]

    def split_of(self, parts):
        """Tells which split a folder is by its name."""
        beside = [_words(one[-1]) for one in self.kids(parts[:-1])]
        common = set.intersection(*map(set, beside)) if beside[1:] else set()
        return split_of(parts[-1], common - _SPLITS.keys())

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
            name = kids[0][-1].lower()
            own = split_of(name)
            is_same = name == split[-1].lower() or (
                own is not None and own == self.split_of(split)
            )
            if not is_same and name not in _FILLERS:
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
            found.setdefault(composed(kid[-1]), []).extend(self.below(kid))
        return found


def composed(name):
    """Gives one form to names that look alike."""
    return unicodedata.normalize("NFC", name)
