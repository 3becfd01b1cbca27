// The charts of a cache over time: counts and rates, levels, response times.

import { band, foldedTable, followMarks, line, marked, timeAxis, times } from "./axis.js";
import { chart, colour } from "./chart.js";
import { element, fill, section } from "./elements.js";
import { trouble, waiting } from "./empty.js";
import { amount, bytes, bytesUnit, clock, known, number, rounded } from "./formats.js";
import { anyTimes, heatDrawing } from "./heat.js";

const some = (values) => values.some(known);

/** Panels of counts and levels. Returns {first, rest, update(history)}: the first two, and the others. */
export function chartPanels(first, signal) {
  let shown = first;
  const panels = PANELS.map((panel) => {
    const place = chart({ make: () => drawing(panel, shown), label: panel.label, signal, height: 260 });
    followMarks(place.element, signal);
    const table = element("div");
    const whole = section(panel.title, element("span", { class: "count" }, panel.unit),
      element("div", { class: "panel" }, element("div", { class: "within chart-within" }, place.element, panel.note && element("p", { class: "muted small" }, panel.note), table)));
    return { panel, place, table, whole };
  });
  const noLevels = section("Memory and entries", null, levelsTaught());
  const update = (history) => {
    shown = history;
    for (const { panel, place, table, whole } of panels) {
      whole.hidden = !panel.lines.some(({ of }) => some(history.counts[of]));
      if (whole.hidden) continue;
      place.redraw();
      fill(table, tableOf(panel, history));
    }
    noLevels.hidden = some(history.counts.memory_bytes) || some(history.counts.entries);
  };
  const wholes = panels.map((each) => each.whole);
  return { first: wholes.slice(0, 2), rest: [...wholes.slice(2), noLevels], update };
}

const PANELS = [
  {
    title: "Hit rate", unit: "% of hits and misses", metric: "hit_rate", ticks: " %",
    label: "Hit rate over time with its expected band; the figures are in the table below.",
    lines: [{ of: "hit_rate_percent", name: "hit rate", unit: "%", ink: "series", provisional: true }],
  },
  {
    title: "Traffic", unit: "gets a minute", metric: "traffic", ticks: "", zero: true,
    label: "Gets a minute over time with their expected band; the figures are in the table below.",
    lines: [{ of: "gets_per_minute", name: "gets", unit: "/min", ink: "series", digits: 1, provisional: true }],
  },
  {
    title: "Errors", unit: "% of operations", ticks: " %", zero: true,
    label: "Share of operations that failed over time; the figures are in the table below.",
    lines: [{ of: "error_rate_percent", name: "error rate", unit: "%", ink: "critical" }],
  },
  {
    title: "What leaves and what comes in", unit: "operations a minute", ticks: "", zero: true, legend: true,
    label: "Evictions, expirations, sets and deletes a minute over time; the figures are in the table below.",
    lines: [
      { of: "evictions_per_minute", name: "evictions", unit: "/min", ink: "series", digits: 1 },
      { of: "expirations_per_minute", name: "expirations", unit: "/min", ink: "other", digits: 1, dash: "dash" },
      { of: "sets_per_minute", name: "sets", unit: "/min", ink: "muted", digits: 1, dash: "dot" },
      { of: "deletes_per_minute", name: "deletes", unit: "/min", ink: "warning", digits: 1, dash: "dashdot" },
    ],
  },
  {
    title: "Memory", unit: "of all nodes heard", ticks: "", zero: true, legend: true, bytes: true,
    label: "Memory and its limit over time; the figures are in the table below.",
    lines: [
      { of: "memory_bytes", name: "memory", unit: "B", ink: "series", digits: 0 },
      { of: "memory_limit_bytes", name: "limit", unit: "B", ink: "muted", digits: 0, dash: "dash" },
    ],
  },
  {
    title: "Fill", unit: "% of the memory limit", ticks: " %", zero: true,
    label: "Memory as a share of its limit over time; the figures are in the table below.",
    lines: [{ of: "fill_percent", name: "fill", unit: "%", ink: "series", digits: 1 }],
  },
  {
    title: "Entries held", unit: "entries", ticks: "", zero: true,
    label: "Entries held over time; the figures are in the table below.",
    lines: [{ of: "entries", name: "entries", unit: "", ink: "series", digits: 0 }],
  },
  {
    title: "Clients", unit: "connections", ticks: "", zero: true,
    label: "Connected clients over time; the figures are in the table below.",
    lines: [{ of: "clients", name: "clients", unit: "", ink: "series", digits: 1 }],
  },
];

function drawing(panel, history) {
  const { counts, grid } = history;
  const x = times(grid, counts.gets.length);
  const expected = history.expected.find((each) => each.metric === panel.metric);
  const marks = marked(history.observations, grid);
  const traces = [];
  if (expected?.lower) traces.push(...band({ x, lower: expected.lower, upper: expected.upper, name: "expected band of a minute", unit: expected.unit }));
  if (expected) {
    traces.push(...line({ x, y: expected.centre, name: "expected", unit: expected.unit, ink: colour("muted"), dash: "dot", width: 1.2 }));
  }
  const told = panel.lines.filter((each) => some(counts[each.of]));
  const { size, unit } = panel.bytes ? bytesUnit(told.flatMap((each) => counts[each.of])) : { size: 1, unit: null };
  for (const each of told) {
    const y = panel.bytes ? counts[each.of].map((value) => (value === null ? null : value / size)) : counts[each.of];
    const scaled = panel.bytes ? { unit, digits: 2 } : {};
    traces.push(...line({ ...each, ...scaled, x, y, ink: colour(each.ink), provisional: each.provisional ? counts.provisional : [] }));
  }
  return {
    traces: [...traces, ...marks.traces],
    layout: {
      xaxis: timeAxis(grid), shapes: marks.shapes, ...marks.layout, showlegend: Boolean(panel.legend || expected),
      margin: { l: 8, r: 12, t: 12, b: 8 },
      yaxis: {
        tickformat: ",~r", ticksuffix: unit === null ? panel.ticks : ` ${unit}`, nticks: 6,
        ...(panel.zero && { rangemode: "tozero" }),
      },
    },
  };
}

function tableOf(panel, { counts, grid }) {
  const columns = panel.lines.filter(({ of }) => some(counts[of]));
  const said = (value, unit) => (panel.bytes ? bytes(value) : amount(value, unit));
  return foldedTable(`${panel.title} over time`, ["From", ...columns.map((each) => each.name), "Minutes heard"],
    () => counts.measured_minutes.map((minutes, at) => [
      clock(Date.parse(grid.since) + at * grid.step_minutes * 60_000),
      ...columns.map((each) => said(counts[each.of][at], each.unit)), number(minutes),
    ]));
}

function levelsTaught() {
  return element("div", { class: "panel" }, element("div", { class: "empty" },
    element("h3", {}, "Not known"),
    element("p", {}, "What a cache holds is known where an agent polls its server, or where the application records cache_size. For a Redis:"),
    element("pre", { class: "paste", tabindex: "0" }, element("code", {}, "cache-auditor collect redis cache-1:6379#cache=sessions"))));
}

/** Panels of response times. Returns {element, update(answer), fail(error)}. */
export function timesPanels(signal) {
  const place = element("div", { class: "inline" }, section("Response times", null, waiting()));
  let shown = null;
  let charts = [];
  const update = (answer) => {
    const drawn = charts.length > 0;
    shown = answer;
    if (!some(answer.gets.p50_ms)) {
      charts = [];
      fill(place, section("Response times", null, timesTaught()));
    } else if (drawn) charts.forEach((each) => each.redraw());
    else {
      charts = [
        panelOf("Response times", "ms, of gets", () => quantileDrawing(shown), "Median, 95th and 99th percentile of the response times of gets; the figures are in the table below.", quantileTable),
        ...["hits", "misses"].filter((kind) => anyTimes(answer.heat, kind)).map((kind) =>
          panelOf(`How long ${kind} took`, `% of a column's ${kind}`, () => heatDrawing(shown.heat, kind, shown.grid),
            `Heat map of the response times of ${kind}: time across, response time up, darker where more of them lie.`)),
      ];
      fill(place, charts.map((each) => each.whole));
      charts.forEach((each) => each.redraw());
    }
  };
  const panelOf = (title, unit, make, label, table = () => null) => {
    const made = chart({ make, label, signal, height: 280 });
    const below = element("div");
    const whole = section(title, element("span", { class: "count" }, unit),
      element("div", { class: "panel" }, element("div", { class: "within chart-within" }, made.element, below)));
    return { whole, redraw: () => { made.redraw(); fill(below, table(shown)); } };
  };
  const fail = (error, again) => fill(place, section("Response times", null, trouble(error, again)));
  return { element: place, update, fail };
}

function quantileDrawing({ gets, grid }) {
  const x = times(grid, gets.p50_ms.length);
  const shared = { x, unit: "ms", digits: 3 };
  return {
    traces: [
      ...line({ ...shared, y: gets.p99_ms, name: "p99", ink: colour("muted"), dash: "dot", width: 1.2 }),
      ...line({ ...shared, y: gets.p95_ms, name: "p95", ink: colour("other") }),
      ...line({ ...shared, y: gets.p50_ms, name: "p50, the median", ink: colour("series") }),
    ],
    layout: {
      xaxis: timeAxis(grid), showlegend: true, margin: { l: 8, r: 12, t: 12, b: 8 },
      yaxis: { type: "log", ticksuffix: " ms", tickformat: "~r", dtick: innerWidth < 640 ? 1 : "D2" },
    },
  };
}

function quantileTable({ gets, grid }) {
  return foldedTable("Response times over time", ["From", "p50", "p95", "p99"], () => gets.p50_ms.map((each, at) => [
    clock(Date.parse(grid.since) + at * grid.step_minutes * 60_000),
    ...[each, gets.p95_ms[at], gets.p99_ms[at]].map((value) => (known(value) ? `${rounded(value)} ms` : "–")),
  ]));
}

function timesTaught() {
  return element("div", { class: "panel" }, element("div", { class: "empty" },
    element("h3", {}, "No response time is known"),
    element("p", {}, "They come from collectors inside the application. An agent that polls a server sees counts alone; " +
      "wrap the client, and each get is timed:"),
    element("pre", { class: "paste", tabindex: "0" }, element("code", {},
      'from collector.adapters.redis import watched\n\ncache = watched(redis.Redis(), cache_name="sessions", implementation_type="new")'))));
}
