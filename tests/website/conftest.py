"""A real browser for the pages: the system's Chromium, and no way out.

`look` opens a page as a reader would, from the disk, and keeps watch: when the
test ends, nothing may have been printed to the console, no script may have
failed, and nothing may have been asked of another host.
"""

import json
import os
import pathlib
import shutil

import nodejs
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

EXPLORE = ROOT / "site" / "explore"
SHOTS = ROOT / "build" / "site" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Of axe's grades; "minor" and "moderate" are shown, and do not fail.
SERIOUS = ("serious", "critical")
LOUD = ("warning", "error", "assert")
OWN = ("file:", "data:", "blob:", "about:")
WIDE, NARROW = (1440, 900), (360, 740)


def pytest_collection_modifyitems(items):
    here = pathlib.Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("site")


def chromium():
    """Returns the path of the browser: `CHROMIUM`, or the first of `NAMES`."""
    found = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if not found:
        pytest.fail(
            f"No browser. Looked for: {', '.join(NAMES)}. Install Chromium "
            "(on Debian: apt install chromium), or say where it is: "
            "CHROMIUM=/path/to/chrome make test-site"
        )
    return found


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        one = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield one
        one.close()


def watch(page):
    """Returns a list that fills with what a page prints or asks for."""
    faults = []
    page.on(
        "console",
        lambda said: said.type in LOUD and faults.append(said.text),
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda asked: asked.url.startswith(OWN) or faults.append(asked.url),
    )
    return faults


@pytest.fixture
def look(browser):
    """Opens pages; at the end says what they printed or asked for."""
    contexts, faults = [], []

    def open_page(path, size=WIDE, dark=False, **options):
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), size, strict=True)),
            color_scheme="dark" if dark else "light",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        faults.append(watch(page))
        path, _, fragment = str(path).partition("#")
        address = pathlib.Path(path).resolve().as_uri()
        page.goto(address + (f"#{fragment}" if fragment else ""))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not sum(faults, [])


@pytest.fixture(scope="session")
def violations():
    """A function of a page: what axe finds serious on it, in words."""
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def find(page, context=None):
        # preloading style sheets would ask for them again, and from a disk
        # that is forbidden
        run = axe.run(page, context=context, options={"preload": False})
        found = run.response["violations"]
        return [
            f"{one['id']}: {one['help']}: {node['html'][:120]}"
            for one in found
            if one["impact"] in SERIOUS
            for node in one["nodes"][:3]
        ]

    return find


@pytest.fixture
def shoot():
    """Keeps a page's picture, of its whole length, for people to look at."""

    def keep(page, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    return keep


def fits(page):
    """Says whether a page needs no scrolling sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def node(path, expression, given=None):
    """Computes with a page's arithmetic, without the page.

    Args:
        path: Of a script that ends in `module.exports = ...`.
        expression: JavaScript; `its` is what the script exports, `given` the
            next argument.
        given: Anything that JSON can say.

    Returns:
        The expression's value, by way of JSON.
    """
    script = f"""
      const its = require({json.dumps(str(path))});
      const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
      process.stdout.write(JSON.stringify({expression}));
    """
    return nodejs.answer("-e", script, given=given)
