"""Exercises of chapter 15: fingerprints, weights, errors, and the clinic."""

import numbers

import numpy as np

from alexnet_keras import networks, shapes
from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Message,
    Progress,
    fault_of_function,
    fault_of_keys,
    is_close,
    is_placeholder,
    named,
    todo,
)

PARTS = ("program", "batch", "addresses", "seed")


def _judge_recall(given):
    if not isinstance(given, list | tuple) or len(given) != 2:
        return "Give a pair `(pictures, part)`."
    for name, one in zip(("pictures", "part"), given, strict=True):
        if is_placeholder(one):
            return f"`{name}` is still missing."
    pictures, part = given
    if pictures != 64:
        wrong = {
            256: "256 is the batch of all four together.",
            1024: "The global batch is shared out, not multiplied.",
            128: "That would be two workers. There are four.",
        }
        return wrong.get(pictures, "Each of the four gets an equal part.")
    wrong = {
        "program": "Every worker starts the very same program.",
        "batch": "The batch you name is that of all workers, as on one.",
        "seed": "All start from the same weights, so with the same seed.",
    }
    if part != "addresses":
        return wrong.get(part, f"The part is one of {', '.join(PARTS)}.")
    return None


recall = Exercise(
    _judge_recall,
    answer=(64, "addresses"),
    placeholder=(..., ...),
    insight="From one machine to many, only the list of addresses is new.",
    hints=(
        "The batch that you name is the batch of all workers together.",
        "A worker is told who the others are.",
    ),
    reasons="""
        256 / 4 = 64. Program, batch and seed are the same; each worker is told
        the addresses of all, and which of them is its own.
    """,
)

# Weights and biases but for fc8's, and how many fc8 has for each class.
BODIES = {
    "paper": 56_868_224,
    "one tower": 58_281_344,
    "torchvision": 57_003_840,
    "TF-slim": 46_206_912,
    "d2l": 46_747_008,
}
PER_CLASS = 4_097
NAMES = {"a": ("torchvision", 10), "b": ("d2l", 200), "c": ("one tower", 2)}
COUNTS = {key: BODIES[x] + PER_CLASS * k for key, (x, k) in NAMES.items()}
COUNTS["d"] = BODIES["paper"] + PER_CLASS * 102


def _judge_fingerprints(given):
    if fault := fault_of_keys(given, COUNTS):
        return fault
    for key, (name, classes) in NAMES.items():
        said, count = given[key], COUNTS[key]
        if said not in BODIES:
            return f"`{key}` is one of {', '.join(BODIES)}, not `{said!r}`."
        if said != name:
            own = BODIES[said] + PER_CLASS * classes
            return (
                f"`{key}`: with {classes} classes {said} has {own:,}, and "
                f"`{key}` has {count:,}."
            )
    classes = given["d"]
    if not isinstance(classes, numbers.Real):
        return f"`d` is a number of classes, not `{classes!r}`."
    wrong = {
        102 * PER_CLASS / 4_096: "`d`: each class has a bias as well.",
        898: "`d`: so many classes fewer than 1000.",
        PER_CLASS * 102: "`d`: that is what fc8 has. How much for a class?",
    }
    if classes != 102:
        hint = "`d`: what is left for fc8, by what one class takes?"
        return named(classes, wrong, hint, 1e-5)
    return None


q1 = Exercise(
    _judge_fingerprints,
    answer={**{key: name for key, (name, _) in NAMES.items()}, "d": 102},
    placeholder=dict.fromkeys(COUNTS, ...),
    insight="All but fc8 is the fingerprint; the classes are what is left.",
    hints=(
        "Only fc8 depends on the classes: 4096 weights and a bias for each.",
        "Take 4,097,000 off each of the figure's counts: that is the network "
        "without fc8. Then add 4097 for each class.",
        "`d`: (57,286,118 - (60,965,224 - 4,097,000)) / 4097.",
    ),
    reasons="""
        Without fc8: paper 56,868,224; one tower 58,281,344; torchvision
        57,003,840; TF-slim 46,206,912; d2l 46,747,008. To these come 4097 for
        each class. `d` has 417,894 = 102 * 4097 left.
    """,
)


def to_channels_first(kernel, side):
    """Turns fc6's kernel from Keras' order into that of Caffe and PyTorch."""
    units = kernel.shape[1]
    maps = kernel.reshape(side, side, -1, units)  # row, column, channel, unit
    return maps.transpose(3, 2, 0, 1).reshape(units, -1)


def _judge_way_back(function):
    if fault := fault_of_function(function):
        return fault
    for side, channels, units in ((3, 5, 4), (2, 7, 6)):
        kernel = np.arange(side * side * channels * units)
        kernel = kernel.reshape(-1, units).astype("float32")
        found = function(kernel.copy(), side)
        if is_placeholder(found):
            return NOT_ATTEMPTED
        found, right = np.asarray(found), to_channels_first(kernel, side)
        tried = f"(Tried with a kernel {kernel.shape} and side={side}.)"
        if found.shape != right.shape:
            return (
                f"The shape is {found.shape}, and should be {right.shape}: a "
                f"row for each unit. {tried}"
            )
        maps = kernel.reshape(side, side, -1, units)
        mistakes = (
            (
                kernel.T,
                "That is the plain transpose: the right shape, and each "
                "unit still reads place by place.",
            ),
            (
                maps.transpose(3, 2, 1, 0),
                "Rows and columns of the map have changed places.",
            ),
            (
                kernel.reshape(units, -1),
                "`reshape` alone mixes the units: a "
                "unit's weights are a *column* of Keras' kernel.",
            ),
        )
        for wrong, message in mistakes:
            if np.array_equal(found, wrong.reshape(right.shape)):
                return f"{message} {tried}"
        if not np.array_equal(found, right):
            return f"The right shape, but numbers in the wrong places. {tried}"
    return None


q2 = Exercise(
    _judge_way_back,
    answer=to_channels_first,
    placeholder=todo,
    insight="There and back changes nothing, and that is how to test it.",
    hints=(
        "Undo the chapter's way, last step first.",
        "`kernel.reshape(side, side, -1, units)` gives row, column, channel, "
        "unit. `-1` lets NumPy count the channels.",
        "Then `transpose` to unit, channel, row, column, and `reshape` to one "
        "row a unit.",
    ),
    reasons="""
        Name the four axes before you move them. On a kernel that holds 0, 1, 2
        and so on you can follow each number.
    """,
)

ERRATA = ("side", "channels", "times_too_many", "megabytes", "in_training")
_FC = {
    line.name: line.parameters
    for line in shapes.table(networks.ALEXNET)
    if line.name in ("fc6", "fc7", "fc8")
}
_MB = 4 * (_FC["fc6"] + _FC["fc7"]) / 1e6
_ERRATA_WRONG = {
    "side": {
        5: "5 belongs to 6400, an AlexNet that rounds down at 224.",
        13: "13 is conv5. A pool comes after it.",
        7: "7 is what the course says. Follow the sizes from 227.",
    },
    "channels": {
        512: "512 is what the course says. How many filters has conv5?",
        384: "384 is conv4. Pool5 has conv5's channels.",
        128: "128 is one tower. Fc6 reads both.",
    },
    "times_too_many": {
        9216 / 25088: "too *many* means more than 1: divide the other way.",
        25088 - 9216: "so many numbers more. How many *times*?",
        49 / 36: "those are the places. The channels count, too.",
        2: "those are the channels. The places count, too.",
    },
    "megabytes": {
        _MB / 4: "a float32 takes four bytes.",
        2 * _MB: "float64 takes eight bytes, float32 four.",
        _MB + 4 * _FC["fc8"] / 1e6: "fc8 is the third. Only fc6 and fc7.",
        4 * _FC["fc6"] / 1e6: "that is fc6 alone.",
        4 * _FC["fc7"] / 1e6: "that is fc7 alone.",
        _MB * 1e6 / 2**20: "that is in units of 2 ** 20 bytes. Take 10 ** 6.",
    },
    "in_training": {
        _MB: "training keeps more than the weights.",
        2 * _MB: "weights and what else? A gradient *and* a momentum each.",
        4 * _MB: "three numbers for each weight, not four.",
    },
}
_ERRATA_RIGHT = dict(
    zip(ERRATA, (6, 256, 25088 / 9216, _MB, 3 * _MB), strict=True)
)


def _judge_errata(given):
    if fault := fault_of_keys(given, ERRATA):
        return fault
    for key in ERRATA:
        if not isinstance(given[key], numbers.Real):
            return f"`{key}` must be a number, not `{given[key]!r}`."
        if not is_close(given[key], _ERRATA_RIGHT[key], 0.004):
            known = "follow the table of this chapter, layer by layer. Three "
            known += "digits are enough."
            why = named(given[key], _ERRATA_WRONG[key], known)
            return f"`{key}`: {why}"
    return None


q3 = Exercise(
    _judge_errata,
    answer=dict(zip(ERRATA, (6, 256, 2.72, 218, 654), strict=True)),
    placeholder=dict.fromkeys(ERRATA, ...),
    insight="Good works err. The table of a network tells in a minute.",
    hints=(
        "Pool5's output stands in the table under 'AlexNet so far'.",
        "7 * 7 * 512 numbers against pool5's.",
        "Fc6 and fc7 have 37,752,832 and 16,781,312 weights and biases, four "
        "bytes each. Training keeps a gradient and a momentum for each.",
    ),
    reasons="""
        Pool5 gives 6 x 6 x 256 = 9216 numbers; 7 x 7 x 512 = 25,088, which is
        VGG's, a network of 2014, is 2.72 times as many. 54,534,144 weights and
        biases at 4 bytes are 218 MB; three numbers each make 654 MB. As for
        224, "surely incorrect": that holds for those who round down
        (chapter 3).
    """,
)

PLACES = (
    *("conv1", "norm1", "conv2", "norm2", "conv3", "conv4", "conv5"),
    *("fc6", "fc7", "fc8", "loss", "optimizer"),
)
DIAGNOSES = {
    "small start": "all weights are drawn far too small",
    "reversed colours": "blue, green, red where red, green, blue belong",
    "rounded down": "conv1 loses its last place, and maps shrink",
    "strides everywhere": "conv1's stride stands in other convolutions, too",
    "no padding": "conv2 to conv5 lack their zeros",
    "one tower": "the groups are missing",
    "strong norm": "a norm divides by far too much",
    "no norm": "a norm hands on what it gets",
    "no ReLU": "a layer lacks its bend",
    "dead units": "biases switch units off",
    "wrong order": "weights read the numbers of a map in another order",
    "dropout at test": "units are dropped when they should not be",
    "no softmax": "the loss gets logits, and expects probabilities",
    "two softmaxes": "the loss applies a second softmax",
    "weak decay": "weight decay pulls at a tenth of the paper's",
    "no decay": "nothing pulls weights towards 0",
}
RULED_OUT = {
    "small start": "Then `spread` would be too small from conv1 on. Conv1 has "
    "0.7, as in the healthy network.",
    "reversed colours": "Then `apart` would begin at conv1, as in the example. "
    "Conv1 is 0% apart.",
    "rounded down": "Then conv1 would have 30 x 30 places. It has 31 x 31.",
    "strides everywhere": "Then conv2 would have fewer places than pool1. All "
    "shapes are those of the healthy network.",
    "no padding": "Then conv2 would have fewer places than pool1, and conv3 "
    "fewer than pool2. They have the same.",
    "one tower": "Then conv2 would have 51,264 parameters. It has 25,664.",
    "strong norm": "Then `apart` would begin at a norm. It does not.",
    "no norm": "Then a norm would have the `spread` of the convolution before "
    "it. Both norms have less.",
    "no ReLU": "Then a layer's `spread` would be well above the healthy "
    "network's. That is so nowhere.",
    "dead units": "Then `above 0` would fall to nearly nothing. It is 40% or "
    "more in every layer.",
    "wrong order": "Then fc6, the first layer after the map, would be the "
    "first that is apart. That is not so here.",
    "dropout at test": "Then the same pictures would get other answers the "
    "second time. They get the same.",
    "no softmax": "Then about half of fc8's numbers would be below 0. All are "
    "above: they are probabilities.",
    "two softmaxes": "Then answers that are right and certain would still "
    "cost something. They cost 0.",
    "weak decay": "Then more than 0.607 would be left of the weight of 1.",
    "no decay": "Then all would be left of the weight of 1. It is less.",
}


def _patient(layers, diagnosis, probe, insight, others=()):
    """Makes the exercise of one patient.

    Args:
        layers: Where the fault may be said to be, the usual place first.
        diagnosis: Str, the right one.
        probe: Str, what shows it.
        insight: As in `Exercise`.
        others: Dict of messages for wrong diagnoses, where the usual message
            does not fit.
    """
    others = RULED_OUT | dict(others)

    def judge(given):
        if not isinstance(given, list | tuple) or len(given) != 2:
            return "Give a pair `(layer, diagnosis)`."
        for name, one in zip(("layer", "diagnosis"), given, strict=True):
            if is_placeholder(one):
                return f"The {name} is still missing."
        layer, said = given
        if said not in DIAGNOSES:
            return f"`{said!r}` is none of `ex.DIAGNOSES`, the printed list."
        if said != diagnosis:
            return f"Not {said}. {others[said]}"
        if layer not in PLACES:
            return (
                f"The fault is right. Its place is one of {', '.join(PLACES)}."
            )
        if layer not in layers:
            return (
                f"The fault is right, but it is not in {layer}, or does not "
                "begin there. What is the first line that differs?"
            )
        return None

    return Exercise(
        judge,
        answer=(layers[0], diagnosis),
        placeholder=(..., ...),
        insight=insight,
        hints=(
            "Print its chart and the healthy one, one below the other. Which "
            "is the first line that differs, and in which column?",
            probe,
        ),
        reasons=f"{probe} {insight}",
    )


patient_1 = _patient(
    ("norm1",),
    "strong norm",
    "Conv1 is 0% apart, norm1 56%, and `spread` falls there to 0.2, not 0.4.",
    "`tf.nn.local_response_normalization` without arguments has an alpha of 1 "
    "and a window of 11: chapter 5's trap.",
    {
        "no norm": "Then norm1 would have conv1's `spread`, 0.7. It has 0.2, "
        "half of the healthy network's.",
        "small start": "Conv1's `spread` is 0.7, as it should be. It is lost "
        "after conv1.",
    },
)
patient_2 = _patient(
    ("conv2",),
    "strides everywhere",
    "Pool1 gives 15 x 15 places and conv2 8 x 8: it should keep the size. Fc6 "
    "reads 64 numbers, not 576.",
    "A line copied four times. The counts of conv1 to conv5 are right, since a "
    "stride has no weights; fc6's tells.",
    {
        "no padding": "Without zeros a filter 5 wide has 11 places on 15. It "
        "has 8.",
        "wrong order": "Fc6 is apart, but it also reads other numbers: shapes "
        "differ long before.",
    },
)
patient_3 = _patient(
    ("loss",),
    "two softmaxes",
    "All layers are 0% apart, and the first loss is right. But answers that "
    "are right and certain cost 1.46, where they should cost 0.",
    "Fc8 ends in a softmax, and the loss, `..._with_logits`, applies another. "
    "So the loss never falls below 1.46 (chapter 8).",
)
patient_4 = _patient(
    ("conv2",),
    "dead units",
    "`above 0` falls in conv2 to 9%, in conv4 to 1%, and conv5 gives nothing "
    "but 0, to any picture.",
    "The paper starts the biases of conv2, conv4, conv5, fc6 and fc7 with 1. "
    "This owner wrote -1. No gradient gets through, so no step mends it.",
)
patient_5 = _patient(
    ("optimizer",),
    "weak decay",
    "All layers are 0% apart. After 10,000 steps of decay alone, 0.951 is left "
    "of a weight of 1, and should be 0.607.",
    "`SGD(weight_decay=5e-4)` is another rule, ten times too weak here; "
    "`L2(2.5e-4)` is the paper's (chapter 10).",
    {"no decay": "Then 1.000 would be left of the weight of 1. 0.951 is left."},
)
patient_6 = _patient(
    ("fc6",),
    "wrong order",
    "All is 0% apart up to pool5, and fc6 83%. Its count and its `spread` are "
    "right: the right numbers at the wrong places.",
    "A plain transpose of weights that were stored channels first.",
)

PATIENTS = {
    1: patient_1,
    2: patient_2,
    3: patient_3,
    4: patient_4,
    5: patient_5,
    6: patient_6,
}


def check_patients(answers):
    """Judges the answers for several patients, each by itself.

    Args:
        answers: Dict of `(layer, diagnosis)` by the patients' numbers.

    Returns:
        `Message`, a paragraph for each patient.
    """
    if not isinstance(answers, dict) or not answers.keys() <= PATIENTS.keys():
        return Message("Give a dictionary with the numbers 1 to 6 as its keys.")
    checked = {n: PATIENTS[n].check(one) for n, one in answers.items()}
    return Message(
        "\n\n".join(f"Patient {n}: {one.text}" for n, one in checked.items())
    )


progress = Progress(
    recall=recall,
    q1=q1,
    q2=q2,
    q3=q3,
    patient_1=patient_1,
    patient_2=patient_2,
    patient_3=patient_3,
    patient_4=patient_4,
    patient_5=patient_5,
    patient_6=patient_6,
)
