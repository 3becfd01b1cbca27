// Observations in a list: those that are open, ranked, and below them those that are over.

import { element, fill, link } from "./elements.js";
import { number, secondsBetween, span, time, waited } from "./formats.js";
import { Keyed } from "./keyed.js";
import { mark } from "./marks.js";
import { observationPath } from "./router.js";

/** The panel of Now: {node, show(open, over, now, series), tick(now)}. */
export function problems() {
  const open = element("ol", { class: "problems" });
  const nothing = element("p", { class: "waiting" });
  const over = element("ol", { class: "problems" });
  const summary = element("summary");
  const resolved = element("details", { class: "resolved" }, summary, over);
  const node = element("div", { class: "panel" }, open, nothing, resolved);
  const lists = [new Keyed(open), new Keyed(over)];
  return {
    node,
    show(rows, past, now, series) {
      lists[0].show(rows, (each) => each.id, problem);
      lists[1].show(past, (each) => each.id, problem);
      open.hidden = rows.length === 0;
      nothing.hidden = rows.length > 0;
      fill(nothing, calm(series));
      resolved.hidden = past.length === 0;
      fill(summary, `${number(past.length)} resolved in the last 24 h`);
      this.tick(now);
    },
    tick(now) {
      for (const each of open.querySelectorAll("[data-lasting]")) {
        fill(each, span((now - new Date(each.dataset.lasting)) / 1000));
      }
    },
  };
}

function calm(series) {
  const unjudged = series.filter((each) => each.state === "not judged").length;
  if (unjudged === 0) return "Nothing is open: every window that was judged is ordinary.";
  return `Nothing is open. ${number(unjudged)} of ${number(series.length)} implementations are not judged yet.`;
}

/** One observation as a list's item. */
export function problem(row) {
  const open = row.state === "open";
  return element("li", { class: "problem", data: { id: row.id, acknowledged: String(row.acknowledged) } },
    open ? mark(row.severity) : mark("none", `was ${row.severity}`),
    element("div", { class: "what" },
      link(observationPath(row.id), {}, row.title),
      element("p", {}, below(row))),
    element("dl", { class: "sizes" },
      open
        ? size("since", time(row.first_window), " · ", element("span", { data: { lasting: row.first_window } }))
        : size("from", time(row.first_window), " for ", span(secondsBetween(row.first_window, row.resolved_at))),
      size("extra waiting", waited(row.cost_ms)),
      size("rank", number(row.rank), element("span", { class: "muted" }, " / 100"))));
}

const size = (name, ...said) => element("div", {}, element("dt", {}, name), element("dd", {}, ...said));

function below(row) {
  const parts = [row.cause ? `Likely cause: ${row.cause}` : "No known cause fits"];
  if (row.also.length) {
    parts.push(`also ${row.also.map((each) => `${each.cache_name}/${each.implementation_type}`).join(", ")}`);
  }
  if (row.acknowledged) parts.push(`✓ acknowledged by ${row.acknowledged_by}`);
  return parts.join(" · ");
}
