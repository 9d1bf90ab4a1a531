"""The networks: shapes, counts, arguments, and what they save."""

import inspect
import json
import pydoc
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from packaging.version import Version

import alexnet_keras
from alexnet_keras import models, networks, recipes, shapes
from alexnet_keras.models import (
    AlexNet,
    AlexNetMini,
    AlexNetOneTower,
    OneWeirdTrick,
)

# Layer, output shape, parameters with two towers and with one.
LAYERS = [
    ("conv1", (55, 55, 96), 34_944, 34_944),
    ("norm1", (55, 55, 96), 0, 0),
    ("pool1", (27, 27, 96), 0, 0),
    ("conv2", (27, 27, 256), 307_456, 614_656),
    ("norm2", (27, 27, 256), 0, 0),
    ("pool2", (13, 13, 256), 0, 0),
    ("conv3", (13, 13, 384), 885_120, 885_120),
    ("conv4", (13, 13, 384), 663_936, 1_327_488),
    ("conv5", (13, 13, 256), 442_624, 884_992),
    ("pool5", (6, 6, 256), 0, 0),
    ("flatten", (9216,), 0, 0),
    ("fc6", (4096,), 37_752_832, 37_752_832),
    ("drop6", (4096,), 0, 0),
    ("fc7", (4096,), 16_781_312, 16_781_312),
    ("drop7", (4096,), 0, 0),
    ("fc8", (1000,), 4_097_000, 4_097_000),
]
BUILDERS = {
    name: getattr(models, network.builder)
    for name, network in networks.NETWORKS.items()
}
each_builder = pytest.mark.parametrize("builder", BUILDERS.values())
each_network = pytest.mark.parametrize("name", BUILDERS)
PARAMETERS = {
    "two-tower": 60_965_224,
    "one-tower": 62_378_344,
    "caffe": 60_965_224,
    "one-weird-trick": 61_100_840,
    "mini": 368_842,
}


@pytest.fixture(scope="module", params=BUILDERS)
def full(request):
    return request.param, BUILDERS[request.param]()


@pytest.fixture(scope="module")
def mini():
    keras.utils.set_random_seed(1)
    return AlexNetMini(initialization="he")


def pictures(size, count=2, channels=3, seed=0):
    generator = np.random.default_rng(seed)
    return generator.uniform(0, 255, (count, size, size, channels)).astype(
        "float32"
    )


def outputs(model, images):
    return np.asarray(model(images))


def test_the_networks_have_their_parameters(full):
    name, model = full
    assert model.count_params() == PARAMETERS[name]
    assert model.output_shape == (None, 10 if name == "mini" else 1000)
    assert model.name == networks.NETWORKS[name].name


@pytest.mark.parametrize("name", ["two-tower", "one-tower"])
def test_every_layer_is_the_papers(name):
    model = BUILDERS[name]()
    column = 2 if name == "two-tower" else 3
    found = [
        (layer.name, layer.output.shape[1:], layer.count_params())
        for layer in model.layers[1:]
    ]
    assert found == [(row[0], row[1], row[column]) for row in LAYERS]


def check_rows(name, model):
    """Every line of the table is that of the Keras layer of its name."""
    rows = networks.NETWORKS[name].layers
    if "fc8" not in [layer.name for layer in model.layers]:
        rows = networks.body(rows)
    _, *sides, channels = model.input_shape
    lines = shapes.table(rows, sides, channels)
    assert lines[0].output_shape == model.input_shape[1:]
    there = {layer.name: layer for layer in model.layers}
    for line in lines[1:]:
        if line.name == "resample5" and sides == [224, 224]:
            continue  # at its own size torchvision's pool changes nothing
        layer = there[line.name]
        units = layer.output.shape[-1:] if line.name == "fc8" else ()
        assert (units or line.output_shape) == layer.output.shape[1:]
        if line.name != "fc8":
            assert line.parameters == layer.count_params()
        if line.kernel and not hasattr(layer, "get_grouped_weights"):
            expected = (*line.kernel[:-1], *units) if units else line.kernel
            assert layer.kernel.shape == expected
        elif line.kernel:
            assert layer.get_grouped_weights()[0].shape == line.kernel


def test_every_line_of_the_tables_is_a_keras_layer(full):
    check_rows(*full)


@each_network
@pytest.mark.parametrize(
    "shape", [(224, 300, 1), (97, 97, 3), (225, 225, 4), (224, 224, 3)]
)
def test_every_line_at_other_sizes_too(name, shape):
    check_rows(name, BUILDERS[name](False, input_shape=shape))


def test_torchvisions_network_takes_any_size_with_its_top():
    check_rows(
        "one-weird-trick",
        OneWeirdTrick(input_shape=(97, 97, 3), classes=3),
    )


@pytest.mark.parametrize("builder", [AlexNet, AlexNetOneTower])
@pytest.mark.parametrize("size", [224, 225, 226, 227])
def test_224_and_227_pixels_both_give_9216_values(builder, size):
    model = builder(False, input_shape=(size, size, 3))
    assert model.get_layer("conv1").output.shape == (None, 55, 55, 96)
    assert model.output_shape == (None, 6, 6, 256)
    padding = [x for x in model.layers if x.name == "pad_conv1"]
    assert bool(padding) == (size < 227)


def test_224_pixels_are_227_with_zeros_at_the_bottom_and_right():
    small = AlexNet(False, input_shape=(224, 224, 3), initialization="he")
    large = AlexNet(False, input_shape=(227, 227, 3))
    large.set_weights(small.get_weights())
    images = pictures(224, 1)
    padded = np.pad(images, [(0, 0), (0, 3), (0, 3), (0, 0)])
    np.testing.assert_array_equal(
        outputs(small, images), outputs(large, padded)
    )


@each_network
def test_images_that_are_too_small_are_refused(name):
    builder = BUILDERS[name]
    least = shapes.smallest_size(networks.body(networks.NETWORKS[name].layers))
    model = builder(False, input_shape=(least, least, 3))
    assert model.output_shape[1:3] == (1, 1)
    for wrong in ((least - 1, least, 3), (None, least - 1, 3)):
        with pytest.raises(ValueError, match=f"at least {least} x {least}"):
            builder(False, input_shape=wrong)


@pytest.mark.parametrize("size", [63, 64, 224, 227])
def test_the_weird_tricks_padding_keeps_its_size_at_the_smallest(size):
    model = OneWeirdTrick(False, input_shape=(size, size, 3))
    places = len(range(-2, size + 2 - 11 + 1, 4))  # where conv1 stands
    assert model.get_layer("conv1").output.shape == (None, places, places, 64)


@each_network
def test_the_smallest_images_go_through_the_whole_network(name):
    least = shapes.smallest_size(networks.body(networks.NETWORKS[name].layers))
    model = BUILDERS[name](input_shape=(least, least, 3), classes=10)
    images = np.zeros((2, least, least, 3), "float32")
    assert model.predict(images, verbose=0).shape == (2, 10)


@each_builder
def test_the_arguments_are_those_of_keras_applications(builder):
    theirs = inspect.signature(keras.applications.ResNet50).parameters
    ours = inspect.signature(builder).parameters
    own = {"dropout", "initialization", "kernel_regularizer", "rescaling"}
    own |= {"network"} if builder is AlexNet else set()
    assert [*theirs] == [name for name in ours if name not in own]
    assert own <= ours.keys()
    assert {ours[name].kind.name for name in own} == {"KEYWORD_ONLY"}
    for argument in {*theirs} - {"weights", "name", "classes"}:
        assert ours[argument].default == theirs[argument].default


@each_builder
def test_a_misspelt_argument_names_itself(builder):
    with pytest.raises(TypeError, match="'clases'") as error:
        builder(clases=3)
    assert builder.__name__ in str(error.value)
    with pytest.raises(TypeError, match="positional"):
        builder(*[None] * 9)


@each_builder
def test_help_shows_every_argument_and_what_the_network_is(builder):
    shown = pydoc.render_doc(builder, renderer=pydoc.plaintext)
    for argument in inspect.signature(builder).parameters:
        assert argument in shown
    assert "parameters with 1000 classes" in shown or builder is AlexNetMini


# The cases of Keras' own keras/src/applications/applications_test.py, but
# those of channels first and of ImageNet's weights.


@each_network
@pytest.mark.parametrize("channels", [1, 4])
def test_without_the_top_any_size_and_channels_will_do(name, channels):
    shape = (None, None, channels)
    model = BUILDERS[name](weights=None, include_top=False, input_shape=shape)
    last = model.get_layer("conv5").filters
    assert model.outputs[0].shape == (None, None, None, last)


@each_network
def test_without_the_top_a_size_of_ones_own_will_do(name):
    model = BUILDERS[name](
        weights=None, include_top=False, input_shape=(123, 123, 3)
    )
    assert model.outputs[0].shape[-1] == model.get_layer("conv5").filters


@each_network
def test_a_tensor_of_another_layer_will_do(name):
    image = keras.Input((200, 200, 4), name="custom_input")
    given = keras.layers.Conv2D(3, 2, strides=2)(image)
    model = BUILDERS[name](weights=None, include_top=False, input_tensor=given)
    assert model.outputs[0].shape[-1] == model.get_layer("conv5").filters
    assert model.inputs == [image]


@each_network
def test_a_pool_over_all_places_will_do(name):
    model = BUILDERS[name](weights=None, include_top=False, pooling="max")
    assert model.outputs[0].shape == (None, model.get_layer("conv5").filters)


def test_the_last_layer_has_the_activation_that_was_asked_for(full):
    _, model = full
    assert model.layers[-1].activation.__name__ == "softmax"


@each_network
@pytest.mark.parametrize("size", [(67, 224), (225, 98)])
def test_a_size_that_is_not_told_gives_the_same_maps(name, size):
    """Where sizes round up, zeros must come out right for every size."""
    free = BUILDERS[name](False, input_shape=(None, None, 3))
    fixed = BUILDERS[name](False, input_shape=(*size, 3))
    fixed.set_weights(free.get_weights())
    images = pictures(max(size), 1)[:, : size[0], : size[1]]
    np.testing.assert_array_equal(outputs(free, images), outputs(fixed, images))


def test_the_name_and_the_number_of_classes():
    model = AlexNetMini(classes=7, name="seven")
    assert model.name == "seven"
    assert model.output_shape == (None, 7)
    assert AlexNetMini().name == "alexnet_mini"


def test_without_the_top_the_maps_of_pool5_remain(mini):
    images = pictures(64)
    maps = AlexNetMini(include_top=False)
    values = {"avg": (np.mean, "avg"), "max": (np.max, "max")}
    maps.set_weights(mini.get_weights()[: len(maps.weights)])
    pool5 = outputs(maps, images)
    assert pool5.shape == (2, 3, 3, 64)
    for pooling, (function, _) in values.items():
        model = AlexNetMini(include_top=False, pooling=pooling)
        model.set_weights(maps.get_weights())
        expected = function(pool5, axis=(1, 2))
        np.testing.assert_allclose(
            outputs(model, images), expected, rtol=1e-5, atol=1e-6
        )


def test_logits_are_what_softmax_is_taken_of(mini):
    logits = AlexNetMini(classifier_activation=None)
    logits.set_weights(mini.get_weights())
    images = pictures(64) - 128
    powers = np.exp(outputs(logits, images).astype("float64"))
    expected = powers / powers.sum(-1, keepdims=True)
    np.testing.assert_allclose(outputs(mini, images), expected, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_first_are_told_so_and_not_called_pixels(channels):
    shape = (channels, 227, 227)
    for given in ({"input_shape": shape}, {"input_tensor": keras.Input(shape)}):
        with pytest.raises(ValueError, match="channels first") as error:
            AlexNet(False, **given)
        assert f"Give (227, 227, {channels})" in str(error.value)
        assert "pixels" not in str(error.value)


def test_an_input_tensor_takes_the_place_of_the_input_shape(mini):
    image = keras.Input((64, 64, 3))
    model = AlexNetMini(input_tensor=image)
    assert model.inputs[0] is image
    halved = AlexNetMini(input_tensor=keras.layers.Rescaling(0.5)(image))
    assert halved.inputs[0] is image
    for other in (model, halved):
        other.set_weights(mini.get_weights())
    images = pictures(64) - 128
    expected = outputs(mini, images)
    np.testing.assert_array_equal(outputs(model, images), expected)
    np.testing.assert_array_equal(outputs(halved, 2 * images), expected)
    with pytest.raises(ValueError, match="at least 32 x 32"):
        AlexNetMini(input_tensor=keras.Input((31, 64, 3)))


def test_rescaling_comes_first_and_has_no_weights(mini):
    mean, scale = (120, 110, 100), 50
    model = AlexNetMini(rescaling=(mean, scale))
    assert model.layers[1].name == "rescaling"
    model.set_weights(mini.get_weights())
    images = pictures(64)
    scaled = ((images - np.array(mean)) / scale).astype("float32")
    np.testing.assert_allclose(
        outputs(model, images), outputs(mini, scaled), rtol=1e-4, atol=1e-6
    )
    assert model.count_params() == mini.count_params()


@pytest.mark.parametrize(
    ("initialization", "stds", "ones"),
    [
        ("paper", [0.01] * 8, [2, 4, 5, 6, 7]),
        ("2012", [*[0.01] * 2, *[0.03] * 3, *[0.01] * 3], [2, 4, 5, 6, 7]),
        ("he", None, []),
        ("he-small", None, []),
    ],
)
def test_initial_weights(initialization, stds, ones):
    keras.utils.set_random_seed(0)
    model = AlexNet(
        input_shape=(67, 67, 3), classes=100, initialization=initialization
    )
    layers = [layer for layer in model.layers if layer.weights]
    for number, layer in enumerate(layers, 1):
        kernels = [w.numpy() for w in layer.weights if "kernel" in w.name]
        biases = [w.numpy() for w in layer.weights if "bias" in w.name]
        fan_in = np.prod(kernels[0].shape[:-1])
        std = stds[number - 1] if stds else np.sqrt(2 / fan_in)
        if initialization == "he-small" and layer.name in ("fc6", "fc7"):
            std /= 3
        if initialization.startswith("he") and layer.name == "fc8":
            std = 0.01  # so that the first loss is near ln(classes)
        for kernel in kernels:
            assert kernel.std() == pytest.approx(std, rel=0.02)
            assert abs(kernel.mean()) < 5 * std / np.sqrt(kernel.size)
        for bias in biases:
            assert (bias == (number in ones)).all()


def test_the_constants_of_the_paper():
    two, one = AlexNet(False), AlexNetOneTower(False)
    for name in ("norm1", "norm2"):
        norm = two.get_layer(name)
        constants = (norm.bias, norm.size, norm.alpha, norm.beta)
        assert constants == (2, 5, 1e-4, 0.75)
        assert norm.groups == 2  # within a tower, as the 2012 code
        assert one.get_layer(name).groups == 1  # there is one


def test_dropout_comes_after_fc6_and_fc7_or_before_them(full):
    name, model = full
    names = [layer.name for layer in model.layers]
    order = names[names.index("flatten") + 1 :]
    if name == "one-weird-trick":  # as in torchvision
        assert order == ["drop6", "fc6", "drop7", "fc7", "fc8"]
    else:
        assert order == ["fc6", "drop6", "fc7", "drop7", "fc8"]


def test_the_share_of_dropped_units():
    for model, rate in [
        (AlexNetMini(dropout=0.25), 0.25),
        (AlexNetMini(), 0.5),
    ]:
        drops = [model.get_layer(name) for name in ("drop6", "drop7")]
        assert [layer.rate for layer in drops] == [rate, rate]


def test_every_kernel_and_no_bias_is_penalised():
    model = AlexNetMini(kernel_regularizer=keras.regularizers.L2(0.5))
    kernels = [w.numpy() for w in model.weights if "kernel" in w.name]
    assert len(kernels) == 8 + 3  # three layers have two towers
    expected = sum(
        0.5 * np.square(kernel, dtype="float64").sum() for kernel in kernels
    )
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_weights_are_read_from_a_file(mini, tmp_path):
    path = tmp_path / "mini.weights.h5"
    mini.save_weights(path)
    images = pictures(64)
    for weights in (path, str(path)):
        twin = AlexNetMini(weights=weights)
        np.testing.assert_array_equal(
            outputs(twin, images), outputs(mini, images)
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": "imagenet"}, "No ImageNet weights.*torchvision.*Caffe"),
        ({"weights": "nowhere.weights.h5"}, "no such file.*nowhere.weights.h5"),
        ({"pooling": "mean"}, 'None, "avg" or "max".*mean'),
        ({"classes": 0}, "at least 1.*0"),
        ({"initialization": "xavier"}, '"he" or "he-small".*xavier'),
        ({"input_shape": (64, 64)}, r"number of channels.*\(64, 64\)"),
        ({"input_shape": (64, 64, None)}, "number of channels.*None"),
        ({"input_shape": (None, 64, 3)}, "With its top.*None.*include_top"),
        ({"network": "vgg"}, "unexpected keyword argument 'network'"),
        ({"weights": 5}, "`weights` must be .*a int"),
        ({"weights": __file__}, r"must end in .weights.h5 or .keras.*exchange"),
        (
            {"rescaling": ((1, 2, 3), 1), "input_shape": (64, 64, 1)},
            "the images have 1 channels",
        ),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        AlexNetMini(**arguments)


def test_a_network_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="two-tower, one-tower.*'vgg'"):
        AlexNet(network="vgg")


def test_channels_first_is_refused():
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match="channels_last"):
            AlexNetMini(input_shape=(3, 64, 64))
    finally:
        keras.config.set_image_data_format("channels_last")


@pytest.mark.parametrize(
    "builder",
    [
        lambda: AlexNet(False, input_shape=(224, 224, 3)),
        lambda: OneWeirdTrick(False, pooling="avg"),
        lambda: AlexNetMini(rescaling=((1, 2, 3), 58.0)),
    ],
    ids=["two-tower", "one-weird-trick", "mini"],
)
def test_a_saved_model_gives_the_same_outputs(builder, tmp_path):
    model = builder()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = pictures(model.input_shape[1])
    np.testing.assert_array_equal(
        outputs(model, images), outputs(loaded, images)
    )
    assert loaded.count_params() == model.count_params()


def test_a_saved_model_loads_elsewhere_after_one_import(mini, tmp_path):
    mini.save(tmp_path / "mini.keras")
    np.save(tmp_path / "images.npy", pictures(64))
    code = (
        "import keras, numpy as np, alexnet_keras.layers\n"
        "model = keras.models.load_model('mini.keras')\n"
        "np.save('outputs.npy', model(np.load('images.npy')))\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    np.testing.assert_allclose(
        np.load(tmp_path / "outputs.npy"),
        outputs(mini, pictures(64)),
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    ("policy", "kept"), [("mixed_bfloat16", "float32"), ("bfloat16",) * 2]
)
def test_half_precision_ends_in_a_whole_softmax(mini, policy, kept):
    images = pictures(64) / 100
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = AlexNetMini()
    finally:
        keras.config.set_dtype_policy(before)
    model.set_weights(mini.get_weights())
    assert model.get_layer("conv2").compute_dtype == "bfloat16"
    last = model.get_layer("fc8").weights
    assert {weight.dtype for weight in last} == {"float32"}
    others = model.weights[: -len(last)]
    assert {weight.dtype for weight in others} == {kept}
    probabilities = outputs(model, images)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(probabilities, outputs(mini, images), atol=0.02)


def test_a_compiled_model_of_ours_loads_and_goes_on(tmp_path):
    keras.utils.set_random_seed(3)
    model = AlexNetMini(initialization="he", classes=3)
    rates = keras.optimizers.schedules.CosineDecay(0.01, 20)
    model.compile(
        recipes.MomentumSGD(rates, 0.8, 0.02), "sparse_categorical_crossentropy"
    )
    images, labels = pictures(64, 4) / 60 - 2, np.array([0, 1, 2, 0])
    model.train_on_batch(images, labels)
    model.save(tmp_path / "model.keras")
    loaded = alexnet_keras.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is recipes.MomentumSGD
    assert loaded.optimizer.bias_learning_rate == 0.02
    for one in (model, loaded):
        for layer in one.layers:
            if "Dropout" in type(layer).__name__:
                layer.rate = 0  # its masks go on from its own seed
        one.compile(one.optimizer, one.loss)
        one.train_on_batch(images, labels)
    for ours, theirs in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_every_keras_class_of_ours_is_registered():
    from alexnet_keras import layers, placement, recipes

    for module in (layers, placement, recipes):
        for one in vars(module).values():
            if (
                inspect.isclass(one)
                and one.__module__ == module.__name__
                and issubclass(one, keras.Layer | keras.Optimizer)
            ):
                name = f"alexnet_keras>{one.__name__}"
                assert keras.saving.get_registered_object(name) is one


def test_what_a_newer_keras_wrote_loads(tmp_path):
    """Keras 3.15 gave He's initializer two options that 3.13 refuses."""
    model = AlexNetMini(classes=3, input_shape=(66, 66, 3), initialization="he")
    model.save(tmp_path / "here.keras")
    there = tmp_path / "there.keras"
    with (
        zipfile.ZipFile(tmp_path / "here.keras") as old,
        zipfile.ZipFile(there, "w") as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                (conv1,) = (
                    layer["config"]
                    for layer in config["config"]["layers"]
                    if layer["config"]["name"] == "conv1"
                )
                assert conv1["kernel_initializer"]["class_name"] == "HeNormal"
                conv1["kernel_initializer"]["config"]["of_tomorrow"] = None
                content = json.dumps(config)
            new.writestr(name, content)
    with pytest.raises(TypeError, match="of_tomorrow"):
        keras.models.load_model(there)
    loaded = alexnet_keras.load_model(there)
    conv1 = loaded.get_layer("conv1")
    assert isinstance(conv1.kernel_initializer, keras.initializers.HeNormal)
    for ours, theirs in zip(
        model.get_weights(), loaded.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_files_of_version_0_1_0_load_with_equal_outputs(tmp_path):
    """tests/data/README.md tells how the files were made."""
    archive = Path(__file__).parent / "data" / "version_0_1_0.zip"
    with zipfile.ZipFile(archive) as files:
        files.extractall(tmp_path)
    with np.load(tmp_path / "outputs.npz") as file:
        expected = {name: file[name] for name in file.files}
    sizes = {"whole": 66, "placed": 64}
    if Version(keras.__version__) < Version("3.15"):
        del sizes["placed"]  # has Keras' own Dense, of 3.15
    for name, size in sizes.items():
        model = alexnet_keras.load_model(tmp_path / f"{name}.keras")
        found = model.predict_on_batch(pictures(size))
        np.testing.assert_allclose(found, expected[name], rtol=1e-5, atol=1e-6)
    rescaling = ((120, 110, 100), (60, 61, 62))
    for ending in ("whole.keras", "whole.weights.h5", "facts.weights.h5"):
        model = AlexNetMini(
            classes=3,
            input_shape=(66, 66, 3),
            rescaling=rescaling,
            weights=tmp_path / ending,
        )
        found = model.predict_on_batch(pictures(66))
        np.testing.assert_allclose(found, expected["whole"], 1e-5, 1e-6)


@pytest.mark.parametrize(
    ("network", "mean", "scale"),
    [
        ("two-tower", [127.30, 119.72, 104.91], 1),
        ("one-tower", [127.30, 119.72, 104.91], 1),
        ("mini", [127.30, 119.72, 104.91], 1),
        ("caffe", [122.679, 116.669, 104.007], 1),
        # pytorch/vision's on [0, 1]
        (
            "one-weird-trick",
            np.array([0.485, 0.456, 0.406]) * 255,
            np.array([0.229, 0.224, 0.225]) * 255,
        ),
    ],
)
def test_preprocessing_is_that_of_the_network(network, mean, scale):
    images = np.full((1, 2, 2, 3), 128, "uint8")
    expected = (np.full((1, 2, 2, 3), 128) - mean) / scale
    for given in (images, keras.ops.convert_to_tensor(images)):
        found = models.preprocess_input(given, network)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert (images == 128).all()
    with pytest.raises(ValueError, match="Received: 'vgg'"):
        models.preprocess_input(images, "vgg")


def test_predictions_are_named_from_the_likeliest_down():
    predictions = np.array([[0.1, 0.2, 0.7], [0.4, 0.3, 0.3]], "float32")
    found = models.decode_predictions(predictions, 2, ["cube", "cone", "ball"])
    assert [[(i, name) for i, name, _ in image] for image in found] == [
        [(2, "ball"), (1, "cone")],
        [(0, "cube"), (1, "cone")],  # of equals, the first
    ]
    assert found[0][0][2] == pytest.approx(0.7)
    assert len(models.decode_predictions(predictions, 5, "abc")[0]) == 3


@pytest.mark.parametrize("names", [["one", "two"], None])
def test_names_and_predictions_must_be_as_many(names):
    with pytest.raises(ValueError, match=r"shape.*\(1, 3\)|\(1, 3\)"):
        models.decode_predictions(np.ones((1, 3)) / 3, class_names=names)
