/* A filter over a small picture: chapter 2's two loops, without a page. A test
   holds the sums against Keras'. */

var sums = (function () {
  "use strict";

  const SIDE = 12; // of the picture
  const BRIGHT = 9; // dark is 0

  const placesOf = (filter) => SIDE - Math.sqrt(filter.length) + 1;

  /* What lies under the filter at a place, row by row. */
  function underAt(picture, filter, [row, column]) {
    const side = Math.sqrt(filter.length);
    return filter.map((_, at) =>
      picture[(row + Math.floor(at / side)) * SIDE + column + at % side]);
  }

  /* One value of the map: products, their sum, the bias, and ReLU if wanted. */
  function at(picture, { filter, bias, relu }, place) {
    const under = underAt(picture, filter, place);
    const products = under.map((value, i) => value * filter[i]);
    const total = (list) => list.reduce((all, one) => all + one, 0);
    const sum = total(products);
    return {
      under, products, sum, value: relu ? Math.max(0, sum + bias) : sum + bias,
      above: total(products.filter((one) => one > 0)),
      below: total(products.filter((one) => one < 0)),
    };
  }

  function map(picture, layer) {
    const side = placesOf(layer.filter);
    return Array.from({ length: side * side }, (_, place) =>
      at(picture, layer, [Math.floor(place / side), place % side]).value);
  }

  // ---- filters ----------------------------------------------------------------

  const negate = (filter) => filter.map((weight) => weight ? -weight : 0);

  /* Turns a filter by a quarter, clockwise. */
  function turn(filter) {
    const side = Math.sqrt(filter.length);
    return filter.map((_, at) => filter[(side - 1 - at % side) * side + Math.floor(at / side)]);
  }

  /* Puts zeros around a filter, or cuts its rim off. */
  function resize(filter, side) {
    const old = Math.sqrt(filter.length);
    const shift = (side - old) / 2;
    return Array.from({ length: side * side }, (_, at) => {
      const [row, column] = [Math.floor(at / side) - shift, at % side - shift];
      const inside = Math.min(row, column) >= 0 && Math.max(row, column) < old;
      return inside ? filter[row * old + column] : 0;
    });
  }

  const FILTERS = {
    edge: [-1, 0, 1, -1, 0, 1, -1, 0, 1],
    corner: [-1, -1, -1, -1, 1, 2, -1, 2, 0],
    diagonal: [2, -1, -1, -1, 2, -1, -1, -1, 2],
    spot: [-1, -1, -1, -1, 8, -1, -1, -1, -1],
    sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
    blur: new Array(9).fill(1 / 9),
    stripes: [ // as many of conv1's filters
      0, 0, -1, 0, 1,
      0, -2, 0, 2, 0,
      -1, 0, 2, 0, -1,
      0, 2, 0, -2, 0,
      1, 0, -1, 0, 0,
    ],
  };

  // ---- pictures ---------------------------------------------------------------

  const draw = (isBright, value = BRIGHT) => Array.from({ length: SIDE * SIDE }, (_, at) =>
    isBright(Math.floor(at / SIDE), at % SIDE) ? value : 0);

  const SEVEN = [
    "............",
    "..########..",
    "..########..",
    "........##..",
    ".......##...",
    "......##....",
    ".....##.....",
    "....##......",
    "....##......",
    "....##......",
    "....##......",
    "............",
  ];

  const PICTURES = {
    seven: draw((row, column) => SEVEN[row][column] === "#", 7),
    edge: draw((row, column) => column > 5),
    diagonal: draw((row, column) => row === column),
    cross: draw((row, column) => {
      const bar = (at, other) => (at === 5 || at === 6) && other > 1 && other < 10;
      return bar(row, column) || bar(column, row);
    }),
    point: draw((row, column) => row === 5 && column === 5),
    dark: draw(() => false),
  };

  const random = () => PICTURES.dark.map(() => Math.floor(Math.random() * (BRIGHT + 1)));

  // ---- goals ------------------------------------------------------------------

  const close = (one, other) => Math.abs(one - other) < 1e-9;
  const several = (list) => list.some((one) => one !== list[0]);

  /* The greatest sum that a filter can give: bright where it is above 0. */
  const greatest = (filter) =>
    BRIGHT * filter.reduce((all, weight) => all + Math.max(0, weight), 0);

  const found = (picture, layer) => map(picture, { ...layer, bias: 0, relu: false });

  /* Each names something to draw or to set, and knows when it is there. */
  const GOALS = [
    {
      name: "a picture, not dark, that gives only zeros",
      met: (picture, layer) => picture.some(Boolean) && layer.filter.some(Boolean)
        && found(picture, layer).every((sum) => close(sum, 0)),
    },
    {
      name: "the greatest sum of this filter",
      met: (picture, layer) => greatest(layer.filter) > 0
        && found(picture, layer).some((sum) => close(sum, greatest(layer.filter))),
    },
    {
      name: "a filter that leaves the picture as it is",
      met: (picture, layer) => {
        const [side, sum] = [placesOf(layer.filter), found(picture, layer)];
        const rim = (SIDE - side) / 2;
        const inner = sum.map((_, at) =>
          picture[(Math.floor(at / side) + rim) * SIDE + at % side + rim]);
        return several(inner) && sum.every((value, at) => close(value, inner[at]));
      },
    },
  ];

  return {
    SIDE, BRIGHT, FILTERS, PICTURES, GOALS, placesOf, at, map, negate, turn, resize, random,
    greatest,
  };
})();

if (typeof module !== "undefined") module.exports = sums;
