// What happened to an observation: each transition, by whom, and what they wrote.

import { element } from "./elements.js";
import { time } from "./formats.js";

const WORDS = {
  opened: "Opened", escalated: "Escalated", acknowledged: "Acknowledged", revoked: "Acknowledgement revoked",
  reopened: "Reopened", resolved: "Resolved", changed: "Told anew",
};

/** Its history, oldest first. */
export function history(row) {
  if (!row.history.length) {
    return element("p", { class: "muted" }, "The change log keeps 7 days; nothing of it is left.");
  }
  return element("div", { class: "panel" }, element("ol", { class: "history" }, row.history.map((each) =>
    element("li", {}, time(each.changed_at), element("span", {}, said(each))))));
}

function said(change) {
  const by = change.by ? ` by ${change.by}` : "";
  const reason = change.reason ? `: ${change.reason}` : "";
  const note = change.note ? `, “${change.note}”` : "";
  const severity = ["opened", "escalated", "reopened"].includes(change.kind) ? ` as ${change.severity}` : "";
  return `${WORDS[change.kind] ?? change.kind}${severity}${by}${reason}${note}`;
}
