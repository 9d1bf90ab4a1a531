"""Pictures of every kind, written by Pillow, read as a viewer shows them."""

import io
import os
import sys
import warnings

import numpy as np
import pillow_heif
import pytest
from PIL import AvifImagePlugin, Image, features

from alexnet_keras.data import decoding
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


def as_tiff(values, dtype):
    return encoded(Image.fromarray(np.array(values, dtype)), "TIFF")


@pytest.mark.parametrize(
    ("dtype", "top"),
    [
        ("float32", 1),
        ("float32", 255),
        ("float32", 65535),
        ("int32", 255),
        ("int32", 65535),
        ("uint16", 65535),
    ],
)
def test_numbers_are_shown_in_the_range_that_they_fill(dtype, top):
    values = np.linspace(0, 1, 256).reshape(16, 16) * top
    pixels = decode(as_tiff(values, dtype), 16)
    expected = np.array(values, dtype) * (255 / top)
    np.testing.assert_array_equal(pixels[:, :, 0], expected.round())
    black = decode(as_tiff(np.zeros((4, 4)), dtype), 4)
    assert (black == 0).all()


def test_a_number_that_is_none_spoils_no_other():
    for top in (1, 255, 65535):
        values = np.full((4, 4), top, float)
        values[0] = np.nan, np.inf, -np.inf, 0
        pixels = decode(as_tiff(values, "float32"), 4)
        assert pixels[0, :, 0].tolist() == [0, 255, 0, 0]
        assert (pixels[1:] == 255).all()


def test_a_filters_overshoot_is_cut_off():
    values = np.linspace(-0.03, 1.05, 16).reshape(4, 4)
    pixels = decode(as_tiff(values, "float32"), 4)
    expected = (values.clip(0, 1) * 255).round()
    np.testing.assert_array_equal(pixels[:, :, 0], expected)


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("uint16", 0, 4095),  # 12 bits in 16: a viewer shows it black
        ("uint16", 0, 255),
        ("int32", 0, 4095),
        ("int32", -255, 255),
        ("int32", 0, 2**31 - 1),
        ("float32", -1, 1),
        ("float32", 0, 0.01),
        ("float32", 0, 4095),
        ("float32", 0, 1e6),
        ("float32", np.nan, np.nan),
    ],
)
def test_numbers_without_a_known_black_and_white_are_refused(dtype, low, high):
    values = np.linspace(low, high, 16).reshape(4, 4)
    with pytest.raises(
        ValueError, match="its values go from .*8 bits"
    ) as error:
        decode(as_tiff(values, dtype), 4)
    assert f"from {np.float32(low):g} to {np.float32(high):g}" in str(error)


def test_lab_has_no_transparency():
    """Its second channel is called A."""
    image = Image.new("LAB", (8, 8), (137, 128, 128))
    pixels = decode(encoded(image, "TIFF"), 8)
    assert_shows(pixels, [(128,) * 3] * 4, 3)


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


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("in_memory", [False, True])
def test_huge_pictures_are_read(monkeypatch, tmp_path, progressive, in_memory):
    """Pillow takes for an attack what has more than twice its limit."""
    image = quarters(size=(800, 800))
    file = encoded(image, "JPEG", quality=95, progressive=progressive)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 800 * 800 // 3)
    if not in_memory:
        (tmp_path / "huge").write_bytes(file)
        file = tmp_path / "huge"
    assert_shows(decode(file, 32), [RED, GREEN, BLUE, WHITE], 6)
    assert Image.MAX_IMAGE_PIXELS == 800 * 800 // 3


def test_a_photograph_of_200_million_pixels_is_read():
    image = Image.new("L", (16320, 12288), 100)
    assert (decode(encoded(image, "JPEG"), 32) == 100).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "GIF", "BMP", "JPEG", "PPM"])
def test_pictures_that_would_fill_the_memory_are_refused(monkeypatch, kind):
    file = encoded(Image.new("L", (90, 70)), kind, progressive=True)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match="too many pixels") as error:
        decode(file, 8)
    assert kind == "PPM" or "90 x 70" in str(error)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert not decode(file, 8).any()


def test_large_pictures_are_read_one_after_another(monkeypatch):
    file, reading = encoded(Image.new("RGB", (64, 64), RED)), []
    monkeypatch.setattr(decoding, "_LARGE", 64 * 64 - 1)
    show = decoding._rgb

    def watched(image):
        reading.append(image)
        assert len(reading) == 1
        try:
            return show(image)
        finally:
            reading.remove(image)

    monkeypatch.setattr(decoding, "_rgb", watched)
    assert [*decode_all([file] * 50, 8)] == [None] * 50


def photographed(image=None, exif=None):
    """A picture as a telephone stores it."""
    file = io.BytesIO()
    heif = pillow_heif.from_pillow(image or quarters())
    heif.save(file, quality=95, chroma=444, exif=exif and exif.tobytes())
    return file.getvalue()


@pytest.mark.parametrize("in_memory", [False, True])
def test_pictures_of_telephones_are_read(tmp_path, in_memory):
    file = photographed()
    if not in_memory:
        (tmp_path / "picture.jpg").write_bytes(file)
        file = tmp_path / "picture.jpg"
    assert_shows(decode(file, 32), [RED, GREEN, BLUE, WHITE], 12)
    assert "HEIF" not in Image.OPEN  # the user's Pillow is as it was


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_pictures_of_telephones_are_turned_once(kind, orientation):
    image, exif = turned(quarters(), orientation)
    if kind == "AVIF":
        file = encoded(image, "AVIF", exif=exif, quality=95)
    else:
        file = photographed(image, exif)
    assert_shows(decode(file, 32), [RED, GREEN, BLUE, WHITE], 12)


def test_without_its_reader_a_picture_names_it(monkeypatch):
    file = photographed()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ValueError, match="pip install pillow-heif"):
        decode(file, 32)
    file = encoded(quarters(), "AVIF")
    monkeypatch.setattr(AvifImagePlugin, "SUPPORTED", False)
    monkeypatch.setattr(features, "get_supported_modules", list)
    with pytest.raises(ValueError, match="Pillow 11.3 .*--upgrade pillow"):
        decode(file, 32)


def photograph():
    values = np.random.default_rng(0).integers(0, 256, (64, 64, 3), "uint8")
    return encoded(Image.fromarray(values), "JPEG")


def box(brand, *compatible):
    """The first bytes of a film, or of a picture kept like one."""
    return b"\0\0\0\x1cftyp" + brand + bytes(4) + b"".join(compatible)


def flipped(avif):
    """Spoils what is compressed; libavif says so by RuntimeError."""
    place = avif.index(b"mdat") + 12
    return avif[:place] + bytes(99)


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
        (encoded(quarters(), "TIFF")[:8], "damaged"),
        (encoded(quarters(), "AVIF")[:100], "damaged"),
        (encoded(quarters(), "AVIF")[:-50], "."),
        (box(b"heic"), "damaged"),
        (flipped(encoded(quarters(), "AVIF")), "Failed to decode"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n(x) run\n", "not a picture"),
        (encoded(quarters(), "TIFF", tiffinfo={339: 3}), "TIFF file of a rare"),
    ],
)
def test_damaged_files_give_a_reason(file, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        decode(file, 32)
    assert "\n" not in str(caught.value)
    assert "BytesIO" not in str(caught.value)


def test_what_ghostscript_would_run_is_not_drawn(monkeypatch):
    from PIL import EpsImagePlugin

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", None)  # it would fail
    eps = encoded(quarters(), "EPS")
    assert Image.open(io.BytesIO(eps)).format == "EPS"
    with pytest.raises(ValueError, match="not a picture of a known format"):
        decode(eps, 32)


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
    "kind", "JPEG PNG GIF BMP PPM WEBP TIFF JPEG2000 AVIF".split()
)
def test_a_picture_tells_itself_without_an_ending(tmp_path, kind):
    path = tmp_path / "picture"
    path.write_bytes(encoded(quarters(), kind)[:100])  # damaged, and one still
    assert is_picture(path)
    path.write_bytes(encoded(quarters(), kind)[4:])
    assert not is_picture(path)


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
        (b"P6 is how this letter begins", False),
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
