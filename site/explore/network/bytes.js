/* Pictures as RGB bytes: read from a file, cut to a square, covered. */

var bytes = (function () {
  "use strict";

  const { side } = page;
  const GREY = 128;

  /* The central square, made smaller by halves, so that no pixel is left out. */
  function square(image) {
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    const whole = Math.min(width, height);
    let [from, left, top, size] = [image, (width - whole) / 2, (height - whole) / 2, whole];
    let next = whole;
    do {
      next = size === side ? side : Math.max(side, Math.ceil(next / 2));
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = next;
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.fillStyle = "#fff";
      context.fillRect(0, 0, next, next);
      context.imageSmoothingQuality = "high";
      context.drawImage(from, left, top, size, size, 0, 0, next, next);
      [from, left, top, size] = [canvas, 0, 0, next];
    } while (next > side);
    return from;
  }

  function read(image) {
    const { data } = square(image).getContext("2d").getImageData(0, 0, side, side);
    return Uint8ClampedArray.from({ length: side * side * 3 },
      (_, i) => data[4 * Math.floor(i / 3) + (i % 3)]);
  }

  function load(address) {
    return new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = () => resolve(read(image));
      image.onerror = () => reject(new Error("The file cannot be read as a picture."));
      image.src = address;
    });
  }

  /* The rows and columns that a grey square covers: top, left, bottom, right. */
  function box({ x, y, size }) {
    const half = Math.floor(size / 2);
    const clip = (v) => Math.max(0, Math.min(side, v));
    return [clip(y - half), clip(x - half), clip(y - half + size), clip(x - half + size)];
  }

  function covered(picture, cover) {
    const copy = picture.slice();
    const [top, left, bottom, right] = box(cover);
    for (let y = top; y < bottom; y++) {
      copy.fill(GREY, 3 * (y * side + left), 3 * (y * side + right));
    }
    return copy;
  }

  return { load, covered, box };
})();
