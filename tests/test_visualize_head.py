"""Figures of chapter 8: from a map to an answer."""

import math

import numpy as np
import pytest
from matplotlib.colors import to_hex

from alexnet_keras import networks, shapes, visualize


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_map_is_flattened_channels_last():
    figure = visualize.flattened(rows=2, columns=3, channels=4)
    *planes, line = figure.axes
    box = np.arange(24).reshape(2, 3, 4)
    assert [axes.get_title() for axes in planes] == [
        f"channel {number}" for number in range(4)
    ]
    for channel, axes in enumerate(planes):
        assert texts(axes) == [str(n) for n in box[..., channel].ravel()]
        assert len({to_hex(p.get_facecolor()) for p in axes.patches}) == 1
    assert texts(line) == [str(n) for n in range(24)]
    colors = [to_hex(patch.get_facecolor()) for patch in line.patches]
    assert colors[0] == colors[2] != colors[1] == colors[3]


def test_each_unit_shows_its_own_weights_products_and_sum():
    values, biases = np.array([2, 0, 3]), np.array([4, -1])
    weights = np.array([[1, -1], [5, 2], [-3, 1]])
    figure = visualize.weighed(values, weights, biases)
    panels = np.array(figure.axes).reshape(2, 4)
    assert [axes.get_title() for axes in panels[0]] == [
        "what it reads",
        "its weights",
        "products",
        "sum, bias, ReLU",
    ]
    for unit, row in enumerate(panels):
        assert texts(row[0])[:3] == ["2", "0", "3"]
        assert texts(row[0])[3] == f"unit {unit}"
        assert texts(row[1]) == [str(w) for w in weights[:, unit]]
        products = values * weights[:, unit]
        assert texts(row[2]) == [str(product) for product in products]
    assert texts(panels[0, 3]) == ["-7 + 4 = -3, ReLU: 0"]
    assert texts(panels[1, 3]) == ["1 - 1 = 0, ReLU: 0"]


def test_shares_of_weights_and_work_are_those_of_the_table():
    lines = shapes.table(networks.ALEXNET)
    axes = visualize.weights_and_work(lines).axes[0]
    named = [line for line in lines if line.parameters]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [
        line.name for line in named
    ]
    weights, work = axes.containers
    for bars, key in ((weights, "parameters"), (work, "multiply_adds")):
        counts = [getattr(line, key) for line in named]
        widths = [bar.get_width() for bar in bars]
        assert widths == pytest.approx([100 * n / sum(counts) for n in counts])
    assert "61.9%" in texts(axes)
    assert max(bar.get_width() for bar in weights) < axes.get_xlim()[1]


def test_masked_sums_mark_their_mean_and_the_test():
    sums = np.array([1.0, 2.0, 6.0])
    figure = visualize.masked_sums({"old": (sums, 5.0), "new": (2 * sums, 7.0)})
    for axes, title, mean, at_test in zip(
        figure.axes, ("old", "new"), (3, 6), (5, 7), strict=True
    ):
        assert axes.get_title() == title
        assert [line.get_xdata()[0] for line in axes.lines] == [mean, at_test]
        assert sum(bar.get_height() for bar in axes.patches) == 3
    assert len(figure.legends[0].get_texts()) == 3


def test_answers_are_bars_with_their_numbers():
    panels = {"logits": [3, 0, -2], "softmax": [0.9, 0.1]}
    figure = visualize.answers(panels)
    for axes, (title, numbers) in zip(figure.axes, panels.items(), strict=True):
        assert axes.get_title() == title
        assert [bar.get_height() for bar in axes.patches] == numbers
        assert texts(axes) == [f"{number:g}" for number in numbers]
        low, high = axes.get_ylim()
        assert low <= min(numbers)
        assert high > max(numbers)


def test_doubt_costs_minus_the_logarithm():
    axes = visualize.cost_of_doubt({"sure": 1, "ten": 0.1}).axes[0]
    curve, *points = axes.lines
    x, y = curve.get_data()
    assert np.allclose(np.exp(-y), x)
    assert [point.get_xdata()[0] for point in points] == [1, 0.1]
    assert points[1].get_ydata()[0] == pytest.approx(math.log(10))
    assert texts(axes) == ["sure: 0.00", "ten: 2.30"]


def test_the_grid_lies_beside_its_picture_and_windows_are_drawn():
    image = np.zeros((108, 192, 3), "uint8")
    found = np.arange(6.0).reshape(2, 3)
    figure = visualize.answer_grid(image, found, window=40, step=32)
    left, right = figure.axes[:2]
    assert np.array_equal(right.images[0].get_array(), found)
    assert right.get_title() == "2 x 3 answers"
    bounds = [patch.get_bbox().bounds for patch in left.patches]
    assert bounds == [(0, 0, 40, 40), (32, 0, 40, 40), (64, 32, 40, 40)]
    assert left.images[0].get_extent() == [0, 192, 108, 0]
