/* The live line, and the address. Both wait until the hand rests: so that
   assistive technology is not flooded, and no browser minds the changes. */

var say = (function () {
  "use strict";

  const fragment = alexnetFragment();
  let answer = "";
  let told = ""; // the answer that was said last
  let timer = null;

  /* The answer is said again only when it has changed. */
  function live(sentence) {
    const whole = answer === told ? sentence : `${answer} ${sentence}`;
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      told = answer;
      page.byId("live").textContent = whole;
    }, 80);
  }

  function setAnswer(run) {
    answer = `The answer is ${words.answer(run)}.`;
  }

  let writing;
  let ready = false; // the first state is the default, or what the address said

  function address() {
    const text = fragment.write(page.state, page.names);
    page.byId("more").href = `index.html#${text}`;
    const name = words.mapName(page.layers[page.state.layer], page.state.map);
    page.byId("more").textContent = `Open ${name}, down to its products`;
    if (!ready) {
      ready = true;
      return;
    }
    clearTimeout(writing);
    writing = setTimeout(() => {
      try {
        history.replaceState(null, "", `#${text}`);
      } catch {
        // a browser that counts changes, or allows none: the address stays
      }
    }, 250);
  }

  return {
    live, setAnswer, address,
    given: () => fragment.read(location.hash, page.names),
    waiting: () => timer !== null,
  };
})();
