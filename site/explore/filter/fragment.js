/* The state in the address: `#picture=edge&filter=-1_0_1_...&row=2&column=3`.
   Pictures and filters go by their names where they have one. */

var fragment = (function () {
  "use strict";

  const its = typeof require === "undefined" ? sums : require("./sums.js");

  const start = () => ({
    picture: its.PICTURES.seven, filter: its.FILTERS.edge, bias: 0, relu: false,
    row: 3, column: 6,
  });

  const isSame = (one, other) =>
    one.length === other.length && one.every((value, at) => value === other[at]);
  const nameIn = (all, list) => Object.keys(all).find((name) => isSame(all[name], list));

  /* The number that a text says, if it is one and not too large. */
  const number = (text, most) =>
    /^-?(\d+\.?\d*|\.\d+)$/.test(text) && Math.abs(text) <= most ? Number(text) : undefined;

  const index = (text) => /^\d{1,2}$/.test(text) ? Number(text) - 1 : undefined;

  const READERS = {
    picture(text) {
      if (Object.hasOwn(its.PICTURES, text)) return its.PICTURES[text];
      return /^\d+$/.test(text) && text.length === its.SIDE ** 2
        ? [...text].map(Number) : undefined;
    },
    filter(text) {
      if (Object.hasOwn(its.FILTERS, text)) return its.FILTERS[text];
      const weights = text.split("_").map((weight) => number(weight, its.BRIGHT));
      return [9, 25].includes(weights.length) && !weights.includes(undefined)
        ? weights : undefined;
    },
    bias: (text) => number(text, 99),
    relu: (text) => ({ on: true, off: false })[text],
    row: index,
    column: index,
  };

  /* What makes no sense leaves everything as it starts. */
  function read(hash) {
    const wanted = start();
    for (const [name, text] of new URLSearchParams(hash.slice(1))) {
      const value = Object.hasOwn(READERS, name) ? READERS[name](text) : undefined;
      if (value === undefined) return start();
      wanted[name] = value;
    }
    const last = its.placesOf(wanted.filter) - 1;
    const { row, column } = wanted;
    return Math.min(row, column) < 0 || Math.max(row, column) > last ? start() : wanted;
  }

  function write({ picture, filter, bias, relu, row, column }) {
    return `#${new URLSearchParams({
      picture: nameIn(its.PICTURES, picture) || picture.join(""),
      filter: nameIn(its.FILTERS, filter) || filter.join("_"),
      bias, relu: relu ? "on" : "off", row: row + 1, column: column + 1,
    })}`;
  }

  return { read, write, nameIn, number };
})();

if (typeof module !== "undefined") module.exports = fragment;
