"""What the commands of the command line do.

TensorFlow is imported inside the functions: `distribution.start` silences its
start-up noise, so it comes first.
"""

import contextlib
import dataclasses
import json
import math
import pathlib
import shlex
import sys
import time
import zlib


class BadInput(Exception):
    """A message for who typed the command."""


class WorkerLost(Exception):
    """Another worker of the job is gone."""


@contextlib.contextmanager
def _refused(*kinds):
    """Turns errors of the given kinds into a clear line and exit code 2."""
    try:
        yield
    except kinds as error:
        raise BadInput(str(error)) from error


def summary(options):
    """Prints the table of layers, with totals."""
    from alexnet_keras import distribution

    distribution.start()
    from alexnet_keras import architecture, models, shapes

    size = options.input_size or architecture.default_size(options.model)
    with _refused(ValueError):
        model = models.BUILDERS[options.model](
            input_shape=(size, size, 3), classes=options.classes
        )
    rows = shapes.table(models.layer_chain(model), size)
    print(
        f"{'layer':<10} {'output':>14} {'parameters':>12} {'multiply-adds':>14}"
    )
    for row in rows:
        shape = " x ".join(map(str, row.output_shape))
        counts = (row.parameters, row.multiply_adds)
        shown = [f"{count:,}" if count else "" for count in counts]
        print(
            f"{row.name:<10} {shape:>14} {shown[0]:>12} {shown[1]:>14}".rstrip()
        )
    parameters = sum(row.parameters for row in rows)
    multiply_adds = sum(row.multiply_adds for row in rows)
    print(f"{'total':<10} {'':>14} {parameters:>12,} {multiply_adds:>14,}")


def train(options):
    """Trains a network and writes the run's folder."""
    from alexnet_keras import distribution, workers

    began = time.perf_counter()
    if options.workers is not None:
        if not workers.is_launched():
            return _launch(options)
        options.strategy = "multiworker"
    cluster = None
    with _refused(ValueError):
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
    size = options.input_size or architecture.default_size(options.model)
    with _refused(ValueError):
        architecture.check_size(options.model, size)
    pictures = _load(options.data, size, options, say=say)
    with _refused(ValueError):
        training.steps(recipe, pictures)
        validation = pictures.splits["validation"].num_examples
        data.share_out(validation, recipe.batch_size, replicas)
    say(f"Data: {pictures}.")
    for line in pictures.skipped:
        say(f"  left out: {line}")

    stem = f"{pathlib.Path(options.data).name}-{options.model}"
    folder = options.run_dir or runs.next_folder(stem, last=options.resume)
    checkpoint = None
    if options.resume:
        if runs.status(folder).get("status") == "finished":
            say(f"{folder} is finished: nothing is left to do.")
            return
        with _refused(checkpoints.CheckpointError):
            checkpoint = checkpoints.read(folder, say)
        if checkpoint is None:
            say(f"No checkpoint to resume in {folder}: training starts anew.")
    policy = options.precision
    if policy == "auto" and checkpoint is not None:
        policy = checkpoint.identity.get("precision", "float32")
    elif policy == "auto":
        policy = training.choose_precision(
            options.model, recipe, pictures, strategy, say
        )
    identity = {
        "model": options.model,
        "input size": size,
        "precision": policy,
        "replicas": replicas,
        "seed": options.seed,
        "data set": pictures.fingerprint,
        **dataclasses.asdict(recipe),
    }
    with training.Precision(policy), strategy.scope():
        network = training.build(
            options.model, recipe, pictures, seed=options.seed
        )
        if checkpoint is not None:
            with _refused(checkpoints.CheckpointError):
                checkpoint.check(identity)
                checkpoint.restore(network)
    if cluster is not None:
        step = int(network.optimizer.iterations.numpy())
        _compare_workers(strategy, cluster, [identity, step])
    run = None
    if chief:
        with _refused(runs.RunError):
            run = runs.Run.create(
                folder,
                again=options.resume,
                **_facts(options, identity, recipe, devices, pictures),
                parameters=network.count_params(),
            )
    say(
        f"Network: {options.model}, {network.count_params():,} parameters, "
        f"{policy}, recipe {recipe.name}, {replicas} replica"
        f"{'s' * (replicas > 1)} of {recipe.batch_size // replicas} pictures.\n"
        f"Run: {folder}"
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
            _refused(runs.RunError),
            training.Interruption(agree if cluster else bool) as interruption,
        ):
            training.fit(
                network, recipe, pictures, options.seed,
                [recorder, checkpointer, interruption],
                verbose=(1 if sys.stdout.isatty() else 2) if chief else 0,
            )  # fmt: skip
    except KeyboardInterrupt as stop:
        with _refused(runs.RunError):
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
    with _refused(runs.RunError):
        _finish(run, recorder, results=results, seconds=seconds)
    checkpoints.remove(run.folder)
    print(_report(results, len(pictures.class_names), recipe, seconds))
    print(
        f"Wrote model.keras, history.csv, curves.png, run.json to {run.folder}"
    )


def evaluate(options):
    """Measures a run's network."""
    from alexnet_keras import distribution

    distribution.start()
    from alexnet_keras import runs, training, visualize

    with _refused(runs.RunError):
        run = runs.Run.open(options.run)
        network = run.load_model()
    facts = run.facts["data"]
    pictures = _load(
        options.data or facts["source"],
        facts["size"],
        options,
        run.facts["seed"],
    )
    if list(pictures.class_names) != list(facts["class_names"]):
        raise BadInput(
            f"{options.data} has other classes than the run. The run's: "
            f"{', '.join(facts['class_names'])}. Received: "
            f"{', '.join(pictures.class_names)}."
        )
    split = "test" if "test" in pictures.splits else "validation"
    print(f"Data: {pictures}.")
    result = training.evaluate(
        network, pictures, split, options.ten_crops,
        verbose=int(sys.stdout.isatty()),
    )  # fmt: skip
    figure = visualize.confusion(result["confusion"], pictures.class_names)
    with _refused(runs.RunError):
        run.save_figure("confusion.png", figure)
    crops = "mean of ten crops" if options.ten_crops else "central crop"
    print(
        f"{split}, {pictures.splits[split].num_examples} pictures, {crops}: "
        f"top-1 {result['top1']:.1%}, top-5 {result['top5']:.1%}\n"
        f"Wrote {run.folder / 'confusion.png'}"
    )


def predict(options):
    """Names the likeliest classes of pictures."""
    from alexnet_keras import distribution

    distribution.start()
    import numpy as np

    from alexnet_keras import augment, images, models, runs

    with _refused(runs.RunError):
        run = runs.Run.open(options.run)
    facts = run.facts["data"]
    pictures, unreadable = [], []
    for path in options.images:
        try:
            picture = images.decode(path, facts["stored"])
            pictures.append(augment.center_crop(picture, facts["size"]))
        except ValueError as error:
            unreadable.append(f"{path}: {error}")
    if unreadable:
        raise BadInput("cannot be read:\n  " + "\n  ".join(unreadable))
    with _refused(runs.RunError):
        network = run.load_model()
    probabilities = network.predict(np.stack(pictures), verbose=0)
    named = models.decode_predictions(
        probabilities, class_names=facts["class_names"]
    )
    for path, best in zip(options.images, named, strict=True):
        print(path)
        for _, name, probability in best:
            print(f"  {probability:6.1%}  {name}")


def _facts(options, identity, recipe, devices, pictures):
    """Gathers what `run.json` tells of how a run was made."""
    counts = {
        name: split.num_examples for name, split in pictures.splits.items()
    }
    return {
        "command": options.typed,
        "model": options.model,
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


def _load(source, size, options, seed=None, say=print):
    from alexnet_keras import data

    with _refused(data.DataError, OSError):
        return data.load(
            source, size, options.seed if seed is None else seed,
            skip_unreadable=options.skip_unreadable, cache=options.cache,
            report=say,
        )  # fmt: skip


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
