"""Faces of packages, whose names are loaded when they are used."""

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
