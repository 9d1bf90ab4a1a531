"""Files of weights and networks, as `identify` and `convert` read them."""

import copy

import numpy as np

from fuzz import weight_files as sound
from fuzz.damage import damaged
from fuzz.trying import DAMAGED, READ, Case, Wrong, command, is_shown, refused
from fuzz.weight_headers import BY_ENDING

_OTHERS = (".npy", ".caffemodel", ".mat", ".pkl", ".pb", ".tflite", ".pt2", "")


def start(folder):
    """Writes sound files, and reads their weights."""
    from alexnet_keras import distribution, exchange

    distribution.start()
    sound.slim()
    (folder / "sound").mkdir()
    files = sound.write_sound(folder / "sound")
    arrays = {}
    for name in files:
        if name != "whole.h5":  # of Keras 2, which tells its layers only
            arrays[name] = exchange.read(folder / "sound" / name).arrays
    return files, arrays


def make(base, rng, folder):
    """Writes one file that may be damaged, or may mean harm."""
    files, arrays = base
    names = [*files]
    name = names[rng.integers(len(names))]
    data, path = files[name], folder / f"case-{name}"
    own = [*_ways(name).items()]
    draw, keeps = rng.random(), False
    if draw < 0.04:
        what, keeps = "sound", name in arrays
    elif draw < 0.55 and own:
        what, change = own[rng.integers(len(own))]
        data = change(data, rng, folder)
    elif draw < 0.6:
        what, data = "misnamed", files[names[rng.integers(len(names))]]
        endings = [*_OTHERS, *(other[other.index(".") :] for other in names)]
        path = folder / f"case{endings[rng.integers(len(endings))]}"
    else:
        what, data = damaged(data, rng)
        what = f"{name.partition('.')[2]}, {what}"
    path.write_bytes(data)
    # a zip has a checksum of every member
    has_sums = name.endswith((".npz", ".keras")) and ", " in what

    def check():
        outcome = _try(path, folder / "out", arrays.get(name), has_sums)
        if keeps and outcome[0] != READ:
            raise Wrong(f"a sound file is not read: {outcome}")
        return outcome

    return Case(what, check, writes=("out",))


def _try(path, out, wanted, has_sums):
    """Identifies and converts a file; compares what was written."""
    from alexnet_keras import exchange

    code, said, text = command("identify", path)
    if code:
        refused(text, path)
    elif not is_shown(said):
        raise Wrong(f"cannot be shown: {said[:300]!r}")
    out.mkdir()
    target = out / "a.weights.h5"
    code, _, text = command("convert", path, target)
    if code:
        if there := [*out.iterdir()]:
            raise Wrong(f"refused, and there is {there}")
        return refused(text, path)
    found = exchange.read(target).arrays
    if not all(np.isfinite(x).all() for pair in found.values() for x in pair):
        raise Wrong("weights that are not finite were written")
    if _are_equal(found, exchange.read(path).arrays):
        if wanted is not None and _are_equal(found, wanted):
            return READ, ""
        if has_sums and wanted is not None:
            raise Wrong("other weights, and its checksums were not looked at")
        return DAMAGED, ""
    raise Wrong("what was written is not what was read")


def _are_equal(one, other):
    return one.keys() == other.keys() and all(
        np.array_equal(a, b)
        for name in one
        for a, b in zip(one[name], other[name], strict=True)
    )


def _ways(name):
    """Lists what may be done to a kind of file, besides damage to its bytes."""
    ending = name[name.index(".") :]
    if ending.endswith(".h5"):
        return {what: _h5_way(way) for what, way in sound.H5.items()}
    if ending == ".keras":
        inner = {
            f"keras, {what}": _inner_way(way) for what, way in sound.H5.items()
        }
        return {**inner, **KERAS}
    return BY_ENDING.get({".pt": ".pth"}.get(ending, ending), {})


def _h5_way(way):
    return lambda data, rng, folder: sound.h5(data, way(folder, rng))


def _inner_way(way):
    """Does to the weights in a `.keras` file what is done to others."""

    def change(data, rng, folder):
        def members(found):
            own = found["model.weights.h5"]
            found["model.weights.h5"] = sound.h5(own, way(folder, rng))

        return sound.rezipped(data, members)

    return change


def _harm(data, rng, folder):
    """A layer that would run something."""
    config = sound.config_of(data)
    harms = [*sound.harmful(folder / "canary")]
    layers = config["config"]["layers"]
    place = int(rng.integers(1, len(layers)))
    harm = copy.deepcopy(harms[rng.integers(len(harms))])
    harm["inbound_nodes"] = layers[place].get("inbound_nodes", [])
    harm["name"] = layers[place]["config"]["name"]
    if isinstance(harm["config"], dict):
        harm["config"].setdefault("name", harm["name"])
    layers[place] = harm
    return sound.with_config(data, config)


def change_json(value, rng):
    """Changes one thing somewhere in what JSON holds, in place."""
    places, left = [], [value]
    while left:
        own = left.pop()
        keys = own if isinstance(own, dict) else range(len(own))
        for key in keys:
            places.append((own, key))
            if isinstance(own[key], dict | list):
                left.append(own[key])
    own, key = places[rng.integers(len(places))]
    values = (
        None,
        -1,
        0,
        10**9,
        10**30,
        1e308,
        True,
        "",
        "\x1b[2J",
        "x" * 3_000,
        [],
        {},
        [[[[]]]],
        {"class_name": "function", "config": "system", "module": "os"},
    )
    if rng.random() < 0.2:
        del own[key]
    elif rng.random() < 0.2:
        other, place = places[rng.integers(len(places))]
        own[key] = copy.deepcopy(other[place])
    else:
        own[key] = copy.deepcopy(values[rng.integers(len(values))])


def _setting(data, rng, folder):
    """A configuration of which something is another."""
    config = sound.config_of(data)
    for _ in range(rng.integers(1, 4)):
        change_json(config, rng)
    return sound.with_config(data, config)


def _text(data, rng, folder):
    """A configuration that is no JSON, or a strange one."""
    texts = (
        "[" * 100_000,
        '{"config":' * 3_000 + "{}" + "}" * 3_000,
        "",
        "null",
        '{"config": {"layers": [' + "{}," * 50_000 + "{}]}}",
        "\ufeff{}",
        b"\xff\xfe\0",
        "9" * 9_000,
        '{"config": ' + "9" * 9_000 + "}",
        '{"config": NaN}',
    )
    return sound.with_config(data, texts[rng.integers(len(texts))])


def _members(data, rng, folder):
    """Members that are missing, larger than they say, or lead elsewhere."""
    match rng.integers(5):
        case 0:
            return sound.rezipped(data, lambda own: own.pop("config.json"))
        case 1:
            return sound.rezipped(data, lambda own: own.pop("model.weights.h5"))
        case 2:
            bare = sound.rezipped(data, lambda own: own.pop("model.weights.h5"))
            return sound.deflated(bare, "model.weights.h5", 2**29)
        case 3:
            bare = sound.rezipped(data, lambda own: own.pop("config.json"))
            return sound.deflated(bare, "config.json", 2**29)
        case _:
            return sound.rezipped(
                data, lambda own: own.update({"../../escaped": b"x"})
            )


KERAS = {
    "keras: a layer that runs something": _harm,
    "keras: another setting": _setting,
    "keras: another text": _text,
    "keras: other members": _members,
}
