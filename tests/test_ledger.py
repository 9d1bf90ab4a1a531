"""The ledger is whole, and what its rows point at is there."""

import ast
import functools
import pathlib
import re
import runpy
import urllib.request

import jupytext
import pytest

from alexnet_keras import ledger

ROOT = pathlib.Path(__file__).parents[1]
SOURCES = ROOT / "notebooks" / "src"
CLAIMS = ledger.read()
PROGRAM = (
    "https://raw.githubusercontent.com/computerhistory/AlexNet-Source-Code/"
    "2f8b81f76470bf873c865754ad8f4a5e0dbbeb7b/"
)
QUOTED = [c for c in CLAIMS if c.source in ("source", "museum") and c.quote]


@functools.cache
def code_cells(chapter):
    """The code cells of a chapter's source, as text."""
    cells = jupytext.read(SOURCES / f"{chapter}.py").cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


@functools.cache
def functions(path):
    """Names that a file's top level defines, found without importing it."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef)}


def faults(claim):
    """What a claim points at and is not there."""
    if claim.chapter and not (SOURCES / f"{claim.chapter}.py").is_file():
        yield f"no chapter {claim.chapter}"
    elif claim.cell:
        found = sum(claim.cell in cell for cell in code_cells(claim.chapter))
        if found != 1:
            yield f"{found} cells hold {claim.cell}"
    if claim.test:
        path, _, name = claim.test.partition("::")
        if not (path.startswith("tests/test_") and (ROOT / path).is_file()):
            yield f"no file {path}"
        elif not name.startswith("test_") or name not in functions(ROOT / path):
            yield f"no test {name} in {path}"
    if len(claim.quote.split()) > 12:
        yield "more than a phrase is quoted"
    if not claim.found.endswith("."):
        yield "what is found is no sentence"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_what_a_claim_points_at_is_there(claim):
    assert [*faults(claim)] == []


@pytest.mark.network
@pytest.mark.parametrize("claim", QUOTED, ids=lambda claim: claim.id)
def test_the_program_says_what_is_quoted(claim):
    path, line = re.match(r"([\w./-]+\w)(?::(\d+))?", claim.section).groups()
    with urllib.request.urlopen(PROGRAM + path, timeout=60) as answer:
        text = answer.read().decode()
    if line:
        text = text.splitlines()[int(line) - 1]
    assert claim.quote in text


def test_there_are_claims_of_every_source_and_status():
    assert len(CLAIMS) >= 45
    assert {claim.source for claim in CLAIMS} == {*ledger.SOURCES}
    assert {claim.status for claim in CLAIMS} == {*ledger.STATUSES}
    assert all(re.fullmatch(r"[a-z0-9.-]+", claim.id) for claim in CLAIMS)


@pytest.mark.parametrize(
    ("field", "spoiled", "fault"),
    [
        ("chapter", "03_strides", "no chapter 03_strides"),
        ("cell", "print(places_2013)", "0 cells hold"),
        ("cell", "shapes", "cells hold"),  # in more than one
        ("test", "tests/test_shape.py::test_sizes", "no file"),
        ("test", "tests/test_shapes.py::test_seizes", "no test test_seizes"),
        ("test", "tests/test_shapes.py::network", "no test network"),
        ("test", "tests/test_shapes.py", "no test "),
        ("quote", "word " * 13, "more than a phrase"),
        ("found", "55", "no sentence"),
    ],
)
def test_a_spoiled_claim_is_caught(field, spoiled, fault):
    (claim,) = [claim for claim in CLAIMS if claim.id == "source-ceil"]
    assert [*faults(claim)] == []
    (found,) = faults(claim._replace(**{field: spoiled}))
    assert fault in found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('status = "exact"', 'status = "right"', "`status` must be one of exa"),
        ('source = "paper"', 'source = "blog"', "`source` must be one of pap"),
        ("test =", "tests =", "`test` is missing; there is no `tests`"),
        ('says = "A sum."', "", "claim 2: `says` is missing"),
        ('says = "A sum."', 'says = ""', "`says` is missing"),
        ('id = "b"', 'id = "a"', "claim 2: another claim has this id"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(tmp_path, old, new, message):
    rows = """
        [[claim]]
        id = "a"
        source = "paper"
        section = "1"
        says = "A product."
        status = "needs ImageNet"
        found = "Two runs."

        [[claim]]
        id = "b"
        source = "paper"
        section = "2"
        says = "A sum."
        status = "exact"
        found = "55."
        chapter = "03_stride_and_size"
        cell = "55"
        test = "tests/test_shapes.py::test_units_of_the_paper"
    """
    path = tmp_path / "ledger.toml"
    path.write_text(rows)
    assert [claim.id for claim in ledger.read(path)] == ["a", "b"]
    path.write_text(rows.replace(old, new))
    with pytest.raises(ValueError, match=message):
        ledger.read(path)


def test_the_page_is_what_the_tool_writes():
    tool = runpy.run_path(str(ROOT / "tools" / "build_ledger.py"))
    text = tool["PAGE"].read_text(encoding="utf-8")
    assert text == ledger.markdown(CLAIMS), "run tools/build_ledger.py"
    for target in set(re.findall(r"\]\(([^)#]+)\)", text)):
        assert (tool["PAGE"].parent / target).is_file(), target


def test_the_page_has_every_claim_under_its_status():
    _, *groups = ledger.markdown(CLAIMS).split("\n## ")
    assert len(groups) == len(ledger.STATUSES)
    for status, group in zip(ledger.STATUSES, groups, strict=True):
        assert group.lower().startswith(status.lower())
        rows = [row for row in group.splitlines() if row.startswith("| ")][1:]
        mine = [claim for claim in CLAIMS if claim.status == status]
        assert len(rows) == len(mine) > 0
        for row, claim in zip(rows, mine, strict=True):
            assert claim.found.replace("|", r"\|") in row
            assert len(re.split(r"(?<!\\)\|", row)) == 4 + 2
