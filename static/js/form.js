// What the studio's form gains from JavaScript: a counter, sliders beside numbers, a new wish when an old page comes
// back, and Enter that never spends. The form works without any of it.

const COUNTERS = "[data-counter-of]";

function showCount(counter) {
  const text = document.getElementById(counter.dataset.counterOf);
  const most = Number(text.dataset.most);
  const length = [...text.value].length;
  counter.textContent = `${length} of ${most}`;
  counter.classList.toggle("over", length > most);
}

function addSlider(input) {
  if (!input.dataset.min || !input.dataset.max || input.dataset.hasSlider) return;
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", className: "slider", min: input.dataset.min, max: input.dataset.max });
  slider.step = input.dataset.step;
  slider.value = input.value;
  slider.setAttribute("aria-label", input.labels[0]?.textContent.trim() || input.name);
  slider.addEventListener("input", () => {
    input.value = slider.value;
  });
  input.addEventListener("input", () => {
    slider.value = input.value;
  });
  input.dataset.hasSlider = "yes";
  input.after(slider);
}

function enhance(root) {
  for (const counter of root.querySelectorAll(COUNTERS)) showCount(counter);
  for (const input of root.querySelectorAll("input[data-slider]")) addSlider(input);
}

// What was refused before says nothing about the order that was taken now.
function forgetRefusal(form) {
  for (const words of form.querySelectorAll("#errors, .notice, .error, .problem")) words.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const input of form.querySelectorAll("[aria-describedby]")) {
    const left = input.getAttribute("aria-describedby").split(" ").filter((id) => document.getElementById(id));
    if (left.length) input.setAttribute("aria-describedby", left.join(" "));
    else input.removeAttribute("aria-describedby");
  }
}

function newWish() {
  const nonce = document.getElementById("nonce");
  if (!nonce) return;
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  nonce.value = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

document.addEventListener("input", (event) => {
  for (const counter of document.querySelectorAll(COUNTERS)) {
    if (counter.dataset.counterOf === event.target.id) showCount(counter);
  }
  const choice = document.getElementById(event.target.dataset?.chooses ?? "");
  if (choice) choice.checked = true;
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("#studio-form");
  if (!form || event.key !== "Enter") return;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    form.querySelector("#generate").click();
  } else if (event.target.matches("input:not([type=file])")) {
    event.preventDefault();
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// A page from the back-forward cache was ordered from before: what is pressed now is another wish.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) newWish();
});

// What is typed while the form's answer is on its way stays: the answer knows only what was sent.
let sent = new Map();

function texts(form) {
  return [...form.querySelectorAll("textarea[name], input.number[name], input[type=text][name], input[type=url][name]")];
}

document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (target.id === "studio-form") sent = new Map(texts(target).map((each) => [each.id, each.value]));
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  // The same wish answered twice, in two tabs or a hurry, is one card.
  const [, id] = /id="(card-[0-9a-f-]{36})"/.exec(detail.serverResponse) ?? [];
  const known = ["cards", "card"].includes(detail.target.id.split("-")[0]) && detail.target.id !== id;
  if (known && document.getElementById(id ?? "")) {
    detail.target = document.getElementById(id);
    detail.swapOverride = "outerHTML";
  }
  if (detail.target.id !== "studio-form") return;
  const typed = texts(detail.target).filter((each) => sent.has(each.id) && each.value !== sent.get(each.id));
  document.addEventListener("htmx:afterSettle", () => keep(typed), { once: true });
});

function keep(typed) {
  for (const { id, value } of typed) {
    const fresh = document.getElementById(id);
    if (!fresh || fresh.value === value) continue;
    fresh.value = value;
    fresh.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

document.addEventListener("htmx:load", (event) => enhance(event.target));
document.addEventListener("htmx:afterSettle", (event) => {
  const told = event.target.querySelector?.("#errors");
  if (told && event.target.id === "studio-form") told.focus();
  // The button of a card was switched off while it was busy, and lost the focus by that.
  const pressed = event.detail.requestConfig?.elt;
  const there = pressed?.matches?.("form.repeat") && document.getElementById(`${pressed.id}-button`);
  if (there && document.activeElement.contains(there)) there.focus({ preventScroll: true });
  if (event.detail.target?.id !== "cards") return;
  forgetRefusal(document.getElementById("studio-form"));
  document.querySelector("#cards .card")?.scrollIntoView({ block: "nearest" });
});
enhance(document);
