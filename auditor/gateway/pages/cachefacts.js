// A cache's figures over the whole span, and its observations as a list with links.

import { element, link, section } from "./elements.js";
import { amount, bytes, known, number, span as length, time } from "./formats.js";
import { mark } from "./marks.js";
import { observationPath } from "./router.js";

const sum = (values) => values.reduce((whole, each) => whole + (each ?? 0), 0);
const last = (values) => values.findLast((each) => each !== null) ?? null;

/** Terms and figures: sums over sums of the span. */
export function factsOf({ counts, grid }) {
  const minutes = sum(counts.measured_minutes);
  const gets = sum(counts.gets);
  const told = sum(counts.hits) + sum(counts.misses);
  const errors = sum(counts.errors);
  const operations = sum(counts.operations);
  const evictions = sum(counts.evictions_per_minute.map((each, at) => (each ?? 0) * counts.measured_minutes[at]));
  const gap = (Date.parse(grid.until) - Date.parse(grid.since)) / 60_000 - minutes;
  const memory = last(counts.memory_bytes);
  return [
    fact("Hit rate", amount(told > 0 ? (100 * sum(counts.hits)) / told : null, "%"),
      `${number(sum(counts.hits))} hits, ${number(sum(counts.misses))} misses`),
    fact("Traffic", amount(minutes > 0 ? gets / minutes : null, "/min"), "gets, mean of the minutes heard"),
    fact("Errors", amount(operations > 0 ? (100 * errors) / operations : null, "%"), `${number(errors)} of ${number(operations)} operations`),
    fact("Evictions", amount(minutes > 0 ? evictions / minutes : null, "/min"), `${number(evictions)} in all`),
    known(memory) && fact("Memory", bytes(memory), fill(counts)),
    known(last(counts.entries)) && fact("Entries held", number(last(counts.entries)), "at the last word"),
    fact("Heard", length(minutes * 60), gap > 1 ? `${length(gap * 60)} without a window` : "no gap"),
  ];
}

function fill(counts) {
  const percent = last(counts.fill_percent);
  return known(percent) ? `${amount(percent, "%")} of the limit` : "no limit is known";
}

function fact(term, value, note) {
  return element("div", {}, element("dt", {}, term), element("dd", {}, value, element("span", { class: "note" }, note)));
}

/** The observations that the charts mark. */
export function observationList({ observations, observations_left_out: more, implementation_type: own }) {
  if (observations.length === 0) return null;
  return section("Observations in this span", element("span", { class: "count" }, more ? `the weightiest ${observations.length}` : `${observations.length}`),
    element("div", { class: "panel" }, element("ul", { class: "marks" }, observations.map((each) => element("li", {},
      mark(each.severity), link(observationPath(each.id), { class: "name" }, each.title),
      element("span", { class: "muted small" },
        time(each.first_window), each.resolved_at === null ? " to now, open" : [" to ", time(each.resolved_at)],
        each.acknowledged && ", acknowledged",
        each.implementation_type !== null && each.implementation_type !== own && `, began in ${each.implementation_type}`))))));
}
