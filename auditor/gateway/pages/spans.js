// Choosing a span of time: links, so that each choice is an address that can be sent.

import { element, link } from "./elements.js";

/** choices: [name, said] each. path: of a name. chosen: the one that is shown. */
export function spanChoice(choices, chosen, path) {
  return element("div", { class: "spans", role: "group", "aria-label": "Span of time" },
    choices.map(([name, said]) => link(path(name), { "aria-current": name === chosen ? "true" : null }, said)));
}
