"""Tells the layers of Keras by their class' name and configuration.

So strangers' own layers need not load. Each function gives the kind and the
settings of a `steps.Step`.
"""

import marshal
import re

from alexnet_keras.fingerprint.lambdas import lrn_settings, names_lrn

_NEUTRAL = re.compile(
    r"^(Random|Rescaling|Normalization|GaussianNoise|Identity|Cast"
    r"|ActivityRegularization|Reshape$|Permute|Squeeze|Copy|Stack)"
)
_ACTIVATIONS = re.compile(
    r"^(relu6?|leaky_?relu|prelu|elu|selu|gelu|silu|swish|tanh|sigmoid|softmax"
    r"|log_?softmax|softplus|softsign|mish|hard_?\w+)$",
    re.IGNORECASE,
)


def layer_step(kind, config):
    """Gives the kind and the settings of a layer, by its class' name."""
    if kind in ("InputLayer", "Concatenate", "Flatten"):
        return kind.lower().replace("layer", "").replace("enate", ""), {}
    if kind in ("GetItem", "Split"):
        return "slice", {}
    if "Conv" in kind and {"filters", "kernel_size"} <= config.keys():
        window = _window(config, "kernel_size")
        if re.search("Transpose|Separable|Depthwise", kind):
            return _other(kind)
        if window is None:
            sides = " x ".join(map(str, config["kernel_size"]))
            return _other(f"{kind} of {sides} pixels")
        groups = config.get("groups", 2 if kind == "TwoTowerConv2D" else 1)
        return "conv", {
            **window,
            "filters": config["filters"],
            "dilation": _first(config.get("dilation_rate", 1)),
            "groups": groups,
            "bias": bool(config.get("use_bias", True)),
        }
    if re.match("(Max|Average|Avg)Pool", kind):
        window = _window(config, "pool_size")
        how = "max" if kind.startswith("Max") else "average"
        return ("pool", {**window, "how": how}) if window else _other(kind)
    if kind.startswith("Global"):
        return "global", {}
    if kind in ("Dense", "ReplicatedDense"):
        bias = bool(config.get("use_bias", True))
        return "dense", {"units": config["units"], "bias": bias}
    if kind == "ZeroPadding2D":
        return "pad", {"padding": _pairs(config["padding"])}
    if kind == "AdaptiveAveragePooling2D":
        return "resize", {"size": _first(config["output_size"])}
    if kind in ("Resizing", "CenterCrop", "RandomCrop"):
        return "resize", {"size": config["height"], "crop": True}
    if names_lrn(kind):
        return "lrn", _lrn(config)
    if kind == "BatchNormalization":
        weights = 2 + config.get("center", True) + config.get("scale", True)
        return "batchnorm", {"weights": weights}
    if "Dropout" in kind:
        return "dropout", {"rate": config["rate"]}
    if kind == "Activation":
        function = activation_name(config["activation"])
        return "activation", {"function": function}
    if _ACTIVATIONS.match(kind):
        leaks = kind == "ReLU" and config.get("negative_slope")
        function = "leaky_relu" if leaks else kind.lower()
        return "activation", {"function": function}
    if kind == "Reshape" and len(config["target_shape"]) == 1:
        return "flatten", {}
    return ("wire", {}) if _NEUTRAL.match(kind) else _other(kind)


def lambda_step(config, live):
    """Tells what a `Lambda` does, without running or unmarshalling it.

    Args:
        config: Dict, the layer's configuration.
        live: The function of a live model's layer, or None.
    """
    stored = config.get("function")
    if live is not None:
        name = getattr(live, "__name__", "")
        known = getattr(live, "__module__", "") or ""
        code = getattr(live, "__code__", None)
        lone = known.startswith("tensorflow") or code is None
        code = None if lone else marshal.dumps(code)
    else:
        if isinstance(stored, dict):
            stored = stored.get("config")
        name = stored if isinstance(stored, str) else ""
        code = stored.get("code") if isinstance(stored, dict) else None
    arguments = config.get("arguments") or {}
    settings = lrn_settings(name, code, arguments)
    if settings is not None:
        return "lrn", settings
    if _ACTIVATIONS.match(name):
        return "activation", {"function": name.lower()}
    # a branch, if another one reads the same
    return "slice", {"kind": f"Lambda {name}" if code is None else "a Lambda"}


def operation_step(config, call):
    """Tells what an operation of TensorFlow does in a model of Keras 2."""
    name = str(config.get("function", "")).split(".")[-1].lower()
    if names_lrn(name):
        arguments = {}
        for one in call:
            if isinstance(one, list | tuple) and isinstance(one[-1], dict):
                arguments.update(one[-1])
        return "lrn", lrn_settings("lrn", None, arguments)
    if _ACTIVATIONS.match(name):
        return "activation", {"function": name}
    if name.startswith("concat"):
        return "concat", {}
    return "slice", {}


def _lrn(config):
    """Reads a layer's constants, under the names that people give them."""
    settings = {"groups": config.get("groups", 1)}
    names = {
        "size": ("size", "n", "window_size", "local_size"),
        "alpha": ("alpha",),
        "beta": ("beta",),
        "bias": ("bias", "k"),
    }
    for key, others in names.items():
        for other in others:
            if isinstance(config.get(other), int | float):
                settings[key] = config[other]
                break
    for other in ("depth_radius", "radius", "r"):
        if isinstance(config.get(other), int | float):
            settings["size"] = 2 * config[other] + 1
    return settings


def _window(config, key):
    """Reads kernel, stride and padding; None if the kernel is not square."""
    sides = config[key]
    strides = config.get("strides") or sides
    if isinstance(sides, list | tuple) and len(set(sides)) > 1:
        return None
    return {
        "kernel": _first(sides),
        "stride": _first(strides),
        "padding": config.get("padding", "valid").lower(),
    }


def _pairs(padding):
    if isinstance(padding, int):
        return ((padding,) * 2,) * 2
    top, left = (
        (one, one) if isinstance(one, int) else tuple(one) for one in padding
    )
    if len(top) != 2 or len(left) != 2:
        raise ValueError(f"padding={padding} has other than two ends")
    return (top, left)


def _first(value):
    return value[0] if isinstance(value, list | tuple) else value


def activation_name(value):
    """Gives an activation's name in lower case; "linear" for none."""
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner if isinstance(inner, str) else value.get("class_name")
    if value is None:
        return "linear"
    if not isinstance(value, str):
        value = getattr(value, "__name__", type(value).__name__)
    return value.split(">")[-1].lower()


def _other(kind):
    return "other", {"kind": kind}
