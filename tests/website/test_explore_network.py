"""The network, live: its numbers against Keras', its controls in a browser.

The drawing for readers without JavaScript, still.png, is a screenshot of
part 1. To take it anew:

    STILL=1 .venv/bin/python -m pytest -n 0 -m site \
        tests/website/test_explore_network.py -k still
"""

import base64
import io
import os
import re

import keras
import numpy as np
import pytest
from PIL import Image

from alexnet_keras import AlexNetMini
from website.conftest import EXPLORE, NARROW, ROOT, WIDE, fits, watch

FOLDER = EXPLORE / "network"
PAGE = FOLDER / "index.html"
STILL = FOLDER / "still.png"
FRAME = (736, 900)  # as wide as a chapter's page lets it be
CONVOLUTIONS = ("conv1", "conv2", "conv3", "conv4", "conv5")
LAYERS = (
    *("conv1", "norm1", "pool1", "conv2", "norm2", "pool2"),
    *("conv3", "conv4", "conv5", "pool5", "fc6", "fc7", "fc8"),
)
SWITCHES = ("no-relu", "no-lrn", "no-overlap", "no-tower-1", "no-tower-2")
PLACE = "[page.state.y, page.state.x]"
HALF = 2e-3  # of a layer's greatest value: the page's weights are float16


def settle(page):
    """Waits until nothing is computed and the live line is up to date."""
    page.wait_for_function(
        "window.page && page.main && !engine.busy() && !say.waiting()"
    )
    return page


def plain(text):
    return text.replace("\N{MINUS SIGN}", "-")


def live(page):
    return plain(page.locator("#live").inner_text())


def final(page):
    """The last number of part 3's calculation."""
    return float(plain(page.locator("#ledger .final td").first.inner_text()))


def answer(page):
    return page.evaluate("Array.from(page.main.run.answer)")


def chosen(page):
    """Layer, map, row and column, counted from 0."""
    return page.evaluate(
        "[page.layers[page.state.layer].name, page.state.map,"
        " page.state.y, page.state.x]"
    )


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    return settle(page)


@pytest.fixture(scope="module")
def lasting(browser):
    """A wide page that the tests of this file hand on, and its faults."""
    width, height = WIDE
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    faults = watch(page)
    page.goto(PAGE.as_uri())
    yield settle(page), faults
    context.close()


def turn(page, state):
    """Brings a page to a state by its address, as if newly opened."""
    page.mouse.move(1, 1)
    page.evaluate(
        """state => new Promise((done) => {
          document.activeElement.blur();
          scrollTo(0, 0);
          history.replaceState(null, "", "#");
          addEventListener("hashchange", () => done(), { once: true });
          location.hash = state;
        })""",
        state or "layer=conv2",
    )
    return settle(page)


@pytest.fixture
def opened(look, lasting):
    """Gives the page in a state: the lasting one, if it is to be wide."""
    wide, faults = lasting

    def open_page(state="", size=WIDE, **options):
        if size == WIDE and not options:
            return turn(wide, state)
        return settle(look(f"{PAGE}#{state}", size, **options))

    yield open_page
    assert not faults


@pytest.fixture(scope="module")
def keras_values():
    """A function of a picture: each layer's values by Keras, by name."""
    model = AlexNetMini(weights="solids")
    outputs = [model.get_layer(name).output for name in LAYERS]
    every = keras.Model(model.input, outputs)

    def values(picture):
        found = every(picture[None].astype("float32"), training=False)
        return dict(
            zip(LAYERS, (np.asarray(one)[0] for one in found), strict=True)
        )

    return values


def picture_of(page, index=0):
    """The RGB bytes of one of the page's pictures, from its PNG."""
    png = base64.b64decode(page.evaluate(f"page.pictures[{index}].png"))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


# ---- numbers ----------------------------------------------------------------


def test_the_page_shows_keras_values_in_every_layer(opened, keras_values):
    page = opened()
    values = keras_values(picture_of(page))
    for name in LAYERS[:-1]:
        page.locator("#layer").select_option(label=name)
        settle(page)
        layer, map_, y, x = chosen(page)
        maps = values[name]
        true = maps[map_] if maps.ndim == 1 else maps[y, x, map_]
        near = pytest.approx(true, abs=HALF * float(maps.max()))
        assert layer == name
        assert final(page) == near
        told = [float(n) for n in re.findall(r"-?\d+\.\d+", live(page))]
        assert any(one == near for one in told), live(page)
    assert answer(page) == pytest.approx(values["fc8"].tolist(), abs=1e-3)


def test_the_live_lines_sum_is_the_networks_wherever_the_arrows_lead(opened):
    page = opened()
    for name in CONVOLUTIONS:
        page.locator("#layer").select_option(label=name)
        page.locator("#output-map").focus()
        before = settle(page).evaluate(PLACE)
        for key in ("ArrowLeft", "ArrowUp", "ArrowUp"):
            press(page, key)
            told = live(page).split("that is ")[1].split(";")[0]
            true = page.evaluate("""() => {
              const { layer, map, y, x } = page.state;
              const [, w, c] = page.layers[layer].shape;
              return page.main.run.sums[layer][(y * w + x) * c + map];
            }""")
            assert float(told) == pytest.approx(true, abs=6e-4)
        after = page.evaluate(PLACE)
        assert [before[0] - after[0], before[1] - after[1]] == [2, 1]


def test_what_is_right_of_500_is_said_of_the_switches_as_they_are(opened):
    page = opened("no=norm,tower1")
    right = page.evaluate("page.facts.test.right")
    now, whole = right["relu 3x3 without tower 1"], right["relu lrn 3x3"]
    verdict = page.locator("#verdict").inner_text()
    assert f"names {now} right like this, and {whole} as trained" in verdict
    assert "chapter 5, chapter 12" in verdict


def test_the_page_counts_the_networks_weights(opened):
    count = AlexNetMini(weights=None).count_params()
    about = opened().locator("#about").inner_text()
    assert about.startswith(f"{count:,} weights")


# ---- controls ---------------------------------------------------------------


def test_each_switch_changes_the_shares_and_can_be_undone(opened):
    page = opened()
    first = answer(page)
    for switch in SWITCHES:
        page.locator(f"#{switch}").check()
        assert answer(settle(page)) != first
        page.locator(f"#{switch}").uncheck()
        assert answer(settle(page)) == first
    page.locator("#no-tower-1").check()
    page.locator("#no-tower-2").check()
    assert not page.locator("#no-tower-1").is_checked()  # one must speak


def test_another_picture_has_another_answer(opened, keras_values):
    page = opened()
    page.locator("#thumbs input").nth(4).check(force=True)
    true = keras_values(picture_of(settle(page), 4))["fc8"]
    assert answer(page) == pytest.approx(true.tolist(), abs=2e-3)


def test_a_doubtful_picture_brings_its_cover_and_what_it_is_taken_for(opened):
    page = opened()
    for index, one in enumerate(page.evaluate("page.facts.pictures")):
        if one["why"] == "clear":
            continue
        page.locator(f"input[name=picture][value='{index}']").check(force=True)
        shares = answer(settle(page))
        order = np.argsort(shares)[::-1]
        expected = (one["label"], one["instead"])
        if one["why"] != "close":
            expected = expected[::-1]
        assert order[0] == expected[0]
        assert one["why"] != "close" or order[1] == expected[1]
        assert page.locator("#cover").is_checked() == ("cover" in one)
        why = "names wrong|wavers between|square is enough"
        assert re.search(why, page.locator("#verdict").inner_text())
    page.locator("#thumbs input").nth(0).check(force=True)
    assert not page.locator("#cover").is_checked()


def test_a_grey_square_is_moved_by_keys_and_tried_everywhere(
    opened, keras_values
):
    page = opened()
    page.locator("#cover").check()
    covered = answer(settle(page))
    picture = picture_of(page).copy()
    picture[22:42, 22:42] = 128
    true = keras_values(picture)["fc8"].tolist()
    assert covered == pytest.approx(true, abs=5e-3)
    page.locator("#picture-over").focus()
    press(page, "ArrowRight")
    assert page.locator("#cover-x").input_value() == "34"
    assert answer(page) != covered
    page.locator("#tour").click()
    page.wait_for_function("page.falls", timeout=60000)
    falls = page.evaluate("Array.from(page.falls.list)")
    assert len(falls) == 256
    told = re.search(
        r"row (\d+), column (\d+), (\d+)% remain", live(settle(page))
    )
    row, column, left = map(int, told.groups())
    assert 4 * np.array(divmod(np.argmax(falls), 16)) + 3 == pytest.approx(
        [row, column]
    )
    picture = picture_of(page).copy()
    picture[max(0, row - 11) : row + 9, max(0, column - 11) : column + 9] = 128
    share = keras_values(picture)["fc8"][0]  # a sphere's
    assert left == pytest.approx(100 * share, abs=0.6)
    assert not turn(page, "picture=cone").evaluate("page.falls")


def test_ones_own_picture_is_read_whole_or_refused_in_words(opened):
    page = opened()
    file = io.BytesIO()
    Image.new("RGB", (300, 200), (200, 30, 40)).save(file, "PNG")
    name = dict(name="red.png", mimeType="image/png", buffer=file.getvalue())
    page.locator("#file").set_input_files(name)
    page.wait_for_function("page.state.picture === -1")
    settle(page)
    assert page.evaluate("Array.from(page.main.pixels.slice(0, 6))") == [
        *(200, 30, 40),
        *(200, 30, 40),
    ]
    assert "nothing but these ten" in page.locator("#verdict").inner_text()
    name = dict(name="notes.txt", mimeType="text/plain", buffer=b"words")
    page.locator("#file").set_input_files(name)
    refused = page.get_by_text("cannot be read as a picture")
    refused.wait_for()
    turn(page, "picture=cone")
    assert not refused.is_visible()


def test_two_pictures_stand_side_by_side(opened, keras_values):
    page = opened("layer=norm1")
    page.locator("#other").select_option(label="torus")
    settle(page)
    _, map_, y, x = chosen(page)
    true = keras_values(picture_of(page, 4))
    shown = page.locator("#ledger .final td").all_inner_texts()
    assert float(plain(shown[1])) == pytest.approx(
        true["norm1"][y, x, map_], abs=HALF * float(true["norm1"].max())
    )
    assert "For torus it is" in live(page)
    assert page.locator("#other-map").is_visible()
    second = page.evaluate("Array.from(page.other.run.answer)")
    assert second == pytest.approx(true["fc8"].tolist(), abs=2e-3)
    best = page.locator("#answer li").nth(int(np.argmax(second)))
    share = float(best.locator(".share.second").inner_text().rstrip("%"))
    assert share == pytest.approx(100 * max(second), abs=0.06)
    page.locator("#other").select_option(label="nothing")
    settle(page)
    assert not page.locator("#other-map").is_visible()
    assert page.locator("#second-canvas").count() == 0


def test_a_picture_beside_itself_untouched(opened):
    page = opened()
    first = answer(page)
    page.locator("#other").select_option(label="itself, untouched")
    page.locator("#no-relu").check()
    settle(page)
    assert page.evaluate("Array.from(page.other.run.answer)") == first
    assert answer(page) != first


# ---- pointing and keys ------------------------------------------------------


def test_arrow_keys_lead_among_the_small_maps_and_enter_opens(opened):
    page = opened("layer=pool5")
    lane = page.locator("#stage .conv .over").first
    lane.focus()
    assert "conv1, map 1, tower 1" in lane.get_attribute("aria-label")
    press(page, "ArrowRight", "ArrowDown")
    label = plain(lane.get_attribute("aria-label"))
    greatest = page.evaluate(
        "Math.max(...page.main.run.values[0].filter((_, i) => i % 32 === 3))"
    )
    assert "conv1, map 4," in label
    assert f"greatest value is {greatest:.3f}" in label
    assert live(page).startswith("conv1, map 4, tower 1")
    assert chosen(page)[0] == "pool5"  # nothing is opened yet
    press(page, "Enter")
    assert chosen(page)[:2] == ["conv1", 3]
    press(page, "End", "ArrowDown", "Enter")
    assert chosen(page)[:2] == ["conv1", 15]


def test_a_lane_is_one_stop_of_the_tab_key(opened):
    page = opened()
    page.locator("#stage .conv .over").first.focus()
    press(page, "Tab")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "conv1, map 17, tower 2" in label


def test_a_click_on_a_small_map_opens_it_in_sight(opened):
    page = opened("layer=conv3")
    page.locator("#stage .over").nth(1).click(position={"x": 9, "y": 9})
    settle(page)
    assert chosen(page)[:2] == ["conv1", 0]
    bottom = page.evaluate(
        "document.getElementById('one-map').getBoundingClientRect().bottom"
    )
    assert bottom <= WIDE[1]


def test_a_pixel_tells_who_reads_it(opened):
    page = opened("layer=conv1")
    page.locator("#picture-over").focus()
    press(page, "ArrowDown")
    assert "Pixel in row 34, column 33" in live(page)
    page.locator(".pair canvas").first.hover(position={"x": 90, "y": 90})
    row, column, told = map(int, re.findall(r"\d+", live(settle(page)))[:3])
    true = np.prod([
        sum(2 * place <= at - 1 <= 2 * place + 4 for place in range(31))
        for at in (row, column)
    ])  # fmt: skip
    assert told == true


# ---- the address, frames, other browsers ------------------------------------


def test_the_address_keeps_the_state(opened):
    state = (
        "picture=cube-close&layer=norm2&map=40&row=5&column=6"
        "&no=relu,overlap&cover=30,31,12&with=itself"
    )
    page = opened()
    page.goto(f"{PAGE.as_uri()}#{state}")
    page.reload()
    assert chosen(settle(page)) == ["norm2", 39, 4, 5]
    assert page.locator("#no-relu").is_checked()
    assert page.locator("#cover-size").input_value() == "12"
    page.locator("#output-map").focus()
    press(page, "ArrowDown")
    page.wait_for_function("location.hash.includes('row=6')")
    assert page.url.split("#")[1] == state.replace("row=5", "row=6")


@pytest.mark.parametrize(
    ("state", "layer", "switch"),
    [
        ("layer=norm1", "norm1", None),
        ("layer=pool1", "pool1", None),
        ("no=relu", "conv2", "#no-relu"),
        ("layer=conv9&map=-1&no=all&cover=a&with=me&picture=", "conv2", None),
        ("layer=fc8&map=99&row=x", "fc8", None),
        ("%%%&&==", "conv2", None),
    ],
)
def test_chapters_lead_to_a_state_and_nonsense_to_the_default(
    opened, state, layer, switch
):
    page = opened(state)
    assert chosen(page)[0] == layer
    on = [f"#{one}" for one in SWITCHES if page.locator(f"#{one}").is_checked()]
    assert on == [switch] * bool(switch)


def test_a_new_fragment_is_followed_and_the_skipping_link_keeps_all(opened):
    page = opened("layer=pool1")
    page.evaluate("location.hash = '#layer=fc7&no=norm'")
    settle(page)
    assert chosen(page)[0] == "fc7"
    assert page.locator("#no-lrn").is_checked()
    page.locator(".skip").focus()
    press(page, "Enter")
    assert chosen(page)[0] == "fc7"


def test_part_1_alone_leads_to_the_whole_page(look):
    page = look(PAGE)
    page.goto(f"{PAGE.as_uri()}?parts=1#layer=norm1&map=3")
    settle(page)
    assert not page.locator("#one-map").is_visible()
    assert not page.locator("#one-value").is_visible()
    page.locator("#stage .over").nth(1).click(position={"x": 9, "y": 9})
    settle(page).locator("#more").click()
    settle(page)
    assert chosen(page)[:2] == ["conv1", 0]
    assert page.locator("#one-value").is_visible()


def test_in_a_frame_the_live_line_stands_below_the_drawing(look, tmp_path):
    book = tmp_path / "book.html"
    book.write_text(
        f'<!doctype html><html lang="en"><title>A chapter</title>'
        f'<iframe src="{PAGE.as_uri()}?parts=1" width="736" '
        f'height="1300"></iframe>'
    )
    inside = look(book, (800, 900)).frames[1]
    settle(inside)
    boxes = {
        name: inside.locator(name).bounding_box()
        for name in ("#stage", "#live")
    }
    below = boxes["#live"]["y"] - boxes["#stage"]["y"]
    assert 0 < below - boxes["#stage"]["height"] < 80
    assert not inside.locator("header").is_visible()
    assert not inside.locator("#extras").is_visible()


@pytest.mark.parametrize(
    "worker",
    [
        "class { constructor() { throw new Error('no'); } }",
        """class {
          postMessage({ network }) {
            if (!network) setTimeout(() => this.onerror(new Event('error')));
          }
        }""",
    ],
    ids=["none starts", "it fails later"],
)
def test_without_a_worker_the_page_computes_itself(look, opened, worker):
    page = look(PAGE)
    page.add_init_script(f"window.Worker = {worker};")
    page.reload()
    first = answer(settle(page))
    assert first == answer(opened())
    assert "own thread" in page.locator("#about").inner_text()
    page.locator("#no-relu").check()
    assert answer(settle(page)) != first


def test_the_chapters_are_called_as_they_call_themselves(opened):
    titles = opened().evaluate("words.CHAPTERS")
    for number, (name, title) in titles.items():
        text = (ROOT / "notebooks" / "src" / f"{name}.py").read_text()
        assert f"# # {number}. {title}\n" in text
    named = {int(number) for number in titles}
    assert named == {1, 2, 3, 4, 5, 6, 7, 8, 12, 13}


# ---- everyone ---------------------------------------------------------------


def test_the_whole_network_is_seen_at_once_on_a_laptop(opened):
    page = opened("cover=32,32,20")
    line = page.locator("#live").bounding_box()["y"]
    for part in ("#answer", "#stage .scale >> nth=0"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= line


def test_a_telephone_gets_one_layer_at_a_time(opened, shoot):
    page = opened("layer=conv3", NARROW)
    assert page.locator("#stage .col:visible").count() == 1
    step = page.locator(".steps button", has_text="norm2")
    step.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    step.click()
    settle(page)
    assert page.locator("#stage .norm:visible").count() == 1
    assert page.evaluate("scrollY") == before
    screens = page.evaluate(
        "['network', 'one-map', 'one-value'].map((id) => "
        "document.getElementById(id).clientHeight / innerHeight)"
    )
    assert max(screens) < 3
    shoot(page, "network-narrow")


def test_a_telephone_folds_what_it_need_not_show(opened):
    page = opened(size=NARROW)
    button, extras = page.locator("#extras-button"), page.locator("#no-relu")
    assert not extras.is_visible()
    button.press("Enter")
    assert extras.is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    button.press("Enter")
    assert not extras.is_visible()
    assert turn(page, "no=relu").locator("#no-relu").is_visible()


@pytest.mark.parametrize("state", ["", "with=bowl&cover=32,32,20"])
def test_nothing_sticks_out(opened, state):
    page = opened(state, (350, 800))
    for width in (360, 480, 736, 860, 1128, 1300):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("new Promise((done) => requestAnimationFrame(done))")
        for name in ("conv1", "pool1", "conv3", "fc8"):
            page.evaluate(f"choose.openStrongest({LAYERS.index(name)})")
            assert fits(page), (width, name)


def test_axe_finds_nothing_serious(opened, violations):
    page = opened("layer=conv2&with=itself&cover=32,32,20&no=relu")
    assert not violations(page)
    parts = {"include": [["#one-map"], ["#one-value"]]}
    for name in ("norm1", "pool1", "fc8"):
        page.locator("#layer").select_option(label=name)
        assert not violations(settle(page), parts), name


def test_axe_finds_nothing_serious_in_the_dark_on_a_telephone(
    opened, violations
):
    assert not violations(opened("layer=conv2", NARROW, dark=True))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_each_depth_is_kept_as_a_screenshot(opened, shoot, dark):
    page = opened(**({"dark": True} if dark else {}))
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) < 200) == dark
    for name in ("conv2", "norm1", "pool1", "fc8"):
        page.locator("#layer").select_option(label=name)
        shoot(settle(page), f"network-{name}-{'dark' if dark else 'light'}")


def test_side_by_side_and_framed_are_kept_as_screenshots(opened, shoot):
    shoot(opened("picture=bowl-cover&layer=conv1&with=itself"), "network-two")
    shoot(opened("layer=norm1", FRAME), "network-framed")


def draw_still(page):
    """Keeps part 1 as a picture of few colours, each near enough to its own."""
    box = page.locator("#stage").bounding_box()
    margin = 12
    clip = {
        "x": box["x"] - margin,
        "y": box["y"],
        "width": box["width"] + 2 * margin,
        "height": box["height"],
    }
    shot = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    few = shot.quantize(256, Image.Quantize.MEDIANCUT, kmeans=2, dither=0)
    few.save(STILL, optimize=True)


def test_without_scripts_there_is_a_still_picture(opened, look):
    if os.environ.get("STILL"):
        draw_still(opened(size=(1440, 1200)))
    assert STILL.stat().st_size < 80_000
    page = look(PAGE, java_script_enabled=False)
    picture = page.locator("noscript img")
    assert picture.is_visible()
    assert not page.locator("#picture-legend").is_visible()
    assert len(picture.get_attribute("alt")) > 80
    with Image.open(STILL) as still:
        size = still.size
    width, height = (int(picture.get_attribute(s)) for s in ("width", "height"))
    assert (width, height) == size
