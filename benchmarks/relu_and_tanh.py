"""Trains AlexNet's layers in small with ReLU and with tanh (paper, figure 1).

    .venv/bin/python benchmarks/relu_and_tanh.py

Two starts: that of 2012 (pixels minus the mean, the 2012 layer files' standard
deviations, biases of 1 for ReLU) and today's (inputs of unit variance, He's
initial weights for ReLU, Glorot's for tanh). For each start and activation the
rate is tuned with a seed of its own; then other seeds are run at that rate.
Everything that was measured goes into one table, which chapter 4 draws:
alexnet_keras/datasets/relu_and_tanh.csv.
"""

import argparse
import csv
import math
import pathlib

import keras
import numpy as np
import tensorflow as tf

from alexnet_keras import data, networks
from alexnet_keras.building import build
from alexnet_keras.datasets.relu_and_tanh import BLOCK, EPOCH, TABLE, steps_to
from alexnet_keras.files import replacing
from alexnet_keras.models import match_fan_ins
from alexnet_keras.rows import Dropout, Norm

SIZE, BATCH = 64, 128
RATES = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1)
STARTS, ACTIVATIONS = ("2012", "today"), ("relu", "tanh")
TUNING_SEED, SEEDS = 0, (1, 2, 3)


def plain(layers, activation):
    """Gives a network's rows in one tower, without norms and dropout."""
    rows = [
        row._replace(groups=1) if hasattr(row, "groups") else row
        for row in layers
        if not isinstance(row, Norm | Dropout)
    ]
    return [
        row._replace(activation=activation)
        if getattr(row, "activation", None) == "relu"
        else row
        for row in rows
    ]


def make(start, activation, colors, seed):
    """Builds a network at its start."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    rows = plain(networks.MINI, activation)
    image = keras.Input((SIZE, SIZE, 3))
    scale = 1.0 if start == "2012" else colors.scale
    x = keras.layers.Rescaling(
        1 / scale, (-np.array(colors.mean) / scale).tolist()
    )(image)
    kind = "2012" if start == "2012" else "he"
    model = keras.Model(image, build(rows, x, initialization=kind))
    if start == "2012":
        match_fan_ins(model)
    for layer in model.layers:
        if activation == "tanh" and layer.weights:
            if start == "today" and layer.name != "fc8":
                glorot = keras.initializers.GlorotNormal(seed)
                layer.kernel.assign(glorot(layer.kernel.shape))
            layer.bias.assign(layer.bias * 0)
    return model


def train(model, images, labels, rate, seed, num_steps, until=-1.0):
    """Trains, and counts wrong answers.

    Args:
        model: A `keras.Model` that gives probabilities.
        images: Uint8 array `(number, SIZE, SIZE, 3)`.
        labels: Int array `(number,)`.
        rate: Float.
        seed: Int, of the order.
        num_steps: Int.
        until: Float; ends early when the error, an epoch's mean, has
            fallen to it.

    Returns:
        List of floats, the share of wrong answers in each step's batch before
        its step. It ends early where the loss is no number any more.
    """
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    optimizer.build(model.trainable_variables)
    losses = keras.losses.SparseCategoricalCrossentropy()

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            answers = model(images, training=True)
            loss = losses(labels, answers)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        right = keras.ops.argmax(answers, -1) == labels
        return loss, 1 - keras.ops.mean(keras.ops.cast(right, "float32"))

    order, errors = np.random.default_rng(seed), []
    while len(errors) < num_steps:
        shuffled = order.permutation(len(images))
        for first in range(0, len(images) - BATCH + 1, BATCH):
            chosen = shuffled[first : first + BATCH]
            loss, error = step(images[chosen], labels[chosen])
            errors.append(float(error))
            if not math.isfinite(loss) or len(errors) == num_steps:
                return errors
            if steps_to(until, blocks(errors)) < math.inf:
                return errors
    return errors


def blocks(errors):
    """Averages the errors over `BLOCK` steps at a time."""
    whole = len(errors) // BLOCK * BLOCK
    return np.mean(np.reshape(errors[:whole], (-1, BLOCK)), axis=1)


def all_pictures(pictures):
    """Gives the training pictures and their labels as two arrays."""
    batches = list(pictures.evaluation(500, "train"))
    images = np.concatenate([images for images, _ in batches])
    labels = np.concatenate([labels for _, labels in batches])
    return images, labels.astype("int32")


def measure(pictures, num_steps, rates, seeds):
    """Yields the table's rows, run by run: tuning first, then the seeds."""
    images, labels = all_pictures(pictures)
    for start in STARTS:
        for activation in ACTIVATIONS:
            found = {}

            def run(rate, seed, until=-1.0):
                model = make(start, activation, pictures.colors, seed)  # noqa: B023
                errors = train(
                    model, images, labels, rate, seed, num_steps, until
                )
                return blocks(errors)

            for rate in rates:
                errors = run(rate, TUNING_SEED, until=0.25)
                last = errors[-EPOCH:].mean() if len(errors) else 1.0
                found[rate] = steps_to(0.25, errors), last
                yield start, activation, rate, "tuning", errors
            best = min(found, key=found.get)
            for seed in seeds:
                yield start, activation, best, seed, run(best, seed)


def main(argv=None):
    """Measures, and writes the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--out", type=pathlib.Path, default=TABLE)
    options = parser.parse_args(argv)
    pictures = data.load("solids", size=SIZE)
    names = ("start", "activation", "rate", "seed", "errors")
    with replacing(options.out) as half, half.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(names)
        for *run, errors in measure(
            pictures, options.steps, options.rates, options.seeds
        ):
            table.writerow([*run, " ".join(f"{error:.3f}" for error in errors)])
            print(*run, *(steps_to(x, errors) for x in (0.25, 0.1)), flush=True)


if __name__ == "__main__":
    main()
