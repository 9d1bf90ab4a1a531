"""Photographs as they come: reading them, and finding those that cannot be.

Grey, palette, transparent, CMYK, 16-bit and EXIF-rotated pictures all become
RGB as a viewer would show them. Names are not believed: the content decides.
"""

import concurrent.futures
import io
import os
import re
import warnings

import numpy as np

# the kinds of picture that tell themselves, named as Pillow names them
_kind_of = re.compile(
    rb"""
      (?P<JPEG> \xff\xd8\xff)
    | (?P<PNG> \x89PNG\r\n\x1a\n)
    | (?P<GIF> GIF8[79]a)
    | (?P<BMP> BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0)
    | (?P<WEBP> RIFF.{4}WEBP)
    | (?P<TIFF> II[*+]\0 | MM\0[*+])
    | (?P<JPEG2000> \0\0\0\x0cjP\x20\x20\r\n\x87\n | \xff\x4f\xff\x51)
    | (?P<AVIF> .{4}ftyp(?: avi[fs] | m[is]f1(?:.{4})+?avi[fs]))
    | (?P<HEIF> .{4}ftyp(?: he[iv][cmsx] | m[is]f1))
    """,
    re.DOTALL | re.VERBOSE,
).match
_HEAD = 64  # bytes that `_kind_of` looks at


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
        with Image.open(picture) as image:
            image.draft("RGB", (size, size))  # a JPEG may come smaller
            upright = ImageOps.exif_transpose(image)
            square = ImageOps.fit(
                _rgb(upright), (size, size), Image.Resampling.BICUBIC
            )
    except Image.UnidentifiedImageError:
        raise ValueError("not a picture of a known format") from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"too many pixels ({error})") from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise ValueError(str(error) or type(error).__name__) from None
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


def _rgb(image):
    """Shows a picture of any mode as RGB, on white where it is see-through."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):  # 16 bits and more, one channel
        values = np.asarray(image, float)
        top = 255 if values.max() <= 255 else 65535
        grey = np.clip(values * (255 / top), 0, 255).round()
        image = Image.fromarray(grey.astype(np.uint8))
    if "A" in image.mode or "transparency" in image.info:
        front = image.convert("RGBA")
        back = Image.new("RGBA", front.size, "white")
        image = Image.alpha_composite(back, front)
    return image.convert("RGB")
