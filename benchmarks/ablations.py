"""Takes one thing away from AlexNet at a time, and measures what that costs.

    .venv/bin/python benchmarks/ablations.py
    .venv/bin/python benchmarks/ablations.py --data FOLDER --out photos.csv

The small network on solids, or any network on your photographs. Each variant
is trained from scratch with several seeds; accuracy is measured on all
pictures that are not trained on. A run is written into the table as soon as it
ends, and a second start of the command goes on with those that are missing.
The table of the course: alexnet_keras/datasets/ablations.csv.
"""

import argparse
import csv
import dataclasses
import math
import pathlib
from typing import NamedTuple
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from alexnet_keras import data, networks, recipes, training
from alexnet_keras.datasets.ablations import TABLE, Run, markdown, read
from alexnet_keras.files import replacing
from alexnet_keras.models import match_fan_ins
from alexnet_keras.rows import Conv, Dense, Norm, Pool
from alexnet_keras.weights import arrays_of, give

SEEDS = (1, 2, 3)


class Variant(NamedTuple):
    """A network with one thing changed.

    `rows` takes the network's rows and gives others, `recipe` holds what the
    recipe has instead, and `start` changes a fresh model's weights in place.
    """

    rows: callable = list
    recipe: dict = {}
    start: callable = lambda model: None
    augmented: bool = True


def without_norms(rows):
    """Leaves local response normalization out (paper, section 3.3)."""
    return [row for row in rows if not isinstance(row, Norm)]


def plain_pools(rows):
    """Makes windows as wide as they are apart (paper, section 3.4)."""
    return [
        row._replace(filter_size=row.stride) if isinstance(row, Pool) else row
        for row in rows
    ]


def half_as_wide(rows):
    """Gives one tower, with half the filters up to conv4 (section 3.2)."""
    rows = [
        row._replace(groups=1) if isinstance(row, Conv | Norm) else row
        for row in rows
    ]
    return [
        row._replace(filters=row.filters // 2)
        if isinstance(row, Conv) and row.name != "conv5"
        else row
        for row in rows
    ]


def without_conv4(rows):
    """Leaves out the middle convolution (paper, section 7)."""
    return [row for row in rows if row.name != "conv4"]


def with_tanh(rows):
    """Puts tanh where ReLU was (paper, section 3.1)."""
    return [
        row._replace(activation="tanh")
        if isinstance(row, Conv | Dense) and row.activation == "relu"
        else row
        for row in rows
    ]


def halve_variances(model):
    """Turns He's start, which is ReLU's, into the one for tanh."""
    for layer in model.layers:
        if layer.weights and layer.name != "fc8":
            kernel, bias = arrays_of(layer)
            give(layer, (kernel / math.sqrt(2), bias))


VARIANTS = {
    "the network": Variant(),
    "no LRN": Variant(without_norms),
    "pools that do not overlap": Variant(plain_pools),
    "one tower, half as wide": Variant(half_as_wide),
    "no dropout": Variant(recipe={"dropout": 0.0}),
    "no augmentation": Variant(augmented=False),
    "no conv4": Variant(without_conv4),
    "tanh": Variant(with_tanh, start=halve_variances),
    "the paper's start": Variant(
        recipe={
            "initialization": "2012",
            "unit_variance": False,
            "learning_rate": 0.01,
        },
        start=match_fan_ins,
    ),
}


def run(name, model, pictures, recipe, seed):
    """Trains a variant once.

    Returns:
        A `Run`.
    """
    keras.utils.clear_session()
    variant = VARIANTS[name]
    recipe = dataclasses.replace(recipe, **variant.recipe)
    plan = networks.find(model)
    plan = plan._replace(layers=tuple(variant.rows(plan.layers)))
    with mock.patch.dict(networks.NETWORKS, {model: plan}):
        network = training.build(model, recipe, pictures, seed=seed)
    variant.start(network)
    if variant.augmented:
        training.fit(network, recipe, pictures, seed, verbose=0)
    else:
        network.fit(
            as_they_are(pictures, recipe.batch_size, seed),
            epochs=recipe.epochs,
            steps_per_epoch=training.steps(recipe, pictures),
            shuffle=False,
            verbose=0,
        )
    return Run(
        variant=name,
        seed=seed,
        train=accuracy(network, pictures, ["train"]),
        held_out=accuracy(network, pictures, set(pictures.splits) - {"train"}),
        parameters=network.count_params(),
        model=model,
        data=pictures.name,
        fingerprint=pictures.fingerprint,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
    )


def as_they_are(pictures, batch_size, seed):
    """Makes endless batches of central crops, in a new order every epoch."""
    batches = pictures.evaluation(batch_size, "train").unbatch()
    count = pictures.splits["train"].num_examples
    return (
        batches.shuffle(count, seed).batch(batch_size, True).repeat()
    ).prefetch(2)


def accuracy(network, pictures, splits):
    """Measures the share of right answers over some splits together."""
    confusion = sum(
        training.evaluate(network, pictures, split, verbose=0)["confusion"]
        for split in splits
    )
    return round(float(np.trace(confusion) / confusion.sum()), 4)


def write(path, runs):
    """Writes the table."""
    with replacing(path) as half, half.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Run._fields)
        table.writerows(runs)


def measure(options, pictures):
    """Runs what is missing in the table, and writes each run at once."""
    recipe = dataclasses.replace(
        recipes.COURSE, epochs=options.epochs, batch_size=options.batch_size
    )
    runs = read(options.out) if options.out.exists() else []
    settings = (
        options.model,
        pictures.fingerprint,
        options.epochs,
        options.batch_size,
    )
    others = {run.settings for run in runs} - {settings}
    if others:
        raise SystemExit(
            f"{options.out} holds runs of other settings: {sorted(others)}. "
            f"Received: {settings}. Give another file: --out FILE"
        )
    done = {(x.variant, x.seed) for x in runs}
    wanted = [(name, x) for x in options.seeds for name in options.variants]
    for name, seed in wanted:
        if (name, seed) not in done:
            runs.append(run(name, options.model, pictures, recipe, seed))
            write(options.out, runs)
            print(*runs[-1][:4], flush=True)
    return runs


def main(argv=None):
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", default="solids")
    parser.add_argument("--model", default="mini", choices=networks.NETWORKS)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument(
        "--variants", nargs="+", default=VARIANTS, choices=VARIANTS
    )
    parser.add_argument("--out", type=pathlib.Path, default=TABLE)
    options = parser.parse_args(argv)
    tf.get_logger().setLevel("ERROR")
    size = networks.find(options.model).size
    pictures = data.load(options.data, size=size)
    print(markdown(measure(options, pictures)))


if __name__ == "__main__":
    main()
