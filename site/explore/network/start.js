/* The page begins: which parts it shows, what its address says. */

(function () {
  "use strict";

  const { byId } = page;

  /* ?parts=1 shows the controls and part 1 alone, as the book's front page does;
     a map is then opened on the whole page. */
  function showParts() {
    const asked = new URLSearchParams(location.search).get("parts") || "123";
    ["network", "one-map", "one-value"].forEach((id, i) => {
      byId(id).hidden = /^[123]+$/.test(asked) && !asked.includes(i + 1);
    });
    const alone = byId("one-map").hidden && byId("one-value").hidden;
    document.querySelector("#network .depth").hidden = alone;
    byId("more").parentNode.hidden = !alone;
  }

  function repaint() {
    draw.legend(byId("legend"), 96, 12);
    if (!page.main) return;
    marks.paintRun();
    choose.show();
  }

  function rebuild() {
    controls.show();
    stage.build();
    if (!page.main) return;
    onemap.open();
    repaint();
  }

  function listen() {
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth === width) return; // a telephone's address bar comes and goes
      width = innerWidth;
      rebuild();
    });
    addEventListener("hashchange", () => {
      if (!location.hash.includes("=")) return; // the link that skips the drawing
      choose.take(say.given());
      controls.show();
      stage.build();
      choose.compute();
    });
    frame.onTheme(repaint);
  }

  async function start() {
    showParts();
    controls.buildPictures();
    choose.take(say.given());
    controls.listen();
    controls.show();
    draw.legend(byId("legend"), 96, 12);
    for (const one of page.pictures) {
      one.bytes = await bytes.load(`data:image/png;base64,${one.png}`);
    }
    stage.build();
    listen();
    choose.compute();
  }
  start();
})();
