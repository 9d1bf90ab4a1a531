"""Prepared TensorFlow data sets: their splits, and reading their records."""

import itertools
import os
import re

from alexnet_keras.data.decoding import DataError
from alexnet_keras.data.folders import Listed
from alexnet_keras.data.tfds_features import class_names, image_and_label
from alexnet_keras.data.trees import split_of

WINDOW = 1024  # records that are shuffled together where they are not kept
BATCH = 16  # records that are taken out of TensorFlow together
FRAME = 16  # bytes that a TFRecord file adds to each record


class TfdsPictures:
    """Pictures of a prepared builder's split; as `folders.FilePictures`."""

    def __init__(self, builder, split):
        self._builder, self._split = builder, split
        self._image, self._label = image_and_label(builder)
        self.num_examples = builder.info.splits[split].num_examples
        self.identity = [builder.info.full_name, split]

    @property
    def key(self):
        """Tells these pictures from others; it changes with the files."""
        folder = os.path.abspath(self._builder.data_dir)
        written = os.stat(os.path.join(folder, "dataset_info.json"))
        return [*self.identity, folder, written.st_mtime_ns]

    @property
    def names(self):
        """One name a picture, for messages."""
        full_name, split = self.identity
        return [f"{full_name} {split} {i}" for i in range(self.num_examples)]

    def read(self):
        """Yields `(bytes, label)` for each picture, in a fixed order.

        Raises:
            DataError: If a picture has no label, or a file is damaged.
        """
        num_classes = self._builder.info.features[self._label].num_classes
        count = 0
        for picture, label in self._records():
            if not 0 <= label < num_classes:
                raise DataError(
                    f"{' '.join(self.identity)} {count} has the label {label}; "
                    f"known are 0 to {num_classes - 1}. Prepare the set with a "
                    "label for each picture, or with those that have none in "
                    "a split of their own."
                )
            yield picture, label
            count += 1
        if count != self.num_examples:
            raise _damaged(
                self._builder,
                f"{self._split} holds {count} pictures of {self.num_examples}",
            )

    def has_labels(self):
        """Tells whether there are labels: those of ImageNet's test are -1."""
        return all(
            label >= 0 for _, label in itertools.islice(self._records(), 1)
        )

    def _records(self):
        """Yields `(bytes, label)`, as they are stored."""
        import tensorflow as tf

        # TensorFlow hands over a batch in the time of a single record
        batches = self.stream().batch(BATCH).as_numpy_iterator()
        try:
            for _, pictures, labels in batches:
                yield from zip(pictures, labels.tolist(), strict=True)
        except tf.errors.OpError as error:
            # what is in brackets tells of TensorFlow alone
            reason = re.sub(r"\{\{.*?\}\}|\[Op:.*", "", error.message)
            raise _damaged(self._builder, reason.strip()) from error

    def stream(self, seed=None):
        """Reads the records anew, for sets too large to be kept.

        Args:
            seed: `None` for a fixed order, or a pair of ints or int tensors.
                Files are shuffled, and records among `WINDOW` neighbours.

        Returns:
            `tf.data.Dataset` of `(index, bytes, label)`, `index` the record's
            place in this order.
        """
        import tensorflow as tf
        import tensorflow_datasets as tfds

        files = self._builder.info.splits[self._split].file_instructions
        table = (
            tf.constant([str(file.filename) for file in files]),
            tf.constant([file.skip for file in files], tf.int64),
            tf.constant([file.take for file in files], tf.int64),
        )
        order = tf.range(len(files))
        if seed is not None:
            seed = tf.cast(tf.stack(seed), tf.int64)
            order = tf.random.experimental.stateless_shuffle(order, seed)
        records = tf.data.Dataset.from_tensor_slices(
            tuple(tf.gather(column, order) for column in table)
        ).interleave(
            lambda name, skip, take: (
                tf.data.TFRecordDataset(name).skip(skip).take(take)
            ),
            cycle_length=16 if seed is not None else 1,
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        records = records.enumerate()
        if seed is not None:

            def shuffle(indices, window):
                key = tf.stack([seed[0], seed[1] + indices[0]])
                order = tf.random.experimental.stateless_shuffle(
                    tf.range(tf.size(indices)), key
                )
                return tf.gather(indices, order), tf.gather(window, order)

            records = records.batch(WINDOW).map(shuffle).unbatch()

        as_stored = {self._image: tfds.decode.SkipDecoding()}
        features = tfds.decode.PartialDecoding(
            {self._image: True, self._label: True}
        ).extract_features(self._builder.info.features)

        def parse(index, record):
            example = features.deserialize_example(record, decoders=as_stored)
            label = tf.cast(example[self._label], tf.int32)
            return index, example[self._image], label

        return records.map(parse, num_parallel_calls=os.cpu_count())


def from_builder(builder):
    """Lists a prepared TFDS builder's pictures.

    Splits are what `trees.split_of` says of their names; an only split may
    have another one. A test split serves as validation where there is no
    other, and without both a fifth of train does.

    Args:
        builder: TFDS builder.

    Returns:
        A `folders.Listed`.

    Raises:
        DataError: If there is nothing to train on, or files are missing.
    """
    names = class_names(builder)
    found, notes = _splits(builder)
    if "train" not in found:
        raise DataError(
            f"{builder.info.full_name} has no split to train on. Received: "
            f"splits {', '.join(builder.info.splits)}. Choose another set."
        )
    if "validation" not in found and "test" in found:
        found["validation"] = found.pop("test")
    elif "validation" not in found:
        found |= _hold_out(builder, found["train"])
    return Listed(
        names,
        {
            split: TfdsPictures(builder, found[split])
            for split in ("train", "validation", "test")
            if split in found
        },
        tuple(notes),
    )


def _splits(builder):
    """Gives `{"train": name, ...}`, and lines about those not taken."""
    found, notes = {}, []
    splits = builder.info.splits
    for name in sorted(splits, key=lambda name: name != split_of(name)):
        meaning = split_of(name)
        if meaning is None and len(splits) == 1:
            meaning = "train"
        if meaning in (None, "unlabelled", *found):
            notes.append(f"left out: the split {name}")
            continue
        _check_files(builder, name)
        if TfdsPictures(builder, name).has_labels():
            found[meaning] = name
        else:
            notes.append(f"left out: the split {name}, which has no labels")
    return found, notes


def _hold_out(builder, train):
    """Takes a fifth of a split for validation."""
    if builder.info.disable_shuffling:
        raise DataError(
            f"{builder.info.full_name} has no split for validation, and keeps "
            "its pictures in an order, so that a fifth of them may be other "
            "classes. Prepare it with a split `validation`, or shuffled."
        )
    held_out = {"train": f"{train}[:80%]", "validation": f"{train}[80%:]"}
    for name in held_out.values():
        if not builder.info.splits[name].num_examples:
            raise DataError(
                f"{builder.info.full_name} holds too few pictures to take some "
                "for validation. Received: "
                f"{builder.info.splits[train].num_examples}."
            )
    return held_out


def _check_files(builder, split):
    """Refuses a split whose files are of another kind, missing or cut off."""
    import tensorflow_datasets as tfds

    info = builder.info.splits[split]
    wanted = tfds.core.FileFormat.TFRECORD
    if builder.info.file_format not in (None, wanted):
        raise DataError(
            f"{builder.data_dir} is stored as "
            f"{builder.info.file_format.value}. Only sets in TFRecord files "
            "can be read: prepare it with file_format='tfrecord'."
        )
    missing = [path for path in info.filepaths if not path.exists()]
    if missing:
        raise _damaged(
            builder,
            f"{len(missing)} of {len(info.filepaths)} files of {split} are "
            f"missing, such as {missing[0].name}",
        )
    size = sum(os.path.getsize(path) for path in info.filepaths)
    needed = info.num_bytes + FRAME * info.num_examples
    if size < needed:
        raise _damaged(
            builder, f"the files of {split} hold {size} bytes of {int(needed)}"
        )


def _damaged(builder, reason):
    return DataError(
        f"The prepared set in {builder.data_dir} is damaged: {reason}. Copy it "
        "again, or remove that folder and prepare it anew."
    )
