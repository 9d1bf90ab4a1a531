"""Files that training scripts write with PyTorch, read and refused."""

import argparse

import numpy as np
import pytest
from test_convert import draw

from alexnet_keras import exchange
from alexnet_keras.exchange import identify, sources

pytestmark = pytest.mark.peers


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def state(torch, slim):
    arrays = draw(sources.TORCHVISION, 3)
    return {name: torch.from_numpy(own) for name, own in arrays.items()}


def optimizer(torch, state):
    """The state of one that has taken a step."""
    weights = [tensor.clone().requires_grad_() for tensor in state.values()]
    found = torch.optim.Adam(weights)
    sum(tensor.sum() for tensor in weights).backward()
    found.step()
    return found.state_dict()


def wrapped(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


CHECKPOINTS = {  # a file's name, and what it holds
    "pytorch/examples": (
        "model_best.pth.tar",
        lambda torch, state: {
            "epoch": 3,
            "arch": "alexnet",
            "state_dict": {
                name.replace("features.", "features.module."): tensor
                for name, tensor in state.items()
            },
            "best_acc1": torch.tensor(3.0),
            "optimizer": optimizer(torch, state),
            "scheduler": {"last_epoch": 3},
        },
    ),
    "PyTorch's tutorial": (
        "a.tar.pt",
        lambda torch, state: {
            "epoch": 3,
            "model_state_dict": state,
            "optimizer_state_dict": optimizer(torch, state),
            "loss": torch.tensor(0.3),
        },
    ),
    "torchvision/references": (
        "checkpoint.pth",
        lambda torch, state: {
            "model": wrapped(state, "module."),
            "rng": {"cpu": torch.get_rng_state()},
            "scaler": {},
        },
    ),
    "Lightning": (
        "last.ckpt",
        lambda torch, state: {
            "state_dict": wrapped(state, "model."),
            "hyper_parameters": {"lr": 0.1},
        },
    ),
    "transformers": ("pytorch_model.bin", lambda torch, state: state),
    "compiled": (
        "a.weights.pth",
        lambda torch, state: wrapped(state, "_orig_mod."),
    ),
    "AveragedModel": (
        "ema.pt",
        lambda torch, state: {
            "n_averaged": torch.tensor(5),
            **wrapped(state, "module."),
        },
    ),
    "parameters": (
        "a.pth",
        lambda torch, state: {
            name: torch.nn.Parameter(tensor) for name, tensor in state.items()
        },
    ),
}


@pytest.mark.parametrize("what", CHECKPOINTS)
@pytest.mark.parametrize("is_zip", [True, False])
def test_what_training_scripts_write_is_read(
    torch, state, tmp_path, what, is_zip
):
    name, build = CHECKPOINTS[what]
    torch.save(
        build(torch, state),
        tmp_path / name,
        _use_new_zipfile_serialization=is_zip,
    )
    found = exchange.read(tmp_path / name)
    assert found.model == "one-weird-trick"
    kernel = state["classifier.4.weight"].numpy()
    np.testing.assert_array_equal(found.arrays["fc7"][0], kernel.T)
    assert identify(tmp_path / name).name == "one-weird-trick"


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float64"])
def test_other_floats_are_floats(torch, state, tmp_path, kind):
    kind = getattr(torch, kind)
    own = {name: tensor.to(kind) for name, tensor in state.items()}
    torch.save(own, tmp_path / "a.pth")
    found = exchange.read(tmp_path / "a.pth").arrays["conv1"][1]
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, own["features.0.bias"].float())


def test_bfloat16_of_safetensors_equals_pytorchs(torch, state, tmp_path):
    from safetensors.torch import save_file

    own = {name: tensor.bfloat16() for name, tensor in state.items()}
    save_file(own, tmp_path / "a.safetensors")
    found = exchange.read(tmp_path / "a.safetensors").arrays["conv1"][1]
    np.testing.assert_array_equal(found, own["features.0.bias"].float())


def whole(torch):
    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 11), torch.nn.ReLU())


REFUSED = {  # what is saved, and what is said
    "options beside": (
        lambda torch, state: {"model": state, "args": argparse.Namespace(a=1)},
        r"beside weights \(argparse.Namespace\), and loading these could run "
        "code. Nothing of it was run.* PyTorch says: Unsupported global: "
        "GLOBAL argparse.Namespace was not an allowed global by default",
    ),
    "a whole model": (
        lambda torch, state: whole(torch),
        r"holds a whole model as Python objects \(torch.nn.* and save its "
        "state_dict alone.* PyTorch says: Unsupported global",
    ),
    "two sets": (
        lambda torch, state: {"model": state, "model_ema": state},
        r"2 sets of weights: model, model_ema.*torch.load\(FILE\)\['model'\]",
    ),
    "a list": (
        lambda torch, state: [*state.values()],
        "holds no state_dict: .* Received: a list",
    ),
    "numbers only": (
        lambda torch, state: {"epoch": 3, "loss": 0.1},
        r"Received: a dict with epoch \(int\), loss \(float\)",
    ),
    "a number among weights": (
        lambda torch, state: {**state, "epoch": 3},
        r"Received: a dict with epoch \(int\)\. Save one",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_sound_files_of_something_else_are_not_called_damaged(
    torch, state, tmp_path, what
):
    build, said = REFUSED[what]
    torch.save(build(torch, state), tmp_path / "a.pth")
    for ask in (exchange.read, identify):
        with pytest.raises(ValueError, match=said) as error:
            ask(tmp_path / "a.pth")
        text = str(error.value)
        assert "damaged" not in text
        assert "\n" not in text
        assert "\x1b" not in text


STRANGE = {  # tensors that hold no plain numbers, and what is said
    "meta": (lambda torch, x: x.to("meta"), "hold floats. Received: nothing"),
    "sparse": (lambda torch, x: x.to_sparse(), "Received: a sparse tensor"),
    "nested": (
        lambda torch, x: torch.nested.nested_tensor([x]),
        "should have the shape",
    ),
}


# PyTorch calls these tensors a prototype.
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested:UserWarning")
@pytest.mark.parametrize("kind", STRANGE)
def test_tensors_of_another_kind_are_named(torch, state, tmp_path, kind):
    change, said = STRANGE[kind]
    name = "classifier.4.weight"
    torch.save({**state, name: change(torch, state[name])}, tmp_path / "a.pth")
    with pytest.raises(ValueError, match=said) as error:
        exchange.read(tmp_path / "a.pth")
    assert "a.pth does not hold the weights" in str(error.value)
    assert name in str(error.value)


def test_an_error_of_pytorchs_without_words_is_named(torch, tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"a": torch.ones(9, 9)}, path)
    path.write_bytes(b"\x80\x02]q\0(K\1e")  # a pickle that does not end
    with pytest.raises(ValueError, match="is damaged.* says: [A-Z]"):
        exchange.read(path)


# torch.jit says so of itself; PyTorch still writes and reads such files.
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_torchscript_program_is_named(torch, tmp_path):
    example = torch.zeros(1, 3, 11, 11)
    torch.jit.trace(whole(torch), example).save(tmp_path / "a.pt")
    with pytest.raises(ValueError, match="is a TorchScript program") as error:
        exchange.read(tmp_path / "a.pt")
    assert "damaged" not in str(error.value)


def test_a_file_that_is_cut_off_is_damaged(torch, state, tmp_path):
    path = tmp_path / "a.pth"
    torch.save(state, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-999])
    with pytest.raises(ValueError, match="damaged.* PyTorch says: .*EOF"):
        exchange.read(path)
