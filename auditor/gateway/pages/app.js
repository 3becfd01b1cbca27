// The shell: navigation, theme, token, how the page hears, and the reader's time zone.

import { fill } from "./elements.js";
import { ZONE } from "./formats.js";
import { showPulse, startLive } from "./live.js";
import { startRouter } from "./router.js";
import { showTokenButton } from "./session.js";

const THEMES = ["system", "light", "dark"];

function startTheme(button) {
  const root = document.documentElement;
  const chosen = () => root.dataset.theme ?? "system";
  const say = () => {
    fill(button, `Theme: ${chosen()}`);
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // it holds until the page is left
    }
    say();
    document.dispatchEvent(new CustomEvent("theme"));
  });
  say();
}

startTheme(document.getElementById("theme"));
showTokenButton(document.getElementById("token"));
showPulse(document.getElementById("pulse"));
fill(document.getElementById("zone"), `Times are in ${ZONE}, the time zone of this browser.`);
startLive();
startRouter(document.getElementById("page"));
