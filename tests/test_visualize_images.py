"""Figures of chapters 1 and 2: images, and a filter at work."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from alexnet_keras import visualize
from alexnet_keras.visualize import style

EDGE = np.array([[-1, 0, 1]] * 3)
PICTURE = np.array([[0, 0, 0, 9, 9, 9]] * 6)


def picture(height=6, width=8, channels=3):
    rng = np.random.default_rng([height, width])
    return rng.integers(0, 256, (height, width, channels)).astype("uint8")


def shown(axes):
    """The arrays that an axes shows."""
    return [np.asarray(image.get_array()) for image in axes.images]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_planes_are_the_channels_and_the_corner_is_written_out():
    image = picture()
    figure = visualize.planes(image, top=1, left=2, side=3)
    upper, lower = figure.axes[:4], figure.axes[4:]
    assert [axes.get_title() for axes in upper] == [
        "the picture",
        "red",
        "green",
        "blue",
    ]
    assert np.array_equal(shown(upper[0])[0], image)
    for channel, axes in enumerate(upper[1:]):
        assert np.array_equal(shown(axes)[0], image[..., channel])
        assert axes.images[0].get_clim() == (0, 255)
    for channel, axes in enumerate(lower[1:]):
        corner = image[1:4, 2:5, channel]
        assert texts(axes) == [str(number) for number in corner.ravel()]
    (frame,) = upper[0].patches
    assert frame.get_bbox().bounds == (1.5, 0.5, 3, 3)


def test_maps_side_by_side_share_one_scale_and_photos_keep_their_colours():
    small, large = np.array([[1.0, -2.0]]), np.array([[8.0, 0.0]])
    figure = visualize.side_by_side([picture(), small, large], ["a", "b", "c"])
    assert [axes.get_title() for axes in figure.axes] == ["a", "b", "c"]
    assert np.array_equal(shown(figure.axes[0])[0], picture())
    for axes in figure.axes[1:]:
        assert axes.images[0].get_clim() == (-8, 8)
    visualize.side_by_side([picture()], ["alone"])


def test_a_histogram_has_a_line_for_each_channel():
    values = np.stack([np.full(64, value) for value in (1.0, 5.0, 9.0)], -1)
    figure = visualize.histogram({"x": values, "y": values - 5}, "value")
    assert [axes.get_title() for axes in figure.axes] == ["x", "y"]
    for axes, middle in zip(figure.axes, (5, 0), strict=True):
        red, green, blue, zero = axes.lines
        peaks = [
            line.get_xdata()[np.argmax(line.get_ydata())]
            for line in (red, green, blue)
        ]
        assert peaks == pytest.approx([middle - 4, middle, middle + 4], abs=0.1)
        assert max(red.get_ydata()) == 100
        assert list(zero.get_xdata()) == [0, 0]
        assert axes.get_xlabel() == "value"


def test_cuts_are_drawn_where_they_are():
    boxes = {"square": (0, 1, 6, 6), "crop": (1, 2, 4, 4)}
    (axes,) = visualize.cuts(picture(), boxes).axes
    bounds = [patch.get_bbox().bounds for patch in axes.patches]
    assert bounds == [(0.5, -0.5, 6, 6), (1.5, 0.5, 4, 4)]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == list(boxes)


def test_a_batch_is_drawn_with_its_axes_named():
    images = np.stack([picture(7, 9), picture(7, 9) // 2])
    (axes,) = visualize.batch(images).axes
    assert len(axes.images) == 2 + 3
    assert np.array_equal(shown(axes)[0], images[0])
    assert np.array_equal(shown(axes)[4], images[0, ..., 2])
    front, back = (axes.images[place].get_zorder() for place in (0, 1))
    assert front > back
    names = {text.strip() for text in texts(axes)} - {""}
    assert names == {"height 7", "width 9", "batch 2", "channels 3"}


def test_a_filter_at_one_place_and_its_running_sum():
    figure = visualize.slide(PICTURE, EDGE, row=1, column=1)
    image, weights, products, running, found = figure.axes
    assert texts(weights) == ["-1", "0", "1"] * 3
    assert texts(products) == ["0", "0", "9"] * 3
    assert list(running.lines[0].get_ydata())[::3] == [0, 9, 18, 27]
    assert running.get_title() == "running sum: 27"
    assert texts(found) == ["0", "27", "27", "0", "0", "27"]  # and no further
    frames = [axes.patches[0].get_bbox().bounds for axes in (image, found)]
    assert frames == [(0.5, 0.5, 3, 3), (0.5, 0.5, 1, 1)]


def test_sliders_reach_every_place_and_no_other(monkeypatch):
    import ipywidgets

    asked = {}
    monkeypatch.setattr(
        ipywidgets,
        "interact",
        lambda draw, **sliders: asked.update(sliders, draw=draw),
    )
    visualize.slide_by_hand(PICTURE[:4], EDGE)
    assert (asked["row"].max, asked["column"].max) == (1, 3)
    assert len(asked["draw"](1, 3).axes) == 5


def test_a_deep_filters_sums_add_up():
    patch = np.stack([np.full((2, 2), c) for c in (1.0, 2.0, 3.0)], -1)
    weights = np.stack([np.full((2, 2), c) for c in (1.0, -1.0, 0.5)], -1)
    figure = visualize.depth(patch, weights)
    sums = [figure.axes[place].texts[0].get_text() for place in (3, 7, 11)]
    assert sums == ["4.0", "-8.0", "6.0"]
    title = figure.get_supxlabel()
    assert title == "one number: 4.0 -8.0 +6.0 = 2.0"


def test_connections_count_their_weights():
    dense, near, shared = visualize.connections(8, 3).axes
    assert len(dense.lines) == 8 * 6
    assert len(near.lines) == len(shared.lines) == 3 * 6
    assert "48 weights" in dense.get_title()
    assert "18 weights" in near.get_title()
    assert ": 3 weights" in shared.get_title()
    looks = {(line.get_color(), line.get_linestyle()) for line in shared.lines}
    assert len(looks) == 3  # one for each weight, the same at every output
    assert {line.get_color() for line in near.lines} == {style.BLACK}


def test_descent_draws_each_step_on_the_loss():
    (axes,) = visualize.descent(lambda w: (w - 2) ** 2, [0.0, 1.0, 1.5]).axes
    curve, path = axes.lines
    assert list(path.get_xdata()) == [0, 1, 1.5]
    assert list(path.get_ydata()) == [4, 1, 0.25]
    assert min(curve.get_xdata()) < 0
    assert max(curve.get_xdata()) > 1.5


def test_losses_have_a_line_each_that_differs_without_colour():
    (axes,) = visualize.losses({"slow": [4, 3], "fast": [4, 1]}).axes
    assert [list(line.get_ydata()) for line in axes.lines] == [[4, 3], [4, 1]]
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    assert axes.get_yscale() == "log"


def test_times_read_are_written_into_the_map():
    bare, padded = visualize.times_read(4, 3, paddings=(0, 1)).axes
    assert texts(bare)[:4] == ["1", "2", "2", "1"]
    assert texts(padded)[:8] == ["4", "6", "6", "4", "6", "9", "9", "6"]
    assert bare.get_title() == "0 zeros at each end"
    assert padded.get_title() == "1 zero at each end"
    shade = to_rgba(bare.images[0].cmap(bare.images[0].norm(4)))
    assert shade[0] > shade[2]  # red, not blue
