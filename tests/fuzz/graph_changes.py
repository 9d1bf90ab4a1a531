"""Changes to ONNX graphs: any field of any message, and harm on purpose."""

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor as Kind
from onnx import TensorProto, helper, numpy_helper
from test_onnx_graphs import copies

from fuzz.damage import damaged
from fuzz.trying import SECRET

_WHOLE = {Kind.CPPTYPE_INT32: 31, Kind.CPPTYPE_INT64: 63}
_HUGE = (10**6, 2**20, 2**31 - 1, 10**12, 2**63 - 1, -1, -(2**63), 0)
_NAMES = ("", "x" * 4_000, "\x1b[2Jname", "nothing", "caf\u00e9", "a/b\\c")
_OPS = (
    "Relu Conv Gemm MatMul Add Mul Div Sub LRN MaxPool AveragePool Flatten "
    "Reshape Transpose Softmax Dropout Identity Cast Concat Split Slice Gather "
    "If Loop Shape Pad Clip BatchNormalization Squeeze Unsqueeze Constant Pow"
).split()


def _places(message, found, depth=0):
    """Lists the messages within one, and the names of their set fields."""
    for field, value in message.ListFields():
        found.append((message, field))
        if field.cpp_type == Kind.CPPTYPE_MESSAGE and depth < 20:
            inner = value if _is_list(field) else [value]
            for one in inner:
                _places(one, found, depth + 1)
    return found


def _is_list(field):
    return getattr(field, "is_repeated", None) or (
        hasattr(field, "label") and field.label == Kind.LABEL_REPEATED
    )


def change_field(model, rng):
    """Changes one field somewhere.

    Returns:
        Str, what was done.
    """
    places = _places(model, [])
    message, field = places[rng.integers(len(places))]
    own = getattr(message, field.name)
    if not _is_list(field):
        if field.cpp_type == Kind.CPPTYPE_MESSAGE or rng.random() < 0.2:
            message.ClearField(field.name)
            return "a field left out"
        setattr(message, field.name, _other(own, field, model, rng))
        return "a field changed"
    place = int(rng.integers(len(own)))
    match rng.integers(4):
        case 0:
            del own[place]
            return "a part left out"
        case 1:
            again = [*own][int(rng.integers(len(own)))]
            if field.cpp_type == Kind.CPPTYPE_MESSAGE:
                own.add().CopyFrom(again)
            else:
                own.append(again)
            return "a part twice"
        case 2:
            copies = _copied(own, field)
            order = rng.permutation(len(copies))
            del own[:]
            own.extend([copies[i] for i in order])
            return "parts in another order"
    if field.cpp_type == Kind.CPPTYPE_MESSAGE:
        own[place].Clear()
        return "a part empty"
    own[place] = _other(own[place], field, model, rng)
    return "a part changed"


def _copied(own, field):
    return copies(own) if field.cpp_type == Kind.CPPTYPE_MESSAGE else [*own]


def _other(value, field, model, rng):
    """Gives another value of a field's type."""
    if field.cpp_type in _WHOLE:
        if rng.random() < 0.5:
            return int(rng.integers(0, 20))
        bits = _WHOLE[field.cpp_type]
        number = _HUGE[rng.integers(len(_HUGE))]
        return max(-(2**bits), min(number, 2**bits - 1))
    if field.cpp_type == Kind.CPPTYPE_ENUM:
        numbers = [*field.enum_type.values_by_number]
        return numbers[rng.integers(len(numbers))]
    if field.type == Kind.TYPE_BYTES:
        return damaged(value, rng)[1] if value else b"\xff"
    if field.cpp_type == Kind.CPPTYPE_STRING:
        names = [
            *(name for node in model.graph.node for name in node.output),
            *(one.name for one in model.graph.initializer),
            *_NAMES,
            *_OPS,
        ]
        return names[rng.integers(len(names))]
    floats = (0.0, -1.0, 1e30, float("nan"), float("inf"), 1e-45)
    return floats[rng.integers(len(floats))]


# --- harm on purpose


def _tensor(model, rng):
    own = model.graph.initializer
    return own[rng.integers(len(own))]


def huge(model, rng, folder):
    """A tensor that is said to be very large, with next to no bytes."""
    tensor = _tensor(model, rng)
    shapes = ([10**12], [2**20, 2**20], [2**62, 4], [0, 2**40], [-1], [-4, -4])
    tensor.dims[:] = shapes[rng.integers(len(shapes))]
    if rng.integers(2):
        tensor.ClearField("raw_data")


def circle(model, rng, folder):
    """Nodes that read what comes after them, or themselves."""
    nodes = model.graph.node
    one, other = (nodes[rng.integers(len(nodes))] for _ in range(2))
    one.input[0] = other.output[0]


def unknown(model, rng, folder):
    """Operators that nobody knows, or of somebody's own."""
    node = model.graph.node[rng.integers(len(model.graph.node))]
    if rng.integers(2):
        node.domain = ("com.microsoft", "os", "\x1b[2J", "ai.onnx")[
            rng.integers(4)
        ]
    else:
        names = ("system", "\x1b]0;x\x07", "Q" * 3_000, *_OPS)
        node.op_type = names[rng.integers(len(names))]


def elsewhere(model, rng, folder):
    """Weights that are said to lie in another file."""
    secret = folder.parent / SECRET
    secret.write_bytes(bytes(2**20))
    (folder / "link.bin").symlink_to(secret)
    (folder / "beside.bin").write_bytes(bytes(2**20))
    places = (
        f"../{SECRET}",
        str(secret),
        "link.bin",
        "beside.bin",
        f"a/../../{SECRET}",
        "",
        ".",
        "..",
        "nul\0byte",
        "x" * 5_000,
        "\x1b[2J",
        "/etc/passwd",
        "/dev/zero",
        "file:///etc/passwd",
        "C:\\secret",
        f"./../case/../{SECRET}",
    )
    tensor = _tensor(model, rng)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    numbers = ("0", "-8", str(2**62), "x", "1e3", "9" * 5_000, "\u0663")
    tensor.external_data.add(
        key="location", value=places[rng.integers(len(places))]
    )
    for key in ("offset", "length"):
        if rng.random() < 0.4:
            value = numbers[rng.integers(len(numbers))]
            tensor.external_data.add(key=key, value=value)


def long(model, rng, folder):
    """Very many nodes, one after another."""
    kinds = ("Identity", "Relu", "Dropout", "Squeeze", "Pad")
    kind = kinds[rng.integers(len(kinds))]
    count = int(rng.choice([300, 3_000, 30_000]))
    place = model.graph.node[0].input[0]
    names = [place, *(f"n{i}" for i in range(count))]
    nodes = [
        helper.make_node(kind, [one], [other])
        for one, other in zip(names, names[1:], strict=False)
    ]
    model.graph.node[0].input[0] = names[-1]
    _put_first(model, nodes)


def chain(model, rng, folder):
    """A constant that is cast or turned over and over."""
    kind, count = ("Cast", "Transpose")[rng.integers(2)], 3_000
    tensor = _tensor(model, rng)
    before, tensor.name = tensor.name, "c0"
    options = {"to": 1} if kind == "Cast" else {}
    nodes = [
        helper.make_node(kind, [f"c{i}"], [f"c{i + 1}"], **options)
        for i in range(count)
    ]
    nodes[-1].output[0] = before
    _put_first(model, nodes)


def _put_first(model, nodes):
    own = copies(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *own])


def within(model, rng, folder):
    """Graphs within graphs."""
    graph = onnx.GraphProto(name="inner")
    for _ in range(int(rng.choice([2, 20, 45]))):
        node = helper.make_node("If", [], ["a"])
        node.attribute.add(name="then_branch", type=5).g.CopyFrom(graph)
        graph = onnx.GraphProto(name="inner")
        graph.node.add().CopyFrom(node)
    model.graph.node.add().CopyFrom(graph.node[0])
    model.graph.node[-1].input.append(model.graph.node[3].output[0])


def bare(model, rng, folder):
    """A graph without nodes, inputs, outputs or weights."""
    kinds = ("node", "input", "output", "initializer")
    model.graph.ClearField(kinds[rng.integers(4)])


def values(model, rng, folder):
    """Weights that are not finite, or of another type."""
    tensor = _tensor(model, rng)
    array = numpy_helper.to_array(tensor)
    match rng.integers(4):
        case 0:
            array = np.full_like(array, (np.nan, np.inf)[rng.integers(2)])
        case 1:
            array = array.astype(("f2", "f8", "i4", "u1")[rng.integers(4)])
        case 2:
            array = array.T.copy()
        case 3:
            tensor.data_type = int(rng.integers(0, 30))
            return
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def option(model, rng, folder):
    """An attribute with another number or of another type."""
    nodes = [node for node in model.graph.node if node.attribute]
    node = nodes[rng.integers(len(nodes))]
    place = int(rng.integers(len(node.attribute)))
    name = node.attribute[place].name
    numbers = (0, -1, 1, 2, 3, 10**6, 2**31, -(2**63), 0.5, "SAME_UPPER")
    number = numbers[rng.integers(len(numbers))]
    if rng.integers(2) and not isinstance(number, str):
        number = [number] * int(rng.integers(1, 7))
    node.attribute[place].CopyFrom(helper.make_attribute(name, number))


HARM = {
    "a huge tensor": huge,
    "a circle": circle,
    "an unknown operator": unknown,
    "weights elsewhere": elsewhere,
    "very many nodes": long,
    "a constant changed over and over": chain,
    "graphs within graphs": within,
    "a bare graph": bare,
    "other weights": values,
    "another option": option,
}
