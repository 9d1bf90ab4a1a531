"""The command `grade`: what comes of submitted notebooks, whatever they do."""

import codecs
import csv
import itertools
import re
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from alexnet_keras.commands import kernels, main, submissions
from alexnet_keras.exercises import stride_and_size

ROOT = Path(__file__).parents[1]
IMPORT = "from alexnet_keras.exercises import stride_and_size as ex"
WAYS = "[(230, 0, 'down'), (224, 0, 'up'), (224, 2, 'down')]"


def notebook(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells.insert(0, nbformat.v4.new_markdown_cell("# A submission"))
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def submit(tmp_path):
    """Writes a notebook with cells of code; gives its path."""
    numbers = itertools.count()

    def write(*sources, name=None):
        path = tmp_path / "submitted" / (name or f"{next(numbers)}.ipynb")
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook(*sources), path)
        return path

    return write


@pytest.fixture
def grade(tmp_path, capsys):
    """Grades; gives the exit code, the table's rows and what was said.

    The rows are a dict by file and exercise, of pairs of outcome and message.
    """
    numbers = itertools.count()

    def run(*arguments):
        out = tmp_path / f"marks-{next(numbers)}.csv"
        code = main(["grade", *map(str, arguments), "--csv", str(out)])
        # by this mark Excel knows UTF-8
        assert out.read_bytes().startswith(codecs.BOM_UTF8)
        with open(out, newline="", encoding="utf-8-sig") as file:
            rows = {
                (row["notebook"], row["exercise"]): (
                    row["outcome"],
                    row["message"],
                )
                for row in csv.DictReader(file)
            }
        return code, rows, capsys.readouterr()

    return run


def outcomes(rows, name="0.ipynb"):
    return {
        exercise: outcome
        for (notebook, exercise), (outcome, _) in rows.items()
        if notebook == name
    }


def test_each_outcome_comes_out_though_cells_fail_on_the_way(submit, grade):
    path = submit(
        f"{IMPORT}\nex.recall.check(121)",
        "1 / 0",
        "ex.recall.check(363)",
        "ex.recall.check(1)",
        "ways = nowhere\nex.q1.check(ways)",
        "ex.q2.check(224)",
        "ex.q3.check(...)",
    )
    before = path.read_bytes()
    code, rows, said = grade(path)
    assert code == 0
    assert outcomes(rows) == {
        "recall": "correct",  # a success stays
        "q1": "error",
        "q2": "not yet",
        "q3": "not attempted",
    }
    told = {exercise: message for (_, exercise), (_, message) in rows.items()}
    assert told["recall"] == stride_and_size.recall.insight
    assert told["q1"] == "NameError: name 'nowhere' is not defined"
    assert told["q2"].startswith("Give a dictionary with the keys 6400")
    assert "q1 error" in said.err
    assert "with your rights" in said.err
    table = said.out.splitlines()
    assert table[1].split()[1:] == ["3", "1", "1", "1", "1", "0"]
    assert path.read_bytes() == before


def test_verdicts_are_the_exercises_own_and_not_what_is_printed(submit, grade):
    code, rows, _ = grade(
        submit(
            "from alexnet_keras.exercises import (  # all\n"
            "    stride_and_size as mine,\n"
            ")",
            "print('**✓ Correct.** q2')",
            f"judge = mine.q1.check; judge({WAYS})",
            "# mine.q3.check(1)",
        )
    )
    assert code == 0
    assert rows["0.ipynb", "q1"][0] == "correct"
    assert rows["0.ipynb", "q2"] == ("not attempted", "no cell checks it")
    assert rows["0.ipynb", "q3"] == ("not attempted", "no cell checks it")


STARTS_OTHERS = """
import os, subprocess, sys
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
begun = [
    subprocess.Popen(sleep, start_new_session=alone) for alone in (False, True)
]
pids = [os.getpid(), *[each.pid for each in begun]]
open(FILE, "w").write(" ".join(map(str, pids)))
"""


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ("while True: print('x' * 1000)", "the time limit of 12 s"),
        ("os._exit(0)", "the kernel died"),
    ],
)
def test_a_cell_that_does_not_come_back_is_ended_with_what_it_started(
    submit, grade, tmp_path, last, message
):
    pids = tmp_path / "pids"
    path = submit(
        f"{IMPORT}\nex.recall.check(363)",
        STARTS_OTHERS.replace("FILE", repr(str(pids))),
        f"{last}\nex.q1.check({WAYS})",
        "ex.q2.check(1)",
    )
    began = time.monotonic()
    code, rows, said = grade(path, "--time-limit", 12)
    assert time.monotonic() - began < 60
    assert code == 1
    assert outcomes(rows) == {
        "recall": "correct",
        "q1": "error",
        "q2": "not run",
        "q3": "not attempted",
    }
    assert message in rows["0.ipynb", "q1"][1]
    assert message in said.err
    assert "in code cell 3 of 4" in said.err
    gone = [int(pid) for pid in pids.read_text().split()]
    alive = [pid for pid in gone if psutil.pid_exists(pid)]
    states = {psutil.Process(pid).status() for pid in alive}
    assert states <= {psutil.STATUS_ZOMBIE}


def test_sys_exit_input_and_a_slip_are_errors_of_their_cells(submit, grade):
    code, rows, _ = grade(
        submit(
            IMPORT,
            "import sys; sys.exit('enough')",
            f"ex.q1.check({WAYS})",
            "ex.q2.check(input())",
            "ex.q3.check((1, 2)",
        )
    )
    assert code == 0
    assert rows["0.ipynb", "q1"][0] == "correct"
    assert rows["0.ipynb", "q2"][0] == "error"
    assert "does not support input" in rows["0.ipynb", "q2"][1]
    outcome, message = rows["0.ipynb", "q3"]
    assert outcome == "error"
    assert re.fullmatch(r"SyntaxError: [^()]+ \(line 1\)", message)


def test_it_works_in_a_folder_of_its_own_and_installs_nothing(
    submit, grade, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALEXNET_KERAS_DATA", "prepared")
    path = submit(
        f"{IMPORT}\nimport os, tempfile\nopen('note.txt', 'w').write('mine')",
        "raise RuntimeError(os.getcwd(), tempfile.mkdtemp(), "
        "os.environ['ALEXNET_KERAS_DATA'])\nex.recall.check(1)",
        "from IPython.utils.capture import capture_output\n"
        "with capture_output() as shown:\n    %pip install nothing\n"
        "raise RuntimeError(shown.stdout)\nex.q1.check(1)",
        "with capture_output() as shown:\n    !pip --version\n"
        "raise RuntimeError(shown.stdout)\nex.q2.check(1)",
        "from google.colab import drive\nex.q3.check(1)",
    )
    code, rows, _ = grade(path)
    assert code == 0
    work, made, data = re.findall(r"'(.*?)'", rows["0.ipynb", "recall"][1])
    assert data == str(tmp_path / "prepared")
    assert Path(made).is_relative_to(Path(work).parent)
    assert not Path(work).parent.exists()
    assert not list(tmp_path.rglob("note.txt"))
    assert "Nothing is installed while" in rows["0.ipynb", "q1"][1]
    assert "none, since notebooks are graded" in rows["0.ipynb", "q2"][1]
    assert "No module named 'google.colab'" in rows["0.ipynb", "q3"][1]


def test_what_is_no_submission_has_a_line_and_is_not_run(
    submit, grade, tmp_path, monkeypatch
):
    monkeypatch.setattr(kernels, "run", None)
    folder = submit("print(1)", name="=other.ipynb").parent
    submit(IMPORT, name=".ipynb_checkpoints/a.ipynb")
    (folder / "text.ipynb").write_text("no notebook")
    (folder / "half.ipynb").write_text(
        '{"cells": [{"cell_type": "code"}], "nbformat": 4, "nbformat_minor": 5}'
    )
    code, rows, said = grade(folder, tmp_path / "gone.ipynb")
    assert code == 1
    assert rows == {
        ("'=other.ipynb", ""): (  # as a spreadsheet must have it
            "not run",
            "it imports no exercises of this course",
        ),
        ("text.ipynb", ""): ("not run", "it is no notebook, or a damaged one"),
        ("half.ipynb", ""): ("not run", "it is no notebook, or a damaged one"),
        ("gone.ipynb", ""): (
            "not run",
            "it cannot be read: No such file or directory",
        ),
    }
    assert "4 could not be graded" in said.err
    assert "Traceback" not in said.err


def test_a_kernel_that_cannot_be_used_is_one_notebooks_matter(
    submit, grade, monkeypatch
):
    monkeypatch.setattr(kernels, "_environment", lambda folder: {"A": 1})
    code, rows, _ = grade(submit(IMPORT, "ex.q1.check(1)"))
    assert code == 1
    outcome, message = rows["0.ipynb", "q1"]
    assert outcome == "not run"
    assert message.startswith("the kernel could not be used any more: ")


def test_ctrl_c_keeps_what_was_graded(submit, tmp_path, monkeypatch, capsys):
    submit(IMPORT)

    def stop(cells, seconds):
        if "last" in cells:
            raise KeyboardInterrupt
        return [kernels.Step(None, {}) for _ in cells], None

    monkeypatch.setattr(kernels, "run", stop)
    folder = submit(IMPORT, "last").parent
    out = tmp_path / "marks.csv"
    assert main(["grade", str(folder), "--csv", str(out)]) == 130
    assert len(out.read_text().splitlines()) == 1 + 4
    assert "1 of 2 notebooks were not graded" in capsys.readouterr().err


def test_bad_arguments_are_refused_before_anything_runs(
    submit, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(kernels, "run", None)
    path, there = submit(IMPORT), tmp_path / "there.csv"
    there.write_text("mine")
    (tmp_path / "empty").mkdir()
    for arguments, part in (
        ([path, "--csv", there], "is there already"),
        ([tmp_path / "empty"], "no notebook in the folder"),
        ([path, "--time-limit", "0"], "invalid positive whole number"),
    ):
        try:
            code = main(["grade", *map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        assert code == 2
        assert part in capsys.readouterr().err
    assert there.read_text() == "mine"


def test_without_jupyter_it_names_what_to_install(submit, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "jupyter_client", None)
    assert main(["grade", str(submit(IMPORT))]) == 2
    assert 'pip install -e ".[notebooks]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {"status": "error"},
        {"data": {"text/plain": "nonsense"}},
        {"data": {"text/plain": "'[1]'"}},
        {"data": {"text/plain": """'{"a": {"q1": [1]}}'"""}},
    ],
)
def test_a_verdict_that_is_none_leaves_the_last_one(told):
    known = {"filters": {"q1": ("correct", "Well.")}}
    assert kernels._read(told, known) is known


def test_the_chapters_are_those_of_the_course():
    slugs = sorted(path.stem for path in ROOT.glob("notebooks/src/*.py"))
    found = submissions.chapters()
    assert [chapter.number for chapter in found] == [*range(len(slugs))]
    for chapter, slug in zip(found, slugs, strict=True):
        path = ROOT / "notebooks" / f"{slug}.ipynb"
        submission = submissions.read(path)
        assert submission.chapters == [chapter]
        checked = set(
            re.findall(r"ex\.(\w+)\.check", "".join(submission.cells))
        )
        assert checked == set(chapter.exercises)


def test_help_and_guide_say_what_code_of_strangers_may_do(capsys):
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for part in ("with your rights", "forge its own outcome", "container"):
        assert part in said
    guide = (ROOT / "docs" / "grading.md").read_text(encoding="utf-8")
    for part in (
        "with your rights",
        "forge",
        "--network none",
        ":ro",
        "memory",
    ):
        assert part in guide
