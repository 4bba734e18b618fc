// A secret goes from the page when the page is left: a browser that keeps it for the back button does not show it again.

addEventListener("pagehide", () => {
  for (const place of document.querySelectorAll("[data-once]")) place.textContent = "It was shown.";
});
