"""What is timed of Keras: our network, the plain one, and ours on JAX.

Each `prepare_*` is for `contenders.Contender`: it gives a label and a function
`turn(batch_size, steps)`. A training step is forward, loss, backward and SGD
with momentum 0.9 on a batch that stays in memory; inference goes from an array
of images to probabilities.
"""

import numpy as np
from contenders import timed

CLASSES = 1000


def prepare_ours(size, training, policy="float32", devices=1, workers=False):
    """Prepares our AlexNet on TensorFlow.

    Args:
        size: Int, side of the images in pixels.
        training: Bool, whether steps of training or of inference are timed.
        policy: Str, Keras' dtype policy.
        devices: Int, logical devices of this process, with a replica each.
        workers: Bool, whether this is one of the workers of `TF_CONFIG`.

    Returns:
        A label and a function; likewise the others below.
    """
    from alexnet_keras import distribution

    started = distribution.start(devices)
    if workers:
        from alexnet_keras.runs import clusters

        strategy = clusters.strategy(started, clusters.find_cluster())
    else:
        strategy = distribution.strategy(started)
    from alexnet_keras import models, recipes
    from alexnet_keras.training import Precision

    with Precision(policy), strategy.scope():
        network = models.AlexNet(
            input_shape=(size, size, 3), initialization="he"
        )
        optimizer = recipes.MomentumSGD(1e-3, momentum=0.9)
    label = f"ours, {policy}"
    if strategy.num_replicas_in_sync > 1:
        what = "workers" if workers else "replicas"
        label += f", {strategy.num_replicas_in_sync} {what}"
    if not training:
        return label, _inference(network, size)
    return label, _training(network, optimizer, strategy, size)


def prepare_keras(size, training):
    """Prepares the plain Keras network on TensorFlow."""
    from alexnet_keras import distribution

    strategy = distribution.strategy(distribution.start())
    import keras
    import peers

    network = peers.keras_network(size)
    if not training:
        return "plain Keras", _inference(network, size)
    optimizer = keras.optimizers.SGD(1e-3, momentum=0.9)
    return "plain Keras", _training(network, optimizer, strategy, size)


def prepare_jax(size, training, policy="float32"):
    """Prepares our AlexNet on Keras' JAX backend, which must be chosen."""
    import keras

    from alexnet_keras import models

    keras.config.set_dtype_policy(policy)
    network = models.AlexNet(input_shape=(size, size, 3), initialization="he")
    label = f"ours on JAX, {policy}"
    return label, jax_turn(network, size, training)


def jax_turn(network, size, training):
    """Times a network on Keras' JAX backend.

    Args:
        network: A `keras.Model` that gives probabilities.
        size: Int, side of the images in pixels.
        training: Bool.

    Returns:
        A function `turn(batch_size, steps)`.
    """
    import jax

    step, state = (jax_training if training else jax_inference)(network)
    kept, result = {}, None

    def wait():  # what is dispatched has to be computed, too
        jax.block_until_ready(result)

    def turn(batch_size, steps):
        if batch_size not in kept:
            kept[batch_size] = jax.device_put(a_batch(batch_size, size))

        def once():
            nonlocal state, result
            state, result = step(state, *kept[batch_size])

        return timed(once, wait)(steps)

    return turn


def jax_training(network, learning_rate=1e-3):
    """Makes a compiled training step on Keras' JAX backend.

    Args:
        network: A `keras.Model` that gives probabilities.
        learning_rate: Float.

    Returns:
        A function `step(state, images, labels)` that gives the next state and
        the loss before it, and the first state. A state is used once.
    """
    import jax
    import keras

    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.9)
    optimizer.build(network.trainable_variables)

    def loss_of(weights, others, images, labels):
        answers, others = network.stateless_call(
            weights, others, images, training=True
        )
        losses = keras.losses.sparse_categorical_crossentropy(labels, answers)
        return keras.ops.mean(losses), others

    def step(state, images, labels):
        weights, others, momenta = state
        (loss, others), gradients = jax.value_and_grad(loss_of, has_aux=True)(
            weights, others, images, labels
        )
        weights, momenta = optimizer.stateless_apply(
            momenta, gradients, weights
        )
        return (weights, others, momenta), loss

    state = (
        _values(network.trainable_variables),
        _values(network.non_trainable_variables),
        _values(optimizer.variables),
    )
    return jax.jit(step, donate_argnums=0), state


def jax_inference(network):
    """Makes a compiled forward pass on Keras' JAX backend.

    Args:
        network: A `keras.Model`.

    Returns:
        As `jax_training`, with the answers in place of the loss.
    """
    import jax

    def step(state, images, labels):
        answers, _ = network.stateless_call(*state, images, training=False)
        return answers

    compiled = jax.jit(step)
    state = (
        _values(network.trainable_variables),
        _values(network.non_trainable_variables),
    )
    return lambda state, *batch: (state, compiled(state, *batch)), state


def a_batch(batch_size, size):
    """Draws images and labels, the same ones every time.

    Returns:
        Float32 array `(batch, size, size, 3)` of about unit variance, and an
        int32 array `(batch,)`.
    """
    generator = np.random.default_rng(0)
    shape = (batch_size, size, size, 3)
    images = generator.standard_normal(shape, np.float32)
    return images, generator.integers(0, CLASSES, batch_size, np.int32)


def _values(variables):
    """Copies what variables hold, since a step gives its state away."""
    import jax.numpy as jnp

    return [jnp.array(variable.value) for variable in variables]


def _inference(network, size):
    """Times `predict_on_batch`, from an array to an array."""
    kept = {}

    def turn(batch_size, steps):
        if batch_size not in kept:
            images, _ = a_batch(batch_size, size)
            kept[batch_size] = lambda: network.predict_on_batch(images)
        return timed(kept[batch_size])(steps)

    return turn


def _training(network, optimizer, strategy, size):
    """Times the step that `fit` runs, on the same batch for ever."""
    import tensorflow as tf

    with strategy.scope():
        network.compile(
            optimizer, "sparse_categorical_crossentropy", jit_compile=False
        )
    network.make_train_function()
    kept = {}

    def turn(batch_size, steps):
        def own(context):
            share = batch_size // strategy.num_replicas_in_sync
            return tf.data.Dataset.from_tensors(a_batch(share, size)).repeat()

        if batch_size not in kept:
            data = iter(strategy.distribute_datasets_from_function(own))
            kept[batch_size] = lambda: network.train_function(data)
        return timed(kept[batch_size])(steps)

    return turn
