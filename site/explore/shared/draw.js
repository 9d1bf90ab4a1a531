/* Colours and canvases. Zero is blank, blue is above it, orange below: Okabe
   and Ito's blue and vermilion, lightness in step with the size. Needs frame.js. */

var draw = (function () {
  "use strict";

  const STOPS = {
    light: {
      zero: [255, 255, 255],
      above: [[0.3, [86, 180, 233]], [0.65, [0, 114, 178]], [1, [0, 36, 62]]],
      below: [[0.3, [240, 165, 100]], [0.65, [213, 94, 0]], [1, [80, 34, 0]]],
      ink: "#14171a", halo: "#ffffff",
    },
    dark: {
      zero: [13, 15, 18],
      above: [[0.3, [0, 92, 146]], [0.65, [86, 180, 233]], [1, [236, 248, 255]]],
      below: [[0.3, [146, 66, 0]], [0.65, [236, 140, 60]], [1, [255, 242, 228]]],
      ink: "#ffffff", halo: "#000000",
    },
  };
  const STEPS = 255;
  let look;
  let table;

  function mix(stops, zero, share) {
    let [from, start] = [0, zero];
    for (const [to, end] of stops) {
      if (share <= to) {
        const t = (share - from) / (to - from);
        return start.map((value, i) => Math.round(value + t * (end[i] - value)));
      }
      [from, start] = [to, end];
    }
    return start;
  }

  function choose() {
    look = STOPS[frame.isDark() ? "dark" : "light"];
    table = Array.from({ length: 2 * STEPS + 1 }, (_, i) => {
      const share = (i - STEPS) / STEPS;
      return mix(share < 0 ? look.below : look.above, look.zero, Math.abs(share));
    });
  }
  choose();
  frame.onTheme(choose);

  function colour(value, scale) {
    const share = Math.max(-1, Math.min(1, scale > 0 ? value / scale : 0));
    return table[STEPS + Math.round(share * STEPS)];
  }

  /* Sets a canvas's size in CSS pixels; the context draws in those. */
  function fit(canvas, width, height) {
    const density = Math.max(1, window.devicePixelRatio || 1);
    const [wide, high] = [Math.round(width * density), Math.round(height * density)];
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    }
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    return context;
  }

  const scratch = document.createElement("canvas");
  const pen = scratch.getContext("2d", { willReadFrequently: true });

  /* Paints one channel of a stack of maps into a rectangle. */
  function map(context, values, [h, w, c], channel, scale, [left, top, width, height]) {
    scratch.width = w;
    scratch.height = h;
    const image = pen.createImageData(w, h);
    for (let at = 0; at < h * w; at++) {
      const [r, g, b] = colour(values[at * c + channel], scale);
      image.data.set([r, g, b, 255], 4 * at);
    }
    pen.putImageData(image, 0, 0);
    context.drawImage(scratch, 0, 0, w, h, left, top, width, height);
  }

  /* Paints a picture of RGB bytes. */
  function picture(context, pixels, size, [left, top, width, height]) {
    scratch.width = scratch.height = size;
    const image = pen.createImageData(size, size);
    for (let at = 0; at < size * size; at++) {
      image.data.set([pixels[3 * at], pixels[3 * at + 1], pixels[3 * at + 2], 255], 4 * at);
    }
    pen.putImageData(image, 0, 0);
    context.drawImage(scratch, 0, 0, size, size, left, top, width, height);
  }

  /* A pale grey picture under the map of what a grey square costs. */
  function heat(context, pixels, size, { list, count }, box) {
    const dark = look === STOPS.dark;
    const grey = new Uint8ClampedArray(pixels.length);
    for (let at = 0; at < pixels.length; at += 3) {
      const light = 0.3 * pixels[at] + 0.59 * pixels[at + 1] + 0.11 * pixels[at + 2];
      grey.fill(dark ? 0.35 * light : 130 + 0.49 * light, at, at + 3);
    }
    picture(context, grey, size, box);
    context.globalCompositeOperation = dark ? "screen" : "multiply";
    map(context, list, [count, count, 1], 0, 1, box);
    context.globalCompositeOperation = "source-over";
  }

  /* A frame that shows on every colour: ink inside a halo. */
  function outline(context, left, top, width, height, thick = 1.5) {
    context.lineWidth = thick + 2;
    context.strokeStyle = look.halo;
    context.strokeRect(left, top, width, height);
    context.lineWidth = thick;
    context.strokeStyle = look.ink;
    context.strokeRect(left, top, width, height);
  }

  function legend(canvas, width, height) {
    const context = fit(canvas, width, height);
    for (let x = 0; x < width; x++) {
      context.fillStyle = `rgb(${colour(2 * (x / (width - 1)) - 1, 1)})`;
      context.fillRect(x, 0, 1, height);
    }
  }

  /* Where a layer's colours end: its greatest size, leaving out the two
     largest values in a thousand, so that one of them does not pale the rest. */
  function scaleOf(values) {
    const sizes = Float32Array.from(values, Math.abs).sort();
    return sizes[Math.floor(0.998 * (sizes.length - 1))] || sizes[sizes.length - 1];
  }

  return {
    colour, fit, map, picture, heat, frame: outline, legend, scaleOf,
  };
})();
