// The draft: what stands in the studio's form is sent to the site shortly after it was typed. Until it has arrived, it is
// kept in this browser too, under its account's name alone, so that neither a crash nor a lost connection nor an ended
// session loses it. What was kept is sent, and forgotten, when the studio is opened next; logging out forgets it.

const WAIT_MS = 600; // after the last change
const PAUSES_MS = [3000, 8000, 20000, 60000]; // between tries while it cannot be sent
const KEPT_MS = 14 * 24 * 3600 * 1000; // as long as a session
const LEAVING_BYTES = 60000; // browsers send no more than 64 KiB from a page that is left
const NOT_TYPED = /^(csrfmiddlewaretoken|nonce|quote|do|switch|add_row|remove_row|picking|keep|dice|member|draft_\w+)$/;
const PREFIX = "draft:";

let typed = ""; // what stands in the form, as it was last looked at
let saved = ""; // what the site has
let refused = ""; // what it will not take, whatever we do
let turn = 0; // counts the changes of this page
let isSending = false;
let isChanged = false; // elsewhere: one of the two has to be chosen first
let isLeaving = false;
let changedNotice = "";
let failures = 0;
let timer = 0;

const form = () => document.getElementById("studio-form");
const mark = (name) => form().elements[name]?.value ?? "";
const name = () => `${PREFIX}${mark("member")}:${mark("draft_page")}`;

function read() {
  const fields = [...new FormData(form())].filter(([field, value]) => typeof value === "string" && !NOT_TYPED.test(field));
  return new URLSearchParams(fields).toString();
}

// The browser's own store may be switched off or full: then the site alone keeps the draft.
function store(work) {
  try {
    return work(window.localStorage);
  } catch {
    return null;
  }
}

function remember() {
  const record = { typed, version: mark("draft_version"), page: mark("draft_page"), turn, at: Date.now() };
  return store((kept) => (kept.setItem(name(), JSON.stringify(record)), true)) === true;
}

function forget(key = name()) {
  store((kept) => kept.removeItem(key));
}

function say(words, isProblem = false) {
  const line = document.getElementById("draft-state");
  if (!line || line.textContent === words) return;
  line.textContent = words;
  line.classList.toggle("problem", isProblem);
  const announcer = document.getElementById("announcer");
  if (isProblem && announcer) announcer.textContent = words;
}

function sayNotSaved(why) {
  say(`Not saved: ${why}${remember() ? ", kept in this browser" : ""}`, true);
}

function trouble(detail) {
  document.dispatchEvent(new CustomEvent("trouble", { detail }));
}

function look() {
  const now = read();
  if (now === typed) return false;
  typed = now;
  turn += 1;
  return true;
}

// Something was typed: kept here at once, and sent when there is a pause.
function onTyped() {
  if (!form() || isLeaving) return;
  look();
  if (typed === saved && !isSending) {
    clearTimeout(timer);
    forget();
    failures = 0;
    say(mark("draft_version") === "0" ? "" : "Draft saved");
    return;
  }
  remember();
  if (isChanged) {
    if (changedNotice) trouble({ kind: "changed", notice: changedNotice });
    return;
  }
  if (typed !== refused && !failures) say("Saving…");
  sendAfter(failures ? PAUSES_MS[0] : WAIT_MS);
}

function sendAfter(pause) {
  clearTimeout(timer);
  timer = setTimeout(send, pause);
}

function post(content, marks, options = {}) {
  const body = new URLSearchParams(content);
  for (const [field, value] of Object.entries(marks)) body.set(field, value);
  body.set("csrfmiddlewaretoken", mark("csrfmiddlewaretoken"));
  body.set("member", mark("member"));
  const text = body.toString();
  return fetch(document.getElementById("draft-state").dataset.address, {
    method: "POST",
    body,
    headers: { Accept: "application/json" },
    keepalive: Boolean(options.isLast) && text.length < LEAVING_BYTES,
  });
}

async function send(options = {}) {
  clearTimeout(timer);
  if (!form() || isChanged || isLeaving) return;
  look();
  if (typed === saved || typed === refused || (isSending && !options.isLast)) return;
  const sending = typed;
  const marks = { draft_page: mark("draft_page"), draft_version: mark("draft_version"), draft_turn: turn };
  if (mark("draft_recalled")) marks.draft_recalled = "1";
  isSending = true;
  try {
    const answer = await post(sending, marks, options);
    await onAnswer(answer, sending);
  } catch {
    onFailure("offline");
  } finally {
    isSending = false;
  }
  if (form() && !failures && typed !== saved && typed !== refused && !isChanged) sendAfter(WAIT_MS);
}

async function onAnswer(answer, sending) {
  if (answer.status === 403 || answer.status === 401) {
    onFailure(answer.status === 401 ? "logged out" : "one moment");
    document.dispatchEvent(new CustomEvent("session-check"));
    return;
  }
  if (answer.status >= 500 || answer.status === 429) {
    onFailure("our error");
    return;
  }
  const told = await answer.json();
  if (answer.ok) onSaved(told, sending);
  else if (told.code === "changed") onChanged(told);
  else if (told.code === "another_account") leaveTo(form().action);
  else {
    failures = 0;
    refused = sending;
    say("Not saved: too much for a draft", true);
    trouble({ kind: "draft", words: told.detail });
  }
}

function onSaved(told, sending) {
  if (failures) document.dispatchEvent(new CustomEvent("trouble-over", { detail: { kind: "offline" } }));
  failures = 0;
  saved = sending;
  if (refused) document.dispatchEvent(new CustomEvent("trouble-over", { detail: { kind: "draft" } }));
  refused = "";
  form().elements.draft_version.value = told.version;
  if (typed !== sending) return;
  forget();
  say("Draft saved");
}

function onChanged(told) {
  isChanged = true;
  changedNotice = told.notice;
  remember();
  say("Not saved: changed elsewhere", true);
  trouble({ kind: "changed", notice: told.notice });
}

function onFailure(why) {
  if (isLeaving) return;
  sayNotSaved(why);
  sendAfter(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)]);
  failures += 1;
}

function leaveTo(address) {
  isLeaving = true;
  window.location.replace(address);
}

// What this browser kept of earlier pages of the same account, the oldest first; what is too old goes.
function records() {
  return (
    store((kept) => {
      const found = [];
      for (const key of Object.keys(kept).filter((each) => each.startsWith(PREFIX))) {
        const record = JSON.parse(kept.getItem(key));
        if (!(Date.now() - record.at < KEPT_MS)) kept.removeItem(key);
        else if (key.startsWith(`${PREFIX}${mark("member")}:`) && key !== name()) found.push([key, record]);
      }
      return found.sort(([, one], [, other]) => one.at - other.at);
    }) ?? []
  );
}

async function recover() {
  let isNews = false;
  for (const [key, record] of records()) {
    const marks = { draft_page: record.page, draft_version: record.version, draft_turn: record.turn };
    try {
      let answer = await post(record.typed, marks);
      if (answer.status === 409) {
        answer = await post(record.typed, { ...marks, do: "aside" });
        isNews = true;
      }
      if (answer.ok || answer.status === 422) forget(key);
      if (!answer.ok) continue;
      const { version } = await answer.json();
      isNews ||= String(version) !== mark("draft_version");
      // What was filled from a picture sets the draft aside anyway, whichever it is.
      if (mark("draft_recalled")) form().elements.draft_version.value = version;
    } catch {
      break; // another time
    }
  }
  return isNews;
}

async function onOpened() {
  typed = saved = read();
  const isUntouched = () => read() === typed && turn === 0;
  if (!records().length || !(await recover()) || !isUntouched()) return;
  if (window.location.search === "") await window.htmx.ajax("GET", form().action, { target: "#studio-form", swap: "outerHTML" });
}

// The site gave the form anew: what is in it is saved, but for what the page says.
function onSwapped() {
  const line = document.getElementById("draft-state");
  const wasSending = isSending;
  isChanged = line.dataset.changed !== undefined;
  changedNotice = ""; // the form has it in itself
  if (isChanged) {
    look();
    remember();
    document.dispatchEvent(new CustomEvent("trouble-over", { detail: { kind: "changed" } }));
  } else {
    document.dispatchEvent(new CustomEvent("trouble-over", { detail: { kind: "changed" } }));
    turn += 1;
    typed = read();
    if (line.dataset.kept === undefined) return;
    saved = typed;
    failures = 0;
    forget();
    // A request that is still on its way may arrive after this one.
    if (wasSending) {
      saved = "";
      sendAfter(WAIT_MS);
    }
  }
}

// Whoever logs out at the heels of a word still has it saved.
async function onLogOut(event) {
  const leaving = event.target;
  if (!leaving.action?.endsWith("/logout/") || !form() || isLeaving) return;
  look();
  if (typed !== saved && !isChanged) {
    event.preventDefault();
    event.stopImmediatePropagation();
    await send({ isLast: true });
    isLeaving = true;
    leaving.requestSubmit();
  }
  isLeaving = true; // what is kept here is forgotten now, and nothing more is
}

function onLeaving() {
  send({ isLast: true });
}

if (form()) {
  document.addEventListener("input", (event) => {
    if (event.target.form === form()) setTimeout(onTyped);
  });
  document.addEventListener("change", (event) => {
    if (event.target.form === form()) setTimeout(onTyped);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "studio-form") onSwapped();
    else if (event.target.closest?.("#studio-form")) onTyped();
  });
  document.addEventListener("session", (event) => {
    if (event.detail.changed && !isChanged) onChanged({ notice: event.detail.changed });
    else if (typed !== saved) send();
  });
  document.addEventListener("back-online", () => send());
  document.addEventListener("submit", onLogOut, { capture: true });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) onLeaving();
  });
  window.addEventListener("pagehide", onLeaving);
  onOpened();
}
