/* Pointer and keyboard over the drawings of depth 1: small maps and picture. */

var pointing = (function () {
  "use strict";

  const { state, layers, side } = page;
  const STEP = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const clip = (v, n) => Math.max(0, Math.min(n - 1, v));

  // ---- small maps -----------------------------------------------------------

  /* The place of a map's greatest value. */
  function strongestIn(layer, map) {
    const values = page.main.run.values[layer.index];
    const c = layer.shape[2];
    let best = map;
    for (let at = map; at < values.length; at += c) if (values[at] > values[best]) best = at;
    const place = Math.floor(best / c);
    return { layer: layer.index, map, value: values[best],
      y: Math.floor(place / layer.shape[1]), x: place % layer.shape[1] };
  }

  function named({ layer, map }) {
    const tower = words.hasTowers(layers[layer])
      ? `, tower ${words.towerOf(layers[layer], map)}` : "";
    return words.mapName(layers[layer], map) + tower;
  }

  function sees(hit) {
    const size = page.main.options.window;
    const [rows, columns] = [hit.y, hit.x].map(
      (at) => page.arithmetic.receptiveField(page.network, hit.layer, at, size));
    const [high, wide] = [rows, columns].map(([first, end]) => end - first + 1);
    return `It sees ${high} × ${wide} pixels of the picture.`;
  }

  function pointAt(hit) {
    page.hover = hit;
    marks.paint();
    if (!hit || !page.main) return;
    const layer = layers[hit.layer];
    const [, w, c] = layer.shape;
    const value = page.main.run.values[hit.layer][(hit.y * w + hit.x) * c + hit.map];
    const place = words.hasTowers(layer) ? `, row ${hit.y + 1}, column ${hit.x + 1}` : "";
    say.live(`${named(hit)}${place}: ${words.number(value)}. ${sees(hit)}`);
  }

  /* What a screen reader says of a lane: the map that the arrow keys chose. */
  function label(one, hit) {
    const { layer, count } = one;
    const what = words.hasTowers(layer) ? "Its greatest value" : "Its value";
    one.over.setAttribute("aria-label", `${named(hit)}. ${what} is ${words.number(hit.value)}. `
      + `Arrow keys choose among ${count} ${words.unit(layer)}s, Enter opens one.`);
  }

  /* The map that the keyboard stands on in a lane. */
  function cursor(one) {
    const holds = (map) => map >= one.first && map < one.first + one.count;
    if (one.at === undefined || !holds(one.at)) one.at = one.first;
    if (state.layer === one.layer.index && holds(state.map) && !one.moved) one.at = state.map;
    return strongestIn(one.layer, one.at);
  }

  function key(one, event) {
    const place = cursor(one).map - one.first;
    const [row, column] = [Math.floor(place / one.columns), place % one.columns];
    const step = STEP[event.key];
    let next = place;
    if (step) {
      next = clip(row + step[0], one.rows) * one.columns + clip(column + step[1], one.columns);
    } else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = one.count - 1;
    else if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    Object.assign(one, { at: one.first + next, moved: true });
    const hit = cursor(one);
    label(one, hit);
    if (event.key === "Enter" || event.key === " ") {
      choose.open(hit.layer, hit.map, hit.y, hit.x);
      stage.reveal();
    } else pointAt(hit);
  }

  function listenToLane(one) {
    const { over, layer } = one;
    over.addEventListener("pointermove", (event) => {
      const hit = stage.find(one, event);
      if (hit) pointAt(hit);
    });
    over.addEventListener("pointerleave", () => pointAt(null));
    over.addEventListener("click", (event) => {
      const hit = stage.find(one, event);
      if (!hit) return;
      choose.open(layer.index, hit.map, hit.y, hit.x);
      stage.reveal();
    });
    over.addEventListener("focus", () => {
      one.moved = false;
      if (over.matches(":focus-visible")) pointAt(cursor(one));
    });
    over.addEventListener("blur", () => pointAt(null));
    over.addEventListener("keydown", (event) => key(one, event));
  }

  /* Labels follow each run, for those who have not come to a lane yet. */
  function labelAll() {
    for (const one of stage.lanes()) label(one, cursor(one));
  }

  // ---- the picture ------------------------------------------------------------

  function pointAtPixel(y, x) {
    page.pixel = y === null ? null : [y, x];
    marks.paint();
    if (!page.pixel || !page.main) return;
    const size = page.main.options.window;
    const pool5 = layers.findLast((layer) => layer.kind === "pool");
    const count = (index) => {
      const [rows, columns] = [y, x].map(
        (at) => page.arithmetic.reachedBy(page.network, index, at, size));
      return rows && columns ? (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1) : 0;
    };
    const [r, g, b] = page.main.pixels.slice(3 * (y * side + x), 3 * (y * side + x) + 3);
    say.live(`Pixel in row ${y + 1}, column ${x + 1}: red ${r}, green ${g}, blue ${b}. `
      + `${count(0)} values of every conv1 map read it, and it reaches ${count(pool5.index)} of `
      + `the ${pool5.shape[0] * pool5.shape[1]} in every ${pool5.name} map.`);
  }

  function press(y, x) {
    if (state.cover.on) choose.cover({ x, y });
  }

  function pictureKey(event) {
    const step = STEP[event.key];
    if (!step) return;
    event.preventDefault();
    if (state.cover.on) {
      const { x, y } = state.cover;
      return press(clip(y + 2 * step[0], side), clip(x + 2 * step[1], side));
    }
    const [y, x] = page.pixel || [side / 2, side / 2];
    pointAtPixel(clip(y + step[0], side), clip(x + step[1], side));
  }

  let pressed = false;
  addEventListener("pointerup", () => (pressed = false));

  function listenToPicture(over) {
    const at = (event) => {
      const box = over.getBoundingClientRect();
      return [clip(Math.floor(((event.clientY - box.top) / box.height) * side), side),
        clip(Math.floor(((event.clientX - box.left) / box.width) * side), side)];
    };
    over.addEventListener("pointerdown", (event) => {
      pressed = true;
      press(...at(event));
    });
    over.addEventListener("pointermove", (event) => {
      if (pressed) press(...at(event));
      pointAtPixel(...at(event));
    });
    over.addEventListener("pointerleave", () => pointAtPixel(null));
    over.addEventListener("blur", () => pointAtPixel(null));
    over.addEventListener("keydown", pictureKey);
  }

  return { STEP, clip, strongestIn, listenToLane, listenToPicture, labelAll };
})();
