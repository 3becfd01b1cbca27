// A metric around an observation: what it was, what was expected, and how strange each minute was.

import { chart, chartTable, colour, onClock, plain } from "./chart.js";
import { drawn, element, fill } from "./elements.js";
import { ask } from "./fetching.js";
import { amount, between, clock, known, number } from "./formats.js";

const TITLES = {
  hit_rate: "hit rate", error_rate: "error rate", traffic: "traffic", hit_latency_ms: "hit time",
  miss_latency_ms: "load time", p95_response_time_ms: "95th percentile of response time",
};

/** {node, look(row)}: the chart, and drawing it anew with what has come since. */
export function courseChart(path, row, signal) {
  const choice = element("select", { id: "metric", on: { change: () => look() } });
  const note = element("p", { class: "muted small" });
  const legend = element("ul", { class: "legend" });
  const body = element("div");
  const node = element("div", { class: "panel chart-panel" },
    element("div", { class: "chart-head" }, legend, element("div", { class: "field" },
      element("label", { for: "metric" }, "Metric"), choice)),
    body, element("div", { class: "chart-foot" }, note));
  let course = null;
  const picture = chart({
    make: () => figures(course, row), label: `${row.metric_title ?? "Metric"}, expected and actual`, signal, height: 380,
  });
  const look = async () => {
    try {
      course = await ask(`${path}/course`, { query: { metric: choice.value || null }, signal });
    } catch (error) {
      if (!signal.aborted && course === null) fill(body, element("p", { class: "fault within" }, error.message));
      return;
    }
    showChoice(choice, course);
    fill(note, says(course));
    fill(legend, keys(course, row));
    picture.element.setAttribute("aria-label", spoken(course));
  
    const opened = body.querySelector("details")?.open ?? false;
    fill(body, picture.element, asTable(course));
    body.querySelector("details").open = opened;
    await picture.redraw();
  };
  return { node, look };
}

function showChoice(choice, course) {
  if (choice.options.length) return;
  const names = course.metrics.includes(course.metric) ? course.metrics : [course.metric, ...course.metrics];
  fill(choice, names.map((each) => element("option", { value: each }, TITLES[each] ?? course.metric_title)));
  choice.value = course.metric;
}

function says(course) {
  const band = course.expected.some(known)
    ? "The band is what one ordinary minute may be."
    : "There is no baseline of it, so no band.";
  const surprise = "A bar is how strange a scored minute was; from the dotted line on, in red, an observation opens. Minutes without one were not scored, or not judged.";
  return [band, surprise, course.cut && "It is longer than what is shown."].filter(Boolean).join(" ");
}

/** The lines' names beside their looks: plotly's own legend stands in the chart's way on a phone. */
function keys(course, row) {
  const stroke = (name, dash, width) => drawn("svg", { viewBox: "0 0 20 12", "aria-hidden": "true" },
    drawn("line", { x1: 0, x2: 20, y1: 6, y2: 6, stroke: `var(--${name})`, "stroke-width": width, "stroke-dasharray": dash }));
  const area = drawn("svg", { viewBox: "0 0 20 12", "aria-hidden": "true" },
    drawn("rect", { width: 20, height: 12, fill: "var(--band)" }));
  const expected = course.expected.some(known);
  return [
    [stroke("series", null, 2), row.implementation_type ?? "actual"],
    ...course.siblings.map((each) => [stroke("other", null, 1), each.implementation_type]),
    ...(expected ? [[stroke("muted", "2 3", 1.5), "expected"], [area, "band"]] : []),
  ].map(([picture, said]) => element("li", {}, picture, element("span", { class: "clip" }, said)));
}

function spoken(course) {
  const values = course.values.filter(known);
  if (!values.length) return `${course.metric_title}: nothing was measured`;
  return `${course.metric_title} by the minute since ${clock(course.start)}: from ${amount(Math.min(...values), course.unit)} `
    + `to ${amount(Math.max(...values), course.unit)}, last ${amount(values.at(-1), course.unit)}; the table below has each minute`;
}

const minuteOf = (course, at) => new Date(new Date(course.start).getTime() + 60_000 * at);

function figures(course, row) {
  const x = course.values.map((_, at) => onClock(minuteOf(course, at)));
  const digits = course.unit === "%" ? ".1f" : ",.3~g";
  const unit = course.unit ? ` ${course.unit}` : "";
  const line = (name, y, more) => ({
    x, y, name, type: "scatter", mode: "lines", hovertemplate: `%{y:${digits}}${unit}`, ...more,
  });
  const strange = course.surprise.map((each) => known(course.opening_surprise) && known(each) && each >= course.opening_surprise);
  const traces = [
    line("lower", course.lower, { line: { width: 0 }, hoverinfo: "skip", hovertemplate: null, showlegend: false }),
    line("band of one minute", course.upper, { line: { width: 0 }, fill: "tonexty", fillcolor: colour("band"), hoverinfo: "skip", hovertemplate: null }),
    line("expected", course.expected, { line: { color: colour("muted"), width: 1.5, dash: "dot" } }),
    ...course.siblings.map((each) => line(plain(each.implementation_type), each.values, { line: { color: colour("other"), width: 1 }, opacity: 0.75 })),
    line(plain(row.implementation_type ?? "actual"), course.values, { line: { color: colour("series"), width: 2 } }),
    {
      x: x.filter((_, at) => course.scored[at]), y: course.surprise.filter((_, at) => course.scored[at]), yaxis: "y2",
      type: "bar", name: "surprise", showlegend: false, hovertemplate: "%{y:.1f}",
      marker: { color: strange.filter((_, at) => course.scored[at]).map((each) => colour(each ? "critical" : "line-strong")) },
    },
  ];
  return { traces, layout: layout(course) };
}

function layout(course) {
  const from = onClock(course.first_window);
  const to = onClock(course.resolved_at ?? minuteOf(course, course.values.length));
  const edge = { type: "line", xref: "x", yref: "paper", x0: from, x1: from, y0: 0, y1: 1, line: { color: colour("muted"), width: 1, dash: "dash" } };
  const opens = { type: "line", xref: "paper", yref: "y2", x0: 0, x1: 1, y0: course.opening_surprise, y1: course.opening_surprise, line: { color: colour("muted"), width: 1, dash: "dot" } };
  const scored = course.surprise.filter(known);
  const most = Math.max(2 * (course.opening_surprise ?? 1), ...scored);
  // a great one would hide all others; the bar is cut, the words beside the pointer are not
  const top = known(course.opening_surprise) ? Math.min(most, 6 * course.opening_surprise) : most;
  return {
    margin: { l: 8, r: 12, t: 12, b: 8 },
    shapes: [
      { type: "rect", xref: "x", yref: "paper", x0: from, x1: to, y0: 0, y1: 1, fillcolor: colour("critical"), opacity: 0.05, line: { width: 0 } },
      edge, ...(known(course.opening_surprise) ? [opens] : []),
    ],
    bargap: 0.1,
    xaxis: { type: "date", showgrid: false, anchor: "y2", hoverformat: "%a %H:%M", tickformat: "%H:%M\n%a %e %b" },
    yaxis: { domain: [0.3, 1], title: { text: `${course.metric_title}${course.unit ? `, ${course.unit}` : ""}` }, rangemode: course.unit === "%" ? "normal" : "tozero", nticks: 6 },
    yaxis2: { domain: [0, 0.2], title: { text: "surprise" }, range: [0, 1.05 * top], nticks: 3 },
  };
}

function asTable(course) {
  const rows = course.values.map((value, at) => [
    clock(minuteOf(course, at)), amount(value, course.unit), amount(course.expected[at], course.unit),
    between(course.lower[at], course.upper[at], course.unit),
    course.scored[at] ? (known(course.surprise[at]) ? number(course.surprise[at], 1) : "not judged") : "not scored",
  ]);
  return chartTable("Each minute", ["Minute", "Actual", "Expected", "Band", "Surprise"], rows.reverse());
}
