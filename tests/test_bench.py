"""The benchmarks: their arithmetic, their tables, and that they run."""

import itertools
import json
import os
import pathlib
import subprocess
import sys

import agreement
import contenders
import feeding
import gpu
import learning
import limit
import numpy as np
import pytest
import speed
import steps
import tables
import torch_turns

from alexnet_keras import networks
from alexnet_keras.rows import Conv, Dense

ROOT = pathlib.Path(__file__).parents[1]


def line(**changes):
    facts = {
        "what": "training step, batch 64",
        "ours": "ours, float32",
        "peer": "theirs",
        "unit": "images/s",
        "values": (60.0, 50.0, 66.0),
        "others": (20.0, 25.0, 30.0),
    }
    return tables.Line(**{**facts, **changes})


def test_a_ratio_is_one_of_the_same_round():
    assert line().ratios == [3.0, 2.0, 2.2]
    assert line(less=True).ratios == pytest.approx([1 / 3, 1 / 2, 1 / 2.2])
    assert line(others=()).ratios == []


@pytest.mark.parametrize(
    ("changes", "reached"),
    [
        ({}, None),
        ({"aim": 2.2}, True),
        ({"aim": 2.21}, False),
        ({"aim": 2.8, "enough": 0.9, "share": 0.91}, True),
        ({"aim": 2.8, "enough": 0.9, "share": 0.89}, False),
        ({"aim": 2.8, "enough": 0.9}, False),
        ({"aim": 2.8, "share": 0.95}, False),
    ],
)
def test_an_aim_is_reached_by_the_median_or_by_the_limit(changes, reached):
    assert line(**changes).reached is reached
    told = {None: "", True: "reached", False: "**missed**"}[reached]
    assert line(**changes).verdict.endswith(told)


def test_the_table_shows_median_least_and_most():
    table = tables.markdown([line(aim=2.8), line(peer="", others=())])
    head, rule, first, second = table.splitlines()
    assert first == (
        "| training step, batch 64 | ours, float32 | theirs | 60.0 images/s | "
        "25.0 images/s | 2.20 (2.00 to 3.00) | at least 2.8: **missed** |"
    )
    assert second == (
        "| training step, batch 64 | ours, float32 |  | 60.0 images/s |  |  |"
        "  |"
    )
    assert {x.count("|") for x in (head, rule, first, second)} == {8}


def test_the_excerpt_has_the_brief_lines_alone():
    lines = [line(ours="a"), line(ours="b", brief=True)]
    excerpt = tables.markdown(lines, brief=True)
    assert "| b |" in excerpt
    assert "| a |" not in excerpt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1793.4, "1793"),
        (123.5, "124"),
        (59.64, "59.6"),
        (2.5, "2.50"),
        (0.0329, "0.0329"),
        (12, "12.0"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert tables.digits(value) == text


def test_the_page_says_plainly_which_aims_are_missed():
    lines = [line(aim=2.0), line(aim=2.8), line()]
    facts = tables.about("python x.py", 3)
    page = tables.page(lines, facts, "How.")
    assert "1 of 2 aims are reached. Missed:\n\n- training step" in page
    assert "2.20 where at least 2.8 is aimed at" in page
    all_reached = tables.page(lines[:1], facts, "How.")
    assert "1 of 1 aims are reached.\n" in all_reached
    assert "Missed" not in all_reached


def test_the_json_has_what_the_table_has():
    facts = tables.about("python x.py", 3)
    found = json.loads(tables.as_json([line(aim=2.8)], facts))
    (row,) = found["lines"]
    assert row["ratio"] == {"median": 2.2, "least": 2.0, "most": 3.0}
    assert row["values"] == [60.0, 50.0, 66.0]
    assert row["reached"] is False
    assert {"command", "date", "processor", "versions"} <= found["about"].keys()
    assert found["about"]["versions"]["keras"]


def test_only_what_stands_between_the_marks_is_replaced():
    first, last = tables.MARKS
    page = f"before\n{first}\nold\n{last}\nafter"
    found = tables.insert(page, r"new \1")
    assert found == f"before\n{first}\n\nnew \\1\n\n{last}\nafter"
    assert tables.insert(found, r"new \1") == found
    assert tables.insert("no marks", "new") == "no marks"


def test_the_products_of_a_step_are_those_of_a_loop_over_the_layers():
    forward, backward, depth, side = 0, 0, 3, 227
    for row in networks.ALEXNET:
        if isinstance(row, Conv):
            padding = 0 if row.padding == "valid" else row.filter_size - 1
            side = (side + padding - row.filter_size) // row.stride + 1
            each = row.filter_size**2 * (depth // row.groups)
            count, depth = side**2 * row.filters * each, row.filters
        elif isinstance(row, Dense):
            count, depth, side = depth * side**2 * row.units, row.units, 1
        else:
            if row.name.startswith("pool"):
                side = (side - 3) // 2 + 1
            continue
        forward += count
        # the weights' gradient; the input's, unless that is the image
        backward += count if row.name == "conv1" else 2 * count
    assert limit.forward_products(227) == forward
    assert limit.training_products(227) == forward + backward


def test_the_share_of_the_limit_is_products_over_the_rate_of_that_round():
    products = limit.training_products(227)
    seconds = {"ours": [1.0, 2.0], "ours16": [0.5, 0.5]}
    for dtype in ("float32", "bfloat16"):
        # seconds of 1e9 multiply-adds: the faster library counts
        seconds["tf", dtype] = [0.010, 0.020]
        seconds["pt", dtype] = [0.020, 0.005]
    labels = {"ours": "a", "ours16": "b"}
    lines = steps.compare("training", 64, 227, labels, seconds)
    shares = [64 * products / 1e9 / 1.0 * 0.010, 64 * products / 2e9 * 0.005]
    assert lines[0].ratios == pytest.approx(shares)
    assert "float32" in lines[0].peer
    assert "bfloat16" in lines[1].peer


def test_a_turn_has_as_many_steps_as_fit_and_at_least_one():
    assert contenders.steps_for(1.0, 0.26) == 4
    assert contenders.steps_for(1.0, 30.0) == 1
    assert contenders.steps_for(1.0, 1e-7) == 200
    assert contenders.steps_for(1.0, 0.0) == 200


def test_contenders_take_turns_round_after_round():
    order = []

    def turn(name, seconds):
        def own(count):
            order.append((name, count))
            return seconds * (1 + len(order))

        return own

    turns = {"a": turn("a", 1e-6), "b": turn("b", 1.0)}
    found = contenders.rounds(turns, 3, 0.1)
    tried, taken = order[:2], order[2:]
    assert tried == [("a", 1), ("b", 1)]
    assert [name for name, _ in taken] == ["a", "b"] * 3
    assert taken[0][1] == 200
    assert taken[1][1] == 1
    assert [len(own) for own in found.values()] == [3, 3]


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that a contender's process imports."""
    (tmp_path / "bench_contender.py").write_text(
        "import os\n"
        "def prepare(label):\n"
        "    return label, lambda case, steps: os.getpid()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("module")
def test_a_contender_works_in_a_process_of_its_own_and_ends():
    own = contenders.Contender("bench_contender.prepare", {"label": "x"})
    (process,) = own._processes
    try:
        assert own.label == "x"
        assert own.turn("case", 3) == process.pid
        peak = own.peak_memory()
        assert peak is None or 10**6 < peak < 10**10
    finally:
        own.end()
    assert not process.is_alive()


def test_contenders_prepare_and_compile_at_once(tmp_path, monkeypatch):
    (tmp_path / "bench_meeting.py").write_text(
        "import pathlib, time\n"
        "def meet(folder, name, other):\n"
        "    pathlib.Path(folder, name).touch()\n"
        "    end = time.monotonic() + 60\n"
        "    while not pathlib.Path(folder, other).exists():\n"
        "        assert time.monotonic() < end, 'alone'\n"
        "        time.sleep(0.01)\n"
        "def prepare(folder, name, other):\n"
        "    meet(folder, name, other)\n"
        "    def turn(case, steps):\n"
        "        meet(folder, case + name, case + other)\n"
        "        return steps\n"
        "    return name, turn\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    wanted = {
        name: (
            "bench_meeting.prepare",
            {"folder": str(tmp_path), "name": name, "other": other},
        )
        for name, other in ("ab", "ba")
    }
    with contenders.ready(wanted) as started:
        assert [one.label for one in started.values()] == ["a", "b"]
        assert contenders.warm(started.values(), "compile") == [1, 1]
        gone = started.pop("a")
    assert not any(process.is_alive() for process in gone._processes)


@pytest.mark.usefixtures("module")
def test_who_fails_to_prepare_is_named():
    with pytest.raises(SystemExit, match="bench_contender.prepare failed"):
        contenders.told("bench_contender.prepare", {"wrong": 1})


@pytest.mark.parametrize(("training", "count"), [(True, 4), (False, 6)])
def test_pytorch_is_tried_in_both_layouts_eager_and_compiled(
    monkeypatch, training, count
):
    monkeypatch.setattr(torch_turns, "has_compiler", lambda: True)
    found = torch_turns.forms(training, "float32")
    assert len(set(found)) == len(found) == count
    wanted = itertools.product(torch_turns.LAYOUTS, ("eager", "compiled"))
    assert {(x.layout, x.mode) for x in found} >= {*wanted}
    lower = torch_turns.forms(training, "bfloat16")
    assert {x.cast for x in lower} == ({False} if training else {False, True})
    monkeypatch.setattr(torch_turns, "has_compiler", lambda: False)
    assert {x.mode for x in torch_turns.forms(training, "float32")} == {"eager"}


def test_what_is_compiled_is_what_is_fastest_eagerly():
    first, last = (
        torch_turns.Form(layout, "eager", "float32")
        for layout in torch_turns.LAYOUTS
    )
    compiled = [x._replace(mode="compiled") for x in (first, last)]
    seconds = {64: {first: 2.0, last: 1.0}, 1: {first: 0.2, last: 0.1}}
    tried = [torch_turns.worth_trying(x, seconds) for x in compiled]
    assert tried == [False, True]
    seconds[1][first] = 0.05  # what is compiled does not count here
    seconds[64][compiled[1]] = 0.01
    tried = [torch_turns.worth_trying(x, seconds) for x in compiled]
    assert tried == [True, True]


def test_forms_have_names_of_their_own():
    forms = {
        form
        for training in (True, False)
        for precision in ("float32", "bfloat16")
        for device in ("cpu", "cuda")
        for form in torch_turns.forms(training, precision, device)
    }
    assert len({str(form) for form in forms}) == len(forms) == 24


def test_who_computes_something_else_is_named():
    losses, answers = np.array([7.0, 6.9]), np.array([[0.4, 0.6]])
    found = {
        "ours, float32": (losses, answers),
        "near": (losses * 1.0001, answers),
        "other losses": (losses * 1.01, answers),
        "other answers": (losses, answers[:, ::-1]),
        "no number": (losses * np.nan, answers),
        "rounded, bfloat16": (losses * 1.005, answers * 1.01),
    }
    far = agreement.distances(found)
    assert far["other losses"][0] == pytest.approx(0.01)
    assert far["other answers"][1] == pytest.approx(0.2 / 0.6)
    assert agreement.disagreeing(far) == [
        "other losses",
        "other answers",
        "no number",
    ]
    with pytest.raises(SystemExit, match="other losses, other answers, no"):
        agreement.hold(found)


def test_the_time_to_the_goal_ends_with_the_epoch_that_reaches_it():
    rows = [
        {"epoch": str(i), "seconds": "2.5", "val_accuracy": str(accuracy)}
        for i, accuracy in enumerate((0.5, 0.8, 0.9, 0.85), 1)
    ]
    assert learning.time_to_goal(rows, 0.9) == (7.5, 3)
    assert learning.time_to_goal(rows, 0.4) == (2.5, 1)
    assert learning.time_to_goal(rows, 0.95) is None


def test_the_pictures_have_the_spectrum_and_the_size_of_photographs(tmp_path):
    from PIL import Image

    mean = feeding.write_pictures(tmp_path, 6)
    assert 80_000 < mean < 160_000  # ImageNet's: about 110 kB
    paths = sorted(tmp_path.rglob("*.jpg"))
    assert {path.parent.name for path in paths} == {"a", "b"}
    slopes = []
    for path in paths:
        with Image.open(path) as image:
            assert image.size == (500, 375)
            grey = np.asarray(image.convert("L"), float)[:, :375]
        power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
        rows = np.fft.fftfreq(375)
        radius = np.hypot(rows[:, None], rows)
        bands = [(0.01, 0.02), (0.02, 0.04), (0.04, 0.08), (0.08, 0.16)]
        means = [
            power[(low <= radius) & (radius < high)].mean()
            for low, high in bands
        ]
        slopes.append(np.polyfit(range(4), np.log2(means), 1)[0])
    # Field, 1987: power falls as 1 / frequency ** 2, more or less
    assert -2.8 < np.mean(slopes) < -1.6


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rounds", "0"],
        ["--batches", "0"],
        ["--seconds", "0"],
        ["--size", "224"],
        ["--size", "63"],
        ["--rows", "training", "nothing"],
        ["--batches", "7"],
    ],
)
def test_bad_options_are_refused(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        speed.parse(arguments)
    assert "error" in capsys.readouterr().err


def test_only_a_whole_run_writes_the_page():
    assert speed.parse([]).out == ROOT / "docs" / "speed"
    assert speed.parse(["--learning"]).out == ROOT / "docs" / "speed"
    assert speed.parse(["--quick"]).out is None
    assert speed.parse(["--rows", "input"]).out is None
    assert speed.parse(["--batches", "64"]).out is None
    assert str(speed.parse(["--quick", "--out", "x"]).out) == "x"


# compiling takes PyTorch minutes: here what would be compiled runs as it is
EAGER = {"TORCHDYNAMO_DISABLE": "1"}


@pytest.mark.peers
def test_a_turn_of_every_contender_runs(tmp_path):
    out = tmp_path / "out"
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "benchmarks" / "speed.py",
            *"--quick --batches 2 --size 67 --pictures 96 --rows".split(),
            *"training devices input --out".split(),
            out,
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **EAGER},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(out.with_suffix(".json").read_text())
    rows = found["lines"]
    peers = {(row["what"].split(",")[0], row["peer"]) for row in rows}
    assert len(rows) == 6 + 4 + 2 + 6
    named = {peer for row, peer in peers if row == "training step"}
    assert {"plain Keras", "ours on JAX, float32"} <= named
    assert sum(peer.startswith("PyTorch, ") for peer in named) == 2
    assert sum("the limit" in peer for peer in named) == 2
    for row in rows:
        assert all(value > 0 for value in row["values"])
        assert row["ratio"]["least"] > 0
    page = out.with_suffix(".md").read_text()
    assert page.startswith("# Speed\n")
    assert "How it was measured" in page


@pytest.mark.peers
def test_the_gpu_benchmark_runs_without_tensorflow(tmp_path):
    # a package of that name that cannot be imported, for all its processes
    (tmp_path / "tensorflow").mkdir()
    broken = "raise ImportError('TensorFlow is not here')"
    (tmp_path / "tensorflow" / "__init__.py").write_text(broken)
    out = tmp_path / "out.json"
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "benchmarks" / "gpu.py",
            *"--cpu --size 67 --batches 2 3 --rounds 1 --seconds 0.01".split(),
            *"--networks two-tower".split(),
            *("--out", out),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, **EAGER, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text())["lines"]
    assert [row["what"] for row in rows] == [
        f"{what}, batch {batch}"
        for what in ("training step", "inference")
        for batch in (2, 3)
    ]
    assert all("two-tower" in row["ours"] for row in rows)
    assert all(row["ratio"]["median"] > 0 for row in rows)
    assert "no GPU" in done.stdout


@pytest.mark.peers
def test_the_gpu_benchmark_says_where_no_gpu_is():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "gpu.py"],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "CUDA_VISIBLE_DEVICES": "-1",
            "JAX_PLATFORMS": "cpu",
        },
    )
    assert done.returncode == gpu.NO_GPU
    assert "No GPU is seen by JAX and PyTorch" in done.stderr
    assert done.stdout == ""
