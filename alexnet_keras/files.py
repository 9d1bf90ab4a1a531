"""Files that are written whole or not at all, and damaged ones."""

import contextlib
import errno
import lzma
import os
import pathlib
import re
import shutil
import struct
import zipfile
import zlib

# What the libraries that read files raise where one is damaged. None of them
# lists it: a length becomes a place in a list, an option a divisor.
DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

is_half_written = re.compile(r"new-\d+-\w").match  # as in `replacing`


@contextlib.contextmanager
def replacing(path):
    """Gives a temporary path; what is written there becomes `path`.

    Args:
        path: Path. What stands there is replaced only when all went well.

    Yields:
        `pathlib.Path` in the same folder, with the same ending.

    Raises:
        OSError: If it cannot be written; the message says why in words.
    """
    path = pathlib.Path(path)
    half = path.with_name(f"new-{os.getpid()}-{path.name}")
    try:
        yield half
        os.replace(half, path)
    except OSError as error:
        what = "There is no space left" if _is_full(path.parent) else ""
        raise OSError(
            f"{path} could not be written. {what or reason(error)}. What was "
            "written before is as it was."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # the folder is gone, or a file
            half.unlink(missing_ok=True)


def _is_full(folder):
    """Tells a full disk, since not every library says that it met one."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return False
    return disk.free < 2**20 <= disk.total  # /proc is no disk


def reason(error):
    """Says in words, without numbers or paths, why a file could not be used.

    Args:
        error: An exception. h5py's are long, and have the system's words
            within.

    Returns:
        Str, without a full stop.
    """
    code = getattr(error, "errno", None)
    quoted = re.search(r"error message = '([^']+)'", str(error))
    words = quoted[1] if quoted else code and os.strerror(code) or str(error)
    if code == errno.ENOSPC or "no space left" in words.lower():
        return "There is no space left"
    return words.rstrip(".") or type(error).__name__


@contextlib.contextmanager
def reading(path, kind, *errors):
    """Says of a file that it is damaged, where what reads it fails.

    Args:
        path: Path, for the message.
        kind: Str, what the file should be, such as "ONNX file".
        *errors: What the library that reads it raises besides `DAMAGE`.

    Raises:
        ValueError: With the path and the reason; a file that cannot be opened
            is not called damaged.
    """
    try:
        yield
    except (
        FileNotFoundError,
        IsADirectoryError,
        NotADirectoryError,
        PermissionError,
    ) as error:  # which says nothing of what the file holds
        raise ValueError(f"{path} cannot be read: {reason(error)}") from error
    except (*DAMAGE, *errors) as error:
        text = f"{path} is damaged, or no {kind}: {reason(error)}"
        raise ValueError(text) from error


@contextlib.contextmanager
def naming(path):
    """Names a file whose weights are refused for what they are.

    Raises:
        ValueError: With the path before what was said.
    """
    try:
        yield
    except ValueError as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path} cannot be used. {error}") from error


def check_zip(path, most=2**32):
    """Looks at the checksums in a zip.

    From Python 3.12 on one that leaps about in a member, as h5py does, reads
    what is damaged without a word.

    Args:
        path: Path, or an open file.
        most: Int, bytes that a zip may unpack to.

    Raises:
        ValueError: If it claims to hold more.
        Exception: `zipfile.BadZipFile`, if it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if size > most:
            raise ValueError(f"it claims to hold {size} bytes")
        if name := archive.testzip():
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {name!r}")
