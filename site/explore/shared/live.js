/* What the pages of a few settings share: buttons of a choice, things to find,
   the live line and the address. The network's page, larger, has its own. */

var live = (function () {
  "use strict";

  const REST = 120; // milliseconds without a change, before the live line speaks
  const byId = (id) => document.getElementById(id);
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  function button(text, action) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "button", textContent: text });
    made.addEventListener("click", action);
    return made;
  }

  /* A button for each of a list. What it gives back presses those that are set. */
  function choice(holder, list, name, action) {
    const made = list.map((one) => button(name(one), () => action(one)));
    byId(holder).append(...made);
    return (isSet) =>
      made.forEach((one, at) => one.setAttribute("aria-pressed", isSet(list[at])));
  }

  let news = []; // goals that the live line has not named yet

  function goal(name) {
    const item = document.createElement("li");
    const said = document.createElement("span");
    said.className = "unseen";
    item.append(name, said);
    byId("goals").append(item);
    let before = true;
    let found = false;
    return (met, byHand) => {
      if (met && !before && byHand && !found) {
        found = true;
        item.className = "met";
        said.textContent = ", found";
        news.push(name);
      }
      before = met;
    };
  }

  /* Lists what is to be found. A goal is found when it becomes true by hand: not
     by a button that sets everything, and not if it was true already. */
  function goals(list) {
    const marks = list.map(({ name }) => goal(name));
    return (isMet, byHand) => list.forEach((one, at) => marks[at](isMet(one), byHand));
  }

  let resting;

  /* Says a sentence and writes the address once nothing changes any more: for
     those who listen, and since browsers mind an address that changes often. */
  function say(sentence, address) {
    clearTimeout(resting);
    byId("live").setAttribute("aria-busy", "true");
    resting = setTimeout(() => {
      byId("live").textContent = [sentence, ...news.map((name) => `Found: ${name}.`)].join(" ");
      byId("live").removeAttribute("aria-busy");
      news = [];
      try {
        history.replaceState(null, "", address);
      } catch {
        // a browser that counts changes, or allows none: the address stays
      }
    }, REST);
  }

  /* Calls a function when the address says a new state. A link to a part of the
     page changes the address, too, but sets nothing. */
  function onAddress(listener) {
    addEventListener("hashchange", () => {
      if (location.hash.includes("=")) listener();
    });
  }

  /* Calls a function when an element has become wider or narrower. */
  function onWidth(element, listener) {
    let width = element.clientWidth;
    new ResizeObserver(() => {
      if (element.clientWidth === width) return;
      width = element.clientWidth;
      listener();
    }).observe(element);
  }

  return { byId, plural, button, choice, goals, say, onAddress, onWidth };
})();
