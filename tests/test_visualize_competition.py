"""Figures of chapter 5: who competes, and what comes out."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from alexnet_keras import visualize
from alexnet_keras.visualize import style


def squares(axes, color):
    """The lower left corners of the squares of one colour."""
    return [
        patch.get_xy()
        for patch in axes.patches
        if patch.get_facecolor() == to_rgba(color)
    ]


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("channel", "size", "window"),
    [(3, 3, [2, 3, 4]), (0, 3, [0, 1]), (4, 5, [2, 3, 4]), (1, 1, [1])],
)
def test_a_window_goes_through_the_maps_and_ends_with_them(
    channel, size, window
):
    (axes,) = visualize.through_depth([3, 4, 0, 5, 12], channel, size).axes
    lefts = [left for left, _ in squares(axes, style.ORANGE)]
    assert lefts == pytest.approx([1.25 * place + 0.55 for place in window])
    (framed,) = [
        patch
        for patch in axes.patches
        if patch.get_edgecolor() == to_rgba(style.VERMILION)
    ]
    assert framed.get_x() == pytest.approx(1.25 * channel + 0.55)
    ends = axes.lines[0].get_xdata()
    assert list(ends) == pytest.approx(
        [1.25 * window[0], 1.25 * window[-1] + 1]
    )
    assert [text for text in texts(axes) if text.isdigit()] == [
        "3",
        "4",
        "0",
        "5",
        "12",
    ]
    assert f"the window of channel {channel}" in texts(axes)


def test_one_pixel_has_a_pair_of_bars_for_each_channel():
    before, after = np.array([60.0, 0, 300]), np.array([20.0, 0, 47.4])
    (axes,) = visualize.one_pixel(before, after).axes
    first, second = axes.containers
    assert [bar.get_height() for bar in first] == [60, 0, 300]
    assert [bar.get_height() for bar in second] == [20, 0, 47.4]
    assert texts(axes) == ["60", "", "300", "20", "", "47.4"]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["before", "after"]


def test_the_sliders_hand_their_constants_on(monkeypatch):
    import ipywidgets

    asked = {}
    monkeypatch.setattr(
        ipywidgets,
        "interact",
        lambda draw, **sliders: asked.update(sliders, draw=draw),
    )
    before = np.array([1.0, 2, 3, 4])
    visualize.compete_by_hand(
        before, lambda values, n, k, alpha, beta: values * n * k + alpha + beta
    )
    starts = {name: asked[name].value for name in ("n", "k", "alpha", "beta")}
    assert starts == {"n": 5, "k": 2, "alpha": 1e-4, "beta": 0.75}
    assert (asked["n"].step, asked["n"].max) == (2, 7)  # only odd windows
    (axes,) = asked["draw"](3, 2, 0.25, 0.5).axes
    heights = [bar.get_height() for bar in axes.containers[1]]
    assert heights == [6.75, 12.75, 18.75, 24.75]


def test_a_lone_value_has_a_peak_where_its_square_outgrows_k():
    lines = {
        "bent": lambda values: values / (2 + 1e-4 * values**2) ** 0.75,
        "straight": lambda values: 0.5 * values,
    }
    (axes,) = visualize.lone(lines, reach=1000).axes
    point, bent, straight = axes.lines
    assert (*point.get_xdata(), *point.get_ydata()) == pytest.approx(
        (200, 200 / 6**0.75), rel=1e-3
    )
    assert straight.get_ydata()[-1] == 500
    assert axes.get_ylim()[1] == pytest.approx(1.15 * 200 / 6**0.75, rel=1e-3)
    assert bent.get_linestyle() != straight.get_linestyle()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["bent\n(peak: 200 becomes 52)", "straight"]
    (axes,) = visualize.lone({"straight": lines["straight"]}, reach=10).axes
    assert axes.get_ylim()[1] >= 5


def test_windows_are_cut_off_at_the_ends_and_between_groups():
    one, two = visualize.neighbours(6, 3, groups=(1, 2)).axes
    for axes, apart in ((one, False), (two, True)):
        cells = {
            (round(top + 0.5), round(left + 0.5))
            for color in (style.ORANGE, style.VERMILION)
            for left, top in squares(axes, color)
        }
        assert cells == {
            (row, column)
            for row in range(6)
            for column in range(6)
            if abs(row - column) <= 1
            and not (apart and (row < 3) != (column < 3))
        }
        itself = squares(axes, style.VERMILION)
        assert all(left == top for left, top in itself)
        assert len(itself) == 6
    assert (one.get_title(), two.get_title()) == ("one group", "2 groups")
    assert len(one.lines) == 0
    assert len(two.lines) == 2


def test_values_that_go_in_are_drawn_against_what_comes_out():
    before = np.array([[0.0, 1], [3, 2]])
    figure = visualize.in_and_out(
        before, {"half": before / 2, "none": 0 * before}
    )
    left, right = figure.axes
    assert list(left.lines[0].get_xdata()) == [3, 2, 1]  # no zero
    assert list(left.lines[0].get_ydata()) == [1.5, 1, 0.5]
    assert list(right.lines[0].get_ydata()) == [0, 0, 0]
    many = np.arange(1, 9001.0)
    (axes,) = visualize.in_and_out(many, {"same": many}).axes
    drawn = axes.lines[0].get_xdata()
    assert 2000 <= len(drawn) <= 2500
    assert max(drawn) == 9000


def test_orders_are_written_down_step_by_step():
    maps = np.array([[3.0, 4], [4, 0]])
    ways = {"one": {"maps": maps, "pool": maps.max(1, keepdims=True) / 3}}
    left, right = visualize.orders(ways).axes
    assert (left.get_title(), right.get_title()) == ("maps", "pool")
    assert texts(left) == ["3", "4", "4", "0", "one"]
    assert texts(right) == ["1.33", "1.33"]
