// Labels of a chart's axes: times in the viewer's zone, values with their unit.

import { perLanguage } from "./language.svelte";
import { quantities, type Unit } from "./units";

const formats = perLanguage((locale) => ({
  hour: new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }),
  second: new Intl.DateTimeFormat(locale, { timeStyle: "medium" }),
  day: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }),
}));

const MINUTE_MS = 60_000;
/** Past this a range is read by days, milliseconds. */
const DAYS_FROM_MS = 2 * 86_400_000;
/** Up to this it is read by seconds, milliseconds. */
const SECONDS_TO_MS = 5 * MINUTE_MS;

/** `13:05`, `23 Nov` where the range spans days and where a day begins, `13:05:10` where it is minutes. */
export function axisTime(epochMs: number, rangeMs: number): string {
  const { hour, second, day } = formats();
  const at = new Date(epochMs);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0;
  if (rangeMs > DAYS_FROM_MS || isMidnight) return day.format(at);
  return rangeMs <= SECONDS_TO_MS ? second.format(at) : hour.format(at);
}

/** As `quantity`, without decimals that an axis does not need. */
export function axisValues(ticks: readonly number[], unit: Unit): string[] {
  const all = quantities(ticks, unit);
  return unit === "percent" || unit === "celsius" ? all.map((value) => value.replace(/[.,]0 /, " ")) : all;
}
