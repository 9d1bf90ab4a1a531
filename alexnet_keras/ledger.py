"""The ledger: what is claimed about AlexNet, and what the course finds."""

import pathlib
import tomllib
from typing import NamedTuple

TABLE = pathlib.Path(__file__).with_suffix(".toml")
STATUSES = {
    "exact": "Shown, by a computation that you can repeat or by the program.",
    "shown small": "Measured in small: a hint, no proof for ImageNet.",
    "needs ImageNet": "Not shown here: it takes other photos or machines.",
    "contradicted": "Arithmetic or the program says otherwise, or so in part.",
}
SOURCES = ("paper", "article", "source", "museum", "elsewhere")
HEAD = """\
# The ledger

{total} claims about AlexNet, and what the course finds. They stand in the \
*paper*, in the blog *article* that the course began with, in the program of \
2012 (*source*), in its *museum*'s README, and *elsewhere*.

| status | claims | what it means |
|---|---|---|
{statuses}

The last column names the chapter that looks at a claim, code of its cell, and \
the test that fails if what we found should change. Quoted words are the \
source's own. Errors are listed to learn from: we made some, too.

`python tools/build_ledger.py` writes this page from \
`alexnet_keras/ledger.toml`; `alexnet_keras.ledger.read()` reads the claims.
"""
GROUP = """
## {}

| who | claim | we find | see |
|---|---|---|---|
"""


class Claim(NamedTuple):
    """One claim; all fields are strings.

    `says` is the claim in our words, `quote` a few of the source's, or `""`;
    `section` says where it stands. `chapter`, `cell` (code of just one of its
    code cells) and `test` may be `""` with the status "needs ImageNet" only.
    """

    id: str
    source: str
    section: str
    says: str
    status: str
    found: str
    quote: str = ""
    chapter: str = ""
    cell: str = ""
    test: str = ""


def read(path=TABLE):
    """Reads a list of `Claim` from a TOML file with `[[claim]]` tables.

    Raises:
        ValueError: If a claim lacks a field or has one that there is not, an
            unknown source or status, or the id of another.
    """
    rows = tomllib.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    claims = {}
    for number, row in enumerate(rows.get("claim", []), 1):
        needed = Claim._fields[:6]
        if row.get("status") != "needs ImageNet":
            needed += Claim._fields[7:]
        faults = [f"`{one}` is missing" for one in needed if not row.get(one)]
        for field in row.keys() - {*Claim._fields}:
            faults.append(f"there is no `{field}`")
        for field, known in (("source", SOURCES), ("status", STATUSES)):
            if row.get(field, "") not in known:
                faults.append(f"`{field}` must be one of {', '.join(known)}")
        if row.get("id") in claims:
            faults.append("another claim has this id")
        if faults:
            raise ValueError(f"{path}, claim {number}: {'; '.join(faults)}.")
        claims[row["id"]] = Claim(**row)
    return list(claims.values())


def markdown(claims):
    """Gives the text of docs/ledger.md, grouped by status."""
    groups = {
        status: [_row(claim) for claim in claims if claim.status == status]
        for status in STATUSES
    }
    statuses = [
        f"| [{name}](#{name.lower().replace(' ', '-')}) | {len(rows)} "
        f"| {STATUSES[name]} |"
        for name, rows in groups.items()
    ]
    text = HEAD.format(total=len(claims), statuses="\n".join(statuses))
    for name, rows in groups.items():
        text += GROUP.format(name[0].upper() + name[1:]) + "".join(rows)
    return text


def _row(claim):
    """Gives one claim as a line of a Markdown table."""
    see = []
    if claim.chapter:
        number, link = int(claim.chapter[:2]), f"{claim.chapter}.ipynb"
        see.append(f"[chapter {number}](../notebooks/{link})")
    if claim.cell:
        see.append(f"`{claim.cell}`")
    if claim.test:
        path, name = claim.test.split("::")
        see.append(f"[{name}](../{path})")
    says = claim.says + (f" (“{claim.quote}”)" if claim.quote else "")
    who = f"{claim.source}, {claim.section}"
    cells = (who, says, claim.found, "<br/>".join(see))
    return "| " + " | ".join(c.replace("|", r"\|") for c in cells) + " |\n"
