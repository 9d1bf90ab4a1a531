"""Figures: what is drawn is what the numbers say."""

import math
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from alexnet_keras import networks, visualize
from alexnet_keras.datasets import relu_and_tanh
from alexnet_keras.rows import Conv, Pool
from alexnet_keras.visualize import style


def bars(axes, color):
    """Returns (left, right, hatched) of the bars of one colour."""
    found = [
        (bar.get_x(), bar.get_x() + bar.get_width(), bool(bar.get_hatch()))
        for bar in axes.patches
        if bar.get_facecolor() == to_rgba(color)
    ]
    return sorted(found)


def test_overhang_draws_each_missing_pixel():
    figure = visualize.overhang((224, 225, 226, 227), 11, 4)
    (axes,) = figure.axes
    hatched = [bar for bar in bars(axes, "white") if bar[2]]
    assert hatched == [(224, 227, True), (225, 227, True), (226, 227, True)]
    inside = [(216, 224, False), (216, 225, False), (216, 226, False)]
    assert bars(axes, style.ORANGE) == inside
    assert bars(axes, style.GREEN) == [(216, 227, False)]
    assert bars(axes, style.SKY) == [(212, 223, False)] * 4
    texts = [text.get_text() for text in axes.texts if text.get_text()]
    assert texts.count("place 54") == texts.count("place 55") == 4
    for note in ("3 pixels missing", "1 pixel missing", "fits exactly"):
        assert note in texts


def test_overhang_of_another_layer():
    (axes,) = visualize.overhang((55, 54), 3, 2).axes
    assert bars(axes, style.GREEN) == [(52, 55, False)]
    assert bars(axes, style.ORANGE) == [(52, 54, False)]


def test_pooled_windows_cover_what_a_value_sees():
    (axes,) = visualize.pooled_windows(11, 4, 3).axes
    filters = [(0, 11, False), (4, 15, False), (8, 19, False)]
    assert bars(axes, style.SKY) == filters
    assert bars(axes, style.ORANGE) == [(0, 19, False)]


def test_places_shows_what_is_unread_and_what_hangs_over():
    (axes,) = visualize.places(13, 5, 3).axes
    assert bars(axes, style.SKY) == [
        (0, 5, False),
        (3, 8, False),
        (6, 11, False),
    ]
    assert bars(axes, style.VERMILION) == [(11, 12, False), (12, 13, False)]
    assert "2.67 steps, rounded down 2: 3 places, 2 unread" in axes.get_title()
    (axes,) = visualize.places(13, 5, 3, rounding="up").axes
    assert bars(axes, style.SKY)[-1] == (9, 13, False)
    assert bars(axes, "white") == [(13, 14, True)]
    assert bars(axes, style.VERMILION) == []
    (axes,) = visualize.places(7, 2, 3, padding=1).axes
    assert bars(axes, "white") == [(-1, 0, True), (7, 8, True)]
    assert bars(axes, style.VERMILION) == [(1, 2, False), (4, 5, False)]


def test_the_sliders_draw_places_and_say_why_not(monkeypatch, capsys):
    import ipywidgets

    monkeypatch.setattr(
        ipywidgets, "interact", lambda draw, **sliders: shown.append(draw)
    )
    shown = []
    visualize.step_by_hand()
    (draw,) = shown
    (axes,) = draw(13, 5, 3, 0, "up").axes
    assert bars(axes, "white") == [(13, 14, True)]
    assert draw(3, 5, 1, 0, "down") is None
    assert "does not fit" in capsys.readouterr().out


def test_a_chain_is_to_scale_and_traced_window_by_window():
    rows = [Conv("conv1", 96, 11, 4), Pool("pool1"), Conv("conv2", 8, 5, 1, 2)]
    (axes,) = visualize.chain(rows, 227).axes
    fronts = [
        float(np.ptp(patch.get_xy()[:, 0]))
        for patch in axes.patches
        if patch.get_facecolor() == to_rgba("#e4e4e4")
    ]
    assert fronts == [227, 55, 27, 27]
    windows = [
        (patch.get_x(), patch.get_width())
        for patch in axes.patches
        if patch.get_facecolor() == to_rgba(style.SKY)
    ]
    # place 13 of conv2 reads 11 to 15 of pool1; 13 there reads 26 to 28 of
    # conv1, and 27 there pixels 108 to 118
    assert [width for _, width in windows] == [5, 3, 11]
    assert windows[-1][0] == 108
    texts = [text.get_text() for text in axes.texts]
    assert texts[1] == "conv1\n55 x 55\nx 96"


def test_fields_are_cut_off_where_the_image_ends():
    rows = [row for row in networks.ALEXNET if isinstance(row, Conv | Pool)]
    (axes,) = visualize.fields(rows, 227).axes
    inside = [right - left for left, right, _ in bars(axes, style.SKY)]
    assert inside == [131, 163, 195, 195, 163, 131]
    assert bars(axes, "white") == [
        (-64, 0, True),
        (-32, 0, True),
        (227, 259, True),
        (227, 291, True),
    ]


def test_seen_cuts_the_middle_out():
    image = np.zeros((20, 30, 3), "uint8")
    image[8:12, 13:17] = 255
    whole, middle = visualize.seen(image, (4,)).axes
    assert np.array(middle.images[0].get_array()).min() == 255
    (square,) = whole.patches
    assert square.get_xy() == (12.5, 7.5)
    assert whole.get_title() == "30 x 20 pixels"


def test_a_map_draws_every_layer_to_scale_and_lights_those_named():
    lit = ("conv1", "pool1", "fc6")
    (axes,) = visualize.network_map(lit).axes
    names = ["input", "conv1", "norm1", "pool1", "conv2", "norm2", "pool2"]
    names += ["conv3", "conv4", "conv5", "pool5", "fc6", "fc7", "fc8"]
    texts = [text.get_text() for text in axes.texts]
    assert [text for text in texts if " " not in text][: len(names)] == [
        name for name in names if name not in ("fc6", "fc7", "fc8")
    ] + ["fc6", "4096", "fc7"]
    assert texts.count("you are here") == 1
    assert "27 x 27 x 256" in texts
    blocks = axes.patches
    # four layers and two norms stand in two towers
    assert len(blocks) == len(names) + 5
    conv1, conv3 = blocks[1], blocks[10]
    assert conv1.get_height() / blocks[0].get_height() == pytest.approx(
        math.sqrt(55 / 227)
    )
    assert conv3.get_width() / conv1.get_width() == pytest.approx(2)
    lit_places = {
        round(block.get_x() + block.get_width() / 2)
        for block in blocks
        if block.get_facecolor() == to_rgba(style.ORANGE)
    }
    assert lit_places == {names.index(name) for name in lit}
    (arrows,) = axes.lines
    assert {*arrows.get_xdata()} == lit_places


def test_a_map_of_ones_own_rows_and_names_it_has_not():
    rows = networks.MINI[:3]
    (axes,) = visualize.network_map(["norm1"], rows, 64).axes
    assert len(axes.patches) == 1 + 1 + 2 + 1
    with pytest.raises(
        ValueError, match=r"no conv2.*It has input, conv1, norm"
    ):
        visualize.network_map(["conv2"], rows, 64)


def test_agreement_draws_both_ways():
    pairs = {"title": ([1.0, -2.0], [1.0, 3.0])}
    (axes,) = visualize.agreement(pairs, ("bars", "points")).axes
    assert [bar.get_height() for bar in axes.patches] == [1, -2]
    assert list(axes.lines[0].get_ydata()) == [1, 3]
    assert axes.get_title() == "title"


def test_bends_have_their_slopes_below():
    functions = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh}
    above, below = visualize.bends(functions).axes
    x, values = above.lines[1].get_data()
    assert values == pytest.approx(np.tanh(x))
    x, slopes = below.lines[0].get_data()
    assert slopes[x > 0] == pytest.approx(1)
    assert slopes[x < 0] == pytest.approx(0)
    x, slopes = below.lines[1].get_data()
    assert slopes == pytest.approx(1 - np.tanh(x) ** 2, abs=1e-4)
    assert below.lines[1].get_linestyle() == "--"


def test_maps_before_and_after_share_their_colours():
    before = np.array([[-3.0, 3.0]] * 2)
    panels = visualize.decided(np.eye(2), before, np.maximum(before, 0)).axes
    shown = [panel.images[0] for panel in panels[1:3]]
    assert [image.get_clim() for image in shown] == [(-3, 3)] * 2
    assert shown[1].get_array().tolist() == [[0, 3]] * 2


def test_slopes_in_a_row_are_multiplied():
    slopes = {"on": ("relu", 1.0), "at best": ("sigmoid", 0.25)}
    (axes,) = visualize.multiplied(slopes, layers=3).axes
    assert axes.lines[1].get_ydata() == pytest.approx([1 / 4, 1 / 16, 1 / 64])
    assert [text.get_text() for text in axes.texts] == ["on", "at best"]
    assert axes.get_yscale() == "log"


def test_saturated_shows_shares_before_and_after_tanh():
    values = np.array([[-30.0, -3.0], [0.5, 30.0]])
    above, below = visualize.saturated({"title": values}).axes
    heights = {bar.get_x(): bar.get_height() for bar in below.patches}
    assert heights[-1.0] == pytest.approx(50)  # tanh(-3) is -0.995
    assert sum(heights.values()) == pytest.approx(100)
    widths = [bar.get_width() for bar in above.patches]
    assert sorted(widths)[-2:] == [38, 38]  # shaded from 2 to 40


def test_a_race_has_median_and_band_and_leaves_tuning_out():
    runs = [
        relu_and_tanh.Run(start, name, 0.01, seed, np.full(8, error))
        for start in ("2012", "today")
        for name in ("relu", "tanh")
        for seed, error in (("tuning", 1), (1, 0.1), (2, 0.2), (3, 0.6))
    ]
    for axes in visualize.race(runs).axes:
        solid, dashed, line = axes.lines
        assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
        assert list(solid.get_xdata()) == [5, 10, 15, 20, 25, 30, 35, 40]
        assert solid.get_ydata() == pytest.approx(20)
        assert set(line.get_ydata()) == {25}
        heights = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == pytest.approx((10, 60))


def test_values_over_time_are_counted_and_those_above_0_shared_out():
    history = np.array([[-30.0, -1.0, 1.0, 1.0], [-1.0, -1.0, -1.0, -1.0]])
    above, below, *_ = visualize.over_time({"title": history}).axes
    image = np.array(above.images[0].get_array())
    assert image.shape == (80, 2)
    assert 10 ** image[0, 0] - 1 == pytest.approx(1)  # -30, at the edge
    assert (10**image - 1).sum(axis=0) == pytest.approx([4, 4])
    assert list(below.lines[0].get_ydata()) == [50, 0]


def test_figures_are_white_and_their_axes_have_units(tmp_path):
    figures = [
        visualize.overhang((224, 227), 11, 4),
        visualize.pooled_windows(11, 4, 3),
    ]
    for number, figure in enumerate(figures):
        assert figure.get_facecolor() == to_rgba("white")
        for axes in figure.axes:
            assert "pixel" in axes.get_xlabel()
        figure.savefig(tmp_path / f"{number}.png")  # nothing warns


def test_figures_leave_pyplot_alone():
    code = (
        "import sys; from alexnet_keras import visualize; "
        "visualize.overhang((224,), 11, 4); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_errors_are_drawn_as_long_as_they_are():
    (axes,) = visualize.top5_errors({"second": 26.2, "winner": 15.3}).axes
    assert [bar.get_width() for bar in axes.patches] == [26.2, 15.3]
    assert bars(axes, style.ORANGE) == [(0, 15.3, False)]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["26.2%", "15.3%"]
    assert "(%)" in axes.get_xlabel()


def test_before_2012_only_the_last_step_is_learned():
    (axes,) = visualize.by_hand_or_learned().axes
    (by_hand,) = bars(axes, style.LIGHT)
    learned = bars(axes, style.ORANGE)
    assert learned[0][0] == by_hand[0]  # AlexNet's begins at the photo
    assert learned[0][1] == learned[1][1]  # and ends where the other does
    assert by_hand[1] < learned[1][0]


def test_a_network_to_scale_has_as_much_area_as_values():
    (axes,) = visualize.to_scale().axes
    fronts = [
        float(np.ptp(patch.get_xy()[:, 0]))
        for patch in axes.patches
        if patch.get_facecolor() == to_rgba("#e4e4e4")
    ]
    assert fronts == [227, 55, 27, 27, 13, 13, 13, 13, 6]
    areas = [
        (bar.get_width(), bar.get_height())
        for bar in axes.patches
        if bar.get_facecolor() == to_rgba(style.ORANGE)
    ]
    assert areas == [(64, 64), (64, 64), (40, 25)]
    texts = [text.get_text() for text in axes.texts]
    assert "fc8\n1000\nvalues" in texts
    assert texts.count("looks,\ndecides") == 5
    assert [text.strip() for text in texts].count("condenses") == 3


def test_guesses_mark_the_largest_answers():
    answers = np.array([[0.1, 0.4, 0.2, 0.3], [0.25, 0.3, 0.35, 0.1]])
    pictures = np.zeros((2, 4, 4, 3), "uint8")
    figure = visualize.guesses(pictures, answers, num_guesses=2)
    marked = [
        sorted(axes.lines[0].get_xdata().tolist())
        for axes in figure.axes
        if axes.lines
    ]
    assert marked == [[1, 3], [1, 2]]
    (equal,) = {axes.lines[1].get_ydata()[0] for axes in figure.axes[1::2]}
    assert equal == 25
    assert "(%)" in figure.axes[1].get_ylabel()


def test_durations_are_named_in_the_unit_that_they_fill():
    times = {"a": 5.5 * 86_400, "b": 7_200, "c": 900, "d": 13.2}
    (axes,) = visualize.durations(times).axes
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["5.5 days", "2 hours", "15 minutes", "13 seconds"]
    (points,) = axes.lines
    assert points.get_xdata().tolist() == list(times.values())
    assert axes.get_xscale() == "log"
    low, high = axes.get_xlim()
    assert low < 13.2
    assert high > 5.5 * 86_400


def test_names_of_classes_are_no_formulas_and_fit(tmp_path):
    names = ["$x_1$", "n" * 200]
    figure = visualize.confusion(np.eye(2, dtype=int), names)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["$x_1$", "n" * 39 + "…"]
    assert not figure.axes[0].get_yticklabels()[0].get_parse_math()
    figure.savefig(tmp_path / "a.png")
