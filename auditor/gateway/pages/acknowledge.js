// Saying what an observation was: reason, scope, how long, a note; and first what that will change.

import { announce, element, fill } from "./elements.js";
import { ask, debounced } from "./fetching.js";
import { number, span, time } from "./formats.js";
import { askForToken, token } from "./session.js";

/** What was signed, or the form to sign it. again: looks at the observation anew. */
export function acknowledging(path, row, again) {
  const past = row.signed.map(signedOne);
  if (row.acknowledged) return element("div", { class: "panel" }, past);
  return [
    element("div", { class: "panel sign" }, form(path, row, again)),
    past.length > 0 && element("div", { class: "panel" }, past),
  ];
}

function signedOne(one) {
  const until = one.expires_at ? [", until ", time(one.expires_at)] : [];
  const over = one.revoked_at && (one.revoked_by
    ? ["revoked by ", one.revoked_by, " at ", time(one.revoked_at)]
    : ["taken back by a worse turn at ", time(one.revoked_at)]);
  return element("div", { class: "signed" },
    element("p", {}, element("strong", {}, one.reason), " by ", element("strong", {}, one.by), " at ", time(one.at)),
    one.note && element("blockquote", {}, one.note),
    element("p", { class: "muted small" }, "About ", one.about, ...until, "."),
    over ? element("p", { class: "small" }, ...over)
      : element("p", { class: "muted small" }, "To take it back: ", element("code", {}, `cache-auditor observations revoke ${one.id}`)));
}

function form(path, row, again) {
  const reasons = row.reasons.map((each) => element("label", { class: "reason" },
    element("input", { type: "radio", name: "reason", value: each.reason, required: true }),
    element("span", {}, each.reason, " ", element("span", { class: "means" }, each.means))));
  const scope = element("select", { id: "scope", name: "scope" },
    row.scopes.map((each) => element("option", { value: each.scope }, each.about)));
  const expires = element("input", { id: "expires", name: "expires", maxlength: 40, autocomplete: "off", "aria-describedby": "expires-says" });
  const expiresSays = element("span", { id: "expires-says", class: "muted small" }, "Such as 12h or 30d.");
  const note = element("textarea", { id: "note", name: "note", maxlength: 2000 });
  const preview = element("div", { class: "preview", "aria-live": "polite" },
    element("p", { class: "muted" }, "Choose a reason to see what it will change."));
  const fault = element("p", { class: "fault", role: "alert" });
  const button = element("button", { type: "submit", class: "main" }, "Acknowledge");
  const found = element("form", {},
    element("fieldset", {}, element("legend", {}, "What was it?"), reasons),
    element("div", { class: "field" }, element("label", { for: "scope" }, "About"), scope),
    element("div", { class: "field" }, element("label", { for: "expires" }, "Keeps its like quiet for"), expires, expiresSays),
    element("div", { class: "field" }, element("label", { for: "note" }, "Note for the next one on call"), note),
    preview, fault, element("div", { class: "choices" }, button));
  const asked = () => ({
    reason: new FormData(found).get("reason"), scope: scope.value, expires: expires.value.trim() || null,
  });
  const look = debounced(() => showPreview(path, asked(), preview), 200);
  found.addEventListener("change", () => {
    const usual = row.reasons.find((each) => each.reason === asked().reason);
    expires.disabled = usual?.lasts_s === null;
    if (expires.disabled) expires.value = "";
    fill(expiresSays, usual === undefined ? "Such as 12h or 30d." : usual.lasts_s === null
      ? "This reason silences nothing." : `As is usual, ${span(usual.lasts_s)}, unless you say otherwise: 12h, 30d.`);
    look();
  });
  expires.addEventListener("input", look);
  found.addEventListener("submit", async (event) => {
    event.preventDefault();
    fill(fault);
    button.disabled = true;
    try {
      await sign(path, { ...asked(), note: note.value }, again);
    } catch (error) {
      fill(fault, [error.message, error.advice].filter(Boolean).join(" "));
    } finally {
      button.disabled = false;
    }
  });
  return found;
}

/** Signs with the reader's token, and asks for one that may where there is none. */
async function sign(path, body, again) {
  const why = "Acknowledging needs a token with the scope ack; its name is what signs.";
  if (token() === null && !(await askForToken(why))) return;
  try {
    const done = await ask(`${path}/acknowledgements`, { method: "POST", body });
    announce(done.says);
  } catch (error) {
    if (error.status !== 409) throw error;
    announce(error.message);
  }
  await again();
}

async function showPreview(path, asked, place) {
  if (!asked.reason) return;
  try {
    const found = await ask(`${path}/acknowledgements/preview`, { query: asked });
    fill(place, told(found));
  } catch (error) {
    fill(place, element("p", { class: "fault" }, error.message));
  }
}

function told(found) {
  if (found.expires_at === null) return [element("p", {}, found.learning)];
  const said = [element("p", {}, "Until ", time(found.expires_at), ` it keeps quiet ${found.keeps_quiet}. ${found.learning}`)];
  if (!found.kept) return [...said, element("p", {}, "No other observation is kept that it could have silenced.")];
  const later = found.later ? ` and told ${number(found.later)} later` : "";
  said.push(element("p", {}, `Of the ${number(found.kept)} others that are kept it would have silenced ${number(found.silenced)}${later}.`));
  if (found.confirmed) {
    said.push(element("p", { class: "real" }, `${number(found.confirmed)} of them somebody confirmed as real.`));
  }
  if (found.would.length) {
    said.push(element("ul", {}, found.would.map((each) => element("li", {},
      time(each.first_window), ` ${each.effect}: ${each.severity}, ${each.title}`, each.confirmed && element("span", { class: "real" }, " (real, fixed)")))));
  }
  return said;
}
