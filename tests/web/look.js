/**
 * What can be measured of a page as it stands on the screen, for look.py.
 *
 * Each function returns plain values. Invariant: the page is afterwards as it was before.
 */

(() => {
  const CONTROLS = "a[href], button, input, select, textarea, summary, [role=button], [tabindex='0']";
  const TARGET_MIN = 24; // CSS pixels: WCAG 2.2, 2.5.8
  const SLACK = 1.5;
  const PIXELS_SKIPPED = 7;
  const FADED = 0.3; // of a list whose top is masked: what leaves it fades
  const NO_INK = `*, *::before, *::after, *::placeholder {
    color: transparent !important; -webkit-text-fill-color: transparent !important;
    text-shadow: none !important; text-decoration-color: transparent !important;
    caret-color: transparent !important; transition: none !important;
  }
  svg.icon, svg.icon * { stroke: transparent !important; fill: transparent !important; }
  *, *::before, *::after { animation-play-state: paused !important; }`;
  const GLARE = `.stage { background: #fff !important; }
  .stage > .placeholder, .stage > .video { visibility: hidden !important; }`;

  const nameOf = (node) => {
    const words = (node.ariaLabel || node.textContent || node.value || "").trim().slice(0, 24);
    const near = node.id || node.closest("[id]")?.id || "";
    return `${node.localName}.${node.className?.baseVal ?? node.className} in #${near} "${words}"`;
  };
  const isShown = (node) =>
    node.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
  const isUnseen = (node) => node.closest(".unseen, noscript, option") !== null;

  /** What lies in front of everything: an open dialog makes all the rest inert. */
  const front = () => [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;

  function* textsOf(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const parent = node.parentElement;
      if (!node.data.trim() || !isShown(parent) || isUnseen(parent)) continue;
      yield node;
    }
  }

  function rectsOf(node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter(({ width, height }) => width > 1 && height > 1);
  }

  const isInFrontAt = (node, x, y) => {
    const top = document.elementFromPoint(x, y);
    return top !== null && (node.contains(top) || top.contains(node));
  };

  /** Whether something between a node and the page lets it be scrolled sideways. */
  const scrollsSideways = (node) => {
    for (let at = node; at && at !== document.body; at = at.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth) return true;
    }
    return false;
  };

  /** Words that stick out of the window, or that somebody cuts without saying so by an ellipsis. */
  function cutTexts() {
    const wrong = [];
    for (const node of textsOf(front())) {
      const parent = node.parentElement;
      for (const { left, right } of rectsOf(node)) {
        if (scrollsSideways(parent)) break;
        const cutter = cutterOf(parent, left, right);
        if (cutter && isShortened(cutter)) break;
        if (cutter) wrong.push(`cut by ${nameOf(cutter)}: ${nameOf(parent)}`);
        else if (left < -SLACK || right > innerWidth + SLACK) wrong.push(`out of the window: ${nameOf(parent)}`);
      }
    }
    return [...new Set(wrong)];
  }

  function cutterOf(node, left, right) {
    for (let at = node; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.display === "inline" || style.overflowX === "visible") continue;
      const box = at.getBoundingClientRect();
      if (left < box.left - SLACK || right > box.right + SLACK) return at;
    }
    return null;
  }

  /** What people have written may end in "…"; our own words may not. */
  function isShortened(node) {
    const isPeoples = node.closest("[dir=auto], bdi") ?? node.querySelector("[dir=auto], bdi");
    return isPeoples !== null && getComputedStyle(node).textOverflow === "ellipsis";
  }

  function tooWide() {
    return [document.documentElement, document.body, ...document.querySelectorAll("main, dialog:modal")]
      .filter((node) => isShown(node) && node.scrollWidth > node.clientWidth + 1)
      .map((node) => `scrolls sideways, ${node.scrollWidth} in ${node.clientWidth}: ${nameOf(node).slice(0, 80)}`);
  }

  function smallTargets() {
    return [...front().querySelectorAll(CONTROLS)]
      .filter((node) => isShown(node) && !isUnseen(node))
      .map((node) => [node, targetOf(node)])
      .filter(([node, box]) => !isInSentence(node) && Math.min(box.width, box.height) < TARGET_MIN)
      .map(([node, box]) => `only ${Math.round(box.width)} x ${Math.round(box.height)}: ${nameOf(node)}`);
  }

  /** A radio button that cannot be seen is touched by its label. */
  const targetOf = (node) => ((node.labels?.[0] ?? node).getBoundingClientRect());
  const isInSentence = (node) => node.localName === "a" && getComputedStyle(node).display === "inline";

  /** The part of the window in which a node is not cut off. */
  function clipOf(node) {
    let clip = new DOMRect(0, 0, innerWidth, innerHeight);
    for (let at = node; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      const box = at.getBoundingClientRect();
      const faded = style.maskImage === "none" ? 0 : box.height * FADED;
      if (style.overflowX !== "visible") {
        clip = overlap(clip, new DOMRect(box.left, box.top + faded, box.width, box.height - faded));
      }
    }
    return clip;
  }

  function overlap(one, other) {
    const [left, top] = [Math.max(one.left, other.left), Math.max(one.top, other.top)];
    const [right, bottom] = [Math.min(one.right, other.right), Math.min(one.bottom, other.bottom)];
    return new DOMRect(left, top, right - left, bottom - top);
  }

  /** Where there are words and icons, in what colour, and how much contrast they need. */
  function inks() {
    const found = [];
    const add = (node, boxes, least) => {
      const style = getComputedStyle(node);
      const colour = style.webkitTextFillColor || style.color;
      const seen = clipOf(node);
      for (const box of boxes) {
        const { left, top, width, height } = overlap(box, seen);
        if (width < 2 || height < 2 || !isInFrontAt(node, left + width / 2, top + height / 2)) continue;
        found.push({ name: nameOf(node), colour, least, opacity: opacityOf(node), left, top, width, height });
      }
    };
    for (const node of textsOf(front())) {
      const parent = node.parentElement;
      if (isDisabled(parent) || !/[\p{L}\p{N}]/u.test(node.data)) continue;
      add(parent, rectsOf(node), leastFor(getComputedStyle(parent)));
    }
    for (const node of front().querySelectorAll("button svg.icon, a svg.icon")) {
      if (isShown(node) && !isDisabled(node)) add(node, [middleOf(node)], 3);
    }
    return found;
  }

  /** Icons are drawn within their boxes, whose corners may lie on something else. */
  function middleOf(node) {
    const { left, top, width, height } = node.getBoundingClientRect();
    return new DOMRect(left + width / 5, top + height / 5, width * 0.6, height * 0.6);
  }

  const isDisabled = (node) => node.closest(":disabled, [aria-disabled=true], [aria-disabled='']") !== null;

  const leastFor = ({ fontSize, fontWeight }) => {
    const size = parseFloat(fontSize);
    return size >= 24 || (size >= 18.66 && fontWeight >= 700) ? 3 : 4.5;
  };

  const opacityOf = (node) => {
    let opacity = 1;
    for (let at = node; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
    return opacity;
  };

  /** Take the words and icons away, so that only what is behind them is seen; `isGlaring`: before a white video. */
  function hideInk(isGlaring) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(NO_INK + (isGlaring ? GLARE : ""));
    document.adoptedStyleSheets = [sheet];
  }

  function showInk() {
    document.adoptedStyleSheets = [];
  }

  function running() {
    return document
      .getAnimations()
      .filter(({ playState, effect }) => playState === "running" && effect.getComputedTiming().duration > 0)
      .map(({ animationName, transitionProperty, effect }) => `${animationName ?? transitionProperty}: ${nameOf(effect.target)}`);
  }

  /** What has the focus, and whether that can be seen. */
  function focus() {
    const node = document.activeElement;
    if (node === null || node === document.body) return null;
    const shown = node.labels?.[0] && !isShown(node) ? node.labels[0] : node;
    return { name: nameOf(node), index: controls().indexOf(node), isSeen: showsFocus(node), isIn: isInWindow(shown) };
  }

  /** A ring around the control itself, or around what holds it. */
  function showsFocus(node) {
    for (let at = node; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) return true;
      if (at.matches(":focus-within") && at.matches(".field, label, form") && style.boxShadow !== "none") return true;
    }
    return false;
  }

  const isInWindow = (node) => {
    const { left, right, top, bottom } = node.getBoundingClientRect();
    return right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
  };

  function controls() {
    return [...front().querySelectorAll(CONTROLS)].filter(
      (node) => isShown(node) && !node.disabled && node.tabIndex >= 0 && !isOtherChoice(node),
    );
  }

  /** Of radio buttons only the chosen one is tabbed to; arrows lead to the others. */
  const isOtherChoice = (node) => node.type === "radio" && !node.checked;

  /** What people wrote and pushed out of its place: each match of `selector` is in the window, and no higher. */
  function pushed(selector, heightMaxPx) {
    const wrong = [...tooWide()];
    for (const node of document.querySelectorAll(selector)) {
      const { left, right, height } = node.getBoundingClientRect();
      if (height > heightMaxPx) wrong.push(`${Math.round(height)} px high: ${nameOf(node)}`);
      if (left < -SLACK || right > innerWidth + SLACK) wrong.push(`out of the window: ${nameOf(node)}`);
      if (node.querySelector("script, iframe, object")) wrong.push(`has markup: ${nameOf(node)}`);
      for (const text of textsOf(node)) if (paintsOutside(text, node)) wrong.push(`paints outside: ${nameOf(node)}`);
    }
    return wrong;
  }

  /** Whether anything of a text could be seen outside of the node that holds it. */
  function paintsOutside(text, node) {
    const box = node.getBoundingClientRect();
    const clip = clipOf(text.parentElement);
    return rectsOf(text).some((rect) => {
      const { left, top, right, bottom, width, height } = overlap(rect, clip);
      const isOut = left < box.left - 2 || right > box.right + 2 || top < box.top - 6 || bottom > box.bottom + 6;
      return width > 1 && height > 1 && isOut;
    });
  }

  /** What cannot be touched, since it is outside of the window and nothing scrolls it in. */
  function lost() {
    return controls()
      .filter((node) => {
        const { top, bottom } = node.getBoundingClientRect();
        return (top < -SLACK || bottom > innerHeight + SLACK) && !scrollsUpwards(node);
      })
      .map((node) => `cannot be scrolled to: ${nameOf(node)}`);
  }

  function scrollsUpwards(node) {
    for (let at = node; at && at !== document.body; at = at.parentElement) {
      const { overflowY } = getComputedStyle(at);
      if (/auto|scroll/.test(overflowY) && at.scrollHeight > at.clientHeight + 1) return true;
    }
    return !node.closest("dialog:modal") && getComputedStyle(document.body).overflowY !== "hidden";
  }

  /** What axe-core finds in front of the page, of these impacts. */
  async function violations([tags, impacts, colours]) {
    const rules = { "color-contrast": { enabled: colours } };
    const options = { runOnly: tags, rules, preload: false, resultTypes: ["violations"] };
    const found = await axe.run(front() === document.body ? document : front(), options);
    return found.violations
      .filter(({ impact }) => impacts.includes(impact))
      .flatMap(({ id, nodes }) => nodes.map((node) => tellViolation(id, node)));
  }

  function tellViolation(id, { html, failureSummary }) {
    const why = failureSummary.split("\n").slice(1).join(";").trim();
    return `${id}: ${html.slice(0, 120)} ${why.slice(0, 160)}`;
  }

  /** Which inks are too faint on what a picture of the page without them shows behind them. */
  async function faint([png, inks]) {
    const answer = await fetch(`data:image/png;base64,${png}`);
    const picture = await createImageBitmap(await answer.blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    return inks
      .map((ink) => ({ ...ink, ratio: ratioOf(ink, context) }))
      .filter(({ ratio, least }) => ratio < least)
      .map(({ ratio, least, name }) => `contrast ${ratio.toFixed(2)} of ${least}: ${name}`);
  }

  /** The contrast that nine tenths of what is behind a word have: its box is larger than its letters. */
  function ratioOf({ colour, opacity, left, top, width, height }, context) {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    const { data } = context.getImageData(left, top, Math.max(1, width), Math.max(1, height));
    const ratios = [];
    for (let at = 0; at < data.length; at += 4 * PIXELS_SKIPPED) {
      const behind = [...data.subarray(at, at + 3)];
      const mix = (part, index) => behind[index] + (part - behind[index]) * alpha * opacity;
      ratios.push(contrast(lightOf([red, green, blue].map(mix)), lightOf(behind)));
    }
    return ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 10)];
  }

  const contrast = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const lightOf = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);

  window.look = {
    problems: () => [...tooWide(), ...cutTexts(), ...smallTargets(), ...lost()],
    violations,
    faint,
    inks,
    hideInk,
    showInk,
    running,
    focus,
    pushed: ([selector, heightMaxPx]) => pushed(selector, heightMaxPx),
    controls: () => controls().map(nameOf),
  };
})
