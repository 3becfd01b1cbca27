// The page Compare: which pair, over which span; the verdict, and what it rests on.

import { plotly } from "./chart.js";
import { element, fill, heading, link } from "./elements.js";
import { empty, trouble, waiting } from "./empty.js";
import { ask } from "./fetching.js";
import { compareAloud, progressPanel } from "./comparing.js";
import { answerPanels } from "./comparison.js";
import { ZONE } from "./formats.js";
import { go } from "./router.js";
import { pairsOf, sidesBySide } from "./sides.js";

const SPANS = [["1", "24 hours"], ["3", "3 days"], ["7", "7 days"], ["14", "14 days"], ["30", "30 days"], ["own", "From … to …"]];
const WARM_UPS = [["", "until it is warm"], ["0", "nothing"], ["2", "2 hours"], ["24", "24 hours"], ["72", "3 days"]];
const DAY_MS = 86_400_000;

/** Shows it. query: cache_name, baseline, candidate; days, or since and until; warm_up_hours. */
export async function show(place, { query, signal, title }) {
  plotly().catch(() => null); // on its way while it is compared; a chart says if it cannot be had
  fill(place, heading(1, "Compare"), waiting());
  const pairs = pairsOf((await ask("/v1/series", { signal })).series);
  if (signal.aborted) return;
  if (pairs.size === 0) {
    fill(place, heading(1, "Compare"), nothingToCompare());
    return;
  }
  const asked = askedFor(query, pairs);
  title(`${asked.cache_name}: ${asked.candidate} and ${asked.baseline}`);
  const found = element("div", { class: "stack" });
  fill(place, heading(1, "Compare"), form(asked, pairs), found);
  await compareNow(found, asked, signal);
}

async function compareNow(place, asked, signal) {
  const progress = progressPanel(() => compareNow(place, asked, signal));
  fill(place, progress.element);
  try {
    const answer = await compareAloud(questionOf(asked), { signal, onProgress: progress.say });
    if (signal.aborted) return;
    const panels = answerPanels(answer, signal);
    const sides = sidesBySide(answer, signal);
    fill(place, panels.verdict, sides, panels.rest);
  } catch (error) {
    if (signal.aborted) return;
    fill(place, error.status === 404 ? noneInSpan(error, asked) : trouble(error, () => compareNow(place, asked, signal)));
  }
}

/** What an address asks for; a pair where it names none. */
function askedFor(query, pairs) {
  const given = query.get("cache_name");
  const cache_name = pairs.has(given) ? given : [...pairs.keys()][0];
  const names = pairs.get(cache_name);
  const baseline = named(query.get("baseline"), names) ?? named("legacy", names) ?? names[0];
  const others = names.filter((each) => each !== baseline);
  const candidate = named(query.get("candidate"), others) ?? named("new", others) ?? others[0];
  return {
    cache_name, baseline, candidate, days: query.get("days") ?? "14", since: query.get("since"), until: query.get("until"),
    warm_up_hours: query.get("warm_up_hours") ?? "",
  };
}

const named = (name, names) => (names.includes(name) ? name : null);

function questionOf(asked) {
  const days = Number(asked.days);
  const until = asked.until ?? new Date().toISOString();
  const since = asked.since ?? new Date(Date.parse(until) - (days > 0 ? days : 14) * DAY_MS).toISOString();
  const { cache_name, baseline, candidate, warm_up_hours } = asked;
  return { cache_name, baseline, candidate, since, until, time_zone: ZONE, ...(warm_up_hours !== "" && { warm_up_hours }) };
}

function addressOf(asked) {
  const { cache_name, baseline, candidate, days, since, until, warm_up_hours } = asked;
  const span = since ? { since, until } : { days };
  return `/compare?${new URLSearchParams({ cache_name, baseline, candidate, ...span, ...(warm_up_hours !== "" && { warm_up_hours }) })}`;
}

/** The choices. Each change is an address of its own. */
function form(asked, pairs) {
  const names = pairs.get(asked.cache_name);
  const to = (change) => go(addressOf({ ...asked, ...change }));
  const own = asked.since !== null;
  const cache = choice("Cache", [...pairs.keys()].map((each) => [each, each]), asked.cache_name, (name) =>
    to({ cache_name: name, baseline: "", candidate: "" }));
  const sides = names.map((each) => [each, each]);
  const baseline = choice("Baseline, which is there", sides, asked.baseline, (name) =>
    to({ baseline: name, candidate: name === asked.candidate ? asked.baseline : asked.candidate }));
  const candidate = choice("Candidate, which is to replace it", sides, asked.candidate, (name) =>
    to({ candidate: name, baseline: name === asked.baseline ? asked.candidate : asked.baseline }));
  const span = choice("Span", SPANS, own ? "own" : asked.days, (days) => {
    if (days === "own") to({ since: new Date(Date.now() - 7 * DAY_MS).toISOString(), until: new Date().toISOString() });
    else to({ days, since: null, until: null });
  });
  const warm = choice("Warm-up left out", WARM_UPS, asked.warm_up_hours, (hours) => to({ warm_up_hours: hours }));
  return element("form", { class: "asked", on: { submit: (event) => event.preventDefault() } },
    cache, baseline, candidate, span,
    own && instantField("From", asked.since, (since) => to({ since })),
    own && instantField("To", asked.until ?? new Date().toISOString(), (until) => to({ until })),
    warm);
}

let fields = 0;

function choice(label, options, chosen, onChange) {
  const id = `asked-${(fields += 1)}`;
  const offered = options.some(([value]) => value === chosen) ? options : [...options, [chosen, `${chosen} days`]];
  return element("div", { class: "field" }, element("label", { for: id }, label),
    element("select", { id, on: { change: (event) => onChange(event.target.value) } },
      offered.map(([value, said]) => element("option", { value, selected: value === chosen }, said))));
}

function instantField(label, instant, onChange) {
  const id = `asked-${(fields += 1)}`;
  const when = new Date(instant);
  const local = new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  return element("div", { class: "field half" }, element("label", { for: id }, label),
    element("input", {
      id, type: "datetime-local", value: Number.isNaN(when.getTime()) ? "" : local,
      on: { change: (event) => event.target.value && onChange(new Date(event.target.value).toISOString()) },
    }));
}

function noneInSpan(error, asked) {
  return empty({
    title: "Nothing to compare in this span",
    says: [
      `${error.message}.`,
      element("p", {}, "Both need windows in it. ",
        link(addressOf({ ...asked, days: "30", since: null, until: null }), {}, "Look at the last 30 days")),
    ],
  });
}

function nothingToCompare() {
  return empty({
    title: "No cache has two implementations yet",
    says: [
      "A comparison sets two implementations of one cache side by side: both under one cache name, each with a type of its own. " +
      "They may answer the same requests, or each a part of them.",
      "In the application, beside the old one:",
    ],
    paste: 'from collector.adapters.redis import watched\n\nold = watched(old, cache_name="sessions", implementation_type="legacy")\n' +
      'new = watched(new, cache_name="sessions", implementation_type="new")',
    more: [element("p", {}, "Eight hours that both have in common are the least for a verdict; how many more it takes is said here.")],
  });
}
