"""What `make train` promises: the whole network learns the embedded set."""

import json

import pytest

from alexnet_keras.commands import main


@pytest.mark.slow
def test_two_towers_on_two_replicas_learn_solids(tmp_path):
    command = ["train", "--strategy", "mirrored", "--devices", "2"]
    command += ["--precision", "auto"]
    assert main([*command, "--run-dir", str(tmp_path / "run")]) == 0
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["parameters"] == 60_965_224 - 990 * 4097  # ten classes
    assert facts["devices"]["replicas"] == 2
    assert facts["results"]["val_accuracy"] >= 0.9
