/** A page with nothing on it but a small thing that moves at every frame. */
() => {
  const thing = document.createElement("div");
  thing.style.cssText = "width: 20px; height: 20px; background: teal";
  document.body.replaceChildren(thing);
  const move = (nowMs) => {
    thing.style.transform = `translateX(${(nowMs / 10) % 300}px)`;
    requestAnimationFrame(move);
  };
  requestAnimationFrame(move);
};
