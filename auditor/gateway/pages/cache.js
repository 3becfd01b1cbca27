// The page of one cache: how it went, how fast it was, what is ordinary in its week.

import { plotly } from "./chart.js";
import { element, fill, heading, link, section } from "./elements.js";
import { empty, trouble, waiting } from "./empty.js";
import { ask, debounced } from "./fetching.js";
import { time } from "./formats.js";
import { chartPanels, timesPanels } from "./cachecharts.js";
import { factsOf, observationList } from "./cachefacts.js";
import { onLive } from "./live.js";
import { patiently } from "./patience.js";
import { cachePath } from "./router.js";
import { spanChoice } from "./spans.js";
import { weekPanel } from "./week.js";

const SPANS = [["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"], ["1y", "1 year"]];
const FRESH_MS = 30_000;

/** Shows it. query: span, and until (an instant; now by default). */
export async function show(place, { parameters, query, signal, title }) {
  plotly().catch(() => null); // on its way while the figures are; a chart says if it cannot be had
  const { cache, implementation } = parameters;
  const span = SPANS.some(([name]) => name === query.get("span")) ? query.get("span") : "24h";
  const until = query.get("until");
  const asked = { cache_name: cache, implementation_type: implementation, span, until };
  title(`${cache} · ${implementation}`);
  const path = (name) => `${cachePath(cache, implementation)}?${new URLSearchParams({ span: name, ...(until && { until }) })}`;
  const when = element("span", { class: "count" });
  const head = element("div", { class: "page-head" },
    heading(1, `${cache} · ${implementation}`, when), spanChoice(SPANS, span, path));
  const others = element("p", { class: "muted beside" });
  const content = element("div", { class: "stack" }, waiting());
  fill(place, head, others, content);
  showOthers(others, cache, implementation, span, signal);
  let shown = null;
  const load = async () => {
    const history = await ask("/v1/cache/history", { query: asked, signal });
    if (signal.aborted) return;
    fill(when, time(history.grid.since), " to ", until === null ? "now, " : "", time(history.grid.until));
    if (!history.counts.measured_minutes.some((each) => each > 0)) {
      shown = null;
      fill(content, await nothingIn(history, signal));
    } else if (shown === null) shown = showAll(content, history, signal);
    else shown.update(history);
    if (shown !== null) await shown.times(asked);
  };
  try {
    await load();
  } catch (error) {
    if (!signal.aborted) fill(content, trouble(error, () => show(place, { parameters, query, signal, title })));
    return;
  }
  if (until !== null) return;
  const again = debounced(() => load().catch(() => null), FRESH_MS);
  onLive(["look", "windows"], again, signal);
}

/** All panels of a history, and what brings them up to date. */
function showAll(content, first, signal) {
  const facts = element("dl", { class: "facts" });
  const list = element("div");
  const charts = chartPanels(first, signal);
  const speed = timesPanels(signal);
  const week = element("div", {}, waiting());
  const update = (history) => {
    fill(facts, factsOf(history));
    fill(list, observationList(history));
    charts.update(history);
  };
  fill(content,
    element("div", { class: "panel" }, element("div", { class: "within" }, facts)),
    list, element("div", { class: "charts" }, charts.first, speed.element, charts.rest), section("The ordinary week", null, week));
  update(first);
  ask("/v1/cache/week", { query: { cache_name: first.cache_name, implementation_type: first.implementation_type }, signal })
    .then((found) => fill(week, weekPanel(found, signal)))
    .catch((error) => signal.aborted || fill(week, trouble(error, () => null)));
  const times = async (asked) => {
    try {
      const read = () => ask("/v1/cache/response-times", { query: asked, signal });
      speed.update(await patiently(read, { signal }));
    } catch (error) {
      if (!signal.aborted) speed.fail(error, () => times(asked));
    }
  };
  return { update, times };
}

async function showOthers(place, cache, implementation, span, signal) {
  const { series } = await ask("/v1/series", { signal }).catch(() => ({ series: [] }));
  const names = series.filter((each) => each.cache_name === cache).map((each) => each.implementation_type)
    .filter((each) => each !== implementation).sort();
  if (names.length === 0) return;
  fill(place, "Beside it: ", names.flatMap((name, at) => [
    at > 0 && " · ",
    link(`${cachePath(cache, name)}?${new URLSearchParams({ span })}`, {}, name), " (",
    link(`/compare?${new URLSearchParams({ cache_name: cache, baseline: name, candidate: implementation })}`, {},
      `compare ${implementation} with ${name}`), ")",
  ]));
}

/** What is said where there is no window: when there was one last, and the way there. */
async function nothingIn(history, signal) {
  const { series } = await ask("/v1/series", { signal });
  const own = series.find((each) =>
    each.cache_name === history.cache_name && each.implementation_type === history.implementation_type);
  const there = `${cachePath(history.cache_name, history.implementation_type)}?${
    new URLSearchParams({ span: history.span, until: own?.last_minute ?? history.grid.until })}`;
  return empty({
    title: "Nothing was heard in this span",
    says: [
      element("p", {}, "No window lies between ", time(history.grid.since), " and ", time(history.grid.until),
        ". That is not a traffic of zero: nobody said anything of it."),
      own && element("p", {}, "The last minute with an event was ", time(own.last_minute), ". ",
        link(there, {}, "Show the time up to then")),
      element("p", {}, "If the application runs, see what its collector says:"),
    ].filter(Boolean),
    paste: "cache-auditor doctor",
  });
}
