"""How a network differs from an AlexNet that is known, aspect by aspect."""

import itertools
from typing import NamedTuple

from alexnet_keras.fingerprint.known import (
    CONVS,
    DENSES,
    KERNELS,
    KNOWN,
    known_network,
)
from alexnet_keras.fingerprint.steps import Step, ends, measure, places


class Block(NamedTuple):
    """A convolution or fully connected layer and what follows it."""

    step: Step
    before: tuple[int | None, ...]
    after: tuple[int | None, ...]
    tail: list

    def all(self, kind):
        """Gives what follows the layer and is of one kind."""
        return [one for one in self.tail if one.step.kind == kind]


class Body(NamedTuple):
    """A network, its layers under the names of the paper's.

    `extra` and `missing` tell those that have no partner in the paper.
    """

    blocks: dict[str, Block]
    extra: list[tuple[str, Block]]
    missing: list[str]
    head: list
    flatten: int | None


class Difference(NamedTuple):
    """One aspect of one layer in which two networks differ."""

    aspect: str
    layer: str
    found: object
    wanted: object


def body(measured):
    """Gives the layers of a network the names of the paper's layers."""
    head, blocks = [], []
    for one in measured:
        if one.step.kind in ("conv", "dense"):
            blocks.append(Block(one.step, one.before, one.after, []))
        else:
            (blocks[-1].tail if blocks else head).append(one)
    convs = [one for one in blocks if one.step.kind == "conv"]
    denses = [one for one in blocks if one.step.kind == "dense"]
    named, extra, missing = {}, [], []
    _name(convs, CONVS, named, extra, missing)
    _name(denses[:-1], DENSES[:2], named, extra, missing)
    # the last one is fc8, whatever its width
    _name(denses[-1:], DENSES[2:], named, extra, missing)
    flatten = None
    if denses:
        reads = denses[0].step.settings.get("inputs")
        flatten = reads or denses[0].before[-1]
    elif measured and None not in measured[-1].after:
        flatten = 1
        for side in measured[-1].after:
            flatten *= side
    return Body(named, extra, missing, head, flatten)


def _name(blocks, names, named, extra, missing):
    """Pairs layers with names in order, so that the pairs are most alike."""
    few = min(len(blocks), len(names))
    choices = itertools.product(
        itertools.combinations(range(len(blocks)), few),
        itertools.combinations(range(len(names)), few),
    )
    best = min(
        choices,
        key=lambda pair: sum(
            _unlike(blocks[i], names[j]) for i, j in zip(*pair, strict=True)
        ),
    )
    for i, j in zip(*best, strict=True):
        named[names[j]] = blocks[i]
    missing += [one for j, one in enumerate(names) if j not in best[1]]
    last = "the input"
    for i, block in enumerate(blocks):
        if i in best[0]:
            last = names[best[1][best[0].index(i)]]
        else:
            extra.append((last, block))


def _unlike(block, name):
    settings = block.step.settings
    if name in DENSES:
        return settings["units"] != KNOWN["paper"][1]["units"]
    i = CONVS.index(name)
    return (settings["filters"] != KNOWN["paper"][1]["filters"][i]) + (
        settings["kernel"] != KERNELS[i]
    )


def differences(found, wanted, silent=frozenset()):
    """Lists how a network differs from another, aspect by aspect.

    Args:
        found: `Body`.
        wanted: `Body` of a network that is known.
        silent: Set of aspects that are not compared.

    Returns:
        List of `Difference`.
    """
    listed = [
        *_layers(found, wanted),
        *_convolutions(found, wanted),
        *_between(found, wanted),
        *_normalizations(found, wanted, "lrn" in silent),
        *_dense(found, wanted),
    ]
    return [one for one in listed if one.aspect not in silent]


def _pairs(found, wanted, names):
    for name in names:
        if name in found.blocks and name in wanted.blocks:
            yield name, found.blocks[name], wanted.blocks[name]


def _layers(found, wanted):
    for name in found.missing:
        yield Difference("missing", name, name in CONVS, None)
    for after, block in found.extra:
        yield Difference("extra", after, block.step, None)
    strange = [
        one.step.settings["kind"]
        for one in _everything(found)
        if one.step.kind == "other" and one not in found.head
    ]
    if strange:
        yield Difference("other", "", tuple(dict.fromkeys(strange)), None)


def _everything(network):
    blocks = [*network.blocks.values(), *(one for _, one in network.extra)]
    return [*network.head, *(one for block in blocks for one in block.tail)]


def _convolutions(found, wanted):
    for name, one, other in _pairs(found, wanted, CONVS):
        a, b = one.step.settings, other.step.settings
        keys = ("filters", "kernel", "stride", "dilation", "groups", "bias")
        unlike = [key for key in keys if a[key] != b[key]]
        for key in unlike:
            yield Difference(key, name, a[key], b[key])
        if {"kernel", "stride", "dilation"} & {*unlike} and name == "conv1":
            continue
        if "stride" in unlike or len(one.before) != 3:
            continue
        # conv1's places are compared for the same picture
        here = one.after[0]
        there = other.after[0] if name == "conv1" else one.before[0]
        if name != "conv1" and b["padding"] != "same":
            there = places(one.before[0], b)
        if here and there and here != there:
            yield Difference("places", name, here, there)
        elif name == "conv1" and ends(a)[0][0] != ends(b)[0][0]:
            yield Difference("border", name, ends(a)[0], ends(b)[0])


def _between(found, wanted):
    for name, one, other in _pairs(found, wanted, (*CONVS, *DENSES)):
        functions = tuple(
            step.settings["function"]
            for step, *_ in one.all("activation")
            if step.settings["function"] != "linear"
        )
        if name == "fc8":
            if functions not in ((), ("softmax",), ("log_softmax",)):
                yield Difference("scores", name, functions, "softmax")
        elif functions != ("relu",):
            yield Difference("activation", name, functions, "relu")
        pools, wanted_pools = one.all("pool"), other.all("pool")
        if len(pools) != len(wanted_pools):
            yield Difference("pool", name, len(pools), len(wanted_pools))
        for pool, model in zip(pools, wanted_pools, strict=False):
            yield from _pool(name, pool, model.step.settings)
        order = _order(one), _order(other)
        shared = {*order[0]} & {*order[1]}
        order = [
            tuple(kind for kind in kinds if kind in shared) for kinds in order
        ]
        if order[0] != order[1]:
            yield Difference("order", name, *order)


def _order(block):
    kinds = [one.step.kind for one in block.tail]
    kinds = [kind for kind in kinds if kind in ("activation", "lrn", "pool")]
    return tuple(dict.fromkeys(kinds))


def _pool(name, pool, model):
    settings = pool.step.settings
    if settings["how"] != model["how"]:
        yield Difference("pool kind", name, settings["how"], model["how"])
    sizes = [(one["kernel"], one["stride"]) for one in (settings, model)]
    if sizes[0] != sizes[1]:
        yield Difference("pool size", name, *sizes)
    elif len(pool.before) == 3 and pool.after[0]:
        side = pool.before[0]
        up = places(side, {**model, "rounding": "up"})
        # rounding down at one pixel too few shows in conv1 and in fc6
        if pool.after[0] not in (up, places(side, model)):
            yield Difference("pool places", name, pool.after[0], up)


def _normalizations(found, wanted, silent):
    norms = [
        name
        for name in (*CONVS, *DENSES)
        if name in found.blocks and found.blocks[name].all("batchnorm")
    ]
    lrns = [
        name for name, one, _ in _pairs(found, wanted, CONVS) if one.all("lrn")
    ]
    if norms:
        instead = not lrns and not silent
        yield Difference("batchnorm", "", tuple(norms), instead)
    for name, one, other in _pairs(found, wanted, CONVS):
        a, b = one.all("lrn"), other.all("lrn")
        if bool(a) != bool(b):
            instead = bool(norms) and not lrns
            yield Difference("lrn", name, bool(a), instead)
        elif a:
            a, b = a[0].step.settings, b[0].step.settings
            keys = ("alpha", "bias", "beta", "size")
            mine = {key: a[key] for key in keys if key in a}
            if any(abs(mine[key] - b[key]) > 1e-3 * b[key] for key in mine):
                yield Difference("constants", name, mine, b)
            if a.get("groups", b["groups"]) != b["groups"]:
                yield Difference("reach", name, a["groups"], b["groups"])


def _dense(found, wanted):
    for name, one, other in _pairs(found, wanted, DENSES):
        a, b = one.step.settings, other.step.settings
        if a["bias"] != b["bias"]:
            yield Difference("bias", name, a["bias"], b["bias"])
        if a["units"] != b["units"] and name != "fc8":
            yield Difference("units", name, a["units"], b["units"])
    if any(one.step.kind == "global" for one in _everything(found)):
        yield Difference("global", "fc6", found.flatten, wanted.flatten)
    elif found.flatten and found.flatten != (wanted.flatten or 9216):
        there = wanted.flatten or 9216
        yield Difference("flatten", "fc6", found.flatten, there)
    drops, rates = _dropouts(found)
    wanted_drops = tuple(
        name for name in _dropouts(wanted)[0] if name in found.blocks
    )
    if drops != wanted_drops and "fc8" in found.blocks:
        yield Difference("dropout", "", drops, wanted_drops)
    for name, rate in rates:
        if abs(rate - 0.5) > 1e-6:
            yield Difference("rate", name, rate, 0.5)


def _dropouts(network):
    """Gives the layers after which units are dropped, and the rates."""
    found = [
        (name, one.step.settings["rate"])
        for name in (*CONVS, *DENSES)
        if name in network.blocks
        for one in network.blocks[name].all("dropout")
    ]
    return tuple(dict.fromkeys(name for name, _ in found)), found


def compare(found, name, shape, silent=frozenset()):
    """Lists how a network differs from one of `KNOWN`, at the same size."""
    known, shape = known_network(name, shape)
    return differences(found, body(measure(known, shape)), silent)
