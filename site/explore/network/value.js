/* Depth 3: one value and its sum, quotient or winner. Each kind of layer has a
   function that lists the lines of its calculation for one run; with a second
   picture the same lines are made twice, and stand side by side. */

var onevalue = (function () {
  "use strict";

  const { byId, element, state, arithmetic } = page;
  const { number } = words;
  const { layerOf, inputValues, value } = onemap;

  // ---- the calculation's table ----------------------------------------------

  /* Lines are {key, words, text, style}. The second picture's stand beside
     those of the same key. */
  function ledger(lines, others) {
    const table = element("table");
    if (others) {
      const names = ["", state.picture < 0 ? "yours" : "this", page.other.name];
      table.append(element("tr", {}, ...names.map((textContent) => (
        element(textContent ? "th" : "td", { scope: "col", textContent })))));
    }
    for (const line of lines) {
      const row = element("tr", { className: line.style || "" },
        element("th", { scope: "row", textContent: line.words }),
        element("td", { textContent: line.text }));
      const same = others && others.find(({ key }) => key === line.key);
      const text = same ? same.text : "";
      if (others) row.append(element("td", { className: "other", textContent: text }));
      table.append(row);
    }
    byId("ledger").replaceChildren(table);
  }

  const line = (key, text, value, style = "") => ({ key, words: text, text: value, style });

  // ---- conv and dense: a sum -------------------------------------------------

  function isMuted(layer, { options }) {
    return words.hasTowers(layer) && options.mute[words.towerOf(layer, state.map) - 1];
  }

  /* Every channel's products, and what they come to. */
  function sumUp(layer, view) {
    const values = inputValues(layer, view);
    const found = onemap.inputChannels(layer).map((channel) => ({
      channel, ...arithmetic.products(layer, values, state.map, state.y, state.x, channel) }));
    const products = found.reduce((total, one) => total + one.sum, 0);
    return { found, products, sum: products + layer.bias[state.map] };
  }

  function softmaxLines(layer, view) {
    const logits = view.run.values[layer.index];
    const top = Math.max(...logits);
    const mine = logits[state.map];
    const powers = logits.reduce((total, one) => total + Math.exp(one - top), 0);
    return [
      line("less", `less the largest of the ten sums, ${number(top)}`, number(mine - top)),
      line("power", "e to that", number(Math.exp(mine - top))),
      line("powers", "the ten of these together", number(powers)),
      line("share", "its share: softmax", words.percent(view.run.answer[state.map]), "final"),
    ];
  }

  function sumLines(layer, view) {
    const { found, products, sum } = sumUp(layer, view);
    const each = found[0].size ** 2;
    const lines = [];
    if (!words.isFlat(layer)) {
      const shown = found.find((one) => one.channel === state.channel) || found[0];
      const name = words.inputMapName(layer, shown.channel);
      lines.push(line("some", `${each} products of ${name}`, number(shown.sum), "light"));
    }
    const count = words.isFlat(layer) ? found.length
      : `${found.length} × ${each} = ${found.length * each}`;
    lines.push(line("products", `all ${count} products`, number(products)),
      line("bias", "bias", number(layer.bias[state.map])),
      line("sum", "sum", number(sum), "total"));
    const muted = isMuted(layer, view);
    if (layer.relu) {
      const after = view.options.relu ? Math.max(0, sum) : sum;
      lines.push(line("relu", view.options.relu ? "ReLU: max(0, sum)" : "ReLU is off",
        number(after), muted ? "" : "final"));
    }
    if (muted) {
      const tower = words.towerOf(layer, state.map);
      lines.push(line("muted", `tower ${tower} is switched off`, number(0), "final"));
    }
    return words.isLast(layer) ? [...lines, ...softmaxLines(layer, view)] : lines;
  }

  function ending(layer, sum) {
    const { options, run } = page.main;
    if (words.isLast(layer)) return `softmax makes that ${words.percent(run.answer[state.map])}`;
    if (isMuted(layer, page.main)) return "this tower is switched off, so 0.000 is passed on";
    const after = number(value(layer, page.main));
    if (!options.relu) return `ReLU is off, so it stays ${after}`;
    return sum > 0 ? `ReLU leaves it: ${after}` : `ReLU makes it ${after}`;
  }

  function sumSentence(layer, { found, products, sum }) {
    const each = found[0].size ** 2;
    const count = words.isFlat(layer) ? found.length
      : `${found.length} × ${each} = ${found.length * each}`;
    return `${words.where(layer)}: ${count} products sum to ${number(products)}, with the bias ${
      number(layer.bias[state.map])} that is ${number(sum)}; ${ending(layer, sum)}.`;
  }

  // ---- normalization: a quotient ----------------------------------------------

  function normParts(layer, view) {
    const values = inputValues(layer, view);
    const [, w, c] = layer.reads;
    const at = (state.y * w + state.x) * c;
    const list = onemap.inputChannels(layer).map((channel) => [channel, values[at + channel]]);
    const squares = list.reduce((total, [, one]) => total + one * one, 0);
    const energy = layer.bias_k + layer.alpha * squares;
    return { list, squares, energy, own: values[at + state.map], divisor: energy ** layer.beta };
  }

  function normLines(layer, view) {
    const { list, squares, energy, own, divisor } = normParts(layer, view);
    const name = words.inputMapName(layer, state.map);
    const first = line("own", `value of ${name}`, number(own));
    if (!view.options.lrn) {
      return [first, line("result", "normalization is off", number(value(layer, view)), "final")];
    }
    const { bias_k: k, alpha, beta } = layer;
    return [first,
      line("squares", `${list.length} squares, summed`, number(squares)),
      line("energy", `${k} + ${alpha} × that`, number(energy, 4)),
      line("divisor", `to the power ${beta}: the divisor`, number(divisor, 4), "total"),
      line("result", "value / divisor", number(value(layer, view)), "final"),
      line("alone", `without the squares: ${k} to the power ${beta}`,
        number(k ** beta, 4), "light")];
  }

  function normSentence(layer) {
    const { own, divisor } = normParts(layer, page.main);
    const after = number(value(layer, page.main));
    if (!page.main.options.lrn) {
      return `${words.where(layer)}: normalization is off, so ${number(own)} is passed on.`;
    }
    return `${words.where(layer)}: ${number(own)} divided by ${number(divisor, 4)} is ${after}. `
      + `Without the squares it would be divided by ${number(layer.bias_k ** layer.beta, 4)}.`;
  }

  // ---- pooling: a winner ----------------------------------------------------------

  function poolParts(layer, view) {
    const values = inputValues(layer, view);
    const [, w, c] = layer.reads;
    const size = view.options.window;
    const [top] = arithmetic.reads(layer, state.y, size);
    const [left] = arithmetic.reads(layer, state.x, size);
    const cells = Array.from({ length: size * size }, (_, i) => (
      values[((top + Math.floor(i / size)) * w + left + (i % size)) * c + state.map]));
    const best = Math.max(...cells);
    const winner = cells.indexOf(best);
    const ties = cells.filter((one) => one === best).length;
    const [row, column] = [top + Math.floor(winner / size), left + (winner % size)];
    const place = `row ${row + 1}, column ${column + 1}`;
    return { size, top, left, cells, winner, ties, place };
  }

  function poolLines(layer, view) {
    const { size, top, left, ties, place } = poolParts(layer, view);
    return [line("rows", "rows of the window", `${top + 1} to ${top + size}`),
      line("columns", "columns", `${left + 1} to ${left + size}`),
      line("place", ties === 1 ? "the winner stands at" : `${ties} are equal; the first at`,
        place, "total"),
      line("result", "the greatest value", number(value(layer, view)), "final")];
  }

  function poolSentence(layer) {
    const { cells, ties, place } = poolParts(layer, page.main);
    const name = words.where(layer);
    const after = number(value(layer, page.main));
    return ties === 1
      ? `${name}: the greatest of ${cells.length} values, ${after}, stands at ${place}.`
      : `${name}: ${ties} of ${cells.length} values are equally great, ${after}.`;
  }

  // ---- all of it ------------------------------------------------------------------

  const LINES = { conv: sumLines, dense: sumLines, norm: normLines, pool: poolLines };

  function sentence(layer) {
    const first = layer.kind === "norm" ? normSentence(layer)
      : layer.kind === "pool" ? poolSentence(layer)
        : sumSentence(layer, sumUp(layer, page.main));
    if (!page.other) return first;
    const whose = state.other === "itself" ? "Untouched" : `For ${page.other.name}`;
    return `${first} ${whose} it is ${number(value(layer, page.other))}.`;
  }

  /* Fills part 3 and returns the sentence for the live line. */
  function paint() {
    const layer = layerOf();
    if (byId("one-value").hidden) return sentence(layer);
    for (const [id, at] of [["row", state.y], ["column", state.x]]) {
      byId(id).value = at;
      byId(`${id}-number`).textContent = at + 1;
    }
    const lines = LINES[layer.kind];
    ledger(lines(layer, page.main), page.other && lines(layer, page.other));
    if (layer.kind === "norm") tables.norm(layer, normParts(layer, page.main));
    else if (layer.kind === "pool") tables.pool(layer, poolParts(layer, page.main));
    else tables.sum(layer, sumUp(layer, page.main));
    tables.sights();
    return sentence(layer);
  }

  return { paint };
})();
