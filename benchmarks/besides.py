"""What stands around a step: several devices, input, and learning."""

import functools
import os
import pathlib
import tempfile

import feeding
import learning
from contenders import ready, rounds, say, warm
from tables import Line


def devices(options):
    """Measures two replicas and two workers against one device."""
    from alexnet_keras.runs import workers

    say("devices: starting")
    batch = max(options.batches)
    own = {"size": options.size, "training": True}
    addresses = workers.free_addresses(2)
    both = [workers.environment(addresses, index) for index in range(2)]
    prepare = "keras_turns.prepare_ours"
    wanted = {
        "one": (prepare, own),
        "replicas": (prepare, {**own, "devices": 2}),
        "workers": (prepare, {**own, "workers": True}, both),
    }
    with ready(wanted) as started:
        warm(started.values(), batch)
        turns = {
            name: functools.partial(one.turn, batch)
            for name, one in started.items()
        }
        seconds = rounds(turns, options.rounds, options.seconds)
        rates = {k: tuple(batch / x for x in v) for k, v in seconds.items()}
        return [
            Line(
                f"training step, batch {batch}, on one processor",
                started[name].label,
                "ours, one device",
                "images/s",
                rates[name],
                rates["one"],
            )
            for name in ("replicas", "workers")
        ]


def feed(options):
    """Measures how fast pictures come."""
    say("input: starting")
    with tempfile.TemporaryDirectory() as scratch:
        folder, note = options.data, ""
        if folder is None:
            folder = os.path.join(scratch, "pictures")
            mean = feeding.write_pictures(folder, options.pictures)
            note = f", JPEGs of {mean / 1000:.0f} kB"
        own = {"folder": os.fspath(folder), "size": options.size}
        kept = pathlib.Path(scratch, "kept")
        prepare = "feeding.prepare_ours"
        wanted = {
            cache: (prepare, {**own, "cache": cache, "kept": kept})
            for cache in ("memory", "disk", "none")
        }
        wanted["torch"] = ("feeding.prepare_torch", {**own, "workers": 2})
        wanted["keras"] = ("feeding.prepare_keras", own)
        with ready(wanted) as started:
            labels = {name: one.label for name, one in started.items()}
            turns = {
                name: functools.partial(one.turn, None)
                for name, one in started.items()
            }
            # workers give their batches at the same time: some of each
            seconds = rounds(turns, options.rounds, options.seconds, least=8)
    rates = {
        name: tuple(feeding.BATCH / x for x in own)
        for name, own in seconds.items()
    }
    return [
        Line(
            f"input{note}",
            labels[cache],
            labels[peer],
            "pictures/s",
            rates[cache],
            rates[peer],
            aim=1.0 if (cache, peer) == ("none", "torch") else None,
            brief=cache == "none",
        )
        for cache in ("none", "memory", "disk")
        for peer in ("torch", "keras")
    ]


def learn(options):
    """Measures how long it takes to learn solids."""
    lines = []
    for name in ("mini", *["two-tower"] * options.learning):
        say(f"learning: {name}")
        found, command = learning.train(name)
        what = f"time to {learning.GOAL:.0%} validation accuracy on solids"
        if found is None:
            lines.append(Line(what, f"`{command}`: not reached", "", "s", ()))
            continue
        seconds, epochs = found
        label = f"`{command}`: {epochs} epochs"
        lines.append(Line(what, label, "", "s", (seconds,), brief=True))
    return lines
