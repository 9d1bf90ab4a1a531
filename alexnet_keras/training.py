"""How a network is trained: recipes, precision, fit and evaluation."""

import dataclasses
import signal
import threading
import time

import keras
import numpy as np
import tensorflow as tf

from alexnet_keras import models
from alexnet_keras.weights import TOP, assign


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How to train, as the paper's table of settings would have it.

    Attributes:
        name: Str.
        epochs: Int.
        batch_size: Int, pictures a step over all replicas.
        learning_rate: Float, the highest of the schedule.
        schedule: `"steps"` divides the rate by 10 where the 2012 layer files
            do, after 25, 51 and 79 of 91 epochs; `"cosine"` lets it fall to
            nothing.
        warm_up: Float, epochs in which the rate rises from nothing first.
        initialization: As in `models.AlexNet`.
        unit_variance: Bool, whether the input is divided by the pixels'
            standard deviation after the mean is subtracted. The paper's
            initial weights need the raw scale, He's need unit variance.
        bias_rate: Float or `None`. The rate of the biases stays at so many
            times `learning_rate` throughout, as in the 2012 layer files.
        momentum: Float (section 5).
        weight_decay: Float, the paper's 0.0005 (section 5).
        dropout: Float (section 4.2).
        color_noise: Bool, whether colours are shifted (section 4.1).
    """

    name: str
    epochs: int
    batch_size: int
    learning_rate: float
    schedule: str
    warm_up: float
    initialization: str
    unit_variance: bool
    bias_rate: float | None = None
    momentum: float = 0.9
    weight_decay: float = 5e-4
    dropout: float = 0.5
    color_noise: bool = True


PAPER = Recipe(
    name="paper",
    epochs=90,
    batch_size=128,
    learning_rate=0.01,
    schedule="steps",
    warm_up=0,
    initialization="paper",
    unit_variance=False,
    bias_rate=2,
)
FAST = Recipe(
    name="fast",
    epochs=6,
    batch_size=64,
    learning_rate=0.015,
    schedule="cosine",
    warm_up=1,
    initialization="he",
    unit_variance=True,
)
RECIPES = {"paper": PAPER, "fast": FAST}


class MomentumSGD(keras.optimizers.SGD):
    """The paper's update rule, with a rate of their own for the biases.

    Paper, section 5; the 2012 layer files hold `epsB` apart from `epsW`. The
    weight decay is not here but an L2 penalty on the kernels (`build`).

    Args:
        learning_rate: Float or schedule.
        momentum: Float.
        bias_learning_rate: Float, or `None` for the same rate as the weights.
    """

    def __init__(self, learning_rate, momentum=0.9, bias_learning_rate=None):
        super().__init__(learning_rate, momentum=momentum)
        self.bias_learning_rate = bias_learning_rate

    def add_variable_from_reference(self, reference_variable, **options):
        """Puts a variable's velocity on the variable's own device."""
        device = None
        if not tf.distribute.has_strategy():  # which places them itself
            device = reference_variable.value.device
        with tf.device(device):
            return super().add_variable_from_reference(
                reference_variable, **options
            )

    def _all_reduce_sum_gradients(self, grads_and_vars):
        # with one replica there is nothing to add, but TensorFlow would still
        # take the gradients of all devices through the first
        if tf.distribute.get_strategy().num_replicas_in_sync == 1:
            return grads_and_vars
        return super()._all_reduce_sum_gradients(grads_and_vars)

    def update_step(self, gradient, variable, learning_rate):
        """Moves one variable: `v = momentum v - rate gradient; w = w + v`."""
        rate = learning_rate
        if self.bias_learning_rate is not None and len(variable.shape) == 1:
            rate = self.bias_learning_rate
        velocity = self.momentums[self._get_variable_index(variable)]
        # one pass over the weights, where Keras' own operations take several
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=velocity.value.handle,
            lr=tf.cast(rate, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
            momentum=tf.cast(self.momentum, variable.dtype),
        )


def learning_rate(recipe, steps_per_epoch):
    """Gives the rate at every step.

    Returns:
        A `keras.optimizers.schedules.LearningRateSchedule`.

    Raises:
        ValueError: If the recipe's schedule is not known.
    """
    steps = recipe.epochs * steps_per_epoch
    warm_up = min(round(recipe.warm_up * steps_per_epoch), steps - 1)
    if recipe.schedule == "steps":
        return keras.optimizers.schedules.PiecewiseConstantDecay(
            [max(1, round(steps * epoch / 91)) for epoch in (25, 51, 79)],
            [recipe.learning_rate / 10**power for power in range(4)],
        )
    if recipe.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(
            0.0 if warm_up else recipe.learning_rate,
            steps - warm_up,
            warmup_target=recipe.learning_rate if warm_up else None,
            warmup_steps=warm_up,
        )
    raise ValueError(
        'A schedule is "steps" or "cosine". '
        f"Received: schedule={recipe.schedule!r}"
    )


def build(
    model,
    recipe,
    data,
    steps_per_epoch=None,
    seed=0,
    weights=None,
    freeze_until=None,
):
    """Builds and compiles a network for a recipe and a data set.

    Call it inside `strategy.scope()` to train on several devices. The network
    takes RGB from 0 to 255 and begins by subtracting the data's mean colour.
    The weight decay is `L2(weight_decay / 2)` on the kernels, since Keras'
    penalty has no factor 1/2 and its `weight_decay` argument is another rule.

    Args:
        model: Str, a name in `models.BUILDERS`.
        recipe: A `Recipe`.
        data: A `data.Data`.
        steps_per_epoch: Int; by default what the data and the batch give.
        seed: Int, of the initial weights and of dropout.
        weights: A `weights.Weights` to start from, or `None`. Its pictures'
            scale takes the place of the data's. fc8 starts anew unless its
            classes are the data's.
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
    penalty = keras.regularizers.L2(recipe.weight_decay / 2)
    rescaling = (
        data.colors.mean,
        data.colors.scale if recipe.unit_variance else 1,
    )
    if weights is not None:
        rescaling = weights.rescaling or rescaling
    network = models.BUILDERS[model](
        input_shape=(data.size, data.size, 3),
        classes=len(data.class_names),
        dropout=recipe.dropout,
        initialization=recipe.initialization,
        kernel_regularizer=penalty if recipe.weight_decay else None,
        rescaling=rescaling,
    )
    if weights is not None:
        assign(network, weights, model, skip=new_layers(weights, data))
    if freeze_until is not None:
        _freeze(network, freeze_until)
    metrics = [
        "accuracy",
        keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy"),
    ]
    if len(data.class_names) > 5:
        metrics.append(
            # TensorFlow counts the top k in float32 only
            keras.metrics.SparseTopKCategoricalAccuracy(
                5, name="top5", dtype="float32"
            )
        )
    bias_rate = recipe.bias_rate and recipe.bias_rate * recipe.learning_rate
    network.compile(
        MomentumSGD(
            learning_rate(recipe, steps_per_epoch), recipe.momentum, bias_rate
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=metrics,
        # XLA does not help on a processor
        jit_compile="auto" if tf.config.list_physical_devices("GPU") else False,
    )
    return network


def new_layers(weights, data):
    """Lists the layers that start anew when weights meet other classes."""
    if "fc6" not in weights.arrays:  # of a network without the top
        return TOP
    known = list(weights.class_names or ()) == list(data.class_names)
    return () if known else ("fc8",)


def _freeze(network, last):
    """Leaves the weights of a layer, and of those before it, as they are."""
    names = [layer.name for layer in network.layers if layer.weights]
    if last not in names[:-1]:
        why = "nothing would be left to train"
        if last not in names:
            why = "there is no such layer, or it has no weights"
        raise ValueError(
            f"Layers cannot be frozen until {last!r}: {why}. Use one of "
            f"{', '.join(names[:-1])}."
        )
    for layer in network.layers:
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


def fit(network, recipe, data, seed=0, callbacks=(), verbose="auto"):
    """Trains a network that `build` gave, or goes on where it stands.

    How many steps lie behind it is what `network.optimizer.iterations` says.

    Args:
        network: A compiled `keras.Model`.
        recipe: The `Recipe` it was built for.
        data: A `data.Data`.
        seed: Int, of the order, the crops, the flips and the colours.
        callbacks: Keras callbacks.
        verbose: As in `keras.Model.fit`.

    Returns:
        Dict, Keras' history: a list with a value an epoch for each metric.
        `loss` holds the weights' penalty too, `cross_entropy` does not.
    """
    validation, validation_steps = data.shared_validation(
        recipe.batch_size, network.distribute_strategy
    )
    whole = steps(recipe, data)
    done = int(network.optimizer.iterations.numpy())
    history = {}
    while done < recipe.epochs * whole:
        epoch, step = divmod(done, whole)
        # the rest of an epoch that was begun is a fit of its own
        last = epoch + 1 if step else recipe.epochs
        found = network.fit(
            data.shared_training(
                recipe.batch_size,
                network.distribute_strategy,
                seed,
                recipe.color_noise,
                done,
            ),  # fmt: skip
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


def evaluate(network, data, split="validation", ten_crops=False, verbose=1):
    """Measures how often a network is right.

    Args:
        network: A model that gives probabilities.
        data: A `data.Data` whose labels are the network's.
        split: Str, a name in `data.splits`.
        ten_crops: Bool, whether to average the probabilities of ten crops
            (paper, section 4.1) instead of taking the central one.
        verbose: 1 for a progress bar, 0 for none.

    Returns:
        Dict of `"top1"` and `"top5"`, shares of the pictures, and
        `"confusion"`, an int array `(classes, classes)`: row, the true class;
        column, the one that the network gives.
    """
    num_classes = len(data.class_names)
    confusion = np.zeros((num_classes, num_classes), int)
    right, seen = np.zeros(2), 0
    # outside a strategy's scope, so that one device takes whole batches
    network = keras.Model(network.inputs, network.outputs)
    batches = data.evaluation(16 if ten_crops else 64, split, ten_crops)
    bar = keras.utils.Progbar(
        data.splits[split].num_examples, verbose=verbose, unit_name="picture"
    )
    for images, labels in batches:
        crops = keras.ops.reshape(images, (-1, *images.shape[-3:]))
        probabilities = network.predict_on_batch(crops)
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


def choose_precision(model, recipe, data, strategy, report=print):
    """Times some steps in float32 and in mixed_bfloat16.

    Args:
        model: Str, a name in `models.BUILDERS`.
        recipe: A `Recipe`.
        data: A `data.Data`.
        strategy: The `tf.distribute.Strategy` of the run.
        report: Called with a line of text.

    Returns:
        Str, the dtype policy whose steps took less time.
    """
    times = {}
    for policy in ("float32", "mixed_bfloat16"):
        with Precision(policy), strategy.scope():
            network = build(model, recipe, data)
        batches = data.shared_training(
            recipe.batch_size, strategy, color_noise=False
        )
        clock = _Clock()
        network.fit(
            batches,
            steps_per_epoch=5,
            shuffle=False,
            verbose=0,
            callbacks=[clock],
        )
        times[policy] = np.median(clock.seconds[1:])
        report(f"{policy}: {times[policy]:.2f} s a step")
    return min(times, key=times.get)


class _Clock(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_train_batch_begin(self, batch, logs=None):
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self._began)


class Stopped(KeyboardInterrupt):
    """Ctrl-C, at a moment from which a run can go on."""


class Interruption(keras.callbacks.Callback):
    """A `with` block in which Ctrl-C ends training between two steps.

    Python raises KeyboardInterrupt wherever it happens to be, and where that
    is a clean-up of TensorFlow's the exception is lost. Here the end of the
    step raises `Stopped`, or the end of the epoch where only its validation
    was left; a second Ctrl-C does not wait for that. The block must be the
    last of the callbacks.

    Args:
        agree: Function of a bool, with which several workers agree on the
            step at which they stop.
    """

    def __init__(self, agree=bool):
        super().__init__()
        self._agree = agree

    def __enter__(self):
        """Listens for Ctrl-C, which only the main thread may do."""
        self._asked = False
        self._listens = threading.current_thread() is threading.main_thread()
        if self._listens:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *error):
        """Listens no more."""
        if self._listens:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, *_):
        self._asked = True
        signal.signal(signal.SIGINT, self._before)

    def on_train_batch_end(self, batch, logs=None):
        """Stops if that was asked for and the epoch has steps left."""
        if batch + 1 < self.params["steps"] and self._agree(self._asked):
            raise Stopped

    def on_epoch_end(self, epoch, logs=None):
        """Stops if that was asked for."""
        if self._agree(self._asked):
            raise Stopped


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
