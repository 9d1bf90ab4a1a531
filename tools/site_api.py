"""The package's pages in the website's book, out of its docstrings.

`write` lays out a page a room, which says what Sphinx' autodoc is to document;
the public names are read from the sources. `EXTENSIONS` and `SETTINGS` are for
conf.py.
"""

import ast
import contextlib
import functools
import importlib
import inspect
import io
import os
import pathlib
import re
from typing import NamedTuple
from unittest import mock

import build_notebooks

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "alexnet_keras"
EXTENSIONS = (
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.linkcode",
    "sphinx_codeautolink",
    "site_docstrings",
)
SETTINGS = {
    "add_module_names": False,
    "autodoc_inherit_docstrings": False,  # Keras' are not written for napoleon
    "autodoc_member_order": "bysource",
    "autodoc_preserve_defaults": True,
    "autodoc_typehints": "none",  # docstrings stand in for them
    "codeautolink_autodoc_inject": False,
    "codeautolink_concat_default": True,  # a cell knows those before it
    "codeautolink_custom_blocks": {  # cells may hold % commands
        "python": "sphinx_codeautolink.extension.block.clean_ipython"
    },
    "napoleon_attr_annotations": False,
    "napoleon_custom_sections": [("Call arguments", "params_style")],
    "napoleon_numpy_docstring": False,
    "napoleon_use_ivar": True,
    "nitpick_ignore": [("py:exc", "runs.RunError")],  # said within `runs`
    "smartquotes_action": "D",  # dashes, which autodoc writes as two
    "suppress_warnings": ["config.cache"],  # by codeautolink's custom blocks
    "toc_object_entries_show_parents": "hide",
}


def source_of(domain, info):
    """Finds the lines that define a name, for its link to the repository."""
    try:
        thing = importlib.import_module(info["module"])
        for part in info["fullname"].split("."):
            thing = inspect.unwrap(getattr(thing, part))
        lines, first = inspect.getsourcelines(thing)
        path = pathlib.Path(inspect.getsourcefile(thing)).relative_to(ROOT)
    except (AttributeError, OSError, TypeError, ValueError):
        return None  # constants, and what Keras has wrapped
    place = f"{build_notebooks.repository()}/blob/main/{path.as_posix()}"
    return f"{place}#L{first}-L{first + len(lines) - 1}"


SETTINGS["linkcode_resolve"] = source_of
ROOM = re.compile(r"^\| \d+ \| (.+?) \| (\w*) ?\|$", re.MULTILINE)
FACE = "__init__"
NEWLINE = "\n"


class Name(NamedTuple):
    """A public name of a module: what it is, and the source that makes it."""

    name: str
    kind: str
    source: str


def rooms():
    """Reads the rooms of the package from CONTRIBUTING.md.

    Returns:
        Dict of "heart" or "wing", by the rooms' names, which are sorted.
    """
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = {
        room: kind.removesuffix("s")
        for several, kind in ROOM.findall(text)
        for room in re.findall(r"`(\w+)`", several)
    }
    return {room: found[room] for room in sorted(found) if found[room]}


def modules(room):
    """Finds a room's modules: itself, or those of its folder.

    Returns:
        Dict of paths, by dotted names that begin with the package's.
    """
    folder = PACKAGE / room
    paths = (
        folder.rglob("*.py") if folder.is_dir() else [PACKAGE / f"{room}.py"]
    )
    if room == "exercises":  # the chapters' own stand with the teachers' pages
        paths = [folder / f"{FACE}.py", folder / "core.py"]
    found = {}
    for path in paths:
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(part for part in parts if part != FACE)] = path
    return dict(sorted(found.items()))


def names_of(path):
    """Reads the public names that a module defines, in their order.

    Returns:
        List of `Name`; its `kind` is the directive that documents it.
    """
    text = path.read_text(encoding="utf-8")
    lines, found = text.splitlines(), []
    for node in ast.parse(text).body:
        first = node.lineno
        while first > 1 and lines[first - 2].startswith("#"):
            first -= 1
        source = "\n".join(lines[first - 1 : node.end_lineno])
        if isinstance(node, ast.ClassDef):
            found.append(Name(node.name, "autoclass", source))
        elif isinstance(node, ast.FunctionDef):
            found.append(Name(node.name, "autofunction", source))
        elif isinstance(node, ast.Assign):
            found += [
                Name(part.id, "py:data", source)
                for target in node.targets
                for part in ast.walk(target)
                if isinstance(part, ast.Name)
            ]
    return [one for one in found if not one.name.startswith("_")]


@functools.cache
def homes():
    """Finds where each name of the package is documented.

    Returns:
        Dict of dotted names, by those that can be imported.
    """
    found = {}
    for room in rooms():
        if room == "commands":
            continue  # its page has no names
        for module, path in modules(room).items():
            found[module] = module
            names = [f"{module}.{one.name}" for one in names_of(path)]
            found |= dict(zip(names, names, strict=True))
            if path.stem == FACE:
                exported = faces(module).items()
                found |= {f"{module}.{n}": home for n, (_, home) in exported}
    return found


def write(folder):
    """Lays out the pages: api/index.md and one for each room.

    Args:
        folder: Path of the book's sources.
    """
    api = pathlib.Path(folder) / "api"
    api.mkdir(parents=True, exist_ok=True)
    for room in rooms():
        text = _commands() if room == "commands" else _page(room)
        (api / f"{room}.md").write_text(text, encoding="utf-8")
    (api / "index.md").write_text(_index(), encoding="utf-8")


def _index():
    own = _names("alexnet_keras", PACKAGE / f"{FACE}.py")
    return f"""# The package

Every public name of `alexnet_keras`, out of its docstrings. What most need can
be imported from the package itself:

{_face("alexnet_keras")}

## The heart

What the course teaches. Names in the chapters' code lead here.

{_table("heart")}

## The wings

What practitioners need besides.

{_table("wing")}

## alexnet_keras itself

{own}

```{{toctree}}
:hidden:

{NEWLINE.join(rooms())}
```
"""


def _table(kind):
    rows = ["| module | what is in it |", "|---|---|"]
    for room, own_kind in rooms().items():
        path = next(iter(modules(room).values()))
        says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        if own_kind == kind:
            rows.append(f"| [`{room}`]({room}.md) | {_first(says)} |")
    return NEWLINE.join(rows)


def _page(room):
    (module, path), *others = modules(room).items()
    imported = f"```python\nfrom alexnet_keras import {room}\n```"
    parts = [f"# {room}", imported, _names(module, path)]
    for name, path in others:
        short = name.removeprefix("alexnet_keras.")
        parts += [f"## {short}", _names(name, path)]
        if path.stem == FACE:
            parts.append(_face(name))
    if others:
        parts.insert(3, _face(module))
    if room == "exercises":
        parts.insert(3, EXERCISES)
    return "\n\n".join(parts) + "\n"


EXERCISES = (
    "A module a chapter has its exercises: `recall`, `q1`, `q2`, ..., and "
    "`progress`. [For teachers](../teachers/index.md) shows what is in them; "
    "`core` is what they are made of."
)


def _names(module, path):
    """Returns the Markdown of a module's docstring and of its names."""
    rst = [f".. automodule:: {module}\n"]
    for one in names_of(path):
        if one.kind == "py:data":
            rst.append(_constant(module, one))
        else:
            members = "   :members:\n" * (one.kind == "autoclass")
            rst.append(f".. {one.kind}:: {module}.{one.name}\n{members}")
    return f"```{{eval-rst}}\n{NEWLINE.join(rst)}```"


def _constant(module, one):
    lines = one.source.splitlines()
    code = NEWLINE.join(f"      {line}".rstrip() for line in lines)
    return (
        f".. py:data:: {one.name}\n   :module: {module}\n\n"
        f"   .. code-block:: python\n\n{code}\n"
    )


def faces(package):
    """Finds where the names are defined that a package's face exports.

    Args:
        package: Str, its dotted name.

    Returns:
        Dict of pairs: an object, and the dotted name of its home.
    """
    face = importlib.import_module(package)
    found = {}
    for name in getattr(face, "__all__", []):
        thing = getattr(face, name)
        home = getattr(thing, "__module__", None)
        if home is None:  # a constant
            room = package.split(".")[1]
            [home] = [
                module
                for module, path in modules(room).items()
                if name in [one.name for one in names_of(path)]
            ]
        found[name] = thing, f"{home}.{name}"
    return found


def _face(package):
    rows = []
    for name, (thing, home) in faces(package).items():
        path = f"{package}.{name}".removeprefix("alexnet_keras.")
        known = inspect.isclass(thing) or inspect.isroutine(thing)
        says = _first(inspect.getdoc(thing)) if known else ""
        rows.append(f"| {{py:obj}}`{path} <{home}>` | {says} |")
    if not rows:
        return ""
    return "\n".join(["| name | what it is |", "|---|---|", *rows])


def _first(docstring):
    return docstring.partition("\n")[0].replace("|", "\\|")


def _commands():
    parts = [
        "# commands",
        "The command line, `alexnet-keras` or `python -m alexnet_keras`, in "
        "the words of its `--help`. Each command is a function of "
        "`alexnet_keras.commands`, which is not meant to be called from "
        "elsewhere: what it does, `training`, `runs`, `data` and `exchange` "
        "offer.",
    ]
    for command, text in helps().items():
        title = f"alexnet-keras {command}".strip()
        parts.append(f"## {title}\n\n```text\n{text}```")
    return "\n\n".join(parts) + "\n"


def helps():
    """Asks the command line what it offers.

    Returns:
        Dict of the text of `--help`, by the commands; that of `""` comes first.
    """
    from alexnet_keras.commands import line

    found = {}
    for command in ("", *line._COMMANDS):
        said = io.StringIO()
        with (
            mock.patch.dict(os.environ, COLUMNS="80"),
            contextlib.redirect_stdout(said),
            contextlib.suppress(SystemExit),
        ):
            line.main([*command.split(), "--help"])
        found[command] = said.getvalue()
    return found
