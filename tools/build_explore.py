"""Writes the weights and the pictures of the website's live network.

    .venv/bin/python tools/build_explore.py

Needs node, and takes a few minutes. The network is the one that ships,
`AlexNetMini(weights="solids")`; its plan is made of the rows of `networks`.
The results are three scripts in site/explore/network, since a page that is
opened from a folder may not fetch files:

- weights-conv.js: `ALEXNET_MODEL`, with `input` (height, width, channels),
  `scale` and `offset` for each of RGB, `parameters`, and `plan`, a list of
  layers. Kernels and biases are float16 in base64.
- weights-fc.js adds the fully connected layers to `ALEXNET_MODEL.plan`.
- pictures.js: `ALEXNET_FACTS`, with the names of the `classes`, `test` (how
  many of the test pictures, `count`, are named `right` under each setting of
  the page's switches) and `pictures`. The network has learned from none of
  these, nor was it chosen by them. Each has its `index` in the test split,
  `label`, `png` and `why` it is here:
  - `"clear"`: the first of its class that the network is sure of;
  - `"wrong"`: it says `instead`, the number of a class, and is sure of it;
  - `"close"`: right, and `instead` would nearly have won;
  - `"cover"`: right and sure, until a grey square of the page lies on it,
    `cover: {x, y, size}` (its centre and side); then it says `instead`.
"""

import base64
import contextlib
import io
import json
import pathlib
import tempfile

import nodejs
import numpy as np
from PIL import Image

from alexnet_keras import AlexNetMini, data, networks, rows, shapes, weights
from alexnet_keras.files import replacing

TOOLS = pathlib.Path(__file__).resolve().parent
FOLDER = TOOLS.parent / "site" / "explore" / "network"
COUNTED = TOOLS / "count_right.js"
NOTE = "/* Written by tools/build_explore.py, which says what is in it. */\n"
SURE = 0.99  # the share of a class that is beyond doubt
NUM_WRONG, NUM_CLOSE, NUM_COVERED = 4, 3, 4
COVER = 8  # pixels, the side of the grey square
APART = 4  # pixels between the places where it is tried
GREY = 128
TRIED = 100  # pictures, the first of the test split


def plan(layers, size, channels=3):
    """Describes the rows of a network that compute, for the page.

    Args:
        layers: List of `rows`, such as `networks.MINI`.
        size: Int, side of the square pictures, in pixels.
        channels: Int, channels of the pictures.

    Returns:
        List of dicts, without weights. Zeros are counted for this size, which
        also says how a layer rounds.
    """
    lines = shapes.table(layers, size, channels)
    steps = [
        {"name": row.name, **_step(row, line.output_shape)}
        for row, line in zip(layers, lines, strict=False)  # what it reads
    ]
    return [step for step in steps if "kind" in step]


def _step(row, shape):
    """Gives what the page must know of a row that reads `shape`."""
    match row:
        case rows.Conv() | rows.Pool():
            before, after = shapes.zeros(row, shape[0])
            step = {
                "kind": "pool",
                "size": row.filter_size,
                "stride": row.stride,
                "before": before,
                "after": after,
            }
            if isinstance(row, rows.Conv):
                step |= {"kind": "conv", "groups": row.groups}
                step |= {"filters": row.filters}
                step |= {"relu": row.activation == "relu"}
            return step
        case rows.Norm():
            return {
                "kind": "norm",
                "size": row.size,
                "alpha": row.alpha,
                "beta": row.beta,
                "bias_k": row.bias,
                "groups": row.groups,
            }
        case rows.Resample() if shape[:2] != (row.size, row.size):
            return {"kind": "resample", "side": row.size}
        case rows.Dense():
            relu = row.activation == "relu"
            return {"kind": "dense", "filters": row.units, "relu": relu}
    return {}  # Flatten and Dropout change no value


def halves(array):
    """Gives an array as float16 (little endian) in base64."""
    return base64.b64encode(np.asarray(array, "<f2").tobytes()).decode()


def shipped():
    """Gives `ALEXNET_MODEL`: the trained network and all its weights."""
    model = AlexNetMini(weights="solids")
    rescaling = model.get_layer("rescaling")
    side, _, channels = model.input_shape[1:]
    steps = plan(networks.MINI, side, channels)
    for step in steps:
        arrays = weights.arrays_of(model.get_layer(step["name"]))
        step |= dict(zip(("kernel", "bias"), map(halves, arrays), strict=False))
    head = {
        "input": model.input_shape[1:],
        "scale": np.broadcast_to(rescaling.scale, 3).tolist(),
        "offset": np.broadcast_to(rescaling.offset, 3).tolist(),
        "parameters": model.count_params(),
        "plan": steps,
    }
    return model, head


def weight_scripts(head):
    """Gives the texts of the two scripts that hold the weights, by name."""
    dense = [step for step in head["plan"] if step["kind"] == "dense"]
    rest = [step for step in head["plan"] if step["kind"] != "dense"]
    first = json.dumps(head | {"plan": rest})
    return {
        "weights-conv.js": f"{NOTE}var ALEXNET_MODEL = {first};\n",
        "weights-fc.js": f"{NOTE}ALEXNET_MODEL.plan = "
        f"ALEXNET_MODEL.plan.concat({json.dumps(dense)});\n",
    }


def unseen(pictures):
    """Gives the test pictures, uint8 `(count, side, side, 3)`, and labels."""
    batches = list(pictures.evaluation(100, "test"))
    images, labels = (
        np.concatenate([part.numpy() for part in parts])
        for parts in zip(*batches, strict=True)
    )
    return images, labels


def covered(image, cover):
    """Lays the page's grey square on a picture."""
    image = image.copy()
    size = cover["size"]
    top, left = (cover[axis] - size // 2 for axis in "yx")
    lines, columns = (
        slice(max(0, start), max(0, start + size)) for start in (top, left)
    )
    image[lines, columns] = GREY
    return image


def worst_cover(model, image, label):
    """Finds where a grey square costs a picture's class most of its share.

    Returns:
        The cover, and the shares under it, `(classes,)`.
    """
    centres = range(APART // 2, len(image), APART)
    covers = [{"x": x, "y": y, "size": COVER} for y in centres for x in centres]
    images = np.stack([covered(image, cover) for cover in covers])
    shares = model.predict(images, batch_size=256, verbose=0)
    worst = shares[:, label].argmin()
    return covers[worst], shares[worst]


def choose(model, images, labels):
    """Chooses pictures that show what the network can and cannot do.

    Args:
        model: The trained network.
        images: uint8 array `(count, side, side, 3)`.
        labels: int array `(count,)`.

    Returns:
        List of dicts: `index`, `label`, `why` and what belongs to it.
    """
    shares = model.predict(images, batch_size=100, verbose=0)
    every = np.arange(len(labels))
    own = shares[every, labels]
    others = shares.copy()
    others[every, labels] = 0
    rival = others.max(1)  # the greatest share of another class
    right = own > rival

    def first(order, most, why):
        """Takes the first picture of each class, of a few classes."""
        found = {}
        for i in map(int, order):
            label = int(labels[i])
            if label not in found and len(found) < most:
                found[label] = {"index": i, "label": label, "why": why}
        return list(found.values())

    sure = every[own > SURE]
    clear = first(sure, shares.shape[1], "clear")
    clear.sort(key=lambda one: one["label"])
    by_rival = np.argsort(-rival)
    wavering = first(by_rival[~right[by_rival]], NUM_WRONG, "wrong")
    wavering += first(by_rival[right[by_rival]], NUM_CLOSE, "close")
    for one in wavering:
        one["instead"] = int(others[one["index"]].argmax())
    taken = [one["index"] for one in clear]
    free = np.setdiff1d(sure[sure < TRIED], taken)
    return clear + wavering + _covers(model, images, labels, free)


def _covers(model, images, labels, candidates):
    """Finds the pictures that a small square changes most surely.

    No class is taken twice, neither the true one nor the one it says instead.
    """
    found = []
    for i in map(int, candidates):
        cover, shares = worst_cover(model, images[i], labels[i])
        instead = int(shares.argmax())
        entry = {"index": i, "label": int(labels[i]), "why": "cover"}
        entry |= {"instead": instead, "cover": cover}
        if instead != labels[i]:
            found.append((-shares.max(), entry))
    chosen = []
    for _, entry in sorted(found, key=lambda pair: pair[0]):
        if len(chosen) < NUM_COVERED and not any(
            entry[key] == one[key]
            for one in chosen
            for key in ("label", "instead")
        ):
            chosen.append(entry)
    return chosen


def count_right(head, images, labels):
    """Lets node count what the page's arithmetic names right.

    Returns:
        Dict from the name of a setting of the switches to an int.
    """
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "model.json").write_text(json.dumps(head))
        (folder / "labels.json").write_text(json.dumps(labels.tolist()))
        (folder / "pictures.bin").write_bytes(images.tobytes())
        return nodejs.answer(COUNTED, folder)


def png(image):
    """Gives a picture as PNG in base64."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def picture_script(model, head):
    """Gives the text of the script that holds pictures and counts."""
    solids = data.load("solids", size=head["input"][0])
    images, labels = unseen(solids)
    chosen = choose(model, images, labels)
    for one in chosen:
        one["png"] = png(images[one["index"]])
    facts = {
        "classes": [name.replace("_", " ") for name in solids.class_names],
        "test": {
            "count": len(labels),
            "right": count_right(head, images, labels),
        },
        "pictures": chosen,
    }
    return f"{NOTE}var ALEXNET_FACTS = {json.dumps(facts)};\n"


def main():
    """Writes the three scripts, all or none."""
    model, head = shipped()
    texts = weight_scripts(head)
    texts["pictures.js"] = picture_script(model, head)
    with contextlib.ExitStack() as stack:
        for name, text in texts.items():
            half = stack.enter_context(replacing(FOLDER / name))
            half.write_text(text, encoding="utf-8")
    for name in texts:
        print(f"{name}: {(FOLDER / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
