"""What makes the pages of the EPUB strict XHTML, which readers insist on.

myst-nb and sphinx-design write for browsers: a paragraph within a summary,
pictures without their namespace, and a style sheet that comes too late to be
packed.
"""

import pathlib
import re
import shutil

from myst_nb import static

NAMESPACE = '<svg xmlns="http://www.w3.org/2000/svg" version="1.1"'
IN_SUMMARY = re.compile(
    r'<p( class="(?:collapsed|expanded)[^"]*")>(.*?)</p>', re.DOTALL
)


def repair(app, page, template, context, doctree):
    """Repairs a page of the EPUB; what it does not hold stays."""
    if app.builder.name != "epub" or "body" not in context:
        return
    body = context["body"].replace('<svg version="1.1"', NAMESPACE)
    context["body"] = IN_SUMMARY.sub(r"<span\1>\2</span>", body)


def bring_styles(app):
    """Copies myst-nb's style sheet before the EPUB is packed."""
    if app.builder.name != "epub":
        return
    source = pathlib.Path(static.__path__[0]) / "mystnb.css"
    folder = pathlib.Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in app.registry.css_files:
        if sheet[0].startswith("mystnb."):
            shutil.copy(source, folder / sheet[0])


def setup(app):
    """Connects both."""
    app.connect("builder-inited", bring_styles, priority=900)
    app.connect("html-page-context", repair)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
