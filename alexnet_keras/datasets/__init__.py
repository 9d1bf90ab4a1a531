"""Data sets that come with the package, and where prepared sets are kept."""

import importlib.util
import os
import pathlib


def data_dir():
    """Finds the folder where prepared data sets are kept.

    Returns:
        `pathlib.Path`: what the environment variable `ALEXNET_KERAS_DATA`
        names, else `data/` of the checkout that the package lies in, else
        `~/tensorflow_datasets`, as TFDS has it.

    Raises:
        NotADirectoryError: If `ALEXNET_KERAS_DATA` names a file.
    """
    named = os.environ.get("ALEXNET_KERAS_DATA")
    if named:
        folder = pathlib.Path(os.path.expanduser(named))
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(
                f"ALEXNET_KERAS_DATA names a file: {folder}. Set it to a "
                "folder; one that is not there will be made."
            )
        return folder
    checkout = pathlib.Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "data"
    return pathlib.Path.home() / "tensorflow_datasets"


def imagenet_ids():
    """Lists the WordNet ids of ImageNet's 1000 classes, in their order.

    Caffe, torchvision and Keras all have this order, the sorted one. The list
    comes with TensorFlow Datasets.

    Returns:
        List of str.
    """
    package = importlib.util.find_spec("tensorflow_datasets").origin
    path = pathlib.Path(package).parent / "datasets/imagenet2012/labels.txt"
    return path.read_text().split()
