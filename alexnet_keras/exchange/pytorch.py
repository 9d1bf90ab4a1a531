"""Reads the weights in files of PyTorch's, by its own loader of weights only.

Training scripts keep them below a key, such as `state_dict`, beside other
things; these are not used.
"""

import pickle
import re
import zipfile

from alexnet_keras.exchange.kinds import Array, package

_SAVE = 'torch.save(model.state_dict(), "weights.pth")'


def read_state(path):
    """Reads the one set of weights in a file.

    Args:
        path: Path of a pickle, or of PyTorch's zip of one.

    Returns:
        Dict of names and `kinds.Array`.

    Raises:
        ValueError: If it holds none, or several, or other objects, or is
            damaged. Nothing of it is run.
    """
    state = _weights_in(path, _loaded(path))
    return {name: _array(tensor) for name, tensor in state.items()}


def _array(tensor):
    if tensor.is_nested:
        return Array((), "nested tensors")
    kind = str(tensor.dtype)
    if tensor.is_meta or tensor.is_sparse or tensor.is_sparse_csr:
        kind = "nothing" if tensor.is_meta else "a sparse tensor"
    return Array(
        tuple(tensor.shape),
        kind.removeprefix("torch."),
        lambda: tensor.detach().float().numpy(),
    )


def _loaded(path):
    torch = package("torch")
    if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 10):
        raise ValueError(
            f"PyTorch {torch.__version__} can run code even where it loads "
            "weights only (CVE-2025-32434, CVE-2026-24747). Install 2.10 or "
            "newer, or save the weights as safetensors."
        )
    if _is_script(path):
        raise ValueError(
            f"{path} is a TorchScript program, which only runs. Where you "
            "trust it, save its weights: model = torch.jit.load(FILE), then "
            f"{_SAVE}."
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        said = re.search(r"WeightsUnpickler error: (.*)", str(error))
        said = said[1] if said else str(error).splitlines()[0]
        said = said.partition(" Please use ")[0]
        if found := re.findall(r"GLOBAL (\S+)", said):
            raise ValueError(_objects(path, torch, found, said)) from error
        raise _damaged(path, said) from error
    except Exception as error:  # whatever a damaged file makes torch raise
        raise _damaged(path, error) from error


def _is_script(path):
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(x.endswith("/constants.pkl") for x in archive.namelist())


def _objects(path, torch, found, said):
    """Says which objects a file holds beside weights, and what to do."""
    if zipfile.is_zipfile(path):  # which lists all; it opens no others
        found = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    what = "Python objects beside weights"
    if any(name.startswith("torch.nn.") for name in found):
        what = "a whole model as Python objects"
    names = sorted(found)
    more = f" and {len(names) - 3} more" * (len(names) > 3)
    return (
        f"{path} holds {what} ({', '.join(names[:3])}{more}), and loading "
        "these could run code. Nothing of it was run. Where you trust the "
        "file, load it with torch.load(FILE, weights_only=False) and save "
        f"its state_dict alone, as {_SAVE} does. PyTorch says: {said}"
    )


def _damaged(path, error):
    text = f"{path} is damaged, or no file of PyTorch's. Nothing of it was run."
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return ValueError(f"{text} PyTorch says: {lines[0]}")


def _weights_in(path, found):
    """Gives the one set of weights, which may lie below a key."""
    if _is_state(found):
        return found
    sets = {}
    if isinstance(found, dict):
        sets = {key: own for key, own in found.items() if _is_state(own)}
    if len(sets) == 1:
        return next(iter(sets.values()))
    if sets:
        first = next(iter(sets))
        raise ValueError(
            f"{path} holds {len(sets)} sets of weights: "
            f"{', '.join(map(str, sets))}. Save the one that is meant: "
            f'torch.save(torch.load(FILE)[{first!r}], "weights.pth").'
        )
    held = f"a {type(found).__name__}"
    if isinstance(found, dict):
        others = [
            f"{key} ({type(own).__name__})"
            for key, own in found.items()
            if not hasattr(own, "detach")
        ]
        held = ", ".join(others[:8]) + ", ..." * (len(others) > 8)
        held = f"a dict with {held}" if others else "a dict without weights"
    raise ValueError(
        f"{path} holds no state_dict: names with a tensor each, alone or below "
        f"one key. Received: {held}. Save one: {_SAVE}."
    )


def _is_state(found):
    """Tells names with a tensor each, of which one is no vector."""
    return (
        isinstance(found, dict)
        and all(isinstance(name, str) for name in found)
        and all(hasattr(tensor, "detach") for tensor in found.values())
        and any(tensor.ndim > 1 for tensor in found.values())
    )
