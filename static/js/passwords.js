// A password can be looked at while it is typed: one field, and no need to type it twice.

for (const input of document.querySelectorAll("input[type=password]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  button.setAttribute("aria-controls", input.id);

  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} the password`);
  };
  show(false);
  button.addEventListener("click", () => show(input.type === "password"));
  // Password managers and the browser's history take it for a password only as one.
  input.form.addEventListener("submit", () => show(false));
  input.after(button); // behind it in the order of Tab, whatever it looks like
}
