"""Devices, and the strategies that train one network on several of them.

TensorFlow is imported inside the functions: `start` silences its start-up
noise, so it must come before the first import of TensorFlow or Keras.
"""

import contextlib
import logging
import os
import subprocess
import sys
from typing import NamedTuple

from alexnet_keras import lazily


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
    with silence(), lazily.importing("tensorflow"):
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


def strategy(devices, name="auto"):
    """Chooses how a network is trained on devices.

    Args:
        devices: The `Devices` that `start` gave.
        name: `"one"` for the first device alone; `"mirrored"` for a copy of
            the network on each (`tf.distribute.MirroredStrategy`); `"auto"`
            for mirrored where there are several. For several machines see
            `runs.clusters`.

    Returns:
        A `tf.distribute.Strategy`.

    Raises:
        ValueError: If the name is another one, or mirrored is asked for one
            device.
    """
    import tensorflow as tf

    count = len(devices.names)
    if name not in ("auto", "one", "mirrored"):
        raise ValueError(
            'A strategy is "auto", "one" or "mirrored". '
            f"Received: strategy={name!r}"
        )
    if name == "mirrored" and count < 2:
        raise ValueError(
            "A mirrored strategy needs at least two devices. "
            f"Received: devices={count}. Ask for 2, or for the strategy one."
        )
    if name == "one" or count == 1:
        return tf.distribute.get_strategy()  # the one that is none
    # NCCL serves whole GPUs only; elsewhere one device adds up the gradients
    reduction = (
        None if devices.kind == "gpu" else tf.distribute.ReductionToOneDevice()
    )
    return tf.distribute.MirroredStrategy(
        list(devices.names), cross_device_ops=reduction
    )


@contextlib.contextmanager
def silence(again=False):
    """Keeps what TensorFlow's C++ code says at its import off stderr.

    Args:
        again: Bool, whether to do so after the import as well.
    """
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
