"""Holds test_notebooks.py's checks against notebooks spoiled on purpose."""

import nbformat
import pytest
from test_notebooks import (
    ALT_TEXT,
    ENDING,
    ROOT,
    builder,
    check_drift,
    code_cells,
    problems,
)


@pytest.fixture
def sound():
    """A small notebook with which nothing is wrong."""
    new_code, new_text = (
        nbformat.v4.new_code_cell,
        nbformat.v4.new_markdown_cell,
    )
    setup = new_code(
        builder.SETUP.format(repository=builder.repository(), devices=1),
        metadata=builder.SETUP_METADATA,
    )
    picture = nbformat.v4.new_output("display_data", {"image/png": "aaaa"})
    alt = {"mystnb": {"image": {"alt": "A sentence."}}}
    figure = new_code("figure", outputs=[picture], metadata=alt)
    way = f"[Contents]({builder.CONTENTS})"
    cells = [
        new_text(
            f"# A title\n\n{builder.badge('a_chapter')}\n\n{way}\n\n> A box."
        ),
        setup,
        new_code("the map", metadata=builder.MAP_METADATA),
        *(new_code(f"print({number})") for number in range(30)),
        figure,
        new_text(f"{ALT_TEXT}A sentence."),
        *(new_text(f"## {name}") for name in ENDING),
        new_text(way),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=builder.METADATA)
    for number, cell in enumerate(code_cells(notebook)):
        cell.execution_count = number + 1
    return notebook


def set_output(notebook, kind, **fields):
    notebook.cells[5].outputs = [nbformat.v4.new_output(kind, **fields)]


def never_executed(notebook):
    for cell in code_cells(notebook):
        cell.execution_count = None


def ran_twice(notebook):
    notebook.cells[5].execution_count = 40


def stderr(notebook):
    set_output(notebook, "stream", name="stderr", text="a warning")


def untagged_error(notebook):
    set_output(notebook, "error", ename="E", evalue="", traceback=[])


def tag_without_error(notebook):
    notebook.cells[5].metadata["tags"] = ["raises-exception"]


def local_path(notebook):
    set_output(notebook, "stream", text=f"File {ROOT}/x.py")


def unexplained_ignore(notebook):
    notebook.cells[5].metadata["tags"] = ["nbval-ignore-output"]


def empty_reason(notebook):
    unexplained_ignore(notebook)
    notebook.cells[5].metadata["reason"] = " "


def skip(notebook):
    notebook.cells[5].metadata["tags"] = ["nbval-skip"]


def ignore_comment(notebook):
    notebook.cells[5].source = "# NBVAL_IGNORE_OUTPUT"


def widget_state(notebook):
    notebook.metadata["widgets"] = {}


def widget_output(notebook):
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
    set_output(notebook, "display_data", data=view)


def other_badge(notebook):
    cell = notebook.cells[0]
    cell.source = cell.source.replace("github/", "github/someone-")


def other_setup(notebook):
    cell = notebook.cells[1]
    cell.source = cell.source.replace("github.com/", "github.com/someone-")


def no_setup(notebook):
    notebook.cells[1].metadata = {}


def second_title(notebook):
    notebook.cells[-1].source += "\n# Another"


def no_box(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace(">", "")


def no_takeaways(notebook):
    notebook.cells[-4].source = "## Something else"


def long_text(notebook):
    notebook.cells[-1].source += "\n" + "word " * 2_100


def long_cell(notebook):
    notebook.cells[5].source = "\n".join(["1"] * 16)


def few_cells(notebook):
    del notebook.cells[27:33]
    for number, cell in enumerate(code_cells(notebook)):
        cell.execution_count = number + 1


def no_alt_text(notebook):
    notebook.cells[-6].source = "A picture"


def no_stamped_alt(notebook):
    notebook.cells[-7].metadata = {}


def other_alt(notebook):
    notebook.cells[-6].source += " More."


def no_way_at_the_end(notebook):
    notebook.cells[-1].source = "The end"


def no_map(notebook):
    notebook.cells[2].metadata = {}


def image_without_alt(notebook):
    notebook.cells[-1].source += "\n![](picture.png)"


def list_in_a_sentence(notebook):
    notebook.cells[-1].source += "\n\nSection 4 says: 3\n- 1 is 2."


def same_id(notebook):
    notebook.cells[6].id = notebook.cells[5].id


FAULTS = {
    never_executed: "not executed",
    ran_twice: "not executed",
    stderr: "stderr",
    untagged_error: "an error without its tag",
    tag_without_error: "a tag without",
    local_path: "a path of one machine",
    unexplained_ignore: "without a reason",
    empty_reason: "without a reason",
    skip: "hidden from nbval",
    ignore_comment: "hidden from nbval",
    widget_state: "widget state",
    widget_output: "a widget",
    other_badge: "no badge",
    other_setup: "setup cell lacks the address",
    no_setup: "not the one setup cell",
    second_title: "not one title",
    no_box: "no box",
    no_takeaways: "does not end with",
    long_text: "2,000 words",
    long_cell: "15 lines",
    few_cells: "35 to 60",
    no_alt_text: "a figure without **Figure.**",
    no_stamped_alt: "a figure without alternative text",
    other_alt: "a figure without alternative text",
    no_way_at_the_end: "no way to the contents",
    no_map: "no map of the network",
    image_without_alt: "image without alt",
    list_in_a_sentence: "begins a list: - 1 is 2",
    same_id: "not a valid notebook",
}


def test_a_sound_notebook_passes(sound):
    assert problems(sound, "a_chapter") == []


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda fault: fault.__name__)
def test_each_fault_is_caught(sound, spoil):
    spoil(sound)
    found = problems(sound, "a_chapter")
    assert len(found) == 1
    assert FAULTS[spoil] in found[0]


@pytest.mark.parametrize("field", ["source", "id"])
def test_drift_is_caught(tmp_path, monkeypatch, field):
    (tmp_path / "a.py").write_text("# %% [markdown]\n# # A\n\n# %%\n1 + 1\n")
    monkeypatch.setattr(builder, "SOURCES", tmp_path)
    notebook = builder.from_source(tmp_path / "a.py")
    notebook.cells[1].execution_count = 1
    assert problems(notebook, "a", [check_drift]) == []
    notebook.cells[1][field] = "changed"
    assert "does not fit" in problems(notebook, "a", [check_drift])[0]
    assert "no source" in problems(notebook, "b", [check_drift])[0]
