/** The first retry comes this soon, milliseconds. */
const FIRST_RETRY_MS = 1_000;
/** Retries never come further apart than this, milliseconds. */
const SLOWEST_MS = 30_000;

/**
 * How long to wait before the next try, in milliseconds: the interval while all is well, else 1, 2, 4, … 30 s.
 *
 * `random` (0 to 1) spreads retries by a fifth, so that many open pages do not return in one moment to a master
 * that has just started.
 */
export function delayMs(intervalMs: number, failures: number, random: number): number {
  if (failures === 0) return intervalMs;
  const doubled = FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10);
  return Math.min(doubled, SLOWEST_MS) * (1 + random / 5);
}
