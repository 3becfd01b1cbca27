// A list that is shown again and again: what has not changed stays the same node, and focus stays put.

/** Children of `place` by key. */
export class Keyed {
  #place;
  #known = new Map();

  constructor(place) {
    this.#place = place;
  }

  /** items: in order. keyOf: item -> text. make: item -> node; called again when the item has changed. */
  show(items, keyOf, make) {
    const shown = new Map();
    for (const item of items) {
      const key = keyOf(item);
      const text = JSON.stringify(item);
      const before = this.#known.get(key);
      shown.set(key, before?.text === text ? before : { text, node: made(item, make, before) });
    }
    const wanted = [...shown.values()].map((each) => each.node);
    const current = [...this.#place.children];
    if (wanted.length !== current.length || wanted.some((node, at) => node !== current[at])) {
      refocusing(this.#place, () => this.#place.replaceChildren(...wanted));
    }
    this.#known = shown;
  }
}

function made(item, make, before) {
  const node = make(item);
  if (before !== undefined) node.classList.add("fresh");
  return node;
}

/** Does the work, and gives the focus back to what stands where the focused element stood. */
export function refocusing(place, work) {
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const name = focused?.dataset.focus ?? focused?.getAttribute("href");
  work();
  if (focused === null || focused === document.activeElement) return;
  if (focused.isConnected) {
    focused.focus({ preventScroll: true });
  } else if (name) {
    place.querySelector(`[data-focus="${CSS.escape(name)}"], [href="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
  }
}
