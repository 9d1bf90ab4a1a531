"""Exercises of chapter 8: parameters, a loss, dropout, two riddles."""

import math
import numbers

import numpy as np

from alexnet_keras import networks, shapes
from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_keys,
    fault_of_numbers,
    fault_of_pair,
    is_close,
    is_placeholder,
    named,
    todo,
)


def _judge_recall(answer):
    if fault := fault_of_pair(answer, ("channels", "pixels")):
        return fault
    channels, pixels = answer
    if (channels, pixels) == (163, 48):
        return "You exchanged the two: the channels come first."
    wrong = {
        96: "Pool1 has 96 channels, but conv2 has two groups.",
        256: "256 is how many filters conv2 has, not what one of them reads.",
        128: "128 filters make one group. How many channels does it read?",
        1_200: "5 x 5 x 48 are a filter's weights. How deep is it?",
        25: "5 x 5 is its size at one channel. How deep is it?",
    }
    if channels != 48:
        return wrong.get(channels, "Half of pool1's channels, its own tower's.")
    wrong = {
        3: "Its filter is 3 wide, but on conv4's map. Go back to the image.",
        13: "13 is how many places its map has in a row.",
        51: "51 pixels is what a value of conv2 sees.",
        99: "99 pixels is what a value of conv3 sees.",
        131: "131 pixels is what a value of conv4 sees. One more layer.",
        195: "195 is pool5, one layer further on.",
    }
    if pixels != 163:
        return wrong.get(pixels, "What conv2 sees is 51. Go on from there.")
    return None


recall = Exercise(
    _judge_recall,
    answer=(48, 163),
    placeholder=(..., ...),
    insight="A filter of conv2 is 5 x 5 x 48; a value of conv5 sees 163 of 227 "
    "pixels in a row.",
    hints=(
        "Conv2 reads pool1's 96 channels, in two groups.",
        "The receptive fields of conv1 to conv5 grow: 11, 51, 99, and two more "
        "by 32 each.",
    ),
    reasons="""
        Each group of conv2 reads half of pool1's 96 channels: 48. From conv3
        on the fields grow by 2 * 16 pixels a layer: 99, 131, 163.
    """,
)

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
_LINES = {line.name: line for line in shapes.table(networks.ALEXNET)}
_ROWS = {row.name: row for row in networks.ALEXNET}


def _mistakes(name):
    """Gives wrong counts of a layer's parameters, with what went wrong."""
    line, row = _LINES[name], _ROWS[name]
    *sides, depth, outputs = line.kernel
    weights = math.prod(line.kernel)
    found = {weights: f"the biases are missing, one for each of {outputs}."}
    if name.startswith("fc"):
        what = "number that it reads"
        found[weights + depth] = f"a bias for each unit, not each {what}."
        found[weights + 1] = "one bias is not enough: each unit has its own."
        found[outputs] = "each unit has a weight for every number it reads."
    else:
        one = math.prod(sides) * depth + 1
        found[weights + 1] = "one bias is not enough: each filter has its own."
        found[one] = f"that is one filter. There are {outputs}."
        found[math.prod(sides) * outputs + outputs] = "a filter is deep."
        both = getattr(row, "groups", 1) == 2
        other = weights * 2 if both else weights // 2
        why = (
            f"it has two groups, so a filter reads {depth} channels, not "
            f"{2 * depth}."
            if both
            else f"it has no groups. A filter reads all {depth} channels."
        )
        if both:
            half = (weights + outputs) // 2
            found[half] = "that is one of the two towers."
        found[other], found[other + outputs] = why + " (And biases.)", why
    if name == "fc6":
        found |= {
            6_400 * 4_096 + 4_096: "6400 belongs to an image of 224 pixels and "
            "sizes rounded down (chapter 3). Ours flattens 9216.",
            256 * 4_096 + 4_096: "it reads 256 channels at *each* of 6 x 6 "
            "places.",
            13 * 13 * 256 * 4_096 + 4_096: "that is conv5's 13 x 13. There is "
            "a pool between.",
        }
    found[line.multiply_adds] = found.get(
        line.multiply_adds, "those are multiply-adds. Each weight counts once."
    )
    return found


def _judge_counts(given):
    if isinstance(given, dict) and is_placeholder(
        {name: count for name, count in given.items() if name != "conv1"}
    ):
        return NOT_ATTEMPTED  # conv1 stands in the notebook
    if fault := fault_of_keys(given, LAYERS):
        return fault
    for name in LAYERS:
        if not isinstance(given[name], numbers.Real):
            return f"`{name}` is a number, not `{given[name]!r}`."
    right = {name: _LINES[name].parameters for name in LAYERS}
    bare = {name: math.prod(_LINES[name].kernel) for name in LAYERS}
    if given == right:
        return None
    if all(given[name] == bare[name] for name in LAYERS[1:]):
        return "All biases are missing. They make 10,568 of the whole."
    if sum(given.values()) == 62_378_344:
        return (
            "Together that is 62,378,344, an AlexNet without groups. Conv2, "
            "conv4 and conv5 have two, and read half of the channels."
        )
    for name in LAYERS:
        if given[name] != right[name]:
            why = _mistakes(name).get(
                given[name],
                "the weights of one unit or filter, times how many there are, "
                "and a bias for each.",
            )
            return f"`{name}`: {why}"
    return None


q1 = Exercise(
    _judge_counts,
    answer={name: _LINES[name].parameters for name in LAYERS},
    placeholder=dict.fromkeys(LAYERS, ...),
    insight="Together 60,965,224, the number of chapter 0. "
    "`print(shapes.summary(networks.ALEXNET))` has them all, with the "
    "multiply-adds.",
    hints=(
        "A filter has height times width times depth weights, and one bias. "
        "A unit has a weight for each number that it reads, and one bias.",
        "Depths: conv2 reads half of 96 channels, conv3 all 256, conv4 and "
        "conv5 half of 384. The filters: 256, 384, 384, 256.",
        "`5 * 5 * 48 * 256 + 256` is conv2; `9216 * 4096 + 4096` is fc6.",
    ),
    reasons="""
        | layer | weights | biases |
        |---|---|---|
        | conv1 | 11 * 11 * 3 * 96 | 96 |
        | conv2 | 5 * 5 * 48 * 256 | 256 |
        | conv3 | 3 * 3 * 256 * 384 | 384 |
        | conv4 | 3 * 3 * 192 * 384 | 384 |
        | conv5 | 3 * 3 * 192 * 256 | 256 |
        | fc6 | 9216 * 4096 | 4096 |
        | fc7 | 4096 * 4096 | 4096 |
        | fc8 | 4096 * 1000 | 1000 |

        Together 60,954,656 weights and 10,568 biases: 60,965,224.
    """,
)


def judge(logits, labels):
    """Gives probabilities and losses without ever leaving a float's range."""
    z = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(z)
    sums = powers.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    return powers / sums, np.log(sums[:, 0]) - z[rows, labels]


def _softmax(logits, axis=1):
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _cases():
    """Gives logits and labels: usual ones, and two kinds of large ones."""
    rng = np.random.default_rng(8)
    usual = rng.normal(0, 2, (4, 6)), np.array([5, 0, 3, 0])
    large = np.array([[1000.0, 0, -1000], [-3, 1000, 999]]), np.array([2, 1])
    apart = np.array([[1000.0, 999, 998], [-1000, -1001, -1002]])
    return usual, large, (apart, np.array([1, 0]))


def _judge_losses(function):
    if fault := fault_of_function(function):
        return fault
    for case, (logits, labels) in enumerate(_cases()):
        try:
            with np.errstate(all="ignore"):
                found = function(logits.copy(), labels.copy())
        except IndexError as error:
            return (
                f"It raised `IndexError: {error}`. `p[labels]` takes whole "
                "rows; `p[np.arange(len(labels)), labels]` takes of each row "
                "the number of its label."
            )
        except ValueError as error:
            if "broadcast" not in str(error):
                raise
            return (
                f"Two shapes do not fit (tried with {logits.shape} logits): "
                f"`{error}`. `max` and `sum` over `axis=1` give a line. With "
                "`keepdims=True` they give a column, one number a row."
            )
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if not isinstance(found, list | tuple) or len(found) != 2:
            return (
                "Return two arrays, in one line: "
                "`return probabilities, losses`."
            )
        for name, part in zip(("probabilities", "losses"), found, strict=True):
            if is_placeholder(part):
                return f"`{name}` is still missing."
        probabilities, losses = (np.asarray(part, float) for part in found)
        for fault in (
            _fault_of_probabilities(probabilities, logits, case),
            _fault_of_losses(losses, logits, labels, case),
        ):
            if fault:
                return f"{fault} (Tried with logits {logits.round(1).tolist()})"
    return None


def _fault_of_probabilities(found, logits, case):
    if found.shape != logits.shape:
        return (
            f"`probabilities` must have the shape of the logits, "
            f"{logits.shape}, not {found.shape}."
        )
    if np.allclose(found, _softmax(logits), atol=1e-6):
        return None
    if case == 2 and not np.isfinite(found[1]).all():
        return (
            "`probabilities`: the second row became `nan`, 0 / 0. Each row "
            "has a largest logit of its own: subtract that."
        )
    if not np.isfinite(found).all():
        return (
            "`probabilities` holds `nan` or `inf`: `np.exp(1000)` is too large "
            "for a float. Subtract the largest logit of each row."
        )
    powers = np.exp(logits - logits.max())
    mistakes = {
        "add up to 1 in each *column*. A row is a photo.": _softmax(logits, 0),
        "add up to 1 all together. Each row must.": powers / powers.sum(),
        "went through the softmax twice.": _softmax(_softmax(logits)),
        "are not divided by their sum yet.": np.exp(logits),
        "are the powers after subtracting. Divide them by their sum.": np.exp(
            logits - logits.max(axis=1, keepdims=True)
        ),
        "lack `np.exp`.": logits / logits.sum(axis=1, keepdims=True),
        "are the likeliest class's 1. A softmax does not decide.": (
            logits == logits.max(axis=1, keepdims=True)
        ),
    }
    for mistake, wrong in mistakes.items():
        if np.allclose(found, wrong, atol=1e-6):
            return f"`probabilities` {mistake}"
    if not np.allclose(found.sum(axis=1), 1, atol=1e-6):
        return "`probabilities`: a row must add up to 1."
    return "`probabilities` are others than the softmax gives."


def _fault_of_losses(found, logits, labels, case):
    rows, count = np.arange(len(labels)), len(labels)
    p = _softmax(logits)
    right = judge(logits, labels)[1]
    if found.shape == () and np.isclose(found, right.mean()):
        return "`losses` is their mean. One loss for each row is asked for."
    if found.shape == (count, count):
        return (
            "`losses` has a table for a line: `p[:, labels]` takes every label "
            "from every row. `p[np.arange(len(labels)), labels]` takes one "
            "each."
        )
    if found.shape != (count,):
        return f"`losses` needs one number a row: ({count},), not {found.shape}"
    if np.allclose(found, right, atol=1e-5):
        return None
    if np.isinf(found).any() or np.isnan(found).any():
        return (
            "`losses`: the right class's probability is too small for a "
            "float, which holds 0, and ln(0) is infinite. Take the logarithm "
            "of the quotient apart before you compute it."
        )
    if case:
        return (
            f"`losses`: {found.max():.3g} should be {right.max():.5g}. It is "
            "cut off: was something small added, or a probability kept from 0? "
            "Compute with logits instead."
        )
    with np.errstate(all="ignore"):
        mistakes = {
            "lack the minus sign.": -right,
            "use another logarithm than `np.log`.": right / math.log(10),
            "use the logarithm to base 2.": right / math.log(2),
            "are the probabilities. Take -ln of them.": p[rows, labels],
            "are 1 - p. The loss is -ln(p).": 1 - p[rows, labels],
            "are those of the likeliest class. `labels` says which is right.": (
                -np.log(p.max(axis=1))
            ),
            "went through the softmax twice.": -np.log(
                _softmax(p)[rows, labels]
            ),
            "are minus the logit; the logarithm of the sum is missing.": -(
                logits[rows, labels]
            ),
            "have lost a part: what was subtracted from the sum must be "
            "subtracted from the logit too.": right - logits.max(axis=1),
            "add up all classes. Only the right one counts.": -np.log(p).sum(1),
        }
    for mistake, wrong in mistakes.items():
        if np.allclose(found, wrong, atol=1e-6):
            return f"`losses` {mistake}"
    return "`losses` are not -ln of the right classes' probabilities."


q2 = Exercise(
    _judge_losses,
    answer=judge,
    placeholder=todo,
    insight="The logarithm undoes the power before anything overflows: this is "
    "what `from_logits=True` does.",
    hints=(
        "`logits.max(axis=1, keepdims=True)` is the largest of each row, as a "
        "column that can be subtracted from all rows. `sum` takes the same "
        "two arguments.",
        "`z[np.arange(len(labels)), labels]` takes from each row the number of "
        "its label.",
        "With `z` the logits less their largest, p is exp(z) / sum(exp(z)). So "
        "-ln(p) is ln(sum(exp(z))) - z: no probability is needed.",
    ),
    reasons="""
        -ln(exp(z) / sum) = ln(sum) - z. The sum is at least 1, since the
        largest z is 0, so its logarithm is harmless, and z stands there as it
        is: -2000 gives a loss of 2000. The field calls this log-sum-exp.
        (Losses of such a size are no good sign, but they are numbers, and
        their gradients are right.)
    """,
)

FACTORS = ("today_training", "today_test", "2012_training", "2012_test")
_RIGHT = dict(zip(FACTORS, (1.25, 1.0, 1.0, 0.8), strict=True))
_FACTORS_WRONG = {
    "today_training": {
        5.0: "that is 1 / rate. Of ten units eight stay; eight times 5 is 40, "
        "not 10.",
        2.0: "2 belongs to a rate of 0.5, where half of the units stay.",
        1.0: "then the mean over many masks is 0.8 of what the test gives.",
        0.8: "that makes it smaller still. What is lost must be made up for.",
        1.2: "a fifth is lost of the whole; what stays is 0.8. By what must "
        "0.8 be multiplied to give 1?",
        0.2: "that is the rate itself.",
    },
    "today_test": {
        0.8: "training has made up for the loss already.",
        1.25: "nothing is dropped at a test, so nothing is made up for.",
        0.5: "halving was 2012's way, at a rate of 0.5.",
        0.2: "that is the rate. Nothing is dropped at a test.",
    },
    "2012_training": {
        1.25: "that is today's way. In 2012 what stays, stays as it is.",
        0.8: "that comes at the test, not in training.",
        2.0: "in 2012 training had ones and zeros.",
    },
    "2012_test": {
        0.5: "halving belongs to a rate of 0.5, where half of the units stay.",
        0.2: "that is the share that is dropped. How much comes through on "
        "average?",
        1.0: "then a test with all units gives more than training did.",
        1.25: "a test has more units than training, so each must count less.",
        2.0: "a test has more units than training, not fewer.",
    },
}


def _judge_factors(given):
    if fault := fault_of_keys(given, FACTORS):
        return fault
    for key in FACTORS:
        number = given[key]
        if not isinstance(number, numbers.Real):
            return f"`{key}` must be a number, not `{number!r}`."
        if is_close(number, _RIGHT[key], 1e-3):
            continue
        known = "take ten units that give 1. What comes through?"
        return f"`{key}`: {named(number, _FACTORS_WRONG[key], known, 1e-3)}"
    return None


q3 = Exercise(
    _judge_factors,
    answer=dict(_RIGHT),
    placeholder=dict.fromkeys(FACTORS, ...),
    insight="Today's factor is 1 / (1 - rate), 2012's test takes 1 - rate. At "
    "0.5 both 1 / rate and 1 / (1 - rate) are 2.",
    hints=(
        "Take ten units that give 1. A test without any factor adds up to 10. "
        "How many units are there in training, on average?",
        "Today nothing happens at the test: eight units must give 10. In 2012 "
        "nothing happens in training: ten units must give 8.",
    ),
    reasons="""
        Of ten units eight stay. Today they give 10 together, so 10 / 8 = 1.25
        each, and the test leaves its ten alone. In 2012 they give 8, and the
        test makes 8 of its ten: 0.8 each. In general 1 / (1 - rate) and
        1 - rate.
    """,
)

RIDDLES = ("first_loss", "classes", "flattened", "width")


def _judge_riddles(given):
    if fault := fault_of_numbers(given, RIDDLES):
        return fault
    loss, classes, flattened, width = (given[key] for key in RIDDLES)
    wrong = {
        math.log10(50): "`first_loss`: that is the logarithm to base 10.",
        math.log2(50): "`first_loss`: that is the logarithm to base 2.",
        1 / 50: "`first_loss`: that is the probability. What does it cost?",
        0.98: "`first_loss`: that is the share of wrong guesses.",
        50: "`first_loss`: that is the number of classes. Take its logarithm.",
        -math.log(50): "`first_loss`: a loss is not below 0.",
    }
    if not is_close(loss, math.log(50), 0.01):
        return _near(loss, wrong, "`first_loss`: knowing nothing costs ln K.")
    wrong = {
        10**5.3: "`classes`: you took 10 to the power of 5.30. ln belongs to "
        "e = 2.718.",
        2**5.3: "`classes`: you took 2 to the power of 5.30.",
        math.log(5.3): "`classes`: you took the logarithm again. Undo it.",
        1000: "`classes`: a thousand would stay at 6.91.",
        100: "`classes`: a hundred would stay at 4.61.",
    }
    if not is_close(classes, 200, 0.012):
        return _near(classes, wrong, "`classes`: which K has ln K = 5.30?")
    wrong = {
        6_401: "`flattened`: you counted the bias as a number that it reads.",
        9_216: "`flattened`: that would make 37,752,832.",
        25: "`flattened`: those are the places. Each has 256 channels.",
        26_214_400: "`flattened`: those are the weights. How many per unit?",
    }
    if flattened != 6_400:
        return _near(
            flattened, wrong, "`flattened`: each unit has a bias as well."
        )
    wrong = {
        25: "`width`: 25 places in all. How many along a row?",
        6: "`width`: 6 would make 9216.",
        6_400: "`width`: that is with the channels.",
        54: "`width`: 54 is conv1. Pool5 is asked for.",
        80: "`width`: the channels come off first: 6400 / 256.",
    }
    if width != 5:
        return _near(width, wrong, "`width`: 6400 is width * width * 256.")
    return None


def _near(number, wrong, otherwise):
    """Names the mistake whose number is close."""
    return named(number, wrong, otherwise, 0.01 if number % 1 else 1e-9)


q4 = Exercise(
    _judge_riddles,
    answer={
        "first_loss": 3.91,
        "classes": 200,
        "flattened": 6_400,
        "width": 5,
    },
    placeholder=dict.fromkeys(RIDDLES, ...),
    insight="Two numbers, a loss and a count, tell much about a network that "
    "you have never seen.",
    hints=(
        "Knowing nothing costs `np.log(K)`.",
        "`np.exp` undoes `np.log`.",
        "4096 units with n weights and a bias each: 4096 * (n + 1).",
    ),
    reasons="""
        - ln 50 = 3.91, a little more if the network has prejudices.
        - exp(5.30) = 200.3: two hundred classes, and nothing learned.
        - 26,218,496 / 4096 - 1 = 6400 = 5 x 5 x 256. Such a network read 224
          pixels and rounded down: conv1 gave 54 places, the pools 26, 12 and 5
          (chapter 3).
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3, q4=q4)
