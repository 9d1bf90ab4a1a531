"""TensorFlow data sets by their names: finding them, and preparing them."""

import contextlib
import difflib
import pathlib
import re
import textwrap
import threading
import urllib.parse

from alexnet_keras.data import prepared
from alexnet_keras.data.decoding import DataError
from alexnet_keras.data.tfds_features import image_and_label

PATIENCE = 10  # seconds that a host has to answer


def open_tfds(name, folder):
    """Opens a TensorFlow data set, and prepares it where that is needed.

    Args:
        name: Str such as `"cifar10"`, `"imagenette/320px-v2"` or
            `"mnist:3.0.1"`. Without a version it is the newest that is
            prepared, in `folder` or where TFDS itself keeps sets; else the
            one that TFDS knows, which is downloaded into `folder`.
        folder: Path for prepared sets.

    Returns:
        A TFDS builder that is prepared.

    Raises:
        DataError: If there is no such set, it cannot be downloaded, or it
            does not hold images with one label each.
    """
    if re.match(r"[\w-]{2,}:(?![\d*])", name):
        raise DataError(
            f"{name!r} names another source than TensorFlow Datasets' own "
            "catalogue, and none is read. Save its pictures as "
            "FOLDER/CLASS/NAME.jpg and give FOLDER, or prepare it with "
            "TensorFlow Datasets and give the path of what that has written."
        )
    folder = pathlib.Path(folder)
    builder = _find(name, folder)
    image_and_label(builder)  # before a download that would be in vain
    if not builder.is_prepared():
        _prepare(builder, name, folder)
    return builder


def _find(name, folder):
    """Finds a set, a prepared one if possible."""
    import tensorflow_datasets as tfds

    unknown = tfds.core.registered.DatasetNotFoundError
    version = {} if ":" in name else {"version": "*.*.*"}  # what is there
    found, failure = [], None
    try:
        for place in (str(folder), None):  # None is where TFDS keeps sets
            with contextlib.suppress(unknown):
                found.append(tfds.builder(name, data_dir=place, **version))
    except Exception as error:  # whatever the set's own code raises
        if not str(error).startswith("Parsing builder name"):
            failure = error
    if found and failure is None:
        return next((one for one in found if one.is_prepared()), found[0])
    here = folder / name.replace(":", "/")  # perhaps without its code
    if builder := name and prepared.open_prepared(here):
        return builder
    raise DataError(
        _why_not_opened(name, failure)
        if failure is not None
        else _why_not_found(name, folder)
    ) from failure


def _why_not_found(name, folder):
    import tensorflow_datasets as tfds

    # those of the community are listed on the network
    known = tfds.list_builders(with_community_datasets=False)
    for pattern in (prepared.VERSION, f"*/{prepared.VERSION}"):
        files = folder.glob(f"*/{pattern}/{prepared.INFO}")
        known += [
            file.parent.parent.relative_to(folder).as_posix() for file in files
        ]
    known.append("solids")
    near = [
        match
        for text in (name, name.split("/")[0])
        for match in difflib.get_close_matches(text, known, 3, 0.5)
    ][:3]
    return (
        f"There is no folder and no TensorFlow data set {name!r}, nor is it "
        f"prepared in {folder}."
        + (f" Did you mean {' or '.join(dict.fromkeys(near))}?" if near else "")
    )


def _why_not_opened(name, error):
    import tensorflow_datasets as tfds

    why = prepared.reason(error)
    if "BuilderConfig" in why:  # TFDS names none
        base = name.split("/")[0]
        configs = tfds.builder_cls(base).BUILDER_CONFIGS
        known = [f"{base}/{config.name}" for config in configs] or [base]
        why = f"it has no such variant. There is {', '.join(known)}."
    return f"The TensorFlow data set {name!r} cannot be opened: {why}"


def _prepare(builder, name, folder):
    """Downloads a set and writes its records."""
    if builder.data_path.exists():  # TFDS would take it for prepared
        raise prepared.unfinished(builder.data_path)
    _check_download(builder, name, folder)
    downloads = folder / "downloads"
    try:
        builder.download_and_prepare()
    except Exception as error:  # whatever the set's own code raises
        raise DataError(
            f"{name} could not be prepared in {folder}: "
            f"{prepared.reason(error)}"
            f"{_kept(downloads)} The set `solids` needs no network."
        ) from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"{name} is not prepared.{_kept(downloads)}"
        ) from None


def _kept(downloads):
    """Says that there are downloads, if there are."""
    if not any(path.is_file() for path in downloads.rglob("*")):
        return ""
    return f" Downloads are kept in {downloads}."


def _check_download(builder, name, folder):
    """Says at once what TFDS would say after minutes of retries."""
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        manual = folder / "downloads" / "manual"
        if not manual.is_dir() or not any(manual.iterdir()):
            raise DataError(
                f"{name} must be downloaded by hand, into {manual}:\n"
                + textwrap.dedent(builder.MANUAL_DOWNLOAD_INSTRUCTIONS).strip()
            )
        return
    for url in list(builder.url_infos or ())[:1]:
        if not _answers(url):
            host = urllib.parse.urlsplit(url).netloc
            raise DataError(
                f"{name} cannot be downloaded: {host} does not answer from "
                "here. Prepare it on a machine with a network and copy "
                f"{folder / builder.name}, or use the set `solids`, which "
                "needs no network."
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
