"""Reads the layers of Keras models out of their configurations.

A live model and the `config.json` of a `.keras` file have the same form, so
one reader does for both. No layer is made and no code of a file runs.
"""

import json
import re

from alexnet_keras.exchange.line import (
    IMAGE,
    Activation,
    Layer,
    Other,
    Reading,
    in_one_line,
)
from alexnet_keras.rows import (
    Conv,
    Dense,
    Dropout,
    Flatten,
    Norm,
    Pool,
    Resample,
)

# Layers and operations that hand on what they read.
_SILENT = re.compile(
    r"InputLayer|Rescaling|Normalization|Identity|Concatenate|Split|GetItem"
    r"|ActivityRegularization|Cast|Random\w+|GaussianNoise"
)
_WEIGHTLESS = re.compile(
    "Pool|Padding|Crop|Reshape|Permute|Lambda|Add|Multiply|Resizing"
)
_NORM = re.compile("lrn|local_?response|cross_?channel_?norm", re.IGNORECASE)
_FUNCTION = re.compile(
    r"(relu6?|leaky_?relu|prelu|elu|selu|celu|gelu|silu|swish|tanh|sigmoid"
    r"|softmax|log_?softmax|softplus|softsign|mish|hard_?\w+)",
    re.IGNORECASE,
)


def read_model(model):
    """Reads a live Keras model; as `read_config`.

    Raises:
        ValueError: If it is a subclassed one.
    """
    if hasattr(model, "in_one_piece"):  # placement.PlacedModel
        model = model.in_one_piece()
    try:
        config = json.loads(model.to_json())
    except NotImplementedError:  # of a layer of the model's author
        config = None
    if _get(config, "config", "layers") is None:
        raise ValueError(
            "The model does not tell its layers, as a subclassed one, or a "
            "layer of it does not tell its configuration. Give a file of its "
            "weights."
        )
    return read_config(config)


def read_config(config):
    """Reads what `to_json` gives, and a `config.json` holds.

    Args:
        config: Dict with a list of layers under "config" and "layers".

    Returns:
        A `line.Reading`.

    Raises:
        ValueError: If it is none.
    """
    nodes = []
    outputs = _read_layers(_get(config, "config"), [IMAGE], "", nodes)
    if _is_channels_first(config):
        nodes = [_channels_last(node) for node in nodes]
    shapes = [node.before for node in nodes if len(node.before or ()) == 3]
    shape = shapes[0] if shapes and None not in shapes[0] else None
    return Reading(in_one_line(_told(nodes), outputs), shape)


def _is_channels_first(config):
    """Tells whether every filter and every window reads channels first."""
    formats, left = [], [config]
    while left:
        match left.pop():
            case {"data_format": own, "kernel_size": _}:
                formats.append(own)
            case {"data_format": own, "pool_size": _}:
                formats.append(own)
            case dict() as inner:
                left += inner.values()
            case list() as inner:
                left += inner
    return bool(formats) and all(own == "channels_first" for own in formats)


def _channels_last(node):
    """Gives a node the shape that our tables speak of."""
    shape = node.before
    if not shape or len(shape) != 3:
        return node
    return node._replace(before=(*shape[1:], shape[0]))


def _read_layers(config, feeds, prefix, nodes):
    """Adds the nodes of a model that reads `feeds`; gives its outputs."""
    layers = _get(config, "layers")
    if not isinstance(layers, list) or not layers:
        raise ValueError("it lists no layers")
    kinds = {
        str(_get(layer, "config", "name")): _get(layer, "class_name")
        for layer in layers
    }
    is_line = not any(_get(layer, "inbound_nodes") for layer in layers)
    feeds = list(feeds)
    for number, layer in enumerate(layers):
        own = number if is_line else _get(layer, "config", "name")
        calls = _get(layer, "inbound_nodes") or [[]]
        for place, call in enumerate(calls):
            name, tensors = f"{prefix}{own}/{place}", list(_tensors(call))
            if is_line:
                reads = [(feed, None) for feed in feeds]
            else:  # those of an InputLayer are the model's
                reads = [] if tensors else [(feeds.pop(0), None)]
            shape = tensors[0][3] if tensors else _built_shape(layer)
            for source, which, output, _ in tensors:
                part = f"{source}#{output}" * (kinds.get(source) == "Split")
                reads.append((f"{prefix}{source}/{which}", part or None))
            _read_call(layer, call, tuple(reads), shape, name, nodes)
            feeds = [name] if is_line else feeds or [IMAGE]
    if is_line:
        return feeds
    outputs = _get(config, "output_layers")
    match outputs:
        case [str(name), int(place), *_]:
            outputs = [[name, place]]
    return [f"{prefix}{name}/{place}" for name, place, *_ in outputs]


def _tensors(call):
    """Yields what a call reads: layer, number of its call, output, shape."""
    match call:
        case {
            "class_name": "__keras_tensor__",
            "config": {"keras_history": [str(name), place, output], **told},
        }:
            yield name, place, output, _shape(told.get("shape"))
        case [str(name), int(place), int(output), *_]:  # of Keras 2
            yield name, place, output, ()
        case dict() | list():
            inner = call.values() if isinstance(call, dict) else call
            for value in inner:
                yield from _tensors(value)


def _read_call(layer, call, reads, shape, name, nodes):
    """Adds the node of one call of a layer, or those of a nested model."""
    kind, own = str(_get(layer, "class_name")), _get(layer, "config")
    kind = kind.split(">")[-1]
    if not isinstance(own, dict):
        raise ValueError(f"its layer {name} has no configuration")
    if kind == "PlacedModel":  # which holds the network in one piece
        own = _get(json.loads(str(own.get("whole"))), "config") or {}
    if isinstance(own.get("layers"), list):
        nodes.append(Layer(f"{name}/feed", None, reads, shape))
        outputs = _read_layers(own, [f"{name}/feed"], f"{name}/", nodes)
        reads = tuple((output, None) for output in outputs)
        nodes.append(Layer(name, None, reads))
        return
    row, remarks = None, ()
    if kind == "GetItem":
        reads = tuple((source, json.dumps(call)) for source, _ in reads)
    elif not _SILENT.fullmatch(kind):
        row = _row(kind, str(own.get("name", kind)), own)
        if (dilation := _side(own, "dilation_rate", 1)) != 1:
            row, remarks = (
                row._replace(padding=None),
                (f"dilation_rate={dilation}, not 1",),
            )
    nodes.append(Layer(name, row, reads, shape, remarks=remarks))


def _row(kind, name, own):
    """Gives a layer's row."""
    match kind:
        case "Conv2D" | "TwoTowerConv2D":
            groups = 2 if kind == "TwoTowerConv2D" else own.get("groups", 1)
            return Conv(
                name,
                _whole(own, "filters"),
                _side(own, "kernel_size"),
                _side(own, "strides", 1),
                str(own.get("padding", "valid")).lower(),
                _whole({"groups": groups}, "groups"),
                activation=_function(own.get("activation")),
                bias=bool(own.get("use_bias", True)),
            )
        case "Dense":
            function, bias = own.get("activation"), own.get("use_bias", True)
            units = _whole(own, "units")
            return Dense(name, units, _function(function), bool(bias))
        case "MaxPooling2D" | "MaxPool2D":
            size = _side(own, "pool_size")
            padding = str(own.get("padding", "valid")).lower()
            return Pool(name, size, _side(own, "strides", size), padding)
        case "ZeroPadding2D":
            zeros = own.get("padding")
            while isinstance(zeros, list) and zeros:  # those at the top
                zeros = zeros[0]
            return Other(
                name, kind, 0, zeros=zeros if zeros in range(99) else None
            )
        case "Lambda":
            return _lambda(name, own)
        case "Flatten":
            return Flatten(name)
        case "AdaptiveAveragePooling2D":
            return Resample(name, _side(own, "output_size"))
        case "Activation":
            return Activation(name, _function(own.get("activation")))
        case "BatchNormalization":
            weights = 2 + sum(own.get(key, True) for key in ("center", "scale"))
            return Other(name, kind, weights, "same")
    if _NORM.search(kind):
        return _norm(name, own)
    if "Dropout" in kind and _is_number(own.get("rate")):
        return Dropout(name, own["rate"])
    if _FUNCTION.fullmatch(kind):
        keys = ("max_value", "negative_slope", "threshold", "alpha")
        changed = [f"{key}={own[key]}" for key in keys if own.get(key)]
        return Activation(name, " ".join([kind.lower(), *changed]))
    return Other(name, kind, 0 if _WEIGHTLESS.search(kind) else None)


def _norm(name, own):
    """Reads LRN's constants, under the names that people give them."""
    own = {key: value for key, value in own.items() if _is_number(value)}
    if "depth_radius" in own:
        own["size"] = 2 * own["depth_radius"] + 1
    size = own.get("size", own.get("n", own.get("local_size")))
    bias = own.get("bias", own.get("k"))
    alpha, beta, groups = (own.get(key) for key in ("alpha", "beta", "groups"))
    return Norm(name, size, alpha, beta, bias, groups)


def _lambda(name, own):
    """Tells a function by its name; what it computes is not read."""
    function = own.get("function")
    function = str(_get(function, "config") or function)
    if _NORM.search(function):
        return _norm(name, own.get("arguments") or {})
    if _FUNCTION.fullmatch(function):
        return Activation(name, function.lower())
    return Other(name, "Lambda", 0)


def _told(nodes):
    """Adds what the shapes tell: slices, and what other layers give."""
    after = {}
    for node in nodes:
        for name, _ in node.reads:
            after.setdefault(name, node.before)
    told = []
    for node in nodes:
        row, before, shape = node.row, node.before, after.get(node.name)
        if isinstance(row, Other) and before and shape:
            *sides, own = shape
            is_part = (
                [*before[:-1]] == sides and own and own < (before[-1] or 0)
            )
            if row.kind == "Lambda" and is_part:
                reads = tuple((name, node.name) for name, _ in node.reads)
                node = node._replace(row=None, reads=reads)
            else:
                gives = "same" if shape == before else shape
                node = node._replace(row=row._replace(gives=gives))
        told.append(node)
    return told


def _get(value, *keys):
    """Gives what lies under keys, None if there is no such thing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _built_shape(layer):
    """Gives the shape that a layer reads, as far as it was written down."""
    return (
        _shape(_get(layer, "config", "batch_shape"))
        or _shape(_get(layer, "config", "batch_input_shape"))
        or _shape(_get(layer, "build_config", "input_shape"))
    )


def _shape(shape):
    """Gives a shape without the batch."""
    is_shape = isinstance(shape, list) and all(
        side is None or isinstance(side, int) and side > 0 for side in shape
    )
    return tuple(shape[1:]) if is_shape else ()


def _whole(own, key):
    value = own.get(key)
    if type(value) is not int or not 1 <= value < 2**24:
        raise ValueError(
            f"a layer's setting makes no sense: {key}={str(value)[:40]!r}"
        )
    return value


def _is_number(value):
    return type(value) in (int, float) and abs(value) < 1e9


def _side(own, key, default=None):
    """Gives the side of a square; a window of two sides is a pair."""
    value = default if own.get(key) is None else own[key]
    if not isinstance(value, list) or not value:
        return value if value == default else _whole({key: value}, key)
    sides = tuple(_whole({key: side}, key) for side in value)
    return sides[0] if len(set(sides)) == 1 else sides


def _function(value):
    """Gives an activation's name in lower case; "linear" for none."""
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner if isinstance(inner, str) else value.get("class_name")
    return "linear" if value is None else str(value).split(">")[-1].lower()
