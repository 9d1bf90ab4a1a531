/* The worker that computes. It is made of the text of arithmetic.js, since a
   browser starts no worker from a file on disk; where even that fails, the
   page computes by itself. */

var engine = (function () {
  "use strict";

  function work(make) {
    const tools = make();
    let network;
    onmessage = ({ data }) => {
      if (data.network) {
        network = data.network;
        return;
      }
      const start = performance.now();
      const runs = data.jobs.map((job) => tools.forward(network, job.pixels, job.options));
      const milliseconds = (performance.now() - start) / runs.length;
      postMessage(data.brief ? { brief: runs[0].answer } : { runs, milliseconds });
    };
  }

  let worker = null;
  let waiting = null; // {request, done} that the worker has in hand

  function begin() {
    try {
      const source = `(${work})(${alexnetArithmetic});`;
      const blob = new Blob([source], { type: "text/javascript" });
      worker = new Worker(URL.createObjectURL(blob));
      worker.postMessage({ network: page.network });
      worker.onmessage = ({ data }) => finish(data);
      worker.onerror = (event) => {
        event.preventDefault();
        worker = null;
        if (waiting) here(waiting);
      };
    } catch {
      worker = null;
    }
  }
  begin();

  function finish(data) {
    const { done } = waiting;
    waiting = null;
    done(data);
    next();
  }

  function here({ request }) {
    const start = performance.now();
    const runs = request.jobs.map(
      (job) => page.arithmetic.forward(page.network, job.pixels, job.options));
    const milliseconds = (performance.now() - start) / runs.length;
    finish(request.brief ? { brief: runs[0].answer } : { runs, milliseconds });
  }

  /* While one request is under way, only the newest of the whole ones waits:
     what lies between would be seen by no one. */
  let queue = [];

  function next() {
    if (waiting || !queue.length) return;
    waiting = queue.shift();
    if (worker) worker.postMessage(waiting.request);
    else setTimeout(() => here(waiting));
  }

  /* Computes whole runs: done({runs, milliseconds}), one run a job. */
  function compute(jobs, done) {
    queue = queue.filter(({ request }) => request.brief);
    queue.unshift({ request: { jobs }, done });
    next();
  }

  /* Computes the answer alone: done({brief}). */
  function ask(job, done) {
    queue.push({ request: { jobs: [job], brief: true }, done });
    next();
  }

  return {
    compute, ask,
    busy: () => Boolean(waiting) || queue.length > 0,
    where: () => (worker ? "in a worker" : "on the page's own thread"),
  };
})();
