"""Sound files of weights and of networks, and those that mean harm."""

import contextlib
import io
import json
import zipfile

import h5py
import keras
import numpy as np
from slim import slim_tables
from test_convert import draw

from alexnet_keras import exchange, models, weights
from alexnet_keras.exchange import sources
from fuzz.trying import SECRET

_KEPT = contextlib.ExitStack()


class Bomb:
    """Writes a file where it is unpickled."""

    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return open, (self.canary, "w")


def slim():
    """Makes the tables narrow for as long as this process lives."""
    _KEPT.enter_context(slim_tables())


def write_sound(folder):
    """Writes a sound file of every kind, of a narrow network.

    Returns:
        Dict from a file's name to its bytes.
    """
    mini = models.AlexNetMini(initialization="he")
    names = [f"kind {number}" for number in range(10)]
    facts = weights.Weights({}, "mini", 64, (0.0, 255.0), names)
    weights.write(folder / "mini.weights.h5", mini, facts)
    mini.save(folder / "mini.keras")
    mini.save(folder / "whole.h5")
    caffe = draw(sources.CAFFE, 10)
    np.savez(folder / "caffe.npz", **caffe)
    found = exchange.read(folder / "caffe.npz")
    network = exchange.from_weights(found)
    weights.write(folder / "caffe.weights.h5", network, found)
    network.save(folder / "caffe.keras")
    torchs = draw(sources.TORCHVISION, 10)
    _write_torch(folder, torchs)
    write_safetensors(folder / "one.safetensors", torchs)
    found = exchange.read(folder / "one.safetensors")
    exchange.write_safetensors(folder / "told.safetensors", found)
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.*"))}


def write_safetensors(path, arrays):
    """Writes names and arrays as safetensors."""
    from safetensors.numpy import save_file

    save_file(arrays, path)


def _write_torch(folder, arrays):
    """Writes what PyTorch's users have, where it is installed."""
    try:
        import torch
    except ImportError:
        return
    state = {name: torch.from_numpy(own) for name, own in arrays.items()}
    torch.save(state, folder / "zip.pth")
    training = {"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}}
    torch.save(training, folder / "training.pth")
    torch.save(state, folder / "old.pt", _use_new_zipfile_serialization=False)


# --- zips


def rezipped(data, change):
    """Writes a zip anew, with its members changed.

    Args:
        data: Bytes of a zip.
        change: Function of a dict of names and bytes, which changes it.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, own in members.items():
            archive.writestr(name, own)
    return file.getvalue()


def deflated(data, name, size):
    """Adds a member of zeros that take next to nothing to a zip."""
    file = io.BytesIO(data)
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        for _ in range(size // 2**20):
            member.write(bytes(2**20))
    return file.getvalue()


def config_of(data):
    """Gives the configuration in a `.keras` file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return json.loads(archive.read("config.json"))


def with_config(data, config):
    """Gives a `.keras` file another configuration."""
    if not isinstance(config, str | bytes):
        config = json.dumps(config)
    return rezipped(
        data, lambda members: members.update({"config.json": config})
    )


def lambda_layer(canary):
    """Gives a layer whose code writes a file, as Keras pickles it."""
    code = f"lambda x: open({str(canary)!r}, 'w') and x"
    layer = keras.layers.Lambda(eval(code), name="harm")  # noqa: S307
    inner = layer.get_config()["function"]
    return {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "harm", "function": inner, "arguments": {}},
        "registered_name": None,
        "name": "harm",
        "inbound_nodes": [],
    }


def harmful(canary):
    """Lists configurations of layers that would run something."""
    text = f"open({str(canary)!r}, 'w')"
    yield lambda_layer(canary)
    for module, name, config in (
        ("os", "system", {"command": f"touch {canary}"}),
        ("builtins", "open", {"file": str(canary), "mode": "w"}),
        ("builtins", "exec", {"source": text}),
        ("subprocess", "Popen", {"args": ["touch", str(canary)]}),
        ("pathlib", "Path", {"args": str(canary)}),
        ("keras.src.utils.file_utils", "get_file", {"origin": "http://a/b"}),
        ("numpy", "load", {"file": str(canary)}),
        ("keras.saving", "load_model", {"filepath": str(canary)}),
    ):
        for kind in ("class_name", "function", "both"):
            layer = {
                "module": module,
                "class_name": "function" if kind == "function" else name,
                "config": name if kind == "function" else config,
                "registered_name": f"{module}>{name}"
                if kind == "both"
                else None,
                "inbound_nodes": [],
            }
            yield layer


# --- HDF5


def h5(data, change):
    """Opens the bytes of an HDF5 file, and gives what a change makes of it."""
    file = io.BytesIO(data)
    with h5py.File(file, "r+") as root:
        change(root)
    return file.getvalue()


def _variables(root):
    found = []

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found.append(name)

    root.visititems(visit)
    return [name for name in found if "vars" in name] or found


def _other_dataset(rng, **options):
    def change(root):
        names = _variables(root)
        name = names[rng.integers(len(names))]
        del root[name]
        root.create_dataset(name, **options)

    return change


def _loop(root):
    groups = [own for own in root.values() if isinstance(own, h5py.Group)]
    groups[0]["again"] = groups[0]


def _soft(root):
    first = next(iter(root))
    del root[first]
    root[first] = h5py.SoftLink(f"/{first}")


def _deep(root):
    own = root
    for _ in range(1500):
        own = own.create_group("a")


def _outside(folder, rng):
    secret = folder.parent / SECRET
    secret.write_bytes(bytes(2**16))

    def stored(root):
        names = [n for n in _variables(root) if root[n].ndim == 1]
        name = names[rng.integers(len(names))]
        shape = root[name].shape
        del root[name]
        root.create_dataset(
            name, shape, "float32", external=[(str(secret), 0, 4 * shape[0])]
        )

    def linked(root):
        names = _variables(root)
        name = names[rng.integers(len(names))]
        del root[name]
        root[name] = h5py.ExternalLink(str(secret), name)

    def virtual(root):
        names = [n for n in _variables(root) if root[n].ndim == 1]
        name = names[rng.integers(len(names))]
        layout = h5py.VirtualLayout(root[name].shape, "float32")
        source = h5py.VirtualSource(str(secret), name, root[name].shape)
        layout[:] = source
        del root[name]
        root.create_virtual_dataset(name, layout)

    return (stored, linked, virtual)[rng.integers(3)]


def _attribute(rng):
    values = (7, b"\xff\xfe", np.zeros(9), np.zeros((), "V3"), "x" * 60_000, "")
    value = values[rng.integers(len(values))]

    def change(root):
        groups = sorted({name.rpartition("/")[0] for name in _variables(root)})
        root[groups[rng.integers(len(groups))]].attrs["name"] = value

    return change


def _facts(rng):
    texts = (
        b"[" * 100_000,
        b'{"model": ' * 5_000,
        b"{}",
        b"7",
        b'{"class_names": ["\\u001b[2J", "b"], "model": "mini"}',
        b'{"class_names": ["\\ud800"]}',
        b'{"size": 1e400}',
        b'{"size": 16384}',
        b'{"size": 3}',
        b'{"rescaling": [[1, 2], 3]}',
        b'{"rescaling": [NaN, 1]}',
        b'{"rescaling": [0, 1e-320]}',
        b'{"model": {"a": []}}',
        b'{"model": ["mini"]}',
        b"\xff\xfe\0",
        b'{"size": ' + b"9" * 9_000 + b"}",
    )
    text = texts[rng.integers(len(texts))]

    def change(root):
        root.pop(weights.FACTS, None)
        if rng.integers(4):
            root[weights.FACTS] = np.frombuffer(text, np.uint8)
        else:
            values = (7.5, "text", np.zeros((3, 3)), h5py.Empty("f4"))
            root[weights.FACTS] = values[rng.integers(4)]

    return change


def _whole_config(rng):
    texts = ("[" * 60_000, "{}", "7", '{"config": {"layers": 3}}', b"\xff", 7)
    text = texts[rng.integers(len(texts))]

    def change(root):
        root.attrs["model_config"] = text

    return change


H5 = {
    "h5: a huge array": lambda f, r: _other_dataset(
        r, shape=(2**20, 2**20), dtype="f4", chunks=(1024, 1024)
    ),
    "h5: a huge vector": lambda f, r: _other_dataset(
        r, shape=(2**40,), dtype="f4", chunks=(1024,)
    ),
    "h5: text for numbers": lambda f, r: _other_dataset(r, data="text"),
    "h5: whole numbers": lambda f, r: _other_dataset(r, data=np.arange(10)),
    "h5: records": lambda f, r: _other_dataset(
        r, data=np.zeros(10, [("a", "f4"), ("b", "i4")])
    ),
    "h5: references": lambda f, r: _other_dataset(
        r, shape=(10,), dtype=h5py.ref_dtype
    ),
    "h5: no shape": lambda f, r: _other_dataset(r, data=h5py.Empty("f4")),
    "h5: not finite": lambda f, r: _other_dataset(
        r, data=np.full(10, (np.nan, np.inf)[r.integers(2)], "f4")
    ),
    "h5: a group in itself": lambda f, r: _loop,
    "h5: a link to itself": lambda f, r: _soft,
    "h5: very deep": lambda f, r: _deep,
    "h5: elsewhere": _outside,
    "h5: another name": lambda f, r: _attribute(r),
    "h5: other facts": lambda f, r: _facts(r),
    "h5: an older whole model": lambda f, r: _whole_config(r),
}
