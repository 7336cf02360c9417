// Which rows of a long list are made: those in the window and some around it. All rows are as high as each other.

export interface Rows {
  /** The first row that is made. */
  first: number;
  /** The row after the last one that is made. */
  end: number;
}

/** What is made above and below what is seen, so that a scroll does not meet a hole, pixels. Each row costs whoever sorts or types. */
const AROUND_PX = 200;
/** What is made to find out how high a row is, and how many share one. */
export const AT_FIRST = 12;
/** Up to so many servers or containers, all are made: the browser's own search then finds every one. */
export const ALL_UP_TO = 40;
/** On paper, where there is no window: more would be a book, and take minutes to make. */
export const PRINTED_MAX = 1000;

/** `abovePx`: how far the list's first row is above the window's upper edge (negative where it is below). `inRow`: how many share a row. */
export function rowsIn(total: number, abovePx: number, windowPx: number, rowPx: number, inRow = 1): Rows {
  if (total * inRow <= ALL_UP_TO) return { first: 0, end: total };
  if (rowPx <= 0) return { first: 0, end: Math.ceil(AT_FIRST / inRow) };
  const around = Math.max(1, Math.round(AROUND_PX / rowPx));
  // In steps, so that most scrolling changes nothing.
  const step = (row: number) => Math.floor(row / around) * around;
  const within = (row: number) => Math.min(total - 1, Math.max(0, row));
  const seen = within(Math.floor(abovePx / rowPx));
  const last = within(Math.floor((abovePx + windowPx) / rowPx));
  return { first: Math.max(0, step(seen) - around), end: Math.min(total, step(last) + 2 * around) };
}
