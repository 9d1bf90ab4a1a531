"""Chapter 14: wrong answers, each with a phrase of its message."""

import json

from alexnet_keras.exercises import beyond_one_machine as own


def config(hosts, port, index):
    return json.loads(own.tf_config(hosts, port, index))


def dumped(change):
    """Makes a wrong answer of a right configuration."""

    def answer(hosts, port, index):
        made = config(hosts, port, index)
        return json.dumps(change(made, made["cluster"], made["task"]) or made)

    return answer


def with_list(change):
    return dumped(
        lambda made, cluster, task: cluster.update(
            worker=change(cluster["worker"], task["index"])
        )
    )


def with_task(**changed):
    return dumped(lambda made, cluster, task: task.update(changed))


def times(ring=1, chief=1):
    def answer(weights, n, way):
        factor = ring if way == "ring" else chief
        factor = factor(n) if callable(factor) else factor
        return own.busiest(weights, n, way) * factor

    return answer


def until(step):
    def answer(compute, gradient, link):
        def of(n):
            return step(n, compute, 8 * gradient / link)

        return next(n for n in range(1, 999) if of(n + 1) > 0.95 * of(n))

    return answer


def minus_one(hosts, port, index):
    made = json.loads(by_chief(hosts, port, index))
    made["task"] = {"type": "worker", "index": index - 1}
    return json.dumps(made)


WRONG = {
    "recall": [
        ("a", "same colours"),
        ("c", "same for every photo"),
        ("d", "fc8's probabilities"),
        ("e", "Give one of"),
        (2, "a letter in quotes"),
    ],
    "q1": [
        (config, "`json.dumps` writes it"),
        (lambda *given: str(config(*given)), "not single ones"),
        (lambda hosts, port, index: f"worker {index}", "no JSON"),
        (lambda hosts, port, index: index, "a text is wanted, not `2`"),
        (dumped(lambda made, cluster, task: cluster), "outer keys"),
        (
            dumped(lambda made, cluster, task: made.update(cluster=[1])),
            "holds a dictionary",
        ),
        (
            dumped(lambda made, cluster, task: task.pop("type") and None),
            'a `"type"` and an `"index"`',
        ),
        (with_task(type="chief"), "key of the cluster"),
        (
            dumped(lambda made, cluster, task: cluster.update(worker="a:1")),
            "stand in a list",
        ),
        (
            with_list(lambda all, own: [a.partition(":")[0] for a in all]),
            "ports are missing",
        ),
        (with_list(lambda all, own: [all[own]]), "holds one address"),
        (
            with_list(lambda all, own: all[own:] + all[:own]),
            "not that of `hosts`",
        ),
        (
            with_list(lambda all, own: all[:own] + all[own + 1 :]),
            "own belongs in the list",
        ),
        (
            with_list(lambda all, own: [f"{a}0" for a in all]),
            "the addresses should be",
        ),
        (
            dumped(
                lambda made, cluster, task: task.update(index=task["index"] + 1)
            ),
            "count from 0",
        ),
        (with_list(lambda all, own: [(a,) for a in all]), "`host:port`"),
        (minus_one, "its type is `chief`"),
        (with_task(index=2), "says worker 2, but this is worker 0"),
        ("TF_CONFIG", "without parentheses"),
    ],
    "q2": [
        (times(ring=1 / 4, chief=1 / 4), "bytes has a float32"),
        (times(ring=8, chief=8), "Eight of them"),
        (times(ring=2, chief=2), "Only what is *sent*"),
        (times(ring=lambda n: n), "all workers send together"),
        (times(ring=1 / 2), "half of the moves"),
        (times(ring=lambda n: n / max(n - 1, 1)), "a move fewer"),
        (times(ring=lambda n: n / 2), "In the ring a move takes"),
        (times(chief=lambda n: n / max(n - 1, 1)), "not send to itself"),
        (times(chief=lambda n: 1 / max(n - 1, 1)), "The busiest is the chief"),
        (times(chief=lambda n: 2 / n), "that is the ring"),
        (times(chief=lambda n: 2 / max(n - 1, 1)), "to *each* of the others"),
        (times(chief=3), "would be right"),
        (lambda weights, n, way: [weights], "a number is wanted"),
        (
            lambda weights, n, way: (
                own.busiest(weights, n, way) or 4.0 * weights
            ),
            "nobody to talk to",
        ),
        (1, "without parentheses"),
    ],
    "q3": [
        (until(own._SLIPS[0][0]), "a byte has eight"),
        (until(own._SLIPS[1][0]), "no factor 4"),
        (until(own._SLIPS[2][0]), "takes time, too"),
        (until(own._SLIPS[3][0]), "nothing to exchange"),
        (until(own._SLIPS[4][0]), "goes round twice"),
        (until(own._SLIPS[5][0]), "The batch is shared"),
        (lambda *given: own.enough(*given) + 1, "One too many"),
        (lambda *given: 4, "On 6 workers a step takes"),
        (lambda *given: 0, "1 or more"),
        (lambda *given: "6", "you give '6'. A whole number"),
        (6, "without parentheses"),
    ],
}


def by_chief(hosts, port, index):
    """The first worker may be called the chief; TensorFlow knows both."""
    chief, *others = (f"{host}:{port}" for host in hosts)
    kind = "worker" if index else "chief"
    task = {"type": kind, "index": max(index - 1, 0)}
    jobs = {"chief": [chief], "worker": others}
    return json.dumps({"task": task, "cluster": jobs}, indent=1)


def by_moves(weights, n, way):
    pieces = 2 * (n - 1) if way == "ring" else n * (n - 1)
    return round(pieces * weights * 4 / n)


def by_list(compute, gradient, link):
    times = [
        compute / n + 16 * gradient / link * (1 - 1 / n) for n in range(1, 99)
    ]
    pairs = zip(times, times[1:], strict=False)
    return [b / a > 0.95 for a, b in pairs].index(True) + 1


RIGHT = {
    "recall": ["b", " B) "],
    "q1": [by_chief, with_task(), dumped(lambda made, *_: None)],
    "q2": [by_moves],
    "q3": [by_list],
}
