// The ordinary week: what the baseline in force expects of each hour, with the band of a minute.

import { chart, colour } from "./chart.js";
import { foldedTable } from "./axis.js";
import { element, fill } from "./elements.js";
import { amount, between, number, time } from "./formats.js";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const SLOTS = 168;

/** The panel of the week. found: the answer of /v1/cache/week. */
export function weekPanel(found, signal) {
  if (found.baseline === null || found.metrics.length === 0) return notLearned();
  let shown = found.metrics[0];
  const place = chart({
    make: () => weekDrawing(shown, found.baseline.time_zone), signal, height: 300,
    label: "The ordinary week: expected value and band by hour of the week; the figures are in the table below.",
  });
  const select = element("select", { id: "week-metric", on: { change: () => {
    shown = found.metrics[select.selectedIndex];
    place.redraw();
    tell();
  } } }, found.metrics.map((each) => element("option", {}, `${each.title}${each.unit ? `, ${each.unit}` : ""}`)));
  const table = element("div");
  const tell = () => fill(table, weekTable(shown));
  tell();
  place.redraw();
  return element("div", { class: "panel" }, element("div", { class: "within chart-within" },
    element("div", { class: "choices" }, element("div", { class: "field" },
      element("label", { for: "week-metric" }, "Metric"), select)),
    place.element,
    element("p", { class: "muted small" },
      `Baseline ${found.baseline.version}, learned from ${number(found.baseline.windows)} minutes from `,
      time(found.baseline.fitted_since), " to ", time(found.baseline.fitted_until),
      `. Hours are those of ${found.baseline.time_zone}, the zone of the cache's week. `,
      "The band is where a single minute with that hour's usual traffic lies."),
    table));
}

function weekDrawing(metric, zone) {
  const x = Array.from({ length: SLOTS }, (_, slot) => slot);
  const said = (word) => metric[word].map((each) => `${word === "centre" ? "expected " : ""}${amount(each, metric.unit)}`);
  const hidden = { type: "scatter", mode: "lines", line: { width: 0, shape: "hvh" }, hoverinfo: "skip" };
  const now = slotNow(zone);
  return {
    traces: [
      { ...hidden, x, y: metric.lower },
      { ...hidden, x, y: metric.upper, fill: "tonexty", fillcolor: colour("band") },
      {
        type: "scatter", mode: "lines", x, y: metric.centre, line: { color: colour("series"), width: 1.6, shape: "hvh" },
        text: said("centre").map((each, at) =>
          `${slotName(at)}<br>${each}<br>band ${between(metric.lower[at], metric.upper[at], metric.unit)}` +
          `<br>${metric.windows[at] ? `${number(metric.windows[at])} minutes learned` : "not seen yet: other hours stand in"}`),
        hovertemplate: "%{text}<extra></extra>",
      },
    ],
    layout: {
      hovermode: "closest", hoverdistance: -1,
      xaxis: {
        range: [-0.5, SLOTS - 0.5], tickvals: DAYS.map((_, day) => day * 24 + 11.5), ticktext: DAYS, ticks: "", showgrid: false, zeroline: false,
      },
      yaxis: { ticksuffix: metric.unit ? ` ${metric.unit}` : "", rangemode: metric.unit === "%" ? "normal" : "tozero" },
      shapes: [
        ...DAYS.slice(1).map((_, day) => ({
          type: "line", x0: (day + 1) * 24 - 0.5, x1: (day + 1) * 24 - 0.5, yref: "paper", y0: 0, y1: 1,
          line: { color: colour("grid"), width: 1 }, layer: "below",
        })),
        { type: "line", x0: now, x1: now, yref: "paper", y0: 0, y1: 1, line: { color: colour("muted"), width: 1, dash: "dot" } },
      ],
      annotations: [{
        x: now, yref: "paper", y: 1, yanchor: "bottom", text: "now", showarrow: false, font: { size: 12, color: colour("muted") },
      }],
      margin: { l: 8, r: 8, t: 20, b: 8 },
    },
  };
}

/** The hour of the week that it is in a zone, 0 for Monday's first. */
function slotNow(zone) {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", hour: "2-digit", hourCycle: "h23" })
    .formatToParts(new Date());
  const part = (type) => parts.find((each) => each.type === type).value;
  return DAYS.indexOf(part("weekday")) * 24 + Number(part("hour"));
}

function slotName(slot) {
  const hour = String(slot % 24).padStart(2, "0");
  return `${DAYS[Math.floor(slot / 24)]} ${hour}:00–${hour}:59`;
}

function weekTable(metric) {
  return foldedTable(`The ordinary week of ${metric.title}`,
    ["Hour of the week", "Expected", "Band of a minute", "Minutes learned"],
    () => metric.centre.map((each, slot) => [
      slotName(slot), amount(each, metric.unit), between(metric.lower[slot], metric.upper[slot], metric.unit),
      number(metric.windows[slot]),
    ]));
}

function notLearned() {
  return element("div", { class: "panel" }, element("div", { class: "empty" },
    element("h3", {}, "Nothing is learned yet"),
    element("p", {}, "The auditor learns what is ordinary once there are 168 minutes with traffic, and again every hour; the " +
      "third week is sharp. It needs to run:"),
    element("pre", { class: "paste", tabindex: "0" }, element("code", {}, "cache-auditor run")),
    element("p", {}, "Or learn now from what there is: ", element("code", {}, "cache-auditor baselines compute"))));
}
