"""Weights from elsewhere, held against the engines they come from."""

import json
import pickle
import struct
import zipfile

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from alexnet_keras import exchange, models, networks, shapes, weights
from alexnet_keras.commands import main
from alexnet_keras.exchange import identify, sources

LAYERS = weights.LAYERS
CLASSES = 1000


def draw(source, classes=CLASSES):
    """Random weights under a source's names, that keep the signal's size."""
    rng = np.random.default_rng(0)
    arrays = {}
    for layer, name, (count, *inputs) in source.kernels():
        shape = (classes if layer == "fc8" else count, *inputs)
        kernel = rng.standard_normal(shape, "float32")
        kernel *= np.sqrt(2 / np.prod(inputs)).astype("float32")
        bias = rng.standard_normal(shape[0], "float32") / 10
        for ending, array in zip(source.endings, (kernel, bias), strict=True):
            arrays[name + ending] = array
    return arrays


def zeros(source, classes=3):
    """As `draw`, but empty, so that a packed file is small."""
    drawn = {}
    for layer, name, (count, *inputs) in source.kernels():
        shape = (classes if layer == "fc8" else count, *inputs)
        kernel, bias = (name + ending for ending in source.endings)
        drawn[kernel] = np.zeros(shape, "float32")
        drawn[bias] = np.zeros(shape[0], "float32")
    return drawn


def photo(size, count=1):
    return np.random.default_rng(1).uniform(0, 255, (count, size, size, 3))


def every_layer(network, images):
    """Outputs of a network's layers by name."""
    names = [layer.name for layer in network.layers[1:]]
    outputs = [layer.output for layer in network.layers[1:]]
    probe = keras.Model(network.inputs, outputs)
    found = probe.predict_on_batch(images.astype("float32"))
    return dict(zip(names, found, strict=True))


def assert_close(ours, theirs, name):
    """Within 1e-5 of the largest value; theirs may have channels first."""
    theirs = np.asarray(theirs)
    if theirs.ndim == 4:
        theirs = theirs.transpose(0, 2, 3, 1)
    assert ours.shape == theirs.shape, name
    distance = np.abs(ours - theirs).max() / np.abs(theirs).max()
    assert distance < 1e-5, (name, distance)


@pytest.fixture
def caffes(widths):
    return draw(sources.CAFFE)


@pytest.fixture
def torchvisions(widths):
    return draw(sources.TORCHVISION)


@pytest.fixture
def caffe_file(caffes, tmp_path):
    """Caffe's weights as our `.weights.h5`."""
    np.savez(tmp_path / "caffe.npz", **caffes)
    found = exchange.read(tmp_path / "caffe.npz")
    assert (found.model, found.size) == ("caffe", 227)
    names = [f"kind {number}" for number in range(CLASSES)]
    found = found._replace(class_names=names)
    path = tmp_path / "caffe.weights.h5"
    weights.write(path, exchange.from_weights(found), found)
    return path


def test_a_converted_file_tells_whose_it_is(caffe_file):
    found = identify(caffe_file)  # by its shapes it could be the paper's
    assert found.name == "caffe"
    lines = shapes.table(networks.NETWORKS["caffe"].layers)
    assert found.parameters == sum(line.parameters for line in lines)


class Caffe:
    """`bvlc_alexnet` in float64, from the definitions of Caffe's layers."""

    def __init__(self, arrays):
        self.arrays = {k: v.astype("float64") for k, v in arrays.items()}

    def __call__(self, rgb):
        """Gives each layer's output, (channels, height, width)."""
        mean = np.array([104.007, 116.669, 122.679])
        x = (rgb[..., ::-1] - mean).transpose(2, 0, 1)
        found = {}
        for number, stride, pad, group in (
            (1, 4, 0, 1),
            (2, 1, 2, 2),
            (3, 1, 1, 1),
            (4, 1, 1, 2),
            (5, 1, 1, 2),
        ):
            x = np.maximum(self.convolve(x, number, stride, pad, group), 0)
            found[f"conv{number}"] = x
            if number in (1, 2):
                found[f"norm{number}"] = x = self.normalize(x)
            if number in (1, 2, 5):
                found[f"pool{number}"] = x = self.pool(x)
        x = x.ravel()
        for number in (6, 7, 8):
            w, b = (self.arrays[f"fc{number}_{kind}"] for kind in "wb")
            x = w @ x + b
            if number < 8:
                x = np.maximum(x, 0)
            found[f"fc{number}"] = x
        powers = np.exp(x - x.max())
        found["fc8"] = powers / powers.sum()
        return found

    def convolve(self, x, number, stride, pad, group):
        w, b = (self.arrays[f"conv{number}_{kind}"] for kind in "wb")
        x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
        parts = []
        for maps, filters in zip(
            np.split(x, group), np.split(w, group), strict=True
        ):
            side = filters.shape[-1]
            windows = np.lib.stride_tricks.sliding_window_view(
                maps, (side, side), (1, 2)
            )[:, ::stride, ::stride]
            axes = ([1, 2, 3], [0, 3, 4])
            parts.append(np.tensordot(filters, windows, axes))
        return np.concatenate(parts) + b[:, None, None]

    def normalize(self, x, n=5, alpha=1e-4, beta=0.75, k=1):
        out = np.empty_like(x)
        for i in range(len(x)):
            energy = (x[max(0, i - n // 2) : i + n // 2 + 1] ** 2).sum(0)
            out[i] = x[i] / (k + alpha / n * energy) ** beta
        return out

    def pool(self, x, side=3, stride=2):
        places = -(-(x.shape[1] - side) // stride) + 1  # rounded up
        rows = [slice(i * stride, i * stride + side) for i in range(places)]
        maps = [[x[:, r, c].max((1, 2)) for c in rows] for r in rows]
        return np.array(maps).transpose(2, 0, 1)


@pytest.mark.parametrize("size", [227, 224])
def test_caffes_network_equals_its_definition(caffes, caffe_file, size):
    network = models.CaffeAlexNet(
        weights=caffe_file,
        input_shape=(size, size, 3),
        rescaling=networks.NETWORKS["caffe"].rescaling,
    )
    images = photo(size)
    ours = every_layer(network, images)
    theirs = Caffe(caffes)(images[0])
    assert theirs["pool5"].shape[1:] == (6, 6)
    for name, output in theirs.items():
        assert_close(ours[name], output[None], name)


def graph_of(arrays, source, size, classes=CLASSES, inner=(), **norms):
    """An ONNX graph of a source's network, all outputs of layers included."""
    nodes, outputs, x = [], [], "data_0"
    initial = [
        numpy_helper.from_array(array, name) for name, array in arrays.items()
    ]

    def add(kind, name, *inputs, **attributes):
        nonlocal x
        nodes.append(helper.make_node(kind, [x, *inputs], [name], **attributes))
        x = name

    is_caffe = source is sources.CAFFE
    names = dict(zip(LAYERS, source.names, strict=True))
    for number in range(1, 6):
        name = names[f"conv{number}"]
        w, b = (name + ending for ending in source.endings)
        side = arrays[w].shape[-1]
        pad = {11: 0 if is_caffe else 2, 5: 2, 3: 1}[side]
        group = 2 if is_caffe and number in (2, 4, 5) else 1
        add(
            "Conv",
            f"sum{number}",
            w,
            b,
            kernel_shape=[side] * 2,
            strides=[4 if number == 1 else 1] * 2,
            pads=[pad] * 4,
            group=group,
        )
        add("Relu", f"conv{number}")
        if is_caffe and number in (1, 2):
            constants = {"size": 5, "alpha": 1e-4, "beta": 0.75, "bias": 1.0}
            add("LRN", f"norm{number}", **{**constants, **norms})
        if number in (1, 2, 5):
            # Caffe rounds up: at 224 pixels a row and a column are added
            end = int(is_caffe and size == 224 and number == 1)
            add(
                "MaxPool",
                f"pool{number}",
                kernel_shape=[3, 3],
                strides=[2, 2],
                pads=[0, 0, end, end],
            )
    add("Flatten", "flat")
    for number in (6, 7, 8):
        name = names[f"fc{number}"]
        w, b = (name + ending for ending in source.endings)
        add("Gemm", f"logits{number}", w, b, transB=1)
        if number < 8:
            add("Relu", f"fc{number}")
    add("Softmax", "fc8", axis=1)
    for name in inner or ["fc8"]:
        outputs.append(helper.make_tensor_value_info(name, 1, None))
    image = helper.make_tensor_value_info(
        "data_0", TensorProto.FLOAT, (1, 3, size, size)
    )
    graph = helper.make_graph(nodes, "alexnet", [image], outputs, initial)
    opset = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    return model


@pytest.mark.parametrize(
    ("kind", "size"), [("caffe", 227), ("caffe", 224), ("torchvision", 224)]
)
def test_an_onnx_graph_gives_what_onnxruntime_gives(
    caffes, torchvisions, tmp_path, kind, size
):
    source, arrays = {
        "caffe": (sources.CAFFE, caffes),
        "torchvision": (sources.TORCHVISION, torchvisions),
    }[kind]
    norms = ["norm1", "norm2"] if kind == "caffe" else []
    names = [*LAYERS, *norms, "pool1", "pool2", "pool5"]
    path = tmp_path / "network.onnx"
    onnx.save(graph_of(arrays, source, size, inner=names), path)
    found = exchange.read(path)
    assert (found.model, found.size) == (source.network, size)
    images = photo(size)
    ours = every_layer(exchange.from_weights(found), images)
    if kind == "caffe":
        given = images[..., ::-1] - [104.007, 116.669, 122.679]
    else:
        given = images / 255 - [0.485, 0.456, 0.406]
        given /= [0.229, 0.224, 0.225]
    session = onnxruntime.InferenceSession(path)
    theirs = session.run(
        names, {"data_0": given.transpose(0, 3, 1, 2).astype("float32")}
    )
    for name, output in zip(names, theirs, strict=True):
        assert_close(ours[name], output, name)


def test_matmul_and_add_are_a_dense_layer_too(torchvisions, tmp_path):
    graph = graph_of(torchvisions, sources.TORCHVISION, 224)
    nodes, turned = [], {}
    for node in graph.graph.node:
        if node.op_type != "Gemm":
            nodes.append(node)
            continue
        (x, w, b), (out,) = node.input, node.output
        turned[w] = torchvisions[w].T
        nodes.append(helper.make_node("MatMul", [x, w], [f"{out}_product"]))
        nodes.append(helper.make_node("Add", [f"{out}_product", b], [out]))
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    for tensor in graph.graph.initializer:
        if tensor.name in turned:
            array = np.ascontiguousarray(turned[tensor.name])
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    onnx.save(graph, tmp_path / "network.onnx")
    found = exchange.read(tmp_path / "network.onnx")
    for layer, name, _ in sources.TORCHVISION.kernels():
        np.testing.assert_array_equal(
            found.arrays[layer][1], torchvisions[f"{name}.bias"]
        )
    np.testing.assert_array_equal(
        found.arrays["fc7"][0], torchvisions["classifier.4.weight"].T
    )


def test_a_size_that_cannot_be_is_refused_before_anything_is_built():
    arrays = {
        "conv1": np.zeros((5, 5, 3, 32)),
        "conv2": np.zeros((5, 5, 16, 64)),
        "fc6": np.zeros((576, 256)),
    }
    arrays = {k: (v, np.zeros(v.shape[-1])) for k, v in arrays.items()}
    found = weights.Weights(arrays, "mini", 1000)
    with pytest.raises(ValueError, match="give fc6 238144 values, and it read"):
        exchange.from_weights(found)


def test_out_and_in_again_is_exact(torchvisions, tmp_path):
    start, out = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    save_file(torchvisions, start)
    first = exchange.read(start)._replace(class_names=["x"] * CLASSES)
    ours = tmp_path / "ours.weights.h5"
    network = exchange.from_weights(first)
    weights.write(ours, network, first)
    second = exchange.read(ours)
    exchange.write_safetensors(out, second)
    third = exchange.read(out)
    for found in (second, third):
        assert found[1:3] == ("one-weird-trick", 224)
        assert found.class_names == first.class_names
        np.testing.assert_array_equal(found.rescaling[0], first.rescaling[0])
    with open(out, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    for name, array in torchvisions.items():
        begin, end = header[name]["data_offsets"]
        data = out.read_bytes()[8 + length :][begin:end]
        assert header[name]["shape"] == list(array.shape)
        assert data == array.tobytes(), name
    again = keras.Model(network.inputs, network.outputs)
    again.save_weights(tmp_path / "plain.weights.h5")  # without our facts
    plain = models.OneWeirdTrick(
        weights=tmp_path / "plain.weights.h5", rescaling=first.rescaling
    )
    images = photo(224).astype("float32")
    np.testing.assert_array_equal(
        plain.predict_on_batch(images), network.predict_on_batch(images)
    )


@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
@pytest.mark.parametrize(
    "name", ["mini", pytest.param("two-tower", marks=pytest.mark.slow)]
)
def test_ours_exported_to_onnx_runs_there(tmp_path, name):
    rescaling = ((120, 110, 100), 60)
    side = 99  # fc6 of 227 pixels takes gigabytes more, and shows no more
    network = models.AlexNet(
        network=name,
        input_shape=(side, side, 3),
        classes=10,
        initialization="he",
        rescaling=rescaling,
    )
    images = photo(side, 3).astype("float32")
    ours = network(images)
    path = tmp_path / "ours.onnx"
    network.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path)
    given = {session.get_inputs()[0].name: images}
    assert_close(np.asarray(ours), session.run(None, given)[0], name)


class Bomb:
    def __reduce__(self):
        return (open, ("was-run", "w"))


def write_npz(path, arrays=None, **changes):
    """Caffe's arrays, packed; `None` leaves one out."""
    arrays = {**(arrays or zeros(sources.CAFFE)), **changes}
    arrays = {k: v for k, v in arrays.items() if v is not None}
    np.savez_compressed(path, **arrays)


def batch_norm(path):
    keras.Sequential(
        [keras.Input((9,)), keras.layers.BatchNormalization(name="norm1")]
    ).save_weights(path)


def write_sparse(path, kind="F32", facts="{}"):
    """torchvision's names in safetensors, whose values are all holes."""
    width = {"F32": 4, "BF16": 2}[kind]
    header, place = {"__metadata__": {weights.FACTS: facts}}, 0
    for name, array in zeros(sources.TORCHVISION).items():
        end = place + array.size * width
        header[name] = {
            "dtype": kind,
            "shape": array.shape,
            "data_offsets": [place, end],
        }
        place = end
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + place)


def objects(path):
    np.savez(path, conv1_w=np.array([{}, Bomb()], object))


def zip_bomb(path):
    """An array that claims a terabyte, and some zeros behind it."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("conv1_w.npy", "w", force_zip64=True) as file,
    ):
        head = {"descr": "<f4", "fortran_order": False, "shape": (2**38,)}
        np.lib.format.write_array_header_1_0(file, head)
        for _ in range(2**2):
            file.write(bytes(2**24))


def torch_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Bomb()))


def nan_npz(path):
    kernel = zeros(sources.CAFFE)["conv3_w"]
    kernel[0, 0, 0] = np.nan
    write_npz(path, conv3_w=kernel)


def without_facts(path):
    models.AlexNetMini().save_weights(path)
    import h5py

    with h5py.File(path, "r+") as file:
        file[weights.FACTS] = np.frombuffer(b'{"model": "vgg"}', np.uint8)


def huge_h5(path):
    models.AlexNetMini().save_weights(path)
    import h5py

    with h5py.File(path, "r+") as file:
        del file["layers/conv2d/vars/0"]
        file["layers/conv2d/vars"].create_dataset(
            "0", (2**20, 2**20), "float32", compression="gzip"
        )


def truncated(write, share=0.6):
    def cut(path):
        write(path)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])

    return cut


def onnx_of(change=None, **options):
    def write(path):
        arrays = {  # only the shapes are looked at
            name: np.zeros((*array.shape, 0)[-1:], "float32")
            for name, array in zeros(sources.CAFFE).items()
        }
        model = graph_of(
            {**zeros(sources.CAFFE), **arrays}
            if change == "empty"
            else zeros(sources.CAFFE),
            sources.CAFFE,
            227,
            **options,
        )
        if change:
            change(model.graph)
        onnx.save(model, path)

    return write


def external(graph):
    for tensor in graph.initializer:
        if tensor.name == "fc7_w":
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            entry = tensor.external_data.add()
            entry.key, entry.value = "location", "../../secret"


def caffenet(graph):
    """Caffe's other network, in which pools stand before the LRN."""
    kinds = [node.op_type for node in graph.node]
    place = kinds.index("LRN")
    norm, pool = graph.node[place], graph.node[place + 1]
    names = norm.input[0], pool.output[0]
    pool.input[0], pool.output[0] = names[0], "between"
    norm.input[0], norm.output[0] = "between", names[1]
    both = [
        onnx.NodeProto.FromString(n.SerializeToString()) for n in (pool, norm)
    ]
    graph.node[place].CopyFrom(both[0])
    graph.node[place + 1].CopyFrom(both[1])


def flipped(path):
    write_npz(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"conv4_w.npy") + 1500] ^= 1
    path.write_bytes(data)


def mini_h5(change):
    def write(path):
        whole = path.with_name("whole.weights.h5")
        models.AlexNetMini().save_weights(whole)
        import h5py

        with h5py.File(whole, "r+") as file:
            change(h5py, file, path.with_name("secret"))
        whole.rename(path)

    return write


def stored_elsewhere(h5py, file, secret):
    secret.write_bytes(bytes(99))
    del file["layers/dense_2/vars/1"]
    file["layers/dense_2/vars"].create_dataset(
        "1", (10,), "float32", external=[(secret, 0, 40)]
    )


def linked(h5py, file, secret):
    del file["layers/dense_2"]
    file["layers/dense_2"] = h5py.ExternalLink(secret, "layers/dense_2")


def nameless(h5py, file, secret):
    file["layers/dense_2/vars"].attrs["name"] = np.zeros(3)


def renamed(h5py, file, secret):
    file["layers/dense_2/vars"].attrs["name"] = "\x1b[2J" + "x" * 9_999


def without_shape(h5py, file, secret):
    del file["layers/dense_2/vars/1"]
    file["layers/dense_2/vars/1"] = h5py.Empty("f4")


def of_text(h5py, file, secret):
    del file["layers/dense_2/vars/1"]
    file["layers/dense_2/vars/1"] = ["text"] * 10


def facts_of_text(h5py, file, secret):
    del file["layers"]  # what follows is looked at first
    file[weights.FACTS] = "{}"


def very_deep(h5py, file, secret):
    for _ in range(40):
        file = file.create_group("a")


def older_h5(h5py, file, secret):
    file.create_group("model_weights")


half = np.zeros((12, 3, 11, 11), "float16")
WRONG = {  # what is wrong: (the file's ending, what writes it, what is said)
    "truncated npz": (".npz", truncated(write_npz), "damaged, or no .npz"),
    "truncated safetensors": (
        ".safetensors",
        truncated(write_sparse),
        "damaged, or no safetensors",
    ),
    "truncated h5": (
        ".weights.h5",
        truncated(lambda path: models.AlexNetMini().save_weights(path)),
        "is damaged, or no",
    ),
    "truncated onnx": (".onnx", truncated(onnx_of()), "damaged, or no ONNX"),
    "empty file": (".safetensors", lambda path: path.touch(), "damaged"),
    "text": (".npz", lambda path: path.write_text("hello"), "damaged"),
    "another network": (
        ".npz",
        lambda path: write_npz(path, conv1_w=half[:8]),
        r"conv1: conv1_w should have the shape \(12, 3, 11, 11\). Received: "
        r"\(8, 3, 11, 11\)",
    ),
    "layers swapped": (
        ".npz",
        lambda path: write_npz(
            path,
            conv3_w=zeros(sources.CAFFE)["conv4_w"],
            conv4_w=zeros(sources.CAFFE)["conv3_w"],
        ),
        "conv3: conv3_w should have",
    ),
    "an array missing": (
        ".npz",
        lambda path: write_npz(path, fc7_b=None),
        r"fc7: fc7_b of shape \(40,\) is missing",
    ),
    "an array too many": (
        ".npz",
        lambda path: write_npz(path, fc9_w=half),
        "fc9_w is superfluous",
    ),
    "bias of other classes": (
        ".npz",
        lambda path: write_npz(path, fc8_b=np.zeros(7, "float32")),
        r"fc8: fc8_b should have the shape \(3,\). Received: \(7,\)",
    ),
    "not a number": (
        ".npz",
        nan_npz,
        r"npz cannot be used: there are .* not finite: conv3 \(3\)",
    ),
    "whole numbers": (
        ".npz",
        lambda path: write_npz(path, conv1_b=np.zeros(12, int)),
        "conv1_b should hold floats. Received: int64",
    ),
    "bytes of bfloat16": (
        ".npz",
        lambda path: write_npz(path, conv1_b=np.zeros(12, "V2")),
        "should hold floats. Received: void16 .perhaps a bfloat16",
    ),
    "object arrays": (".npz", objects, "conv1_w holds Python objects, a pi"),
    "zip bomb": (
        ".npz",
        zip_bomb,
        r"conv1_w should have.* Received: \(274877906944,\)",
    ),
    "h5 bomb": (".weights.h5", huge_h5, "it claims to hold 1099511"),
    "a damaged array": (".npz", flipped, "is damaged, or no"),
    "h5 kept elsewhere": (
        ".weights.h5",
        mini_h5(stored_elsewhere),
        "1 lies in another file",
    ),
    "h5 linked": (
        ".weights.h5",
        mini_h5(linked),
        "dense_2 lies in another file",
    ),
    "a layer without a name": (
        ".weights.h5",
        mini_h5(nameless),
        "its layers have no names",
    ),
    "h5 without a shape": (
        ".weights.h5",
        mini_h5(without_shape),
        "1 holds no numbers",
    ),
    "h5 of text": (".weights.h5", mini_h5(of_text), "1 holds no numbers"),
    "facts that are text": (
        ".weights.h5",
        mini_h5(facts_of_text),
        "(holds no numbers|layers)",
    ),
    "groups in groups": (
        ".weights.h5",
        mini_h5(very_deep),
        "its groups lie more than 32 deep",
    ),
    "an older h5": (".h5", mini_h5(older_h5), "in Keras' older format"),
    "deep JSON": (
        ".safetensors",
        lambda path: write_sparse(path, facts="[" * 10**5),
        "is damaged, or no",
    ),
    "a pickle renamed": (
        ".safetensors",
        lambda path: path.write_bytes(pickle.dumps(Bomb())),
        "a pickle, which could run code.* It was not opened",
    ),
    "a pickle as h5": (
        ".weights.h5",
        lambda path: path.write_bytes(pickle.dumps(Bomb(), 2)),
        "a pickle, which could run code",
    ),
    "PyTorch's zip renamed": (".npz", torch_zip, "a pickle, which could run"),
    "facts of another package": (
        ".weights.h5",
        without_facts,
        "makes no sense",
    ),
    "names of other classes": (
        ".safetensors",
        lambda path: write_sparse(path, facts='{"class_names": ["a"]}'),
        "its class_names makes no sense",
    ),
    "facts that are none": (
        ".safetensors",
        lambda path: write_sparse(path, facts="no"),
        "no file of weights",
    ),
    "BatchNormalization": (
        ".weights.h5",
        batch_norm,
        "it holds no conv1",
    ),
    "weights kept elsewhere": (
        ".onnx",
        onnx_of(external),
        "'fc7_w' is said to lie in '../../secret', which leads out of the",
    ),
    "CaffeNet": (".onnx", onnx_of(caffenet), "neither Caffe's AlexNet nor"),
    "another LRN": (
        ".onnx",
        onnx_of(alpha=1.0, bias=2.0),
        "neither Caffe's AlexNet nor",
    ),
    "unknown ending": (
        ".dat",
        lambda path: path.touch(),
        "is no file of a network",
    ),
    "no file": (".npz", lambda path: None, "file.npz is no file"),
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (renamed, "Of fc6, fc7, fc8 they have fc6, fc7 only"),
        (of_text, "1 holds no numbers"),
    ],
)
def test_weights_that_fit_no_network_are_refused_with_their_path(
    tmp_path, capsys, change, said
):
    path, out = tmp_path / "a.weights.h5", tmp_path / "out.weights.h5"
    mini_h5(change)(path)
    with pytest.raises(ValueError, match=said) as error:
        exchange.load(path)
    assert str(path) in str(error.value)
    assert main(["convert", str(path), str(out)]) == 2
    text = capsys.readouterr().err
    assert str(path) in text
    assert said in text
    assert "\x1b" not in text
    assert len(text) < 999
    assert not out.exists()


@pytest.mark.usefixtures("slim")
def test_names_in_a_file_cannot_steer_the_terminal(tmp_path, capsys):
    path = tmp_path / "a.npz"
    write_npz(path, **{"\x1b[2Jfc9": half, "x" * 9_999: half})
    for command in (["identify", path], ["convert", path, tmp_path / "a.h5"]):
        main([str(word) for word in command])
        both = capsys.readouterr()
        assert "\x1b" not in both.out + both.err
        assert len(both.out + both.err) < 2_000


OTHERS = {  # a file, and what to do with it
    "a.npy": "a pickle of several.* numpy.savez the arrays conv1_w",
    "a.caffemodel": "pycaffe, as net.params of caffe.Net, and numpy.savez",
    "deploy.prototxt": "holds no weights.* its .caffemodel with pycaffe",
    "a.mat": "Matlab's.* SciPy",
    "a.tflite": r"tf2onnx.convert --tflite .*a.tflite --output",
    "saved/saved_model.pb": "tf2onnx.convert --saved-model .*saved --output",
    "a.pb": "make an ONNX graph of it with tf2onnx",
    "a.ckpt.index": "checkpoint of TensorFlow's.* save that as .keras",
    "a.pt2": "save the state_dict of its model as .pth",
    "a.pkl": "a pickle, which could run code.* as safetensors",
}


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_others_are_told_what_to_do(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    paths = [path, path.parent] if "saved" in name else [path]
    for given in paths:
        for ask in (exchange.read, identify):
            with pytest.raises(ValueError, match=OTHERS[name]) as error:
                ask(given)
            assert "Known are" not in str(error.value)


@pytest.mark.usefixtures("slim")
def test_bfloat16_is_read_as_floats(tmp_path):
    write_sparse(tmp_path / "a.safetensors", kind="BF16")
    found = exchange.read(tmp_path / "a.safetensors")
    assert found.arrays["conv1"][0].dtype == "float32"
    own = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("bfloat16")
        network = models.AlexNetMini(initialization="he")
        network.save_weights(tmp_path / "a.weights.h5")
    finally:
        keras.config.set_dtype_policy(own)
    kernel, _ = exchange.read(tmp_path / "a.weights.h5").arrays["conv1"]
    assert kernel.dtype == "float32"
    ours = network.get_layer("conv1").get_weights()[0]
    np.testing.assert_array_equal(kernel, ours.astype("float32"))


# What stands before torchvision's names in files of training scripts.
HOLDERS = (
    "module.",
    "_orig_mod.",
    "module._orig_mod.",
    "model.",
    "net.module.",
    "backbone.alexnet.",
)


@pytest.mark.usefixtures("slim")
@pytest.mark.parametrize("holder", HOLDERS)
def test_what_wraps_a_network_is_taken_off_its_names(tmp_path, holder):
    arrays = draw(sources.TORCHVISION, 3)
    path = tmp_path / "a.safetensors"
    save_file({holder + name: own for name, own in arrays.items()}, path)
    assert identify(path).name == "one-weird-trick"
    found = exchange.read(path)
    bias = arrays["classifier.6.bias"]
    np.testing.assert_array_equal(found.arrays["fc8"][1], bias)


@pytest.mark.usefixtures("slim")
def test_wrapped_features_a_counter_and_strangers_beside_them(tmp_path):
    path = tmp_path / "a.safetensors"
    arrays = {
        name.replace("features.", "features.module."): own
        for name, own in zeros(sources.TORCHVISION).items()
    }
    save_file({**arrays, "n_averaged": np.array(3)}, path)
    assert exchange.read(path).model == "one-weird-trick"
    half = {f"model.{name}": own for name, own in arrays.items()}
    save_file({**half, "loss.weight": np.zeros(3, "f4")}, path)
    with pytest.raises(ValueError, match=r"Trick:\n  loss.weight is superfl"):
        exchange.read(path)
    save_file({**half, **arrays}, path)
    for ask in (exchange.read, identify):
        with pytest.raises(ValueError, match="holds 2 networks"):
            ask(path)


@pytest.mark.usefixtures("slim")
@pytest.mark.parametrize("what", WRONG)
def test_wrong_files_are_refused(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    ending, write, message = WRONG[what]
    path = tmp_path / f"file{ending}"
    write(path)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        exchange.read(path)
    assert not (tmp_path / "was-run").exists()
