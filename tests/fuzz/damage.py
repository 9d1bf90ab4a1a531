"""Damage to bytes, as disks, networks and editors do it, and worse."""

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF)


def _cut(data, rng):
    return data[: rng.integers(len(data))]


def _bits(data, rng):
    data = bytearray(data)
    for _ in range(2 ** rng.integers(8)):
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    return bytes(data)


def _head(data, rng):
    """Changes a few of the first bytes, where headers stand."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        place = rng.integers(min(len(data), 200))
        data[place] = rng.choice((*EXTREMES, rng.integers(256)))
    return bytes(data)


def _tail(data, rng):
    """Changes a few of the last bytes, where zips have their list."""
    return _head(data[::-1], rng)[::-1]


def _zeros(data, rng):
    start, length = _range(data, rng)
    return data[:start] + bytes(length) + data[start + length :]


def _noise(data, rng):
    start, length = _range(data, rng)
    return data[:start] + rng.bytes(length) + data[start + length :]


def _lost(data, rng):
    start, length = _range(data, rng)
    return data[:start] + data[start + length :]


def _twice(data, rng):
    start, length = _range(data, rng)
    return data[: start + length] + data[start:]


def _longer(data, rng):
    return data + rng.bytes(rng.integers(1, 4000))


def _before(data, rng):
    return rng.bytes(rng.integers(1, 600)) + data


def _number(data, rng):
    """Writes an extreme number of two, four or eight bytes somewhere."""
    width = int(rng.choice((2, 4, 8)))
    top = 2 ** (8 * width) - 1
    number = (0, 1, top, top // 2, top // 2 + 1)[rng.integers(5)]
    place = rng.integers(max(1, len(data) - width))
    order = ("little", "big")[rng.integers(2)]
    number = number.to_bytes(width, order)
    return data[:place] + number + data[place + width :]


def _lines(data, rng):
    """Writes lines as Windows does, as a transfer in text mode would."""
    return data.replace(b"\n", b"\r\n")


def _text(data, rng):
    """Reads bytes as text and writes them back."""
    return data.decode("utf-8", "replace").encode()


WAYS = {
    "cut off": _cut,
    "bits flipped": _bits,
    "first bytes changed": _head,
    "last bytes changed": _tail,
    "a part zero": _zeros,
    "a part noise": _noise,
    "a part lost": _lost,
    "a part twice": _twice,
    "bytes behind": _longer,
    "bytes before": _before,
    "an extreme number": _number,
    "ends of lines changed": _lines,
    "through a text editor": _text,
}


def _range(data, rng):
    start = int(rng.integers(len(data)))
    length = int(rng.integers(1, max(2, min(len(data) - start, 4096) + 1)))
    return start, min(length, len(data) - start)


def damaged(data, rng):
    """Damages bytes in one way, sometimes in two.

    Args:
        data: Bytes.
        rng: A `numpy.random.Generator`.

    Returns:
        The way's name, and bytes.
    """
    names = [*WAYS]
    name = names[rng.integers(len(names))]
    data = WAYS[name](data, rng)
    if data and rng.random() < 0.15:
        data = WAYS[names[rng.integers(len(names))]](data, rng)
        name += ", twice"
    return name.removesuffix(", twice"), data
