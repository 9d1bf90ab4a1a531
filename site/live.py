"""Links to explorables: near on the site, far in the EPUB, and some framed.

The chapters name the website's own address, since a notebook is read anywhere.
On a page of the site such a link leads to the copy beside it. A paragraph that
begins with "**Live.**" gets what it links to in a frame below.
"""

import html
import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

FRAME = (
    '<iframe class="live" src="{source}" title="{title}" loading="lazy">'
    "</iframe>"
)


class Live(SphinxPostTransform):
    """Turns the addresses into relative ones, and adds the frames."""

    default_priority = 900
    formats = ("html",)

    def run(self):
        """Works on one page."""
        builder = self.app.builder
        if builder.name == "epub":
            return
        page = builder.get_target_uri(self.env.docname)
        start = f"{self.config.site_address}/"
        for link in list(self.document.findall(nodes.reference)):
            if not link.get("refuri", "").startswith(f"{start}explore/"):
                continue
            target = link["refuri"].removeprefix(start)
            source = "../" * page.count("/") + target
            # the frame may show a part; the link leads to the whole
            link["refuri"] = re.sub(r"\?[^#]*", "", source)
            paragraph = link.parent
            if paragraph.astext().startswith("Live."):
                frame = FRAME.format(
                    source=html.escape(source),
                    title=html.escape(f"{link.astext()}, live"),
                )
                place = paragraph.parent.index(paragraph)
                paragraph.parent.insert(
                    place + 1, nodes.raw("", frame, format="html")
                )


def setup(app):
    """Registers the transform, and the website's address."""
    app.add_config_value("site_address", "", "env")
    app.add_post_transform(Live)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
