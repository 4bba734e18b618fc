// Pictures side by side at 100 %: who scrolls one scrolls all, so that the same place is seen in each.

const panes = [...document.querySelectorAll("[data-pane]")];
let leader = null; // the pane that is being moved; the others follow it

const room = (pane) => [pane.scrollWidth - pane.clientWidth, pane.scrollHeight - pane.clientHeight];

function follow(pane) {
  const [across, down] = room(pane);
  for (const other of panes) {
    if (other === pane) continue;
    const [x, y] = room(other);
    other.scrollTo(across ? (pane.scrollLeft / across) * x : 0, down ? (pane.scrollTop / down) * y : 0);
  }
}

for (const pane of panes) {
  for (const kind of ["pointerdown", "wheel", "keydown", "touchstart"]) {
    pane.addEventListener(kind, () => { leader = pane; }, { passive: true });
  }
  pane.addEventListener("scroll", () => {
    if (leader === pane) follow(pane);
  });
}

// All begin in the middle, and all their pixels are wanted.
document.getElementById("scale-full")?.addEventListener("change", () => {
  for (const pane of panes) {
    const image = pane.querySelector("img");
    if (image) image.sizes = `${image.getAttribute("width")}px`;
    const [x, y] = room(pane);
    pane.scrollTo(x / 2, y / 2);
  }
});
