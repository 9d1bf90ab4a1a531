"""Our networks against PyTorch, and against themselves on other backends."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from alexnet_keras import exchange, weights
from alexnet_keras.layers import LocalResponseNormalization
from alexnet_keras.models import AlexNet, OneWeirdTrick

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def distance(ours, reference):
    """Largest difference, as a share of the largest reference value."""
    assert ours.shape == reference.shape
    return np.abs(ours - reference).max() / np.abs(reference).max()


def pictures(size, count=2):
    generator = np.random.default_rng(0)
    return generator.standard_normal((count, size, size, 3)).astype("float32")


def torchvisions_alexnet(torch, classes):
    """The layers of pytorch/vision, `models/alexnet.py`, under our names."""
    nn = torch.nn
    layers = {
        "conv1": nn.Sequential(nn.Conv2d(3, 64, 11, 4, padding=2), nn.ReLU()),
        "pool1": nn.MaxPool2d(3, 2),
        "conv2": nn.Sequential(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU()),
        "pool2": nn.MaxPool2d(3, 2),
        "conv3": nn.Sequential(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
        "conv4": nn.Sequential(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
        "conv5": nn.Sequential(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()),
        "pool5": nn.MaxPool2d(3, 2),
        "resample5": nn.AdaptiveAvgPool2d((6, 6)),
        "flatten": nn.Flatten(),
        "drop6": nn.Dropout(0.5),
        "fc6": nn.Sequential(nn.Linear(256 * 6 * 6, 4096), nn.ReLU()),
        "drop7": nn.Dropout(0.5),
        "fc7": nn.Sequential(nn.Linear(4096, 4096), nn.ReLU()),
        "fc8": nn.Linear(4096, classes),
    }
    network = nn.ModuleDict(layers).eval()
    torch.manual_seed(0)
    for tensor in network.parameters():
        if tensor.ndim > 1:
            nn.init.kaiming_normal_(tensor)
        else:
            nn.init.normal_(tensor, std=0.1)
    return network


TORCHVISIONS_NAMES = {
    "conv1.0": "features.0",
    "conv2.0": "features.3",
    "conv3.0": "features.6",
    "conv4.0": "features.8",
    "conv5.0": "features.10",
    "fc6.0": "classifier.1",
    "fc7.0": "classifier.4",
    "fc8": "classifier.6",
}


def state_of(network):
    """A network's weights under torchvision's names."""
    state = {}
    for name, tensor in network.state_dict().items():
        layer, kind = name.rsplit(".", 1)
        state[f"{TORCHVISIONS_NAMES[layer]}.{kind}"] = tensor
    return state


@pytest.mark.parametrize(("size", "classes"), [(224, 1000), (97, 10)])
def test_every_layer_of_one_weird_trick_equals_pytorchs(
    torch, tmp_path, size, classes
):
    from safetensors.torch import save_file

    network = torchvisions_alexnet(torch, classes)
    path = tmp_path / "theirs.safetensors"
    save_file(state_of(network), path)
    model = OneWeirdTrick(
        input_shape=(size, size, 3),
        classes=classes,
        classifier_activation=None,
    )
    weights.assign(model, exchange.read(path), "one-weird-trick")
    count = sum(tensor.numel() for tensor in network.parameters())
    assert model.count_params() == count
    assert (count == 61_100_840) == (classes == 1000)

    images = pictures(size)
    every_layer = {layer.name: layer.output for layer in model.layers[1:]}
    ours = keras.Model(model.inputs[0], every_layer)(images)
    theirs = torch.tensor(images.transpose(0, 3, 1, 2))
    compared = []
    with torch.no_grad():
        for name, layer in network.items():
            theirs = layer(theirs)
            if name not in ours or name in ("flatten", "drop6"):
                continue  # flat maps are in another order
            reference = theirs.numpy()
            if reference.ndim == 4:
                reference = reference.transpose(0, 2, 3, 1)
            assert distance(np.asarray(ours[name]), reference) < 1e-5, name
            compared.append(name)
    expected = {*network} - {"flatten", "drop6"}
    if size == 224:  # the maps of pool5 are 6 x 6 already
        expected -= {"resample5"}
    assert {*compared} == expected


def test_a_pth_file_and_back_into_pytorch(torch, tmp_path):
    from safetensors.torch import load_file

    network = torchvisions_alexnet(torch, 10)
    state = state_of(network)
    torch.save(state, tmp_path / "theirs.pth")
    found = exchange.read(tmp_path / "theirs.pth")
    assert (found.model, found.num_classes) == ("one-weird-trick", 10)
    exchange.write_safetensors(tmp_path / "ours.safetensors", found)
    back = load_file(tmp_path / "ours.safetensors")
    assert back.keys() == state.keys()
    for name, tensor in state.items():
        assert torch.equal(back[name], tensor), name


class Bomb:
    def __reduce__(self):
        return (open, ("was-run", "w"))


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_pth_file_that_would_run_code_is_refused(
    torch, tmp_path, monkeypatch, is_zip
):
    monkeypatch.chdir(tmp_path)
    torch.save(
        {"features.0.weight": Bomb()},
        "bad.pth",
        _use_new_zipfile_serialization=is_zip,
    )
    with pytest.raises(ValueError, match="could run code.* Nothing of it was"):
        exchange.read("bad.pth")
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("size", [3, 5])
def test_lrn_and_its_gradient_equal_pytorchs(torch, size):
    import tensorflow as tf

    values = 50 * pictures(6)
    values = np.tile(values, 4) + np.arange(12, dtype="float32")
    a = tf.constant(values)
    # PyTorch divides alpha by the size
    layer = LocalResponseNormalization(size, 3e-4 / size, 0.75, 1.5)
    with tf.GradientTape() as tape:
        tape.watch(a)
        ours = layer(a)
        loss = tf.reduce_sum(ours**2)
    theirs_in = torch.tensor(values.transpose(0, 3, 1, 2), requires_grad=True)
    theirs = torch.nn.LocalResponseNorm(size, 3e-4, 0.75, 1.5)(theirs_in)
    (theirs**2).sum().backward()
    pairs = [
        (ours, theirs.detach()),
        (tape.gradient(loss, a), theirs_in.grad),
    ]
    for our, their in pairs:
        reference = their.numpy().transpose(0, 2, 3, 1)
        assert distance(our.numpy(), reference) < 1e-5


ON_ANOTHER_BACKEND = """
import sys
import keras, numpy as np
from alexnet_keras.models import AlexNet

assert keras.config.backend() == sys.argv[1]
model = AlexNet(classes=100, weights="full.weights.h5")
images = np.load("images.npy")
outputs = model.predict(images, verbose=0)

# the gradient of a small network, normalisation included
keras.utils.set_random_seed(0)
small = AlexNet(False, input_shape=(67, 67, 3), pooling="avg")
small.load_weights("small.weights.h5")
small.compile(keras.optimizers.SGD(1.0), "mse")
small.train_on_batch(images[:, :67, :67], np.zeros((2, 256), "float32"))
steps = [np.asarray(keras.ops.convert_to_numpy(w)) for w in small.weights]
np.savez("outputs.npz", outputs, *steps)
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_give_what_tensorflow_gives(backend, tmp_path):
    pytest.importorskip(backend)
    keras.utils.set_random_seed(0)
    model = AlexNet(classes=100, initialization="he")
    model.save_weights(tmp_path / "full.weights.h5")
    small = AlexNet(
        False, input_shape=(67, 67, 3), pooling="avg", initialization="he"
    )
    small.save_weights(tmp_path / "small.weights.h5")
    images = pictures(227)
    np.save(tmp_path / "images.npy", images)
    outputs = model.predict(images, verbose=0)
    before = small.get_weights()
    small.compile(keras.optimizers.SGD(1.0), "mse")
    small.train_on_batch(images[:, :67, :67], np.zeros((2, 256), "float32"))

    subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_BACKEND, backend],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": backend},
        check=True,
    )
    theirs = [*np.load(tmp_path / "outputs.npz").values()]
    assert outputs.std() > 1e-4  # not all the same
    # JAX number by number; PyTorch's convolutions round otherwise, so that its
    # smallest probabilities are held against the largest
    scale = outputs if backend == "jax" else outputs.max()
    assert (np.abs(theirs[0] - outputs) <= 1e-4 * scale).all()
    for old, ours, their in zip(
        before, small.get_weights(), theirs[1:], strict=True
    ):
        assert distance(their - old, ours - old) < 1e-3
