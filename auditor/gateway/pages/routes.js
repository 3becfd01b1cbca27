// The pages: pattern of the path, the module that shows it, and its place in the navigation.

export const ROUTES = [
  { pattern: "/", title: "Now", link: "Now", load: () => import("./now.js") },
  { pattern: "/observations/:id", title: "Observation", load: () => import("./observation.js") },
  { pattern: "/compare", title: "Compare", link: "Compare", load: () => import("./compare.js") },
  { pattern: "/caches/:cache/:implementation", title: "Cache", load: () => import("./cache.js") },
];
