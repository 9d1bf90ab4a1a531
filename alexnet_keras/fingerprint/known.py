"""The AlexNets that are known, as lists of steps."""

from alexnet_keras.fingerprint.steps import Step
from alexnet_keras.shapes import overhang

CONVS = ("conv1", "conv2", "conv3", "conv4", "conv5")
DENSES = ("fc6", "fc7", "fc8")
KERNELS = (11, 5, 3, 3, 3)
_PAPER = {
    "size": 227, "filters": (96, 256, 384, 384, 256), "conv1": (11, 4),
    "pad": "up", "rounding": "down", "towers": 2, "units": 4096,
    "lrn": (5, 1e-4, 0.75, 2), "reach": 2, "order": "activation lrn pool",
    "early": False, "flatten": None,
}  # fmt: skip
_CAFFE = {
    **_PAPER, "pad": 0, "rounding": "up", "lrn": (5, 2e-5, 0.75, 1), "reach": 1
}  # fmt: skip
_BARE = {
    **_PAPER, "size": 224, "pad": 0, "towers": 1, "lrn": None, "flatten": 6400
}  # fmt: skip
_WEIRD = {**_BARE, "filters": (64, 192, 384, 256, 256)}
KNOWN = {
    "paper": ("The AlexNet of the 2012 paper", _PAPER),
    "caffe": ("Caffe's AlexNet, bvlc_alexnet", _CAFFE),
    "caffenet": (
        "Caffe's CaffeNet",
        {**_CAFFE, "order": "activation pool lrn"},
    ),
    "one-tower": (
        "AlexNet in one tower",
        {**_PAPER, "towers": 1, "reach": 1},
    ),
    "torchvision": (
        "torchvision's alexnet",
        {**_WEIRD, "pad": 2, "early": True, "flatten": None},
    ),
    "slim": (
        "TF-slim's alexnet_v2",
        {**_BARE, "filters": (64, 192, 384, 384, 256)},
    ),
    "d2l": ("The AlexNet of the book at d2l.ai", _BARE),
    "mini": (
        "AlexNetMini of alexnet_keras",
        {
            **_PAPER, "size": 64, "filters": (32, 64, 96, 96, 64),
            "conv1": (5, 2), "units": 256,
        },
    ),
}  # fmt: skip


def known_network(name, shape=(None, None, None)):
    """Makes the steps of a network that is known.

    Args:
        name: Str, a key of `KNOWN`.
        shape: `(height, width, channels)` of the input. None takes the
            network's own.

    Returns:
        List of `Step`, and the shape.
    """
    plan = KNOWN[name][1]
    height, width, channels = shape
    sides = (height or plan["size"], width or plan["size"])
    kernel, stride = plan["conv1"]
    pad = plan["pad"]
    padding = tuple(
        (0, overhang(side, kernel, stride)) if pad == "up" else (pad, pad)
        for side in sides
    )
    steps = []

    def add(kind, layer, **settings):
        steps.append(Step(kind, f"{layer}/{kind}", settings))

    for i, layer in enumerate(CONVS):
        add(
            "conv", layer, filters=plan["filters"][i], bias=True, dilation=1,
            kernel=KERNELS[i] if i else kernel, stride=1 if i else stride,
            padding="same" if i else padding,
            groups=plan["towers"] if i in (1, 3, 4) else 1,
        )  # fmt: skip
        for kind in plan["order"].split():
            if kind == "activation":
                add(kind, layer, function="relu")
            elif kind == "pool" and i in (0, 1, 4):
                add(
                    kind, layer, how="max", kernel=3, stride=2,
                    padding="valid", rounding=plan["rounding"],
                )  # fmt: skip
            elif kind == "lrn" and i < 2 and plan["lrn"]:
                names = ("size", "alpha", "beta", "bias")
                constants = dict(zip(names, plan["lrn"], strict=True))
                add(kind, layer, **constants, groups=plan["reach"])
    if plan["early"]:
        add("resize", "conv5", size=6)
    add("flatten", "conv5")
    for layer in DENSES:
        if layer != "fc8" and plan["early"]:
            add("dropout", layer, rate=0.5)
        units = 1000 if layer == "fc8" else plan["units"]
        add("dense", layer, units=units, bias=True)
        if layer != "fc8":
            add("activation", layer, function="relu")
            if not plan["early"]:
                add("dropout", layer, rate=0.5)
    return steps, (*sides, channels or 3)
