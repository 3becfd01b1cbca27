// The reader's token: kept in this tab alone, gone when it is closed.

import { element, fill } from "./elements.js";

const NAME = "token";

/** The token of this tab, or null. */
export function token() {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

/** Keeps a token; null forgets it. */
export function keepToken(given) {
  if (given === null) sessionStorage.removeItem(NAME);
  else sessionStorage.setItem(NAME, given);
  document.dispatchEvent(new CustomEvent("token"));
}

/** Asks for a token. Resolves to whether one was given. why: what it is needed for. */
export function askForToken(why) {
  const box = element("input", {
    id: "token-text", type: "password", autocomplete: "off", spellcheck: "false", required: true, maxlength: 512,
  });
  const { promise, resolve } = settled();
  const dialog = element(
    "dialog", { "aria-labelledby": "token-title" },
    element("form", { method: "dialog", on: { submit: () => keepToken(box.value.trim()) } },
      element("h2", { id: "token-title" }, "Enter a token"),
      element("p", {}, why),
      element("div", { class: "field" }, element("label", { for: "token-text" }, "Token"), box),
      element("p", { class: "muted small" },
        "It stays in this tab and goes when the tab is closed. ",
        element("code", {}, "cache-auditor token create"), " makes one."),
      element("div", { class: "choices" },
        element("button", { type: "submit", class: "main", value: "given" }, "Use it"),
        token() !== null && element("button", { type: "button", on: { click: () => { keepToken(null); dialog.close(); } } }, "Forget it"),
        element("button", { type: "button", on: { click: () => dialog.close() } }, "Cancel"))));
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "given");
  });
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}

function settled() {
  let resolve;
  const promise = new Promise((found) => { resolve = found; });
  return { promise, resolve };
}

/** The header's button: says whether there is a token, and asks for one. */
export function showTokenButton(button) {
  const say = () => fill(button, token() === null ? "Token" : "Token ✓");
  button.addEventListener("click", () => askForToken("With a token you may acknowledge, and read where reading needs one."));
  document.addEventListener("token", say);
  say();
}
