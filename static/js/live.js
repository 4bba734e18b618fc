// Pictures as they arrive: one stream of events per visible page; each event has the card that it is about fetched
// anew. Where the stream cannot be had, cards under way are asked for every three seconds.

const POLL_MS = 3000;
const NET_EVERY = 5; // polls between two looks at everything, should an event have been missed
const GATHER_MS = 150; // several events about one card are one look
const place = document.getElementById("announcer");
const due = new Map(); // by generation: the timer of its next look
const busy = new Map(); // by generation: whether to look again once the look under way is over
let stream = null;
let polls = 0;

function running() {
  return [...document.querySelectorAll(".card[data-running]")];
}

function look(card) {
  const id = card.dataset.generation;
  if (busy.has(id)) busy.set(id, true);
  else if (!due.has(id)) due.set(id, setTimeout(() => fetchCard(id), GATHER_MS));
}

async function fetchCard(id) {
  due.delete(id);
  const card = document.getElementById(`card-${id}`);
  if (!card) return;
  busy.set(id, false);
  const focused = card.contains(document.activeElement) ? document.activeElement : null;
  try {
    await letGo();
    const values = { seen: card.dataset.mark };
    await window.htmx.ajax("GET", card.dataset.address, { source: card, target: card, swap: "outerHTML", values });
  } catch {
    // A lost connection: trouble.js has told of it, and the next look comes by itself.
  } finally {
    const again = busy.get(id);
    busy.delete(id);
    const fresh = document.getElementById(`card-${id}`);
    if (fresh && focused && !focused.isConnected && !fresh.contains(document.activeElement)) {
      (document.getElementById(focused.id) ?? fresh).focus({ preventScroll: true });
    }
    if (fresh && fresh !== card) tell(card, fresh);
    if (fresh && again) look(fresh);
  }
}

// A card is not taken away between the press of a button and its release: the click would be lost.
let pressed = null;

function letGo() {
  return pressed?.promise;
}

function release() {
  pressed?.resolve();
  pressed = null;
}

function press() {
  release();
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  pressed = { promise, resolve };
}

function tell(card, fresh) {
  if (card.dataset.running === undefined || fresh.dataset.running !== undefined) return;
  place.textContent = fresh.dataset.announcement;
  window.htmx.trigger(document.body, "balance");
}

function lookAtAll() {
  for (const card of running()) look(card);
}

function heard(event) {
  const { data } = JSON.parse(event.data);
  const card = document.getElementById(`card-${data.generation ?? data.id}`);
  if (card) look(card);
}

function open() {
  if (stream || document.hidden || !window.EventSource) return;
  stream = new EventSource(place.dataset.stream);
  stream.addEventListener("open", lookAtAll);
  for (const kind of ["image.updated", "generation.updated", "generation.finished"]) stream.addEventListener(kind, heard);
  stream.addEventListener("balance.updated", () => window.htmx.trigger(document.body, "balance"));
}

function close() {
  stream?.close();
  stream = null;
}

// A hidden page needs no stream, and a browser gives a site only a few connections.
function onVisibility() {
  if (document.hidden) close();
  else open();
}

// Without a stream, everything under way; with one, what waits: its place in the queue moves without an event.
function poll() {
  if (document.hidden) return;
  polls += 1;
  const isOpen = stream?.readyState === EventSource.OPEN && polls % NET_EVERY;
  for (const card of running()) {
    if (!isOpen || card.querySelector(".position")) look(card);
  }
  if (stream?.readyState === EventSource.CLOSED) {
    close();
    setTimeout(open, 10 * POLL_MS);
  }
}

if (place) {
  document.addEventListener("pointerdown", press);
  // After the click that belongs to it.
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(release));
  // What happened between an order and its card's arrival was told to nobody.
  document.addEventListener("htmx:load", (event) => {
    if (event.target.matches?.(".card[data-new]")) look(event.target);
  });
  document.addEventListener("visibilitychange", onVisibility);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  setInterval(poll, POLL_MS);
  open();
}
