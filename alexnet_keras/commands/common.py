"""What the commands share: errors for who typed them, and data."""

import contextlib


class BadInput(Exception):
    """A message for who typed the command."""


class WorkerLost(Exception):
    """Another worker of the job is gone."""


@contextlib.contextmanager
def refused(*kinds):
    """Turns errors of the given kinds into a clear line and exit code 2."""
    try:
        yield
    except kinds as error:
        raise BadInput(str(error)) from error


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
