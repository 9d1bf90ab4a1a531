"""Pictures whose headers lie, bombs, and files that are no pictures."""

import struct
import zlib

import numpy as np
from PIL import Image

from fuzz.picture_files import SIDE, chunk, encoded, png, smooth


def _size(rng):
    """Draws a width and a height that nobody has room for, or none."""
    sides = (0, 1, 2, 9_000, 30_000, 65_535, 100_000, 2**31 - 1, 2**32 - 1)
    return tuple(int(sides[rng.integers(len(sides))]) for _ in range(2))


def _png_size(rng):
    rows = zlib.compress(bytes(1000))
    depth, color = ((8, 2), (8, 6), (16, 2), (16, 0), (1, 0), (8, 3))[
        rng.integers(6)
    ]
    return ".png", png(*_size(rng), depth, color, rows)


def _png_bomb(rng):
    """Many pixels in few bytes, all of them there."""
    side = int(rng.choice([3_000, 6_000, 20_000], p=[0.6, 0.3, 0.1]))
    packer, parts = zlib.compressobj(1), []
    row = bytes(1 + side)
    for _ in range(side):
        parts.append(packer.compress(row))
    return ".png", png(side, side, 8, 0, b"".join(parts) + packer.flush())


def _png_text(rng):
    """Text that unpacks to very much."""
    kind = (b"zTXt", b"iCCP")[rng.integers(2)]
    packed = zlib.compress(bytes(2 ** int(rng.integers(20, 27))))
    more = chunk(kind, b"Comment\0\0" + packed)
    rows = zlib.compress((b"\0" + bytes(3 * SIDE)) * SIDE)
    return ".png", png(SIDE, SIDE, 8, 2, rows, more)


def _bmp_size(rng):
    data = bytearray(encoded(Image.new("RGB", (9, 9)), "BMP"))
    width, height = (min(side, 2**31 - 1) for side in _size(rng))
    struct.pack_into("<ii", data, 18, width, (height, -height)[rng.integers(2)])
    return ".bmp", bytes(data)


def _gif_size(rng):
    data = bytearray(encoded(Image.new("P", (9, 9)), "GIF"))
    sides = [min(side, 65_535) for side in _size(rng)]
    struct.pack_into("<HH", data, 6, *sides)
    if rng.integers(2):  # the frame's, too
        place = data.index(b"\x2c\0\0\0\0")
        struct.pack_into("<HH", data, place + 5, *sides)
    return ".gif", bytes(data)


def _jpeg_size(rng):
    progressive = bool(rng.integers(2))
    image = Image.new("RGB", (16, 16))
    data = bytearray(encoded(image, "JPEG", progressive=progressive))
    place = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    sides = [min(side, 65_535) for side in _size(rng)]
    struct.pack_into(">HH", data, place + 5, *sides)
    return ".jpg", bytes(data)


def _webp_size(rng):
    image = Image.new("RGBA", (16, 16), (1, 2, 3, 4))
    data = bytearray(encoded(image, "WEBP", exif=b"Exif\0\0II*\0"))
    place = data.index(b"VP8X")
    for at, side in zip((12, 15), _size(rng), strict=True):
        width = max(min(side, 2**24) - 1, 0)
        data[place + at : place + at + 3] = width.to_bytes(3, "little")
    return ".webp", bytes(data)


def _box_size(rng):
    """The size that AVIF and HEIC tell."""
    kind, ending = (("AVIF", ".avif"), ("HEIF", ".heic"))[rng.integers(2)]
    data = bytearray(encoded(Image.new("RGB", (16, 16)), kind))
    struct.pack_into(">II", data, data.index(b"ispe") + 8, *_size(rng))
    return ending, bytes(data)


def _tiff_of(tags):
    body = struct.pack("<H", len(tags))
    for tag in tags:
        body += struct.pack("<HHII", *tag)
    return b"II*\0" + struct.pack("<I", 8) + body


def _tiff_size(rng):
    width, height = _size(rng)
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8)]
    tags += [(259, 3, 1, (1, 5, 7, 8)[rng.integers(4)]), (262, 3, 1, 1)]
    tags += [(273, 4, 1, 8), (277, 3, 1, (1, 65_535)[rng.integers(2)])]
    tags += [(278, 4, 1, height), (279, 4, 1, 2**31)]
    return ".tif", _tiff_of(tags) + struct.pack("<I", 0) + bytes(500)


def _tiff_counts(rng):
    """Tags that are said to have very many values, or lie anywhere."""
    tags = [(256, 4, 1, 9), (257, 4, 1, 9), (258, 3, 1, 8), (262, 3, 1, 1)]
    for number in rng.choice([273, 279, 270, 320, 34377, 34665, 274, 282], 3):
        kind = int(rng.integers(1, 14))
        counts = (0, 1, 2**16, 2**31 - 1, 2**32 - 1)
        place = (0, 8, 2**31, 2**32 - 1)
        own = counts[rng.integers(5)], place[rng.integers(4)]
        tags.append((int(number), kind, *own))
    last = (8, 0, 2**32 - 1)[rng.integers(3)]  # 8: it follows itself
    return ".tiff", _tiff_of(sorted(tags)) + struct.pack("<I", last) + bytes(99)


def _ppm_size(rng):
    width, height = _size(rng)
    kind = (b"P6", b"P5", b"P3", b"P1", b"P7", b"Pf")[rng.integers(6)]
    top = (255, 65_535, 1, 0, 10**30)[rng.integers(5)]
    text = b"%s\n%d %d\n%d\n" % (kind, width, height, top)
    return ".ppm", text + bytes(200)


def _nothing(rng):
    return (".jpg", ".png", ".webp", ".tif")[rng.integers(4)], b""


def _other(rng):
    """What people keep beside pictures, named as one."""
    texts = [
        b"<!DOCTYPE html><title>404 Not Found</title>",
        b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
        b"PK\3\4" + bytes(100),
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(200),
        b"8BPS\0\1" + bytes(30),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
        b"\0\0\1\0\1\0" + bytes(80),
        b"\xc5\xd0\xd3\xc6" + bytes(30),
        b"#define im_width 9999999\n#define im_height 9999999\n"
        b"static char im_bits[] = {\n0x00};\n",
        b"MThd" + bytes(50),
        b"\x28\xb5\x2f\xfd" + bytes(50),
        b"SIMPLE  =                    T" + b" " * 50,
        rng.bytes(300),
        bytes(300),
    ]
    ending = (".jpg", ".png", ".gif", ".bmp", ".tiff", ".avif", ".heic")
    return ending[rng.integers(7)], texts[rng.integers(len(texts))]


def _floats(rng):
    """A TIFF of numbers, of which black and white may not be known."""
    top = (1, 255, 65_535, 1e30, 0.0, np.nan, np.inf)[rng.integers(7)]
    values = (smooth(rng, 1, 1)[..., 0] * top).astype("float32")
    if rng.integers(2):
        values[3, 3] = (np.nan, np.inf, -np.inf)[rng.integers(3)]
    return ".tif", encoded(Image.fromarray(values), "TIFF")


def _mode(rng):
    """Modes that are seldom seen."""
    pixels = smooth(rng, 1)[..., 0].round().astype("uint8")
    mode = ("1", "LA", "La", "I", "I;16B", "LAB", "HSV", "YCbCr", "RGBX")
    mode = mode[rng.integers(len(mode))]
    image = Image.fromarray(pixels)
    for step in {"La": ["LA", "La"], "I;16B": ["I", "I;16B"]}.get(
        mode, ["RGB", mode] if mode in ("LAB", "HSV", "YCbCr") else [mode]
    ):
        if (image.mode, step) == ("RGB", "LAB"):
            image = Image.merge("LAB", image.split())
        else:
            image = image.convert(step)
    try:
        return ".tif", encoded(image, "TIFF")
    except OSError:  # Pillow cannot write them all
        return ".png", encoded(Image.fromarray(pixels), "PNG")


HEADERS = {
    "PNG that tells a size": _png_size,
    "PNG of many pixels in few bytes": _png_bomb,
    "PNG whose text unpacks to much": _png_text,
    "BMP that tells a size": _bmp_size,
    "GIF that tells a size": _gif_size,
    "JPEG that tells a size": _jpeg_size,
    "WebP that tells a size": _webp_size,
    "AVIF or HEIC that tells a size": _box_size,
    "TIFF that tells a size": _tiff_size,
    "TIFF whose tags lie": _tiff_counts,
    "PPM that tells a size": _ppm_size,
    "zero bytes": _nothing,
    "another kind of file": _other,
    "numbers in place of shades": _floats,
    "a rare mode": _mode,
}
