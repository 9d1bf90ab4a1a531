"""Starts the workers of a job on this machine, and ends them together."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

_LAUNCHED = "ALEXNET_KERAS_LAUNCHED"


def launch(count, command, patience=60):
    """Runs a command once for each of several workers, and waits.

    Each is told of the others by `TF_CONFIG`, with addresses on the loopback
    interface, and its output is shown with its number before every line. When
    one fails, the others are ended; Ctrl-C is handed on to all.

    Args:
        count: Int, how many workers.
        command: List of str.
        patience: Seconds that a worker is given to end by itself.

    Returns:
        Int: 0 if all workers ended well, 130 after Ctrl-C, else the code of
        the first that failed (a signal's number is added to 128).
    """
    threads = []
    try:
        with started(count, command, patience) as workers:
            for index, worker in enumerate(workers):
                thread = threading.Thread(
                    target=_show, args=(index, worker.stdout)
                )
                thread.start()
                threads.append(thread)
            return _wait(workers, patience)
    finally:
        for thread in threads:
            thread.join()


@contextlib.contextmanager
def started(count, command, patience=5):
    """Starts a command once for each of several workers, as `launch` does.

    Whatever happens in the `with` block, no worker outlives it.

    Args:
        count: Int, how many workers.
        command: List of str.
        patience: Seconds that a worker which is told to end is given.

    Yields:
        List of `subprocess.Popen`, whose `stdout` has the errors, too.
    """
    addresses = free_addresses(count)
    workers = []
    try:
        for index in range(count):
            worker = subprocess.Popen(
                command,
                env=environment(addresses, index),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C comes to us alone
            )
            workers.append(worker)
        yield workers
    finally:
        _end(workers, patience)


def _wait(workers, patience):
    """Waits until all have ended, or one has failed."""
    stopped = 0
    while True:
        try:
            codes = [worker.poll() for worker in workers]
            failed = [i for i, code in enumerate(codes) if code]
            if failed and not stopped:
                code = codes[failed[0]]
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                others = "" if len(workers) == 1 else "; the others are ended"
                print(
                    f"Worker {failed[0]} ended with {how}{others}.",
                    file=sys.stderr,
                )
                return code if code > 0 else 128 - code
            if None not in codes:
                return 130 if stopped else 0
            if stopped and time.monotonic() > stopped + patience:
                return 130
            time.sleep(0.1)
        except KeyboardInterrupt:
            if stopped:
                return 130
            stopped = time.monotonic()
            _signal(workers, signal.SIGINT)


def _end(workers, patience):
    """Ends what still runs: asked first, then made to."""
    _signal(workers, signal.SIGTERM)
    limit = time.monotonic() + min(patience, 5)
    for worker in workers:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(max(0, limit - time.monotonic()))
    for worker in workers:
        if worker.poll() is None:
            worker.kill()
            worker.wait()


def _signal(workers, number):
    for worker in workers:
        if worker.poll() is None:
            worker.send_signal(number)


def _show(index, stream):
    with stream:
        for line in stream:
            print(f"[{index}] {line}", end="", flush=True)


def free_addresses(count):
    """Finds addresses on the loopback interface whose ports are free."""
    with contextlib.ExitStack() as stack:
        addresses = []
        for _ in range(count):
            found = stack.enter_context(socket.socket())
            found.bind(("127.0.0.1", 0))
            addresses.append(f"127.0.0.1:{found.getsockname()[1]}")
    return addresses


def environment(addresses, index):
    """Gives a worker's environment variables: ours and its `TF_CONFIG`."""
    task = {"type": "worker", "index": index}
    config = {"cluster": {"worker": addresses}, "task": task}
    return {
        **os.environ,
        "TF_CONFIG": json.dumps(config),
        "PYTHONUNBUFFERED": "1",
        _LAUNCHED: "1",
    }


def is_launched():
    """Tells whether this process is one of the workers of `launch`."""
    return _LAUNCHED in os.environ
