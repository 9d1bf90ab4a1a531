"""A chapter as a page of the book: what a page does otherwise than a notebook.

It is named by its subject, as in the table of chapters; below come its question
and how to run it. The way to the neighbours is the theme's own. Hints and
solutions stand folded under their exercise, whose check has judged nothing yet,
so its verdict and `progress` are left out; the setup cell is folded, too.
"""

import functools
import importlib
import re

import build_notebooks
import nbformat

EXERCISES = re.compile(r"from alexnet_keras\.exercises import (\w+) as ex")
# `# ex.q1.hint()`; one cell serves six: `# ex.patient_1.hint()  # or ...`
OFFER = re.compile(
    r"^# ex\.(\w+?)(_1)?\.(?:hint|solution)\(\).*\n?", re.MULTILINE
)
# What a reader of a page is told otherwise than one of a notebook.
WORDS = {
    r"Remove the `#` before `ex\.q1.*?for the next hint": (
        "Open the hints one by one"
    ),
    r"Replace each `\.\.\.` and run the cell\.": (
        "In the notebook, replace each `...` and run the cell."
    ),
    r"Remove the\s+`#` and": "In the notebook, remove the `#` and",
    r"Click into a code cell": "In the notebook, click into a code cell",
}
TITLE = re.compile(r"\A# \d+\. (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| (\d\d_\w+) \| (.+?) \| (.+?) \|", re.MULTILINE)
HOW = "Read it here, or run it: [in Colab]({colab}), or with `make lab`."


def fold(title, text):
    """Returns Markdown that shows a text only when its title is opened."""
    return f":::::{{dropdown}} {title}\n{text}\n:::::"


def folded(exercise, whose=""):
    """Returns the Markdown of an exercise's hints and its solution, folded."""
    count = len(exercise.hints)
    texts = {f"Hint {n} of {count}": h for n, h in enumerate(exercise.hints, 1)}
    texts["Solution"] = exercise.solution().text
    return "\n\n".join(
        fold(f"{whose}{title}", text) for title, text in texts.items()
    )


def offered(source, module):
    """Returns what a cell offers to show, folded: Markdown, or ""."""
    found = OFFER.search(source)
    if not found:
        return ""
    name, first = found.groups()
    if not first:
        return folded(getattr(module, name))
    names = [each for each in vars(module) if each.startswith(f"{name}_")]
    return "\n\n".join(
        folded(
            getattr(module, each), f"{each.replace('_', ' ').capitalize()}: "
        )
        for each in sorted(names)
    )


def for_the_book(path):
    """Reads a chapter as the book shows it.

    Args:
        path: Path of the chapter's source; its notebook lies above it.

    Returns:
        `NotebookNode`, with the outputs of the notebook.
    """
    notebook = build_notebooks.read(path.stem)
    if notebook is None:
        raise FileNotFoundError(
            f"{path.stem}.ipynb is not there, or never ran. Run `make "
            "notebooks` first."
        )
    way = build_notebooks.neighbours(path)
    code = "\n".join(cell.source for cell in notebook.cells)
    found = EXERCISES.search(code)
    module = found and importlib.import_module(
        f"alexnet_keras.exercises.{found[1]}"
    )
    cells = []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if cell.source.strip() == "ex.progress()":
            continue
        cells.append(cell)
        if "setup" in tags:
            cell.metadata["tags"] = [*tags, "hide-input"]
        elif "map" in tags:
            cell.metadata["tags"] = [*tags, "remove-input"]
        elif cell.cell_type == "markdown":
            cell.source = told(cell.source.replace(way, ""), path.stem)
        else:
            cell.outputs = [out for out in cell.outputs if not is_verdict(out)]
            if text := offered(cell.source, module):
                cell.source = OFFER.sub("", cell.source).strip()
                folds = nbformat.v4.new_markdown_cell(text, id=f"{cell.id}-")
                cells.append(folds)
    notebook.cells = [cell for cell in cells if cell.source]
    return notebook


def told(source, slug):
    """Returns a cell's Markdown in the words of a page."""
    badge = build_notebooks.badge(slug)
    [colab] = re.findall(r"\]\(([^)]+)\)$", badge)
    source = source.replace(badge, HOW.format(colab=colab))
    source = TITLE.sub(rf"# {name_of(slug)}\n\n## \1", source)
    for words, others in WORDS.items():
        source = re.sub(words, others, source, flags=re.DOTALL)
    return source.strip()


def is_verdict(output):
    """Says whether an output is that of a check which had nothing to judge."""
    text = "".join(output.get("data", {}).get("text/markdown", ""))
    return " Not attempted.**" in text


def name_of(slug):
    """Returns a chapter's short name, such as "3. Stride and size"."""
    name = slug[3:].replace("_", " ").capitalize()
    for word, right in (
        ("Relu", "ReLU"),
        ("gpus", "GPUs"),
        ("alexnet", "AlexNet"),
    ):
        name = name.replace(word, right)
    return f"{int(slug[:2])}. {name}"


@functools.cache
def rows():
    """Reads README's table of chapters.

    Returns:
        List of `(slug, question, minutes)`, all str.
    """
    readme = build_notebooks.ROOT / "README.md"
    return ROW.findall(readme.read_text(encoding="utf-8"))


def contents():
    """Returns the table of chapters that stands on the front page."""
    lines = ["| chapter | question | minutes |", "|---|---|---|"]
    for slug, question, minutes in rows():
        link = f"[{name_of(slug)}](notebooks/{slug}.ipynb)"
        lines.append(f"| {link} | {question} | {minutes} |")
    return "\n".join(lines)
