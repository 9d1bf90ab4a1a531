"""Which pictures a run was trained on, and what became of them since."""

import collections
import csv

FILE = "pictures.csv"
_COLUMNS = ("split", "class", "file", "bytes")


def write_pictures(run, data):
    """Writes the pictures of an image folder to a run's folder.

    Args:
        run: A `runs.Run`.
        data: A `data.Data`.

    Raises:
        runs.RunError: If it cannot be written.
    """
    if data.pictures is None:  # of a set that its name tells
        return
    with (
        run.replacing(FILE) as path,
        open(path, "w", newline="", errors="surrogateescape") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        for split, pictures in data.pictures.items():
            for below, label, size in pictures.files():
                rows.writerow((split, data.class_names[label], below, size))


def changed_pictures(folder, data, split):
    """Compares pictures with those that a run was trained on.

    Args:
        folder: `pathlib.Path` of the run.
        data: A `data.Data` of an image folder.
        split: Str, the split of it that is to be measured.

    Returns:
        Str: a sentence or two, empty if they are the same.
    """
    try:
        with open(folder / FILE, newline="", errors="surrogateescape") as file:
            before = {
                row["file"]: (row["split"], row["bytes"])
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError, csv.Error):
        return (
            f"{folder} has no {FILE} that tells which pictures it was trained "
            "on: some of these may be among them."
        )
    counts = collections.Counter()
    num_held_out = data.pictures[split].num_examples
    for name, pictures in data.pictures.items():
        for below, _, size in pictures.files():
            there, bytes_ = before.pop(below, (None, None))
            if there is None:
                counts["came"] += 1
            elif bytes_ != str(size):
                counts["changed"] += 1
            counts["trained on"] += name == split and there == "train"
    counts["went"] = len(before)
    told = [
        f"{counts[what]} {what}"
        for what in ("came", "went", "changed")
        if counts[what]
    ]
    if not told and not counts["trained on"]:
        return ""
    return (
        "The pictures are not those that the run was trained on: "
        f"{', '.join(told) or 'they are split in another way'}. Of the "
        f"{num_held_out} held out now it was trained on "
        f"{counts['trained on'] or 'none'}, by their names."
    )
