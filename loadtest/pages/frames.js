/** The moments of all frames for so many milliseconds, in a page that is left alone. */
(lastsMs) =>
  new Promise((resolve) => {
    const moments = [];
    const until = performance.now() + lastsMs;
    function frame(nowMs) {
      moments.push(nowMs);
      if (performance.now() < until) requestAnimationFrame(frame);
      else resolve(moments);
    }
    requestAnimationFrame(frame);
  });
