/* What can be set: the sliders' positions, their words, the address's fragment. */

var settings = (function (fragment) {
  "use strict";

  const ROUND = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]; // ten of a decade

  /* Positions of a logarithmic slider, from and to a power of ten. */
  function decades(from, to) {
    const all = [];
    for (let power = from; power < to; power++) {
      for (const digit of ROUND) all.push(Number(`${digit}e${power}`));
    }
    return [...all, Number(`1e${to}`)];
  }

  /* Even batches, each 3% larger than the one before, or by 2. */
  function batches() {
    const all = Array.from({ length: 289 }, (_, i) => 2 * Math.round(2 ** (i / 24)));
    return [...new Set(all)];
  }

  const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 4 });
  const micro = (value) => value < 1000 ? `${number(value)} µs` : `${number(value / 1000)} ms`;

  const RANGES = {
    batch: { start: 128, positions: batches(), say: (v) => `${number(v)} pictures` },
    speed: { start: 10, positions: decades(-2, 3), say: (v) => `${number(v)} × 10¹²` },
    link: { start: 10, positions: decades(-2, 3), say: (v) => `${number(v)} GB/s` },
    latency: {
      start: 0, positions: [0, ...decades(0, 4)], say: (v) => v ? micro(v) : "none",
    },
    memory: {
      start: 3, say: (v) => `${number(v)} GB`,
      positions: [0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 80, 96, 128],
    },
  };
  const NAMES = Object.keys(RANGES);

  const start = () => ({
    ...Object.fromEntries(NAMES.map((name) => [name, RANGES[name].start])), overlap: false,
  });

  /* The slider's position that is nearest to a value, in the slider's own steps. */
  function position(name, value) {
    const { positions } = RANGES[name];
    const log = (v) => Math.log(v + (positions[0] === 0 ? 0.5 : 0));
    const apart = positions.map((one) => Math.abs(log(one) - log(value)));
    return apart.indexOf(Math.min(...apart));
  }

  function reader(name) {
    const { positions } = RANGES[name];
    const ends = [positions[0], positions[positions.length - 1]];
    return name === "batch" ? fragment.whole(...ends) : fragment.decimal(...ends);
  }
  const READERS = {
    ...Object.fromEntries(NAMES.map((name) => [name, reader(name)])),
    overlap: fragment.named({ 0: false, 1: true }),
  };

  const read = (hash) => fragment.read(hash, start(), READERS);
  const write = (state) => fragment.write({ ...state, overlap: Number(state.overlap) });

  return { RANGES, NAMES, start, position, read, write, number };
})(typeof module === "undefined" ? fragment : require("../shared/fragment.js"));

if (typeof module !== "undefined") module.exports = settings;
