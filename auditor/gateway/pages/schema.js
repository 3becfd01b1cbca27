// A JSON schema as rows of name, kind and meaning, folded out to a bounded depth.

const DEEPEST = 4;
const WHO = {
  read: "Needs a token that may read; on loopback none.",
  ack: "Needs a token that may acknowledge.",
  ingest: "Needs a token that may deliver.",
};

/** Who may ask, in words. */
export function allowed(scope) {
  return WHO[scope] ?? "Needs no token.";
}

/** Rows for a schema under a name, and for what is in it. */
export function rowsOf(api, schema, name, required, what = "", depth = 0) {
  const found = resolved(api, schema);
  const inner = found.items ? resolved(api, found.items) : found;
  const own = name === ""
    ? []
    : [{ name, depth, kind: kindOf(api, found) + (required ? "" : ", optional"), what: [what || found.description || "", bounds(found)].filter(Boolean).join(" ") }];
  if (depth >= DEEPEST || !inner.properties) return own;
  const below = name === "" ? depth : depth + 1;
  const needed = new Set(inner.required ?? []);
  return [...own, ...Object.entries(inner.properties).flatMap(([key, each]) => rowsOf(api, each, key, needed.has(key), "", below))];
}

/** A schema without its references; of one that may be null, the other. */
function resolved(api, schema) {
  if (schema?.$ref) return resolved(api, api.components.schemas[schema.$ref.split("/").pop()]);
  const kinds = schema?.anyOf?.filter((each) => each.type !== "null") ?? [];
  return kinds.length === 1 ? { ...schema, ...resolved(api, kinds[0]), anyOf: schema.anyOf } : schema ?? {};
}

function kindOf(api, schema) {
  const nullable = schema.anyOf?.some((each) => each.type === "null") ? " or null" : "";
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(" or ") + nullable;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `list of ${kindOf(api, resolved(api, schema.items ?? {}))}${nullable}`;
  return (schema.format ?? schema.type ?? "anything") + nullable;
}

const BOUNDS = [
  ["minimum", "at least"], ["exclusiveMinimum", "above"], ["maximum", "at most"], ["exclusiveMaximum", "below"],
  ["minLength", "characters at least"], ["maxLength", "characters at most"], ["maxItems", "items at most"], ["default", "default"],
];

function bounds(schema) {
  const said = BOUNDS.filter(([key]) => schema[key] !== undefined && schema[key] !== null).map(([key, words]) => `${words} ${JSON.stringify(schema[key])}`);
  return said.length > 0 ? `(${said.join(", ")})` : "";
}
