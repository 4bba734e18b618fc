// Logging out forgets what this browser kept of a draft that had not reached the site yet.

document.addEventListener("submit", (event) => {
  if (!event.target.action?.endsWith("/logout/")) return;
  try {
    for (const key of Object.keys(window.localStorage)) if (key.startsWith("draft:")) window.localStorage.removeItem(key);
  } catch {
    // No store, nothing kept.
  }
});
