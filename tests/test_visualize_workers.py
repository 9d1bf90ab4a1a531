"""Figures of chapter 14: several machines."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from alexnet_keras import visualize
from alexnet_keras.visualize import style


def texts(axes):
    return [text.get_text() for text in axes.texts]


def face(patch):
    return to_hex(patch.get_facecolor()).upper()


def test_each_worker_has_the_whole_list_and_its_own_line_is_lit():
    addresses = ["a:1", "b:2", "c:3"]
    (axes,) = visualize.cluster(addresses).axes
    written = texts(axes)
    for index in range(3):
        start = 4 * index
        own = [
            f"{line}: {address}" + ("  (me)" if line == index else "")
            for line, address in enumerate(addresses)
        ]
        assert written[start : start + 4] == [f"worker {index}", *own]
    assert written[-1] == "network"
    rows = [p for p in axes.patches if hasattr(p, "get_xy")]
    lit = [n for n, p in enumerate(rows) if face(p) == style.ORANGE]
    boxes = len(rows) // 3  # of each worker, its outline among them
    assert [n % boxes for n in lit] == [boxes - 3, boxes - 2, boxes - 1]


def test_the_ring_shows_every_moment_and_lights_what_is_complete():
    moments = [np.ones((2, 2), int), np.array([[1, 2], [2, 1]])]
    moments.append(np.full((2, 2), 2))
    figure = visualize.ring(moments)
    shown = [axes for axes in figure.axes if axes.patches]
    assert [axes.get_title() for axes in shown] == [
        "at first",
        "after move 1",
        "after move 2",
    ]
    for axes, held in zip(shown, moments, strict=True):
        numbers = [text for text in texts(axes) if text.isdigit()]
        assert numbers == [str(number) for number in held.ravel()]
        lit = [face(patch) == style.ORANGE for patch in axes.patches]
        assert lit == (held == 2).ravel().tolist()
    assert texts(shown[0])[-2:] == ["worker 0", "worker 1"]


def test_the_parts_of_a_step_stand_end_to_end():
    costs = {"one": {"compute": 3.0, "talk": 0.0}}
    costs["two"] = {"compute": 1.5, "talk": 0.5}
    figure = visualize.step_costs(costs)
    (axes,) = figure.axes
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars == [(0, 3), (3, 0), (0, 1.5), (1.5, 0.5)]
    assert texts(axes) == ["3 s", "2 s"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["compute", "talk"]
    assert axes.get_xlabel() == "time of a step (s)"


def test_speeds_are_drawn_with_their_limits_and_that_of_one_worker():
    speeds = {"without talk": [2.0, 4.0], "slow": [2.0, 1.0]}
    (axes,) = visualize.scaling([1, 2], speeds, {"slow": 0.75}).axes
    free, slow, limit, alone = axes.lines
    assert list(free.get_ydata()) == [2, 4]
    assert list(slow.get_ydata()) == [2, 1]
    assert list(limit.get_ydata()) == [0.75, 0.75]
    assert list(alone.get_ydata()) == [2, 2]
    assert limit.get_color() == slow.get_color() != free.get_color()
    assert texts(axes) == ["without talk", "slow", "one worker"]
    assert axes.get_xscale() == axes.get_yscale() == "log"


@pytest.mark.parametrize(("killed", "kept"), [(8, 6), (9, 9), (2, 0)])
def test_a_lost_worker_costs_the_steps_since_the_checkpoint(killed, kept):
    (axes,) = visualize.lost(num_steps=12, every=3, killed=killed).axes
    numbers = [int(text) for text in texts(axes) if text.isdigit()]
    before = [*range(1, killed + 1)]
    again = [*range(kept + 1, 13)]
    assert numbers == 2 * before + 2 * again
    faces = [face(patch) for patch in axes.patches]
    grey = faces.count(style.LIGHT.upper())
    assert grey == 2 * (killed - kept)
    assert faces.count(style.ORANGE) == 2 * (12 - kept)
