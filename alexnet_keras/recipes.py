"""How to train: the paper's settings, its rate and its update rule."""

import dataclasses

import keras
import tensorflow as tf


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
        nesterov: Bool, whether the gradient counts as if it were taken where
            the momentum leads (Sutskever et al., 2013), not as in the paper.
        weight_decay: Float, the paper's 0.0005 (section 5).
        dropout: Float (section 4.2).
        color_noise: Bool, whether colours are shifted (section 4.1).
        least_area: Float, the least share of the stored square that a crop
            covers (`augment.random_resized_crop`), or `None` for crops that
            all have the network's size, as in the paper.
        label_smoothing: Float, the share of each target that all classes
            have in equal parts.
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
    nesterov: bool = False
    weight_decay: float = 5e-4
    dropout: float = 0.5
    color_noise: bool = True
    least_area: float | None = None
    label_smoothing: float = 0


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
COURSE = Recipe(
    name="course",
    epochs=6,
    batch_size=64,
    learning_rate=0.015,
    schedule="cosine",
    warm_up=1,
    initialization="he",
    unit_variance=True,
)
FAST = dataclasses.replace(  # tuned on photographs: docs/your-pictures.md
    COURSE,
    name="fast",
    epochs=20,
    learning_rate=0.013,
    initialization="he-small",
    momentum=0.95,
    nesterov=True,
    least_area=0.25,
    label_smoothing=0.1,
)
RECIPES = {recipe.name: recipe for recipe in (COURSE, FAST, PAPER)}


@keras.saving.register_keras_serializable(package="alexnet_keras")
class MomentumSGD(keras.optimizers.SGD):
    """The paper's update rule, with a rate of their own for the biases.

    Paper, section 5; the 2012 layer files hold `epsB` apart from `epsW`. The
    weight decay is not here but an L2 penalty on the kernels
    (`training.build`).

    Args:
        learning_rate: Float or schedule.
        momentum: Float.
        bias_learning_rate: Float, or None for the same rate as the weights.
        **options: As for `keras.optimizers.SGD`.
    """

    def __init__(
        self,
        learning_rate=0.01,
        momentum=0.9,
        bias_learning_rate=None,
        **options,
    ):
        super().__init__(learning_rate, momentum, **options)
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
        """Moves one variable: `v = momentum v - rate gradient; w = w + v`.

        With `nesterov`, `w = w + momentum v - rate gradient`, of the new v.
        """
        rate = learning_rate
        if self.bias_learning_rate is not None and len(variable.shape) == 1:
            rate = self.bias_learning_rate
        if not self.momentum:  # and so no velocities
            return super().update_step(gradient, variable, rate)
        velocity = self.momentums[self._get_variable_index(variable)]
        # one pass over the weights, where Keras' own operations take several
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=velocity.value.handle,
            lr=tf.cast(rate, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
            momentum=tf.cast(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )

    def get_config(self):
        """Gives the arguments that rebuild the optimizer."""
        own = {"bias_learning_rate": self.bias_learning_rate}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="alexnet_keras")
class SmoothedCrossentropy(keras.losses.Loss):
    """Cross-entropy whose targets give a share to all classes.

    Szegedy et al., Rethinking the Inception Architecture (2015), section 7.

    Args:
        label_smoothing: Float, the share.
        **options: As for `keras.losses.Loss`.
    """

    def __init__(self, label_smoothing=0.1, **options):
        super().__init__(**options)
        self.label_smoothing = label_smoothing

    def call(self, labels, probabilities):
        """Gives `(batch,)` losses of labels and `(batch, classes)`."""
        num_classes = probabilities.shape[-1]
        labels = keras.ops.reshape(labels, (-1,))
        return keras.losses.categorical_crossentropy(
            keras.ops.one_hot(labels, num_classes, dtype=probabilities.dtype),
            probabilities,
            label_smoothing=self.label_smoothing,
        )

    def get_config(self):
        """Gives the arguments that rebuild the loss."""
        own = {"label_smoothing": self.label_smoothing}
        return {**super().get_config(), **own}


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
