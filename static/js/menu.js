// Menus are details elements and work without this: here they also close on Escape, on a click elsewhere, and when the
// focus leaves them.

const MENUS = "details[data-menu]";

function close(menu) {
  menu.open = false;
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(`${MENUS}[open]`)) {
    const hadFocus = menu.contains(document.activeElement);
    close(menu);
    if (hadFocus) menu.querySelector("summary").focus();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(`${MENUS}[open]`)) if (!menu.contains(event.target)) close(menu);
});

document.addEventListener("focusin", (event) => {
  for (const menu of document.querySelectorAll(`${MENUS}[open]`)) if (!menu.contains(event.target)) close(menu);
});
