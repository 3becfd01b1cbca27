// Another try where others are served first: what costs the gateway a second is done a few at a time.

import { Refused } from "./fetching.js";

const TRIES = 6;
const PAUSE_S = 3;

/** What `work` resolves to, tried again while all are busy. onWait: told the seconds. Throws Refused. */
export async function patiently(work, { signal, onWait = () => null }) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 503 || tried === TRIES) throw error;
      onWait(PAUSE_S);
      await pause(PAUSE_S * 1000, signal);
    }
  }
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
