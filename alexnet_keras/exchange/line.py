"""A network's layers in one line, as rows; two towers are one layer.

The readers of this package give `Node`s, which read one another.
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


BRANCHES = Other("", "branches")
_END = Other("", "output")


class Activation(NamedTuple):
    """A function that stands by itself."""

    name: str
    function: str


class Node(NamedTuple):
    """One call of a layer.

    Attributes:
        name: Str, its own.
        row: One of `rows`, an `Other` or an `Activation`; None for what only
            hands on what it reads. What a source does not tell is None.
        reads: List of pairs of another node's name, or `IMAGE`, and what part
            of its channels is read: None for all.
        shape: What it reads, without the batch, as far as that is told.
        remarks: Tuple of str, what its row cannot say.
    """

    name: str
    row: object
    reads: tuple
    shape: tuple = ()
    remarks: tuple = ()


class Found(NamedTuple):
    """A row of a network, and what the row cannot say.

    `reads` is the shape of what it reads, where that is told; `apart` tells a
    `Dense` whose halves read a tower each.
    """

    row: object
    remarks: tuple = ()
    reads: tuple = ()
    apart: bool = False


class Reading(NamedTuple):
    """What a reader makes of a source.

    Attributes:
        found: List of `Found`.
        shape: `(height, width, channels)` of the pictures, or None.
        silent: Kinds of rows that the source does not tell.
        notes: Tuple of str, what it does not tell, in words.
        parameters: Int, where they are counted.
        told: Str, the network's name in `networks.NETWORKS`, where it is told.
    """

    found: list
    shape: tuple | None = None
    silent: tuple = ()
    notes: tuple = ()
    parameters: int | None = None
    told: str | None = None


def in_one_line(nodes, outputs):
    """Puts a network's nodes into one line, from the image on.

    Layers side by side that join again are the towers of one layer: two
    convolutions of 128 filters become one of 256, in two groups if each reads
    its own channels. Where the two differ, a remark says so.

    Args:
        nodes: List of `Node` in any order.
        outputs: List of names of nodes, one for each output.

    Returns:
        List of `Found`. Where branches are none of towers, the line ends with
        an `Other` that says so.
    """
    ends = [
        Node(f"output {number}", _END, ((name, None),))
        for number, name in enumerate(outputs)
    ]
    nodes = _direct([*nodes, *ends])
    readers = collections.defaultdict(list)
    for node in nodes:
        for name in dict.fromkeys(name for name, _ in node.reads):
            readers[name].append(node)
    for name, own in readers.items():  # an output within is passed over
        readers[name] = [node for node in own if node.row is not _END] or own
    found, here = [], {IMAGE}
    while following := list(
        {node.name: node for name in here for node in readers[name]}.values()
    ):
        chains = [_chain(node, readers) for node in following]
        if not _is_understood(following, here):
            return [*found, Found(BRANCHES)]
        if len(following) == 1 and following[0].row is _END:
            break
        if len(following) == 1:
            _, row, _, shape, remarks = following[0]
            found.append(Found(row, remarks, shape))
            here = {following[0].name}
        else:
            apart = following[0].reads != following[1].reads
            found += _towers(*chains, apart)
            here = {chain[-1].name for chain in chains}
    return _joined(found) if len(here) == 1 else [*found, Found(BRANCHES)]


def _is_understood(following, here):
    """Tells one layer after another, and two towers, from other graphs."""
    parts = [tuple({part for _, part in node.reads}) for node in following]
    if any({name for name, _ in node.reads} != here for node in following):
        return False  # each reads all there is, or a part of its own of it
    if len(following) == 1:
        return parts == [(None,)]
    return parts == [(None,)] * 2 or (
        len(set(parts)) == len(parts) == 2 and all(map(all, parts))
    )


def _chain(node, readers):
    """Lists a node and those after it, up to where others are read too."""
    chain = [node]
    while len(after := readers[chain[-1].name]) == 1 and (
        [*after[0].reads] == [(chain[-1].name, None)]
    ):
        chain.append(after[0])
    return chain


def _direct(nodes):
    """Leaves out what only hands on what it reads, and sorts the rest."""
    by_name = {node.name: node for node in nodes}
    graph = {
        node.name: [name for name, _ in node.reads if name in by_name]
        for node in nodes
    }
    try:
        order = list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError:
        raise ValueError("its layers read one another in a circle") from None
    sources, direct = {IMAGE: ((IMAGE, None),)}, []
    for name in order:
        node = by_name[name]
        reads = tuple(
            dict.fromkeys(
                (source, part or own)
                for read, part in node.reads
                for source, own in sources.get(read, ())
            )
        )
        sources[name] = reads if node.row is None else ((name, None),)
        if node.row is not None and reads:
            direct.append(node._replace(reads=reads))
    return direct


def _joined(line):
    """Lets a layer take in the function that follows it."""
    joined = []
    for one in line:
        before = joined[-1].row if joined else None
        if isinstance(one.row, Activation) and isinstance(before, Conv | Dense):
            both = (before.activation, one.row.function)
            both = [name for name in both if name not in (None, "linear")]
            row = before._replace(activation=", ".join(both) or "linear")
            joined[-1] = joined[-1]._replace(row=row)
        else:
            joined.append(one)
    return joined


def _towers(first, second, apart):
    """Makes rows of two chains of nodes; `apart`: they begin on parts."""
    found, first, second = [], _joined(first), _joined(second)
    for i, j in align(
        [node.row for node in first], [node.row for node in second]
    ):
        if None in (i, j):
            lone = first[i] if j is None else second[j]
            row, remarks = lone.row, (*lone.remarks, "in one tower only")
            if isinstance(row, Norm) and row.groups:
                row = row._replace(groups=2 * row.groups)
            found.append(Found(row, remarks))
        else:
            found.append(_tower(first[i], second[j], apart or i > 0))
    return found


def _tower(one, other, apart):
    """Makes one row of two nodes that stand side by side."""
    remarks = tuple(dict.fromkeys(one.remarks + other.remarks))
    changes, row, reads = {}, one.row, one.shape
    for field, value in row._asdict().items():
        theirs = getattr(other.row, field)
        if field != "name" and value != theirs:
            remarks += (f"{field}={value} in one tower, {theirs} in the other",)
            changes[field] = None
        if field in ("filters", "units") and value and theirs:
            changes[field] = value + theirs
    if apart and reads and reads[-1]:
        reads = (*reads[:-1], 2 * reads[-1])
    if apart and isinstance(row, Conv | Norm) and row.groups:
        changes["groups"] = 2 * row.groups
    apart = apart and isinstance(row, Dense)
    if apart:
        remarks += ("each half reads its own tower only",)
    return Found(row._replace(**changes), remarks, reads, apart)


def align(one, other):
    """Pairs two lists of rows, so that the pairs are most alike.

    Returns:
        List of pairs of indices, in order; None stands for no partner.
    """
    best = {(0, 0): (0, None)}
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            ways = []
            if i and j:
                cost = _unlike(one[i - 1], other[j - 1], i == len(one))
                ways.append((best[i - 1, j - 1][0] + cost, (i - 1, j - 1)))
            if i:
                cost = best[i - 1, j][0] + _weight(one[i - 1])
                ways.append((cost, (i - 1, j)))
            if j:
                cost = best[i, j - 1][0] + _weight(other[j - 1])
                ways.append((cost, (i, j - 1)))
            if ways:
                best[i, j] = min(ways, key=lambda way: way[0])
    pairs, place = [], (len(one), len(other))
    while place != (0, 0):
        before = best[place][1]
        pair = (max(place[0] - 1, 0), max(place[1] - 1, 0))
        pairs.append(
            tuple(
                number if number_now != number_before else None
                for number, number_now, number_before in zip(
                    pair, place, before, strict=True
                )
            )
        )
        place = before
    return pairs[::-1]


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
