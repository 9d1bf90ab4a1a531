/* The page: what is set, its controls, and what it says. */

(function () {
  "use strict";

  const byId = (id) => document.getElementById(id);
  const NUMBERS = ["size", "filter", "stride", "padding"];
  const START = { size: 224, filter: 11, stride: 4, padding: 0, rounding: "down", input: 224 };
  const CORNER = 160; // the drawing of a picture's corner, in CSS pixels
  const state = { ...START, same: false };
  const found = new Set(); // the goals, by their names
  const { first, next, short } = sizes.presets();
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

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

  // ---- the address ----------------------------------------------------------

  const inRange = (id, value) =>
    /^\d+$/.test(value) && +value >= +byId(id).min && +value <= +byId(id).max;

  /* Reads the address; what makes no sense leaves everything as it starts. */
  function read() {
    const said = new URLSearchParams(location.hash.slice(1));
    const wanted = { ...START, same: false };
    for (const [name, value] of said) {
      if (name === "padding" && value === "same") wanted.same = true;
      else if ([...NUMBERS, "input"].includes(name) && inRange(name, value)) {
        wanted[name] = Number(value);
      } else if (name === "rounding" && ["down", "up"].includes(value)) {
        wanted.rounding = value;
      } else return { ...START, same: false };
    }
    return wanted;
  }

  function write() {
    const { input } = state;
    const all = new URLSearchParams({ ...setting(), input });
    history.replaceState(null, "", `#${all}`);
  }

  // ---- part 1 ---------------------------------------------------------------

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
    const whole = rest && rounding === "up" ? steps + 1 : steps;
    const how = rest ? `, rounded ${rounding} <b>${whole}</b>` : "";
    return `${top}<span>= ${exact} ${steps === 1 && !rest ? "step" : "steps"}${how}</span>`
      + `<span>+ <b>1</b> =</span> ${places}`;
  }

  /* What became of the row's end, in a sentence. */
  function theEnd({ unread, hangs, lacks, filter, count, starts }) {
    const last = starts[count - 1] + filter;
    const middle = unread.filter((pixel) => pixel < last).length;
    if (middle) {
      return `${plural(unread.length, "pixel")} ${unread.length === 1 ? "is" : "are"} read by `
        + `no place, ${middle} of them between places.`;
    }
    if (hangs) return `Place ${count} lacks ${plural(lacks, "pixel")} and reads zeros there.`;
    if (unread.length === 1) return `No place reads pixel ${unread[0]}.`;
    if (unread.length) {
      const joint = unread.length === 2 ? "and" : "to";
      return `No place reads pixels ${unread[0]} ${joint} ${unread[unread.length - 1]}.`;
    }
    return lacks ? "Only zeros are left over." : "Every pixel is read.";
  }

  function sentence(shown, news) {
    const { size, filter, stride, padding, rounding, error, count } = shown;
    if (error) return error;
    const zeros = { same: "padding “same”", 0: "no padding" }[padding]
      || `${plural(padding, "zero")} at each end`;
    const round = padding === "same" ? "" : `, rounded ${rounding}`;
    return `${plural(size, "pixel")}, a filter of ${filter}, a stride of ${stride}, ${zeros}`
      + `${round}: ${plural(count, "place")}. ${theEnd(shown)}`
      + news.map((name) => ` Found: ${name}.`).join("");
  }

  function goals(shown) {
    const news = [];
    for (const { name, met } of sizes.GOALS) {
      if (!shown.error && !found.has(name) && met(shown)) {
        found.add(name);
        news.push(name);
      }
    }
    for (const item of byId("goals").children) {
      item.classList.toggle("met", found.has(item.dataset.name));
      item.querySelector(".unseen").textContent = found.has(item.dataset.name) ? ", found" : "";
    }
    return news;
  }

  /* The lower right corner of the picture, by how often each pixel is read. */
  function use({ error, counts = [], size }) {
    const side = Math.min(size, 24);
    const canvas = byId("use");
    const context = draw.fit(canvas, CORNER, CORNER);
    if (error) {
      byId("use-caption").textContent = "No pixel is read.";
      canvas.setAttribute("aria-label", "Nothing is read.");
      return;
    }
    const ends = counts.slice(-side);
    const most = Math.max(...counts);
    const cell = CORNER / side;
    const values = ends.flatMap((down) => ends.map((across) => down * across));
    draw.map(context, values, [side, side, 1], 0, 2.2 * most * most, [0, 0, CORNER, CORNER]);
    context.fillStyle = getComputedStyle(document.body).color;
    context.font = `${Math.min(13, 0.5 * cell)}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    if (side <= 16) {
      values.forEach((value, at) => context.fillText(value,
        (at % side + 0.5) * cell, (Math.floor(at / side) + 0.5) * cell));
    }
    const corner = ends[side - 1] ** 2;
    const text = `Places that read each pixel: the corner ${corner}, the most ${most ** 2}`;
    byId("use-caption").textContent = `${text}.`;
    canvas.setAttribute("aria-label",
      `The lower right corner of a picture, ${side} by ${side} pixels. ${text}.`);
  }

  // ---- all of it --------------------------------------------------------------

  function press(holder, list, now) {
    [...byId(holder).children].forEach((button, at) =>
      button.setAttribute("aria-pressed", now(list[at])));
  }

  function controls() {
    for (const name of [...NUMBERS, "input"]) {
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
    const isNow = (one) => Object.keys(now).every((name) => one[name] === now[name]);
    press("first", first, isNow);
    press("next", next, isNow);
    press("short", short, isNow);
    press("inputs", [224, 227], (size) => size === state.input);
  }

  let shown;
  let saying; // the live line waits until a slider rests
  let untold = []; // goals that were met meanwhile
  let onChain = false; // which part the last change was in

  function paint() {
    drawing.row(byId("row"), shown, byId("row").clientWidth);
    use(shown);
    chain.draw(byId("maps"), byId("error"), state.input);
  }

  function show() {
    shown = solve();
    controls();
    byId("formula").innerHTML = formula(shown);
    const news = goals(shown);
    untold.push(...news);
    paint();
    write();
    clearTimeout(saying);
    byId("live").setAttribute("aria-busy", "true");
    saying = setTimeout(() => {
      byId("live").textContent = onChain ? chain.sentence(state.input) : sentence(shown, untold);
      byId("live").removeAttribute("aria-busy");
      untold = [];
    }, 120);
  }

  function change(part) {
    onChain = "input" in part;
    Object.assign(state, part);
    show();
  }

  function choose({ name, padding, ...rest }) {
    change({ ...rest, same: padding === "same", ...(padding === "same" ? {} : { padding }) });
  }

  function buttons(holder, list, name, press) {
    byId(holder).append(...list.map((one) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "button";
      made.textContent = name(one);
      made.addEventListener("click", () => press(one));
      return made;
    }));
  }

  function start() {
    for (const name of [...NUMBERS, "input"]) {
      byId(name).addEventListener("input", ({ target }) =>
        change({ [name]: Number(target.value) }));
      const number = byId(`${name}-number`);
      number.addEventListener("input", () => {
        if (inRange(name, number.value)) change({ [name]: Number(number.value) });
      });
      number.addEventListener("change", () => { number.value = state[name]; });
    }
    byId("same").addEventListener("change", ({ target }) => change({ same: target.checked }));
    for (const radio of document.getElementsByName("rounding")) {
      radio.addEventListener("change", () => change({ rounding: radio.value }));
    }
    buttons("first", first, ({ name }) => name, choose);
    buttons("next", next, ({ name }) => name, choose);
    buttons("short", short, ({ name }) => name, choose);
    buttons("inputs", [224, 227], (size) => size, (input) => change({ input }));
    for (const { name } of sizes.GOALS) {
      const item = document.createElement("li");
      item.innerHTML = `${name}<span class="unseen"></span>`;
      item.dataset.name = name;
      byId("goals").append(item);
    }
    Object.assign(state, read());
    show();
    addEventListener("hashchange", () => {
      const { input, ...rest } = read();
      state.input = input;
      change(rest);
    });
    frame.onTheme(paint);
    let width = byId("row").clientWidth;
    new ResizeObserver(() => {
      if (byId("row").clientWidth === width) return;
      width = byId("row").clientWidth;
      paint();
    }).observe(byId("row"));
  }

  start();
})();
