// The calculator follows every change: the page is asked anew with what stands in the form, and its result is put in
// place. All arithmetic is the server's; without this script a button does the same.

const WAIT_MS = 200;
const form = document.querySelector("[data-calculator]");
let timer = 0;
let asking = new AbortController();

async function calculate() {
  asking.abort();
  asking = new AbortController();
  const query = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(`${location.pathname}?${query}`, { signal: asking.signal });
    if (!answer.ok) throw new Error(answer.statusText);
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch (error) {
    if (error.name !== "AbortError") form.querySelector("#calculation").textContent = "The price could not be had. Try again.";
  }
}

function show(page) {
  replace(page, "calculation");
  if (form.dataset.shows === form.elements.model.value) return;
  form.dataset.shows = form.elements.model.value;
  replace(page, "calculator-options");
  form.elements.quantity.max = page.getElementById("calculator-quantity").max;
}

function replace(page, id) {
  document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
}

if (form) {
  form.dataset.shows = form.elements.model.value;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(calculate, WAIT_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    calculate();
  });
}
