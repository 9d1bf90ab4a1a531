"""Exercises of chapter 10: a stuck run, weight decay, and what to expect."""

import math

import numpy as np

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_numbers,
    fault_of_pair,
    is_close,
    is_placeholder,
    named,
    todo,
)

_PACE_WRONG = {
    4: "4 ms is the step. The network cannot be faster than its batches come.",
    10: "10 ms is on demand, one after the other. Here batches are made ahead.",
    5: "5 is the mean of the two. They run side by side, and one waits.",
    2: "2 ms is how long the network waits for each batch.",
}
_VIEWS_WRONG = {
    100: "Those are the places. Each crop can be mirrored as well.",
    162: "From 0 to 9 are 10 places along a side, not 9.",
    81: "From 0 to 9 are 10 places, not 9; and the mirrored ones count.",
    20: "Rows and columns multiply: any top row goes with any column.",
}


def _judge_recall(answer):
    if fault := fault_of_pair(answer, ("milliseconds", "views")):
        return fault
    pace, views = answer
    if (pace, views) == (200, 6):
        return "You exchanged the two: the milliseconds come first."
    if pace != 6:
        otherwise = "The milliseconds: which of the two stages is slower?"
        return named(pace, _PACE_WRONG, otherwise)
    if views != 200:
        otherwise = (
            "The views: 73 - 64 + 1 places along a side, and the mirror."
        )
        return named(views, _VIEWS_WRONG, otherwise)
    return None


recall = Exercise(
    _judge_recall,
    answer=(6, 200),
    placeholder=(..., ...),
    insight="The slowest stage sets the pace, and 10 x 10 x 2 = 200.",
    hints=(
        "Batches are made while the network works. Which of the two has to "
        "wait for the other?",
        "A crop can begin at 0, 1, ..., 73 - 64. How many numbers are that? "
        "Then both directions, then the mirror.",
    ),
    reasons="""
        After 4 ms of work the network waits 2 ms more for its batch: 6 ms
        each. Along a side there are 73 - 64 + 1 = 10 places, so 10 * 10 crops,
        and 200 with the mirrored ones.
    """,
)

_RATE, _STEPS = 0.05, 150


def stuck(inputs=32, units=32, layers=4, deviation=0.01, seed=0):
    """Builds a network that does not learn from inputs of unit variance.

    Args:
        inputs: Int, numbers of an example.
        units: Int, of each hidden layer.
        layers: Int, how many hidden layers.
        deviation: Float, of its weights; biases of hidden layers are 1.
        seed: Int.

    Returns:
        A pair: a `keras.Sequential` of dense layers for four classes, and a
        float array `(128, inputs)` of examples.
    """
    import keras

    dense = keras.layers.Dense
    network = keras.Sequential(
        [keras.Input((inputs,))]
        + [dense(units, activation="relu") for _ in range(layers)]
        + [dense(4, activation="softmax")]
    )
    rng = np.random.default_rng(seed)
    for number, layer in enumerate(network.layers):
        kernel, bias = layer.get_weights()
        kernel = rng.normal(0, deviation, kernel.shape)
        layer.set_weights([kernel, np.full(bias.shape, number < layers)])
    return network, rng.normal(size=(128, inputs)).astype("float32")


def rescue(network, examples):
    """Scales each layer until its values spread by about 1."""
    import keras

    for layer in network.layers:
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, 0 * bias])
        look = keras.Model(network.inputs[0], layer.output)
        values = look(examples).numpy()
        if layer is not network.layers[-1]:
            spread = (values - values.mean(axis=0)).std()
            layer.set_weights([kernel / spread, 0 * bias])
    return network


_CASES = (
    {"seed": 1},
    {"inputs": 20, "units": 24, "layers": 6, "deviation": 0.003, "seed": 2},
    {"inputs": 24, "units": 30, "layers": 3, "deviation": 3.0, "seed": 3},
)
_NAMES = (
    "the first network (4 hidden layers of 32)",
    "the second network (6 of 24, with even smaller weights)",
    "the third network (3 of 30, with weights that are far too large)",
)


def _judge_rescue(function):
    """Judges whether networks learn after they were rescued."""
    if fault := fault_of_function(function):
        return fault
    for case, name in zip(_CASES, _NAMES, strict=True):
        network, examples = stuck(**case)
        before = network.get_weights()
        given = function(network, examples.copy())
        if is_placeholder(given):
            return NOT_ATTEMPTED
        if fault := _fault_of_rescued(given, before, examples, name):
            return fault
    return None


def _fault_of_rescued(network, before, examples, name):
    if not hasattr(network, "get_weights"):
        return f"Return the network, not `{type(network).__name__}`."
    weights = network.get_weights()
    if [w.shape for w in weights] != [w.shape for w in before]:
        return "Keep the network's layers; only its weights may change."
    if all(map(np.array_equal, weights, before)):
        return f"Nothing has changed in {name}."
    if not all(np.isfinite(w).all() for w in weights):
        return f"In {name} some weights are no longer finite numbers."
    if any(np.ptp(k, axis=1).max() == 0 for k in weights[:-2:2]):
        return (
            f"In {name} all units of a layer have the same weights. Then they "
            "get the same gradient, and stay one unit."
        )
    spreads = _spreads(weights, examples)
    loss = _trained(weights, examples)
    if loss < 0.6 * math.log(4):
        return None
    told = ", ".join(f"{spread:.2g}" for spread in spreads)
    if not np.isfinite(loss) or spreads[-1] > 30:
        why = "too loud"
    elif max(spreads) == 0:
        why = "silent: no unit is above 0"
    elif spreads[-1] < 0.2:
        why = "too quiet"
    else:
        why = "not what the next steps need"
    return (
        f"{name[0].upper()}{name[1:]} still does not learn: loss {loss:.2f} "
        f"after {_STEPS} steps (knowing nothing costs ln 4, 1.39). What "
        f"differs between the examples is {why}. "
        f"It spreads by {told} behind its hidden layers."
    )


def _forward(weights, values):
    """Gives what leaves each layer; the last gives probabilities."""
    outputs = [values.astype("float64")]
    pairs = list(zip(weights[::2], weights[1::2], strict=True))
    for kernel, bias in pairs:
        outputs.append(np.maximum(outputs[-1] @ kernel + bias, 0))
    logits = outputs[-2] @ kernel + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    outputs[-1] = powers / powers.sum(axis=1, keepdims=True)
    return outputs


def _spreads(weights, examples):
    hidden = _forward(weights, examples)[1:-1]
    return [(values - values.mean(axis=0)).std() for values in hidden]


def _trained(weights, examples):
    """Trains for some steps of momentum; gives the loss at the end.

    The class of an example is a matter of its first two numbers' signs.
    """
    weights = [w.astype("float64") for w in weights]
    labels = 2 * (examples[:, 0] > 0) + (examples[:, 1] > 0)
    right = np.eye(4)[labels.astype(int)]
    speeds = [0 * w for w in weights]
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            outputs = _forward(weights, examples)
            back = (outputs[-1] - right) / len(right)
            for layer in range(len(weights) - 2, -1, -2):
                values = outputs[layer // 2]
                found = values.T @ back, back.sum(axis=0)
                back = (back @ weights[layer].T) * (values > 0)
                for number, gradient in enumerate(found, layer):
                    speeds[number] *= 0.9
                    speeds[number] -= _RATE * gradient
            weights = [w + v for w, v in zip(weights, speeds, strict=True)]
        chances = (_forward(weights, examples)[-1] * right).sum(axis=1)
        return float(-np.log(np.maximum(chances, 1e-12)).mean())


q1 = Exercise(
    _judge_rescue,
    answer=rescue,
    placeholder=todo,
    insight="Whatever the start was, by measure or by rule: mend each layer's "
    "scale.",
    hints=(
        "Print what section 3 prints: by how much do the values spread over "
        "the examples behind each layer? Where do they fade?",
        "Go from the first layer to the last. Set its biases to 0, and divide "
        "its kernel by the spread of what it hands on. Or draw the weights "
        "anew, by He's rule.",
        "For `kernel, bias = layer.get_weights()`, He's rule is "
        "`rng.normal(0, np.sqrt(2 / len(kernel)), kernel.shape)`. Give it back "
        "with `layer.set_weights([new_kernel, 0 * bias])`.",
    ),
    reasons="""
        A ReLU with a bias of 0 passes on twice what goes in twice as large. So
        a kernel divided by its layer's spread gives a spread of 1, and the next
        layer can be measured. He's rule comes to nearly the same without
        measuring. The last layer may start small: its logits shall be near 0.
    """,
)

PULLS = ("keras_decay", "times_too_weak", "left", "l2")
_PULLS_RIGHT = {
    "keras_decay": 0.005,
    "times_too_weak": 5,
    "left": math.exp(-0.15),
    "l2": 0.0005,
}
_PULLS_WRONG = {
    "keras_decay": {
        5e-4: "0.0005 leaves 0.951 where the paper's rule leaves 0.607.",
        5e-5: "Weaker still. Keras' pull has to grow.",
        2.5e-4: "That is the number for `L2`, whose pull goes through v.",
        0.05: "A hundred times 0.0005. How large does a steady pull's v get?",
    },
    "times_too_weak": {
        10: "10 belongs to a momentum of 0.9.",
        0.2: "Turn it around: how many times does the paper's pull fit?",
        1.25: "1 / 0.8 is not what the steps add up to: 1 + 0.8 + 0.64 + ...",
    },
    "left": {
        0.985: "That leaves momentum out: v grows to ten times a single pull.",
        0.6065: "0.607 is after 10,000 steps at a rate of 0.01.",
        0.8500: "Each step takes its share of what is *left*, not of 1.",
        0.2231: "The rate is 0.001 here, not 0.01.",
        0.9512: "That is for 10,000 steps. Here they are 30,000.",
        0.1393: "That much is gone. How much is left?",
    },
    "l2": {
        0.001: "The gradient of l2 times w squared is *twice* l2 times w.",
        0.002: "The wrong way: the gradient of w squared is 2 w.",
        2.5e-4: "0.00025 belongs to a decay of 0.0005.",
    },
}
_PULLS_OTHERWISE = {
    "keras_decay": "Keras' pull does not go through v. How many times larger "
    "does v make a steady pull?",
    "times_too_weak": "How far does v grow under a steady pull of 1, if 0.8 of "
    "it stays in each step?",
    "left": "each step takes 10 x rate x 0.0005 of what is left. Use your "
    "loop, or the number e.",
    "l2": "which penalty has the gradient 0.001 w?",
}


def _judge_numbers(given, right, wrong, otherwise):
    if fault := fault_of_numbers(given, right):
        return fault
    for key in right:
        if not is_close(given[key], right[key], 0.005):
            found = named(given[key], wrong[key], otherwise[key], 0.015)
            return f"`{key}`: {found}"
    return None


q2 = Exercise(
    lambda given: _judge_numbers(
        given, _PULLS_RIGHT, _PULLS_WRONG, _PULLS_OTHERWISE
    ),
    answer={**_PULLS_RIGHT, "left": 0.861},
    placeholder=dict.fromkeys(PULLS, ...),
    insight="0.0005 is ten times too weak for Keras; L2(0.00025) is right.",
    hints=(
        "In the paper's rule the pull is inside v, in Keras' it is not. What "
        "does v become under a pull that stays the same?",
        "1 + 0.9 + 0.81 + ... = 1 / (1 - 0.9) = 10.",
        "`left`: in 30,000 steps a weight shrinks by the factor "
        "(1 - 10 * 0.001 * 0.0005) in each. `l2`: the gradient of "
        "`l2 * w ** 2` is `2 * l2 * w`.",
    ),
    reasons="""
        A steady pull p makes v grow to p + 0.9 p + 0.81 p + ... = 10 p, so
        Keras needs 0.0005 x 10 = 0.005. With a momentum of 0.8 the sum is
        1 / (1 - 0.8) = 5. `left`: 30,000 steps of 10 x 0.001 x 0.0005 make
        e ** -0.15 = 0.861. `l2`: 2 x 0.0005 w = 0.001 w.
    """,
)

EXPECTED = ("top5", "unequal", "warm_up", "half_way", "epoch_120")
_EXPECTED_RIGHT = {
    "top5": 0.005,
    "unequal": -(0.9 * math.log(0.9) + 0.1 * math.log(0.1)),
    "warm_up": 0.0025,
    "half_way": 0.005,
    "epoch_120": 1e-4,
}
_EXPECTED_WRONG = {
    "top5": {
        0.001: "0.001 is top-1. Five guesses count here.",
        0.5: "In percent that is right. A share is wanted: 5 of 1000.",
        0.995: "That is the error. How often is it right?",
    },
    "unequal": {
        math.log(2): "ln 2 is for two classes that are equally frequent.",
        -math.log(0.9): "That is the loss on the frequent class only.",
        -math.log(0.1): "That is the loss on the rare class only.",
        (-math.log(0.9) - math.log(0.1)) / 2: "Nine in ten pictures are of "
        "one class: weigh the two losses by that.",
        0.1: "0.1 is the share of wrong answers. What is the loss?",
    },
    "warm_up": {
        0.01: "0.01 is where the warm-up ends, after 20 steps.",
        0.005: "0.005 is reached half-way, after 10 steps of 20.",
        0.002: "It rises evenly from 0 to 0.01 in 20 steps. After five?",
    },
    "half_way": {
        0.01: "0.01 is the highest rate, where the cosine begins.",
        0.0025: "It is a cosine, not a square: half-way, cos is 0.",
        0.00707: "The curve is (1 + cos) / 2 from 0 to 180 degrees, so "
        "half-way is at 90.",
    },
    "epoch_120": {
        1e-3: "The second fall comes at 182 x 51 / 91 = 102.",
        1e-5: "In a run of 91 epochs. In one of 182, they are twice as late.",
    },
}
_EXPECTED_OTHERWISE = {
    "top5": "whatever the five guesses are, for which share of the pictures is "
    "the right class among them?",
    "unequal": "it says 0.9 and 0.1 for every picture. Take -ln of what the "
    "right class got, and the mean over all pictures.",
    "warm_up": "it rises evenly.",
    "half_way": "the cosine falls from the highest rate to 0, alike before and "
    "after the middle.",
    "epoch_120": "how often has it been divided by 10, if all is twice as "
    "long as in 2012?",
}
q3 = Exercise(
    lambda given: _judge_numbers(
        given, _EXPECTED_RIGHT, _EXPECTED_WRONG, _EXPECTED_OTHERWISE
    ),
    answer={**_EXPECTED_RIGHT, "unequal": 0.325},
    placeholder=dict.fromkeys(EXPECTED, ...),
    insight="Where classes are not equally frequent, the wall is lower than "
    "ln K.",
    hints=(
        "`unequal`: on nine of ten pictures the loss is -ln(0.9), on the tenth "
        "-ln(0.1).",
        "`warm_up` and `half_way`: section 7's figure, right panel.",
        "`epoch_120`: after 25, 51 and 79 of 91 epochs is after 50, 102 and "
        "158 of 182.",
    ),
    reasons="""
        `top5`: 5 of 1000. `unequal`: 0.9 x 0.105 + 0.1 x 2.303 = 0.325, less
        than ln 2 = 0.693. `warm_up`: 5 / 20 of 0.01. `half_way`: (1 + cos 90
        degrees) / 2 = 0.5. `epoch_120`: after two falls, 0.01 / 100.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3)
