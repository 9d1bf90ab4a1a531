/* The filter's weights: a square of numbers to write into. One is chosen, for
   the buttons that lower and raise. */

var weights = (function () {
  "use strict";

  /* `change(at, weight)` is called for a number that has been written. */
  function make(holder, change) {
    let filter = [];
    let chosen = 0;

    function input(at, side) {
      const made = document.createElement("input");
      Object.assign(made, { type: "number", min: -9, max: 9, step: "any" });
      made.setAttribute("aria-label",
        `weight in row ${Math.floor(at / side) + 1}, column ${at % side + 1}`);
      made.addEventListener("focus", () => {
        chosen = at;
        paint(filter);
      });
      made.addEventListener("input", () => {
        const weight = address.weight(made.value);
        if (weight !== undefined) change(at, weight);
      });
      made.addEventListener("blur", () => paint(filter));
      return made;
    }

    function build(side) {
      chosen = Math.min(chosen, side * side - 1);
      holder.style.setProperty("--side", side);
      holder.replaceChildren(...filter.map((_, at) => input(at, side)));
    }

    function paint(wanted) {
      filter = wanted;
      const side = Math.sqrt(filter.length);
      if (holder.children.length !== filter.length) build(side);
      const most = Math.max(...filter.map(Math.abs));
      [...holder.children].forEach((one, at) => {
        const weight = filter[at];
        if (document.activeElement !== one) one.value = Math.round(100 * weight) / 100;
        const share = most ? 55 * Math.abs(weight) / most : 0;
        one.style.setProperty("--strength", `${share.toFixed(0)}%`);
        one.classList.toggle("plus", weight > 0);
        one.classList.toggle("minus", weight < 0);
        one.classList.toggle("chosen", at === chosen);
      });
      live.byId("chosen").textContent =
        `row ${Math.floor(chosen / side) + 1}, column ${chosen % side + 1}`;
    }

    /* Lowers or raises the chosen weight, to a whole number. */
    function step(by) {
      const weight = Math.round(filter[chosen] + by);
      change(chosen, Math.max(-9, Math.min(9, weight)));
    }

    return { paint, step };
  }

  return { make };
})();
