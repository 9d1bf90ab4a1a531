"""Size, live: its arithmetic against the package's, its page in a browser."""

import itertools
import re

import keras
import numpy as np
import pytest

from alexnet_keras import networks, shapes
from alexnet_keras.rows import Conv, Pool
from website.conftest import EXPLORE, NARROW, WIDE, fits, node
from website.live import (
    FRAME,
    goes_to,
    keeps_its_state_when_a_link_skips,
    met,
    says,
)

FOLDER = EXPLORE / "size"
PAGE, SCRIPT = FOLDER / "index.html", FOLDER / "sizes.js"


def settings():
    """Thousands of settings, those among them that do not fit."""
    grid = itertools.product(
        (1, 2, 7, 13, 26, 27, 54, 55, 63, 223, 224, 225, 226, 227, 256),
        (1, 2, 3, 4, 5, 11, 16),
        (1, 2, 3, 4, 5, 8),
        (0, 1, 2, 5, 8, "same"),
        ("down", "up"),
    )
    names = "size", "filter", "stride", "padding", "rounding"
    return [dict(zip(names, numbers, strict=True)) for numbers in grid]


def answer_of(function, *arguments):
    """Gives a function's value, or its error without what was received."""
    try:
        return function(*arguments)
    except ValueError as error:
        return re.sub(r" Received:.*?\. (?=Use)", " ", str(error))


def by_package(setting):
    return answer_of(shapes.output_size, *setting.values())


def pads(setting):
    """The zeros at both ends, by TensorFlow's rule for "same"."""
    size, filter_size, stride, padding, _ = setting.values()
    if padding != "same":
        return padding, padding
    over = size % stride or stride
    both = max(filter_size - over, 0)
    return both // 2, both - both // 2


def test_sizes_and_errors_are_the_packages():
    tried = settings()
    found = node(
        SCRIPT,
        """given.map((one) => {
          try { return its.outputSize(one); } catch (e) { return e.message; }
        })""",
        tried,
    )
    assert len(tried) > 7000
    assert found == [by_package(setting) for setting in tried]
    assert any(isinstance(one, str) for one in found)


@pytest.mark.parametrize(
    "setting",
    [{"size": 0}, {"filter": 0}, {"stride": -1}, {"rounding": "nearest"}],
)
def test_what_the_package_refuses_the_page_refuses(setting):
    whole = dict(size=9, filter=3, stride=2, padding=0, rounding="down")
    whole |= setting
    with pytest.raises(ValueError, match="must be"):
        shapes.output_size(*whole.values())
    said = node(
        SCRIPT,
        "(() => { try { its.outputSize(given) } catch (e) { return e.message }"
        "})()",
        whole,
    )
    assert "must be" in said


def test_every_pixel_is_read_as_often_as_counting_says():
    tried = [one for one in settings() if isinstance(by_package(one), int)]
    found = node(
        SCRIPT,
        """given.map((one) => {
          const { before, after, starts, counts, unread, lacks, hangs } =
            its.layout(one);
          return [before, after, starts, counts, unread, lacks, hangs];
        })""",
        tried,
    )
    for setting, (before, after, starts, counts, *rest) in zip(
        tried, found, strict=True
    ):
        size, filter_size, stride, padding, rounding = setting.values()
        assert (before, after) == pads(setting)
        step = np.arange(by_package(setting)) * stride - before
        assert starts == step.tolist()
        pixels = np.arange(size)[:, None]
        read = (step <= pixels) & (pixels < step + filter_size)
        assert counts == read.sum(axis=1).tolist()
        assert rest[0] == np.flatnonzero(~read.any(axis=1)).tolist()
        if padding != "same":
            padded = size + 2 * padding
            lacks = shapes.overhang(padded, filter_size, stride)
            assert rest[1:] == [lacks, rounding == "up" and lacks > 0]
            if rounding == "down":
                assert counts == shapes.times_read(
                    size, filter_size, stride, padding
                )


@pytest.mark.parametrize("size", [13, 224, 227])
@pytest.mark.parametrize(("filter_size", "stride"), [(11, 4), (3, 2), (2, 5)])
def test_same_pads_as_keras_does(size, filter_size, stride):
    """A filter of ones on a row of ones counts the pixels under it."""
    ones = np.ones((1, size, 1)), np.ones((filter_size, 1, 1))
    by_keras = keras.ops.conv(*ones, strides=stride, padding="same")
    setting = dict(size=size, filter=filter_size, stride=stride)
    setting |= dict(padding="same", rounding="down")
    found = node(SCRIPT, "its.layout(given).starts", setting)
    inside = [min(start + filter_size, size) - max(start, 0) for start in found]
    assert inside == np.array(by_keras).ravel().tolist()


def sized(name):
    rows = networks.NETWORKS[name].layers
    return [row for row in rows if isinstance(row, Conv | Pool)]


def test_the_tables_are_the_packages_networks():
    found = node(SCRIPT, "its.NETWORKS")
    for name, rows in found.items():
        size = networks.NETWORKS[name].size
        theirs = []
        for row in sized(name):
            plain = row._replace(rounding="down")  # the zeros before rounding
            before, after = shapes.zeros(plain, size)
            assert before == after
            theirs.append(
                {
                    "name": row.name,
                    "filter": row.filter_size,
                    "stride": row.stride,
                    "padding": before,
                    "rounding": row.rounding,
                }
            )
        assert rows == theirs
    assert node(SCRIPT, "its.INPUT") == {
        name: networks.NETWORKS[name].size for name in found
    }


def rounded(name, rounding=None):
    rows = sized(name)
    return [row._replace(rounding=rounding or row.rounding) for row in rows]


def test_the_chain_is_the_packages_table_from_every_size():
    ways = (
        rounded("two-tower", "down"),
        rounded("caffe"),
        rounded("two-tower", "up"),
    )
    found = node(
        SCRIPT,
        """Array.from({ length: 320 }, (_, at) => its.WAYS.map(({ rows }) => {
          const { lines, numbers, error } = its.chain(rows, at + 1);
          return error || [...lines.map(({ size }) => size), numbers];
        }))""",
    )
    for size, each in enumerate(found, 1):
        for rows, answer in zip(ways, each, strict=True):
            lines = answer_of(shapes.table, rows, size)
            if not isinstance(lines, str):
                sizes = [line.output_shape[0] for line in lines[1:]]
                lines = [*sizes, np.prod(lines[-1].output_shape)]
            assert answer == lines
    assert (found[223][0][-1], found[226][0][-1]) == (6400, 9216)


def set_number(page, name, value):
    page.fill(f"#{name}-number", str(value))


def test_each_control_changes_the_number_of_places(look):
    page = look(PAGE)
    setting = dict(size=224, filter=11, stride=4, padding=0, rounding="down")

    def holds():
        count = by_package(setting)
        places = f"{count} place{'s' * (count != 1)}"
        says(page, f": {places}.")
        assert page.inner_text("#formula strong") == places

    holds()
    changes = {"size": 113, "filter": 7, "stride": 3, "padding": 2}
    for name, value in changes.items():
        setting[name] = value
        set_number(page, name, value)
        holds()
        assert page.input_value(f"#{name}") == str(value)
    page.check("input[value=up]")
    setting["rounding"] = "up"
    holds()
    page.check("#same")
    setting["padding"] = "same"
    holds()
    assert page.is_disabled("#padding")
    assert page.is_disabled("input[value=up]")


def test_arrow_keys_alone_find_55(look):
    page = look(PAGE)
    page.focus("input[value=down]")
    page.keyboard.press("ArrowRight")
    assert "55 places. Place 55 lacks 3 pixels" in says(page, "55 places")
    page.keyboard.press("ArrowLeft")
    page.focus("#size")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert "227 pixels" in says(page, "55 places. Every pixel is read")


def test_goals_are_found_by_hand(look):
    page = look(PAGE)
    says(page)
    assert met(page) == 0
    page.check("input[value=up]")
    says(page, "Found: 55 from 224, rounded up.")
    page.check("input[value=down]")
    set_number(page, "padding", 2)
    says(page, "Found: 55 from 224, rounded down.")
    page.check("#same")
    says(page, "Found: 56 from 224.")
    page.uncheck("#same")
    set_number(page, "padding", 0)
    set_number(page, "size", 227)
    says(page, "Found: 55 with no fraction.")
    set_number(page, "filter", 2)
    says(page, "Found: an unread pixel in the middle.")
    assert met(page) == page.locator("#goals li").count() == 5


def test_no_button_finds_a_goal(look):
    page = look(f"{PAGE}#size=13&filter=2&stride=3")
    for button in page.locator(".presets button").all():
        button.click()
    assert "Found" not in says(page)
    assert met(page) == 0


def test_the_skip_link_keeps_the_state(look):
    page = look(f"{PAGE}#size=30&filter=3")
    assert keeps_its_state_when_a_link_skips(page, "chain")
    assert page.input_value("#size") == "30"


def test_a_filter_that_does_not_fit_says_so_as_the_package_does(look):
    page = look(PAGE)
    set_number(page, "size", 8)
    said = says(page, "does not fit an input of 8")
    size = dict(size=8, filter=11, stride=4, padding=0, rounding="down")
    assert said == by_package(size)
    assert page.inner_text("#formula strong") == "0 places"


def test_three_have_conv1_with_55_places(look):
    page = look(PAGE)
    for name in ("the paper", "Caffe", "torchvision"):
        page.get_by_role("button", name=name, exact=True).click()
        says(page, "55 places")
        pressed = page.locator("[aria-pressed=true]").all_inner_texts()
        assert name in pressed


def test_a_layers_button_sets_what_the_package_has(look):
    page = look(PAGE)
    lines = shapes.table(sized("two-tower"), 227)
    for before, row, line in zip(
        lines, sized("two-tower"), lines[1:], strict=False
    ):
        if row.name not in ("pool1", "conv2", "pool2", "pool5"):
            continue
        page.get_by_role("button", name=row.name, exact=True).click()
        says(page, f"{before.output_shape[0]} pixels, ")
        assert page.input_value("#filter") == str(row.filter_size)
        says(page, f": {line.output_shape[0]} places.")


def test_the_chain_follows_its_slider(look):
    page = look(PAGE)
    for size in (227, 224, 150):
        set_number(page, "input", size)
        rows = page.locator("#maps tbody tr")
        shown = [
            rows.nth(at).locator("td.result b").inner_text()
            for at in range(rows.count())
        ]
        ways = rounded("two-tower", "down"), rounded("caffe")
        ways += (rounded("two-tower", "up"),)
        assert shown == [
            str(np.prod(shapes.table(way, size)[-1].output_shape))
            for way in ways
        ]
        says(page, f"from {size} pixels: rounded down {shown[0]}")
    set_number(page, "input", 60)
    assert page.inner_text("#error").startswith("pool5: A filter of 3 pixels")


def test_the_address_keeps_the_state(look):
    page = look(f"{PAGE}#size=30&filter=3&stride=2&padding=1&rounding=up")
    says(page, "30 pixels, a filter of 3, a stride of 2, 1 zero at each end")
    set_number(page, "input", 231)
    page.check("#same")
    says(page)
    address = page.evaluate("location.hash")
    page.reload()
    says(page, "30 pixels, a filter of 3, a stride of 2, padding “same”: 15")
    assert page.evaluate("location.hash") == address
    assert page.input_value("#input") == "231"


def test_an_address_that_makes_no_sense_starts_anew(look):
    page = look(f"{PAGE}#nonsense")
    start = "224 pixels, a filter of 11, a stride of 4, no padding"
    says(page, start)
    for bad in ("size=-4", "size=1e9", "filter=%00", "padding=same&x=<b>"):
        assert goes_to(page, "size=30&padding=1").startswith("30 pixels")
        assert goes_to(page, bad).startswith(start)


def test_a_number_out_of_range_changes_nothing(look):
    page = look(PAGE)
    for value in ("", "-1", "1e3", "0", "999"):
        set_number(page, "size", value)
        page.keyboard.press("Tab")
        assert page.input_value("#size-number") == "224"
        assert page.inner_text("#formula strong") == "54 places"


LOOKS = {
    "light": (WIDE, False, ""),
    "dark": (WIDE, True, "rounding=up"),
    "frame": (FRAME, False, "size=13&filter=5&stride=3&padding=2"),
    "narrow": (NARROW, False, ""),
    "unfit": (NARROW, True, "size=8&input=60"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_it_fits_and_axe_finds_nothing(look, violations, shoot, name):
    size, dark, fragment = LOOKS[name]
    page = look(f"{PAGE}#{fragment}", size, dark)
    says(page, "pixels")
    assert fits(page)
    assert violations(page) == []
    shoot(page, f"size-{name}")


@pytest.mark.parametrize("size", [WIDE, FRAME])
def test_nothing_jumps_when_a_slider_moves(look, size):
    page = look(PAGE, size)
    heights = set()
    for pixels in (8, 13, 60, 224, 227):
        set_number(page, "size", pixels)
        box = page.locator("#chain").bounding_box()
        heights.add(round(box["y"]))
    assert len(heights) == 1


def test_without_scripts_a_picture_stands_in(look):
    page = look(PAGE, java_script_enabled=False)
    picture = page.locator("noscript img")
    assert picture.evaluate("(one) => one.naturalWidth") > 0
    assert not page.is_visible("main")
    assert "224" in picture.get_attribute("alt")


def test_the_still_picture_stands_places_where_the_package_does():
    """A pixel is 26 wide; a bar is its place, and says what it lacks."""
    drawn = (FOLDER / "still.svg").read_text()
    numbers = re.findall(r'x="([\d.]+)" y="\d+"[^>]*>(\d+)<', drawn)
    zero = {round(float(x) - 12.5 - 26 * int(n), 6) for x, n in numbers}
    assert len(zero) == 1
    bars = re.findall(r'x="(\d+)" y="\d+" width="(\d+)" height="26"', drawn)
    covered = [
        [(int(x) - min(zero)) / 26, int(width) / 26] for x, width in bars
    ]
    lacks = shapes.overhang(224, 11, 4)
    two_at_224 = [[212, 11], [216, 11 - lacks], [224, lacks]]
    assert covered == [*two_at_224, [212, 11], [216, 11]]
    assert f"lacks {lacks}" in drawn
    assert shapes.output_size(227, 11, 4) == 55
