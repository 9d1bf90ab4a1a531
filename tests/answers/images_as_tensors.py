"""Chapter 1: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import images_as_tensors
from alexnet_keras.exercises.images_as_tensors import make_batch, repair

PHONE = dict(images_as_tensors.q3.answer)


def raw(photos, mean):
    return make_batch(photos, (0, 0, 0))


def corners(photos, mean):
    cut = np.stack([photo[:227, :227] for photo in photos])
    return (cut - np.array(mean)).astype("float32")


def crossed(photos, mean):
    cut = []
    for photo in photos:
        top = (photo.shape[0] - 227) // 2
        left = (photo.shape[1] - 227) // 2
        cut.append(photo[left : left + 227, top : top + 227])
    return np.stack(cut).astype("float32") - np.array(mean, "float32")


def own_means(photos, mean):
    batch = raw(photos, mean)
    return batch - batch.mean((1, 2), keepdims=True)


def in_uint8(photos, mean):
    batch = raw(photos, mean).astype("uint8")
    return (batch - np.array(mean, "uint8")).astype("float32")


def scaled(photos, mean):
    return make_batch(photos, mean) / 58


WRONG = {
    "recall": [
        ((1000, 1000), "1 each"),
        ((1000, 0.001), "all shares"),
        ((154_587, 1), "go in"),
        ((60_965_224, 1), "not of the answer"),
        ((5, 1), "for each class"),
        ((1, 1000), "other way round"),
        ((1000, ...), "still missing"),
        (("1000", 1), "not `'1000'`"),
        (1000, "Give a pair"),
    ],
    "q1": [
        (lambda photos, mean: make_batch(photos, mean)[0], "axis is missing"),
        (
            lambda photos, mean: np.moveaxis(make_batch(photos, mean), -1, 1),
            "stand second",
        ),
        (
            lambda photos, mean: np.moveaxis(make_batch(photos, mean), 0, -1),
            "not the last",
        ),
        (
            lambda photos, mean: make_batch(photos, mean).astype("float64"),
            "float64, not float32",
        ),
        (
            lambda photos, mean: make_batch(photos, mean)[:, 1:],
            "(1, 226, 227, 3)",
        ),
        (lambda photos, mean: list(make_batch(photos, mean)), "not a list"),
        (raw, "not subtracted"),
        (corners, "top left"),
        (
            lambda photos, mean: make_batch(photos, [np.mean(mean)] * 3),
            "from all channels",
        ),
        (own_means, "own mean"),
        (crossed, "rows go with the height"),
        (
            lambda photos, mean: make_batch(photos, mean[::-1]),
            "mean's three numbers",
        ),
        (in_uint8, "0 - 1 is 255"),
        (
            lambda photos, mean: make_batch(photos, mean[::-1])[..., ::-1],
            "BGR",
        ),
        (scaled, "nothing is divided"),
        (
            lambda photos, mean: (
                2 * raw(photos, mean) - make_batch(photos, mean)
            ),
            "mean was added",
        ),
        (
            lambda photos, mean: make_batch(photos, (1, 2, 3)),
            "[1.0, 2.0, 3.0], not",
        ),
        (
            lambda photos, mean: make_batch(photos, mean)[:, ::-1],
            "not those of the middle",
        ),
        (make_batch([np.zeros((227, 227, 3))], (0, 0, 0)), "parentheses"),
    ],
    "q2": [
        (lambda image: image, "riddle itself"),
        (lambda image: image[::-1], "still come first"),
        (lambda image: np.moveaxis(image, 0, -1), "colour of her face"),
        (lambda image: image.T[..., ::-1], "on her side"),
        (lambda image: np.moveaxis(image, 0, 1), "in the middle"),
        (
            lambda image: image.reshape(*image.shape[1:], 3),
            "torn the channels apart",
        ),
        (
            lambda image: image[::-1].reshape(*image.shape[1:], 3),
            "colours are right, but `reshape`",
        ),
        (lambda image: repair(image)[::-1], "but she is upside down"),
        (lambda image: repair(image)[:, ::-1], "but she is mirrored"),
        (
            lambda image: np.moveaxis(image, 0, -1)[::-1],
            "upside down. Of the channels",
        ),
        (lambda image: repair(image)[..., [1, 0, 2]], "Draw it"),
        (lambda image: repair(image)[:2, :2], "became (2, 2, 3)"),
        (repair(images_as_tensors.riddle()), "not a repaired photo"),
        ("RGB", "without parentheses"),
    ],
    "q3": [
        (PHONE | {"numbers": 12_000_000}, "12 million pixels"),
        (PHONE | {"numbers": 21_000}, "rows times columns"),
        (PHONE | {"scaled": (341, 256)}, "height comes first"),
        (PHONE | {"scaled": (256, 256)}, "cut out afterwards"),
        (PHONE | {"scaled": (192, 256)}, "not the long one"),
        (PHONE | {"scaled": (227, 227)}, "same factor"),
        (PHONE | {"scaled": 256}, "is a pair"),
        (PHONE | {"scaled": (256, 341.33)}, "round it"),
        (PHONE | {"share": 59}, "between 0 and 1"),
        (PHONE | {"share": 0.75}, "crop is smaller"),
        (PHONE | {"share": 0.786}, "share of the square"),
        (PHONE | {"share": 0.0043}, "scaled first"),
        (PHONE | {"share": 0.5}, "rows and columns"),
        (PHONE | {"share": 0.6}, "two digits or more"),
        (PHONE | {"share": "0.59"}, "are numbers"),
        (PHONE | {"share": ...}, "still missing"),
        (36_000_000, "dictionary"),
    ],
}


def cut_by_keras(photos, mean):
    import keras

    crop = keras.layers.CenterCrop(227, 227)
    cut = np.stack([np.array(crop(photo)) for photo in photos])
    return (cut - np.array(mean)).astype("float32")


def more_above(photos, mean):
    cut = [
        photo[-(-(photo.shape[0] - 227) // 2) :][
            :227, -(-(photo.shape[1] - 227) // 2) :
        ][:, :227]
        for photo in photos
    ]
    return np.stack(cut).astype("float32") - np.array(mean, "float32")


RIGHT = {
    "recall": [[1000, 1.0], (np.int64(1000), np.float32(0.9999))],
    "q1": [cut_by_keras, more_above],
    "q2": [lambda image: np.transpose(image[::-1], (1, 2, 0))],
    "q3": [{"numbers": 36e6, "scaled": [256, 341], "share": 0.59}],
}
