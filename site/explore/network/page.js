/* The page's state, its controls, and the worker that computes. */

(function () {
  "use strict";

  const arithmetic = alexnetArithmetic();
  const network = arithmetic.build(ALEXNET_MODEL);
  const facts = ALEXNET_FACTS;
  const { layers } = network;
  const side = network.input[0];
  const byId = (id) => document.getElementById(id);

  const state = {
    picture: 0, own: null, // bytes of the visitor's own picture
    cover: { on: false, size: 20, x: 32, y: 32 },
    relu: true, lrn: true, overlap: true, mute: [false, false],
    layer: 3, map: null, y: 0, x: 0, channel: null,
  };
  const page = {
    arithmetic, network, layers, state, classes: facts.classes,
    run: null, base: null, scales: [], imageScale: 1, hover: null, pixel: null, falls: null,
    milliseconds: null, pixels, uncovered, truth, changed, open, openStrongest, pointAt, pointAtPixel,
    pressPixel, pictureKey, chooseChannel, busy: () => busy, say,
  };
  window.ALEXNET_PAGE = page; // for the checks

  // ---- the picture ----------------------------------------------------------

  const pictures = []; // RGB bytes of the ten

  function bytesOf(source, width, height) {
    let [from, w, h] = [source, width, height];
    const square = Math.min(w, h);
    let [left, top, size] = [(w - square) / 2, (h - square) / 2, square];
    let next = square;
    do { // by halves, so that no pixel is left out
      next = Math.max(side, Math.ceil(next / 2));
      if (size === side) next = side;
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = next;
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.fillStyle = "#fff";
      context.fillRect(0, 0, next, next);
      context.imageSmoothingQuality = "high";
      context.drawImage(from, left, top, size, size, 0, 0, next, next);
      [from, left, top, size] = [canvas, 0, 0, next];
    } while (next > side);
    const { data } = from.getContext("2d").getImageData(0, 0, side, side);
    const bytes = new Uint8ClampedArray(side * side * 3);
    for (let i = 0; i < side * side; i++) {
      for (let k = 0; k < 3; k++) bytes[3 * i + k] = data[4 * i + k];
    }
    return bytes;
  }

  function load(url) {
    return new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = () => resolve(bytesOf(image, image.naturalWidth, image.naturalHeight));
      image.onerror = () => reject(new Error("The file cannot be read as a picture."));
      image.src = url;
    });
  }

  function uncovered() {
    return state.own && state.picture < 0 ? state.own : pictures[state.picture];
  }

  function coverBox(y, x) {
    const { size } = state.cover;
    const half = Math.floor(size / 2);
    const clip = (v) => Math.max(0, Math.min(side, v));
    return [clip(y - half), clip(x - half), clip(y - half + size), clip(x - half + size)];
  }

  function pixels() {
    if (!state.cover.on) return uncovered();
    const bytes = uncovered().slice();
    fill(bytes, coverBox(state.cover.y, state.cover.x));
    return bytes;
  }

  function fill(bytes, [top, left, bottom, right]) {
    for (let y = top; y < bottom; y++) bytes.fill(128, 3 * (y * side + left), 3 * (y * side + right));
  }

  function truth() {
    return state.picture < 0 ? -1 : facts.pictures[state.picture].label;
  }

  function options() {
    return { relu: state.relu, lrn: state.lrn, mute: state.mute, window: state.overlap ? 3 : 2 };
  }

  function changed() {
    return state.cover.on || !state.relu || !state.lrn || !state.overlap || state.mute.some(Boolean);
  }

  // ---- computing --------------------------------------------------------------

  function work(make) {
    const tools = make();
    let model;
    onmessage = ({ data }) => {
      if (data.network) {
        model = data.network;
        return;
      }
      const start = performance.now();
      const run = tools.forward(model, data.pixels, data.options);
      if (data.brief) postMessage({ brief: run.answer });
      else postMessage({ run, milliseconds: performance.now() - start });
    };
  }

  let busy = false;
  let again = false;
  let worker = null;
  try {
    const source = `(${work})(${alexnetArithmetic});`;
    worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    worker.postMessage({ network });
    worker.onmessage = ({ data }) => (data.brief ? heard(data.brief) : answer(data));
    worker.onerror = (event) => {
      event.preventDefault();
      worker = null;
      if (busy) {
        busy = false;
        compute();
      }
    };
  } catch {
    worker = null; // then the page computes by itself
  }

  /* Computes the whole network; while one run is under way only the newest
     request waits. */
  function compute() {
    if (busy) {
      again = true;
      return;
    }
    const request = { pixels: pixels(), options: options() };
    if (worker) {
      busy = true;
      worker.postMessage(request);
    } else {
      const start = performance.now();
      const run = arithmetic.forward(network, request.pixels, request.options);
      answer({ run, milliseconds: performance.now() - start });
    }
  }

  function answer({ run, milliseconds }) {
    busy = false;
    if (again) {
      again = false;
      compute();
      return;
    }
    page.run = run;
    page.milliseconds = milliseconds;
    page.where = worker ? "in a worker" : "on the page's own thread";
    if (!changed()) page.base = run.answer;
    page.scales = run.values.map(draw.scaleOf);
    page.imageScale = draw.scaleOf(run.image);
    if (page.base === null) page.base = arithmetic.forward(network, uncovered()).answer;
    stage.paint();
    verdict();
    if (state.map === null) return openStrongest(state.layer);
    if (state.channel === null) state.channel = details.strongest();
    show();
  }

  // ---- the grey square at every place -------------------------------------------

  const STRIDE = 4; // pixels from place to place
  let tour = null; // {place, best, before, list, count}

  function tourStep() {
    const [row, column] = [Math.floor(tour.place / tour.count), tour.place % tour.count];
    const bytes = uncovered().slice();
    const box = coverBox(STRIDE * row + STRIDE / 2, STRIDE * column + STRIDE / 2);
    fill(bytes, box);
    const request = { pixels: bytes, options: options(), brief: true };
    if (worker) worker.postMessage(request);
    else setTimeout(() => heard(arithmetic.forward(network, bytes, request.options).answer));
  }

  function heard(shares) {
    if (!tour) return;
    tour.list[tour.place] = tour.before - shares[tour.best];
    tour.place += 1;
    if (tour.place < tour.list.length) {
      if (tour.place % tour.count === 0) byId("tour").textContent = `${tour.place} of ${tour.list.length}`;
      tourStep();
      return;
    }
    page.falls = tour;
    const worst = tour.list.indexOf(Math.max(...tour.list));
    const fall = tour.list[worst];
    const left = (100 * (tour.before - fall)).toFixed(0);
    const at = (n) => STRIDE * n + STRIDE / 2 + 1;
    endTour();
    stage.paint();
    if (fall < 0.02) {
      say(`No place of this square matters: ${facts.classes[page.falls.best]} keeps at least ${left}%. Try a larger one.`);
      return;
    }
    say(`Without the square, ${facts.classes[page.falls.best]} has ${(100 * page.falls.before).toFixed(0)}%. It falls most where the colour is strongest: with the square at row ${at(Math.floor(worst / page.falls.count))}, column ${at(worst % page.falls.count)}, ${left}% remain.`);
  }

  function endTour() {
    tour = null;
    byId("tour").textContent = "Try every place";
  }

  function startTour() {
    if (tour) return endTour();
    const whole = arithmetic.forward(network, uncovered(), options()).answer;
    const before = Math.max(...whole);
    const count = side / STRIDE;
    page.falls = null;
    tour = { place: 0, best: whole.indexOf(before), before, count, list: new Float32Array(count * count) };
    tourStep();
  }

  function forgetFalls() {
    page.falls = null;
    if (tour) endTour();
  }

  function pictureChanged() {
    forgetFalls();
    page.base = null;
    state.channel = null;
    compute();
  }

  // ---- words ----------------------------------------------------------------

  function settingRight() {
    return facts.validation.right[arithmetic.settingName(options())];
  }

  function verdict() {
    const best = page.run.answer.indexOf(Math.max(...page.run.answer));
    const share = `${(100 * page.run.answer[best]).toFixed(0)}%`;
    const name = facts.classes[best];
    const right = truth() < 0 ? "It knows nothing but these ten bodies."
      : truth() === best ? "That is right." : `It is a ${facts.classes[truth()]}.`;
    const strong = document.createElement("strong");
    strong.textContent = `${name}, ${share}.`;
    const part = (100 * settingRight()) / facts.validation.count;
    const tested = document.createElement("span");
    const whole = arithmetic.settingName(options()) === arithmetic.settingName(arithmetic.AS_TRAINED);
    tested.textContent = ` Of ${facts.validation.count} pictures that it has not learned from, it names ${part.toFixed(1)}% right${whole ? "" : " when switched like this"}.`;
    byId("verdict").replaceChildren(strong, ` ${right}`, tested);
    byId("about").textContent = `${network.parameters.toLocaleString("en")} weights in half precision; this picture took ${page.milliseconds.toFixed(0)} ms ${page.where}. Nothing leaves the page.`;
    answerSentence = `The answer is ${name}, ${share}.`;
  }

  let answerSentence = "";
  let lastAnswer = "";
  let timer;

  /* The live line says at once what is shown; assistive technology hears it
     when the pointer rests, so that it is not flooded. */
  function say(sentence) {
    const whole = answerSentence === lastAnswer ? sentence : `${answerSentence} ${sentence}`;
    clearTimeout(timer);
    timer = setTimeout(() => {
      lastAnswer = answerSentence;
      byId("live").textContent = whole;
    }, 60);
  }

  function show() {
    if (!page.run) return;
    stage.mark();
    say(details.paint());
  }

  // ---- choosing ---------------------------------------------------------------

  function open(layer, map, y, x) {
    const moved = layer !== state.layer || map !== state.map;
    const [h, w, c] = layers[layer].shape;
    state.layer = layer;
    state.map = Math.min(map, c - 1);
    state.y = Math.min(y, h - 1);
    state.x = Math.min(x, w - 1);
    if (page.run && moved) state.channel = details.strongest();
    details.open();
    show();
  }

  /* Opens a layer where its value is greatest, away from the padding. */
  function openStrongest(index) {
    const layer = layers[index];
    const [h, w, c] = layer.shape;
    const values = page.run ? page.run.values[index] : [];
    const inside = [h, w].map((n) => Array.from({ length: n }, (_, at) => {
      const [first, last] = arithmetic.reads(layer, at);
      return first >= 0 && last < layer.reads[0];
    }));
    let best = -1;
    values.forEach((value, i) => {
      const place = Math.floor(i / c);
      const whole = inside[0][Math.floor(place / w)] && inside[1][place % w];
      if (whole && (best < 0 || value > values[best])) best = i;
    });
    best = Math.max(best, 0);
    const place = Math.floor(best / c);
    open(index, best % c, Math.floor(place / w), place % w);
  }

  function move(y, x) {
    const [h, w] = layers[state.layer].shape;
    state.y = Math.max(0, Math.min(h - 1, y));
    state.x = Math.max(0, Math.min(w - 1, x));
    show();
  }

  function chooseChannel(channel) {
    state.channel = channel;
    show();
  }

  function pointAt(hit) {
    page.hover = hit;
    stage.mark();
    if (!hit || !page.run) return;
    const layer = layers[hit.layer];
    const [, w, c] = layer.shape;
    const value = page.run.values[hit.layer][(hit.y * w + hit.x) * c + hit.map];
    const tower = layer.kind === "dense" ? "" : `, tower ${hit.map < c / 2 ? 1 : 2}`;
    const place = layer.kind === "dense" ? "" : `, row ${hit.y + 1}, column ${hit.x + 1}`;
    const range = (at) => arithmetic.receptiveField(network, hit.layer, at, state.overlap ? 3 : 2);
    const [rows, columns] = [range(hit.y), range(hit.x)];
    say(`${layer.name}, ${layer.kind === "dense" ? "unit" : "map"} ${hit.map + 1}${tower}${place}: ${details.number(value)}. It sees ${rows[1] - rows[0] + 1} × ${columns[1] - columns[0] + 1} pixels of the picture.`);
  }

  function pointAtPixel(y, x) {
    page.pixel = y === null ? null : [y, x];
    stage.mark();
    if (!page.pixel || !page.run) return;
    const size = state.overlap ? 3 : 2;
    const count = (index) => {
      const [rows, columns] = [y, x].map((at) => arithmetic.reachedBy(network, index, at, size));
      return rows && columns ? (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1) : 0;
    };
    const [r, g, b] = pixels().slice(3 * (y * side + x), 3 * (y * side + x) + 3);
    say(`Pixel in row ${y + 1}, column ${x + 1}: red ${r}, green ${g}, blue ${b}. ${count(0)} values of every conv1 map read it, and it reaches ${count(9)} of 9 in pool5.`);
  }

  function pressPixel(y, x) {
    if (!state.cover.on) return;
    Object.assign(state.cover, { x, y });
    forgetFalls();
    byId("cover-x").value = x;
    byId("cover-y").value = y;
    compute();
  }

  const STEP = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  function pictureKey(event) {
    const step = STEP[event.key];
    if (!step) return;
    event.preventDefault();
    const clip = (v) => Math.max(0, Math.min(side - 1, v));
    if (state.cover.on) pressPixel(clip(state.cover.y + 2 * step[0]), clip(state.cover.x + 2 * step[1]));
    else {
      const [y, x] = page.pixel || [side / 2, side / 2];
      pointAtPixel(clip(y + step[0]), clip(x + step[1]));
    }
  }

  // ---- controls -----------------------------------------------------------------

  function listen() {
    layers.forEach((layer, i) => byId("layer").append(new Option(layer.name, i)));
    byId("layer").addEventListener("change", (event) => openStrongest(+event.target.value));
    byId("map").addEventListener("input", (event) => open(state.layer, event.target.value - 1, state.y, state.x));
    byId("row").addEventListener("input", (event) => move(+event.target.value, state.x));
    byId("column").addEventListener("input", (event) => move(state.y, +event.target.value));

    const canvas = byId("output-map");
    canvas.addEventListener("keydown", (event) => {
      const step = STEP[event.key];
      if (!step) return;
      event.preventDefault();
      move(state.y + step[0], state.x + step[1]);
    });
    const follow = (event) => {
      const box = canvas.getBoundingClientRect();
      const [h, w] = layers[state.layer].shape;
      const [y, x] = [((event.clientY - box.top) / box.height) * h, ((event.clientX - box.left) / box.width) * w];
      if (Math.floor(y) !== state.y || Math.floor(x) !== state.x) move(Math.floor(y), Math.floor(x));
    };
    canvas.addEventListener("pointermove", follow);
    canvas.addEventListener("pointerdown", follow);

    byId("cover").addEventListener("change", (event) => {
      state.cover.on = event.target.checked;
      byId("cover-sliders").hidden = !state.cover.on;
      document.body.classList.toggle("covering", state.cover.on);
      forgetFalls();
      compute();
    });
    for (const [id, key] of [["cover-size", "size"], ["cover-x", "x"], ["cover-y", "y"]]) {
      byId(id).addEventListener("input", (event) => {
        state.cover[key] = +event.target.value;
        forgetFalls();
        compute();
      });
    }
    for (const [id, key] of [["no-relu", "relu"], ["no-lrn", "lrn"], ["no-overlap", "overlap"]]) {
      byId(id).addEventListener("change", (event) => {
        state[key] = !event.target.checked;
        forgetFalls();
        if (page.run) details.open();
        compute();
      });
    }
    [0, 1].forEach((tower) => {
      byId(`no-tower-${tower + 1}`).addEventListener("change", (event) => {
        state.mute = state.mute.slice();
        forgetFalls();
        state.mute[tower] = event.target.checked;
        if (state.mute[tower]) state.mute[1 - tower] = false; // one must speak
        byId(`no-tower-${2 - tower}`).checked = state.mute[1 - tower];
        compute();
      });
    });

    byId("file").addEventListener("change", async (event) => {
      const [file] = event.target.files;
      if (!file) return;
      const url = URL.createObjectURL(file);
      try {
        state.own = await load(url);
        state.picture = -1;
        document.querySelectorAll("#thumbs input").forEach((radio) => (radio.checked = false));
        byId("file-hint").textContent = "its central square";
        pictureChanged();
      } catch (error) {
        byId("file-hint").textContent = error.message;
      }
      URL.revokeObjectURL(url);
      event.target.value = "";
    });

    byId("tour").addEventListener("click", startTour);

    frame.onTheme(() => {
      draw.legend(byId("legend"), 96, 12);
      stage.paint();
      show();
    });
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth === width) return;
      width = innerWidth;
      rebuild();
    });
  }

  function thumbs() {
    facts.pictures.forEach((one, i) => {
      const name = facts.classes[one.label];
      const image = stage.element("img", { src: `data:image/png;base64,${one.png}`, alt: name, width: 44, height: 44 });
      const radio = stage.element("input", { type: "radio", name: "picture", className: "unseen", checked: i === state.picture });
      radio.addEventListener("change", () => {
        state.picture = i;
        pictureChanged();
      });
      byId("thumbs").append(stage.element("label", { title: name }, radio, image));
    });
  }

  function rebuild() {
    stage.build(page);
    if (!page.run) return;
    details.open();
    stage.paint();
    show();
  }

  async function start() {
    thumbs();
    listen();
    draw.legend(byId("legend"), 96, 12);
    for (const one of facts.pictures) pictures.push(await load(`data:image/png;base64,${one.png}`));
    details.use(page);
    stage.build(page);
    compute();
  }
  start();
})();
