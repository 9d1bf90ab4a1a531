/* The book's side of a framed explorable: it tells each frame whether the book
   is light or dark, and makes it as high as its page. The other side is
   explore/shared/frame.js. And names for what the theme leaves nameless. */

(function () {
  "use strict";

  const root = document.documentElement;
  const frames = () => document.querySelectorAll("iframe.live");

  function tell(frame) {
    const theme = root.dataset.theme === "dark" ? "dark" : "light";
    frame.contentWindow.postMessage({ theme }, "*");
  }

  addEventListener("message", ({ data, source }) => {
    if (!data || typeof data.height !== "number") return;
    for (const frame of frames()) {
      if (frame.contentWindow !== source) continue;
      frame.style.height = `${Math.min(6000, Math.max(200, data.height))}px`;
      tell(frame); // it has just come alive
    }
  });

  /* The front page gives its room to the network; the button that the theme
     has for it brings the list of pages back. */
  function makeRoom() {
    const sidebar = document.querySelector("#pst-primary-sidebar");
    if (sidebar && document.querySelector('iframe.live[src*="parts=1"]')) {
      sidebar.classList.add("pst-sidebar-hidden");
    }
  }

  addEventListener("DOMContentLoaded", () => {
    makeRoom();
    for (const summary of document.querySelectorAll("nav summary:has(.toctree-toggle)")) {
      const page = summary.closest("li").querySelector("a").textContent.trim();
      summary.setAttribute("aria-label", `Pages under ${page}`);
    }
  });

  new MutationObserver(() => frames().forEach(tell))
    .observe(root, { attributeFilter: ["data-theme"] });
})();
