"""ONNX graphs, as `identify` and `convert` read them, held to onnxruntime."""

import contextlib

import numpy as np
import onnx
import onnxruntime
from test_convert import draw, graph_of, photo
from test_onnx_graphs import FOLDED, copies, with_nodes

from fuzz.damage import damaged
from fuzz.graph_changes import HARM, change_field
from fuzz.trying import DAMAGED, READ, Case, Wrong, command, is_shown, refused
from fuzz.weight_files import slim

_CLOSE = 1e-4  # of the largest value


def start(folder):
    """Makes sound graphs."""
    from alexnet_keras import distribution
    from alexnet_keras.exchange import sources

    distribution.start()
    slim()
    torchs, caffes = sources.TORCHVISION, sources.CAFFE
    graphs = {
        "torchvision": graph_of(draw(torchs, 10), torchs, 224, 10),
        "caffe": graph_of(draw(caffes, 10), caffes, 227, 10),
        "caffe at 224": graph_of(draw(caffes, 10), caffes, 224, 10),
    }
    nodes, constants, _, _ = FOLDED["from 0 to 255"]
    scaled = graph_of(draw(torchs, 10), torchs, 224, 10)
    with_nodes(scaled, copies(nodes), **constants)
    graphs["torchvision, scaled"] = scaled
    return {name: own.SerializeToString() for name, own in graphs.items()}


def make(base, rng, folder):
    """Writes a graph that is not as it should be."""
    names = [*base]
    name = names[rng.integers(len(names))]
    path, is_sound = folder / "case.onnx", False
    model, draw = onnx.ModelProto.FromString(base[name]), rng.random()
    if draw < 0.25:
        what, data = damaged(base[name], rng)
    elif draw < 0.28:
        what, data, is_sound = "sound", base[name], True
    elif draw < 0.32:
        what, data = "sound, weights beside it", None
        is_sound = True
        facts = {"save_as_external_data": True, "size_threshold": 0}
        onnx.save(model, path, location="case.data", **facts)
    elif draw < 0.65:
        what = [*HARM][rng.integers(len(HARM))]
        HARM[what](model, rng, folder)
        data = model.SerializeToString()
    else:
        for _ in range(rng.integers(1, 4)):
            what = change_field(model, rng)
        data = model.SerializeToString()
    if data is not None:
        path.write_bytes(data)

    def check():
        outcome = _try(path, folder)
        if is_sound and outcome[0] != READ:
            raise Wrong(f"a sound graph is not read: {outcome}")
        return outcome

    return Case(what, check, writes=("out", "oracle"))


def _try(path, folder):
    """Identifies and converts a graph; runs what was read beside it."""
    from alexnet_keras import exchange

    code, said, text = command("identify", path)
    if code:
        refused(text, path)
    elif not is_shown(said):
        raise Wrong(f"cannot be shown: {said[:300]!r}")
    out = folder / "out"
    out.mkdir()
    code, _, text = command("convert", path, out / "a.weights.h5")
    if code:
        if there := [*out.iterdir()]:
            raise Wrong(f"refused, and there is {there}")
        return refused(text, path)
    found = exchange.read(path)
    network = exchange.from_weights(found)
    image = photo(found.size).astype("float32")
    ours = np.asarray(network(image))
    if not np.isfinite(ours).all():
        return DAMAGED, "its numbers are too large to add up"
    (folder / "oracle").touch()  # what ends from here on, onnxruntime ended
    theirs = list(_run(path, found, image))
    if not theirs:
        return DAMAGED, "onnxruntime does not run it"
    if any(
        own.shape == ours.shape and np.abs(own - ours).max() < _CLOSE
        for own in theirs
    ):
        return READ, ""
    off = min(
        np.abs(own - ours).max() if own.shape == ours.shape else np.inf
        for own in theirs
    )
    raise Wrong(f"onnxruntime gives others, off by {off:.2g}")


def _run(path, found, image):
    """Yields what onnxruntime gives for the ways to scale a picture.

    A graph does not tell whether its pictures go to 255 or to 1, nor in which
    range they are where nothing in it scales them.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    with contextlib.suppress(Exception):
        session = onnxruntime.InferenceSession(path, options)
        (own,) = session.get_inputs()
        mean, scale = found.rescaling or (0, 1)
        for pixels in (
            image,
            image / 255,
            (image - np.float32(mean)) / np.float32(scale),
        ):
            for order in (pixels, pixels[..., ::-1]):
                given = order.transpose(0, 3, 1, 2).astype("float32")
                yield session.run(None, {own.name: given})[0]
