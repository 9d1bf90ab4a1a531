/* The state in the address: `#picture=edge&filter=-1_0_1_...&row=2&column=3`.
   Pictures and filters go by their names where they have one. */

var address = (function (sums, fragment) {
  "use strict";

  const { PICTURES, FILTERS, SIDE, BRIGHT } = sums;
  const { whole, decimal, named } = fragment;
  const isSame = (one, other) =>
    one.length === other.length && one.every((value, at) => value === other[at]);
  const nameIn = (all, list) => Object.keys(all).find((name) => isSame(all[name], list));

  const weight = decimal(-BRIGHT, BRIGHT);
  const bias = decimal(-99, 99);
  const index = (text) => {
    const number = whole(1, SIDE)(text); // counted from 1, as on the page
    return number && number - 1;
  };

  function weights(text) {
    const list = text.split("_").map(weight);
    return [9, 25].includes(list.length) && !list.includes(undefined) ? list : undefined;
  }

  function pixels(text) {
    return /^\d+$/.test(text) && text.length === SIDE ** 2 ? [...text].map(Number) : undefined;
  }

  const READERS = {
    picture: (text) => named(PICTURES)(text) || pixels(text),
    filter: (text) => named(FILTERS)(text) || weights(text),
    bias, row: index, column: index,
    relu: named({ on: true, off: false }),
  };

  const start = () => ({
    picture: PICTURES.seven, filter: FILTERS.edge, bias: 0, relu: false, row: 3, column: 6,
  });

  /* What makes no sense leaves everything as it starts. */
  function read(hash) {
    const wanted = fragment.read(hash, start(), READERS);
    const last = sums.placesOf(wanted.filter) - 1;
    return Math.max(wanted.row, wanted.column) > last ? start() : wanted;
  }

  const write = ({ picture, filter, bias: added, relu, row, column }) => fragment.write({
    picture: nameIn(PICTURES, picture) || picture.join(""),
    filter: nameIn(FILTERS, filter) || filter.join("_"),
    bias: added, relu: relu ? "on" : "off", row: row + 1, column: column + 1,
  });

  return { read, write, nameIn, weight, bias };
})(...(typeof module === "undefined" ? [sums, fragment]
  : [require("./sums.js"), require("../shared/fragment.js")]));

if (typeof module !== "undefined") module.exports = address;
