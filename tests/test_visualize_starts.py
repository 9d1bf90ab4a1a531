"""Figures of starts, signals, decay and rates: what is drawn."""

import math

import numpy as np
import pytest

from alexnet_keras import visualize


def test_starts_are_held_against_the_line_of_knowing_nothing():
    losses = {"a": [2.5, 2.3, 1.0], "b": [6.71, 2.4, 2.2]}
    axes = visualize.starts(losses, num_classes=10).axes[0]
    *curves, line = axes.lines
    for curve, values in zip(curves, losses.values(), strict=True):
        assert list(curve.get_xdata()) == [1, 2, 3]
        assert list(curve.get_ydata()) == values
    assert line.get_ydata()[0] == pytest.approx(math.log(10))
    assert [text.get_text() for text in axes.texts] == ["b: from 6.7"]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["a", "b", "knowing nothing: ln 10"]


def test_starts_differ_in_colour_line_and_marker():
    axes = visualize.starts({name: [2.0, 1.0] for name in "abcd"}).axes[0]
    for look in ("color", "linestyle", "marker"):
        assert len({getattr(one, f"get_{look}")() for one in axes.lines}) >= 4


def test_spreads_have_a_point_a_layer_on_a_logarithmic_axis():
    found = {
        "a": {"conv1": 0.4, "fc7": 0.004},
        "b": {"conv1": 0.8, "fc7": 1.6},
    }
    axes = visualize.spreads(found).axes[0]
    assert [list(line.get_ydata()) for line in axes.lines] == [
        [0.4, 0.004],
        [0.8, 1.6],
    ]
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["conv1", "fc7"]
    assert axes.get_yscale() == "log"


def test_signals_show_what_share_of_the_values_is_where():
    still = np.zeros((3, 8))
    apart = still.copy()
    apart[2, :2], apart[2, 2:] = -7, 7  # beyond the edges
    figure = visualize.signals({"still": still, "apart": apart}, reach=1)
    first, second = (panel.images[0].get_array() for panel in figure.axes[:2])
    assert first.shape == (61, 3)
    assert (first[30] == 100).all()  # the bin with 0 in its middle
    assert first.sum() == 300
    assert list(second[[0, -1], 2]) == [25, 75]
    assert [axes.get_title() for axes in figure.axes[:2]] == ["still", "apart"]


def test_decays_end_with_what_is_left():
    axes = visualize.decays({"a": [0.9, 0.81], "b": [1.0, 0.999]}).axes[0]
    assert list(axes.lines[0].get_xdata()) == [1, 2]
    assert list(axes.lines[1].get_ydata()) == [1.0, 0.999]
    assert [t.get_text() for t in axes.texts] == ["a: 0.810", "b: 0.999"]


def test_schedules_are_logarithmic_where_it_is_asked_for():
    rates = {"a": ([0, 1], [0.01, 0.001]), "b": ([0, 5], [0.01, 0.0])}
    figure = visualize.schedules(rates, logarithmic=["a"])
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]
    assert list(figure.axes[0].lines[0].get_ydata()) == [0.01, 0.001]
    assert list(figure.axes[1].lines[0].get_xdata()) == [0, 5]
    assert [x.get_yscale() for x in figure.axes] == ["log", "linear"]
    # a rate that falls at once is drawn so
    kinds = [x.lines[0].get_drawstyle() for x in figure.axes]
    assert kinds == ["steps-post", "default"]
