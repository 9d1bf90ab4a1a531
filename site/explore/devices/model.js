/* The time and the memory of a step, in three ways: on one device, on two
   replicas, and with the split of 2012. Times are in milliseconds.

   Settings: batch (pictures of a step), speed (10^12 operations a second), link
   (GB a second, each way), latency (microseconds), memory (GB of 2^30 bytes),
   overlap (whether gradients are sent during the backward pass). */

var model = (function (costs) {
  "use strict";

  const WAYS = ["one", "replicas", "split"];
  const FLOAT = 4; // bytes
  const PICTURES = 10e9; // bytes of pictures that a device gets in a second
  const UPDATES = 500e9; // bytes that a device's memory reads or writes in one
  const GIB = 2 ** 30;
  const sum = (list) => list.reduce((total, value) => total + value, 0);

  /* Layers that follow each other without a talk, as in 2012. */
  const stages = [];
  for (const layer of costs) {
    if (layer.reads || !stages.length) stages.push({ layers: [], work: [0, 0, 0] });
    const stage = stages[stages.length - 1];
    if (layer.reads) stage.reads = layer.reads;
    if (layer.work[0]) stage.layers.push(layer.name);
    stage.work = stage.work.map((total, half) => total + layer.work[half]);
  }
  for (const stage of stages) {
    const [first, last] = [stage.layers[0], stage.layers[stage.layers.length - 1]];
    stage.name = first === last ? first : `${first} to ${last}`;
  }

  const total = (key) => [0, 1, 2].map((half) => sum(costs.map((layer) => layer[key][half])));
  const [weights, values, work] = ["weights", "values", "work"].map(total);
  const reads = [0, 1].map((to) => sum(stages.map((stage) => stage.reads ? stage.reads[to] : 0)));
  const widest = sum(stages.map(({ reads: r }) => r ? Math.max(...r) : 0));
  const talks = stages.filter((stage) => stage.reads).length;

  /* The devices of a way: which half of the network each holds (0 is all of
     it), and its name. */
  const DEVICES = {
    one: [[0, "device"]],
    replicas: [[0, "replica 0"], [0, "replica 1"]],
    split: [[1, "GPU 1"], [2, "GPU 2"]],
  };

  const seen = (way, { batch }) => way === "replicas" ? batch / 2 : batch;
  const transfer = (bytes, s) => bytes / (s.link * 1e6) + s.latency / 1e3;
  const forward = (count, pictures, s) => 2 * count * pictures / (s.speed * 1e9);
  const update = (half) => 1e3 * 5 * FLOAT * weights[half] / UPDATES;

  /* Bytes that each device sends in a step. */
  function sent(way, s) {
    if (way === "one") return [0];
    if (way === "replicas") return [FLOAT * weights[0], FLOAT * weights[0]];
    const each = FLOAT * s.batch * (reads[0] + reads[1]); // activations, then gradients
    return [each, each];
  }

  const messages = (way) => ({ one: 0, replicas: 2, split: 2 * talks })[way];

  function talk(way, s) {
    if (way === "one") return 0;
    if (way === "replicas") return 2 * transfer(FLOAT * weights[0] / 2, s);
    return 2 * (FLOAT * s.batch * widest / (s.link * 1e6) + talks * s.latency / 1e3);
  }

  /* How long the phases last on the device that is done last. */
  function phases(way, s) {
    const pictures = seen(way, s);
    const half = way === "split" ? 1 : 0; // GPU 1 has fc8, so the other waits
    const ahead = forward(work[half], pictures, s);
    return {
      input: 1e3 * FLOAT * pictures * costs[0].values[0] / PICTURES,
      forward: ahead,
      backward: 2 * ahead,
      talk: talk(way, s),
      hidden: way === "replicas" && s.overlap ? Math.min(talk(way, s), 2 * ahead) : 0,
      update: update(half),
    };
  }

  function time(way, s) {
    const p = phases(way, s);
    return p.input + p.forward + p.backward + p.talk - p.hidden + p.update;
  }

  /* What each device does when: lists of { phase, what, from, to }. */
  function timeline(way, s) {
    const p = phases(way, s);
    const lanes = DEVICES[way].map(([half, name]) => ({ half, name, computes: [], sends: [] }));
    let now = 0;
    const at = (list, phase, what, length, from = now) => {
      if (length > 0) list.push({ phase, what, from, to: from + length });
    };
    const all = (phase, what, lengths) => {
      lanes.forEach((lane, i) => at(lane.computes, phase, what, lengths[i]));
      now += Math.max(...lengths);
    };
    const same = (length) => lanes.map(() => length);
    all("input", "input", same(p.input));
    if (way === "split") split(s, lanes, all, (what, floats) => {
      const lengths = floats.map((count) => count && transfer(FLOAT * s.batch * count, s));
      lanes.forEach((lane, i) => at(lane.sends, "talk", what, lengths[i]));
      now += Math.max(...lengths);
    });
    else {
      all("forward", "forward", same(p.forward));
      const sending = s.overlap ? now : now + p.backward;
      all("backward", "backward", same(p.backward));
      for (const lane of way === "replicas" ? lanes : []) {
        at(lane.sends, "talk", "half of the gradients", p.talk / 2, sending);
        at(lane.sends, "talk", "half of the sums", p.talk / 2, sending + p.talk / 2);
      }
      now += p.talk - p.hidden;
    }
    for (const lane of lanes) at(lane.computes, "update", "update", update(lane.half));
    return lanes;
  }

  function split(s, lanes, all, exchange) {
    const lengths = ({ work: w }) => lanes.map(({ half }) => forward(w[half], s.batch, s));
    for (const stage of stages) {
      const [first, second] = stage.reads || [];
      if (stage.reads) exchange(`activations for ${stage.name}`, [second, first]);
      all("forward", `forward, ${stage.name}`, lengths(stage));
    }
    for (const stage of [...stages].reverse()) {
      all("backward", `backward, ${stage.name}`, lengths(stage).map((length) => 2 * length));
      if (stage.reads) exchange(`gradients of ${stage.name}`, stage.reads);
    }
  }

  /* Bytes that each device of a way must hold, part by part. */
  function memory(way, s) {
    const pictures = Math.ceil(seen(way, s));
    return DEVICES[way].map(([half, name]) => {
      const parts = {
        weights: FLOAT * weights[half],
        gradients: FLOAT * weights[half],
        momentum: FLOAT * weights[half],
        activations: FLOAT * pictures * values[half],
        received: FLOAT * pictures * (half ? reads[half - 1] : 0),
      };
      return { name, parts, total: sum(Object.values(parts)) };
    });
  }

  const fits = (way, s) => memory(way, s).every((one) => one.total <= s.memory * GIB);

  /* The largest batch that fits; 0 if none does. */
  function largest(way, s) {
    const each = DEVICES[way].map(([half]) => {
      const left = s.memory * GIB - 3 * FLOAT * weights[half];
      return left / FLOAT / (values[half] + (half ? reads[half - 1] : 0));
    });
    const most = Math.max(0, Math.floor(Math.min(...each)));
    return way === "replicas" ? 2 * most : most;
  }

  /* The fastest of the ways that fit, or null. */
  function fastest(s) {
    let best = null;
    let least = Infinity;
    for (const way of WAYS) {
      const took = fits(way, s) ? time(way, s) : Infinity;
      if (took < least) [best, least] = [way, took];
    }
    return best;
  }

  return {
    WAYS, GIB, phases, time, timeline, sent, messages, memory, fits, largest, fastest,
  };
})(typeof module !== "undefined" ? require("./costs.js") : costs);

if (typeof module !== "undefined") module.exports = model;
