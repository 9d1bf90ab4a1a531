"""Reads the layers of ONNX graphs: operators and shapes, never weights.

Each node becomes a layer, hands on what it reads, or is one of the steps
before conv1, which `pixels` follows. What none of these is stays in the line
under its own name, so that nothing is left out.
"""

import collections
import re

from alexnet_keras.exchange import pixels
from alexnet_keras.exchange.line import (
    IMAGE,
    Layer,
    Other,
    Reading,
    in_one_line,
)
from alexnet_keras.exchange.onnx_constants import read_constants, small
from alexnet_keras.exchange.onnx_layers import (
    Options,
    find_layer,
    flat,
)
from alexnet_keras.exchange.onnx_steps import (
    FLAT,
    FLOATS,
    NAMED,
    Value,
    hand_on,
    inputs,
    is_channels,
    picture,
)
from alexnet_keras.rows import Dropout, Flatten, Norm

# What LRN is made of where it is no operator of its own.
_IN_LRN = re.compile(
    "(MatMul|AveragePool|Pad|If|Add|Sub|Mul|Div|Pow|Sqrt|Reciprocal)"
)
_OF_SHAPES = ("Shape", "Size")


def read_graph(model, folder=None):
    """Reads an `onnx.ModelProto`.

    Args:
        model: An `onnx.ModelProto`.
        folder: Path of its folder, where its weights may lie.

    Returns:
        A `line.Reading`.

    Raises:
        ValueError: If it reads no picture, or more than one input.
    """
    reader = _Reader(model.graph, folder)
    for number, node in enumerate(model.graph.node):
        reader.take(node, f"{number}/{node.op_type}")
    return reader.reading()


class _Reader:
    """Goes through a graph, node by node."""

    def __init__(self, graph, folder):
        self.graph = graph
        self.constants = read_constants(graph, folder)
        self.layers, self.weights, self.unread, self.seen = {}, {}, {}, []
        self.uses = collections.Counter(
            name
            for node in graph.node
            if node.op_type not in _OF_SHAPES
            for name in inputs(node)
        )
        self.makers = {
            name: node.op_type for node in graph.node for name in node.output
        }
        self.uses.update(one.name for one in graph.output)
        images = [
            one
            for one in graph.input
            if one.name not in self.constants and one.name in self.uses
        ]
        if len(images) != 1:
            names = ", ".join(repr(one.name) for one in images[:4])
            raise ValueError(
                f"its graph reads {len(images)} inputs ({names or 'none'}), "
                "and AlexNet reads one, the picture. Export it with its "
                "weights"
            )
        self.image = images[0].type.tensor_type
        self.shape, order = picture(self.image, graph)
        is_float = self.image.elem_type in (0, *FLOATS)
        made = pixels.Pixels(is_float=is_float, is_whole=not is_float)
        self.values = {images[0].name: Value(IMAGE, order=order, pixels=made)}

    def reading(self):
        """Gives what was read."""
        outputs = []
        for one in self.graph.output:
            if value := self.values.get(one.name):
                outputs.append(value.source)
                self._follow(value, "the output", "units", *FLAT)
        # a matrix tells itself how many values it reads
        silent, notes = (Flatten,), ()
        needed = self._needed(outputs)
        line = in_one_line([self.layers[name] for name in needed], outputs)
        if not any(isinstance(layer.row, Dropout) for layer in line):
            silent += (Dropout,)
            notes = (
                "A graph made for inference does not tell whether there was "
                "dropout.",
            )
        made = self.seen[0] if self.seen else None
        if any(str(one) != str(made) for one in self.seen):
            self.unread["Pictures are scaled in several ways."] = None
        if str(made or ""):
            notes += (f"Before conv1 the graph {made}.",)
        return Reading(
            line,
            self.shape,
            silent,
            notes,
            unread=tuple(self.unread),
            weights={x: y for x, y in self.weights.items() if x in needed},
            pixels=made,
        )

    def _needed(self, outputs):
        """Names the layers that outputs depend on, in order."""
        names, needed = [*outputs], set()
        while names:
            name = names.pop()
            if name in self.layers and name not in needed:
                needed.add(name)
                names += [source for source, _ in self.layers[name].reads]
        return [name for name in self.layers if name in needed]

    def take(self, node, name):
        """Takes in a node."""
        names = [one for one in inputs(node) if one in self.values]
        if not names or node.op_type in _OF_SHAPES:
            return  # arithmetic on shapes, not on the picture
        reads = [self.values[one] for one in names]
        kind, options = node.op_type, Options(node)
        if node.domain not in ("", "ai.onnx"):
            given = self._other(f"{kind} of {node.domain}", name, reads)
        elif len(reads) > 1:
            given = self._join(node, name, reads)
        elif kind == "Pow" and not reads[0].square and self._is_two(node):
            given = self._square(kind, name, reads[0])
        else:
            given = (
                hand_on(node, options, reads[0], self.constants)
                or self._with_bias(node, reads[0])
                or self._layer(node, options, name, reads[0])
                or self._other(self._kind(node), name, reads)
            )
        if kind == "Split" and given.source == reads[0].source:
            for place, output in enumerate(node.output):
                part = f"{name}#{place}"
                self.values[output] = given._replace(part=part)
        else:
            self.values.update(dict.fromkeys(node.output, given))

    def _add(self, name, row, reads, **told):
        reads = tuple((value.source, value.part) for value in reads)
        self.layers[name] = Layer(name, row, reads, **told)

    def _kind(self, node):
        """Names a node; one of weights also by where these come from."""
        if node.op_type not in ("Conv", "Gemm", "MatMul"):
            return node.op_type
        unknown = [x for x in node.input if x not in self.constants]
        makers = [self.makers.get(x) for x in unknown if x not in self.values]
        if not makers:
            return node.op_type
        return f"{node.op_type} of weights by {makers[0] or 'nothing'}"

    def _other(self, kind, name, reads):
        """Adds a node that is not understood, which is named."""
        self._add(name, Other(name, kind), reads)
        squares = {value.square[0] for value in reads if value.square}
        square = None
        if len(squares) == 1 and _IN_LRN.fullmatch(kind):
            since = [one for v in reads if v.square for one in v.square[1:]]
            square = (*squares, *dict.fromkeys(since), name)
        order = reads[0].order if square else NAMED
        return Value(name, order=order, square=square)

    def _join(self, node, name, reads):
        """Takes in a node that reads several values."""
        kind = node.op_type
        if kind == "Concat" and len(reads) == len(node.input):
            order = reads[0].order
            axis = Options(node).number("axis", None)
            if {value.order for value in reads} == {order} and is_channels(
                axis, order
            ):
                self._add(name, None, reads)
                return Value(name, order=order)
        if kind == "Mul" and node.input[0] == node.input[1]:
            return self._square(kind, name, reads[0])
        if given := self._normalized(kind, name, *reads[:2]):
            return given
        if not any(value.square for value in reads):
            self.unread[f"{kind} of several values is not understood."] = None
        return self._other(kind, name, reads)

    def _is_two(self, node):
        power = small(self.constants, node.input[1])
        return power is not None and power.size == 1 and power.item() == 2

    def _square(self, kind, name, value):
        """Adds what may be the first node of an LRN."""
        self._add(name, Other(name, kind), [value])
        return Value(name, None, value.order, None, (value.source, name))

    def _normalized(self, kind, name, value, other):
        """Takes in the last node of an LRN: what was squared, over a sum."""
        if kind == "Mul" and value.square:
            value, other = other, value
        if kind not in ("Mul", "Div") or value.square or not other.square:
            return None
        source, *since = other.square
        sums = [
            one
            for one in since
            if self.layers[one].row.kind in ("MatMul", "AveragePool")
        ]
        if value.source != source or len(sums) != 1:
            return None
        for one in since:
            row = Norm(one, *[None] * 5) if one in sums else None
            self.layers[one] = self.layers[one]._replace(row=row)
        self._add(name, None, [other])
        return Value(name, order=value.order)

    def _with_bias(self, node, value):
        """Gives a layer without a bias the one that is added to it."""
        layer, held = (
            one.get(value.source) for one in (self.layers, self.weights)
        )
        name = next((x for x in node.input if x in self.constants), None)
        if node.op_type != "Add" or not held or held.bias or name is None:
            return None
        aliases = [
            x for x, y in self.values.items() if y.source == value.source
        ]
        if any(self.uses[x] != 1 for x in aliases):
            return None  # something reads it without that bias
        bias = self.constants[name]
        shape = [1] * (4 - len(bias.shape)) + [*bias.shape]
        wanted = [1] * 4
        wanted[value.order.find("C")] = held.kernel.shape[0]
        if shape != wanted:
            return None
        self.weights[value.source] = held._replace(bias=flat(bias))
        row = layer.row._replace(bias=True)
        self.layers[value.source] = layer._replace(row=row)
        return value

    def _layer(self, node, options, name, value):
        """Adds the layer that a node is; None if it is none."""
        is_sum = value.square and node.op_type == "MatMul"  # as in LRN
        if is_sum or node.input[0] not in self.values:
            return None
        found = find_layer(node, options, name, value.order, self.constants)
        if found is None:
            return None
        self._follow(value, node.op_type, *found.orders)
        if value.pixels:
            self.seen.append(value.pixels)
        if found.held:
            self.weights[name] = found.held
        told = {"remarks": found.remarks, "before": found.before}
        self._add(name, found.row, [value], **told)
        return Value(name, order=found.order)

    def _follow(self, value, kind, *orders):
        """Notes where values stand in an order that was not followed."""
        if value.order not in (NAMED, *orders):
            moved = value.order
            if moved in ("units", *FLAT):
                moved = "the graph"
            text = f"How {moved} arranges what {kind} reads is not followed."
            self.unread[text] = None
