"""Figures: what is drawn is what the numbers say."""

import subprocess
import sys

from matplotlib.colors import to_rgba

from alexnet_keras import visualize


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
    assert bars(axes, visualize.ORANGE) == inside
    assert bars(axes, visualize.GREEN) == [(216, 227, False)]
    assert bars(axes, visualize.SKY) == [(212, 223, False)] * 4
    texts = [text.get_text() for text in axes.texts if text.get_text()]
    assert texts.count("place 54") == texts.count("place 55") == 4
    for note in ("3 pixels missing", "1 pixel missing", "fits exactly"):
        assert note in texts


def test_overhang_of_another_layer():
    (axes,) = visualize.overhang((55, 54), 3, 2).axes
    assert bars(axes, visualize.GREEN) == [(52, 55, False)]
    assert bars(axes, visualize.ORANGE) == [(52, 54, False)]


def test_pooled_windows_cover_what_a_value_sees():
    (axes,) = visualize.pooled_windows(11, 4, 3).axes
    filters = [(0, 11, False), (4, 15, False), (8, 19, False)]
    assert bars(axes, visualize.SKY) == filters
    assert bars(axes, visualize.ORANGE) == [(0, 19, False)]


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
