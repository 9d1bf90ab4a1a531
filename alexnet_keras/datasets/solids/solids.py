"""The data set `solids`, as a TFDS builder that renders itself."""

import collections
import concurrent.futures
import io
import os
import pathlib
import shutil

import filelock
import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from alexnet_keras import datasets, files
from alexnet_keras.datasets.solids.patterns import FLOORS, PATTERNS
from alexnet_keras.datasets.solids.render import SIZE, draw
from alexnet_keras.datasets.solids.scene import (
    CLASS_NAMES,
    RANGES,
    draw_scene,
)

SEED = 0
SPLITS = ("train", "validation", "test")
NUM_EXAMPLES = {"full": (4000, 500, 500), "tiny": (60, 30, 30)}
BYTES_PER_EXAMPLE = 40_000  # a little more than it takes


class Solids(tfds.core.GeneratorBasedBuilder):
    """Ten kinds of solid bodies; see README.md beside this file.

    `tiny` holds the first pictures of each split of `full`.
    """

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [
        tfds.core.BuilderConfig(
            name=name,
            description=f"{counts[0]} pictures for training, {counts[1]} for "
            f"validation, {counts[2]} for testing.",
        )
        for name, counts in NUM_EXAMPLES.items()
    ]

    def _info(self):
        features = {
            "image": tfds.features.Image(
                shape=(SIZE, SIZE, 3), encoding_format="png"
            ),
            "label": tfds.features.ClassLabel(names=CLASS_NAMES),
            "index": np.int32,
            **dict.fromkeys(RANGES, np.float32),
            "position": tfds.features.Tensor(shape=(2,), dtype=np.float32),
            "pattern": tfds.features.ClassLabel(names=PATTERNS),
            "floor": tfds.features.ClassLabel(names=FLOORS),
            "num_pebbles": np.int32,
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="Rendered pictures of ten kinds of solid bodies, with "
            "every nuisance recorded. The class is a matter of shape alone.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # nothing is downloaded
        counts = NUM_EXAMPLES[self.builder_config.name]
        return {
            name: self._generate_examples(number, count)
            for number, (name, count) in enumerate(
                zip(SPLITS, counts, strict=True)
            )
        }

    def _generate_examples(self, split, count):
        workers = os.cpu_count() or 1
        pool = concurrent.futures.ThreadPoolExecutor(workers)
        ahead = collections.deque()
        try:
            for index in range(count):
                ahead.append(pool.submit(_example, split, index))
                if len(ahead) > 4 * workers:
                    example = ahead.popleft().result()
                    yield example["index"], example
            while ahead:
                example = ahead.popleft().result()
                yield example["index"], example
        finally:
            pool.shutdown(cancel_futures=True)

    def download_and_prepare(self, **kwargs):
        """Renders the data set unless it is there; one process at a time.

        Args:
            **kwargs: As for `tfds.core.DatasetBuilder.download_and_prepare`.

        Raises:
            OSError: If the folder cannot be written, the disk is full, or
                what is there is not whole.
        """
        if self.info.initialized and not kwargs:
            return  # whole, and where perhaps nobody may write
        folder = pathlib.Path(self.data_path).parent
        if any(folder.glob(f"{self.version}/*.tfrecord*")) and not any(
            folder.glob(f"{self.version}/dataset_info.json")
        ):
            raise FileNotFoundError(
                f"The data set solids in {self.data_path} is not whole: "
                "dataset_info.json is missing. Remove that folder, and it is "
                "rendered anew."
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # The system drops the lock of a process that dies.
            with filelock.FileLock(folder / f"{self.version}.lock"):
                self._prepare_alone(folder, kwargs)
        except (OSError, tf.errors.OpError) as error:
            raise OSError(
                f"The data set solids cannot be written to {folder}: "
                f"{files.reason(error)}. Choose another folder with `data_dir` "
                "or the environment variable ALEXNET_KERAS_DATA."
            ) from error

    def _prepare_alone(self, folder, kwargs):
        if self.data_path.exists() and not self.info.initialized:
            self.info.read_from_directory(self.data_path)  # another's work
        if not self.data_path.exists():
            for remains in folder.glob(f"incomplete.*_{self.version}"):
                shutil.rmtree(remains)  # of a rendering that was killed
            self._announce_sizes(folder)
        super().download_and_prepare(**kwargs)

    def _announce_sizes(self, folder):
        """Tells TFDS how much will come, for its progress bar."""
        counts = NUM_EXAMPLES[self.builder_config.name]
        needed = sum(counts) * BYTES_PER_EXAMPLE
        free = shutil.disk_usage(folder).free
        if free < 1.2 * needed:
            raise OSError(
                f"{needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB free"
            )
        self.info.set_splits(
            tfds.core.SplitDict(
                [
                    tfds.core.SplitInfo(
                        name=name,
                        shard_lengths=[count],
                        num_bytes=count * BYTES_PER_EXAMPLE,
                    )
                    for name, count in zip(SPLITS, counts, strict=True)
                ]
            )
        )


def prepare(config="full", data_dir=None):
    """Renders the data set, unless that was done before.

    Args:
        config: `"full"` or `"tiny"`.
        data_dir: Folder for data sets; by default `datasets.data_dir()`.

    Returns:
        TFDS builder, ready for `as_dataset`.

    Raises:
        ValueError: If there is no such config.
        OSError: If the folder cannot be written or the disk is full.
    """
    if config not in NUM_EXAMPLES:
        raise ValueError(
            f"`config` must be one of {', '.join(NUM_EXAMPLES)}. "
            f"Received: config={config!r}"
        )
    builder = Solids(config=config, data_dir=data_dir or datasets.data_dir())
    builder.download_and_prepare()
    return builder


def _example(split, index):
    from PIL import Image

    label = index % len(CLASS_NAMES)
    scene = draw_scene(SEED, split, index)
    png = io.BytesIO()
    Image.fromarray(draw(label, scene)).save(png, "png", compress_level=1)
    recorded = (*RANGES, "position", "pattern", "floor", "num_pebbles")
    return {
        "image": png.getvalue(),
        "label": label,
        "index": index,
        **{name: scene[name] for name in recorded},
    }
