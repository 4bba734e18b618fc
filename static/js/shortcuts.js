// Single keys of the studio. They work only where nothing is being typed, and can be switched off in their sheet.

const STORE = "single-keys";
const TYPING = "input:not([type=checkbox], [type=radio], [type=range], [type=button], [type=submit]), textarea, select, [contenteditable]";
const sheet = document.getElementById("shortcuts");
const choice = document.getElementById("single-keys");

function store(work) {
  try {
    return work(window.localStorage);
  } catch {
    return null;
  }
}

function pictures() {
  return [...document.querySelectorAll("#cards .tile a")].filter((link) => link.getClientRects().length);
}

function picture(step) {
  const all = pictures();
  const now = all.findIndex((link) => link === document.activeElement || link.parentElement.contains(document.activeElement));
  const next = all[now < 0 ? 0 : Math.min(Math.max(now + step, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function prompt() {
  const box = document.getElementById("prompt");
  box?.focus();
  box?.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  "?": () => sheet.togglePopover(),
  h: () => document.getElementById("recent-prompts")?.togglePopover(),
  p: prompt,
  r: () => document.querySelector("[data-dice]")?.click(),
  l: () => document.querySelector("[data-locks]")?.click(),
  j: () => picture(1),
  k: () => picture(-1),
};

function act(key) {
  if (/^[1-9]$/.test(key)) return () => document.querySelectorAll(".model-card")[Number(key) - 1]?.click();
  return KEYS[key];
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (!choice?.checked || event.target.matches(TYPING)) return;
  const open = document.querySelector("dialog:popover-open, dialog[open]");
  if (open && !(open === sheet && event.key === "?")) return;
  const does = act(event.key.length === 1 ? event.key.toLowerCase() : event.key);
  if (!does) return;
  event.preventDefault();
  does();
});

if (choice) {
  choice.checked = store((kept) => kept.getItem(STORE)) !== "off";
  choice.addEventListener("change", () => store((kept) => kept.setItem(STORE, choice.checked ? "on" : "off")));
}
