"""Figures of chapter 6: what a pool keeps, forgets and hands back."""

import numpy as np
import pytest

from alexnet_keras import visualize

MAP = np.array([[1, 0, 3, 2, 6], [0, 2, 1, 7, 5], [4, 0, 8, 4, 1]])
TALL = np.array([[1, 5, 0], [2, 3, 9], [7, 0, 1], [0, 4, 2], [6, 1, 3]])


def texts(axes):
    return [text.get_text() for text in axes.texts]


def rings(axes):
    """The row and column of each ring."""
    (line,) = axes.lines
    columns, rows = np.atleast_1d(line.get_xdata(), line.get_ydata())
    return sorted(zip(rows.tolist(), columns.tolist(), strict=True))


def test_a_window_is_framed_its_winner_ringed_and_the_map_not_yet_done():
    whole, window, found = visualize.pool_at(TALL, 2, 1, row=1, column=1).axes
    assert texts(whole) == [str(value) for value in TALL.ravel()]
    assert whole.patches[0].get_bbox().bounds == (0.5, 0.5, 2, 2)
    assert rings(whole) == [(1, 2)]
    assert texts(window) == ["3", "9", "0", "1"]
    assert rings(window) == [(0, 1)]
    assert texts(found) == ["5", "9", "7", "9"]  # of eight
    assert found.patches[0].get_bbox().bounds == (0.5, 0.5, 1, 1)


def test_condensed_maps_share_one_scale_and_what_is_lost_is_grey():
    first = np.linspace(0, 100, 101)[None]
    second = np.array([[200.0, np.nan]])
    figure = visualize.condensed({"all": first, "half": second})
    *panels, scale = figure.axes
    assert [panel.get_title() for panel in panels] == ["all", "half"]
    limit = np.quantile(first, 0.99)
    for panel, values in zip(panels, (first, second), strict=True):
        (image,) = panel.images
        assert image.get_clim() == (-limit, limit)
        assert np.array_equal(image.get_array().filled(np.nan), values, True)
    assert np.isnan(panels[1].images[0].get_array().filled(np.nan)[0, 1])
    assert scale.get_ylim() == (0, limit)
    assert scale.get_ylabel() == "value of the map"


def test_a_map_moves_and_is_pooled_again():
    figure = visualize.moved_and_pooled(MAP, shifts=(0, 2))
    still, moved, pooled, later = figure.axes
    assert [axes.get_title() for axes in (still, moved)] == [
        "moved by 0",
        "moved by 2",
    ]
    assert texts(moved)[:5] == ["0", "0", "1", "0", "3"]
    assert texts(pooled) == ["8", "8"]
    assert texts(later) == ["4", "8"]
    assert set(rings(still)) == {(2, 2)}
    assert rings(moved) == [(2, 2), (2, 4)]


def test_what_holds_nothing_has_no_winner():
    spot = np.zeros((3, 5), int)
    spot[0, 4] = 9
    above, _ = visualize.moved_and_pooled(spot).axes
    assert rings(above) == [(0, 4)]


def test_sliders_move_and_pool(monkeypatch):
    import ipywidgets

    asked = {}
    monkeypatch.setattr(
        ipywidgets,
        "interact",
        lambda draw, **sliders: asked.update(sliders, draw=draw),
    )
    visualize.pool_by_hand(MAP)
    assert set(asked) == {"draw", "shift", "window", "stride"}
    assert asked["window"].max == 3  # wider ones do not fit
    for window in range(asked["window"].min, asked["window"].max + 1):
        for stride in (1, asked["stride"].max):
            assert len(asked["draw"](1, window, stride).axes) == 2
    assert texts(asked["draw"](1, 3, 2).axes[1]) == ["4", "8"]


def test_windows_that_read_a_value_are_counted():
    wide, apart = visualize.overlap(5, pools=((3, 2), (2, 2))).axes
    assert texts(wide)[:5] == ["1", "1", "2", "1", "1"]
    assert texts(wide)[10:15] == ["2", "2", "4", "2", "2"]
    assert texts(apart)[15:] == ["1", "1", "1", "1", "0"] + ["0"] * 5
    assert wide.get_title() == "windows 3 wide, stride 2"
    assert wide.images[0].get_clim() == apart.images[0].get_clim()


def test_changes_are_percentages_of_another_photos():
    lines = {"conv1": [0, 0.5], "pool1": [0, 0.25]}
    (axes,) = visualize.changes_by_shift((0, 4), lines).axes
    drawn = {line.get_label(): line for line in axes.lines[:2]}
    assert list(drawn) == ["conv1", "pool1"]
    assert list(drawn["pool1"].get_xdata()) == [0, 4]
    assert list(drawn["pool1"].get_ydata()) == [0, 25]
    assert list(axes.lines[2].get_ydata()) == [100, 100]
    assert axes.get_ylabel() == "change (%)"
    looks = {(line.get_marker(), line.get_color()) for line in axes.lines[:2]}
    assert len(looks) == 2


@pytest.mark.parametrize(("shape", "stride"), [((3, 7), 2), ((6, 4), 1)])
def test_a_gradient_goes_to_the_winners_alone(shape, stride):
    values = np.random.default_rng(6).permutation(np.prod(shape)).reshape(shape)
    rows, columns = ((side - 3) // stride + 1 for side in shape)
    gradient = np.arange(1, rows * columns + 1).reshape(rows, columns)
    expected = np.zeros(shape)
    for (row, column), number in np.ndenumerate(gradient):
        top, left = row * stride, column * stride
        window = values[top : top + 3, left : left + 3]
        expected[values == window.max()] += number  # no two are equal
    whole, arriving, back = visualize.routed(values, gradient, 3, stride).axes
    assert [float(text) for text in texts(arriving)] == [*gradient.ravel()]
    assert [float(text) for text in texts(back)] == [*expected.ravel()]
    assert {*rings(whole)} == {*map(tuple, np.argwhere(expected).tolist())}
