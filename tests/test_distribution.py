"""Devices and strategies; what needs a fresh TensorFlow has its own process."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from alexnet_keras import distribution
from alexnet_keras.distribution import Devices

needs_no_gpu = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")),
    reason="shows what happens where there is no GPU",
)


def run(code):
    """Runs code in a new process; gives what it writes to both streams."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TF_")
    }
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip(), result.stderr


@needs_no_gpu
def test_two_logical_cpus_are_two_devices():
    devices = distribution.start(2)  # as conftest.py did; nothing changes
    assert devices == Devices(("CPU:0", "CPU:1"), "logical cpu")
    assert len(tf.config.list_logical_devices("CPU")) == 2
    assert "share one processor, so times show no speed-up" in str(devices)


def test_both_devices_compute():
    for name in distribution.start(2).names:
        with tf.device(name):
            total = tf.reduce_sum(tf.range(5))
        assert total == 10
        assert total.device.endswith(name)


@needs_no_gpu
@pytest.mark.slow  # each notebook and a command of test_main say so too
def test_starting_says_nothing_on_stderr():
    out, err = run(
        "from alexnet_keras import distribution\n"
        "devices = distribution.start(2)\n"
        "import tensorflow as tf, keras\n"
        "strategy = distribution.strategy(devices)\n"
        "with strategy.scope():\n"
        "    model = keras.Sequential([keras.Input((4,)),"
        " keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "ones = tf.data.Dataset.from_tensors((tf.ones((4, 4)),"
        " tf.ones((4, 1))))\n"
        "model.fit(ones, verbose=0, shuffle=False)\n"
        "print(devices.names, strategy.num_replicas_in_sync)\n"
    )
    assert out == "('CPU:0', 'CPU:1') 2"
    assert err == ""


@pytest.fixture(scope="module")
def fresh():
    """What a process says that starts one device and then wants two."""
    return run(
        "import os, sys\n"
        "from alexnet_keras import distribution\n"
        "print('before', file=sys.stderr)\n"
        "print(distribution.start())\n"
        "print(distribution.start(1).names)\n"
        "import tensorflow as tf\n"
        "print(len(tf.config.list_logical_devices('CPU')))\n"
        "try:\n"
        "    distribution.start(2)\n"
        "except RuntimeError as error:\n"
        "    print(error)\n"
        "print('after', file=sys.stderr)\n"
        "os.write(2, b'and below\\n')\n"
    )


@needs_no_gpu
def test_one_device_is_the_whole_processor(fresh):
    banner, names, count, _ = fresh[0].splitlines()
    assert banner == "1 CPU, no GPU found"
    assert names == "('CPU:0',)"
    assert count == "1"


@needs_no_gpu
def test_devices_cannot_become_more_once_tensorflow_runs(fresh):
    error = fresh[0].splitlines()[-1]
    assert error.startswith("TensorFlow has started with 1 device")
    assert "Restart the kernel" in error


@needs_no_gpu
def test_stderr_is_whole_after_the_start(fresh):
    assert fresh[1].splitlines() == ["before", "after", "and below"]


@needs_no_gpu
def test_fewer_devices_are_there_already():
    assert distribution.start(1) == Devices(("CPU:0",), "logical cpu")
    assert len(tf.config.list_logical_devices("CPU")) == 2


def test_more_devices_than_there_are_are_refused():
    with pytest.raises(ValueError, match=r"devices=1000; this machine has \d"):
        distribution.start(1000)


@pytest.mark.parametrize("devices", [0, -1])
def test_at_least_one_device_is_needed(devices):
    with pytest.raises(ValueError, match=f"devices={devices}"):
        distribution.start(devices)


@pytest.mark.parametrize(
    ("name", "kind", "replicas"),
    [
        ("auto", tf.distribute.MirroredStrategy, 2),
        ("mirrored", tf.distribute.MirroredStrategy, 2),
        ("one", type(tf.distribute.get_strategy()), 1),
    ],
)
def test_strategies(name, kind, replicas):
    devices = distribution.start(2)
    strategy = distribution.strategy(devices, name)
    assert type(strategy) is kind
    assert strategy.num_replicas_in_sync == replicas
    if replicas == 1:  # no strategy, which takes TensorFlow's first choice
        used = [strategy.run(lambda: tf.zeros(1)).device]
    else:
        used = strategy.extended.worker_devices
    assert len(used) == replicas
    for place, device in zip(used, devices.names, strict=False):
        assert place.endswith(device)


def test_gradients_are_added_up_over_the_replicas():
    strategy = distribution.strategy(distribution.start(2))

    @tf.function
    def total():
        def numbers():
            replica = tf.distribute.get_replica_context()
            mine = tf.cast(replica.replica_id_in_sync_group + 1, tf.float32)
            return replica.all_reduce("sum", 10 * mine)

        return strategy.run(numbers)

    values = strategy.experimental_local_results(total())
    np.testing.assert_array_equal(values, [30, 30])


def test_one_device_needs_no_mirror():
    one = Devices(("CPU:0",), "logical cpu")
    strategy = distribution.strategy(one, "auto")
    assert strategy is tf.distribute.get_strategy()  # none at all
    with pytest.raises(ValueError, match="at least two devices.*devices=1"):
        distribution.strategy(one, "mirrored")


def test_strategies_of_other_names_are_refused():
    with pytest.raises(ValueError, match='"one" or "mirrored".*tpu'):
        distribution.strategy(distribution.start(2), "tpu")


@pytest.mark.parametrize(
    ("devices", "banner"),
    [
        (Devices(("GPU:0",), "gpu"), "1 GPU"),
        (Devices(("GPU:0", "GPU:1"), "gpu"), "2 GPUs"),
        (Devices(("GPU:0", "GPU:1"), "split gpu"), "2 logical devices on one"),
        (Devices(("CPU:0",), "logical cpu"), "1 CPU, no GPU found"),
        (Devices(("CPU:0", "CPU:1"), "logical cpu"), "2 logical devices on o"),
    ],
)
def test_banners(devices, banner):
    assert str(devices).startswith(banner)
    assert ("no speed-up" in str(devices)) == ("logical" in banner)


@pytest.mark.gpu
def test_one_gpu_is_split_and_several_are_taken_whole():
    out, err = run(
        "from alexnet_keras import distribution\n"
        "devices = distribution.start(2)\n"
        "import tensorflow as tf\n"
        "print(devices.kind, len(tf.config.list_physical_devices('GPU')))\n"
        "print(distribution.strategy(devices).extended.worker_devices)\n"
    )
    kind, count = out.splitlines()[0].rsplit(" ", 1)
    assert kind == ("split gpu" if count == "1" else "gpu")
    assert "GPU:0" in out
    assert "GPU:1" in out
    assert err == ""
