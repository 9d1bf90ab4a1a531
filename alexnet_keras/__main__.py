"""The command line: `alexnet-keras`, or `python -m alexnet_keras`.

TensorFlow is imported after the arguments are read, and without its noise.
"""

import argparse
import contextlib
import dataclasses
import math
import os
import pathlib
import shlex
import sys
import time

import alexnet_keras

MODELS = ("two-tower", "one-tower", "one-weird-trick", "mini")


def main(arguments=None):
    """Runs a command.

    Args:
        arguments: List of str; by default the command line's.

    Returns:
        Int, the exit code: 0, 2 for bad input, 130 after Ctrl-C.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    options.typed = ["alexnet-keras", *arguments]
    try:
        options.command(options)
    except _BadInput as error:
        print(f"alexnet-keras: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"\nStopped. {stop or 'Nothing was written.'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # who reads, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _BadInput(Exception):
    """A message for who typed the command."""


@contextlib.contextmanager
def _refused(*kinds):
    """Turns errors of the given kinds into a clear line and exit code 2."""
    try:
        yield
    except kinds as error:
        raise _BadInput(str(error)) from error


def summary(options):
    """Prints the table of layers, with totals."""
    from alexnet_keras import distribution

    distribution.start()
    from alexnet_keras import models, shapes

    size = options.input_size or models.default_size(options.model)
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
    from alexnet_keras import distribution

    began = time.perf_counter()
    wanted = 1 if options.strategy == "one" else options.devices
    with _refused(ValueError):
        devices = distribution.start(wanted)
        strategy = distribution.strategy(devices, options.strategy)
    print(f"Devices: {devices}.")
    from alexnet_keras import checkpoints, data, models, runs, training

    recipe = _recipe(options, training.RECIPES)
    replicas = strategy.num_replicas_in_sync
    if recipe.batch_size % replicas:
        raise _BadInput(
            f"A batch of {recipe.batch_size} cannot be shared by {replicas} "
            f"devices. Use a multiple of {replicas} for --batch-size, which "
            "counts the pictures of all devices together."
        )
    size = options.input_size or models.default_size(options.model)
    with _refused(ValueError):
        models.check_size(options.model, size)
    pictures = _load(options.data, size, options)
    with _refused(ValueError):
        training.steps(recipe, pictures)
        validation = pictures.splits["validation"].num_examples
        data.share_out(validation, recipe.batch_size, replicas)
    print(f"Data: {pictures}.")
    for line in pictures.skipped:
        print(f"  left out: {line}")

    stem = f"{pathlib.Path(options.data).name}-{options.model}"
    folder = options.run_dir or runs.next_folder(stem, last=options.resume)
    checkpoint = None
    if options.resume:
        if runs.status(folder).get("status") == "finished":
            print(f"{folder} is finished: nothing is left to do.")
            return
        with _refused(checkpoints.CheckpointError):
            checkpoint = checkpoints.read(folder)
        if checkpoint is None:
            print(f"No checkpoint to resume in {folder}: training starts anew.")
    policy = options.precision
    if policy == "auto" and checkpoint is not None:
        policy = checkpoint.identity.get("precision", "float32")
    elif policy == "auto":
        policy = training.choose_precision(
            options.model, recipe, pictures, strategy, print
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
    with _refused(runs.RunError):
        run = runs.Run.create(
            folder,
            again=options.resume,
            **_facts(options, identity, recipe, devices, pictures),
            parameters=network.count_params(),
        )
    print(
        f"Network: {options.model}, {network.count_params():,} parameters, "
        f"{policy}, recipe {recipe.name}, {replicas} replica"
        f"{'s' * (replicas > 1)} of {recipe.batch_size // replicas} pictures.\n"
        f"Run: {run.folder}"
    )
    recorder = runs.Recorder(run, checkpoint.rows if checkpoint else ())
    checkpointer = checkpoints.Checkpointer(
        run, network, identity, recorder.rows,
        training.steps(recipe, pictures), options.checkpoint_steps, checkpoint,
    )  # fmt: skip
    if checkpoint is not None:
        print(f"Resuming from {checkpointer.place}.")
    try:
        with _refused(runs.RunError), training.Interruption() as interruption:
            training.fit(
                network, recipe, pictures, options.seed,
                [recorder, checkpointer, interruption],
                verbose=1 if sys.stdout.isatty() else 2,
            )  # fmt: skip
    except KeyboardInterrupt as stop:
        with _refused(runs.RunError):
            if isinstance(stop, training.Stopped):
                checkpointer.save()
            _finish(run, recorder, "interrupted")
        raise KeyboardInterrupt(
            f"{run.folder} keeps the state at {checkpointer.place}. "
            f"Go on with:\n  {_command_to_resume(options, run.folder)}"
            if checkpointer.place
            else f"No step was finished; {run.folder} holds run.json only."
        ) from None
    except _BadInput:
        with contextlib.suppress(runs.RunError):
            _finish(run, recorder, "failed")
        raise
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
        raise _BadInput(
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
        raise _BadInput("cannot be read:\n  " + "\n  ".join(unreadable))
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

    if recorder.rows:
        num_classes = len(run.facts["data"]["class_names"])
        figure = visualize.curves(recorder.rows, num_classes)
        run.save_figure("curves.png", figure)
    run.record(status=status, **facts)
    run.close()


def _load(source, size, options, seed=None):
    from alexnet_keras import data

    with _refused(data.DataError, OSError):
        return data.load(
            source, size, options.seed if seed is None else seed,
            skip_unreadable=options.skip_unreadable, cache=options.cache,
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


def _positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _rate(text):
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError
    return number


_positive.__name__, _rate.__name__ = "positive whole number", "positive number"


def _parser():
    parser = argparse.ArgumentParser(
        prog="alexnet-keras",
        description="AlexNet in Keras: see it, train it, ask it.",
    )
    parser.add_argument(
        "--version", action="version", version=alexnet_keras.__version__
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(function, text):
        sub = commands.add_parser(
            function.__name__, help=text, description=text,
        )  # fmt: skip
        sub.set_defaults(command=function)
        return sub

    def option(sub, name, text, **settings):
        if settings.get("default") is not None:
            text += " (default: %(default)s)"
        sub.add_argument(name, help=text, **settings)

    def data_options(sub, default, text):
        option(sub, "--data", text, default=default, metavar="DATA")
        option(
            sub, "--skip-unreadable", "go on without the pictures of a folder "
            "that cannot be read", action="store_true",
        )  # fmt: skip
        option(
            sub, "--cache", "where decoded pictures are kept", default="auto",
            choices=("auto", "memory", "disk", "none"),
        )  # fmt: skip

    def network_options(sub):
        option(
            sub, "--model", "which network", choices=MODELS, default=MODELS[0]
        )
        option(
            sub, "--input-size", "side of the network's input in pixels; by "
            "default the network's own", type=_positive, metavar="N",
        )  # fmt: skip

    sub = command(summary, "print the table of layers, with totals")
    network_options(sub)
    option(
        sub, "--classes", "number of classes", type=_positive, default=1000,
        metavar="N",
    )  # fmt: skip

    sub = command(train, "train a network and write a run's folder")
    data_options(
        sub, "solids", "solids (the embedded set), a TensorFlow data set such "
        "as imagenette/320px-v2, or a folder with one folder of pictures for "
        "each class (or train/CLASS and val/CLASS)",
    )  # fmt: skip
    network_options(sub)
    option(
        sub, "--strategy", "one device, a copy of the network on each "
        "(mirrored), or what fits", choices=("auto", "one", "mirrored"),
        default="auto",
    )  # fmt: skip
    option(
        sub, "--devices", "how many GPUs; without them the processor is split",
        type=_positive, default=2, metavar="N",
    )  # fmt: skip
    option(
        sub, "--recipe", "fast learns within minutes, paper is the paper's",
        choices=("fast", "paper"), default="fast",
    )  # fmt: skip
    option(
        sub, "--epochs", "instead of the recipe's", type=_positive, metavar="N"
    )
    option(
        sub, "--batch-size", "pictures a step, over all devices, instead of "
        "the recipe's", type=_positive, metavar="N",
    )  # fmt: skip
    option(
        sub, "--precision", "auto times some steps of both",
        choices=("float32", "mixed_bfloat16", "auto"), default="float32",
    )  # fmt: skip
    option(
        sub, "--learning-rate", "highest rate, instead of the recipe's",
        type=_rate, metavar="LR",
    )  # fmt: skip
    option(
        sub, "--seed", "of the weights, dropout, order and crops", type=int,
        default=0, metavar="N",
    )  # fmt: skip
    option(
        sub, "--resume", "go on from the last checkpoint of --run-dir, or of "
        "the last run of this kind", action="store_true",
    )  # fmt: skip
    option(
        sub, "--checkpoint-steps", "steps from one checkpoint to the next, "
        "besides one after every epoch", type=_positive, metavar="N",
    )  # fmt: skip
    option(
        sub, "--run-dir", "folder to write; by default a new one in runs/",
        type=pathlib.Path, metavar="DIR",
    )  # fmt: skip

    sub = command(evaluate, "measure a run's network and draw its confusions")
    option(sub, "run", "folder of a run", metavar="RUN", type=pathlib.Path)
    data_options(
        sub, None, "other data with the same classes; by default the run's"
    )
    option(
        sub, "--ten-crops", "average ten crops, as the paper does",
        action="store_true",
    )  # fmt: skip

    sub = command(predict, "name the five likeliest classes of pictures")
    option(sub, "run", "folder of a run", metavar="RUN", type=pathlib.Path)
    option(
        sub,
        "images",
        "picture files",
        metavar="IMAGE",
        nargs="+",
        type=pathlib.Path,
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
