"""A network's layers in one line, as rows; two towers are one layer.

The readers of this package give `Layer`s, which read one another.
"""

import collections
import graphlib
from typing import NamedTuple

from alexnet_keras.rows import Conv, Dense, Dropout, Norm, Pool

IMAGE = "the image"


class Other(NamedTuple):
    """A layer that no table of ours has.

    `weights` are those of each channel, or None if it may have others. `gives`
    is what becomes of the shape: `"same"`, another shape, or None where that
    is not told. `zeros` are those that it puts above a map.
    """

    name: str
    kind: str
    weights: int | None = None
    gives: str | tuple | None = None
    zeros: int | None = None


class Activation(NamedTuple):
    """A function that stands by itself."""

    name: str
    function: str


BRANCHES = Other("", "branches")
_END = Other("", "output")


class Layer(NamedTuple):
    """One call of a layer, or one layer of a line.

    Attributes:
        name: Str, its own.
        row: One of `rows`, an `Other` or an `Activation`; None for what only
            hands on what it reads. What a source does not tell is None.
        reads: Pairs of another layer's name, or `IMAGE`, and what part of its
            channels is read: None for all.
        before: The shape of what it reads, without the batch, where that is
            told; `after` that of what it gives.
        after: Tuple or None.
        remarks: Tuple of str, what its row cannot say.
        apart: Bool, whether each half of a `Dense` reads a tower of its own.
        parameters: Int, where they are counted.
    """

    name: str
    row: object
    reads: tuple = ()
    before: tuple | None = None
    after: tuple | None = None
    remarks: tuple = ()
    apart: bool = False
    parameters: int | None = None


class Reading(NamedTuple):
    """What a reader makes of a source.

    Attributes:
        line: List of `Layer`, each after the one that it reads.
        shape: `(height, width, channels)` of the pictures, or None.
        silent: Kinds of rows that the source does not tell.
        notes: Tuple of str, what it does not tell, in words.
        parameters: Int, where they are counted.
        told: Str, the network's name in `networks.NETWORKS`, where it is told.
        unread: Tuple of str, what it tells and is not understood, in words.
        weights: Dict from a layer's name to its arrays, where they are at
            hand.
        pixels: What is made of the pictures first, `pixels.Pixels`, or None.
    """

    line: list
    shape: tuple | None = None
    silent: tuple = ()
    notes: tuple = ()
    parameters: int | None = None
    told: str | None = None
    unread: tuple = ()
    weights: dict | None = None
    pixels: object = None


def in_one_line(layers, outputs):
    """Puts a network's layers into one line, from the image on.

    Layers side by side that join again are the towers of one layer: two
    convolutions of 128 filters become one of 256, in two groups if each reads
    its own channels. Where the two differ, a remark says so.

    Args:
        layers: List of `Layer` in any order.
        outputs: List of names, one for each output.

    Returns:
        List of `Layer`. Where branches are none of towers, the line ends with
        `BRANCHES`.
    """
    ends = [
        Layer(f"output {number}", _END, ((name, None),))
        for number, name in enumerate(outputs)
    ]
    readers = collections.defaultdict(list)
    for layer in _direct([*layers, *ends]):
        for name in dict.fromkeys(name for name, _ in layer.reads):
            readers[name].append(layer)
    for name, own in readers.items():  # an output within is passed over
        readers[name] = [layer for layer in own if layer.row is not _END] or own
    line, here = [], {IMAGE}
    while following := list(
        {layer.name: layer for name in here for layer in readers[name]}.values()
    ):
        if not _is_understood(following, here):
            break
        if following[0].row is _END:
            return _joined(line)
        if len(following) == 1:
            line += following
            here = {following[0].name}
        else:
            chains = [_chain(layer, readers) for layer in following]
            line += _towers(*chains, following[0].reads != following[1].reads)
            here = {chain[-1].name for chain in chains}
    return [*line, Layer("", BRANCHES)]


def _is_understood(following, here):
    """Tells one layer after another, and two towers, from other graphs."""
    if any({name for name, _ in layer.reads} != here for layer in following):
        return False  # each reads all there is, or a part of its own of it
    parts = [tuple({part for _, part in layer.reads}) for layer in following]
    if len(following) == 1 or parts == [(None,)] * 2:
        return parts[0] == (None,)
    return len(set(parts)) == len(parts) == 2 and all(map(all, parts))


def _chain(layer, readers):
    """Lists a layer and those after it, up to where others are read too."""
    chain = [layer]
    while len(after := readers[chain[-1].name]) == 1 and (
        [*after[0].reads] == [(chain[-1].name, None)]
    ):
        chain.append(after[0])
    return chain


def _direct(layers):
    """Leaves out what only hands on what it reads, and sorts the rest."""
    by_name = {layer.name: layer for layer in layers}
    graph = {
        layer.name: [name for name, _ in layer.reads if name in by_name]
        for layer in layers
    }
    try:
        order = list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError:
        raise ValueError("its layers read one another in a circle") from None
    sources, direct = {IMAGE: ((IMAGE, None),)}, []
    for name in order:
        layer = by_name[name]
        reads = tuple(
            dict.fromkeys(
                (source, part or own)
                for read, part in layer.reads
                for source, own in sources.get(read, ())
            )
        )
        sources[name] = reads if layer.row is None else ((name, None),)
        if layer.row is not None and reads:
            direct.append(layer._replace(reads=reads))
    return direct


def _joined(line):
    """Lets a layer take in the function that follows it."""
    joined = []
    for layer in line:
        before = joined[-1].row if joined else None
        if isinstance(layer.row, Activation) and (
            isinstance(before, Conv | Dense)
        ):
            both = (before.activation, layer.row.function)
            both = [name for name in both if name not in (None, "linear")]
            row = before._replace(activation=", ".join(both) or "linear")
            remarks = joined[-1].remarks + layer.remarks
            joined[-1] = joined[-1]._replace(row=row, remarks=remarks)
        else:
            joined.append(layer)
    return joined


def _towers(first, second, apart):
    """Makes one chain of two; `apart`: they begin on parts."""
    line, first, second = [], _joined(first), _joined(second)
    for i, j in align(
        [layer.row for layer in first], [layer.row for layer in second]
    ):
        if None not in (i, j):
            line.append(_tower(first[i], second[j], apart or i > 0))
            continue
        lone = first[i] if j is None else second[j]
        row, remarks = lone.row, (*lone.remarks, "in one tower only")
        if isinstance(row, Norm) and row.groups:
            row = row._replace(groups=2 * row.groups)
        line.append(lone._replace(row=row, before=None, remarks=remarks))
    return line


def _tower(one, other, apart):
    """Makes one layer of two that stand side by side."""
    remarks = tuple(dict.fromkeys(one.remarks + other.remarks))
    changes, row, before = {}, one.row, one.before
    if type(row) is not type(other.row):
        kind = getattr(other.row, "kind", type(other.row).__name__)
        remarks += (f"{kind} in the other tower",)
        return one._replace(remarks=remarks)
    for field, value in row._asdict().items():
        theirs = getattr(other.row, field)
        if field != "name" and value != theirs:
            remarks += (f"{field}={value} in one tower, {theirs} in the other",)
            changes[field] = None
        if field in ("filters", "units") and value and theirs:
            changes[field] = value + theirs
    if apart and before and before[-1]:
        before = (*before[:-1], 2 * before[-1])
    if apart and isinstance(row, Conv | Norm) and row.groups:
        changes["groups"] = 2 * row.groups
    apart = apart and isinstance(row, Dense)
    if apart:
        remarks += ("each half reads its own tower only",)
    row = row._replace(**changes)
    return one._replace(row=row, before=before, remarks=remarks, apart=apart)


def align(one, other):
    """Pairs two lists of rows, so that the pairs are most alike.

    Returns:
        List of pairs of indices, in order; None stands for no partner.
    """
    best = {(0, 0): (0, None, None)}  # the cost, the place before, the pair
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            ways = []
            if i and j:
                cost = _unlike(one[i - 1], other[j - 1], i == len(one))
                ways.append((cost, (i - 1, j - 1), (i - 1, j - 1)))
            if i:
                ways.append((_weight(one[i - 1]), (i - 1, j), (i - 1, None)))
            if j:
                ways.append((_weight(other[j - 1]), (i, j - 1), (None, j - 1)))
            if ways:
                best[i, j] = min(
                    (
                        (best[way][0] + cost, way, pair)
                        for cost, way, pair in ways
                    ),
                    key=lambda found: found[0],
                )
    pairs, place = [], (len(one), len(other))
    while place != (0, 0):
        _, place, pair = best[place]
        pairs.insert(0, pair)
    return pairs


def _weight(row):
    """Says how much it takes to leave a row without a partner."""
    return 3 if isinstance(row, Conv | Dense) else 1


def _unlike(one, other, is_last):
    """Says how much two rows differ."""
    if isinstance(other, Other) and _may_stand_for(other, one):
        return 1.5
    if type(one) is not type(other):
        return 9
    weights = {"filters": 1, "filter_size": 1, "units": 1, "kind": 9}
    return sum(
        weights.get(field, 0.2)
        for field, value in one._asdict().items()
        if field not in ("name", "padding", "rounding")
        and not (is_last and field == "units")
        and None not in (value, getattr(other, field))
        and value != getattr(other, field)
    )


def _may_stand_for(other, row):
    """Tells whether a layer of another kind may have taken a row's place."""
    if other.kind == "Lambda":
        return not isinstance(row, Conv | Dense | Other)
    if isinstance(row, Pool):
        return "Pool" in other.kind and "Global" not in other.kind
    return other.gives == "same" and isinstance(row, Norm | Dropout)
