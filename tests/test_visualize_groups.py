"""Figures of chapter 7: towers, blocks, and what groups save."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from alexnet_keras import networks, shapes, visualize
from alexnet_keras.rows import Conv, Norm, Pool
from alexnet_keras.visualize import style

FIRST, SECOND = to_rgba(style.SKY), to_rgba(style.ORANGE)


def boxes(axes, color):
    """Returns (left, bottom, width, height) of the boxes of one colour."""
    return [
        patch.get_bbox().bounds
        for patch in axes.patches
        if patch.get_facecolor() == color
    ]


def test_only_conv3_and_fc6_read_the_other_tower():
    (axes,) = visualize.towers(networks.ALEXNET[:12]).axes
    crossing = [line for line in axes.lines if line.get_linestyle() == "--"]
    ends = sorted(float(line.get_xdata()[1]) for line in crossing)
    assert ends == pytest.approx([2.7, 2.7, 5.7, 5.7])  # columns 3 and 6
    for line in crossing:
        start, end = line.get_ydata()
        assert start == -end
        assert line.get_color() == style.VERMILION
    straight = [line for line in axes.lines if line not in crossing]
    assert len(straight) == 2 * 6
    assert all(line.get_ydata()[0] == line.get_ydata()[1] for line in straight)
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("128\nmaps") == 4
    assert texts.count("2048\nunits") == 2
    assert [name for name in texts if name[:4] in ("conv", "fc6")] == [
        "conv1",
        "conv2",
        "conv3",
        "conv4",
        "conv5",
        "fc6",
    ]


def test_blocks_cover_the_weights_that_are_there():
    rows = networks.ALEXNET[:10]
    (axes,) = visualize.blocks(rows).axes
    parts = [boxes(axes, color) for color in (FIRST, SECOND)]
    assert len(parts[0]) == len(parts[1]) == 5
    for number, line in enumerate(
        line for line in shapes.table(rows) if line.kernel
    ):
        side, _, depth, filters = line.kernel
        area = sum(own[number][2] * own[number][3] for own in parts)
        assert area == depth * filters
        assert side**2 * area == line.parameters - filters
    (left, top, width, height), (other_left, other_top, *_) = (
        own[1] for own in parts
    )
    assert (width, height, top) == (128, 48, 0)
    assert (other_left, other_top) == (left + 128, 48)  # on the diagonal


def test_blocks_of_one_group_are_full_and_of_four_lie_on_the_diagonal():
    rows = [
        Conv("a", 8, 3),
        Norm("norm"),
        Pool("pool"),
        Conv("b", 8, 1, groups=4),
    ]
    (axes,) = visualize.blocks(rows, channels=2).axes
    found = sorted(boxes(axes, FIRST) + boxes(axes, SECOND))
    left = found[2][0]
    expected = [(0, 0, 4, 2), (4, 0, 4, 2)]
    expected += [(left + 2 * g, 2 * g, 2, 2) for g in range(4)]
    assert np.allclose(found, expected)


def test_bars_are_as_high_as_the_table_says():
    tables = {
        "in groups": shapes.table(networks.ALEXNET),
        "without": shapes.table(networks.ONE_TOWER),
    }
    weights, work = visualize.saved_by_groups(tables).axes
    assert [bar.get_height() for bar in weights.patches] == [
        *(34.944, 307.456, 885.12, 663.936, 442.624),
        *(34.944, 614.656, 885.12, 1327.488, 884.992),
    ]
    assert [bar.get_height() for bar in work.patches] == [
        *(105.4152, 223.9488, 149.520384, 112.140288, 74.760192),
        *(105.4152, 447.8976, 149.520384, 224.280576, 149.520384),
    ]
    labels = [text.get_text() for text in weights.get_legend().get_texts()]
    assert labels == list(tables)
    names = [label.get_text() for label in work.get_xticklabels()]
    assert names == ["conv1", "conv2", "conv3", "conv4", "conv5"]
    looks = {(bar.get_facecolor(), bar.get_hatch()) for bar in work.patches}
    assert len(looks) == 2
