"""Sizes, counts and receptive fields, against loops and known numbers."""

import math

import numpy as np
import pytest

from alexnet_keras import networks, shapes
from alexnet_keras.rows import (
    Conv,
    Dense,
    Dropout,
    Flatten,
    Norm,
    Pool,
    Resample,
)


def network(filters, groups=1, lrn=False, conv1_padding="valid"):
    """AlexNet's layers as a chain, with other widths, groups or padding."""
    one, two, three, four, five = filters
    norm = [Norm("norm", groups=groups)] if lrn else []
    return [
        Conv("conv1", one, 11, 4, conv1_padding),
        *norm,
        Pool("pool1"),
        Conv("conv2", two, 5, 1, 2, groups),
        *norm,
        Pool("pool2"),
        Conv("conv3", three, 3, 1, 1),
        Conv("conv4", four, 3, 1, 1, groups),
        Conv("conv5", five, 3, 1, 1, groups),
        Pool("pool5"),
        Flatten("flatten"),
        Dense("fc6", 4096),
        Dense("fc7", 4096),
        Dense("fc8", 1000),
    ]


PAPER = (96, 256, 384, 384, 256)
TWO_TOWERS = network(PAPER, groups=2, lrn=True)
ONE_TOWER = network(PAPER, lrn=True)
TORCHVISION = network((64, 192, 384, 256, 256), conv1_padding=2)
TF_SLIM = network((64, 192, 384, 384, 256))
D2L = network(PAPER)


def row_of(chain, name, size=227):
    return {row.name: row for row in shapes.table(chain, size)}[name]


def rounding_up(chain):
    """The chain with conv1 and the pools that round up."""
    return [
        row._replace(rounding="up") if hasattr(row, "rounding") else row
        for row in chain
    ]


def flattened(chain, size):
    (values,) = shapes.table(chain[:-3], size)[-1].output_shape
    return values


def places_by_walking(size, filter_size, stride, before, after, rounding):
    """First pixels of the filter, walked from left to right."""
    place, end, places = -before, size + after, []
    while place + filter_size <= end:
        places.append(place)
        place += stride
    pixels_left = places and places[-1] + filter_size < end
    if rounding == "up" and pixels_left:
        places.append(place)
    return places


@pytest.mark.parametrize("rounding", ["down", "up"])
@pytest.mark.parametrize(
    ("padding", "before", "after"),
    [("valid", 0, 0), (2, 2, 2), ((0, 3), 0, 3), ((1, 2), 1, 2)],
)
def test_sizes_are_the_places_a_filter_walks_through(
    padding, before, after, rounding
):
    for size in range(1, 40):
        for filter_size in range(1, 12):
            for stride in range(1, 6):
                places = places_by_walking(
                    size, filter_size, stride, before, after, rounding
                )
                arguments = (size, filter_size, stride, padding, rounding)
                if places:
                    assert shapes.output_size(*arguments) == len(places)
                else:
                    with pytest.raises(ValueError, match="does not fit"):
                        shapes.output_size(*arguments)


def test_same_padding_starts_a_filter_at_every_stride():
    for size in range(1, 60):
        for stride in range(1, 7):
            starts = range(0, size, stride)
            assert shapes.output_size(size, 3, stride, "same") == len(starts)


def test_sizes_of_the_2012_code():
    def by_the_formula(size, filter_size, stride, pad):  # layer.py, line 1004
        return 1 + math.ceil((2 * pad + size - filter_size) / stride)

    for size in range(20, 260):
        for filter_size, stride, pad in [(11, 4, 0), (3, 2, 0), (5, 1, 2)]:
            ours = shapes.output_size(size, filter_size, stride, pad, "up")
            assert ours == by_the_formula(size, filter_size, stride, pad)


def test_conv1_at_224_gives_54_55_or_56():
    assert shapes.output_size(224, 11, 4) == 54
    assert shapes.output_size(224, 11, 4, rounding="up") == 55
    assert shapes.output_size(224, 11, 4, padding=(0, 3)) == 55
    assert shapes.output_size(224, 11, 4, padding=2) == 55
    assert shapes.output_size(224, 11, 4, padding="same") == 56
    assert shapes.output_size(227, 11, 4) == 55


def test_227_is_the_smallest_size_that_gives_55_without_help():
    sizes = [s for s in range(11, 300) if shapes.output_size(s, 11, 4) == 55]
    assert sizes == [227, 228, 229, 230]


def test_the_last_filter_hangs_over_until_the_padding_fits_it():
    for size in range(11, 300):
        extra = shapes.overhang(size, 11, 4)
        assert extra in range(4)
        assert (size + extra - 11) % 4 == 0
    assert shapes.overhang(224, 11, 4) == 3
    assert shapes.overhang(227, 11, 4) == 0


def test_6400_and_9216_by_input_size():
    ends = {s: flattened(D2L, s) for s in range(67, 300)}
    assert [s for s in ends if ends[s] == 6400] == [*range(195, 227)]
    assert [s for s in ends if ends[s] == 9216] == [*range(227, 259)]


def test_with_pools_that_round_up_54_ends_in_9216_too():
    pools = TWO_TOWERS[1:-4]  # all after conv1
    for size in (54, 55):
        rows = shapes.table(rounding_up(pools), size, channels=96)
        assert rows[-1].output_shape == (6, 6, 256)
    assert shapes.table(pools, 54, 96)[-1].output_shape == (5, 5, 256)
    assert shapes.table(pools, 56, 96)[-1].output_shape == (6, 6, 256)
    assert flattened(rounding_up(TWO_TOWERS), 224) == 9216


@pytest.mark.parametrize(("padding", "least"), [("valid", 67), (2, 63)])
def test_the_smallest_input_that_leaves_pool5_something(padding, least):
    chain = network(PAPER, conv1_padding=padding)
    assert shapes.table(chain[:-4], least)[-1].output_shape == (1, 1, 256)
    with pytest.raises(ValueError, match="pool5: A filter of 3 pixels"):
        shapes.table(chain, least - 1)


@pytest.mark.parametrize(
    ("chain", "size", "flat", "parameters", "multiply_adds"),
    [
        (TWO_TOWERS, 227, 9216, 60_965_224, 724_406_816),
        (ONE_TOWER, 227, 9216, 62_378_344, 1_135_256_096),
        (TORCHVISION, 224, 9216, 61_100_840, 714_188_480),
        (TF_SLIM, 224, 6400, 50_303_912, 736_555_776),
        (D2L, 224, 6400, 50_844_008, 1_009_945_728),
    ],
    ids=["two towers", "one tower", "torchvision", "TF-slim", "d2l"],
)
def test_five_alexnets_are_told_apart(
    chain, size, flat, parameters, multiply_adds
):
    rows = shapes.table(chain, size)
    assert flattened(chain, size) == flat
    assert sum(row.parameters for row in rows) == parameters
    assert sum(row.multiply_adds for row in rows) == multiply_adds


# Layer, output, parameters and multiply-adds; then those of one tower, if
# they are others.
LAYERS = [
    ("input", (227, 227, 3), 0, 0),
    ("conv1", (55, 55, 96), 34_944, 105_415_200),
    ("pool1", (27, 27, 96), 0, 0),
    ("conv2", (27, 27, 256), 307_456, 223_948_800, 614_656, 447_897_600),
    ("pool2", (13, 13, 256), 0, 0),
    ("conv3", (13, 13, 384), 885_120, 149_520_384),
    ("conv4", (13, 13, 384), 663_936, 112_140_288, 1_327_488, 224_280_576),
    ("conv5", (13, 13, 256), 442_624, 74_760_192, 884_992, 149_520_384),
    ("pool5", (6, 6, 256), 0, 0),
    ("fc6", (4096,), 37_752_832, 37_748_736),
    ("fc7", (4096,), 16_781_312, 16_777_216),
    ("fc8", (1000,), 4_097_000, 4_096_000),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer[0])
@pytest.mark.parametrize("table", ["papers", "ours"])
def test_each_layer_of_the_papers_network(layer, table):
    name, shape, *counts = layer
    two, one = {
        "papers": (TWO_TOWERS, ONE_TOWER),
        "ours": (networks.ALEXNET, networks.ONE_TOWER),
    }[table]
    assert row_of(two, name)[:4] == (name, shape, *counts[:2])
    assert row_of(one, name)[:4] == (name, shape, *counts[-2:])


def test_a_summary_is_the_table_as_text():
    lines = shapes.summary(networks.ALEXNET).splitlines()
    assert lines[2].split() == (
        "conv1 11 / 4 / 0 55 x 55 x 96 34,944 105,415,200".split()
    )
    assert lines[5].split()[:8] == "conv2 5 / 1 / 2, 2 groups".split()
    assert lines[-1].split() == ["total", "60,965,224", "724,406,816"]
    assert len(lines) == 1 + 1 + 16 + 1
    assert max(map(len, lines)) < 80
    short = shapes.summary(networks.ALEXNET[:3], 224, counts=False)
    assert short.splitlines()[2].split() == (
        "conv1 11 / 4 / 0 + 3 55 x 55 x 96".split()
    )
    assert "total" not in short


@pytest.mark.parametrize(
    ("name", "least", "parameters"),
    [
        ("two-tower", 64, 60_965_224),  # 67 less the three of rounding up
        ("one-tower", 64, 62_378_344),
        ("caffe", 55, 60_965_224),
        ("one-weird-trick", 63, 61_100_840),
        ("mini", 32, 368_842),
    ],
)
def test_the_five_tables(name, least, parameters):
    network = networks.NETWORKS[name]
    lines = shapes.table(network.layers, network.size)
    assert sum(line.parameters for line in lines) == parameters
    body = networks.body(network.layers)
    assert body[-1].name == "pool5"
    assert shapes.smallest_size(body) == least
    assert shapes.table(body, least)[-1].output_shape[:2] == (1, 1)
    with pytest.raises(ValueError, match=f"at least {least} x {least}") as e:
        networks.check_size(network, 300, least - 1)
    assert ("AlexNetMini" in str(e.value)) == (name != "mini")
    networks.check_size(network, None, least)


def test_counts_by_listing_every_weight():
    conv = Conv("conv", 15, 3, padding=1, groups=5)
    kernel = np.empty((3, 3, 10 // 5, 15))  # height, width, in a group, out
    places = np.empty((7, 8))
    for row, biases in ((conv, 15), (conv._replace(bias=False), 0)):
        line = shapes.table([row], (7, 8), channels=10)[-1]
        assert line.kernel == kernel.shape
        assert line.parameters == kernel.size + biases
        assert line.multiply_adds == places.size * kernel.size
    rows = [Flatten("flat"), Dense("fc6", 4096)]
    line = shapes.table(rows, 6, 256)[-1]
    assert line.kernel == (9216, 4096)
    assert line.parameters == (9216 + 1) * 4096
    assert line.multiply_adds == 9216 * 4096


def test_units_of_the_paper():
    rows = shapes.table(TWO_TOWERS)
    units = {
        row.name: math.prod(row.output_shape) for row in rows if row.parameters
    }
    assert sum(units.values()) == 659_272  # the paper says 650,000
    figure_2 = 253_440 - units["conv1"]
    assert sum(units.values()) + figure_2 == 622_312
    assert 55 * 48 * 96 == 253_440


def test_where_the_weights_and_the_work_are():
    for chain, weights, work in [
        (TWO_TOWERS, 96.2, 8.1),
        (ONE_TOWER, 94.0, 5.2),
    ]:
        rows = shapes.table(chain)
        dense = [row for row in rows if row.name.startswith("fc")]
        for column, percent in [(2, weights), (3, work)]:
            share = sum(r[column] for r in dense) / sum(r[column] for r in rows)
            assert round(100 * share, 1) == percent
    for name, percent in [("conv3", 1.45), ("conv4", 1.09)]:
        share = row_of(TWO_TOWERS, name).parameters / 60_965_224
        assert round(100 * share, 2) == percent  # the paper: at most 1


def test_activations_of_one_image():
    rows = shapes.table(TWO_TOWERS)
    softmax = 1000
    values = softmax + sum(
        math.prod(row.output_shape) for row in rows if row.name != "flatten"
    )
    assert values == 1_414_347


def test_floats_that_cross_between_the_towers():
    halves = {
        layer: math.prod(row_of(TWO_TOWERS, before).output_shape) // 2
        for layer, before in [
            ("conv3", "pool2"),
            ("fc6", "pool5"),
            ("fc7", "fc6"),
            ("fc8", "fc7"),
        ]
    }
    assert halves == {"conv3": 21_632, "fc6": 4608, "fc7": 2048, "fc8": 2048}


def seen_by(chain, unit):
    """Input pixels that one unit of the last layer reads, layer by layer."""
    pixels = {unit}
    for layer in reversed(chain):
        pixels = {
            pixel * layer.stride - layer.padding + offset
            for pixel in pixels
            for offset in range(layer.filter_size)
        }
    return pixels


@pytest.mark.parametrize("conv1_padding", [0, 2])
def test_receptive_fields_by_walking_back_to_the_pixels(conv1_padding):
    chain = [
        layer._replace(padding=0) if layer.padding == "valid" else layer
        for layer in network(PAPER, conv1_padding=conv1_padding)[:-4]
    ]
    fields = shapes.receptive_fields(chain)
    for depth, field in enumerate(fields, 1):
        first, second = seen_by(chain[:depth], 0), seen_by(chain[:depth], 1)
        assert field.name == chain[depth - 1].name
        assert field.size == max(first) - min(first) + 1 == len(first)
        assert field.jump == min(second) - min(first)
        assert field.start == min(first)


def test_receptive_fields_of_the_paper():
    fields = shapes.receptive_fields(TWO_TOWERS)
    sizes = {field.name: field.size for field in fields}
    convolutions = [sizes[f"conv{number}"] for number in range(1, 6)]
    assert convolutions == [11, 51, 99, 131, 163]
    assert sizes["norm"] == 51  # normalisation sees no further
    assert "fc6" not in sizes  # it sees everything


def test_padding_moves_a_receptive_field_and_does_not_widen_it():
    padded = [Conv("conv1", 8, 11, 4, padding=(2, 1))]
    assert shapes.receptive_fields(padded)[-1] == ("conv1", 11, 4, -2)
    hanging = [Conv("conv1", 8, 11, 4, rounding="up")]
    assert shapes.receptive_fields(hanging)[-1] == ("conv1", 11, 4, 0)
    same = [Conv("conv", 8, 4, padding="same")]  # one before, two after
    assert shapes.receptive_fields(same)[-1] == ("conv", 4, 1, -1)


@pytest.mark.parametrize("padding", ["valid", 2, (1, 3)])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_zeros_make_the_last_filter_fit(padding, stride):
    up = Conv("conv", 1, 5, stride, padding, rounding="up")
    for size in range(5, 40):
        before, after = shapes.zeros(up, size)
        padded = before + size + after
        wanted = shapes.output_size(size, 5, stride, padding, "up")
        assert shapes.output_size(padded, 5, stride) == wanted
        assert (padded - 5) % stride == 0
        # where the size is not known, some zeros may be read by no filter
        before, more = shapes.zeros(up, None)
        assert shapes.output_size(before + size + more, 5, stride) == wanted
        down = shapes.zeros(up._replace(rounding="down"), size)
        assert down == {"valid": (0, 0), 2: (2, 2)}.get(padding, padding)


def test_tables_follow_pictures_that_are_not_square():
    rows = shapes.table(D2L[:-4], (227, 451), channels=1)
    assert rows[1].output_shape == (55, 111, 96)
    assert rows[1].parameters == 11 * 11 * 96 + 96
    assert rows[-1].output_shape == (6, 13, 256)
    pooled = shapes.table([Resample("pool", 1)], (9, 5), 7)
    assert pooled[-1].output_shape == (1, 1, 7)


def test_numpy_numbers_are_numbers():
    size = np.int64(227)
    assert shapes.table(TWO_TOWERS, size) == shapes.table(TWO_TOWERS)
    assert shapes.output_size(size, 11, 4, padding=np.int64(2)) == 56


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "at least 1.*size=0"),
        ({"filter_size": 0}, "at least 1.*filter_size=0"),
        ({"stride": 0}, "at least 1.*stride=0"),
        ({"rounding": "nearest"}, '"down" or "up".*nearest'),
        ({"padding": "full"}, "whole number or a pair.*full"),
        ({"padding": (1, 2, 3)}, "whole number or a pair"),
        ({"size": 8, "filter_size": 11}, "11 pixels does not fit.*of 8"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(arguments, message):
    good = {"size": 227, "filter_size": 11, "stride": 4}
    with pytest.raises(ValueError, match=f"(?s){message}"):
        shapes.output_size(**good | arguments)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([Conv("c", 255, 3, groups=0)], "c: `groups` must divide.*groups=0"),
        ([Conv("c", 255, 3, groups=2)], "c: `groups` must divide"),
        ([Norm("n", groups=5)], "n: `groups` must divide.*channels=96"),
        (
            [Flatten("f"), Pool("p")],
            r"p reads maps.*\(7776,\)",
        ),
        ([Dense("fc6", 9)], r"fc6 reads values.*\(9, 9, 96\).*Flatten row"),
        ([Flatten("f"), Dropout("d"), Conv("c", 8, 3)], "c reads maps"),
        (["conv1"], "no such layer.*'conv1'.*Conv, Norm, Pool"),
        ([Conv("c", 8, 11)], "c: A filter of 11 pixels does not fit"),
    ],
)
def test_rows_that_make_no_network_are_refused(rows, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        shapes.table(rows, 9, 96)


def test_same_padding_with_a_stride_has_no_fixed_receptive_field():
    chain = [Conv("conv1", 96, 11, 4, padding="same")]
    with pytest.raises(ValueError, match="depends on the input's size"):
        shapes.receptive_fields(chain)


def test_a_corner_is_read_once_and_the_inner_pixels_four_to_nine_times():
    counts = np.zeros(227, int)
    for start in range(0, 227 - 10, 4):
        counts[start : start + 11] += 1
    assert shapes.times_read(227, 11, stride=4) == counts.tolist()
    twice = np.outer(counts, counts)
    assert twice[0, 0] == 1
    assert {*twice[8:-8, 8:-8].ravel().tolist()} == {4, 6, 9}
    assert shapes.times_read(13, 3, padding=1) == [2, *[3] * 11, 2]
