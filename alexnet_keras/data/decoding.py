"""Photographs as they come: reading them, and finding those that cannot be.

Grey, palette, transparent, CMYK, 16-bit and EXIF-rotated pictures all become
RGB as a viewer would show them. Names are not believed: the content decides.
Where it does not say what a viewer would show, a picture is refused.
"""

import concurrent.futures
import contextlib
import io
import os
import re
import threading
import warnings

import numpy as np

from alexnet_keras import files

# the kinds of picture that tell themselves, named as Pillow names them
_kind_of = re.compile(
    rb"""
      (?P<JPEG> \xff\xd8\xff)
    | (?P<PNG> \x89PNG\r\n\x1a\n)
    | (?P<GIF> GIF8[79]a)
    | (?P<BMP> BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0)
    | (?P<WEBP> RIFF.{4}WEBP)
    | (?P<PPM> P[4-6]\s+[\d\#])
    | (?P<TIFF> II[*+]\0 | MM\0[*+])
    | (?P<JPEG2000> \0\0\0\x0cjP\x20\x20\r\n\x87\n | \xff\x4f\xff\x51)
    | (?P<AVIF> .{4}ftyp(?: avi[fs] | m[is]f1(?:.{4})+?avi[fs]))
    | (?P<HEIF> .{4}ftyp(?: he[iv][cmsx] | m[is]f1))
    """,
    re.DOTALL | re.VERBOSE,
).match
_HEAD = 64  # bytes that `_kind_of` looks at

# Another program draws these: Ghostscript runs what an EPS tells it to.
_PROGRAMS = {"EPS", "WMF"}

_LARGE = 2**26  # pixels: threads read larger pictures one after another
_large = threading.Lock()


class DataError(ValueError):
    """Data that cannot be used as they are. The message says what to do."""


def is_picture(path):
    """Tells by its first bytes whether a file is a picture, whatever its name.

    Args:
        path: Path.

    Returns:
        Bool. It may be true of a picture that is damaged, or that cannot be
        read here: `decode` gives the reason. A file that cannot be opened is
        none.
    """
    if not os.path.isfile(path):  # a pipe would keep us waiting
        return False
    try:
        with open(path, "rb") as file:
            return _kind_of(file.read(_HEAD)) is not None
    except OSError:
        return False


def decode(picture, size):
    """Reads a picture as the paper does (section 2).

    The short side is scaled to `size` and the central square is cut out.

    Args:
        picture: Path, or the bytes of a file.
        size: Int, pixels.

    Returns:
        Uint8 array `(size, size, 3)`, RGB.

    Raises:
        ValueError: If it cannot be read, with the reason.
    """
    from PIL import Image, ImageOps

    if isinstance(picture, bytes):
        picture = io.BytesIO(picture)
    # odd metadata, large pictures; `catch_warnings` does not bear threads
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        with _opened(picture) as image:
            pixels = _fewest_pixels(image, size)
            with _large if pixels > _LARGE else contextlib.nullcontext():
                ImageOps.exif_transpose(image, in_place=True)
                square = ImageOps.fit(
                    _rgb(image), (size, size), Image.Resampling.BICUBIC
                )
    except Exception as error:  # whatever a damaged file makes a codec raise
        reason = " ".join(files.reason(error).split())  # in one line
        raise ValueError(reason) from None
    return np.asarray(square)


def decode_all(pictures, size, out=None):
    """Reads many pictures with all processor cores.

    Args:
        pictures: Iterable of paths or bytes.
        size: Int, pixels.
        out: `None`, or a uint8 array `(number, size, size, 3)` to fill.

    Yields:
        For each picture, in order, `None` or the reason why it could not be
        read. Its row of `out` is then zero.
    """

    def read(task):
        index, picture = task
        try:
            pixels = decode(picture, size)
        except ValueError as error:
            return str(error)
        if out is not None:
            out[index] = pixels
        return None

    workers = os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        waiting = []
        for task in enumerate(pictures):
            waiting.append(pool.submit(read, task))
            if len(waiting) >= 16 * workers:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def _opened(picture):
    """Opens a picture, whatever Pillow thinks of its size."""
    from PIL import Image

    Image.init()
    kinds = [kind for kind in Image.ID if kind not in _PROGRAMS]
    try:
        return Image.open(picture, formats=kinds)
    except Image.UnidentifiedImageError:
        reason = "not a picture of a known format"
    except Image.DecompressionBombError as error:
        reason = f"too many pixels ({error})"
    if isinstance(picture, io.BytesIO):
        head = picture.getvalue()[:_HEAD]
        picture.seek(0)
    else:
        with open(picture, "rb") as file:
            head = file.read(_HEAD)
    found = _kind_of(head)
    if not found:
        raise ValueError(reason)
    kind = found.lastgroup
    try:
        return _reader(kind)(picture)
    except SyntaxError as error:
        raise ValueError(
            f"damaged, or a {kind} file of a rare kind ({error})"
        ) from None


def _reader(kind):
    """Finds what reads a kind of picture."""
    from PIL import Image, __version__, features

    if kind == "HEIF":
        try:
            from pillow_heif import HeifImageFile
        except ImportError:
            raise ValueError(
                "HEIC pictures are read by pillow-heif, which is not "
                "installed: pip install pillow-heif"
            ) from None
        return HeifImageFile
    if kind == "AVIF" and "avif" not in features.get_supported_modules():
        raise ValueError(
            "AVIF pictures are read by Pillow 11.3 or newer, and this is "
            f"Pillow {__version__}: pip install --upgrade pillow"
        )
    return Image.OPEN[kind][0]


def _fewest_pixels(image, size):
    """Lets a JPEG come smaller; gives the pixels that memory has to hold.

    Raises:
        ValueError: If they are too many.
    """
    from PIL import Image

    width, height = image.size
    if image.format in ("JPEG", "MPO"):
        image.draft("RGB", (size, size))
    pixels = image.width * image.height
    if "progressive" in image.info:
        # libjpeg holds them all, at 3 to 6 bytes; Pillow's pixels take 4
        pixels = max(pixels, width * height // 2)
    limit = 2 * (Image.MAX_IMAGE_PIXELS or float("inf"))
    if pixels > limit:
        raise ValueError(
            f"too many pixels: {width} x {height} would take "
            f"{4 * pixels / 1e9:.1f} GB of memory, and {4 * limit / 1e9:.1f} "
            "GB are the most; make it smaller"
        )
    return pixels


def _rgb(image):
    """Shows a picture of any mode as RGB, on white where it is see-through."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):  # 16 bits and more, one channel
        image = Image.fromarray(_grey(np.asarray(image)))
    if image.has_transparency_data:
        front = image.convert("RGBA")
        back = Image.new("RGBA", front.size, "white")
        image = Image.alpha_composite(back, front)
    return image if image.mode == "RGB" else image.convert("RGB")


def _grey(values):
    """Shows numbers of more than 8 bits as a uint8 array.

    Of 16 bits, 0 is black and 65535 white. With 32 bits nothing is agreed on:
    white is 1 (of floats), 255 or 65535, whichever the values fill but for a
    sixteenth. What is not a number is black.

    Raises:
        ValueError: If they fill none of these ranges, so that they would be
            shown all but black, or would be cut off.
    """
    tops = (65535,) if values.dtype.itemsize == 2 else (255, 65535)
    if values.dtype.kind == "f":
        tops = (1, *tops)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (np.nan,) * 2
    for top in tops:
        if low == high == 0 or (
            low >= -top / 16 and top / 16 < high <= top * 17 / 16
        ):
            white = np.asarray(values, np.float32) * np.float32(255 / top)
            white = np.nan_to_num(white, nan=0, posinf=255, neginf=0)
            return white.clip(0, 255).round().astype(np.uint8)
    ranges = " or ".join(f"0 to {top}" for top in tops)
    raise ValueError(
        f"its values go from {low:g} to {high:g}, and not from {ranges}: what "
        "is black and what is white in it is not known; save it with 8 bits"
    )
