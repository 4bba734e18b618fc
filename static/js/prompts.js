// Recent prompts: at arrow-up in the prompt's box, as in a terminal, and as a list. What was typed before is one
// arrow-down further, or Escape.

const sheet = document.getElementById("recent-prompts");
const list = document.getElementById("prompt-list");
let isFresh = false;
let prompts = null; // the newest first; null: not asked for yet
let at = -1; // which of them is in the box; -1: what was typed
let typed = "";
let shown = "";

const box = () => document.getElementById("prompt");

async function fetchPrompts() {
  if (isFresh) return;
  try {
    await window.htmx.ajax("GET", sheet.dataset.address, { target: list, swap: "innerHTML" });
  } catch {
    return; // told as every lost connection is
  }
  isFresh = list.querySelector("[name=use]") !== null;
  prompts = [...list.querySelectorAll("[name=use]")].map((button) => button.textContent);
}

// As if it had been typed, so that the browser's own Undo brings back what was there.
function write(text) {
  const area = box();
  area.focus();
  area.select();
  const isDone = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (!isDone || area.value !== text) {
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  area.setSelectionRange(area.value.length, area.value.length);
  shown = area.value;
}

function isBrowsing() {
  return at >= 0 && box().value === shown;
}

function announce(words) {
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = words;
}

function go(to) {
  if (at < 0) typed = box().value;
  at = to;
  write(at < 0 ? typed : prompts[at]);
  announce(at < 0 ? "What you typed" : `Recent prompt ${at + 1} of ${prompts.length}: ${prompts[at].slice(0, 120)}`);
}

async function older() {
  await fetchPrompts();
  if (!prompts?.length) return;
  let next = at + 1;
  while (next < prompts.length && prompts[next] === box().value) next += 1; // what is there already
  if (next < prompts.length) go(next);
}

document.addEventListener("keydown", (event) => {
  const area = box();
  if (event.target !== area || event.isComposing || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
  if (!isBrowsing()) at = -1;
  const isAtStart = area.selectionStart === 0 && area.selectionEnd === 0;
  const isAtEnd = area.selectionStart === area.value.length;
  if (event.key === "ArrowUp" && (isAtStart || (isBrowsing() && isAtEnd))) {
    event.preventDefault();
    older();
  } else if (event.key === "ArrowDown" && isBrowsing() && isAtEnd) {
    event.preventDefault();
    go(at - 1);
  } else if (event.key === "Escape" && isBrowsing()) {
    event.preventDefault();
    go(-1);
  }
});

sheet?.addEventListener("toggle", async (event) => {
  if (event.newState !== "open") return;
  await fetchPrompts();
  list.querySelector("[name=use]")?.focus();
});

list?.addEventListener("click", (event) => {
  const button = event.target.closest("[name=use]");
  if (!button) return;
  event.preventDefault();
  sheet.hidePopover();
  at = -1;
  go([...list.querySelectorAll("[name=use]")].indexOf(button));
});

// An order may have brought a new one.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "cards") isFresh = false;
});
