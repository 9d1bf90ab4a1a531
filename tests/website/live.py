"""What the tests of size, one filter and two devices share."""

FRAME = (720, 900)  # as wide as a chapter's page lets a frame be
# the page, which listens first, has then seen the new address
_GO = """(text) => new Promise((done) => {
  addEventListener("hashchange", () => done(), { once: true });
  location.hash = text;
})"""


def says(page, text=""):
    """Gives the live line once it rests; it must have the text in it.

    Args:
        page: Of a browser.
        text: Str.

    Returns:
        Str.
    """
    page.wait_for_selector("#live:not([aria-busy])")
    said = page.inner_text("#live")
    assert text in said
    return said


def goes_to(page, fragment):
    """Puts a fragment into the address, as a reader may.

    Args:
        page: Of a browser.
        fragment: Str, without its #.

    Returns:
        Str, the live line that follows.
    """
    page.evaluate(_GO, fragment)
    return says(page)


def met(page):
    """Counts the goals that are found, on the page."""
    return page.locator("#goals .met").count()


def keeps_its_state_when_a_link_skips(page, part):
    """Says whether the link to a part of the page leaves its settings alone.

    Args:
        page: Of a browser.
        part: Str, where the link leads.

    Returns:
        Bool.
    """
    before = says(page)
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**#{part}")
    page.evaluate("new Promise(requestAnimationFrame)")  # after hashchange
    return says(page) == before
