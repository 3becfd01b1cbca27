// Asking the gateway: with the reader's token, within a time, and with errors that say what to do.

import { token } from "./session.js";

const PATIENCE_MS = 20_000;

/** An answer that is a no. status: of HTTP, 0 when there was no answer. advice: what to do, or "". */
export class Refused extends Error {
  constructor(status, said, advice = "") {
    super(said);
    this.status = status;
    this.advice = advice;
  }
}

/** The JSON at a path of the gateway. query: plain values; null ones are left out. Throws Refused. */
export async function ask(path, { query = {}, method = "GET", body = null, signal = null } = {}) {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  let response;
  try {
    response = await fetch(addressed(path, query), {
      method, headers: headers(body), body: body === null ? null : JSON.stringify(body),
      signal: signal === null ? limit : AbortSignal.any([signal, limit]), cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, "The gateway does not answer.", "See whether `cache-auditor serve` runs.");
  }
  const found = await response.json().catch(() => null);
  if (response.ok) return found;
  throw refusal(response.status, found);
}

/** The headers of a request of this reader. */
export function headers(body = null) {
  const found = { Accept: "application/json" };
  if (token() !== null) found.Authorization = `Bearer ${token()}`;
  if (body !== null) found["Content-Type"] = "application/json";
  return found;
}

function addressed(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

function refusal(status, found) {
  return new Refused(status, String(found?.error ?? `The gateway answered ${status}.`), String(found?.advice ?? ""));
}

/** Calls at most once in so many ms, and after the last wish; a call that runs is waited for. */
export function debounced(work, waitMs) {
  let timer = null;
  let running = false;
  let again = false;
  const run = async () => {
    timer = null;
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await work();
    } finally {
      running = false;
      if (again) {
        again = false;
        wish();
      }
    }
  };
  const wish = () => {
    timer ??= setTimeout(run, waitMs);
  };
  return wish;
}
