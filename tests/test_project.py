"""The promises that the project's files make to one another."""

import ast
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import alexnet_keras

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "alexnet_keras"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
MAKEFILE = (ROOT / "Makefile").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
# "| 5 | `building`, `weights` | heart |"
ROOMS = {
    room: (int(level), kind)
    for level, rooms, kind in re.findall(
        r"^\| (\d+) \| (`.*?`) \|(.*?)\|$", CONTRIBUTING, re.MULTILINE
    )
    for room in re.findall("`(.*?)`", rooms)
}
# "| `data` | `decoding` < `folders`, `cache` |"
INSIDE = {
    (package, module): rank
    for package, order in re.findall(
        r"^\| `(\w+)` \| (`.* < .*`) \|$", CONTRIBUTING, re.MULTILINE
    )
    for rank, modules in enumerate(order.split("<"))
    for module in re.findall("`(.*?)`", modules)
}
# Modules that do not have the name of what pip installs, or come with it.
DISTRIBUTIONS = {
    "IPython": "ipywidgets",
    "PIL": "pillow",
    "jupyter_client": "jupyterlab",
    "nbformat": "jupyterlab",
    "sklearn": "scikit-learn",
}
HEAVY = {"tensorflow_datasets", "matplotlib", "sklearn", "PIL"}
# Absent on Windows: https://docs.python.org/3/library/unix.html
POSIX_ONLY = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}


def place_of(path):
    """The room of a file, and its module within: `("data", "cache")`."""
    room, *inner = path.relative_to(PACKAGE).with_suffix("").parts
    if inner == ["__init__"] and len([*path.parent.rglob("*.py")]) == 1:
        inner = []  # a folder for its files: the face is all there is
    return room, ".".join(inner)


def module_of(name):
    """The room and the module that a dotted name lies in."""
    parts = name.split(".")[1:]
    while parts:
        path = PACKAGE.joinpath(*parts)
        if path.with_suffix(".py").is_file():
            return place_of(path.with_suffix(".py"))
        if path.is_dir():
            return place_of(path / "__init__.py")
        parts.pop()  # a function or a class
    return "__init__", ""


def imports_of(path):
    """Yields `(dotted name, is it imported when the module is)` of a file."""

    def walk(node, at_import):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, at_import) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:  # relative to the file's own package
                    package = path.relative_to(ROOT).parts[: -child.level]
                    base = ".".join([*package, base]).rstrip(".")
                if base.split(".")[0] == "alexnet_keras":
                    for alias in child.names:
                        yield f"{base}.{alias.name}", at_import
                else:
                    yield base, at_import
            inside = isinstance(
                child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
            )
            yield from walk(child, at_import and not inside)

    yield from walk(ast.parse(path.read_text()), True)


SOURCES = sorted(set(PACKAGE.rglob("*.py")) - {PACKAGE / "__init__.py"})
each_source = pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix()
)


@each_source
def test_imports_flow_down_only(path):
    room, module = place_of(path)
    assert room in ROOMS, "give it a level in CONTRIBUTING.md's table"
    if module:
        assert (room, module) in INSIDE, "give it a place in its package"
    for name, _ in imports_of(path):
        if name.split(".")[0] != "alexnet_keras":
            assert name.split(".")[0] not in ("tests", "notebooks", "tools")
            continue
        other, part = module_of(name)
        if other == room:
            ranks = INSIDE[room, part], INSIDE[room, module]
            assert ranks[0] < ranks[1], f"{module} imports {name}"
        else:
            assert ROOMS[other] < ROOMS[room], f"{room} imports {name}"


def test_the_heart_lies_below_the_wings():
    levels = {"heart": set(), "wing": set()}
    for level, kind in ROOMS.values():
        if kind.strip():
            levels[kind.strip().removesuffix("s")].add(level)
    assert max(levels["heart"]) < min(levels["wing"])


def test_the_tables_name_what_there_is():
    places = [place_of(path) for path in [*SOURCES, PACKAGE / "__init__.py"]]
    assert {room for room, _ in places} == ROOMS.keys()
    assert {place for place in places if place[1]} == INSIDE.keys()


PLAIN = ("rows", "shapes", "networks", "files", "lazily")
KERAS = ("layers", "building", "models", "placement", "weights", "exchange")


@each_source
def test_heavy_imports_happen_where_they_are_used(path):
    room, _ = place_of(path)
    allowed = {
        "visualize": {"matplotlib"},
        "datasets": {"tensorflow_datasets"},
    }.get(room, set())
    top = {
        name.split(".")[0] for name, at_import in imports_of(path) if at_import
    }
    assert not top & (HEAVY - allowed)
    if room in PLAIN:
        assert top <= {"alexnet_keras", *sys.stdlib_module_names}
    if room in KERAS:
        known = {"alexnet_keras", "keras", "numpy"}
        assert top - sys.stdlib_module_names <= known


@each_source
def test_a_function_fits_a_screen(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node):
                first = node.body[0]
                length -= first.end_lineno - first.lineno + 1
            assert length <= 60, f"{node.name} has {length} lines"


@each_source
def test_every_import_is_declared(path):
    extras = (
        Requirement(r).name
        for extra in ("notebooks", "convert", "heic", "peers")
        for r in EXTRAS[extra]
    )
    declared = {Requirement(r).name for r in PROJECT["dependencies"]} | {
        *extras
    }
    tops = {name.split(".")[0] for name, _ in imports_of(path)}
    for name in tops - sys.stdlib_module_names - {"alexnet_keras"}:
        assert DISTRIBUTIONS.get(name, name.replace("_", "-")) in declared, name


@each_source
def test_no_module_needs_posix(path):
    assert not POSIX_ONLY & {name for name, _ in imports_of(path)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import PIL.Image", [("PIL.Image", True)]),
        ("def f():\n    import PIL", [("PIL", False)]),
        ("class A:\n    import PIL", [("PIL", True)]),
        ("from alexnet_keras import data", [("alexnet_keras.data", True)]),
        ("from . import data", [("alexnet_keras.data", True)]),
        ("from .data import load", [("alexnet_keras.data.load", True)]),
    ],
)
def test_the_reader_of_imports_sees_every_form(
    tmp_path, monkeypatch, source, expected
):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "alexnet_keras").mkdir()
    path = tmp_path / "alexnet_keras" / "module.py"
    path.write_text(source)
    assert list(imports_of(path)) == expected


def modules_after(code):
    """Top-level packages that another process has loaded after `code`."""
    code += "; print(*{name.split('.')[0] for name in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", "import sys; " + code],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(result.stdout.splitlines()[-1].split()) - sys.stdlib_module_names


@pytest.mark.parametrize(
    "code",
    [
        "import alexnet_keras",
        "import alexnet_keras.networks",
        "import alexnet_keras.runs.workers",
        "from alexnet_keras.commands import main; main(['summary'])",
    ],
)
def test_the_tables_need_neither_tensorflow_nor_keras(code):
    loaded = modules_after(code)
    assert not loaded & {"tensorflow", "keras", "numpy"}


def test_layers_and_models_load_no_more_than_keras():
    code = "import keras; before = {name.split('.')[0] for name in sys.modules}"
    code += "; import alexnet_keras.layers, alexnet_keras.models"
    code += "; [sys.modules.pop(name) for name in [*sys.modules]"
    code += " if name.split('.')[0] in before]"
    assert modules_after(code) == {"alexnet_keras"}


@pytest.mark.parametrize("package", ["", ".data", ".exchange", ".runs"])
def test_every_public_name_exists(package):
    face = importlib.import_module(f"alexnet_keras{package}")
    for name in face.__all__:
        assert getattr(face, name).__name__ == name
        assert name in dir(face)
    with pytest.raises(AttributeError, match="nothing"):
        _ = face.nothing


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert alexnet_keras.__version__ == PROJECT["version"]
    assert citation["version"] == PROJECT["version"]
    assert f"\n## {PROJECT['version']}" in changelog
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert citation["license"] == PROJECT["license"]


def test_the_console_script_is_installed():
    (script,) = importlib.metadata.entry_points(
        group="console_scripts", name="alexnet-keras"
    )
    assert callable(script.load())


def test_conda_installs_what_pyproject_names():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, from_pip = conda["dependencies"]
    low_to_high = sorted(
        PROJECT["requires-python"].split(","), key=lambda bound: bound[0] != ">"
    )
    assert python == "python" + ",".join(low_to_high)
    assert pip == "pip"
    assert from_pip == {"pip": ["-e .[notebooks,convert,heic,test]"]}
    assert {"notebooks", "convert", "test"} <= EXTRAS.keys()


def pins(name="requirements.txt"):
    """Maps names to the pinned requirements of a file."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            requirement, *hashes = line.split("--hash=sha256:")
            assert all(re.fullmatch("[0-9a-f]{64} *", h) for h in hashes), line
            assert hashes, line
            pin = Requirement(requirement)
            assert re.fullmatch(r"==[^,*]+", str(pin.specifier)), line
            found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_requirements_pin_everything_that_pyproject_names(python, platform):
    here = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": platform,
    }
    assert_pinned(pins(), here)


def assert_pinned(pinned, here):
    names = [*PROJECT["dependencies"]]
    for extra in ("notebooks", "convert", "heic", "site", "test"):
        names += EXTRAS[extra]
    for wanted in map(Requirement, names):
        (pin,) = [
            pin
            for pin in pinned[canonicalize_name(wanted.name)]
            if pin.marker is None or pin.marker.evaluate(here)
        ]
        (version,) = pin.specifier
        assert wanted.specifier.contains(version.version), f"{pin} / {wanted}"


def test_the_oldest_versions_are_those_of_colab_and_the_lower_bounds():
    oldest = pins("requirements-oldest.txt")
    assert_pinned(oldest, None)
    versions = {
        name: next(iter(pin.specifier)).version
        for name, (pin,) in oldest.items()
    }
    colab = (ROOT / "requirements-oldest.in").read_text()
    for pin in map(Requirement, re.findall("^[a-z].*", colab, re.MULTILINE)):
        assert pin.specifier.contains(versions[canonicalize_name(pin.name)])
    names = PROJECT["dependencies"]
    for extra in ("notebooks", "convert", "heic"):
        names = [*names, *EXTRAS[extra]]
    for wanted in map(Requirement, names):
        for bound in wanted.specifier:
            tried = versions[canonicalize_name(wanted.name)]
            assert bound.operator == ">="
            assert Version(bound.version) == Version(tried), wanted


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-oldest.txt"]
)
def test_requirements_name_no_index_and_nothing_huge(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "index" not in text
    huge = re.compile("torch.*|jax.*|nvidia-.*|triton|uv|pip")
    assert not [pin for pin in pins(name) if huge.fullmatch(pin)]


def committed_files():
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("needs a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in listing.split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_no_file_names_a_path_of_one_machine_or_a_registry():
    slash, dot = re.escape("/"), re.escape(".")
    forbidden = re.compile(
        rf"(?<![\w.]){slash}(root|work|home|Users|opt){slash}\w"
        rf"|{dot}{dot}{slash}shared"
        rf"|pypi{dot}org|pythonhosted{dot}org|npmjs{dot}(org|com)"
        rf"|download{dot}pytorch{dot}org|conda{dot}anaconda{dot}org"
    )
    for path in committed_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        if path.is_relative_to(ROOT / "site" / "explore"):
            text = re.sub(r"\.\./shared/", "", text)  # a folder of its own
        match = forbidden.search(text)
        assert not match, f"{path.relative_to(ROOT)}: {match[0]}"


def test_ci_runs_every_tier():
    script = (ROOT / ".ci" / "run").read_text()
    tiers = re.findall(r"^run .*make (\S+)$", script, re.MULTILINE)
    assert tiers[0] == "environment"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    workflow = yaml.safe_load(
        (ROOT / ".github" / "workflows" / "test.yml").read_text()
    )
    assert workflow["permissions"] == {"contents": "read"}
    jobs = workflow["jobs"]["test"]["strategy"]["matrix"]["include"]
    linux = [job for job in jobs if job["os"].startswith("ubuntu")]
    assert {job["python"] for job in linux} == {"3.11", "3.12", "3.13"}
    assert len(linux) < len(jobs)
    commands = [job["command"] for job in jobs]
    assert commands.count(".ci/run") == 1
    commands += [f"make {tier}" for tier in tiers]
    for name in TARGETS:
        assert not name.startswith("test") or f"make {name}" in commands, name


def test_ci_lets_no_test_have_a_network_where_linux_permits():
    script = (ROOT / ".ci" / "run").read_text()
    lines = re.findall(r"^run (.*)make (test\S*)$", script, re.MULTILINE)
    assert lines
    assert all(before == "offline " for before, _ in lines)


def test_the_site_is_published_only_when_its_tests_pass():
    workflow = yaml.safe_load(
        (ROOT / ".github" / "workflows" / "site.yml").read_text()
    )
    assert workflow["permissions"] == {"contents": "read"}
    commands = [
        step.get("run", "") for step in workflow["jobs"]["build"]["steps"]
    ]
    assert any(command.startswith("make test-site") for command in commands)
    assert workflow["jobs"]["publish"]["needs"] == "build"
    assert "test-site: site" in MAKEFILE


def stages_of_the_dockerfile():
    """Maps each stage to what it stands on and to its instructions."""
    text = DOCKERFILE.replace("\\\n", " ")
    stages = {}
    for word, rest in re.findall(r"^([A-Z]+) +(.*)$", text, re.MULTILINE):
        if word == "FROM":
            base, stage = rest.split(" AS ")
            stages[stage] = base, []
        elif stages:
            stages[stage][1].append((word, rest))
    return stages


def test_the_container_of_editors_is_the_dockerfiles_and_makes_what_there_is():
    folder = ROOT / ".devcontainer"
    container = json.loads((folder / "devcontainer.json").read_text())
    build = container["build"]
    assert (folder / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (folder / build["context"]).resolve() == ROOT
    assert build["target"] in stages_of_the_dockerfile()
    made = container["postCreateCommand"].removeprefix("make ")
    assert made in TARGETS
    custom = container["customizations"]
    (opened,) = custom["codespaces"]["openFiles"]
    assert (ROOT / opened).is_file()
    assert opened == min(
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("notebooks/*.ipynb")
    )
    assert f"code {opened};" in container["postAttachCommand"]
    extensions = custom["vscode"]["extensions"]
    assert {"ms-python.python", "ms-toolsai.jupyter"} <= {*extensions}
    python = custom["vscode"]["settings"]["python.defaultInterpreterPath"]
    (venv,) = re.findall("^VENV := (.*)$", MAKEFILE, re.MULTILINE)
    assert python == f"${{containerWorkspaceFolder}}/{venv}/bin/python"


def test_the_image_installs_by_hashes_what_is_there_and_is_not_roots():
    stages = stages_of_the_dockerfile()
    users = " ".join(rest for word, rest in stages["base"][1] if word == "RUN")
    for stage in ("development", "installed"):
        base, lines = stages[stage]
        assert base == "base"
        (user,) = [rest for word, rest in lines if word == "USER"]
        assert re.search(rf"useradd [^&]*\b{user}\b", users)
    runs = [rest for word, rest in lines if word == "RUN"]
    assert runs[0].endswith("pip install --require-hashes -r requirements.txt")
    (entry,) = [rest for word, rest in lines if word == "ENTRYPOINT"]
    assert json.loads(entry)[0] in PROJECT["scripts"]
    copied = [rest.split()[:-1] for word, rest in lines if word == "COPY"]
    let_in = (ROOT / ".dockerignore").read_text().split("\n")
    for source in sum(copied, []):
        assert (ROOT / source).exists()
        assert f"!{source}" in let_in


def test_the_image_has_a_python_that_the_package_takes():
    (python,) = re.findall("^ARG PYTHON=(.*)$", DOCKERFILE, re.MULTILINE)
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)


@pytest.mark.parametrize("name", ["many-machines", "grading"])
def test_the_guides_build_the_image_that_the_dockerfile_makes(name):
    guide = (ROOT / "docs" / f"{name}.md").read_text()
    (line,) = re.findall(r"^docker build (.*) \.$", guide, re.MULTILINE)
    for extra in re.findall(r"--build-arg EXTRA=(\S+)", line):
        assert extra in EXTRAS
    (tag,) = re.findall(r"--tag (\S+)", line)
    assert guide.count(tag.removesuffix(":latest")) > 1


def forms():
    paths = (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")
    return {path.stem: yaml.safe_load(path.read_text()) for path in paths}


@pytest.mark.parametrize("name", ["defect", "idea"])
def test_issue_forms_are_what_github_takes(name):
    form = forms()[name]
    assert form.keys() <= {"name", "description", "title", "labels", "body"}
    assert all(form[key].strip() for key in ("name", "description"))
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    for key in ("id", "label"):
        found = [
            field.get(key, field["attributes"]["label"]) for field in fields
        ]
        assert len({*found}) == len(found)
    for field in fields:
        assert field["type"] in ("dropdown", "input", "textarea")
        assert re.fullmatch("[a-z]+", field["id"])
        options = field["attributes"].get("options", ["one"])
        assert all(isinstance(option, str) for option in options)
        assert len({*options}) == len(options)
        assert "none" not in [option.lower() for option in options]  # reserved


def test_issue_forms_ask_what_a_report_needs():
    asked = {name: {} for name in ("defect", "idea")}
    for name, fields in asked.items():
        for field in forms()[name]["body"]:
            fields[field.get("id")] = field
        slugs = sorted(path.stem for path in ROOT.glob("notebooks/*.ipynb"))
        chapters = fields["chapter"]["attributes"]["options"]
        assert chapters == ["no chapter", *slugs]
    names = {"chapter", "cell", "place", "versions", "seen", "expected"}
    assert names <= asked["defect"].keys()
    versions = asked["defect"]["versions"]["attributes"]["description"]
    assert "`alexnet-keras --version`" in versions
    addresses = [link["url"] for link in forms()["config"]["contact_links"]]
    addresses += re.findall(r"\((http.*?)\)", str(asked["defect"]))
    for address in addresses:
        start = f"{PROJECT['urls']['Repository']}/blob/main/"
        assert (ROOT / address.removeprefix(start)).is_file()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(name):
    named = re.findall(
        r"(?:^|`|&& )make ([a-z][a-z-]*)",
        (ROOT / name).read_text(),
        re.MULTILINE,
    )
    assert set(named) <= TARGETS
