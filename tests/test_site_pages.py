"""The website's generated pages: the package, for teachers, how to cite.

They are held against the modules as Python imports them, and against the
notebooks; tests/website looks at them in a browser.
"""

import ast
import importlib
import inspect
import itertools
import pathlib
import pkgutil
import re

import build_notebooks as builder
import docutils.core
import nbformat
import pytest
import site_answers
import site_api
import site_chapters
import site_cite
import site_docstrings
import site_teachers
import yaml
from sphinx.ext.napoleon import Config, GoogleDocstring

import alexnet_keras

ROOT = pathlib.Path(__file__).resolve().parents[1]

# What has no entry of its own: the command line has its --help, and the
# chapters' exercises have the teachers' pages.
WITHOUT = re.compile(r"alexnet_keras\.(commands|__main__|exercises\.(?!core))")
MODULES = sorted(
    {
        found.name
        for found in pkgutil.walk_packages(
            alexnet_keras.__path__, "alexnet_keras."
        )
        if not WITHOUT.match(found.name)
    }
    | {"alexnet_keras"}
)
CHAPTERS = [site_teachers.read(path) for path in builder.chapters()]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages of the package, by their names."""
    folder = tmp_path_factory.mktemp("source")
    site_api.write(folder)
    return {path.stem: path.read_text() for path in folder.glob("api/*.md")}


def entries(pages):
    """The dotted names that the pages document, once for each time."""
    named = r"^\.\. auto(?:class|function):: (\S+)$"
    data = r"^\.\. py:data:: (\w+)\n   :module: (\S+)$"
    text = "\n".join(pages.values())
    return re.findall(named, text, re.MULTILINE) + [
        f"{module}.{name}" for name, module in re.findall(data, text, re.M)
    ]


def public(module):
    """The names without an underscore that a module itself defines."""
    own = importlib.import_module(module)
    made = {
        name
        for name, thing in vars(own).items()
        if callable(thing) and getattr(thing, "__module__", None) == module
    }
    source = inspect.getsource(own)
    for several in re.findall(r"^(\w+(?:, \w+)*) = ", source, re.M):
        made |= set(several.split(", "))
    return {f"{module}.{name}" for name in made if name[0] != "_"}


def test_every_room_has_a_page(pages):
    rooms = {
        found.name for found in pkgutil.iter_modules(alexnet_keras.__path__)
    }
    assert pages.keys() == rooms - {"__main__"} | {"index"}
    listed = re.findall(
        r"^\| \[`(\w+)`\]\(\1\.md\) \| \S", pages["index"], re.M
    )
    assert sorted(listed) == sorted(pages.keys() - {"index"})


def test_every_public_name_has_one_entry(pages):
    found = entries(pages)
    assert len(found) == len(set(found))
    assert set(found) == set().union(*map(public, MODULES))


def test_every_entry_says_something(pages):
    for name in entries(pages):
        module, _, name = name.rpartition(".")
        thing = getattr(importlib.import_module(module), name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name


@pytest.mark.parametrize(
    "package",
    ["", ".data", ".datasets.solids", ".exchange", ".runs", ".visualize"],
)
def test_what_a_package_exports_leads_to_its_home(pages, package):
    face = importlib.import_module(f"alexnet_keras{package}")
    page = pages[package.split(".")[1] if package else "index"]
    prefix = f"{package[1:]}." if package else ""
    links = dict(re.findall(r"\{py:obj\}`(\S+) <(\S+)>`", page))
    for name in face.__all__:
        module, _, home = links[prefix + name].rpartition(".")
        assert f"{module}.{home}" in entries(pages)
        own = getattr(importlib.import_module(module), home)
        assert own is getattr(face, name)


def test_each_command_tells_its_options(pages):
    text = pages["commands"]
    commands = re.findall(r"^    (\w+)  +\S", text.partition("\n## ")[2], re.M)
    assert "train" in commands
    for command in commands:
        assert f"\n## alexnet-keras {command}\n" in text
        assert f"\nusage: alexnet-keras {command} [-h]" in text


def docstrings():
    for path in sorted((ROOT / "alexnet_keras").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            kinds = ast.Module | ast.ClassDef | ast.FunctionDef
            if isinstance(node, kinds) and ast.get_docstring(node):
                name = getattr(node, "name", "")
                yield f"{path.stem}.{name}", ast.get_docstring(node)


def test_every_docstring_is_read_right():
    settings = {
        name.removeprefix("napoleon_"): value
        for name, value in site_api.SETTINGS.items()
        if name.startswith("napoleon_")
    }
    config = Config(**{f"napoleon_{k}": v for k, v in settings.items()})
    for name, text in docstrings():
        text = site_docstrings.in_rst(text)
        rst = str(GoogleDocstring(text, config, what="function", name=name))
        assert ":rtype:" not in rst, name  # no sentence taken for a type
        halt = {"report_level": 2, "halt_level": 2}
        docutils.core.publish_doctree(rst, settings_overrides=halt)


@pytest.mark.parametrize(
    ("markdown", "rst"),
    [
        ("Two `Conv`s.", "Two ``Conv``\\ s."),
        ("`(host:\n    port)` is", "``(host: port)`` is"),
        ("``x`` stays", "``x`` stays"),
        ("Returns:\n    Int: 0 or 1.", "Returns:\n    : Int: 0 or 1."),
    ],
)
def test_code_of_docstrings_becomes_literals(markdown, rst):
    assert site_docstrings.in_rst(markdown) == rst


def test_names_of_the_package_in_docstrings_become_links():
    homes = site_api.homes()
    for said, home in {
        "networks.NETWORKS": "networks.NETWORKS",
        "exchange.load": "exchange.loading.load",  # by the package's face
        "AlexNetMini": "models.AlexNetMini",  # of the module itself
    }.items():
        linked = site_docstrings.with_links(
            f"A ``{said}``.", "alexnet_keras.models.AlexNet", homes
        )
        assert linked == f"A :py:obj:`{said} <alexnet_keras.{home}>`."
    for said in ("data", "AlexNet", "keras.layers.Conv2D", "None"):
        text = f"A ``{said}``."
        assert text == site_docstrings.with_links(
            text, "alexnet_keras.models.AlexNet", homes
        )


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.slug)
def test_a_chapters_page_has_what_the_notebook_has(chapter):
    notebook = nbformat.read(builder.NOTEBOOKS / f"{chapter.slug}.ipynb", 4)
    box = " ".join(notebook.cells[0].source.replace("\n>", " ").split())
    for label in ("You will be able to", "Takes", "Needs", "Stands on"):
        assert f"**{label}** {chapter.box[label]}" in box
    asked = "\n".join(cell.source for cell in notebook.cells)
    for question in chapter.questions.values():
        assert f"# {question.title}\n" in asked
        assert question.text in asked
        assert question.code in asked
    numbers = range(1, 1 + asked.count("### Exercise "))
    assert [chapter.questions[f"q{n}"].title[:11] for n in numbers] == [
        f"Exercise {n}:" for n in numbers
    ]


@pytest.mark.parametrize("path", builder.chapters(), ids=lambda p: p.stem)
def test_a_chapter_as_a_page_speaks_of_the_notebook_where_it_is_meant(path):
    cells = site_chapters.for_the_book(path).cells
    name, question, how, *_ = cells[0].source.split("\n\n")
    assert name == f"# {site_chapters.name_of(path.stem)}"
    assert question.startswith("## ")
    assert question[3:] == builder.title_of(path).partition(". ")[2]
    assert f"/notebooks/{path.stem}.ipynb), or with `make lab`" in how
    text = "\n".join(cell.source for cell in cells)
    assert "In the notebook, replace each `...`" in text
    assert not re.search(r"Remove\s+the\s+`#`", text)
    assert "ex.progress()" not in text
    judged = [
        output
        for cell in cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "Not attempted" in str(output)
    ]
    assert judged == []


def test_chapters_stand_on_earlier_ones():
    for number, chapter in enumerate(CHAPTERS):
        assert set(chapter.stands_on) <= set(range(number))
    assert CHAPTERS[3].stands_on == (1, 2)
    assert site_teachers.all_below(3, CHAPTERS) == {0, 1, 2, 3}
    assert 13 not in site_teachers.all_below(15, CHAPTERS)


# One whose answers are values, one with functions, one that computes them.
@pytest.mark.parametrize("number", [3, 4, 15])
def test_every_wrong_answer_is_shown_with_its_message(number):
    chapter = CHAPTERS[number]
    wrong = importlib.import_module(f"answers.{chapter.module}").WRONG
    exercises = site_answers.exercises(chapter.module)
    page = site_teachers.page(chapter, exercises)
    assert list(exercises) == list(wrong)
    for name, answers in wrong.items():
        shown = exercises[name].wrong
        for one, (answer, phrase) in zip(shown, answers, strict=True):
            assert phrase in one.says
            assert "Not yet" not in one.says
            if isinstance(answer, int | str | tuple):
                assert ast.literal_eval(one.code) == answer
            told = [" ".join(one.says.split()), one.says]
            text = exercises[name].in_markdown()
            assert any(said in text for said in told)
        assert f"wrong answers ({len(answers)})\n{text}\n" in page


def test_of_a_nearly_right_dictionary_what_differs_is_shown():
    q3 = site_answers.exercises("stride_and_size")["q3"]
    assert q3.wrong[0].code == '{"values": 27_225}'
    q1 = site_answers.exercises("local_response_normalization")["q1"]
    assert q1.wrong[0].code == "{'tensorflow': {'depth_radius': 5}}"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.slug)
def test_what_is_shown_as_an_answer_names_nothing_of_the_tests(chapter):
    answers = importlib.import_module(f"answers.{chapter.module}")
    own = {
        name
        for name, thing in vars(answers).items()
        if getattr(thing, "__module__", answers.__name__).startswith(
            ("answers.", "alexnet_keras.exercises.")
        )
        and not inspect.ismodule(thing)
    }
    for exercise in site_answers.exercises(chapter.module).values():
        assert None not in [one.says for one in exercise.wrong]
        for code in filter(None, [one.code for one in exercise.wrong]):
            tree = ast.parse(code)
            defined = {
                part.arg for part in ast.walk(tree) if isinstance(part, ast.arg)
            } | {
                part.id
                for part in ast.walk(tree)
                if isinstance(part, ast.Name)
                and isinstance(part.ctx, ast.Store)
            }
            named = {p.id for p in ast.walk(tree) if isinstance(p, ast.Name)}
            assert not (named - defined) & own, code


def test_a_function_out_of_the_tests_parts_is_told_by_its_message():
    q1 = site_answers.exercises("relu")["q1"]
    assert None in [one.code for one in q1.wrong]
    text = q1.in_markdown()
    assert "_bend" not in text
    assert "\n- `values` is a tenth everywhere." in text
    assert "def number_by_number(x):" in text
    assert "Tried with" not in text


def test_the_sums_are_those_of_the_chapters():
    known = {
        chapter.slug: {
            name: site_answers.Answers("", "", (), [None] * 3)
            for name in chapter.questions
        }
        for chapter in CHAPTERS
    }
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in site_teachers.times(CHAPTERS, known).splitlines()[2:]
    ]
    *chapters, last = rows
    for column in (1, 2, 4, 5):
        total = sum(float(row[column]) for row in chapters)
        assert float(last[column]) == total
    hours = {row[0].partition(".")[0][1:]: row for row in chapters}
    assert float(hours["3"][3]) == sum(float(hours[n][2]) for n in "0123")


def test_the_citation_is_that_of_the_file(tmp_path):
    site_cite.write(tmp_path)
    page = (tmp_path / "cite.md").read_text()
    course = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    [paper] = course["references"]
    for work in (course, paper):
        assert f"title = {{{{{work['title']}}}}}" in page
    assert f"version = {{{alexnet_keras.__version__}}}" in page
    assert course["repository-code"] in page
    assert page.count(paper["title"]) == 2  # in a sentence and in BibTeX
    for one, other in itertools.pairwise(paper["authors"]):
        names = [
            f"{a['family-names']}, {a['given-names']}" for a in (one, other)
        ]
        assert " and ".join(names) in page
