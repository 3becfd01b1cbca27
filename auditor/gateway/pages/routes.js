// The pages: pattern of the path, the module that shows it, and its place in the navigation.
// {pattern: "/compare", title: "Compare", link: "Compare", load: () => import("./compare.js")}

export const ROUTES = [
  { pattern: "/compare", title: "Compare", link: "Compare", load: () => import("./compare.js") },
  { pattern: "/caches/:cache/:implementation", title: "Cache", load: () => import("./cache.js") },
];
