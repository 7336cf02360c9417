// Which groups of charts the viewer has closed, remembered in this browser.

const STORAGE_KEY = "neon.closed";

let closed = $state.raw<ReadonlySet<string>>(new Set(stored()));

export const groups = {
  isOpen(id: string): boolean {
    return !closed.has(id);
  },

  set(id: string, isOpen: boolean): void {
    if (isOpen === groups.isOpen(id)) return;
    const next = new Set(closed);
    if (isOpen) next.delete(id);
    else next.add(id);
    closed = next;
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify([...next]));
    } catch {
      // Storage is blocked: it holds until the page is closed.
    }
  },
};

function stored(): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(value) ? value.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}
