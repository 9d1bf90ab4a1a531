/* The strip of controls, and those of parts 2 and 3. */

var controls = (function () {
  "use strict";

  const { byId, element, state, layers, pictures, side } = page;
  const SWITCHES = [["no-relu", "relu"], ["no-lrn", "lrn"], ["no-overlap", "overlap"]];
  const COVER = [["cover-size", "size"], ["cover-x", "x"], ["cover-y", "y"]];

  // ---- pictures ---------------------------------------------------------------

  function thumb(one, index) {
    const image = element("img", { src: `data:image/png;base64,${one.png}`, alt: one.name,
      width: 36, height: 36 });
    const radio = element("input", { type: "radio", name: "picture", className: "unseen",
      value: index });
    radio.addEventListener("change", () => choose.picture(index));
    const made = element("label", { title: one.name }, radio, image);
    if (one.cover) made.append(patch(one.cover));
    return made;
  }

  /* The grey square of a doubtful picture, on its small picture. */
  function patch(cover) {
    const [top, left, bottom, right] = bytes.box(cover).map((v) => `${(100 * v) / side}%`);
    const made = element("span", { className: "patch" });
    Object.assign(made.style, { top, left });
    made.style.width = `calc(${right} - ${left})`;
    made.style.height = `calc(${bottom} - ${top})`;
    return made;
  }

  function buildPictures() {
    pictures.forEach((one, i) => {
      byId(one.why === "clear" ? "thumbs" : "doubtful-thumbs").append(thumb(one, i));
      byId("other").append(new Option(one.name, i));
    });
    byId("picture-legend").append(" (", words.chapter(1, true), ")");
    byId("cover-legend").append(" (", words.chapter(13, true), ")");
  }

  async function takeFile(event) {
    const [file] = event.target.files;
    if (!file) return;
    const address = URL.createObjectURL(file);
    try {
      const own = await bytes.load(address);
      choose.picture(-1, own);
    } catch (error) {
      byId("file-hint").textContent = error.message;
    }
    URL.revokeObjectURL(address);
    event.target.value = "";
  }

  // ---- parts 2 and 3 ------------------------------------------------------------

  function pointAtMap(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const [h, w] = layers[state.layer].shape;
    const y = Math.floor(((event.clientY - box.top) / box.height) * h);
    const x = Math.floor(((event.clientX - box.left) / box.width) * w);
    if (y !== state.y || x !== state.x) choose.move(y, x);
  }

  function listenToMap(canvas) {
    canvas.addEventListener("pointermove", pointAtMap);
    canvas.addEventListener("pointerdown", pointAtMap);
    canvas.addEventListener("keydown", (event) => {
      const step = pointing.STEP[event.key];
      if (!step) return;
      event.preventDefault();
      choose.move(state.y + step[0], state.x + step[1]);
    });
  }

  function listenToParts() {
    layers.forEach((layer, i) => byId("layer").append(new Option(layer.name, i)));
    byId("layer").addEventListener("change", (event) => choose.openStrongest(+event.target.value));
    byId("map").addEventListener("input", (event) => (
      choose.open(state.layer, event.target.value - 1, state.y, state.x)));
    byId("row").addEventListener("input", (event) => choose.move(+event.target.value, state.x));
    byId("column").addEventListener("input", (event) => choose.move(state.y, +event.target.value));
    listenToMap(byId("output-map"));
    listenToMap(byId("other-map"));
  }

  // ---- the strip ------------------------------------------------------------------

  function listen() {
    listenToParts();
    byId("file").addEventListener("change", takeFile);
    byId("extras-button").addEventListener("click", () => {
      unfolded = byId("extras").hidden;
      showExtras();
    });
    byId("tour").addEventListener("click", tour.start);
    byId("cover").addEventListener("change", (event) => choose.cover({ on: event.target.checked }));
    for (const [id, part] of COVER) {
      byId(id).addEventListener("input", (event) => choose.cover({ [part]: +event.target.value }));
    }
    for (const [id, name] of SWITCHES) {
      byId(id).addEventListener("change", (event) => choose.setting(name, !event.target.checked));
    }
    [0, 1].forEach((tower) => byId(`no-tower-${tower + 1}`).addEventListener(
      "change", (event) => choose.mute(tower, event.target.checked)));
    byId("other").addEventListener("change", ({ target: { value } }) => (
      choose.other(value === "" ? null : value === "itself" ? value : +value)));
  }

  let unfolded = false;

  /* A frame and a telephone begin with the clear pictures alone, unless more
     is in use. */
  function showExtras() {
    const folds = frame.framed || innerWidth < 640;
    byId("extras-button").hidden = !folds;
    byId("extras").hidden = folds && !unfolded;
    byId("extras-button").setAttribute("aria-expanded", unfolded);
  }

  /* Shows the state, wherever it came from. */
  function show() {
    byId("file-hint").textContent =
      state.picture < 0 ? "its central square" : "stays on this machine";
    const one = pictures[state.picture];
    unfolded ||= page.changed() || state.other !== null || Boolean(one && one.why !== "clear");
    showExtras();
    document.querySelectorAll("input[name=picture]").forEach((radio) => {
      radio.checked = +radio.value === state.picture;
    });
    byId("cover").checked = state.cover.on;
    byId("cover-sliders").hidden = !state.cover.on;
    document.body.classList.toggle("covering", state.cover.on);
    for (const [id, part] of COVER) byId(id).value = state.cover[part];
    for (const [id, name] of SWITCHES) byId(id).checked = !state[name];
    state.mute.forEach((off, tower) => (byId(`no-tower-${tower + 1}`).checked = off));
    byId("other").value = state.other === null ? "" : state.other;
  }

  return { buildPictures, listen, show };
})();
