"""The long run: what is killed, what is watched, what is compared."""

import os
import sys

import long_run as script
import pytest


def samples(*megabytes, run="whole", life=1):
    return [
        script.Sample(run, life, float(second), value)
        for second, value in enumerate(megabytes)
    ]


def test_lives_fill_the_hours_and_are_drawn_anew_from_a_seed():
    lives = script.lengths(20, 7200, seed=0)
    assert len(lives) == 20
    assert sum(lives) == pytest.approx(7200, rel=0.2)
    assert all(180 <= seconds <= 540 for seconds in lives)
    assert lives == script.lengths(20, 7200, seed=0)
    assert lives != script.lengths(20, 7200, seed=1)


def test_the_start_of_a_run_is_no_growth():
    assert script.growth(samples(1, 2, 50, 50, 50, 50, 50, 50, 50, 50)) == (
        50,
        50,
    )


def test_growth_is_told():
    first, last = script.growth(samples(*range(100, 200)))
    assert last > script._FLAT * first
    held = samples(*range(100, 200)) + samples(*[7] * 100, run="killed", life=1)
    text, is_well = script.report(held, 20, {"whole": 2, "killed": 2}, [])
    assert "it grew" in text
    assert not is_well


def test_a_difference_is_told():
    held = samples(*[7] * 9) + samples(*[7] * 9, run="killed")
    hours = {"whole": 2, "killed": 2}
    text, is_well = script.report(held, 20, hours, [])
    assert "equal, bit for bit" in text
    assert is_well
    text, is_well = script.report(held, 20, hours, ["history.csv"])
    assert "differ in: history.csv." in text
    assert not is_well


def test_too_few_samples_are_no_evidence():
    with pytest.raises(ValueError, match="4 samples"):
        script.growth(samples(1, 2, 3, 4))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_run_with_kills_is_compared_with_one_without(
    photos, tmp_path, monkeypatch, capsys
):
    words = f"--data {photos} --model mini --batch-size 8 --epochs 150"
    words += " --devices 1 --checkpoint-steps 1 --kills 2 --hours 0.006"
    words += " --learning-rate 0.001"
    folder = tmp_path / "long"
    monkeypatch.setattr(sys, "argv", ["long_run", str(folder), *words.split()])
    with pytest.raises(SystemExit) as end:
        script.main()
    said = capsys.readouterr().out
    assert "2 kills" in said
    assert "Histories and weights are equal, bit for bit." in said
    assert end.value.code in (False, True)  # so short a run may have grown
    assert (folder / "memory.csv").stat().st_size
    weights = script._weights(folder / "whole")
    assert len(weights) >= 16  # kernels and biases of eight layers
    history = folder / "killed/history.csv"
    history.write_text(history.read_text().replace("0.", "1.", 1))
    assert script.differences(folder / "whole", folder / "killed") == [
        "history.csv"
    ]
