"""Small truths that the ledger's rows stand on, each by arithmetic."""

import ast
import itertools
import json
import math
import pathlib
import statistics

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_keras import costs, layers, networks, shapes, trained
from alexnet_keras.datasets import relu_and_tanh
from alexnet_keras.models import AlexNetMini, match_fan_ins
from alexnet_keras.rows import Conv, Norm, Pool

KINDS = ("conv", "norm", "pool")
IDLE = ("flatten", "drop6", "drop7")  # no new values
NOTEBOOKS = pathlib.Path(__file__).parents[1] / "notebooks"
LINES = {line.name: line for line in shapes.table(networks.ALEXNET)}
WEIGHTS = sum(line.parameters for line in LINES.values())
WORK = sum(line.multiply_adds for line in LINES.values())


def values(name):
    """Values of a layer's output."""
    return math.prod(LINES[name].output_shape)


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum()


def relu(x):
    return np.maximum(x, 0)


# Sizes


def test_pictures_have_so_many_numbers():
    assert np.empty((227, 227, 3)).size == 154_587
    assert np.empty((224, 224, 3)).size == 150_528
    assert np.empty((1080, 1920, 3)).size == 6_220_800
    assert round(6_220_800 / 154_587, 2) == 40.24


def test_conv1_has_more_values_at_fewer_places():
    assert values("conv1") == 290_400
    assert round(290_400 / 154_587, 3) == 1.879
    assert round(227**2 / 55**2, 2) == 17.03
    # the article's 5.6 is what 9 channels in place of 96 give
    assert 55 * 55 * 9 == 27_225
    assert 5.6 < 154_587 / 27_225 < 5.7


def test_conv1_makes_no_photo_smaller():
    places = [1 + math.ceil((side - 11) / 4) for side in (1080, 1920)]
    conv1 = shapes.table(networks.ALEXNET[:1], (1080, 1920))[-1]
    assert conv1.output_shape == (*places, 96)
    assert math.prod(conv1.output_shape) == 12_369_696 > 1.9 * 6_220_800


def test_filters_that_compare_forget_how_bright_it_was():
    patches = np.array([*itertools.product([0, 1], repeat=9)])
    filters = np.random.default_rng(2012).normal(size=(9, 20))
    filters -= filters.mean(axis=0)  # each adds up to 0
    answers = relu(patches @ filters).round(9)
    assert answers.shape[1] > patches.shape[1]  # 20 values in place of 9
    assert len(np.unique(answers, axis=0)) < len(patches)  # and less is known
    brighter = relu((patches + 7) @ filters)
    np.testing.assert_allclose(brighter, answers, atol=1e-8)


def test_conv2_keeps_27_with_two_zeros_only():
    def counted(zeros):
        return len(range(-zeros, 27 + zeros - 5 + 1))

    assert [counted(zeros) for zeros in range(4)] == [23, 25, 27, 29]
    (conv2,) = [row for row in networks.ALEXNET if row.name == "conv2"]
    assert shapes.zeros(conv2, 27) == (2, 2)


def test_the_program_of_2012_cuts_even_sizes_only():
    sizes = [256 - 2 * border for border in range(128)]
    assert 224 in sizes
    assert 227 not in sizes


def test_5_and_11_divide_the_places_of_55_and_not_of_54():
    for part in (5, 11):
        assert 55**2 % part == 0
        assert 54**2 % part != 0


def test_alexnet_has_three_pools_and_ends_in_6_6_256():
    pools = [row.name for row in networks.ALEXNET if isinstance(row, Pool)]
    assert pools == ["pool1", "pool2", "pool5"]
    assert LINES["pool5"].output_shape == (6, 6, 256)


def test_norms_stand_between_relu_and_pool_behind_conv1_and_conv2():
    names = [layer.name for layer in AlexNetMini(include_top=False).layers]
    parts = "".join(name[:1] for name in names if name[:4] in KINDS)
    assert parts == "cnpcnpcccp"  # conv, norm, pool; figure 2
    relus = [row.name for row in networks.ALEXNET if "relu" in row]
    assert relus == "conv1 conv2 conv3 conv4 conv5 fc6 fc7".split()


def test_filters_are_as_deep_as_the_paper_says():
    kernels = {name: line.kernel for name, line in LINES.items()}
    assert kernels["conv1"] == (11, 11, 3, 96)
    assert kernels["conv2"] == (5, 5, 48, 256)
    assert kernels["conv3"] == (3, 3, 256, 384)
    assert kernels["conv4"] == (3, 3, 192, 384)
    assert kernels["conv5"] == (3, 3, 192, 256)


def test_ten_deep_filters_have_thirty_slices():
    layer = keras.layers.Conv2D(10, 3)
    layer.build((None, 9, 9, 3))
    assert layer.kernel.shape == (3, 3, 3, 10)
    assert math.prod(layer.kernel.shape) == 30 * 3 * 3


def test_conv1_without_sharing():
    places, filter_and_bias = 55 * 55 * 96, 11 * 11 * 3 + 1
    assert places * filter_and_bias == 105_705_600
    assert places * (227 * 227 * 3 + 1) == 44_892_355_200
    assert LINES["conv1"].parameters == 96 * filter_and_bias == 34_944


def test_the_net_on_one_gpu_has_half_of_conv1_to_conv4():
    one = [
        row._replace(filters=row.filters // 2, groups=1)
        if row.name in ("conv1", "conv2", "conv3", "conv4")
        else row._replace(groups=1)
        if isinstance(row, Conv | Norm)
        else row
        for row in networks.ALEXNET
    ]
    parameters = sum(line.parameters for line in shapes.table(one))
    assert parameters == 59_798_312 < WEIGHTS  # 98%


def test_one_middle_layer_less_saves_little():
    less = [row for row in networks.ALEXNET if row.name != "conv4"]
    lines = shapes.table(less)
    weights = sum(line.parameters for line in lines)
    work = sum(line.multiply_adds for line in lines)
    assert round(100 * (1 - weights / WEIGHTS), 1) == 1.1
    assert round(100 * (1 - work / WORK), 1) == 15.5


# Bends


def test_pixels_are_never_below_0_and_maps_are():
    photo = np.random.default_rng(0).integers(0, 256, (9, 9)).astype("uint8")
    np.testing.assert_array_equal(relu(photo), photo)
    differences = np.diff(photo.astype(int))  # an edge filter
    assert (differences < 0).any()
    assert (relu(differences) >= 0).all()


def test_the_two_s_are_flat_far_out():
    def slope(bend, x):
        return (bend(x + 1e-5) - bend(x - 1e-5)) / 2e-5

    x = np.linspace(-4, 4, 801)
    assert slope(np.tanh, 2.0) == pytest.approx(0.07, abs=0.005)
    sigmoid = slope(lambda z: 1 / (1 + np.exp(-z)), x)
    assert sigmoid.max() == pytest.approx(0.25)
    assert slope(relu, x[x > 0.1]) == pytest.approx(1)


def test_raw_pixels_saturate_tanh_and_not_relu():
    rng = np.random.default_rng(2012)
    pixels = rng.normal(0, 71, (2000, 363))  # as far apart as a photo's
    sums = pixels @ rng.normal(0, 0.01, (363, 96))
    assert 0.85 < (abs(sums) > 2).mean() < 0.92
    assert (1 - np.tanh(sums) ** 2).mean() < 0.1  # mean slope
    assert (sums > 0).mean() == pytest.approx(0.5, abs=0.01)


def test_the_measured_curves_give_no_six():
    runs, steps = relu_and_tanh.read(), {}
    for start in ("2012", "today"):
        for name in ("relu", "tanh"):
            steps[start, name] = statistics.median(
                relu_and_tanh.steps_to(0.25, run.errors)
                for run in relu_and_tanh.measured(runs, start, name)
            )
    assert steps["2012", "tanh"] / steps["2012", "relu"] > 1.5
    assert steps["today", "tanh"] / steps["today", "relu"] < 1
    assert round(280 / 145, 1) == 1.9
    assert [*steps.values()] == [145, 280, 160, 135]


@pytest.mark.parametrize(("bias", "learns"), [(-20.0, False), (1.0, True)])
def test_only_above_0_a_relu_passes_a_gradient(bias, learns):
    x = tf.random.stateless_uniform((8, 5), (0, 1))
    layer = keras.layers.Dense(
        1, "relu", bias_initializer=keras.initializers.Constant(bias)
    )
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    gradients = tape.gradient(loss, layer.trainable_variables)
    assert all((g.numpy() != 0).any() for g in gradients) is learns
    assert any((g.numpy() != 0).any() for g in gradients) is learns


# Norms and pools


@pytest.mark.parametrize(
    ("k", "alpha", "peak"), [(2, 1e-4, 200), (2, 2e-5, 447), (1, 2e-5, 316)]
)
def test_a_lone_value_is_loudest_at(k, alpha, peak):
    a = np.arange(1, 1000, dtype="float32").reshape(-1, 1, 1, 1)
    lrn = layers.LocalResponseNormalization(5, alpha, 0.75, k)
    assert a[np.argmax(lrn(a))].item() == peak


def test_tensorflows_defaults_leave_shares_only():
    maps = np.random.default_rng(5).uniform(10, 90, (1, 2, 2, 32))
    maps = maps.astype("float32")

    def ratio(norm):
        return np.max(norm(2 * maps)) / np.max(norm(maps))

    default = tf.nn.local_response_normalization
    assert np.max(default(maps)) < 1
    assert ratio(default) == pytest.approx(1, abs=0.001)
    assert ratio(layers.LocalResponseNormalization()) > 1.1


def test_relu_and_pool_may_change_places_and_the_norm_with_neither():
    maps = np.random.default_rng(5).normal(0, 80, (1, 9, 9, 8))
    maps = maps.astype("float32")
    norm = layers.LocalResponseNormalization()
    pool = keras.layers.MaxPooling2D(3, 2)
    np.testing.assert_array_equal(pool(relu(maps)), relu(pool(maps)))
    assert abs(norm(relu(maps)) - relu(norm(maps))).numpy().max() > 1
    bent = relu(maps)
    assert abs(pool(norm(bent)) - norm(pool(bent))).numpy().max() > 1


def test_pools_of_3_overlap_and_keep_the_size_of_2():
    sides, shared = {}, {}
    for size in (3, 2):
        reads = np.zeros(55, int)
        starts = range(0, 55 - size + 1, 2)
        for start in starts:
            reads[start : start + size] += 1
        sides[size] = len(starts)
        shared[size] = (np.outer(reads, reads) > 1).mean()
    assert sides == {3: 27, 2: 27}
    assert (round(shared[3], 2), shared[2]) == (0.72, 0)


def test_a_max_pool_takes_the_largest_of_each_3_by_3():
    maps = np.random.default_rng(6).normal(size=(1, 7, 9, 2)).astype("float32")
    expected = [
        [
            maps[0, top : top + 3, left : left + 3].max(axis=(0, 1))
            for left in (0, 2, 4, 6)
        ]
        for top in (0, 2, 4)
    ]
    pooled = keras.layers.MaxPooling2D(3, 2)(maps)
    np.testing.assert_array_equal(pooled[0], expected)


def test_pool1_keeps_a_quarter_of_the_values():
    assert (values("conv1"), values("pool1")) == (290_400, 69_984)
    assert round(1 - 69_984 / 290_400, 2) == 0.76


# The head


def test_halving_gives_the_mean_over_all_masks():
    rng = np.random.default_rng(8)
    outputs, weights = rng.uniform(size=10), rng.normal(size=10)
    masks = np.array([*itertools.product([0, 1], repeat=10)])
    sums = (masks * outputs) @ weights
    assert sums.mean() == pytest.approx((outputs / 2) @ weights)
    assert sums.std() > 0.1  # single masks are far from it


def test_dropouts_scale_is_1_by_what_stays():
    masks = [*itertools.product([0, 1], repeat=6)]
    for rate in (0.2, 0.5, 0.8):
        chances = [(1 - rate) ** sum(m) * rate ** (6 - sum(m)) for m in masks]
        mean = np.average(masks, axis=0, weights=chances)
        np.testing.assert_allclose(mean / (1 - rate), 1)
        assert np.allclose(mean / rate, 1) == (rate == 0.5)


def test_softmax_twice_never_gets_below_5_91():
    perfect = np.zeros(1000)
    perfect[7] = 1
    assert -math.log(softmax(perfect)[7]) == pytest.approx(5.91, abs=0.005)


def test_who_knows_nothing_pays_the_logarithm_of_the_classes():
    for classes, reported in ((1000, 6.91), (10, 2.31), (2, 0.6945)):
        guess = softmax(np.zeros(classes))
        assert -math.log(guess[0]) == pytest.approx(reported, abs=0.01)


def test_the_gradient_at_the_logits_is_answer_minus_truth():
    logits, truth = np.array([3.0, 1.0, 0.0, -2.0]), np.eye(4)[1]
    slopes = [
        (
            math.log(softmax(logits - step)[1])
            - math.log(softmax(logits + step)[1])
        )
        / 2e-6
        for step in 1e-6 * np.eye(4)
    ]
    np.testing.assert_allclose(slopes, softmax(logits) - truth, atol=1e-8)


def test_fc6_and_fc7_in_bytes():
    two = 4 * (LINES["fc6"].parameters + LINES["fc7"].parameters)
    assert round(two / 1e6) == 218
    assert round(3 * two / 1e6) == 654  # with gradients and momentum


# Data


def test_a_label_of_1000_holds_ten_bits():
    assert math.log2(1000) == pytest.approx(9.97, abs=0.005)
    bits = 1_200_000 * math.log2(1000)
    assert round(bits / 1e6, 1) == 12.0
    assert round(WEIGHTS / bits, 1) == 5.1


def test_crops_and_mirrors_are_2178():
    places = [
        (top, left)
        for top in range(256)
        for left in range(256)
        if max(top, left) + 224 <= 256
    ]
    assert 2 * len(places) == 2178
    assert 2 * 32 * 32 == 2048


def test_colours_move_by_deviations_and_not_by_variances():
    measured = np.array([121.780, 37.094, 19.721])  # cuda-convnet2, 0 to 255
    assert round(0.1 * measured[0] ** 2) == 1483  # of 255 levels
    assert round(0.1 * measured[0]) == 12
    copied = np.array([0.2175, 0.0188, 0.0045])
    assert (abs(255 * np.sqrt(copied) / measured - 1) < 0.15).all()
    assert (255 * copied < measured / 2).all()


# Training


def test_raw_pixels_are_heard_through_the_start_of_2012():
    coarse = np.random.default_rng(10).normal(0, 70, (20, 8, 8, 3))
    images = np.float32(coarse.repeat(8, axis=1).repeat(8, axis=2))
    keras.utils.set_random_seed(2012)
    model = AlexNetMini(initialization="2012", rescaling=None)
    match_fan_ins(model)
    fc7 = keras.Model(model.input, model.get_layer("fc7").output)
    spreads = []
    for scale in (1, 70):
        values = fc7.predict_on_batch(images / scale)
        spreads.append((values - values.mean(axis=0)).std())
    raw, unit = spreads
    assert raw > 10 * unit
    assert unit < 0.01 < 0.05 < raw


def test_kerass_weight_decay_is_ten_times_too_weak():
    weight, v, other = 1.0, 0.0, 1.0
    for _ in range(10_000):
        v = 0.9 * v - 0.0005 * 0.01 * weight  # paper, section 5
        weight += v
        other -= 0.01 * 0.0005 * other
    assert (round(weight, 3), round(other, 3)) == (0.607, 0.951)
    assert math.log(weight) / math.log(other) == pytest.approx(10, abs=0.05)
    variable = keras.Variable([1.0])
    sgd = keras.optimizers.SGD(0.01, 0.9, weight_decay=0.0005)
    sgd.build([variable])
    for _ in range(100):
        sgd.apply([tf.zeros(1)], [variable])
    assert variable.numpy()[0] == pytest.approx((1 - 5e-6) ** 100, abs=1e-5)


def test_our_towers_colours_differ_as_chance_deals():
    kernel = trained.conv1_filters().astype("float64")
    color = kernel - kernel.mean(axis=2, keepdims=True)
    share = (color**2).sum(axis=(0, 1, 2)) / (kernel**2).sum(axis=(0, 1, 2))

    def gap(shares):
        return abs(shares[:48].mean() - shares[48:].mean())

    rng = np.random.default_rng(13)
    dealt = [gap(rng.permutation(share)) for _ in range(2000)]
    assert np.mean(np.array(dealt) >= gap(share)) > 0.05


# Time and memory


def test_a_3_gb_card_holds_this_network_and_nothing_larger():
    """What training keeps at least, and what the program of 2012 kept."""
    packets = {"conv1": 5, "conv2": 3}  # places; the others have 13
    kept = {}
    for name in ("two-tower", "one-tower"):
        lines = shapes.table(networks.NETWORKS[name].layers)
        maps = {x.name: math.prod(x.output_shape) for x in lines}
        maps = {x: maps[x] for x in maps if x not in IDLE} | {"softmax": 1000}
        weights = sum(line.parameters for line in lines)
        least = 3 * weights + 128 * sum(maps.values())
        more = 128 * (sum(maps.values()) - maps["input"])  # their gradients
        more += 128 * (maps["norm1"] + maps["norm2"])  # the divisors
        for line in lines:
            if line.name.startswith("conv"):
                places = math.prod(line.output_shape[:2])
                places //= packets.get(line.name, 13)
                more += places * math.prod(line.kernel)
            elif line.name.startswith("fc"):
                more -= line.parameters  # gradients that are not kept
        kept[name] = [round(4 * n / 1e9, 2) for n in (least, least + more)]
    assert kept == {"two-tower": [1.46, 2.6], "one-tower": [1.47, 2.97]}
    assert 2.97e9 < 3072 * 1024**2 < 2 * 2.6e9


def test_a_photo_sends_less_than_a_tenth_of_a_thousandth_of_its_work():
    to_first = 13 * 13 * 128 + 6 * 6 * 128 + 2048 + 2048
    to_second = to_first - 2048  # nothing for fc8
    crossings = costs.crossings(networks.ALEXNET)
    assert sum(line.to_first for line in crossings) == to_first == 30_336
    assert sum(line.to_second for line in crossings) == to_second == 28_288
    assert (to_first + to_second) / WORK < 1e-4


def test_a_plain_transpose_of_fc6_puts_values_in_wrong_places():
    theirs = np.arange(9216).reshape(256, 6, 6)  # channels first
    ours = theirs.transpose(1, 2, 0).ravel()
    assert (ours == theirs.ravel()).sum() == 6
    assert sorted(ours) == [*range(9216)]


def test_six_days_are_208_photos_a_second():
    photos = 90 * 1_200_000
    assert [round(photos / d / 86_400) for d in (6, 5)] == [208, 250]
    assert f"{photos * 3 * 2 * WORK:.3g}" == "4.69e+17"
    assert 0.9e12 < 4.69e17 / (6 * 86_400) < 1.1e12  # operations a second


def test_a_second_gpu_pays_only_when_there_is_much_to_compute():
    def times_as_fast(batch):  # 10 trillion operations and 10 GB a second
        alone = batch * 3 * 2 * WORK / 10e12
        return alone / (alone / 2 + 4 * WEIGHTS / 10e9)

    assert times_as_fast(32) < 1
    assert 1 < times_as_fast(128) < 1.25
    assert times_as_fast(2048) > 1.8


def test_no_file_of_the_museum_could_hold_the_weights():
    largest = 78_378  # bytes: src/layer.cu
    assert 8 * largest < WEIGHTS / 97  # not even a bit for each
    assert round(4 * WEIGHTS / 1e6, 1) == 243.9
    assert math.ceil(4 * WEIGHTS / largest) == 3112


def test_the_logs_of_2012_end_where_the_papers_tables_do():
    def points(*errors):
        return [round(100 * error, 1) for error in errors]

    full = np.array([0.406640, 0.182100])  # layer-params-145.cfg
    assert points(*full) == [40.7, 18.2]
    assert points(0.374727, 0.169987) == [37.5, 17.0]  # 145-2010
    assert points(*([0.420340, 0.193620] - full)) == [1.4, 1.2]  # 148
    assert points(*([0.410580, 0.185100] - full)) == [0.4, 0.3]  # 147
    assert points(0.391680 - 0.374727, 0.182287 - 0.169987) == [1.7, 1.2]
    assert points(*([0.418280, 0.193300] - full)) == [1.2, 1.1]  # 150


# What a chapter measured


def printed(chapter):
    """All that the cells of an executed notebook printed."""
    cells = json.loads((NOTEBOOKS / f"{chapter}.ipynb").read_text())["cells"]
    return "".join(
        "".join(output.get("text", ""))
        for cell in cells
        for output in cell.get("outputs", ())
    )


def test_each_trick_narrows_the_gap_in_chapter_9():
    text = printed("09_data_and_augmentation")
    for trick in ("augmentation", "weight decay", "all, milder"):
        assert f"{trick} narrows the gap: True\n" in text
    assert "training: below 8% wrong: True\n" in text
    assert "validation: above 42% wrong: True\n" in text


def test_a_pool_halves_what_a_small_shift_changes_in_chapter_6():
    lines = printed("06_max_pooling").splitlines()
    changes = {}
    for name in ("conv1", "largest, 3 wide"):
        (line,) = [line for line in lines if line.startswith(f"{name} [")]
        shares = ast.literal_eval(line.removeprefix(name).strip())
        changes[name] = [int(share.rstrip("%")) for share in shares]
    four = (0, 1, 2, 3, 4, 6, 8).index(4)  # pixels, a place of conv1
    assert changes["largest, 3 wide"][four] < 0.55 * changes["conv1"][four]


@pytest.mark.parametrize(
    ("chapter", "line"),
    [
        ("04_relu", "  tanh's steps, divided by ReLU's: 1.9"),
        ("05_local_response_normalization", "2012: 1.3% off"),
        (
            "05_local_response_normalization",
            "the program of 2012: channel 3 21.4, channel 4 107",
        ),
        ("11_two_gpus", "batch 32: 0.53 times as fast"),
        ("12_the_original_split", "no groups: up to 3.0 of 3.2 GB"),
        ("12_the_original_split", "mixed: 34 MB at a batch of 128"),
        ("12_the_original_split", "all by channels: 60 MB at a batch of 128"),
        ("13_what_it_learned", "pixels: below 30%: True, above 95%: False"),
        (
            "13_what_it_learned",
            "fc7, trained: below 30%: False, above 95%: True",
        ),
        ("15_whose_alexnet", "Caffe: 10 of 16 rows as in the paper"),
        ("15_whose_alexnet", "6 of 9216"),
    ],
)
def test_what_the_ledger_quotes_was_printed(chapter, line):
    assert line in printed(chapter).splitlines()
