"""Measures AlexNet here against its peers, all in one run: `make bench`.

Every contender lives in a process of its own, where it keeps its network warm
and waits; they take turns, round after round. So all of them see the same
machine, and a ratio is one of the same round. Only the processor is used.

The whole takes about seventeen minutes on two cores and 14 GB of memory, and
means something only where nothing else is running. It writes docs/speed.md
and docs/speed.json, and the excerpt in README.md.
"""

import argparse
import importlib.util
import os
import pathlib
import tempfile
import time

import besides
import steps
import tables
from contenders import check_size, say

ROOT = pathlib.Path(__file__).resolve().parents[1]
NOTES = pathlib.Path(__file__).with_name("how_speed_is_measured.md")
ROWS = ("training", "inference", "devices", "input", "learning")
BATCHES = (64, 16, 1)
SIZE = 227


def parse(argv=None):
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number = {"type": int, "metavar": "N"}
    parser.add_argument(
        "--rows", nargs="+", choices=ROWS, default=ROWS, help="what to measure"
    )
    parser.add_argument(
        "--batches", nargs="+", default=BATCHES, **number, help="(64 16 1)"
    )
    parser.add_argument("--rounds", default=4, **number, help="rounds (4)")
    parser.add_argument(
        "--seconds", default=1.0, type=float, help="a turn's length (1.0)"
    )
    parser.add_argument(
        "--size", default=SIZE, **number, help="side of an image, pixels (227)"
    )
    parser.add_argument(
        "--data", type=pathlib.Path, help="photographs in class folders"
    )
    parser.add_argument(
        "--pictures", default=400, **number, help="JPEGs that are made (400)"
    )
    parser.add_argument(
        "--learning",
        action="store_true",
        help="train the full network too, which takes about six minutes more",
    )
    parser.add_argument(
        "--thorough",
        action="store_true",
        help="compile PyTorch's network in every form, which takes minutes",
    )
    parser.add_argument(
        "--quick", action="store_true", help="one short round, nothing written"
    )
    parser.add_argument(
        "--out",
        type=pathlib.Path,
        help="write FILE.md and FILE.json; a whole run writes docs/speed",
        metavar="FILE",
    )
    options = parser.parse_args(argv)
    if options.quick:
        options.rounds, options.seconds = 1, 0.1
    numbers = *options.batches, options.rounds, options.pictures
    if min(numbers) < 1 or options.seconds <= 0:
        parser.error("numbers must be at least 1")
    if "devices" in options.rows and max(options.batches) % 2:
        parser.error("two devices need an even batch: --batches 64 16 1")
    check_size(parser, options.size)
    whole = ({*options.rows}, {*options.batches}, options.size)
    if whole == ({*ROWS}, {*BATCHES}, SIZE) and not options.quick:
        options.out = options.out or ROOT / "docs" / "speed"
    return options


def main(argv=None):
    """Measures, and writes the table."""
    options = parse(argv)
    missing = [x for x in ("torch", "jax") if not importlib.util.find_spec(x)]
    if missing:
        raise SystemExit(
            f"Not installed: {', '.join(missing)}. `make bench` installs the "
            "peers, or: pip install -e '.[peers]'"
        )
    # the peers run on the processor too, so it would not be a comparison
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    began = time.monotonic()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    if load > 0.5:
        say(f"Other work runs here (load {load:.1f}): times will be too long.")
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache  # as on the first day
        lines = measure(options)
    facts = tables.about(
        tables.typed(),
        options.rounds,
        size=options.size,
        load_before=round(load, 2),
        minutes=round((time.monotonic() - began) / 60, 1),
    )
    if options.out is None:
        print(f"{tables.markdown(lines)}\n\n{tables.told(facts)}")
    else:
        write(options.out, lines, facts)


def measure(options):
    """Measures all rows that are asked for; gives the lines."""
    lines = []
    if {"training", "inference"} & {*options.rows}:
        say("Agreement: losses and probabilities from the same weights")
        steps.check(options)
        options.forms = steps.choose_forms(options)
    if "training" in options.rows:
        lines += steps.networks(True, options)
    if "inference" in options.rows:
        lines += steps.networks(False, options)
    for name, own in (("devices", besides.devices), ("input", besides.feed)):
        if name in options.rows:
            lines += own(options)
    if "learning" in options.rows:
        lines += besides.learn(options)
    return lines


def write(out, lines, facts):
    """Writes the page, the JSON and README's excerpt, each whole."""
    from alexnet_keras.files import replacing

    out.parent.mkdir(parents=True, exist_ok=True)
    texts = {
        out.with_suffix(".md"): tables.page(lines, facts, NOTES.read_text()),
        out.with_suffix(".json"): tables.as_json(lines, facts),
    }
    readme = ROOT / "README.md"
    if out == ROOT / "docs" / "speed":
        before = readme.read_text(encoding="utf-8")
        excerpt = tables.markdown(lines, brief=True)
        excerpt += f"\n\n{tables.told(facts)}"
        texts[readme] = tables.insert(before, excerpt)
    for path, text in texts.items():
        with replacing(path) as half:
            half.write_text(text, encoding="utf-8")
        say(f"Wrote {path}")


if __name__ == "__main__":
    main()
