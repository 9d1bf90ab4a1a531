/* What a reader can choose, and what follows from it. */

var choose = (function () {
  "use strict";

  const { state, layers, arithmetic, byId } = page;

  // ---- computing --------------------------------------------------------------

  function compute() {
    const views = [{ pixels: page.pixels(), options: page.options() }];
    const second = page.second();
    if (second) views.push(second);
    engine.compute(views, ({ runs, milliseconds }) => {
      if (runs.length !== (state.other === null ? 1 : 2)) return; // asked for before a choice
      const [main, other] = runs.map((run, i) => ({ ...views[i], run }));
      answered(main, other || null, milliseconds);
    });
  }

  function answered(main, other, milliseconds) {
    Object.assign(page, { main, other });
    const { run } = main;
    page.scales = run.values.map(draw.scaleOf);
    page.imageScale = draw.scaleOf(run.image);
    if (!page.changed()) page.base = run.answer;
    page.base = page.base || arithmetic.forward(page.network, page.uncovered()).answer;
    if (state.map === null || state.y === null) place();
    if (state.channel === null) state.channel = onemap.strongest();
    say.setAnswer(run);
    marks.paintRun();
    onemap.open();
    show();
    byId("about").textContent = `${page.network.parameters.toLocaleString("en")} weights in half `
      + `precision; this picture took ${milliseconds.toFixed(0)} ms ${engine.where()}. Nothing `
      + "leaves the page.";
  }

  function show() {
    if (!page.main) return;
    marks.paint();
    onemap.paint();
    say.live(onevalue.paint());
    say.address();
  }

  // ---- a layer, a map, a value ---------------------------------------------------

  function open(layer, map, y, x) {
    const moved = layer !== state.layer || map !== state.map;
    const [h, w, c] = layers[layer].shape;
    Object.assign(state, { layer, map: Math.min(map, c - 1) });
    Object.assign(state, { y: Math.min(y, h - 1), x: Math.min(x, w - 1) });
    if (!page.main) return;
    if (moved) state.channel = onemap.strongest();
    onemap.open();
    show();
  }

  /* Opens a layer where its value is greatest. */
  function openStrongest(layer) {
    Object.assign(state, { layer, map: null, y: null });
    if (!page.main) return;
    place();
    state.channel = onemap.strongest();
    onemap.open();
    show();
  }

  /* Fills in what of map, row and column is not chosen: where the value is
     greatest, away from the padding. */
  function place() {
    const layer = layers[state.layer];
    const [h, w, c] = layer.shape;
    const values = page.main.run.values[state.layer];
    const inside = [h, w].map((n) => Array.from({ length: n }, (_, at) => {
      const [first, last] = arithmetic.reads(layer, at);
      return first >= 0 && last < layer.reads[0];
    }));
    let best = -1;
    values.forEach((value, i) => {
      if (state.map !== null && i % c !== state.map) return;
      const at = Math.floor(i / c);
      if (!inside[0][Math.floor(at / w)] || !inside[1][at % w]) return;
      if (best < 0 || value > values[best]) best = i;
    });
    best = Math.max(best, state.map || 0);
    const at = Math.floor(best / c);
    Object.assign(state, { map: best % c, y: Math.floor(at / w), x: at % w });
  }

  function move(y, x) {
    const [h, w] = layers[state.layer].shape;
    state.y = pointing.clip(y, h);
    state.x = pointing.clip(x, w);
    show();
  }

  function channel(one) {
    state.channel = one;
    show();
  }

  // ---- picture, cover, switches ------------------------------------------------

  function picture(index, own = null) {
    const lifted = state.picture >= 0 && page.pictures[state.picture].cover;
    Object.assign(state, { picture: index, own, channel: null });
    const given = index >= 0 && page.pictures[index].cover;
    if (given) Object.assign(state.cover, { on: true, ...given });
    else if (lifted) state.cover.on = false; // it came with the picture before
    page.base = null;
    tour.forget();
    controls.show();
    compute();
  }

  function cover(change) {
    Object.assign(state.cover, change);
    tour.forget();
    controls.show();
    compute();
  }

  function setting(name, on) {
    state[name] = on;
    tour.forget();
    compute();
  }

  function mute(tower, off) {
    state.mute = state.mute.slice();
    state.mute[tower] = off;
    if (off) state.mute[1 - tower] = false; // one must speak
    tour.forget();
    controls.show();
    compute();
  }

  function other(which) {
    state.other = which;
    if (which === null) page.other = null;
    stage.build();
    if (page.main) marks.paintRun();
    controls.show();
    compute();
  }

  /* Takes what an address says; what it does not say is as at first. */
  function take(given) {
    const off = (name) => given.off.includes(name);
    Object.assign(state, {
      picture: 0, other: null, map: null, y: null, x: null, channel: null,
      layer: layers.findIndex((layer) => layer.name === "conv2"),
      relu: !off("relu"), lrn: !off("norm"), overlap: !off("overlap"),
      mute: [off("tower1"), off("tower2")],
    });
    for (const part of ["picture", "other", "layer", "map", "y", "x"]) {
      if (part in given) state[part] = given[part];
    }
    const cover = given.cover || page.pictures[state.picture].cover;
    state.cover = { size: 20, x: 32, y: 32, ...cover, on: Boolean(cover) };
    page.base = null;
    tour.forget();
  }

  return {
    compute, show, open, openStrongest, move, channel, picture, cover, setting, mute, other, take,
  };
})();
