"""The networks: shapes, counts, arguments, and what they save."""

import inspect
import subprocess
import sys

import keras
import numpy as np
import pytest

from alexnet_keras import architecture, models, shapes
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
FULL = {
    "two-tower": (AlexNet, 60_965_224),
    "one-tower": (AlexNetOneTower, 62_378_344),
    "one-weird-trick": (OneWeirdTrick, 61_100_840),
}
LEAST = [
    (AlexNet, "two-tower", 64),  # 67 less the three that rounding up adds
    (AlexNetOneTower, "one-tower", 64),
    (OneWeirdTrick, "one-weird-trick", 63),
    (AlexNetMini, "mini", 32),
]


@pytest.fixture(scope="module", params=FULL)
def full(request):
    builder, parameters = FULL[request.param]
    return request.param, builder(), parameters


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


def test_the_networks_have_the_papers_parameters(full):
    _, model, parameters = full
    assert model.count_params() == parameters
    assert model.output_shape == (None, 1000)


def test_every_layer_is_the_papers(full):
    name, model, _ = full
    if name == "one-weird-trick":
        assert model.get_layer("flatten").output.shape == (None, 9216)
        return
    column = 2 if name == "two-tower" else 3
    found = [
        (layer.name, layer.output.shape[1:], layer.count_params())
        for layer in model.layers[1:]
    ]
    assert found == [(row[0], row[1], row[column]) for row in LAYERS]


def test_the_chain_of_a_model_gives_keras_own_counts_and_shapes(full):
    _, model, _ = full
    rows = shapes.table(models.layer_chain(model), model.input_shape[1])
    check_rows(rows, model)


def check_rows(rows, model):
    assert rows[0].output_shape == model.input_shape[1:]
    for row in rows[1:]:
        layer = model.get_layer(row.name)
        assert row.parameters == layer.count_params()
        shape = layer.output.shape[1:]
        if row.name == "pool":  # over all places
            shape = (1, 1, *shape)
        assert row.output_shape == shape
    assert sum(row.parameters for row in rows) == model.count_params()


@pytest.mark.parametrize(
    "model",
    [
        lambda: AlexNet(False, input_shape=(224, 300, 1)),
        lambda: AlexNetOneTower(False, input_shape=(100, 68, 4)),
        lambda: OneWeirdTrick(input_shape=(97, 97, 3), classes=3),
        lambda: AlexNetMini(False, pooling="max"),
    ],
)
def test_chains_of_other_sizes_give_keras_own_counts_too(model):
    model = model()
    chain = models.layer_chain(model)
    rows = shapes.table(chain, model.input_shape[1:3], model.input_shape[3])
    check_rows(rows, model)


def test_a_layer_that_cannot_be_described_is_named():
    model = keras.Sequential(
        [keras.Input((9, 9, 3)), keras.layers.UpSampling2D(name="grow")]
    )
    with pytest.raises(ValueError, match="Received: grow, a UpSampling2D"):
        models.layer_chain(model)


def test_units_see_the_papers_fields():
    fields = shapes.receptive_fields(models.layer_chain(AlexNet(False)))
    sizes = {field.name: field.size for field in fields}
    sizes = [sizes[f"conv{number}"] for number in range(1, 6)]
    assert sizes == [11, 51, 99, 131, 163]


@pytest.mark.parametrize("builder", [AlexNet, AlexNetOneTower])
@pytest.mark.parametrize("size", [224, 225, 226, 227])
def test_224_and_227_pixels_both_give_9216_values(builder, size):
    model = builder(False, input_shape=(size, size, 3))
    assert model.get_layer("conv1").output.shape == (None, 55, 55, 96)
    assert model.output_shape == (None, 6, 6, 256)
    padding = [layer for layer in model.layers if layer.name == "pad1"]
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


@pytest.mark.parametrize(("builder", "name", "least"), LEAST)
def test_images_that_are_too_small_are_refused(builder, name, least):
    model = builder(False, input_shape=(least, least, 3))
    assert model.output_shape[1:3] == (1, 1)
    assert architecture.smallest_size(name) == least
    wrong = (least - 1, least, 3)
    with pytest.raises(ValueError, match=f"at least {least} x {least}") as e:
        builder(False, input_shape=wrong)
    assert ("AlexNetMini" in str(e.value)) == (name != "mini")


@pytest.mark.parametrize("size", [63, 64, 224, 227])
def test_the_weird_tricks_padding_keeps_its_size_at_the_smallest(size):
    model = OneWeirdTrick(False, input_shape=(size, size, 3))
    places = len(range(-2, size + 2 - 11 + 1, 4))  # where conv1 stands
    assert model.get_layer("conv1").output.shape == (None, places, places, 64)


@pytest.mark.parametrize("builder", models.BUILDERS.values())
def test_the_arguments_are_those_of_keras_applications(builder):
    theirs = inspect.signature(keras.applications.ResNet50).parameters
    ours = inspect.signature(builder).parameters
    assert [*theirs] == [name for name in ours if name != "options"]
    for argument in {*theirs} - {"weights", "name", "classes"}:
        assert ours[argument].default == theirs[argument].default
    assert "include_top: Bool" in builder.__doc__


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
        if initialization == "he" and layer.name == "fc8":
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
    name, model, _ = full
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
    expected = sum(0.5 * np.square(kernel, dtype="float64").sum()
                   for kernel in kernels)  # fmt: skip
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
        ({"initialization": "xavier"}, '"2012" or "he".*xavier'),
        ({"input_shape": (64, 64)}, r"fixed height.*\(64, 64\)"),
        ({"input_shape": (None, None, 3)}, "fixed height.*None"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        AlexNetMini(**arguments)


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


def test_half_precision_ends_in_a_whole_softmax(mini):
    images = pictures(64) / 100
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = AlexNetMini()
    finally:
        keras.config.set_dtype_policy(before)
    model.set_weights(mini.get_weights())
    assert model.get_layer("conv2").compute_dtype == "bfloat16"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    probabilities = outputs(model, images)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(probabilities, outputs(mini, images), atol=0.02)


def test_preprocessing_subtracts_the_mean_and_leaves_its_argument():
    images = np.full((1, 2, 2, 3), 128, "uint8")
    expected = np.full((1, 2, 2, 3), 128) - [127.30, 119.72, 104.91]
    for given in (images, keras.ops.convert_to_tensor(images)):
        found = models.preprocess_input(given)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert (images == 128).all()


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
