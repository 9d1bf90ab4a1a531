/* The page's state, its controls, what is to be found, and the live line. */

(function () {
  "use strict";

  const { byId } = live;
  const { RANGES, NAMES } = settings;
  const WORDS = { one: "one device", replicas: "two replicas", split: "the split of 2012" };
  let state = settings.read(location.hash);

  const H100 = { speed: 67, link: 450, memory: 80 };
  const PRESETS = [
    { name: "Chapter 11", sets: { speed: 10, link: 10, memory: 3 },
      source: "round numbers; the memory is that of chapter 12." },
    { name: "2012: GTX 580", sets: { speed: 0.5, link: 8, memory: 3 },
      source: "half of the speed that two of them reached in the paper’s five to six days "
        + "(section 5; chapter 0); PCI Express 2.0 with 16 lanes, by its specification; the "
        + "memory of chapter 12." },
    { name: "Two machines, 1 Gbit/s", sets: { speed: 10, link: 0.125, memory: 3 },
      source: "chapter 11’s round numbers and chapter 14’s cable." },
    { name: "H100 with NVLink", sets: H100,
      source: "NVIDIA’s specification of the H100 SXM: 67 × 10¹² operations a second in "
        + "float32, 80 GB, NVLink with 900 GB/s, both ways together." },
  ];
  const isSet = ({ sets }) =>
    Object.entries(sets).every(([name, value]) => state[name] === value);

  const isSlower = (s) => model.time("replicas", s) > model.time("one", s);
  const GOALS = [
    { name: "replicas slower than one device", met: isSlower },
    { name: "replicas fastest", met: (s) => model.fastest(s) === "replicas" },
    { name: "one device fastest", met: (s) => model.fastest(s) === "one" },
    { name: "too large for one device, not for two",
      met: (s) => !model.fits("one", s) && model.fastest(s) !== null },
    { name: "the split fastest on H100",
      met: (s) => model.fastest(s) === "split" && isSet({ sets: H100 }) },
  ];

  const findGoals = live.goals(GOALS);
  const pressPreset = live.choice("presets", PRESETS, ({ name }) => name,
    ({ sets }) => change(sets, false));

  function listSources() {
    for (const { name, source } of PRESETS) {
      const item = document.createElement("li");
      item.innerHTML = `<b>${name}:</b> ${source}`;
      byId("sources").append(item);
    }
  }

  function showControls() {
    for (const name of NAMES) {
      const words = RANGES[name].say(state[name]);
      byId(name).value = settings.position(name, state[name]);
      byId(name).setAttribute("aria-valuetext", words);
      byId(`${name}-value`).textContent = words;
    }
    byId("overlap").checked = state.overlap;
    pressPreset(isSet);
  }

  const large = (words) => words[0].toUpperCase() + words.slice(1);

  function sentence() {
    const best = model.fastest(state);
    const takes = (way) => `${WORDS[way]} ${way === "replicas" ? "take" : "takes"} `
      + timeline.span(model.time(way, state));
    const others = model.WAYS.filter((way) => way !== best).map(takes).join(", ");
    const over = model.WAYS.filter((way) => !model.fits(way, state)).map((way) => WORDS[way]);
    const batch = `With ${RANGES.batch.say(state.batch)} a step`;
    if (!best) return `${batch} nothing fits into the memory. ${large(others)}.`;
    const is = best === "replicas" ? "are" : "is";
    const fit = over.length ? `Too large for the memory: ${over.join(" and ")}.` : "All three fit.";
    return `${batch} ${WORDS[best]} ${is} fastest: ${timeline.span(model.time(best, state))}. `
      + `${large(others)}. ${fit}`;
  }

  function draw() {
    timeline.draw(byId("ways"), state);
    timeline.memory(byId("bars"), state);
    map.draw(byId("map"), state);
  }

  function change(values, byHand) {
    state = { ...state, ...values };
    showControls();
    findGoals(({ met }) => met(state), byHand);
    timeline.table(byId("numbers").querySelector("table"), state);
    draw();
    live.say(sentence(), settings.write(state));
  }

  function go({ offsetX, offsetY }) {
    const { batch, link } = map.at(offsetX, offsetY);
    const near = (name, value) => RANGES[name].positions[settings.position(name, value)];
    change({ batch: near("batch", batch), link: near("link", link) }, true);
  }

  function listen() {
    for (const name of NAMES) {
      const { positions } = RANGES[name];
      const slider = byId(name);
      Object.assign(slider, { min: 0, max: positions.length - 1 });
      slider.addEventListener("input", () => change({ [name]: positions[slider.value] }, true));
    }
    byId("overlap").addEventListener("change", ({ target }) =>
      change({ overlap: target.checked }, true));
    byId("map").addEventListener("click", go);
    live.onAddress(() => change(settings.read(location.hash), false));
    live.onWidth(byId("ways"), draw);
    frame.onTheme(draw);
  }

  timeline.make(byId("ways"));
  listSources();
  listen();
  change({}, false);
})();
