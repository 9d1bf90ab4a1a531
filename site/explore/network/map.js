/* Depth 2: one map, what it reads, and what it writes. */

var onemap = (function () {
  "use strict";

  const { byId, element, layers, state, arithmetic } = page;
  let pairs = []; // {channel, canvas, filter, label, radio, size}

  const layerOf = () => layers[state.layer];
  const isWeighted = (layer) => Boolean(layer.kernel);
  const inputValues = (layer, { run } = page.main) => (
    layer.index ? run.values[layer.index - 1] : run.image);
  const inputScale = (layer) => (layer.index ? page.scales[layer.index - 1] : page.imageScale);
  const windowOf = (layer) => (layer.kind === "pool" ? page.main.options.window : undefined);

  /* The input maps to draw: what the map reads, for normalization its
     neighbours, for pooling itself. */
  function inputChannels(layer) {
    const [first, last] = arithmetic.channelsRead(layer, state.map);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  }

  function filterScale(layer) {
    layer.filterScale = layer.filterScale || draw.scaleOf(layer.kernel);
    return layer.filterScale;
  }

  /* The input channel whose products are largest together. */
  function strongest() {
    const layer = layerOf();
    if (!isWeighted(layer) || words.isFlat(layer)) return state.channel;
    const values = inputValues(layer);
    const size = (channel) => Math.abs(
      arithmetic.products(layer, values, state.map, state.y, state.x, channel).sum);
    return inputChannels(layer).reduce((best, one) => (size(one) > size(best) ? one : best));
  }

  // ---- what it reads --------------------------------------------------------

  function arrangement(count, room) {
    const wide = count <= 3 ? count : count <= 5 ? 5 : count <= 16 ? 8 : 16;
    const slim = count <= 5 ? Math.min(count, 3) : count <= 16 ? 4 : room < 420 ? 6 : 8;
    const across = room < 640 ? slim : wide;
    const most = count === 1 ? 294 : count <= 3 ? 240 : count <= 5 ? 180 : 150;
    return [across, Math.min(most, Math.floor((room - (across - 1) * 8) / across) - 6)];
  }

  function pair(layer, channel, size) {
    const weighted = isWeighted(layer);
    const name = words.inputMapName(layer, channel);
    const [canvas, label] = [element("canvas"), element("span", { className: "number" })];
    const filter = weighted ? element("canvas", { className: "filter" }) : null;
    const radio = element("input", { type: "radio", name: "channel", className: "unseen",
      value: channel, disabled: !weighted });
    radio.setAttribute("aria-label", name);
    radio.addEventListener("change", () => choose.channel(channel));
    const source = words.before(layer);
    const under = weighted ? element("span", { className: "under" }, filter, label) : label;
    const made = element("label", { className: "pair", title: name }, radio, canvas, under);
    made.classList.toggle("plain", !weighted);
    if (source && words.hasTowers(source)) {
      made.classList.add(`tower-${words.towerOf(source, channel)}`);
    }
    made.style.width = `${size + 6}px`;
    canvas.addEventListener("pointermove", (event) => pointAtInput(layer, canvas, event));
    canvas.addEventListener("pointerleave", () => paintOutput());
    pairs.push({ channel, canvas, filter, label, radio, size });
    return made;
  }

  function buildInputs() {
    const layer = layerOf();
    const root = byId("inputs");
    root.parentNode.classList.remove("few"); // what it writes stands beside few maps
    root.replaceChildren();
    pairs = [];
    if (words.isFlat(layer)) return buildFlat(layer, root);
    const channels = inputChannels(layer);
    const [across, size] = arrangement(channels.length, root.clientWidth || 300);
    root.parentNode.classList.toggle("few", channels.length <= 3);
    const textContent = `reads: ${words.inputName(layer)}${isWeighted(layer)
      ? ". Under each map: its slice of the filter, and the sum of their products. Choose one to "
        + "see them below" : ""}`;
    const field = element("fieldset", { className: "pairs" }, element("legend", { textContent }));
    field.style.setProperty("--across", across);
    field.append(...channels.map((channel) => pair(layer, channel, size)));
    root.append(field);
  }

  function buildFlat(layer, root) {
    const row = element("div", { className: "flats" });
    const count = layer.reads[2];
    for (const [name, text] of [["values", `reads: ${words.inputName(layer)}, ${count} values`],
      ["weights", "its weights"], ["parts", "products"]]) {
      const canvas = element("canvas", { id: `flat-${name}` });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${text}, as 8 rows of 32 squares`);
      row.append(element("figure", { className: "flat" },
        element("figcaption", { textContent: text }), canvas));
    }
    root.append(row);
  }

  function paintPair(layer, values, one) {
    const [h, w, c] = layer.reads;
    const context = draw.fit(one.canvas, one.size, one.size);
    const box = [0, 0, one.size, one.size];
    draw.map(context, values, layer.reads, one.channel, inputScale(layer), box);
    const clip = ([from, to], n) => [Math.max(0, from), Math.min(n - 1, to)];
    const rows = clip(arithmetic.reads(layer, state.y, windowOf(layer)), h);
    const columns = clip(arithmetic.reads(layer, state.x, windowOf(layer)), w);
    marks.within(context, one.size, one.size / h, rows, columns, 1.25);
    if (!one.filter) {
      const value = words.number(values[(state.y * w + state.x) * c + one.channel]);
      one.label.textContent = layer.kind === "norm" ? `${one.channel + 1}: ${value}` : "";
      one.canvas.classList.toggle("self", layer.kind === "norm" && one.channel === state.map);
      return;
    }
    const found = arithmetic.products(layer, values, state.map, state.y, state.x, one.channel);
    const small = Math.max(18, Math.min(50, Math.round(one.size * 0.36)));
    const pen = draw.fit(one.filter, small, small);
    const shape = [found.size, found.size, 1];
    draw.map(pen, found.filter, shape, 0, filterScale(layer), [0, 0, small, small]);
    one.label.textContent = words.number(found.sum, one.size > 60 ? 3 : 2);
    one.radio.checked = one.channel === state.channel;
    const name = words.inputMapName(layer, one.channel);
    one.radio.setAttribute("aria-label", `${name}: its products sum to ${words.number(found.sum)}`);
  }

  function paintFlat(layer, values) {
    const weights = Float32Array.from(
      values, (_, i) => layer.kernel[i * layer.filters + state.map]);
    const parts = Float32Array.from(values, (value, i) => value * weights[i]);
    const room = byId("inputs").clientWidth;
    const width = room > 900 ? Math.floor((room - 60) / 3) : Math.min(room, 480);
    for (const [name, list, scale] of [["values", values, inputScale(layer)],
      ["weights", weights, filterScale(layer)], ["parts", parts, draw.scaleOf(parts)]]) {
      const context = draw.fit(byId(`flat-${name}`), width, width / 4);
      draw.map(context, list, [8, 32, 1], 0, scale, [0, 0, width, width / 4]);
    }
  }

  function paintInputs() {
    const layer = layerOf();
    const values = inputValues(layer);
    if (words.isFlat(layer)) return paintFlat(layer, values);
    for (const one of pairs) paintPair(layer, values, one);
  }

  // ---- what it writes -------------------------------------------------------

  function outputSide(layer) {
    if (!words.hasTowers(layer)) return 96;
    const room = byId("output").clientWidth || 300;
    const most = page.other ? Math.min(232, Math.floor((room - 16) / 2)) : Math.min(300, room);
    return Math.floor(most / layer.shape[0]) * layer.shape[0];
  }

  function paintMap(canvas, view, readers) {
    const layer = layerOf();
    const side = outputSide(layer);
    const context = draw.fit(canvas, side, side);
    const values = view.run.values[layer.index];
    const scale = page.scales[layer.index];
    draw.map(context, values, layer.shape, state.map, scale, [0, 0, side, side]);
    const cell = side / layer.shape[0];
    const at = (place) => [place, place];
    marks.within(context, side, cell, at(state.y), at(state.x), 2);
    if (!readers) return;
    context.setLineDash([4, 3]);
    marks.within(context, side, cell, ...readers, 2, 2);
    context.setLineDash([]);
  }

  function paintOutput(readers) {
    const layer = layerOf();
    const [h, w] = layer.shape;
    paintMap(byId("output-map"), page.main, readers);
    byId("output-other").hidden = !page.other;
    if (page.other) paintMap(byId("other-map"), page.other, readers);
    byId("other-caption").textContent = page.other ? page.other.name : "";
    byId("output-caption").textContent = `writes: ${words.mapName(layer, state.map)}`;
    byId("output-hint").hidden = !words.hasTowers(layer);
    byId("output-map").tabIndex = words.hasTowers(layer) ? 0 : -1;
    labelOutput(layer, h, w);
  }

  function labelOutput(layer, h, w) {
    const name = words.mapName(layer, state.map);
    const here = words.number(value(layer, page.main));
    byId("output-map").setAttribute("aria-label", `${name}: ${h} by ${w} values. Arrow keys move `
      + `from value to value. Row ${state.y + 1}, column ${state.x + 1}: ${here}`);
    if (!page.other) return;
    const there = words.number(value(layer, page.other));
    byId("other-map").setAttribute(
      "aria-label", `The same map for ${page.other.name}: ${there} at the same place`);
  }

  /* The chosen value as a run holds it. */
  function value(layer, view) {
    const [, w, c] = layer.shape;
    return view.run.values[layer.index][(state.y * w + state.x) * c + state.map];
  }

  /* A value of an input map is pointed at: the outputs that read it. */
  function pointAtInput(layer, canvas, event) {
    if (!words.hasTowers(layer)) return;
    const box = canvas.getBoundingClientRect();
    const at = (share, n) => pointing.clip(Math.floor(share * n), n);
    const y = at((event.clientY - box.top) / box.height, layer.reads[0]);
    const x = at((event.clientX - box.left) / box.width, layer.reads[1]);
    const [rows, columns] = [y, x].map(
      (place) => arithmetic.readBy(layer, place, place, page.main.options.window));
    const all = rows && columns;
    paintOutput(all ? [rows, columns] : null);
    const count = all ? (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1) : 0;
    say.live(`Row ${y + 1}, column ${x + 1} of ${words.inputName(layer)} is read by ${count} ${
      count === 1 ? "value" : "values"} of this ${layer.name} map.`);
  }

  // ---- all of it ------------------------------------------------------------

  /* A layer or a map was chosen: its controls and its words. */
  function open() {
    const layer = layerOf();
    const { map } = state;
    document.body.classList.toggle("two", Boolean(page.other));
    byId("layer").value = layer.index;
    byId("map-title").lastChild.textContent = `One ${words.unit(layer)}`;
    byId("map-word").textContent = layer.kind === "dense" ? "Unit" : "Map";
    Object.assign(byId("map"), { max: layer.shape[2], value: map + 1 });
    byId("map-number").textContent = words.isLast(layer)
      ? page.classes[map] : `${map + 1} of ${layer.shape[2]}`;
    const tower = words.hasTowers(layer) ? words.towerOf(layer, map) : null;
    byId("tower-badge").className = `badge tower-${tower || "both"}`;
    byId("tower-badge").textContent = tower ? `tower ${tower}` : "both towers";
    byId("chapters").replaceChildren(...words.chaptersOf(layer).map((one) => words.chapter(one)));
    byId("map-say").textContent = words.describe(layer, map, page.main.options.window);
    byId("value-pick").hidden = !words.hasTowers(layer);
    byId("row").max = layer.shape[0] - 1;
    byId("column").max = layer.shape[1] - 1;
    buildInputs();
  }

  function paint() {
    if (byId("one-map").hidden) return;
    paintInputs();
    paintOutput();
  }

  return {
    open, paint, strongest, layerOf, inputValues, inputScale, inputChannels, filterScale, value,
  };
})();
