"""An extension of Sphinx: reads our docstrings, which have some Markdown."""

import inspect
import re

import site_api

from alexnet_keras import distribution

LITERAL = re.compile(r"(?<!`)``([\w.]+)``(?!`)")


def in_rst(docstring):
    """Makes of a docstring what napoleon reads right.

    Code between single backticks, as in Markdown, becomes a literal; and a
    colon in the first line of "Returns" no longer ends the name of a type.
    """

    def literal(found):
        ends = found.end()
        glued = docstring[ends : ends + 1].isalnum()
        return f"``{' '.join(found[1].split())}``" + "\\ " * glued

    text = re.sub(r"(?<!`)`([^`]+)`(?!`)", literal, docstring)
    return re.sub(
        r"^((?:Returns|Yields):\n +)", r"\1: ", text, flags=re.MULTILINE
    )


def with_links(rst, name, homes):
    """Makes links of literals that name something of the package.

    Of the words without a dot only those with a capital are taken: `data` may
    be an argument as well as a module.

    Args:
        rst: Str, a docstring as napoleon reads it.
        name: Str, the dotted name of what it documents.
        homes: Dict of `site_api.homes`.

    Returns:
        Str.
    """
    parts = name.split(".")
    within = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]

    def link(found):
        said = found[1]
        if "." not in said and not said[0].isupper():
            return found[0]
        known = [homes.get(f"{place}.{said}") for place in within]
        home = next(filter(None, known), name)
        return found[0] if home == name else f":py:obj:`{said} <{home}>`"

    return LITERAL.sub(link, rst)


def _process(app, what, name, thing, options, lines):
    rst = in_rst("\n".join(lines))
    lines[:] = with_links(rst, name, site_api.homes()).splitlines()


def _signature(app, what, name, thing, options, signature, returns):
    if signature == "(*args, **kwargs)" and what == "class":
        # Keras wraps what makes a layer; its `__init__` has the arguments.
        first, *others = inspect.signature(thing.__init__).parameters.values()
        return str(inspect.Signature(others)), returns
    return None


def _skip(app, what, name, thing, skip, options):
    if type(thing).__name__ == "_tuplegetter":
        return True  # "Alias for field number 0"
    return None


def setup(app):
    """Makes this an extension of Sphinx."""
    distribution.start()  # so that TensorFlow is silent
    app.connect("autodoc-process-docstring", _process, priority=400)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True}
