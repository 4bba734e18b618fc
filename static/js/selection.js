// Selecting many pictures: ranges with Shift, all that are shown, all that match, Escape. Without this script the
// checkboxes and the buttons below them do the same, one by one.

const form = document.getElementById("selection");
const bar = document.getElementById("bulk");
const said = document.getElementById("bulk-said");
const everything = document.getElementById("bulk-everything");
const FEWEST_COMPARED = 2;
const MOST_COMPARED = 4;
let last = null; // the checkbox that was used last: where a range begins
let matching = null; // how many match the filter, once it was asked

function boxes() {
  return [...form.querySelectorAll('input[name="image"]')];
}

function selected() {
  return boxes().filter((box) => box.checked);
}

function words(count) {
  return `${count.toLocaleString("en-GB")} picture${count === 1 ? "" : "s"}`;
}

function count() {
  return everything.checked && matching !== null ? matching : selected().length;
}

function show() {
  const number = count();
  const isAny = everything.checked || number > 0;
  document.getElementById("bulk-count").textContent = isAny ? `${words(number)} selected` : "Nothing selected";
  for (const button of bar.querySelectorAll(".bulk-acts button")) button.disabled = !isAny;
  bar.querySelector('[value="compare"]').disabled = number < FEWEST_COMPARED || number > MOST_COMPARED;
  bar.classList.toggle("is-idle", !isAny && !said.hasChildNodes());
  form.classList.toggle("is-selecting", isAny);
}

function clear() {
  everything.checked = false;
  for (const box of boxes()) box.checked = false;
  last = null;
  show();
}

async function askHowMany() {
  if (matching !== null) return;
  const answer = await fetch(bar.dataset.count, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  matching = (await answer.json()).count;
  document.getElementById("bulk-everything-words").textContent = `All ${matching.toLocaleString("en-GB")} that match`;
  show();
}

// What the head of the page says, after a deletion. "More than 1,000 pictures" stays true long enough.
async function countAnew() {
  await askHowMany();
  const told = document.getElementById("wall-counted");
  if (told && matching !== null) told.textContent = told.textContent.replace(/^[\d,]+ pictures?/, words(matching));
}

function selectShown() {
  for (const box of boxes()) box.checked = true;
  show();
}

function onTick(box, withShift) {
  const all = boxes();
  if (withShift && last && last !== box && last.isConnected) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
    for (const between of all.slice(from, to + 1)) between.checked = box.checked;
  }
  last = box;
  if (!box.checked) everything.checked = false;
  said.replaceChildren();
  if (box.checked) askHowMany();
  show();
}

// The pictures that were meant, without asking the server again.
function afterwards(act) {
  const those = selected();
  if (act === "delete") {
    const places = those.map((box) => box.closest("[data-tile]"));
    for (const place of places) place?.remove();
    matching = null;
    document.getElementById("bulk-everything-words").textContent = "All that match";
    form.dispatchEvent(new CustomEvent("pictures-gone", { bubbles: true }));
    countAnew();
    clear();
    said.focus();
  } else {
    for (const box of those) {
      const heart = document.getElementById(`heart-${box.value}`);
      heart?.setAttribute("aria-pressed", String(act === "favourite"));
      if (heart) heart.value = act === "favourite" ? "no" : "yes";
    }
    show();
  }
}

function start() {
  document.getElementById("bulk-all").hidden = false;
  document.getElementById("bulk-clear").hidden = false;
  document.getElementById("bulk-all").addEventListener("click", () => {
    askHowMany();
    selectShown();
  });
  document.getElementById("bulk-clear").addEventListener("click", clear);
  everything.addEventListener("change", () => {
    askHowMany();
    if (everything.checked) selectShown();
    else clear();
  });
  // `click` and not `change`, which does not know of the Shift key; Space on the keyboard is a click too.
  form.addEventListener("click", (event) => {
    if (event.target.matches?.('input[name="image"]')) onTick(event.target, event.shiftKey);
  });
  document.addEventListener("keydown", (event) => {
    const isElsewhere = document.querySelector("dialog[open], :popover-open") || event.defaultPrevented;
    if (event.key === "Escape" && !isElsewhere && (everything.checked || selected().length)) clear();
  });
  // All ids in one field: a form of thousands is refused. A heart is about its own picture alone.
  form.addEventListener("formdata", (event) => {
    const ids = event.formData.getAll("image");
    event.formData.delete("image");
    if (event.formData.get("everything") !== "yes") event.formData.set("images", ids.join(" "));
  });
  form.addEventListener("htmx:afterSwap", show);
  form.addEventListener("bulk-done", (event) => afterwards(event.detail.act));
  // What scrolling brings is part of "all that match". The pictures alone are watched: to tick them changes the bar.
  new MutationObserver((changes) => {
    if (everything.checked && changes.some((change) => change.addedNodes.length)) selectShown();
  }).observe(document.getElementById("wall"), { childList: true });
  show();
}

if (form && bar) start();
