/* The state in an address's fragment, such as #size=13&padding=same. A reader
   takes a text and gives its value, or undefined where the text makes no sense. */

var fragment = (function () {
  "use strict";

  const within = (least, most) => (value) => value >= least && value <= most ? value : undefined;

  const whole = (least, most) => (text) =>
    /^\d+$/.test(text) ? within(least, most)(Number(text)) : undefined;

  const decimal = (least, most) => (text) =>
    /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? within(least, most)(Number(text)) : undefined;

  /* One of an object's own names stands for its value. */
  const named = (values) => (text) => Object.hasOwn(values, text) ? values[text] : undefined;

  /* A state from a fragment. If any part makes no sense, it is `start`. */
  function read(hash, start, readers) {
    const found = { ...start };
    for (const [name, text] of new URLSearchParams(hash.slice(1))) {
      const value = Object.hasOwn(readers, name) ? readers[name](text) : undefined;
      if (value === undefined) return start;
      found[name] = value;
    }
    return found;
  }

  const write = (values) => `#${new URLSearchParams(values)}`;

  return { whole, decimal, named, read, write };
})();

if (typeof module !== "undefined") module.exports = fragment;
