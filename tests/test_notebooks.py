"""The structure of the notebooks, which nbval does not look at.

Each check takes a notebook and yields what is wrong with it.
test_notebook_checks.py holds the checks against notebooks spoiled on purpose.
"""

import itertools
import json
import pathlib
import re

import build_notebooks as builder
import nbformat
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]

SLUGS = sorted(path.stem for path in builder.NOTEBOOKS.glob("*.ipynb"))
ENDING = ["AlexNet so far", "Three takeaways", "Exercises", "What comes next"]
ALT_TEXT = builder.FIGURE


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def markdown(notebook):
    cells = (c.source for c in notebook.cells if c.cell_type == "markdown")
    return re.sub(r"```.*?```", "", "\n".join(cells), flags=re.DOTALL)


def is_tagged(cell, tag):
    return tag in cell.metadata.get("tags", [])


def check_format(notebook, slug):
    try:
        nbformat.validate(notebook)
    except (nbformat.ValidationError, Warning) as error:
        yield f"not a valid notebook: {error.args[0]}"
    if "widgets" in notebook.metadata:
        yield "widget state in the metadata"
    if len(json.dumps(notebook)) > 1_500_000:
        yield "larger than 1.5 MB"


def check_execution(notebook, slug):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"not executed from top to bottom: {counts}"
    for cell in code_cells(notebook):
        kinds = [output.output_type for output in cell.outputs]
        if ("error" in kinds) != is_tagged(cell, "raises-exception"):
            yield f"an error without its tag, or a tag without it: {cell.id}"


def check_outputs(notebook, slug):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.get("name") == "stderr":
                yield f"stderr: {output.text}"
            data = output.get("data", {"text/plain": str(output)})
            text = "".join(v for k, v in data.items() if k.startswith("text/"))
            if "application/vnd.jupyter.widget-view+json" in data:
                yield f"a widget, which shows nothing when reopened: {cell.id}"
            for place in (str(ROOT), str(pathlib.Path.home()), "site-packages"):
                if place in text:
                    yield f"a path of one machine: {place}"


def check_nbval(notebook, slug):
    for cell in code_cells(notebook):
        reason = cell.metadata.get("reason", "")
        if is_tagged(cell, "nbval-ignore-output") and not reason.strip():
            yield f"nbval-ignore-output without a reason: {cell.id}"
        if is_tagged(cell, "nbval-skip") or "NBVAL_" in cell.source:
            yield f"hidden from nbval: {cell.id}"


def check_address(notebook, slug):
    """The badge and the setup cell name the project's one address."""
    first = notebook.cells[0].source
    if first.count("colab-badge") != 1 or builder.badge(slug) not in first:
        yield "no badge for Colab with the address of pyproject.toml"
    setup = [cell for cell in code_cells(notebook) if is_tagged(cell, "setup")]
    if len(setup) != 1 or code_cells(notebook)[0] not in setup:
        yield "the first code cell is not the one setup cell"
    elif f"git+{builder.repository()}\n" not in setup[0].source:
        yield "the setup cell lacks the address of pyproject.toml"


def check_stamps(notebook, slug):
    """The way to the neighbours at both ends, and the map of the network."""
    ends = [notebook.cells[0].source, notebook.cells[-1].source]
    if any(f"[Contents]({builder.CONTENTS})" not in end for end in ends):
        yield "no way to the contents at the top and at the bottom"
    code = code_cells(notebook)
    if not (len(code) > 1 and is_tagged(code[1], "map")):
        yield "no map of the network after the setup cell"


LIVE = re.escape(f"{builder.address('Documentation')}/explore/")


def check_text(notebook, slug):
    text = markdown(notebook)
    titles = re.findall("^# .+", text, re.MULTILINE)
    if len(titles) != 1 or not text.startswith("# "):
        yield f"not one title, at the top: {titles}"
    if not re.search("^>", notebook.cells[0].source, re.MULTILINE):
        yield "no box under the title"
    sections = re.findall("^## (.+)", text, re.MULTILINE)
    if [name for name in sections if name in ENDING] != ENDING:
        yield f"does not end with {ENDING}"
    stamps = (
        rf"^.*\[Contents\].*$|{re.escape(ALT_TEXT)}AlexNet from the image.*"
    )
    own = re.sub(stamps, "", text, flags=re.MULTILINE)
    own = re.sub(rf"^.*\]\({LIVE}.*(?:\n.+)*", "", own, flags=re.MULTILINE)
    num_words = len(re.findall(r"\w[^\s|]*", re.sub(r"\]\(.*?\)", "]", own)))
    if num_words > 2_100:
        yield f"more than about 2,000 words: {num_words}"
    if re.search(r"!\[\s*\]\(", text):
        yield "an image without alt text"
    marker = r"(?:[-+*]|\d+[.)]) "
    for before, line in itertools.pairwise(text.splitlines()):
        if re.match(marker, line) and re.match(rf"(?!{marker}| |>|$)", before):
            yield f"a line inside a paragraph that begins a list: {line}"


def check_cells(notebook, slug):
    cells = notebook.cells
    every = r"(# )?ex\.(recall\.\w+|progress)\("  # as every chapter has it
    own = len([c for c in cells if not re.search(every, c.source)])
    own -= 3  # the map, its sentence and the way at the end
    if not 35 <= own <= 60:
        yield f"not 35 to 60 cells: {own}"
    for cell in code_cells(notebook):
        if cell.source.count("\n") >= 15:
            yield f"a cell of more than 15 lines: {cell.source[:60]}"
    for cell, after in zip(cells, [*cells[1:], None], strict=True):
        has_figure = any(
            "image/png" in output.get("data", {})
            for output in cell.get("outputs", [])
        )
        if has_figure and not (after and after.source.startswith(ALT_TEXT)):
            yield f"a figure without {ALT_TEXT}under it: {cell.source[:60]}"
        elif has_figure:
            stamp = cell.metadata.get("mystnb", {}).get("image", {})
            if stamp.get("alt") != builder.alternative_text(after.source):
                yield f"a figure without alternative text: {cell.source[:60]}"


def check_drift(notebook, slug):
    """The cells and their ids are those that the source gives."""
    source = builder.SOURCES / f"{slug}.py"
    if not source.exists():
        yield f"no source: {source.name}"
    elif builder.without_outputs(notebook) != builder.from_source(source):
        yield f"does not fit {source.name}: run `make notebooks`"


CHECKS = (
    check_format,
    check_execution,
    check_outputs,
    check_nbval,
    check_address,
    check_stamps,
    check_text,
    check_cells,
)


def problems(notebook, slug, checks=CHECKS):
    return [fault for check in checks for fault in check(notebook, slug)]


@pytest.mark.parametrize("slug", SLUGS)
def test_notebook_is_sound_and_fits_its_source(slug):
    path = builder.NOTEBOOKS / f"{slug}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert problems(notebook, slug, (*CHECKS, check_drift)) == []


def test_nine_in_ten_outputs_are_compared(capsys):
    shares = {}
    for slug in SLUGS:
        notebook = nbformat.read(builder.NOTEBOOKS / f"{slug}.ipynb", 4)
        cells = code_cells(notebook)
        left_out = [c for c in cells if is_tagged(c, "nbval-ignore-output")]
        shares[slug] = 1 - len(left_out) / len(cells)
    with capsys.disabled():
        for slug, share in shares.items():
            print(
                f"\n{slug}: {share:.0%} of the code cells are compared", end=""
            )
        print()
    assert min(shares.values()) >= 0.9


def test_the_way_to_the_neighbours_leads_to_notebooks():
    for slug in SLUGS:
        notebook = nbformat.read(builder.NOTEBOOKS / f"{slug}.ipynb", 4)
        links = re.findall(r"\]\((\w+)\.ipynb\)", notebook.cells[-1].source)
        place = SLUGS.index(slug)
        around = [
            *SLUGS[max(place - 1, 0) : place],
            *SLUGS[place + 1 : place + 2],
        ]
        assert links == around
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "\n## The course\n" in readme  # where CONTENTS leads


def test_chapters_link_to_terms_that_the_glossary_has():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^## (.+)$", glossary, re.MULTILINE)
    assert terms == sorted(set(terms), key=str.casefold)
    anchors = {term.lower().replace(" ", "-") for term in terms}
    for slug in SLUGS:
        notebook = nbformat.read(builder.NOTEBOOKS / f"{slug}.ipynb", 4)
        links = re.findall(
            r"\]\(\.\./docs/glossary\.md#([\w-]+)\)", markdown(notebook)
        )
        assert links
        assert {*links} <= anchors
        assert len({*links}) == len(links)  # only the first use


def test_every_source_has_its_notebook():
    assert sorted(p.stem for p in builder.SOURCES.glob("*.py")) == SLUGS


def test_readme_has_every_notebooks_badge_and_no_other():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    addresses = re.findall(r"https://colab\.research[^)\s]*ipynb", readme)
    badges = [builder.badge(slug) for slug in SLUGS]
    assert all(badge in readme for badge in badges)
    assert len(addresses) == len(badges)
