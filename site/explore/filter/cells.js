/* A square of cells that one points at or goes through with the arrow keys: a
   grid with one tab stop, as the picture and the map are. */

var cells = (function () {
  "use strict";

  const ARROWS = {
    ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  };

  /* `press(at, isFirst)` is called for a pointer that goes down or draws on,
     `move(at)` when an arrow key has moved, `key(event, at)` for other keys. */
  function make(holder, { press, move = () => {}, key = () => {} }) {
    let side = 0;
    let current = 0;
    const all = () => holder.querySelectorAll("[role=gridcell]");

    function build(wanted) {
      side = wanted;
      holder.style.setProperty("--side", side);
      holder.replaceChildren(...Array.from({ length: side }, (_, row) => {
        const line = document.createElement("div");
        line.setAttribute("role", "row");
        for (let column = 0; column < side; column++) {
          const one = document.createElement("div");
          one.setAttribute("role", "gridcell");
          one.dataset.at = row * side + column;
          line.append(one);
        }
        return line;
      }));
      const mark = document.createElement("div");
      mark.className = "mark";
      mark.setAttribute("role", "presentation");
      holder.append(mark);
    }

    /* Makes a cell the one that Tab reaches. */
    function go(at, focus) {
      current = at;
      all().forEach((one, i) => { one.tabIndex = i === at ? 0 : -1; });
      if (focus) all()[at].focus({ preventScroll: true });
    }

    function under({ clientX, clientY }) {
      const box = all()[0].getBoundingClientRect();
      const place = (value, start) =>
        Math.max(0, Math.min(side - 1, Math.floor((value - start) / box.width)));
      return place(clientY, box.top) * side + place(clientX, box.left);
    }

    /* Colours, words and marks all cells: lists of `side` x `side`. */
    function paint(wanted, { colours, names, frame: [row, column, size] }) {
      if (wanted !== side) build(wanted);
      all().forEach((one, at) => {
        one.style.background = colours[at];
        const name = `row ${Math.floor(at / side) + 1}, column ${at % side + 1}: ${names[at]}`;
        one.setAttribute("aria-label", name);
      });
      const mark = holder.querySelector(".mark");
      mark.style.setProperty("--row", row);
      mark.style.setProperty("--column", column);
      mark.style.setProperty("--size", size);
      go(Math.min(current, side * side - 1), false);
    }

    let down = false;
    holder.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      down = true;
      holder.setPointerCapture(event.pointerId);
      event.preventDefault();
      go(under(event), true);
      press(current, true);
    });
    holder.addEventListener("pointermove", (event) => {
      const at = under(event);
      if (!down || at === current) return;
      go(at, true);
      press(at, false);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      holder.addEventListener(name, () => { down = false; });
    }
    holder.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const arrow = ARROWS[event.key];
      if (!arrow) {
        key(event, current);
        return;
      }
      event.preventDefault();
      const [row, column] = [Math.floor(current / side) + arrow[0], current % side + arrow[1]];
      if (Math.min(row, column) < 0 || Math.max(row, column) >= side) return;
      go(row * side + column, true);
      move(current);
    });

    return { paint, go };
  }

  return { make };
})();
