/* What can be set: the sliders' positions, their words, the address's fragment. */

var settings = (function () {
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

  function allowed(name, value) {
    const { positions } = RANGES[name];
    const inside = value >= positions[0] && value <= positions[positions.length - 1];
    return inside && (name !== "batch" || Number.isInteger(value));
  }

  /* Reads a fragment; what makes no sense stays as it is at the start. */
  function read(fragment) {
    const found = start();
    const given = new URLSearchParams(fragment.replace(/^#/, ""));
    for (const name of NAMES) {
      const text = given.get(name);
      const value = text === null || text.trim() === "" ? NaN : Number(text);
      if (allowed(name, value)) found[name] = value;
    }
    found.overlap = given.get("overlap") === "1";
    return found;
  }

  function write(state) {
    const pairs = NAMES.map((name) => `${name}=${state[name]}`);
    return `#${pairs.join("&")}${state.overlap ? "&overlap=1" : ""}`;
  }

  return { RANGES, NAMES, start, position, read, write, number };
})();

if (typeof module !== "undefined") module.exports = settings;
