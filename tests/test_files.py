"""Files: written whole or not at all, and errors in words."""

import errno
import os
import struct
import zipfile
import zlib

import h5py
import pytest

from alexnet_keras import files, models, weights

pytestmark = pytest.mark.skipif(os.name == "nt", reason="words of POSIX")


def interrupted(path):
    path.write_text("tw")
    raise KeyboardInterrupt


def test_what_is_written_stands_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    with files.replacing(path) as half:
        half.write_text("one")
        assert not path.exists()
    with pytest.raises(KeyboardInterrupt), files.replacing(path) as half:
        interrupted(half)
    assert path.read_text() == "one"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "Permission denied"),
        (errno.EROFS, "Read-only file system"),
        (errno.ENOSPC, "There is no space left"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_what_cannot_be_written_is_told_in_words(tmp_path, number, words):
    path = tmp_path / "a.txt"
    path.write_text("one")
    with pytest.raises(OSError, match="could not be written") as caught:
        with files.replacing(path):
            raise OSError(number, os.strerror(number), "/somewhere/else")
    assert str(caught.value) == (
        f"{path} could not be written. {words}. What was written before is as "
        "it was."
    )
    assert path.read_text() == "one"


def test_a_folder_that_is_missing_or_a_file_is_told_in_words(tmp_path):
    (tmp_path / "file").touch()
    for folder, words in (
        ("none", "No such file or directory"),
        ("file", "Not a directory"),
    ):
        path = tmp_path / folder / "a.txt"
        with pytest.raises(OSError, match=f"not be written. {words}"):
            with files.replacing(path) as half:
                half.write_text("one")


def test_words_of_h5py_are_found_in_its_message(tmp_path):
    with pytest.raises(OSError, match="Unable to") as caught:
        h5py.File(tmp_path / "none" / "a.h5", "w")
    assert files.reason(caught.value) == "No such file or directory"
    assert files.reason(OSError()) == "OSError"
    assert files.reason(ValueError("It is odd.")) == "It is odd"


def test_a_zips_checksums_are_looked_at(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", bytes(9_999))
    files.check_zip(path)
    with pytest.raises(ValueError, match="claims to hold 9999 bytes"):
        files.check_zip(path, most=9_000)
    data = bytearray(path.read_bytes())
    data[5_000] ^= 1
    path.write_bytes(data)
    with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32 for file 'a'"):
        files.check_zip(path)


def test_a_bit_that_flipped_in_a_keras_file_is_noticed(tmp_path):
    path = tmp_path / "a.keras"
    models.AlexNetMini().save(path)
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="a.keras is damaged.* Bad CRC-32"):
        weights.read(path)


@pytest.mark.parametrize(
    "error",
    [zlib.error("z"), struct.error("s"), RecursionError("r"), KeyError()],
)
def test_whatever_a_library_raises_is_damage_with_a_reason(error):
    with pytest.raises(ValueError, match=r"a is damaged, or no b: \w+"):
        with files.reading("a", "b"):
            raise error


def test_a_path_is_named_once(tmp_path):
    for said in ("they do not fit", f"{tmp_path} is damaged"):
        with pytest.raises(ValueError, match=said) as error:
            with files.naming(tmp_path):
                raise ValueError(said)
        assert str(error.value).count(str(tmp_path)) == 1


def test_a_file_that_cannot_be_opened_is_not_called_damaged(tmp_path):
    for path, words in (
        (tmp_path / "none", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(ValueError, match="cannot be read") as caught:
            with files.reading(path, "picture"), open(path, "rb"):
                pass
        assert str(caught.value) == f"{path} cannot be read: {words}"
    with pytest.raises(ValueError, match="is damaged, or no picture: it ends"):
        with files.reading(path, "picture"):
            raise EOFError("it ends")
