"""The command line: `alexnet-keras`, or `python -m alexnet_keras`."""

import argparse
import os
import sys
import unicodedata

from alexnet_keras.commands import asking, grade, looking, predict, train
from alexnet_keras.commands.common import (
    BadInput,
    Failed,
    in_words,
    take_process,
)
from alexnet_keras.commands.options import train_options
from alexnet_keras.commands.versions import ShowVersions

_COMMANDS = {  # what each does, its options and its help
    "summary": (looking.summary, looking.summary_options),
    "train": (train.train, train_options),
    "evaluate": (asking.evaluate, asking.evaluate_options),
    "predict": (predict.predict, predict.predict_options),
    "convert": (looking.convert, looking.convert_options),
    "identify": (looking.identify, looking.identify_options),
    "grade": (grade.grade, grade.grade_options),
}


def main(arguments=None):
    """Runs a command.

    Args:
        arguments: List of str; by default the command line's.

    Returns:
        Int, the exit code: 0, 1 if something failed (a picture that cannot be
        read, a notebook that cannot be graded, a loss that is not finite, a
        worker that is gone), 2 for bad input, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):  # names may be of any bytes
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if arguments is None:
        take_process()
        arguments = sys.argv[1:]
    options = _parser().parse_args(arguments)
    options.typed = ["alexnet-keras", *arguments]
    try:
        code = options.command(options) or 0
        sys.stdout.flush()
        return code
    except (BadInput, Failed) as error:
        print(f"alexnet-keras: error: {_shown(error)}", file=sys.stderr)
        return 2 if isinstance(error, BadInput) else 1
    except KeyboardInterrupt as stop:
        print(f"\nStopped. {stop}".rstrip(), file=sys.stderr)
        return 130
    except BrokenPipeError:  # who reads, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # one that no command has put in its own words
        text = _shown(in_words(error))
        print(f"alexnet-keras: error: {text}", file=sys.stderr)
        return 2
    return 0


def _shown(error):
    """Lets no name out of a file steer the terminal."""
    return "".join(
        letter
        if letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cs")
        else ascii(letter)[1:-1]
        for letter in str(error)
    )


def _parser():
    parser = argparse.ArgumentParser(
        prog="alexnet-keras",
        description="AlexNet in Keras: see it, train it, ask it.",
    )
    text = "show the versions that a report of a defect needs, and exit"
    parser.add_argument("--version", action=ShowVersions, nargs=0, help=text)
    added = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (command, add_options) in _COMMANDS.items():
        text = add_options.__doc__.removesuffix(".")
        text = text[0].lower() + text[1:]
        sub = added.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        add_options(sub)
    return parser
