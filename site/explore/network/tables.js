/* Depth 3's drawings: the numbers under a window, the neighbours, the largest
   products, and the part of the picture that all of it comes from. */

var tables = (function () {
  "use strict";

  const { byId, element, state, arithmetic, network, side } = page;
  const { number } = words;

  const sign = (textContent) => element(
    "span", { className: "sign", textContent, ariaHidden: "true" });

  function grid(title, across, cells) {
    const table = element("div", { className: "grid", role: "img" });
    const said = cells.map(({ text }) => text || "outside").join(", ");
    table.setAttribute("aria-label", `${title}: ${said}`);
    table.style.setProperty("--side", across);
    for (const { text, value, scale, chosen, outside } of cells) {
      const cell = element("span", { textContent: text });
      if (outside) cell.className = "outside";
      else if (value) {
        cell.className = value > 0 ? "plus" : "minus";
        const strength = Math.round(6 + 44 * Math.min(1, Math.abs(value) / scale));
        cell.style.setProperty("--strength", `${strength}%`);
      }
      cell.classList.toggle("chosen", Boolean(chosen));
      table.append(cell);
    }
    return element("figure", {}, element("figcaption", { textContent: title }), table);
  }

  function bar(value, most) {
    const made = element("i", { className: value < 0 ? "minus" : "plus" });
    made.style.width = `${(100 * Math.abs(value)) / (most || 1)}%`;
    return element("td", { className: "bars" }, made);
  }

  const cell = (textContent) => element("td", { textContent });
  const rowHead = (textContent) => element("th", { scope: "row", textContent });

  function windowGrids(layer, found) {
    const shown = found.find((one) => one.channel === state.channel) || found[0];
    const parts = shown.window.map((v, i) => (v === null ? null : v * shown.filter[i]));
    const largest = Math.max(...parts.map((v) => Math.abs(v || 0))) || 1;
    const cells = (list, scale) => list.map((v, i) => ({
      text: number(v, 2), value: v, scale,
      outside: shown.window[i] === null && list !== shown.filter }));
    return [
      grid(`window in ${words.inputMapName(layer, shown.channel)}`, shown.size,
        cells(shown.window, onemap.inputScale(layer))), sign("×"),
      grid("filter", shown.size, cells(shown.filter, onemap.filterScale(layer))), sign("="),
      grid("products", shown.size, cells(parts, largest))];
  }

  function largestProducts(layer, found) {
    const order = [...found].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum)).slice(0, 10);
    return element("table", { className: "top" },
      element("caption", { textContent: "The ten largest products" }),
      ...order.map((one) => element("tr", {},
        rowHead(words.inputMapName(layer, one.channel)),
        cell(`${number(one.window[0])} × ${number(one.filter[0])} =`), cell(number(one.sum)),
        bar(one.sum, Math.abs(order[0].sum)))));
  }

  function sum(layer, { found }) {
    const parts = words.isFlat(layer) ? [largestProducts(layer, found)] : windowGrids(layer, found);
    byId("grids").replaceChildren(...parts);
  }

  function norm(layer, { list }) {
    const most = Math.max(...list.map(([, v]) => v * v));
    const heads = ["map", "value", "its square"].map(
      (textContent) => element("th", { scope: "col", textContent }));
    byId("grids").replaceChildren(element("table", { className: "top" },
      element("caption", { textContent: "The neighbours at this place" }),
      element("tr", {}, ...heads, element("td")),
      ...list.map(([channel, v]) => element(
        "tr", { className: channel === state.map ? "self" : "" },
        rowHead(`${channel + 1}`), cell(number(v)), cell(number(v * v)), bar(v * v, most)))));
  }

  function pool(layer, { size, cells, winner }) {
    const made = grid(`window in ${words.inputMapName(layer, state.map)}`, size,
      cells.map((v, i) => (
        { text: number(v), value: v, scale: onemap.inputScale(layer), chosen: i === winner })));
    made.querySelector(".grid").style.setProperty("--cell", "58px");
    byId("grids").replaceChildren(made);
  }

  /* The part of a picture that reaches the value. */
  function sight(figure, view, drawn) {
    const canvas = figure.querySelector("canvas");
    const context = draw.fit(canvas, drawn, drawn);
    draw.picture(context, view.pixels, side, [0, 0, drawn, drawn]);
    const [rows, columns] = [state.y, state.x].map(
      (at) => arithmetic.receptiveField(network, state.layer, at, view.options.window));
    marks.within(context, drawn, drawn / side, rows, columns, 2);
    const [high, across] = [rows, columns].map(([first, last]) => last - first + 1);
    const text = high * across === side * side ? "sees the whole picture"
      : `sees ${high} × ${across} pixels of the picture`;
    canvas.setAttribute("aria-label", `${text}: rows ${rows[0] + 1} to ${rows[1] + 1}, `
      + `columns ${columns[0] + 1} to ${columns[1] + 1}`);
    return text;
  }

  function sights() {
    const drawn = page.other ? 142 : 192;
    byId("sight").firstElementChild.textContent = sight(byId("sight"), page.main, drawn);
    byId("sight-other").hidden = !page.other;
    if (!page.other) return;
    sight(byId("sight-other"), page.other, drawn);
    byId("sight-other").firstElementChild.textContent = page.other.name;
  }

  return { sum, norm, pool, sights };
})();
