"""What `train` is to do, once all that must be refused was refused."""

import dataclasses
import pathlib
import re
import zlib

from alexnet_keras import networks
from alexnet_keras.commands.common import (
    BadInput,
    check_backend,
    load,
    refused,
)


@dataclasses.dataclass
class Job:
    """A training that nothing was found to be wrong with.

    `start` are the weights it starts from, and `identity` is what makes its
    run the one it is.
    """

    options: object
    cluster: object
    devices: object
    strategy: object
    say: object
    recipe: object
    network: str
    start: object
    pictures: object
    folder: pathlib.Path
    checkpoint: object
    identity: dict

    @property
    def is_chief(self):
        """Tells who alone writes and speaks, of several workers."""
        return self.cluster is None or self.cluster.index == 0


def prepare(options):
    """Refuses what cannot be done; None for a run that is finished."""
    cluster, devices, strategy = _find_devices(options)
    is_chief = cluster is None or cluster.index == 0
    say = print if is_chief else lambda *_: None
    say(f"Devices: {devices}." + (f" {cluster}." if cluster else ""))
    from alexnet_keras import data, training

    replicas = strategy.num_replicas_in_sync
    recipe = _recipe(options, replicas)
    start, digest = _read_weights(options)
    network = options.model or (start and start.likely_model) or "two-tower"
    size = options.input_size or (start and start.size)
    size = size or networks.NETWORKS[network].size
    with refused(ValueError):
        networks.check_size(networks.NETWORKS[network], size, size)
    stem = f"{_short_name(data.located(options.data))}-{network}"
    folder, checkpoint, is_finished = _find_run(options, stem, is_chief, say)
    if is_finished:
        say(f"{folder} is finished: nothing is left to do.")
        return None
    pictures = _load(options, size, recipe, replicas, say)
    policy = options.precision
    if policy == "auto" and checkpoint is not None:
        policy = checkpoint.identity.get("precision", "float32")
    elif policy == "auto":
        policy = training.choose_precision(
            network, recipe, pictures, strategy, say
        )
    identity = {
        "model": network,
        "input size": size,
        "precision": policy,
        "replicas": replicas,
        "seed": options.seed,
        "data set": pictures.fingerprint,
        "weights": digest,
        "frozen until": options.freeze_until,
        **dataclasses.asdict(recipe),
    }
    where = options, cluster, devices, strategy, say
    what = recipe, network, start, pictures, folder, checkpoint, identity
    return Job(*where, *what)


def _find_devices(options):
    """Starts TensorFlow; gives the workers, the devices and a strategy."""
    check_backend(trains=True)
    from alexnet_keras import distribution

    count, cluster = options.devices, None
    if options.strategy == "one":
        count = 1
    with refused(ValueError):
        if options.strategy != "multiworker":
            devices = distribution.start(count)
            return (
                None,
                devices,
                distribution.strategy(devices, options.strategy),
            )
        from alexnet_keras.runs import clusters

        cluster = clusters.find_cluster()
        devices = distribution.start(None)
        strategy = clusters.strategy(devices, cluster)
    if options.precision == "auto":
        raise BadInput(
            "--precision auto times one machine, and all workers need the "
            "same: give float32 or mixed_bfloat16."
        )
    return cluster, devices, strategy


def _recipe(options, replicas):
    """Gives the recipe with the changes that were asked for."""
    from alexnet_keras import recipes
    from alexnet_keras.data.loading import SOLIDS

    usual = "course" if options.data in SOLIDS else "fast"
    chosen = {
        name: value
        for name in ("epochs", "batch_size", "learning_rate")
        if (value := getattr(options, name)) is not None
    }
    recipe = dataclasses.replace(
        recipes.RECIPES[options.recipe or usual], **chosen
    )
    if recipe.batch_size % replicas:
        raise BadInput(
            f"A batch of {recipe.batch_size} cannot be shared by {replicas} "
            f"devices. Use a multiple of {replicas} for --batch-size, which "
            "counts the pictures of all devices together."
        )
    return recipe


def _read_weights(options):
    """Reads the weights to start from, and gives them a fingerprint."""
    from alexnet_keras import exchange

    if options.weights is None:
        if options.freeze_until is not None:
            raise BadInput(
                "--freeze-until leaves weights as they are: name some with "
                "--weights."
            )
        return None, None
    with refused(ValueError):
        found = exchange.read(options.weights)
    digest = 0
    for pair in found.arrays.values():
        for array in pair:
            digest = zlib.crc32(array, digest)
    return found, f"{digest:08x}"


def _load(options, size, recipe, replicas, say):
    """Loads the pictures, and refuses them where they are too few."""
    from alexnet_keras import data, training

    pictures = load(options.data, size, options, say=say)
    with refused(ValueError):
        training.steps(recipe, pictures)
        validation = pictures.splits["validation"].num_examples
        data.share_out(validation, recipe.batch_size, replicas)
    say(f"Data: {pictures}.")
    for line in pictures.skipped:
        say(f"  left out: {line}")
    return pictures


def _short_name(name):
    """Gives a data set's name, or its folder's, without a version."""
    *_, last = [
        part
        for part in re.split(r"[\\/:]", name)
        if part and not re.fullmatch(r"\d+\.\d+\.\d+", part)
    ] or ["data"]
    return last


def _find_run(options, stem, is_chief, say):
    """Finds the run's folder, its checkpoint, and whether it is finished."""
    from alexnet_keras import runs
    from alexnet_keras.runs import checkpoints

    folder = options.run_dir or runs.next_folder(stem, last=options.resume)
    if is_chief:
        with refused(runs.RunError):
            runs.refuse_used(folder, again=options.resume)
    if not options.resume:
        return folder, None, False
    if runs.status(folder).get("status") == "finished":
        return folder, None, True
    with refused(runs.CheckpointError):
        checkpoint = checkpoints.read(folder, say)
    if checkpoint is None:
        say(f"No checkpoint to resume in {folder}: training starts anew.")
    return folder, checkpoint, False
