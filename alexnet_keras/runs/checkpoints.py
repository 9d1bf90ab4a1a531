"""Checkpoints: all that a run needs to go on as if it had never stopped.

A checkpoint is one file, written beside its place and then moved there, and
the one before is kept. It holds the weights, the optimizer, the states of the
random generators and of the metrics, and the rows of the history; which epoch
and step it stands at is what `optimizer.iterations` in it says. NumPy's `.npz`
carries a checksum of every array, so damage is noticed.
"""

import contextlib
import json
import os
from typing import NamedTuple

import keras
import numpy as np

from alexnet_keras import files
from alexnet_keras.runs.divergence import Diverged, check_arrays
from alexnet_keras.runs.folder import BEFORE, NEWEST


class CheckpointError(ValueError):
    """A checkpoint that cannot be used. The message says why."""


class Checkpoint(NamedTuple):
    """What a checkpoint holds.

    Attributes:
        identity: Dict, what makes the run the one it is.
        rows: List of dicts, the history's rows so far.
        variables: List of arrays: weights, random states, optimizer.
        metrics: List of arrays, each with a row for every replica of every
            worker.
        path: `pathlib.Path` of its file, for messages.
    """

    identity: dict
    rows: list
    variables: list
    metrics: list
    path: object

    def restore(self, network):
        """Gives a network the variables, but those of its metrics.

        Raises:
            CheckpointError: If they are those of another network.
        """
        network.optimizer.build(network.trainable_variables)
        own = _variables(network)
        shapes = [tuple(variable.shape) for variable in own]
        if shapes != [value.shape for value in self.variables]:
            raise CheckpointError(
                f"{self.path} is of another network: it holds "
                f"{len(self.variables)} variables, this network has "
                f"{len(own)}, or their shapes differ."
            )
        for variable, value in zip(own, self.variables, strict=True):
            variable.assign(value)

    def check(self, identity):
        """Compares the run that goes on with the one that stopped.

        Raises:
            CheckpointError: If they differ; the message names where.
        """
        identity = json.loads(json.dumps(identity))  # as it was written
        differences = [
            f"{name}: {there!r} there, {here!r} here"
            for name in {**self.identity, **identity}
            if (there := self.identity.get(name))
            != (here := identity.get(name))
        ]
        if differences:
            raise CheckpointError(
                f"{self.path} is of another run. What differs:\n  "
                + "\n  ".join(differences)
            )


class Checkpointer(keras.callbacks.Callback):
    """Writes a checkpoint after every epoch, and between if asked.

    Of several workers all must have it, since the sums of the metrics are
    spread over them, but only the chief has a run to write to.

    Args:
        run: A `runs.Run`, or `None` to write nothing.
        network: The network that is trained.
        identity: Dict that JSON can hold; `Checkpoint.check` compares it.
        rows: List of the history's rows, which a `runs.Recorder` before this
            callback lengthens.
        steps_per_epoch: Int.
        every: Int, steps from one checkpoint to the next, or `None`.
        resumed: The `Checkpoint` that the run goes on from, or `None`.
    """

    def __init__(
        self,
        run,
        network,
        identity,
        rows,
        steps_per_epoch,
        every=None,
        resumed=None,
    ):
        super().__init__()
        self._run = run
        self._network = network
        self._identity = identity
        self._rows = rows
        self._steps_per_epoch = steps_per_epoch
        self._every = every
        self._metrics = resumed and resumed.metrics
        self._saved = self._step()

    @property
    def place(self):
        """Says where the newest checkpoint stands; `""` for the start."""
        return self._place(self._saved)

    @property
    def reached(self):
        """Says where training stands."""
        return self._place(self._step())

    def _place(self, steps):
        if not steps:
            return ""
        epoch, step = divmod(steps, self._steps_per_epoch)
        if not step:
            return f"the end of epoch {epoch}"
        return f"epoch {epoch + 1}, step {step} of {self._steps_per_epoch}"

    def on_epoch_begin(self, epoch, logs=None):
        """Goes on with the sums of an epoch that was begun."""
        if self._metrics is not None and self._step() % self._steps_per_epoch:
            if len(self._network.metrics_variables) < len(self._metrics):
                # without a strategy Keras makes them in the first step
                shape = (1, *self._network.input_shape[1:])
                self._network.test_on_batch(np.zeros(shape), np.zeros(1))
            resolver = self._network.distribute_strategy.cluster_resolver
            worker = resolver.task_id if resolver else 0
            for variable, values in zip(
                self._network.metrics_variables, self._metrics, strict=True
            ):
                replicas = _on_replicas(self._network, variable)
                first = worker * len(replicas)
                for number, replica in enumerate(replicas, first):
                    replica.assign(values[number])
        self._metrics = None

    def on_train_batch_end(self, batch, logs=None):
        """Writes a checkpoint within an epoch."""
        if not self._every:  # reading the step waits for the device
            return
        step = self._step()
        # at the end of an epoch its validation is still to come
        if step % self._every == 0 and step % self._steps_per_epoch:
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        """Writes a checkpoint."""
        self.save()

    def save(self):
        """Writes a checkpoint; the newest so far becomes the one before.

        Raises:
            runs.RunError: If there is no space left. Those before stay.
            Diverged: If weights are not finite. Those before stay.
        """
        if self._saved == self._step():
            return
        facts = {"identity": self._identity, "rows": self._rows}
        arrays = {"facts": np.frombuffer(json.dumps(facts).encode(), np.uint8)}
        named = {}
        for number, variable in enumerate(_variables(self._network)):
            value = _on_replicas(self._network, variable)[0].numpy()
            arrays[f"variable-{number:04d}"] = value
            named.setdefault(variable.path, []).append(value)
        check_arrays(named)
        strategy = self._network.distribute_strategy
        own = strategy.run(self._own_metrics)
        for number, values in enumerate(own):  # of all workers
            values = strategy.gather(values, axis=0)
            arrays[f"metric-{number:04d}"] = values.numpy()
        if self._run is not None:
            self._write(arrays)
        self._saved = self._step()

    def _own_metrics(self):
        """Gives a replica's metrics, each with a first axis of one."""
        variables = self._network.metrics_variables
        return [keras.ops.expand_dims(v.value, 0) for v in variables]

    def _write(self, arrays):
        newest = self._run.folder / NEWEST
        with self._run.replacing(NEWEST) as path:
            with open(path, "wb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            if newest.exists():
                os.replace(newest, self._run.folder / BEFORE)

    def _step(self):
        return int(self._network.optimizer.iterations.numpy())


def read(folder, report=print):
    """Reads the newest checkpoint of a run that is whole.

    Args:
        folder: `pathlib.Path`, the run's.
        report: Called with a line of text if one is damaged.

    Returns:
        A `Checkpoint`, or `None` if there is none.

    Raises:
        CheckpointError: If there are some and all are damaged.
    """
    damaged = []
    for name in (NEWEST, BEFORE):
        try:
            found = _read(folder / name)
        except FileNotFoundError:
            continue
        except Diverged as error:
            damaged.append(f"{folder / name} cannot be used: its {error}")
            continue
        except OSError as error:
            why = files.reason(error)
            damaged.append(f"{folder / name} cannot be read: {why}")
            continue
        except files.DAMAGE as error:
            why = files.reason(error)
            if "pickle" in why:  # NumPy's word for what it does not know
                why = "it is no .npz file"
            damaged.append(f"{folder / name} is damaged: {why}")
            continue
        for line in damaged:
            report(f"{line}. The one before is used.")
        return found
    if damaged:
        raise CheckpointError(
            "No checkpoint can be used:\n  "
            + "\n  ".join(damaged)
            + "\nTrain anew, with another --run-dir."
        )
    return None


def remove(folder):
    """Removes the checkpoints of a finished run, as far as it may."""
    for name in (NEWEST, BEFORE):
        with contextlib.suppress(OSError):
            (folder / name).unlink(missing_ok=True)


def _read(path):
    # opened here, since NumPy leaves what it cannot read open
    with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    identity, rows = _facts(arrays.pop("facts").tobytes())
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name} holds no numbers")
    variables, metrics = (
        [arrays[name] for name in sorted(arrays) if name.startswith(kind)]
        for kind in ("variable", "metric")
    )
    counts = [len(values) if values.ndim else 0 for values in metrics]
    if any(count != identity.get("replicas", counts[0]) for count in counts):
        raise ValueError("its metrics are not those of its replicas")
    check_arrays({"weights": variables})
    return Checkpoint(identity, rows, variables, metrics, path)


def _facts(text):
    """Reads what makes a run the one it is, and the rows of its history."""
    match json.loads(text):
        case {"identity": dict(identity), "rows": list(rows)}:
            if all(
                _is_row(row) and row.keys() == rows[0].keys() for row in rows
            ):
                return identity, rows
    raise ValueError("its facts make no sense")


def _is_row(row):
    return isinstance(row, dict) and all(
        type(value) in (int, float) for value in row.values()
    )


def _variables(network):
    """Lists what training changes, but the metrics."""
    return [*network.variables, *network.optimizer.variables]


def _on_replicas(network, variable):
    """Gives a variable's copy, or its part, on each replica."""
    return network.distribute_strategy.experimental_local_results(
        variable.value
    )
