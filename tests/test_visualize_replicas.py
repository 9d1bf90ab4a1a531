"""Chapter 11's drawings: a step, the ring, both ways to use two devices."""

import numpy as np
import pytest

from alexnet_keras import visualize
from alexnet_keras.visualize import replicas


def texts(axes):
    """What is written; arrows are annotations without a text."""
    return [text.get_text() for text in axes.texts if text.get_text()]


def test_a_shared_step_holds_the_halves_and_their_means():
    x = [1, 2, 3, 6]
    (axes,) = visualize.shared_step(x, [2, 8, 18, 72], rate=0.01).axes
    written = texts(axes)
    assert written[:4] == ["1", "2", "3", "6"]  # the batch
    first, second = (written.index(f"replica {i}") for i in (0, 1))
    assert written[first + 1 : second] == ["1", "2", "2", "8", "5"]
    assert written[second + 1 :][:5] == ["3", "6", "18", "72", "45"]
    assert "mean 25" in written
    assert written.count("w = 0.75") == 2  # the same step on both


@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_ring_sums_for_all_in_as_few_moves_as_it_claims(count):
    numbers = np.arange(1, count + 1)
    frames = replicas.ring_frames(numbers)
    assert len(frames) == 1 + 2 * (count - 1)
    assert (frames[0] == numbers[:, None]).all()
    assert (frames[-1] == numbers.sum()).all()
    for before, after in zip(frames, frames[1:], strict=False):
        changed = before != after
        assert (changed.sum(axis=1) == 1).all()  # each receives one part
    half = frames[count - 1] == numbers.sum()
    assert (half.sum(axis=1) == 1).all()  # then each has one sum of all


def test_the_ring_is_drawn_frame_by_frame():
    figure = visualize.around_the_ring(4)
    frames = replicas.ring_frames([1, 10, 100, 1000])
    for panel, frame in zip(figure.axes, frames, strict=False):
        drawn = [text for text in texts(panel) if text.isdigit()]
        assert drawn == [str(number) for number in frame.ravel()]
    assert not figure.axes[-1].get_title()  # seven frames in eight panels
    titles = [panel.get_title() for panel in figure.axes]
    assert titles[:2] == ["the start", "1: add what comes"]
    assert titles[6] == "6: take over what comes"
    yellow = [
        patch
        for patch in figure.axes[3].patches
        if patch.get_facecolor()[:3]
        == pytest.approx((0.961, 0.847, 0.6), abs=0.01)
    ]
    assert len(yellow) == 4


def test_a_replica_has_both_towers_and_half_of_the_pictures():
    figure = visualize.replicas_or_towers(
        61_000_000, (32_500_000, 28_400_000), 8
    )
    today, of_2012 = (texts(panel) for panel in figure.axes)
    assert [today.count(f"tower {tower}") for tower in (1, 2)] == [2, 2]
    assert [of_2012.count(f"tower {tower}") for tower in (1, 2)] == [1, 1]
    assert {"pictures 1 to 4", "pictures 5 to 8"} < {*today}
    assert of_2012.count("pictures 1 to 8") == 2
    assert today.count("61.0 million weights") == 2
    assert {"32.5 million weights", "28.4 million weights"} < {*of_2012}
