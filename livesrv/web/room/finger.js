/** Keeps what must not be pressed by accident away from the finger that is on the screen already. */

const RECENT_MS = 5_000;
const FINGER_PX = 24;
const LIFT_MAX_PX = 200;

let tap = null;
addEventListener("pointerdown", note, { capture: true, passive: true });

/** Lift a button of a sheet above the last tap, if it would come to lie under it. */
export function keepClear(sheet, button) {
  sheet.style.removeProperty("--lift");
  if (tap === null || performance.now() - tap.atMs > RECENT_MS) return;
  const top = sheet.offsetTop + button.offsetTop; // where it will be when the sheet has come up
  const bottom = top + button.offsetHeight;
  if (tap.y + FINGER_PX < top || tap.y - FINGER_PX > bottom) return;
  const lift = Math.min(LIFT_MAX_PX, bottom - tap.y + FINGER_PX);
  sheet.style.setProperty("--lift", `${lift}px`);
}

function note({ clientY }) {
  tap = { y: clientY, atMs: performance.now() };
}
