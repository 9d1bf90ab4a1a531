"""Training that has failed: a loss, or weights, that are not finite."""

import math

import keras

from alexnet_keras import weights


class Diverged(ArithmeticError):
    """A loss, or weights, that are not finite. The message says which."""


class Divergence(keras.callbacks.Callback):
    """Ends training at the first loss that is not finite.

    It must be the first of the callbacks, so that none writes what comes of
    such a loss. Keras' own `TerminateOnNaN` goes on to the epoch's end, where
    the others would write. That costs no time: Keras has turned the loss into
    a number for the callbacks after this one. Several workers have the same
    loss, and so they stop together.
    """

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the loss of a step."""
        _check_loss(logs)

    def on_epoch_end(self, epoch, logs=None):
        """Looks at the losses of an epoch, that of the validation too."""
        _check_loss(logs)


def _check_loss(logs):
    for name, value in (logs or {}).items():
        if name in ("loss", "val_loss") and not math.isfinite(value):
            what = "the loss" if name == "loss" else "the validation's loss"
            raise Diverged(f"{what} is {value}")


def check_weights(network):
    """Looks at a network's weights.

    A loss comes before its step's update, and some layers turn what is not a
    number into nothing, so that the loss may be finite where weights are not.

    Args:
        network: A `keras.Model`.

    Raises:
        Diverged: If some are not finite; the message names the layers.
    """
    suspects = [
        layer
        for layer in network.layers  # looked at where they are, uncopied
        if not all(keras.ops.all(keras.ops.isfinite(w)) for w in layer.weights)
    ]
    check_arrays({layer.name: layer.get_weights() for layer in suspects})


def check_arrays(arrays):
    """Looks at arrays, given as a dict from a name to a list of some.

    Raises:
        Diverged: If some are not finite; the message gives their names.
    """
    if bad := weights.not_finite(arrays):
        raise Diverged(f"weights are not finite: {', '.join(bad)}")
