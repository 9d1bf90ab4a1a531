"""The command line: `alexnet-keras`, or `python -m alexnet_keras`.

TensorFlow is imported after the arguments are read, and without its noise.
"""

import argparse
import math
import os
import pathlib
import sys

import alexnet_keras
from alexnet_keras import commands

MODELS = ("two-tower", "one-tower", "caffe", "one-weird-trick", "mini")


def main(arguments=None):
    """Runs a command.

    Args:
        arguments: List of str; by default the command line's.

    Returns:
        Int, the exit code: 0, 1 if another worker is gone, 2 for bad input,
        130 after Ctrl-C.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    options.typed = ["alexnet-keras", *arguments]
    try:
        return options.command(options) or 0
    except (commands.BadInput, commands.WorkerLost) as error:
        print(f"alexnet-keras: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, commands.BadInput) else 1
    except KeyboardInterrupt as stop:
        print(f"\nStopped. {stop or 'Nothing was written.'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # who reads, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _rate(text):
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError
    return number


_positive.__name__, _rate.__name__ = "positive whole number", "positive number"


def _parser():
    parser = argparse.ArgumentParser(
        prog="alexnet-keras",
        description="AlexNet in Keras: see it, train it, ask it.",
    )
    parser.add_argument(
        "--version", action="version", version=alexnet_keras.__version__
    )
    added = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(function, text):
        sub = added.add_parser(
            function.__name__, help=text, description=text,
        )  # fmt: skip
        sub.set_defaults(command=function)
        return sub

    def option(sub, name, text, **settings):
        if settings.get("default") is not None:
            text += " (default: %(default)s)"
        sub.add_argument(name, help=text, **settings)

    def data_options(sub, default, text):
        option(sub, "--data", text, default=default, metavar="DATA")
        option(
            sub, "--skip-unreadable", "go on without the pictures of a folder "
            "that cannot be read", action="store_true",
        )  # fmt: skip
        option(
            sub, "--cache", "where decoded pictures are kept", default="auto",
            choices=("auto", "memory", "disk", "none"),
        )  # fmt: skip

    def network_options(sub, default, text="which network"):
        option(sub, "--model", text, choices=MODELS, default=default)
        option(
            sub, "--input-size", "side of the network's input in pixels; by "
            "default the network's own", type=_positive, metavar="N",
        )  # fmt: skip

    def network_argument(sub):
        option(
            sub, "network", "folder of a run, or a file that convert has "
            "written", metavar="NETWORK", type=pathlib.Path,
        )  # fmt: skip

    sub = command(commands.summary, "print the table of layers, with totals")
    network_options(sub, MODELS[0])
    option(
        sub, "--classes", "number of classes", type=_positive, default=1000,
        metavar="N",
    )  # fmt: skip

    sub = command(commands.train, "train a network and write a run's folder")
    data_options(
        sub, "solids", "solids (the embedded set), a TensorFlow data set such "
        "as imagenette/320px-v2, or a folder with one folder of pictures for "
        "each class (or train/CLASS and val/CLASS)",
    )  # fmt: skip
    network_options(
        sub, None, "which network; by default two-tower, or that of --weights"
    )
    option(
        sub, "--weights", "a file of weights to start from: what convert has "
        "written, or another run's folder; fc8 starts anew unless the "
        "classes are the same", type=pathlib.Path, metavar="FILE",
    )  # fmt: skip
    option(
        sub, "--freeze-until", "leave the weights of this layer, and of those "
        "before it, as they are", metavar="LAYER",
    )  # fmt: skip
    option(
        sub, "--strategy", "one device, a copy of the network on each "
        "(mirrored), on each of every worker that TF_CONFIG or Slurm names "
        "(multiworker), or what fits", default="auto",
        choices=("auto", "one", "mirrored", "multiworker"),
    )  # fmt: skip
    option(
        sub, "--workers", "start so many workers on this machine, and end them "
        "together", type=_positive, metavar="N",
    )  # fmt: skip
    option(
        sub, "--devices", "how many GPUs; without them the processor is split",
        type=_positive, default=2, metavar="N",
    )  # fmt: skip
    option(
        sub, "--recipe", "fast learns within minutes, paper is the paper's",
        choices=("fast", "paper"), default="fast",
    )  # fmt: skip
    option(
        sub, "--epochs", "instead of the recipe's", type=_positive, metavar="N"
    )
    option(
        sub, "--batch-size", "pictures a step, over all devices, instead of "
        "the recipe's", type=_positive, metavar="N",
    )  # fmt: skip
    option(
        sub, "--precision", "auto times some steps of both",
        choices=("float32", "mixed_bfloat16", "auto"), default="float32",
    )  # fmt: skip
    option(
        sub, "--learning-rate", "highest rate, instead of the recipe's",
        type=_rate, metavar="LR",
    )  # fmt: skip
    option(
        sub, "--seed", "of the weights, dropout, order and crops", type=int,
        default=0, metavar="N",
    )  # fmt: skip
    option(
        sub, "--resume", "go on from the last checkpoint of --run-dir, or of "
        "the last run of this kind", action="store_true",
    )  # fmt: skip
    option(
        sub, "--checkpoint-steps", "steps from one checkpoint to the next, "
        "besides one after every epoch", type=_positive, metavar="N",
    )  # fmt: skip
    option(
        sub, "--run-dir", "folder to write; by default a new one in runs/",
        type=pathlib.Path, metavar="DIR",
    )  # fmt: skip

    sub = command(
        commands.evaluate, "measure a network and draw a run's confusions"
    )
    network_argument(sub)
    data_options(
        sub, None, "other data, with classes that the network knows; by "
        "default the run's",
    )  # fmt: skip
    option(
        sub, "--ten-crops", "average ten crops, as the paper does",
        action="store_true",
    )  # fmt: skip

    sub = command(
        commands.predict, "name the five likeliest classes of pictures"
    )
    network_argument(sub)
    option(
        sub,
        "images",
        "picture files",
        metavar="IMAGE",
        nargs="+",
        type=pathlib.Path,
    )

    sub = command(
        commands.convert, "bring weights of torchvision, Caffe or ONNX here, "
        "or ours into torchvision's names",
    )  # fmt: skip
    option(sub, "input", "file to read", metavar="IN", type=pathlib.Path)
    option(
        sub, "output", "file to write, .weights.h5 or .safetensors",
        metavar="OUT", type=pathlib.Path,
    )  # fmt: skip
    option(
        sub, "--from", "where IN is from; by default what its name's ending "
        "says", dest="source",
        choices=("onnx", "torchvision", "caffe", "keras"),
    )  # fmt: skip
    option(
        sub, "--class-names", "text file with the name of a class on each "
        "line; by default ImageNet's WordNet ids, where there are 1000",
        type=pathlib.Path, metavar="FILE",
    )  # fmt: skip

    sub = command(
        commands.identify, "say whose AlexNet a file holds, and where it "
        "departs from the paper",
    )  # fmt: skip
    option(
        sub, "file", "a .keras, .onnx, .safetensors or .weights.h5 file",
        metavar="FILE", type=pathlib.Path,
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
