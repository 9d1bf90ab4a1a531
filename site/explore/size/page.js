/* The page: what is set, its controls, and what it says. */

(function () {
  "use strict";

  const { byId, plural } = live;
  const { whole, named } = fragment;
  const DIALS = ["size", "filter", "stride", "padding", "input"];
  const ROUNDINGS = { down: "down", up: "up" };
  const START = { size: 224, filter: 11, stride: 4, padding: 0, rounding: "down", input: 224 };
  const CORNER = 160; // the drawing of a picture's corner, in CSS pixels
  const state = { ...START, same: false };
  const inRange = Object.fromEntries(DIALS.map((name) =>
    [name, whole(Number(byId(name).min), Number(byId(name).max))]));
  const readers = {
    ...inRange, rounding: named(ROUNDINGS),
    padding: (text) => text === "same" ? "same" : inRange.padding(text),
  };

  function setting() {
    const { size, filter, stride, padding, rounding, same } = state;
    return { size, filter, stride, padding: same ? "same" : padding, rounding };
  }

  function solve() {
    try {
      return sizes.layout(setting());
    } catch (error) {
      return { ...setting(), error: error.message };
    }
  }

  // ---- what is said -----------------------------------------------------------

  function fraction(top, bottom, name = "") {
    return `<span class="fraction ${name}"><span>${top}</span>`
      + `<span class="unseen"> divided by </span><span>${bottom}</span></span>`;
  }

  function formula(shown) {
    const { size, filter, stride, padding, rounding, count, steps, rest } = shown;
    const places = `<strong>${plural(count || 0, "place")}</strong>`;
    if (padding === "same") {
      return `${fraction(size, stride)} <span>rounded up, as “same” does =</span> ${places}`;
    }
    const top = fraction(`${size} + 2 × ${padding} − ${filter}`, stride);
    if (shown.error) return `${top} <span>is less than 0:</span> ${places}`;
    const exact = rest ? `${steps} ${fraction(rest, stride, "small")}` : `${steps}`;
    const last = rest && rounding === "up" ? steps + 1 : steps;
    const how = rest ? `, rounded ${rounding} <b>${last}</b>` : "";
    return `${top}<span>= ${exact} ${steps === 1 && !rest ? "step" : "steps"}${how}</span>`
      + `<span>+ <b>1</b> =</span> ${places}`;
  }

  /* What became of the row's end, in a sentence. */
  function theEnd({ unread, hangs, lacks, filter, count, starts }) {
    const last = starts[count - 1] + filter;
    const middle = unread.filter((pixel) => pixel < last).length;
    if (middle) {
      const where = middle === unread.length ? "all" : middle;
      return `No place reads ${plural(unread.length, "pixel")}, ${where} of them between places.`;
    }
    if (hangs) return `Place ${count} lacks ${plural(lacks, "pixel")} and reads zeros there.`;
    if (unread.length === 1) return `No place reads pixel ${unread[0]}.`;
    if (unread.length) {
      const joint = unread.length === 2 ? "and" : "to";
      return `No place reads pixels ${unread[0]} ${joint} ${unread[unread.length - 1]}.`;
    }
    return lacks ? "Only zeros are left over." : "Every pixel is read.";
  }

  function sentence(shown) {
    const { size, filter, stride, padding, rounding, error, count } = shown;
    if (error) return error;
    const zeros = { same: "padding “same”", 0: "no padding" }[padding]
      || `${plural(padding, "zero")} at each end`;
    const round = padding === "same" ? "" : `, rounded ${rounding}`;
    return `${plural(size, "pixel")}, a filter of ${filter}, a stride of ${stride}, ${zeros}`
      + `${round}: ${plural(count, "place")}. ${theEnd(shown)}`;
  }

  // ---- the corner -------------------------------------------------------------

  function cornerSays({ error, counts }) {
    if (error) return "No pixel is read.";
    const [least, most] = [Math.min(...counts) ** 2, Math.max(...counts) ** 2];
    const last = counts[counts.length - 1] ** 2;
    const numbers = least === most
      ? `Each pixel is read by ${plural(most, "place")}.`
      : `Its last pixel is read by ${plural(last, "place")}, no pixel by more than ${most}.`;
    return "In both directions: the picture’s lower right corner, bluer where more places "
      + `read a pixel. ${numbers}`;
  }

  /* The lower right corner of the picture, by how often each pixel is read. */
  function corner(shown) {
    const text = cornerSays(shown);
    byId("use-caption").textContent = text;
    byId("use").setAttribute("aria-label", text);
    const context = draw.fit(byId("use"), CORNER, CORNER);
    if (shown.error) return;
    const ends = shown.counts.slice(-24);
    const side = ends.length;
    const most = Math.max(...shown.counts);
    const cell = CORNER / side;
    const values = ends.flatMap((down) => ends.map((across) => down * across));
    draw.map(context, values, [side, side, 1], 0, 2.2 * most * most, [0, 0, CORNER, CORNER]);
    if (side > 16) return;
    context.fillStyle = getComputedStyle(document.body).color;
    context.font = `${Math.min(13, 0.5 * cell)}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    values.forEach((value, at) => context.fillText(value,
      (at % side + 0.5) * cell, (Math.floor(at / side) + 0.5) * cell));
  }

  // ---- all of it --------------------------------------------------------------

  const findGoals = live.goals(sizes.GOALS);
  const presses = Object.entries(sizes.presets()).map(([holder, list]) =>
    live.choice(holder, list, ({ name }) => name, choose));
  const pressInput = live.choice("inputs", [224, 227], (size) => size,
    (input) => change({ input }, false));

  function controls() {
    for (const name of DIALS) {
      byId(name).value = state[name];
      const number = byId(`${name}-number`);
      if (document.activeElement !== number) number.value = state[name];
    }
    byId("same").checked = state.same;
    for (const id of ["padding", "padding-number"]) byId(id).disabled = state.same;
    for (const radio of document.getElementsByName("rounding")) {
      radio.checked = radio.value === state.rounding;
      radio.disabled = state.same;
    }
    const now = setting();
    for (const press of presses) {
      press((one) => Object.keys(now).every((name) => one[name] === now[name]));
    }
    pressInput((size) => size === state.input);
  }

  let shown;
  let onChain = false; // which part the last change was in

  function paint() {
    drawing.row(byId("row"), shown, byId("row").clientWidth);
    corner(shown);
    chain.draw(byId("maps"), byId("error"), state.input);
  }

  function show(byHand) {
    shown = solve();
    controls();
    byId("formula").innerHTML = formula(shown);
    findGoals(({ met }) => !shown.error && met(shown), byHand);
    paint();
    live.say(onChain ? chain.sentence(state.input) : sentence(shown),
      fragment.write({ ...setting(), input: state.input }));
  }

  function change(part, byHand) {
    onChain = "input" in part;
    Object.assign(state, part);
    show(byHand);
  }

  /* Sets a whole setting, in which the padding may be "same". */
  function choose({ name, padding, ...rest }) {
    const same = padding === "same";
    change({ ...rest, same, ...(same ? {} : { padding }) }, false);
  }

  function readAddress() {
    const { input, ...rest } = fragment.read(location.hash, START, readers);
    state.input = input;
    choose(rest);
  }

  function listen() {
    for (const name of DIALS) {
      byId(name).addEventListener("input", ({ target }) =>
        change({ [name]: Number(target.value) }, true));
      const number = byId(`${name}-number`);
      number.addEventListener("input", () => {
        const value = inRange[name](number.value);
        if (value !== undefined) change({ [name]: value }, true);
      });
      number.addEventListener("change", () => { number.value = state[name]; });
    }
    byId("same").addEventListener("change", ({ target }) => change({ same: target.checked }, true));
    for (const radio of document.getElementsByName("rounding")) {
      radio.addEventListener("change", () => change({ rounding: radio.value }, true));
    }
    live.onAddress(readAddress);
    live.onWidth(byId("row"), paint);
    frame.onTheme(paint);
  }

  listen();
  readAddress();
})();
