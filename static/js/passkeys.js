// Passkeys: what the server wants goes to the browser's own dialogue, and its answer back in a hidden field.

const REASONS = {
  NotAllowedError: "Nothing was done: it was cancelled, or took too long.",
  InvalidStateError: "This device holds a passkey of yours for this site already.",
  SecurityError: "Passkeys do not work at this address. Open the site by its own name.",
};

function toBytes(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function toText(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const withBytes = (keys) => (keys ?? []).map((key) => ({ ...key, id: toBytes(key.id) }));

function forMaking({ publicKey }, alone) {
  return {
    ...publicKey,
    challenge: toBytes(publicKey.challenge),
    user: { ...publicKey.user, id: toBytes(publicKey.user.id) },
    excludeCredentials: withBytes(publicKey.excludeCredentials),
    authenticatorSelection: {
      ...publicKey.authenticatorSelection,
      residentKey: alone ? "required" : "discouraged",
      requireResidentKey: alone,
      userVerification: alone ? "required" : "preferred",
    },
  };
}

function forUsing({ publicKey }) {
  return {
    ...publicKey,
    challenge: toBytes(publicKey.challenge),
    allowCredentials: withBytes(publicKey.allowCredentials),
  };
}

function asJson(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function options(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`The site answered ${answer.status}.`);
  return answer.json();
}

async function ask(form) {
  const wanted = await options(form);
  if (form.dataset.passkey !== "add") return navigator.credentials.get({ publicKey: forUsing(wanted) });
  const alone = form.elements.passwordless?.checked ?? false;
  return navigator.credentials.create({ publicKey: forMaking(wanted, alone) });
}

function enable(form) {
  const button = form.querySelector("button[type=submit]");
  const error = form.querySelector("[role=alert]:last-of-type");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.hidden = true;
    try {
      form.elements.credential.value = asJson(await ask(form));
      form.submit();
    } catch (trouble) {
      error.textContent = REASONS[trouble.name] ?? "That did not work. Load the page again and try once more.";
      error.hidden = false;
      button.disabled = false;
      button.focus();
    }
  });
}

if (window.PublicKeyCredential) {
  for (const notice of document.querySelectorAll("[data-without-passkeys]")) notice.hidden = true;
  document.querySelectorAll("form[data-passkey]").forEach(enable);
}
