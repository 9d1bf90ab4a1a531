"""Exercises of chapter 14: who is who, bytes, and when to stop."""

import itertools
import json
import numbers

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    is_close,
    is_placeholder,
    named,
    todo,
)

_CHOICES = {
    "a": "Then the neighbours of a photo would be photos of the same colours. "
    "Pixels are the first layer's input; fc7 is far from them.",
    "c": "The weights are the same for every photo. What differs from photo "
    "to photo is what the layer gives.",
    "d": "How sure it is, fc8's probabilities tell. A distance compares two "
    "photos.",
}


def _judge_recall(letter):
    if not isinstance(letter, str):
        return 'Give a letter in quotes, such as `"a"`.'
    letter = letter.strip(" ().").lower()
    if letter == "b":
        return None
    return _CHOICES.get(letter, 'Give one of `"a"`, `"b"`, `"c"`, `"d"`.')


recall = Exercise(
    _judge_recall,
    answer="b",
    insight="A distance in fc7 says how alike two things are to the network, "
    "however far apart their pixels are.",
    hints=(
        "Fc7 is the last layer before the scores: nearly the answer itself.",
        "The nearest neighbours of a photo showed the same kind of thing, in "
        "other poses and other light.",
    ),
    reasons="""
        Two photos of one kind can differ in nearly every pixel. After seven
        layers what is left of them is close together, since fc8 must give
        both the same answer.
    """,
)


def tf_config(hosts, port, index):
    """Tells worker `index` who it is, and who the others are."""
    addresses = [f"{host}:{port}" for host in hosts]
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": addresses}, "task": task})


def _judge_config(function):
    if fault := fault_of_function(function):
        return fault
    for hosts, port, index in (
        (["ant", "bee", "cat"], 2222, 2),
        (["left", "right"], 4001, 0),
        (["n7", "n8", "n9", "n10"], 8888, 1),
    ):
        text = function(list(hosts), port, index)
        if is_placeholder(text):
            return NOT_ATTEMPTED
        addresses = [f"{host}:{port}" for host in hosts]
        if fault := _fault_of_config(text, addresses, index):
            given = f"hosts={hosts}, port={port}, index={index}"
            return f"With `{given}`: {fault}"
    return None


def _fault_of_config(text, addresses, index):
    if isinstance(text, dict):
        return (
            "you return a dictionary. An environment variable is text: "
            "`json.dumps` writes it."
        )
    if not isinstance(text, str):
        return f"a text is wanted, not `{text!r}`."
    try:
        config = json.loads(text)
    except ValueError:
        if "'" in text and '"' not in text:
            return "JSON has double quotes, not single ones: use `json.dumps`."
        return f"this is no JSON: `{text}`."
    if not isinstance(config, dict) or not {"cluster", "task"} <= {*config}:
        return 'the outer keys are `"cluster"` and `"task"`.'
    jobs, task = config["cluster"], config["task"]
    if not isinstance(jobs, dict) or "worker" not in jobs:
        return '`"cluster"` holds a dictionary `{"worker": [addresses]}`.'
    if not isinstance(task, dict) or {*task} != {"type", "index"}:
        return '`"task"` holds a `"type"` and an `"index"`.'
    chiefs = jobs.get("chief", [])
    if task["type"] not in jobs:
        return f"the type must be a key of the cluster, not `{task['type']!r}`."
    if not all(isinstance(one, list) for one in (chiefs, jobs["worker"])):
        return "the addresses stand in a list."
    if not all(isinstance(one, str) for one in [*chiefs, *jobs["worker"]]):
        return "an address is a text, `host:port`."
    return _fault_of_list([*chiefs, *jobs["worker"]], addresses) or (
        _fault_of_index(
            task["index"],
            index - len(chiefs) * (task["type"] == "worker"),
        )
    )


def _fault_of_list(given, right):
    hosts = [address.partition(":")[0] for address in right]
    if given == right:
        return None
    if given == hosts:
        return "the ports are missing: an address is `host:port`."
    if len(given) == 1:
        return "the list holds one address. Every worker needs those of all."
    if sorted(map(str, given)) == sorted(right):
        return (
            "the order is not that of `hosts`. All workers must have the same "
            "list, or each takes another for worker 0."
        )
    if set(given) < set(right):
        return "addresses are missing. A worker's own belongs in the list, too."
    return f"the addresses should be {right}, not {given}."


def _fault_of_index(given, right):
    if right < 0:
        return "this worker is the chief: its type is `chief`, its index 0."
    if str(given) == str(right):
        return None
    if str(given) == str(right + 1):
        return "workers count from 0: hand `index` on as it is."
    return f"the index says worker {given}, but this is worker {right}."


q1 = Exercise(
    _judge_config,
    answer=tf_config,
    placeholder=todo,
    insight="Every worker gets the same list; only the index is its own.",
    hints=(
        'An address is a host, a colon and the port: `f"{host}:{port}"`.',
        'Build `{"cluster": {"worker": addresses}, "task": {...}}` as Python '
        "dictionaries and lists first.",
        "`json.dumps` makes a text of it. The task has a `type`, which is "
        '`"worker"`, and an `index`.',
    ),
    reasons="""
        A cluster's software, such as Kubeflow, does just this: it fills in
        the list and the index and starts the same program everywhere.
    """,
)


def busiest(weights, n, way):
    """Counts the bytes that the busiest of `n` workers sends."""
    gradient = 4 * weights
    if way == "ring":
        return 2 * (n - 1) / n * gradient
    return (n - 1) * gradient


def _judge_bytes(function):
    if fault := fault_of_function(function):
        return fault
    ways, counts = ("ring", "chief"), (6, 2, 3, 1)
    cases = itertools.product(ways, counts, (60_965_224, 368_842))
    for way, n, weights in cases:
        found = function(weights, n, way)
        if is_placeholder(found):
            return NOT_ATTEMPTED
        given = f'With {weights:,} weights, n = {n} and `"{way}"`: '
        if not isinstance(found, numbers.Real):
            return f"{given}a number is wanted, not `{found!r}`."
        right = busiest(weights, n, way)
        if not is_close(found, right, 1e-6):
            return given + _fault_of_bytes(found / weights / 4, n, way, right)
    return None


def _fault_of_bytes(share, n, way, right):
    """Says what is wrong with so many times the gradient's bytes."""
    if n == 1:
        return "one worker has nobody to talk to, so 0."
    times = {"ring": 2 * (n - 1) / n, "chief": n - 1}
    mistakes = {
        times[way] / 4: "those are numbers. How many bytes has a float32?",
        times[way] * 2: "twice too many. Only what is *sent* counts, and a "
        "float32 has 4 bytes.",
        times[way] * 8: "those are bits. Eight of them are a byte.",
    }
    if way == "ring":
        mistakes |= {
            2 * (n - 1): "so much all workers send together. One sends an "
            "n-th of it.",
            (n - 1) / n: "that is half of the moves, until each has one whole "
            "sum. Then the sums go round.",
            2: "a move fewer: each sends n - 1 pieces to add up, and n - 1 "
            "more.",
            n - 1: "that is the chief. In the ring a move takes an n-th.",
        }
    else:
        mistakes |= {
            n: "the chief need not send to itself.",
            2: "the chief sends the mean to *each* of the others.",
            1: "each of the others sends so much. The busiest is the chief.",
            times["ring"]: "that is the ring. The chief sends the whole mean, "
            "and to everyone else.",
        }
    otherwise = f"{right:,.0f} bytes would be right."
    return named(share, mistakes, otherwise, tolerance=1e-6)


q2 = Exercise(
    _judge_bytes,
    answer=busiest,
    placeholder=todo,
    insight="In a ring nobody ever sends more than twice the gradient. A chief "
    "sends more with every worker: 8 workers of AlexNet make it 1.7 GB, the "
    "ring 0.43.",
    hints=(
        "A gradient has a number for each weight, of 4 bytes. A ring cuts it "
        "into n pieces. How many moves are there, and what does one worker "
        "send in one?",
        "Ring: 2 * (n - 1) moves, in each 1 / n of the gradient.",
        "Chief: to how many others does it send the whole mean?",
    ),
    reasons="""
        Ring: n - 1 moves to add up and n - 1 to hand on, each with an n-th:
        2 * (n - 1) / n gradients. Chief: each of the others sends one
        gradient, and the chief answers every one of them: n - 1. With two
        workers both are one gradient.
    """,
)


def enough(compute, gradient, link):
    """Finds from which number on one more worker hardly helps."""

    def step(n):
        talk = 2 * (n - 1) / n * gradient / (link / 8)
        return compute / n + talk

    n = 1
    while step(n + 1) <= 0.95 * step(n):
        n += 1
    return n


# seconds for computing, bytes of the gradient, bits a second
_CASES = (
    (0.5, 240e6, 25e9),
    (4.0, 240e6, 10e9),
    (0.5, 9e6, 10e9),
    (0.5, 240e6, 1e9),
)
_SLIPS = (  # steps that are wrong, with `talk` seconds for one gradient
    (
        lambda n, compute, talk: compute / n + 2 * (n - 1) / n * talk / 8,
        "`link` counts bits, and a byte has eight.",
    ),
    (
        lambda n, compute, talk: compute / n + 2 * (n - 1) / n * talk * 4,
        "`gradient` counts bytes already: no factor 4.",
    ),
    (lambda n, compute, talk: compute / n, "The all-reduce takes time, too."),
    (
        lambda n, compute, talk: compute / n + 2 * talk,
        "One worker alone has nothing to exchange: 2 * (n - 1) / n.",
    ),
    (
        lambda n, compute, talk: compute / n + (n - 1) / n * talk,
        "The gradient goes round twice: once to add, once to hand on.",
    ),
    (
        lambda n, compute, talk: compute + 2 * (n - 1) / n * talk,
        "The batch is shared: each computes an n-th.",
    ),
)


def _by_slip(step):
    """Lists what a wrong step would make of the cases."""

    def first(compute, gradient, link):
        def of(n):
            return step(n, compute, 8 * gradient / link)

        return next(n for n in range(1, 999) if of(n + 1) > 0.95 * of(n))

    return [first(*case) for case in _CASES]


def _judge_enough(function):
    if fault := fault_of_function(function):
        return fault
    found = [function(*case) for case in _CASES]
    if is_placeholder(found):
        return NOT_ATTEMPTED
    right = [enough(*case) for case in _CASES]
    for case, one, n in zip(_CASES, found, right, strict=True):
        compute, gradient, link = case
        given = (
            f"With compute={compute}, gradient={gradient:,.0f}, "
            f"link={link:,.0f} you give {one!r}. "
        )
        if not isinstance(one, numbers.Real) or one % 1 or one < 1:
            return given + "A whole number of workers is wanted, 1 or more."
        if one == n:
            continue
        if found == [other + 1 for other in right]:
            return given + "One too many: the last one brought less than 5%."
        for step, why in _SLIPS:
            if found == _by_slip(step):
                return given + why
        talk = 2 * (n - 1) / n * 8 * gradient / link
        return given + (
            f"On {n} worker{'s' * (n > 1)} a step takes "
            f"{compute / n + talk:.3g} s; with one more it is longer, or less "
            "than 5% shorter."
        )
    return None


q3 = Exercise(
    _judge_enough,
    answer=enough,
    placeholder=todo,
    insight="A link sets the number, and so does the network: with few weights "
    "and much to compute, many workers pay.",
    hints=(
        "Write `step(n)` first, the seconds of a step on `n` workers: the "
        "computing of an n-th and the all-reduce.",
        "`link / 8` are bytes a second. The all-reduce takes "
        "`2 * (n - 1) / n * gradient` of them.",
        "Start with `n = 1`. While `step(n + 1) <= 0.95 * step(n)`, add 1.",
    ),
    reasons="""
        The step takes 2 T + (compute - 2 T) / n, where T is the time for the
        gradient, once. The second part is shared, the first one stays. Where
        2 T is more than the computing, even the second worker makes a step
        longer, and the answer is 1.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3)
