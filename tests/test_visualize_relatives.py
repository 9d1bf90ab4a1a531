"""Figures of chapter 15: networks side by side, and the ledger."""

import math

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from alexnet_keras import clinic, networks, shapes, visualize
from alexnet_keras.ledger import STATUSES, Claim
from alexnet_keras.rows import Norm
from alexnet_keras.visualize.relatives import OTHER, SAME


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_what_differs_from_the_first_network_is_marked():
    tables = {
        "ours": networks.ALEXNET,
        "theirs": networks.ONE_WEIRD_TRICK,
        "third": networks.CAFFE,
    }
    axes = visualize.relatives(tables, [227, 224, 227]).axes[0]
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names[10:13] == ["pool5", "resample5", "flatten"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [*tables]
    cells = np.reshape(axes.patches, (3, len(names)))
    words = np.reshape(texts(axes), (3, len(names)))
    for column, table in enumerate(tables.values()):
        rows = {row.name: row for row in table}
        ours = {row.name: row for row in networks.ALEXNET}
        for place, name in enumerate(names[1:], 1):
            color = to_hex(cells[column, place].get_facecolor())
            is_same = rows.get(name) == ours.get(name)
            assert color == (SAME if is_same else OTHER)
            assert (words[column, place] == "none") == (name not in rows)
    assert [*words[:, 0]] == ["227 x 227 x 3", "224 x 224 x 3", "227 x 227 x 3"]
    colors = [to_hex(cell.get_facecolor()) for cell in cells[:, 0]]
    assert colors == [SAME, OTHER, SAME]
    assert words[0, 1] == "96 of 11, stride 4\nrounds up"
    assert words[1, 1] == "64 of 11, stride 4\n2 zeros"
    assert words[0, 4] == "256 of 5, stride 1\n2 groups"
    assert words[2, 2] == "k 1, alpha 2e-05"
    assert words[2, 3] == "3, stride 2, rounds up"
    assert words[1, 11] == "to 6 x 6"


def test_each_text_fits_its_cell():
    tables = {"a": networks.ALEXNET, "b": networks.CAFFE}
    figure = visualize.relatives(tables, [227, 227])
    figure.draw_without_rendering()
    axes = figure.axes[0]
    for text, cell in zip(axes.texts, axes.patches, strict=True):
        box, frame = text.get_window_extent(), cell.get_window_extent()
        assert box.width < frame.width
        assert box.height < frame.height


def test_a_fingerprint_is_the_sum_of_its_parts():
    bare = [row for row in networks.ALEXNET if not isinstance(row, Norm)]
    tables = {
        "two towers": shapes.table(networks.ALEXNET),
        "one": shapes.table(networks.ONE_TOWER),
        "bare": shapes.table(bare),
    }
    figure = visualize.fingerprints(tables)
    axes = figure.axes[0]
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert texts(axes) == ["60,965,224", "62,378,344", "60,965,224"]
    assert np.allclose(np.sum(widths, axis=0)[:2], [60.965224, 62.378344])
    assert math.isclose(widths[0][0], 2.334080)  # the convolutions
    assert math.isclose(widths[1][0], 37.752832)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["conv1 to conv5", "fc6", "fc7, fc8"]
    starts = [bars[1].get_x() for bars in axes.containers]
    ends = np.cumsum([row[1] for row in widths])
    assert np.allclose(starts, [0, *ends[:-1]])


@pytest.mark.parametrize("sizes", [(2, 3, 2), (3, 2, 3)])
def test_two_orders_hold_the_same_numbers_channel_by_channel(sizes):
    rows, columns, channels = sizes
    above, below = visualize.two_orders(rows, columns, channels).axes
    count = rows * columns * channels
    assert texts(above) == [str(n) for n in range(count)]
    by_hand = [
        (row * columns + column) * channels + channel
        for channel in range(channels)
        for row in range(rows)
        for column in range(columns)
    ]
    assert texts(below) == [str(n) for n in by_hand]
    for axes in (above, below):
        numbers = [int(text) for text in texts(axes)]
        colors = [to_hex(patch.get_facecolor()) for patch in axes.patches]
        own = dict(zip(numbers, colors, strict=True))
        assert {own[n] == own[n % channels] for n in numbers} == {True}
        assert len(set(colors)) == channels


def chart(apart, shift=0.0):
    lines = [
        clinic.Line("conv1", (3, 3, 2), 8, 0.5 + shift, 0.7, apart),
        clinic.Line("fc8", (10,), 20, 1.0, 0.01, 0.02),
    ]
    return clinic.Chart(tuple(lines), 2.3, 0.0, 0.6, True)


def test_charts_draw_what_the_probes_found():
    found = {"healthy": chart(0.0), "patient": chart(None, shift=0.2)}
    figure = visualize.charts(found)
    above, spread, apart = figure.axes
    drawn = [[line.get_ydata() for line in axes.lines] for axes in figure.axes]
    assert np.allclose(drawn[0], [[50, 100], [70, 100]])
    assert np.allclose(drawn[1], [[0.7, 0.01], [0.7, 0.01]])
    assert np.allclose(drawn[2][0], [0, 2])
    assert np.isnan(drawn[2][1][0])  # another shape: nothing to compare
    assert drawn[2][1][1] == 2
    for axes in (above, spread, apart):
        assert [tick.get_text() for tick in axes.get_xticklabels()] == [
            "conv1",
            "fc8",
        ]
        grey, red = (line.get_color() for line in axes.lines)
        assert grey != red
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["healthy", "patient"]


def test_the_ledger_is_counted_by_source_and_status():
    kinds = [
        ("paper", "exact"),
        ("paper", "exact"),
        ("paper", "contradicted"),
        ("museum", "contradicted"),
        ("museum", "needs ImageNet"),
    ]
    claims = [
        Claim(str(number), source, "1", "says", status, "found")
        for number, (source, status) in enumerate(kinds)
    ]
    figure = visualize.ledger(claims)
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [
        "paper",
        "museum",
    ]
    labels = [bars.get_label() for bars in axes.containers]
    assert labels == [*STATUSES]
    widths = {
        bars.get_label(): [bar.get_width() for bar in bars]
        for bars in axes.containers
    }
    assert widths["exact"] == [2, 0]
    assert widths["shown small"] == [0, 0]
    assert widths["needs ImageNet"] == [0, 1]
    assert widths["contradicted"] == [1, 1]
    last = axes.containers[-1]
    assert [bar.get_x() for bar in last] == [2, 1]
    colors = {to_rgb(bars[0].get_facecolor()) for bars in axes.containers}
    assert len(colors) == 4
    assert [text for text in texts(axes) if text] == ["2", "1", "1", "1"]
