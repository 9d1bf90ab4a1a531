"""Reads the constants of LRN out of a compiled `Lambda`, without running it.

A `.keras` file stores a lambda as bytecode in `marshal`'s form. `marshal` is
not safe with a stranger's file, so the few bytes that matter are read here:
the instructions and the constants. CPython 3.10 to 3.13 were tried; what is
not understood is left unknown.
"""

import base64
import re
import struct

# tf.nn.local_response_normalization's arguments, in its order
_DEFAULTS = {"depth_radius": 5, "bias": 1, "alpha": 1, "beta": 0.5}
_NAMES = re.compile(
    r"^lrn\w*$|local_?response|cross_?channel_?norm", re.IGNORECASE
)
_IN_CODE = re.compile(rb"(?i)local_?response_?norm|[\x03\x04]lrn")
# LOAD_FAST and LOAD_CONST, up to Python 3.12 and in 3.13
_LOADS = ((124, 100), (85, 83))
_KW_NAMES = 172  # in 3.11 and 3.12
_CALLS = (131, 141, 161, 166, 171, 53, 57)  # of all these versions


def names_lrn(name):
    """Tells whether a layer's or a function's name is LRN's."""
    return bool(_NAMES.search(name))


def lrn_settings(name, code, arguments):
    """Reads what a function gives to TensorFlow's normalisation.

    Args:
        name: Str, the function's name.
        code: Marshalled code in bytes, the same in base64, or None.
        arguments: Dict of further arguments.

    Returns:
        Settings of an `lrn` step, without the constants if they cannot be
        read; None if the function is something else.
    """
    if isinstance(code, str):
        code = base64.b64decode(code)
    if code:
        if not _IN_CODE.search(code):
            return None
        given = _given(code)
    elif not names_lrn(name):
        return None
    else:  # tf.nn's own function calls itself lrn
        own = name in ("lrn", "local_response_normalization")
        given = {} if own else None
    if given is None:
        return {"groups": 1}
    given = {**_DEFAULTS, **given, **arguments}
    return {
        "size": 2 * given["depth_radius"] + 1,
        "alpha": given["alpha"],
        "beta": given["beta"],
        "bias": given["bias"],
        "groups": 1,
    }


def _given(code):
    """Finds the arguments of the call; None if they are not certain."""
    for header in (21, 25):  # from Python 3.11 on; before
        try:
            instructions, start = _bytes(code, header)
            constants, _ = _value(code, start)
            break
        except (IndexError, struct.error, ValueError):
            continue
    else:
        return None
    if not isinstance(constants, tuple):
        return None
    loads = list(zip(instructions[::2], instructions[1::2], strict=False))
    for load_tensor, load_constant in _LOADS:
        for place, (operation, _) in enumerate(loads):
            if operation == load_tensor:
                run = []
                for operation, index in loads[place + 1 :]:
                    if operation not in (load_constant, _KW_NAMES):
                        break
                    if index >= len(constants):
                        return None
                    run.append(constants[index])
                return _named(run) if operation in _CALLS else None
    return None


def _named(run):
    """Names the values that follow the tensor in a call, from the last on."""
    words = run.pop() if run and isinstance(run[-1], tuple) else ()
    first = len(words) - len(run)
    if any(word in _DEFAULTS for word in words[: max(first, 0)]):
        return None  # its value is a variable
    names = [*list(_DEFAULTS)[: max(-first, 0)], *words[max(first, 0) :]]
    given = {
        name: value
        for name, value in zip(names, run, strict=False)
        if name in _DEFAULTS
    }
    numbers = all(isinstance(one, int | float) for one in given.values())
    return given if numbers else None


def _bytes(code, start):
    """Reads a bytes object; gives it and where it ends."""
    if code[start] & 0x7F != ord("s"):
        raise ValueError("no bytes here")
    (length,) = struct.unpack_from("<i", code, start + 1)
    end = start + 5 + length
    if not start + 5 <= end < len(code):
        raise ValueError("more bytes than there are")
    return code[start + 5 : end], end


def _value(code, start, deep=2):
    """Reads a constant; gives it, or None for another kind, and its end."""
    kind, start = chr(code[start] & 0x7F), start + 1  # bit 8: used again
    if kind in "NTF":
        return None, start
    if kind in "ir":
        (number,) = struct.unpack_from("<i", code, start)
        return number if kind == "i" else None, start + 4
    if kind == "g":
        return *struct.unpack_from("<d", code, start), start + 8
    if kind in "zZ":
        end = start + 1 + code[start]
        return code[start + 1 : end].decode("latin-1"), end
    if kind != ")" or not deep:
        raise ValueError("another kind of constant")
    values, count, start = [], code[start], start + 1
    for _ in range(count):
        value, start = _value(code, start, deep - 1)
        values.append(value)
    return tuple(values), start
