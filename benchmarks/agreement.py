"""Holds the contenders to computing the same, before they are timed.

From the same weights, without dropout, all answer the same batch and train on
it for a few steps. From the second step on, the losses tell of gradients too.
"""

import numpy as np
import peers
from contenders import say
from keras_turns import a_batch, jax_inference, jax_training

# Keras cuts the loss of an image off at 16, so no step may overshoot.
BATCH, STEPS, RATE = 8, 3, 3e-4
# Of the loss, and of the largest probability. Peers normalise across towers.
TOLERANCES = {"float32": (1e-3, 1e-3), "bfloat16": (1e-2, 5e-2)}


def distances(found):
    """Measures how far each contender is from the first.

    Args:
        found: Dict by name of pairs: the losses `(steps,)`, none of what only
            answers, and the probabilities before training,
            `(batch, classes)`.

    Returns:
        Dict by name of pairs of floats: the largest difference of the losses,
        as a share, and of the probabilities, as a share of the largest.
    """
    losses, answers = next(iter(found.values()))
    return {
        name: (
            float(np.abs(own / losses[: len(own)] - 1).max(initial=0)),
            float(np.abs(probabilities - answers).max() / answers.max()),
        )
        for name, (own, probabilities) in found.items()
    }


def disagreeing(far):
    """Names those whose distances are beyond `TOLERANCES`, or not finite."""
    found = []
    for name, own in far.items():
        lower = "bfloat16" in name
        tolerance = TOLERANCES["bfloat16" if lower else "float32"]
        if not all(x <= y for x, y in zip(own, tolerance, strict=True)):
            found.append(name)
    return found


def hold(found):
    """Says how far the contenders are apart, and ends the program if too far.

    Args:
        found: As for `distances`.

    Raises:
        SystemExit: If one does not compute the same.
    """
    far = distances(found)
    for name, (losses, answers) in far.items():
        say(f"  {name}: losses within {losses:.0e}, answers {answers:.0e}")
    if wrong := disagreeing(far):
        first = next(iter(found))
        raise SystemExit(
            f"Not the same as {first} computes: {', '.join(wrong)}. A "
            "comparison of their speed would say nothing."
        )


def prepare_most(size, path):
    """Runs all but JAX, and writes the weights for it.

    Args:
        size: Int, side of the images in pixels.
        path: Path of an `.npz` file.

    Returns:
        What `distances` takes, in place of a label; and None.
    """
    from alexnet_keras import distribution

    distribution.start()
    import keras

    from alexnet_keras import models, training

    shape = (size, size, 3)
    options = {"input_shape": shape, "dropout": 0, "initialization": "he"}
    keras.utils.set_random_seed(0)
    ours = models.AlexNet(**options)
    peers.save_weights(path, ours)
    found = {"ours, float32": _by_keras(ours, size)}
    others = {"plain Keras": peers.keras_network(size, dropout=0)}
    for policy in ("mixed_bfloat16", "bfloat16"):
        with training.Precision(policy):
            others[f"ours, {policy}"] = models.AlexNet(**options)
    for name, network in others.items():
        peers.give_keras(path, network)
        # weights in bfloat16 are for answers alone: steps would be lost in them
        steps = 0 if name == "ours, bfloat16" else STEPS
        found[name] = _by_keras(network, size, steps)
    for precision in ("float32", "bfloat16"):
        network = peers.torch_network(size, dropout=0)
        peers.give_torch(path, network)
        found[f"PyTorch, {precision}"] = by_torch(network, size, precision)
    return found, None


def prepare_jax(size, path):
    """Runs ours on Keras' JAX backend, from the weights of `prepare_most`."""
    from alexnet_keras import models

    network = models.AlexNet(
        input_shape=(size, size, 3), dropout=0, initialization="he"
    )
    peers.give_keras(path, network)
    return {"ours on JAX": by_jax(network, size)}, None


def by_jax(network, size, steps=STEPS):
    """Answers and trains with a network on Keras' JAX backend.

    Args:
        network: A `keras.Model` that gives probabilities.
        size: Int, side of the images in pixels.
        steps: Int, how many steps it trains.

    Returns:
        Pair as for `distances`; likewise the others.
    """
    batch = a_batch(BATCH, size)
    step, state = jax_inference(network)
    _, answers = step(state, *batch)
    step, state = jax_training(network, RATE)
    losses = []
    for _ in range(steps):
        state, loss = step(state, *batch)
        losses.append(float(loss))
    return np.array(losses), np.asarray(answers, np.float32)


def _by_keras(network, size, steps=STEPS):
    import keras

    images, labels = a_batch(BATCH, size)
    answers = network.predict_on_batch(images)
    network.compile(
        keras.optimizers.SGD(RATE, momentum=0.9),
        "sparse_categorical_crossentropy",
    )
    losses = []
    for _ in range(steps):
        network.reset_metrics()
        losses.append(float(network.train_on_batch(images, labels)))
    return np.array(losses), answers


def by_torch(network, size, precision, device="cpu"):
    """Answers and trains with a PyTorch network that gives logits."""
    from torch_turns import LAYOUTS, Form, Network

    form = Form(LAYOUTS[0], "eager", precision)
    one = Network(size, form, True, device, network, RATE)
    answers = one.answers(BATCH)
    batch = one.batch(*a_batch(BATCH, size))
    losses = [float(one.train(*batch)) for _ in range(STEPS)]
    return np.array(losses), answers
