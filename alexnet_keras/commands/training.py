"""The command `train`."""

import contextlib
import dataclasses
import json
import math
import pathlib
import shlex
import sys
import time
import zlib

from alexnet_keras.commands.common import BadInput, WorkerLost, load, refused


def train(options):
    """Trains a network and writes the run's folder."""
    from alexnet_keras import distribution, workers

    began = time.perf_counter()
    if options.workers is not None:
        if not workers.is_launched():
            return _launch(options)
        options.strategy = "multiworker"
    cluster = None
    with refused(ValueError):
        if options.strategy == "multiworker":
            cluster = distribution.find_cluster()
        devices = distribution.start(_num_devices(options))
        strategy = distribution.strategy(devices, options.strategy, cluster)
    chief = cluster is None or cluster.index == 0
    say = print if chief else _say_nothing
    say(f"Devices: {devices}." + (f" {cluster}." if cluster else ""))
    from alexnet_keras import (
        architecture,
        checkpoints,
        data,
        runs,
        training,
    )

    if cluster is not None and options.precision == "auto":
        raise BadInput(
            "--precision auto times one machine, and all workers need the "
            "same: give float32 or mixed_bfloat16."
        )
    recipe = _recipe(options, training.RECIPES)
    replicas = strategy.num_replicas_in_sync
    if recipe.batch_size % replicas:
        raise BadInput(
            f"A batch of {recipe.batch_size} cannot be shared by {replicas} "
            f"devices. Use a multiple of {replicas} for --batch-size, which "
            "counts the pictures of all devices together."
        )
    weights, digest = _read_weights(options)
    model = options.model or (weights and weights.likely_model) or "two-tower"
    size = options.input_size or (weights and weights.size)
    size = size or architecture.default_size(model)
    with refused(ValueError):
        architecture.check_size(model, size)
    pictures = load(options.data, size, options, say=say)
    with refused(ValueError):
        training.steps(recipe, pictures)
        validation = pictures.splits["validation"].num_examples
        data.share_out(validation, recipe.batch_size, replicas)
    say(f"Data: {pictures}.")
    for line in pictures.skipped:
        say(f"  left out: {line}")

    stem = f"{pathlib.Path(options.data).name}-{model}"
    folder = options.run_dir or runs.next_folder(stem, last=options.resume)
    checkpoint = None
    if options.resume:
        if runs.status(folder).get("status") == "finished":
            say(f"{folder} is finished: nothing is left to do.")
            return
        with refused(checkpoints.CheckpointError):
            checkpoint = checkpoints.read(folder, say)
        if checkpoint is None:
            say(f"No checkpoint to resume in {folder}: training starts anew.")
    policy = options.precision
    if policy == "auto" and checkpoint is not None:
        policy = checkpoint.identity.get("precision", "float32")
    elif policy == "auto":
        policy = training.choose_precision(
            model, recipe, pictures, strategy, say
        )
    identity = {
        "model": model,
        "input size": size,
        "precision": policy,
        "replicas": replicas,
        "seed": options.seed,
        "data set": pictures.fingerprint,
        "weights": digest,
        "frozen until": options.freeze_until,
        **dataclasses.asdict(recipe),
    }
    with training.Precision(policy), strategy.scope():
        with refused(ValueError):
            network = training.build(
                model, recipe, pictures, seed=options.seed, weights=weights,
                freeze_until=options.freeze_until,
            )  # fmt: skip
        if checkpoint is not None:
            with refused(checkpoints.CheckpointError):
                checkpoint.check(identity)
                checkpoint.restore(network)
    if cluster is not None:
        step = int(network.optimizer.iterations.numpy())
        _compare_workers(strategy, cluster, [identity, step])
    run = None
    if chief:
        with refused(runs.RunError):
            run = runs.Run.create(
                folder,
                again=options.resume,
                **_facts(options, identity, recipe, devices, pictures),
                parameters=network.count_params(),
            )
    say(
        f"Network: {model}, {network.count_params():,} parameters, "
        f"{policy}, recipe {recipe.name}, {replicas} replica"
        f"{'s' * (replicas > 1)} of {recipe.batch_size // replicas} pictures.\n"
        f"Run: {folder}"
    )
    if weights is not None:
        new = " and ".join(training.new_layers(weights, pictures))
        say(
            f"Weights: {options.weights}"
            + (f", but {new} starts anew" if new else "")
            + "."
        )
    if options.freeze_until:
        trained = sum(
            w.value.shape.num_elements() for w in network.trainable_weights
        )
        say(
            f"Frozen until {options.freeze_until}: {trained:,} parameters are "
            "trained."
        )
    recorder = runs.Recorder(run, checkpoint.rows if checkpoint else ())
    checkpointer = checkpoints.Checkpointer(
        run, network, identity, recorder.rows,
        training.steps(recipe, pictures), options.checkpoint_steps, checkpoint,
    )  # fmt: skip
    if checkpoint is not None:
        say(f"Resuming from {checkpointer.place}.")

    def agree(stop):
        return any(distribution.gather(strategy, stop))

    try:
        with (
            refused(runs.RunError),
            training.Interruption(agree if cluster else bool) as interruption,
        ):
            training.fit(
                network, recipe, pictures, options.seed,
                [recorder, checkpointer, interruption],
                verbose=(1 if sys.stdout.isatty() else 2) if chief else 0,
            )  # fmt: skip
    except KeyboardInterrupt as stop:
        with refused(runs.RunError):
            if isinstance(stop, training.Stopped):
                checkpointer.save()
            _finish(run, recorder, "interrupted")
        raise KeyboardInterrupt(
            f"{folder} keeps the state at {checkpointer.place}. "
            f"Go on with:\n  {_command_to_resume(options, folder)}"
            if checkpointer.place
            else f"No step was finished; {folder} holds run.json only."
        ) from None
    except BadInput:
        with contextlib.suppress(runs.RunError):
            _finish(run, recorder, "failed")
        raise
    except Exception as error:
        lost = cluster and distribution.lost_workers(error, cluster)
        if not lost:
            raise
        with contextlib.suppress(runs.RunError):
            _finish(run, recorder, "failed")
        raise WorkerLost(
            f"{' and '.join(lost)} cannot be reached any more, so training "
            f"stopped. {folder} keeps the state at "
            f"{checkpointer.place or 'the start'}. Start all workers again, "
            "with --resume."
        ) from error
    if not chief:
        return
    results = {
        name: value
        for name, value in recorder.rows[-1].items()
        if name not in ("epoch", "seconds", "learning_rate")
    }
    seconds = round(time.perf_counter() - began, 1)
    with refused(runs.RunError):
        _finish(run, recorder, results=results, seconds=seconds)
    checkpoints.remove(run.folder)
    print(_report(results, len(pictures.class_names), recipe, seconds))
    print(
        f"Wrote model.keras, history.csv, curves.png, run.json to {run.folder}"
    )


def _facts(options, identity, recipe, devices, pictures):
    """Gathers what `run.json` tells of how a run was made."""
    counts = {
        name: split.num_examples for name, split in pictures.splits.items()
    }
    return {
        "command": options.typed,
        "model": identity["model"],
        "weights": options.weights and str(options.weights),
        "freeze_until": options.freeze_until,
        "recipe": dataclasses.asdict(recipe),
        "seed": options.seed,
        "precision": {
            "asked": options.precision,
            "used": identity["precision"],
        },
        "devices": {
            "kind": devices.kind,
            "names": devices.names,
            "replicas": identity["replicas"],
        },
        "data": {
            "source": options.data,
            "size": pictures.size,
            "stored": pictures.stored,
            "class_names": pictures.class_names,
            "counts": counts,
            "cache": pictures.cache,
            "colors": pictures.colors._asdict(),
            "skipped": pictures.skipped,
            "fingerprint": pictures.fingerprint,
        },
    }


def _command_to_resume(options, folder):
    """Gives the command that was typed, with what resumes its run."""
    typed = [*options.typed]
    if not options.resume:
        typed.append("--resume")
    if options.run_dir is None:
        typed += ["--run-dir", str(folder)]
    return shlex.join(typed)


def _finish(run, recorder, status="finished", **facts):
    """Draws the curves of a run, writes its last facts and lets it go."""
    from alexnet_keras import visualize

    if run is None:  # of several workers only the chief has one
        return
    if recorder.rows:
        num_classes = len(run.facts["data"]["class_names"])
        figure = visualize.curves(recorder.rows, num_classes)
        run.save_figure("curves.png", figure)
    run.record(status=status, **facts)
    run.close()


def _launch(options):
    """Starts the workers of a job on this machine."""
    from alexnet_keras import workers

    if options.strategy not in ("auto", "multiworker"):
        raise BadInput(
            "--workers starts workers for --strategy multiworker. Received: "
            f"--strategy {options.strategy}."
        )
    command = [sys.executable, "-m", "alexnet_keras", *options.typed[1:]]
    return workers.launch(options.workers, command)


def _read_weights(options):
    """Reads the weights to start from, and gives them a fingerprint."""
    from alexnet_keras import convert

    if options.weights is None:
        if options.freeze_until is not None:
            raise BadInput(
                "--freeze-until leaves weights as they are: name some with "
                "--weights."
            )
        return None, None
    with refused(ValueError):
        found = convert.read(options.weights)
    digest = 0
    for pair in found.arrays.values():
        for array in pair:
            digest = zlib.crc32(array, digest)
    return found, f"{digest:08x}"


def _num_devices(options):
    """Counts the devices that the options want; `None` for all there are."""
    if options.strategy == "multiworker":
        return None
    return 1 if options.strategy == "one" else options.devices


def _compare_workers(strategy, cluster, facts):
    """Refuses workers that are not about to do the same."""
    from alexnet_keras import distribution

    number = zlib.crc32(json.dumps(facts).encode())
    numbers = distribution.gather(strategy, number)
    replicas = len(numbers) // len(cluster.addresses)
    others = [
        cluster.addresses[place // replicas]
        for place, other in enumerate(numbers)
        if other != numbers[0]
    ]
    if others:
        raise BadInput(
            f"The workers differ from the chief: {', '.join(others)}. All need "
            "the same command, the same data, and for --resume the same run "
            "directory."
        )


def _say_nothing(*_):
    """Stands for `print` where another worker speaks."""


def _recipe(options, recipes):
    chosen = {
        name: value
        for name in ("epochs", "batch_size", "learning_rate")
        if (value := getattr(options, name)) is not None
    }
    return dataclasses.replace(recipes[options.recipe], **chosen)


def _report(results, num_classes, recipe, seconds):
    parts = [f"top-1 {results['val_accuracy']:.1%}"]
    if "val_top5" in results:
        parts.append(f"top-5 {results['val_top5']:.1%}")
    parts.append(
        f"cross-entropy {results['val_cross_entropy']:.3f} "
        f"(ln {num_classes} = {math.log(num_classes):.3f} is knowing nothing)"
    )
    return (
        f"Validation after {recipe.epochs} epoch{'s' * (recipe.epochs > 1)}, "
        f"{seconds:.0f} s in all: {', '.join(parts)}."
    )
