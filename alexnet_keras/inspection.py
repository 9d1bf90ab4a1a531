"""What a network makes of pictures: outputs, covers, neighbours, probes.

Pictures are of `solids`, whose every fact is known (`datasets/solids`).
"""

import concurrent.futures
import os
from typing import NamedTuple

import keras
import numpy as np

from alexnet_keras import augment

GREY = 127  # of a cover: half of 255
STRENGTHS = np.logspace(-3, 1, 9)  # of a probe's pull towards 0


class Pictures(NamedTuple):
    """Pictures of solids, and what they show.

    Attributes:
        images: Uint8 array `(number, size, size, 3)`, RGB.
        labels: Int array `(number,)`, the classes.
        facts: Dict of float arrays `(number, numbers)`: `hue`, the body's as a
            point on the circle of colours; `position` of its centre, x and y;
            `light`, the angle from which it comes, in radians; `distance` of
            the camera.
    """

    images: np.ndarray
    labels: np.ndarray
    facts: dict


def pictures(split="test", count=500, size=64):
    """Draws the first pictures of a split of `solids`.

    They are those of the data set, and nothing is kept on disk.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        count: Int.
        size: Int, side in pixels of the picture's centre, which is cut out as
            at a test.

    Returns:
        `Pictures`.
    """
    from alexnet_keras.datasets.solids import scene
    from alexnet_keras.datasets.solids.render import draw
    from alexnet_keras.datasets.solids.solids import SEED, SPLITS

    number = SPLITS.index(split)
    labels = np.arange(count) % len(scene.CLASS_NAMES)
    scenes = [scene.draw_scene(SEED, number, index) for index in range(count)]

    def small(label, drawn):
        return _center(draw(label, drawn), size)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        images = np.stack(list(pool.map(small, labels, scenes)))
    named = {
        name: np.array([drawn[name] for drawn in scenes]).reshape(count, -1)
        for name in ("hue", "position", "light_azimuth", "distance")
    }
    turn = scene.TURN * named["hue"]
    facts = {
        "hue": np.concatenate([np.cos(turn), np.sin(turn)], axis=1),
        "position": named["position"],
        "light": named["light_azimuth"],
        "distance": named["distance"],
    }
    return Pictures(images, labels, facts)


def _center(picture, size):
    """Scales a picture as `data.load` does, and cuts its centre out."""
    from PIL import Image

    stored = augment.stored_size(size)
    start = (stored - size) // 2
    scaled = Image.fromarray(picture).resize((stored, stored))
    return np.asarray(scaled)[start : start + size, start : start + size]


def outputs(network, images, names):
    """Gives what layers hand on for each of many pictures.

    Args:
        network: A Keras model.
        images: Array `(number, height, width, 3)`.
        names: Names of layers; `"image"` is what the network takes.

    Returns:
        Dict of float32 arrays `(number, ...)` by the layers' names.
    """
    layers = [name for name in names if name != "image"]
    tensors = [network.get_layer(name).output for name in layers]
    looks = keras.Model(network.inputs, tensors).predict(images, verbose=0)
    looks = looks if isinstance(looks, list) else [looks]
    found = dict(zip(layers, looks, strict=True))
    found["image"] = images.astype("float32")
    return {name: found[name] for name in names}


def cover(image, row, column, side, grey=GREY):
    """Puts a grey square on a copy of a picture.

    Args:
        image: Array `(height, width, 3)`.
        row: Int, the first row under the square.
        column: Int, the first column under it.
        side: Int, pixels.
        grey: Number, the square's value in each channel.
    """
    covered = image.copy()
    covered[row : row + side, column : column + side] = grey
    return covered


def occlusion(network, image, label, side=16, step=4):
    """Slides a grey cover over a picture and asks the network each time.

    Args:
        network: A Keras model that gives probabilities.
        image: Array `(height, width, 3)`.
        label: Int, the class.
        side: Int, pixels along the cover.
        step: Int, pixels from one place of the cover to the next.

    Returns:
        Float array `(rows, columns)`: the class's probability at each place.
    """
    height, width = image.shape[:2]
    rows = range(0, height - side + 1, step)
    columns = range(0, width - side + 1, step)
    covered = [cover(image, r, c, side) for r in rows for c in columns]
    answers = network.predict(np.stack(covered), verbose=0)
    return answers[:, label].reshape(len(rows), len(columns))


def nearest(values, count=5):
    """Finds for each picture those whose values are nearest to its own.

    Args:
        values: Array `(number, ...)`, a layer's output for each picture.
        count: Int, how many.

    Returns:
        Two arrays `(number, count)`, nearest first: the pictures' numbers, and
        their distances, the roots of the summed squares of all differences.
    """
    lines = values.reshape(len(values), -1).astype("float64")
    squares = np.square(lines).sum(axis=1)
    apart = squares[:, None] + squares - 2 * lines @ lines.T
    np.fill_diagonal(apart, np.inf)  # none is its own neighbour
    order = np.argsort(apart, axis=1, kind="stable")[:, :count]
    found = np.take_along_axis(apart, order, axis=1)
    return order, np.sqrt(np.maximum(found, 0))


def probe(seen, seen_facts, unseen, unseen_facts):
    """Fits units that read facts off a layer's output, and scores them.

    A unit for each number of a fact: ridge regression, by scikit-learn. How
    strongly its weights are pulled towards 0 is chosen for each fact by
    leaving out one picture at a time.

    Args:
        seen: Array `(number, ...)`, a layer's output for the pictures to fit.
        seen_facts: Dict of what these show: ints `(number,)` for classes, or
            floats `(number, numbers)`.
        unseen: As `seen`, for the pictures to be scored.
        unseen_facts: As `seen_facts`.

    Returns:
        Dict of floats, 0 for what guessing reaches and 1 for perfection: the
        share of the variance that is explained, or of the classes that are
        found.
    """
    from sklearn.linear_model import RidgeCV

    fit, test = (one.reshape(len(one), -1) for one in (seen, unseen))
    mean = fit.mean(axis=0)
    scale = np.sqrt(np.square(fit - mean).sum(axis=1).mean()) or 1.0
    fit, test = (fit - mean) / scale, (test - mean) / scale
    scores = {}
    wanted = [_columns(fact) for fact in seen_facts.values()]
    ridge = RidgeCV(STRENGTHS * len(fit), alpha_per_target=True)
    read = ridge.fit(fit, np.concatenate(wanted, axis=1)).predict(test)
    ends = np.cumsum([part.shape[1] for part in wanted])[:-1]
    parts = np.split(read.reshape(len(test), -1), ends, axis=1)
    for name, part, own in zip(seen_facts, parts, wanted, strict=True):
        scores[name] = _score(part, unseen_facts[name], own)
    return scores


def _columns(fact):
    """Gives classes a column each; other facts have theirs."""
    return np.eye(fact.max() + 1)[fact] if fact.ndim == 1 else fact


def _score(read, fact, seen):
    if fact.ndim == 1:
        chance = 1 / seen.shape[1]
        right = np.mean(read.argmax(axis=1) == fact)
        return float((right - chance) / (1 - chance))
    left = np.square(read - fact).sum()
    return float(1 - left / np.square(fact - seen.mean(axis=0)).sum())
