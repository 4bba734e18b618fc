// What goes wrong between a page and the site, told in one place, in plain words, with a way on: a lost connection, an
// error on our side, a session that has ended. Nothing on the page is touched: what was typed stays where it is.
//
// Other scripts tell through events on the document: `trouble` {kind, words or notice} and `trouble-over` {kind}. What
// they may rely on: `session` {csrf, version, …} once it is known that the page's own account is logged in, and
// `back-online` after a lost connection. `session-check` asks for the first.

const place = document.getElementById("notices");
const session = document.querySelector("[data-session]")?.dataset.session;
const AWAY_MS = 3000; // a page that was away for less is as it was
const ONCE_EVERY_MS = 10000; // nothing is sent again by itself more often
const sentAgain = new WeakMap(); // by what was pressed: when
let hiddenAt = 0;
let asking = null;
let isPutAway = false; // the notice of the ended session: not brought back by what nobody pressed

function told(kind) {
  return place?.querySelector(kind ? `[data-trouble="${kind}"]` : "[data-trouble]");
}

function over(kind) {
  const notice = told(kind);
  if (notice?.contains(document.activeElement)) document.getElementById("main")?.focus({ preventScroll: true });
  notice?.remove();
}

function button(words, className, press) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className, textContent: words });
  made.addEventListener("click", press);
  return made;
}

function addClose(notice) {
  if (notice.querySelector("[data-closes]")) return;
  const close = button("Close", "button small quiet", () => {
    isPutAway = notice.dataset.trouble === "logged-out";
    over(notice.dataset.trouble);
  });
  close.dataset.closes = "";
  notice.querySelector(".actions").append(close);
}

function tell({ kind, words, again, notice }) {
  if (!place) return;
  const before = told(kind);
  if (before && before.textContent.includes(words ?? "")) return; // said once, not again and again
  let shown;
  if (notice) {
    const parsed = document.createElement("template");
    parsed.innerHTML = notice;
    shown = parsed.content.firstElementChild;
  } else {
    shown = document.createElement("div");
    shown.className = "notice bad trouble";
    shown.dataset.trouble = kind;
    shown.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.textContent = words;
    const actions = document.createElement("p");
    actions.className = "actions";
    if (again) actions.append(button("Try again", "button small", () => (over(kind), again())));
    shown.append(text, actions);
    shown.toggleAttribute("data-waits", Boolean(again));
  }
  addClose(shown);
  // One at a time: what is newest is what there is to do.
  for (const old of place.querySelectorAll("[data-trouble]")) old.remove();
  place.append(shown);
  window.htmx?.process(shown);
}

// Press again what was pressed: the same wish, so an order that did arrive is not another one.
function pressAgain({ elt, requestConfig }) {
  const event = requestConfig.triggeringEvent;
  const pressed = event?.submitter;
  if (elt.id === "price") window.htmx.trigger(document.body, "price");
  else if (pressed?.isConnected) pressed.click();
  else if (elt instanceof HTMLFormElement) elt.requestSubmit();
  else if (event) elt.dispatchEvent(new Event(event.type, { bubbles: true, cancelable: true }));
}

// What nobody pressed: looks at cards, the price.
function isOfItself({ elt, requestConfig }) {
  return requestConfig.verb === "get" || elt.id === "price";
}

function onLost(detail) {
  const pressed = detail.requestConfig.triggeringEvent?.submitter;
  if (pressed?.id === "generate") {
    tell({
      kind: "offline",
      words: "The connection was lost, so your order may not have reached us. Try again: it is drawn and charged once, however often it is sent.",
      again: () => pressAgain(detail),
    });
  } else if (isOfItself(detail)) {
    if (told("offline")) return;
    const words = document.querySelector(".card[data-running]")
      ? "You seem to be offline. Your pictures are drawn all the same, and appear when you are back."
      : "You seem to be offline. What you type is kept in this browser.";
    tell({ kind: "offline", words });
  } else {
    tell({ kind: "offline", words: "The connection was lost, so this may not have reached us.", again: () => pressAgain(detail) });
  }
}

async function onRefused(detail) {
  const { elt, requestConfig, xhr } = detail;
  const pressed = requestConfig.triggeringEvent?.submitter ?? elt;
  if (xhr.status === 403) {
    // The page is from before a log-in: its token is not valid any more.
    const isFirst = Date.now() - (sentAgain.get(pressed) ?? 0) > ONCE_EVERY_MS;
    if ((await askWho()) === "gone") return;
    if (isFirst && !told("logged-out")) {
      sentAgain.set(pressed, Date.now());
      pressAgain(detail);
      return;
    }
  }
  if (told("logged-out")) return;
  const words = "That did not work on our side. Nothing you typed is lost.";
  tell({ kind: "failed", words, again: isOfItself(detail) ? null : () => pressAgain(detail) });
}

// Who is logged in, with a fresh token for every form of this page. "gone": nobody, or somebody else.
function askWho() {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

async function ask() {
  if (!session) return "unknown";
  const form = document.getElementById("studio-form");
  const marks = new URLSearchParams();
  for (const name of ["draft_page", "draft_version"]) if (form?.elements[name]) marks.set(name, form.elements[name].value);
  let answer;
  let known;
  try {
    answer = await fetch(`${session}?${marks}`, { headers: { Accept: "application/json" } });
    known = await answer.json();
  } catch {
    return "unknown";
  }
  if (answer.status === 401) {
    tell({ kind: "logged-out", notice: known.notice });
    return "gone";
  }
  if (!answer.ok) return "unknown";
  const member = form?.elements.member?.value;
  if (member && member !== known.member) {
    // What is on the page is another account's: it is neither shown nor sent any longer.
    window.location.replace(form.action);
    return "gone";
  }
  for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = known.csrf;
  over("logged-out");
  document.dispatchEvent(new CustomEvent("session", { detail: known }));
  return "here";
}

function backOnline() {
  // What has to be pressed again stays until it is.
  if (told("offline")?.dataset.waits === undefined) over("offline");
  document.dispatchEvent(new CustomEvent("back-online"));
  window.htmx?.trigger(document.body, "price");
}

document.addEventListener("trouble", (event) => tell(event.detail));
document.addEventListener("trouble-over", (event) => over(event.detail.kind));
document.addEventListener("session-check", askWho);
document.addEventListener("htmx:sendError", (event) => onLost(event.detail));
document.addEventListener("htmx:timeout", (event) => onLost(event.detail));
document.addEventListener("htmx:responseError", (event) => onRefused(event.detail));
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status !== 401) return;
  if (told("logged-out") || (isPutAway && isOfItself(event.detail))) event.detail.shouldSwap = false;
  isPutAway &&= isOfItself(event.detail);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) return;
  const notice = told("offline") ?? told("failed");
  if (told("offline") && told("offline").dataset.waits === undefined) backOnline();
  if (notice && (notice.dataset.waits === undefined || !isOfItself(event.detail))) over(notice.dataset.trouble);
});
document.addEventListener("htmx:afterSwap", () => {
  if (told("logged-out")) addClose(told("logged-out"));
});
window.addEventListener("online", backOnline);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenAt = Date.now();
  else if (told("logged-out") || Date.now() - hiddenAt > AWAY_MS) askWho();
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) askWho();
});
