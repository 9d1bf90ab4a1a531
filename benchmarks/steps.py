"""Training steps and inference, side by side: speed, memory and the limit."""

import functools
import os
import statistics
import tempfile

import agreement
import limit
from contenders import ready, rounds, say, told, warm
from tables import Line

GB = 2**30
TRIED = {64: 16, 16: 16, 1: 1}  # at which batch PyTorch's form is chosen
# the ratio to PyTorch's best, or the share of the limit
AIMS = {"training": (2.8, 0.9), "inference": (3.0, None)}


def check(options):
    """Holds all to computing the same; ends the program if they do not."""
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "weights.npz")
        own, found = {"size": options.size, "path": path}, {}
        for name, environment in (
            ("most", {}),
            ("jax", {"KERAS_BACKEND": "jax"}),
        ):
            found |= told(f"agreement.prepare_{name}", own, [environment])
    agreement.hold(found)


def choose_forms(options):
    """Finds the form in which PyTorch is fastest, for each kind of work."""
    import torch_turns

    say("PyTorch's forms: a trial of each")
    if not torch_turns.has_compiler():
        say("  no C++ compiler was found, so torch.compile is left out")
    own = {"size": options.size, "thorough": options.thorough}
    own["cases"] = sorted({TRIED.get(x, x) for x in options.batches})[::-1]
    wanted = {
        (kind, name): (
            "torch_turns.prepare_trial",
            {**own, "training": kind == "training", "precision": precision},
        )
        for kind in ("training", "inference")
        for name, precision in (("torch", "float32"), ("torch16", "bfloat16"))
        if kind in options.rows
    }
    forms = {}
    with ready(wanted) as trials:
        for trial in trials.values():
            say(f"  {trial.label}, eager")
            trial.turn("eager", 1)
        warm(trials.values(), "compile")
        for name, trial in trials.items():
            say(f"  {trial.label}, compiled")
            best = trial.turn("choose", 1)
            forms[name] = {x: best[TRIED.get(x, x)] for x in options.batches}
    return forms


def networks(training, options):
    """Measures training steps or inference, memory and the limit.

    Args:
        training: Bool.
        options: The command line's.

    Returns:
        List of `Line`.
    """
    kind = "training" if training else "inference"
    say(f"{kind}: starting")
    with ready(_contenders(training, options)) as started:
        limits = {name: started.pop(name) for name in ("tf", "pt")}
        lines, peaks = [], {}
        for batch in sorted(options.batches, reverse=True):
            warm(started.values(), batch)
            turns = {
                name: functools.partial(own.turn, batch)
                for name, own in started.items()
            }
            for name, own in limits.items():
                for dtype in ("float32", "bfloat16"):
                    turns[name, dtype] = functools.partial(own.turn, dtype)
            seconds = rounds(turns, options.rounds, options.seconds)
            say(f"  batch {batch}: measured")
            labels = {name: own.label for name, own in started.items()}
            for name in {"torch", "torch16"} & labels.keys():
                labels[name] = f"PyTorch, {options.forms[kind, name][batch]}"
            lines += compare(kind, batch, options.size, labels, seconds)
            if not peaks:
                peaks = {x: own.peak_memory() for x, own in started.items()}
                held = memory(kind, batch, labels, peaks)
        return lines + held


def _contenders(training, options):
    """Lists who takes part, for `contenders.ready`."""
    kind = "training" if training else "inference"
    own = {"size": options.size, "training": training}
    lower = {**own, "policy": "mixed_bfloat16" if training else "bfloat16"}
    wanted = {
        "ours": ("keras_turns.prepare_ours", own),
        "ours16": ("keras_turns.prepare_ours", lower),
        "keras": ("keras_turns.prepare_keras", own),
        "jax": ("keras_turns.prepare_jax", own, [{"KERAS_BACKEND": "jax"}]),
    }
    for name in ("torch", "torch16"):
        chosen = {"chosen": options.forms[kind, name]}
        wanted[name] = ("torch_turns.prepare_torch", {**own, **chosen})
    wanted["tf"] = ("limit.prepare_tensorflow", {})
    wanted["pt"] = ("limit.prepare_torch", {})
    return wanted


def compare(kind, batch, size, labels, seconds):
    """Makes the lines of a batch size.

    Args:
        kind: Str, `"training"` or `"inference"`.
        batch: Int.
        size: Int, side of the images in pixels.
        labels: Dict of what each contender is called.
        seconds: What `contenders.rounds` gave.

    Returns:
        List of `Line`.
    """
    what = "training step" if kind == "training" else "inference"
    what = f"{what}, batch {batch}"
    aim, enough = AIMS[kind]
    count = limit.forward_products
    if kind == "training":
        count = limit.training_products
    products, lines, shares = count(size), [], {}
    for name, dtype in (("ours", "float32"), ("ours16", "bfloat16")):
        reached = [batch * products / x / 1e9 for x in seconds[name]]
        most = [
            1 / min(pair)  # a step of it has 1e9 multiply-adds
            for pair in zip(
                seconds["tf", dtype], seconds["pt", dtype], strict=True
            )
        ]
        line = Line(
            what,
            labels[name],
            f"the limit: matrix products, {dtype}",
            "billion multiply-adds/s",
            tuple(reached),
            tuple(most),
            brief=batch == 64 and name == "ours",
        )
        shares[name] = statistics.median(line.ratios)
        lines.append(line)
    pairs = (
        ("ours", "torch", {"aim": aim, "enough": enough}),
        ("ours16", "torch16", {"aim": 1.0}),
        ("ours", "keras", {}),
        ("ours", "jax", {}),
    )
    found = [
        Line(
            what,
            labels[own],
            labels[peer],
            "images/s",
            tuple(batch / x for x in seconds[own]),
            tuple(batch / x for x in seconds[peer]),
            share=shares[own],
            brief=batch == 64,
            **extra,
        )
        for own, peer, extra in pairs
        if peer in seconds
    ]
    return found + lines


def memory(kind, batch, labels, peaks):
    """Makes the lines of the memory that each process took at most.

    Args:
        kind: Str.
        batch: Int.
        labels: Dict of what each contender is called.
        peaks: Dict of bytes, or None where the system does not tell.

    Returns:
        List of `Line`.
    """
    pairs = (
        ("ours", "torch"),
        ("ours16", "torch16"),
        ("ours", "keras"),
        ("ours", "jax"),
    )
    return [
        Line(
            f"peak memory, {kind}, batch {batch}",
            labels[own],
            labels[peer],
            "GB",
            (peaks[own] / GB,),
            (peaks[peer] / GB,),
            less=True,
        )
        for own, peer in pairs
        if peaks.get(own) and peaks.get(peer)
    ]
