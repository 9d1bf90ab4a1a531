"""Command lines by hypothesis, up to where a command would begin to work."""

import collections
import contextlib
import io
import os

import hypothesis.configuration
import numpy as np
from hypothesis import strategies as st
from PIL import Image

from fuzz.trying import DAMAGED, READ, REFUSED, Case, Wrong

EXAMPLES = 100  # command lines of a case

_NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["1", "2", "10", "63", "64", "227", "0", "-1", "1e400", "0x10", "1_0"]
        + ["\u0663", " 7 ", "", "9" * 5_000, "1e-320", "nan", "inf", "--", "-"]
    ),
)
_WORDS = st.sampled_from(
    "auto mirrored one multiworker memory disk none fast paper float32 mini "
    "mixed_bfloat16 caffe two-tower one-tower one-weird-trick solids/tiny "
    "solids onnx torchvision keras conv5 fc7 fc8 "
    "conv".split()
)
_PATHS = st.sampled_from(
    [
        "photos",
        "none",
        "empty.h5",
        "text.keras",
        ".",
        "..",
        "",
        "~",
        "a" * 300,
    ]
    + ["photos/a/0.png", "none/none.onnx", "nul\0byte.npz", "a\nb.pth", "-x.h5"]
    + ["\ud8ff.safetensors", "caf\u00e9.weights.h5", "new.weights.h5"]
    + [
        "/dev/null",
        "/proc/self/mem",
        "a.npy",
        "b.caffemodel",
        "photos/../photos",
    ]
)
_ANY = st.one_of(
    _NUMBERS,
    _WORDS,
    _PATHS,
    st.text(max_size=20),
    st.text("-=\0\x1b \n", max_size=5),
)
_OPTIONS = {
    "summary": ["--model", "--input-size", "--classes"],
    "train": (
        "--data --cache --model --input-size --weights --freeze-until "
        "--strategy --devices --recipe --epochs --batch-size --precision "
        "--learning-rate --seed --checkpoint-steps --run-dir"
    ).split(),
    "evaluate": ["--data", "--cache"],
    "predict": ["--csv"],
    "convert": ["--from", "--class-names"],
    "identify": [],
    "grade": [],
}
_SWITCHES = [
    "--resume",
    "--skip-unreadable",
    "--ten-crops",
    "--tensorboard",
    "-h",
]


@st.composite
def command_lines(draw):
    """Draws a command, options that may be its own, and what follows."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.lists(_ANY, max_size=5))
    name = draw(st.sampled_from([*_OPTIONS]))
    words = [name]
    for _ in range(draw(st.integers(0, 5))):
        match draw(st.integers(0, 9)):
            case 0:
                words.append(draw(st.sampled_from(_SWITCHES)))
            case 1:
                own = draw(st.sampled_from(sorted(sum(_OPTIONS.values(), []))))
                words += [own, draw(_ANY)]
            case 2 | 3 | 4 if name not in ("summary", "train"):
                words.append(draw(_PATHS))
            case _ if _OPTIONS[name]:
                own = draw(st.sampled_from(_OPTIONS[name]))
                fit = _PATHS if own in _OF_PATHS else _WORDS
                fit = _NUMBERS if own in _OF_NUMBERS else fit
                words += [own, draw(st.one_of(fit, fit, fit, _ANY))]
            case _:
                words.append(draw(_PATHS))
    return words


_OF_PATHS = ("--data", "--weights", "--run-dir", "--csv", "--class-names")
_OF_NUMBERS = (
    "--input-size --classes --devices --epochs --batch-size --learning-rate "
    "--seed --checkpoint-steps"
).split()


def start(folder):
    """Makes pictures, and stops commands before what takes long."""
    from alexnet_keras import distribution, training
    from alexnet_keras.commands import job, train

    distribution.start(2)
    for number in range(8):
        path = folder / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        slope = np.linspace(number, 255 - number, 80).astype("uint8")
        Image.fromarray(np.tile(slope, (80, 1))).save(path)
    os.environ["HOME"] = str(folder)
    train._begin = train._fit = train._end = lambda *_: None
    training.choose_precision = lambda *_: "float32"
    load = job.load

    def without_solids(source, *rest, **options):  # which take long to draw
        own = str(folder / "photos") if source == "solids" else source
        return load(own, *rest, **options)

    job.load = without_solids
    return folder / "photos"


def make(base, rng, folder):
    """Takes a hundred command lines."""
    number = int(rng.integers(2**31))

    def check():
        counts = collections.Counter()

        @hypothesis.seed(number)
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=[*hypothesis.HealthCheck],
        )
        @hypothesis.given(command_lines())
        def one(words):
            counts[_outcome(words)] += 1

        hypothesis.configuration.set_hypothesis_home_dir(folder / "kept")
        os.environ["ALEXNET_KERAS_DATA"] = str(folder / "kept")
        (folder / "photos").symlink_to(base)
        (folder / "empty.h5").touch()
        (folder / "text.keras").write_text("text")
        with contextlib.chdir(folder):
            one()
        return READ, dict(counts)

    return Case("command lines", check, writes=("",))


def _outcome(words):
    """Runs a command line; tells whether it was taken or refused."""
    from alexnet_keras.commands import main

    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    except SystemExit as stop:  # argparse's
        code = stop.code
        if code not in (0, 2) or code and "usage: " not in err.getvalue():
            raise Wrong(f"{words}: exit {code!r}, {err.getvalue()!r}") from None
        return REFUSED if code else READ
    text = err.getvalue()
    if code not in (0, 1, 2) or "Traceback" in text:
        raise Wrong(f"{words}: exit {code!r}, {text[-300:]!r}")
    if code == 2 and "alexnet-keras: error: " not in text:
        raise Wrong(f"{words}: exit 2 without an error, {text[-300:]!r}")
    return {0: READ, 1: DAMAGED, 2: REFUSED}[code]
