"""Tries bad input by thousands: `python -m fuzz --help`."""

import argparse
import os
import pathlib
import sys
import time

from fuzz import pool
from fuzz.journal import Journal, table
from fuzz.trying import FAILED

# Each kind, and how many cases a whole run has; one of lines is a hundred.
KINDS = {
    "pictures": 10_000,
    "weights": 1_000,
    "graphs": 1_000,
    "runs": 1_000,
    "lines": 100,
}


def main():
    """Tries what is not in the journal yet, and prints a table."""
    options = _parser().parse_args()
    folder = options.folder.resolve()
    journal = folder / f"journal-{options.seed}.jsonl"
    if options.anew:
        journal.unlink(missing_ok=True)
    journal = Journal(journal)
    for kind in options.only or KINDS:
        count = options.count or KINDS[kind]
        numbers = [options.case] if options.case is not None else range(count)
        left = [
            number
            for number in numbers
            if options.case is not None
            or _is_left(journal.results.get((kind, number)), options)
        ]
        print(f"{kind}: {len(left)} of {len(numbers)} are left to try.")
        if left:
            report = _reporter(journal, len(left))
            rest = options.processes, options.limit, report
            pool.try_all(kind, options.seed, left, folder, *rest)
    results = [
        one
        for (kind, _), one in sorted(journal.results.items())
        if kind in (options.only or KINDS)
    ]
    text = table(results, options.reasons)
    (folder / "table.md").write_text(text + "\n")
    print(f"\nSeed {options.seed}.\n\n{text}\n")
    failed = [one for one in results if one["outcome"] == FAILED]
    for one in failed:
        told = " ".join(one["told"].split())[:400]
        print(f"{one['kind']} {one['number']} ({one['what']}): {told}")
    if failed:
        print(
            f"\n{len(failed)} failed. Their files are in {folder}/failures. "
            "To try one again: --only KIND --case NUMBER; all: --failed."
        )
    return int(bool(failed))


def _is_left(result, options):
    return result is None or options.failed and result["outcome"] == FAILED


def _reporter(journal, count):
    """Gives what writes each result down, and shows how it goes on."""
    began, done = time.monotonic(), 0

    def report(result):
        nonlocal done
        done += 1
        journal.write(result)
        if result["outcome"] == FAILED or done % max(1, count // 10) == 0:
            passed = time.monotonic() - began
            text = f"{done} of {count} in {passed:.0f} s"
            if result["outcome"] == FAILED:
                what = f"{result['what']}: {result['told'][:300]}"
                text += f"; {result['number']} failed: {what}"
            print(text, flush=True)

    return report


def _parser():
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    add = parser.add_argument
    add("--seed", type=int, default=0)
    add("--only", action="append", choices=KINDS, help="kinds to try")
    add("--count", type=int, help="cases of each kind; by default its own")
    add("--case", type=int, help="try this one again")
    add("--failed", action="store_true", help="try again what failed")
    add("--anew", action="store_true", help="forget what was tried")
    add("--processes", type=int, default=min(2, os.cpu_count() or 1))
    add("--limit", type=float, default=60, help="seconds for a case")
    add("--reasons", type=int, default=8, help="how many are named")
    folder = pathlib.Path("build/fuzz")
    add("--folder", type=pathlib.Path, default=folder, help="to work in")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on.")
