"""Files that are written whole or not at all, and damaged ones."""

import contextlib
import errno
import os
import pathlib
import re
import shutil
import zipfile
import zlib

is_half_written = re.compile(r"new-\d+-\w").match  # as in `replacing`


@contextlib.contextmanager
def replacing(path):
    """Gives a temporary path; what is written there becomes `path`.

    Args:
        path: Path. What stands there is replaced only when all went well.

    Yields:
        `pathlib.Path` in the same folder, with the same ending.

    Raises:
        OSError: If it cannot be written; the message says whether the disk is
            full.
    """
    path = pathlib.Path(path)
    half = path.with_name(f"new-{os.getpid()}-{path.name}")
    try:
        yield half
        os.replace(half, path)
    except OSError as error:
        full = error.errno == errno.ENOSPC or (
            "No space left" in str(error)
            or shutil.disk_usage(path.parent).free < 2**20
        )
        what = "There is no space left" if full else str(error)
        raise OSError(
            f"{path} could not be written. {what}. What was written before is "
            "as it was."
        ) from error
    finally:
        half.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(path, kind, *errors):
    """Says of a file that it is damaged, where what reads it fails.

    Args:
        path: Path, for the message.
        kind: Str, what the file should be, such as "ONNX file".
        *errors: What the library that reads it raises, besides what h5py,
            json and zipfile do.

    Raises:
        ValueError: With the path and the reason.
    """
    try:
        yield
    except (
        EOFError,
        KeyError,
        OSError,
        RuntimeError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
        *errors,
    ) as error:
        raise ValueError(f"{path} is damaged, or no {kind}: {error}") from error
