"""The command `evaluate`, and how networks that are trained are opened."""

import os
import pathlib
import sys
from typing import NamedTuple

from alexnet_keras import files
from alexnet_keras.commands.common import BadInput, load, refused, start_keras
from alexnet_keras.commands.options import data_options, option


class Subject(NamedTuple):
    """A trained network, a run's or one out of a file of weights.

    `size` and `stored` are the sides of its pictures, as in `data.Data`;
    `network` is a function that gives the model.
    """

    size: int
    stored: int
    class_names: list
    network: object
    run: object = None


def evaluate_options(parser):
    """Measure a network and draw a run's confusions."""
    network_argument(parser)
    text = "other data, with classes that it knows; by default the run's"
    data_options(parser, text)
    text = "average ten crops, as the paper does"
    option(parser, "--ten-crops", text, bool)


def network_argument(parser):
    """Adds the argument that names a trained network."""
    text = "folder of a run, or a file that convert has written"
    option(parser, "network", text, pathlib.Path, metavar="NETWORK")


def evaluate(options):
    """Measures a trained network."""
    start_keras()
    from alexnet_keras import runs, training, visualize

    subject = open_network(options.network)
    run = subject.run
    if run is None and options.data is None:
        raise BadInput(
            f"{options.network} has no data of its own: name some with --data."
        )
    pictures = load(
        options.data or _source_of(run),
        subject.size,
        options,
        run.facts["seed"] if run else 0,
    )
    columns = _columns(subject, pictures)
    with refused(runs.RunError, ValueError):
        network = _choose(subject.network(), columns)
    split = "test" if "test" in pictures.splits else "validation"
    print(f"Data: {pictures}.")
    if run is not None:
        _say_changes(run, pictures, split)
    if len(columns) < len(subject.class_names):
        print(
            f"Of the network's {len(subject.class_names)} classes it may name "
            f"only the {len(columns)} of these data."
        )
    with refused(ValueError):
        result = training.evaluate(
            network,
            pictures,
            split,
            options.ten_crops,
            verbose=int(sys.stdout.isatty()),
        )
    crops = "mean of ten crops" if options.ten_crops else "central crop"
    print(
        f"{split}, {pictures.splits[split].num_examples} pictures, {crops}: "
        f"top-1 {result['top1']:.1%}, top-5 {result['top5']:.1%}"
    )
    if run is not None:
        figure = visualize.confusion(result["confusion"], pictures.class_names)
        name = "confusion.png"
        if options.data is not None:
            name = f"confusion-{pathlib.Path(pictures.name).name}.png"
        with refused(runs.RunError):
            run.save_figure(name, figure)
        print(f"Wrote {run.folder / name}")


def _source_of(run):
    """Gives the run's own data, where they are still there."""
    source = run.facts["data"]["source"]
    if os.path.isabs(source) and not os.path.exists(source):
        raise BadInput(
            f"{run.folder} was trained on the pictures in {source}, which is "
            "not there any more. Name the place where they are now: --data."
        )
    return source


def _say_changes(run, pictures, split):
    """Says whether pictures are no more those that a run was trained on."""
    from alexnet_keras import runs

    source = run.facts["data"]["source"]
    if pictures.pictures is None:
        if pictures.name == source and (
            pictures.fingerprint != run.facts["data"]["fingerprint"]
        ):
            print(
                "The data set is not as it was when the run was trained: its "
                "version, its splits, or which pictures can be read."
            )
    elif pictures.name == source or not os.path.exists(source):
        if told := runs.changed_pictures(run.folder, pictures, split):
            print(told)


def open_network(path):
    """Opens a run's folder, or a file of weights that `convert` reads."""
    from alexnet_keras import data, exchange, networks, runs

    if not path.exists():
        raise BadInput(f"There is no file or folder {path}.")
    if path.is_dir():
        with refused(runs.RunError):
            run = runs.Run.open(path)
        facts = run.facts["data"]
        sizes = facts["size"], facts["stored"]
        return Subject(*sizes, facts["class_names"], run.load_model, run)
    with refused(ValueError):
        found = exchange.read(path)
    for what, is_missing in (
        ("of which network of ours it is", found.likely_model is None),
        ("the scale of its pictures", found.rescaling is None),
        ("its classes, since it has no fc8", found.num_classes is None),
    ):
        if is_missing:
            raise BadInput(
                f"{path} does not tell {what}. A run's folder or its "
                "model.keras does, and so does a file that `alexnet-keras "
                "convert` has made of one that tells it."
            )
    size = found.size or networks.NETWORKS[found.likely_model].size
    names = found.class_names or [
        f"class {number}" for number in range(found.num_classes)
    ]

    def network():
        with files.naming(path):
            return exchange.from_weights(found)

    return Subject(size, data.stored_size(size), names, network)


def _columns(subject, pictures):
    """Finds the place of each of the data's classes among the network's."""
    places = {name: place for place, name in enumerate(subject.class_names)}
    if len(places) < len(subject.class_names):
        raise BadInput(
            "Some of the network's classes have the same name, so it is not "
            "known which are meant. Convert it with other --class-names, such "
            "as WordNet ids."
        )
    unknown = [name for name in pictures.class_names if name not in places]
    if unknown:
        raise BadInput(
            f"{pictures.name} has classes that the network does not know. Its "
            f"own: {_list(subject.class_names)}. Unknown: {_list(unknown)}."
        )
    return [places[name] for name in pictures.class_names]


def _list(names, most=20):
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" * (len(names) > most))


def _choose(network, columns):
    """Leaves a network the given classes, in this order."""
    import keras

    if columns == list(range(network.output_shape[-1])):
        return network
    output = keras.ops.take(network.output, columns, axis=-1)
    return keras.Model(network.input, output)
