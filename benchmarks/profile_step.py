"""Tells where the time of a step or of an answer goes, by operation.

TensorFlow's profiler is asked, with one operation at a time, so that each has
all cores and the times add up to about the whole. That makes a step a little
slower than it is otherwise. docs/profile.md has what was found.
"""

import argparse
import collections
import os
import pathlib
import re
import tempfile
import time

import numpy as np

_XLA = "CpuExecutable::ExecuteAsyncOnStream"
# the first that fits names an operation's kind
KINDS = {
    "normalisation": rf"/norm\d|IdentityN_grad|{_XLA}",
    "convolutions, forward": r"FusedConv2D$|:_MklNativeConv2D$|:Conv2D$",
    "convolutions, gradient of the weights": r"Conv2DBackpropFilter",
    "convolutions, gradient of the input": r"Conv2DBackpropInput",
    "fully connected, forward": r"/fc\d.*FusedMatMul$",
    "fully connected, gradients": r"/fc\d.*MatMul$",
    "update of the weights": r":ResourceApply",
    "conversions of bfloat16": r":Cast$",
    "pooling": r"MaxPool",
    "dropout": r"/drop\d",
    "ReLU, biases, split and join of the towers": (
        r"/conv\d|:ReluGrad$|/fc\d.*:BiasAddGrad$"
    ),
    "the rest": r"",
}
# an operation, or a program of XLA's; not what stands around others
_OPERATION = re.compile(
    r"[\w/]+:(?!(Stateful)?PartitionedCall$|XlaLaunch$)\w+|" + _XLA
)


def kind(name):
    """Names the kind of an operation.

    Args:
        name: Str, `"path/of/the/operation:Type"`.
    """
    return next(kind for kind, form in KINDS.items() if re.search(form, name))


def measure(step, steps):
    """Adds up the times of operations.

    Args:
        step: A function that does what is to be measured.
        steps: Int, how often.

    Returns:
        `collections.Counter` of the seconds of each operation in a step, by
        its name and type.
    """
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    found = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(steps):
                step()
        space = xplane_pb2.XSpace()
        (file,) = pathlib.Path(folder).rglob("*.xplane.pb")
        space.ParseFromString(file.read_bytes())
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                if _OPERATION.fullmatch(name):
                    found[name] += event.duration_ps / 1e12 / steps
    return found


def prepare(options):
    """Gives the function that does a step, or answers a batch."""
    from alexnet_keras import distribution

    distribution.start()
    import tensorflow as tf

    from alexnet_keras import models, recipes, training

    tf.config.threading.set_inter_op_parallelism_threads(1)
    with training.Precision(options.precision):
        network = models.AlexNet(initialization="he")
        optimizer = recipes.MomentumSGD(1e-3)
    generator = np.random.default_rng(0)
    shape = (options.batch_size, *network.input_shape[1:])
    images = tf.constant(generator.normal(size=shape), tf.float32)
    labels = tf.constant(generator.integers(0, 1000, options.batch_size))
    if options.inference:
        return lambda: network.predict_on_batch(images)
    network.compile(
        optimizer, "sparse_categorical_crossentropy", jit_compile=False
    )
    batches = iter(tf.data.Dataset.from_tensors((images, labels)).repeat())
    network.make_train_function()
    return lambda: network.train_function(batches)


def main():
    """Measures, and prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    number = {"type": int, "metavar": "N"}
    parser.add_argument("--batch-size", default=64, **number, help="(64)")
    parser.add_argument("--steps", default=5, **number, help="(5)")
    parser.add_argument(
        "--precision",
        default="float32",
        choices=("float32", "mixed_bfloat16"),
        help="(float32)",
    )
    parser.add_argument(
        "--inference", action="store_true", help="answers, not training"
    )
    parser.add_argument(
        "--operations", default=0, **number, help="list the N longest too"
    )
    options = parser.parse_args()
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    step = prepare(options)
    for _ in range(3):
        step()
    began = time.perf_counter()
    for _ in range(options.steps):
        step()
    whole = (time.perf_counter() - began) / options.steps
    found = measure(step, options.steps)
    total = sum(found.values())
    sums = collections.Counter()
    for name, seconds in found.items():
        sums[kind(name)] += seconds
    print(f"| {options.precision} | ms | share |\n|---|---|---|")
    for name, seconds in sums.most_common():
        print(f"| {name} | {seconds * 1e3:.1f} | {seconds / total:.0%} |")
    print(f"| all operations | {total * 1e3:.1f} | 100% |")
    print(f"| the whole, without the profiler | {whole * 1e3:.1f} | |\n")
    for name, seconds in found.most_common(options.operations):
        print(f"{seconds * 1e3:8.2f} ms {name}")


if __name__ == "__main__":
    main()
