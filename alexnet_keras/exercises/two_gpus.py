"""Exercises of chapter 11: all-reduce, a short last batch, two breaks."""

import keras
import numpy as np
import tensorflow as tf

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_keys,
    fault_of_pair,
    is_close,
    is_placeholder,
    named,
    todo,
)


class KeepWeights(keras.callbacks.Callback):
    """Keeps a network's weights in `steps`: at the start, after each step."""

    def on_train_begin(self, logs=None):
        """Keeps those of the start."""
        self.steps = [self.model.get_weights()]

    def on_train_batch_end(self, batch, logs=None):
        """Keeps those after a step."""
        self.steps.append(self.model.get_weights())


def decisions(network):
    """Finds what a network's convolutions and pools decide.

    Args:
        network: `keras.Sequential` whose first layer is an AlexNet without the
            top. Its weights are changed.

    Returns:
        Function of weights, as `get_weights` gives them, and a list of image
        batches, which are computed apart. It gives an int array with a row for
        each image: 1 or 0 for each unit of a convolution that is on or off, and
        for each window of a pool the place of its largest value.
    """
    maps = network.layers[0]
    convs = [layer.output for layer in maps.layers if layer.name[:4] == "conv"]
    pools = [layer for layer in maps.layers if layer.name[:4] == "pool"]
    look = keras.Model(maps.input, convs + [pool.input for pool in pools])

    @tf.function  # as in training, where a graph is computed
    def decide(images):
        outputs = look(images)
        found = [tf.cast(conv > 0, tf.int64) for conv in outputs[: len(convs)]]
        for pool, values in zip(pools, outputs[len(convs) :], strict=True):
            sides, strides = pool.pool_size, pool.strides
            places = tf.nn.max_pool_with_argmax(values, sides, strides, "VALID")
            found.append(places[1])
        return tf.concat([tf.reshape(f, (len(images), -1)) for f in found], 1)

    def decided(weights, batches):
        network.set_weights(weights)
        return np.concatenate([decide(images) for images in batches])

    return decided


_WEIGHT_WRONG = {
    0.8: "The weight: two steps of 0.1 have no momentum yet.",
    0.9: "The weight: 0.9 is what it is after one step.",
    0.81: "The weight: in the second step the gradient comes on top of v.",
    0.539: "The weight: v starts at 0, so the first step is 0.1 long.",
    0.439: "The weight: that is after three steps.",
    1.29: "The weight: a step goes *against* the gradient.",
}
_DECAY_WRONG = {
    0.0005: "The number: Keras' L2 is weight ** 2 without a half, and its "
    "gradient has a factor of 2.",
    0.001: "The number: the wrong way. L2's gradient is 2 x number x weight.",
    0.005: "The number: that would be for `weight_decay`. L2 goes through v.",
    0.00005: "The number: v makes the pull ten times as long by itself, in the "
    "paper too. What does the 2 of L2's gradient ask for?",
}


def _judge_recall(answer):
    if fault := fault_of_pair(answer, ("weight", "number")):
        return fault
    weight, number = answer
    if is_close(weight, 0.00025) and is_close(number, 0.71):
        return "You exchanged the two: the weight comes first."
    if not is_close(weight, 0.71):
        otherwise = "The weight: new v = 0.9 x v - 0.1 x 1, twice."
        return named(weight, _WEIGHT_WRONG, otherwise)
    if not is_close(number, 0.00025):
        otherwise = "The number: what has a gradient of 0.0005 x weight?"
        return named(number, _DECAY_WRONG, otherwise)
    return None


recall = Exercise(
    _judge_recall,
    answer=(0.71, 0.00025),
    placeholder=(..., ...),
    insight="The velocities are -0.1 and -0.19; and `L2(0.00025)` has the "
    "gradient 0.0005 x weight.",
    hints=(
        "new v = 0.9 x v - rate x gradient; new weight = weight + v.",
        "After one step v is -0.1 and the weight 0.9. L2(n) adds n x weight ** "
        "2 to the loss. What is its gradient?",
    ),
    reasons="""
        v is -0.1, then 0.9 * -0.1 - 0.1 = -0.19, and 1 - 0.1 - 0.19 = 0.71.
        The gradient of n * weight ** 2 is 2 * n * weight, so n is half of
        0.0005.
    """,
)


def all_reduce(gradients, sizes):
    """Averages replicas' gradients over all of their examples."""
    total = sum(size * g for size, g in zip(sizes, gradients, strict=True))
    return total / sum(sizes)


def weights(sizes):
    """Weighs the pictures of each replica so that all count alike."""
    return [len(sizes) * size / sum(sizes) for size in sizes]


def _regression(sizes):
    """Makes the gradients of a regression's parts, and of the whole."""
    rng = np.random.default_rng([11, *sizes])
    x, y = rng.normal(size=(sum(sizes), 3)), rng.normal(size=(sum(sizes), 2))
    each = 2 * x[:, :, None] * (x @ rng.normal(size=(3, 2)) - y)[:, None]
    parts = np.split(each, np.cumsum(sizes)[:-1])
    return [part.mean(0) for part in parts], each.mean(0)


def _judge_all_reduce(function):
    if fault := fault_of_function(function):
        return fault
    for sizes in ([4, 4], [3, 3, 3], [8, 4], [1, 5, 2], [7, 2, 1, 6]):
        gradients, whole = _regression(sizes)
        given = [part.copy() for part in gradients]
        try:
            found = function(given, list(sizes))
        except Exception as error:
            return _raised(f"parts of {sizes} examples", error)
        if is_placeholder(found):
            return NOT_ATTEMPTED
        where = f"With parts of {sizes} examples, "
        if np.shape(found) != whole.shape:
            return (
                f"{where}the result has the shape {np.shape(found)}. Return "
                f"one array like the gradients, of shape {whole.shape}."
            )
        found = np.asarray(found, float)
        if _same(found, whole):
            continue
        if _same(found, np.sum(gradients, 0)):
            return "You added the gradients. A mean is asked for."
        if _same(found, np.mean(gradients, 0)):
            return (
                f"{where}you took the mean of the means. A small part then "
                "counts as much as a large one."
            )
        if _same(found, whole * sum(sizes)):
            return (
                f"{where}this is the sum over all examples. Divide it by "
                "their number."
            )
        if _same(found, whole * sum(sizes) / len(sizes)):
            return (
                f"{where}you divided by the number of replicas. Divide the sum "
                "over all examples by the number of examples."
            )
        if np.allclose(found, whole, rtol=0, atol=1e-5):
            return f"{where}you are near, but lost digits: stay in float64."
        return f"{where}this is not the mean over all examples."
    return None


def _raised(tried, error):
    return f"With {tried} it raised `{type(error).__name__}: {error}`."


def _same(found, right):
    return np.allclose(found, right, rtol=0, atol=1e-12)


q1 = Exercise(
    _judge_all_reduce,
    answer=all_reduce,
    placeholder=todo,
    insight="Weighted by their sizes, the means of the parts give the mean of "
    "the whole, to the last digits of float64. For equal parts the weights "
    "cancel, and the plain mean is enough.",
    hints=(
        "A mean over `size` examples, times `size`, is the sum over them.",
        "Add up those sums over the replicas. How many examples is that?",
        "`sum(size * g for size, g in zip(sizes, gradients))`, divided by "
        "`sum(sizes)`.",
    ),
    reasons="""
        The gradient of a batch is a mean over its examples, so it is their
        sum divided by their number. A sum may be cut anywhere: each replica's
        sum is its mean times its size. With equal sizes, `size` leaves the
        fraction, and what remains is the mean of the means. That case is what
        TensorFlow computes.
    """,
)


def _judge_weights(function):
    if fault := fault_of_function(function):
        return fault
    for sizes in ([2, 1], [8, 8], [5, 4, 4], [3, 3, 3, 1], [1, 0]):
        try:
            found = function(list(sizes))
        except Exception as error:
            empty = " No picture has the weight of an empty part: any number."
            return _raised(f"sizes = {sizes}", error) + empty * (0 in sizes)
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if np.shape(found) != (len(sizes),):
            return f"For sizes = {sizes}, give {len(sizes)} weights in a list."
        given = f"For sizes = {sizes} you give {np.round(found, 3).tolist()}. "
        if fault := _fault_of_weights(np.asarray(found, float), sizes):
            return given + fault
    return None


def _fault_of_weights(found, sizes):
    parts = np.array(sizes)
    held = parts > 0  # what an empty part is given does not count
    right = len(sizes) * parts / parts.sum()
    found, parts, right = found[held], parts[held], right[held]
    shares = parts / parts.sum()
    if _same(found, right):
        return None
    if _same(found, 1):
        return "That changes nothing: Keras counts so already."
    if _same(found, shares):
        return (
            "The pictures count alike, but the step has shrunk: Keras has "
            "divided by the number of replicas already."
        )
    product = found * right
    if len({*sizes}) > 1 and np.allclose(product, product[0]):
        return (
            "That is upside down: the pictures of the *smaller* part count "
            "too much and need the smaller weight."
        )
    if _same(found, parts):
        return (
            "The pictures count alike, but the step has grown: for equal "
            "parts the weights must be 1."
        )
    scale = found / right
    if np.allclose(found, right, rtol=0, atol=0.006):
        return "You are near, but rounded: return the fraction."
    if np.allclose(scale, scale[0]):
        return (
            "The pictures count alike, but the whole step is "
            f"{scale[0]:.3g} times as large as it should be."
        )
    return (
        "Divide each by its size: that, times 1 / replicas, is what a "
        "picture counts, and it must be 1 / all pictures."
    )


q2 = Exercise(
    _judge_weights,
    answer=weights,
    placeholder=todo,
    insight="Two pictures on one replica, one on the other: they get 4/3, 4/3 "
    "and 2/3. Run the last cell of this exercise: two replicas end where one "
    "device does again.",
    hints=(
        "Without weights, a picture of a part with `size` pictures counts "
        "1 / size in its replica's mean. What does it count in the end?",
        "1 / (replicas * size). It should count 1 / all, where `all` is "
        "`sum(sizes)`. Which factor turns the one into the other?",
        "`len(sizes) * size / sum(sizes)` for each `size`.",
    ),
    reasons="""
        Keras gives a picture 1 / (replicas * size). It should have
        1 / sum(sizes). The quotient of the two is
        replicas * size / sum(sizes): 1 if all parts are equal, less for a
        small part, more for a large one. When a single picture is left over,
        the second replica gets none, and without a weight of 2 half of the
        step is lost; the empty part's weight does not matter. Dropping the
        short batch is simpler, and leaves out other pictures in every epoch.
    """,
)

_KEYS = ("one_device", "two_replicas", "keras_dropout", "replica_dropout")
_CHANNEL = np.array([0.0, 8.0, 10.0, 30.0])


def _judge_breaks(predicted):
    if fault := fault_of_keys(predicted, _KEYS):
        return fault
    for key in _KEYS[:2]:
        if isinstance(predicted[key], tuple | list) and any(
            map(is_placeholder, predicted[key])
        ):
            return f"`{key}` still misses a number."
        if np.shape(predicted[key]) != (2,):
            return f"`{key}` is a pair: what the 8 and what the 10 become."
    one, two = (np.asarray(predicted[key], float) for key in _KEYS[:2])
    keras, ours = (float(predicted[key]) for key in _KEYS[2:])
    centred = _CHANNEL - _CHANNEL.mean()
    if _near(one, [1, -1]):
        return "`one_device` has all four pictures in its batch, not halves."
    if _near(one, centred[1:3]):
        return "`one_device`: divide by the standard deviation, too."
    if _near(one, centred[1:3] / _CHANNEL.var()):
        return "`one_device`: you divided by the variance. Take its root."
    if _near(one, centred[1:3] / _CHANNEL.std(ddof=1)):
        return (
            "`one_device`: BatchNorm divides the squares by the number of "
            "pictures, not by one less."
        )
    right = centred[1:3] / _CHANNEL.std()
    if not _near(one, right) and np.allclose(one, right, rtol=0, atol=0.055):
        return "`one_device` is near, but rounded: two decimals are asked for."
    if not _near(one, right):
        return "`one_device`: subtract the mean of all four, then divide."
    if _near(two, one):
        return "`two_replicas`: each takes the mean of its own two pictures."
    if _near(two, [-1, 1]):
        return "`two_replicas`: 8 is above its half's mean, 10 is below."
    if not _near(two, [1, -1]):
        return "`two_replicas`: the means are 4 and 20. And the deviations?"
    if (keras, ours) == (0.5, 1):
        return "You exchanged the two dropouts."
    if keras != 1:
        return "`keras_dropout`: look at the masks of section 8 once more."
    if ours == 0.25:
        return (
            "`replica_dropout`: over many draws, a quarter of *all* units "
            "drop on both. Of those that drop on replica 0? (Eight units are "
            "too few to count.)"
        )
    if ours != 0.5:
        return "`replica_dropout`: the second mask knows nothing of the first."
    return None


def _near(found, right):
    return np.allclose(found, right, rtol=0, atol=0.006)


q3 = Exercise(
    _judge_breaks,
    answer={
        "one_device": (-0.362, -0.181),
        "two_replicas": (1, -1),
        "keras_dropout": 1,
        "replica_dropout": 0.5,
    },
    placeholder=dict.fromkeys(_KEYS, ...),
    insight="On two replicas the 8 comes out above the 10. And two equal "
    "masks are one mask.",
    hints=(
        "One device: the mean of 0, 8, 10 and 30 is 12. The variance is the "
        "mean of the four squared distances from it.",
        "The variance is 122. Replica 0 has 0 and 8, with the mean 4 and the "
        "standard deviation 4; replica 1 has 10 and 30.",
        "Keras' two masks are the same one. Ours are two throws of a coin: "
        "what does the first tell you about the second?",
    ),
    reasons="""
        One device: mean 12, variance (144 + 16 + 4 + 324) / 4 = 122, so 8
        becomes -4 / 11.05 = -0.362 and 10 becomes -2 / 11.05 = -0.181.
        Replica 0: mean 4, deviation 4, so 8 becomes 1. Replica 1: mean 20,
        deviation 10, so 10 becomes -1. The order is turned round.
        Dropout: Keras mirrors the seed, so every unit dropped on replica 0 is
        dropped on replica 1; with masks drawn apart it is half of them.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3)
