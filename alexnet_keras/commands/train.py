"""The command `train`: prepare (`job`), begin, fit, end."""

import contextlib
import dataclasses
import json
import sys
import time
import zlib

from alexnet_keras.commands import telling
from alexnet_keras.commands.common import BadInput, Failed, refused
from alexnet_keras.commands.job import prepare


@dataclasses.dataclass
class _Work:
    """What a job has begun: its model, its run and what records it."""

    model: object
    run: object
    recorder: object
    checkpointer: object


def train(options):
    """Trains a network and writes the run's folder."""
    began = time.perf_counter()
    if options.workers is not None:
        from alexnet_keras.runs import workers

        if not workers.is_launched():
            return _launch(options, workers)
        options.strategy = "multiworker"
    job = prepare(options)
    if job is not None:
        work = _begin(job)
        _fit(job, work)
        if job.is_chief:
            _end(job, work, round(time.perf_counter() - began, 1))
    return None


def _launch(options, workers):
    """Starts the workers of a job on this machine."""
    if options.strategy not in ("auto", "multiworker"):
        raise BadInput(
            "--workers starts workers for --strategy multiworker. Received: "
            f"--strategy {options.strategy}."
        )
    command = [sys.executable, "-m", "alexnet_keras", *options.typed[1:]]
    return workers.launch(options.workers, command)


def _begin(job):
    """Builds the network where it was left, and makes the run's folder."""
    from alexnet_keras import building, runs, training, weights

    checkpoint, options = job.checkpoint, job.options
    # a checkpoint brings all that would be drawn
    awaited = () if checkpoint is None else weights.LAYERS
    with training.Precision(job.identity["precision"]), job.strategy.scope():
        with refused(ValueError), building.awaiting(awaited):
            model = training.build(
                job.network,
                job.recipe,
                job.pictures,
                seed=options.seed,
                start=job.start,
                freeze_until=options.freeze_until,
            )
        if checkpoint is not None:
            _compare_pictures(job)
            with refused(runs.CheckpointError):
                checkpoint.check(job.identity)
                checkpoint.restore(model)
    if job.cluster is not None:
        step = int(model.optimizer.iterations.numpy())
        _compare_workers(job, [job.identity, step])
    run = None
    if job.is_chief:
        with refused(runs.RunError):
            run = runs.Run.create(
                job.folder,
                again=options.resume,
                **_facts(job),
                parameters=model.count_params(),
            )
            runs.write_pictures(run, job.pictures)
    recorder = runs.Recorder(run, checkpoint.rows if checkpoint else ())
    checkpointer = runs.Checkpointer(
        run,
        model,
        job.identity,
        recorder.rows,
        training.steps(job.recipe, job.pictures),
        options.checkpoint_steps,
        checkpoint,
    )
    telling.announce(job, model)
    if checkpoint is not None:
        job.say(f"Resuming from {checkpointer.place}.")
    return _Work(model, run, recorder, checkpointer)


def _compare_pictures(job):
    """Refuses to go on with other pictures than those of the run."""
    from alexnet_keras import runs

    before = job.checkpoint.identity
    if before.get("data set") == job.identity["data set"]:
        return
    if before.get("seed") != job.identity["seed"]:
        return  # it splits them in another way; `check` names it
    if job.pictures.pictures is None:
        return
    told = runs.changed_pictures(job.folder, job.pictures, "validation")
    if told:
        raise BadInput(
            f"{job.folder} cannot go on: {told} Put the pictures back as they "
            "were, or train anew, with another --run-dir."
        )


def _fit(job, work):
    """Trains to the end, or leaves a run that can go on."""
    from alexnet_keras import runs, training
    from alexnet_keras.runs import clusters

    def agree(stop):
        return any(clusters.gather(job.strategy, stop))

    speaks = 1 if sys.stdout.isatty() else 2
    try:
        with (
            refused(runs.RunError),
            runs.Interruption(agree if job.cluster else bool) as interruption,
        ):
            try:
                training.fit(
                    work.model,
                    job.recipe,
                    job.pictures,
                    job.options.seed,
                    [*_callbacks(job, work), interruption],
                    verbose=speaks if job.is_chief else 0,
                )
            except runs.Stopped:
                work.checkpointer.save()
                raise
    except runs.Diverged as error:
        with contextlib.suppress(runs.RunError):
            _finish(work, "diverged")
        if speaks == 1:
            job.say("")  # after the bar
        if job.cluster:
            agree(False)  # what ends first would end the chief
        raise Failed(telling.divergence(job, work, error)) from error
    except KeyboardInterrupt:
        with refused(runs.RunError):
            _finish(work, "interrupted")
        place = work.checkpointer.place
        raise KeyboardInterrupt(
            f"{job.folder} keeps the state at {place}. "
            f"Go on with:\n  {telling.how_to_resume(job)}"
            if place
            else f"No step was finished; {job.folder} holds no checkpoint."
        ) from None
    except BadInput:
        with contextlib.suppress(runs.RunError):
            _finish(work, "failed")
        raise
    except Exception as error:
        lost = job.cluster and clusters.lost_workers(error, job.cluster)
        if not lost:
            raise
        with contextlib.suppress(runs.RunError):
            _finish(work, "failed")
        raise Failed(
            f"{' and '.join(lost)} cannot be reached any more, so training "
            f"stopped. {job.folder} keeps the state at "
            f"{work.checkpointer.place or 'the start'}. Start all workers "
            "again, with --resume."
        ) from error


def _callbacks(job, work):
    """Lists what records a training, in the order it must be called."""
    from alexnet_keras import runs

    callbacks = [runs.Divergence(), work.recorder, work.checkpointer]
    if job.options.tensorboard and work.run is not None:
        callbacks.append(runs.Events(work.run, work.recorder.rows))
    return callbacks


def _end(job, work, seconds):
    """Writes the results, and says them."""
    from alexnet_keras import runs
    from alexnet_keras.runs import checkpoints

    results = {
        name: value
        for name, value in work.recorder.rows[-1].items()
        if name not in ("epoch", "seconds", "learning_rate")
    }
    with refused(runs.RunError):
        _finish(work, results=results, seconds=seconds)
    checkpoints.remove(job.folder)
    num_classes = len(job.pictures.class_names)
    print(telling.results(results, num_classes, job.recipe, seconds))
    written = sorted(path.name for path in job.folder.iterdir())
    print(f"Wrote {', '.join(written)} to {job.folder}")


def _finish(work, status="finished", **facts):
    """Draws the curves of a run, writes its last facts and lets it go."""
    from alexnet_keras import visualize

    run, rows = work.run, work.recorder.rows
    if run is None:  # of several workers only the chief has one
        return
    if rows:
        num_classes = len(run.facts["data"]["class_names"])
        run.save_figure("curves.png", visualize.curves(rows, num_classes))
    run.record(status=status, **facts)
    run.close()


def _facts(job):
    """Gathers what `run.json` tells of how a run was made."""
    options, pictures, identity = job.options, job.pictures, job.identity
    counts = {
        name: split.num_examples for name, split in pictures.splits.items()
    }
    return {
        "command": options.typed,
        "model": job.network,
        "weights": options.weights and str(options.weights),
        "freeze_until": options.freeze_until,
        "recipe": dataclasses.asdict(job.recipe),
        "seed": options.seed,
        "precision": {
            "asked": options.precision,
            "used": identity["precision"],
        },
        "devices": {
            "kind": job.devices.kind,
            "names": job.devices.names,
            "replicas": identity["replicas"],
        },
        "data": {
            "source": pictures.name,
            "size": pictures.size,
            "stored": pictures.stored,
            "class_names": pictures.class_names,
            "counts": counts,
            "cache": pictures.cache,
            "colors": pictures.colors._asdict(),
            "skipped": pictures.skipped,
            "notes": pictures.notes,
            "fingerprint": pictures.fingerprint,
        },
    }


def _compare_workers(job, facts):
    """Refuses workers that are not about to do the same."""
    from alexnet_keras.runs import clusters

    number = zlib.crc32(json.dumps(facts).encode())
    numbers = clusters.gather(job.strategy, number)
    addresses = job.cluster.addresses
    replicas = len(numbers) // len(addresses)
    others = [
        addresses[place // replicas]
        for place, other in enumerate(numbers)
        if other != numbers[0]
    ]
    if others:
        raise BadInput(
            f"The workers differ from the chief: {', '.join(others)}. All need "
            "the same command, the same data, and for --resume the same run "
            "directory."
        )
