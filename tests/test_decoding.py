"""Pictures of every kind, written by Pillow, read as a viewer shows them."""

import io
import os
import warnings

import numpy as np
import pytest
from PIL import Image

from alexnet_keras.data.decoding import decode, decode_all, is_picture

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255,) * 3


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def quarters(mode="RGB", size=(64, 64)):
    """A picture with another colour in each quarter."""
    colours = np.array([[RED, GREEN], [BLUE, WHITE]], "uint8")
    image = Image.fromarray(colours).resize(size, Image.Resampling.NEAREST)
    return image.convert(mode)


def corners(pixels):
    """The colours in the middle of each quarter, row by row."""
    a, b = len(pixels) // 4, 3 * len(pixels) // 4
    return [pixels[a, a], pixels[a, b], pixels[b, a], pixels[b, b]]


def assert_shows(pixels, colours, tolerance=0):
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    for seen, colour in zip(corners(pixels), colours, strict=True):
        assert np.abs(seen.astype(int) - colour).max() <= tolerance


@pytest.mark.parametrize(
    ("kind", "tolerance", "options"),
    [
        ("PNG", 0, {}),
        ("BMP", 0, {}),
        ("PPM", 0, {}),
        ("TIFF", 0, {}),
        ("GIF", 0, {}),
        ("WEBP", 0, {"lossless": True}),
        ("JPEG", 6, {"quality": 95}),
        ("JPEG", 6, {"quality": 95, "progressive": True}),
    ],
)
@pytest.mark.parametrize("size", [8, 32, 100])
def test_formats(kind, tolerance, options, size):
    pixels = decode(encoded(quarters(), kind, **options), size)
    assert pixels.shape == (size, size, 3)
    assert_shows(pixels, [RED, GREEN, BLUE, WHITE], tolerance)


def test_cmyk_pictures_become_rgb():
    pixels = decode(encoded(quarters("CMYK"), "JPEG", quality=95), 32)
    assert_shows(pixels, [RED, GREEN, BLUE, WHITE], 8)


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "PNG"), ("L", "JPEG"), ("1", "PNG"), ("P", "PNG")]
)
def test_one_channel_becomes_three(mode, kind):
    image = Image.new("L", (20, 20), 255 if mode == "1" else 100)
    pixels = decode(encoded(image.convert(mode), kind), 10)
    assert (pixels == (255 if mode == "1" else 100)).all()


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [("uint16", "PNG"), ("uint16", "TIFF"), ("int32", "TIFF")],
)
def test_sixteen_bits_become_eight(dtype, kind):
    values = np.array([[0, 65535], [32768, 16384]], dtype).repeat(16, 0)
    image = Image.fromarray(values.repeat(16, 1))
    pixels = decode(encoded(image, kind), 32)
    assert_shows(pixels, [(value,) * 3 for value in (0, 255, 128, 64)])


def test_what_is_see_through_becomes_white():
    image = quarters("RGBA")
    image.paste((255, 0, 0, 0), (0, 0, 32, 32))  # no red is seen
    image.paste((0, 255, 0, 128), (32, 0, 64, 32))  # half of the green
    expected = [WHITE, (127, 255, 127), BLUE, WHITE]
    for kind, options in [("PNG", {}), ("WEBP", {"lossless": True})]:
        assert_shows(decode(encoded(image, kind, **options), 32), expected, 1)
    grey = Image.new("LA", (64, 64), (100, 255))
    grey.paste((0, 0), (0, 0, 32, 32))
    assert_shows(decode(encoded(grey), 32), [WHITE, *[(100,) * 3] * 3])


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_may_have_a_see_through_colour(kind):
    image = quarters().quantize(8)
    red = image.getpixel((0, 0))
    pixels = decode(encoded(image, kind, transparency=red), 32)
    assert_shows(pixels, [WHITE, GREEN, BLUE, WHITE])


def test_the_first_frame_of_an_animation_is_taken():
    frames = [Image.new("RGB", (9, 9), colour) for colour in (RED, BLUE)]
    for kind in ("GIF", "WEBP"):
        file = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert_shows(decode(file, 9), [RED] * 4, 2)


def turned(image, orientation):
    """The picture as a camera stores it that writes this orientation."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # to be turned clockwise by 90 degrees
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    if orientation in undo:
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return image, exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_photographs_end_upright(orientation, kind):
    image, exif = turned(quarters(), orientation)
    pixels = decode(encoded(image, kind, exif=exif), 32)
    assert_shows(pixels, [RED, GREEN, BLUE, WHITE], 8)


@pytest.mark.parametrize("size", [(96, 32), (32, 96)])
def test_the_central_square_is_taken(size):
    """Three squares in a row; the one in the middle has four quarters."""
    image = Image.new("RGB", size, "black")
    middle = tuple((side - 32) // 2 for side in size)
    image.paste(quarters(size=(32, 32)), middle)
    pixels = decode(encoded(image), 16)
    assert_shows(pixels, [RED, GREEN, BLUE, WHITE], 3)
    assert pixels.any(-1).all()  # nothing of the black


def test_a_picture_of_the_right_size_is_not_touched():
    values = np.random.default_rng(0).integers(0, 256, (50, 50, 3), "uint8")
    np.testing.assert_array_equal(
        decode(encoded(Image.fromarray(values)), 50), values
    )


def test_large_photographs_shrink_without_aliasing():
    stripes = np.zeros((1024, 1024, 3), "uint8")
    stripes[::2] = 255  # finer than the result can show: grey
    for kind in ("PNG", "JPEG"):
        pixels = decode(encoded(Image.fromarray(stripes), kind), 64)
        assert np.abs(pixels.astype(int) - 127).max() <= 8


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3, 2)])
def test_tiny_pictures_grow(size):
    pixels = decode(encoded(Image.new("RGB", size, RED)), 32)
    assert pixels.shape == (32, 32, 3)
    assert_shows(pixels, [RED] * 4)


def test_huge_pictures_are_read():
    image = Image.new("RGB", (12_000, 8_000), BLUE)  # 96 million pixels
    pixels = decode(encoded(image, "JPEG"), 32)
    assert_shows(pixels, [BLUE] * 4, 2)


def test_pictures_that_would_fill_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match="too many pixels"):
        decode(encoded(Image.new("RGB", (20, 20))), 8)


def photograph():
    values = np.random.default_rng(0).integers(0, 256, (64, 64, 3), "uint8")
    return encoded(Image.fromarray(values), "JPEG")


def with_spoiled_chunk(png):
    place = png.index(b"IDAT") + 10
    return png[:place] + bytes([png[place] ^ 255]) + png[place + 1 :]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "not a picture"),
        (b"GIF", "not a picture"),
        (b"<html>not found</html>", "not a picture"),
        (photograph()[:1000], "truncated"),
        (photograph()[:20], "."),
        (encoded(quarters())[:60], "truncated"),
        (encoded(quarters(), "BMP")[:200], "truncated"),
        (with_spoiled_chunk(encoded(quarters())), "."),
        (encoded(quarters(), "GIF")[:30], "."),
        (encoded(quarters(), "WEBP")[:40], "."),
        (encoded(quarters(), "TIFF")[:500], "."),
    ],
)
def test_damaged_files_give_a_reason(file, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        decode(file, 32)
    assert "\n" not in str(caught.value)
    assert "BytesIO" not in str(caught.value)


def test_the_content_decides_and_not_the_name(tmp_path):
    path = tmp_path / "picture.jpg"
    path.write_bytes(encoded(quarters(), "PNG"))
    assert_shows(decode(path, 32), [RED, GREEN, BLUE, WHITE])
    assert_shows(decode(str(path), 32), [RED, GREEN, BLUE, WHITE])
    path.write_text("This is a letter.")
    with pytest.raises(ValueError, match="not a picture of a known format"):
        decode(path, 32)
    for nowhere in (tmp_path / "nowhere.jpg", tmp_path):
        with pytest.raises(ValueError, match="No such file|Is a directory|den"):
            decode(nowhere, 32)


@pytest.mark.parametrize("keep", [True, False])
def test_many_pictures_come_in_order(keep):
    good = [encoded(Image.new("L", (8, 8), value)) for value in range(200)]
    files = [*good[:50], b"broken", *good[50:]]
    out = np.full((len(files), 4, 4, 3), 99, "uint8") if keep else None
    if keep:
        out[50] = 0  # as a new array would be
    errors = [*decode_all(iter(files), 4, out)]
    assert errors[50] == "not a picture of a known format"
    assert [row for row, error in enumerate(errors) if error] == [50]
    if keep:
        values = out[:, 0, 0, 0].tolist()
        assert values == [*range(50), 0, *range(50, 200)]


def test_pictures_are_asked_for_as_they_are_needed():
    asked = []

    def files():
        for number in range(2000):
            asked.append(number)
            yield b""

    next(decode_all(files(), 4))
    assert len(asked) <= 16 * os.cpu_count() + 1


def test_reading_silences_pillow_and_nobody_else():
    values = np.random.default_rng(0).integers(0, 256, (300, 300, 3), "uint8")
    file = encoded(Image.fromarray(values), "JPEG")
    assert [*decode_all([file] * 100, 256)] == [None] * 100
    assert ("ignore", None, Warning, None, 0) not in warnings.filters
    with pytest.raises(UserWarning, match="mine"):
        warnings.warn("mine", stacklevel=1)


@pytest.mark.parametrize(
    "kind", "JPEG PNG GIF BMP WEBP TIFF JPEG2000 AVIF".split()
)
def test_a_picture_tells_itself_without_an_ending(tmp_path, kind):
    path = tmp_path / "picture"
    path.write_bytes(encoded(quarters(), kind)[:100])  # damaged, and one still
    assert is_picture(path)
    path.write_bytes(encoded(quarters(), kind)[4:])
    assert not is_picture(path)


def box(brand, *compatible):
    """The first bytes of a film, or of a picture kept like one."""
    return b"\0\0\0\x1cftyp" + brand + bytes(4) + b"".join(compatible)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (box(b"heic", b"mif1", b"heic"), True),
        (box(b"heix"), True),
        (box(b"hevc"), True),
        (box(b"mif1", b"mif1", b"heic"), True),
        (box(b"msf1"), True),
        (box(b"mif1", b"mif1", b"avif"), True),
        (box(b"avis"), True),
        (box(b"isom", b"mp41"), False),
        (box(b"qt  "), False),
        (b"", False),
        (b"BM is how this letter begins, and not a picture", False),
        (b"II", False),
        (b"%PDF-1.4", False),
    ],
)
def test_pictures_of_telephones_are_told_from_films(tmp_path, head, expected):
    path = tmp_path / "file"
    path.write_bytes(head)
    assert is_picture(path) is expected


def test_what_is_no_file_is_no_picture(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # nobody writes into it
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "pipe"):
        assert not is_picture(path)
