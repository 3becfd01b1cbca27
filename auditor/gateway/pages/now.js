// The page Now: what is open, ranked, and every cache and implementation as it is.

import { announce, coded, element, fill, section } from "./elements.js";
import { empty, trouble, waiting } from "./empty.js";
import { ask, debounced } from "./fetching.js";
import { clock, number, span, time } from "./formats.js";
import { onLive } from "./live.js";
import { problems } from "./problems.js";
import { startLines, waitingForWindows } from "./starting.js";
import { states } from "./states.js";

const DEBOUNCE_MS = 300;
const OLD_S = 150;

/** Shows the page until the signal. */
export async function show(place, { signal }) {
  const page = new NowPage(place, signal);
  fill(place, heading(page.summary), waiting());
  const look = debounced(() => page.look(), DEBOUNCE_MS);
  onLive(["windows", "observation", "liveness", "look", "state"], look, signal);
  const timer = setInterval(() => page.sayAges(), 5_000);
  signal.addEventListener("abort", () => clearInterval(timer));
  await page.look();
}

const heading = (summary) => element("div", { class: "heading" }, element("h1", {}, "Now"), summary);

class NowPage {
  constructor(place, signal) {
    this.place = place;
    this.signal = signal;
    this.summary = element("p", { class: "muted" });
    this.banner = element("div", { role: "status" });
    this.body = null;
    this.reply = null;
    this.fault = null;
    this.heardAt = null;
    this.opened = null;
  }

  async look() {
    try {
      const [reply, over] = await Promise.all([
        ask("/v1/now", { signal: this.signal }),
        ask("/v1/observations", { query: { state: "resolved", hours: 24, limit: 20 }, signal: this.signal }),
      ]);
      this.fault = null;
      this.heardAt = Date.now();
      this.offset = new Date(reply.now) - this.heardAt;
      this.take(reply, over);
    } catch (error) {
      if (this.signal.aborted) return;
      this.fault = error;
      if (this.reply === null) this.showTrouble(error);
    }
    this.sayAges();
  }

  take(reply, over) {
    const kind = kindOf(reply);
    this.reply = reply;
    if (kind !== this.body?.kind) {
      this.body = BODIES[kind](reply);
      fill(this.place, heading(this.summary), this.banner, this.body.node);
    }
    this.body.show(reply, over, this.now());
    this.announceNew(reply);
  }

  announceNew(reply) {
    const ids = new Set(reply.observations.map((each) => each.id));
    const fresh = this.opened === null ? [] : reply.observations.filter((each) => !this.opened.has(each.id));
    if (fresh.length) announce(fresh.map((each) => `${each.severity}: ${each.title}`).join(". "));
    this.opened = ids;
  }

  showTrouble(error) {
    this.body = null;
    fill(this.place, heading(this.summary), trouble(error, () => this.look()));
  }

  now() {
    return Date.now() + (this.offset ?? 0);
  }

  sayAges() {
    if (this.reply === null || this.signal.aborted) return;
    const { series, scored_until: scored } = this.reply;
    const caches = new Set(series.map((each) => each.cache_name)).size;
    fill(this.summary,
      series.length > 0 && `${counted(caches, "cache")}, ${counted(series.length, "implementation")}`,
      series.length > 0 && scored && [" · scored to ", time(scored), ` (${span((this.now() - new Date(scored)) / 1000)} ago)`],
      this.reply.series_left_out > 0 && ` · ${number(this.reply.series_left_out)} more are not shown`);
    showBanner(this.banner, this.reply.stale, this.fault, this.heardAt);
    this.body?.tick?.(this.now());
  }
}

const counted = (n, what) => `${number(n)} ${what}${n === 1 ? "" : "s"}`;

function kindOf(reply) {
  if (reply.series.length || reply.observations.length) return "states";
  return reply.collectors_ever || reply.series_ever ? "waiting" : "starting";
}

const BODIES = {
  states: () => {
    const open = problems();
    const all = states();
    const count = element("span", { class: "count" });
    const node = element("div", { class: "section" },
      section("Open observations", count, open.node), section("Caches", null, all.node));
    node.style.gap = "1.5rem";
    return {
      kind: "states", node,
      show: (reply, over, now) => {
        fill(count, reply.open_observations
          ? `${number(reply.open_observations)}, the worst first` : "");
        open.show(reply.observations, over, now, reply.series);
        all.show(reply.series, now);
      },
      tick: (now) => open.tick(now),
    };
  },
  waiting: (reply) => plainBody("waiting", waitingForWindows, reply),
  starting: (reply) => plainBody("starting", startLines, reply),
};

function plainBody(kind, make, first) {
  const node = element("div", {}, empty(make(first)));
  let said = JSON.stringify(make(first));
  return {
    kind, node,
    show: (reply) => {
      const now = JSON.stringify(make(reply));
      if (now !== said) fill(node, empty(make(reply)));
      said = now;
    },
  };
}

/** Why the page may not be of now: the gateway is away, or what it says of the auditor. */
function showBanner(place, stale, fault, heardAt) {
  const lines = [...stale];
  const silent = (Date.now() - heardAt) / 1000;
  if (fault !== null || silent > OLD_S) {
    const said = fault?.message ?? "Nothing has been heard from the gateway.";
    const shown = `${said} Shown is what was known at ${clock(heardAt)}.`;
    lines.unshift({ level: "critical", says: shown, advice: fault?.advice ?? "" });
  }
  const text = JSON.stringify(lines);
  if (place.dataset.said === text) return;
  place.dataset.said = text;
  if (!lines.length) {
    fill(place);
    place.className = "hidden";
    return;
  }
  place.className = "banner";
  place.dataset.level = lines.some((each) => each.level === "critical") ? "critical" : "warning";
  fill(place, element("ul", {}, lines.map((each) => element("li", {},
    element("strong", {}, each.says), " ", element("span", { class: "muted" }, ...coded(each.advice))))));
}
