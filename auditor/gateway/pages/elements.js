// Elements out of plain values. Text is always text: nothing here reads HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element. attributes: `on` holds listeners, `data` the dataset; false and null are left out. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same in the SVG namespace. */
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Replaces what is in a place. Numbers and texts become text; null and false nothing. */
export function fill(place, ...children) {
  place.replaceChildren(...children.flat(Infinity).filter(present).map(node));
  return place;
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [kind, listener] of Object.entries(value)) made.addEventListener(kind, listener);
    } else if (name === "data") {
      for (const [key, text] of Object.entries(value)) made.dataset[key] = text;
    } else {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children.flat(Infinity).filter(present).map(node));
  return made;
}

const present = (child) => child !== null && child !== undefined && child !== false;
const node = (child) => (child instanceof Node ? child : document.createTextNode(String(child)));

/** A link inside the dashboard: the router takes it without a reload. */
export function link(path, attributes, ...children) {
  return element("a", { href: path, "data-local": true, ...attributes }, ...children);
}

/** A heading with what stands beside it. */
export function heading(level, text, ...beside) {
  return element("div", { class: "heading" }, element(`h${level}`, {}, text), ...beside);
}

/** A section with its heading and a panel. */
export function section(title, beside, ...children) {
  return element("section", { class: "section", "aria-label": title }, heading(2, title, beside), ...children);
}

/** Says something to whoever listens to the page instead of looking at it. */
export function announce(text) {
  fill(document.getElementById("said"), text);
}

/** Text in which `words` between backticks are code. */
export function coded(text) {
  return text.split("`").map((part, at) => (at % 2 ? element("code", {}, part) : part));
}
