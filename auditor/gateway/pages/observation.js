// The page Observation: what, since when, what it costs, why, what to do, and saying what it was.

import { acknowledging } from "./acknowledge.js";
import { element, fill, heading, link, section } from "./elements.js";
import { trouble, waiting } from "./empty.js";
import { causes, contributions } from "./evidence.js";
import { ask, debounced } from "./fetching.js";
import { amount, figure, known, number, rounded, secondsBetween, span, time, waited } from "./formats.js";
import { history } from "./history.js";
import { onLive } from "./live.js";
import { mark } from "./marks.js";
import { courseChart } from "./observation_chart.js";
import { problem } from "./problems.js";
import { cachePath } from "./router.js";
import { ROUTES } from "./routes.js";

/** Shows one observation until the signal. */
export async function show(place, { parameters, signal, title }) {
  const path = `/v1/observations/${encodeURIComponent(parameters.id.toLowerCase())}`;
  fill(place, waiting());
  let page = null;
  const look = async () => {
    let row;
    try {
      row = await ask(path, { signal });
    } catch (error) {
      if (!signal.aborted && (page === null || error.status === 404)) fill(place, trouble(error, look));
      return;
    }
    title(row.title);
    page ??= new ObservationPage(place, path, row, signal, look);
    page.show(row);
  };
  const soon = debounced(look, 300);
  onLive(["windows", "look"], () => soon(), signal);
  onLive(["observation"], ({ content }) => {
    if (content === null || page === null || content.observation?.cache_name === page.row.cache_name) soon();
  }, signal);
  await look();
}

/** The parts are made once; each is filled again when what it shows has changed. */
class ObservationPage {
  constructor(place, path, row, signal, again) {
    this.path = path;
    this.again = again;
    this.row = row;
    this.said = new Map();
    const part = () => element("div", { class: "section" });
    this.parts = {
      lead: element("div", { class: "lead" }), facts: part(), advice: part(), causes: part(),
      contributions: part(), sign: part(), history: part(), earlier: part(),
    };
    this.chart = courseChart(path, row, signal);
    const { lead, facts, advice, causes: why, contributions: parts, sign, history: past, earlier } = this.parts;
    fill(place,
      element("p", { class: "crumbs" }, link("/", {}, "← Now")), lead, facts, advice,
      section("Expected and actual", null, this.chart.node),
      element("div", { class: "columns" },
        element("div", { class: "stack" }, section("Likely causes", null, why)),
        element("div", { class: "stack" }, section("Acknowledgement", null, sign), section("What happened", null, past))),
      section("What each detector said", null, parts),
      section("Others of this cache", null, earlier));
  }

  show(row) {
    this.row = row;
    this.#fill("lead", leadOf(row), () => lead(row));
    this.#fill("facts", [row, Math.floor(Date.now() / 60_000)], () => facts(row));
    this.#fill("advice", row.recommendation, () => advice(row));
    this.#fill("causes", row.causes, () => causes(row.causes));
    this.#fill("contributions", row.moments, () => contributions(row.moments));
    const signed = [row.acknowledged, row.acknowledged_by, row.signed, row.severity, row.state];
    this.#fill("sign", signed, () => acknowledging(this.path, row, this.again));
    this.#fill("history", row.history, () => history(row));
    this.#fill("earlier", row.earlier, () => earlier(row));
    this.chart.look(row);
  }

  #fill(name, shown, make) {
    const text = JSON.stringify(shown);
    if (this.said.get(name) === text) return;
    this.said.set(name, text);
    fill(this.parts[name], make());
  }
}

const leadOf = (row) => [row.severity, row.state, row.title, row.acknowledged, row.also, row.rule];

function lead(row) {
  const series = row.implementation_type ? `${row.cache_name}/${row.implementation_type}` : row.cache_name;
  const hasPage = row.implementation_type && ROUTES.some((each) => each.pattern.startsWith("/caches/"));
  const named = hasPage
    ? link(cachePath(row.cache_name, row.implementation_type), { class: "clip" }, series)
    : element("span", { class: "clip" }, series);
  const also = row.also.map((each) => `${each.cache_name}/${each.implementation_type}`).join(", ");
  return [
    element("div", { class: "marks" },
      row.state === "open" ? mark(row.severity) : mark("none", `resolved, was ${row.severity}`),
      row.acknowledged && element("span", { class: "muted small" }, "acknowledged"),
      row.rule && element("span", { class: "muted small clip" }, `by your rule ${row.rule}`)),
    heading(1, row.title),
    element("p", { class: "muted" }, named, also && ` and also ${also}`, ` · ${row.category} · `,
      element("code", {}, row.short_id)),
  ];
}

function facts(row) {
  const end = row.resolved_at ?? new Date();
  const cost = row.cost;
  return element("div", { class: "panel" }, element("dl", { class: "facts within" },
    fact("Since", time(row.first_window), `${row.resolved_at ? "lasted" : "for"} ${span(secondsBetween(row.first_window, end))}`
      + (row.reopened ? `, reopened ${number(row.reopened)} times` : "")),
    row.resolved_at && fact("Resolved", time(row.resolved_at)),
    fact(row.metric_title ? `${capital(row.metric_title)} when last told` : "Value", figure(row.metric_value, row.unit),
      known(row.baseline_value) && `ordinary ${amount(row.baseline_value, row.unit)}`,
      known(row.deviation_percentage) && ` (${row.deviation_percentage > 0 ? "+" : ""}${number(row.deviation_percentage)} %)`),
    fact("Cost so far", waited(row.cost_ms), cost && costly(cost)),
    fact("Rank", element("span", {}, number(row.rank), element("span", { class: "muted" }, " / 100"))),
    row.last_window && fact("Last strange minute", time(row.last_window))));
}

const fact = (name, value, ...note) => element("div", {}, element("dt", {}, name),
  element("dd", {}, value, note.some(Boolean) && element("span", { class: "note" }, ...note)));

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function costly(cost) {
  const parts = [
    [cost.extra_loads, "extra loads"], [cost.extra_errors, "errors"], [cost.lost_requests, "lost requests"],
  ].filter(([n]) => n >= 1).map(([n, what]) => `${number(n)} ${what}`);
  const worth = cost.ordinary_minutes >= 0.1 ? [`the waiting of ${rounded(cost.ordinary_minutes)} ordinary minutes`] : [];
  return ["extra waiting", ...worth, ...parts].join(", ");
}

function advice(row) {
  if (!row.recommendation) return [];
  return element("section", { class: "panel advice", "aria-label": "What to do" },
    element("div", { class: "within" }, element("h2", {}, "What to do"), element("p", {}, row.recommendation)));
}

function earlier(row) {
  if (!row.earlier.length) return element("p", { class: "muted" }, "There is no other of this cache.");
  return element("div", { class: "panel" }, element("ol", { class: "problems" }, row.earlier.map(problem)));
}
