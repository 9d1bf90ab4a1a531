"""Exercises of chapter 11: all-reduce, a short last batch, two breaks."""

import numpy as np

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_keys,
    is_placeholder,
    todo,
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
        found = function([part.copy() for part in gradients], list(sizes))
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
        if np.allclose(found, whole, rtol=0, atol=1e-5):
            return f"{where}you are near, but lost digits: stay in float64."
        return f"{where}this is not the mean over all examples."
    return None


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
    for sizes in ([8, 8], [2, 1], [5, 4, 4], [3, 3, 3, 1]):
        found = function(list(sizes))
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if np.shape(found) != (len(sizes),):
            return f"For sizes = {sizes}, give {len(sizes)} weights in a list."
        found, parts = np.asarray(found, float), np.array(sizes)
        shares = parts / parts.sum()
        given = f"For sizes = {sizes} you give {found.round(3).tolist()}. "
        if _same(found, shares * len(sizes)):
            continue
        if _same(found, 1):
            return given + "That changes nothing: Keras counts so already."
        if _same(found, shares):
            return given + (
                "The pictures count alike, but the step has shrunk: Keras has "
                "divided by the number of replicas already."
            )
        if _same(found, 1 / (shares * len(sizes))):
            return given + (
                "That is upside down: the pictures of the *smaller* part count "
                "too much and need the smaller weight."
            )
        if _same(found, parts):
            return given + (
                "The pictures count alike, but the step has grown: for equal "
                "parts the weights must be 1."
            )
        scale = found * parts.sum() / (parts * len(sizes))
        if np.allclose(found, shares * len(sizes), rtol=0, atol=0.006):
            return given + "You are near, but rounded: return the fraction."
        if np.allclose(scale, scale[0]):
            return given + (
                "The pictures count alike, but the whole step is "
                f"{scale[0]:.3g} times as large as it should be."
            )
        return given + (
            "Divide each by its size: that, times 1 / replicas, is what a "
            "picture counts, and it must be 1 / all pictures."
        )
    return None


q2 = Exercise(
    _judge_weights,
    answer=weights,
    placeholder=todo,
    insight="Two pictures on one replica, one on the other: they get 4/3, 4/3 "
    "and 2/3. With these as `sample_weight`, `fit` on two replicas ends at the "
    "weights of one device again; one of this package's tests holds it.",
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
        step is lost. Dropping the short batch is simpler, and leaves
        out other pictures in every epoch.
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
    if not _near(one, centred[1:3] / _CHANNEL.std()):
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

progress = Progress(q1=q1, q2=q2, q3=q3)
