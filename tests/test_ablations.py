"""The ablations: what each takes away, how runs are kept, what they say."""

import dataclasses
import pathlib

import ablations as script
import keras
import numpy as np
import pytest

from alexnet_keras import data, networks, recipes, shapes, visualize
from alexnet_keras.datasets import ablations


def run(variant="the network", seed=1, held_out=0.9, **facts):
    fields = {
        "train": 0.99,
        "parameters": 368842,
        "model": "mini",
        "data": "solids",
        "fingerprint": "ab12",
        "epochs": 12,
        "batch_size": 64,
    }
    return ablations.Run(
        variant, seed, held_out=held_out, **{**fields, **facts}
    )


def runs(variant, *held_out):
    return [run(variant, seed, x) for seed, x in enumerate(held_out, 1)]


def sizes(rows):
    lines = shapes.table(rows, 64)
    return {line.name: line.output_shape for line in lines}


@pytest.mark.parametrize(
    ("held_out", "verdict"),
    [
        ((0.80, 0.81, 0.89), "worse"),
        ((0.80, 0.81, 0.91), "hidden by the spread"),
        ((0.93, 0.92, 0.94), "better"),
        ((0.90, 0.92, 0.94), "hidden by the spread"),
        ((0.1, 0.2), "too few seeds"),
    ],
)
def test_a_verdict_needs_every_seed(held_out, verdict):
    whole = runs("the network", 0.90, 0.905, 0.91)
    assert ablations.verdict(runs("no LRN", *held_out), whole) == verdict


def test_the_tables_line_holds_median_and_range():
    table = runs("the network", 0.9, 0.92, 0.91) + runs("tanh", 0.7, 0.5, 0.6)
    line = ablations.markdown(table).splitlines()[-1]
    assert line.startswith("| tanh | 368,842 | 60.0% (50.0 to 70.0) |")
    assert line.endswith("| worse |")


def test_written_runs_are_read_back(tmp_path):
    table = runs("no LRN", 0.9, 0.125)
    script.write(tmp_path / "x.csv", table)
    assert ablations.read(tmp_path / "x.csv") == table


def test_each_variant_takes_away_what_it_says():
    rows = networks.MINI
    whole = sizes(rows)
    assert set(whole) - set(sizes(script.without_norms(rows))) == {
        "norm1",
        "norm2",
    }
    assert set(whole) - set(sizes(script.without_conv4(rows))) == {"conv4"}
    assert sizes(script.plain_pools(rows)) == whole  # as the paper has it
    half = sizes(script.half_as_wide(rows))
    for name in ("conv1", "conv2", "conv3", "conv4"):
        assert 2 * half[name][-1] == whole[name][-1]
    assert half["conv5"] == whole["conv5"]
    assert {
        getattr(row, "activation", None) for row in script.with_tanh(rows)
    } == {None, "tanh", "softmax"}


def test_a_start_for_tanh_has_half_of_hes_variance():
    from alexnet_keras import AlexNetMini

    model = AlexNetMini(initialization="he")
    before = [array.std() for array in model.get_weights() if array.ndim > 1]
    script.halve_variances(model)
    after = [array.std() for array in model.get_weights() if array.ndim > 1]
    ratios = np.square(np.array(after) / before)
    assert ratios[:-1] == pytest.approx(0.5)
    assert ratios[-1] == pytest.approx(1)  # fc8


def test_a_second_start_goes_on_with_what_is_missing(tmp_path, capsys):
    out = tmp_path / "table.csv"
    command = ["--data", "solids/tiny", "--epochs", "1", "--batch-size", "16"]
    command += ["--out", str(out), "--variants", "no LRN", "no augmentation"]
    script.main([*command, "--seeds", "1"])
    first = ablations.read(out)
    script.main([*command, "--seeds", "1", "2"])
    both = ablations.read(out)
    assert both[:2] == first
    assert [(x.variant, x.seed) for x in both] == [
        (name, seed)
        for seed in (1, 2)
        for name in ("no LRN", "no augmentation")
    ]
    # nothing stays changed in the table of networks
    assert networks.NETWORKS["mini"].layers == networks.MINI
    with pytest.raises(SystemExit, match="runs of other settings"):
        script.main([*command, "--epochs", "2"])


def test_without_augmentation_every_epoch_has_each_picture_once():
    pictures = data.load("solids/tiny", size=64)
    count = pictures.splits["train"].num_examples
    batches = script.as_they_are(pictures, 10, seed=3)
    epochs = [
        np.concatenate([images for images, _ in batches.take(count // 10)])
        for _ in range(2)
    ]
    central = np.concatenate([x for x, _ in pictures.evaluation(10, "train")])
    for images in epochs:
        assert images.shape == central.shape
        assert {x.tobytes() for x in images} == {x.tobytes() for x in central}


def test_a_dot_is_drawn_for_each_seed_and_a_band_for_the_whole_network():
    groups = {
        "the network": runs("the network", 0.90, 0.92, 0.91),
        "tanh": runs("tanh", 0.95, 0.96, 0.94),
    }
    (axes,) = visualize.ablations(groups).axes
    assert [list(line.get_xdata()) for line in axes.lines] == [
        [90, 92, 91],
        [95, 96, 94],
    ]
    assert [*axes.patches[0].get_bbox().intervalx] == [90, 92]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [*groups]


def test_the_page_holds_the_shipped_table():
    page = pathlib.Path(__file__).parents[1] / "docs" / "ablations.md"
    assert ablations.markdown(ablations.read()) in page.read_text()


def test_the_shipped_table_is_whole():
    table = ablations.read()
    assert set(ablations.by_variant(table)) == set(script.VARIANTS)
    for group in ablations.by_variant(table).values():
        assert {x.seed for x in group} == set(script.SEEDS)
    assert len({x.settings for x in table}) == 1
    (parameters,) = {x.parameters for x in table if x.variant == "no conv4"}
    rows = tuple(script.without_conv4(networks.MINI))
    assert parameters == sum(line.parameters for line in shapes.table(rows, 64))


def test_what_the_page_says_of_the_parts():
    groups = ablations.by_variant(ablations.read())
    whole = groups.pop(ablations.WHOLE)
    told = {
        name: ablations.verdict(runs, whole) for name, runs in groups.items()
    }
    assert told.pop("pools that do not overlap") == "worse"
    assert told.pop("no dropout") == told.pop("tanh") == "better"
    assert {*told.values()} == {"hidden by the spread"}


@pytest.mark.slow
def test_a_shipped_run_can_be_made_again():
    table = ablations.read()
    shipped = next(x for x in table if x.variant == ablations.WHOLE)
    pictures = data.load(shipped.data, size=64)
    recipe = dataclasses.replace(
        recipes.COURSE, epochs=shipped.epochs, batch_size=shipped.batch_size
    )
    again = script.run(
        shipped.variant, shipped.model, pictures, recipe, shipped.seed
    )
    assert again.held_out == pytest.approx(shipped.held_out, abs=0.04)
    assert again.parameters == shipped.parameters
    keras.utils.clear_session()
