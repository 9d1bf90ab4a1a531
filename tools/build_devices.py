"""Writes site/explore/devices/costs.js: what AlexNet's layers cost.

The page of two devices computes with these counts and no others. They are
derived from `alexnet_keras.shapes` and `alexnet_keras.costs`; run it again
when those change.
"""

import json
import pathlib

from alexnet_keras import costs, shapes
from alexnet_keras.files import replacing
from alexnet_keras.networks import ALEXNET

SITE = pathlib.Path(__file__).resolve().parents[1] / "site"
PAGE = SITE / "explore" / "devices" / "costs.js"
HEAD = """\
/* Written by tools/build_devices.py from the package's costs and shapes.

   Counts for one picture of 227 x 227 x 3: weights (with biases), values that
   are kept, multiply-adds of the forward pass. Each is a list: of the whole
   network, of GPU 1's half and of GPU 2's in 2012. `reads` is what each GPU
   gets from the other before the layer. */

var costs = """
TAIL = """;

if (typeof module !== "undefined") module.exports = costs;
"""


def counts():
    """Counts what the layers of AlexNet cost, whole and split in two.

    Returns:
        List of dicts, one for each layer that takes memory, the input first.
    """
    held = [  # as bytes of one byte each, they are counts
        costs.memory(ALEXNET, batch_size=1, tower=tower, bytes_per_float=1)
        for tower in (None, 1, 2)
    ]
    work = {line.name: line.multiply_adds for line in shapes.table(ALEXNET)}
    reads = {line.name: line[1:] for line in costs.crossings(ALEXNET)}
    found = []
    for lines in zip(*held, strict=True):
        name = lines[0].name
        weights = [line.weights for line in lines]
        done = work.get(name, 0)
        row = {
            "name": name,
            "weights": weights,
            "values": [line.activations for line in lines],
            # a half of the filters or units does half of the work
            "work": [done * own // (weights[0] or 1) for own in weights],
        }
        if name in reads:
            row["reads"] = list(reads[name])
        found.append(row)
    return found


def text():
    """Makes the file's text, a layer a line."""
    rows = [f"  {json.dumps(row)}," for row in counts()]
    return HEAD + "\n".join(["[", *rows, "]"]) + TAIL


def main():
    """Writes the file, whole or not at all."""
    with replacing(PAGE) as half:
        half.write_text(text(), encoding="utf-8")
    print(f"{PAGE.name}: {len(counts())} layers")


if __name__ == "__main__":
    main()
