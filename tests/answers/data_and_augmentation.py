"""Chapter 9: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras import networks
from alexnet_keras.exercises import data_and_augmentation as own
from alexnet_keras.rows import Conv, Dense, Dropout, Flatten, Norm, Pool

VIEWS = dict(own.q1.answer)
PROGRAMS = dict(own.q3.answer)
ROWS = list(networks.ALEXNET)


def _changed(which, /, **fields):
    """AlexNet's rows with one of them changed."""
    return [
        row._replace(**fields) if row.name == which else row for row in ROWS
    ]


def _instead(name, row):
    return [row if old.name == name else old for old in ROWS]


def _without(name):
    return [row for row in ROWS if row.name != name]


def as_stored(pictures, decode, vary, size):
    return pictures.map(decode).cache().map(vary).batch(size)


def shuffled_batches(pictures, decode, vary, size):
    cached = pictures.map(decode).cache()
    return cached.map(vary).batch(size).shuffle(1000)


def small_buffer(pictures, decode, vary, size):
    return pictures.map(decode).cache().shuffle(10).map(vary).batch(size)


def order_in_cache(pictures, decode, vary, size):
    cached = pictures.map(decode).shuffle(1000).cache()
    return cached.map(vary).batch(size)


def views_in_cache(pictures, decode, vary, size):
    cached = pictures.map(decode).map(vary).cache()
    return cached.shuffle(1000).batch(size)


def no_cache(pictures, decode, vary, size):
    return pictures.shuffle(1000).map(decode).map(vary).batch(size)


def endless(pictures, decode, vary, size):
    return own.feed(pictures, decode, vary, size).repeat()


def single(pictures, decode, vary, size):
    return pictures.map(decode).cache().shuffle(1000).map(vary)


def not_varied(pictures, decode, vary, size):
    return pictures.map(decode).cache().shuffle(1000).batch(size)


def not_decoded(pictures, decode, vary, size):
    return pictures.cache().shuffle(1000).map(vary).batch(size)


def batches_of_ten(pictures, decode, vary, size):
    return own.feed(pictures, decode, vary, 10)


def dropped(pictures, decode, vary, size):
    return own.feed(pictures.take(50), decode, vary, size)


def a_list(pictures, decode, vary, size):
    return [vary(decode(picture)) for picture in pictures.take(2)]


def batched_early(pictures, decode, vary, size):
    return pictures.map(decode).cache().shuffle(96).batch(size).map(vary)


def varied_first(pictures, decode, vary, size):
    return pictures.map(vary).map(decode).batch(size)


def not_mapped(pictures, decode, vary, size):
    return vary(decode(pictures)).batch(size)


def shuffled_late(pictures, decode, vary, size):
    cached = pictures.map(decode, num_parallel_calls=2).cache()
    return cached.map(vary).shuffle(96).batch(size).prefetch(2)


def short_batches_too(pictures, decode, vary, size):
    return own.feed(pictures, decode, vary, size).prefetch(1)


def batches_of_eight(pictures, decode, vary, batch_size):
    fed = pictures.map(decode).cache().shuffle(1000).map(vary)
    return fed.batch(8)


def whole_batches(pictures, decode, vary, batch_size):
    fed = pictures.map(decode).cache().shuffle(1000).map(vary)
    return fed.batch(batch_size, drop_remainder=True)


def frozen(pictures, decode, vary, batch_size):
    fed = pictures.map(decode).shuffle(1000).cache().shuffle(4)
    return fed.map(vary).batch(batch_size)


WRONG = {
    "recall": [
        ((1.0, 1.25), "log10"),
        ((6.91, 1.25), "a thousand classes"),
        ((0.1, 1.25), "0.1 is the probability"),
        ((10, 1.25), "guess among them"),
        ((-2.303, 1.25), "*minus*"),
        ((3.32, 1.25), "to the base 2"),
        ((4, 1.25), "knowing nothing costs ln K"),
        ((2.303, 5), "5 is 1 / rate"),
        ((2.303, 0.8), "the share that stays"),
        ((2.303, 2), "a rate of 0.5."),
        ((2.303, 1), "less in training"),
        ((2.303, 0.2), "the rate itself"),
        ((2.303, 1.2), "0.96"),
        ((2.303, 3), "four fifths stay"),
        ((1.25, 2.303), "exchanged the two"),
        ((2.303, ...), "`factor` is still missing"),
        (("2.3", 1.25), "not `'2.3'`"),
        (2.303, "a pair"),
    ],
    "q1": [
        (VIEWS | {"caffe": 1682}, "30 places, not 29. Count"),
        (VIEWS | {"caffe": 900}, "can be mirrored as well"),
        (VIEWS | {"caffe": 60}, "any top row"),
        (VIEWS | {"caffe": 2178}, "for crops of 224. Here"),
        (VIEWS | {"caffe": 2048}, "the paper's number"),
        (VIEWS | {"caffe": 7}, "how many places has the top row"),
        (VIEWS | {"wide": 2178}, "not square"),
        (VIEWS | {"wide": 7488}, "33 places from top to bottom"),
        (VIEWS | {"wide": 3894}, "Each of these crops"),
        (VIEWS | {"wide": 7722}, "118 places"),
        (VIEWS | {"wide": 5}, "And from top to bottom?"),
        (VIEWS | {"side": 224}, "so 2178"),
        (VIEWS | {"side": 223}, "The wrong way"),
        (VIEWS | {"side": 32}, "Which crop has so many"),
        (VIEWS | {"side": 226}, "31 places"),
        (VIEWS | {"side": 5}, "2 * 32 * 32"),
        (VIEWS | {"side": "225"}, "not `'225'`"),
        (VIEWS | {"side": ...}, "`side` is still missing"),
        ([1800, 7788, 225], "dictionary"),
    ],
    "q2": [
        (as_stored, "come as they are stored. Shuffle"),
        (shuffled_batches, "whole batches are shuffled"),
        (small_buffer, "the buffer is too small"),
        (order_in_cache, "the same in every epoch"),
        (views_in_cache, "come again in the second"),
        (no_cache, "called 288 times"),
        (endless, "It does not end"),
        (single, "Single pictures come out"),
        (not_varied, "`vary` was never called"),
        (not_decoded, "`decode` was never called"),
        (batches_of_ten, "A batch has 10 pictures"),
        (batches_of_eight, "With a `batch_size` of 7"),
        (whole_batches, "shorter batch"),
        (frozen, "nearly the same in every epoch"),
        (dropped, "50 different ones"),
        (a_list, "not `list`"),
        (batched_early, "`vary` was given a batch"),
        (varied_first, "varied already"),
        (not_mapped, "not a dataset"),
        (5, "the function itself"),
    ],
    "q3": [
        (PROGRAMS | {"b": "none", "c": "transposed"}, "are exchanged"),
        (PROGRAMS | {"a": "none", "c": "variance"}, "how large are its"),
        (PROGRAMS | {"b": "every pixel", "d": "transposed"}, "another direc"),
        (PROGRAMS | {"c": "every pixel", "d": "none"}, "it is the right one"),
        (PROGRAMS | {"a": "none"}, "`none` twice"),
        (PROGRAMS | {"a": "right"}, "not `'right'`"),
        (PROGRAMS | {"a": ...}, "`a` is still missing"),
        ("c", "dictionary"),
    ],
    "q4": [
        (_changed("conv1", filters=48), "conv1: filters"),
        (_changed("conv1", filter_size=7), "conv1: filter_size"),
        (_changed("conv1", stride=2), "conv1: stride"),
        (_changed("conv1", rounding="down"), "54 places at 224"),
        (_changed("norm1", groups=1), "norm1: groups"),
        (_changed("norm2", alpha=1.0), "norm2: alpha"),
        (_changed("norm2", bias=1.0), "norm2: bias. 1.0"),
        (_changed("pool2", filter_size=2), "pool2: filter_size"),
        (_changed("conv2", groups=1), "conv2: groups"),
        (_changed("conv2", padding="valid"), "conv2: padding"),
        (_changed("conv3", groups=2), "conv3: groups"),
        (_changed("conv4", padding=2), "conv4: padding"),
        (_changed("conv3", bias=False), "conv3: bias. Every filter"),
        (_changed("fc6", units=1000), "fc6: units"),
        (_changed("drop6", rate=0.2), "drop6: rate"),
        (_changed("fc8", activation="relu"), "fc8: activation"),
        (_changed("fc7", activation=None), "fc7: activation"),
        (_changed("conv5", name="conv_5"), "is 'conv5', not 'conv_5'"),
        (_without("norm2"), "Where norm2 belongs"),
        (_without("flatten"), "Where flatten belongs"),
        (_without("conv4"), "is 'conv4', not 'conv5'"),
        (ROWS[:-1], "ends after 15 rows"),
        ([*ROWS, Dropout("drop8")], "Nothing follows fc8"),
        (_instead("fc6", "fc6"), "not `'fc6'`"),
        ([*ROWS[:4], ...], "4 rows, all right so far. After conv2"),
        ([*ROWS[:2], Conv("conv2", 256, 5), ...], "Where pool1 belongs"),
        (Conv("conv1", 96, 11), "Give a list of rows"),
    ],
}
RIGHT = {
    "recall": [[np.log(10), 1.25], (2.3, 1 / 0.8)],
    "q1": [{key: np.int64(number) for key, number in VIEWS.items()}],
    "q2": [shuffled_late, short_batches_too],
    "q3": [dict(reversed(PROGRAMS.items()))],
    "q4": [
        tuple(ROWS),
        _changed("conv2", padding=2),
        _changed("pool1", rounding="up"),
        [
            Conv("conv1", 96, 11, 4, 0, rounding="up"),
            Norm("norm1", groups=2),
            Pool("pool1", 3, 2),
            Conv("conv2", 256, 5, 1, 2, 2),
            Norm("norm2", 5, 1e-4, 0.75, 2, 2),
            Pool("pool2", padding=0),
            Conv("conv3", 384, 3, 1, 1),
            Conv("conv4", 384, 3, 1, 1, 2),
            Conv("conv5", 256, 3, 1, (1, 1), 2),
            Pool("pool5"),
            Flatten("flatten"),
            Dense("fc6", 4096),
            Dropout("drop6"),
            Dense("fc7", 4096, "relu"),
            Dropout("drop7", 0.5),
            Dense("fc8", 1000, "softmax"),
        ],
    ],
}
