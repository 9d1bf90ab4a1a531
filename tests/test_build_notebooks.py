"""The builder of the notebooks, run on small chapters in a folder apart."""

import pathlib
import sys

import nbformat
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import build_notebooks as builder  # noqa: E402

CHAPTER = """\
# %% [markdown]
# # Title
# > Box.

# %%
import pathlib
import sys

print(pathlib.Path.cwd().name, sys.executable)

# %%
1 + 1

# %%
1 + 1

# %% tags=["raises-exception"]
[][0]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of notebooks with the source of one chapter."""
    monkeypatch.setattr(builder, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(builder, "SOURCES", tmp_path / "src")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(CHAPTER)
    return tmp_path


def test_notebook_is_executed_here_and_rebuilt_byte_for_byte(folder, capsys):
    assert builder.main([]) == 0
    written = (folder / "a.ipynb").read_bytes()
    notebook = nbformat.reads(written.decode(), as_version=4)
    code = notebook.cells[1:]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4]
    assert code[0].outputs[0].text == f"{folder.name} {sys.executable}\n"
    assert code[1].outputs[0].data["text/plain"] == "2"
    assert code[3].outputs[0].traceback == [
        "IndexError: list index out of range"
    ]
    assert notebook.metadata == builder.METADATA
    assert "execution" not in str(notebook.cells[1].metadata)

    assert builder.main([]) == 0
    assert "a: up to date" in capsys.readouterr().out
    assert builder.main(["--force", "a"]) == 0
    assert (folder / "a.ipynb").read_bytes() == written


def test_ids_follow_the_cells_alone(folder):
    path = folder / "src" / "a.py"
    ids = [cell.id for cell in builder.from_source(path).cells]
    assert len(set(ids)) == len(ids)  # two cells have the same source
    path.write_text(CHAPTER.replace("[][0]", "[][1]"))
    changed = [cell.id for cell in builder.from_source(path).cells]
    assert changed[:-1] == ids[:-1]
    assert changed[-1] != ids[-1]
    other = path.rename(path.with_name("b.py"))
    assert not set(ids) & {cell.id for cell in builder.from_source(other).cells}


def test_a_failing_cell_is_reported_and_nothing_is_written(folder, capsys):
    before = "kept"
    (folder / "a.ipynb").write_text(before)
    (folder / "src" / "a.py").write_text("# %%\nx = 0\n\n# %%\n1 / x\n")
    assert builder.main(["--force"]) == 1
    report = capsys.readouterr().err
    for part in ("a: not written", "cell 2 of 2", "1 / x", "ZeroDivisionError"):
        assert part in report
    assert "\x1b" not in report
    assert (folder / "a.ipynb").read_text() == before
    assert sorted(p.name for p in folder.iterdir()) == ["a.ipynb", "src"]


def test_one_failing_chapter_does_not_stop_another(folder):
    (folder / "src" / "b.py").write_text("# %%\n1 / 0\n")
    assert builder.main(["--jobs", "2"]) == 1
    assert (folder / "a.ipynb").exists()
    assert not (folder / "b.ipynb").exists()


def test_a_dead_kernel_is_reported(folder, capsys):
    (folder / "src" / "a.py").write_text("# %%\nimport os\nos._exit(3)\n")
    assert builder.main([]) == 1
    assert "os._exit(3)" in capsys.readouterr().err
    assert not (folder / "a.ipynb").exists()


def test_an_unexecuted_or_edited_notebook_is_out_of_date(folder):
    assert not builder.is_current("a")
    notebook = builder.from_source(folder / "src" / "a.py")
    builder.write(notebook, folder / "a.ipynb")
    assert not builder.is_current("a")
    for number, cell in enumerate(notebook.cells[1:]):
        cell.execution_count = number + 1
    builder.write(notebook, folder / "a.ipynb")
    assert builder.is_current("a")
    notebook.cells[0].source += "\nedited"
    builder.write(notebook, folder / "a.ipynb")
    assert not builder.is_current("a")


def test_the_address_of_pyproject_is_stamped(folder, monkeypatch):
    address = "https://github.com/someone/somewhere"
    monkeypatch.setattr(builder, "repository", lambda: address)
    path = folder / "src" / "a.py"
    path.write_text('# %% [markdown]\n# # A\n\n# %% tags=["setup"] devices=2\n')
    title, setup = builder.from_source(path).cells
    assert (
        "github/someone/somewhere/blob/main/notebooks/a.ipynb" in title.source
    )
    assert f"git+{address}\n" in setup.source
    assert "distribution.start(2)" in setup.source
    assert setup.metadata["cellView"] == "form"


def test_an_unknown_chapter_is_refused(folder, capsys):
    with pytest.raises(SystemExit):
        builder.main(["nothing"])
    error = capsys.readouterr().err
    assert "no source named nothing" in error
    assert "There are: a" in error


def test_an_invalid_notebook_is_not_written(folder):
    notebook = builder.from_source(folder / "src" / "a.py")
    notebook.cells[1].execution_count = "one"
    with pytest.raises(nbformat.ValidationError):
        builder.write(notebook, folder / "a.ipynb")
    assert [path.name for path in folder.iterdir()] == ["src"]
