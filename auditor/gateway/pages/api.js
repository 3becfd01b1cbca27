// The page of the API, out of /openapi.json: what can be asked, with what, and what comes back.

import { element, fill } from "./elements.js";
import { allowed, rowsOf } from "./schema.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const place = document.getElementById("page");

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`the gateway answers ${answer.status}`);
  show(await answer.json());
} catch (fault) {
  fill(place, element("h1", {}, "API"), element("p", { role: "alert" }, `It cannot be shown: ${fault.message}.`));
}

function show(api) {
  const parts = partsOf(api);
  fill(document.getElementById("parts"), parts.map((part) => element("a", { href: `#${part.name}` }, part.name)));
  fill(
    place,
    element("h1", {}, "API"),
    element("p", {}, api.info.description),
    element("p", { class: "muted" }, `Version ${api.info.version}; as a document: `, element("a", { href: "/openapi.json" }, "openapi.json"), "."),
    parts.map((part) =>
      element("section", { "aria-labelledby": part.name },
        element("h2", { id: part.name }, part.name),
        part.description && element("p", { class: "muted" }, part.description),
        part.operations.map((each) => operation(api, each)))),
  );
}

/** The operations by their tag, tags in the document's order and then others by name. */
function partsOf(api) {
  const named = new Map(api.tags.map((tag) => [tag.name, { ...tag, operations: [] }]));
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => name in item)) {
      const name = item[method].tags?.[0] ?? "other";
      if (!named.has(name)) named.set(name, { name, operations: [] });
      named.get(name).operations.push({ path, method, ...item[method] });
    }
  }
  return [...named.values()].filter((part) => part.operations.length > 0);
}

function operation(api, asked) {
  const { path, method } = asked;
  return element("details", { class: "operation" },
    element("summary", {},
      element("span", { class: "method" }, method.toUpperCase()), element("span", { class: "path" }, path),
      element("span", { class: "what" }, asked.summary)),
    element("div", {},
      asked.description && element("p", {}, asked.description),
      element("p", { class: "muted" }, allowed(scopeOf(asked))),
      element("h3", {}, "Ask"), element("pre", { tabindex: "0", "aria-label": "the call" }, curl(asked)),
      asked.parameters?.length > 0 && [element("h3", {}, "Parameters"), table(asked.parameters.flatMap((each) =>
        rowsOf(api, each.schema, `${each.name} (${each.in})`, each.required, each.description)))],
      asked.requestBody && [element("h3", {}, "Body"), contents(api, asked.requestBody)],
      Object.entries(asked.responses).map(([status, told]) => [
        element("h3", {}, `${status}: ${told.description}`), contents(api, told)])));
}

function contents(api, told) {
  return Object.entries(told.content ?? {}).map(([kind, { schema }]) => [
    element("p", { class: "muted" }, kind), schema && table(rowsOf(api, schema, "", true))]);
}

function table(rows) {
  return element("table", {},
    element("thead", {}, element("tr", {}, ["name", "kind", "what"].map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, rows.map((row) => element("tr", {},
      element("td", {}, "  ".repeat(row.depth) + row.name), element("td", {}, row.kind), element("td", {}, row.what)))));
}

function scopeOf(asked) {
  return Object.values(asked.security?.[0] ?? {})[0]?.[0];
}

function curl(asked) {
  const { method, path, requestBody } = asked;
  const words = ["curl", ...(method === "get" ? [] : ["-X", method.toUpperCase()])];
  if (scopeOf(asked)) words.push("-H 'Authorization: Bearer TOKEN'");
  if (requestBody) words.push("-H 'Content-Type: application/json' -d @body.json");
  return [...words, `'${location.origin}${path}'`].join(" ");
}
