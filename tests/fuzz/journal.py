"""What was tried, line by line, and the table of it."""

import collections
import json
import re

from fuzz.trying import DAMAGED, FAILED, READ, REFUSED


class Journal:
    """A file with a line of JSON for each case.

    Args:
        path: `pathlib.Path`; what is in it is gone on with.
    """

    def __init__(self, path):
        self._path, self.results = path, {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            for line in path.read_text().splitlines():
                if line.endswith("}"):  # the last may be half a line
                    self._add(json.loads(line))
            self._append("\n")

    def _add(self, result):
        self.results[result["kind"], result["number"]] = result

    def write(self, result):
        """Adds a case."""
        self._add(result)
        self._append(json.dumps(result) + "\n")

    def _append(self, text):
        with open(self._path, "a") as file:
            file.write(text)

    def failed(self):
        """Lists the cases that failed."""
        return [x for x in self.results.values() if x["outcome"] == FAILED]


def table(results, most=8):
    """Writes a Markdown table of counts, and one of reasons for each kind.

    Args:
        results: List of dicts as `pool.try_all` reports them.
        most: Int, how many reasons are named.

    Returns:
        Str.
    """
    outcomes = (READ, DAMAGED, REFUSED, FAILED)
    columns = ["kind", "cases", *outcomes, "slowest", "most memory"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    kinds = collections.defaultdict(list)
    for result in results:
        kinds[result["kind"]].append(result)
    for kind, own in kinds.items():
        counts = collections.Counter()
        for one in own:
            told = one["told"]  # counts, where a case is of many
            counts.update(told if isinstance(told, dict) else [one["outcome"]])
        cells = [kind, f"{counts.total():,}"]
        cells += [f"{counts[outcome]:,}" for outcome in outcomes]
        cells.append(f"{max(one.get('seconds', 0) for one in own):.1f} s")
        cells.append(f"{max(one.get('peak', 0) for one in own):.2f} GB")
        lines.append(f"| {' | '.join(cells)} |")
    for kind, own in kinds.items():
        lines += ["", f"{kind}, by what was done and what was said:", ""]
        lines += _reasons(own, most)
    return "\n".join(lines)


def _reasons(results, most):
    done = collections.Counter(one["what"] for one in results)
    said = collections.Counter(
        _plain(one["told"]) for one in results if one["outcome"] == REFUSED
    )
    for counts in filter(None, (done, said)):
        shown = counts.most_common(most)
        rest = counts.total() - sum(count for _, count in shown)
        parts = [f"{name} ({count})" for name, count in shown]
        yield "- " + "; ".join(parts + [f"others ({rest})"] * (rest > 0))


def _plain(text):
    """Leaves out what differs from case to case."""
    text = re.sub(r"alexnet-keras: error: ", "", text)
    text = re.sub(r"/[\w./ -]*", "PATH", text)
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "...", text)
    text = re.sub(r"\d[\d,.]*", "N", text)
    text = " ".join(text.split())
    return re.sub(r"^(N of N pictures cannot be read: )?PATH: ", "", text)[:60]
