"""Figures of chapter 12: towers that talk, a memory meter, four ways."""

import itertools

import ipywidgets
import pytest
from matplotlib.colors import to_rgba

from alexnet_keras import costs, networks, visualize
from alexnet_keras.visualize import split, style

LIT = to_rgba(style.VERMILION)
ROWS = networks.ALEXNET


def named_boxes(axes):
    """Lists each layer's box: name, height, and whether it is lit."""
    boxes = {
        (round(box.get_x() + box.get_width() / 2), box.get_y() > -0.2): box
        for box in axes.patches
        if box.get_height() == 0.6
    }
    return {
        (text.get_text(), bool(text.get_position()[1] > 0)): (
            boxes[
                round(text.get_position()[0]), bool(text.get_position()[1] > 0)
            ].get_facecolor()
            == LIT
        )
        for text in axes.texts
        if text.get_text()[:4] in ("conv", "norm", "pool")
        or text.get_text()[:2] == "fc"
    }


def test_layers_that_read_both_towers_are_lit():
    (axes,) = visualize.talk(ROWS).axes
    boxes = named_boxes(axes)
    lit = {name for (name, _), is_lit in boxes.items() if is_lit}
    assert lit == {"conv3", "fc6", "fc7", "fc8"}
    assert len(boxes) == 2 * 13 - 1  # fc8 stands on the first device
    assert ("fc8", False) not in boxes


def test_what_crosses_is_drawn_and_counted():
    (axes,) = visualize.talk(ROWS).axes
    crossing = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(crossing) == 2 + 2 + 2 + 1
    for line in crossing:
        start, end = line.get_ydata()
        assert start == -end
    texts = [text.get_text() for text in axes.texts]
    assert [text for text in texts if "way" in text] == [
        "21,632\neach way",
        "4,608\neach way",
        "2,048\neach way",
        "2,048\none way",
    ]


def test_one_tower_cannot_talk():
    with pytest.raises(ValueError, match="two towers"):
        visualize.talk(networks.ONE_TOWER)


def test_what_a_disturbance_reaches_is_red():
    changed = {"conv1": (False, True), "conv3": (True, True)}
    (axes,) = visualize.disturbed(changed).axes
    assert named_boxes(axes) == {
        ("conv1", True): False,
        ("conv1", False): True,
        ("conv3", True): True,
        ("conv3", False): True,
    }


def test_the_meter_adds_its_parts_up_to_the_total():
    cards = {
        "one": costs.memory(ROWS),
        "second": costs.memory(ROWS, batch_size=7, tower=2),
    }
    (axes,) = visualize.meter(cards).axes
    widths = [bar.get_width() for bar in axes.patches]
    assert len(widths) == 2 * 5
    for place, lines in enumerate(cards.values()):
        own = widths[5 * place : 5 * place + 5]
        parts = zip(*[line[1:] for line in lines], strict=True)
        assert own == pytest.approx([sum(part) / 1e9 for part in parts])
    assert [label.get_text() for label in axes.get_yticklabels()] == [*cards]
    assert " 1.46 GB" in [text.get_text() for text in axes.texts]
    (limit,) = axes.lines
    assert limit.get_xdata()[0] == pytest.approx(3.221225472)
    assert axes.get_xlim()[1] > 3.3


def test_the_meters_slider_can_forget_the_momentum(monkeypatch):
    shown = []
    monkeypatch.setattr(
        ipywidgets, "interact", lambda draw, **sliders: shown.append(draw)
    )
    visualize.meter_by_hand(ROWS)
    (draw,) = shown
    totals = [
        [text.get_text() for text in draw(128, momentum).axes[0].texts[:3]]
        for momentum in (True, False)
    ]
    assert totals == [
        [" 1.46 GB", " 0.81 GB", " 0.76 GB"],
        [" 1.21 GB", " 0.68 GB", " 0.64 GB"],
    ]


def areas(axes):
    """Sums the area of each device's colour."""
    found = {}
    for box in axes.patches:
        color = box.get_facecolor()[:3]
        size = box.get_width() * box.get_height()
        found[color] = found.get(color, 0) + size
    return [found[to_rgba(color)[:3]] for color in split.OF_DEVICES]


def test_four_ways_divide_examples_channels_layers_and_stages():
    moved = dict.fromkeys(("a", "b", "c", "d"), 60e6)
    figure = visualize.four_ways(moved, cut=3, parts=5)
    titles = [axes.get_title() for axes in figure.axes[:4]]
    assert titles == [f"{way}\n60 MB cross" for way in moved]
    examples, channels, layers, stages = map(areas, figure.axes[:4])
    assert examples == pytest.approx([4, 4])
    assert channels == pytest.approx([4.5, 3.5])  # fc8 is the first device's
    assert layers == pytest.approx([3, 5])
    assert stages[1] / stages[0] == pytest.approx(5 / 3)
    assert len(figure.axes[3].patches) == 8 * 5


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_every_way_does_all_the_work_and_waits_for_what_it_needs(parts):
    moved = dict.fromkeys(("a", "b", "c", "d"), 1)
    figure = visualize.four_ways(moved, parts=parts)
    ends = []
    for axes in figure.axes[4:]:
        boxes = [box.get_bbox() for box in axes.patches]
        assert sum(box.width for box in boxes) == pytest.approx(3)
        ends.append(max(box.x1 for box in boxes))
        for lane in (0.15, 1.15):  # nobody does two things at once
            own = sorted((box.x0, box.x1) for box in boxes if box.y0 == lane)
            for before, after in itertools.pairwise(own):
                assert before[1] <= after[0] + 1e-9
    stages = 1.5 * (parts + 1) / parts
    assert ends == pytest.approx([1.5, 1.5, 3, stages])


def test_bytes_that_cross_are_drawn_by_layer_and_by_batch():
    lines = costs.traffic(ROWS, batch_size=128)
    ways = {"one": [488e6, 488e6], "two": [0, 60e6]}
    figure = visualize.crossed(lines, [0, 128], ways)
    left, right = figure.axes
    examples, channels = left.containers[:2]
    for bars, column in ((examples, 1), (channels, 2)):
        assert [bar.get_width() for bar in bars] == pytest.approx(
            [4 * line[column] / 1e6 for line in lines]
        )
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == [line.name for line in lines]
    assert [list(line.get_ydata()) for line in right.lines] == [
        [488, 488],
        [0, 60],
    ]
    labels = [text.get_text() for text in right.get_legend().get_texts()]
    assert labels == list(ways)
