"""Reads the steps of ONNX graphs: operators and shapes, never weights."""

from alexnet_keras.fingerprint.steps import Network, Step

_ACTIVATIONS = {
    "Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Gelu", "Tanh", "Sigmoid",
    "Softmax", "LogSoftmax", "Softplus", "HardSigmoid",
}  # fmt: skip
_KINDS = {
    "Concat": "concat", "Slice": "slice", "Split": "slice",
    "GlobalAveragePool": "global", "GlobalMaxPool": "global",
    "ReduceMean": "global",
}  # fmt: skip
# They leave the layers' order as it is. A matrix tells itself how many values
# it reads, so a change of shape needs no step.
_WIRES = {
    "Identity", "Cast", "Transpose", "Squeeze", "Unsqueeze", "Flatten",
    "Reshape", "Sub", "Div", "Mul", "Pow", "Sqrt", "Reciprocal",
}  # fmt: skip


def read_file(path):
    """Gives the `Network` of an ONNX file.

    Raises:
        ImportError: If the package onnx is not installed.
        ValueError: If the file is damaged or holds something else.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError(
            "ONNX files need the package onnx: pip install onnx"
        ) from None
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's own, which is not ours to import
        raise ValueError(
            f"The file is not a whole ONNX model: {error}. Received: {path}. "
            "Copy or download it again."
        ) from None
    if not model.graph.node:
        raise ValueError(
            f"The file holds no ONNX graph. Received: {path}. Copy or "
            "download it again."
        )
    try:
        return read_graph(model)
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"The ONNX graph cannot be read: {type(error).__name__}: {error}. "
            f"Received: {path}. Export the model again."
        ) from None


def read_graph(model):
    """Gives the `Network` of an `onnx.ModelProto`."""
    graph = model.graph
    weights = {one.name: list(one.dims) for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            dims = [list(a.t.dims) for a in node.attribute if a.name == "value"]
            weights[node.output[0]] = dims[0] if dims else []
    images = [one for one in graph.input if one.name not in weights]
    steps = [Step("input", "image")]
    carried = {one.name: ("image",) for one in images}  # tensor: its steps
    squares = set()
    for number, node in enumerate(graph.node):
        sources = [one for name in node.input for one in carried.get(name, ())]
        if not sources or node.op_type == "Shape":
            continue  # arithmetic on shapes, not on images
        parameters = [weights[name] for name in node.input if name in weights]
        name = f"{number}/{node.op_type}"
        last = steps[-1]
        kind, settings = _step(node, parameters)
        if node.op_type == "Pow" or [*node.input] == [node.input[0]] * 2:
            squares.update(node.output)
        elif node.op_type == "MatMul" and node.input[0] in squares:
            # squares times a matrix is LRN as our own layer computes it
            kind, settings = "lrn", {}
        if node.op_type == "Add" and parameters and len(sources) == 1:
            if last.name == sources[0] and last.kind in ("conv", "dense"):
                steps[-1] = last._replace(
                    settings={**last.settings, "bias": True}
                )
                kind = "wire"
        steps.append(Step(kind, name, settings, tuple(sources)))
        carried.update((output, (name,)) for output in node.output)
    notes, silent = (), frozenset()
    if not any(step.kind == "dropout" for step in steps):
        silent = frozenset({"dropout"})
        notes = (
            "A graph made for inference does not tell whether there was "
            "dropout.",
        )
    return Network(steps, _input_shape(images), silent, notes)


def _input_shape(images):
    if not images:
        return (None, None, None)
    dims = images[0].type.tensor_type.shape.dim
    dims = [dim.dim_value or None for dim in dims]
    if len(dims) != 4:
        return (None, None, None)
    _, *shape = dims
    if shape[2] in (1, 3) and shape[0] not in (1, 3):
        return tuple(shape)  # channels last, as TensorFlow exports them
    return (*shape[1:], shape[0])


def _step(node, parameters):
    """Gives the kind and the settings of a node, by its operator."""
    kind, options = node.op_type, {one.name: one for one in node.attribute}

    def ints(name, default):
        return list(options[name].ints) if name in options else default

    def number(name, default):
        if name not in options:
            return default
        one = options[name]
        return one.f if one.type == 1 else one.i

    kernels = [one for one in parameters if len(one) == 4]
    matrices = [one for one in parameters if len(one) == 2]
    if kind == "Conv" and kernels:
        filters, _, *sides = kernels[0]
        window = _window(ints, options, sides)
        return _square(kind, sides, "conv", {
            **window,
            "filters": filters,
            "dilation": ints("dilations", [1])[0],
            "groups": number("group", 1),
            "bias": len(node.input) > 2 and bool(node.input[2]),
        })  # fmt: skip
    if kind in ("MaxPool", "AveragePool"):
        sides = ints("kernel_shape", [1, 1])
        if sides == [1, 1]:  # PyTorch's adaptive pool at its own size
            return "wire", {}
        how = "max" if kind == "MaxPool" else "average"
        rounding = "up" if number("ceil_mode", 0) else "down"
        window = _window(ints, options, sides)
        return _square(kind, sides, "pool", {
            **window, "how": how, "rounding": rounding,
        })  # fmt: skip
    if kind in ("Gemm", "MatMul") and matrices:
        inputs, units = matrices[0]
        if number("transB", 0):
            inputs, units = units, inputs
        bias = kind == "Gemm" and len(node.input) > 2
        return "dense", {"units": units, "bias": bias, "inputs": inputs}
    if kind == "LRN":
        size = number("size", 5)
        return "lrn", {
            "size": size,
            "alpha": number("alpha", 1e-4) / size,  # ONNX divides, P does not
            "beta": number("beta", 0.75),
            "bias": number("bias", 1.0),
            "groups": 1,
        }
    if kind == "BatchNormalization":
        return "batchnorm", {"weights": 4}
    if kind == "Dropout":
        return "dropout", {"rate": number("ratio", 0.5)}
    if kind in _ACTIVATIONS:
        return "activation", {"function": kind.lower()}
    if kind == "Split":
        return "slice", {"parts": len(node.output)}
    if kind in _KINDS:
        return _KINDS[kind], {}
    if kind in _WIRES or kind == "Add" and parameters:
        return "wire", {}
    return "other", {"kind": str(kind)}


def _window(ints, options, sides):
    strides, pads = ints("strides", [1, 1]), ints("pads", [0, 0, 0, 0])
    automatic = options["auto_pad"].s if "auto_pad" in options else b""
    padding = ((pads[0], pads[2]), (pads[1], pads[3]))
    if automatic.startswith(b"SAME"):
        padding = "same"
    return {"kernel": sides[0], "stride": strides[0], "padding": padding}


def _square(kind, sides, step, settings):
    if len(set(sides)) > 1 or len(sides) != 2:
        return "other", {"kind": f"{kind} of {sides}"}
    return step, settings
