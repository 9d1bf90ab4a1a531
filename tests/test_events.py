"""What TensorBoard reads: the history, each epoch once, whatever happened."""

import types

import pytest
import tensorflow as tf

from alexnet_keras import runs
from alexnet_keras.commands import main
from alexnet_keras.runs import events

ROWS = [
    {
        "epoch": number,
        "loss": 1 / number,
        "val_loss": 2 / number,
        "learning_rate": 0.5,
        "seconds": 3.25,
    }
    for number in (1, 2, 3)
]


def read(folder):
    """Gives `{split: [(step, {tag: value}), ...]}`, and checks the sums."""
    found = {}
    for path in (folder / events.FOLDER).glob("*/*tfevents*"):
        parsed = [
            tf.compat.v1.Event.FromString(record.numpy())
            for record in tf.data.TFRecordDataset(str(path))
        ]
        assert parsed[0].file_version == "brain.Event:2"
        found[path.parent.name] = [
            (event.step, {v.tag: v.simple_value for v in event.summary.value})
            for event in parsed[1:]
        ]
    return found


def write(folder, rows, times=1):
    """Writes as a run does that has `times` epochs before it."""
    run, growing = types.SimpleNamespace(folder=folder), list(rows[:times])
    callback = runs.Events(run, growing)
    callback.on_epoch_end(times - 1)
    for row in rows[times:]:
        growing.append(row)
        callback.on_epoch_end(row["epoch"] - 1)


def test_training_and_validation_share_their_names_and_epochs(tmp_path):
    write(tmp_path, ROWS)
    found = read(tmp_path)
    assert found["train"] == [
        (n, {"epoch_loss": pytest.approx(1 / n), "epoch_learning_rate": 0.5})
        for n in (1, 2, 3)
    ]
    assert found["validation"] == [
        (n, {"epoch_loss": pytest.approx(2 / n)}) for n in (1, 2, 3)
    ]


def test_a_run_that_goes_on_writes_each_epoch_once(tmp_path):
    write(tmp_path, ROWS)
    files = [*tmp_path.rglob("*tfevents*")]
    sizes = [path.stat().st_size for path in files]
    write(tmp_path, ROWS, times=2)  # the third was not in the checkpoint
    for epochs in read(tmp_path).values():
        assert [step for step, _ in epochs] == [1, 2, 3]
    assert [path.stat().st_size for path in files] == sizes
    assert len([*tmp_path.rglob("*tfevents*")]) == 2


def test_where_they_cannot_be_written_is_told_in_words(tmp_path):
    (tmp_path / events.FOLDER).touch()
    with pytest.raises(runs.RunError, match="could not be written") as caught:
        write(tmp_path, ROWS)
    assert "Errno" not in str(caught.value)
    (tmp_path / events.FOLDER).unlink()
    write(tmp_path, ROWS)
    path = tmp_path / events.FOLDER / "train" / events._FILE
    path.unlink()
    path.mkdir()
    with pytest.raises(runs.RunError, match=f"{events.FOLDER} could not be"):
        write(tmp_path, ROWS)


def test_train_writes_them_where_that_is_asked_for(photos, tmp_path, capsys):
    typed = "train --model mini --batch-size 8 --devices 1 --epochs 1"
    folder = tmp_path / "run"
    more = ["--data", str(photos), "--run-dir", str(folder), "--tensorboard"]
    assert main([*typed.split(), *more]) == 0
    assert f"tensorboard --logdir {folder}" in capsys.readouterr().out
    found = read(folder)
    assert [step for step, _ in found["train"]] == [1]
    assert found["validation"][0][1]["epoch_accuracy"] == pytest.approx(
        runs.status(folder)["results"]["val_accuracy"]
    )
