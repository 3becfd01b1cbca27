// Charts by plotly's own script, which is loaded when the first chart is drawn.

import { element, fill } from "./elements.js";

let loading = null;

/** Plotly, loaded once. Throws Error when its script cannot be had. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = element("script", { src: new URL("./plotly.min.js", import.meta.url).href });
    script.addEventListener("load", () => resolve(globalThis.Plotly));
    script.addEventListener("error", () => {
      loading = null;
      reject(new Error("The charts' script could not be loaded."));
    });
    document.head.append(script);
  });
  return loading;
}

/** User-made text for plotly, which would take some HTML in it for markup. */
export function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The value of a colour of the style sheet, such as "series". */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** An instant for a time axis: on the reader's clock, which is all that plotly can show. */
export function onClock(instant) {
  const when = new Date(instant);
  return new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/**
 * Draws a chart and draws it again when the colours change.
 *
 * make: gives {traces, layout}; it is called for each drawing, so that it may ask for `colour`.
 * label: what a screen reader says instead of the picture. signal: ends it.
 * Returns {element, redraw}.
 */
export function chart({ make, label, signal, height = 320 }) {
  plotly().catch(() => {}); // on its way while the figures are asked for; drawing says what is wrong
  const place = element("div", { class: "chart", role: "img", "aria-label": label });
  place.style.height = `${height}px`;
  const redraw = async () => {
    const drawing = await plotly();
    if (signal.aborted) return;
    const { traces, layout } = make();
    await drawing.react(place, traces, dressed(layout), {
      displayModeBar: false, responsive: true, displaylogo: false, showTips: false,
    });
    place.dataset.drawn = "true";
  };
  const say = (error) => fill(place, element("p", { class: "fault" }, error.message));
  const safely = () => redraw().catch(say);
  document.addEventListener("theme", safely, { signal });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", safely, { signal });
  signal.addEventListener("abort", () => globalThis.Plotly?.purge(place));
  return { element: place, redraw: safely };
}

/** A layout in the page's colours; what the caller says goes before. */
function dressed(layout) {
  const axis = {
    gridcolor: colour("grid"), linecolor: colour("line"), zerolinecolor: colour("line"),
    tickfont: { color: colour("muted"), size: 12 }, title: { font: { color: colour("muted"), size: 12 } },
    automargin: true, fixedrange: true,
  };
  const font = { family: getComputedStyle(document.body).fontFamily, color: colour("text"), size: 13 };
  const found = {
    paper_bgcolor: "transparent", plot_bgcolor: "transparent", font,
    margin: { l: 8, r: 8, t: 8, b: 8 }, showlegend: false, hovermode: "x unified", dragmode: false,
    hoverlabel: { bgcolor: colour("surface"), bordercolor: colour("line-strong"), font },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { color: colour("muted"), size: 12 } },
    ...layout,
  };
  for (const name of ["xaxis", "yaxis", ...Object.keys(layout).filter((each) => /^[xy]axis\d+$/.test(each))]) {
    found[name] = { ...axis, ...layout[name], title: { ...axis.title, ...layout[name]?.title } };
  }
  return found;
}

/** The same figures as a table, folded away: for who cannot see the chart, or wants to copy. */
export function chartTable(caption, columns, rows) {
  return element("details", { class: "chart-table" },
    element("summary", {}, `${caption} as a table`),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      element("table", { class: "table" },
        element("thead", {}, element("tr", {}, columns.map((each) => element("th", { scope: "col" }, each)))),
        element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", {}, cell))))))));
}
