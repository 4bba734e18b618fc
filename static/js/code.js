// The API tab: the form as it stands as code. It is asked for when the tab is opened, and again when the form changed
// while it is open.

const QUIET_MS = 500; // after the last change
const tab = document.getElementById("view-api");
const place = document.getElementById("api");
let timer = 0;

function ask() {
  clearTimeout(timer);
  if (tab.checked) window.htmx.trigger(place, "code");
}

function askSoon(event) {
  clearTimeout(timer);
  if (tab.checked && event.target.closest?.("#studio-form")) timer = setTimeout(ask, QUIET_MS);
}

if (tab) {
  tab.addEventListener("change", () => setTimeout(ask)); // after the tab is shown
  for (const change of ["input", "change", "htmx:afterSettle"]) document.addEventListener(change, askSoon);
  // Whoever reads Python here reads Python there.
  place.addEventListener("change", ({ target }) => {
    for (const other of place.querySelectorAll(`[name^="code_language"][value="${target.value}"]`)) other.checked = true;
  });
}
