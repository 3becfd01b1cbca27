// A comparison while it is made: its progress out of lines of JSON, and another try where all are busy.

import { announce, element, fill } from "./elements.js";
import { headers, Refused } from "./fetching.js";
import { number } from "./formats.js";
import { patiently } from "./patience.js";

/** The answer to a question. onProgress: told {minutes, of}, or {waits} in seconds. Throws Refused. */
export function compareAloud(question, { signal, onProgress }) {
  return patiently(() => once(question, signal, onProgress), { signal, onWait: (waits) => onProgress({ waits }) });
}

async function once(question, signal, onProgress) {
  let response;
  try {
    response = await fetch(`/v1/compare/progress?${new URLSearchParams(question)}`, {
      headers: { ...headers(), Accept: "application/x-ndjson, application/json" }, signal, cache: "no-store",
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Refused(0, "The gateway does not answer.", "See whether `cache-auditor serve` runs.");
  }
  if (!response.ok) throw await refusal(response);
  for await (const told of linesOf(response.body)) {
    if (told.answer) return told.answer;
    if (told.error) throw new Refused(told.error.status, told.error.error, told.error.advice ?? "");
    onProgress(told);
  }
  throw new Refused(0, "The answer ended too soon.");
}

async function refusal(response) {
  const found = await response.json().catch(() => null);
  return new Refused(response.status, found?.error ?? `The gateway answered ${response.status}.`, found?.advice ?? "");
}

async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line) yield JSON.parse(line);
    }
    if (rest) yield JSON.parse(rest);
  } finally {
    reader.cancel().catch(() => null);
  }
}

/** How far it is. Returns {element, say}. */
export function progressPanel() {
  const bar = element("progress", { max: 1, "aria-labelledby": "progress-said" });
  const said = element("p", { id: "progress-said" }, "Asking …");
  announce("Comparing");
  const say = ({ minutes, of, waits }) => {
    if (waits) {
      fill(said, `Others are being compared; trying again in ${waits} s …`);
      return;
    }
    const whole = of / 1440;
    bar.value = Math.min(minutes / of, 1) * 0.9;
    fill(said, minutes >= of ? "Read; weighing the differences …" : `Reading windows: ${number(minutes / 1440, 0)} of ${number(whole, whole < 10 ? 1 : 0)} days …`);
  };
  return { element: element("div", { class: "panel progress" }, said, bar), say };
}
