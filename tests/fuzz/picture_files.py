"""Pictures to begin with: sound ones of every kind, and headers that lie."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

SIDE = 40  # of a sound picture, which is not scaled then
_LOSSY = 12  # how far a pixel of a smooth picture may be off


def encoded(image, kind, **options):
    """Gives a picture's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def smooth(rng, channels=3, top=255):
    """Draws a picture of slopes, `(SIDE, SIDE, channels)`, floats."""
    y, x = np.mgrid[:SIDE, :SIDE] / (SIDE - 1)
    planes = [
        rng.uniform(0.1, 0.4)
        + rng.uniform(0.1, 0.3) * x
        + 0.3 * rng.random() * y
        for _ in range(channels)
    ]
    return np.stack(planes, -1) * top


def sound(rng):
    """Makes a sound picture of any kind.

    Returns:
        Its kind in words, its file's ending, its bytes, what a viewer shows as
        a uint8 array `(SIDE, SIDE, 3)`, and how far a pixel may be off.
    """
    makers = [*SOUND]
    name = makers[rng.integers(len(makers))]
    return name, *SOUND[name](rng)


def _plain(kind, ending, tolerance=0, **options):
    def make(rng):
        pixels = smooth(rng).round().astype("uint8")
        data = encoded(Image.fromarray(pixels), kind, **options)
        return ending, data, pixels, tolerance

    return make


def _grey(kind, ending, tolerance=0, bits=8):
    def make(rng):
        top = 2**bits - 1
        grey = smooth(rng, 1, top)[..., 0].round()
        grey = grey.astype("uint8" if bits == 8 else "uint16")
        data = encoded(Image.fromarray(grey), kind)
        shown = (grey * (255 / top)).round().astype("uint8")
        return ending, data, np.repeat(shown[..., None], 3, -1), tolerance or 1

    return make


def _palette(kind, ending, see_through=False):
    def make(rng):
        colors = rng.integers(0, 256, (8, 3), "uint8")
        places = rng.integers(0, 8, (SIDE, SIDE), "uint8")
        image = Image.fromarray(places, "P")
        image.putpalette(colors.tobytes())
        shown = colors[places]
        options = {"optimize": False} if kind == "GIF" else {}
        if see_through:
            options["transparency"] = 3
            shown[places == 3] = 255
        return ending, encoded(image, kind, **options), shown, 0

    return make


def _cmyk(kind, ending, tolerance):
    def make(rng):
        ink = smooth(rng, 4).round().astype("uint8")
        data = encoded(Image.fromarray(ink, "CMYK"), kind)
        full = 255 - ink[..., :3].astype(float)
        shown = full * (255 - ink[..., 3:].astype(float)) / 255
        return ending, data, shown.round().astype("uint8"), tolerance

    return make


def _alpha(kind, ending, tolerance=1, **options):
    def make(rng):
        own = smooth(rng, 4).round().astype("uint8")
        own[..., 3] = np.where(own[..., 3] > 120, 255, own[..., 3])
        front, share = own[..., :3].astype(float), own[..., 3:] / 255
        shown = (front * share + 255 * (1 - share)).round().astype("uint8")
        data = encoded(Image.fromarray(own, "RGBA"), kind, **options)
        return ending, data, shown, tolerance

    return make


def _turned(kind, ending, tolerance):
    """A picture that EXIF tells to turn, or tells nonsense of."""

    def make(rng):
        pixels = smooth(rng).round().astype("uint8")
        number = int(rng.integers(0, 12))
        exif = Image.Exif()
        exif[0x0112] = number
        image = Image.fromarray(pixels)
        data = encoded(image, kind, exif=exif.tobytes(), **_BEST.get(kind, {}))
        turns = {  # EXIF 2.3, orientation: where row 0 and column 0 are
            2: lambda a: a[:, ::-1],
            3: lambda a: a[::-1, ::-1],
            4: lambda a: a[::-1],
            5: lambda a: a.transpose(1, 0, 2),
            6: lambda a: a[::-1].transpose(1, 0, 2),
            7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
            8: lambda a: a[:, ::-1].transpose(1, 0, 2),
        }
        shown = turns.get(number, lambda a: a)(pixels)
        return ending, data, shown, tolerance

    return make


def _broken_exif(rng):
    pixels = smooth(rng).round().astype("uint8")
    exif = (
        b"Exif\0\0"
        + (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"")[rng.integers(3)]
        + rng.bytes(rng.integers(0, 60))
    )
    data = encoded(Image.fromarray(pixels), "JPEG", exif=exif, **_BEST["JPEG"])
    return ".jpg", data, None, 0  # noise may tell to turn it


def _animated(kind, ending, tolerance=0, **options):
    def make(rng):
        frames = [smooth(rng).round().astype("uint8") for _ in range(3)]
        if kind == "GIF":  # of few colours, so that none is changed
            frames = [frame // 64 * 64 for frame in frames]
        images = [Image.fromarray(frame) for frame in frames]
        data = encoded(
            images[0],
            kind,
            save_all=True,
            append_images=images[1:],
            duration=100,
            **options,
        )
        return ending, data, frames[0], tolerance

    return make


def chunk(kind, data):
    """Gives a chunk of a PNG, its checksum right."""
    whole = kind + data
    return (
        struct.pack(">I", len(data))
        + whole
        + struct.pack(">I", zlib.crc32(whole))
    )


def png(width, height, depth, color, data, *more):
    """Writes a PNG by hand."""
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            *more,
            chunk(b"IDAT", data),
            chunk(b"IEND", b""),
        ]
    )


def _deep_png(rng):
    """A colour PNG of 16 bits a channel, which Pillow cannot write."""
    deep = smooth(rng, 3, 65535).round().astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    data = png(SIDE, SIDE, 16, 2, zlib.compress(rows))
    shown = (deep.astype(float) / 257).round().astype("uint8")
    return ".png", data, shown, 1


_BEST = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95, "subsampling": "4:4:4"},
    "HEIF": {"quality": 95},
}
_JPEG, _WEBP = _BEST["JPEG"], _BEST["WEBP"]
SOUND = {
    "JPEG": _plain("JPEG", ".jpg", _LOSSY, **_JPEG),
    "JPEG, progressive": _plain(
        "JPEG", ".jpeg", _LOSSY, progressive=True, **_JPEG
    ),
    "JPEG, grey": _grey("JPEG", ".jpg", _LOSSY),
    "JPEG, CMYK": _cmyk("JPEG", ".jpg", 2 * _LOSSY),
    "JPEG, turned by EXIF": _turned("JPEG", ".jpg", _LOSSY),
    "JPEG, broken EXIF": _broken_exif,
    "PNG": _plain("PNG", ".png"),
    "PNG, grey": _grey("PNG", ".png"),
    "PNG, 16 bits grey": _grey("PNG", ".png", 1, 16),
    "PNG, 16 bits": _deep_png,
    "PNG, palette": _palette("PNG", ".png"),
    "PNG, palette with a hole": _palette("PNG", ".png", True),
    "PNG, see-through": _alpha("PNG", ".png"),
    "PNG, turned by EXIF": _turned("PNG", ".png", 0),
    "PNG, animated": _animated("PNG", ".png"),
    "GIF, palette": _palette("GIF", ".gif"),
    "GIF, palette with a hole": _palette("GIF", ".gif", True),
    "GIF, animated": _animated("GIF", ".gif"),
    "WebP": _plain("WEBP", ".webp", **_WEBP),
    "WebP, lossy": _plain("WEBP", ".webp", 2 * _LOSSY, quality=95),
    "WebP, see-through": _alpha("WEBP", ".webp", 1, exact=True, **_WEBP),
    "WebP, turned by EXIF": _turned("WEBP", ".webp", 0),
    "WebP, animated": _animated("WEBP", ".webp", **_WEBP),
    "TIFF": _plain("TIFF", ".tif"),
    "TIFF, LZW": _plain("TIFF", ".tiff", compression="tiff_lzw"),
    "TIFF, deflate": _plain("TIFF", ".tiff", compression="tiff_deflate"),
    "TIFF, CMYK": _cmyk("TIFF", ".tif", 2),
    "TIFF, 16 bits grey": _grey("TIFF", ".tif", 1, 16),
    "TIFF, turned by EXIF": _turned("TIFF", ".tif", 0),
    "BMP": _plain("BMP", ".bmp"),
    "BMP, palette": _palette("BMP", ".bmp"),
    "PPM": _plain("PPM", ".ppm"),
    "AVIF": _plain("AVIF", ".avif", 2 * _LOSSY, **_BEST["AVIF"]),
    "AVIF, turned by EXIF": _turned("AVIF", ".avif", 2 * _LOSSY),
    "HEIC": _plain("HEIF", ".heic", 2 * _LOSSY, **_BEST["HEIF"]),
    "JPEG 2000": _plain("JPEG2000", ".jp2"),
}
