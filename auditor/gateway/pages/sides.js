// Both implementations on one axis of time: hit rate, response times, traffic.

import { line, timeAxis, times } from "./axis.js";
import { chart, colour, onClock } from "./chart.js";
import { element, fill, section } from "./elements.js";
import { waiting } from "./empty.js";
import { ask } from "./fetching.js";
import { known } from "./formats.js";

const DAY_MS = 86_400_000;

/** Caches that have two implementations or more: cache name → their names, in order. */
export function pairsOf(series) {
  const found = new Map();
  for (const each of series) found.set(each.cache_name, [...(found.get(each.cache_name) ?? []), each.implementation_type].sort());
  return new Map([...found].filter(([, names]) => names.length > 1).sort(([one], [other]) => one.localeCompare(other)));
}

/** Charts of both sides over the span that was compared; they come when they are read. */
export function sidesBySide(answer, signal) {
  const place = element("div", { class: "charts" }, section("Side by side", null, waiting()));
  draw(place, answer, signal).catch((error) => {
    if (!signal.aborted) fill(place, section("Side by side", null, element("p", { class: "fault" }, error.message)));
  });
  return place;
}

async function draw(place, answer, signal) {
  const { cache_name, baseline, candidate } = answer.comparison;
  const days = (Date.parse(answer.asked_until) - Date.parse(answer.asked_since)) / DAY_MS;
  const span = days <= 1 ? "24h" : days <= 7 ? "7d" : days <= 30 ? "30d" : "1y";
  const asked = (implementation_type) => ({ cache_name, implementation_type, span, until: answer.asked_until });
  const read = (what, name) => ask(`/v1/cache/${what}`, { query: asked(name), signal });
  const [old, young] = await Promise.all([read("history", baseline), read("history", candidate)]);
  // one after the other: few of these are answered at a time
  const speeds = [await read("response-times", baseline), await read("response-times", candidate)];
  if (signal.aborted) return;
  const sides = [
    { name: baseline, history: old, times: speeds[0], ink: "other", dash: "dash" },
    { name: candidate, history: young, times: speeds[1], ink: "series", dash: "solid" },
  ];
  const panels = PANELS.filter((panel) => sides.some((side) => panel.of(side).some(known))).map((panel) => {
    const made = chart({ make: () => drawing(panel, sides, answer), label: `${panel.title} of ${baseline} and ${candidate} over time`, signal, height: 260 });
    made.redraw();
    return section(panel.title, element("span", { class: "count" }, panel.unit),
      element("div", { class: "panel" }, element("div", { class: "within chart-within" }, made.element)));
  });
  if (panels.length) fill(place, panels);
  else fill(place, section("Side by side", null, element("p", { class: "muted" }, "Nothing is known of these times by the hour.")));
}

const PANELS = [
  { title: "Hit rate", unit: "% of hits and misses", ticks: " %", of: ({ history }) => history.counts.hit_rate_percent, grid: ({ history }) => history.grid, suffix: "%" },
  { title: "95th percentile", unit: "ms, of gets", ticks: " ms", of: ({ times: found }) => found.gets.p95_ms, grid: ({ times: found }) => found.grid, suffix: "ms", zero: true },
  { title: "Traffic", unit: "gets a minute", ticks: "", of: ({ history }) => history.counts.gets_per_minute, grid: ({ history }) => history.grid, suffix: "/min", zero: true },
  { title: "Errors", unit: "% of operations", ticks: " %", of: ({ history }) => history.counts.error_rate_percent, grid: ({ history }) => history.grid, suffix: "%", zero: true },
];

function drawing(panel, sides, answer) {
  const grid = panel.grid(sides[0]);
  return {
    traces: sides.flatMap((side) => {
      const y = panel.of(side);
      return line({ x: times(panel.grid(side), y.length), y, name: side.name, unit: panel.suffix, ink: colour(side.ink), dash: side.dash });
    }),
    layout: {
      xaxis: { ...timeAxis(grid), range: [onClock(answer.asked_since), onClock(answer.asked_until)] },
      yaxis: { ticksuffix: panel.ticks, tickformat: ",~r", nticks: 6, ...(panel.zero && { rangemode: "tozero" }) },
      showlegend: true, margin: { l: 8, r: 12, t: 12, b: 8 },
    },
  };
}
