// Which rows of a long list are made: those in the window and some around it. All rows are as high as each other.

export interface Rows {
  /** The first row that is made. */
  first: number;
  /** The row after the last one that is made. */
  end: number;
}

/** Rows that are made above and below what is seen, so that a fast scroll does not meet a hole. */
const AROUND = 12;
/** Up to so many, all are made: the browser's own search then finds every one. */
export const ALL_UP_TO = 100;

/** `abovePx`: how far the list's first row is above the window's upper edge (negative where it is below). */
export function rowsIn(total: number, abovePx: number, windowPx: number, rowPx: number): Rows {
  if (total <= ALL_UP_TO || rowPx <= 0) return { first: 0, end: Math.min(total, ALL_UP_TO) };
  // In steps, so that most scrolling changes nothing.
  const step = (row: number) => Math.floor(row / AROUND) * AROUND;
  const seen = Math.min(total - 1, Math.max(0, Math.floor(abovePx / rowPx)));
  const first = Math.max(0, step(seen) - AROUND);
  return { first, end: Math.min(total, step(seen) + Math.ceil(windowPx / rowPx) + 2 * AROUND) };
}
