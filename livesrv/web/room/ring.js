/** A ring that runs out around a button: how long is left to tap again. */

const SVG = "http://www.w3.org/2000/svg";

/** The ring; `replay(ring, "running")` starts it anew, and the class is all that shows it. */
export function newRing() {
  const [ring, circle] = ["svg", "circle"].map((tag) => document.createElementNS(SVG, tag));
  ring.setAttribute("class", "ring");
  ring.setAttribute("viewBox", "0 0 40 40");
  ring.setAttribute("aria-hidden", "true");
  const shape = { cx: 20, cy: 20, r: 18, pathLength: 100 };
  for (const [name, value] of Object.entries(shape)) circle.setAttribute(name, value);
  ring.append(circle);
  return ring;
}
