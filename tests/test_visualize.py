"""Figures: what is drawn is what the numbers say."""

import math
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from alexnet_keras import networks, visualize
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
