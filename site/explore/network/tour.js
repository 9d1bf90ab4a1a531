/* The grey square at every place: how much of the answer each costs. */

var tour = (function () {
  "use strict";

  const { state, side, byId } = page;
  const STRIDE = 4; // pixels from place to place
  let under = null; // {place, best, before, list, count}

  const at = (n) => STRIDE * n + STRIDE / 2;
  const row = (one, place) => Math.floor(place / one.count);

  function step() {
    const one = under;
    const { size } = state.cover;
    const pixels = bytes.covered(page.uncovered(),
      { size, y: at(row(one, one.place)), x: at(one.place % one.count) });
    engine.ask({ pixels, options: page.options() }, ({ brief }) => {
      if (under === one) heard(brief);
    });
  }

  function heard(shares) {
    under.list[under.place] = under.before - shares[under.best];
    under.place += 1;
    if (under.place === under.list.length) return end();
    if (under.place % under.count === 0) {
      byId("tour").textContent = `${under.place} of ${under.list.length}`;
    }
    step();
  }

  function end() {
    page.falls = under;
    stop();
    marks.paintRun();
    say.live(sentence(page.falls));
  }

  function sentence(falls) {
    const fall = Math.max(...falls.list);
    const worst = falls.list.indexOf(fall);
    const name = page.classes[falls.best];
    const left = (100 * (falls.before - fall)).toFixed(0);
    if (fall < 0.02) {
      return `No place of this square matters: ${name} keeps at least ${left}%. Try a larger one.`;
    }
    return `Without the square, ${name} has ${(100 * falls.before).toFixed(0)}%. It falls most `
      + `where the colour is strongest: with the square at row ${at(row(falls, worst)) + 1}, `
      + `column ${at(worst % falls.count) + 1}, ${left}% remain.`;
  }

  function stop() {
    under = null;
    byId("tour").textContent = "Try every place";
  }

  function start() {
    if (under) return stop();
    page.falls = null;
    const whole = page.arithmetic.forward(page.network, page.uncovered(), page.options()).answer;
    const best = page.best(whole);
    const count = side / STRIDE;
    const list = new Float32Array(count * count);
    under = { place: 0, best, before: whole[best], count, list };
    step();
  }

  /* What was found holds for one picture, one size, one setting. */
  function forget() {
    page.falls = null;
    if (under) stop();
  }

  return { start, forget };
})();
