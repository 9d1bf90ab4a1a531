"""Figures of chapter 9: views, errors, colours, and a pipeline."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from alexnet_keras import visualize
from alexnet_keras.visualize import augmenting, style


def picture(height=8, width=8):
    rng = np.random.default_rng([height, width])
    return rng.integers(0, 256, (height, width, 3)).astype("uint8")


def shown(axes):
    return np.asarray(axes.images[0].get_array())


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_many_ways_shows_each_picture_and_frames_the_first():
    pictures = [picture(), picture().astype("float32") + 300, picture() // 2]
    figure = visualize.many_ways(pictures, columns=2)
    assert len(figure.axes) == 4
    assert np.array_equal(shown(figure.axes[0]), pictures[0])
    assert (shown(figure.axes[1]) == 255).all()  # cut off, not wrapped around
    assert np.array_equal(shown(figure.axes[2]), pictures[2])
    assert [len(axes.patches) for axes in figure.axes] == [1, 0, 0, 0]
    assert not figure.axes[3].images


def test_many_ways_thins_large_pictures():
    large = picture(224, 224)
    figure = visualize.many_ways([large], side=70)
    assert np.array_equal(shown(figure.axes[0]), large[::3, ::3])


def test_error_curves_are_in_percent_and_the_gap_is_marked():
    runs = {
        "a": ([0.9, 0.1], [0.9, 0.5]),
        "b": (np.full(12, 0.2), np.linspace(0.9, 0.4, 12)),
    }
    figure = visualize.error_curves(runs)
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]
    training, validation = figure.axes[0].lines
    assert list(training.get_xdata()) == [1, 2]
    assert list(training.get_ydata()) == [90, 10]
    assert list(validation.get_ydata()) == [90, 50]
    assert to_hex(training.get_color()) == to_hex(style.ORANGE)
    assert validation.get_linestyle() == "--"
    gap = figure.axes[0].texts[0]
    assert sorted((gap.xy[1], gap.xyann[1])) == pytest.approx([10, 50])
    gap = figure.axes[1].texts[0]  # of the last sixth, two epochs
    ends = np.mean(100 * runs["b"][1][-2:])
    assert sorted((gap.xy[1], gap.xyann[1])) == pytest.approx([20, ends])


def test_components_start_from_the_mean_and_are_as_long_as_they_spread():
    rng = np.random.default_rng(9)
    pixels = rng.uniform(50, 200, (400, 3))
    stddevs = np.array([30.0, 20, 10])
    components = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    figure = visualize.color_cloud(pixels, stddevs, components, num_points=100)
    for axes, channel in zip(figure.axes, (1, 2), strict=True):
        points = axes.collections[0].get_offsets()
        assert np.allclose(points, pixels[::4, [0, channel]])
        for number, line in enumerate(axes.lines):
            start, end = line.get_xydata()
            middle = pixels.mean(axis=0)[[0, channel]]
            assert np.allclose((start + end) / 2, middle)
            reach = 2 * stddevs[number] * components[[0, channel], number]
            assert np.allclose((end - start) / 2, reach)
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(looks) == 3


def test_order_writes_each_class_and_leaves_a_gap_between_batches():
    batches = {"sorted": [[0, 0], [1, 2]], "mixed": [[2, 0], [0, 1]]}
    (axes,) = visualize.order(batches).axes
    assert texts(axes) == list("00122001")
    lefts = [square.get_x() for square in axes.patches]
    assert lefts == [0, 1, 3, 4] * 2
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["sorted", "mixed"]
    colors = {}
    for square, kind in zip(axes.patches, texts(axes), strict=True):
        colors.setdefault(kind, set()).add(square.get_facecolor())
    assert all(len(found) == 1 for found in colors.values())
    assert len(set.union(*colors.values())) == 3


@pytest.mark.parametrize(("prepare", "ends"), [(3, (28, 19)), (5, (36, 24))])
def test_waiting_adds_times_up(prepare, ends):
    (axes,) = visualize.waiting(prepare, step=4).axes
    written = [text for text in texts(axes) if "ms" in text]
    assert written == [f"{end} ms" for end in ends]
    bars = [bar for bar in axes.patches if bar.get_width()]
    assert len(bars) == 2 * 2 * 4
    made, worked = bars[8::2], bars[9::2]  # ahead
    for batch, (one, other) in enumerate(zip(made, worked, strict=True)):
        assert one.get_x() == batch * prepare
        assert other.get_x() >= one.get_x() + prepare


def test_what_is_varied_is_cut_mirrored_and_shifted():
    image = picture(9, 12)
    figure = augmenting.varied(image, 5, (2, 3), True, np.array([10, 0, -300]))
    whole, view = figure.axes
    assert np.array_equal(shown(whole), image)
    (frame,) = whole.patches
    assert frame.get_bbox().bounds == (2.5, 1.5, 5, 5)
    crop = image[2:7, 3:8][:, ::-1].astype(float)
    assert np.array_equal(
        shown(view)[..., 0], np.minimum(crop[..., 0] + 10, 255)
    )
    assert np.array_equal(shown(view)[..., 1], crop[..., 1])
    assert (shown(view)[..., 2] == 0).all()


def test_sliders_move_along_the_components(monkeypatch):
    import ipywidgets

    asked = {}
    monkeypatch.setattr(
        ipywidgets,
        "interact",
        lambda draw, **sliders: asked.update(sliders, draw=draw),
    )
    grey = np.full((9, 12, 3), 100, "uint8")
    components = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
    visualize.vary_by_hand(grey, 5, np.array([20.0, 10, 5]), components)
    assert (asked["top"].max, asked["left"].max) == (4, 7)
    draw = asked["draw"]
    plain = shown(draw(0, 0, False, 0, 0, 0).axes[1])
    assert (plain == 100).all()
    second = shown(draw(4, 7, False, 0, 2, 0).axes[1])
    assert (second == [100, 100, 102]).all()
