"""The website's page on how to cite, out of CITATION.cff."""

import pathlib

import build_notebooks
import yaml

PAGE = build_notebooks.ROOT / "site" / "pages" / "cite.md"


def write(folder):
    """Lays out cite.md.

    Args:
        folder: Path of the book's sources.
    """
    path = build_notebooks.ROOT / "CITATION.cff"
    course = yaml.safe_load(path.read_text(encoding="utf-8"))
    [paper] = course["references"]
    text = PAGE.read_text(encoding="utf-8")
    text = text.replace("<!-- course -->", entry(course, "software"))
    text = text.replace("<!-- paper -->", entry(paper, "inproceedings"))
    (pathlib.Path(folder) / "cite.md").write_text(text, encoding="utf-8")


def entry(work, kind):
    """Returns a BibTeX entry of what CITATION.cff says of a work.

    Args:
        work: Dict, CITATION.cff itself or one of its references.
        kind: Str, the entry's kind.

    Returns:
        Str, a code block.
    """
    authors = [
        f"{one['family-names']}, {one['given-names']}"
        if "family-names" in one
        else f"{{{one['name']}}}"  # of an institution: not taken apart
        for one in work["authors"]
    ]
    fields = {
        "title": f"{{{work['title']}}}",
        "author": " and ".join(authors),
        "booktitle": work.get("collection-title"),
        "year": work.get("year"),
        "version": work.get("version"),
        "license": work.get("license"),
        "url": work.get("repository-code"),
    }
    year = str(work.get("year", ""))
    key = authors[0].partition(",")[0].lower() + year if year else work["title"]
    lines = [f"  {name} = {{{said}}}," for name, said in fields.items() if said]
    return "\n".join(["```bibtex", f"@{kind}{{{key},", *lines, "}", "```"])
