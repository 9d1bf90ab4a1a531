"""Names that are loaded when they are used, and imports that take less time."""

import contextlib
import gc
import importlib
import sys


def face(package, homes):
    """Makes the functions by which a package finds its names.

    Args:
        package: Str, the package's name.
        homes: Dict of a name and the module of the package that has it.

    Returns:
        The package's `__getattr__` and `__dir__`.
    """

    def find(name):
        if name in homes:
            home = importlib.import_module(f"{package}.{homes[name]}")
            return getattr(home, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names():
        return sorted({*vars(sys.modules[package]), *homes})

    return find, names


@contextlib.contextmanager
def importing(name, without=()):
    """Makes the import of a large library quicker, which is done within.

    What it makes stays to the end, so Python need not look for garbage in it:
    neither meanwhile nor when the process ends.

    Args:
        name: Str, the library. If it is loaded already, nothing is changed.
        without: Names of packages that the library would import only because
            they are installed. For it they are not; afterwards they are.
    """
    if name in sys.modules:
        yield
        return
    hidden = dict.fromkeys(
        other for other in without if other not in sys.modules
    )
    was_enabled = gc.isenabled()
    gc.disable()
    sys.modules.update(hidden)  # None: Python's way to say that it is not there
    try:
        yield
    finally:
        for other in hidden:
            del sys.modules[other]
        gc.freeze()
        if was_enabled:
            gc.enable()
