"""What happens to an image before the network sees it (paper, 2 and 4.1).

Pure functions for eager use and for `tf.data`: the same image and the same
seed give the same result. Images are RGB, 0 to 255.
"""

import numpy as np
import tensorflow as tf


def stored_size(size):
    """Gives the side of the squares that crops of `size` are cut from.

    The paper's 256 for its 224 and for 227, and the same share otherwise.
    """
    return 256 if 224 <= size <= 227 else round(size * 8 / 7)


def center_crop(image, size):
    """Cuts the central square out of an image.

    Args:
        image: Tensor `(height, width, channels)`.
        size: Int, pixels.

    Returns:
        Tensor `(size, size, channels)`.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    return _crop(image, (height - size) // 2, (width - size) // 2, size)


def random_crop(image, size, seed):
    """Cuts a square out of an image, each place equally likely.

    Args:
        image: Tensor `(height, width, channels)`.
        size: Int, pixels.
        seed: Int tensor `(2,)`.

    Returns:
        Tensor `(size, size, channels)`.
    """
    places = tf.shape(image)[:2] - size + 1
    share = tf.random.stateless_uniform((2,), seed)  # in [0, 1)
    top, left = tf.unstack(
        tf.cast(share * tf.cast(places, tf.float32), tf.int32)
    )
    return _crop(image, top, left, size)


def random_resized_crop(image, size, seed, least_area):
    """Cuts a rectangle out of an image and scales it to a square.

    Not the paper's, but that of Szegedy et al., Going Deeper with Convolutions
    (2014), section 6: one side's share of the image is up to 4/3 of the
    other's. Bilinear, each place equally likely.

    Args:
        image: Tensor `(height, width, channels)`.
        size: Int, pixels.
        seed: Int tensor `(2,)`.
        least_area: Float, the least share of the image's area that the
            rectangle covers; each share up to 1 is equally likely.

    Returns:
        Float32 tensor `(size, size, channels)`.
    """
    area, tilt, top, left = tf.unstack(tf.random.stateless_uniform((4,), seed))
    area = least_area + (1 - least_area) * area
    ratio = (4 / 3) ** (2 * tilt - 1)
    height = tf.minimum(tf.sqrt(area / ratio), 1)
    width = tf.minimum(tf.sqrt(area * ratio), 1)
    top, left = top * (1 - height), left * (1 - width)
    box = tf.stack([top, left, top + height, left + width])
    cut = tf.image.crop_and_resize(image[None], box[None], [0], (size, size))
    return tf.ensure_shape(cut[0], (size, size, image.shape[2]))


def random_flip(image, seed):
    """Mirrors an image left to right, or leaves it, each half of the time.

    Args:
        image: Tensor `(height, width, channels)`.
        seed: Int tensor `(2,)`.

    Returns:
        Tensor of the same shape.
    """
    coin = tf.random.stateless_uniform((), seed)
    # a `tf.where` would mirror every image, and is slow
    return tf.cond(coin < 0.5, lambda: tf.reverse(image, [1]), lambda: image)


def shift_colors(image, stddevs, components, seed):
    """Adds one random colour to every pixel of an image (section 4.1).

    The paper multiplies the noise by the eigenvalues; the 2012 code by the
    standard deviations, their square roots, which is what has the right unit.

    Args:
        image: Float tensor `(height, width, 3)`.
        stddevs: Float tensor `(3,)`, standard deviation of the training
            pixels along each component, in the units of `image`.
        components: Float tensor `(3, 3)`, one unit eigenvector a column.
        seed: Int tensor `(2,)`.

    Returns:
        Float tensor `(height, width, 3)`, not clipped.
    """
    scale = 0.1 * tf.random.stateless_normal((3,), seed) * stddevs
    color = tf.linalg.matvec(components, scale)
    # on every pixel; a whole row at a time is faster than three numbers
    rows = tf.reshape(image, (tf.shape(image)[0], -1))
    rows += tf.tile(color, tf.shape(image)[1:2])
    return tf.reshape(rows, tf.shape(image))


def ten_crops(image, size):
    """Cuts the corners and the centre, and mirrors them (section 4.1).

    Args:
        image: Tensor `(height, width, channels)`.
        size: Int, pixels.

    Returns:
        Tensor `(10, size, size, channels)`: top left, top right, bottom left,
        bottom right, centre, then the five mirrored.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    bottom, right = height - size, width - size
    places = [
        (0, 0),
        (0, right),
        (bottom, 0),
        (bottom, right),
        (bottom // 2, right // 2),
    ]
    crops = tf.stack([_crop(image, *place, size) for place in places])
    return tf.concat([crops, tf.reverse(crops, [2])], 0)


def color_components(pixels):
    """Finds the principal components of colours (section 4.1).

    Args:
        pixels: Array `(..., 3)` of RGB values.

    Returns:
        Three float64 arrays: the mean `(3,)`, the standard deviations `(3,)`
        along the components, largest first, and the components `(3, 3)`, one
        a column.
    """
    pixels = np.asarray(pixels, float).reshape(-1, 3)
    mean = pixels.mean(0)
    variances, components = np.linalg.eigh(np.cov(pixels.T, bias=True))
    stddevs = np.sqrt(np.maximum(variances, 0))
    return mean, stddevs[::-1], components[:, ::-1]


def _crop(image, top, left, size):
    cut = image[top : top + size, left : left + size]
    return tf.ensure_shape(cut, (size, size, image.shape[2]))
