/** Notes when a room first shows what a viewer waits for: milliseconds since the navigation. */
(() => {
  const seen = (globalThis.livesrvSeen = {});
  const waits = {
    connected: () => document.getElementById("show")?.dataset.connection === "in",
    comment: () => document.querySelector(".rows li") !== null,
  };

  /** What is there when a frame begins is on the screen when the next one does. */
  function look() {
    for (const [what, isSo] of Object.entries(waits)) {
      if (!isSo()) continue;
      delete waits[what];
      requestAnimationFrame(() => (seen[what] = performance.now()));
    }
    if (Object.keys(waits).length > 0) requestAnimationFrame(look);
  }

  requestAnimationFrame(look);
})();
