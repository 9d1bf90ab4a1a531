"""Figures of chapter 13: filters, shares, maps, covers, probes."""

import ipywidgets
import numpy as np
import pytest

from alexnet_keras import visualize

RNG = np.random.default_rng(13)


def shown(axes):
    return np.asarray(axes.images[0].get_array())


def picture(side=6):
    return RNG.integers(0, 256, (side, side, 3)).astype("uint8")


def test_filters_are_scaled_and_the_towers_apart():
    kernel = RNG.normal(size=(4, 4, 3, 6))
    kernel[..., 5] = 0  # a filter that decayed is grey
    figure = visualize.filter_sheet({"a": kernel, "b": 2 * kernel}, columns=3)
    first, second = map(shown, figure.axes)
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]
    assert np.allclose(first, second)
    assert first.shape == (2 * 5 + 3, 3 * 5, 3)
    for number in range(5):
        row, column = divmod(number, 3)
        top = 5 * row + 3 * (number >= 3)
        drawn = first[top : top + 4, 5 * column : 5 * column + 4]
        one = kernel[..., number]
        assert np.allclose(drawn, 0.5 + one / abs(one).max() / 2)
    assert (first[8:12, 10:14] == 0.5).all()
    assert (first[4:8] == 1).all()  # the gap


def test_shares_stand_in_their_towers_row():
    shares = {"small": np.array([0.2, 0.4, 0.6, 0.8]), "large": np.full(6, 0.5)}
    axes = visualize.color_shares(shares).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [
        f"{name}, tower {tower}" for name in shares for tower in (1, 2)
    ]
    marks = [np.asarray(dots.get_offsets()) for dots in axes.collections]
    assert np.allclose(marks[0][:, 0], [0.2, 0.4])
    assert np.allclose(marks[1][:, 0], [0.6, 0.8])
    assert all((abs(m[:, 1] - row) < 0.4).all() for row, m in enumerate(marks))
    means = [line.get_xdata()[0] for line in axes.lines[:4]]
    assert np.allclose(means, [0.3, 0.7, 0.5, 0.5])
    assert np.isclose(axes.lines[-1].get_xdata()[0], 2 / 3)


def test_the_strongest_maps_of_each_layer_are_shown():
    maps = RNG.uniform(0, 1, (5, 4, 6))
    maps[..., 4] += 3
    maps[..., 1] += 2
    image = picture()
    outputs = {"conv1": maps, "conv2": maps[:2]}
    figure = visualize.layer_by_layer(image, outputs, count=2)
    panels = np.reshape(figure.axes, (2, 3))
    assert np.array_equal(shown(panels[0, 0]), image)
    assert not panels[1, 0].images
    titles = [panel.get_title() for panel in panels[0]]
    assert titles == ["picture", "conv1: 5 x 4", "conv2: 2 x 4"]
    for column, array in zip(panels.T[1:], outputs.values(), strict=True):
        assert np.array_equal(shown(column[0]), array[..., 4])
        assert np.array_equal(shown(column[1]), array[..., 1])
        assert column[1].get_xlabel() == "channel 1"
        assert column[0].images[0].get_clim()[0] == 0


def test_a_gallery_has_a_row_for_each_title():
    images = [picture() for _ in range(3)]
    rows = {"a": [(images[0], "x"), (images[1], "y")], "b": [(images[2], "z")]}
    figure = visualize.gallery(rows)
    panels = np.reshape(figure.axes, (2, 2))
    assert [line[0].get_ylabel() for line in panels] == ["a", "b"]
    assert [p.get_xlabel() for p in panels.flat] == ["x", "y", "z", ""]
    for panel, image in zip(panels.flat, images, strict=False):
        assert np.array_equal(shown(panel), image)
    assert not panels[1, 1].images


def test_answers_stand_where_the_covers_middle_stood():
    image, chances = picture(12), RNG.uniform(size=(3, 2))
    figure = visualize.covered({"cube": (image, chances)}, side=4, step=3)
    above, below = figure.axes[:2]
    assert above.get_title() == "cube"
    assert (shown(above)[:4, :4] == 127).all()
    assert np.array_equal(shown(above)[4:], image[4:])
    assert np.array_equal(shown(below), chances)
    left, right, bottom, top = below.images[0].get_extent()
    # the first cover lies on pixels 0 to 3, the last column's on 3 to 6
    assert ((left + left + 3) / 2, (right - 1.5)) == (1.5, 4.5)
    assert (top + 1.5, bottom - 1.5) == (1.5, 7.5)
    assert below.images[0].get_clim() == (0, 1)
    assert figure.axes[2].get_ylabel() == "probability of the class"


def test_the_sliders_cover_what_they_say(monkeypatch):
    asked = {}
    monkeypatch.setattr(
        ipywidgets,
        "interact",
        lambda draw, **sliders: asked.update(sliders, draw=draw),
    )
    image, given = picture(8), []

    def network(batch):
        given.append(np.array(batch))
        return np.array([[0.25, 0.75]])

    visualize.cover_by_hand(network, image, ["a", "b"])
    assert (asked["row"].max, asked["side"].max) == (7, 8)
    left, right = asked["draw"](row=2, column=6, side=4).axes
    expected = image.copy()
    expected[2:6, 6:] = 127
    assert np.array_equal(given[0], expected[np.newaxis])
    assert np.array_equal(shown(left), expected)
    assert [bar.get_width() for bar in right.patches] == [0.25, 0.75]


def test_a_line_goes_through_every_layers_score():
    scores = {"class": [0.1, 0.9], "hue": [0.8, 0.0]}
    axes = visualize.known(scores, ["image", "fc7"]).axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    for name, values in scores.items():
        assert lines[name].get_ydata() == pytest.approx(values)
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels == ["image", "fc7"]
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["class", "hue"]
    colors = {lines[name].get_color() for name in scores}
    assert len(colors) == 2
