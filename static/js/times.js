// Times in the reader's own zone, and the seconds of what is under way, counted on.

function inWords(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function count() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    time.textContent = inWords((Date.now() - Date.parse(time.dataset.since)) / 1000);
  }
}

function localise(root) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    const style = { dateStyle: "medium", timeStyle: time.dataset.local || "short" };
    time.textContent = new Intl.DateTimeFormat(undefined, style).format(new Date(time.dateTime));
  }
}

localise(document);
document.addEventListener("htmx:load", (event) => localise(event.target));
setInterval(count, 1000);
