"""Starts TensorFlow for every test process: two devices, and no noise.

Neither the tests' subprocesses nor the notebooks read this file.
"""

import contextlib
import gc
import time

import numpy as np
import pytest
from slim import slim_tables

from alexnet_keras import distribution


def pytest_configure(config):
    # Keras 3.15 saves every TensorFlow variable with `np.array(variable)`.
    config.addinivalue_line(
        "filterwarnings",
        "ignore:__array__ implementation doesn't accept a copy keyword"
        ":DeprecationWarning",
    )
    controls_workers = config.getoption("numprocesses", None)
    if not controls_workers:  # pytest-xdist's workers come here themselves
        distribution.start(2)


# The longest files come first, so that no process waits for another at the end.
LONGEST = (
    "test_learning",
    "test_models",
    "test_identity",
    "test_placement",
    "test_two_gpus",
    "test_checkpoints",
    "test_main",
)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem not in LONGEST)


def pytest_collection_finish(session):
    # TensorFlow's millions of objects stay; looking through them over and over
    # takes a tenth of the time
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown(item):
    if item.get_closest_marker("slow"):  # whole networks take gigabytes
        gc.collect()


def picture(number, size=(44, 40)):
    """A grey gradient of its own, `(height, width, 3)`."""
    slope = np.linspace(number % 100, 255 - number % 60, size[1])
    return np.tile(slope[:, None], (size[0], 1, 3)).astype("uint8")


@pytest.fixture
def write_pictures(tmp_path):
    """Writes `count` pictures as PNG into a folder below `tmp_path`."""
    from PIL import Image

    numbers = iter(range(10_000))

    def write(folder, count, suffix=".png"):
        folder = tmp_path / folder
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            path = folder / f"{number:03}{suffix}"
            Image.fromarray(picture(next(numbers))).save(path, "PNG")
        return folder

    return write


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Forty pictures of two colours, in class folders."""
    from PIL import Image

    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    colors = {"blue": (40, 60, 200), "red": (200, 50, 40)}
    for name, color in colors.items():
        (root / name).mkdir()
        for number in range(20):
            noise = rng.normal(color, 30, (80, 70, 3)).clip(0, 255)
            picture = Image.fromarray(noise.astype(np.uint8))
            picture.save(root / name / f"{number}.jpg")
    return root


@pytest.fixture(params=["slim", pytest.param("full", marks=pytest.mark.slow)])
def widths(request):
    """The width of the networks that weights are brought over for."""
    slim = request.param == "slim"
    with slim_tables() if slim else contextlib.nullcontext():
        yield request.param


@pytest.fixture
def slim():
    """Narrow tables; see `slim_tables`."""
    with slim_tables():
        yield


@pytest.fixture(scope="session")
def wait_for():
    """Waits until processes that train have written a file."""

    def wait(path, *processes):
        deadline = time.monotonic() + 240
        while not path.exists():
            assert all(process.poll() is None for process in processes)
            assert time.monotonic() < deadline
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def assert_equal_runs():
    """Compares two finished runs: files, history but its times, weights."""
    import long_run

    import alexnet_keras

    def check(one, two):
        assert {path.name for path in two.iterdir()} == {
            "model.keras",
            "history.csv",
            "curves.png",
            "run.json",
            "pictures.csv",
        }
        assert not long_run.differences(one, two)
        for folder in (one, two):
            alexnet_keras.load_model(folder / "model.keras")

    return check


@pytest.fixture(scope="session")
def tiny_pictures(tmp_path_factory):
    """A prepared TFDS set `tiny_pictures` in two files a split."""
    import tensorflow_datasets as tfds

    class TinyPictures(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")
        BUILDER_CONFIGS = [
            tfds.core.BuilderConfig(name="all"),
            tfds.core.BuilderConfig(name="train_and_test"),
            tfds.core.BuilderConfig(name="train_only"),
            tfds.core.BuilderConfig(name="unlabelled_test"),
            tfds.core.BuilderConfig(name="test_only"),
        ]

        def _info(self):
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(
                    {
                        "image": tfds.features.Image(shape=(None, None, 3)),
                        "label": tfds.features.ClassLabel(names=list("abc")),
                    }
                ),
                supervised_keys=("image", "label"),
            )

        def _split_generators(self, dl_manager):
            name = self.builder_config.name
            splits = {"train": 25, "validation": 10, "test": 7}
            wanted = {
                "train_and_test": ["train", "test"],
                "train_only": ["train"],
                "test_only": ["test"],
            }.get(name, splits)
            return {s: self._generate_examples(s, splits[s]) for s in wanted}

        def _generate_examples(self, split, count):
            unlabelled = self.builder_config.name == "unlabelled_test"
            for number in range(count):
                label = -1 if unlabelled and split == "test" else number % 3
                image = picture(number + len(split) * 10)
                yield number, {"image": image, "label": label}

    folder = tmp_path_factory.mktemp("tfds")
    builders = {}
    for config in TinyPictures.BUILDER_CONFIGS:
        builder = TinyPictures(config=config.name, data_dir=folder)
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(num_shards=2)
        )
        builders[config.name] = builder
    return folder, builders
