// "Try it" beside every call of the reference: sends the real call and shows the real answer. Without this script the
// forms stay hidden. A key typed here stays in this page; it is kept nowhere.

const TOLD = [
  "location",
  "retry-after",
  "ratelimit",
  "idempotent-replayed",
  "preference-applied",
  "content-type",
];
const STREAM = "text/event-stream";
const MOST_SHOWN = 100_000; // characters of an answer

const caller = document.getElementById("caller");

function caption(line) {
  const words = document.createElement("p");
  words.textContent = line;
  return words;
}

function headersOf(form) {
  const headers = new Headers({ Accept: "application/json" });
  for (const input of form.querySelectorAll("[data-place=header]")) {
    if (input.value) headers.set(input.name, input.value);
  }
  const key = caller.elements.key.value.trim();
  const token = caller.elements.csrfmiddlewaretoken?.value;
  if (key) headers.set("Authorization", `Bearer ${key}`);
  else if (token && form.dataset.method !== "GET") headers.set("X-CSRFToken", token);
  return { headers, credentials: key ? "omit" : "same-origin" };
}

function addressOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("[data-place=path]")) {
    path = path.replace(`{${input.name}}`, encodeURIComponent(input.value.trim()));
  }
  for (const input of form.querySelectorAll("[data-place=query]")) {
    if (input.value) query.append(input.name, input.value);
  }
  return query.size ? `${path}?${query}` : path;
}

async function send(form) {
  const { headers, credentials } = headersOf(form);
  const options = { method: form.dataset.method, headers, credentials };
  const body = form.elements.body?.value;
  if (body) {
    headers.set("Content-Type", "application/json");
    options.body = body;
  }
  const stopping = new AbortController();
  options.signal = stopping.signal;
  form.elements.stop.onclick = () => stopping.abort();
  return fetch(addressOf(form), options);
}

async function show(answer, place) {
  const said = [`${answer.status} ${answer.statusText}`.trim()];
  for (const name of TOLD) if (answer.headers.has(name)) said.push(`${name}: ${answer.headers.get(name)}`);
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", "Answer");
  place.replaceChildren(...said.map(caption));
  const kind = answer.headers.get("content-type") ?? "";
  if (kind.startsWith("image/")) {
    const picture = document.createElement("img");
    picture.alt = "The picture in the answer";
    picture.src = URL.createObjectURL(await answer.blob());
    picture.onload = () => URL.revokeObjectURL(picture.src);
    place.append(picture);
    return;
  }
  if (answer.status === 204) return;
  place.append(pre);
  if (kind.startsWith(STREAM)) {
    for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
      pre.textContent = (pre.textContent + text).slice(-MOST_SHOWN);
    }
    return;
  }
  const text = await answer.text();
  try {
    pre.textContent = JSON.stringify(JSON.parse(text), null, 2).slice(0, MOST_SHOWN);
  } catch {
    pre.textContent = text.slice(0, MOST_SHOWN);
  }
}

async function tryOut(form) {
  const place = form.querySelector("[data-answer]");
  const { send: sendButton, stop } = form.elements;
  place.replaceChildren(caption("Asking…"));
  sendButton.disabled = true;
  stop.hidden = false;
  try {
    await show(await send(form), place);
  } catch (error) {
    place.append(caption(error.name === "AbortError" ? "Stopped." : "The line broke, or there was none."));
  }
  sendButton.disabled = false;
  if (document.activeElement === stop) sendButton.focus();
  stop.hidden = true;
}

caller.hidden = false;
caller.addEventListener("submit", (event) => event.preventDefault());
for (const form of document.querySelectorAll("form[data-try]")) {
  form.closest("details").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tryOut(form);
  });
}
