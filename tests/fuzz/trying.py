"""One case: what is made is tried, and what it did besides is looked at."""

import contextlib
import hashlib
import io
import os
import pathlib
import sys
import tempfile
import time
import traceback
import unicodedata
from typing import NamedTuple

READ, DAMAGED, REFUSED = "read rightly", "read though damaged", "refused"
FAILED = "FAILED"
SECRET = "secret-of-somebody"  # in the name of a file that nobody may open
GIGABYTES = 3  # that a case may take

_TEMPORARY = os.path.join(tempfile.gettempdir(), "tmp")  # libraries' own
_RUNS_CODE = (
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "pickle.find_class",
    "socket.connect",
    "subprocess.Popen",
)


class Wrong(Exception):
    """What was seen is not what was promised."""


class Case(NamedTuple):
    """A case that was made.

    `what` names its kind of damage; `check` gives an outcome and a text, or
    raises. `writes` are the names below the case's folder that it may write.
    """

    what: str
    check: object
    writes: tuple = ()


class Guard:
    """Notes what runs code or opens what it should not, while it is on."""

    def __init__(self):
        self._folder, self.seen = None, []
        sys.addaudithook(self._note)

    @contextlib.contextmanager
    def on(self, folder):
        """Is on for a block; `seen` has what was seen in it."""
        self._folder, self.seen = str(folder), []
        try:
            yield
        finally:
            self._folder = None

    def _note(self, event, arguments):
        if self._folder is None:
            return
        if event in _RUNS_CODE:
            self.seen.append(f"{event} {str(arguments)[:80]}")
        if event == "open" and isinstance(arguments[0], str | bytes):
            path, flags = os.fsdecode(arguments[0]), arguments[2] or 0
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            own = os.path.abspath(path).startswith((self._folder, _TEMPORARY))
            if SECRET in path or writes and not own and path != os.devnull:
                self.seen.append(f"opened {path}")


def attempt(case, folder, guard):
    """Tries a case.

    Args:
        case: A `Case`.
        folder: `pathlib.Path` that holds its files.
        guard: A `Guard`.

    Returns:
        Dict with "outcome", "told", "seconds" and "peak" (in gigabytes).
    """
    before = _listing(folder)
    _forget_peak()
    start, began = _memory("VmRSS"), time.perf_counter()
    with guard.on(folder):
        outcome, told = _outcome(case)
    seconds = time.perf_counter() - began
    peak = max(_memory("VmHWM") - start, 0)
    after = _listing(folder)
    strange = [
        name
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
        and not name.startswith(tuple(case.writes) or "/")
    ]
    half = [name for name in after if "/new-" in f"/{name}"]
    wrong = [f"ran code: {one}" for one in guard.seen]
    wrong += [f"wrote or changed {name}" for name in strange]
    wrong += [f"left {name} half-written" for name in half]
    if peak > GIGABYTES:
        wrong.append(f"took {peak:.1f} GB")
    if wrong:
        outcome, told = FAILED, "; ".join(wrong[:4]) + f" ({told})"
    return {
        "outcome": outcome,
        "told": told,
        "seconds": round(seconds, 2),
        "peak": round(peak, 2),
    }


def _outcome(case):
    try:
        return case.check()
    except Wrong as error:
        return FAILED, str(error)
    except BaseException as error:  # SystemExit, too
        lines = traceback.format_tb(error.__traceback__)[-3:]
        where = " < ".join(line.split("\n")[0].strip() for line in lines[::-1])
        return FAILED, f"{type(error).__name__}: {str(error)[:300]} at {where}"


def refused(error, path):
    """Gives the outcome of an error of ours.

    Args:
        error: An exception, or the text that a command printed.
        path: Path that must be in its message.

    Raises:
        Wrong: If it has no path or cannot be shown, or if so much memory was
            asked for that there was none.
    """
    text = str(error)
    if str(path) not in text:
        raise Wrong(f"no path in the message: {text[:300]!r}")
    bare = text.replace(str(path), "")
    if not is_shown(bare):
        raise Wrong(f"cannot be shown: {text[:300]!r}")
    if len(text) > 4000:
        raise Wrong(f"a message of {len(text)} letters: {text[:300]!r}")
    if bare.rstrip().endswith((":", ": .", "None")):
        raise Wrong(f"gives no reason: {text[:300]!r}")
    while isinstance(error, BaseException):
        if isinstance(error, MemoryError):
            raise Wrong(f"asked for too much memory: {text[:300]!r}")
        error = error.__cause__ or error.__context__
    return REFUSED, text.replace(str(path.parent), "")


def is_shown(text):
    """Tells text that does not steer a terminal."""
    kinds = {unicodedata.category(letter) for letter in text if letter != "\n"}
    return not kinds & {"Cc", "Cs"}


def command(*arguments):
    """Runs a command of ours in this process.

    Returns:
        The exit code, and what it wrote to stdout and to stderr.

    Raises:
        Wrong: If it ends in another way than it should.
    """
    from alexnet_keras.commands import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    out, err = out.getvalue(), err.getvalue()
    if "Traceback" in err:
        raise Wrong(f"a traceback: {err[-600:]}")
    if code == 2 and not err.startswith("alexnet-keras: error: "):
        raise Wrong(f"exit code 2 and no error: {err[:300]!r}")
    if code not in (0, 1, 2):
        raise Wrong(f"exit code {code}: {err[:300]!r}")
    return code, out, err


def _listing(folder):
    """Maps the names of the files below a folder to what is in them."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file():
            found[name] = None
        else:
            found[name] = hashlib.sha1(path.read_bytes()).hexdigest()
    return found


def _forget_peak():
    with contextlib.suppress(OSError):  # Linux only
        pathlib.Path("/proc/self/clear_refs").write_text("5")


def _memory(key):
    """Reads a figure of this process in gigabytes; 0 but on Linux."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/self/status").read_text().split("\n"):
            if line.startswith(key):
                return int(line.split()[1]) / 2**20
    return 0
