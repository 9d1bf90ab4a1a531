"""What `train` says: what begins, what came out, and what is left to do."""

import importlib.util
import math
import shlex


def announce(job, model):
    """Says what is about to be trained."""
    from alexnet_keras import training

    replicas = job.strategy.num_replicas_in_sync
    job.say(
        f"Network: {job.network}, {model.count_params():,} parameters, "
        f"{job.identity['precision']}, recipe {job.recipe.name}, {replicas} "
        f"replica{'s' * (replicas > 1)} of "
        f"{job.recipe.batch_size // replicas} pictures.\nRun: {job.folder}"
    )
    if job.start is not None:
        new = " and ".join(training.new_layers(job.start, job.pictures))
        but = f", but {new} starts anew" if new else ""
        job.say(f"Weights: {job.options.weights}{but}.")
    if job.options.freeze_until:
        trained = sum(
            w.value.shape.num_elements() for w in model.trainable_weights
        )
        job.say(
            f"Frozen until {job.options.freeze_until}: {trained:,} parameters "
            "are trained."
        )
    if job.options.tensorboard:
        first = ""
        if importlib.util.find_spec("tensorboard") is None:
            first = "pip install tensorboard, then "
        job.say(
            f"Charts: {first}tensorboard --logdir "
            f"{shlex.quote(str(job.folder))}"
        )


def divergence(job, work, error):
    """Says where training failed, what is left of it, and what to do."""
    from alexnet_keras.runs import checkpoints

    checkpointer, rate = work.checkpointer, job.recipe.learning_rate
    kept = f"{job.folder} holds no checkpoint"
    if checkpointer.place:
        file = job.folder / checkpoints.NEWEST
        kept = f"{file} keeps the last finite state, at {checkpointer.place}"
    if work.recorder.rows:
        epoch = work.recorder.rows[-1]["epoch"]
        kept += (
            f"; {job.folder / 'model.keras'} is the network after epoch "
            f"{epoch}, from which --weights {job.folder} starts"
        )
    return (
        f"Training has diverged at {checkpointer.reached}: {error}. {kept}. "
        "Train anew with a smaller rate, such as --learning-rate "
        f"{rate / 10:g}; this run's was {rate:g}."
    )


def how_to_resume(job):
    """Gives the command that was typed, with what resumes its run."""
    typed = [*job.options.typed]
    if not job.options.resume:
        typed.append("--resume")
    if job.options.run_dir is None:
        typed += ["--run-dir", str(job.folder)]
    return shlex.join(typed)


def results(found, num_classes, recipe, seconds):
    """Says what came out of a training."""
    parts = [f"top-1 {found['val_accuracy']:.1%}"]
    if "val_top5" in found:
        parts.append(f"top-5 {found['val_top5']:.1%}")
    parts.append(
        f"cross-entropy {found['val_cross_entropy']:.3f} "
        f"(ln {num_classes} = {math.log(num_classes):.3f} is knowing nothing)"
    )
    return (
        f"Validation after {recipe.epochs} epoch{'s' * (recipe.epochs > 1)}, "
        f"{seconds:.0f} s in all: {', '.join(parts)}."
    )
