// The seed of the studio's form: a die that is thrown at once, a lock that keeps what it locks, and a number that is
// forgotten once it was ordered with, unless it is locked. Without this script the server does the same.

let ordered = null; // by the id of a seed: what was sent with the order under way

function roll({ dataset }) {
  const least = Number(dataset.least);
  const range = Number(dataset.most) - least + 1;
  // 53 bits, so that every number of the range is as likely as the others.
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return least + Math.floor((((high >>> 11) * 2 ** 32 + low) / 2 ** 53) * range);
}

function put(input, value) {
  input.value = value;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function locks() {
  return [...document.querySelectorAll("[data-locks]")].map((box) => [box, document.getElementById(box.dataset.locks)]);
}

document.addEventListener("click", (event) => {
  const die = event.target.closest?.("[data-dice]");
  if (!die) return;
  event.preventDefault();
  put(document.getElementById(die.dataset.dice), roll(die));
});

document.addEventListener("change", ({ target }) => {
  const input = target.checked && document.getElementById(target.dataset.locks ?? "");
  if (input && !input.value.trim()) put(input, roll(document.querySelector(`[data-dice="${input.id}"]`)));
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "studio-form") return;
  ordered = new Map(locks().map(([, input]) => [input.id, input.value]));
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "cards" || event.detail.requestConfig?.elt.id !== "studio-form") return;
  for (const [box, input] of locks()) {
    // What was typed meanwhile is for the next order.
    if (!box.checked && input.value && input.value === ordered?.get(input.id)) put(input, "");
  }
});
