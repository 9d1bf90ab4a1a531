"""Measures our networks on a GPU: Keras' JAX backend against PyTorch.

    python benchmarks/gpu.py

Both are compiled and compute in bfloat16; PyTorch takes the form that a short
trial finds fastest at each batch size. Before, both are given the same weights
and have to give the same answers and losses. TensorFlow is not needed, and not
used.

Without a GPU it says so and ends with code 3; `--cpu` tries it out there.
"""

import argparse
import functools
import importlib.util
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))  # the package need not be installed

import agreement  # noqa: E402
import peers  # noqa: E402
import tables  # noqa: E402
from contenders import (  # noqa: E402
    check_size,
    ready,
    rounds,
    say,
    told,
)

# ours, its pictures' side, the same network in PyTorch, what that is called
NETWORKS = {
    "one-weird-trick": (224, "torchvision_network", "torchvision's AlexNet"),
    "two-tower": (227, "torch_network", "the same network in PyTorch"),
}
JAX = {
    "KERAS_BACKEND": "jax",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # PyTorch needs memory, too
}
EXACT = {"JAX_DEFAULT_MATMUL_PRECISION": "highest"}
NO_GPU = 3


def prepare_look():
    """Tells which devices PyTorch and JAX see, in place of a label."""
    import jax
    import torch

    theirs = torch.cuda.is_available() and torch.cuda.get_device_name()
    ours = jax.default_backend() == "gpu" and jax.devices()[0].device_kind
    return (ours, theirs), None


def prepare_ours(name, size, training):
    """Prepares one of our networks on JAX, in bfloat16."""
    import keras_turns

    policy = "mixed_bfloat16" if training else "bfloat16"  # the weights, too
    network = _network(name, size, policy)
    turn = keras_turns.jax_turn(network, size, training)
    return f"ours, {name}, on JAX, bfloat16", turn


def prepare_our_answers(name, size, path):
    """Writes the weights; gives answers and losses, in place of a label."""
    import keras

    keras.utils.set_random_seed(0)
    exact = _network(name, size, "float32", dropout=0)
    peers.save_weights(path, exact)
    found = {"ours, float32": agreement.by_jax(exact, size)}
    for policy, steps in (("mixed_bfloat16", agreement.STEPS), ("bfloat16", 0)):
        network = _network(name, size, policy, dropout=0)
        peers.give_keras(path, network)
        found[f"ours, {policy}"] = agreement.by_jax(network, size, steps)
    return found, None


def prepare_their_answers(name, size, path, device):
    """Gives answers and losses from the weights of `prepare_our_answers`."""
    import torch

    torch.backends.cudnn.allow_tf32 = False
    found = {}
    for precision in ("float32", "bfloat16"):
        network = getattr(peers, NETWORKS[name][1])(size, dropout=0)
        peers.give_torch(path, network)
        found[f"PyTorch, {precision}"] = agreement.by_torch(
            network, size, precision, device
        )
    return found, None


def check(name, size, device):
    """Holds both to computing the same; ends the program if they do not."""
    with tempfile.TemporaryDirectory() as scratch:
        own = {"name": name, "size": size}
        own["path"] = os.path.join(scratch, "weights.npz")
        found = told("gpu.prepare_our_answers", own, [JAX | EXACT])
        own["device"] = device
        found |= told("gpu.prepare_their_answers", own)
    agreement.hold(found)


def _network(name, size, policy, dropout=0.5):
    """Builds one of our networks with a dtype policy."""
    import keras

    from alexnet_keras import models

    keras.config.set_dtype_policy(policy)
    return models.AlexNet(
        network=name,
        input_shape=(size, size, 3),
        initialization="he",
        dropout=dropout,
    )


def measure(name, training, options):
    """Measures one network.

    Args:
        name: Str, of `NETWORKS`.
        training: Bool.
        options: The command line's.

    Returns:
        List of `tables.Line`.
    """
    size, build, peer = NETWORKS[name]
    size = options.size or size
    device = "cpu" if options.cpu else "cuda"
    own = {"size": size, "training": training}
    theirs = {**own, "device": device, "build": build}
    tried = {"precision": "bfloat16", "cases": options.batches}
    trial = "torch_turns.prepare_trial", theirs | tried
    with ready({"trial": trial}) as started:
        started["trial"].turn("eager", 1)
        chosen = started["trial"].turn("choose", 1)
    wanted = {
        "ours": ("gpu.prepare_ours", {**own, "name": name}, [JAX]),
        "theirs": ("torch_turns.prepare_torch", {**theirs, "chosen": chosen}),
    }
    lines, what = [], "training step" if training else "inference"
    with ready(wanted) as started:
        for batch in options.batches:
            for one in started.values():  # alone: XLA times what it compiles
                one.turn(batch, 1)
            turns = {
                who: functools.partial(one.turn, batch)
                for who, one in started.items()
            }
            seconds = rounds(turns, options.rounds, options.seconds)
            rates = {
                who: tuple(batch / x for x in taken)
                for who, taken in seconds.items()
            }
            line = tables.Line(
                f"{what}, batch {batch}",
                started["ours"].label,
                f"{peer}: {chosen[batch]}",
                "images/s",
                rates["ours"],
                rates["theirs"],
            )
            lines.append(line)
            say(f"  batch {batch}: {tables.spread(line.ratios)}")
    return lines


def parse(argv=None):
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number = {"type": int, "metavar": "N"}
    parser.add_argument(
        "--networks",
        nargs="+",
        choices=NETWORKS,
        default=[*NETWORKS],
        help="what to measure (both)",
    )
    parser.add_argument(
        "--batches",
        nargs="+",
        default=(1, 32, 256, 1024),
        **number,
        help="batch sizes (1 32 256 1024)",
    )
    parser.add_argument("--rounds", default=8, **number, help="rounds (8)")
    parser.add_argument(
        "--seconds", default=0.5, type=float, help="a turn's length (0.5)"
    )
    parser.add_argument(
        "--size", **number, help="side of an image, pixels (224 and 227)"
    )
    parser.add_argument(
        "--cpu", action="store_true", help="try it out without a GPU"
    )
    parser.add_argument(
        "--out", type=pathlib.Path, metavar="FILE", help="write JSON as well"
    )
    options = parser.parse_args(argv)
    if min(*options.batches, options.rounds) < 1 or options.seconds <= 0:
        parser.error("numbers must be at least 1")
    if options.size is not None:
        check_size(parser, options.size)
    return options


def main(argv=None):
    """Measures, and prints the table."""
    options = parse(argv)
    wanted = "keras", "jax", "torch", "numpy", "h5py"
    missing = [x for x in wanted if not importlib.util.find_spec(x)]
    if missing:
        raise SystemExit(
            f"Not installed: {', '.join(missing)}. Needed are Keras, JAX for "
            "the GPU and PyTorch: pip install keras 'jax[cuda12]' torch"
        )
    if options.cpu:
        os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    seen = told("gpu.prepare_look", {}, [JAX])
    where = dict(zip(("JAX", "PyTorch"), seen, strict=True))
    blind = [who for who, device in where.items() if not device]
    if blind and not options.cpu:
        say(
            f"No GPU is seen by {' and '.join(blind)}: nothing was measured. "
            "--cpu tries the benchmark out on the processor."
        )
        raise SystemExit(NO_GPU)
    lines = []
    for name in options.networks:
        say(f"{name}: agreement")
        size = options.size or NETWORKS[name][0]
        check(name, size, "cpu" if options.cpu else "cuda")
        for training in (True, False):
            say(f"{name}: {'training' if training else 'inference'}")
            lines += measure(name, training, options)
    device = where["JAX"] or "no GPU: this only shows that it runs"
    facts = tables.about(tables.typed(), options.rounds, device=device)
    if options.out is not None:
        options.out.write_text(tables.as_json(lines, facts), encoding="utf-8")
    print(f"{tables.markdown(lines)}\n\n{device}. {tables.told(facts)}")


if __name__ == "__main__":
    main()
