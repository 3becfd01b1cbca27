// What the gateway tells of by itself: server-sent events by fetch, so that the token goes as a header.
// Where there are none the pages are asked to look again every few seconds.

import { headers } from "./fetching.js";

const POLL_MS = 10_000;
const SAFETY_MS = 60_000;
const SILENCE_MS = 60_000;
const UNSEEN_MS = 30_000;
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000];

const ears = new EventTarget();
let state = { mode: "starting", since: new Date(), why: "" };
let lastId = null;
let failures = 0;
let heardAt = 0;

/** How the page hears: {mode: live | polling | away | starting, since, why}. */
export const liveState = () => state;

/** Calls `hear({name, content})` for each event of these names until the signal; `look` is "look again". */
export function onLive(names, hear, signal) {
  for (const name of names) {
    ears.addEventListener(name, (event) => hear({ name, content: event.detail }), { signal });
  }
}

/** Listens for as long as the page is there. */
export async function startLive() {
  document.addEventListener("token", () => cut?.abort());
  // a browser keeps few connections to one host: a tab that nobody sees gives its own back
  document.addEventListener("visibilitychange", () => {
    clearTimeout(unseen);
    if (document.hidden) unseen = setTimeout(() => cut?.abort(), UNSEEN_MS);
    else tell("look", null);
  });
  pollForEver();
  for (;;) {
    await seen();
    try {
      await listen();
    } catch {
      // said below: the stream has ended, for whatever reason
    }
    failures += 1;
    if (state.mode === "live") become("polling", "the stream of events ended");
    await pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1]);
  }
}

let cut = null;
let unseen = null;

/** Resolves when somebody sees the page. */
async function seen() {
  while (document.hidden) {
    await new Promise((resolve) => { document.addEventListener("visibilitychange", resolve, { once: true }); });
  }
}

async function listen() {
  cut = new AbortController();
  const watchdog = setInterval(() => Date.now() - heardAt > SILENCE_MS && cut.abort(), 5_000);
  heardAt = Date.now();
  try {
    const asked = { ...headers(), Accept: "text/event-stream" };
    if (lastId !== null) asked["Last-Event-ID"] = lastId;
    const response = await fetch("/v1/events", { headers: asked, signal: cut.signal, cache: "no-store" });
    if (!response.ok || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
      lastId = null;
      become("polling", `events are not to be had (${response.status})`);
      return;
    }
    become("live", "");
    tell("look", null);
    failures = 0;
    await read(response.body);
  } catch (error) {
    if (!cut.signal.aborted) become("away", "the gateway does not answer");
    throw error;
  } finally {
    clearInterval(watchdog);
  }
}

async function read(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heardAt = Date.now();
    const lines = (rest + value).split(/\r\n|\n|\r/);
    rest = lines.pop();
    for (const line of lines) take(line);
  }
}

let event = { name: "", text: [] };

/** One line of the stream, as the HTML standard's event stream interpretation has it. */
function take(line) {
  if (line === "") {
    if (event.text.length) dispatch(event.name || "message", event.text.join("\n"));
    event = { name: "", text: [] };
    return;
  }
  const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
  if (name === "event") event.name = value;
  else if (name === "data") event.text.push(value);
  else if (name === "id") lastId = value;
}

function dispatch(name, text) {
  try {
    tell(name, JSON.parse(text));
  } catch {
    tell("look", null);
  }
}

function tell(name, content) {
  ears.dispatchEvent(new CustomEvent(name, { detail: content }));
}

function become(mode, why) {
  if (state.mode === mode && state.why === why) return;
  state = { mode, since: state.mode === mode ? state.since : new Date(), why };
  tell("state", state);
}

async function pollForEver() {
  let last = Date.now();
  for (;;) {
    await pause(1_000);
    if (Date.now() - last < (state.mode === "live" ? SAFETY_MS : POLL_MS)) continue;
    last = Date.now();
    if (!document.hidden) tell("look", null);
  }
}

/** The header's word for how the page hears. */
export function showPulse(place) {
  const words = { starting: "connecting", live: "live", polling: "every 10 s", away: "gateway away" };
  const say = () => {
    place.dataset.mode = state.mode;
    place.textContent = words[state.mode];
    place.title = state.why;
  };
  ears.addEventListener("state", say);
  say();
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
