"""Chapter 10: wrong answers, each with a phrase of its message."""

import math

import keras
import numpy as np

from alexnet_keras.exercises import training as own

PULLS = dict(own.q2.answer)
EXPECTED = dict(own.q3.answer)


def _with(change):
    """A function that gives each layer's kernel and bias to another one."""

    def answer(network, examples):
        for number, layer in enumerate(network.layers):
            layer.set_weights(change(number, *layer.get_weights()))
        return network

    return answer


def _drawn(deviation):
    rng = np.random.default_rng(10)
    return _with(
        lambda number, kernel, bias: [
            rng.normal(0, deviation(kernel), kernel.shape),
            0 * bias,
        ]
    )


def untouched(network, examples):
    return network


def no_return(network, examples):
    own.rescue(network, examples)


def its_weights(network, examples):
    return own.rescue(network, examples).get_weights()


def another_network(network, examples):
    return keras.Sequential([keras.Input((32,)), keras.layers.Dense(4)])


def not_a_number(network, examples):
    return _with(lambda number, kernel, bias: [kernel * np.nan, bias])(
        network, examples
    )


def first_layer_only(network, examples):
    layer = network.layers[0]
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * 20, 0 * bias])
    return network


no_biases = _with(lambda number, kernel, bias: [kernel, 0 * bias])
all_alike = _with(
    lambda number, kernel, bias: [0 * kernel + 0.2, 0 * bias],
)
twenty_times = _with(lambda number, kernel, bias: [kernel * 20, 0 * bias])
below_zero = _with(lambda number, kernel, bias: [kernel, 0 * bias - 9])
of_2012 = _drawn(lambda kernel: 0.01)
too_loud = _drawn(lambda kernel: 2.0)
he = _drawn(lambda kernel: np.sqrt(2 / len(kernel)))
glorot = _drawn(lambda kernel: np.sqrt(2 / sum(kernel.shape)))


def he_by_keras(network, examples):
    he_normal = keras.initializers.HeNormal(seed=3)
    return _with(
        lambda number, kernel, bias: [
            np.array(he_normal(kernel.shape)),
            0 * bias,
        ]
    )(network, examples)


WRONG = {
    "recall": [
        ((4, 200), "4 ms is the step"),
        ((10, 200), "on demand"),
        ((5, 200), "the mean of the two"),
        ((2, 200), "waits for each batch"),
        ((7, 200), "which of the two stages"),
        ((6, 100), "Those are the places. Each"),
        ((6, 162), "10 places along a side"),
        ((6, 81), "and the mirrored ones count"),
        ((6, 20), "any top row"),
        ((6, 3), "and the mirror."),
        ((200, 6), "exchanged the two"),
        ((6, ...), "`views` is still missing"),
        (("6", 200), "not `'6'`"),
        (6, "a pair"),
    ],
    "q1": [
        (untouched, "Nothing has changed in the first network"),
        (its_weights, "not `list`"),
        (another_network, "Keep the network's layers"),
        (not_a_number, "no longer finite"),
        (first_layer_only, "too quiet"),
        (no_biases, "0.0012, 4.5e-05"),
        (of_2012, "too quiet"),
        (all_alike, "all units of a layer have the same weights"),
        (twenty_times, "The second network"),
        (below_zero, "silent"),
        (too_loud, "too loud"),
        (5, "the function itself"),
    ],
    "q2": [
        (PULLS | {"keras_decay": 5e-4}, "leaves 0.951"),
        (PULLS | {"keras_decay": 5e-5}, "Weaker still"),
        (PULLS | {"keras_decay": 2.5e-4}, "the number for `L2`"),
        (PULLS | {"keras_decay": 0.05}, "A hundred times"),
        (PULLS | {"keras_decay": 1.0}, "does not go through v"),
        (PULLS | {"times_too_weak": 10}, "a momentum of 0.9"),
        (PULLS | {"times_too_weak": 0.2}, "Turn it around"),
        (PULLS | {"times_too_weak": 1.25}, "1 / 0.8 is not"),
        (PULLS | {"times_too_weak": 3}, "How far does v grow"),
        (PULLS | {"left": math.exp(-0.015)}, "leaves momentum out"),
        (PULLS | {"left": 0.607}, "after 10,000 steps at"),
        (PULLS | {"left": 0.85}, "what is *left*, not of 1"),
        (PULLS | {"left": math.exp(-1.5)}, "The rate is 0.001 here"),
        (PULLS | {"left": 0.951}, "Here they are 30,000"),
        (PULLS | {"left": 0.139}, "is gone"),
        (PULLS | {"left": 0.3}, "10 x rate x 0.0005"),
        (PULLS | {"l2": 0.001}, "*twice*"),
        (PULLS | {"l2": 0.002}, "The wrong way"),
        (PULLS | {"l2": 0.00025}, "a decay of 0.0005"),
        (PULLS | {"l2": 1}, "the gradient 0.001 w"),
        (PULLS | {"l2": ...}, "`l2` is still missing"),
        (PULLS | {"l2": "0.0005"}, "not `'0.0005'`"),
        (0.005, "dictionary"),
    ],
    "q3": [
        (EXPECTED | {"top5": 0.001}, "0.001 is top-1"),
        (EXPECTED | {"top5": 0.5}, "A share is wanted"),
        (EXPECTED | {"top5": 0.995}, "That is the error"),
        (EXPECTED | {"top5": 0.1}, "whatever the five guesses"),
        (EXPECTED | {"unequal": 0.693}, "equally frequent"),
        (EXPECTED | {"unequal": 0.105}, "the frequent class only"),
        (EXPECTED | {"unequal": 2.303}, "the rare class only"),
        (EXPECTED | {"unequal": 1.204}, "weigh the two losses"),
        (EXPECTED | {"unequal": 0.1}, "share of wrong answers"),
        (EXPECTED | {"unequal": 0.5}, "the mean over all pictures"),
        (EXPECTED | {"warm_up": 0.01}, "where the warm-up ends"),
        (EXPECTED | {"warm_up": 0.005}, "after 10 steps"),
        (EXPECTED | {"warm_up": 0.002}, "After five?"),
        (EXPECTED | {"warm_up": 1}, "it rises evenly."),
        (EXPECTED | {"half_way": 0.01}, "where the cosine begins"),
        (EXPECTED | {"half_way": 0.0025}, "not a square"),
        (EXPECTED | {"half_way": 0.00707}, "from 0 to 180 degrees"),
        (EXPECTED | {"half_way": 0}, "alike before and"),
        (EXPECTED | {"epoch_120": 1e-3}, "comes at 182 x 51 / 91"),
        (EXPECTED | {"epoch_120": 1e-5}, "twice as late"),
        (EXPECTED | {"epoch_120": 1}, "divided by 10"),
        (EXPECTED | {"top5": ...}, "`top5` is still missing"),
        ([0.005], "dictionary"),
    ],
}
RIGHT = {
    "recall": [[6.0, np.int64(200)]],
    "q1": [he, glorot, he_by_keras],
    "q2": [{**PULLS, "left": (1 - 10 * 0.001 * 0.0005) ** 30_000}],
    "q3": [{**EXPECTED, "unequal": 0.3251}],
}
