/* An explorable in a frame of the book: it takes the book's light or dark,
   and tells the book its height. By itself it follows the system.

   The book's side is `_static/book.js`. Pages read from a disk have no
   origin that could be checked, so messages hold nothing but a theme's name
   and a height, and nothing else is done with them. */

var frame = (function () {
  "use strict";

  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const framed = window.parent !== window;
  const listeners = [];

  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;

  function changed() {
    for (const listener of listeners) listener(isDark());
  }

  /* Calls a function at every change between light and dark. */
  function onTheme(listener) {
    listeners.push(listener);
  }

  system.addEventListener("change", changed);
  if (framed) {
    root.dataset.framed = "";
    addEventListener("message", ({ data, source }) => {
      if (source !== window.parent || !data) return;
      if (data.theme !== "light" && data.theme !== "dark") return;
      root.dataset.theme = data.theme;
      changed();
    });
    const tell = () => {
      const { height } = document.body.getBoundingClientRect();
      window.parent.postMessage({ height: Math.ceil(height) }, "*");
    };
    addEventListener("load", () => {
      new ResizeObserver(tell).observe(document.body);
      tell();
    });
  }

  return { isDark, onTheme, framed };
})();
