"""A run's history as TensorBoard reads it."""

import time

import keras
import tensorflow as tf

from alexnet_keras import files
from alexnet_keras.runs.folder import RunError

FOLDER = "tensorboard"
_FILE = "events.out.tfevents.0.alexnet_keras"  # TensorBoard goes by such names


class Events(keras.callbacks.Callback):
    """Writes a run's history for TensorBoard.

    The names are those of `keras.callbacks.TensorBoard`, with training and
    validation in one chart; epochs count from 1, as in `history.csv`. Keras'
    callback needs the package tensorboard, and writes epochs twice when a run
    goes on. This one then begins its files anew, with the rows so far: equally
    many bytes, so that a TensorBoard which reads them reads on.

    Args:
        run: A `Run`.
        rows: List of the history's rows, which a `Recorder` before this
            callback lengthens.
    """

    def __init__(self, run, rows):
        super().__init__()
        self._folder = run.folder / FOLDER
        self._rows = rows
        self._num_written = 0
        self._writers = {}

    def on_epoch_end(self, epoch, logs=None):
        """Writes the rows that are new.

        Raises:
            RunError: If they cannot be written.
        """
        new = self._rows[self._num_written :]
        now = time.time() - sum(row["seconds"] for row in new)
        try:
            for row in new:
                now += row["seconds"]
                self._write("train", row, now)
                self._write("validation", row, now)
        except (OSError, tf.errors.OpError) as error:
            raise RunError(
                f"{self._folder} could not be written. {files.reason(error)}."
            ) from error
        self._num_written = len(self._rows)

    def _write(self, split, row, now):
        values = [
            tf.compat.v1.Summary.Value(
                tag=f"epoch_{name.removeprefix('val_')}", simple_value=value
            )
            for name, value in row.items()
            if name not in ("epoch", "seconds")
            and name.startswith("val_") == (split == "validation")
        ]
        summary = tf.compat.v1.Summary(value=values)
        event = tf.compat.v1.Event(
            wall_time=now, step=row["epoch"], summary=summary
        )
        if split not in self._writers:
            path = self._folder / split / _FILE
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[split] = tf.io.TFRecordWriter(str(path))
            first = tf.compat.v1.Event(
                wall_time=now, file_version="brain.Event:2"
            )
            self._writers[split].write(first.SerializeToString())
        self._writers[split].write(event.SerializeToString())
        self._writers[split].flush()
