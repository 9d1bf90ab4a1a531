"""One filter, live: its sums against Keras', its page in a browser."""

import re

import keras
import numpy as np
import pytest

from website.conftest import EXPLORE, NARROW, WIDE, fits, node
from website.live import (
    FRAME,
    keeps_its_state_when_a_link_skips,
    met,
    says,
)

FOLDER = EXPLORE / "filter"
PAGE, SCRIPT = FOLDER / "index.html", FOLDER / "sums.js"
EDGE = [-1, 0, 1] * 3


def by_keras(picture, weights, bias=0, relu=False):
    """Gives a layer's map, by Keras."""
    side = round(len(weights) ** 0.5)
    image = np.reshape(picture, (1, 12, 12, 1)).astype("float64")
    kernel = np.reshape(weights, (side, side, 1, 1)).astype("float64")
    sums = np.array(keras.ops.conv(image, kernel)) + bias
    return (np.maximum(sums, 0) if relu else sums)[0, :, :, 0]


def cases():
    """Pictures and filters at random, of both sizes."""
    random = np.random.default_rng(2012)
    for side in (3, 5) * 30:
        yield {
            "picture": random.integers(0, 10, 144).tolist(),
            "filter": random.integers(-9, 10, side * side).tolist(),
            "bias": int(random.integers(-50, 51)),
            "relu": bool(random.integers(2)),
        }


def test_maps_equal_keras():
    tried = list(cases())
    found = node(SCRIPT, "given.map((one) => its.map(one.picture, one))", tried)
    for case, sums in zip(tried, found, strict=True):
        assert sums == by_keras(*case.values()).ravel().tolist()


def test_one_value_is_the_sum_of_its_products():
    tried = list(cases())
    found = node(
        SCRIPT, "given.map((one) => its.at(one.picture, one, [4, 7]))", tried
    )
    for case, one in zip(tried, found, strict=True):
        side = round(len(case["filter"]) ** 0.5)
        picture = np.reshape(case["picture"], (12, 12))
        under = picture[4 : 4 + side, 7 : 7 + side].ravel()
        products = under * case["filter"]
        assert one["under"] == under.tolist()
        assert one["products"] == products.tolist()
        assert one["above"] == products[products > 0].sum()
        assert one["below"] == products[products < 0].sum()
        assert one["sum"] == one["above"] + one["below"]
        assert one["value"] == by_keras(*case.values())[4, 7]


def test_no_picture_gives_more_than_the_greatest_sum():
    for case in list(cases())[:2]:
        weights = np.array(case["filter"])
        side = round(len(weights) ** 0.5)
        best = np.zeros((12, 12))
        best[:side, :side] = 9 * (weights > 0).reshape(side, side)
        most = node(SCRIPT, "its.greatest(given)", case["filter"])
        assert most == by_keras(best, weights)[0, 0]
        assert most >= by_keras(case["picture"], weights).max()


@pytest.mark.parametrize("side", [3, 5])
def test_filters_turn_negate_and_resize(side):
    weights = np.random.default_rng(1).integers(-9, 10, (side, side))
    given = weights.ravel().tolist()
    found = node(
        SCRIPT,
        "[its.turn(given), its.negate(given), its.resize(given, 3),"
        " its.resize(given, 5)]",
        given,
    )
    assert found[0] == np.rot90(weights, -1).ravel().tolist()
    assert found[1] == (-weights).ravel().tolist()
    three = np.reshape(found[2], (3, 3))
    five = np.reshape(found[3], (5, 5))
    if side == 3:
        assert np.array_equal(three, weights)
        assert np.array_equal(five, np.pad(weights, 1))
    else:
        assert np.array_equal(five, weights)
        assert np.array_equal(three, weights[1:-1, 1:-1])


def test_the_address_says_any_state():
    wanted = [{**case, "row": 1, "column": 2} for case in cases()]
    found = node(
        FOLDER / "address.js", "given.map((one) => its.read(its.write(one)))",
        wanted,
    )  # fmt: skip
    assert found == wanted


def numbers(page, holder):
    """The numbers that the cells of a square say of themselves."""
    texts = page.locator(f"{holder} [role=gridcell]").evaluate_all(
        "(all) => all.map((one) => one.getAttribute('aria-label'))"
    )
    return [
        float(text.split(": ")[1].replace("−", "-").replace("not yet", "nan"))
        for text in texts
    ]


def shows_what_keras_computes(page, weights, bias=0, relu=False):
    """Holds the page's map, value and live line against Keras."""
    said = says(page).replace("−", "-")
    found = by_keras(numbers(page, "#picture"), weights, bias, relu)
    shown = numbers(page, "#map")
    assert np.allclose(shown, found.ravel(), atol=0.005)
    row, column = (
        int(number) - 1
        for number in re.match(r"Place row (\d+), column (\d+)", said).groups()
    )
    value = page.locator("#ledger td:last-child").last.inner_text()
    assert float(value.replace("−", "-")) == pytest.approx(
        found[row, column], abs=0.005
    )
    plain = by_keras(numbers(page, "#picture"), weights)[row, column]
    assert f"{len(weights)} products sum to {round(plain, 2):g}" in said
    assert f"greatest value is {round(found.max(), 2):g}" in said
    if not bias:
        can = round(9 * sum(max(0, weight) for weight in weights), 2)
        assert f"this filter can give {can:g}." in said


def cell(page, holder, row, column):
    return page.locator(
        f"{holder} [role=row]:nth-of-type({row}) "
        f"[role=gridcell]:nth-of-type({column})"
    )


def test_each_picture_gives_its_map(look):
    page = look(PAGE)
    for name in ("edge", "diagonal", "cross", "point"):
        page.locator("#pictures").get_by_role("button", name=name).click()
        shows_what_keras_computes(page, EDGE)


def test_each_filter_gives_its_map(look):
    page = look(PAGE)
    for name, weights in node(SCRIPT, "its.FILTERS").items():
        page.locator("#filters").get_by_role("button", name=name).click()
        shows_what_keras_computes(page, weights)


def test_the_controls_of_the_filter_change_the_map(look):
    page = look(PAGE)
    page.click("#negate")
    shows_what_keras_computes(page, [1, 0, -1] * 3)
    page.click("#turn")
    weights = [1, 1, 1, 0, 0, 0, -1, -1, -1]
    shows_what_keras_computes(page, weights)
    page.get_by_label("weight in row 2, column 3").fill("2.5")
    weights[5] = 2.5
    shows_what_keras_computes(page, weights)
    page.click("#raise")
    weights[5] = 4
    shows_what_keras_computes(page, weights)
    page.click("#lower")
    page.fill("#bias", "-12")
    page.check("#relu")
    weights[5] = 3
    shows_what_keras_computes(page, weights, -12, relu=True)
    page.check("input[name=side][value='5']")
    padded = np.pad(np.reshape(weights, (3, 3)), 1).ravel()
    shows_what_keras_computes(page, padded, -12, relu=True)


def test_one_draws_with_the_keyboard(look):
    page = look(PAGE)
    page.locator("#pictures").get_by_role("button", name="dark").click()
    page.locator("#picture [tabindex='0']").focus()
    for key in ("ArrowDown", "ArrowRight", " ", "ArrowRight", "4"):
        page.keyboard.press(key)
    picture = np.zeros((12, 12))
    picture[1, 1:3] = 9, 4
    assert numbers(page, "#picture") == picture.ravel().tolist()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")  # as bright as the brush already: dark again
    picture[1, 1] = 0
    assert numbers(page, "#picture") == picture.ravel().tolist()
    shows_what_keras_computes(page, EDGE)


def test_one_draws_with_the_pointer(look):
    page = look(PAGE)
    page.locator("#pictures").get_by_role("button", name="dark").click()
    page.locator("#brush label", has_text="6").click()
    cell(page, "#picture", 3, 2).hover()
    page.mouse.down()
    for column in (3, 6):  # as fast as a hand: some cells are jumped over
        cell(page, "#picture", 3, column).hover()
    page.mouse.up()
    picture = np.zeros((12, 12))
    picture[2, 1:6] = 6
    assert numbers(page, "#picture") == picture.ravel().tolist()
    cell(page, "#picture", 3, 2).click()
    picture[2, 1] = 0
    assert numbers(page, "#picture") == picture.ravel().tolist()
    shows_what_keras_computes(page, EDGE)


def test_arrow_keys_move_the_window(look):
    page = look(PAGE)
    page.locator("#map [tabindex='0']").focus()
    for key in ("ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    says(page, "Place row 5, column 6:")
    assert page.inner_text("#place-title").endswith("row 5, column 6")
    shows_what_keras_computes(page, EDGE)
    for _ in range(12):
        page.keyboard.press("ArrowUp")
    says(page, "Place row 1, column 6:")
    cell(page, "#map", 4, 2).click()
    says(page, "Place row 4, column 2:")


def test_the_strongest_place_is_found(look):
    page = look(f"{PAGE}#filter=diagonal")
    page.click("#strongest")
    found = by_keras(numbers(page, "#picture"), [2, -1, -1, -1] * 2 + [2])
    value = page.locator("#ledger td:last-child").last.inner_text()
    most = abs(found).max()
    assert abs(float(value.replace("−", "-"))) == most


def test_the_window_slides_over_all_places(look):
    page = look(PAGE)
    page.clock.install()
    page.click("#slide")
    assert page.inner_text("#slide") == "Stop"
    page.clock.run_for(1000)
    shown = numbers(page, "#map")
    assert not np.isnan(shown[20])
    assert np.isnan(shown[-1])
    page.clock.run_for(3000)
    assert page.inner_text("#slide") == "Slide over all places"
    says(page, "Place row 10, column 10")
    shows_what_keras_computes(page, EDGE)


def test_with_reduced_motion_it_slides_a_place_a_press(look):
    page = look(PAGE, reduced_motion="reduce")
    for _ in range(3):
        page.get_by_role("button", name="Slide by one place").click()
    says(page, "Place row 1, column 3:")
    shown = numbers(page, "#map")
    found = by_keras(numbers(page, "#picture"), EDGE).ravel()
    assert shown[:3] == found[:3].tolist()
    assert np.isnan(shown[3:]).all()


def test_goals_are_found_by_hand(look):
    page = look(PAGE)
    page.locator("#pictures").get_by_role("button", name="edge").click()
    assert "greatest value is 27; this filter can give 27." in says(page)
    assert met(page) == 0
    page.click("#turn")
    says(page, "Found: a picture, not dark, that gives only zeros.")
    page.click("#turn")
    page.click("#turn")
    page.click("#turn")
    says(page, "Found: the greatest sum of this filter.")
    for row in range(1, 4):
        for column in range(1, 4):
            one = page.get_by_label(f"weight in row {row}, column {column}")
            one.fill("1" if row == column == 2 else "0")
    says(page, "Found: a filter that leaves the picture as it is.")
    assert met(page) == page.locator("#goals li").count() == 3
    pressed = page.locator("#filters [aria-pressed=true]")
    assert pressed.count() == 0


def test_the_skip_link_keeps_the_state(look):
    page = look(f"{PAGE}#picture=cross&filter=spot")
    assert keeps_its_state_when_a_link_skips(page, "place")


def test_the_address_keeps_the_state(look):
    page = look(f"{PAGE}#picture=cross&filter=stripes&bias=3&relu=on&row=2")
    says(page, "Place row 2, column 7: 25 products")
    page.locator("#picture [tabindex='0']").focus()
    page.keyboard.press("5")
    page.click("#negate")
    said, before = says(page, "Place"), numbers(page, "#map")
    address = page.evaluate("location.hash")
    page.reload()
    assert said == says(page)
    assert numbers(page, "#map") == before
    assert page.evaluate("location.hash") == address


@pytest.mark.parametrize(
    "fragment",
    [
        "nonsense", "picture=123", "filter=1_2_3", "filter=edge&bias=1e9",
        "row=0", "row=11", "filter=stripes&column=9", "relu=perhaps",
        "picture=constructor",
    ],
)  # fmt: skip
def test_an_address_that_makes_no_sense_starts_anew(fragment):
    texts = [f"#{fragment}", ""]
    read = node(FOLDER / "address.js", "given.map(its.read)", texts)
    assert read[0] == read[1]


LOOKS = {
    "light": (WIDE, False, ""),
    "dark": (WIDE, True, "filter=stripes&picture=cross&relu=on"),
    "frame": (FRAME, True, "filter=diagonal&picture=diagonal"),
    "narrow": (NARROW, False, "filter=stripes&bias=-9"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_it_fits_and_axe_finds_nothing(look, violations, shoot, name):
    size, dark, fragment = LOOKS[name]
    page = look(f"{PAGE}#{fragment}", size, dark)
    says(page, "Place")
    assert fits(page)
    assert violations(page) == []
    shoot(page, f"filter-{name}")


def test_without_scripts_a_picture_stands_in(look, shoot):
    page = look(PAGE, java_script_enabled=False)
    picture = page.locator("noscript img")
    assert picture.evaluate("(one) => one.naturalWidth") > 0
    assert not page.is_visible("main")
    assert "27" in picture.get_attribute("alt")
    shoot(page, "filter-without-scripts")


def test_the_still_picture_multiplies_and_adds():
    drawn = (FOLDER / "still.svg").read_text()
    texts = re.findall(r">(−?\d+)</text>", drawn)
    *numbers, total = [int(text.replace("−", "-")) for text in texts]
    under, weights, products = np.reshape(numbers, (3, 9))
    assert weights.tolist() == EDGE
    assert products.tolist() == (under * weights).tolist()
    assert total == products.sum()
