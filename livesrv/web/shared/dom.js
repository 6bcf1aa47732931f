/** The few things every part of the page does with its nodes. Text goes in as text, never as HTML. */

const AVATAR_HUES = 12;
const ICONS = new URL("../art/icons.svg#", import.meta.url);
const PICTURE = /^(\p{Extended_Pictographic}\uFE0F?(?:\u200D\p{Extended_Pictographic}\uFE0F?)*)\s*/u;

const segmenter = Intl.Segmenter && new Intl.Segmenter(); // costly to make

export const find = (id) => document.getElementById(id);

/** A new element. */
export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** One of the icons of art/icons.svg. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", ICONS + name);
  svg.append(use);
  return svg;
}

/** A function that draws at the next frame, once, however often it is called before. */
export function painter(draw) {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      draw();
    });
  };
}

/** "🍑 Hill peaches" → ["🍑", "Hill peaches"]; without a picture in front, `otherwise`. */
export function picture(title, otherwise) {
  const found = title.match(PICTURE);
  return found ? [found[1], title.slice(found[0].length) || title] : [otherwise, title];
}

/** What stands for somebody where there is no room for a name. */
export function initial(name) {
  return picture(name, null)[0] ?? firstCharacter(name).toLocaleUpperCase();
}

/** Write a user's avatar into `node`: the first character on a colour of their own. */
export function drawAvatar(node, { id, name }) {
  node.textContent = initial(name);
  node.dataset.hue = hueOf(id);
}

/** A name beside its avatar: without the picture that stands there already. */
export const bareName = (name) => picture(name, "")[1];

/** One of `AVATAR_HUES` colours, the same for the same id. */
export function hueOf(id) {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.codePointAt(0)) % 1_000_003;
  return hash % AVATAR_HUES;
}

/** Start an element's animation class anew. Asks for its style alone, so nothing is laid out. */
export function replay(node, className) {
  node.classList.remove(className);
  void getComputedStyle(node).animationName;
  node.classList.add(className);
}

function firstCharacter(text) {
  if (!segmenter) return [...text][0] ?? "?";
  const [first] = segmenter.segment(text);
  return first?.segment ?? "?";
}
