/* Part 2: AlexNet from a picture's size to fc6, rounded in three ways. A real
   table; on narrow screens its lines are the layers. */

var chain = (function () {
  "use strict";

  const NARROW = 600;

  const follow = (size) =>
    sizes.WAYS.map((way) => ({ ...way, ...sizes.chain(way.rows, size) }));

  function cell(tag, html, name = "", more = {}) {
    const made = document.createElement(tag);
    made.innerHTML = html;
    made.className = name;
    for (const [key, value] of Object.entries(more)) made.setAttribute(key, value);
    return made;
  }

  function square(side, scale) {
    const wide = Math.max(1, side * scale).toFixed(1);
    return `<i><b style="width:${wide}px;height:${wide}px"></b></i>${side}`;
  }

  function result({ numbers, error, lines }) {
    if (error) {
      return cell("td", `<b>none</b><small>${error.split(":")[0]} does not fit</small>`, "result");
    }
    const side = lines[lines.length - 1].size;
    return cell("td", `<b>${numbers}</b><small>${side} × ${side} × ${sizes.CHANNELS}</small>`,
      "result");
  }

  /* One way to round: its name, a map for each layer, what is left. */
  function line(one, first, scale, scope) {
    const maps = one.rows.map((_, at) => {
      const here = one.lines[at];
      if (!here) return cell("td", "–", "none");
      const other = first.lines[at];
      const differs = !other || other.size !== here.size;
      return cell("td", square(here.size, scale), differs ? "differs" : "");
    });
    return [cell("th", `<b>${one.name}</b>${one.who}`, "", { scope }), ...maps, result(one)];
  }

  function table(lines) {
    const made = document.createElement("table");
    made.append(document.createElement("thead"), document.createElement("tbody"));
    lines.forEach((cells, at) => {
      const row = document.createElement("tr");
      row.append(...cells);
      made.children[at ? 1 : 0].append(row);
    });
    return made;
  }

  /* Puts the picture before the maps: a column of its own, or a line. */
  function addPicture(made, size, scale, narrow) {
    const name = cell("th", "picture", "", { scope: narrow ? "row" : "col" });
    const picture = cell("td", square(size, scale), "picture",
      { [narrow ? "colspan" : "rowspan"]: sizes.WAYS.length });
    if (narrow) {
      const row = document.createElement("tr");
      row.append(name, picture);
      made.tBodies[0].prepend(row);
    } else {
      made.rows[0].cells[0].after(name);
      made.rows[1].cells[0].after(picture);
    }
  }

  function draw(holder, complaint, size) {
    const narrow = holder.clientWidth < NARROW;
    const scale = narrow ? 0.25 : holder.clientWidth < 900 ? 0.4 : 0.5;
    const ways = follow(size);
    const head = ["rounded", ...ways[0].rows.map(({ name }) => name), "fc6 reads"]
      .map((name) => cell("th", name, "", { scope: narrow ? "row" : "col" }));
    let grid = [head, ...ways.map((one) => line(one, ways[0], scale, narrow ? "col" : "row"))];
    if (narrow) grid = head.map((_, at) => grid.map((cells) => cells[at]));
    const made = table(grid);
    made.className = narrow ? "narrow" : "wide";
    addPicture(made, size, scale, narrow);
    holder.replaceChildren(made);
    complaint.textContent = (ways.find(({ error }) => error) || { error: "" }).error;
  }

  function sentence(size) {
    const ways = follow(size);
    const ends = ways.map(({ name, numbers, error }) =>
      `rounded ${name} ${error ? "does not fit" : numbers}`);
    const { error = "" } = ways.find((one) => one.error) || {};
    return `fc6 reads, from ${size} ${size === 1 ? "pixel" : "pixels"}: ${ends.join(", ")}. `
      + error;
  }

  return { draw, sentence };
})();
