// Every cache and implementation: a table on a wide screen, cards on a narrow one.

import { element, link } from "./elements.js";
import { amount, between, clock, figure, known, number, time } from "./formats.js";
import { Keyed } from "./keyed.js";
import { mark } from "./marks.js";
import { cachePath, observationPath } from "./router.js";
import { ROUTES } from "./routes.js";
import { sparkline } from "./sparkline.js";

const MANY = 12;
const LEVELS = { critical: "critical", warning: "warning", info: "info", ordinary: "ordinary" };
const COLUMNS = [
  ["Cache", ""], ["State", ""], ["Hit rate", "number"], ["Hit rate, last 3 h", ""], ["Traffic", "number"],
  ["p95", "number"], ["Errors", "number"], ["Complete", "number"], ["Minute", "number"],
];

/** {node, show(series, now)}. */
export function states() {
  const body = element("tbody", { role: "rowgroup" });
  const rows = new Keyed(body);
  const none = element("p", { class: "waiting", hidden: true }, "No cache has that in its name.");
  const box = element("input", { id: "filter", type: "search", autocomplete: "off", maxlength: 128 });
  const filter = element("div", { class: "field filter", hidden: true }, element("label", { for: "filter" }, "Only caches with"), box);
  let last = [];
  const show = (series) => {
    last = series;
    filter.hidden = series.length <= MANY;
    const wanted = box.value.trim().toLowerCase();
    const shown = series.filter((each) => `${each.cache_name}/${each.implementation_type}`.toLowerCase().includes(wanted));
    const firsts = shown.map((each, at) => ({ ...each, first: shown[at - 1]?.cache_name !== each.cache_name }));
    rows.show(firsts, (each) => JSON.stringify([each.cache_name, each.implementation_type]), row);
    none.hidden = shown.length > 0 || series.length === 0;
  };
  box.addEventListener("input", () => show(last));
  const table = element("table", { class: "table states", role: "table", "aria-label": "Caches and implementations" },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" },
      COLUMNS.map(([title, kind]) => element("th", { scope: "col", role: "columnheader", class: kind || null }, title)))),
    body);
  return { node: element("div", { class: "section" }, filter, element("div", { class: "panel" }, table, none)), show };
}

function row(one) {
  const cells = [
    ["name", null, name(one)],
    ["state", null, state(one)],
    ["number hit", "Hit rate", hitRate(one)],
    ["trend", "Hit rate, last 3 h", trend(one)],
    ["number", "Traffic", traffic(one)],
    ["number", "p95", figure(one.p95_response_time_ms, "ms")],
    ["number", "Errors", errors(one)],
    ["number", "Complete", complete(one)],
    ["number minute", "Minute", one.minute_window ? time(one.minute_window) : time(one.last_minute)],
  ];
  return element("tr", { role: "row", class: one.first ? "first" : null, data: { series: `${one.cache_name}/${one.implementation_type}` } },
    cells.map(([kind, label, ...inside]) =>
      element("td", { role: "cell", class: kind, data: label ? { label } : {} }, ...inside)));
}

const hasCachePage = () => ROUTES.some((each) => each.pattern.startsWith("/caches/"));

function name(one) {
  const cache = hasCachePage()
    ? link(cachePath(one.cache_name, one.implementation_type), { class: "cache clip" }, one.cache_name)
    : element("span", { class: "cache clip" }, one.cache_name);
  return [cache, element("span", { class: "implementation" }, one.implementation_type)];
}

const under = (...said) => element("span", { class: "under" }, ...said);

function state(one) {
  const shown = mark(LEVELS[one.state] ?? "none", one.state);
  if (one.observation_id) {
    return [shown, under(link(observationPath(one.observation_id), { data: { focus: `state-${one.observation_id}-${one.implementation_type}` } }, "what is wrong"))];
  }
  const from = one.judged_from ? `, from about ${clock(one.judged_from)}` : "";
  return [shown, one.says && under(one.says + from)];
}

function hitRate(one) {
  const band = one.expected_hit_rate_percent;
  const said = band ? `expected ${between(band.lower, band.upper, "%")}` : "no band yet";
  return [figure(one.hit_rate_percent, "%"), under(side(one.hit_rate_percent, band), said)];
}

function side(value, band) {
  if (!band || !known(value)) return "";
  if (value < band.lower) return "▼ below, ";
  return value > band.upper ? "▲ above, " : "";
}

function trend(one) {
  const { hit_rate_percent: values, lower_percent: lower, upper_percent: upper, step_minutes: step } = one.course;
  const found = values.filter(known);
  const label = found.length
    ? `Hit rate over the last 3 hours, a point each ${step} minutes: from ${amount(Math.min(...found), "%")} to ${amount(Math.max(...found), "%")}, last ${amount(found.at(-1), "%")}`
    : "Hit rate over the last 3 hours: not known";
  return sparkline({ values, band: { lower, upper }, label });
}

function traffic(one) {
  const minute = one.open_minute;
  const so = minute && `+${number(minute.gets)} since ${clock(minute.minute_window)}`;
  return [figure(one.traffic_per_min, "/min"), so && under(so)];
}

function errors(one) {
  return [figure(one.error_rate_percent, "%"), one.errors_per_min > 0 && under(`${number(one.errors_per_min)} /min`)];
}

function complete(one) {
  if (one.completeness_ratio === null) return element("span", { class: "muted", title: "Nobody sends watermarks." }, "–");
  return element("span", { class: "figure" }, number(100 * one.completeness_ratio, one.completeness_ratio < 1 ? 1 : 0), element("span", { class: "unit" }, "%"));
}

