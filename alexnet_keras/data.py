"""From a TFDS name or an image folder to training and evaluation batches.

Pictures are decoded once: the short side is scaled and the central square cut
out (paper, section 2). What follows is drawn anew for every picture in every
epoch, and is a function of (seed, epoch, index) alone, so that a run can be
repeated, and resumed in the middle.
"""

import os
import pathlib
import sys
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from alexnet_keras import augment, decoding
from alexnet_keras.datasets import data_dir
from alexnet_keras.images import DataError, decode
from alexnet_keras.sources import from_builder, list_folder, open_tfds


class Colors(NamedTuple):
    """Statistics of the training pixels, RGB, 0 to 255 (`augment`)."""

    mean: tuple[float, ...]
    stddevs: tuple[float, ...]
    components: tuple[tuple[float, ...], ...]

    @property
    def scale(self):
        """Root mean square distance of a value from the mean colour."""
        return float(np.sqrt(np.square(self.stddevs).sum() / 3))


class Data(NamedTuple):
    """A data set, ready for a network.

    `size` is the side of the network's input and `stored` that of the decoded
    squares, in pixels. `cache` says where they are kept: `"memory"`, `"disk"`
    or `"none"`.
    """

    name: str
    class_names: tuple[str, ...]
    splits: dict[str, decoding.Split]
    size: int
    stored: int
    colors: Colors
    cache: str
    fingerprint: str
    skipped: tuple[str, ...] = ()

    def __str__(self):
        """Says in a line what there is."""
        counts = ", ".join(
            f"{split.num_examples} {name}"
            for name, split in self.splits.items()
        )
        where = {
            "memory": "decoded in memory",
            "disk": "decoded on disk",
            "none": "decoded anew in every epoch",
        }[self.cache]
        return (
            f"{self.name}: {len(self.class_names)} classes, {counts}; {where}"
        )

    def train(
        self, batch_size, seed=0, color_noise=True, start=0, worker=(0, 1)
    ):
        """Makes endless training batches, shuffled anew in every epoch.

        An epoch is `num_examples // batch_size` batches: the short last batch
        is dropped, another one every time.

        Args:
            batch_size: Int, over all replicas.
            seed: Int.
            color_noise: Bool, whether colours are shifted (paper, 4.1).
            start: Int, batches to leave out, for a run that goes on.
            worker: Pair of ints, `(index, count)`: of every batch, the part
                of one of several workers, who need equal parts.

        Returns:
            `tf.data.Dataset` of `(images, labels)`: `(batch, size, size, 3)`,
            RGB 0 to 255, float32 (uint8 without colour noise), and int32.

        Raises:
            DataError: If there are fewer pictures than a batch.
        """
        split = self.splits["train"]
        steps = split.num_examples // batch_size
        if not steps:
            raise DataError(
                f"The training set has fewer pictures than one batch. "
                f"Received: {split.num_examples} pictures, batch_size="
                f"{batch_size}. Use a smaller batch."
            )
        first, left_out = divmod(start, steps)
        index_of_worker, num_workers = worker
        share = batch_size // num_workers

        def epoch_of(epoch):
            examples = self._examples(split, (seed, epoch))
            examples = examples.take(steps * batch_size)
            if num_workers > 1:
                examples = _only(
                    examples,
                    lambda place: (
                        place % batch_size // share == index_of_worker
                    ),
                )
            return examples.map(
                lambda index, picture, label: (epoch, index, picture, label)
            )

        def prepare(epoch, index, picture, label):
            key = tf.stack([tf.cast(seed, tf.int64), epoch])
            key = tf.random.experimental.stateless_fold_in(key, index)
            crop, flip, color = tf.unstack(
                tf.random.experimental.stateless_split(key, 3)
            )
            image = self._load(split, picture)
            image = augment.random_crop(image, self.size, crop)
            image = augment.random_flip(image, flip)
            if color_noise:
                image = augment.shift_colors(
                    tf.cast(image, tf.float32),
                    tf.constant(self.colors.stddevs, tf.float32),
                    tf.constant(self.colors.components, tf.float32),
                    color,
                )
            return image, label

        epochs = tf.data.Dataset.range(first, tf.int64.max)
        return (
            epochs.flat_map(epoch_of)
            .skip(left_out * share)
            .map(prepare, num_parallel_calls=os.cpu_count())
            .batch(share, drop_remainder=True)
            .prefetch(2)
            .with_options(_options())
        )

    def evaluation(
        self, batch_size, split="validation", ten_crops=False, only=None
    ):
        """Makes the batches of one pass over a split, in order.

        Args:
            batch_size: Int.
            split: `"validation"`, `"test"` or `"train"`.
            ten_crops: Bool, whether to cut ten crops out of each picture
                (paper, section 4.1) instead of the central one.
            only: Bool array, which pictures of the pass to take; by default
                all.

        Returns:
            `tf.data.Dataset` of `(images, labels)`: uint8
            `(batch, size, size, 3)`, or `(batch, 10, size, size, 3)`.
        """
        split = self.splits[split]
        cut = augment.ten_crops if ten_crops else augment.center_crop

        def prepare(index, picture, label):
            return cut(self._load(split, picture), self.size), label

        examples = self._examples(split)
        if only is not None:
            taken = tf.constant(only)
            examples = _only(examples, lambda place: taken[place])
        return (
            examples.map(prepare, num_parallel_calls=os.cpu_count())
            .batch(batch_size)
            .prefetch(2)
            .with_options(_options())
        )

    def shared_training(
        self, batch_size, strategy, seed=0, color_noise=True, start=0
    ):
        """Makes training batches for the replicas of a strategy.

        Args:
            batch_size: Int, over all replicas of all workers.
            strategy: A `tf.distribute.Strategy`.
            seed: As in `train`; `color_noise` and `start` too.
            color_noise: Bool.
            start: Int.

        Returns:
            The batches without end, each replica's part by itself.
        """

        def part(context):
            pipelines = context.num_input_pipelines
            batches = self.train(
                batch_size, seed, color_noise, start,
                (context.input_pipeline_id, pipelines),
            )  # fmt: skip
            if pipelines == strategy.num_replicas_in_sync:
                return batches
            return batches.rebatch(batch_size // strategy.num_replicas_in_sync)

        return _distribute(strategy, part)

    def shared_validation(self, batch_size, strategy):
        """Makes validation batches for the replicas of a strategy.

        Args:
            batch_size: Int, about so many a step, over all replicas.
            strategy: A `tf.distribute.Strategy`.

        Returns:
            The batches of one pass after another without end, and the steps
            of a pass, in which every picture is seen once.

        Raises:
            DataError: If there are too few pictures to share.
        """
        replicas = strategy.num_replicas_in_sync
        count = self.splits["validation"].num_examples
        sizes = np.array(share_out(count, batch_size, replicas))

        def part(context):
            share = replicas // context.num_input_pipelines
            owner = np.arange(len(sizes)) % replicas // share
            own = owner == context.input_pipeline_id
            batches = self.evaluation(batch_size, only=np.repeat(own, sizes))
            return batches.rebatch(sizes[own]).repeat().prefetch(2)

        return _distribute(strategy, part), len(sizes) // replicas

    def _examples(self, split, seed=None):
        """Lists `(index, picture, label)`, shuffled if there is a seed."""
        if split.stream is not None:
            return split.stream(seed)
        rows = tf.constant(split.rows, tf.int64)
        labels = tf.constant(split.labels, tf.int32)
        if seed is not None:
            rows = tf.random.experimental.stateless_shuffle(rows, seed)
        return tf.data.Dataset.from_tensor_slices(rows).map(
            lambda row: (row, row, tf.gather(labels, row))
        )

    def _load(self, split, picture):
        """Gets a picture by its row, or out of a record's bytes."""
        if split.stream is not None:

            def read(picture):
                return decode(picture, self.stored)
        else:

            def read(row):
                return split.images[row]

        image = tf.numpy_function(read, [picture], tf.uint8, stateful=False)
        return tf.ensure_shape(image, (self.stored, self.stored, 3))


def share_out(num_examples, batch_size, replicas):
    """Deals a pass over a split out to replicas, so that all get equal shares.

    TensorFlow would fill the replicas one after another; one that is given
    nothing fails, and Keras wants equal shares in the first step.

    Args:
        num_examples: Int.
        batch_size: Int, about so many a step, over all replicas.
        replicas: Int.

    Returns:
        List of ints: for each step, the pictures of each replica in turn. They
        differ by one at most, and not within the first step.

    Raises:
        DataError: If there are too few pictures.
    """
    num_steps = min(-(-num_examples // batch_size), num_examples // replicas)
    num_steps = max(num_steps, 2 if num_examples % replicas else 1)
    share, left = divmod(num_examples, num_steps * replicas)
    if not share:
        raise DataError(
            f"{num_examples} pictures cannot be shared by {replicas} devices. "
            f"Use fewer devices, or at least {2 * replicas} pictures for "
            "validation."
        )
    sizes = [share] * (num_steps * replicas - left) + [share + 1] * left
    return sizes if len(set(sizes[:replicas])) == 1 else sizes[::-1]


def stored_size(size):
    """Gives the side of the squares that crops of `size` are cut from.

    The paper's 256 for its 224 and for 227, and the same share otherwise.
    """
    return 256 if 224 <= size <= 227 else round(size * 8 / 7)


def load(
    source="solids",
    size=227,
    seed=0,
    skip_unreadable=False,
    cache="auto",
    folder=None,
    report=print,
):
    """Loads a data set: `solids`, one of TFDS, or a folder of pictures.

    Args:
        source: `"solids"` (or its few first pictures, `"solids/tiny"`), a TFDS
            name such as `"imagenette/320px-v2"`, or the path of a folder
            (see `sources.list_folder`).
        size: Int, side of the network's input, in pixels.
        seed: Int, draws the validation pictures of a folder without splits.
        skip_unreadable: Bool, whether to go on without the pictures that
            cannot be read.
        cache: Where decoded pictures are kept: `"auto"`, `"memory"`, `"disk"`
            or `"none"` (see `decoding.choose`).
        folder: Path for prepared sets; by default `datasets.data_dir()`.
        report: Called with a line of text where something takes time.

    Returns:
        A `Data`.

    Raises:
        DataError: If the set cannot be used; the message says why.
    """
    folder = pathlib.Path(folder or data_dir())
    if source in ("solids", "solids/full", "solids/tiny"):
        import tensorflow_datasets as tfds

        from alexnet_keras.datasets import solids

        if not sys.stderr.isatty():  # a bar is for a terminal
            tfds.disable_progress_bar()
        config = source.partition("/")[2] or "full"
        listed = from_builder(solids.prepare(config, folder))
    elif _is_path(source):
        listed = list_folder(source, seed)
    else:
        listed = from_builder(open_tfds(source, folder))
    stored = stored_size(size)
    pictures = listed.splits.values()
    cache = decoding.choose(cache, pictures, stored, folder)
    count = sum(split.num_examples for split in pictures)
    report(f"Reading {count} pictures ...")
    splits, unreadable = {}, []
    for name, split in listed.splits.items():
        splits[name], errors = decoding.read(split, stored, cache, folder)
        unreadable += errors
    if unreadable and not skip_unreadable:
        raise DataError(
            f"{len(unreadable)} of {count} pictures cannot be "
            "read:\n  " + "\n  ".join(unreadable) + "\nRepair or remove them, "
            "or go on without exactly these: --skip-unreadable "
            "(`skip_unreadable=True`)."
        )
    for name, split in splits.items():
        if not split.num_examples:
            raise DataError(f"No picture of the split {name!r} can be read.")
    identity = [found.identity for found in pictures]
    readable = [split.num_examples for split in splits.values()]
    return Data(
        name=str(source),
        class_names=listed.class_names,
        splits=splits,
        size=size,
        stored=stored,
        colors=_colors(splits["train"], stored),
        cache=cache,
        fingerprint=decoding.digest([identity, listed.class_names, readable]),
        skipped=tuple(unreadable),
    )


def _is_path(source):
    """Tells a folder from a TFDS name, which may hold a slash too."""
    text = os.fspath(source)
    return (
        not isinstance(source, str)
        or os.path.exists(os.path.expanduser(text))
        or text.startswith((".", "~", "/", os.sep))
        or "\\" in text
    )


def _colors(split, stored, num_pictures=1000):
    """Measures colours on evenly spaced training pictures, every 4th pixel."""
    if split.stream is not None:
        records = split.stream().take(num_pictures).as_numpy_iterator()
        pictures = [decode(record, stored) for _, record, _ in records]
    else:
        step = max(1, len(split.rows) // num_pictures)
        pictures = [split.images[row] for row in split.rows[::step]]
    pixels = np.stack([picture[::4, ::4] for picture in pictures])
    mean, stddevs, components = augment.color_components(pixels)
    return Colors(
        tuple(mean.tolist()),
        tuple(stddevs.tolist()),
        tuple(map(tuple, components.tolist())),
    )


def _distribute(strategy, part):
    """Makes the batches of each pipeline with the function `part`.

    A mirrored strategy gets a pipeline for each replica. TensorFlow would
    else add iterators of its own, with the tuning thread of `_options`.
    """
    options = None
    if isinstance(strategy, tf.distribute.MirroredStrategy):
        options = tf.distribute.InputOptions(
            experimental_fetch_to_device=False,
            experimental_replication_mode=(
                tf.distribute.InputReplicationMode.PER_REPLICA
            ),
        )
    return strategy.distribute_datasets_from_function(part, options)


def _only(examples, wanted):
    """Takes the elements whose place in the data set is a wanted one."""
    return (
        examples.enumerate()
        .filter(lambda place, example: wanted(place))
        .map(lambda place, example: example)
    )


def _options():
    options = tf.data.Options()
    # The thread that tunes wakes up ever more seldom, and with TensorFlow 2.21
    # an iterator that goes often waits for it: 20 to 80 seconds an epoch.
    options.autotune.enabled = False
    # every replica takes its part of each batch; there are no files to share
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return options
