"""A network as a list of steps, and the arithmetic of their sizes.

All readers of this package give such a list, so that networks of Keras, ONNX
and weight files can be compared. Kinds of steps and their settings:

- `conv`: filters, kernel, stride, dilation, groups, padding, bias
- `dense`: units, bias
- `pool`: how (`"max"` or `"average"`), kernel, stride, padding, rounding
- `pad`, `resize` (to size), `global` (pool), `flatten`
- `activation`: function; `dropout`: rate
- `lrn`: size, alpha, beta, bias as in the paper, as far as they are known, and
  groups; `batchnorm`: weights a channel
- `input`, `slice`, `concat` and `wire`: what joins the others
- `other`: a layer that is not known: its kind, such as its class' name
"""

import collections
import graphlib
import math
from typing import NamedTuple

from alexnet_keras.shapes import output_size

# Settings that are whole numbers from 1 on, and those that are any number.
_WHOLE = {
    "filters", "kernel", "stride", "dilation", "groups", "units", "inputs",
    "parts", "side",
}  # fmt: skip
_NUMBERS = {"size", "alpha", "beta", "bias", "rate", "weights"}
_WIRES = ("input", "slice", "concat", "wire")


class Step(NamedTuple):
    """One layer: its kind, a name of its own, and its settings."""

    kind: str
    name: str
    settings: dict = {}  # never written to
    inputs: tuple[str, ...] = ()


class Network(NamedTuple):
    """What a reader found.

    `shape` is the input's `(height, width, channels)`, any of them None.
    `silent` are the aspects that the source does not tell, `notes` say so.
    """

    steps: list[Step]
    shape: tuple[int | None, ...] = (None, None, None)
    silent: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


class Measured(NamedTuple):
    """A step, the shapes before and after it, and its number of weights."""

    step: Step
    before: tuple[int | None, ...]
    after: tuple[int | None, ...]
    parameters: int | None


def chain(steps):
    """Lets each step read the one before."""
    names = [()] + [(step.name,) for step in steps]
    return [
        step._replace(inputs=inputs)
        for step, inputs in zip(steps, names, strict=False)
    ]


def in_one_line(steps):
    """Puts a graph into one line; layers side by side become one.

    Layers that are alike and equally far from the input are the towers of one
    layer: two convolutions of 128 filters become one of 256, in two groups if
    each reads its own channels.

    Args:
        steps: List of `Step` in any order, with their inputs.

    Returns:
        List of `Step` without those that only join others. Branches that
        differ stay; a last step of kind `other` says so.
    """
    siblings = collections.Counter(
        step.inputs for step in steps if step.kind == "slice"
    )
    steps = [
        # a function that cannot be read, unless another one reads the same
        step._replace(kind="other")
        if "kind" in step.settings and siblings[step.inputs] == 1
        else step
        for step in steps
    ]
    by_name = {step.name: step for step in steps}
    inputs = {
        step.name: [name for name in step.inputs if name in by_name]
        for step in steps
    }
    try:
        order = list(graphlib.TopologicalSorter(inputs).static_order())
    except graphlib.CycleError:
        raise ValueError(
            "The layers read one another in a circle, so this is no network. "
            f"Received: {len(steps)} layers. Save the model again."
        ) from None
    level, alike = {}, {}
    for name in order:
        step = by_name[name]
        below = max((level[one] for one in inputs[name]), default=0)
        level[name] = below + (step.kind not in _WIRES)
        key = (level[name], step.kind, repr(sorted(step.settings.items())))
        if step.kind == "slice":
            key = ("slice", *inputs[name])
        alike.setdefault(key, []).append(name)
    twins = {name: names for names in alike.values() for name in names}
    parts, line = {}, []
    for name in order:
        step, count = by_name[name], len(twins[name])
        share = parts[inputs[name][0]] if inputs[name] else 1
        if step.kind == "slice":  # of ONNX, one step gives several parts
            parts[name] = max(count, step.settings.get("parts", 1))
        elif step.kind in ("concat", "input"):
            parts[name] = 1
        else:
            parts[name] = share if step.kind == "wire" else count
            if step.kind not in _WIRES and twins[name][0] == name:
                line.append((level[name], _joined(step, count, share)))
    line.sort(key=lambda pair: pair[0])
    steps = [step for _, step in line]
    if len({number for number, _ in line}) < len(line):
        steps.append(Step("other", "", {"kind": "branches side by side"}))
    return steps


def _joined(step, count, share):
    """Makes one step of `count` that each read one of `share` parts."""
    settings = dict(step.settings)
    if count > 1:
        for key in settings.keys() & {"filters", "units"}:
            settings[key] *= count
        if step.kind in ("conv", "lrn"):
            settings["groups"] = settings.get("groups", 1) * share
    return Step(step.kind, step.name, settings)


def measure(steps, shape):
    """Follows the sizes through a line of steps.

    Args:
        steps: List of `Step`, as `in_one_line` gives it.
        shape: `(height, width, channels)` of the input, any of them None.

    Raises:
        ValueError: If a setting is no number, or too small.

    Returns:
        List of `Measured`. A convolution that stands in one place and sees
        all of its input becomes a `dense` step, as it is one. Sizes that do
        not add up are None.
    """
    _check(steps, shape)
    measured = []
    for step in _with_padding(steps):
        before = shape
        step = _dense_if_it_sees_all(step, before)
        shape = _after(step, before)
        count = _parameters(step, before)
        measured.append(Measured(step, before, shape, count))
    return measured


def _check(steps, shape):
    """Refuses what a damaged file may hold in place of numbers."""
    sides = [side for side in shape if side is not None]
    named = [("input", "side", side) for side in sides]
    named += [
        (one.kind, *pair) for one in steps for pair in one.settings.items()
    ]
    for kind, key, value in named:
        if key in _WHOLE:
            right = isinstance(value, int) and value >= 1
        elif key == "padding":
            right = value in ("same", "valid") or (
                [len(pair) for pair in value] == [2, 2]
                and all(
                    isinstance(side, int) for pair in value for side in pair
                )
            )
        else:
            right = key not in _NUMBERS or (
                isinstance(value, int | float) and abs(value) < 1e9
            )
        if not right:
            raise ValueError(
                "A layer's setting makes no sense. Received: a layer of kind "
                f"{kind} with {key}={str(value)[:40]!r}. The file may be "
                "damaged; save the model again."
            )


def places(side, settings, axis=0):
    """Counts the places of a filter along a side; None if that is unknown."""
    padding = settings["padding"]
    if padding != "same":
        padding = ends(settings)[axis]
    reach = (settings["kernel"] - 1) * settings.get("dilation", 1) + 1
    rounding = settings.get("rounding", "down")
    try:
        return output_size(side, reach, settings["stride"], padding, rounding)
    except (TypeError, ValueError):  # an unknown side, or one too small
        return None


def ends(settings):
    """Gives the padding as ((top, bottom), (left, right)).

    Zeros stand for `"valid"`, and for `"same"`, which depends on the size.
    """
    padding = settings["padding"]
    return ((0, 0), (0, 0)) if isinstance(padding, str) else padding


def _with_padding(steps):
    """Gives a layer the padding of a padding layer in front of it."""
    pending = None
    for step in steps:
        if pending and step.kind in ("conv", "pool"):
            if step.settings["padding"] == "same":
                yield pending
            else:
                padding = tuple(
                    (one[0] + two[0], one[1] + two[1])
                    for one, two in zip(
                        ends(pending.settings), ends(step.settings), strict=True
                    )
                )
                step = step._replace(
                    settings={**step.settings, "padding": padding}
                )
        elif pending:
            yield pending
        pending = step if step.kind == "pad" else None
        if not pending:
            yield step


def _dense_if_it_sees_all(step, before):
    if len(before) == 1:
        before = (1, 1, *before)  # behind another one of these
    if step.kind != "conv" or len(before) != 3:
        return step
    side = step.settings["kernel"]
    padded = any(map(any, ends(step.settings)))
    if step.settings["padding"] == "same" and side > 1:
        padded = True
    if padded or before[:2] != (side, side):
        return step
    settings = {
        "units": step.settings["filters"],
        "bias": step.settings["bias"],
        "inputs": side * side * before[2] if before[2] else None,
    }
    return Step("dense", step.name, settings)


def _after(step, before):
    settings = step.settings
    if step.kind == "dense":
        flat = len(before) == 1 or "inputs" in settings
        return (*(() if flat else before[:-1]), settings["units"])
    if step.kind == "flatten":
        return (_product(before),)
    if len(before) != 3:
        return before
    *sides, channels = before
    if step.kind in ("conv", "pool"):
        sides = [places(side, settings, i) for i, side in enumerate(sides)]
        return (*sides, settings.get("filters", channels))
    if step.kind == "pad":
        sides = [
            side and side + sum(pair)
            for side, pair in zip(sides, settings["padding"], strict=True)
        ]
        return (*sides, channels)
    if step.kind == "resize":
        return (settings["size"], settings["size"], channels)
    return (channels,) if step.kind == "global" else before


def _parameters(step, before):
    """Counts a step's weights; None if they depend on what is unknown."""
    settings = step.settings
    channels = settings.get("inputs") or before[-1]
    if step.kind == "batchnorm":
        return channels and settings["weights"] * channels
    if step.kind not in ("conv", "dense"):
        return 0
    if not channels:
        return None
    if step.kind == "dense":
        return (channels + settings["bias"]) * settings["units"]
    read = channels // settings["groups"]
    weights = settings["kernel"] ** 2 * read
    return (weights + settings["bias"]) * settings["filters"]


def _product(shape):
    return None if None in shape else math.prod(shape)
