"""The pictures below a folder, and what lies there besides them."""

import collections
import os
import pathlib
import sys
from array import array
from typing import NamedTuple

import keras

from alexnet_keras import files
from alexnet_keras.data.decoding import DataError, is_picture

EXTENSIONS = frozenset(
    ".avif .bmp .gif .heic .heif .jfif .jpe .jpeg .jpg .png .ppm .tif .tiff "
    ".webp".split()
)
# What systems put into folders by themselves; nobody misses it.
_JUNK = frozenset(
    "__macosx @eadir $recycle.bin lost+found desktop.ini thumbs.db "
    ".ds_store".split()
    + ["system volume information"]
)
# Photographs as a sensor took them; Pillow would show a thumbnail of some.
_RAWS = frozenset(
    ".arw .cr2 .cr3 .dng .nef .orf .pef .raf .raw .rw2 .srw".split()
)
RUN = "a run of alexnet-keras"


class Block(NamedTuple):
    """The pictures in one folder, a few bytes besides each name.

    `names` are sorted; `sizes` are in bytes and `times` those of the last
    change, in nanoseconds. `within` is the way from a class's folder to this
    one, if that is known.
    """

    folder: str
    names: list
    sizes: array
    times: array
    within: str = ""

    def take(self, rows):
        """Gives a block of the pictures in the given rows."""
        return self._replace(
            names=[self.names[row] for row in rows],
            sizes=array("q", (self.sizes[row] for row in rows)),
            times=array("q", (self.times[row] for row in rows)),
        )


class Walk(NamedTuple):
    """What lies below a folder.

    Attributes:
        root: Str, the folder.
        blocks: Dict from a folder's parts below the root, such as
            `("train", "cat")`, to its `Block`; `()` is the root itself.
        others: Dict from a reason to the paths below the root that were not
            taken for it.
    """

    root: str
    blocks: dict
    others: dict


def walk(folder):
    """Finds all pictures below a folder; links are followed.

    What its ending does not tell, its content does. Hidden files, and runs of
    our own, are not taken.

    Args:
        folder: Path.

    Returns:
        A `Walk`.

    Raises:
        DataError: If a folder cannot be listed.
    """
    root = os.path.abspath(folder)
    found = Walk(root, {}, collections.defaultdict(list))
    waiting = collections.deque([((), ())])
    bar = keras.utils.Progbar(
        1, verbose=int(sys.stdout.isatty()), unit_name="folder"
    )
    done = 0
    while waiting:
        parts, above = waiting.popleft()
        path = os.path.join(root, *parts)
        stat = os.stat(path)
        own = stat.st_dev, stat.st_ino
        if own in above:
            found.others["a link to a folder that it lies in"].append(parts)
        elif parts and _is_run(path):
            found.others[RUN].append(parts)
        else:
            inner = _list(path, parts, found)
            waiting.extend((below, (*above, own)) for below in inner)
        done += 1
        bar.target = done + len(waiting)
        bar.update(done, finalize=not waiting)
    return found


def _list(path, parts, found):
    """Adds a folder's block; gives the folders in it."""
    block = Block(path, [], array("q"), array("q"))
    folders = []
    try:
        with os.scandir(path) as entries:
            entries = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"The folder {path} cannot be listed: {files.reason(error)}."
        ) from error
    for entry in entries:
        below = (*parts, entry.name)
        name = entry.name.lower()
        if name in _JUNK or name.startswith("._"):
            continue
        try:
            is_folder = entry.is_dir()
        except OSError as error:  # a link to itself
            found.others[files.reason(error)].append(below)
            continue
        if name.startswith("."):
            found.others["hidden"].append(below)
        elif is_folder:
            folders.append(below)
        elif os.path.splitext(name)[1] in _RAWS:
            reason = "raw of a camera: export it as JPEG"
            found.others[reason].append(below)
        elif _is_taken(entry):
            stat = _stat(entry)
            block.names.append(entry.name)
            block.sizes.append(stat.st_size)
            block.times.append(stat.st_mtime_ns)
        else:
            found.others["no picture"].append(below)
    found.blocks[parts] = block
    return folders


def _is_taken(entry):
    """Tells whether an entry is a picture; a pipe's end would never come."""
    is_lost = _is_lost(entry)
    if not is_lost and not entry.is_file():
        return False
    suffix = os.path.splitext(entry.name)[1].lower()
    return suffix in EXTENSIONS or (not is_lost and is_picture(entry.path))


def _is_lost(entry):
    """Tells a link to nowhere; it is a picture that cannot be read."""
    return entry.is_symlink() and not os.path.exists(entry.path)


def _stat(entry):
    return entry.stat(follow_symlinks=not _is_lost(entry))


def _is_run(folder):
    """Tells the folder of a run, whose curves are no pictures to learn."""
    try:
        text = pathlib.Path(folder, "run.json").read_bytes()
    except OSError:
        return False
    return b'"alexnet_keras"' in text


def pictures_below(folder):
    """Lists the pictures below a folder.

    Args:
        folder: Path.

    Returns:
        List of str, the paths, and a list of lines about what was not taken.

    Raises:
        DataError: If a folder cannot be listed.
    """
    found = walk(folder)
    paths = [
        os.path.join(block.folder, name)
        for _, block in sorted(found.blocks.items())
        for name in block.names
    ]
    return paths, tell(found.others)


def tell(others, most=3):
    """Says in lines what was not taken, and why.

    Args:
        others: As in `Walk`.
        most: Int, how many paths are named for a reason.

    Returns:
        List of str.
    """
    lines = []
    for reason, paths in sorted(others.items()):
        shown = ", ".join("/".join(parts) for parts in paths[:most])
        more = f" and {len(paths) - most} more" * (len(paths) > most)
        lines.append(f"{shown}{more}: {reason}")
    return lines
