"""Devices, and the strategies that train one network on several of them.

TensorFlow is imported inside the functions: `start` silences its start-up
noise, so it must come before the first import of TensorFlow or Keras.
"""

import contextlib
import json
import logging
import os
import re
import subprocess
import sys
from typing import NamedTuple


class Devices(NamedTuple):
    """The devices that `start` has prepared.

    `names` are TensorFlow's (`"GPU:0"`), `kind` is `"gpu"` (a whole one each),
    `"split gpu"` (parts of one) or `"logical cpu"` (parts of one processor).
    """

    names: tuple[str, ...]
    kind: str

    def __str__(self):
        """Says in a line what the devices are."""
        count = len(self.names)
        if self.kind == "gpu":
            return f"{count} GPU" + "s" * (count > 1)
        if self.kind == "split gpu":
            return (
                f"{count} logical devices on one GPU: they behave like {count} "
                "GPUs but share one, so times show no speed-up"
            )
        if count == 1:
            return "1 CPU, no GPU found"
        return (
            f"{count} logical devices on one CPU, no GPU found: they behave "
            f"like {count} GPUs but share one processor, so times show no "
            "speed-up"
        )


def start(devices=1):
    """Starts TensorFlow without its noise and prepares devices.

    GPUs are taken where there are enough. One GPU is split where several
    devices are asked for; without a GPU the processor is split into logical
    devices. Calling it again for no more devices changes nothing.

    Args:
        devices: Int, how many devices to prepare; `None` for all GPUs, or
            the processor if there is none.

    Returns:
        A `Devices`, whose text is a banner.

    Raises:
        ValueError: If there are not as many devices.
        RuntimeError: If TensorFlow has started with fewer devices.
    """
    if devices is not None and devices < 1:
        raise ValueError(
            f"At least one device is needed. Received: devices={devices}"
        )
    with _silence():
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
    if devices is None:
        devices = max(1, len(gpus))
    tf.get_logger().setLevel("ERROR")
    logging.getLogger("absl").setLevel("ERROR")  # TFDS speaks through it
    if len(gpus) >= devices:
        return Devices(tuple(f"GPU:{i}" for i in range(devices)), "gpu")
    available = len(gpus) if len(gpus) > 1 else max(os.cpu_count() or 1, 2)
    if devices > available:
        what = "GPUs" if len(gpus) > 1 else "processor cores to share"
        raise ValueError(
            f"There are not that many devices. Received: devices={devices}; "
            f"this machine has {available} {what}. Ask for at most "
            f"{available}."
        )
    if gpus:
        limit = _gpu_memory() // devices
        parts = [
            tf.config.LogicalDeviceConfiguration(memory_limit=limit)
            for _ in range(devices)
        ]
        _split(tf, gpus[0], parts)
        return Devices(tuple(f"GPU:{i}" for i in range(devices)), "split gpu")
    cpu = tf.config.list_physical_devices("CPU")[0]
    _split(tf, cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
    return Devices(tuple(f"CPU:{i}" for i in range(devices)), "logical cpu")


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


def strategy(devices, name="auto", cluster=None):
    """Chooses how a network is trained on devices.

    Args:
        devices: The `Devices` that `start` gave.
        name: `"one"` for the first device alone; `"mirrored"` for a copy of
            the network on each (`tf.distribute.MirroredStrategy`); `"auto"`
            for mirrored where there are several; `"multiworker"` for a copy
            on each device of each worker.
        cluster: The `Cluster` for `"multiworker"`; by default the one that
            `find_cluster` finds. Nothing must have been computed yet.

    Returns:
        A `tf.distribute.Strategy`.

    Raises:
        ValueError: If the name is another one, or mirrored is asked for one
            device.
    """
    import tensorflow as tf

    count = len(devices.names)
    if name not in ("auto", "one", "mirrored", "multiworker"):
        raise ValueError(
            'A strategy is "auto", "one", "mirrored" or "multiworker". '
            f"Received: strategy={name!r}"
        )
    if name == "mirrored" and count < 2:
        raise ValueError(
            "A mirrored strategy needs at least two devices. "
            f"Received: devices={count}. Ask for 2, or for the strategy one."
        )
    if name == "multiworker":
        return _multi_worker(tf, devices, cluster or find_cluster())
    if name == "one" or count == 1:
        return tf.distribute.get_strategy()  # the one that is none
    # NCCL serves whole GPUs only; elsewhere one device adds up the gradients
    reduction = (
        None if devices.kind == "gpu" else tf.distribute.ReductionToOneDevice()
    )
    return tf.distribute.MirroredStrategy(
        list(devices.names), cross_device_ops=reduction
    )


def _multi_worker(tf, devices, cluster):
    """Makes the strategy, with two faults of Keras 3 mended (keras#20585).

    A worker with one replica reads its pipeline itself. TensorFlow would add
    an iterator of its own, with a thread that holds the end of an epoch up
    (see `data._options`).
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

    gpus = len(devices.names) if devices.kind == "gpu" else 0
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.addresses)}),
        task_type="worker",
        task_id=cluster.index,
        num_accelerators={"GPU": gpus},
        rpc_layer="grpc",
    )
    with _silence(again=True):
        return MultiWorkerMirroredStrategy(cluster_resolver=resolver)


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


@contextlib.contextmanager
def _silence(again=False):
    """Keeps what TensorFlow's C++ code says at its import off stderr."""
    if "tensorflow" in sys.modules and not again:
        yield
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _split(tf, device, parts):
    before = tf.config.get_logical_device_configuration(device)
    if len(before or [None]) >= len(parts):
        return  # enough of them already
    try:
        tf.config.set_logical_device_configuration(device, parts)
    except RuntimeError:
        raise RuntimeError(
            f"TensorFlow has started with {len(before or [None])} device(s) "
            f"and cannot change to {len(parts)}. Restart the kernel, and call "
            "`distribution.start` before anything else."
        ) from None


def _gpu_memory():
    """Gives the first GPU's memory in MB, less some for its libraries."""
    found = subprocess.run(
        [
            "nvidia-smi",
            "--query-gpu=memory.total",
            "--format=csv,noheader,nounits",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(found.stdout.split()[0]) - 1024
