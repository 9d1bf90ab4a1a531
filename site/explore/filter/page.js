/* The page: what is drawn and set, its controls, and what it says. */

(function () {
  "use strict";

  const byId = (id) => document.getElementById(id);
  const { write } = place;
  const { SIDE, BRIGHT, PICTURES, FILTERS } = sums;
  const PACE = 30; // milliseconds a place
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const state = fragment.read("");
  const found = new Set(); // the goals, by their names
  let brush = BRIGHT;
  let chosen = 0; // the weight that the stepper changes
  let known = Infinity; // how many places the sliding window has been to
  let sliding = null;

  const side = () => sums.placesOf(state.filter);
  const { nameIn, number } = fragment;

  // ---- what is shown ----------------------------------------------------------

  const grey = (value) => {
    const level = Math.round(22 + 233 * value / BRIGHT);
    return `rgb(${level} ${level} ${level})`;
  };

  function paintPicture() {
    const { picture, filter, row, column } = state;
    pictureCells.paint(SIDE, {
      colours: picture.map(grey), names: picture, frame: [row, column, Math.sqrt(filter.length)],
    });
  }

  function paintMap(values) {
    const count = side();
    const scale = Math.max(...values.map(Math.abs));
    const isKnown = (at) => at < known;
    mapCells.paint(count, {
      colours: values.map((value, at) => isKnown(at) ? `rgb(${draw.colour(value, scale)})` : ""),
      names: values.map((value, at) => isKnown(at) ? write(value) : "not yet"),
      frame: [state.row, state.column, 1],
    });
    mapCells.go(state.row * count + state.column, false);
    byId("least").textContent = write(-scale);
    byId("most").textContent = write(scale);
    draw.legend(byId("legend"), 90, 12);
  }

  function paintFilter() {
    const { filter } = state;
    const width = Math.sqrt(filter.length);
    const holder = byId("filter");
    if (holder.children.length !== filter.length) buildFilter(width);
    const most = Math.max(...filter.map(Math.abs));
    [...holder.children].forEach((input, at) => {
      const weight = filter[at];
      if (document.activeElement !== input) input.value = Math.round(100 * weight) / 100;
      const share = most ? 55 * Math.abs(weight) / most : 0;
      input.style.setProperty("--strength", `${share.toFixed(0)}%`);
      input.className = `${weight > 0 ? "plus" : weight < 0 ? "minus" : ""}`
        + `${at === chosen ? " chosen" : ""}`;
    });
    byId("chosen").textContent = `weight ${Math.floor(chosen / width) + 1}, `
      + `${chosen % width + 1}`;
    for (const radio of document.getElementsByName("side")) {
      radio.checked = Number(radio.value) === width;
    }
  }

  function buildFilter(width) {
    chosen = Math.min(chosen, width * width - 1);
    byId("filter").style.setProperty("--side", width);
    byId("filter").replaceChildren(...state.filter.map((_, at) => {
      const input = document.createElement("input");
      Object.assign(input, { type: "number", min: -9, max: 9, step: "any" });
      input.setAttribute("aria-label",
        `weight in row ${Math.floor(at / width) + 1}, column ${at % width + 1}`);
      input.addEventListener("focus", () => {
        chosen = at;
        paintFilter();
      });
      input.addEventListener("input", () => {
        const weight = number(input.value, 9);
        if (weight !== undefined) setWeight(at, weight);
      });
      input.addEventListener("blur", paintFilter);
      return input;
    }));
  }

  function goals() {
    const { picture, filter } = state;
    for (const { name, met } of sums.GOALS) {
      if (!found.has(name) && met(picture, { filter })) {
        found.add(name);
        untold.push(name);
      }
    }
    for (const item of byId("goals").children) {
      item.classList.toggle("met", found.has(item.dataset.name));
      item.lastChild.textContent = found.has(item.dataset.name) ? ", found" : "";
    }
  }

  function sentence(here, values) {
    const { filter, bias, relu, row, column } = state;
    const most = Math.max(...values);
    let text = `Place row ${row + 1}, column ${column + 1}: `
      + `${filter.length} products sum to ${write(here.sum)}`;
    if (bias) text += `, with the bias ${write(bias)} that is ${write(here.sum + bias)}`;
    if (relu) text += `, after ReLU ${write(here.value)}`;
    text += `. The map’s greatest value is ${write(most)}`;
    if (!bias) text += ` of ${write(sums.greatest(filter))} possible`;
    return `${text}.${untold.map((name) => ` Found: ${name}.`).join("")}`;
  }

  let saying; // the live line waits until a pointer or a slide rests
  let untold = []; // goals that were met meanwhile

  function show() {
    const { picture, row, column } = state;
    const here = sums.at(picture, state, [row, column]);
    const values = sums.map(picture, state);
    paintPicture();
    paintFilter();
    paintMap(values);
    place.show(here, state);
    byId("where").textContent = `The place in row ${row + 1}, column ${column + 1}`;
    byId("relu").checked = state.relu;
    if (document.activeElement !== byId("bias")) byId("bias").value = state.bias;
    for (const [id, all, list] of [["pictures", PICTURES, picture],
      ["filters", FILTERS, state.filter]]) {
      const name = nameIn(all, list);
      for (const button of byId(id).querySelectorAll("[aria-pressed]")) {
        button.setAttribute("aria-pressed", button.textContent === name);
      }
    }
    goals();
    byId("slide").textContent = sliding ? "Stop"
      : calm.matches ? "Slide by one place" : "Slide over all places";
    history.replaceState(null, "", fragment.write(state));
    clearTimeout(saying);
    byId("live").setAttribute("aria-busy", "true");
    saying = setTimeout(() => {
      byId("live").textContent = sentence(here, values);
      byId("live").removeAttribute("aria-busy");
      untold = [];
    }, 120);
  }

  function change(part) {
    stop();
    known = Infinity;
    Object.assign(state, part);
    const last = side() - 1;
    state.row = Math.min(state.row, last);
    state.column = Math.min(state.column, last);
    show();
  }

  // ---- drawing, setting, sliding ------------------------------------------------

  function setPixel(at, value) {
    change({ picture: state.picture.map((old, i) => i === at ? value : old) });
  }

  function setWeight(at, weight) {
    change({ filter: state.filter.map((old, i) => i === at ? weight : old) });
  }

  function step(by) {
    const weight = Math.round(state.filter[chosen] + by);
    setWeight(chosen, Math.max(-9, Math.min(9, weight)));
  }

  const goTo = (at) => ({ row: Math.floor(at / side()), column: at % side() });

  function stop() {
    clearTimeout(sliding);
    sliding = null;
  }

  /* Takes the window one place further; the first time, to the first. */
  function advance() {
    const count = side() ** 2;
    if (known >= count) known = 0;
    Object.assign(state, goTo(known));
    known++;
    sliding = !calm.matches && known < count ? setTimeout(advance, PACE) : null;
    show();
  }

  function slide() {
    if (sliding) {
      stop();
      known = Infinity;
      show();
    } else advance();
  }

  function strongest() {
    const values = sums.map(state.picture, state).map(Math.abs);
    change(goTo(values.indexOf(Math.max(...values))));
  }

  let stroke = BRIGHT; // what this pull of the pointer leaves behind
  const pictureCells = cells.make(byId("picture"), {
    press(at, isFirst) {
      if (isFirst) stroke = state.picture[at] === brush ? 0 : brush;
      setPixel(at, stroke);
    },
    key(event, at) {
      if (event.key === " " || event.key === "Enter") {
        setPixel(at, state.picture[at] === brush ? 0 : brush);
      } else if (/^\d$/.test(event.key)) setPixel(at, Number(event.key));
      else return;
      event.preventDefault();
    },
  });
  const mapCells = cells.make(byId("map"), {
    press: (at) => change(goTo(at)),
    move: (at) => change(goTo(at)),
  });

  // ---- controls -----------------------------------------------------------------

  function buttons(holder, all, part) {
    for (const name of Object.keys(all)) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "button", textContent: name });
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => change({ [part]: all[name] }));
      byId(holder).append(button);
    }
  }

  function brushes() {
    for (const value of [9, 6, 3, 0]) {
      const label = document.createElement("label");
      label.style.setProperty("--grey", grey(value));
      label.innerHTML = `<input type="radio" name="brush" class="unseen" value="${value}">${value}`;
      label.className = value > 4 ? "bright" : "";
      const input = label.firstChild;
      input.checked = value === brush;
      input.addEventListener("change", () => { brush = value; });
      byId("brush").append(label);
    }
  }

  function list() {
    for (const { name } of sums.GOALS) {
      const item = document.createElement("li");
      item.dataset.name = name;
      item.innerHTML = `${name}<span class="unseen"></span>`;
      byId("goals").append(item);
    }
  }

  function listen() {
    const click = (id, action) => byId(id).addEventListener("click", action);
    const random = document.createElement("button");
    Object.assign(random, { type: "button", className: "button", textContent: "random" });
    random.addEventListener("click", () => change({ picture: sums.random() }));
    byId("pictures").append(random);
    click("lower", () => step(-1));
    click("raise", () => step(1));
    click("negate", () => change({ filter: sums.negate(state.filter) }));
    click("turn", () => change({ filter: sums.turn(state.filter) }));
    click("slide", slide);
    click("strongest", strongest);
    for (const radio of document.getElementsByName("side")) {
      radio.addEventListener("change", () =>
        change({ filter: sums.resize(state.filter, Number(radio.value)) }));
    }
    byId("relu").addEventListener("change", ({ target }) => change({ relu: target.checked }));
    byId("bias").addEventListener("input", ({ target }) => {
      const bias = number(target.value, 99);
      if (bias !== undefined) change({ bias });
    });
    byId("bias").addEventListener("blur", show);
    addEventListener("hashchange", () => change(fragment.read(location.hash)));
    calm.addEventListener("change", show);
    frame.onTheme(show);
  }

  buttons("pictures", PICTURES, "picture");
  buttons("filters", FILTERS, "filter");
  brushes();
  list();
  listen();
  change(fragment.read(location.hash));
})();
