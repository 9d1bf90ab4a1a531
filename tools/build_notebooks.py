"""Builds notebooks/*.ipynb from notebooks/src/*.py (jupytext percent format).

A source holds what is the chapter's own. What every chapter shares is stamped
here: Colab's badge and the way to the neighbours under the title, the latter
at the end too; the website's address in links such as `explore:size`; the code
of the cell tagged `setup`, and after it the map of the network, in which the
layers that the cell's `lit` names are lit; and for each figure the sentence
under it ("**Figure.** ...") as its alternative text.
With `devices=2` the setup cell prepares two devices, else one.

The same source always gives the same cells with the same ids; a notebook is
executed from top to bottom in this environment's own Python and is written
whole or not at all. Where no code has changed, outputs are kept.
"""

import argparse
import asyncio
import base64
import collections
import copy
import functools
import hashlib
import io
import json
import pathlib
import re
import sys
import tempfile
import tomllib

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from alexnet_keras import networks, shapes
from alexnet_keras.files import replacing

ROOT = pathlib.Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
SOURCES = NOTEBOOKS / "src"
CONTENTS = "../README.md#the-course"
FIGURE = "**Figure.** "  # begins the sentence under a figure
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
SETUP_METADATA = {
    "cellView": "form",  # Colab and JupyterLab hide the code
    "jupyter": {"source_hidden": True},
    "reason": "Versions and devices differ from machine to machine.",
    "tags": ["setup", "nbval-ignore-output"],
}
MAP_METADATA = {
    "cellView": "form",
    "jupyter": {"source_hidden": True},
    "tags": ["map"],
}
MAP = """\
# @title Where you are
from alexnet_keras import visualize

visualize.network_map({lit})"""
# Colab brings everything but the package and, for TFDS, one module's older
# version. Without --no-deps, pip could replace Colab's TensorFlow.
SETUP = """\
# @title Setup: run this cell first
import sys

if "google.colab" in sys.modules:
    %pip install -q --no-deps tensorflow-metadata==1.17.3 importlib-resources
    %pip install -q --no-deps git+{repository}
%matplotlib inline
%config InlineBackend.figure_format = "retina"

from alexnet_keras import distribution
devices = distribution.start({devices})
import keras, tensorflow

print(f"TensorFlow {{tensorflow.__version__}}, Keras {{keras.__version__}}")
print(devices)"""


@functools.cache
def address(name):
    """Returns an address of the project, from its one line in pyproject.toml.

    Args:
        name: Str, `"Repository"`, or `"Documentation"` for the website.
    """
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]["urls"][name].rstrip("/")


def repository():
    """Returns where the project's files are."""
    return address("Repository")


def with_addresses(text):
    """Writes out links to explorables: `explore:size#input=224`."""
    place = rf"{address('Documentation')}/explore/\1/index.html"
    return re.sub(r"(?<=\]\()explore:(\w+)", place, text)


def chapters():
    """Returns the paths of the sources, in the order of the course."""
    return sorted(SOURCES.glob("*.py"))


def badge(slug):
    """Returns the Markdown of the badge that opens a chapter in Colab."""
    place = repository().removeprefix("https://github.com/")
    return (
        "[![Open in Colab]"
        "(https://colab.research.google.com/assets/colab-badge.svg)]"
        f"(https://colab.research.google.com/github/{place}"
        f"/blob/main/notebooks/{slug}.ipynb)"
    )


def title_of(path):
    """Returns the title of a chapter's source, such as "4. Why a bend?"."""
    text = path.read_text(encoding="utf-8")
    found = re.search("^# # (.+)$", text, re.MULTILINE)
    return found[1] if found else path.stem


def neighbours(path):
    """Returns the Markdown of the way to the chapters around one."""
    paths = chapters()
    place = paths.index(path)
    parts = [f"[Contents]({CONTENTS})"]
    if place:
        before = paths[place - 1]
        parts.insert(0, f"[← {title_of(before)}]({before.stem}.ipynb)")
    if after := paths[place + 1 : place + 2]:
        parts.append(f"[{title_of(after[0])} →]({after[0].stem}.ipynb)")
    return " · ".join(parts)


def map_cells(lit):
    """Returns the map of the network and the sentence under it.

    Args:
        lit: Str, the names of the layers that are lit, or `"all"`.
    """
    names = lit.split()
    if lit == "all":
        rows = [line.name for line in shapes.table(networks.ALEXNET)]
        idle = ("flatten", "drop6", "drop7")
        names = [name for name in rows if name not in idle]
    *most, last = names
    what = f"{', '.join(most)} and {last}" if most else last
    text = (
        f"{FIGURE}AlexNet from the image, on the left, to its last layer. "
        "This chapter is about "
        + ("all of it." if lit == "all" else f"what is lit: {what}.")
        + " A layer drawn in two halves is computed in two (chapter 7)."
    )
    code = MAP.format(lit=json.dumps(names))
    return [("code", code, MAP_METADATA), ("markdown", text, {})]


def stamped(path):
    """Returns a source's cells, `(type, source, metadata)`, and those added."""
    cells = []
    for cell in jupytext.read(path, fmt="py:percent").cells:
        source = with_addresses(cell.source)
        metadata = dict(cell.metadata)
        if not cells and cell.cell_type == "markdown":
            title, _, rest = source.partition("\n")
            stamps = f"{badge(path.stem)}\n\n{neighbours(path)}"
            source = f"{title}\n\n{stamps}\n{rest}"
        if "setup" not in metadata.get("tags", []):
            cells.append((cell.cell_type, source, metadata))
            continue
        if "lit" not in metadata:
            raise ValueError(
                f'{path.name}: the setup cell says nothing of the map: lit="...'
                '", names of layers, or "all".'
            )
        source = SETUP.format(
            repository=repository(), devices=metadata.get("devices", 1)
        )
        cells.append((cell.cell_type, source, SETUP_METADATA))
        cells += map_cells(metadata["lit"])
    return [*cells, ("markdown", neighbours(path), {})]


def alternative_text(source):
    """Returns what the sentence under a figure says, as plain text."""
    text = source.partition("\n\n")[0].removeprefix(FIGURE)
    text = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", text)  # links
    return " ".join(re.sub("[*`]", "", text).split())


def from_source(path):
    """Reads a chapter's source.

    Args:
        path: Path of a jupytext percent file; its stem is the chapter's name.

    Returns:
        `NotebookNode` without outputs: the cells of the source and what every
        chapter has, with ids that depend on the cells alone.
    """
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    seen = collections.Counter()
    cells = stamped(path)
    for (kind, source, metadata), (_, below, _) in zip(
        cells, [*cells[1:], ("", "", {})], strict=True
    ):
        if kind == "code" and below.startswith(FIGURE):
            alt = {"alt": alternative_text(below)}
            metadata = {**metadata, "mystnb": {"image": alt}}
        key = (path.stem, kind, source)
        text = json.dumps([*key, seen[key]])
        seen[key] += 1
        new_cell = getattr(nbformat.v4, f"new_{kind}_cell")
        cell_id = hashlib.sha256(text.encode()).hexdigest()[:12]
        notebook.cells.append(new_cell(source, metadata=metadata, id=cell_id))
    return notebook


def without_outputs(notebook):
    """Returns a copy of a notebook as it was before it was executed."""
    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare


def read(slug):
    """Returns a chapter's notebook; None if it is not there, or never ran."""
    path = NOTEBOOKS / f"{slug}.ipynb"
    if not path.exists():
        return None
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return notebook if all(cell.execution_count for cell in code) else None


def is_current(slug):
    """Says whether a chapter's notebook is executed and fits its source."""
    notebook = read(slug)
    return notebook is not None and without_outputs(notebook) == from_source(
        SOURCES / f"{slug}.py"
    )


def keep_outputs(notebook, before):
    """Takes the outputs of a notebook with the very same code.

    Returns:
        Bool, whether there is such a one.
    """
    own, theirs = (
        [cell for cell in one.cells if cell.cell_type == "code"]
        for one in (notebook, before)
    )
    code = [
        [(cell.source, cell.metadata.get("tags")) for cell in cells]
        for cells in (own, theirs)
    ]
    if code[0] != code[1]:
        return False
    for cell, other in zip(own, theirs, strict=True):
        cell.outputs = other.outputs
        cell.execution_count = other.execution_count
    return True


class OwnKernel(AsyncKernelManager):
    """Starts the Python that runs this program, whatever else is installed."""

    def __init__(self, **kwargs):
        """With no folders to look in, `python3` is this environment's own."""
        specs = KernelSpecManager(kernel_dirs=[])
        super().__init__(kernel_spec_manager=specs, **kwargs)


async def execute(notebook, folder, timeout=1200):
    """Runs a notebook's cells in place, from top to bottom.

    Args:
        notebook: `NotebookNode`.
        folder: Path, the kernel's working directory.
        timeout: Int, seconds allowed to a cell.

    Raises:
        RuntimeError: If a cell fails. The message gives its number and source.
    """
    client = NotebookClient(
        notebook,
        kernel_manager_class=OwnKernel,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        timeout=timeout,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    started = []
    client.on_cell_execute = lambda cell, cell_index: started.append(cell_index)
    with tempfile.TemporaryFile() as log:  # what the kernel itself complains of
        try:
            await client.async_execute(stderr=log)
        except Exception as error:
            if not started:
                raise
            number = started[-1]
            cell = notebook.cells[number]
            if isinstance(error, CellExecutionError):
                faults = [o for o in cell.outputs if "traceback" in o]
                reason = "\n".join(faults[-1].traceback)
                reason = re.sub(r"\x1b\[[\d;]*m", "", reason)  # colours
            else:
                log.seek(0)
                end = log.read().decode(errors="replace")[-2000:]
                reason = f"{type(error).__name__}: {error}\n{end}"
            raise RuntimeError(
                f"cell {number + 1} of {len(notebook.cells)} failed:\n"
                f"{'-' * 60}\n{cell.source}\n{'-' * 60}\n{reason.strip()}"
            ) from error
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # its frames name local files
                output.traceback = [f"{output.ename}: {output.evalue}"]
            if png := output.get("data", {}).get("image/png"):
                output.data["image/png"] = with_fewer_colors(png)


def with_fewer_colors(png):
    """Gives a picture 256 colours, which makes a photograph a third as large.

    Args:
        png: Str, a PNG file in base 64.

    Returns:
        Str, likewise.
    """
    half = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
            half, "png", optimize=True
        )
    return base64.b64encode(half.getvalue()).decode()


def write(notebook, path):
    """Writes a valid notebook, whole or not at all."""
    nbformat.validate(notebook)
    with replacing(path) as half:
        half.write_text(
            nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n"
        )


async def build(slugs, jobs=1, force=False):
    """Executes and writes chapters, `jobs` at a time.

    Returns:
        Int, the number of chapters that failed; nothing was written for them.
    """
    places = asyncio.Semaphore(jobs)

    async def build_one(slug):
        async with places:
            notebook = from_source(SOURCES / f"{slug}.py")
            before = None if force else read(slug)
            if before is None or not keep_outputs(notebook, before):
                print(f"{slug}: running", flush=True)
                try:
                    await execute(notebook, NOTEBOOKS)
                except RuntimeError as error:
                    print(f"{slug}: not written, {error}", file=sys.stderr)
                    return 1
            write(notebook, NOTEBOOKS / f"{slug}.ipynb")
            print(f"{slug}: written", flush=True)
            return 0

    return sum(await asyncio.gather(*map(build_one, slugs)))


def main(argv=None):
    """Builds the chapters named, or all, that are not up to date."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "chapters",
        nargs="*",
        help="names such as 03_stride_and_size; all, if none is given",
    )
    parser.add_argument(
        "--force", action="store_true", help="build what is up to date, too"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="notebooks run at a time (1)"
    )
    options = parser.parse_args(argv)
    known = [path.stem for path in chapters()]
    named = [pathlib.Path(name).stem for name in options.chapters]
    slugs = list(dict.fromkeys(named)) or known
    if unknown := sorted(set(slugs) - set(known)):
        parser.error(
            f"no source named {', '.join(unknown)} in notebooks/src. "
            f"There are: {', '.join(known)}"
        )
    if options.jobs < 1:
        parser.error(f"--jobs must be at least 1. Received: {options.jobs}")
    stale = [slug for slug in slugs if options.force or not is_current(slug)]
    for slug in slugs:
        if slug not in stale:
            print(f"{slug}: up to date")
    return min(asyncio.run(build(stale, options.jobs, options.force)), 1)


if __name__ == "__main__":
    sys.exit(main())
