// What a place says while there is nothing to show: what is missing, and what to do.

import { coded, element } from "./elements.js";
import { Refused } from "./fetching.js";
import { askForToken } from "./session.js";

/** says, more: paragraphs as text or nodes. paste: text to copy. steps: texts of a list. */
export function empty({ title, says = [], paste = null, steps = [], more = [] }) {
  const paragraph = (each) => (each instanceof Node ? each : element("p", {}, coded(each)));
  return element("div", { class: "panel" },
    element("div", { class: "empty" },
      element("h2", {}, title),
      says.map(paragraph),
      paste !== null && element("pre", { class: "paste", tabindex: "0" }, element("code", {}, paste)),
      steps.length > 0 && element("ol", {}, steps.map((each) => element("li", {}, coded(each)))),
      more.map(paragraph)));
}

/** While the first answer is on its way. */
export const waiting = (said = "Loading …") => element("p", { class: "waiting" }, said);

/** What went wrong, and what to do about it. again: called to try once more. */
export function trouble(error, again) {
  const refused = error instanceof Refused ? error : new Refused(0, String(error?.message ?? error));
  if (refused.status === 401 || refused.status === 403) return needsToken(refused, again);
  return empty({
    title: refused.status === 404 ? "Not found" : "That did not work",
    says: [refused.message, refused.advice].filter(Boolean),
    more: [element("button", { type: "button", on: { click: again } }, "Try again")],
  });
}

function needsToken(refused, again) {
  const asked = async () => {
    if (await askForToken("Reading here needs a token with the scope read.")) again();
  };
  return empty({
    title: refused.status === 401 ? "Reading here needs a token" : "This token may not read",
    says: [refused.message],
    more: [element("button", { type: "button", class: "main", on: { click: asked } }, "Enter a token")],
  });
}
