"""Ctrl-C, at a moment from which a run can go on."""

import signal
import threading

import keras


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
