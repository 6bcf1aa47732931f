/** Keep the screen on during a show: the phone stands there, and its host's hands are full. */

let lock = null;
let isWanted = false;

export function keepAwake(isLive) {
  isWanted = isLive;
  if (isLive) hold();
  else release();
}

/** Browsers let go of the screen whenever the page is hidden. */
document.addEventListener("visibilitychange", () => isWanted && hold());

async function hold() {
  if (document.hidden || !navigator.wakeLock || (lock !== null && !lock.released)) return;
  lock = await navigator.wakeLock.request("screen").catch(() => null); // a low battery says no
  if (!isWanted) release();
}

function release() {
  lock?.release().catch(() => {});
  lock = null;
}
