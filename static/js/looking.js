// Staff in a customer's place looks only: what would change something is not sent at all, and the line above the page
// says so. Without this script the site refuses it.

const line = document.querySelector(".stand-in");
const said = line.querySelector("[role=status]");
const ASKS_ONLY = ["price", "api"]; // elements that send the form to have it read back

function changes(method) {
  return !["get", "dialog"].includes(method.toLowerCase());
}

function refuse(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  said.textContent = "";
  setTimeout(() => {
    said.textContent = "Looking only: that was not sent.";
    line.scrollIntoView({ block: "nearest" });
  });
}

window.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const method = event.submitter?.getAttribute("formmethod") || form.getAttribute("method") || "get";
    const isLetThrough = form === line || form.action.endsWith("/logout/");
    if (!isLetThrough && (changes(method) || form.hasAttribute("hx-post"))) refuse(event);
  },
  { capture: true },
);

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (changes(requestConfig.verb) && !ASKS_ONLY.includes(elt.id)) refuse(event);
});
