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

document.addEventListener("htmx:load", (event) => enhance(event.target));
document.addEventListener("htmx:afterSettle", (event) => {
  const told = event.target.querySelector?.("#errors");
  if (told && event.target.id === "studio-form") told.focus();
  if (event.detail.target?.id !== "cards") return;
  forgetRefusal(document.getElementById("studio-form"));
  document.querySelector("#cards .card")?.scrollIntoView({ block: "nearest" });
});
document.addEventListener("htmx:sendError", (event) => tell(event, "You seem to be offline. Nothing was sent; try again in a moment."));
document.addEventListener("htmx:responseError", (event) =>
  tell(event, "That did not work on our side. Nothing you typed is lost; please try again."),
);

function tell(event, text) {
  if (!event.detail.elt.closest("#studio-form")) return;
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.textContent = text;
  document.getElementById("notices").replaceChildren(notice);
}

enhance(document);
