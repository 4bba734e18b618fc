// The console of a model page: the body of an order as JSON, its exact price before it is sent, the real answer after.
// All checking and pricing is the API's; here its answers are put where they belong.

const PRICE_AFTER_MS = 400;
const PRICE_AGAIN_MS = 540_000; // before the quote ends
const FIRST_WAIT_S = 1; // so that there is something to cancel
const WAIT_S = 20;
const UNDER_WAY = new Set(["queued", "running"]);
const TOLD_HEADERS = ["content-type", "location", "retry-after", "idempotent-replayed", "preference-applied"];

const form = document.getElementById("console");
const json = document.getElementById("console-json");
const problems = document.getElementById("console-problems");
const price = document.getElementById("console-price");
const sendButton = form?.querySelector("[type=submit]");
const cancelButton = form?.querySelector("[data-cancel]");
const part = (name) => document.getElementById(`answer-${name}`);

let timer = 0;
let priced = 0; // the number of the latest question about the price
let quote = null; // {body, token}: the price that the page shows, and for which body
let order = null; // the id of the generation under way

async function ask(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  if (options.method) headers["X-CSRFToken"] = form.elements.csrfmiddlewaretoken.value;
  if (options.body) headers["Content-Type"] = "application/json";
  const answer = await fetch(form.dataset.api + path, { ...options, headers });
  const text = await answer.text();
  return { answer, text, told: read(text) };
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// The body as an object; where it is none, null, and that stands beside it.
function body() {
  try {
    const value = JSON.parse(json.value);
    if (value instanceof Object && !Array.isArray(value)) return value;
    showProblems([{ pointer: "", detail: "An order is a JSON object, such as the minimal example." }]);
  } catch (error) {
    showProblems([{ pointer: "", detail: `This is not JSON yet: ${error.message}` }]);
  }
  return null;
}

function write(value) {
  json.value = JSON.stringify(value, null, 2);
  json.dispatchEvent(new Event("input", { bubbles: true }));
}

// Price -----------------------------------------------------------------------------------------

async function showPrice() {
  clearTimeout(timer);
  const mine = ++priced;
  quote = null;
  const value = body();
  if (value === null) {
    price.textContent = "No price yet.";
    return;
  }
  const asked = json.value;
  const { answer, told } = await ask("/quotes", { method: "POST", body: JSON.stringify(pricedPart(value)) }).catch(offline);
  if (mine !== priced) return;
  showProblems(answer?.ok ? [] : problemsIn(told));
  if (answer?.ok) {
    quote = { body: asked, token: told.quote };
    timer = setTimeout(showPrice, PRICE_AGAIN_MS);
    const amount = document.createElement("span");
    amount.className = "amount";
    amount.textContent = told.price;
    const each = told.quantity > 1 ? `, ${told.quantity} × ${told.image_price}` : "";
    price.replaceChildren(amount, ` credits${each}. It binds for ten minutes.`);
  } else {
    price.textContent = told?.errors?.length ? "No price yet." : (told?.detail ?? "The price could not be had.");
  }
}

// A quote is of what is drawn; other fields of an order do not change it.
function pricedPart(value) {
  const { model, input, quantity } = value;
  return Object.fromEntries(Object.entries({ model, input, quantity }).filter(([, each]) => each !== undefined));
}

// Problems --------------------------------------------------------------------------------------

function problemsIn(told) {
  if (told?.errors?.length) return told.errors;
  return [{ pointer: "", detail: told?.detail ?? "That did not work. Nothing was charged." }];
}

function showProblems(found) {
  json.setAttribute("aria-invalid", String(found.length > 0));
  for (const place of form.querySelectorAll("[data-pointer] .error")) place.hidden = true;
  for (const problem of found) {
    const field = fieldOf(problem.pointer ?? "");
    if (!field) continue;
    const told = field.querySelector(".error");
    told.textContent = problem.detail;
    told.hidden = false;
  }
  if (!found.length) return problems.replaceChildren();
  const list = document.createElement("ul");
  list.append(...found.map(line));
  const summary = document.createElement("div");
  summary.className = "summary bad";
  summary.append(list);
  problems.replaceChildren(summary);
}

function fieldOf(pointer) {
  return [...form.querySelectorAll("[data-pointer]")].find(
    ({ dataset }) => pointer === dataset.pointer || pointer.startsWith(`${dataset.pointer}/`),
  );
}

function line(problem) {
  const item = document.createElement("li");
  if (!problem.pointer) {
    item.textContent = problem.detail;
    return item;
  }
  const jump = document.createElement("button");
  jump.type = "button";
  jump.className = "pointer";
  jump.textContent = problem.pointer;
  jump.addEventListener("click", () => jumpTo(problem.pointer));
  item.append(jump, ` ${problem.detail}`);
  return item;
}

// Select the name of the field in the text, as near as it can be found.
function jumpTo(pointer) {
  const name = pointer.split("/").findLast((step) => !/^\d+$/.test(step));
  const at = json.value.indexOf(JSON.stringify(name));
  json.focus();
  if (at >= 0) json.setSelectionRange(at, at + name.length + 2);
}

// Sending ---------------------------------------------------------------------------------------

async function send() {
  const value = body();
  if (value === null) return json.focus();
  if (quote?.body === json.value) value.quote = quote.token;
  clearTimeout(timer); // a price that comes now would take the answer's problems away
  priced += 1;
  busy(true);
  try {
    const options = { method: "POST", body: JSON.stringify(value), headers: { "Idempotency-Key": crypto.randomUUID() } };
    let { answer, text, told } = await ask(`/generations?wait=${FIRST_WAIT_S}`, options);
    showAnswer(answer, text, told);
    if (!answer.ok) return showProblems(problemsIn(told));
    while (UNDER_WAY.has(told?.status)) {
      order = told.id;
      cancelButton.hidden = false;
      ({ answer, text, told } = await ask(`/generations/${order}?wait=${WAIT_S}`));
      showAnswer(answer, text, told);
      if (!answer.ok) return undefined;
    }
    showPrice();
  } catch {
    showProblems(problemsIn(offline().told));
  } finally {
    busy(false);
    showBalance();
  }
  return undefined;
}

async function cancel() {
  cancelButton.disabled = true;
  const { answer, told } = await ask(`/generations/${order}/cancel`, { method: "POST" }).catch(offline);
  if (!answer?.ok) part("status").textContent = told?.detail ?? "It could not be cancelled.";
}

function busy(is) {
  sendButton.disabled = is;
  sendButton.setAttribute("aria-busy", String(is));
  cancelButton.disabled = false;
  if (is) return;
  cancelButton.hidden = true;
  order = null;
  if (document.activeElement === document.body) sendButton.focus(); // it lost the focus when it was switched off
}

async function showBalance() {
  const shown = document.getElementById("balance");
  const answer = await fetch(shown.getAttribute("hx-get")).catch(() => null);
  if (answer?.status === 200) shown.outerHTML = await answer.text();
}

function offline() {
  return { answer: null, text: "", told: { detail: "You seem to be offline, or the site is. Try again in a moment." } };
}

// The answer ------------------------------------------------------------------------------------

function showAnswer(answer, text, told) {
  document.getElementById("answer").hidden = false;
  const state = told?.status && answer.ok ? `: ${told.status}` : "";
  part("status").textContent = `HTTP ${answer.status} ${answer.statusText}${state}`;
  part("json").textContent = told ? JSON.stringify(told, null, 2) : text;
  part("headers").replaceChildren(...TOLD_HEADERS.filter((name) => answer.headers.has(name)).map((name) => header(name, answer)));
  part("pictures").replaceChildren(...(answer.ok ? (told?.images ?? []) : []).map(picture));
}

function header(name, answer) {
  const row = document.createElement("div");
  const term = document.createElement("dt");
  const value = document.createElement("dd");
  const code = document.createElement("code");
  term.textContent = name;
  code.textContent = answer.headers.get(name);
  value.append(code);
  row.append(term, value);
  return row;
}

function picture(image) {
  if (!image.url) {
    const words = document.createElement("p");
    words.textContent = image.error?.message ?? `Picture ${image.index + 1}: ${image.status}`;
    return words;
  }
  const shown = document.createElement("img");
  Object.assign(shown, { src: image.url, width: image.width, height: image.height, alt: `Picture ${image.index + 1}` });
  return shown;
}

// Hands -----------------------------------------------------------------------------------------

function insert({ dataset }) {
  const value = body();
  if (value === null) return;
  value.input = { ...value.input, [dataset.field]: JSON.parse(dataset.value) };
  write(value);
}

function tidy() {
  const value = body();
  if (value !== null) write(value);
}

if (form) {
  json.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(showPrice, PRICE_AFTER_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.field) insert(button);
    else if (button?.dataset.example) write(JSON.parse(document.getElementById(button.dataset.example).textContent));
    else if (button && "tidy" in button.dataset) tidy();
  });
  cancelButton.addEventListener("click", cancel);
  sendButton.disabled = false;
  json.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(sendButton);
  });
  showPrice();
}
