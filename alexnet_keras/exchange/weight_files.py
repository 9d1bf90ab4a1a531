"""Reads the layers of weight files: names and shapes, never the numbers."""

import math
import re

from alexnet_keras.exchange.line import Layer, Reading
from alexnet_keras.rows import (
    Conv,
    Dense,
    Dropout,
    Flatten,
    Norm,
    Pool,
    Resample,
)

_ENDING = re.compile(
    r"[./_](weights?|kernel|bias|biases|w|b|gamma|beta|running_\w+|moving_\w+"
    r"|num_batches_tracked|\d+)(_\d+)?(:0)?$",
    re.IGNORECASE,
)


def read_arrays(arrays, told=None):
    """Reads the kernels of a network, in the order of their layers' names.

    Args:
        arrays: Dict of names and `opening.Array`. Kernels may be (out, in,
            height, width), as PyTorch has them, or the other way round.
        told: As in `line.Reading`.

    Returns:
        A `line.Reading`.

    Raises:
        ValueError: If there are no kernels.
    """
    layers = {}
    for name in sorted(arrays, key=_natural):
        shape = tuple(arrays[name].shape)
        layers.setdefault(_ENDING.sub("", name) or name, []).append(shape)
    every = [shape for own in layers.values() for shape in own]
    last = all(shape[0] == shape[1] for shape in every if len(shape) == 4)
    convs, denses, others = [], [], []
    for name, own in layers.items():
        kernels = [shape for shape in own if len(shape) in (2, 4)]
        bias = any(len(shape) == 1 for shape in own)
        if not kernels:
            others.append(name)
            continue
        kernel = kernels[0] if last else (*kernels[0][2:], *kernels[0][1::-1])
        # our own layer has a kernel for each of its two towers
        kernel = (*kernel[:-1], kernel[-1] * len(kernels))
        (convs if len(kernel) == 4 else denses).append((name, kernel, bias))
    if not convs and not denses:
        raise ValueError("it holds no kernels of layers")
    if not denses and convs[-1][1][0] == 1:  # TF-slim's are all convolutions
        first = next(i for i, one in enumerate(convs) if one[1][0] == 1)
        convs, denses = convs[: first - 1], convs[first - 1 :]
    line, channels = [], None
    for name, (side, _, inputs, filters), bias in convs:
        groups = channels // inputs if channels and inputs else 1
        row = Conv(name, filters, side, None, None, groups, None, None, bias)
        line.append(Layer(name, row))
        channels = filters
    for name, (*read, units), bias in denses:
        row = Dense(name, units, None, bias)
        line.append(Layer(name, row, before=(math.prod(read),)))
    notes = (
        "Weights tell nothing of strides, LRN, activations, pools and dropout.",
    )
    if others:
        notes += (f"Layers without kernels: {', '.join(others)}.",)
    silent = (Norm, Pool, Resample, Flatten, Dropout)
    count = sum(math.prod(shape) for shape in every if shape)
    return Reading(line, None, silent, notes, count, told)


def _natural(name):
    """A key for sorting, in which 10 comes after 9."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]
