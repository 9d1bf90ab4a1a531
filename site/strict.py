"""What makes the pages of the EPUB strict XHTML, which readers insist on.

myst-nb and sphinx-design write for browsers: a paragraph within a summary,
arrows without their namespace, and style sheets that come too late to be
packed.
"""

import pathlib
import re
import shutil

from myst_nb import static

ARROW = re.compile('<svg version="1.1".*?</svg>', re.DOTALL)
IN_SUMMARY = re.compile(
    r'<p( class="(?:collapsed|expanded)[^"]*")>(.*?)</p>', re.DOTALL
)


def repair(app, page, template, context, doctree):
    """Repairs a page of the EPUB; what it does not hold stays."""
    if app.builder.name != "epub" or "body" not in context:
        return
    body = ARROW.sub("", context["body"])  # readers have their own
    context["body"] = IN_SUMMARY.sub(r"<span\1>\2</span>", body)


def bring_styles(app):
    """Has ready the style sheets that come when the EPUB is packed already."""
    if app.builder.name != "epub":
        return
    source = pathlib.Path(static.__path__[0]) / "mystnb.css"
    folder = pathlib.Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    for name, _ in app.registry.css_files:
        if name.startswith("mystnb."):
            shutil.copy(source, folder / name)
        elif name == "sphinx-codeautolink.css":
            (folder / name).touch()  # it colours links under the mouse


def setup(app):
    """Connects both."""
    app.connect("builder-inited", bring_styles, priority=900)
    app.connect("html-page-context", repair)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
