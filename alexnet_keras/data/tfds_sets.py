"""TensorFlow data sets: preparing them, and reading their records."""

import contextlib
import difflib
import os
import pathlib
import textwrap
import threading
import urllib.parse

from alexnet_keras.data.decoding import DataError
from alexnet_keras.data.folders import Listed

WINDOW = 1024  # records that are shuffled together where they are not kept
PATIENCE = 10  # seconds that a host has to answer


class TfdsPictures:
    """Pictures of a prepared builder's split; as `folders.FilePictures`."""

    def __init__(self, builder, split):
        self._builder, self._split = builder, split
        info = builder.info.splits[split]
        self._image, self._label = builder.info.supervised_keys
        self.num_examples = info.num_examples
        self.identity = self.key = [builder.info.full_name, split]

    @property
    def names(self):
        """One name a picture, for messages."""
        full_name, split = self.identity
        return [f"{full_name} {split} {i}" for i in range(self.num_examples)]

    def read(self):
        """Yields `(bytes, label)` for each picture, in a fixed order."""
        import tensorflow_datasets as tfds

        examples = self._builder.as_dataset(
            split=self._split,
            shuffle_files=False,
            decoders={self._image: tfds.decode.SkipDecoding()},
        )
        for example in examples.as_numpy_iterator():
            yield example[self._image], int(example[self._label])

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

        def parse(index, record):
            example = self._builder.info.features.deserialize_example(
                record, decoders={self._image: tfds.decode.SkipDecoding()}
            )
            label = tf.cast(example[self._label], tf.int32)
            return index, example[self._image], label

        return records.map(parse, num_parallel_calls=os.cpu_count())


def open_tfds(name, folder):
    """Prepares a TensorFlow data set, and downloads it where that is needed.

    Args:
        name: Str such as `"cifar10"` or `"imagenette/320px-v2"`.
        folder: Path for prepared sets.

    Returns:
        A TFDS builder that is prepared.

    Raises:
        DataError: If there is no such set, it cannot be downloaded, or it
            does not hold images with one label each.
    """
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name)  # where TFDS itself keeps sets
        if not builder.is_prepared():
            builder = tfds.builder(name, data_dir=str(folder))
    except tfds.core.registered.DatasetNotFoundError:
        known = [*tfds.list_builders(), "solids"]
        near = difflib.get_close_matches(name.split("/")[0], known, 3, 0.5)
        raise DataError(
            f"There is no folder and no TensorFlow data set {name!r}."
            + (f" Did you mean {' or '.join(near)}?" if near else "")
        ) from None
    except (ValueError, TypeError, AssertionError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        if "BuilderConfig" in reason:  # TFDS names none
            base = name.split("/")[0]
            configs = tfds.builder_cls(base).BUILDER_CONFIGS
            known = [f"{base}/{config.name}" for config in configs] or [base]
            reason = f"it has no such variant. There is {', '.join(known)}."
        raise DataError(
            f"TensorFlow Datasets does not know {name!r}: {reason}"
        ) from None
    _check_features(builder, name)
    if not builder.is_prepared():
        _check_download(builder, name, folder)
        try:
            builder.download_and_prepare()
        except Exception as error:  # whatever the set's own code raises
            raise DataError(
                f"{name} could not be prepared: {error}\nPart of it may be in "
                f"{folder}; the set `solids` needs no network."
            ) from error
    return builder


def from_builder(builder):
    """Lists a prepared TFDS builder's pictures.

    Splits are taken as they are named; a test split serves as validation where
    there is no other, and without both a fifth of train does.
    """
    splits = builder.info.splits
    if "train" not in splits:
        raise DataError(
            f"{builder.info.full_name} has no split to train on. Received: "
            f"splits {', '.join(splits)}. Choose another set."
        )
    wanted = {"train": "train"}
    if "validation" in splits:
        wanted["validation"] = "validation"
        if "test" in splits and _is_labelled(builder):
            wanted["test"] = "test"
    elif "test" in splits:
        wanted["validation"] = "test"
    else:
        wanted = {"train": "train[:80%]", "validation": "train[80%:]"}
    label = builder.info.supervised_keys[1]
    return Listed(
        tuple(builder.info.features[label].names),
        {name: TfdsPictures(builder, split) for name, split in wanted.items()},
    )


def _is_labelled(builder):
    """Tells whether the test split has labels: ImageNet's are all -1."""
    _, label = next(TfdsPictures(builder, "test").read())
    return label >= 0


def _check_features(builder, name):
    import tensorflow_datasets as tfds

    named = dict(builder.info.features.items())
    keys = builder.info.supervised_keys or ()
    features = [named.get(key) for key in keys]
    if not (
        len(features) == 2
        and isinstance(features[0], tfds.features.Image)
        and isinstance(features[1], tfds.features.ClassLabel)
    ):
        raise DataError(
            f"{name} does not hold images with one label each. Received: "
            f"features {', '.join(named)}. Choose a set for image "
            "classification."
        )


def _check_download(builder, name, folder):
    """Says at once what TFDS would say after minutes of retries."""
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        manual = pathlib.Path(folder, "downloads", "manual")
        if not manual.is_dir() or not any(manual.iterdir()):
            raise DataError(
                f"{name} must be downloaded by hand, into {manual}:\n"
                + textwrap.dedent(builder.MANUAL_DOWNLOAD_INSTRUCTIONS).strip()
            )
        return
    for url in list(builder.url_infos)[:1]:
        if not _answers(url):
            host = urllib.parse.urlsplit(url).netloc
            raise DataError(
                f"{name} cannot be downloaded: {host} does not answer from "
                "here. Prepare it on a machine with a network and copy "
                f"{folder / name.split('/')[0]}, or use the set `solids`, "
                "which needs no network."
            )


def _answers(url):
    """Tells within `PATIENCE` whether a host answers, whatever it says.

    The time limit of `requests` is for each address of a host, and not for
    finding them.
    """
    import requests

    answers = []

    def ask():
        with contextlib.suppress(requests.RequestException):
            answers.append(requests.head(url, timeout=PATIENCE))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return bool(answers)
