"""Builds the website: the course as a book, and AlexNet live in the browser.

All of it comes from what is committed. The sources of the book are laid out in
build/site/source: the chapters with their outputs, docs/, site/pages/, and the
pages that are generated from docstrings and exercises. Sphinx makes HTML of
them, which opens from a folder as well as from a server, and an EPUB; a warning
fails the build. The explorables, site/explore, are copied as they are.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

import build_notebooks
import nbformat
import site_api
import site_chapters
import site_cite
import site_teachers

from alexnet_keras import distribution

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "site"
SOURCE = BUILD / "source"
PAGES = ROOT / "site" / "pages"
EXPLORE = ROOT / "site" / "explore"
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s]+)(?=\))")
# Where the README leads to, the book's own front page does as well.
README = {"../README.md#the-course": "../index.md"}


def with_links(text, folder, staged):
    """Leads links that leave the book to the repository.

    Args:
        text: Str, Markdown.
        folder: Path, where the text will lie, relative to the book's sources.
        staged: Set of posix paths, relative to the book's sources.

    Returns:
        Str.
    """

    def led(match):
        target, _, part = match[1].partition("#")
        if match[1] in README:
            return README[match[1]]
        path = os.path.normpath(folder / target).replace(os.sep, "/")
        if path in staged or not (ROOT / path).exists():
            return match[1]  # what is nowhere, Sphinx complains of
        address = f"{build_notebooks.repository()}/blob/main/{path}"
        return f"{address}#{part}" if part else address

    return LINK.sub(led, build_notebooks.with_addresses(text))


def stage():
    """Lays out the sources of the book, from what is committed."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.copytree(ROOT / "docs", SOURCE / "docs")
    shutil.copytree(PAGES, SOURCE, dirs_exist_ok=True)
    shutil.copy(ROOT / "CHANGELOG.md", SOURCE / "docs" / "changelog.md")
    (SOURCE / "live").mkdir()
    for path in EXPLORE.glob("*/still.*"):
        picture = f"{path.parent.name}{path.suffix}"
        shutil.copy(path, SOURCE / "live" / picture)
    site_api.write(SOURCE)
    site_teachers.write(SOURCE)
    site_cite.write(SOURCE)
    chapters = {
        f"notebooks/{path.stem}.ipynb": path
        for path in build_notebooks.chapters()
    }
    pages = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file()
    }
    staged = pages | chapters.keys()
    for path in SOURCE.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        text = text.replace("<!-- chapters -->", site_chapters.contents())
        folder = path.parent.relative_to(SOURCE)
        path.write_text(with_links(text, folder, staged), encoding="utf-8")
    folder = pathlib.Path("notebooks")
    (SOURCE / folder).mkdir()
    for name, path in chapters.items():
        notebook = site_chapters.for_the_book(path)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = with_links(cell.source, folder, staged)
        nbformat.write(notebook, SOURCE / name)


def sphinx(builder, folder):
    """Runs Sphinx into an empty folder; every warning is an error.

    Returns:
        Int, its exit code.
    """
    shutil.rmtree(BUILD / folder, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-W", "-n"]
    command += ["--keep-going", "-q", "-d", BUILD / "doctrees"]
    command += ["-c", ROOT / "site"]
    return subprocess.run([*command, SOURCE, BUILD / folder]).returncode


def make_html():
    """Builds the pages, with the explorables and the chapters as they are.

    Returns:
        Int, Sphinx's exit code.
    """
    code = sphinx("html", "html")
    if not code:
        shutil.copytree(EXPLORE, BUILD / "html" / "explore")
        for path in build_notebooks.NOTEBOOKS.glob("*.ipynb"):
            # what the download button gives: the notebook, not the book's
            shutil.copy(path, BUILD / "html" / "_sources" / "notebooks")
    return code


def main(argv=None):
    """Builds the website into build/site/html, and the EPUB."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        help="html, epub, or linkcheck, which needs a network "
        "(default: html and epub)",
    )
    parts = parser.parse_args(argv).parts or ["html", "epub"]
    if unknown := set(parts) - {"html", "epub", "linkcheck"}:
        parser.error(f"no part {', '.join(sorted(unknown))}: see --help")
    distribution.start()  # so that TensorFlow is silent
    stage()
    for part in parts:
        code = make_html() if part == "html" else sphinx(part, part)
        if code:
            return code
    print(f"The pages begin at {BUILD / 'html' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
