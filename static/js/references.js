// Style references and LoRAs without a round trip of the form: files, addresses, pictures dropped and pasted, pictures of
// one's own, saved LoRAs. Each becomes a row at once, is checked by the site alone, and counts when that is done. The
// names of the inputs stay those of the form without scripts, numbered from 0 without a gap.

const LIST = "[data-rows]";
const AT_ONCE = 3; // rows that are checked at the same time
const TEXT_FIELDS = "textarea, select, [contenteditable], input:not([type=range], [type=radio], [type=checkbox], [type=file])";
const ADDRESS = /^https?:\/\/\S+$/i;
const OWN_PICTURE = /^\/images\/([0-9a-f-]{36})\/?$/;
const TAKES_NONE = "This image model takes no style references. Krea 2 Medium and Krea 2 Large do.";

const waiting = []; // rows to be checked: functions that begin it
let underWay = 0;

const lists = () => [...document.querySelectorAll(LIST)];
const listCalled = (name) => lists().find((list) => list.dataset.rows === name);
const picturesList = () => document.querySelector(`${LIST}[data-takes-files]`);
const rowsOf = (list) => [...list.querySelectorAll(".row-list > .row")];
const singular = (list) => list.dataset.singular;
const titled = (words) => words.charAt(0).toUpperCase() + words.slice(1);
const sourceOf = (row) => row.querySelector("input[type=url]");
const isEmpty = (row) => sourceOf(row)?.value === "" && !row.querySelector(".error");

// What is shown beside a row already is only said to who does not see it.
function announce(words) {
  const told = document.getElementById("own-pictures-said");
  const place = told?.closest("[open]") ? told : document.getElementById("announcer");
  if (place) place.textContent = words;
}

function say(list, words) {
  list.querySelector(".rows-said").textContent = words;
  announce(words);
}

function changed(list) {
  list.dispatchEvent(new Event("change", { bubbles: true }));
}

function leftIn(list) {
  return list.dataset.most ? Number(list.dataset.most) - rowsOf(list).length : 100 - rowsOf(list).length;
}

// Every name, id and word of a row follows its place in the list.
function renumber(list) {
  const { rows: name } = list.dataset;
  const words = new RegExp(`(${singular(list)}) (?:N|\\d+)`, "gi");
  rowsOf(list).forEach((row, number) => {
    const places = new RegExp(`\\b(${name})([.-])(?:N|\\d+)(?=[.-]|$|\\s)`, "g");
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const attribute of element.attributes) {
        if (attribute.name === "value" && element.localName !== "button") continue;
        const fresh = attribute.value.replace(places, `$1$2${number}`).replace(words, `$1 ${number + 1}`);
        if (fresh !== attribute.value) attribute.value = fresh;
      }
    }
    const texts = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const fresh = texts.currentNode.data.replace(words, `$1 ${number + 1}`);
      if (fresh !== texts.currentNode.data) texts.currentNode.data = fresh;
    }
    row.dataset.number = number;
  });
  list.querySelector(".adding").hidden = leftIn(list) <= 0;
}

// Strength and scale: a slider beside the number, and words for what it does.

function inWords(input, value) {
  const steps = (input.dataset.words ?? "").split(", ").filter(Boolean);
  const found = steps.find((step) => value <= Number.parseFloat(step)) ?? steps.at(-1) ?? "";
  return found.slice(found.indexOf(" ") + 1);
}

function showStrength(input, slider) {
  const value = Number(input.value.trim() || "x");
  const words = Number.isNaN(value) ? "" : inWords(input, value);
  if (!Number.isNaN(value)) slider.value = value;
  slider.setAttribute("aria-valuetext", words ? `${input.value}, ${words}` : input.value);
  const told = slider.parentElement.querySelector(".words");
  if (told) told.textContent = words;
}

function addSlider(input) {
  if (input.dataset.hasSlider) return;
  input.dataset.hasSlider = "yes";
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", className: "slider", min: input.dataset.min, max: input.dataset.max, step: "0.1" });
  slider.setAttribute("aria-label", input.labels[0]?.textContent.trim() ?? input.name);
  input.after(slider);
  if (input.dataset.words) {
    const told = document.createElement("span");
    told.className = "words help";
    told.setAttribute("aria-hidden", "true");
    slider.after(told);
  }
  slider.addEventListener("input", () => {
    input.value = slider.value;
    showStrength(input, slider);
  });
  input.addEventListener("input", () => showStrength(input, slider));
  showStrength(input, slider);
}

function enhance(root) {
  for (const input of root.querySelectorAll(".row-list .strength input.number")) addSlider(input);
}

// A row that is being checked, or was not taken.

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function removeButton(list) {
  const button = element("button", "button small quiet", "Remove");
  Object.assign(button, { type: "button", name: "remove_row", value: `${list.dataset.rows}.N` });
  button.append(element("span", "visually-hidden", ` ${singular(list)} N`));
  return button;
}

function pendingRow(list, { name, preview }) {
  const row = element("div", "row with-picture pending");
  row.setAttribute("aria-busy", "true");
  const thumb = element(preview ? "img" : "span", "thumb");
  if (preview) Object.assign(thumb, { src: preview, alt: "", width: 72, height: 72 });
  if (preview.startsWith("blob:")) thumb.addEventListener("load", () => URL.revokeObjectURL(preview));
  const about = element("p", "which");
  about.append(element("span", "name", `${titled(singular(list))} N`), " ", element("span", "help file-name", name));
  const progress = element("div", "checking");
  progress.append(element("p", "spinner", "Checking"));
  row.append(thumb, about, progress, removeButton(list));
  return row;
}

function refuse(list, row, words, again) {
  row.classList.remove("pending");
  row.removeAttribute("aria-busy");
  row.querySelector(".checking")?.remove();
  row.querySelector(".error")?.remove();
  const error = element("div", "error");
  error.append(element("p", "", `${titled(singular(list))} N: ${words}`));
  if (again) {
    const button = element("button", "button small", "Try again");
    button.type = "button";
    button.addEventListener("click", again);
    error.append(button);
  }
  row.append(error);
  renumber(list);
  announce(error.firstChild.textContent);
}

// Asking the site, at most AT_ONCE at a time.

function next() {
  while (underWay < AT_ONCE && waiting.length) {
    underWay += 1;
    waiting.shift()(() => {
      underWay -= 1;
      next();
    });
  }
}

// `fields` of one row, by the names behind its number, or `use` and `use_lora` for what is one's own.
function ask(list, row, fields, done) {
  const form = list.closest("form");
  const { rows: name, address } = list.dataset;
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
  body.set("model", form.querySelector("[name=model]").value);
  body.set("list", name);
  for (const [field, value] of Object.entries(fields)) body.set(field.startsWith("use") ? field : `${name}.0.${field}`, value);
  waiting.push((finish) => {
    if (row.isGone) {
      finish();
      return;
    }
    const request = new XMLHttpRequest();
    row.request = request;
    request.open("POST", address);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => showProgress(row, event));
    request.addEventListener("loadend", () => {
      row.request = null;
      finish();
      if (!row.isGone) done(request);
    });
    request.send(body);
  });
  next();
}

function showProgress(row, { lengthComputable, loaded, total }) {
  const place = row.querySelector(".checking");
  if (!place || !lengthComputable || total < 200_000) return;
  let bar = place.querySelector("progress");
  if (loaded >= total) bar?.remove();
  else if (!bar) {
    bar = document.createElement("progress");
    bar.setAttribute("aria-label", "Sent");
    place.append(bar);
  }
  if (bar) Object.assign(bar, { max: total, value: loaded });
}

function answered(request) {
  const part = document.createElement("template");
  part.innerHTML = [200, 422].includes(request.status) ? request.responseText : "";
  return part.content.querySelector(".row");
}

function problemOf(request) {
  if (request.status === 401) document.getElementById("notices").innerHTML = request.responseText;
  if (request.status === 401) return "you have been logged out. Log in again, then try again.";
  if (request.status === 403) document.dispatchEvent(new CustomEvent("session-check")); // a token from before a log-in
  if (request.status === 413) return "the file is too large.";
  return request.status ? "that did not work on our side. Nothing else is lost." : "you seem to be offline. It was not sent.";
}

// Put what the site answered in the place of a row. Whatever was typed there meanwhile stays; the focus too.
function settle(name, row, request, again) {
  const list = listCalled(name);
  if (!list) return; // another image model was chosen meanwhile
  const fresh = answered(request);
  if (!row.isConnected) {
    if (leftIn(list) <= 0) return;
    list.querySelector(".row-list").append(row); // the form came anew meanwhile
  }
  if (!fresh) {
    refuse(list, row, problemOf(request), again);
    return;
  }
  const twin = request.status === 200 ? twinOf(list, row, fresh) : null;
  if (twin) {
    const hadFocus = row.contains(document.activeElement);
    row.remove();
    renumber(list);
    if (hadFocus) twin.querySelector("input.number")?.focus();
    say(list, `That one is there already: ${singular(list)} ${Number(twin.dataset.number) + 1}.`);
    changed(list);
    return;
  }
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  for (const input of row.querySelectorAll("input.number, .save-lora input")) {
    const same = fresh.querySelector(`[name$=".${input.name.split(".").at(-1)}"]`);
    if (same) same.value = input.value;
  }
  row.isGone = true; // a browser may still tell of a change in what is taken away
  row.replaceWith(fresh);
  renumber(list);
  enhance(list);
  if (focused) (document.getElementById(focused.id) ?? fresh.querySelector(".slider, input:not([type=hidden]), button"))?.focus();
  const place = `${singular(list)} ${Number(fresh.dataset.number) + 1}`;
  announce(request.status === 200 ? `${titled(place)} is checked and ready.` : fresh.querySelector(".error").textContent.trim());
  changed(list);
}

// Another row of the same upload, or of the same address.
function twinOf(list, row, fresh) {
  const named = (each) => each.querySelector(".source input, input[type=hidden]")?.value;
  const wanted = named(fresh);
  return rowsOf(list).find((each) => each !== row && wanted && named(each) === wanted);
}

function add(list, { name, preview = "", fields, problem = "" }) {
  if (leftIn(list) <= 0) {
    say(list, `At most ${list.dataset.most} fit: ${name} was left out. Remove one to make room.`);
    return false;
  }
  const empty = rowsOf(list).find((row) => isEmpty(row) && !row.contains(document.activeElement));
  empty?.remove();
  const row = pendingRow(list, { name, preview });
  list.querySelector(".row-list").append(row);
  renumber(list);
  if (problem) refuse(list, row, problem);
  else {
    const begin = () => ask(list, row, fields, (request) => settle(list.dataset.rows, row, request, again));
    const again = () => {
      const fresh = pendingRow(listCalled(list.dataset.rows) ?? list, { name, preview });
      row.querySelector(".error")?.replaceWith(fresh.querySelector(".checking"));
      row.setAttribute("aria-busy", "true");
      row.classList.add("pending");
      begin();
    };
    begin();
  }
  return true;
}

function addFiles(list, files) {
  say(list, "");
  const most = Number(list.dataset.takesFiles);
  const left = Math.max(leftIn(list), 0);
  for (const file of files.slice(0, left)) {
    const preview = file.type.startsWith("image/") ? URL.createObjectURL(file) : "";
    const problem = file.size > most ? `the file is larger than ${most / 1024 ** 2} MB.` : "";
    add(list, { name: file.name, preview, fields: { file }, problem });
  }
  const out = files.slice(left);
  if (out.length) {
    const names = out.map((file) => file.name).join(", ");
    say(list, `At most ${list.dataset.most} fit. Left out: ${names}.`);
  }
}

function addAddress(list, text) {
  say(list, "");
  let own = null;
  try {
    const address = new URL(text);
    own = address.origin === location.origin ? OWN_PICTURE.exec(address.pathname) : null;
  } catch {
    own = null;
  }
  const name = own ? "A picture of yours" : text.slice(0, 80);
  const seen = own && document.querySelector(`a[href="/images/${own[1]}/"] img`);
  const fields = own ? { use: `image.${own[1]}` } : { image_url: text };
  return add(list, { name, preview: seen?.src ?? "", fields });
}

// Rows with an address: checked when it is there.

function check(row) {
  const list = row.closest(LIST);
  const source = sourceOf(row);
  const sent = source.value.trim();
  if (!sent || row.isGone || row.classList.contains("pending")) return;
  say(list, "");
  const [part] = source.name.split(".").slice(-1);
  row.classList.add("pending");
  row.setAttribute("aria-busy", "true");
  row.querySelector(".source .error, .found")?.remove();
  source.removeAttribute("aria-invalid");
  const progress = element("div", "checking");
  progress.append(element("p", "spinner", "Checking"));
  row.querySelector(".source").append(progress);
  const fields = { [part]: sent };
  for (const input of row.querySelectorAll("input.number")) fields[input.name.split(".").at(-1)] = input.value;
  ask(list, row, fields, (request) => {
    row.classList.remove("pending");
    row.removeAttribute("aria-busy");
    progress.remove();
    if (source.value.trim() === sent) settle(list.dataset.rows, row, request, () => check(row));
    else check(row);
  });
}

function addEmpty(list) {
  let row = rowsOf(list).find(isEmpty);
  if (!row) {
    row = list.querySelector("template").content.querySelector(".row").cloneNode(true);
    list.querySelector(".row-list").append(row);
    renumber(list);
    enhance(list);
  }
  sourceOf(row).focus();
}

function remove(row) {
  const list = row.closest(LIST);
  const place = Number(row.dataset.number);
  row.isGone = true;
  row.request?.abort();
  row.remove();
  renumber(list);
  const beside = rowsOf(list)[place] ?? rowsOf(list)[place - 1];
  (beside?.querySelector("[name=remove_row]") ?? list.querySelector(".adding [name=add_row]")).focus();
  say(list, "");
  announce(`${titled(singular(list))} ${place + 1} is removed.`);
  changed(list);
}

// Pictures of one's own.

const dialog = () => document.getElementById("own-pictures");

async function shelf(show) {
  const answer = await fetch(`${dialog().dataset.address}?show=${show}`, { headers: { "HX-Request": "true" } });
  const part = document.createElement("template");
  part.innerHTML = await answer.text();
  return part.content;
}

async function openShelf(show) {
  const place = document.getElementById("own-pictures-shelf");
  try {
    place.replaceChildren(await shelf(show));
  } catch {
    place.replaceChildren(element("p", "problem", "You seem to be offline. Close this and try again."));
  }
  watch(place);
  place.querySelector("[aria-pressed=true]")?.focus();
}

async function showMore(button) {
  const place = button.closest(".shelf");
  if (button.disabled) return;
  button.disabled = true;
  try {
    const more = await shelf(button.value);
    const hadFocus = document.activeElement === button || document.activeElement === document.body;
    const first = more.querySelector(".pick");
    place.querySelector(".picks").append(...more.querySelectorAll(".picks > li"));
    const rest = more.querySelector("[data-more]");
    if (rest) button.parentElement.replaceWith(rest);
    else button.parentElement.remove();
    if (hadFocus) first?.focus();
    watch(place);
  } catch {
    button.disabled = false;
  }
}

// The next pictures come when the end of these is in sight.
const sight = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) showMore(entry.target);
});

function watch(place) {
  sight.disconnect();
  const button = place.querySelector("[data-more] button");
  if (button) sight.observe(button);
}

function pick(button) {
  const list = picturesList();
  if (!list) return;
  say(list, "");
  const image = button.querySelector("img");
  if (add(list, { name: image.alt, preview: image.src, fields: { use: button.value } })) button.setAttribute("aria-pressed", "true");
}

function move(event) {
  const picks = [...dialog().querySelectorAll(".pick")];
  const at = picks.indexOf(event.target);
  const step = { ArrowRight: 1, ArrowLeft: -1, Home: -at, End: picks.length - 1 - at }[event.key];
  if (at < 0 || step === undefined) return;
  event.preventDefault();
  picks[at + step]?.focus();
}

function addSaved(button) {
  const list = button.closest(LIST);
  const there = rowsOf(list).find((row) => sourceOf(row)?.value === button.dataset.path);
  say(list, there ? `That one is there already: ${singular(list)} ${Number(there.dataset.number) + 1}.` : "");
  if (!there) add(list, { name: button.firstChild.textContent.trim(), fields: { use_lora: button.value } });
}

// What is pressed, pasted and dropped.

const PRESSED = {
  add_row: (button) => addEmpty(button.closest(LIST)),
  remove_row: (button) => remove(button.closest(".row")),
  check_rows: (button) => check(button.closest(".row")),
  use_lora: addSaved,
  use: pick,
  pick(button) {
    if (!dialog().open) dialog().showModal();
    if (button.closest("[data-more]")) showMore(button);
    else openShelf(button.value);
  },
};

document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest?.("button");
    if (button?.matches("#own-pictures [data-close]") || event.target === dialog()) dialog().close();
    if (button?.id === "generate") holdBack(event);
    if (!button || !(button.closest(LIST) || button.closest("#own-pictures"))) return;
    const act = PRESSED[button.name];
    if (!act) return;
    event.preventDefault();
    act(button);
  },
  true,
);

// What is not checked yet has no price yet either.
function holdBack(event) {
  const list = lists().find((each) => each.querySelector(".row.pending"));
  if (!list) return;
  event.preventDefault();
  event.stopPropagation();
  say(list, `A ${singular(list)} is still being checked. Nothing was sent: press Generate when it is ready, or remove it.`);
  list.scrollIntoView({ block: "nearest" });
}

document.addEventListener("change", (event) => {
  if (event.target.matches(`${LIST} .row input[type=url]`)) check(event.target.closest(".row"));
  if (!event.target.matches(`${LIST} .adding input[type=file]`)) return;
  const files = [...event.target.files];
  event.target.value = "";
  addFiles(event.target.closest(LIST), files);
});

function takesNone() {
  if (!document.getElementById("studio-form")) return;
  document.getElementById("notices").replaceChildren(element("p", "notice", TAKES_NONE));
}

function take(files, text) {
  const list = picturesList();
  const addresses = text.split(/\s+/).filter((each) => ADDRESS.test(each));
  if (!list) takesNone();
  else if (addresses.length) addresses.forEach((address) => addAddress(list, address));
  else addFiles(list, files);
}

document.addEventListener("paste", (event) => {
  const inText = event.target.closest?.(TEXT_FIELDS);
  const files = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
  const text = event.clipboardData.getData("text/plain").trim();
  const isAddress = text.split(/\s+/).every((each) => ADDRESS.test(each));
  if (inText && (text || !files.length)) return;
  if (!files.length && !(text && isAddress)) return;
  event.preventDefault();
  take(files, files.length ? "" : text);
});

// An address may be dropped into a text field as text. A file may not: the browser would leave the page for it.
function isForUs({ dataTransfer: { types }, target }) {
  return types.includes("Files") || (types.includes("text/uri-list") && !target.closest?.(TEXT_FIELDS));
}

function showDropping(isOn) {
  picturesList()?.classList.toggle("dropping", isOn);
}

document.addEventListener("dragover", (event) => {
  if (!isForUs(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = picturesList() ? "copy" : "none";
  showDropping(true);
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) showDropping(false);
});
document.addEventListener("dragend", () => showDropping(false));
document.addEventListener("drop", (event) => {
  showDropping(false);
  if (!isForUs(event)) return;
  event.preventDefault();
  const text = event.dataTransfer.getData("text/uri-list");
  take([...event.dataTransfer.files], text.replace(/^#.*$/gm, ""));
});

document.addEventListener("keydown", (event) => {
  if (event.target.closest?.("#own-pictures")) move(event);
});
document.addEventListener("htmx:load", (event) => enhance(event.target));

enhance(document);
