"""Writes what the page of two devices needs of the package.

Into site/explore/devices: costs.js, what AlexNet's layers cost, which is all
that the page computes with; and still.svg, the step that it begins with, for
readers without scripts and for paper. Needs node, which computes the times as
the page does. Run it again when shapes, costs or the page's model change.
"""

import json
import pathlib

import nodejs

from alexnet_keras import costs, shapes
from alexnet_keras.files import replacing
from alexnet_keras.networks import ALEXNET

SITE = pathlib.Path(__file__).resolve().parents[1] / "site"
FOLDER = SITE / "explore" / "devices"
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


WIDTH, ROW, BAR = 580, 62, 26  # of the still picture, in its own units
PHASES = {  # name in the key, colour in light and in dark
    "input": ("input", "#b4bac2", "#68717c"),
    "forward": ("forward", "#a3d3f2", "#1f5f8b"),
    "backward": ("backward", "#0072b2", "#7cc6f2"),
    "talk": ("sends", "#d55e00", "#f0924a"),
    "update": ("update", "#59606a", "#a6aeb8"),
}
WHO = "one device", "each of two replicas", "GPU 1 of the split"
STEPS = """
const { WAYS, timeline } = require("./model.js");
const { start } = require("./settings.js");
const lanes = WAYS.map((way) => timeline(way, start())[0]);
process.stdout.write(JSON.stringify(lanes));
"""


def steps():
    """Lets node compute the step that the page begins with.

    Returns:
        List of dicts, the first device of each way: what it `computes` and
        what it `sends`, from when to when, in milliseconds.
    """
    return nodejs.answer("-e", STEPS, folder=FOLDER)


def style():
    """Gives the picture's colours, light and dark, as CSS."""
    light, dark = (
        [f".{phase}{{fill:{each[at]}}}" for phase, each in PHASES.items()]
        for at in (1, 2)
    )
    light = ["text{font:14px sans-serif;fill:#16191d}", *light]
    dark = ["text{fill:#eceff2}", *dark]
    return (
        f"<style>{''.join(light)}\n"
        f"@media(prefers-color-scheme:dark){{{''.join(dark)}}}</style>"
    )


def rectangle(phase, x, y, width, height):
    """Gives one bar as SVG."""
    return (
        f'<rect class="{phase}" x="{x:.1f}" y="{y}" width="{width:.1f}" '
        f'height="{height}"/>'
    )


def still(lanes):
    """Draws a step of each way as bars over time.

    Args:
        lanes: List of dicts, see `steps`.

    Returns:
        Str, SVG.
    """
    ends = [max(bar["to"] for bar in lane["computes"]) for lane in lanes]
    scale = WIDTH / max(ends)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {WIDTH} {3 * ROW + 38}" role="img">',
        "<title>A step of 128 pictures, in three ways</title>",
        style(),
    ]
    for row, (lane, end) in enumerate(zip(lanes, ends, strict=True)):
        y = ROW * row + 28
        lines.append(f'<text x="0" y="{y}">{WHO[row]}: {end:.1f} ms</text>')
        for bar in lane["computes"] + lane["sends"]:
            x, width = bar["from"] * scale, (bar["to"] - bar["from"]) * scale
            lines.append(rectangle(bar["phase"], x, y + 6, width, BAR))
    y = 3 * ROW + 20
    for at, (phase, (name, *_)) in enumerate(PHASES.items()):
        x = 110 * at
        word = f'<text x="{x + 20}" y="{y + 9}">{name}</text>'
        lines.append(rectangle(phase, x, y, 14, 10) + word)
    return "\n".join([*lines, "</svg>", ""])


def main():
    """Writes both files, each whole or not at all."""
    with replacing(FOLDER / "costs.js") as half:
        half.write_text(text(), encoding="utf-8")
    with replacing(FOLDER / "still.svg") as half:
        half.write_text(still(steps()), encoding="utf-8")
    print(f"costs.js: {len(counts())} layers; still.svg")


if __name__ == "__main__":
    main()
