"""What the commands share: errors for who typed them, and data."""

import contextlib

from alexnet_keras import files, lazily

# What TensorFlow and Keras import only because it is there, and no command
# needs of them: Keras' gallery and its wrappers for scikit-learn. JAX is not
# among them, since it may be Keras' backend.
_LEFT_OUT = ("matplotlib", "sklearn")
_own_process = []  # not empty in one that a command has for itself


class BadInput(Exception):
    """A message for who typed the command."""


class Failed(Exception):
    """A message about what did not go well though it was typed well."""


@contextlib.contextmanager
def refused(*kinds):
    """Turns errors of the given kinds into a clear line and exit code 2."""
    try:
        yield
    except kinds as error:
        raise BadInput(in_words(error)) from error


def in_words(error):
    """Gives an error's message, the system's without its numbers."""
    if getattr(error, "errno", None) is None:
        return str(error)
    name = error.filename2 or error.filename
    return f"{name}: " * bool(name) + f"{files.reason(error)}."


def take_process():
    """Says that this process does nothing but a command.

    Keras is then started without what no command needs, which a program that
    calls `main` could miss.
    """
    _own_process.append(True)


def check_backend(trains=False):
    """Refuses a backend of Keras that cannot be had, or cannot train.

    Only training needs TensorFlow's: what asks a network runs on each.
    """
    from alexnet_keras import distribution

    choose = (
        "Choose one with the variable KERAS_BACKEND, or in keras.json, the "
        "file of Keras' settings."
    )
    try:
        left_out = _LEFT_OUT if _own_process else ()
        with distribution.silence(), lazily.importing("keras", left_out):
            import keras
    except (ImportError, ValueError) as error:
        raise BadInput(
            f"Keras cannot start its backend: {error}. {choose}"
        ) from error
    name = keras.config.backend()
    if trains and name != "tensorflow":
        raise BadInput(
            "Training needs the backend tensorflow of Keras. Received: "
            f"{name}. {choose}"
        )


def start_keras():
    """Starts Keras, quietly, for commands that only ask a network."""
    from alexnet_keras import distribution

    check_backend()
    distribution.start()


def refuse_existing(path):
    """Refuses to write a file where there is one, or no folder for it."""
    if not path.parent.is_dir():
        raise BadInput(f"There is no folder {path.parent}.")
    if path.exists():
        raise BadInput(f"{path} is there already. Name another one.")


def load(source, size, options, seed=None, say=print):
    """Loads the data set that the options name."""
    from alexnet_keras import data

    with refused(data.DataError, OSError):
        return data.load(
            source,
            size,
            options.seed if seed is None else seed,
            skip_unreadable=options.skip_unreadable,
            cache=options.cache,
            report=say,
        )
