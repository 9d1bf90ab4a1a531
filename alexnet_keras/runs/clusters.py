"""Several workers, each a process on a machine of its own or of this one."""

import json
import os
import re
from typing import NamedTuple

from alexnet_keras.distribution import silence


class Cluster(NamedTuple):
    """The workers of a job: processes, each with devices of its own.

    `addresses` are `host:port`, the same list in the same order everywhere;
    `index` is this process's place in it. The first worker is the chief, who
    alone writes.
    """

    addresses: tuple[str, ...]
    index: int

    def __str__(self):
        """Says in a line which worker this is."""
        role = " (the chief)" if self.index == 0 else ""
        return (
            f"{len(self.addresses)} workers; this is worker {self.index}"
            f"{role} at {self.addresses[self.index]}"
        )


def find_cluster():
    """Finds the workers of this job in the environment.

    `TF_CONFIG` says who they are, or the variables of a Slurm job step, which
    TensorFlow's own resolver reads.

    Returns:
        A `Cluster`.

    Raises:
        ValueError: If neither is there, or it cannot be understood.
    """
    if "TF_CONFIG" in os.environ:
        return _from_tf_config(os.environ["TF_CONFIG"])
    if "SLURM_STEP_NODELIST" in os.environ and "SLURM_PROCID" in os.environ:
        return _from_slurm()
    raise ValueError(
        "The strategy multiworker needs to know the workers: TF_CONFIG, or "
        "the variables of a Slurm job step (start it with srun). Neither was "
        "found. For workers on this machine use --workers N."
    )


def _from_tf_config(text):
    try:
        config = json.loads(text)
        jobs, task = config["cluster"], config["task"]
        known = {"chief", "worker"}
        if not set(jobs) <= known or task["type"] not in known:
            raise ValueError(f"jobs {sorted(jobs)}, task {task}")
        chiefs, workers = jobs.get("chief", []), jobs.get("worker", [])
        addresses = tuple(map(str, [*chiefs, *workers]))
        index = int(task["index"])
        if not 0 <= index < len(jobs[task["type"]]):
            raise ValueError(f"{task['type']} {index} of {addresses}")
        return Cluster(
            addresses, index + len(chiefs) * (task["type"] == "worker")
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            "TF_CONFIG cannot be used: it must look like "
            '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": '
            f'"worker", "index": 0}}}}. Received: {text!r} ({error})'
        ) from error


def _from_slurm():
    import tensorflow as tf

    try:
        # Which GPUs a task sees is Slurm's affair (srun --gpus-per-task); told
        # of none, the resolver would fail. So it counts places, not GPUs.
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            gpus_per_node=int(os.environ["SLURM_STEP_NUM_TASKS"]),
            gpus_per_task=1,
            auto_set_gpu=False,
        )
        addresses = resolver.cluster_spec().as_dict()["worker"]
    except (KeyError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"Slurm's variables cannot be understood: {error}. Start every "
            "worker with srun."
        ) from error
    return Cluster(tuple(addresses), int(resolver.task_id))


def strategy(devices, cluster):
    """Makes a strategy for a copy of the network on each worker's devices.

    Nothing must have been computed yet.

    Args:
        devices: The `distribution.Devices` of this worker.
        cluster: A `Cluster`.

    Returns:
        A `tf.distribute.MultiWorkerMirroredStrategy`.
    """
    import tensorflow as tf

    gpus = len(devices.names) if devices.kind == "gpu" else 0
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.addresses)}),
        task_type="worker",
        task_id=cluster.index,
        num_accelerators={"GPU": gpus},
        rpc_layer="grpc",
    )
    with silence(again=True):
        return _mended(tf, cluster)(cluster_resolver=resolver)


def _mended(tf, cluster):
    """Makes the strategy's class, two faults of Keras 3 mended (keras#20585).

    A worker with one replica reads its pipeline itself. TensorFlow would add
    an iterator of its own, with a thread that holds the end of an epoch up
    (see `data.batches`).
    """
    num_workers, own = len(cluster.addresses), []

    class MultiWorkerMirroredStrategy(
        tf.distribute.MultiWorkerMirroredStrategy
    ):
        def distribute_datasets_from_function(self, dataset_fn, options=None):
            if self.num_replicas_in_sync > num_workers:
                return super().distribute_datasets_from_function(
                    dataset_fn, options
                )
            own.append(
                dataset_fn(
                    tf.distribute.InputContext(
                        num_workers, cluster.index, num_workers
                    )
                )
            )
            return own[-1]

        def experimental_distribute_dataset(self, dataset, options=None):
            if any(dataset is distributed for distributed in own):
                return dataset  # Keras asks for what has been done
            return super().experimental_distribute_dataset(dataset, options)

        def reduce(self, reduce_op, value, axis):
            if isinstance(value, tuple):
                # Keras builds from a whole batch: one replica's part will do
                return tuple(
                    self.experimental_local_results(part)[0] for part in value
                )
            first = self.experimental_local_results(value)[0]
            if axis == 0 and first.shape.rank == 0:
                axis = None  # Keras' logs are scalars, without an axis
            return super().reduce(reduce_op, value, axis)

    return MultiWorkerMirroredStrategy


def gather(strategy, number):
    """Gives every worker the numbers of all, in the workers' order.

    All workers must call it at the same point. On one worker it is instant.

    Args:
        strategy: A `tf.distribute.Strategy`.
        number: Int below 2 to the 63.

    Returns:
        List of int, one a replica.
    """
    import tensorflow as tf

    own = strategy.run(lambda: tf.constant([number], tf.int64))
    return strategy.gather(own, axis=0).numpy().tolist()


def lost_workers(error, cluster):
    """Names the workers whose loss made TensorFlow give up.

    Args:
        error: An exception.
        cluster: A `Cluster`.

    Returns:
        List of str such as `"worker 1 (host:port)"`; empty if the error tells
        of something else.
    """
    named = re.findall(r"/job:worker/(?:replica:\d+/)?task:(\d+)", str(error))
    indices = sorted({int(index) for index in named} - {cluster.index})
    return [
        f"worker {index} ({cluster.addresses[index]})"
        for index in indices
        if index < len(cluster.addresses)
    ]
