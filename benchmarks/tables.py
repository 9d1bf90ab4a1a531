"""What was measured, as one table: Markdown, JSON, and an excerpt."""

import dataclasses
import datetime
import importlib.metadata
import json
import os
import platform
import re
import statistics
import sys

from contenders import num_cores

PACKAGES = ("alexnet-keras", "tensorflow", "keras", "torch", "jax", "pillow")
HEAD = (
    "| what | ours | peer | ours | peer | ours is so many times better | aim |"
    "\n|---|---|---|---|---|---|---|"
)
MARKS = "<!-- speed: written by make bench -->", "<!-- end of speed -->"


@dataclasses.dataclass(frozen=True)
class Line:
    """A figure of ours beside a peer's.

    Attributes:
        what: Str, the row: what was measured.
        ours: Str, in which form of ours.
        peer: Str, whose figure stands beside it; empty if there is none.
        unit: Str.
        values: Tuple of floats, ours in every round.
        others: Tuple of floats, the peer's in the same rounds.
        less: Bool, whether less is better.
        aim: Float or None, the ratio that is aimed at.
        enough: Float or None, the share of the machine's limit, which is
            `share`, at which the aim is reached too.
        share: Float or None.
        brief: Bool, whether the excerpt has it.
    """

    what: str
    ours: str
    peer: str
    unit: str
    values: tuple
    others: tuple = ()
    less: bool = False
    aim: float | None = None
    enough: float | None = None
    share: float | None = None
    brief: bool = False

    @property
    def ratios(self):
        """How many times better ours is, round by round."""
        pairs = zip(self.values, self.others, strict=False)
        if self.less:
            return [other / own for own, other in pairs]
        return [own / other for own, other in pairs]

    @property
    def reached(self):
        """Whether the aim is reached; None without one."""
        if self.aim is None:
            return None
        if statistics.median(self.ratios) >= self.aim:
            return True
        return self.enough is not None and (self.share or 0) >= self.enough

    @property
    def verdict(self):
        """Says what is aimed at, and whether it is reached."""
        if self.aim is None:
            return ""
        told = f"at least {self.aim:g}"
        if self.enough is not None:
            told += f", or {self.enough:.0%} of the limit"
        return f"{told}: {'reached' if self.reached else '**missed**'}"


def markdown(lines, brief=False):
    """Writes the table.

    Args:
        lines: List of `Line`.
        brief: Bool, whether to write the excerpt alone.

    Returns:
        Str, a line for each.
    """
    rows = [HEAD]
    for line in lines:
        if brief and not line.brief:
            continue
        cells = [line.what, line.ours, line.peer or ""]
        for values in (line.values, line.others):
            value = statistics.median(values) if values else None
            cells.append(
                "" if value is None else f"{digits(value)} {line.unit}"
            )
        cells.append(spread(line.ratios) if line.others else "")
        rows.append(f"| {' | '.join([*cells, line.verdict])} |")
    return "\n".join(rows)


def spread(values):
    """Writes the median and, in brackets, the least and the most."""
    middle, least, most = map(
        digits, (statistics.median(values), min(values), max(values))
    )
    return middle if len(values) == 1 else f"{middle} ({least} to {most})"


def digits(value):
    """Writes a number with three significant digits, and no exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".")


def about(command, rounds, **more):
    """Gathers what the figures depend on.

    Args:
        command: Str, as it was typed.
        rounds: Int.
        **more: What else is to be told.

    Returns:
        Dict for JSON.
    """
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "python": platform.python_version(),
        "versions": versions,
        "rounds": rounds,
        **more,
    }


def processor():
    """Names the processor, its cores, and what speeds matrix products up."""
    from alexnet_keras.runs import machine

    flags = ""
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as lines:
            flags = next((x for x in lines if x.startswith("flags")), "")
    has = [
        flag
        for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
        if flag in flags.split()
    ]
    name = machine.processor().rpartition(",")[0]
    return ", ".join([name, f"{num_cores()} cores used", *has])


def told(facts):
    """Writes what the figures depend on as a paragraph."""
    versions = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
    return (
        f"`{facts['command']}`, {facts['date']}: medians of {facts['rounds']} "
        f"interleaved rounds; {facts['processor']}; Python {facts['python']}, "
        f"{versions}."
    )


def page(lines, facts, notes):
    """Writes the whole page.

    Args:
        lines: List of `Line`.
        facts: What `about` gave.
        notes: Str, Markdown: how it was measured.

    Returns:
        Str.
    """
    aims = [line for line in lines if line.aim is not None]
    missed = [
        f"- {x.what}, against {x.peer}: {digits(statistics.median(x.ratios))}"
        f" where at least {x.aim:g} is aimed at"
        for x in aims
        if not x.reached
    ]
    count = f"{len(aims) - len(missed)} of {len(aims)} aims are reached."
    if missed:
        count += " Missed:\n\n" + "\n".join(missed)
    parts = ["# Speed", told(facts), markdown(lines), count, notes]
    return "\n\n".join(parts) + "\n"


def as_json(lines, facts):
    """Gives the same for programs, ratios included.

    Returns:
        Str.
    """
    rows = []
    for line in lines:
        row = {"ratio": None, **dataclasses.asdict(line)}
        if line.others:
            row["ratio"] = {
                "median": statistics.median(line.ratios),
                "least": min(line.ratios),
                "most": max(line.ratios),
            }
        row["reached"] = line.reached
        rows.append(row)
    return json.dumps({"about": facts, "lines": rows}, indent=1) + "\n"


def insert(text, excerpt):
    """Puts an excerpt between `MARKS` in a page.

    Args:
        text: Str, the page.
        excerpt: Str.

    Returns:
        Str; the page as it is if it has no marks.
    """
    first, last = MARKS
    between = re.compile(f"{re.escape(first)}.*?{re.escape(last)}", re.DOTALL)
    return between.sub(lambda _: f"{first}\n\n{excerpt}\n\n{last}", text)


def typed():
    """Gives the command as it was typed, with paths made short."""
    return " ".join(["python", os.path.relpath(sys.argv[0]), *sys.argv[1:]])
