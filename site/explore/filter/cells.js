/* A square of cells that one points at or goes through with the arrow keys: a
   grid with one tab stop, as the picture and the map are. */

var cells = (function () {
  "use strict";

  const ARROWS = {
    ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  };
  const all = ({ holder }) => holder.querySelectorAll("[role=gridcell]");

  function child(parent, role) {
    const made = document.createElement("div");
    made.setAttribute("role", role);
    parent.append(made);
    return made;
  }

  function build(grid, side) {
    grid.side = side;
    grid.holder.replaceChildren();
    for (let row = 0; row < side; row++) {
      const line = child(grid.holder, "row");
      for (let column = 0; column < side; column++) child(line, "gridcell");
    }
    child(grid.holder, "presentation").className = "mark";
  }

  /* Makes a cell the one that Tab reaches. */
  function go(grid, at, focus) {
    grid.current = at;
    all(grid).forEach((one, i) => { one.tabIndex = i === at ? 0 : -1; });
    if (focus) all(grid)[at].focus({ preventScroll: true });
  }

  /* Colours, words and marks all cells: lists of `side` x `side`. */
  function paint(grid, side, { colours, names, frame: [row, column, size] }) {
    if (side !== grid.side) build(grid, side);
    all(grid).forEach((one, at) => {
      one.style.background = colours[at];
      const name = `row ${Math.floor(at / side) + 1}, column ${at % side + 1}: ${names[at]}`;
      one.setAttribute("aria-label", name);
    });
    const mark = grid.holder.querySelector(".mark");
    mark.style.setProperty("--row", row);
    mark.style.setProperty("--column", column);
    mark.style.setProperty("--size", size);
    go(grid, Math.min(grid.current, side * side - 1), false);
  }

  /* The cell under the pointer, or the nearest. */
  function under(grid, { clientX, clientY }) {
    const box = all(grid)[0].getBoundingClientRect();
    const place = (value, start) =>
      Math.max(0, Math.min(grid.side - 1, Math.floor((value - start) / box.width)));
    return place(clientY, box.top) * grid.side + place(clientX, box.left);
  }

  /* The cells from one to another: a fast pointer leaves some out. */
  function between(side, from, to) {
    const start = [Math.floor(from / side), from % side];
    const way = [Math.floor(to / side) - start[0], to % side - start[1]];
    const count = Math.max(...way.map(Math.abs));
    return Array.from({ length: count }, (_, i) => {
      const [row, column] = start.map((one, axis) => one + Math.round(way[axis] * (i + 1) / count));
      return row * side + column;
    });
  }

  /* Calls a function for a pointer that goes down, and while it draws on. */
  function point(grid, press) {
    const { holder } = grid;
    let down = false;
    holder.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      down = true;
      holder.setPointerCapture(event.pointerId);
      event.preventDefault();
      go(grid, under(grid, event), true);
      press(grid.current, true);
    });
    holder.addEventListener("pointermove", (event) => {
      if (!down) return;
      for (const at of between(grid.side, grid.current, under(grid, event))) {
        go(grid, at, true);
        press(at, false);
      }
    });
    for (const name of ["pointerup", "pointercancel"]) {
      holder.addEventListener(name, () => { down = false; });
    }
  }

  function type(grid, move, key) {
    grid.holder.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { side, current } = grid;
      const arrow = ARROWS[event.key];
      if (!arrow) {
        key(event, current);
        return;
      }
      event.preventDefault();
      const [row, column] = [Math.floor(current / side) + arrow[0], current % side + arrow[1]];
      if (Math.min(row, column) < 0 || Math.max(row, column) >= side) return;
      go(grid, row * side + column, true);
      move(grid.current);
    });
  }

  /* `press(at, isFirst)` is called for a pointer that goes down or draws on,
     `move(at)` when an arrow key has moved, `key(event, at)` for other keys. */
  function make(holder, { press, move = () => {}, key = () => {} }) {
    const grid = { holder, side: 0, current: 0 };
    point(grid, press);
    type(grid, move, key);
    return {
      paint: (side, how) => paint(grid, side, how),
      go: (at, focus) => go(grid, at, focus),
    };
  }

  return { make };
})();
