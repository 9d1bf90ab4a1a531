"""How a network is trained and measured: build, fit, evaluate."""

import time

import keras
import numpy as np
import tensorflow as tf

from alexnet_keras import models, weights
from alexnet_keras.building import awaiting
from alexnet_keras.data import shared_training, shared_validation
from alexnet_keras.recipes import (
    MomentumSGD,
    SmoothedCrossentropy,
    learning_rate,
)


def build(
    network,
    recipe,
    data,
    steps_per_epoch=None,
    seed=0,
    start=None,
    freeze_until=None,
):
    """Builds and compiles a network for a recipe and a data set.

    Call it inside `strategy.scope()` to train on several devices. The network
    takes RGB from 0 to 255 and begins by subtracting the data's mean colour.
    The weight decay is `L2(weight_decay / 2)` on the kernels, since Keras'
    penalty has no factor 1/2 and its `weight_decay` argument is another rule.

    Args:
        network: Str, a name in `networks.NETWORKS`.
        recipe: A `recipes.Recipe`.
        data: A `data.Data`.
        steps_per_epoch: Int; by default what the data and the batch give.
        seed: Int, of the initial weights and of dropout.
        start: A `weights.Weights` to start from, or None. Its pictures' scale
            takes the place of the data's. fc8 starts anew unless its classes
            are the data's.
        freeze_until: Str, the last layer that keeps its weights as they are,
            with all before it; by default none does.

    Returns:
        A compiled `keras.Model`.

    Raises:
        ValueError: If the weights do not fit, there is no such layer, or
            nothing would be left to train.
    """
    keras.utils.set_random_seed(seed)
    if steps_per_epoch is None:
        steps_per_epoch = steps(recipe, data)
    scale = data.colors.scale if recipe.unit_variance else 1
    rescaling = start and start.rescaling or (data.colors.mean, scale)
    penalty = keras.regularizers.L2(recipe.weight_decay / 2)
    new = new_layers(start, data) if start else ()
    given = {*start.arrays} - {*new} if start else ()
    with awaiting(given):
        model = models.AlexNet(
            network=network,
            input_shape=(data.size, data.size, 3),
            classes=len(data.class_names),
            dropout=recipe.dropout,
            initialization=recipe.initialization,
            kernel_regularizer=penalty if recipe.weight_decay else None,
            rescaling=rescaling,
        )
    if start is not None:
        weights.assign(model, start, network, skip=new)
    if freeze_until is not None:
        _freeze(model, freeze_until)
    _compile(model, recipe, steps_per_epoch, len(data.class_names))
    return model


def _compile(model, recipe, steps_per_epoch, num_classes):
    """Gives a network the recipe's update rule, a loss and metrics."""
    metrics = [
        "accuracy",
        keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy"),
    ]
    if num_classes > 5:
        metrics.append(
            # TensorFlow counts the top k in float32 only
            keras.metrics.SparseTopKCategoricalAccuracy(
                5, name="top5", dtype="float32"
            )
        )
    bias_rate = recipe.bias_rate and recipe.bias_rate * recipe.learning_rate
    model.compile(
        MomentumSGD(
            learning_rate(recipe, steps_per_epoch),
            recipe.momentum,
            bias_rate,
            nesterov=recipe.nesterov,
        ),
        loss=SmoothedCrossentropy(recipe.label_smoothing)
        if recipe.label_smoothing
        else keras.losses.SparseCategoricalCrossentropy(),
        metrics=metrics,
        # XLA does not help on a processor
        jit_compile="auto" if tf.config.list_physical_devices("GPU") else False,
    )


def new_layers(start, data):
    """Lists the layers that start anew when weights meet other classes."""
    if "fc6" not in start.arrays:  # of a network without the top
        return weights.TOP
    known = list(start.class_names or ()) == list(data.class_names)
    return () if known else ("fc8",)


def _freeze(model, last):
    """Leaves the weights of a layer, and of those before it, as they are."""
    names = [layer.name for layer in model.layers if layer.weights]
    if last not in names[:-1]:
        why = "nothing would be left to train"
        if last not in names:
            why = "there is no such layer, or it has no weights"
        raise ValueError(
            f"Layers cannot be frozen until {last!r}: {why}. Use one of "
            f"{', '.join(names[:-1])}."
        )
    for layer in model.layers:
        layer.trainable = False
        if layer.name == last:
            return


def steps(recipe, data):
    """Counts the steps of an epoch; the short last batch is dropped.

    Raises:
        ValueError: If there are fewer pictures than a batch.
    """
    pictures = data.splits["train"].num_examples
    if pictures < recipe.batch_size:
        raise ValueError(
            f"There are {pictures} training pictures, fewer than one batch. "
            f"Received: batch_size={recipe.batch_size}. Use a smaller one."
        )
    return pictures // recipe.batch_size


def fit(model, recipe, data, seed=0, callbacks=(), verbose="auto"):
    """Trains a network that `build` gave, or goes on where it stands.

    How many steps lie behind it is what `model.optimizer.iterations` says.

    Args:
        model: A compiled `keras.Model`.
        recipe: The `Recipe` it was built for.
        data: A `data.Data`.
        seed: Int, of the order, the crops, the flips and the colours.
        callbacks: Keras callbacks.
        verbose: As in `keras.Model.fit`.

    Returns:
        Dict, Keras' history: a list with a value an epoch for each metric.
        `loss` holds the weights' penalty too, `cross_entropy` does not.
    """
    strategy = model.distribute_strategy
    validation, validation_steps = shared_validation(
        data, recipe.batch_size, strategy
    )
    whole = steps(recipe, data)
    done = int(model.optimizer.iterations.numpy())
    history = {}
    while done < recipe.epochs * whole:
        epoch, step = divmod(done, whole)
        # the rest of an epoch that was begun is a fit of its own
        last = epoch + 1 if step else recipe.epochs
        found = model.fit(
            shared_training(
                data,
                recipe.batch_size,
                strategy,
                seed,
                recipe.color_noise,
                done,
                recipe.least_area,
            ),
            initial_epoch=epoch,
            epochs=last,
            steps_per_epoch=whole - step,
            validation_data=validation,
            validation_steps=validation_steps,
            callbacks=list(callbacks),
            shuffle=False,  # the data shuffle themselves
            verbose=verbose,
        )
        for name, values in found.history.items():
            history.setdefault(name, []).extend(values)
        done = last * whole
    return history


def evaluate(model, data, split="validation", ten_crops=False, verbose=1):
    """Measures how often a network is right.

    Args:
        model: A model that gives probabilities.
        data: A `data.Data` whose labels are the network's.
        split: Str, a name in `data.splits`.
        ten_crops: Bool, whether to average the probabilities of ten crops
            (paper, section 4.1) instead of taking the central one.
        verbose: 1 for a progress bar, 0 for none.

    Returns:
        Dict of `"top1"` and `"top5"`, shares of the pictures, and
        `"confusion"`, an int array `(classes, classes)`: row, the true class;
        column, the one that the network gives.

    Raises:
        ValueError: If the network gives what is not finite.
    """
    num_classes = len(data.class_names)
    confusion = np.zeros((num_classes, num_classes), int)
    right, seen = np.zeros(2), 0
    # outside a strategy's scope, so that one device takes whole batches
    model = keras.Model(model.inputs, model.outputs)
    batches = data.evaluation(16 if ten_crops else 64, split, ten_crops)
    bar = keras.utils.Progbar(
        data.splits[split].num_examples, verbose=verbose, unit_name="picture"
    )
    for images, labels in batches:
        crops = keras.ops.reshape(images, (-1, *images.shape[-3:]))
        probabilities = finite(model.predict_on_batch(crops))
        probabilities = probabilities.reshape(len(labels), -1, num_classes)
        best = np.argsort(-probabilities.mean(1), axis=1, kind="stable")
        labels = labels.numpy()
        hits = best == labels[:, None]
        right += hits[:, :1].sum(), hits[:, :5].sum()
        np.add.at(confusion, (labels, best[:, 0]), 1)
        seen += len(labels)
        bar.update(seen)
    return {
        "top1": float(right[0] / seen),
        "top5": float(right[1] / seen),
        "confusion": confusion,
    }


def finite(probabilities):
    """Gives probabilities back that are finite.

    Raises:
        ValueError: If some are not, since an order of them would say nothing.
    """
    if np.isfinite(probabilities).all():
        return probabilities
    raise ValueError(
        "The network gives probabilities that are not finite, so it cannot "
        "tell classes. Training has failed there: take an earlier network, or "
        "train anew with a smaller learning rate."
    )


def choose_precision(network, recipe, data, strategy, report=print):
    """Times some steps in float32 and in mixed_bfloat16.

    Args:
        network: Str, a name in `networks.NETWORKS`.
        recipe: A `Recipe`.
        data: A `data.Data`.
        strategy: The `tf.distribute.Strategy` of the run.
        report: Called with a line of text.

    Returns:
        Str, the dtype policy whose steps took less time, or whose loss alone
        was finite.
    """
    times = {}
    for policy in ("float32", "mixed_bfloat16"):
        with Precision(policy), strategy.scope():
            model = build(network, recipe, data)
        batches = shared_training(
            data, recipe.batch_size, strategy, color_noise=False
        )
        clock = _Clock()
        found = model.fit(
            batches,
            steps_per_epoch=5,
            shuffle=False,
            verbose=0,
            callbacks=[clock],
        )
        seconds = np.median(clock.seconds[1:])
        is_finite = np.isfinite(found.history["loss"][-1])
        but = "" if is_finite else ", but the loss is not finite"
        report(f"{policy}: {seconds:.2f} s a step{but}")
        times[policy] = seconds if is_finite else np.inf
    return min(times, key=times.get)


class _Clock(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_train_batch_begin(self, batch, logs=None):
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self._began)


class Precision:
    """A `with` block in which networks are built with a dtype policy.

    Losses and penalties take Keras' `floatx` instead of the policy, so that is
    set too: without it, a float64 network has a loss of float32.
    """

    def __init__(self, policy):
        self._policy = policy

    def __enter__(self):
        """Sets the policy."""
        self._before = keras.config.dtype_policy(), keras.config.floatx()
        keras.config.set_dtype_policy(self._policy)
        keras.config.set_floatx(keras.config.dtype_policy().variable_dtype)

    def __exit__(self, *error):
        """Sets the one before again."""
        policy, floatx = self._before
        keras.config.set_dtype_policy(policy)
        keras.config.set_floatx(floatx)
