// Labels of a chart's time axis, in the viewer's zone.

const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Past this a range is read by days, milliseconds. */
const DAYS_FROM_MS = 2 * 86_400_000;

/** `13:05`, or `23 Nov` where the range spans days and where a day begins. */
export function axisTime(epochMs: number, rangeMs: number): string {
  const at = new Date(epochMs);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0;
  return rangeMs > DAYS_FROM_MS || isMidnight ? day.format(at) : hour.format(at);
}
