/* The page: what is drawn and set, its controls, and what it says. */

(function () {
  "use strict";

  const { byId } = live;
  const { write } = place;
  const { SIDE, BRIGHT, PICTURES, FILTERS } = sums;
  const PACE = 30; // milliseconds a place
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const state = address.read("");
  let brush = BRIGHT;
  let known = Infinity; // how many places the sliding filter has been to
  let sliding = null;

  const side = () => sums.placesOf(state.filter);

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

  function controls() {
    byId("relu").checked = state.relu;
    if (document.activeElement !== byId("bias")) byId("bias").value = state.bias;
    for (const radio of document.getElementsByName("side")) {
      radio.checked = Number(radio.value) ** 2 === state.filter.length;
    }
    pressPicture((name) => name === address.nameIn(PICTURES, state.picture));
    pressFilter((name) => name === address.nameIn(FILTERS, state.filter));
    byId("slide").textContent = sliding ? "Stop"
      : calm.matches ? "Slide by one place" : "Slide over all places";
  }

  function sentence(here, values) {
    const { filter, bias, relu, row, column } = state;
    const most = write(Math.max(...values));
    let text = `Place row ${row + 1}, column ${column + 1}: `
      + `${filter.length} products sum to ${write(here.sum)}`;
    if (bias) text += `, with the bias ${write(bias)} that is ${write(here.sum + bias)}`;
    if (relu) text += `, after ReLU ${write(here.value)}`;
    text += `. The map’s greatest value is ${most}`;
    if (!bias) text += `; this filter can give ${write(sums.greatest(filter))}`;
    return `${text}.`;
  }

  function show(byHand) {
    const { picture, filter, row, column } = state;
    const here = sums.at(picture, state, [row, column]);
    const values = sums.map(picture, state);
    paintPicture();
    weightCells.paint(filter);
    paintMap(values);
    place.show(here, state);
    byId("where").textContent = `The place in row ${row + 1}, column ${column + 1}`;
    controls();
    findGoals(({ met }) => met(picture, { filter }), byHand);
    live.say(sentence(here, values), address.write(state));
  }

  // ---- drawing, setting, sliding ------------------------------------------------

  function change(part, byHand) {
    stop();
    known = Infinity;
    Object.assign(state, part);
    const last = side() - 1;
    state.row = Math.min(state.row, last);
    state.column = Math.min(state.column, last);
    show(byHand);
  }

  const replaced = (list, at, value) => list.map((old, i) => i === at ? value : old);

  const setPixel = (at, value) =>
    change({ picture: replaced(state.picture, at, value) }, true);

  const setWeight = (at, weight) =>
    change({ filter: replaced(state.filter, at, weight) }, true);

  const setFilter = (filter) => change({ filter }, true);

  const goTo = (at) => ({ row: Math.floor(at / side()), column: at % side() });

  function stop() {
    clearTimeout(sliding);
    sliding = null;
  }

  /* Takes the filter one place further; the first time, to the first. */
  function advance() {
    const count = side() ** 2;
    if (known >= count) known = 0;
    Object.assign(state, goTo(known));
    known++;
    sliding = !calm.matches && known < count ? setTimeout(advance, PACE) : null;
    show(true);
  }

  function slide() {
    if (sliding) change({}, true);
    else advance();
  }

  function strongest() {
    const values = sums.map(state.picture, state).map(Math.abs);
    change(goTo(values.indexOf(Math.max(...values))), true);
  }

  // ---- controls -----------------------------------------------------------------

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
    press: (at) => change(goTo(at), true),
    move: (at) => change(goTo(at), true),
  });
  const weightCells = weights.make(byId("filter"), setWeight);
  const findGoals = live.goals(sums.GOALS);
  const pressPicture = live.choice("pictures", Object.keys(PICTURES), (name) => name,
    (name) => change({ picture: PICTURES[name] }, false));
  const pressFilter = live.choice("filters", Object.keys(FILTERS), (name) => name,
    (name) => change({ filter: FILTERS[name] }, false));
  byId("pictures").append(live.button("random", () => change({ picture: sums.random() }, false)));

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

  function listen() {
    const click = (id, action) => byId(id).addEventListener("click", action);
    click("lower", () => weightCells.step(-1));
    click("raise", () => weightCells.step(1));
    click("negate", () => setFilter(sums.negate(state.filter)));
    click("turn", () => setFilter(sums.turn(state.filter)));
    click("slide", slide);
    click("strongest", strongest);
    for (const radio of document.getElementsByName("side")) {
      radio.addEventListener("change", () =>
        setFilter(sums.resize(state.filter, Number(radio.value))));
    }
    byId("relu").addEventListener("change", ({ target }) => change({ relu: target.checked }, true));
    byId("bias").addEventListener("input", ({ target }) => {
      const bias = address.bias(target.value);
      if (bias !== undefined) change({ bias }, true);
    });
    byId("bias").addEventListener("blur", controls);
    live.onAddress(() => change(address.read(location.hash), false));
    calm.addEventListener("change", controls);
    frame.onTheme(() => show(false));
  }

  brushes();
  listen();
  change(address.read(location.hash), false);
})();
