/* The wires between the columns of depth 1: who reads whom. */

var wires = (function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  // where a wire starts and ends across the lanes, as shares, and whose it is
  const KINDS = {
    fan: [[0.5, 0.25, 1], [0.5, 0.75, 2]],
    straight: [[0.25, 0.25, 1], [0.75, 0.75, 2]],
    cross: [[0.25, 0.25, 1], [0.75, 0.75, 2], [0.25, 0.75, 1], [0.75, 0.25, 2]],
    join: [[0.25, 0.5, 1], [0.75, 0.5, 2]],
    one: [[0.5, 0.5, 3]],
  };

  function kindOf(layer) {
    if (layer.index === 0) return "fan";
    if (layer.kind === "dense") return layer.reads[0] > 1 ? "join" : "one";
    return layer.kind === "conv" && layer.groups === 1 ? "cross" : "straight";
  }

  /* How wide the gap before a layer is at least. */
  const room = (layer) => (["cross", "join"].includes(kindOf(layer)) ? 32 : 9);

  /* The gap before a layer's column. */
  function gap(layer) {
    const kind = kindOf(layer);
    const made = page.element("div", { className: `wire ${kind}` });
    made.dataset.kind = kind;
    made.style.minWidth = `${room(layer)}px`;
    return made;
  }

  /* Draws the wires of a gap, once its size in pixels is known. */
  function paint(gap) {
    const [w, h] = [gap.clientWidth, gap.clientHeight];
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    svg.setAttribute("aria-hidden", "true");
    for (const [start, end, tower] of KINDS[gap.dataset.kind]) {
      const [from, to] = [Math.round(start * h), Math.round(end * h)];
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", `M0 ${from} C${w / 2} ${from} ${w / 2} ${to} ${w} ${to}`);
      path.setAttribute("class", `wire-${tower}`);
      svg.append(path);
    }
    gap.replaceChildren(svg);
  }

  return { gap, paint, room };
})();
