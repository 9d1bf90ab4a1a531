"""How fast pictures come: our pipeline against those of PyTorch and Keras.

All give the same: a picture is read, its short side scaled to 256 pixels
(bicubic), the central square cut out, a random crop of 227 pixels taken out
of that, flipped half of the time and shifted in colour (paper, sections 2 and
4.1); batches of 64, float32. `turn(case, steps)` gives the seconds of a batch
once the pipeline runs: what was made ready while others were timed is thrown
away first.
"""

import contextlib
import io
import itertools
import pathlib

import numpy as np
from contenders import timed

BATCH = 64
_AHEAD = 6  # batches that are not timed: so many may have been made ready
COLORS = ((60.0, 12.0, 6.0), np.eye(3).tolist())  # the shift's, for the peers


def write_pictures(folder, count, size=(500, 375), seed=0):
    """Writes JPEGs of the sizes and the statistics of ImageNet's photographs.

    They are noise whose amplitude falls as one over the frequency, as that of
    photographs does (Field, 1987), so they compress and decode like them;
    white noise or flat pictures would not.

    Args:
        folder: Path, which gets two class folders.
        count: Int.
        size: Pair of ints, width and height in pixels.
        seed: Int.

    Returns:
        Float, the mean size of the files in bytes.
    """
    from PIL import Image

    generator = np.random.default_rng(seed)
    width, height = size
    rows, columns = np.fft.fftfreq(height), np.fft.rfftfreq(width)
    frequency = np.hypot(rows[:, None], columns)
    frequency[0, 0] = np.inf
    sizes = []
    for number in range(count):
        waves = generator.standard_normal((3, *frequency.shape, 2)) @ (1, 1j)
        planes = np.fft.irfft2(waves / frequency**1.1, (height, width))
        planes /= planes.std((1, 2), keepdims=True)
        light = 0.9 * planes[:1] + 0.25 * planes  # colours go together
        pixels = (120 + 60 * light).clip(0, 255).astype(np.uint8)
        path = pathlib.Path(folder, "ab"[number % 2], f"{number}.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(pixels.transpose(1, 2, 0))
        image.save(path, quality=92)
        sizes.append(path.stat().st_size)
    return float(np.mean(sizes))


def prepare_ours(folder, size, cache, kept):
    """Prepares our pipeline.

    Args:
        folder: Path of a folder of class folders.
        size: Int, side of the crops in pixels.
        cache: Str, as in `data.load`.
        kept: Path of the folder for what is kept on disk.

    Returns:
        A label and a function; likewise the others.
    """
    from alexnet_keras import distribution

    distribution.start()
    from alexnet_keras import data

    with contextlib.redirect_stdout(io.StringIO()):  # progress bars
        loaded = data.load(
            folder, size, cache=cache, folder=kept, report=lambda line: None
        )
    where = {
        "memory": "from memory",
        "disk": "decoded on disk",
        "none": "decoded anew",
    }[cache]
    return f"ours, {where}", _turn(lambda: iter(loaded.train(BATCH)))


def prepare_torch(folder, size, workers):
    """Prepares PyTorch's DataLoader, with Pillow, in several processes."""
    import torch
    from torch.utils.data import DataLoader, RandomSampler

    pictures = Pictures(folder, size)

    torch.set_num_threads(1)
    # without end, since a new epoch would start the processes anew
    order = RandomSampler(pictures, True, num_samples=10**9)
    loader = DataLoader(pictures, BATCH, sampler=order, num_workers=workers)
    batches = iter(loader)  # at most 2 batches a worker are made ready
    label = f"PyTorch's DataLoader with Pillow, {workers} workers"
    return label, _turn(lambda: batches)


def prepare_keras(folder, size):
    """Prepares `keras.utils.image_dataset_from_directory`."""
    from alexnet_keras import distribution

    distribution.start()
    import keras
    import tensorflow as tf

    from alexnet_keras import augment

    stored = augment.stored_size(size)
    stddevs, components = (tf.constant(x, tf.float32) for x in COLORS)
    with contextlib.redirect_stdout(io.StringIO()):  # what it has found
        pictures = keras.utils.image_dataset_from_directory(
            folder,
            batch_size=None,
            image_size=(stored, stored),
            interpolation="bicubic",
            crop_to_aspect_ratio=True,
            seed=0,
        )

    def vary(number, example):
        image, label = example
        seeds = tf.random.experimental.stateless_split([0, number], 3)
        image = augment.random_crop(image, size, seeds[0])
        image = augment.random_flip(image, seeds[1])
        image = augment.shift_colors(image, stddevs, components, seeds[2])
        return image, label

    def batches():
        examples = pictures.repeat().enumerate()
        examples = examples.map(vary, num_parallel_calls=tf.data.AUTOTUNE)
        return iter(examples.batch(BATCH).prefetch(tf.data.AUTOTUNE))

    return "image_dataset_from_directory", _turn(batches)


class Pictures:
    """A data set for PyTorch's DataLoader.

    Args:
        folder: Path of a folder of class folders.
        size: Int, side of the crops in pixels.
    """

    def __init__(self, folder, size):
        from PIL import Image

        known = Image.registered_extensions()
        found = sorted(pathlib.Path(folder).rglob("*"))
        self._paths = [x for x in found if x.suffix.lower() in known]
        names = [path.parent.name for path in self._paths]
        numbers = {name: i for i, name in enumerate(sorted(set(names)))}
        self._labels = [numbers[name] for name in names]
        self._size, self._stored = size, round(size * 256 / 227)

    def __len__(self):
        """Counts the pictures."""
        return len(self._paths)

    def __getitem__(self, index):
        """Gives a float32 tensor `(3, size, size)`, 0 to 255, and a label."""
        import torch
        from PIL import Image, ImageOps

        stored, size = self._stored, self._size
        with Image.open(self._paths[index]) as image:
            image.draft("RGB", (stored, stored))
            image = ImageOps.fit(
                image.convert("RGB"),
                (stored, stored),
                Image.Resampling.BICUBIC,
            )
        top, left = torch.randint(stored - size + 1, (2,)).tolist()
        image = image.crop((left, top, left + size, top + size))
        if torch.rand(()) < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        stddevs, components = map(torch.tensor, COLORS)
        shift = components @ (0.1 * torch.randn(3) * stddevs)
        return pixels.float() + shift[:, None, None], self._labels[index]


def _turn(batches):
    """Makes turns of a function that gives an iterator without end."""

    def turn(case, steps):
        running = batches()
        for _ in itertools.islice(running, _AHEAD):
            pass
        return timed(lambda: next(running))(steps)

    return turn
