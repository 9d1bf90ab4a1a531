"""Chapter 8: wrong answers, each with a phrase of its message."""

import numpy as np

from alexnet_keras.exercises import fully_connected_head as head

COUNTS = dict(head.q1.answer)
FACTORS = dict(head.q3.answer)
RIDDLES = dict(head.q4.answer)
BARE = {
    "conv1": 11 * 11 * 3 * 96,
    "conv2": 5 * 5 * 48 * 256,
    "conv3": 3 * 3 * 256 * 384,
    "conv4": 3 * 3 * 192 * 384,
    "conv5": 3 * 3 * 192 * 256,
    "fc6": 9216 * 4096,
    "fc7": 4096 * 4096,
    "fc8": 4096 * 1000,
}
UNGROUPED = {
    "conv2": 5 * 5 * 96 * 256 + 256,
    "conv4": 3 * 3 * 384 * 384 + 384,
    "conv5": 3 * 3 * 384 * 256 + 256,
}


def _softmax(z, axis=1):
    powers = np.exp(z - z.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _own(table, labels):
    return table[np.arange(len(labels)), labels]


def _losses(z, labels):
    return np.log(np.exp(z - z.max(1)[:, None]).sum(1)) - _own(
        z - z.max(1)[:, None], labels
    )


def _answer(probabilities=_softmax, losses=_losses):
    return lambda z, labels: (probabilities(z), losses(z, labels))


def _plain(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def _one_largest(z):
    powers = np.exp(z - z.max())
    return powers / powers.sum(axis=1, keepdims=True)


def _whole(z):
    return np.exp(z - z.max()) / np.exp(z - z.max()).sum()


def _naive(z, labels):
    return -np.log(_own(_softmax(z), labels))


def _clipped(z, labels):
    return -np.log(np.maximum(_own(_softmax(z), labels), 1e-7))


def _half_subtracted(z, labels):
    return np.log(np.exp(z - z.max(1)[:, None]).sum(1)) - _own(z, labels)


def _loss_of(change):
    return _answer(losses=lambda z, labels: change(_softmax(z), labels))


WRONG = {
    "recall": [
        ((96, 163), "two groups"),
        ((256, 163), "how many filters"),
        ((128, 163), "one group"),
        ((1200, 163), "a filter's weights"),
        ((25, 163), "at one channel"),
        ((3, 163), "Half of pool1's"),
        ((48, 3), "on conv4's map"),
        ((48, 13), "places its map has"),
        ((48, 51), "a value of conv2"),
        ((48, 99), "a value of conv3"),
        ((48, 131), "One more layer"),
        ((48, 195), "195 is pool5"),
        ((48, 227), "Go on from there"),
        ((163, 48), "exchanged the two"),
        ((48, ...), "`pixels` is still missing"),
        (("48", 163), "not `'48'`"),
        (48, "a pair"),
    ],
    "q1": [
        (BARE, "All biases are missing"),
        (COUNTS | UNGROUPED, "62,378,344"),
        (COUNTS | {"conv1": BARE["conv1"]}, "one for each of 96"),
        (COUNTS | {"conv1": 11 * 11 * 96 + 96}, "`conv1`: a filter is deep"),
        (COUNTS | {"conv1": 364}, "that is one filter"),
        (COUNTS | {"conv2": UNGROUPED["conv2"]}, "reads 48 channels, not 96"),
        (COUNTS | {"conv2": 5 * 5 * 48 * 128 + 128}, "of the two towers"),
        (COUNTS | {"conv2": 614_400}, "48 channels, not 96. (And biases.)"),
        (COUNTS | {"conv2": 307_201}, "each filter has its own"),
        (COUNTS | {"conv2": 223_948_800}, "Each weight counts once"),
        (COUNTS | {"conv3": 442_752}, "it has no groups"),
        (COUNTS | {"conv4": UNGROUPED["conv4"]}, "192 channels, not 384"),
        (COUNTS | {"conv5": 5}, "`conv5`: the weights of one unit"),
        (COUNTS | {"fc6": 6400 * 4096 + 4096}, "224 pixels"),
        (COUNTS | {"fc6": 256 * 4096 + 4096}, "*each* of 6 x 6"),
        (COUNTS | {"fc6": 43_264 * 4096 + 4096}, "a pool between"),
        (COUNTS | {"fc6": BARE["fc6"]}, "one for each of 4096"),
        (COUNTS | {"fc6": 4096}, "every number it reads"),
        (COUNTS | {"fc7": 4096 * 4096 + 1}, "each unit has its own"),
        (COUNTS | {"fc8": 4_096_000 + 4096}, "not each number"),
        (COUNTS | {"fc8": ...}, "`fc8` is still missing"),
        (COUNTS | {"fc8": "4097000"}, "is a number, not"),
        (60_965_224, "dictionary"),
    ],
    "q2": [
        (_answer(_plain), "too large for a float"),
        (
            lambda z, labels: (_softmax(z), -np.log(_softmax(z)[labels])),
            "takes whole rows",
        ),
        (_answer(_one_largest), "the second row became `nan`"),
        (_answer(lambda z: _softmax(z, 0)), "in each *column*"),
        (_answer(_whole), "all together"),
        (_answer(lambda z: _softmax(_softmax(z))), "`probabilities` went"),
        (_answer(np.exp), "not divided by their sum yet"),
        (
            _answer(lambda z: np.exp(z - z.max(1)[:, None])),
            "the powers after subtracting",
        ),
        (_answer(lambda z: z / z.sum(1)[:, None]), "lack `np.exp`"),
        (_answer(lambda z: z == z.max(1)[:, None]), "does not decide"),
        (_answer(lambda z: _softmax(z / 2)), "others than the softmax"),
        (_answer(lambda z: _softmax(z) / 2), "a row must add up to 1"),
        (_answer(lambda z: _softmax(z)[0]), "the shape of the logits"),
        (_answer(lambda z: ...), "`probabilities` is still missing"),
        (_answer(losses=_naive), "ln(0) is infinite"),
        (_answer(losses=_clipped), "cut off"),
        (_answer(losses=lambda z, labels: -_losses(z, labels)), "minus sign"),
        (
            _answer(losses=lambda z, labels: _losses(z, labels).mean()),
            "is their mean",
        ),
        (_answer(losses=_half_subtracted), "have lost a part"),
        (_answer(losses=lambda z, labels: -_own(z, labels)), "minus the logit"),
        (_loss_of(lambda p, labels: -np.log10(_own(p, labels))), "another log"),
        (_loss_of(lambda p, labels: -np.log2(_own(p, labels))), "base 2"),
        (_loss_of(_own), "are the probabilities"),
        (_loss_of(lambda p, labels: 1 - _own(p, labels)), "are 1 - p"),
        (_loss_of(lambda p, labels: -np.log(p.max(1))), "likeliest class. `"),
        (
            _loss_of(lambda p, labels: -np.log(_own(_softmax(p), labels))),
            "`losses` went",
        ),
        (_loss_of(lambda p, labels: -np.log(p).sum(1)), "add up all classes"),
        (_loss_of(lambda p, labels: -np.log(p[:, labels])), "a table for"),
        (_loss_of(lambda p, labels: -np.log(p)), "one number a row"),
        (_loss_of(lambda p, labels: _own(p, labels) * 3), "are not -ln"),
        (_answer(losses=lambda z, labels: ...), "`losses` is still missing"),
        (_answer(lambda z: np.exp(z - z.max(axis=1))), "do not fit"),
        (lambda z, labels: _softmax(z), "Return two arrays"),
        (_softmax(np.eye(3)), "the function itself"),
    ],
    "q3": [
        (FACTORS | {"today_training": 5}, "1 / rate"),
        (FACTORS | {"today_training": 2}, "2 belongs to"),
        (FACTORS | {"today_training": 1}, "0.8 of what the test gives"),
        (FACTORS | {"today_training": 0.8}, "smaller still"),
        (FACTORS | {"today_training": 1.2}, "multiplied to give 1?"),
        (FACTORS | {"today_training": 0.2}, "the rate itself"),
        (FACTORS | {"today_training": 7}, "take ten units"),
        (FACTORS | {"today_test": 0.8}, "made up for the loss already"),
        (FACTORS | {"today_test": 1.25}, "so nothing is made up for"),
        (FACTORS | {"today_test": 0.5}, "2012's way, at a rate of 0.5"),
        (FACTORS | {"today_test": 0.2}, "Nothing is dropped at a test"),
        (FACTORS | {"2012_training": 1.25}, "that is today's way"),
        (FACTORS | {"2012_training": 0.8}, "comes at the test"),
        (FACTORS | {"2012_training": 2}, "had ones and zeros"),
        (FACTORS | {"2012_test": 0.5}, "halving belongs to"),
        (FACTORS | {"2012_test": 0.2}, "share that is dropped"),
        (FACTORS | {"2012_test": 1}, "gives more than training did"),
        (FACTORS | {"2012_test": 1.25}, "so each must count less"),
        (FACTORS | {"2012_test": 2}, "not fewer"),
        (FACTORS | {"2012_test": "0.8"}, "not `'0.8'`"),
        (FACTORS | {"2012_test": ...}, "still missing"),
        (1.25, "dictionary"),
    ],
    "q4": [
        (RIDDLES | {"first_loss": 1.699}, "to base 10"),
        (RIDDLES | {"first_loss": 5.64}, "to base 2"),
        (RIDDLES | {"first_loss": 0.02}, "the probability"),
        (RIDDLES | {"first_loss": 0.98}, "share of wrong"),
        (RIDDLES | {"first_loss": 50}, "Take its logarithm"),
        (RIDDLES | {"first_loss": -3.91}, "not below 0"),
        (RIDDLES | {"first_loss": 6.91}, "costs ln K"),
        (RIDDLES | {"classes": 10**5.3}, "10 to the power"),
        (RIDDLES | {"classes": 2**5.3}, "2 to the power"),
        (RIDDLES | {"classes": 1.668}, "Undo it"),
        (RIDDLES | {"classes": 1000}, "stay at 6.91"),
        (RIDDLES | {"classes": 100}, "stay at 4.61"),
        (RIDDLES | {"classes": 190}, "ln K = 5.30"),
        (RIDDLES | {"flattened": 6401}, "counted the bias"),
        (RIDDLES | {"flattened": 9216}, "37,752,832"),
        (RIDDLES | {"flattened": 25}, "those are the places"),
        (RIDDLES | {"flattened": 26_214_400}, "How many per unit"),
        (RIDDLES | {"flattened": 64}, "a bias as well"),
        (RIDDLES | {"width": 25}, "along a row"),
        (RIDDLES | {"width": 6}, "would make 9216"),
        (RIDDLES | {"width": 6400}, "with the channels"),
        (RIDDLES | {"width": 54}, "54 is conv1"),
        (RIDDLES | {"width": 80}, "come off first"),
        (RIDDLES | {"width": 7}, "width * width"),
        (RIDDLES | {"width": "5"}, "not `'5'`"),
        (RIDDLES | {"width": ...}, "still missing"),
        (6400, "dictionary"),
    ],
}
RIGHT = {
    "recall": [[48, 163], (48.0, 163)],
    "q1": [{name: float(count) for name, count in COUNTS.items()}],
    "q2": [
        _answer(),
        lambda z, labels: [_softmax(z).tolist(), list(_losses(z, labels))],
    ],
    "q3": [FACTORS | {"today_test": 1, "2012_training": 1}],
    "q4": [
        RIDDLES | {"first_loss": 3.912, "classes": 200.3},
        RIDDLES | {"first_loss": np.log(50), "width": 5.0},
    ],
}
