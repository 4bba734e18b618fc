// The full-screen view: opens on any link to a picture that is marked `data-viewer`, shows one picture at a time, and
// goes on to its neighbours by keys, buttons and swipes: first those of the page, then those of the gallery beyond it.
// Without this script such a link leads where it leads. `data-viewer` may name the picture's own address of facts (JSON,
// generations/picture_page.py); else it is `view` beside the link.

const FURTHEST = 20; // pictures of the page that are passed over on the way out of it
const TAP_MS = 300;
const TAP_PX = 24;
const SWIPE_PX = 48;
const STRAIGHT = 1.4; // a swipe goes so much further one way than the other
const SCALES = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4];
const MARKUP = `
  <div class="viewer-stage"><img alt="" draggable="false" decoding="async"></div>
  <p class="viewer-words" role="status"></p>
  <p class="visually-hidden" role="status" data-part="said"></p>
  <div class="viewer-bar">
    <a class="button small" data-part="about">About this picture</a>
    <button class="button small" type="button" data-act="favourite" aria-pressed="false" aria-keyshortcuts="f">Favourite</button>
    <span class="viewer-zoom"><button class="button small" type="button" data-act="smaller" aria-label="Smaller" aria-keyshortcuts="-">−</button><button class="button small" type="button" data-act="zoom">100 %</button><button class="button small" type="button" data-act="larger" aria-label="Larger" aria-keyshortcuts="+">+</button></span>
    <button class="button small" type="button" data-act="close" aria-keyshortcuts="Escape">Close</button>
  </div>
  <button class="button viewer-side newer" type="button" data-act="newer" aria-label="Newer picture" aria-keyshortcuts="ArrowLeft"><span aria-hidden="true">←</span></button>
  <button class="button viewer-side older" type="button" data-act="older" aria-label="Older picture" aria-keyshortcuts="ArrowRight"><span aria-hidden="true">→</span></button>`;
const KEYS = {
  ArrowLeft: "newer", ArrowRight: "older", Home: "first", End: "last", "+": "larger", "=": "larger", "-": "smaller",
  0: "zoom", f: "favourite", F: "favourite",
};

const facts = new Map(); // by path: the promise of what the site says of a picture
let dialog = null;
let parts = {};
let at = ""; // the address of the facts of the picture that is shown
let opener = null;
let shown = null; // {width, height, src, srcset, …} of the picture on the stage
let scale = null; // null: as large as fits
let drag = null;
let lastTap = null;

// Addresses ------------------------------------------------------------------------------------------

function addressOf(link) {
  if (link.dataset.viewer) return new URL(link.dataset.viewer, location.href).href;
  const page = new URL(link.href);
  return new URL(`view${page.search}`, page).href;
}

const path = (address) => new URL(address, location.href).pathname;
const links = () => [...document.querySelectorAll("a[data-viewer]")];
const linkOf = (address) => links().find((link) => path(addressOf(link)) === path(address));

async function factsOf(address) {
  const key = path(address);
  if (!facts.has(key)) facts.set(key, ask(address));
  try {
    return await facts.get(key);
  } catch (trouble) {
    facts.delete(key); // to be asked again
    throw trouble;
  }
}

async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (answer.redirected || answer.status === 401) throw new Error("You have been logged out.");
  if (answer.status === 404) throw new Error("This picture is not there any more.");
  if (!answer.ok) throw new Error("This picture could not be loaded. Try again in a moment.");
  return answer.json();
}

// The next one on the page, else the next one in the gallery that the page does not have.
async function neighbour(way, from = at) {
  const all = links();
  const index = all.findIndex((link) => path(addressOf(link)) === path(from));
  const beside = all[index + (way === "older" ? 1 : -1)];
  if (index >= 0 && beside) return addressOf(beside);
  let next = (await factsOf(from))[way];
  for (let passed = 0; next && linkOf(next) && passed < FURTHEST; passed += 1) next = (await factsOf(next))[way];
  return next && !linkOf(next) ? new URL(next, location.href).href : null;
}

// Opening and closing --------------------------------------------------------------------------------

function build() {
  dialog = document.createElement("dialog");
  dialog.className = "viewer";
  dialog.tabIndex = -1;
  dialog.setAttribute("aria-label", "Full-screen view");
  dialog.innerHTML = MARKUP;
  document.body.append(dialog);
  const find = (selector) => dialog.querySelector(selector);
  parts = {
    stage: find(".viewer-stage"), image: find("img"), words: find(".viewer-words"), said: find("[data-part=said]"),
    about: find("[data-part=about]"), heart: find("[data-act=favourite]"), zoom: find("[data-act=zoom]"),
    newer: find("[data-act=newer]"), older: find("[data-act=older]"),
  };
  dialog.addEventListener("click", (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.());
  parts.about.addEventListener("click", (event) => {
    if (path(parts.about.href) !== location.pathname) return;
    event.preventDefault(); // it is the page behind
    dialog.close();
  });
  dialog.addEventListener("keydown", onKey);
  dialog.addEventListener("close", onClose);
  parts.image.addEventListener("load", () => parts.image.classList.remove("coarse"));
  parts.image.addEventListener("error", () => shown?.src && say("The file of this picture could not be loaded."));
  for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
    parts.stage.addEventListener(kind, onPointer);
  }
  window.addEventListener("resize", () => dialog.open && lay());
}

function open(link) {
  if (!dialog) build();
  opener = link;
  const address = addressOf(link);
  at = address;
  dialog.showModal();
  dialog.focus();
  // The empty window first: with the picture in the same frame, a slow machine would answer the press late.
  requestAnimationFrame(() => setTimeout(() => dialog.open && at === address && show(address)));
}

function onClose() {
  const link = linkOf(at) ?? opener;
  shown = null;
  parts.image.removeAttribute("srcset");
  parts.image.removeAttribute("src");
  // Where somebody came to another picture than the page is about, the page of that one is where they are now.
  if (!linkOf(at) && parts.about.href && document.querySelector(".picture-view")) location.assign(parts.about.href);
  else if (link?.isConnected) link.focus();
  link?.scrollIntoView({ block: "nearest" });
}

// Showing --------------------------------------------------------------------------------------------

async function show(address) {
  at = address;
  scale = null;
  say("");
  const link = linkOf(address);
  const small = link?.querySelector("img");
  const isKnown = facts.has(path(address));
  if (small && !isKnown) put({ src: small.currentSrc || small.src, width: small.width, height: small.height, ...sizeOf(small) }, "coarse");
  else if (!isKnown) put({ src: "", width: 1, height: 1 });
  setHeart(false, false);
  parts.about.href = link && link.href.includes("/images/") ? link.href : address.replace(/view(\?|$)/, "$1");
  setEnds(true, true);
  let told;
  try {
    told = await factsOf(address);
  } catch (trouble) {
    if (at === address) say(trouble instanceof TypeError ? "You seem to be offline." : trouble.message);
    return;
  }
  if (at !== address || !dialog.open) return;
  put(told);
  say(told.words);
  parts.said.textContent = told.alt;
  parts.about.href = told.page;
  setHeart(told.favourite, true);
  look(address);
}

const sizeOf = (image) => ({ width: Number(image.getAttribute("width")), height: Number(image.getAttribute("height")) });

function put(picture, style = "") {
  shown = { ...picture };
  const { image } = parts;
  image.className = style;
  image.alt = picture.alt ?? "";
  image.hidden = !picture.src;
  image.sizes = "100vw";
  if (picture.srcset) image.srcset = picture.srcset;
  else image.removeAttribute("srcset");
  if (picture.src) image.src = picture.src;
  else image.removeAttribute("src");
  lay();
}

// Both neighbours are fetched ahead, with their pictures, so that the next press shows one at once.
async function look(address) {
  for (const way of ["older", "newer"]) {
    try {
      const next = await neighbour(way, address);
      if (at === address) (way === "older" ? setEnds(null, Boolean(next)) : setEnds(Boolean(next), null));
      const told = next && (await factsOf(next));
      if (told?.src) Object.assign(new Image(), { sizes: "100vw", srcset: told.srcset, src: told.src });
    } catch {
      // It is asked for again when it is wanted.
    }
  }
}

// Not `disabled`: a button that has the focus keeps it.
function setEnds(newer, older) {
  if (newer !== null) parts.newer.setAttribute("aria-disabled", String(!newer));
  if (older !== null) parts.older.setAttribute("aria-disabled", String(!older));
}

function setHeart(isFavourite, isKnown) {
  parts.heart.setAttribute("aria-pressed", String(isFavourite));
  parts.heart.setAttribute("aria-disabled", String(!isKnown));
}

function say(words) {
  parts.words.textContent = words;
}

// Acts -----------------------------------------------------------------------------------------------

async function go(way) {
  const from = at;
  try {
    const next = await neighbour(way);
    if (at !== from || !dialog.open) return;
    if (next) show(next);
    else parts.said.textContent = `There is nothing ${way}.`;
  } catch (trouble) {
    say(trouble instanceof TypeError ? "You seem to be offline." : trouble.message);
  }
}

function end(index) {
  const link = links().at(index);
  if (link) show(addressOf(link));
}

async function favourite() {
  const told = await factsOf(at).catch(() => null);
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!told || !token) return;
  const address = at;
  const isWanted = !told.favourite;
  try {
    const answer = await fetch(new URL("favourite", new URL(address).origin + path(address)), {
      method: "POST",
      headers: { "X-CSRFToken": token, "HX-Request": "true" },
      body: new URLSearchParams({ favourite: isWanted ? "yes" : "no" }),
    });
    if (!answer.ok) throw new Error(answer.status === 401 ? "You have been logged out." : "That did not work.");
    told.favourite = isWanted;
    if (at === address) setHeart(isWanted, true);
    parts.said.textContent = isWanted ? "Favourite." : "No favourite any more.";
    freshen(told.id, await answer.text());
  } catch (trouble) {
    say(`${trouble instanceof TypeError ? "You seem to be offline." : trouble.message} Nothing was changed.`);
  }
}

// The heart on the page behind is the same one.
function freshen(id, markup) {
  const heart = document.getElementById(`heart-${id}`);
  if (!heart) return;
  heart.outerHTML = markup;
  window.htmx?.process(document.getElementById(`heart-${id}`));
}

const acts = {
  newer: () => go("newer"),
  older: () => go("older"),
  first: () => end(0),
  last: () => end(-1),
  favourite,
  larger: () => zoomTo(SCALES.find((each) => each > current() + 0.01) ?? current()),
  smaller: () => zoomTo(SCALES.findLast((each) => each < current() - 0.01) ?? 0),
  zoom: () => zoomTo(scale === null ? 1 : 0),
  close: () => dialog.close(),
};

function onKey(event) {
  event.stopPropagation(); // the page behind has keys of its own
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key];
  if (scale !== null && event.key.startsWith("Arrow")) pan(event);
  else if (act) {
    event.preventDefault();
    acts[act]();
  }
}

// Scale ----------------------------------------------------------------------------------------------

function fit() {
  const { clientWidth, clientHeight } = parts.stage;
  return Math.min(clientWidth / shown.width, clientHeight / shown.height, 1);
}

const current = () => scale ?? fit();

// `point` stays where it is: from the left and the top of the stage, its middle unless said otherwise.
function zoomTo(wanted, point = { x: parts.stage.clientWidth / 2, y: parts.stage.clientHeight / 2 }) {
  if (!shown?.src) return;
  const { stage, image } = parts;
  const box = image.getBoundingClientRect();
  const outer = stage.getBoundingClientRect();
  const share = { x: (outer.x + point.x - box.x) / box.width, y: (outer.y + point.y - box.y) / box.height };
  scale = wanted <= fit() + 0.01 ? null : wanted;
  if (scale !== null && shown.srcset) {
    // All its pixels are wanted now.
    image.removeAttribute("srcset");
    image.src = shown.src;
  }
  lay();
  const after = image.getBoundingClientRect();
  stage.scrollBy(after.x + share.x * after.width - outer.x - point.x, after.y + share.y * after.height - outer.y - point.y);
}

function lay() {
  const { stage, image, zoom } = parts;
  stage.classList.toggle("zoomed", scale !== null);
  if (!shown?.src) return;
  image.style.width = `${Math.round(shown.width * current())}px`;
  image.style.height = `${Math.round(shown.height * current())}px`;
  zoom.textContent = scale === null ? "100 %" : "Fit";
}

function pan(event) {
  event.preventDefault();
  const step = 80;
  const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  parts.stage.scrollBy(...ways[event.key]);
}

// Fingers and mice -----------------------------------------------------------------------------------

function onPointer(event) {
  if (!event.isPrimary || event.button > 0) return;
  if (event.type === "pointerdown") {
    drag = { x: event.clientX, y: event.clientY, left: parts.stage.scrollLeft, top: parts.stage.scrollTop };
    if (event.pointerType === "mouse") parts.stage.setPointerCapture(event.pointerId);
    return;
  }
  if (!drag) return;
  const x = event.clientX - drag.x;
  const y = event.clientY - drag.y;
  if (event.type === "pointermove") follow(event, x, y);
  else {
    drag = null;
    parts.image.style.translate = "";
    if (event.type === "pointerup") lift(event, x, y);
  }
}

// While zoomed a finger scrolls of its own accord, a mouse by this; else the picture goes along with the finger.
function follow(event, x, y) {
  if (scale !== null) {
    if (event.pointerType === "mouse") parts.stage.scrollTo(drag.left - x, drag.top - y);
  } else if (event.pointerType !== "mouse" && !isPinched()) parts.image.style.translate = `${x}px 0`;
}

function lift(event, x, y) {
  if (Math.hypot(x, y) < TAP_PX) tap(event);
  else if (scale !== null || isPinched() || event.pointerType === "mouse") return;
  else if (Math.abs(x) > SWIPE_PX && Math.abs(x) > STRAIGHT * Math.abs(y)) acts[x < 0 ? "older" : "newer"]();
  else if (y > 2 * SWIPE_PX && y > STRAIGHT * Math.abs(x)) dialog.close();
}

function tap(event) {
  const before = lastTap;
  lastTap = { at: event.timeStamp, x: event.clientX, y: event.clientY };
  if (!before || event.timeStamp - before.at > TAP_MS) return;
  if (Math.hypot(event.clientX - before.x, event.clientY - before.y) > TAP_PX) return;
  lastTap = null;
  const outer = parts.stage.getBoundingClientRect();
  zoomTo(scale === null ? Math.max(1, 2 * Math.floor(fit())) : 0, { x: event.clientX - outer.x, y: event.clientY - outer.y });
}

const isPinched = () => (window.visualViewport?.scale ?? 1) > 1.01;

// ----------------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-viewer]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (!link.querySelector("img")) return;
  event.preventDefault();
  open(link);
});
