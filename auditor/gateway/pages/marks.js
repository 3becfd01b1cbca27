// Severity and state as a shape, a word and a colour: none of the three has to be seen for the others.

import { drawn, element } from "./elements.js";

const SHAPES = {
  critical: "M6 .5 11.5 6 6 11.5.5 6z",
  warning: "M6 1 11.5 11H.5z",
  info: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1z",
  ordinary: "M6 3a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  none: "M1.5 5h9v2h-9z",
};

/** level: critical, warning, info, ordinary, or none. said: the word that is shown. */
export function mark(level, said = level) {
  const shape = SHAPES[level] ?? SHAPES.none;
  return element("span", { class: "mark", data: { level: SHAPES[level] ? level : "none" } },
    drawn("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, drawn("path", { d: shape })), said);
}
