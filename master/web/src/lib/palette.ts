// What the command palette offers for what was typed.

/** Something to choose: a place to go to, or something to do. */
export interface Entry {
  /** Unique among those offered. */
  key: string;
  label: string;
  /** What kind of thing it is, in a word or two. */
  kind: string;
  /** Where it leads; absent where it does something instead. */
  href?: string;
  /** Whether that is another document, which the dashboard's router knows nothing of. */
  isDocument?: boolean;
  act?: () => void;
}

/** Entries that every word typed is in, whatever the case; those that begin with the first come first, else in their order. */
export function matching(entries: readonly Entry[], typed: string): Entry[] {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const found = entries.filter((entry) => {
    const text = `${entry.label} ${entry.kind}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const first = words[0];
  if (first === undefined) return found;
  const begins = (entry: Entry) => entry.label.toLowerCase().startsWith(first);
  return [...found.filter(begins), ...found.filter((entry) => !begins(entry))];
}

/** The place after one step through `count` entries, around the ends. */
export function step(place: number, by: 1 | -1, count: number): number {
  return count === 0 ? 0 : (place + by + count) % count;
}
