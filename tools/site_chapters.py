"""A chapter as a page of the book: what a page does otherwise than a notebook.

The way to the neighbours and the badge are the theme's own; hints and solutions
stand folded under their exercise; the setup cell is folded, too.
"""

import importlib
import re

import build_notebooks
import nbformat

EXERCISES = re.compile(r"from alexnet_keras\.exercises import (\w+) as ex")
ANSWERS = re.compile(r"\A# ex\.(\w+)\.hint\(\)\n# ex\.\1\.solution\(\)\Z")
ROW = re.compile(r"^\| (\d\d_\w+) \| (.+?) \| (.+?) \|", re.MULTILINE)
FOLDED = ":::::{{dropdown}} {title}\n{text}\n:::::"


def folded(exercise):
    """Returns the Markdown of an exercise's hints and its solution, folded."""
    count = len(exercise.hints)
    parts = [
        FOLDED.format(title=f"Hint {number} of {count}", text=hint)
        for number, hint in enumerate(exercise.hints, 1)
    ]
    text = exercise.solution().text
    return "\n\n".join([*parts, FOLDED.format(title="Solution", text=text)])


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
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if "setup" in tags:
            cell.metadata["tags"] = [*tags, "hide-input"]
        elif "map" in tags:
            cell.metadata["tags"] = [*tags, "remove-input"]
        elif cell.cell_type == "markdown":
            source = cell.source.replace(build_notebooks.badge(path.stem), "")
            cell.source = source.replace(way, "").strip()
        elif answers := ANSWERS.match(cell.source.strip()):
            notebook.cells[number] = nbformat.v4.new_markdown_cell(
                folded(getattr(module, answers[1])), id=cell.id
            )
    notebook.cells = [cell for cell in notebook.cells if cell.source]
    return notebook


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


def with_contents(text):
    """Puts the table of chapters where a page says `<!-- chapters -->`."""
    readme = build_notebooks.ROOT / "README.md"
    rows = ROW.findall(readme.read_text(encoding="utf-8"))
    lines = ["| chapter | question | minutes |", "|---|---|---|"]
    for slug, question, minutes in rows:
        link = f"[{name_of(slug)}](notebooks/{slug}.ipynb)"
        lines.append(f"| {link} | {question} | {minutes} |")
    return text.replace("<!-- chapters -->", "\n".join(lines))
