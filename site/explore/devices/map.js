/* A map of batches and links: which way is fastest there, of those that fit. */

var map = (function () {
  "use strict";

  const [LEFT, BOTTOM, TOP] = [40, 36, 20];
  const COARSE = 8; // pixels between samples of a column
  const NONE = "none"; // the fourth region: nothing fits
  const LABELS = {
    one: "one device", replicas: "two replicas", split: "split of 2012", none: "nothing fits",
  };
  const ends = (name) => {
    const { positions } = settings.RANGES[name];
    return [positions[0], positions[positions.length - 1]].map(Math.log);
  };
  const [BATCHES, LINKS] = [ends("batch"), ends("link")];
  const between = ([from, to], share) => Math.exp(from + share * (to - from));
  const share = ([from, to], value) => (Math.log(value) - from) / (to - from);

  let kept = { key: "" };

  /* For each column of pixels its runs from the top: { way, from, to }. */
  function winners(s, width, height) {
    return Array.from({ length: width }, (_, x) => {
      const here = { ...s, batch: between(BATCHES, (x + 0.5) / width) };
      const ways = model.WAYS.filter((way) => model.fits(way, here));
      const winner = (y) => {
        here.link = between(LINKS, 1 - y / height);
        let [best, least] = [NONE, Infinity];
        for (const way of ways) {
          const took = model.time(way, here);
          if (took < least) [best, least] = [way, took];
        }
        return best;
      };
      return runs(winner, height);
    });
  }

  function runs(winner, height) {
    const found = [{ way: winner(0), from: 0, to: height }];
    for (let y = 0; y < height; y += COARSE) {
      const next = Math.min(y + COARSE, height);
      const way = winner(next);
      for (let last = found[found.length - 1]; last.way !== way; last = found[found.length - 1]) {
        let [low, high] = [Math.max(y, last.from), next];
        for (let i = 0; i < 6; i++) {
          const middle = (low + high) / 2;
          if (winner(middle) === last.way) low = middle; else high = middle;
        }
        last.to = high; // a thin region may lie between here and the next sample
        found.push({ way: winner(high), from: high, to: height });
      }
    }
    return found;
  }

  const wayAt = (column, y) => column.find(({ to }) => y < to).way;

  /* For each region, the place that lies farthest from any other region. */
  function middles(all, height) {
    const [columns, rows] = [all.length, height].map((length) => Math.floor(length / COARSE));
    const found = Array.from({ length: columns * rows }, (_, i) =>
      wayAt(all[(i % columns) * COARSE + 4], Math.floor(i / columns) * COARSE + 4));
    const depth = found.map(() => 0);
    const near = (x, y, own) => {
      const inside = x >= 0 && y >= 0 && x < columns && y < rows;
      return inside && found[y * columns + x] === own ? depth[y * columns + x] : 0;
    };
    const pass = (order, sign) => {
      for (const i of order) {
        const [x, y] = [i % columns, Math.floor(i / columns)];
        const nearest = 1 + Math.min(...[[1, 0], [0, 1], [1, 1], [-1, 1]]
          .map(([dx, dy]) => near(x + sign * dx, y + sign * dy, found[i])));
        depth[i] = sign < 0 ? nearest : Math.min(depth[i], nearest);
      }
    };
    const order = found.map((_, i) => i);
    pass(order, -1);
    pass([...order].reverse(), 1);
    const best = {};
    found.forEach((way, i) => {
      if (!(way in best) || depth[i] > depth[best[way]]) best[way] = i;
    });
    return Object.entries(best).filter(([, i]) => depth[i] > 1).map(([way, i]) =>
      ({ way, x: (i % columns + 0.5) * COARSE, y: (Math.floor(i / columns) + 0.5) * COARSE }));
  }

  function regions(pen, all, colours) {
    all.forEach((column, x) => {
      for (const { way, from, to } of column) {
        pen.fillStyle = colours[way];
        pen.globalAlpha = way === NONE ? 0.08 : 0.2;
        pen.fillRect(LEFT + x, TOP + from, 1, to - from);
      }
    });
    pen.globalAlpha = 1;
  }

  /* Lines where the winner changes. */
  function edges(pen, all, colours) {
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 1.25;
    pen.globalAlpha = 0.6;
    pen.beginPath();
    for (let x = 1; x < all.length; x++) {
      const [before, after] = [all[x - 1], all[x]];
      const same = before.length === after.length
        && before.every(({ way }, i) => way === after[i].way);
      if (same) {
        for (let i = 1; i < after.length; i++) {
          pen.moveTo(LEFT + x - 0.5, TOP + before[i].from);
          pen.lineTo(LEFT + x + 0.5, TOP + after[i].from);
        }
        continue;
      }
      const cuts = [...before, ...after].flatMap(({ from, to }) => [from, to]);
      cuts.sort((a, b) => a - b);
      for (let i = 1; i < cuts.length; i++) {
        const middle = (cuts[i - 1] + cuts[i]) / 2;
        if (cuts[i] === cuts[i - 1] || wayAt(before, middle) === wayAt(after, middle)) continue;
        pen.moveTo(LEFT + x, TOP + cuts[i - 1]);
        pen.lineTo(LEFT + x, TOP + cuts[i]);
      }
    }
    pen.stroke();
    pen.globalAlpha = 1;
  }

  /* Stripes where nothing fits: there is one run from top to bottom. */
  function stripes(pen, all, height, colours) {
    const first = all.findIndex((column) => column[0].way === NONE);
    if (first < 0) return;
    pen.save();
    pen.beginPath();
    pen.rect(LEFT + first, TOP, all.length - first, height);
    pen.clip();
    pen.strokeStyle = colours.none;
    pen.globalAlpha = 0.4;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let x = first; x < all.length + height; x += 12) {
      pen.moveTo(LEFT + x, TOP);
      pen.lineTo(LEFT + x - height, TOP + height);
    }
    pen.stroke();
    pen.restore();
  }

  function words(pen, text, x, y, colours, align = "center", bold = false) {
    pen.font = `${bold ? 600 : 400} 12px ${getComputedStyle(document.body).fontFamily}`;
    pen.textAlign = align;
    pen.lineJoin = "round";
    pen.lineWidth = 4;
    pen.strokeStyle = colours.paper;
    pen.strokeText(text, x, y);
    pen.fillText(text, x, y);
  }

  function axes(pen, width, height, colours) {
    pen.fillStyle = colours.none;
    for (const link of [0.01, 0.1, 1, 10, 100, 1000]) {
      const y = TOP + (1 - share(LINKS, link)) * height;
      words(pen, link.toLocaleString("en"), LEFT - 6, y + 4, colours, "right");
    }
    for (const batch of [2, 8, 32, 128, 512, 2048, 8192]) {
      if (batch === 8192 && width < 420) continue;
      const align = batch === 8192 ? "right" : "center";
      const x = LEFT + share(BATCHES, batch) * width;
      words(pen, batch.toLocaleString("en"), x, TOP + height + 16, colours, align);
    }
    words(pen, "link, GB/s", 0, 11, colours, "left");
    words(pen, "batch, pictures", LEFT + width, TOP + height + 32, colours, "right");
  }

  const placed = (s, width, height) => [
    LEFT + share(BATCHES, s.batch) * width, TOP + (1 - share(LINKS, s.link)) * height,
  ];

  function guides(pen, s, width, height, colours) {
    const [x, y] = placed(s, width, height);
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 1;
    pen.setLineDash([2, 3]);
    pen.beginPath();
    pen.moveTo(LEFT, y);
    pen.lineTo(x, y);
    pen.lineTo(x, TOP + height);
    pen.stroke();
    pen.setLineDash([]);
  }

  function point(pen, s, width, height, colours) {
    pen.beginPath();
    pen.arc(...placed(s, width, height), 6, 0, 2 * Math.PI);
    pen.fillStyle = colours.ink;
    pen.fill();
    pen.lineWidth = 2;
    pen.strokeStyle = colours.paper;
    pen.stroke();
  }

  function palette() {
    const look = getComputedStyle(document.documentElement);
    const colour = (name) => look.getPropertyValue(`--${name}`).trim();
    return {
      one: colour("way-one"), replicas: colour("way-replicas"), split: colour("way-split"),
      none: colour("quiet"), ink: colour("ink"), paper: colour("paper"),
    };
  }

  function draw(canvas, s) {
    const wide = canvas.parentElement.clientWidth;
    const width = Math.floor(wide - LEFT - 1);
    const height = COARSE * Math.round(Math.min(248, 0.7 * wide) / COARSE);
    if (width < COARSE) return;
    const key = [s.speed, s.latency, s.memory, s.overlap, width, height].join();
    if (kept.key !== key) {
      const all = winners(s, width, height);
      kept = { key, all, middles: middles(all, height), width, height };
    }
    const colours = palette();
    const pen = window.draw.fit(canvas, LEFT + width + 1, TOP + height + BOTTOM);
    regions(pen, kept.all, colours);
    stripes(pen, kept.all, height, colours);
    edges(pen, kept.all, colours);
    axes(pen, width, height, colours);
    guides(pen, s, width, height, colours);
    for (const { way, x, y } of kept.middles) {
      pen.fillStyle = colours[way];
      const half = pen.measureText(LABELS[way]).width / 2 + 6;
      const middle = LEFT + Math.min(Math.max(x, half), width - half);
      const [pointX, pointY] = placed(s, width, height);
      const hides = Math.abs(pointX - middle) < half + 8 && Math.abs(pointY - TOP - y) < 14;
      const aside = hides ? (y > height / 2 ? -20 : 20) : 0;
      words(pen, LABELS[way], middle, TOP + y + 4 + aside, colours, "center", true);
    }
    point(pen, s, width, height, colours);
    canvas.setAttribute("aria-label", `A map of batches, 2 to 8,192, and links, 0.01 to 1,000 `
      + `GB/s, in regions: ${kept.middles.map(({ way }) => LABELS[way]).join(", ")}. `
      + `At your point: ${LABELS[model.fastest(s) || NONE]}.`);
  }

  /* The batch and the link under a place of the canvas. */
  function at(x, y) {
    const inside = (value) => Math.min(1, Math.max(0, value));
    return {
      batch: between(BATCHES, inside((x - LEFT) / kept.width)),
      link: between(LINKS, inside(1 - (y - TOP) / kept.height)),
    };
  }

  return { draw, at };
})();
