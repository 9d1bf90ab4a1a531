"""Training and evaluation batches, out of decoded pictures.

Pictures are decoded once: the short side is scaled and the central square cut
out (paper, section 2). What follows is drawn anew for every picture in every
epoch, and is a function of (seed, epoch, index) alone, so that a run can be
repeated, and resumed in the middle.
"""

import atexit
import contextlib
import gc
import os
import types
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from alexnet_keras import augment
from alexnet_keras.data.cache import Split
from alexnet_keras.data.decoding import DataError, decode


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
    or `"none"`. `skipped` are lines about pictures that cannot be read and
    `notes` about what was not taken; `pictures` has those of an image folder,
    `folders.FilePictures` for each split.
    """

    name: str
    class_names: tuple[str, ...]
    splits: dict[str, Split]
    size: int
    stored: int
    colors: Colors
    cache: str
    fingerprint: str
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: dict | None = None

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
        self,
        batch_size,
        seed=0,
        color_noise=True,
        start=0,
        worker=(0, 1),
        least_area=None,
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
            least_area: Float, as in `augment.random_resized_crop`, or None
                for crops of the network's size.

        Returns:
            `tf.data.Dataset` of `(images, labels)`: `(batch, size, size, 3)`,
            RGB 0 to 255, float32 (uint8 if neither colours nor sizes are
            changed), and int32.

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

        epochs = tf.data.Dataset.range(first, tf.int64.max)
        return (
            epochs.flat_map(epoch_of)
            .skip(left_out * share)
            .map(
                self._augmented(split, seed, color_noise, least_area),
                num_parallel_calls=os.cpu_count(),
            )
            .batch(share, drop_remainder=True)
            .prefetch(2)
            .with_options(_options())
        )

    def _augmented(self, split, seed, color_noise, least_area):
        """Gives the function that makes a training example of a record."""

        def prepare(epoch, index, picture, label):
            key = tf.stack([tf.cast(seed, tf.int64), epoch])
            key = tf.random.experimental.stateless_fold_in(key, index)
            crop, flip, color = tf.unstack(
                tf.random.experimental.stateless_split(key, 3)
            )
            image = self._load(split, picture)
            if least_area is None:
                image = augment.random_crop(image, self.size, crop)
            else:
                image = augment.random_resized_crop(
                    image, self.size, crop, least_area
                )
            image = augment.random_flip(image, flip)
            if color_noise:
                image = augment.shift_colors(
                    tf.cast(image, tf.float32),
                    tf.constant(self.colors.stddevs, tf.float32),
                    tf.constant(self.colors.components, tf.float32),
                    color,
                )
            return image, label

        return prepare

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


@atexit.register
def _close_iterators():
    """Ends what still reads pictures when the program ends.

    A pipeline's threads run Python, which stops serving them while it shuts
    down. What then takes the pipeline apart would wait for them for ever.
    """
    gc.unfreeze()  # what is frozen is not listed
    kinds = tf.data.Iterator, tf.distribute.DistributedIterator
    libraries = tuple(os.path.dirname(one.__file__) for one in (tf, keras))
    for thing in gc.get_objects():
        if type(thing) is types.FrameType:  # where an iterator failed
            if thing.f_code.co_filename.startswith(libraries):
                with contextlib.suppress(RuntimeError):  # it still runs
                    thing.clear()
        elif issubclass(type(thing), kinds):
            vars(thing).clear()  # nobody else holds the pipeline


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
