"""What the commands share: errors for who typed them, and data."""

import contextlib

from alexnet_keras import files


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
        with distribution.silence():
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
