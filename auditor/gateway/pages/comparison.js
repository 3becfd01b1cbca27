// What a comparison came to: the verdict, a line a measure with its interval, hours of the day, notes.

import { chart, colour } from "./chart.js";
import { foldedTable } from "./axis.js";
import { announce, drawn, element, section } from "./elements.js";
import { known, time } from "./formats.js";
import { mark } from "./marks.js";

const LEVELS = { better: "ordinary", worse: "critical", mixed: "warning", equivalent: "info", "not enough evidence": "none" };
const STANDINGS = { better: "ordinary", worse: "critical", equivalent: "info" };
const WIDTH = 200;
const FARTHEST = 8;

/** Panels of an answer: {verdict, rest}. */
export function answerPanels(answer, signal) {
  const one = answer.comparison;
  announce(one.says);
  const level = LEVELS[one.verdict];
  return {
    verdict: [
      element("div", { class: "panel verdict", data: { level, verdict: one.verdict } },
        mark(level, one.verdict), element("p", { class: "says" }, one.says),
        element("p", { class: "muted small" }, "Windows of ", time(one.since), " to ", time(one.until),
          ". It may be asked again at any time: looking often does not make it wrong more often.")),
      section("The differences", element("span", { class: "count" }, `${one.candidate} less ${one.baseline}`),
        element("div", { class: "panel scroll", tabindex: "0", role: "region", "aria-label": "The differences" }, differences(one))),
    ],
    rest: [
      hoursSection(answer, signal),
      section("What it rests on", null, element("div", { class: "panel" },
        element("ul", { class: "says-list" }, one.notes.map((each) => element("li", {}, each))))),
    ],
  };
}

function differences(one) {
  const reach = Math.min(Math.max(2, ...one.differences.flatMap((each) => [oriented(each, each.lower), oriented(each, each.upper)])
    .filter(known).map((each) => Math.abs(each) * 1.1)), FARTHEST);
  // roles are spelled out: on a narrow screen the rows are laid out as cards, and stay a table all the same
  const heads = ["measure", one.baseline, one.candidate, "difference", "between"];
  const cell = (attributes, label, ...children) =>
    element("td", { role: "cell", data: { label }, ...attributes }, ...children);
  return element("table", { class: "table comparison", role: "table", "aria-label": "The differences" },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" },
      heads.map((each, at) => element("th", { role: "columnheader", scope: "col", class: at ? "number" : null }, each)),
      element("th", { role: "columnheader", scope: "col" }, element("span", { class: "ends" },
        element("span", {}, "◂ worse"), element("span", {}, "margin"), element("span", {}, "better ▸"))),
      element("th", { role: "columnheader", scope: "col", class: "number" }, "margin"),
      element("th", { role: "columnheader", scope: "col" }, "comes to"))),
    element("tbody", { role: "rowgroup" }, one.differences.map((each, at) => {
      const line = one.lines[at];
      return element("tr", { role: "row" },
        element("th", { role: "rowheader", scope: "row" }, line.measure),
        [line.baseline, line.candidate, line.difference, line.between].map((said, column) =>
          cell({ class: said ? "number" : "number nothing" }, heads[column + 1], said)),
        cell({ class: known(each.estimate) ? "plot" : "plot nothing" }, "", forest(each, line, reach)),
        cell({ class: "number" }, "margin", `${line.margin} ${each.unit}`),
        cell({ class: "standing" }, "comes to", STANDINGS[each.status] ? mark(STANDINGS[each.status], line.comes_to) : line.comes_to));
    })));
}

const DOWN = new Set(["miss_cost_ms", "p50_ms", "p95_ms", "p99_ms", "error_rate"]);

/** In margins, better to the right. */
const oriented = (one, value) => (known(value) ? ((DOWN.has(one.name) ? -1 : 1) * value) / one.margin : null);

function forest(one, line, reach) {
  if (!known(one.estimate)) return null;
  const at = (margins) => (WIDTH / 2) * (1 + Math.max(-1, Math.min(1, margins / reach)));
  const ends = [oriented(one, one.lower) ?? -reach, oriented(one, one.upper) ?? reach].sort((a, b) => a - b);
  const bounded = known(one.lower) && known(one.upper);
  const [from, to] = bounded ? ends : [-reach, reach];
  const svg = drawn("svg", {
    class: "forest", viewBox: `0 0 ${WIDTH} 24`, preserveAspectRatio: "none", role: "img", data: { status: one.status },
    "aria-label": `${line.measure}: ${line.difference}, between ${line.between} ${one.unit}, margin ${line.margin}`,
  });
  svg.append(
    drawn("rect", { class: "margin", x: at(-1), y: 2, width: at(1) - at(-1), height: 20 }),
    drawn("line", { class: "zero", x1: at(0), x2: at(0), y1: 0, y2: 24, "vector-effect": "non-scaling-stroke" }),
    drawn("path", { class: "reach", d: `M${at(from)} 12H${at(to)}`, "vector-effect": "non-scaling-stroke" }),
    drawn("rect", { class: "point", x: at(oriented(one, one.estimate)) - 1.5, y: 6, width: 3, height: 12 }));
  return svg;
}

function hoursSection(answer, signal) {
  const one = answer.comparison;
  const names = [...new Set(one.hours_of_day.map((each) => each.measure))];
  if (names.length === 0) {
    return section("Hours of the day", null, element("div", { class: "panel" }, element("p", { class: "within muted" },
      "Each hour of the day is compared with itself once it was seen on three days, in blocks of an hour.")));
  }
  return element("div", { class: "charts" }, names.map((name) => {
    const of = one.differences.find((each) => each.name === name);
    const hours = one.hours_of_day.filter((each) => each.measure === name);
    const title = `${of.title[0].toUpperCase()}${of.title.slice(1)} by hour of the day`;
    const made = chart({
      make: () => hoursDrawing(hours, of), signal, height: 260,
      label: `${title}: difference and interval of each hour; the figures are in the table below.`,
    });
    made.redraw();
    return section(title, element("span", { class: "count" }, `difference, ${of.unit}; ${answer.time_zone}`),
      element("div", { class: "panel" }, element("div", { class: "within chart-within" }, made.element,
        foldedTable(title, ["Hour", "Difference", "From", "To", "Days", "Loses"], () => hours.map((each) => [
          clockOf(each.hour), signed(each.estimate, of.unit), signed(each.lower, of.unit), signed(each.upper, of.unit),
          String(each.blocks), each.losing ? "yes" : "no",
        ])))));
  }));
}

function hoursDrawing(hours, of) {
  const losing = hours.map((each) => each.losing);
  return {
    traces: [{
      type: "scatter", mode: "markers", x: hours.map((each) => each.hour), y: hours.map((each) => each.estimate),
      marker: {
        size: 8, color: losing.map((each) => colour(each ? "critical" : "series")),
        symbol: losing.map((each) => (each ? "diamond" : "circle")),
      },
      error_y: {
        type: "data", symmetric: false, thickness: 1.2, width: 3, color: colour("muted"),
        array: hours.map((each) => (known(each.upper) ? each.upper - each.estimate : 0)),
        arrayminus: hours.map((each) => (known(each.lower) ? each.estimate - each.lower : 0)),
      },
      text: hours.map((each) => `${clockOf(each.hour)}<br>${signed(each.estimate, of.unit)}, between ${signed(each.lower, of.unit)} and ${
        signed(each.upper, of.unit)}<br>${each.blocks} days${each.losing ? "<br>the candidate loses here" : ""}`),
      hovertemplate: "%{text}<extra></extra>",
    }],
    layout: {
      hovermode: "closest",
      xaxis: { range: [-0.6, 23.6], tickvals: [0, 6, 12, 18, 23], ticktext: [0, 6, 12, 18, 23].map(clockOf), showgrid: false, zeroline: false },
      yaxis: { ticksuffix: of.unit === "%" ? " %" : "", zeroline: true, zerolinewidth: 1.5, zerolinecolor: colour("line-strong") },
    },
  };
}

const clockOf = (hour) => `${String(hour).padStart(2, "0")}:00`;

function signed(value, unit) {
  if (!known(value)) return "unbounded";
  return `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(unit === "points" ? 2 : 1)} ${unit}`;
}
