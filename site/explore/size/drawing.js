/* Drawings of part 1: a row of pixels, the places on it, both ends through a
   lens. SVG in CSS pixels; the colours are in style.css. */

var drawing = (function () {
  "use strict";

  const SHORT = { cells: 40, places: 11 }; // what is drawn whole, without lenses
  const HEIGHT = { wide: 334, narrow: 460 };

  function element(tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const box = (x, y, width, height, name) =>
    element("rect", { x, y, width: Math.max(width, 0), height, class: name });

  const word = (x, y, text, anchor = "middle", name = "") =>
    element("text", { x, y, "text-anchor": anchor, class: name }, text);

  function hatch() {
    const defs = element("defs", {});
    const pattern = element("pattern", {
      id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse",
      patternTransform: "rotate(45)",
    });
    pattern.append(element("path", { d: "M0 0V6" }));
    defs.append(pattern);
    return defs;
  }

  /* The first and one past the last pixel there is to see, zeros and all. */
  function extent(found) {
    const { size, filter, before, after, starts, lacks, hangs } = found;
    const last = lacks && !hangs ? nextStart(found) : starts[starts.length - 1];
    return [-before, Math.max(size + after, last + filter)];
  }

  const nextStart = ({ starts, stride, before }) =>
    starts.length ? starts[starts.length - 1] + stride : -before;

  /* Places from `from` to `to`, and the one that rounding down leaves out. */
  function bars(found, from, to) {
    const { filter, size, after, starts, lacks, hangs, count } = found;
    const shown = [];
    const add = (at, start, ghost) => {
      const inside = Math.max(0, Math.min(filter, size + after - start));
      shown.push({ number: at + 1, start, inside, ghost });
    };
    for (let at = from; at < to; at++) add(at, starts[at], false);
    if (to === count && lacks && !hangs) add(count, nextStart(found), true);
    return shown;
  }

  /* A row of pixels from `first` to `end`, `scale` wide each, from x = `left`. */
  function strip(svg, found, { first, end, left, scale, y, height, every }) {
    const { size, unread } = found;
    const x = (pixel) => left + (pixel - first) * scale;
    const [from, to] = [Math.max(first, 0), Math.min(end, size)];
    if (to > from) svg.append(box(x(from), y, (to - from) * scale, height, "pixel"));
    for (const pixel of unread) {
      if (pixel >= from && pixel < to) svg.append(box(x(pixel), y, scale, height, "unread"));
    }
    if (scale >= 2) {
      let gaps = "";
      for (let pixel = from + 1; pixel < to; pixel++) gaps += `M${x(pixel)} ${y}v${height}`;
      svg.append(element("path", { d: gaps, class: scale < 6 ? "gap fine" : "gap" }));
    }
    zerosOf(svg, found, { first, end, x, y, height, scale });
    for (let pixel = Math.ceil(from / every) * every; pixel < to; pixel += every) {
      svg.append(word(x(pixel) + scale / 2, y - 5, pixel, "middle", "quiet fine"));
    }
    return x;
  }

  function zerosOf(svg, { size, before, after }, { first, end, x, y, height, scale }) {
    const zeros = [];
    for (let pixel = -before; pixel < 0; pixel++) zeros.push(pixel);
    for (let pixel = size; pixel < size + after; pixel++) zeros.push(pixel);
    for (const pixel of zeros) {
      if (pixel < first || pixel >= end) continue;
      svg.append(box(x(pixel) + 0.5, y + 0.5, scale - 1, height - 1, "zero"));
      if (scale >= 9) {
        svg.append(word(x(pixel) + scale / 2, y + height / 2 + 4, 0, "middle", "quiet fine"));
      }
    }
  }

  /* Draws a place as a bar; what hangs over is hatched. Gives its name, which is
     put in later, over the line at the row's end. */
  function place(svg, { number, start, inside, ghost }, found, { x, y, height, room }) {
    const { filter, lacks } = found;
    const scale = x(1) - x(0);
    const [left, wide] = [x(start), filter * scale];
    const clear = Math.max(0, inside * scale);
    let label = `place ${number}`;
    svg.append(box(left, y, clear, height, ghost ? "ghost" : "place"));
    if (inside < filter) {
      svg.append(box(left + clear, y, wide - clear, height, ghost ? "ghost" : "hangs"));
      label = ghost ? `${number} would lack ${lacks}` : `${number} lacks ${lacks}`;
    }
    const needs = 6.6 * label.length;
    const middle = y + height / 2 + 4;
    if (clear > needs) return word(left + clear / 2, middle, label);
    return left + wide + needs < room
      ? word(left + wide + 5, middle, label, "start", "beside")
      : word(left - 5, middle, label, "end", "beside");
  }

  const line = (x, y, height) => element("path", { d: `M${x} ${y}v${height}`, class: "edge" });

  /* How many places read each pixel, as a skyline over the row. */
  function skyline(svg, found, { x, scale, base, height }) {
    const most = Math.max(1, ...found.counts);
    let path = `M${x(0)} ${base}`;
    found.counts.forEach((times, pixel) => {
      path += `L${x(pixel)} ${base - height * times / most}h${scale}`;
    });
    svg.append(element("path", { d: `${path}V${base}Z`, class: "use" }));
    const least = Math.min(...found.counts);
    const times = least === most ? `${most}` : `${least} to ${most}`;
    const places = most === 1 ? "place" : "places";
    const text = found.count ? `Each pixel is read by ${times} ${places}.` : "No pixel is read.";
    svg.append(word(x(0), base - height - 6, text, "start", "quiet"));
  }

  function short(svg, found, width, height) {
    const [first, end] = extent(found);
    const scale = Math.min(48, width / (end - first));
    const left = (width - scale * (end - first)) / 2;
    const y = 84;
    const every = scale >= 18 ? 1 : scale >= 9 ? 2 : 5;
    const x = strip(svg, found, { first, end, left, scale, y, height: 24, every });
    skyline(svg, found, { x, scale, base: y - 18, height: 42 });
    const shown = bars(found, 0, found.count);
    const step = Math.min(34, (height - y - 34) / shown.length);
    const names = shown.map((one, at) => place(svg, one, found,
      { x, y: y + 30 + at * step, height: step - 5, room: width }));
    svg.append(line(x(found.size + found.after), y - 3, 30 + shown.length * step + 2));
    svg.append(...names);
  }

  function staircase(svg, found, { x, scale, y, height }) {
    const { starts, filter, size, after, count } = found;
    const step = Math.min(12, height / count);
    const thick = Math.max(1.2, step > 4 ? step - 1.5 : step);
    let inner = "";
    let outer = "";
    starts.forEach((start, at) => {
      const top = y + at * step;
      const inside = Math.max(0, Math.min(filter, size + after - start));
      inner += `M${x(start)} ${top}h${inside * scale}v${thick}h${-inside * scale}Z`;
      if (inside === filter) return;
      const over = (filter - inside) * scale;
      outer += `M${x(start + inside)} ${top}h${over}v${thick}h${-over}Z`;
    });
    svg.append(element("path", { d: inner, class: "stairs" }));
    if (outer) svg.append(element("path", { d: outer, class: "hangs" }));
  }

  /* One end of the row, enlarged; `rim` is the stretch of the row it enlarges. */
  function lens(svg, found, { first, end, left, width, y, shown, rim, from }) {
    const pad = 8;
    const scale = (width - 2 * pad) / (end - first);
    const high = 122;
    svg.append(element("path", {
      class: "lens",
      d: `M${rim[0]} ${from}L${left} ${y}V${y + high}H${left + width}V${y}L${rim[1]} ${from}Z`,
    }));
    const every = scale >= 20 ? 1 : scale >= 10 ? 2 : 5;
    const x = strip(svg, found,
      { first, end, left: left + pad, scale, y: y + 22, height: 18, every });
    const names = shown.map((one, at) => place(svg, one, found,
      { x, y: y + 45 + at * 25, height: 21, room: left + width }));
    const edge = found.size + found.after;
    if (edge >= first && edge <= end) svg.append(line(x(edge), y + 18, 96));
    svg.append(...names);
  }

  function long(svg, found, width, wide) {
    const { count, starts, filter, stride } = found;
    const [first, end] = extent(found);
    const scale = width / (end - first);
    const every = [10, 20, 50].find((step) => step * scale >= 34);
    const x = strip(svg, found, { first, end, left: 0, scale, y: 64, height: 12, every });
    skyline(svg, found, { x, scale, base: 48, height: 28 });
    staircase(svg, found, { x, scale, y: 84, height: 98 });
    const last = starts[Math.max(0, count - 2)];
    const two = [first, starts[0] + filter + stride + 1];
    const cells = Math.min(end - first, Math.max(12, two[1] - first, end - last + 1));
    const [half, y] = [wide ? (width - 20) / 2 : width, 210];
    const places = [bars(found, 0, Math.min(2, count)).filter(({ ghost }) => !ghost),
      bars(found, Math.max(0, count - 2), count)];
    [[first, first + cells], [end - cells, end]].forEach(([from, to], at) => {
      lens(svg, found, {
        first: from, end: to, left: wide ? at * (half + 20) : 0, width: half,
        y: wide || !at ? y : y + 126, shown: places[at],
        rim: [x(from), x(to)], from: wide || !at ? 186 : y + 126,
      });
    });
  }

  /* A filter that is wider than the row: no place, and the one that lacks pixels. */
  function unfit({ size, filter, stride, padding, error }) {
    return {
      size, filter, stride, error, count: 0, starts: [], before: padding, after: padding,
      lacks: filter - size - 2 * padding, hangs: false, counts: new Array(size).fill(0),
      unread: [...new Array(size).keys()],
    };
  }

  /* Draws a layout, in as much height as any other of this width. */
  function row(holder, shown, width) {
    const found = shown.error ? unfit(shown) : shown;
    const wide = width >= 560;
    const height = HEIGHT[wide ? "wide" : "narrow"];
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img" });
    svg.setAttribute("aria-label", found.error
      || `A row of ${found.size} pixels and the ${found.count} places of the filter on it.`);
    svg.append(hatch());
    const [first, end] = extent(found);
    if (end - first <= SHORT.cells && found.count <= SHORT.places) {
      short(svg, found, width, height);
    } else long(svg, found, width, wide);
    holder.replaceChildren(svg);
  }

  return { row };
})();
