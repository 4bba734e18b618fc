// Unfold asks light or dark when a page loads; this keeps it in step when the reader's system changes meanwhile.
const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => document.documentElement.classList.toggle("dark", dark.matches));
