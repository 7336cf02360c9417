// Views of the list that the viewer has given a name, remembered in this browser. A view is its address: it can be sent to
// somebody who has not saved it.

const STORAGE_KEY = "neon.views";
/** Longest name. */
export const NAME_MAX = 40;

export interface SavedView {
  name: string;
  /** The parameters of its address, with the leading `?`, or empty. */
  search: string;
}

let views = $state.raw<readonly SavedView[]>(stored());

export const saved = {
  get all(): readonly SavedView[] {
    return views;
  },

  /** A view of the same name is replaced. */
  save(name: string, search: string): void {
    const trimmed = name.trim().slice(0, NAME_MAX);
    if (trimmed !== "") keep([...views.filter((view) => view.name !== trimmed), { name: trimmed, search }]);
  },

  remove(name: string): void {
    keep(views.filter((view) => view.name !== name));
  },
};

function keep(next: readonly SavedView[]): void {
  views = next;
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(next));
  } catch {
    // Storage is blocked: it holds until the page is closed.
  }
}

function stored(): SavedView[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    if (!Array.isArray(value)) return [];
    return value.filter((view: Partial<SavedView> | null) => typeof view?.name === "string" && typeof view.search === "string");
  } catch {
    return [];
  }
}
