"""The book as a reader meets it: opened from a folder, in a real browser.

`make test-site` builds it first.
"""

import functools
import posixpath
import re
import zipfile
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import build_notebooks as builder
import nbformat
import pytest
from bs4 import BeautifulSoup

from website.conftest import EXPLORE, NARROW, ROOT, fits

HTML = ROOT / "build" / "site" / "html"
SLUGS = [path.stem for path in builder.chapters()]
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if path.relative_to(HTML).parts[0] not in ("explore", "_static")
)
LIVE = re.compile(
    re.escape(f"]({builder.address('Documentation')}/explore/") + r"(\w+)"
)


@functools.cache
def soup(name):
    """A page's elements, by its path in the site."""
    text = (HTML / name).read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


@functools.cache
def anchors(name):
    return {tag["id"] for tag in soup(name).find_all(id=True)}


def text_of(slug):
    notebook = nbformat.read(builder.NOTEBOOKS / f"{slug}.ipynb", 4)
    cells = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    return "\n\n".join(cells)


def test_the_site_is_built():
    assert "index.html" in PAGES, "run `make site` first"
    assert {f"notebooks/{slug}.html" for slug in SLUGS} <= {*PAGES}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_from_a_folder_and_axe_finds_nothing(
    name, look, violations
):
    page = look(HTML / name)
    page.wait_for_function("document.documentElement.dataset.theme")
    assert page.title()
    # an explorable in a frame is tried by itself
    context = {"exclude": [["iframe"]]}
    assert violations(page, context=context) == []


@pytest.mark.parametrize("name", PAGES)
def test_links_within_the_site_lead_somewhere(name):
    for tag in soup(name).find_all(["a", "iframe", "img", "script", "link"]):
        target = tag.get("href") or tag.get("src") or ""
        parts = urlsplit(target)
        if parts.scheme or not target or target == "#":
            asks = tag.name != "a" and tag.get("rel") != ["canonical"]
            assert not asks or parts.scheme in ("", "data"), tag
            continue
        path = (HTML / name).parent / unquote(parts.path)
        path = path if parts.path else HTML / name
        assert path.is_file(), f"{name} leads to {target}"
        if parts.fragment and tag.name == "a":
            other = path.resolve().relative_to(HTML).as_posix()
            if not other.startswith("explore/"):
                assert parts.fragment in anchors(other), target


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_has_words(name):
    for image in soup(name).find_all("img"):
        alt = image.get("alt", "")
        assert alt.strip(), image
        assert not alt.startswith(("_images", "../_images")), image


@pytest.mark.parametrize("slug", SLUGS)
def test_a_chapter_frames_what_it_calls_live_and_folds_its_solutions(slug):
    page = soup(f"notebooks/{slug}.html")
    framed = re.findall(
        r"^\*\*Live\.\*\*.*?" + LIVE.pattern, text_of(slug), re.MULTILINE
    )
    sources = [frame["src"] for frame in page.find_all("iframe")]
    assert [s.split("/")[2] for s in sources] == framed
    titles = [
        tag.get_text().strip() for tag in page.select("details > summary")
    ]
    checks = re.findall(r"\bex\.(\w+)\.check\(", page.get_text())
    assert titles.count("Solution") == len({*checks}) >= 3
    assert sum(t.endswith(": Solution") for t in titles) in (0, 6)
    assert not page.select("details[open]")
    assert "hint()" not in page.select_one("article").get_text()


def test_the_explorables_are_linked_from_the_chapters_they_explain():
    linked = {slug[:2]: set(LIVE.findall(text_of(slug))) for slug in SLUGS}
    names = {p.name for p in EXPLORE.iterdir() if p.name != "shared"}
    assert set().union(*linked.values()) == names
    assert "filter" in linked["02"]
    assert "size" in linked["03"]
    assert "devices" in linked["11"] & linked["12"]
    assert "network" in linked["05"] & linked["06"] & linked["07"]


@pytest.mark.parametrize("name", ["network", "size", "devices", "filter"])
def test_the_explorables_links_lead_to_chapters(name):
    index = HTML / "explore" / name / "index.html"
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in index.parent.glob("*.*")
        if path.suffix in (".html", ".js") and path.stat().st_size < 60_000
    )
    targets = re.findall(r"""\.\./\.\./(?:notebooks/[\w.]+|\w+\.html)""", code)
    assert targets
    for target in targets:
        assert (index.parent / target).is_file(), target


def test_search_finds_a_term_and_leads_to_it(look):
    page = look(HTML / "index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("receptive field")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li").count() >= 3
    names = page.locator("#search-results li > a").all_inner_texts()
    assert any("Glossary" in name or "see" in name for name in names)
    page.locator("#search-results li > a").first.click()
    page.wait_for_selector("article")
    assert "receptive" in page.locator("article").inner_text().lower()


def test_a_solution_opens_by_the_keyboard(look):
    page = look(HTML / "notebooks" / "03_stride_and_size.html")
    fold = page.locator("details", has_text="Solution").nth(1)
    inside = fold.locator("pre")
    assert not inside.is_visible()
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert inside.is_visible()
    assert "(224, 0, 'up')" in inside.inner_text()


def test_the_setup_cell_is_folded_and_its_output_is_not(look):
    page = look(HTML / "notebooks" / "11_two_gpus.html")
    setup = page.locator("div.cell").first
    assert not setup.locator("div.highlight").first.is_visible()
    assert setup.get_by_text("TensorFlow 2").is_visible()
    setup.locator("summary").click()
    assert "distribution.start" in setup.inner_text()


def test_a_copy_button_copies_the_cell(look):
    page = look(HTML / "notebooks" / "03_stride_and_size.html")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cell = page.locator("div.cell_input:has-text('starts = [start')")
    cell.first.hover()
    cell.first.locator("button.copybtn").click()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("import math\n")
    assert text.endswith('print(len(starts), "places")')


def test_the_theme_button_darkens_the_book_and_its_frames(look, shoot):
    page = look(HTML / "notebooks" / "03_stride_and_size.html")
    frame = page.frame_locator("iframe.live")
    page.locator("iframe.live").scroll_into_view_if_needed()
    frame.locator("#live").wait_for()

    def paper():
        return frame.locator("body").evaluate(
            "body => getComputedStyle(body).backgroundColor"
        )

    seen = {}
    for mode in ("light", "dark", "auto"):
        page.locator("button.theme-switch-button:visible").click()
        page.locator(f"button.theme-change-button[data-mode={mode}]").click()
        page.wait_for_timeout(200)
        theme = page.locator("html").get_attribute("data-theme")
        seen.setdefault(theme, set()).add(paper())
    assert seen.keys() == {"light", "dark"}
    assert all(len(colours) == 1 for colours in seen.values())
    assert seen["light"] != seen["dark"]


@pytest.mark.parametrize("size", [(1440, 900), NARROW])
def test_a_frame_is_as_high_as_its_page(look, size):
    page = look(HTML / "notebooks" / "03_stride_and_size.html", size)
    page.locator("iframe.live").scroll_into_view_if_needed()
    inner = page.frame_locator("iframe.live")
    inner.locator("#live").wait_for()
    page.wait_for_timeout(500)
    heights = inner.locator("html").evaluate(
        "html => [html.scrollHeight, innerHeight]"
    )
    assert abs(heights[0] - heights[1]) <= 2
    assert fits(page)


def test_the_buttons_give_the_notebook_itself(look):
    slug = "03_stride_and_size"
    page = soup(f"notebooks/{slug}.html")
    links = [tag["href"] for tag in page.find_all("a", href=True)]
    assert builder.badge(slug).rsplit("(", 1)[1][:-1] in links
    (given,) = {link for link in links if link.endswith(".ipynb")} - {
        link for link in links if "://" in link
    }
    given = HTML / "notebooks" / given
    original = builder.NOTEBOOKS / f"{slug}.ipynb"
    assert given.read_bytes() == original.read_bytes()


def test_the_front_page_shows_the_network_and_every_chapter(look, shoot):
    for size, dark, name in (
        ((1440, 900), False, "front-light"),
        ((1440, 900), True, "front-dark"),
        (NARROW, False, "front-narrow"),
    ):
        page = look(HTML / "index.html", size, dark)
        frame = page.frame_locator("iframe.live").first
        frame.get_by_text("conv1", exact=False).first.wait_for()
        frame.locator("#live").wait_for()
        page.wait_for_timeout(800)
        shoot(page, name)
        assert fits(page)
    links = [a["href"] for a in soup("index.html").select("table a")]
    assert links == [f"notebooks/{slug}.html" for slug in SLUGS]


@pytest.mark.parametrize("slug", ["03_stride_and_size", "11_two_gpus"])
def test_chapters_are_kept_as_pictures(slug, look, shoot):
    for size, dark, name in (
        ((1440, 900), False, "light"),
        ((1440, 900), True, "dark"),
        (NARROW, False, "narrow"),
    ):
        page = look(HTML / "notebooks" / f"{slug}.html", size, dark)
        page.wait_for_load_state("load")
        shoot(page, f"chapter-{slug[:2]}-{name}")
        assert fits(page)


def test_the_epub_holds_every_chapter_and_asks_for_nothing():
    path = ROOT / "build" / "site" / "epub" / "alexnet-keras.epub"
    with zipfile.ZipFile(path) as epub:
        names = set(epub.namelist())
        pages = [name for name in names if name.endswith(".xhtml")]
        assert {f"notebooks/{slug}.xhtml" for slug in SLUGS} <= {*pages}
        for name in pages:
            folder = posixpath.dirname(name)
            # as strict as readers are: it must be XML
            for tag in ElementTree.fromstring(epub.read(name)).iter():
                kind = tag.tag.rpartition("}")[2]
                target = tag.get("src") or (kind == "link" and tag.get("href"))
                if target and not target.startswith("data:"):
                    target = posixpath.normpath(f"{folder}/{target}".strip("/"))
                    assert target in names, f"{name} wants {target}"
