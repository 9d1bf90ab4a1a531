"""Figures of chapter 7: maps, fields on a photo, influence."""

import numpy as np
import pytest

from alexnet_keras import networks, visualize
from alexnet_keras.visualize import stack, style

ROWS = networks.ALEXNET[:10]
PHOTO = np.random.default_rng(7).integers(0, 256, (227, 227, 3), "uint8")
NAMES = ("conv1", "conv2", "conv3", "conv4", "conv5", "pool5")


def shown(axes):
    return np.asarray(axes.images[0].get_array())


def bounds(axes):
    return [patch.get_bbox().bounds for patch in axes.patches]


def test_maps_are_those_that_are_mostly_on():
    outputs = np.zeros((4, 4, 5))
    outputs[..., 1], outputs[:3, :, 3], outputs[:2, :, 4] = 2, 5, 9
    figure = visualize.maps({"a": outputs, "b": outputs[:2]}, count=2)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["a: 4 x 4", "b: 2 x 4", "", ""]
    assert np.array_equal(shown(figure.axes[0]), outputs[..., 1])
    assert np.array_equal(shown(figure.axes[2]), outputs[..., 3])
    assert np.array_equal(shown(figure.axes[3]), outputs[:2, :, 3])
    assert all(axes.images[0].get_clim()[0] == 0 for axes in figure.axes)


def test_nested_squares_are_the_receptive_fields():
    whole, beside = visualize.nested(PHOTO, ROWS, NAMES).axes
    squares = bounds(whole)
    assert [side for _, _, side, _ in squares] == [11, 51, 99, 131, 163, 195]
    for (left, top, side, tall), inset in zip(
        squares, beside.child_axes, strict=True
    ):
        assert tall == side
        rows = slice(int(top + 0.5), int(top + 0.5 + side))
        columns = slice(int(left + 0.5), int(left + 0.5 + side))
        assert np.array_equal(shown(inset), PHOTO[rows, columns])
    middles = [left + 0.5 + side // 2 for left, _, side, _ in squares[:5]]
    assert middles == [113] * 5
    titles = [inset.get_title() for inset in beside.child_axes]
    assert titles[4:] == ["conv5: 163 x 163", "pool5: 195 x 195"]
    colors = {patch.get_edgecolor() for patch in whole.patches}
    assert len(colors) == 6


def test_a_square_starts_where_its_first_pixel_is():
    assert stack.square(ROWS, "conv1", 27, 0) == (108, 0, 11)
    assert stack.square(ROWS, "pool1", 1, 2) == (8, 16, 19)
    # two zeros of conv2 lie 8 pixels apart, outside
    assert stack.square(ROWS, "conv2", 0, 26) == (-16, 192, 51)


def test_sight_is_grey_where_there_is_no_photo():
    figure = stack.sight(PHOTO, ROWS, "conv2", 0, 26)
    whole, part = figure.axes
    assert bounds(whole) == [(191.5, -16.5, 51, 51)]
    cut = shown(part)
    assert np.array_equal(cut[16:, :35], PHOTO[:35, 192:])
    assert (cut[:16] == 153).all()
    assert (cut[:, 35:] == 153).all()
    assert whole.get_title() == "conv2, place (0, 26) of 27 x 27"
    assert whole.get_xlim()[1] > 191.5 + 51  # the square is drawn whole
    assert whole.get_ylim()[1] < -16.5


def test_the_sliders_reach_every_corner(monkeypatch):
    import ipywidgets

    asked = {}
    monkeypatch.setattr(
        ipywidgets,
        "interact",
        lambda draw, **sliders: asked.update(sliders, draw=draw),
    )
    visualize.sight_by_hand(PHOTO, ROWS)
    assert [*asked["layer"].options] == [row.name for row in ROWS]
    assert (asked["down"].min, asked["across"].max) == (0, 100)
    whole, _ = asked["draw"]("conv5", 0, 100).axes
    assert whole.get_title() == "conv5, place (0, 12) of 13 x 13"
    whole, _ = asked["draw"]("pool5", 50, 0).axes
    assert "place (2, 0) of 6 x 6" in whole.get_title()


def test_influence_leaves_zeros_white_and_frames_the_field():
    strengths = np.zeros((9, 9))
    strengths[2:7, 2:7] = np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1])
    figure = visualize.influence(strengths, 2, [1, 2, 3, 2, 1])
    whole, shares = figure.axes[:2]
    drawn = whole.images[0].get_array()
    assert np.array_equal(drawn.mask, strengths == 0)
    assert drawn.max() == 1
    assert bounds(whole) == [(1, 1, 6, 6)]  # half a pixel outside the field
    felt, ways = shares.lines[:2]
    assert list(ways.get_xdata()) == [2, 3, 4, 5, 6]
    assert list(felt.get_ydata()[2:7]) == pytest.approx(ways.get_ydata())
    assert sum(ways.get_ydata()) == pytest.approx(100)
    assert [line.get_xdata()[0] for line in shares.lines[2:]] == [1.5, 6.5]
    assert felt.get_color() == style.BLUE
    assert ways.get_linestyle() == "--"
