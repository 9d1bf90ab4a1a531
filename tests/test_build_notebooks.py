"""The builder of the notebooks, run on small chapters in a folder apart."""

import base64
import io
import pathlib
import sys

import build_notebooks as builder
import nbformat
import numpy as np
import pytest
from matplotlib import cbook
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]

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


SETUP = '# %% [markdown]\n# # A\n\n# %% tags=["setup"] SETTINGS\n'


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
    code = notebook.cells[1:-1]
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
    assert [one for one in changed if one not in ids] == [changed[-2]]
    other = path.rename(path.with_name("b.py"))
    assert not {*ids} & {cell.id for cell in builder.from_source(other).cells}


def test_a_failing_cell_is_reported_and_nothing_is_written(folder, capsys):
    before = "kept"
    (folder / "a.ipynb").write_text(before)
    (folder / "src" / "a.py").write_text("# %%\nx = 0\n\n# %%\n1 / x\n")
    assert builder.main(["--force"]) == 1
    report = capsys.readouterr().err
    for part in ("a: not written", "cell 2 of 3", "1 / x", "ZeroDivisionError"):
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
    for number, cell in enumerate(notebook.cells[1:-1]):
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
    path.write_text(SETUP.replace("SETTINGS", "devices=2 lit='conv1'"))
    title, setup, *_ = builder.from_source(path).cells
    assert (
        "github/someone/somewhere/blob/main/notebooks/a.ipynb" in title.source
    )
    assert f"git+{address}\n" in setup.source
    assert "distribution.start(2)" in setup.source
    assert setup.metadata["cellView"] == "form"


def test_the_way_to_the_neighbours_is_stamped(folder):
    for name, title in (("b", "2. Next"), ("c", "3. Last")):
        (folder / "src" / f"{name}.py").write_text(
            f"# %% [markdown]\n# # {title}\n"
        )
    ways = {}
    for name in "abc":
        cells = builder.from_source(folder / "src" / f"{name}.py").cells
        ways[name] = cells[-1].source
        assert ways[name] in cells[0].source
    contents = "[Contents](../README.md#the-course)"
    assert ways == {
        "a": f"{contents} · [2. Next →](b.ipynb)",
        "b": f"[← Title](a.ipynb) · {contents} · [3. Last →](c.ipynb)",
        "c": f"[← 2. Next](b.ipynb) · {contents}",
    }


@pytest.mark.parametrize(
    ("lit", "names", "text"),
    [
        ("conv1", ["conv1"], "what is lit: conv1."),
        ("conv1 pool1", ["conv1", "pool1"], "what is lit: conv1 and pool1."),
        ("all", ["input", "conv1", "norm1", "pool1"], "about all of it."),
    ],
)
def test_the_map_is_stamped_and_drawn(folder, lit, names, text):
    path = folder / "src" / "a.py"
    path.write_text(SETUP.replace("SETTINGS", f"lit='{lit}'"))
    _, _, code, sentence, _ = builder.from_source(path).cells
    assert sentence.source.startswith(builder.FIGURE)
    assert text in sentence.source
    assert code.metadata["tags"] == ["map"]
    namespace = {}
    exec(
        code.source.replace("visualize.network", "f = visualize.network"),
        namespace,
    )
    lights = [
        t for t in namespace["f"].axes[0].texts if t.get_weight() == "bold"
    ]
    assert [t.get_text() for t in lights][: len(names)] == names
    path.write_text(SETUP.replace("SETTINGS", ""))
    with pytest.raises(ValueError, match="a.py: the setup cell says nothing"):
        builder.from_source(path)


def test_a_figures_sentence_is_its_alternative_text(folder):
    path = folder / "src" / "a.py"
    path.write_text(
        "# %%\ndraw()\n\n# %% [markdown]\n# **Figure.** A *row* of `3`\n"
        "# [pixels](a.ipynb).\n#\n# More.\n\n# %%\n1\n\n# %% [markdown]\n# x\n"
    )
    first, _, second, *_ = builder.from_source(path).cells
    assert first.metadata["mystnb"] == {"image": {"alt": "A row of 3 pixels."}}
    assert "mystnb" not in second.metadata


def test_where_only_the_text_changed_outputs_are_kept(folder, monkeypatch):
    assert builder.main([]) == 0
    before = nbformat.read(folder / "a.ipynb", as_version=4)

    async def refuse(*_):
        raise RuntimeError("executed")

    path = folder / "src" / "a.py"
    with monkeypatch.context() as patch:
        patch.setattr(builder, "execute", refuse)
        path.write_text(CHAPTER.replace("Box", "Another box"))
        assert builder.main([]) == 0
        after = nbformat.read(folder / "a.ipynb", as_version=4)
        assert "Another box" in after.cells[0].source
        assert [cell.get("outputs") for cell in after.cells] == [
            cell.get("outputs") for cell in before.cells
        ]
        assert builder.is_current("a")
        assert builder.main(["--force"]) == 1
        path.write_text(CHAPTER.replace("1 + 1", "1 + 2"))
        assert builder.main([]) == 1


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


def test_a_picture_keeps_its_look_in_256_colours():
    path = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    with Image.open(path) as file:
        photo = file.convert("RGB")
    png = io.BytesIO()
    photo.save(png, "png")
    before = base64.b64encode(png.getvalue()).decode()
    after = builder.with_fewer_colors(before)
    assert len(after) < len(before) / 2
    with Image.open(io.BytesIO(base64.b64decode(after))) as small:
        apart = np.subtract(small.convert("RGB"), photo, dtype="int16")
    assert np.abs(apart).mean() < 6  # of 255
