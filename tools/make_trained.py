"""Trains the networks that come with the package, and writes them into it.

    make trained

The small network is written whole, of the full one conv1's filters, both as
float16; README.md beside them says how they were made and how good they are.
"""

import argparse
import datetime
import json
import pathlib
import platform
import shlex
import sys
import tempfile

import keras
import numpy as np
import tensorflow as tf

from alexnet_keras import data, models, trained, training, weights
from alexnet_keras.commands import main as command_line
from alexnet_keras.files import replacing
from alexnet_keras.runs.machine import processor

EPOCHS = {"mini": 60, "two-tower": 20}
README = """\
# Trained networks

`make trained` wrote these files{options}: it trains both networks from scratch
on the training pictures of `solids`, with recipe `course`, on one device.

| file | what | epochs | precision | validation | test |
|---|---|---|---|---|---|
{lines}

The accuracies on the validation and test pictures are those of one central
crop: of the small network as it is in the file, in float16, and of the full
network before all but its conv1 was left out. One seed each. Trained on
{date} on {machine}
with Python {python}, TensorFlow {tensorflow} and Keras {keras}.
`tests/test_trained.py` (slow) trains the small network again.

```python
from alexnet_keras import AlexNetMini, trained

model = AlexNetMini(weights="solids")  # takes RGB from 0 to 255
filters = trained.conv1_filters()      # (11, 11, 3, 96)
```
"""


def train(network, folder, epochs):
    """Trains a network on solids.

    Returns:
        Dict, what the run's `run.json` tells, and the path of its folder.
    """
    run = pathlib.Path(folder) / network
    command = ["train", "--data", "solids", "--model", network]
    command += ["--strategy", "one", "--precision", "auto"]
    command += ["--epochs", str(epochs), "--run-dir", str(run)]
    if command_line(command) != 0:
        raise SystemExit(f"Training {network} failed: see above.")
    return json.loads((run / "run.json").read_text()), run


def write_mini(run, path):
    """Writes a run's small network as float16."""
    found = weights.read(run / "model.keras")
    with training.Precision("float16"):
        half = models.AlexNetMini(classes=found.num_classes)
        weights.assign(half, found, "mini")
        weights.write(path, half, found)


def read_mini(path):
    """Builds the small network with the weights that `write_mini` wrote."""
    scale = weights.read(path).rescaling
    return models.AlexNetMini(weights=path, rescaling=scale)


def write_conv1(run, path):
    """Writes the conv1 filters of a run's network as float16."""
    kernel, _ = weights.read(run / "model.keras").arrays["conv1"]
    with replacing(path) as temporary:
        np.save(temporary, kernel.astype("float16"))


def accuracies(model, size):
    """Measures a network's accuracy on validation and test pictures."""
    pictures = data.load("solids", size=size)
    return [
        training.evaluate(model, pictures, split, verbose=0)["top1"]
        for split in ("validation", "test")
    ]


def line(path, what, facts, measured):
    """Gives a file's row of the README."""
    cells = [
        f"`{path.name}`",
        what,
        facts["recipe"]["epochs"],
        facts["precision"]["used"],
        *(f"{share:.1%}" for share in measured),
    ]
    return f"| {' | '.join(map(str, cells))} |"


def main(argv=None):
    """Trains both networks and writes the files and their README."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    for network, epochs in EPOCHS.items():
        parser.add_argument(f"--{network}-epochs", type=int, default=epochs)
    parser.add_argument("--out", type=pathlib.Path, default=trained.FOLDER)
    argv = sys.argv[1:] if argv is None else argv
    options = parser.parse_args(argv)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        facts, run = train("mini", folder, options.mini_epochs)
        path = options.out / trained.MINI.name
        write_mini(run, path)
        what = "`AlexNetMini`"
        measured = accuracies(read_mini(path), 64)
        lines.append(line(path, what, facts, measured))

        facts, run = train("two-tower", folder, options.two_tower_epochs)
        path = options.out / trained.CONV1.name
        write_conv1(run, path)
        model = keras.models.load_model(run / "model.keras")
        what = "conv1's filters of `AlexNet`"
        lines.append(line(path, what, facts, accuracies(model, 227)))
    with replacing(options.out / "README.md") as half:
        text = README.format(
            options=f" with `{shlex.join(argv)}`" if argv else "",
            lines="\n".join(lines),
            date=datetime.date.today().strftime("%d %B %Y").lstrip("0"),
            machine=processor(),
            python=platform.python_version(),
            tensorflow=tf.__version__,
            keras=keras.__version__,
        )
        half.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
