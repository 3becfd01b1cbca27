// Why it was told: the causes with what speaks for and against them, and each detector's part.

import { drawn, element, fill } from "./elements.js";
import { amount, between, clock, known, number, waited } from "./formats.js";

const LOUD = 1;
const FIRST = 10;

/** Causes, the likeliest first. */
export function causes(claims) {
  if (!claims.length) {
    return element("div", { class: "panel" }, element("p", { class: "waiting" },
      "No known cause fits. Compare with deploys and changes at that minute."));
  }
  const [first, ...others] = claims;
  return element("div", { class: "panel" }, cause(first, true), others.map((each) => cause(each, false)));
}

function cause(claim, opened) {
  const percent = Math.round(100 * claim.weight);
  const evidence = element("div", { class: "evidence" },
    listed("For it", "for", claim.for_it),
    element("div", { class: "rest" }, listed("Against it", "against", claim.against_it),
      listed("Not measured", "unknown", claim.not_measured)));
  return element("div", { class: "cause" },
    element("div", { class: "title" }, element("h3", {}, claim.title),
      element("span", { class: "share" }, `fits ${number(percent)} %`)),
    bar(percent),
    opened ? evidence : element("details", {}, element("summary", {}, "Evidence"), evidence,
      claim.recommendation && element("p", { class: "small" }, `What to do: ${claim.recommendation}`)));
}

function bar(percent) {
  const filled = element("span");
  filled.style.width = `${percent}%`;
  return element("span", { class: "share-bar", "aria-hidden": "true" }, filled);
}

function listed(title, kind, said) {
  const none = element("p", { class: "muted small" }, "nothing");
  return element("div", { class: kind }, element("h4", {}, title),
    said.length ? element("ul", {}, said.map((each) => element("li", {}, each))) : none);
}

/** What each channel said of the window that opened it, or of its worst. */
export function contributions(moments) {
  if (!moments.length) {
    return element("p", { class: "muted" },
      "What it was judged by was not kept: it was not opened by a tick of this version.");
  }
  const body = element("div", { class: "panel scroll", tabindex: "0", role: "region", "aria-label": "Detectors' parts" });
  const buttons = moments.map((each) => element("button", { type: "button", on: { click: () => choose(each) } },
    `${each.moment === "worst" ? "Its worst minute" : "The minute that opened it"}, ${clock(each.minute_window)}`));
  const choose = (moment) => {
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(moments[at] === moment)));
    fill(body, table(moment));
  };
  choose(moments.find((each) => each.moment === "worst") ?? moments[0]);
  return [moments.length > 1 && element("div", { class: "moments" }, buttons), body];
}

function table(moment) {
  const loud = moment.contributions.filter((each) => (each.surprise ?? 0) >= LOUD);
  const quiet = moment.contributions.length - loud.length;
  const most = Math.max(...loud.map((each) => each.surprise), moment.opening_surprise);
  const rows = loud.map((each) => row(each, most, moment.opening_surprise));
  for (const each of rows.slice(FIRST)) each.hidden = true;
  const found = known(moment.surprise)
    ? `Surprise ${number(moment.surprise, 1)} in all, led by ${moment.leading_metric}; an observation opens from ${number(moment.opening_surprise, 1)}.`
    : "This window was not judged; a rule opened it.";
  return [
    element("p", { class: "quiet small" }, found, costOf(moment)),
    element("table", { class: "table" },
      element("caption", { class: "hidden" }, `Detectors' parts at ${clock(moment.minute_window)}`),
      element("thead", {}, element("tr", {},
        ["Detector", "Metric"].map((each) => element("th", { scope: "col" }, each)),
        ["Actual", "Expected", "Over", "Operations"].map((each) => element("th", { scope: "col", class: "number" }, each)),
        element("th", { scope: "col" }, "Surprise"))),
      element("tbody", {}, rows)),
    element("p", { class: "quiet muted small" },
      `${number(quiet)} other channels are as usual (a surprise below ${LOUD}).`, more(rows)),
  ];
}

function more(rows) {
  const hidden = rows.filter((each) => each.hidden);
  if (!hidden.length) return null;
  const button = element("button", { type: "button", on: { click: () => {
    for (const each of hidden) each.hidden = false;
    button.remove();
  } } }, `Show ${number(hidden.length)} more that are not`);
  return button;
}

function row(part, most, opens) {
  const band = known(part.lower) && known(part.upper) ? between(part.lower, part.upper, part.unit) : amount(part.expected, part.unit);
  return element("tr", {},
    element("td", {}, part.detector), element("td", {}, part.metric_title),
    element("td", { class: "number" }, amount(part.value, part.unit)),
    element("td", { class: "number" }, band),
    element("td", { class: "number" }, `${number(part.minutes)} min`),
    element("td", { class: "number" }, number(part.count)),
    element("td", {}, element("span", { class: "surprise" },
      element("span", { class: "number" }, number(part.surprise, 1)), surpriseBar(part.surprise, most, opens))));
}

/** On a logarithm: a surprise has no upper bound. The stroke is where an observation opens. */
function surpriseBar(surprise, most, opens) {
  const x = (value) => (96 * Math.log1p(Math.max(value, 0))) / Math.log1p(most);
  return drawn("svg", { viewBox: "0 0 96 12", "aria-hidden": "true" },
    drawn("rect", { class: "amount", x: 0, y: 2, width: x(surprise), height: 8 }),
    drawn("line", { class: "opens", x1: x(opens), x2: x(opens), y1: 0, y2: 12 }));
}

function costOf(moment) {
  const costly = moment.cost.filter((each) => each.ms >= 1);
  if (!costly.length) return "";
  const parts = costly.map((each) => `${each.title} ${waited(each.ms)}`).join(", ");
  return ` This minute cost ${parts}; an ordinary one takes ${waited(moment.ordinary_ms)} in all.`;
}
