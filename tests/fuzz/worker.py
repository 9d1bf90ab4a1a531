"""The process that tries cases: `python -m fuzz.worker KIND SEED FOLDER`.

It reads the numbers of cases from stdin and answers each with a line of JSON.
"""

import contextlib
import importlib
import json
import os
import pathlib
import shutil
import sys
import traceback
import warnings
import zlib

import numpy as np

from fuzz import trying

_HEADROOM = 6 * 2**30  # bytes of addresses, beyond those that a start takes


def serve(kind, seed, folder):
    """Tries the cases whose numbers are read."""
    answers = os.fdopen(os.dup(1), "w")
    noise = os.open(folder / "noise.txt", os.O_WRONLY | os.O_CREAT, 0o644)
    for stream in (1, 2):  # TensorFlow's and codecs' own words
        os.dup2(noise, stream)
    module = importlib.import_module(f"fuzz.{kind}")
    warnings.simplefilter("ignore")
    base = module.start(folder)
    _limit_memory()
    guard = trying.Guard()

    def answer(**facts):
        print(json.dumps(facts), file=answers, flush=True)

    answer(ready=True)
    for line in sys.stdin:
        number, own = int(line), folder / "case"
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(own)
        own.mkdir()
        answer(number=number, **run(module, base, seed, number, own, guard))


def run(module, base, seed, number, folder, guard):
    """Makes a case and tries it."""
    kind = zlib.crc32(module.__name__.encode())
    rng = np.random.default_rng([seed, kind, number])
    try:
        case = module.make(base, rng, folder)
    except Exception:
        told = traceback.format_exc()[-1500:]
        return {
            "what": "making the case",
            "outcome": trying.FAILED,
            "told": told,
        }
    return {"what": case.what, **trying.attempt(case, folder, guard)}


def _limit_memory():
    """Lets what asks for very much memory fail, instead of the machine."""
    try:
        import resource
    except ImportError:  # Windows
        return
    status = pathlib.Path("/proc/self/statm")
    if status.exists():
        now = int(status.read_text().split()[0]) * resource.getpagesize()
        limit = now + _HEADROOM
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3]))
