// How response times were spread: a column a stretch of time, a row a tenth of a decade.

import { colour, onClock } from "./chart.js";
import { timeAxis } from "./axis.js";
import { clock, number, rounded } from "./formats.js";

const MINUTE_MS = 60_000;
const ROW = 1.02 ** 10;

/** Whether any get of a kind has a known time. kind: hits or misses. */
export const anyTimes = (heat, kind) => heat[kind].some((column) => column.some((count) => count > 0));

/** Traces and layout of the heat map of one kind; each column is a whole, so that nights are seen. */
export function heatDrawing(heat, kind, grid) {
  const columns = heat[kind];
  const wholes = columns.map((column) => column.reduce((sum, each) => sum + each, 0));
  const starts = [...columns, null].map((_, at) => Date.parse(heat.since) + at * heat.step_minutes * MINUTE_MS);
  const rows = rowsInUse(columns);
  const share = rows.map((row) => columns.map((column, at) =>
    (wholes[at] > 0 && column[row] > 0 ? (100 * column[row]) / wholes[at] : null)));
  // the root makes the few slow ones visible beside the many fast ones
  const z = share.map((line) => line.map((each) => (each === null ? null : Math.sqrt(each))));
  const most = Math.max(...z.flat(), 1);
  const ticks = [1, 5, 20, 50, 100].filter((each) => Math.sqrt(each) <= most * 1.05);
  return {
    traces: [{
      type: "heatmap", x: starts.map((each) => onClock(each)), y: bounds(heat, rows), z, zmin: 0, zmax: most,
      colorscale: [[0, colour("accent-soft")], [1, colour("series")]], hoverongaps: false, xgap: 0, ygap: 1,
      text: rows.map((row, line) => columns.map((column, at) => said(heat, row, column[row], share[line][at], starts[at], kind))),
      hovertemplate: "%{text}<extra></extra>",
      colorbar: {
        thickness: 10, len: 1, outlinewidth: 0, tickvals: ticks.map(Math.sqrt), ticktext: ticks.map((each) => `${each} %`),
        tickfont: { color: colour("muted"), size: 11 },
      },
    }],
    layout: {
      xaxis: timeAxis(grid), hovermode: "closest",
      yaxis: { type: "log", ticksuffix: " ms", dtick: 1, tickformat: "~r", showgrid: false },
    },
  };
}

/** From the first row that any column uses to the last. */
function rowsInUse(columns) {
  const used = (columns[0] ?? []).map((_, row) => columns.some((column) => column[row] > 0));
  const first = used.indexOf(true);
  const last = used.lastIndexOf(true);
  return first < 0 ? [] : Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** The rows' bounds; a row without a beginning or an end is drawn as tall as the others. */
function bounds(heat, rows) {
  const upper = (row) => heat.upper_ms[row] ?? heat.lower_ms[row] * ROW;
  const first = heat.lower_ms[rows[0]] || upper(rows[0]) / ROW;
  return [first, ...rows.map(upper)];
}

function said(heat, row, count, share, start, kind) {
  const upper = heat.upper_ms[row];
  const range = upper === null
    ? `beyond ${rounded(heat.lower_ms[row])} ms`
    : `${rounded(heat.lower_ms[row])} to ${rounded(upper)} ms`;
  const end = start + heat.step_minutes * MINUTE_MS;
  return `${range}<br>${number(count)} ${kind}, ${rounded(share ?? 0)} %<br>${clock(start)} to ${clock(end)}`;
}
