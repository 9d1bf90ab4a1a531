"""Measures how fast AlexNet trains here, against its peers, in one run.

A step is forward, loss, backward and SGD with momentum 0.9, on one batch that
stays in memory. Every contender lives in a process of its own, where it keeps
its network warm and waits; they take turns, a few steps each, round after
round. So all of them see the same machine, and no thread pool disturbs
another. Only the processor is used.

It takes about eight minutes on two cores and 14 GB of memory, and means
something only where nothing else is running.
"""

import argparse
import contextlib
import datetime
import importlib.metadata
import io
import multiprocessing
import os
import pathlib
import platform
import signal
import statistics
import sys
import tempfile
import time


def prepare_ours(options, policy="float32", devices=1):
    """Prepares our AlexNet, on one device or mirrored over several.

    Returns:
        A label, and a function that runs so many steps and gives the seconds
        of one; likewise the others below.
    """
    from alexnet_keras import distribution

    strategy = distribution.strategy(distribution.start(devices))
    from alexnet_keras import models, recipes, training

    with training.Precision(policy), strategy.scope():
        network = models.AlexNet(
            input_shape=(options.size, options.size, 3), initialization="he"
        )
        optimizer = recipes.MomentumSGD(1e-3, momentum=0.9)
    where = f", {devices} replicas on one processor" if devices > 1 else ""
    label = f"this package, {policy}{where}"
    return label, _keras_turn(network, optimizer, strategy, options)


def prepare_bfloat16(options):
    """Prepares our AlexNet in mixed precision."""
    return prepare_ours(options, policy="mixed_bfloat16")


def prepare_replicas(options):
    """Prepares two replicas, each with half of the batch."""
    return prepare_ours(options, devices=2)


def prepare_keras(options):
    """Prepares the plain Keras network."""
    from alexnet_keras import distribution

    strategy = distribution.strategy(distribution.start())
    import keras
    import peers

    network = peers.keras_network(options.size)
    optimizer = keras.optimizers.SGD(1e-3, momentum=0.9)
    label = "plain Keras: `Conv2D(groups=2)` and TensorFlow's LRN"
    return label, _keras_turn(network, optimizer, strategy, options)


def prepare_torch(options):
    """Prepares the PyTorch network, in the memory format that is faster."""
    import peers
    import torch

    torch.set_num_threads(_num_cores())
    images = torch.randn(options.batch_size, 3, options.size, options.size)
    labels = torch.randint(1000, (options.batch_size,))

    def turn_in(memory_format):
        network = peers.torch_network(options.size)
        network.to(memory_format=memory_format)
        batch = images.contiguous(memory_format=memory_format)
        optimizer = torch.optim.SGD(
            network.parameters(), 1e-3, momentum=0.9, fused=True
        )

        def step():
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(batch), labels)
            loss.backward()
            optimizer.step()

        return _turn(step)

    trials = []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        turn = turn_in(memory_format)
        turn(1)
        trials.append((turn(2), str(memory_format), turn))
    _, memory_format, turn = min(trials)
    return f"PyTorch, {memory_format.removeprefix('torch.')}", turn


def prepare_input(options):
    """Prepares our input pipeline, without a network."""
    from alexnet_keras import distribution

    distribution.start()
    import numpy as np
    from PIL import Image

    from alexnet_keras import data

    stored = data.stored_size(options.size)
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for index in range(10 * options.batch_size):
            path = pathlib.Path(folder, "ab"[index % 2], f"{index}.jpg")
            path.parent.mkdir(exist_ok=True)
            pixels = generator.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).resize((stored, stored)).save(path)
        with contextlib.redirect_stdout(io.StringIO()):  # progress bars
            loaded = data.load(folder, options.size, cache="memory")

    def turn(num_steps):
        # a new iterator: nothing was made ready while the others ran
        batches = iter(loaded.train(options.batch_size))
        for _ in range(5):
            next(batches)
        return _turn(lambda: next(batches))(10 * num_steps)

    return "input pipeline alone: crop, flip, colour noise", turn


_COMPARED_STEPS = 3
# What is measured, and what its time should be where ours is 1.
MEASURES = {
    "ours": (prepare_ours, ""),
    "keras": (prepare_keras, "at least 3.5"),
    "torch": (prepare_torch, "at least 2.2"),
    "bfloat16": (prepare_bfloat16, ""),
    "replicas": (prepare_replicas, "at most 1.25"),
    "input": (prepare_input, "at most 0.33"),
}


def report(options, labels, seconds):
    """Writes the table in Markdown.

    Args:
        options: The command line's.
        labels: Dict of what each measure is called.
        seconds: Dict of lists, the seconds of a step in every round. Each is
            compared with ours of the same round.

    Returns:
        Str.
    """
    lines = [
        f"| batch {options.batch_size}, {options.size} px | images/s | time, "
        "ours = 1 | target |",
        "|---|---|---|---|",
    ]
    for name, times in seconds.items():
        rates = [options.batch_size / own for own in times]
        ratios = [
            own / ours for own, ours in zip(times, seconds["ours"], strict=True)
        ]
        ratio = "1" if name == "ours" else _spread(ratios, ".3g")
        rate, target = _spread(rates, ".1f"), MEASURES[name][1]
        lines.append(f"| {labels[name]} | {rate} | {ratio} | {target} |")
    versions = ", ".join(
        f"{package} {importlib.metadata.version(package)}"
        for package in ("tensorflow", "keras", "torch")
    )
    command = " ".join(["python", *sys.argv])
    return "\n".join(lines) + (
        f"\n\nMedian (least to most) of {options.rounds} interleaved rounds of "
        f"{options.steps} steps. `{command}`, {datetime.date.today()}; "
        f"{_machine()}; Python {platform.python_version()}, {versions}."
    )


def main():
    """Runs the rounds and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number = {"type": int, "metavar": "N"}
    parser.add_argument(
        "--batch-size", default=64, **number, help="images a step (64)"
    )
    parser.add_argument(
        "--size", default=227, **number, help="side of an image, pixels (227)"
    )
    parser.add_argument("--rounds", default=8, **number, help="rounds (8)")
    parser.add_argument(
        "--steps", default=4, **number, help="steps in a turn (4)"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=MEASURES,
        default=list(MEASURES),
        help="what to compare with ours",
    )
    options = parser.parse_args()
    if min(options.batch_size, options.rounds, options.steps) < 1:
        parser.error("numbers must be at least 1")
    if options.size < 67 or (options.size - 11) % 4:
        parser.error(
            "conv1 must fit exactly, so --size is 67, 71, 75 and so on. "
            f"Received: {options.size}"
        )
    # the peers run on the processor too, so it would not be a comparison
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    if load > 0.5:
        _say(f"Other work runs here (load {load:.1f}): times will be too long.")

    if {"keras", "torch"} & set(options.only):
        _, distance = _launch(_compare, options)
        _say(
            f"After {_COMPARED_STEPS} steps the losses agree to {distance:.0e}"
        )
        if distance > 1e-3:
            raise SystemExit("The networks do not compute the same thing.")
    pipes, labels = {}, {}
    for name in MEASURES:
        if name == "ours" or name in options.only:
            pipes[name], labels[name] = _launch(_serve, name, options)
            _say(f"Ready: {labels[name]}")
    seconds = {name: [] for name in pipes}
    for number in range(options.rounds):
        for name, pipe in pipes.items():
            pipe.send(options.steps)
            seconds[name].append(pipe.recv())
        _say(f"Round {number + 1} of {options.rounds}")
    print(report(options, labels, seconds))


def _serve(name, options, pipe):
    """Process: prepares a contender, then runs a turn when it is told to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    label, turn = MEASURES[name][0](options)
    turn(2)  # traces, and fills caches
    pipe.send(label)
    with contextlib.suppress(EOFError):  # until the parent is gone
        while True:
            pipe.send(turn(pipe.recv()))


def _compare(options, pipe):
    """Process: measures how far apart the networks' losses are."""
    from alexnet_keras import distribution

    distribution.start()
    import peers

    losses = peers.compare(options.size, _COMPARED_STEPS)
    pipe.send(float(abs(losses / losses[0] - 1).max()))


def _launch(target, *args):
    """Starts a process; gives a pipe to it, and the first thing it says."""
    context = multiprocessing.get_context("spawn")
    pipe, other_end = context.Pipe()
    context.Process(target=target, args=(*args, other_end), daemon=True).start()
    other_end.close()
    try:
        return pipe, pipe.recv()
    except EOFError:
        raise SystemExit("A process failed, as said above.") from None


def _keras_turn(network, optimizer, strategy, options):
    """Compiles a network and gives it the same batch for ever."""
    import numpy as np
    import tensorflow as tf

    with strategy.scope():
        network.compile(
            optimizer, "sparse_categorical_crossentropy", jit_compile=False
        )
    generator = np.random.default_rng(0)
    shape = (options.batch_size, options.size, options.size, 3)
    images = generator.normal(size=shape).astype(np.float32)
    labels = generator.integers(0, 1000, options.batch_size)
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat()
    batches = iter(strategy.experimental_distribute_dataset(batches))
    network.make_train_function()
    return _turn(lambda: network.train_function(batches))


def _turn(step):
    """Gives a function that runs `step` so many times and takes its time."""

    def turn(num_steps):
        began = time.perf_counter()
        for _ in range(num_steps):
            step()
        return (time.perf_counter() - began) / num_steps

    return turn


def _spread(values, form):
    """Writes the median and, in brackets, the least and the most."""
    middle, least, most = (
        format(value, form)
        for value in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} ({least} to {most})"


def _machine():
    """Names the processor, and what it has for fast matrix products."""
    facts = {"model name": platform.processor(), "flags": ""}
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            facts[name.strip()] = value.strip()
    has = [
        flag
        for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
        if flag in facts["flags"].split()
    ]
    return ", ".join([facts["model name"], f"{_num_cores()} cores", *has])


def _num_cores():
    """Counts the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _say(line):
    """Reports progress, apart from the table."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
