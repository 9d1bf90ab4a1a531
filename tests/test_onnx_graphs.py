"""What ONNX graphs hold besides layers: followed exactly, or named."""

import os

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from slim import slim_tables
from test_convert import draw, graph_of, photo

from alexnet_keras import exchange
from alexnet_keras.exchange import sources

node = helper.make_node
MEAN = np.float32([0.485, 0.456, 0.406]).reshape(3, 1, 1)
STDDEV = np.float32([0.229, 0.224, 0.225]).reshape(3, 1, 1)
BGR = np.float32([104, 117, 123]).reshape(3, 1, 1)
BACKWARDS = {"end": np.int64([-(2**63)]), "last": np.int64([-1])}


@pytest.fixture(scope="module")
def arrays():
    with slim_tables():
        return {
            source: draw(source, 10)
            for source in (sources.CAFFE, sources.TORCHVISION)
        }


@pytest.fixture
def torchvisions(slim, arrays):
    return graph_of(arrays[sources.TORCHVISION], sources.TORCHVISION, 224)


@pytest.fixture
def caffes(slim, arrays):
    return graph_of(arrays[sources.CAFFE], sources.CAFFE, 227)


def copies(nodes):
    return [type(x).FromString(x.SerializeToString()) for x in nodes]


def with_nodes(model, nodes, after=None, **constants):
    """Puts nodes between a tensor and those that read it.

    The first node reads "x" in its place, and the last gives "y".
    """
    graph = model.graph
    own, found = [*graph.node], after or graph.input[0].name
    place = next((i for i, x in enumerate(own) if found in x.output), -1) + 1
    for one in own[place:]:
        one.input[:] = ["y" if name == found else name for name in one.input]
    for one in nodes:
        one.input[:] = [found if name == "x" else name for name in one.input]
    del graph.node[:]
    graph.node.extend([*own[:place], *nodes, *own[place:]])
    for name, value in constants.items():
        value = np.asarray(value, None if hasattr(value, "dtype") else "f4")
        graph.initializer.append(numpy_helper.from_array(value, name))
    if graph.output[0].name == found:
        graph.output[0].name = "y"
    return model


def takes(model, shape, kind):
    """Changes what the pictures of a graph are."""
    (image,) = model.graph.input
    image.CopyFrom(helper.make_tensor_value_info(image.name, kind, shape))


def scaled(x):
    return (x / 255 - MEAN) / STDDEV


def assert_equal_to_onnxruntime(path, feed):
    """Compares the probabilities of a picture, RGB from 0 to 255."""
    network = exchange.load(path)
    image = photo(network.input_shape[1]).round().astype("float32")
    session = onnxruntime.InferenceSession(path)
    given = feed(image.transpose(0, 3, 1, 2))
    name = session.get_inputs()[0].name
    theirs = session.run(None, {name: given})[0]
    np.testing.assert_allclose(network(image), theirs, atol=2e-6)
    assert theirs.max() < 0.999  # so that a wrong scale would be seen


FOLDED = {  # nodes, their constants, what the graph takes, mean and scale
    "divide and subtract": (
        [node("Div", ["x", "k"], ["a"]), node("Sub", ["a", "one"], ["y"])],
        {"k": 127.5, "one": 1},
        lambda x: x,
        (127.5, 127.5),
    ),
    "from 0 to 1": (
        [node("Sub", ["x", "m"], ["a"]), node("Div", ["a", "s"], ["y"])],
        {"m": MEAN, "s": STDDEV},
        lambda x: x / 255,
        ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    ),
    "from 0 to 255": (
        [
            node("Mul", ["k", "x"], ["b"]),
            node("Add", ["m", "b"], ["a"]),
            node("Div", ["a", "s"], ["y"]),
        ],
        {"k": 1 / 255, "m": -MEAN, "s": STDDEV},
        lambda x: x,
        ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    ),
    "negatives": (
        [node("Sub", ["k", "x"], ["a"]), node("Div", ["a", "k"], ["y"])],
        {"k": 255},
        lambda x: x,
        (255, -255),
    ),
}


@pytest.mark.parametrize("what", FOLDED)
def test_arithmetic_before_conv1_becomes_the_scale(
    torchvisions, tmp_path, what
):
    nodes, constants, feed, (mean, scale) = FOLDED[what]
    path = tmp_path / "a.onnx"
    onnx.save(with_nodes(torchvisions, nodes, **constants), path)
    found = exchange.read(path)
    np.testing.assert_allclose(found.rescaling[0], mean, rtol=1e-6)
    np.testing.assert_allclose(found.rescaling[1], scale, rtol=1e-6)
    assert_equal_to_onnxruntime(path, feed)
    note = exchange.identify(path).notes[-1]
    assert note.startswith("Before conv1 the graph subtracts ")


def test_whole_numbers_with_channels_last_tell_their_range(
    torchvisions, tmp_path
):
    nodes = [
        node("Cast", ["x"], ["f"], to=1),
        node("Div", ["f", "k"], ["a"]),
        node("Transpose", ["a"], ["y"], perm=[0, 3, 1, 2]),
    ]
    model = with_nodes(torchvisions, nodes, k=[60, 61, 62])
    takes(model, (1, 224, 224, 3), TensorProto.UINT8)
    onnx.save(model, tmp_path / "a.onnx")

    def feed(x):
        return x.transpose(0, 2, 3, 1).astype("uint8")

    assert_equal_to_onnxruntime(tmp_path / "a.onnx", feed)
    mean, scale = exchange.read(tmp_path / "a.onnx").rescaling
    assert (mean, scale) == (0, [60, 61, 62])


@pytest.mark.parametrize("how", ["no", "Gather", "Slice"])
def test_caffes_pictures_are_bgr_unless_the_graph_turns_them(
    caffes, tmp_path, how
):
    nodes = {
        "no": [node("Sub", ["x", "k"], ["y"])],
        "Gather": [
            node("Gather", ["x", "i"], ["a"], axis=1),
            node("Sub", ["a", "k"], ["y"]),
        ],
        "Slice": [
            node("Slice", ["x", "last", "end", "axis", "last"], ["a"]),
            node("Sub", ["a", "k"], ["y"]),
        ],
    }[how]
    turn = {"i": np.int64([2, 1, 0]), "axis": np.int64([1]), **BACKWARDS}
    onnx.save(with_nodes(caffes, nodes, k=BGR, **turn), tmp_path / "a.onnx")
    found = exchange.read(tmp_path / "a.onnx")
    assert found.rescaling == ([123, 117, 104], 1)
    network = exchange.from_weights(found)
    image = photo(227).round().astype("float32")
    given = image.transpose(0, 3, 1, 2)
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    given = given if how != "no" else given[:, ::-1]
    theirs = session.run(None, {"data_0": np.ascontiguousarray(given)})[0]
    np.testing.assert_allclose(network(image), theirs, atol=2e-6)


def test_maps_that_are_flat_with_channels_last_are_put_in_order(
    torchvisions, tmp_path
):
    turn = [node("Transpose", ["x"], ["y"], perm=[0, 2, 3, 1])]
    onnx.save(with_nodes(torchvisions, turn, "pool5"), tmp_path / "a.onnx")
    assert_equal_to_onnxruntime(tmp_path / "a.onnx", scaled)


def test_constants_may_be_nodes_turned_and_cast(torchvisions, tmp_path):
    graph, nodes = torchvisions.graph, []
    for one in graph.node:
        if one.op_type != "Gemm":
            nodes.append(one)
            continue
        (x, w, b), (out,) = one.input, one.output
        nodes += [
            node("Transpose", [w], [f"{w}.T"], perm=[1, 0]),
            node("MatMul", [x, f"{w}.T"], [f"{out}.p"]),
            node("Add", [b, f"{out}.p"], [out]),
        ]
    held = [node("Constant", [], [t.name], value=t) for t in graph.initializer]
    first = held[0].attribute[0].t
    half = numpy_helper.to_array(first).astype("float16")
    first.CopyFrom(numpy_helper.from_array(half, first.name))
    held[0].output[0] = "half"
    held.append(node("Cast", ["half"], [first.name], to=TensorProto.FLOAT))
    nodes = copies(nodes)
    del graph.node[:], graph.initializer[:]
    graph.node.extend(held + nodes)
    onnx.save(torchvisions, tmp_path / "a.onnx")
    assert_equal_to_onnxruntime(tmp_path / "a.onnx", scaled)


def test_a_bias_that_something_bypasses_is_not_taken_in(torchvisions):
    del next(x for x in torchvisions.graph.node if "sum3" in x.output).input[2]
    nodes = [
        node("Add", ["x", "k"], ["a"]),
        node("Max", ["x", "a"], ["y"]),
    ]
    model = with_nodes(torchvisions, nodes, "sum3", k=np.ones((48, 1, 1), "f4"))
    found = exchange.identify(model)
    assert "They are not compared." in found.notes
    assert "Max of several values is not understood." in found.notes


def inner(kind, name):
    return helper.make_graph(
        [node(kind, ["data_0"], [name])],
        name,
        [],
        [helper.make_tensor_value_info(name, 1, None)],
    )


NAMED = {  # where, nodes, their constants, what is said
    "a mean picture": (
        None,
        [node("Sub", ["x", "k"], ["y"])],
        {"k": np.ones((1, 3, 224, 224), "f4")},
        "the image: Sub follows",
    ),
    "a reciprocal": (
        None,
        [node("Div", ["k", "x"], ["y"])],
        {"k": 2},
        "the image: Div follows",
    ),
    "a clip": (None, [node("Clip", ["x"], ["y"])], {}, "the image: Clip foll"),
    "a power": (
        None,
        [node("Pow", ["x", "k"], ["y"])],
        {"k": 0.5},
        "the image: Pow follows",
    ),
    "other channels": (
        None,
        [node("Gather", ["x", "k"], ["y"], axis=1)],
        {"k": np.int64([0, 1, 1])},
        "the image: Gather follows",
    ),
    "a mirror": (
        None,
        [node("Slice", ["x", "last", "end", "k", "last"], ["y"])],
        {"k": np.int64([3]), **BACKWARDS},
        "the image: Slice follows",
    ),
    "a swap without Caffe": (
        None,
        [node("Gather", ["x", "k"], ["y"], axis=1)],
        {"k": np.int64([2, 1, 0])},
        "swaps the channels, so whether conv1 reads RGB or BGR is not told",
    ),
    "pictures from -1 to 1": (
        None,
        [node("Add", ["x", "k"], ["y"])],
        {"k": 1},
        "subtracts -1, so its pictures are neither",
    ),
    "a rounding": (
        None,
        [node("Cast", ["x"], ["a"], to=2), node("Cast", ["a"], ["y"], to=1)],
        {},
        "the image: Cast follows",
    ),
    "a mean of its own": (
        None,
        [node("ReduceMean", ["x"], ["a"]), node("Sub", ["x", "a"], ["y"])],
        {},
        "Sub of several values is not understood",
    ),
    "a condition": (
        None,
        [
            node(
                "If",
                ["k"],
                ["y"],
                then_branch=inner("Identity", "t"),
                else_branch=inner("Neg", "e"),
            )
        ],
        {"k": np.bool_(True)},
        "the image: If follows",
    ),
    "a gain": (
        "pool5",
        [node("Mul", ["x", "k"], ["y"])],
        {"k": 3},
        "pool5: Mul follows",
    ),
    "a temperature": (
        "logits8",
        [node("Div", ["x", "k"], ["y"])],
        {"k": 3},
        "fc8: Div follows",
    ),
    "a second bias": (
        "logits7",
        [node("Add", ["x", "k"], ["y"])],
        {"k": np.ones(40, "f4")},
        "fc7: Add follows",
    ),
    "a square": ("sum4", [node("Mul", ["x", "x"], ["y"])], {}, "conv4: Mul fo"),
    "a second softmax": (
        "fc8",
        [node("Softmax", ["x"], ["y"])],
        {},
        "fc8: activation=softmax, softmax",
    ),
    "the likeliest": (
        "fc8",
        [node("ArgMax", ["x"], ["y"], axis=1)],
        {},
        "fc8: ArgMax follows",
    ),
    "another domain": (
        "conv3",
        [node("Relu", ["x"], ["y"], domain="elsewhere")],
        {},
        "conv3: Relu of elsewhere follows",
    ),
    "quantized maps": (
        "pool1",
        [
            node("QuantizeLinear", ["x", "s", "z"], ["a"]),
            node("DequantizeLinear", ["a", "s", "z"], ["y"]),
        ],
        {"s": 0.02, "z": np.int8(0)},
        "pool1: QuantizeLinear follows",
    ),
    "height and width exchanged": (
        "conv3",
        [node("Transpose", ["x"], ["y"], perm=[0, 1, 3, 2])],
        {},
        "How Transpose arranges what Conv reads is not followed",
    ),
    "channels shuffled": (
        "conv3",
        [
            node("Reshape", ["x", "a"], ["p"]),
            node("Transpose", ["p"], ["q"], perm=[0, 2, 1, 3, 4]),
            node("Reshape", ["q", "b"], ["y"]),
        ],
        {
            "a": np.int64([1, 2, 24, 13, 13]),
            "b": np.int64([1, 48, 13, 13]),
        },
        "How Reshape arranges what Conv reads is not followed",
    ),
}


@pytest.mark.parametrize("what", NAMED)
def test_what_is_not_understood_is_named(torchvisions, tmp_path, what):
    after, nodes, constants, said = NAMED[what]
    nodes = copies(nodes)
    path = tmp_path / "a.onnx"
    onnx.save(with_nodes(torchvisions, nodes, after, **constants), path)
    with pytest.raises(ValueError, match=f"(?s){said}"):
        exchange.read(path)
    if "so " not in said:
        assert said in str(exchange.identify(path))


OPTIONS = {
    "alpha=0.5, not 1": ("logits8", {"alpha": 0.5}),
    "Softmax over axis 0": ("fc8", {"axis": 0}),
    "conv3: dilations=": ("sum3", {"dilations": [2, 2], "pads": [2] * 4}),
    "pool1: dilations=": ("pool1", {"dilations": [2, 2], "pads": [1] * 4}),
    "not alike": ("sum1", {"pads": [1, 2, 3, 2]}),
}


@pytest.mark.parametrize("said", OPTIONS)
def test_options_of_nodes_are_named(torchvisions, said):
    output, options = OPTIONS[said]
    one = next(x for x in torchvisions.graph.node if output in x.output)
    own = [x for x in one.attribute if x.name not in options]
    own += [helper.make_attribute(*pair) for pair in options.items()]
    del one.attribute[:]
    one.attribute.extend(own)
    assert said in str(exchange.identify(torchvisions))


def test_sizes_that_are_not_told_are_not_taken_for_right(
    torchvisions, tmp_path
):
    for dim in torchvisions.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_param = "side"
    path = tmp_path / "a.onnx"
    onnx.save(torchvisions, path)
    assert exchange.read(path).size == 224
    assert exchange.identify(path).flatten == 1152
    conv2 = next(x for x in torchvisions.graph.node if "sum2" in x.output)
    for option in conv2.attribute:
        if option.name == "pads":
            option.ints[:] = [0] * 4
    onnx.save(torchvisions, path)
    assert "23, 11, 11, 11, 11, 5 places" in str(exchange.identify(path))
    with pytest.raises(ValueError, match="neither Caffe's AlexNet nor"):
        exchange.read(path)


def test_a_second_input_and_quantized_weights_are_named(torchvisions, caffes):
    torchvisions.graph.input.append(
        helper.make_tensor_value_info("classifier.4.weight", 1, (40, 40))
    )
    for tensor in torchvisions.graph.initializer:
        if tensor.name == "classifier.4.weight":
            tensor.name = "nothing"
    with pytest.raises(ValueError, match=r"2 inputs \('data_0', 'class"):
        exchange.identify(torchvisions)
    for tensor in caffes.graph.initializer:
        if tensor.name == "conv3_w":
            tensor.name = "whole"
    made = node("DequantizeLinear", ["whole", "scale"], ["conv3_w"])
    caffes.graph.node.insert(0, made)
    assert "Conv of weights by DequantizeLinear" in str(
        exchange.identify(caffes)
    )


def test_what_no_output_needs_is_left_out(torchvisions, tmp_path):
    names = ["fc7", "classifier.6.weight", "classifier.6.bias"]
    torchvisions.graph.node.append(node("Gemm", names, ["other"], transB=1))
    onnx.save(torchvisions, tmp_path / "a.onnx")
    assert exchange.read(tmp_path / "a.onnx").model == "one-weird-trick"


def test_lrn_of_single_operators_is_known_but_its_constants_are_not(
    caffes, tmp_path
):
    (first, second) = [x for x in caffes.graph.node if x.op_type == "LRN"]
    for number, one in enumerate((first, second)):
        (x,), (y,) = one.input, one.output
        parts = [
            node("Pow", [x, "two"], ["s0"])
            if number == 0
            else node("Mul", [x, x], ["s1"]),
            node("AveragePool", [f"s{number}"], [f"m{number}"]),
            node("Pow", [f"m{number}", "beta"], [f"p{number}"]),
            node("Div", [x, f"p{number}"], [y]),
        ]
        place = [*caffes.graph.node].index(one)
        nodes = [*caffes.graph.node]
        nodes[place : place + 1] = parts
        nodes = [
            onnx.NodeProto.FromString(n.SerializeToString()) for n in nodes
        ]
        del caffes.graph.node[:]
        caffes.graph.node.extend(nodes)
    for name, value in (("beta", 0.75), ("two", 2)):
        value = numpy_helper.from_array(np.float32(value), name)
        caffes.graph.initializer.append(value)
    found = exchange.identify(caffes)
    assert "Some constants are not read: norm1, norm2." in found.notes
    onnx.save(caffes, tmp_path / "a.onnx")
    with pytest.raises(ValueError, match="Some constants are not read"):
        exchange.read(tmp_path / "a.onnx")


def without_relu(graph):
    """Lets a pool read what a ReLU should have read."""
    (pool,) = (x for x in graph.node if "pool1" in x.output)
    pool.input[0] = "sum1"


def without_last_relu(graph):
    (last,) = (x for x in graph.node if "logits8" in x.output)
    last.input[0] = "logits7"


@pytest.mark.parametrize(
    ("change", "layer"), [(without_relu, "conv1"), (without_last_relu, "fc7")]
)
def test_a_missing_activation_is_a_departure(
    torchvisions, tmp_path, change, layer
):
    change(torchvisions.graph)
    found = exchange.identify(torchvisions)
    assert found.name == "unknown"
    assert f"{layer}: activation=linear, not relu" in found.departures
    onnx.save(torchvisions, tmp_path / "a.onnx")
    with pytest.raises(ValueError, match="neither Caffe's AlexNet nor"):
        exchange.read(tmp_path / "a.onnx")


def no_window(model):
    (norm,) = (x for x in model.graph.node if "norm1" in x.output)
    (size,) = (x for x in norm.attribute if x.name == "size")
    size.i = 0


def cast_over_and_over(model):
    steps = [node("Cast", [f"c{i}"], [f"c{i + 1}"], to=1) for i in range(3_000)]
    scale = node("Mul", ["x", "c3000"], ["y"])
    with_nodes(model, [scale], c0=np.float32(2))
    own = copies(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*steps, *own])


def a_long_path(model):
    (tensor,) = (x for x in model.graph.initializer if x.name == "conv1_b")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="x" * 5_000)


@pytest.mark.parametrize("change", [no_window, cast_over_and_over, a_long_path])
def test_options_that_nobody_expects_are_refused_with_the_path(
    caffes, tmp_path, change
):
    change(caffes)
    (tmp_path / "a.onnx").write_bytes(caffes.SerializeToString())
    with pytest.raises(ValueError, match="a.onnx (is dam|can)") as error:
        exchange.read(tmp_path / "a.onnx")
    assert len(str(error.value)) < 2_000


def test_very_many_layers_are_not_compared(torchvisions):
    names = ["x", *(f"n{i}" for i in range(2_000)), "y"]
    pairs = zip(names, names[1:], strict=False)
    with_nodes(torchvisions, [node("Relu", [a], [b]) for a, b in pairs])
    found = exchange.identify(torchvisions)
    assert found.name == "not-alexnet"
    assert "layers; AlexNet has" in found.title


# --- weights that lie in another file


@pytest.fixture
def apart(torchvisions, tmp_path):
    """A graph whose weights lie beside it, as PyTorch exports them."""
    path = tmp_path / "graph" / "a.onnx"
    path.parent.mkdir()
    onnx.save(
        torchvisions,
        path,
        save_as_external_data=True,
        location="a.onnx.data",
        size_threshold=0,
    )
    return path


def test_weights_beside_the_graph_are_read(apart, arrays):
    found = exchange.read(apart)
    own = arrays[sources.TORCHVISION]["classifier.4.weight"]
    np.testing.assert_array_equal(found.arrays["fc7"][0], own.T)
    assert_equal_to_onnxruntime(apart, scaled)


def leads_to(location, **facts):
    def change(path):
        model = onnx.load(path, load_external_data=False)
        (tensor,) = [
            x for x in model.graph.initializer if x.name == "classifier.4.bias"
        ]
        told = {x.key: x.value for x in tensor.external_data}
        del tensor.external_data[:]
        told |= {"location": location or told["location"], **facts}
        for key, value in told.items():
            tensor.external_data.add(key=key, value=str(value))
        onnx.save(model, path)

    return change


def linked(path):
    os.rename(path.with_name("a.onnx.data"), path.parent.parent / "secret")
    path.with_name("a.onnx.data").symlink_to("../secret")


def cut(path):
    data = path.with_name("a.onnx.data")
    data.write_bytes(data.read_bytes()[:-8])


APART = {
    "it is missing": (
        lambda path: path.with_name("a.onnx.data").unlink(),
        "'a.onnx.data', and there is no such file in .*graph. It comes with",
    ),
    "it is cut off": (cut, "a.onnx.data.* the file has .* not whole"),
    "a link out of the folder": (linked, "leads out of the graph's folder"),
    "the folder above": (leads_to("../secret"), "leads out of the graph's"),
    "an absolute path": (leads_to("/etc/passwd"), "leads out of the graph's"),
    "an offset past its end": (leads_to("", offset=2**40), "not whole"),
    "a negative offset": (leads_to("", offset=-8), "not whole"),
    "no number": (leads_to("", offset="x"), "from byte x on"),
    "too many bytes": (leads_to("", length=2**40), "It takes 160 bytes"),
}


@pytest.mark.parametrize("what", APART)
def test_weights_beside_the_graph_cannot_lie(apart, what):
    change, said = APART[what]
    (apart.parent.parent / "secret").write_bytes(bytes(10**4))
    change(apart)
    with pytest.raises(ValueError, match=said) as error:
        exchange.read(apart)
    assert "damaged" not in str(error.value)
    assert exchange.identify(apart).name == "one-weird-trick"
