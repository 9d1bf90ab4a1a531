"""Two devices, live: its counts, its model of time, its page in a browser."""

import functools
import itertools
import re

import build_devices
import pytest

from alexnet_keras import costs, shapes
from alexnet_keras.networks import ALEXNET
from website.conftest import EXPLORE, NARROW, WIDE, fits, node
from website.live import (
    FRAME,
    goes_to,
    keeps_its_state_when_a_link_skips,
    met,
    says,
)

FOLDER = EXPLORE / "devices"
PAGE = FOLDER / "index.html"
START = {
    "batch": 128,
    "speed": 10,
    "link": 10,
    "latency": 0,
    "memory": 3,
    "overlap": False,
}
WAYS = "one", "replicas", "split"
LINES = [x for x in shapes.table(ALEXNET) if x.multiply_adds]
CROSSINGS = {line.name: line for line in costs.crossings(ALEXNET)}


def model(expression, given=None):
    return node(FOLDER / "model.js", expression, given)


@functools.cache
def grid():
    """Settings of all kinds, and what the page's model makes of them."""
    values = (2, 64, 100, 1040), (0.1, 10), (0.125, 100), (0, 50), (1, 3)
    tried = [
        dict(zip(START, (*numbers, overlap), strict=True))
        for *numbers, overlap in itertools.product(*values, (False, True))
    ]
    found = model(
        """given.map((s) => its.WAYS.map((way) => ({
          time: its.time(way, s), fits: its.fits(way, s),
          memory: its.memory(way, s), largest: its.largest(way, s),
          lanes: its.timeline(way, s), best: its.fastest(s),
        })))""",
        tried,
    )
    return tried, found


def chapter_11(batch, n, link=10, overlap=False, speed=10, latency=0):
    """The phases of chapter 11, in milliseconds; it has no latency."""
    images = batch / n
    work = sum(line.multiply_adds for line in shapes.table(ALEXNET))
    traffic = costs.traffic(ALEXNET, devices=n)
    sent = 4 * sum(line.data_parallel for line in traffic) / n
    forward = 1e3 * images * 2 * work / (speed * 1e12)
    talk = 1e3 * sent / (link * 1e9) + 2 * (n - 1) * latency / 1e3
    return {
        "input": 1e3 * images * 4 * 227 * 227 * 3 / 10e9,
        "forward": forward,
        "backward": 2 * forward,
        "all-reduce": max(talk - (2 * forward if overlap else 0), 0),
        "update": 1e3 * 5 * 4 * 60_965_224 / 500e9,
    }


def split_by_clock(batch, speed, link, latency, **_):
    """The time of a step of two towers: who waits for whom, layer by layer."""

    def wait(clocks, line, swap=False):
        floats = (line.to_second, line.to_first)  # what GPU 1 and 2 send
        sent = floats[::-1] if swap else floats
        longest = max(4e-6 * batch * count / link for count in sent)
        return [max(clocks) + longest + latency / 1e3] * 2

    def compute(clocks, line, times):
        halves = (1, 0) if line.name == "fc8" else (0.5, 0.5)
        length = 2 * line.multiply_adds * batch / (speed * 1e9) * times
        pairs = zip(clocks, halves, strict=True)
        return [t + half * length for t, half in pairs]

    clocks = [1e3 * batch * 4 * 227 * 227 * 3 / 10e9] * 2
    for line in LINES:
        if line.name in CROSSINGS:
            clocks = wait(clocks, CROSSINGS[line.name])
        clocks = compute(clocks, line, 1)
    clocks = [max(clocks)] * 2
    for line in reversed(LINES):
        clocks = compute(clocks, line, 2)
        if line.name in CROSSINGS:
            clocks = wait(clocks, CROSSINGS[line.name], swap=True)
    weights = [
        sum(line.weights for line in costs.memory(ALEXNET, tower=tower))
        for tower in (1, 2)
    ]
    pairs = zip(clocks, weights, strict=True)  # bytes
    return max(t + 5e3 * size / 500e9 for t, size in pairs)


def test_the_committed_counts_are_the_packages():
    text = (FOLDER / "costs.js").read_text()
    assert text == build_devices.text(), "run tools/build_devices.py"


def test_work_and_weights_add_up_to_the_networks():
    rows = node(FOLDER / "costs.js", "its")
    for key, total in (("weights", 60_965_224), ("work", 724_406_816)):
        whole, first, second = (sum(x[key][i] for x in rows) for i in range(3))
        assert whole == first + second == total


def test_times_are_those_of_chapter_11_and_of_a_clock_for_the_split():
    tried, found = grid()
    for s, ways in zip(tried, found, strict=True):
        rest = {x: s[x] for x in ("link", "overlap", "speed", "latency")}
        one = sum(chapter_11(s["batch"], 1, **rest).values())
        two = sum(chapter_11(s["batch"], 2, **rest).values())
        times = [way["time"] for way in ways]
        assert times == pytest.approx([one, two, split_by_clock(**s)])


def test_bars_end_when_the_step_ends_and_do_not_overlap():
    for way in itertools.chain(*grid()[1]):
        lanes = way["lanes"]
        last = max(x["to"] for lane in lanes for x in lane["computes"])
        assert last == pytest.approx(way["time"])
        for lane, kind in itertools.product(lanes, ("computes", "sends")):
            for before, after in itertools.pairwise(lane[kind]):
                assert before["to"] <= after["from"] * (1 + 1e-12)


def test_a_layer_that_reads_both_towers_waits_for_what_it_reads():
    lanes = model("its.timeline('split', given)", START)
    sent = {x["what"]: x["to"] for lane in lanes for x in lane["sends"]}
    for lane, name in itertools.product(lanes, ("conv3 to conv5", "fc6")):
        begins = {x["what"]: x["from"] for x in lane["computes"]}
        came = sent[f"activations for {name}"]
        assert begins[f"forward, {name}"] == pytest.approx(came)
    sends = [
        [x["what"] for x in lane["sends"] if "fc8" in x["what"]]
        for lane in lanes
    ]
    assert sends == [["gradients of fc8"], ["activations for fc8"]]


def test_memory_and_what_fits_are_the_packages():
    tried, found = grid()
    for s, ways in zip(tried, found, strict=True):
        half, whole = s["batch"] // 2, s["batch"]
        held = {
            "one": [costs.memory(ALEXNET, batch_size=whole)],
            "replicas": [costs.memory(ALEXNET, batch_size=half)] * 2,
            "split": [
                costs.memory(ALEXNET, batch_size=whole, tower=tower)
                for tower in (1, 2)
            ],
        }
        for name, way in zip(WAYS, ways, strict=True):
            expected = [
                {part: sum(getattr(x, part) for x in lines) for part in parts}
                for lines in held[name]
                for parts in [costs.Memory._fields[1:]]
            ]
            assert [one["parts"] for one in way["memory"]] == expected
            most = max(sum(parts.values()) for parts in expected)
            assert way["fits"] == (most <= s["memory"] * 2**30)
            assert way["fits"] == (way["largest"] >= s["batch"])
        fitting = [x for x in ways if x["fits"]]
        least = min(fitting, key=lambda x: x["time"], default=None)
        best = WAYS[ways.index(least)] if least else None
        assert ways[0]["best"] == best


def test_the_numbers_that_chapter_11_prints():
    given = [{**START, "batch": b} for b in (32, 128, 512, 2048)]
    given += [{**START, "overlap": True}]
    given += [{**START, "link": link} for link in (99, 100)]
    given += [{**START, "batch": batch} for batch in (98, 99)]
    ratio = "given.map((s) => its.time('one', s) / its.time('replicas', s))"
    *printed, slow, fast, small, large = model(ratio, given)
    assert [round(x, 2) for x in printed] == [0.53, 1.13, 1.67, 1.90, 1.65]
    assert slow < 1.8 <= fast
    assert small < 1 < large


def test_the_numbers_that_chapter_12_prints():
    sent = "its.WAYS.map((way) => its.sent(way, given).reduce((a, b) => a + b))"
    bytes_sent = model(sent, START)
    assert [round(x / 1e6) for x in bytes_sent] == [0, 488, 60]
    lines = [line.bytes() for line in costs.traffic(ALEXNET)]
    assert bytes_sent[1] == sum(line.data_parallel for line in lines)
    assert bytes_sent[2] == sum(line.split for line in lines)
    at = "[1039, 1040].map((batch) => its.sent('split', {batch})[0])"
    below, above = model(at)
    assert below < bytes_sent[1] / 2 <= above
    largest = model("its.WAYS.map((way) => its.largest(way, given))", START)
    assert largest == [440, 880, 867]


def test_a_slow_link_a_small_batch_and_latency_make_the_second_not_pay():
    s = [
        {**START, "link": 0.1},
        {**START, "batch": 2},
        {**START, "batch": 2, "latency": 1000},
    ]
    found = model(
        "given.map((s) => its.WAYS.map((way) => its.time(way, s)))", s
    )
    (one, two, split), (one_small, two_small, _), late = found
    assert one < min(two, split)
    assert one_small < two_small
    assert late[0] < min(late[1:])


def test_sliders_have_the_chapters_values_and_rising_positions():
    ranges = node(FOLDER / "settings.js", "its.RANGES")
    for name, one in ranges.items():
        assert one["positions"] == sorted(set(one["positions"]))
        assert one["start"] in one["positions"], name
    assert all(batch % 2 == 0 for batch in ranges["batch"]["positions"])
    assert {98, 102, 128, 512, 2048} <= set(ranges["batch"]["positions"])
    assert {0.5, 10} <= set(ranges["speed"]["positions"])
    assert {8, 10, 100} <= set(ranges["link"]["positions"])


@pytest.mark.parametrize(
    "fragment",
    [
        "",
        "#",
        "#batch=banana&speed=&link=-3",
        "#batch=1e9&memory=NaN&overlap=maybe",
        "#batch=12.5&%%%=3&latency=Infinity&speed=+",
    ],
)
def test_a_fragment_without_sense_is_the_start(fragment):
    read = node(FOLDER / "settings.js", "its.read(given)", fragment)
    assert read == START


def test_a_fragment_keeps_what_was_set():
    state = dict(zip(START, (98, 0.5, 8, 50, 80, True), strict=True))
    there = "its.read(its.write(given))"
    assert node(FOLDER / "settings.js", there, state) == state
    partly = node(FOLDER / "settings.js", "its.read('#link=450')")
    assert partly == {**START, "link": 450}


def test_the_still_picture_is_the_start():
    text = (FOLDER / "still.svg").read_text()
    lanes = model("its.WAYS.map((way) => its.timeline(way, given)[0])", START)
    assert text == build_devices.still(lanes), "run tools/build_devices.py"
    times = model("its.WAYS.map((way) => its.time(way, given))", START)
    for took in times:
        assert f": {took:.1f} ms<" in text
        assert f"{took:.1f} ms" in PAGE.read_text()


# In a browser


def press(page, name, key, times=1):
    page.focus(f"#{name}")
    for _ in range(times):
        page.keyboard.press(key)


def test_the_live_line_says_the_models_times(look):
    page = look(PAGE)
    line = says(page, "the split of 2012 is fastest: 40.3 ms.")
    assert "One device takes 66.0 ms, two replicas take 58.6 ms." in line
    assert "All three fit." in line
    facts = page.locator(".facts").all_inner_texts()
    assert "1.13 times as fast. Each sends 244 MB in 2 mess" in facts[1]
    assert "1.64 times as fast. Each sends 30.0 MB in 8 mess" in facts[2]


def test_arrow_keys_change_a_slider_and_what_follows(look):
    page = look(PAGE)
    for name, key, value in (
        ("batch", "ArrowLeft", 124),
        ("speed", "ArrowRight", 12),
        ("link", "ArrowDown", 8),
        ("latency", "ArrowRight", 1),
        ("memory", "ArrowUp", 4),
        ("overlap", "Space", True),
    ):
        goes_to(page, "overlap=0")  # all else as at the start
        press(page, name, key)
        says(page)
        assert f"{name}={value:d}" in page.url
        state = {**START, name: value}
        times = model("its.WAYS.map((way) => its.time(way, given))", state)
        shown = page.locator(".facts").all_inner_texts()
        for took, text in zip(times, shown, strict=True):
            ms = float(text.split(" ms")[0])
            assert ms == pytest.approx(took, rel=6e-3)
        if name != "overlap":
            words = page.get_attribute(f"#{name}", "aria-valuetext")
            assert words == page.inner_text(f"#{name}-value")
            assert str(value) in words


def test_a_small_batch_makes_replicas_slower_and_is_found(look):
    page = look(PAGE)
    press(page, "batch", "ArrowLeft", 9)  # 98 pictures
    line = says(page, "Found: replicas slower than one device.")
    assert "With 98 pictures a step" in line
    assert met(page) == 1
    badge = page.inner_text('[data-way="replicas"] .badge')
    assert badge == "does not pay"


def preset(page, name):
    return page.locator("#presets").get_by_role("button", name=name)


def test_every_goal_can_be_found_by_keyboard(look):
    page = look(PAGE)
    press(page, "batch", "ArrowLeft", 9)  # replicas slower
    press(page, "batch", "Home")
    press(page, "link", "Home")  # one device
    press(page, "link", "End")
    press(page, "batch", "PageUp", 7)  # replicas; then only two fit
    press(page, "link", "Home")
    preset(page, "H100").press("Enter")
    press(page, "batch", "Home")  # the split, on two H100
    says(page, "Found: the split fastest on H100.")
    assert met(page) == page.locator("#goals li").count() == 5


def test_nothing_is_found_by_opening_a_state_or_by_a_preset(look):
    page = look(f"{PAGE}#batch=2&link=0.01")
    preset(page, "Two machines").click()
    preset(page, "Chapter 11").click()
    assert "Found" not in says(page)
    assert met(page) == 0


def test_the_skip_link_keeps_the_state(look):
    page = look(f"{PAGE}#batch=64&link=3")
    assert keeps_its_state_when_a_link_skips(page, "step")


def test_presets_set_what_they_say_and_keep_the_batch(look):
    page = look(f"{PAGE}#batch=64")
    sources = page.locator("#sources li").all_inner_texts()
    for name, words in {
        "2012: GTX 580": "five to six days",
        "Two machines, 1 Gbit/s": "chapter 14",
        "H100 with NVLink": "NVIDIA’s specification",
        "Chapter 11": "round numbers",
    }.items():
        preset(page, name).click()
        assert "64 pictures" in says(page)
        pressed = page.locator("[aria-pressed=true]").all_inner_texts()
        assert pressed == [name]
        said = [line for line in sources if line.startswith(f"{name}:")]
        assert words in said[0]
        assert "batch=64" in page.url
    press(page, "speed", "ArrowRight")
    assert page.locator("[aria-pressed=true]").count() == 0


def test_the_gtx_speed_is_half_of_what_the_paper_reached():
    script = (FOLDER / "page.js").read_text()
    sets = re.search(r'"2012: GTX 580".*speed: ([\d.]+)', script)[1]
    operations = 90 * 1_200_000 * 3 * 2 * 724_406_816
    both = operations / (5.5 * 24 * 60 * 60)
    assert float(sets) * 1e12 == pytest.approx(both / 2, rel=0.02)


def test_what_does_not_fit_is_said(look, shoot):
    page = look(f"{PAGE}#batch=512")
    line = says(page, "Too large for the memory: one device.")
    assert "two replicas are fastest" in line
    badges = page.locator(".badge").all_inner_texts()
    assert badges == ["does not fit", "fastest", ""]
    bars = page.locator(".holds").all_inner_texts()
    assert ["does not fit" in bar for bar in bars] == [True] + 3 * [False]
    assert "one device 440, replicas 880, split 867" in page.inner_text("#bars")
    press(page, "batch", "End")
    says(page, "nothing fits into the memory")
    shoot(page, "devices-nothing-fits")


def test_a_click_on_the_map_goes_there(look):
    page = look(PAGE)
    box = page.locator("#map").bounding_box()
    page.locator("#map").click(position={"x": 45, "y": box["height"] - 37})
    says(page, "With 2 pictures")
    assert "batch=2&" in page.url
    assert "link=0.01&" in page.url
    label = page.get_attribute("#map", "aria-label")
    assert label.endswith("At your point: one device.")


def test_the_table_says_what_the_bars_show(look):
    page = look(PAGE)
    page.click("summary")
    rows = {
        row.locator("th").inner_text(): row.locator("td").all_inner_texts()
        for row in page.locator("tbody tr").all()
    }
    assert rows["input"] == ["7.91 ms", "3.96 ms", "7.91 ms"]
    assert rows["sends or waits"] == ["0 ms", "24.4 ms", "3.11 ms"]
    assert rows["the whole step"] == ["66.0 ms", "58.6 ms", "40.3 ms"]
    assert rows["largest batch that fits"] == ["440", "880", "867"]


def test_a_reload_and_a_new_fragment_keep_the_state(look):
    page = look(f"{PAGE}#batch=98&latency=50&overlap=1")
    page.reload()
    assert page.inner_text("#batch-value") == "98 pictures"
    assert page.inner_text("#latency-value") == "50 µs"
    assert page.is_checked("#overlap")
    goes_to(page, "nonsense&batch=x")
    assert page.inner_text("#batch-value") == "128 pictures"
    assert not page.is_checked("#overlap")


@pytest.mark.parametrize("size", [WIDE, FRAME, NARROW])
@pytest.mark.parametrize("fragment", ["", "#batch=8192&speed=0.01&link=0.01"])
def test_it_fits_and_controls_are_large_enough(look, shoot, size, fragment):
    page = look(f"{PAGE}{fragment}", size)
    if not fragment:
        shoot(page, f"devices-{size[0]}")
    page.click("summary")
    assert fits(page)
    assert page.evaluate("""[...document.querySelectorAll(
      'main button, main input, main summary')].every((one) => {
        const box = (one.closest('label') || one).getBoundingClientRect();
        return box.width >= 24 && box.height >= 24;
      })""")
    over = page.evaluate("""[...document.querySelectorAll(
      '#sliders *, #ways svg text')].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.right > innerWidth || box.left < 0;
      }).length""")
    assert over == 0


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(look, violations, shoot, dark):
    page = look(PAGE, dark=dark)
    assert violations(page) == []
    shoot(page, f"devices-{'dark' if dark else 'light'}")
    preset(page, "GTX").click()
    press(page, "batch", "PageUp", 4)
    page.click("summary")
    assert violations(page) == []


def test_without_javascript_there_is_a_picture_and_the_chapter(look):
    page = look(PAGE, NARROW, java_script_enabled=False)
    assert page.locator("img").is_visible()
    assert page.locator("noscript a").is_visible()
    assert page.locator("main").is_hidden()
    picture = page.locator("img").bounding_box()
    assert picture["width"] <= NARROW[0] - 16
