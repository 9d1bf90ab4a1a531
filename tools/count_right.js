/* node count_right.js FOLDER: how many pictures each setting of the page's
   switches names right, as JSON. The folder has model.json, pictures.bin and
   labels.json (see build_explore.py). */

"use strict";

const fs = require("fs");
const path = require("path");
const page = path.join(__dirname, "..", "site", "explore", "network");
const arithmetic = require(path.join(page, "arithmetic.js"))();

const read = (name) => fs.readFileSync(path.join(process.argv[2], name));
const network = arithmetic.build(JSON.parse(read("model.json")));
const labels = JSON.parse(read("labels.json"));
const pixels = read("pictures.bin");
const length = network.input.reduce((a, b) => a * b);

function countRight(options) {
  return labels.filter((label, i) => {
    const picture = pixels.subarray(i * length, (i + 1) * length);
    const { answer } = arithmetic.forward(network, picture, options);
    return answer.indexOf(Math.max(...answer)) === label;
  }).length;
}

const right = {};
for (const relu of [true, false]) {
  for (const lrn of [true, false]) {
    for (const window of [3, 2]) {
      for (const mute of [[false, false], [true, false], [false, true]]) {
        const options = { relu, lrn, window, mute };
        right[arithmetic.settingName(options)] = countRight(options);
      }
    }
  }
}
console.log(JSON.stringify(right));
