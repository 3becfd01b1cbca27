// What the page Now says before there is anything to show: the first lines, and what is waited for.

const LINES = `from collector import record

record("hit", "user:42", 0.8, cache_name="sessions", implementation_type="new")`;

/** Nobody was ever heard of: what to paste into the application. */
export function startLines(reply) {
  return {
    title: "Nothing is watched yet",
    says: [
      "Install `cache-auditor` where your application runs, give it this database as `DATABASE_URL`, and say what each lookup came to:",
    ],
    paste: LINES,
    more: [
      "The first word is hit, miss, set, delete, evict, expire or error; 0.8 is how long it took, in ms. Libraries such as redis-py and cachetools are watched in one line, and Redis and memcached are polled by `cache-auditor collect`.",
      reply.last_tick_at === null
        ? "The auditor has not run here either: start `cache-auditor run`."
        : "The auditor runs. This page changes by itself within a minute of the first operation.",
    ],
  };
}

/** Collectors are there, windows are not. */
export function waitingForWindows(reply) {
  const steps = [
    [reply.collectors_heard > 0, `a collector is heard of (${reply.collectors_heard} now, ${reply.collectors_ever} ever)`],
    [reply.series_ever > 0, "operations of a cache have arrived and were added up"],
    [reply.last_tick_at !== null, "the auditor runs and makes windows of them: `cache-auditor run`"],
    [reply.series.length > 0, "a minute is over, and every collector has delivered it"],
  ];
  return {
    title: reply.series_ever ? "No cache has been heard of for a day" : "Waiting for the first window",
    says: [
      "A window is one minute, UTC. It is shown when it is over and delivered: a minute and a half after its first operation at the latest.",
    ],
    steps: steps.map(([done, text]) => `${done ? "done: " : "waited for: "}${text}`),
  };
}
