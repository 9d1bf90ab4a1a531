/* Draws a step's bars over time, the same as a table, and what devices hold. */

var timeline = (function () {
  "use strict";

  const NAMES = { one: "One device", replicas: "Two replicas", split: "The split of 2012" };
  const LEFT = 66; // pixels for the names of the lanes
  const [HIGH, LOW, GAP] = [20, 9, 2]; // a lane of computing, one of sending
  const SPACE = "http://www.w3.org/2000/svg";

  const three = (value) => value.toLocaleString("en", {
    minimumSignificantDigits: 3, maximumSignificantDigits: 3,
  });

  const whole = (value) => value.toLocaleString("en");

  /* A time in words, of three digits. */
  function span(ms) {
    if (ms >= 1000) return `${three(ms / 1000)} s`;
    return ms >= 0.1 || ms === 0 ? `${ms ? three(ms) : 0} ms` : `${three(ms * 1000)} µs`;
  }

  function size(bytes) {
    if (bytes === 0) return "nothing";
    return bytes < 1e9 ? `${three(bytes / 1e6)} MB` : `${three(bytes / 1e9)} GB`;
  }

  function add(parent, name, attributes = {}, text = null) {
    const element = document.createElementNS(SPACE, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== null) element.textContent = text;
    parent.append(element);
    return element;
  }

  /* Ends of an axis: at most five steps of 1, 2 or 5 times a power of ten. */
  function ticks(end) {
    const rough = end / 5;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= rough);
    return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
  }

  function bar(svg, { phase, what, from, to }, top, height, scale) {
    const wide = scale(to) - scale(from);
    const group = add(svg, "g", { class: `bar ${phase}` });
    add(group, "title", {}, `${what}: ${span(to - from)}`);
    const gap = wide > 3 ? 1 : 0;
    add(group, "rect", { x: scale(from), y: top, width: Math.max(wide - gap, 0.75), height });
    const words = what.replace(/(forward|backward), /, "").replace(" to conv", "-");
    if (height < HIGH || wide < 6.4 * words.length + 10) return;
    const place = { x: (scale(from) + scale(to)) / 2, y: top + height / 2 + 4 };
    add(group, "text", place, words);
  }

  /* Device 1 computes above, device 2 below, and between them lies the link. */
  function lanes(holder, devices, end, scale, width) {
    const two = devices.length === 2;
    const height = two ? 2 * (HIGH + LOW + GAP) + 1 : HIGH;
    holder.replaceChildren();
    const svg = add(holder, "svg", { width, height, "aria-hidden": "true" });
    devices.forEach((device, i) => {
      const top = i ? height - HIGH : 0;
      const link = i ? height / 2 + 0.5 : HIGH + GAP;
      const track = { x: LEFT, width: scale(end) - LEFT, class: "track" };
      add(svg, "rect", { ...track, y: top, height: HIGH });
      if (two) add(svg, "rect", { ...track, y: link, height: LOW });
      add(svg, "text", { x: 0, y: top + HIGH / 2 + 4, class: "lane" }, device.name);
      for (const one of device.computes) bar(svg, one, top, HIGH, scale);
      for (const one of device.sends) bar(svg, one, link, LOW, scale);
    });
  }

  function axis(holder, end, scale, width) {
    holder.replaceChildren();
    const svg = add(holder, "svg", { width, height: 22, "aria-hidden": "true" });
    add(svg, "line", { x1: LEFT, x2: scale(end), y1: 0.5, y2: 0.5 });
    const marks = ticks(end);
    const most = marks[marks.length - 1];
    const say = (t) => t === 0 ? "0" : most >= 1000 ? settings.number(t / 1000)
      : settings.number(t);
    for (const t of marks) {
      add(svg, "line", { x1: scale(t), x2: scale(t), y1: 0, y2: 4 });
      const last = scale(t) > width - 40;
      const unit = t === most ? (most >= 1000 ? " s" : " ms") : "";
      const place = { x: last ? width : scale(t), y: 18, class: last ? "end" : "" };
      add(svg, "text", place, say(t) + unit);
    }
  }

  /* What is said beside a way's name. */
  function facts(way, s) {
    const took = model.time(way, s);
    if (way === "one") return span(took);
    const ratio = three(model.time("one", s) / took);
    const each = size(model.sent(way, s)[0]);
    return `${span(took)}, ${ratio} times as fast. Each sends ${each} in `
      + `${model.messages(way)} messages.`;
  }

  function badge(way, s) {
    if (!model.fits(way, s)) return "does not fit";
    if (model.fastest(s) === way) return "fastest";
    return model.time(way, s) < model.time("one", s) || way === "one" ? "" : "does not pay";
  }

  function draw(holder, s) {
    const width = Math.floor(holder.clientWidth);
    if (!width) return;
    const took = model.WAYS.map((way) => model.time(way, s));
    const end = Math.max(...took);
    const scale = (t) => LEFT + (t / end) * (width - LEFT - 1);
    model.WAYS.forEach((way, i) => {
      const block = holder.querySelector(`[data-way="${way}"]`);
      const label = badge(way, s);
      block.classList.toggle("over", label === "does not fit");
      block.classList.toggle("best", label === "fastest");
      block.querySelector(".badge").textContent = label;
      block.querySelector(".facts").textContent = facts(way, s);
      lanes(block.querySelector(".lanes"), model.timeline(way, s), took[i], scale, width);
    });
    axis(holder.querySelector(".axis"), end, scale, width);
  }

  /* Makes what `draw` fills, once. */
  function make(holder) {
    for (const way of model.WAYS) {
      const block = document.createElement("div");
      block.className = "way";
      block.dataset.way = way;
      block.innerHTML = '<h3></h3><p class="facts"></p><div class="lanes"></div>';
      block.querySelector("h3").innerHTML = `${NAMES[way]} <span class="badge"></span>`;
      holder.append(block);
    }
    const below = document.createElement("div");
    below.className = "axis";
    holder.append(below);
  }

  function table(holder, s) {
    const each = (say) => model.WAYS.map(say);
    const phases = each((way) => model.phases(way, s));
    const most = (way) => Math.max(...model.memory(way, s).map(({ total }) => total));
    const rows = [
      ...["input", "forward", "backward"].map((key) => [key, phases.map((p) => span(p[key]))]),
      ["sends or waits", phases.map((p) => span(p.talk - p.hidden))],
      ["update", phases.map((p) => span(p.update))],
      ["the whole step", each((way) => span(model.time(way, s)))],
      ["each sends", each((way) => size(model.sent(way, s)[0]))],
      ["a device holds, at most", each((way) => size(most(way)))],
      ["largest batch that fits", each((way) => whole(model.largest(way, s)))],
    ];
    const heads = each((way) => `<th scope="col">${NAMES[way]}</th>`);
    const line = ([name, cells]) => `<tr><th scope="row">${name}</th>`
      + `${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
    holder.innerHTML = "<caption>On the device that is done last</caption>"
      + `<thead><tr><td></td>${heads.join("")}</tr></thead>`
      + `<tbody>${rows.map(line).join("")}</tbody>`;
  }

  /* A device's memory as a bar, part by part; `percent` is of the bar's width. */
  function gauge(who, { parts, total }, card, percent) {
    const row = document.createElement("div");
    row.className = total > card ? "holds over" : "holds";
    row.innerHTML = `<p><b>${who}</b> ${size(total)}, `
      + `<span>${total > card ? "does not fit" : "fits"}</span></p><div class="gauge"></div>`;
    const add = (name, className, style, title = "") => row.lastChild.append(Object.assign(
      document.createElement(name), { className, title, style }));
    for (const [part, bytes] of Object.entries(parts)) {
      add("i", part, `width: ${percent(bytes)}`, `${part}: ${size(bytes)}`);
    }
    add("span", "card", `left: ${percent(card)}`);
    return row;
  }

  /* Bars of memory against the card's end. */
  function memory(holder, s) {
    const card = s.memory * model.GIB;
    const all = model.WAYS.map((way) => [way, model.memory(way, s)]);
    const end = 1.04 * Math.max(card, ...all.flatMap(([, each]) => each.map((one) => one.total)));
    const percent = (bytes) => `${100 * bytes / end}%`;
    const rows = all.flatMap(([way, each]) => {
      if (way === "split") return each.map((one) => gauge(one.name, one, card, percent));
      return [gauge(way === "one" ? "one device" : "each replica", each[0], card, percent)];
    });
    const note = document.createElement("p");
    note.className = "hint";
    const most = model.WAYS.map((way) => whole(model.largest(way, s)));
    note.textContent = `Dashed: the end of the memory, ${settings.number(s.memory)} GB as memory `
      + `is sold: ${three(card / 1e9)} × 10⁹ bytes. Largest batch that fits: `
      + `one device ${most[0]}, replicas ${most[1]}, split ${most[2]}.`;
    holder.replaceChildren(...rows, note);
  }

  return { NAMES, make, draw, table, memory, span, size };
})();
