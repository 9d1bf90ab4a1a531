"""Pictures in a folder of classes, as `data.load` reads them."""

import contextlib

import numpy as np
from PIL import Image, ImageOps

from fuzz.damage import damaged
from fuzz.picture_files import SIDE, encoded, smooth, sound
from fuzz.picture_headers import HEADERS
from fuzz.trying import DAMAGED, READ, Case, Wrong, refused

_SIZE = 35  # of the network, so that `SIDE` pixels are kept
_SHARES = {"sound": 0.15, "damaged": 0.73, "header": 0.12}


def start(folder):
    """Makes sound pictures to stand beside each case."""
    import pillow_heif

    from alexnet_keras import augment, distribution

    pillow_heif.register_heif_opener()  # to write with; `sound` needs it
    distribution.start()
    assert augment.stored_size(_SIZE) == SIDE
    rng = np.random.default_rng(0)
    return [
        encoded(Image.fromarray(smooth(rng).astype("uint8")), "PNG")
        for _ in range(4)
    ]


def make(base, rng, folder):
    """Writes two classes, and one picture that is not as it should be."""
    way = rng.choice([*_SHARES], p=[*_SHARES.values()])
    shown, tolerance, is_sound = None, 0, False
    if way == "header":
        what = [*HEADERS][rng.integers(len(HEADERS))]
        ending, data = HEADERS[what](rng)
    else:
        what, ending, data, shown, tolerance = sound(rng)
        is_sound = shown is not None
        if way == "damaged":
            damage, data = damaged(data, rng)
            what, is_sound = f"{what.split(',')[0]}, {damage}", False
    if rng.random() < 0.1:  # a wrong name, or none
        endings = (".jpg", ".png", ".JPG", ".bmp", ".webp", "", ".dat", ".gif")
        ending = endings[rng.integers(len(endings))]
        what += ", misnamed" if way == "sound" else ""
    for number, picture in enumerate(base):
        path = folder / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    path = folder / "photos" / "b" / f"case{ending}"
    path.write_bytes(data)
    cache = rng.choice(["memory", "disk", "none"], p=[0.9, 0.05, 0.05])

    def check():
        pixels, outcome = _load(path, str(cache), folder)
        if outcome is not None:
            if is_sound:
                raise Wrong(f"a sound picture is not read: {outcome[1]}")
            return outcome
        if is_sound:
            _compare(pixels, shown, tolerance)
            return READ, ""
        theirs = _as_pillow_reads(path)
        if theirs is not None:
            _compare(pixels, theirs, 1)
            return READ, "as Pillow alone does"
        return DAMAGED, ""

    return Case(what, check, writes=("kept",))


def _load(path, cache, folder):
    """Loads the folder; gives the picture's pixels, or an outcome."""
    from alexnet_keras import data

    root, notes = path.parents[1], []
    told = {"folder": folder / "kept", "report": notes.append}
    try:
        found = data.load(str(root), _SIZE, cache=cache, **told)
    except data.DataError as error:
        outcome = refused(error, path)
        rest = data.load(
            str(root), _SIZE, skip_unreadable=True, cache=cache, **told
        )
        counts = [split.num_examples for split in rest.splits.values()]
        if sum(counts) != 4 or str(path) not in "".join(rest.skipped):
            raise Wrong(f"the others are {counts}, {rest.skipped}") from error
        return None, outcome
    for name, pictures in found.pictures.items():
        for row, (own, _) in enumerate(pictures.read()):
            if own == str(path):
                pixels = np.asarray(found.splits[name].images[row])
                if (pixels.shape, pixels.dtype) != ((SIDE, SIDE, 3), "uint8"):
                    raise Wrong(f"pixels are {pixels.shape}, {pixels.dtype}")
                return pixels, None
    if not any(path.name in note for note in notes):
        raise Wrong(f"left out without a word: {notes}")
    return None, ("refused", f"left out: {notes[0][:80]}")


def _as_pillow_reads(path):
    """Reads plain colours by Pillow alone; None where that needs more."""
    with contextlib.suppress(Exception), Image.open(path) as image:
        if image.format == "HEIF":  # pillow-heif has turned it by itself
            return None
        if image.mode != "RGB" or "transparency" in image.info:
            return None
        if image.format in ("JPEG", "MPO") and max(image.size) > 2 * SIDE:
            return None  # comes smaller
        upright = ImageOps.exif_transpose(image)
        return np.asarray(ImageOps.fit(upright, (SIDE, SIDE), 3))
    return None


def _compare(pixels, shown, tolerance):
    off = np.abs(pixels.astype(int) - shown).max()
    if off > tolerance:
        raise Wrong(f"a pixel is off by {off}, more than {tolerance}")
