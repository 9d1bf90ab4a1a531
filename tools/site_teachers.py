"""The website's pages for teachers: each chapter's aims, times and exercises.

All of it is read or computed: the box at a chapter's head, the questions, the
solutions and hints of the exercises, and the usual wrong answers, which stand
in tests/answers, with what the checkers say of each. The words of the first
page are those of site/pages/teachers/index.md.
"""

import ast
import pathlib
import re
from typing import NamedTuple

import build_notebooks
import jupytext
import site_answers
import site_chapters

PAGE = build_notebooks.ROOT / "site" / "pages" / "teachers" / "index.md"
AIMS, TAKES = "You will be able to", "Takes"
NEEDS, STANDS_ON = "Needs", "Stands on"
HOURS = {"an hour": 1, "an hour and a half": 1.5, "two hours": 2}
HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
CHECKED = re.compile(r"\bex\.(?:(\w+)\.check|check_(\w+)s)\(")


class Question(NamedTuple):
    """An exercise as its chapter puts it: title, Markdown, and code cell."""

    title: str
    text: str
    code: str


class Chapter(NamedTuple):
    """What a teacher wants to know of a chapter.

    Attributes:
        slug: Str, such as `"03_stride_and_size"`.
        title: Str, with its number.
        box: Dict of what the box at its head says, by its bold words.
        minutes: Float, those of a run on two cores, as README has them.
        hours: Float, to work through it.
        stands_on: Tuple of ints, other chapters.
        module: Str, the name of its module of exercises.
        questions: Dict of `Question`, by the names of the exercises.
    """

    slug: str
    title: str
    box: dict
    minutes: float
    hours: float
    stands_on: tuple
    module: str
    questions: dict


def read(path):
    """Reads a chapter's source.

    Args:
        path: Path of a jupytext percent file.

    Returns:
        `Chapter`.
    """
    cells = jupytext.read(path, fmt="py:percent").cells
    quoted = re.findall(r"^> ?(.*)$", cells[0].source, re.MULTILINE)
    _, *parts = re.split(r"\*\*(.+?)\*\*", " ".join(quoted))
    box = {
        label: " ".join(text.split())
        for label, text in zip(parts[::2], parts[1::2], strict=True)
    }
    [time] = re.findall(r"plan (.+?) to work through it", box[TAKES])
    outside = re.sub(r"\(.*?\)", "", box[STANDS_ON])
    minutes = {slug: float(m) for slug, _, m in site_chapters.rows()}
    code = "\n".join(cell.source for cell in cells)
    return Chapter(
        path.stem,
        build_notebooks.title_of(path),
        box,
        minutes[path.stem],
        HOURS[time],
        tuple(map(int, re.findall(r"\d+", outside))),
        site_chapters.EXERCISES.search(code)[1],
        questions(cells),
    )


def questions(cells):
    """Finds what a chapter asks: the text above the cell of each check.

    Args:
        cells: List of a notebook's cells.

    Returns:
        Dict of `Question`, by the exercises' names; several that are checked
        by one call have one, by what their names begin with.
    """
    title, text, found = "", "", {}
    for cell in cells:
        if cell.cell_type == "markdown":
            if headings := [*HEADING.finditer(cell.source)]:
                title = headings[-1][1]
                text = cell.source[headings[-1].end() :]
            else:
                text = f"{text}\n\n{cell.source}"
        elif checked := CHECKED.search(cell.source):
            name = checked[1] or checked[2]
            if name not in found or found[name].title != title:
                found[name] = Question(title, text.strip(), cell.source)
    return found


def write(folder):
    """Lays out teachers/index.md and a page for each chapter.

    Args:
        folder: Path of the book's sources.
    """
    pages = pathlib.Path(folder) / "teachers"
    pages.mkdir(parents=True, exist_ok=True)
    chapters = [read(path) for path in build_notebooks.chapters()]
    exercises = {
        chapter.slug: site_answers.exercises(chapter.module)
        for chapter in chapters
    }
    for chapter in chapters:
        text = page(chapter, exercises[chapter.slug])
        (pages / f"{chapter.slug}.md").write_text(text, encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    text = text.replace("<!-- times -->", times(chapters, exercises))
    entries = [f"{site_chapters.name_of(c.slug)} <{c.slug}>" for c in chapters]
    text = text.replace("<!-- entries -->", "\n".join(entries))
    (pages / "index.md").write_text(text, encoding="utf-8")


def times(chapters, exercises):
    """Returns the Markdown of the table of all chapters, and of its sums."""
    lines = [
        "| chapter | minutes to run | hours | hours with what comes before "
        "| exercises | wrong answers |",
        "|---|---|---|---|---|---|",
    ]
    for number, chapter in enumerate(chapters):
        below = sum(chapters[n].hours for n in all_below(number, chapters))
        own = exercises[chapter.slug].values()
        num_wrong = sum(len(exercise.wrong) for exercise in own)
        lines.append(
            f"| [{site_chapters.name_of(chapter.slug)}]({chapter.slug}.md) "
            f"| {chapter.minutes:g} | {chapter.hours:g} | {below:g} "
            f"| {len(own)} | {num_wrong} |"
        )
    every = [one for own in exercises.values() for one in own.values()]
    lines.append(
        f"| **all** | {sum(chapter.minutes for chapter in chapters):g} "
        f"| {sum(chapter.hours for chapter in chapters):g} | | {len(every)} "
        f"| {sum(len(one.wrong) for one in every)} |"
    )
    return "\n".join(lines)


def all_below(number, chapters):
    """Finds a chapter and all chapters that it stands on, however far below.

    Returns:
        Set of ints.
    """
    found = {number}
    for other in chapters[number].stands_on:
        found |= all_below(other, chapters)
    return found


def page(chapter, exercises):
    """Returns the Markdown of a chapter's page.

    Args:
        chapter: `Chapter`.
        exercises: Dict of `site_answers.Answers`, by their names.
    """
    box = chapter.box
    parts = [
        f"# For teachers: {site_chapters.name_of(chapter.slug)}",
        chapter.title.partition(". ")[2],
        f"[The chapter](../notebooks/{chapter.slug}.ipynb) · [All chapters, "
        "for teachers](index.md)",
        f"**Aims.** {AIMS} {box[AIMS]}",
        f"**Takes** {box[TAKES]}",
        f"**Needs** {box[NEEDS]}",
        f"**Stands on** {box[STANDS_ON]}",
    ]
    asked = None
    for name, exercise in exercises.items():
        of_several = name.rpartition("_")[0]
        question = chapter.questions.get(
            name, chapter.questions.get(of_several)
        )
        title = question.title
        if name not in chapter.questions:
            title += f": {name.replace('_', ' ')}"
        elif name == "recall":
            title = f"{title}: from the chapters before"
        parts.append(f"## {title}")
        if question is not asked:
            parts.append(_from_here(question.text))
            parts.append(f"```python\n{_without_imports(question.code)}\n```")
        asked = question
        parts += answered(exercise)
    return "\n\n".join(parts) + "\n"


def answered(exercise):
    """Returns the folded parts of an exercise, as a list of Markdown."""
    hints = [
        f"{number}. {hint}".replace("\n", "\n   ")
        for number, hint in enumerate(exercise.hints, 1)
    ]
    right = f"{exercise.right}\n\n*To a right answer the checker says:* " + (
        exercise.insight
    )
    return [
        site_chapters.fold("The answer, and why", right),
        site_chapters.fold(f"Hints ({len(hints)})", "\n".join(hints)),
        site_chapters.fold(
            f"Usual wrong answers ({len(exercise.wrong)})",
            exercise.in_markdown(),
        ),
    ]


def _from_here(text):
    """Leads a chapter's links from the teachers' pages."""
    return re.sub(r"\]\((\d\d_\w+\.ipynb)", r"](../notebooks/\1", text)


def _without_imports(code):
    """Returns a cell's code from what comes after its imports."""
    lines = code.splitlines()
    ends = [
        node.end_lineno
        for node in ast.parse(code).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return "\n".join(lines[max(ends, default=0) :]).strip()
