// Real URLs without a reload: each page is a module with a function `show`.

import { element, fill } from "./elements.js";
import { empty, trouble } from "./empty.js";
import { ROUTES } from "./routes.js";

let leaving = null;

/** Shows the page of the address, and those of the links that are followed from now on. */
export function startRouter(place) {
  document.addEventListener("click", (event) => follow(event, place));
  addEventListener("popstate", () => showAddress(place, false));
  return showAddress(place, false);
}

/** Goes to a path of the dashboard. replace: without a step in the history, and without a new page. */
export function go(path, { replace = false } = {}) {
  if (replace) {
    history.replaceState(null, "", path);
    return null;
  }
  history.pushState(null, "", path);
  return showAddress(document.getElementById("page"), true);
}

/** The path of a cache's page. */
export function cachePath(cacheName, implementationType) {
  return `/caches/${encodeURIComponent(cacheName)}/${encodeURIComponent(implementationType)}`;
}

/** The path of an observation's page. */
export const observationPath = (id) => `/observations/${encodeURIComponent(id)}`;

function follow(event, place) {
  const found = event.target.closest?.("a[data-local]");
  if (!found || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (found.href !== location.href) history.pushState(null, "", found.href);
  showAddress(place, true);
}

/** One route's parameters, decoded, or null when the path is not its own. */
export function matched(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const found = {};
  for (const [at, part] of wanted.entries()) {
    if (part.startsWith(":")) {
      if (given[at] === "") return null;
      try {
        found[part.slice(1)] = decodeURIComponent(given[at]);
      } catch {
        return null;
      }
    } else if (part !== given[at]) return null;
  }
  return found;
}

async function showAddress(place, moved) {
  leaving?.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const path = location.pathname.length > 1 ? location.pathname.replace(/\/$/, "") : "/";
  for (const route of ROUTES) {
    const parameters = matched(route.pattern, path);
    if (parameters === null) continue;
    showNavigation(route);
    title(route.title);
    if (moved) scrollTo(0, 0);
    try {
      const page = await route.load();
      if (signal.aborted) return;
      fill(place);
      if (moved) place.focus({ preventScroll: true });
      await page.show(place, { parameters, query: new URLSearchParams(location.search), signal, title });
    } catch (error) {
      if (!signal.aborted) fill(place, trouble(error, () => showAddress(place, false)));
    }
    return;
  }
  showNavigation(null);
  title("Not found");
  fill(place, empty({ title: "There is no such page", says: ["Nothing is shown at this address."] }));
}

/** The tab's title. */
export function title(text) {
  document.title = text ? `${text} · cache-auditor` : "cache-auditor";
}

function showNavigation(current) {
  fill(document.getElementById("pages"), ROUTES.filter((each) => each.link).map((each) =>
    element("a", {
      href: each.pattern, "data-local": true, "aria-current": each === current ? "page" : null,
    }, each.link)));
}
