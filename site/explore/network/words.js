/* Names, numbers and sentences. */

var words = (function () {
  "use strict";

  const { layers, element, state } = page;

  const CHAPTERS = {
    1: ["01_images_as_tensors", "What does the network see?"],
    2: ["02_filters", "What is a convolution?"],
    3: ["03_stride_and_size", "Where do 55, 27, 13 and 6 come from?"],
    4: ["04_relu", "Why does such a small bend matter so much?"],
    5: ["05_local_response_normalization", "What was LRN, and why is it gone?"],
    6: ["06_max_pooling", "What is thrown away, and what kept?"],
    7: ["07_five_convolutions", "How do five layers stack?"],
    8: ["08_fully_connected_head", "How does a map become an answer?"],
    12: ["12_the_original_split", "What did the two GPUs of 2012 do?"],
    13: ["13_what_it_learned", "What is inside a trained network?"],
  };

  /* A link to a chapter of the book, by its title or, briefly, its number. */
  function chapter(number, brief = false) {
    const [file, title] = CHAPTERS[number];
    const link = element("a", {
      href: `../../notebooks/${file}.html`, target: "_top",
      textContent: brief ? `chapter ${number}` : `Chapter ${number}: ${title}`,
    });
    if (brief) link.title = title;
    return link;
  }

  function chaptersOf(layer) {
    if (layer.kind === "norm") return [5];
    if (layer.kind === "pool") return [6];
    if (layer.kind === "dense") return [8];
    if (layer.index === 0) return [2, 3];
    return layer.groups === 2 ? [7, 12] : [7];
  }

  function number(value, digits = 3) {
    if (value === null) return "";
    const text = Math.abs(value) >= 1000 ? value.toFixed(0) : value.toFixed(digits);
    return (+text === 0 ? text.replace("-", "") : text).replace("-", "−");
  }

  function percent(share) {
    return `${(100 * share).toFixed(share >= 0.9995 || share < 0.0005 ? 0 : 1)}%`;
  }

  const a = (name) => `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;

  // ---- layers ---------------------------------------------------------------

  const before = (layer) => (layer.index ? layers[layer.index - 1] : null);
  const isLast = (layer) => layer.index === layers.length - 1;
  const unit = (layer) => (layer.kind === "dense" ? "unit" : "map");
  const hasTowers = (layer) => layer.kind !== "dense";
  /* fc7 and fc8 read units, not maps. */
  const isFlat = (layer) => layer.kind === "dense" && layer.reads[0] === 1;
  const towerOf = (layer, map) => (map < layer.shape[2] / 2 ? 1 : 2);
  const inputName = (layer) => (layer.index ? before(layer).name : "the picture");

  function inputMapName(layer, channel) {
    if (!layer.index) return ["red", "green", "blue"][channel];
    return `${before(layer).name} ${unit(before(layer))} ${channel + 1}`;
  }

  function mapName(layer, map) {
    const name = isLast(layer) ? ` (${page.classes[map]})` : "";
    return `${layer.name}, ${unit(layer)} ${map + 1}${name}`;
  }

  /* The chosen value's name. */
  function where(layer) {
    const { map, y, x } = state;
    return mapName(layer, map) + (hasTowers(layer) ? `, row ${y + 1}, column ${x + 1}` : "");
  }

  function describeConv(layer, count) {
    const n = layer.size;
    const whose = !layer.index ? "the picture's three colours"
      : layer.groups === 2 ? `the ${count} maps of its own tower in ${inputName(layer)}`
        : `all ${count} maps of ${inputName(layer)}: here the two towers meet`;
    const step = layer.stride === 1 ? "one value at a time" : `${layer.stride} pixels at a time`;
    const [h, w] = layer.shape;
    return `This filter is ${n} × ${n} × ${count}. It moves ${step} and writes one map of `
      + `${h} × ${w}. It reads ${whose}.`;
  }

  function describeDense(layer) {
    const [h, w, c] = layer.reads;
    const name = inputName(layer);
    if (!isFlat(layer)) {
      return `A unit reads every value of ${name}, of both towers: ${h} × ${w} × ${c} = `
        + `${h * w * c}. It is a filter as large as the maps.`;
    }
    if (isLast(layer)) {
      return `One unit for each class. It reads all ${c} units of ${name}; softmax turns the `
        + `${layer.filters} sums into shares.`;
    }
    return `A unit reads all ${c} units of ${name}.`;
  }

  /* What a map of this layer is made of. */
  function describe(layer, map, size) {
    const [first, last] = page.arithmetic.channelsRead(layer, map);
    if (layer.kind === "conv") return describeConv(layer, last - first + 1);
    if (layer.kind === "dense") return describeDense(layer);
    if (layer.kind === "norm") {
      return "Each value is divided by a number that grows with the squares of the values at the "
        + `same place: its own, and those of up to ${(layer.size - 1) / 2} maps on either side, of `
        + "the same tower.";
    }
    return size === 3
      ? "The greatest value of every 3 × 3 window. Windows move by 2, so they overlap: "
        + `${layer.reads[0]} values in a row become ${layer.shape[0]}.`
      : "The greatest value of every 2 × 2 window. Windows move by 2 and no longer overlap; "
        + "the network was not trained like that.";
  }

  // ---- the answer -----------------------------------------------------------

  function answer(run) {
    const best = page.best(run.answer);
    return `${page.classes[best]}, ${percent(run.answer[best])}`;
  }

  function rightOrNot() {
    const truth = page.truth();
    if (truth < 0) return "It knows nothing but these ten bodies.";
    if (truth === page.best(page.main.run.answer)) return "That is right.";
    return `Wrong: it is ${a(page.classes[truth])}.`;
  }

  /* Why a picture is among the doubtful ones. */
  function why() {
    const { test, pictures } = page.facts;
    const one = pictures[state.picture];
    if (!one || one.why === "clear") return "";
    const taken = page.classes[one.instead];
    const wrong = test.count - test.right[page.arithmetic.settingName(page.arithmetic.AS_TRAINED)];
    if (one.why === "wrong") return `One of the ${wrong} of ${test.count} that it names wrong.`;
    if (one.why === "close") return `It wavers between this and ${a(taken)}.`;
    return `This square is enough for ${a(taken)}. Move it away.`;
  }

  /* How many pictures it names right with the switches as they are, and the
     chapters of what is switched off. */
  function tested() {
    const { relu, lrn, mute, window } = page.main.options;
    const facts = page.facts.test;
    const right = (options) => facts.right[page.arithmetic.settingName(options)];
    const off = [[!relu, 4], [!lrn, 5], [window === 2, 6], [mute.some(Boolean), 12]]
      .filter(([is]) => is).map(([, number]) => chapter(number, true));
    const whole = right(page.arithmetic.AS_TRAINED);
    const first = `Of ${facts.count} pictures it was not trained on, it names `;
    if (!off.length) return [`${first}${whole} right.`];
    const links = off.flatMap((link, i) => [i ? ", " : " See ", link]);
    return [`${first}${right(page.main.options)} right like this, and ${whole} as trained.`,
      ...links, "."];
  }

  return {
    chapter, chaptersOf, number, percent, isLast, unit, hasTowers, isFlat, towerOf,
    before, inputName, inputMapName, mapName, where, describe, answer, rightOrNot, why, tested,
    CHAPTERS,
  };
})();
