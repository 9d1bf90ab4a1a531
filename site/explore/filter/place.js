/* Part 2: what one place is made of. What lies under the filter, the weights and
   the products as numbers, and how much of the sum is above and below zero. */

var place = (function () {
  "use strict";

  /* A number as one writes it: a real minus, at most two digits after the point. */
  function write(number) {
    const text = String(Math.round(100 * number) / 100);
    return text === "-0" ? "0" : text.replace("-", "−");
  }

  function table(title, values, scale) {
    const side = Math.sqrt(values.length);
    const numbers = values.map((value) => {
      const share = scale ? Math.min(1, Math.abs(value) / scale) : 0;
      const sign = value > 0 ? "plus" : value < 0 ? "minus" : "";
      return `<span class="${sign}" style="--strength:${(55 * share).toFixed(0)}%">`
        + `${write(value)}</span>`;
    });
    return `<figure><figcaption>${title}</figcaption>`
      + `<div class="numbers" style="--side:${side}">${numbers.join("")}</div></figure>`;
  }

  function products({ under, products: each }, { filter }) {
    const most = Math.max(...filter.map(Math.abs));
    const sign = (text) => `<span class="sign">${text}</span>`;
    return table("picture", under, 0) + sign("×") + table("filter", filter, most)
      + sign("=") + table("products", each, sums.BRIGHT * most);
  }

  function bar(name, value, reach) {
    const share = reach ? Math.abs(value) / reach : 0;
    const side = value < 0 ? "left" : "right";
    return `<tr><th scope="row">${name}</th><td><div class="track">`
      + `<i class="${side}" style="--share:${(50 * share).toFixed(2)}%"></i></div></td>`
      + `<td>${write(value)}</td></tr>`;
  }

  function ledger({ above, below, sum, value }, { filter, bias, relu }) {
    const reach = Math.max(sums.greatest(filter), sums.greatest(sums.negate(filter)),
      Math.abs(sum + bias));
    const parts = ["value", bias && "with the bias", relu && "after ReLU"].filter(Boolean);
    const rows = [
      bar("products above zero", above, reach), bar("products below zero", below, reach),
      bar("their sum", sum, reach), bar(parts.join(", "), value, reach),
    ];
    return `<table><tbody>${rows.join("")}</tbody></table>`;
  }

  function show(found, layer) {
    live.byId("products").innerHTML = products(found, layer);
    live.byId("ledger").innerHTML = ledger(found, layer);
  }

  return { show, write };
})();
