// A Copy button in everything that has `data-copy="what it is"`: without this script there is none, and the text can
// still be selected. The button takes no room, so nothing shifts when it appears.

const SHOWN_MS = 2000;

function addButton(block) {
  if (!navigator.clipboard || block.querySelector("[data-copies]")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.dataset.copies = "";
  const word = document.createElement("span");
  word.setAttribute("role", "status");
  word.textContent = "Copy";
  const what = document.createElement("span");
  what.className = "visually-hidden";
  what.textContent = ` ${block.dataset.copy}`;
  button.append(word, what);
  button.addEventListener("click", async () => {
    const source = block.querySelector("pre, code, input, textarea");
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
      word.textContent = "Copied";
    } catch {
      word.textContent = "Not allowed";
    }
    setTimeout(() => {
      word.textContent = "Copy";
    }, SHOWN_MS);
  });
  block.append(button);
}

function enhance(root) {
  for (const block of root.querySelectorAll("[data-copy]")) addButton(block);
}

document.addEventListener("htmx:load", (event) => enhance(event.target));
enhance(document);
