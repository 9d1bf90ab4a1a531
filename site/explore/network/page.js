/* What the other scripts share: the network, the pictures, the state. */

var page = (function () {
  "use strict";

  const arithmetic = alexnetArithmetic();
  const network = arithmetic.build(ALEXNET_MODEL);
  const facts = ALEXNET_FACTS;
  const { layers } = network;
  const side = network.input[0];

  const KINDS = { wrong: "named wrong", close: "close", cover: "covered" };

  /* A picture's word in the address, and its name on the page. */
  function named(one, index) {
    const like = ({ label, why }) => label === one.label && why === one.why;
    const before = facts.pictures.slice(0, index).filter(like).length;
    const slug = [facts.classes[one.label].replaceAll(" ", "-")];
    const name = [facts.classes[one.label]];
    if (one.why !== "clear") {
      slug.push(one.why);
      name.push(`(${KINDS[one.why]})`);
    }
    if (before) for (const parts of [slug, name]) parts.push(before + 1);
    return { ...one, slug: slug.join("-"), name: name.join(" ") };
  }
  const pictures = facts.pictures.map(named); // each gets `bytes`, RGB

  const state = {
    picture: 0, own: null, // -1: bytes of the reader's own
    other: null, // to compare with: a picture, or "itself", untouched
    cover: { on: false, size: 20, x: 32, y: 32 },
    relu: true, lrn: true, overlap: true, mute: [false, false],
    layer: layers.findIndex((layer) => layer.name === "conv2"),
    map: null, y: null, x: null, channel: null,
  };

  const byId = (id) => document.getElementById(id);

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  /* The settings of the switches, as arithmetic.js knows them. */
  function options() {
    const { relu, lrn, mute, overlap } = state;
    return { relu, lrn, mute: mute.slice(), window: overlap ? 3 : 2 };
  }

  function switched() {
    return !state.relu || !state.lrn || !state.overlap || state.mute.some(Boolean);
  }

  const changed = () => state.cover.on || switched();
  const uncovered = () => (state.picture < 0 ? state.own : pictures[state.picture].bytes);
  const truth = () => (state.picture < 0 ? -1 : pictures[state.picture].label);
  const names = { pictures: pictures.map((one) => one.slug), layers };

  /* The picture as the network gets it, the grey square included. */
  function pixels() {
    return state.cover.on ? bytes.covered(uncovered(), state.cover) : uncovered();
  }

  /* The picture to compare with: what goes in, and how it is computed. */
  function second() {
    if (state.other === null) return null;
    if (state.other === "itself") {
      return { name: "untouched", pixels: uncovered(), options: arithmetic.AS_TRAINED };
    }
    const one = pictures[state.other];
    return { name: one.name, options: options(),
      pixels: one.cover ? bytes.covered(one.bytes, one.cover) : one.bytes };
  }

  function best(answer) {
    return answer.indexOf(Math.max(...answer));
  }

  return {
    arithmetic, network, layers, facts, classes: facts.classes, side, pictures, names, state,
    main: null, other: null, // what was computed: {run, options, pixels}; other: a name, too
    base: null, // the shares with nothing covered and nothing switched off
    scales: [], imageScale: 1, hover: null, pixel: null, falls: null,
    byId, element, options, switched, changed, uncovered, truth, pixels, second, best,
  };
})();
