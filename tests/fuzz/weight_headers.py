"""Headers of `.npz`, safetensors and PyTorch's files that lie."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np

from fuzz.weight_files import Bomb, deflated, rezipped

_HUGE = (0, -1, 2**31, 2**40, 2**63 - 1, 2**64, 10**30)


def _member(members, rng):
    names = [*members]
    return names[rng.integers(len(names))]


def npz_header(data, rng, folder):
    """An array whose header says something else."""
    huge = _HUGE[rng.integers(len(_HUGE))]
    heads = [
        f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({huge},)}}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': 7, 'shape': (3,)}",
        "{'descr': '<f4', 'shape': (3,)}",
        f"__import__('os').system('touch {folder / 'canary'}')",
        "{'descr': [('a', '<f4', (2,)), ('b', '|O')], 'fortran_order': False,"
        " 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': "
        + "(" * 5_000
        + ")" * 5_000
        + "}",
        "(" * 60_000,
        "\0\0\0",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (10,)}",
        "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (10,)}",
        "{'descr': '<U9', 'fortran_order': False, 'shape': (10,)}",
    ]
    head = heads[rng.integers(len(heads))].encode("latin1") + b"\n"
    version = int(rng.integers(0, 5))
    width = "<H" if version < 2 and len(head) < 2**16 else "<I"

    def change(members):
        name = _member(members, rng)
        start = b"\x93NUMPY" + bytes([version, 0])
        members[name] = start + struct.pack(width, len(head)) + head + bytes(99)

    return rezipped(data, change)


def npz_members(data, rng, folder):
    """Members that are missing, swapped, of other names, or too many."""

    def change(members):
        one, other = _member(members, rng), _member(members, rng)
        match rng.integers(5):
            case 0:
                members[one], members[other] = members[other], members[one]
            case 1:
                del members[one]
            case 2:
                members[f"../../{one}"] = members.pop(one)
            case 3:
                members[f"{one}\x1b[2J"] = members.pop(one)
            case 4:
                members["x" * 5_000] = members.pop(one)

    return rezipped(data, change)


def npz_pickle(data, rng, folder):
    """An array of Python objects, which is a pickle."""
    file = io.BytesIO()
    bomb = np.array([{}, Bomb(folder / "canary")], object)
    np.lib.format.write_array(file, bomb, allow_pickle=True)
    return rezipped(
        data,
        lambda members: members.update(
            {_member(members, rng): file.getvalue()}
        ),
    )


def npz_types(data, rng, folder):
    """The same numbers in another type, or another order."""
    dtypes = (">f4", "<f8", "<f2", "<i4", "|b1", "<c16", ">f8")
    dtype = dtypes[rng.integers(len(dtypes))]

    def change(members):
        for name, own in members.items():
            array = np.load(io.BytesIO(own)).astype(dtype)
            if rng.integers(2):
                array = np.asfortranarray(array)
            file = io.BytesIO()
            np.lib.format.write_array(file, array)
            members[name] = file.getvalue()

    return rezipped(data, change)


def npz_bomb(data, rng, folder):
    """A member that unpacks to a gigabyte."""
    return deflated(data, "fc9_w.npy", 2**28)


def _safetensors(data):
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def safetensors_header(data, rng, folder):
    """Shapes, types and places that lie."""
    header, values = _safetensors(data)
    names = [name for name in header if name != "__metadata__"]
    one, other = (header[names[rng.integers(len(names))]] for _ in range(2))
    match rng.integers(9):
        case 0:
            one["shape"] = [_HUGE[rng.integers(len(_HUGE))]] * 2
        case 1:
            one["dtype"] = ("F8_E4M3", "I64", "BOOL", "X", "F16", "U8", 7)[
                rng.integers(7)
            ]
        case 2:
            one["data_offsets"] = other["data_offsets"]
        case 3:
            one["data_offsets"] = [0, 2**62]
        case 4:
            one["data_offsets"] = one["data_offsets"][::-1]
        case 5:
            one["shape"] = one["shape"][::-1]
        case 6:
            header["__metadata__"] = (
                {"alexnet_keras": "[" * 100_000},
                {"alexnet_keras": '{"class_names": ["\\u001b[2J"]}'},
                {"alexnet_keras": '{"size": 16000}'},
                {"alexnet_keras": "\ud800"},
                {"format": 7},
                [],
            )[rng.integers(6)]
        case 7:
            header["x\x1b[2J" * int(rng.integers(1, 500))] = one
        case 8:
            header = [header]
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


def safetensors_length(data, rng, folder):
    """A header that is said to be very long."""
    length = (0, 1, 2**31, 2**40, 2**63, 2**64 - 1)[rng.integers(6)]
    return struct.pack("<Q", length) + data[8:]


def torch_pickle(data, rng, folder):
    """A pickle that would write a file, in PyTorch's zip or alone."""
    bomb = pickle.dumps(
        {"features.0.weight": Bomb(folder / "canary")}, int(rng.integers(2, 5))
    )
    if rng.integers(2) or not zipfile.is_zipfile(io.BytesIO(data)):
        return bomb

    def change(members):
        (name,) = (x for x in members if x.endswith("data.pkl"))
        members[name] = bomb

    return rezipped(data, change)


def torch_tensors(data, rng, folder):
    """Tensors that are of other kinds, or larger than what they hold."""
    import torch

    def wide(tensor):
        return torch.zeros(1).expand(2**20, 2**20)

    kinds = (
        wide,
        lambda tensor: tensor.to("meta"),
        lambda tensor: tensor.to(torch.complex64),
        lambda tensor: tensor.to_sparse(),
        lambda tensor: tensor.T if tensor.ndim == 2 else tensor.flip(0),
        lambda tensor: tensor.to(torch.int8),
        lambda tensor: tensor.to(torch.float8_e4m3fn),
        lambda tensor: torch.nn.Parameter(tensor),
        lambda tensor: tensor * float("nan"),
        lambda tensor: torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8),
        lambda tensor: torch.nested.nested_tensor([tensor]),
    )
    state = torch.load(io.BytesIO(data), weights_only=True)
    state = state.get("state_dict", state)
    name = [*state][rng.integers(len(state))]
    state[name] = kinds[rng.integers(len(kinds))](state[name])
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


BY_ENDING = {
    ".npz": {
        "npz: a header that lies": npz_header,
        "npz: other members": npz_members,
        "npz: a pickle": npz_pickle,
        "npz: other types": npz_types,
        "npz: a bomb": npz_bomb,
    },
    ".safetensors": {
        "safetensors: a header that lies": safetensors_header,
        "safetensors: a length that lies": safetensors_length,
    },
    ".pth": {
        "PyTorch: a pickle that writes": torch_pickle,
        "PyTorch: other tensors": torch_tensors,
    },
}
