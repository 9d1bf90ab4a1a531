"""The options that several commands share, and those of `train`."""

import argparse
import math
import pathlib

from alexnet_keras import networks

_MOST = 2**31 - 1  # TensorFlow counts no further


def positive(text):
    """Reads a whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise ValueError
    if number > _MOST:
        raise argparse.ArgumentTypeError(f"{_MOST} is the most")
    return number


def seed(text):
    """Reads a whole number that starts random generators."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(
            f"a seed is a whole number from 0 to {2**32 - 1}"
        )
    return number


def rate(text):
    """Reads a number above 0."""
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError
    return number


positive.__name__, rate.__name__ = "positive whole number", "positive number"
seed.__name__ = "whole number"
_METAVARS = {positive: "N", seed: "N", rate: "LR", pathlib.Path: "FILE"}


def option(parser, name, text, kind=None, default=None, **settings):
    """Adds an option, whose default the help tells.

    Args:
        parser: An `argparse.ArgumentParser`.
        name: Str; without dashes it is an argument that must be given.
        text: Str, for the help.
        kind: A type, a tuple of choices, or bool for a switch.
        default: Its default.
        **settings: As for `add_argument`.
    """
    if kind is bool:
        settings["action"] = "store_true"
    elif isinstance(kind, tuple):
        settings |= {"choices": kind, "default": default}
    else:
        settings |= {"type": kind, "default": default}
        settings.setdefault("metavar", _METAVARS.get(kind))
    if default is not None:
        text += " (default: %(default)s)"
    parser.add_argument(name, help=text, **settings)


def data_options(parser, text, default=None):
    """Adds the options that choose data."""
    caches = ("auto", "memory", "disk", "none")
    option(parser, "--data", text, None, default, metavar="DATA")
    text = "go on without the pictures of a folder that cannot be read"
    option(parser, "--skip-unreadable", text, bool)
    option(parser, "--cache", "where to keep decoded pictures", caches, "auto")


def network_options(parser, text, default=None):
    """Adds the options that choose a network."""
    option(parser, "--model", text, tuple(networks.NETWORKS), default)
    text = "side of its pictures in pixels; by default the network's own"
    option(parser, "--input-size", text, positive)


def train_options(parser):
    """Train a network and write a run's folder."""
    text = (
        "solids (the embedded set), a TensorFlow data set such as "
        "imagenette/320px-v2, or a folder with one folder of pictures for each "
        "class (or train/CLASS and val/CLASS)"
    )
    data_options(parser, text, "solids")
    text = "which network; by default two-tower, or that of --weights"
    network_options(parser, text)
    text = (
        "a file of weights to start from: what convert has written, or another "
        "run's folder; fc8 starts anew unless the classes are the same"
    )
    option(parser, "--weights", text, pathlib.Path)
    text = "leave this layer's weights, and those before it, as they are"
    option(parser, "--freeze-until", text, metavar="LAYER")
    _device_options(parser)
    _recipe_options(parser)
    _run_options(parser)


def _device_options(parser):
    text = (
        "one device, a copy of the network on each (mirrored), on each of "
        "every worker that TF_CONFIG or Slurm names (multiworker), or what "
        "fits"
    )
    strategies = ("auto", "one", "mirrored", "multiworker")
    option(parser, "--strategy", text, strategies, "auto")
    text = "start so many workers on this machine, and end them together"
    option(parser, "--workers", text, positive)
    text = "how many GPUs; without them the processor is split"
    option(parser, "--devices", text, positive, 2)


def _recipe_options(parser):
    text = (
        "course learns solids within minutes, fast learns photographs, paper "
        "is the paper's (default: course for solids, fast for all others)"
    )
    option(parser, "--recipe", text, ("course", "fast", "paper"))
    option(parser, "--epochs", "instead of the recipe's", positive)
    text = "pictures a step, over all devices, instead of the recipe's"
    option(parser, "--batch-size", text, positive)
    text = "auto times some steps of both"
    policies = ("float32", "mixed_bfloat16", "auto")
    option(parser, "--precision", text, policies, "float32")
    text = "highest rate, instead of the recipe's"
    option(parser, "--learning-rate", text, rate)
    option(parser, "--seed", "of weights, dropout, order and crops", seed, 0)


def _run_options(parser):
    text = (
        "go on from the last checkpoint of --run-dir, or of the last run of "
        "this kind"
    )
    option(parser, "--resume", text, bool)
    text = "steps between checkpoints, besides one after every epoch"
    option(parser, "--checkpoint-steps", text, positive)
    text = "folder to write; by default a new one in runs/"
    option(parser, "--run-dir", text, pathlib.Path, metavar="DIR")
    text = "write the history for TensorBoard, too"
    option(parser, "--tensorboard", text, bool)
