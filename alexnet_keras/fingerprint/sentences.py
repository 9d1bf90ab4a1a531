"""Says in one line each how a network departs from the paper's."""

from alexnet_keras.fingerprint.known import CONVS, DENSES

_WORDS = {"activation": "ReLU", "relu": "ReLU", "lrn": "LRN"}
_ORIGINS = {
    (1, 1, 0.5, 11): "TensorFlow's defaults",
    (2e-5, 1, 0.75, 5): "Caffe's constants",
    (2e-5, 2, 0.75, 5): "the constants of the 2012 code",
}
# For one layer and for several.
_SIMPLE = {
    "filters": (
        "{} has {} filters; the paper's has {}",
        "{} have {} filters; the paper's have {}",
    ),
    "kernel": (
        "{} has filters {} pixels wide; the paper's are {} wide",
        "{} have filters {} pixels wide; the paper's are {} wide",
    ),
    "stride": (
        "{} moves {} at a time; the paper's moves {}",
        "{} move {} at a time; the paper's move {}",
    ),
    "dilation": (
        "{} takes every pixel {} apart; the paper's {}",
        "{} take pixels {} apart; the paper's {}",
    ),
    "places": (
        "{} stands in {} places along a side; the paper's in {}",
        "{} stand in {} places along a side; the paper's in {}",
    ),
    "units": (
        "{} has {} units; the paper's has {}",
        "{} have {} units; the paper's have {}",
    ),
    "pool places": (
        "{} gives {} values a side; the paper's gives {}",
        "{} give {} values a side; the paper's give {}",
    ),
    "rate": (
        "dropout after {} has a rate of {}; the paper's has {}",
        "dropout after {} has rates of {}; the paper's have {}",
    ),
}


def sentences(differences):
    """Writes a line for each aspect, of all the layers that it holds for.

    Args:
        differences: List of `comparison.Difference` from the paper's network.

    Returns:
        List of str.
    """
    aspects = {}
    for one in differences:
        apart = one.aspect not in _SIMPLE  # lines without lists of values
        key = one.aspect, repr(one.found) if apart else None
        aspects.setdefault(key, []).append(one)
    if ("groups", "1") in aspects:  # one tower: nothing to stay within
        aspects.pop(("reach", "1"), None)
    return [
        line
        for (aspect, _), rows in aspects.items()
        if (line := _sentence(aspect, rows))
    ]


def _sentence(aspect, rows):
    names = [row.layer for row in rows]
    if aspect.startswith("pool") and aspect != "pool":
        names = [name.replace("conv", "pool") for name in names]
    if aspect in _SIMPLE:
        found, wanted = (_values(rows, i) for i in (2, 3))
        if aspect == "stride":
            found += " pixel" if found == "1" else " pixels"
        template = _SIMPLE[aspect][len(rows) > 1]
        return template.format(_named(names), found, wanted)
    return _SPECIAL[aspect](names, rows[0].found, rows[0].wanted)


def _missing(names, are_convs, wanted):
    if are_convs:
        return f"no {_named(names)}; the paper has 5 convolutions"
    if tuple(names) == DENSES:
        return "no fully connected layers; the paper has 3"
    return f"no {_named(names)}; the paper has 3 fully connected layers"


def _extra(names, step, wanted):
    if step.kind == "conv":
        what = f"convolution of {step.settings['filters']} filters"
        count = "5 convolutions"
    else:
        what = f"fully connected layer of {step.settings['units']} units"
        count = "3 fully connected layers"
    return f"one more {what} after {_named(names)}; the paper has {count}"


def _other(names, kinds, wanted):
    kinds = [clean(kind) for kind in kinds[:5]]
    return f"AlexNet does not have: {', '.join(kinds)}"


def _groups(names, found, wanted):
    names, many = _named(names), len(names) > 1
    if found == 1:
        return (
            f"{names} {'read' if many else 'reads'} all channels; the paper's "
            f"{'read the half on their' if many else 'reads the half on its'} "
            "own GPU"
        )
    there = "reads all channels" if wanted == 1 else f"has {wanted}"
    have = "have" if many else "has"
    return f"{names} {have} {found} groups; the paper's {there}"


def _bias(names, found, wanted):
    return f"no biases in {_named(names)}; every layer of the paper has them"


def _border(names, found, wanted):
    pixels = f"{found[0]} pixel{'s' if found[0] != 1 else ''}"
    return (
        f"conv1 has {pixels} of zeros above and on the left; the paper's has "
        "none there"
    )


def _activation(names, functions, wanted):
    where = f"after {_named(names)}; the paper has ReLU"
    if not functions:
        return f"no activation {where}"
    return f"{' and '.join(map(_word, functions))} {where}"


def _scores(names, functions, wanted):
    if "relu" in functions and functions[-1] == "softmax":
        return (
            "fc8 has a ReLU before its softmax, which loses all scores below "
            "0 and can keep a network from learning; the paper has none"
        )
    return f"fc8 ends in {_word(functions[-1])}; the paper's in softmax"


def _pool(names, found, wanted):
    where = f"after {_named(names)}; the paper has"
    if not found:
        return f"no pool {where} one there"
    count = "a pool" if found == 1 else f"{found} pools"
    return f"{count} {where} {wanted or 'none'} there"


def _pool_kind(names, found, wanted):
    verb = "average" if len(names) > 1 else "averages"
    return f"{_named(names)} {verb}; the paper's take the maximum"


def _pool_size(names, found, wanted):
    apart = "" if found[1] < found[0] else ", so that windows do not overlap"
    return (
        f"{_named(names)} {'are' if len(names) > 1 else 'is'} {found[0]} wide "
        f"and {found[1]} apart{apart}; the paper's are {wanted[0]} wide and "
        f"{wanted[1]} apart"
    )


def _order(names, found, wanted):
    found, wanted = (", ".join(map(_word, kinds)) for kinds in (found, wanted))
    return f"after {_named(names)} come {found}; in the paper {wanted}"


def _batchnorm(names, norms, instead):
    where = f"BatchNormalization after {_named(norms)}"
    if not instead:
        return f"{where}; the paper has none"
    return f"{where} in place of LRN, which the paper has after conv1 and conv2"


def _lrn(names, found, instead):
    if found:
        return f"LRN after {_named(names)}; the paper has none there"
    if instead:
        return None  # `_batchnorm` says so
    if len(names) == 2:
        return "no LRN; the paper has it after conv1 and conv2"
    return f"no LRN after {_named(names)}; the paper has it there"


def _constants(names, found, wanted):
    keys = ("alpha", "bias", "beta", "size")
    origin = next(
        (
            name
            for constants, name in _ORIGINS.items()
            if len(found) == 4
            and all(
                abs(found[key] - value) <= 1e-3 * value
                for key, value in zip(keys, constants, strict=True)
            )
        ),
        None,
    )
    values = [
        ", ".join(
            f"{one[key]:g} channels" if key == "size" else f"{key} {one[key]:g}"
            for key in keys
            if key in one
        )
        for one in (found, wanted)
    ]
    start = f"LRN after {_named(names)} with "
    middle = f"{origin} ({values[0]})" if origin else values[0]
    return f"{start}{middle}; the paper has {values[1]}"


def _reach(names, found, wanted):
    if found != 1:
        return f"LRN after {_named(names)} stays within {found} groups"
    return (
        f"LRN after {_named(names)} reaches over all channels, as the paper's "
        "formula has it; the 2012 code's stays within a tower"
    )


def _global(names, found, wanted):
    return f"a global pool; the paper flattens {wanted or 9216} values"


def _flatten(names, found, wanted):
    if wanted == 9216:
        return f"{found} values reach fc6; the paper has 9216"
    return (
        f"{found} values reach fc6; the paper's network would have {wanted} "
        "of a picture of this size"
    )


def _dropout(names, found, wanted):
    if not found:
        return "no dropout; the paper drops half of fc6's and fc7's units"
    if found == ("conv5", "fc6"):
        return "dropout before fc6 and fc7; the paper's comes after them"
    where = ["before fc6"] if "conv5" in found else []
    found = [name for name in found if name != "conv5"]
    where += [f"after {_named(found)}"] if found else []
    there = (
        f"the paper's after {_named(wanted)}" if wanted else "the paper none"
    )
    return f"dropout {' and '.join(where)}; {there}"


_SPECIAL = {
    "missing": _missing, "extra": _extra, "other": _other, "groups": _groups,
    "bias": _bias, "border": _border, "activation": _activation,
    "scores": _scores, "pool": _pool, "pool kind": _pool_kind,
    "pool size": _pool_size, "order": _order, "batchnorm": _batchnorm,
    "lrn": _lrn, "constants": _constants, "reach": _reach,
    "global": _global, "flatten": _flatten, "dropout": _dropout,
}  # fmt: skip


def clean(text):
    """Makes a stranger's name fit for a terminal."""
    return "".join(c if c.isprintable() else "?" for c in str(text))[:40]


def _word(name):
    return _WORDS.get(name) or clean(name)


def _values(rows, field):
    """Lists the rows' values, or gives the one that they share."""
    values = [
        f"{row[field]:g}" if isinstance(row[field], float) else str(row[field])
        for row in rows
    ]
    return values[0] if len({*values}) == 1 else _listed(values)


def _named(names):
    """Joins names: "conv1 to conv5", or "conv2, conv4 and conv5"."""
    names = list(dict.fromkeys(names))
    for order in (CONVS, DENSES):
        if len(names) > 2 and names[0] in order:
            start = order.index(names[0])
            if list(order[start : start + len(names)]) == names:
                return f"{names[0]} to {names[-1]}"
    return _listed(names)


def _listed(words):
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
