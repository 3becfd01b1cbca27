// A small line with its band, drawn by hand: one for each row of a table, where plotly would be heavy.

import { drawn } from "./elements.js";

const WIDTH = 120;
const HEIGHT = 32;

/**
 * values: one a step, null where nothing is known. band: {lower, upper} alike, or null.
 * label: what a screen reader says.
 */
export function sparkline({ values, band = null, label }) {
  const all = [...values, ...(band?.lower ?? []), ...(band?.upper ?? [])].filter(known);
  const svg = drawn("svg", {
    class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label,
  });
  if (!all.length) return svg;
  const least = Math.min(...all);
  const most = Math.max(...all);
  const room = Math.max(most - least, Math.abs(most) * 0.02, 1e-9);
  const middle = (least + most) / 2;
  const x = (at) => (values.length < 2 ? WIDTH / 2 : (WIDTH * at) / (values.length - 1));
  const y = (value) => HEIGHT / 2 - ((value - middle) / room) * (HEIGHT - 4);
  if (band !== null) {
    for (const run of runs(band.lower)) {
      const there = run.map((at) => `${x(at)},${y(band.upper[at])}`);
      const back = run.toReversed().map((at) => `${x(at)},${y(band.lower[at])}`);
      svg.append(drawn("polygon", { class: "band", points: [...there, ...back].join(" ") }));
    }
  }
  for (const run of runs(values)) {
    const points = run.length > 1 ? run : [run[0], run[0] + 0.4];
    svg.append(drawn("polyline", {
      class: "line", points: points.map((at) => `${x(at)},${y(values[Math.floor(at)])}`).join(" "),
    }));
  }
  return svg;
}

const known = (value) => typeof value === "number" && Number.isFinite(value);

/** The unbroken stretches of what is known, as lists of places. */
function runs(values) {
  const found = [];
  for (const [at, value] of values.entries()) {
    if (!known(value)) continue;
    if (at > 0 && known(values[at - 1])) found.at(-1).push(at);
    else found.push([at]);
  }
  return found;
}
