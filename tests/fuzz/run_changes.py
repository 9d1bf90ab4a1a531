"""Changes to the files of a run's folder."""

import io
import json
import os
import shutil

import numpy as np

from fuzz.damage import damaged
from fuzz.trying import SECRET
from fuzz.weight_files import rezipped
from fuzz.weight_headers import BY_ENDING
from fuzz.weights import KERAS, change_json


def gone(path, rng, folder):
    """The file is not there."""
    path.unlink()


def empty(path, rng, folder):
    """The file has no bytes."""
    path.write_bytes(b"")


def taken(path, rng, folder):
    """A folder stands in its place, or a link to nowhere, or to itself."""
    path.unlink()
    match rng.integers(3):
        case 0:
            path.mkdir()
        case 1:
            path.symlink_to(folder.parent / f"no-{SECRET}")
        case 2:
            path.symlink_to(path.name)


def swapped(path, rng, folder):
    """Another file of the run stands in its place."""
    others = [one for one in sorted(path.parent.iterdir()) if one.is_file()]
    other = others[rng.integers(len(others))]
    if other != path:
        shutil.copyfile(other, path)


def harmed(path, rng, folder):
    """Its bytes are damaged."""
    data = path.read_bytes()
    path.write_bytes(damaged(data, rng)[1] if data else b"x")


def other_json(path, rng, folder):
    """One thing in it is another, or it is no JSON at all."""
    texts = (
        "[" * 100_000,
        "null",
        "7",
        '{"status": 7}',
        "\ufeff{}",
        "9" * 9_000,
    )
    if rng.random() < 0.2:
        path.write_text(texts[rng.integers(len(texts))])
        return
    facts = json.loads(path.read_text())
    for _ in range(rng.integers(1, 4)):
        change_json(facts, rng)
    path.write_text(json.dumps(facts))


def other_lines(path, rng, folder):
    """Lines that are too many, too wide, or none."""
    text = path.read_text()
    first = text.split("\n")[0]
    texts = (
        ",".join(["x"] * 10**6),
        f"{first}\n" + "\n".join(['"' + "a" * 200_000 + '",b,c,d'] * 3),
        text.replace(",", "\0"),
        text.replace(",", ";"),
        f"{first}\n" + "1,2\n" * 100_000,
        text + '"',
        first,
        text.replace("\n", ",more\n"),
        "\ufeff" + text,
        "\n\n\n",
    )
    path.write_text(texts[rng.integers(len(texts))])


def other_facts(path, rng, folder):
    """What a checkpoint tells of itself is another."""

    def change(members):
        name = "facts.npy"
        facts = np.load(io.BytesIO(members[name]))
        facts = json.loads(facts.tobytes())
        if rng.random() < 0.1:
            facts = (None, [], 7, {}, {"identity": 3, "rows": 4})[
                rng.integers(5)
            ]
        else:
            change_json(facts, rng)
        members[name] = _npy(
            np.frombuffer(json.dumps(facts).encode(), np.uint8)
        )

    path.write_bytes(rezipped(path.read_bytes(), change))


def other_arrays(path, rng, folder):
    """An array of a checkpoint is missing, of another shape, or not finite."""

    def change(members):
        names = [name for name in members if name != "facts.npy"]
        name = names[rng.integers(len(names))]
        array = np.load(io.BytesIO(members[name]))
        changes = (
            lambda: members.pop(name),
            lambda: _npy(array[None]),
            lambda: _npy(np.zeros((0,) * array.ndim)),
            lambda: _npy(array.astype("f8") * np.nan),
            lambda: _npy(array.astype("<U9")),
            lambda: _npy(array.astype("c16")),
            lambda: _npy(array.astype(">f8")),
            lambda: _npy(np.array(-(2**62))),
            lambda: _npy(np.full(array.shape, 2**62)),
            lambda: _npy(np.full(array.shape, -1)),
        )
        own = changes[rng.integers(len(changes))]()
        if name in members:
            members[name] = own
        if rng.random() < 0.1:
            members["variable-9999.npy"] = own

    path.write_bytes(rezipped(path.read_bytes(), change))


def _npy(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def _of_bytes(way):
    def change(path, rng, folder):
        path.write_bytes(way(path.read_bytes(), rng, folder))

    return change


_EVERY = {
    "gone": gone,
    "empty": empty,
    "no file": taken,
    "another file": swapped,
    "damaged": harmed,
}
_CHECKPOINT = {
    **_EVERY,
    "other facts": other_facts,
    "other arrays": other_arrays,
    **{
        what: _of_bytes(way)
        for what, way in BY_ENDING[".npz"].items()
        if "types" not in what
    },
}
_KERAS = {what: _of_bytes(way) for what, way in KERAS.items()}
BY_NAME = {
    "run.json": {**_EVERY, "other JSON": other_json},
    "checkpoint.npz": _CHECKPOINT,
    "checkpoint-before.npz": _CHECKPOINT,
    "model.keras": {**_EVERY, **_KERAS},
    "history.csv": {**_EVERY, "other lines": other_lines},
    "pictures.csv": {**_EVERY, "other lines": other_lines},
}


def change(run, rng, folder):
    """Changes one file of a run, sometimes two.

    Returns:
        Str, what was done.
    """
    names = [name for name in BY_NAME if (run / name).is_file()]
    said = []
    for _ in range(1 if rng.random() < 0.8 else 2):
        name = names.pop(rng.integers(len(names)))
        ways = [*BY_NAME[name]]
        what = ways[rng.integers(len(ways))]
        if os.path.isfile(run / name):
            BY_NAME[name][what](run / name, rng, folder)
            said.append(f"{name}: {what}")
    return said[0]
