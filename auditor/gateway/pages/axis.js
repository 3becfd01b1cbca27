// What the charts over time share: where points lie, lines with honest gaps, marks of observations.

import { colour, onClock, plain } from "./chart.js";
import { element } from "./elements.js";
import { clock } from "./formats.js";
import { go, observationPath } from "./router.js";

const MINUTE_MS = 60_000;
const SYMBOLS = { critical: "diamond", warning: "triangle-up", info: "circle" };

/** The beginning of each point of a grid, on the reader's clock. */
export function times(grid, count) {
  const first = Date.parse(grid.since);
  return Array.from({ length: count }, (_, at) => onClock(first + at * grid.step_minutes * MINUTE_MS));
}

/** The axis of time of a grid. */
export function timeAxis(grid) {
  return {
    type: "date", range: [onClock(grid.since), onClock(grid.until)], hoverformat: "%a %-d %b, %H:%M",
    tickformatstops: [
      { dtickrange: [null, 86_399_999], value: "%H:%M\n%a %-d %b" },
      { dtickrange: [86_400_000, 27 * 86_400_000], value: "%-d %b" },
      { dtickrange: [27 * 86_400_000, null], value: "%b %Y" },
    ],
    nticks: innerWidth < 640 ? 4 : 8, tickangle: 0,
  };
}

/**
 * A line over time: what is missing is a gap, what stands alone a dot, an open minute a ring.
 *
 * unit: behind the hovered figure. digits: after its point. Returns the traces: dots are one of their own,
 * since plotly makes an element of each.
 */
export function line({ x, y, name, unit, ink, digits = 2, dash = "solid", width = 1.6, provisional = [] }) {
  const known = (at) => (y[at] ?? null) !== null;
  const places = y.map((_, at) => at).filter((at) => known(at) && (provisional[at] || (!known(at - 1) && !known(at + 1))));
  const shared = { type: "scatter", hovertemplate: `%{y:,.${digits}f}${unit ? ` ${unit}` : ""}<extra>${plain(name)}</extra>` };
  const course = { ...shared, x, y, name: plain(name), mode: "lines", connectgaps: false, line: { color: ink, width, dash } };
  if (places.length === 0) return [course];
  return [{
    ...shared, x: places.map((at) => x[at]), y: places.map((at) => y[at]), mode: "markers", showlegend: false, hoverinfo: "skip",
    hovertemplate: null,
    marker: {
      color: ink, size: places.map((at) => (provisional[at] ? 8 : 5)),
      symbol: places.map((at) => (provisional[at] ? "circle-open" : "circle")),
    },
  }, course];
}

/** The band between two bounds; its gaps are gaps. Two traces, the lower bound first. */
export function band({ x, lower, upper, name, unit, digits = 2 }) {
  const invisible = { type: "scatter", mode: "lines", line: { width: 0 }, connectgaps: false, showlegend: false };
  const said = (word) => `%{y:,.${digits}f}${unit ? ` ${unit}` : ""}<extra>${word}</extra>`;
  return runs(lower, upper).flatMap(([first, last], at) => [
    { ...invisible, x: x.slice(first, last), y: lower.slice(first, last), hovertemplate: said("at least") },
    {
      ...invisible, x: x.slice(first, last), y: upper.slice(first, last), name, fill: "tonexty",
      fillcolor: colour("band"), showlegend: at === 0, legendgroup: "band", hovertemplate: said("at most"),
    },
  ]);
}

/** The unbroken stretches [first, last) in which both are known. */
function runs(lower, upper) {
  const found = [];
  for (let at = 0; at < lower.length; at += 1) {
    if (lower[at] === null || upper[at] === null) continue;
    if (found.length && found.at(-1)[1] === at) found.at(-1)[1] = at + 1;
    else found.push([at, at + 1]);
  }
  return found;
}

/** Observations on a chart: a shaded stretch each, and a sign above where it begins. */
export function marked(observations, grid) {
  const [begins, ends] = [Date.parse(grid.since), Date.parse(grid.until)];
  const spans = observations.map((each) => ({
    ...each,
    from: Math.max(Date.parse(each.first_window), begins),
    to: Math.min(each.resolved_at === null ? ends : Date.parse(each.resolved_at), ends),
  }));
  return {
    shapes: spans.map((each) => ({
      type: "rect", xref: "x", yref: "paper", layer: "below", y0: 0, y1: 1, line: { width: 0 },
      x0: onClock(each.from), x1: onClock(Math.max(each.to, each.from + MINUTE_MS)), fillcolor: colour(`${each.severity}-soft`),
    })),
    traces: spans.length === 0 ? [] : [{
      type: "scatter", mode: "markers", yaxis: "y2", showlegend: false, cliponaxis: false,
      x: spans.map((each) => onClock(each.from)), y: spans.map(() => 1),
      marker: {
        size: 11, color: spans.map((each) => colour(each.severity)),
        symbol: spans.map((each) => SYMBOLS[each.severity]), line: { width: 1, color: colour("surface") },
      },
      customdata: spans.map((each) => each.id),
      text: spans.map((each) => `${each.severity}: ${plain(cut(each.title))}<br>since ${plain(clock(each.first_window))}`),
      hovertemplate: "%{text}<extra></extra>",
    }],
    layout: { yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true } },
  };
}

const cut = (text) => (text.length > 90 ? `${text.slice(0, 89)}…` : text);

/** A click on a mark leads to its observation; the list below does so for the keyboard. */
export function followMarks(place, signal) {
  const wait = setInterval(() => {
    if (typeof place.on !== "function") return;
    clearInterval(wait);
    place.on("plotly_click", (event) => {
      const id = event.points.find((each) => each.data.yaxis === "y2")?.customdata;
      if (id) go(observationPath(id));
    });
  }, 100);
  signal.addEventListener("abort", () => clearInterval(wait));
}

/** The figures behind a chart as a table, made when it is opened. rows: called then. */
export function foldedTable(caption, columns, rows) {
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption });
  const fold = element("details", { class: "chart-table" },
    element("summary", {}, "Figures", element("span", { class: "hidden" }, `: ${caption}`)), scroll);
  fold.addEventListener("toggle", () => {
    if (!fold.open) return;
    scroll.replaceChildren(element("table", { class: "table" },
      element("thead", {}, element("tr", {}, columns.map((each) => element("th", { scope: "col" }, each)))),
      element("tbody", {}, rows().map((row) => element("tr", {},
        row.map((cell, at) => element("td", at ? { class: "number" } : {}, cell)))))));
  });
  return fold;
}
