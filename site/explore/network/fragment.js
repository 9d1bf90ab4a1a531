/* The state in the address's fragment, such as #picture=torus&layer=norm1&map=5.

   Maps, rows and columns are counted from 1, as on the page. What makes no
   sense is left out, so that the default stays. No document is needed here. */

function alexnetFragment() {
  "use strict";

  const SWITCHES = ["relu", "norm", "overlap", "tower1", "tower2"];

  function whole(text, least, most) {
    return /^\d+$/.test(text || "") && +text >= least && +text <= most ? +text : null;
  }

  /* `names` holds `pictures`, a word for each, and `layers`, with their shapes.
     Returns only what the text says: picture, other, layer, map, y, x, off (the
     names of the switches) and cover. */
  function read(text, names) {
    const given = new URLSearchParams(text.replace(/^#/, ""));
    const found = { off: [] };
    const picture = names.pictures.indexOf(given.get("picture"));
    if (picture >= 0) found.picture = picture;
    const other = names.pictures.indexOf(given.get("with"));
    if (other >= 0) found.other = other;
    if (given.get("with") === "itself") found.other = "itself";
    found.off = SWITCHES.filter((one) => (given.get("no") || "").split(",").includes(one));
    if (found.off.includes("tower1")) found.off = found.off.filter((one) => one !== "tower2");
    const [x, y, size] = (given.get("cover") || "").split(",");
    const cover = { x: whole(x, 0, 63), y: whole(y, 0, 63), size: whole(size, 4, 40) };
    if (Object.values(cover).every((part) => part !== null)) found.cover = cover;
    return { ...found, ...readPlace(given, names.layers) };
  }

  function readPlace(given, layers) {
    const layer = layers.findIndex(({ name }) => name === given.get("layer"));
    if (layer < 0) return {};
    const [h, w, c] = layers[layer].shape;
    const map = whole(given.get("map"), 1, c);
    if (map === null) return { layer };
    const [row, column] = [whole(given.get("row"), 1, h), whole(given.get("column"), 1, w)];
    if (row === null || column === null) return { layer, map: map - 1 };
    return { layer, map: map - 1, y: row - 1, x: column - 1 };
  }

  function write(state, names) {
    const parts = [];
    const layer = names.layers[state.layer];
    if (state.picture > 0) parts.push(`picture=${names.pictures[state.picture]}`);
    parts.push(`layer=${layer.name}`, `map=${state.map + 1}`);
    if (layer.kind !== "dense") parts.push(`row=${state.y + 1}`, `column=${state.x + 1}`);
    const off = [!state.relu, !state.lrn, !state.overlap, ...state.mute];
    if (off.some(Boolean)) parts.push(`no=${SWITCHES.filter((_, i) => off[i])}`);
    const { on, x, y, size } = state.cover;
    if (on) parts.push(`cover=${x},${y},${size}`);
    if (state.other === "itself") parts.push("with=itself");
    else if (state.other !== null) parts.push(`with=${names.pictures[state.other]}`);
    return parts.join("&");
  }

  return { read, write };
}

if (typeof module !== "undefined") module.exports = alexnetFragment;
