"""Processes that try cases, and a new one where one is lost."""

import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import threading

from fuzz.trying import DAMAGED, FAILED

_MOST = 600  # cases for a process, since TensorFlow keeps what it made
_START = 240  # seconds for the first answer


class Lost(Exception):
    """A process that ended, or was ended since it gave no answer."""


class Worker:
    """A process that tries the cases of one kind."""

    def __init__(self, kind, seed, folder, limit):
        self._arguments = (kind, str(seed), str(folder))
        self.folder, self._limit, self._process = folder, limit, None

    def ask(self, number):
        """Tries a case.

        Raises:
            Lost: With the reason.
        """
        if self._process is None or self._left <= 0:
            self._start()
        self._left -= 1
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        return self._answer(self._limit)

    def _start(self):
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        folders = [str(pathlib.Path(__file__).parents[1])]
        folders += filter(None, [os.environ.get("PYTHONPATH")])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fuzz.worker", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C comes to us alone
            env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        )
        self._left, self._answers = _MOST, queue.Queue()
        threading.Thread(
            target=_read,
            args=(self._process.stdout, self._answers),
            daemon=True,
        ).start()
        try:
            self._answer(_START)
        except Lost as error:
            raise SystemExit(f"No process can be started: {error}") from None

    def _answer(self, limit):
        try:
            line = self._answers.get(timeout=limit)
        except queue.Empty:
            self.close()
            raise Lost(f"no answer within {limit} s") from None
        if line is None:
            code = self._process.wait()
            noise = self.folder / "noise.txt"
            last = noise.read_text(errors="replace")[-300:]
            self.close()
            raise Lost(f"the process ended with {code}: {last!r}")
        return json.loads(line)

    def close(self):
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process = None


def _read(stream, answers):
    with stream:
        for line in stream:
            answers.put(line)
    answers.put(None)


def try_all(kind, seed, numbers, folder, processes, limit, report):
    """Tries cases in several processes.

    Args:
        kind: Str, the module.
        seed: Int.
        numbers: The cases' numbers.
        folder: `pathlib.Path` to work in; failures are kept in it.
        processes: Int.
        limit: Seconds for a case.
        report: Called with a dict for each case; one at a time.
    """
    waiting, lock, ends = queue.SimpleQueue(), threading.Lock(), []
    stopping = threading.Event()
    for number in numbers:
        waiting.put(number)
    workers = [
        Worker(kind, seed, folder / f"work-{kind}-{index}", limit)
        for index in range(min(processes, max(1, len(numbers))))
    ]

    def work(worker):
        while not stopping.is_set():
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                result = worker.ask(number)
            except Lost as error:
                if stopping.is_set():
                    return
                told = {"outcome": FAILED, "told": str(error)}
                if (worker.folder / "case" / "oracle").exists():
                    told = {"outcome": DAMAGED, "told": f"oracle: {error}"}
                result = {"number": number, "what": "lost", **told}
            except SystemExit as error:
                ends.append(error)
                return
            if result["outcome"] == FAILED:
                kept = folder / "failures" / f"{kind}-{seed}-{number}"
                shutil.rmtree(kept, ignore_errors=True)
                if (worker.folder / "case").exists():
                    shutil.copytree(worker.folder / "case", kept, symlinks=True)
            with lock:
                report({"kind": kind, **result})

    threads = [
        threading.Thread(target=work, args=(worker,), daemon=True)
        for worker in workers
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in ends:
            raise error
    finally:
        stopping.set()
        for worker in workers:
            worker.close()
            shutil.rmtree(worker.folder, ignore_errors=True)
