/* The page's state, its controls, what is to be found, and the live line. */

(function () {
  "use strict";

  const { RANGES, NAMES } = settings;
  const WORDS = { one: "one device", replicas: "two replicas", split: "the split of 2012" };
  const byId = (id) => document.getElementById(id);
  let state = settings.read(location.hash);

  const PRESETS = [
    { id: "round", name: "Chapter 11", sets: { speed: 10, link: 10, memory: 3 },
      source: "Round numbers of chapter 11; the card's memory is chapter 12's." },
    { id: "gtx", name: "2012: GTX 580", sets: { speed: 0.5, link: 8, memory: 3 },
      source: "Speed: what two of them reached in the paper's five to six days (section 5, "
        + "chapter 0), halved. Memory: 3 GB (chapter 12). Link: PCI Express 2.0 with 16 lanes, "
        + "its specification." },
    { id: "cable", name: "Two machines, 1 Gbit/s", sets: { speed: 10, link: 0.125, memory: 3 },
      source: "Chapter 11's round numbers, and chapter 14's cable of 1 Gbit/s." },
    { id: "h100", name: "H100 with NVLink", sets: { speed: 67, link: 450, memory: 80 },
      source: "NVIDIA's specification of the H100 SXM: 67 × 10¹² operations a second in "
        + "float32, 80 GB, NVLink with 900 GB/s, both ways together." },
  ];
  const chosen = () => PRESETS.find(({ sets }) =>
    Object.entries(sets).every(([name, value]) => state[name] === value));

  const on = (way, s) => model.time(way, s);
  const GOALS = [
    { text: "Make two replicas slower than one device.",
      met: (s) => on("replicas", s) > on("one", s) },
    { text: "Make two replicas the fastest of the three.",
      met: (s) => model.fastest(s) === "replicas" },
    { text: "Find a batch that fits on two devices, but not on one.",
      met: (s) => !model.fits("one", s) && (model.fits("replicas", s) || model.fits("split", s)) },
    { text: "Make the split of 2012 win on two H100.",
      met: (s) => model.fastest(s) === "split" && chosen() === PRESETS[3] },
    { text: "Make one device the fastest.", met: (s) => model.fastest(s) === "one" },
  ];

  function makeControls() {
    for (const name of NAMES) {
      const slider = byId(name);
      slider.min = 0;
      slider.max = RANGES[name].positions.length - 1;
      slider.addEventListener("input", () => {
        change({ [name]: RANGES[name].positions[Number(slider.value)] }, true);
      });
    }
    byId("overlap").addEventListener("change", (event) => {
      change({ overlap: event.target.checked }, true);
    });
    for (const { id, name, sets } of PRESETS) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "button", id, textContent: name });
      button.addEventListener("click", () => change(sets, false));
      byId("presets").lastElementChild.append(button);
    }
    for (const { text } of GOALS) {
      const item = document.createElement("li");
      item.innerHTML = `${text} <b class="found"></b>`;
      byId("goals").querySelector("ol").append(item);
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
    const preset = chosen();
    for (const { id } of PRESETS) {
      byId(id).setAttribute("aria-pressed", String(Boolean(preset) && preset.id === id));
    }
    byId("source").textContent = preset ? preset.source : "Your own: set by hand.";
  }

  /* A goal counts once it becomes true by hand, not if it was true before. */
  function checkGoals(byHand) {
    GOALS.forEach((goal, i) => {
      const met = goal.met(state);
      if (met && byHand && goal.before === false && !goal.found) {
        goal.found = true;
        const item = byId("goals").querySelectorAll("li")[i];
        item.classList.add("done");
        item.lastElementChild.textContent = `Found: a batch of ${RANGES.batch.say(state.batch)}, `
          + `a link of ${RANGES.link.say(state.link)}.`;
        news = `Found: ${goal.text}`;
      }
      goal.before = met;
    });
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

  let waiting;
  let news = ""; // a goal that has just been found
  function show(soon) {
    showControls();
    timeline.draw(byId("ways"), state);
    timeline.table(byId("numbers").querySelector("table"), state);
    timeline.memory(byId("bars"), state);
    map.draw(byId("map"), state);
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      byId("live").textContent = `${sentence()} ${news}`.trim();
      news = "";
    }, soon ? 0 : 250);
  }

  function change(values, byHand) {
    state = { ...state, ...values };
    history.replaceState(null, "", settings.write(state));
    checkGoals(byHand);
    show(false);
  }

  function go({ offsetX, offsetY }) {
    const { batch, link } = map.at(offsetX, offsetY);
    const near = (name, value) => RANGES[name].positions[settings.position(name, value)];
    change({ batch: near("batch", batch), link: near("link", link) }, true);
  }

  document.querySelector("main").hidden = false;
  makeControls();
  timeline.make(byId("ways"));
  byId("map").addEventListener("click", go);
  addEventListener("hashchange", () => {
    state = settings.read(location.hash);
    checkGoals(false);
    show(false);
  });
  frame.onTheme(() => show(false));
  let wide = 0;
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width === wide) return;
    wide = contentRect.width;
    show(false);
  }).observe(byId("ways"));
  checkGoals(false);
  show(true);
})();
