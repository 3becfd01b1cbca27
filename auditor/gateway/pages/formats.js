// Figures with their units, and instants in the reader's time zone.

import { element } from "./elements.js";

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const NOTHING = "–";

const clockOf = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayOf = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const fullOf = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23", timeZoneName: "short",
});

/** A number with so many digits after the point, grouped; "–" for what is not known. */
export function number(value, digits = 0) {
  if (!known(value)) return NOTHING;
  return value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** With as many digits as a figure of this size deserves. */
export function rounded(value) {
  if (!known(value)) return NOTHING;
  const size = Math.abs(value);
  return number(value, size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}

export const known = (value) => typeof value === "number" && Number.isFinite(value);

/** A figure of a metric's unit as plain text: "94.2 %", "1.30 ms", "310 /min". */
export function amount(value, unit) {
  if (!known(value)) return NOTHING;
  return `${digitsOf(value, unit)}${unit ? ` ${unit}` : ""}`;
}

function digitsOf(value, unit) {
  if (unit === "%") return number(value, Math.abs(value) >= 1 || value === 0 ? 1 : 2);
  return unit === "/min" && Math.abs(value) >= 10 ? number(value) : rounded(value);
}

/** The same as an element whose unit stands back. */
export function figure(value, unit) {
  if (!known(value)) return element("span", { class: "figure muted" }, NOTHING);
  return element("span", { class: "figure" }, digitsOf(value, unit), unit && element("span", { class: "unit" }, unit));
}

/** "86.1–92.3 %": two bounds and their unit. */
export function between(lower, upper, unit) {
  if (!known(lower) || !known(upper)) return NOTHING;
  return `${digitsOf(lower, unit)}–${digitsOf(upper, unit)}${unit ? ` ${unit}` : ""}`;
}

/** The unit of bytes that fits the largest of some figures: {size, unit}. */
export function bytesUnit(values) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const most = Math.max(1, ...values.filter(known).map(Math.abs));
  const step = Math.min(Math.floor(Math.log2(most) / 10), units.length - 1);
  return { size: 2 ** (10 * step), unit: units[step] };
}

/** Bytes in the unit that fits. */
export function bytes(value) {
  if (!known(value)) return NOTHING;
  const { size, unit } = bytesUnit([value]);
  return `${rounded(value / size)} ${unit}`;
}

/** A length of time as people say it: "45 s", "12 min", "3 h 20 min", "2 d 4 h". */
export function span(seconds) {
  if (!known(seconds)) return NOTHING;
  const whole = Math.max(Math.floor(seconds), 0);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`;
}

/** Waiting in ms as a length of time: "340 ms", "98.2 s", "41 min". */
export function waited(ms) {
  if (!known(ms)) return NOTHING;
  if (ms < 1000) return `${number(ms)} ms`;
  return ms < 120_000 ? `${number(ms / 1000, 1)} s` : span(ms / 1000);
}

/** The clock's time of an instant; with the day when it is not today's. */
export function clock(instant) {
  const when = new Date(instant);
  return sameDay(when, new Date()) ? clockOf.format(when) : `${dayOf.format(when)}, ${clockOf.format(when)}`;
}

/** Date, time to the second, and the zone's name. */
export const full = (instant) => fullOf.format(new Date(instant));

/** An instant as an element; its title has all of it. */
export function time(instant, said = clock(instant)) {
  if (!instant) return element("span", { class: "muted" }, NOTHING);
  return element("time", { datetime: new Date(instant).toISOString(), title: full(instant) }, said);
}

/** Seconds from one instant to another, later minus earlier. */
export const secondsBetween = (earlier, later) => (new Date(later) - new Date(earlier)) / 1000;

function sameDay(one, other) {
  return one.toDateString() === other.toDateString();
}
