/* How many places a filter has: chapter 3 in whole numbers, without a page.
   Rules and errors are those of `alexnet_keras.shapes`; the tables are the
   convolutions and pools of `alexnet_keras.networks`. Tests hold both. */

var sizes = (function () {
  "use strict";

  function check({ size, filter, stride, rounding }) {
    if (rounding !== "down" && rounding !== "up") {
      throw new RangeError('`rounding` must be "down" or "up".');
    }
    if (Math.min(size, filter, stride) < 1) {
      throw new RangeError("Sizes and strides must be at least 1.");
    }
  }

  /* The zeros before and after a row. TensorFlow's "same" puts the odd one last. */
  function zeros({ size, filter, stride, padding }) {
    if (padding !== "same") return [padding, padding];
    const count = Math.ceil(size / stride);
    const both = Math.max(0, (count - 1) * stride + filter - size);
    return [Math.floor(both / 2), Math.ceil(both / 2)];
  }

  function outputSize(setting) {
    check(setting);
    const { size, filter, stride, padding, rounding } = setting;
    if (padding === "same") return Math.ceil(size / stride);
    const room = size + 2 * padding - filter;
    if (room < 0) {
      throw new RangeError(`A filter of ${filter} pixels does not fit an input of `
        + `${size}. Use a larger image or more padding.`);
    }
    return (rounding === "down" ? Math.floor : Math.ceil)(room / stride) + 1;
  }

  /* How many places read each pixel of a row whose places start at `starts`. */
  function timesRead({ size, filter }, starts) {
    const counts = new Array(size).fill(0);
    for (const start of starts) {
      const end = Math.min(start + filter, size);
      for (let pixel = Math.max(start, 0); pixel < end; pixel++) counts[pixel]++;
    }
    return counts;
  }

  /* All there is to draw of one setting. `rest` is what rounding decides on:
     pixels that are left when the filter has gone as far as it fits. `lacks`
     is how many the next place would lack; `hangs` if rounding up takes it. */
  function layout(setting) {
    const { size, filter, stride, padding, rounding } = setting;
    const count = outputSize(setting);
    const [before, after] = zeros(setting);
    const starts = Array.from({ length: count }, (_, place) => place * stride - before);
    const room = size + before + after - filter;
    const rest = padding === "same" ? 0 : room % stride;
    const lacks = rest ? stride - rest : 0;
    const counts = timesRead(setting, starts);
    const unread = counts.flatMap((times, pixel) => times ? [] : [pixel]);
    return {
      ...setting, count, before, after, starts, room, rest, lacks, counts, unread,
      steps: Math.floor(room / stride), hangs: rounding === "up" && lacks > 0,
    };
  }

  const row = (name, filter, stride, padding = 0, rounding = "down") =>
    ({ name, filter, stride, padding, rounding });
  const middle = [
    row("conv3", 3, 1, 1), row("conv4", 3, 1, 1), row("conv5", 3, 1, 1),
  ];
  const ALEXNET = [
    row("conv1", 11, 4, 0, "up"), row("pool1", 3, 2), row("conv2", 5, 1, 2),
    row("pool2", 3, 2), ...middle, row("pool5", 3, 2),
  ];
  const CAFFE = [
    row("conv1", 11, 4), row("pool1", 3, 2, 0, "up"), row("conv2", 5, 1, 2),
    row("pool2", 3, 2, 0, "up"), ...middle, row("pool5", 3, 2, 0, "up"),
  ];
  const TORCHVISION = [
    row("conv1", 11, 4, 2), row("pool1", 3, 2), row("conv2", 5, 1, 2),
    row("pool2", 3, 2), ...middle, row("pool5", 3, 2),
  ];
  const NETWORKS = {
    "two-tower": ALEXNET, caffe: CAFFE, "one-weird-trick": TORCHVISION,
  };
  const CHANNELS = 256; // of pool5
  const PAPER = 224;
  const INPUT = { "two-tower": 227, caffe: 227, "one-weird-trick": 224 };

  const rounded = (rows, rounding) => rows.map((one) => ({ ...one, rounding }));

  /* Follows a size through rows. Stops with `error` where a filter does not fit. */
  function chain(rows, size) {
    const lines = [];
    for (const one of rows) {
      const reads = size;
      try {
        size = outputSize({ ...one, size });
      } catch (error) {
        return { lines, error: `${one.name}: ${error.message}` };
      }
      lines.push({ ...one, reads, size });
    }
    return { lines, numbers: size * size * CHANNELS };
  }

  const WAYS = [
    { name: "down", who: "Keras, PyTorch", rows: rounded(ALEXNET, "down") },
    { name: "pools up", who: "Caffe", rows: CAFFE },
    { name: "up", who: "2012", rows: rounded(ALEXNET, "up") },
  ];

  const of = ({ filter, stride, padding, rounding }, size) =>
    ({ size, filter, stride, padding, rounding });

  /* What the buttons set: four conv1, AlexNet's next layers, equal ones once, and
     chapter 3's row of 13. */
  function presets() {
    const first = [
      { name: "the paper", ...of(ALEXNET[0], PAPER) },
      { name: "Caffe", ...of(CAFFE[0], INPUT.caffe) },
      { name: "torchvision", ...of(TORCHVISION[0], INPUT["one-weird-trick"]) },
      { name: "with “same”", ...of({ ...CAFFE[0], padding: "same" }, PAPER) },
    ];
    const next = [];
    for (const line of chain(ALEXNET, INPUT["two-tower"]).lines.slice(1)) {
      const last = next[next.length - 1];
      const setting = of(line, line.reads);
      if (last && JSON.stringify(of(last, last.size)) === JSON.stringify(setting)) {
        last.name = `${last.name.slice(0, 5)} to ${line.name}`;
      } else next.push({ name: line.name, ...setting });
    }
    const short = [{ name: "13 pixels", ...of(row("", 5, 3), 13) }];
    return { first, next, short };
  }

  const isConv1 = ({ filter, stride }) => filter === 11 && stride === 4;
  const from = (size, count) => (found) =>
    isConv1(found) && found.size === size && found.count === count;

  /* Small things to find by hand, each with how to know that it was found. */
  const GOALS = [
    {
      name: "55 from 224, rounded up",
      met: (found) => from(224, 55)(found) && found.rounding === "up" && found.rest > 0,
    },
    {
      name: "55 from 224, rounded down",
      met: (found) => from(224, 55)(found) && found.rounding === "down",
    },
    {
      name: "55 with no fraction",
      met: (found) => isConv1(found) && found.count === 55 && found.rest === 0,
    },
    { name: "56 from 224", met: from(224, 56) },
    {
      name: "an unread pixel in the middle",
      met: ({ unread, starts, filter }) =>
        unread.some((pixel) => pixel < starts[starts.length - 1] + filter),
    },
  ];

  return {
    zeros, outputSize, timesRead, layout, chain, presets, GOALS, NETWORKS, INPUT, PAPER,
    CHANNELS, WAYS,
  };
})();

if (typeof module !== "undefined") module.exports = sizes;
