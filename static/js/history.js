// The history: older pictures come before one reaches the end, what is under way is looked at again, and whoever comes
// back finds the place where they were. Without this script there are pages, with a link from each to the next.

const AHEAD = "150% 0px"; // of the window's height: so far before the end the next page is fetched
const IN_A_ROW = 5; // pages that come by themselves; then one is asked for, so that the foot of the page can be reached
const LOOK_MS = 4000;
const SETTLE_MS = 250;
const wall = document.getElementById("wall");
const words = document.getElementById("more-said");
let came = 0;
let isFetching = false;
let isAsked = false; // somebody pressed the link, and not the scrolling
let settling = null;

// Older pictures -----------------------------------------------------------------------------------

const atTheEnd = new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting) && came < IN_A_ROW) more({ byItself: true });
}, { rootMargin: AHEAD });

function watch() {
  atTheEnd.disconnect();
  const link = document.getElementById("older");
  if (link) atTheEnd.observe(link);
}

async function more({ byItself }) {
  const link = document.getElementById("older");
  if (!byItself) isAsked = true;
  if (!link || isFetching) return;
  isFetching = true;
  link.setAttribute("aria-busy", "true");
  const before = wall.children.length;
  let hadFocus = false;
  const note = () => {
    hadFocus = document.activeElement === link;
  };
  document.addEventListener("htmx:beforeSwap", note, { once: true });
  try {
    await window.htmx.ajax("GET", link.href, { source: wall, target: wall, swap: "beforeend" });
  } catch {
    // The link is still there then, as after a refusal.
  }
  const wasAsked = isAsked || hadFocus;
  isFetching = isAsked = false;
  came = wasAsked ? 0 : came + 1;
  if (link.isConnected) {
    link.removeAttribute("aria-busy");
    link.textContent = "Try again";
    say("Older pictures could not be fetched.");
    atTheEnd.disconnect();
    return;
  }
  const count = wall.children.length - before;
  say(`${count} more picture${count === 1 ? "" : "s"}`);
  if (wasAsked) wall.children[before]?.querySelector("a").focus({ preventScroll: true });
  watch();
}

function say(text) {
  words.textContent = text;
  words.classList.toggle("visually-hidden", !text.startsWith("Older"));
}

// The place ----------------------------------------------------------------------------------------

// The address names what is at the top of the window, so that a reload, a way back and a copied link begin there.
function remember(extra = {}) {
  const head = document.querySelector(".top").getBoundingClientRect().bottom;
  const tiles = [...wall.children];
  const first = tiles.findIndex((tile) => tile.getBoundingClientRect().bottom > head);
  if (first < 0) return;
  const address = new URL(location.href);
  if (first > 0) {
    address.searchParams.delete("before");
    address.searchParams.set("cursor", tiles[first - 1].dataset.place);
  }
  const top = first > 0 ? tiles[first].getBoundingClientRect().top : null;
  history.replaceState({ ...history.state, top, ...extra }, "", first > 0 ? address : start);
  history.scrollRestoration = first > 0 ? "manual" : "auto";
}

function comeBack() {
  const { top, from } = history.state ?? {};
  const isBack = ["back_forward", "reload"].includes(performance.getEntriesByType("navigation")[0]?.type);
  if (!isBack) return;
  if (typeof top === "number") window.scrollBy({ top: wall.getBoundingClientRect().top - top, behavior: "instant" });
  if (from) document.getElementById(from)?.querySelector("a")?.focus({ preventScroll: true });
}

// What is under way --------------------------------------------------------------------------------

async function look() {
  const running = [...wall.querySelectorAll("[data-running]")].slice(0, 60);
  if (document.hidden || !running.length) return;
  const asked = new URLSearchParams(running.map((tile) => ["image", tile.id.replace("picture-", "")]));
  let answer;
  try {
    answer = await fetch(`${wall.dataset.pictures}?${asked}`);
  } catch {
    return; // the network is away: the next look comes soon
  }
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  let ready = 0;
  for (const tile of running) {
    const now = fresh.getElementById(tile.id);
    if (now && now.dataset.stage !== tile.dataset.stage) ready += renew(tile, now);
  }
  if (ready) say(`${ready} picture${ready === 1 ? " is" : "s are"} ready`);
}

// The picture alone: the box beside it may be ticked.
function renew(tile, now) {
  const [old, link] = [tile, now].map((each) => each.querySelector("a"));
  const hadFocus = old === document.activeElement;
  link.href = old.href;
  old.replaceWith(link);
  if (hadFocus) link.focus({ preventScroll: true });
  tile.dataset.stage = now.dataset.stage;
  if (now.dataset.running === undefined) delete tile.dataset.running;
  return link.dataset.viewer === undefined ? 0 : 1;
}

// --------------------------------------------------------------------------------------------------

const start = location.href;
const filters = document.getElementById("filters");

// An address of what is asked for alone.
filters.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});

if (wall) {
  document.getElementById("after-pictures").addEventListener("click", (event) => {
    if (event.target.id !== "older" || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    more({ byItself: false });
  });
  wall.addEventListener("click", (event) => {
    const tile = event.target.closest("li");
    if (tile && event.target.closest("a")) remember({ from: tile.id });
  });
  document.addEventListener("scroll", () => {
    clearTimeout(settling);
    settling = setTimeout(remember, SETTLE_MS);
  }, { passive: true });
  document.addEventListener("pictures-gone", () => {
    if (!wall.children.length) location.reload();
    else watch();
  });
  setInterval(look, LOOK_MS);
  comeBack();
  watch();
}
