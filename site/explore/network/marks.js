/* Depth 1 painted: the maps after each run, and the marks at every move. */

var marks = (function () {
  "use strict";

  const { byId, state, layers, side, arithmetic, network } = page;

  function paintPictures() {
    const size = stage.side();
    const context = draw.fit(byId("picture-canvas"), size, size);
    const box = [0, 0, size, size];
    if (page.falls) draw.heat(context, page.uncovered(), side, page.falls, box);
    else draw.picture(context, page.main.pixels, side, box);
    const brief = document.querySelector("#stage .brief");
    if (brief) brief.textContent = words.answer(page.main.run);
    const second = byId("second-canvas");
    if (!second || !page.other) return;
    draw.picture(draw.fit(second, size, size), page.other.pixels, side, box);
    second.previousSibling.textContent = brief
      ? `${page.other.name}: ${words.answer(page.other.run)}` : page.other.name;
    second.setAttribute("aria-label", `The picture to compare with: ${page.other.name}`);
  }

  function paintMaps() {
    const { run } = page.main;
    byId("stage").classList.toggle("mute-1", state.mute[0]);
    byId("stage").classList.toggle("mute-2", state.mute[1]);
    for (const one of stage.lanes()) {
      const { index, shape } = one.layer;
      const pen = draw.fit(one.canvas, one.width, one.height);
      for (let map = one.first; map < one.first + one.count; map++) {
        draw.map(pen, run.values[index], shape, map, page.scales[index], stage.tileBox(one, map));
      }
    }
    document.querySelectorAll("#stage .scale[data-layer]").forEach((label) => {
      const scale = page.scales[label.dataset.layer];
      label.textContent = `± ${scale < 10 ? scale.toFixed(1) : Math.round(scale)}`;
    });
  }

  /* Shares as they were are marked, unless a second picture's stand there. */
  const ticks = () => page.changed() && !page.other;

  function paintShare(item, i) {
    const share = page.main.run.answer[i];
    const other = page.other && page.other.run.answer[i];
    for (const [kind, one] of [["", share], [".second", other]]) {
      item.querySelector(`.bar${kind}`).style.width = `${100 * one}%`;
      item.querySelector(`.share${kind}`).textContent = one === null ? "" : words.percent(one);
    }
    const tick = item.querySelector(".tick");
    tick.style.left = `${100 * page.base[i]}%`;
    tick.hidden = !ticks() || page.base[i] < 0.005;
    const also = page.other ? `; ${page.other.name}: ${words.percent(other)}` : "";
    const right = i === page.truth() ? ", the right answer" : "";
    item.firstChild.setAttribute("aria-label",
      `${page.classes[i]}: ${words.percent(share)}${also}${right}. Open its sum.`);
  }

  function paintAnswer() {
    const best = page.best(page.main.run.answer);
    document.querySelectorAll("#answer li").forEach((item, i) => {
      item.classList.toggle("best", i === best);
      item.classList.toggle("true", i === page.truth());
      paintShare(item, i);
    });
    paintVerdict();
  }

  function paintVerdict() {
    const { element } = page;
    const why = words.why();
    const lines = [
      element("p", {}, element("strong", { textContent: `${words.answer(page.main.run)}.` }),
        ` ${words.rightOrNot()}`)];
    if (why) lines.push(element("p", { textContent: why }));
    if (page.other) {
      lines.push(element("p", { className: "second" }, `${page.other.name}: `,
        element("b", { textContent: words.answer(page.other.run) })));
    }
    lines.push(element("p", { className: "hint" }, ...words.tested()));
    if (ticks()) {
      lines.push(element("p", { textContent: "A thin line: as it was." }));
    }
    byId("verdict").replaceChildren(...lines);
  }

  /* Everything that follows from a run. */
  function paintRun() {
    paintPictures();
    paintMaps();
    paintAnswer();
    pointing.labelAll();
    paint();
  }

  // ---- marks ----------------------------------------------------------------

  /* Frames, in every map of a lane, the values that the pixel reaches. */
  function reached(context, one, size) {
    const { index, shape } = one.layer;
    const [rows, columns] = page.pixel.map((at) => arithmetic.reachedBy(network, index, at, size));
    if (!rows || !columns) return;
    const cell = one.tile / shape[0];
    for (let map = one.first; map < one.first + one.count; map++) {
      const [left, top] = stage.tileBox(one, map);
      draw.frame(context, left + columns[0] * cell, top + rows[0] * cell,
        (columns[1] - columns[0] + 1) * cell, (rows[1] - rows[0] + 1) * cell, 0.75);
    }
  }

  function markLane(one, size) {
    const context = draw.fit(one.over, one.width, one.height);
    if (page.pixel && words.hasTowers(one.layer)) reached(context, one, size);
    for (const [chosen, thick] of [[state, 2], [page.hover, 1]]) {
      if (!chosen || chosen.layer !== one.layer.index || chosen.map === null) continue;
      if (chosen.map < one.first || chosen.map >= one.first + one.count) continue;
      draw.frame(context, ...stage.tileBox(one, chosen.map), thick);
    }
  }

  /* A frame of rows and columns in a square drawing, kept inside its edges. */
  function within(context, drawn, cell, [y0, y1], [x0, x1], thick, edge = 1.5) {
    draw.frame(context, Math.max(edge, x0 * cell), Math.max(edge, y0 * cell),
      Math.min(drawn - 2 * edge, (x1 - x0 + 1) * cell),
      Math.min(drawn - 2 * edge, (y1 - y0 + 1) * cell), thick);
  }

  function markPicture(size) {
    const drawn = stage.side();
    const context = draw.fit(byId("picture-over"), drawn, drawn);
    const from = page.hover || state;
    const cell = drawn / side;
    const [rows, columns] = [from.y || 0, from.x || 0].map(
      (at) => arithmetic.receptiveField(network, from.layer, at, size));
    within(context, drawn, cell, rows, columns, 1.5, 1);
    if (page.falls) {
      const [top, left, bottom, right] = bytes.box(state.cover);
      context.setLineDash([3, 3]);
      within(context, drawn, cell, [top, bottom - 1], [left, right - 1], 1, 1);
      context.setLineDash([]);
    }
    if (!page.pixel) return;
    const [y, x] = page.pixel;
    draw.frame(context, x * cell, y * cell, cell, cell, 1);
  }

  /* Selection, pointer, receptive fields: cheap, drawn at every move. */
  function paint() {
    const size = page.main ? page.main.options.window : 3;
    document.querySelectorAll("#stage [data-layer]").forEach((one) => {
      const chosen = +one.dataset.layer === state.layer;
      one.classList.toggle("chosen", chosen);
      if (one.matches("button")) one.setAttribute("aria-pressed", chosen);
    });
    document.querySelectorAll("#answer li").forEach((item, i) => {
      item.classList.toggle("chosen", state.layer === layers.length - 1 && state.map === i);
    });
    for (const one of stage.lanes()) markLane(one, size);
    markPicture(size);
  }

  return { paintRun, paint, within };
})();
