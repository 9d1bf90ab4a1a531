"""Processes that wait side by side and are timed in turn, round after round.

So all of them see the same machine, each keeps its network warm, and no
library's threads disturb another's. What a process does is a function of the
benchmarks, named `"module.function"`, that it imports itself: each library is
loaded only where it is measured.
"""

import contextlib
import functools
import importlib
import multiprocessing
import os
import pathlib
import signal
import sys
import time


class Contender:
    """One or more processes that do the same work in step.

    They prepare themselves while the caller goes on; the first look at `label`
    waits for them.

    Args:
        prepare: Str, `"module.function"`. Called in the process with
            `options`, it gives a label and a function `turn(case, steps)`,
            which does so many steps of a case, such as a batch size, and gives
            the seconds of one.
        options: Dict, its arguments.
        environments: List of dicts, the environment variables of each process.
    """

    def __init__(self, prepare, options, environments=({},)):
        self._prepare, self._pipes, self._processes = prepare, [], []
        context = multiprocessing.get_context("spawn")
        for environment in environments:
            pipe, other = context.Pipe()
            arguments = prepare, options, environment, other
            process = context.Process(target=_serve, args=arguments)
            process.start()
            other.close()
            self._pipes.append(pipe)
            self._processes.append(process)

    @functools.cached_property
    def label(self):
        """What the preparation gave: of several processes, the first's."""
        return self._gather()[0]

    def turn(self, case, steps):
        """Runs a turn; gives the seconds of a step, the slowest process's."""
        self.begin(case, steps)
        return self.finish()

    def begin(self, case, steps):
        """Has a turn begun, while the caller goes on."""
        self._send("turn", case, steps)

    def finish(self):
        """Waits for the turn that was begun; gives what `turn` gives."""
        return max(self._gather())

    def peak_memory(self):
        """Gives the bytes that the processes have held at most, or None."""
        self._send("memory")
        peaks = self._gather()
        return None if None in peaks else sum(peaks)

    def end(self):
        """Lets the processes end, and makes them."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.terminate()
                process.join()

    def _send(self, *words):
        _ = self.label  # it is ready
        for pipe in self._pipes:
            pipe.send(words)

    def _gather(self):
        try:
            return [pipe.recv() for pipe in self._pipes]
        except (EOFError, OSError):
            raise SystemExit(
                f"{self._prepare} failed, as said above."
            ) from None


def steps_for(seconds, step, least=1, most=200):
    """Chooses how many steps a turn has.

    Args:
        seconds: Float, how long a turn should last.
        step: Float, seconds that a step took.
        least: Int.
        most: Int.

    Returns:
        Int.
    """
    return max(least, min(most, round(seconds / max(step, 1e-9))))


def warm(contenders, case):
    """Lets all do a first step at once, in which they trace and compile.

    That takes one core each, so that together they are done sooner.

    Args:
        contenders: Iterable of `Contender`.
        case: The case of that step.

    Returns:
        List of what their turns gave.
    """
    contenders = [*contenders]
    for one in contenders:
        one.begin(case, 1)
    return [one.finish() for one in contenders]


def rounds(turns, number, seconds, least=1):
    """Lets contenders take turns that have nothing left to compile.

    Args:
        turns: Dict of functions by name: given a number of steps, each does
            them and gives the seconds of one.
        number: Int, rounds.
        seconds: Float, how long a turn should last.
        least: Int, how many steps it has at least.

    Returns:
        Dict of lists, the seconds of a step in every round.
    """
    steps = {
        name: steps_for(seconds, turn(least), least)
        for name, turn in turns.items()
    }
    found = {name: [] for name in turns}
    for _ in range(number):
        for name, turn in turns.items():
            found[name].append(turn(steps[name]))
    return found


@contextlib.contextmanager
def ready(wanted):
    """Starts contenders at once, and ends them with the block.

    Args:
        wanted: Dict of the arguments of `Contender` by name.

    Yields:
        Dict of `Contender` by name.
    """
    started = {}
    try:
        for name, arguments in wanted.items():
            started[name] = Contender(*arguments)
        for contender in started.values():
            say(f"  ready: {contender.label}")
        yield dict(started)  # whatever is taken out of it is ended, too
    finally:
        for contender in started.values():
            contender.end()


def told(*arguments):
    """Gives what a `Contender` of these arguments has prepared, and ends it."""
    one = Contender(*arguments)
    try:
        return one.label
    finally:
        one.end()


def timed(step, wait=lambda: None):
    """Gives a function that does so many steps and gives the seconds of one.

    Args:
        step: Function that does a step, or has it done.
        wait: Function that waits until all is done.

    Returns:
        A function of the number of steps.
    """

    def turn(steps):
        wait()
        began = time.perf_counter()
        for _ in range(steps):
            step()
        wait()
        return (time.perf_counter() - began) / steps

    return turn


def num_cores():
    """Counts the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def say(line):
    """Reports progress, apart from the table."""
    print(line, file=sys.stderr, flush=True)


def _serve(prepare, options, environment, pipe):
    """Process: prepares, says what it is, and does what it is told to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    os.environ.update(environment)
    module, name = prepare.split(".")
    label, turn = getattr(importlib.import_module(module), name)(**options)
    pipe.send(label)
    while True:
        try:
            word, *rest = pipe.recv()
        except (EOFError, OSError):  # the parent is done, or gone
            os._exit(0)  # nothing to tidy up in libraries' threads
        pipe.send(turn(*rest) if word == "turn" else _peak_memory())


def _peak_memory():
    """Gives the most memory that this process has held so far, in bytes.

    Linux' VmHWM: all pages that were in memory at once, libraries included.
    """
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def check_size(parser, size):
    """Refuses a side that conv1 does not fit, or that is too small.

    Args:
        parser: The `argparse.ArgumentParser` that has read `--size`.
        size: Int, pixels.

    Raises:
        SystemExit: If it is refused.
    """
    if size < 67 or (size - 11) % 4:
        parser.error(
            "conv1 must fit exactly, so --size is 67, 71, 75 and so on. "
            f"Received: {size}"
        )
