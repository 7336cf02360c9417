// Measured values as people read them: GiB and Mbit/s rather than digits, always with the unit.

import { NONE } from "./format";
import { perLanguage, text } from "./language.svelte";

/** What a number of the API is measured in. */
export type Unit =
  | "percent"
  | "bytes"
  | "bytesPerSecond"
  | "bitsPerSecond"
  | "perSecond"
  | "count"
  | "milliseconds"
  | "microseconds"
  | "celsius"
  | "rpm";

const formats = perLanguage((locale) => ({
  one: new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  upToOne: new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }),
  upToTwo: new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }),
}));

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const DECIMAL = ["", "k", "M", "G", "T", "P"];
/** What a rate is over, and its length in seconds: the first over which it is a number that can be read. */
const RATES = [
  ["s", 1],
  ["min", 60],
  ["h", 3600],
] as const;
/** The least that two decimals tell from nothing. */
const LEAST_RATE = 0.01;

/** `14.9 %`, `1.5 GiB`, `12.3 Mbit/s`; a dash where there is no value. */
export function quantity(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return NONE;
  const { one, upToOne, upToTwo } = formats();
  switch (unit) {
    case "percent":
      return `${one.format(value)} %`;
    case "bytes":
      return scaled(value, 1024, BINARY);
    case "bytesPerSecond":
      return `${scaled(value, 1024, BINARY)}/s`;
    case "bitsPerSecond":
      return scaled(value, 1000, DECIMAL.map((prefix) => `${prefix}bit/s`));
    case "perSecond":
      return rate(value, value);
    case "count":
      return upToTwo.format(value);
    case "milliseconds":
      return Math.abs(value) < 1000 ? `${upToTwo.format(value)} ms` : `${upToTwo.format(value / 1000)} s`;
    case "microseconds":
      return Math.abs(value) < 1000 ? `${upToOne.format(value)} µs` : quantity(value / 1000, "milliseconds");
    case "celsius":
      return `${one.format(value)} °C`;
    case "rpm":
      return `${upToOne.format(value)} ${text.units.revolutionsPerMinute}`;
  }
}

/** As `quantity`, for the values beside an axis: rates are all over the same time, so that they can be compared. */
export function quantities(values: readonly number[], unit: Unit): string[] {
  if (unit !== "perSecond") return values.map((value) => quantity(value, unit));
  const least = Math.min(...values.filter((value) => value > 0));
  return values.map((value) => rate(value, least));
}

/** `12.5/s`; one event in five minutes is `0.2/min`, for 0/s would say that nothing happened. The time is one for `least`. */
function rate(value: number, least: number): string {
  const { upToTwo } = formats();
  if (least === 0 || !Number.isFinite(least)) return `${upToTwo.format(value)}/s`;
  const [name, seconds] = RATES.find(([, seconds]) => Math.abs(least) * seconds >= LEAST_RATE) ?? RATES[2];
  const times = value * seconds;
  return times !== 0 && Math.abs(times) < LEAST_RATE ? `<${upToTwo.format(LEAST_RATE)}/${name}` : `${upToTwo.format(times)}/${name}`;
}

/** Whether the unit's round numbers are powers of two. */
export function isBinary(unit: Unit): boolean {
  return unit === "bytes" || unit === "bytesPerSecond";
}

function scaled(value: number, base: number, units: readonly string[]): string {
  const { upToOne, upToTwo } = formats();
  let [rest, step] = [value, 0];
  while (Math.abs(rest) >= base && step < units.length - 1) [rest, step] = [rest / base, step + 1];
  return `${(step === 0 ? upToOne : Math.abs(rest) < 10 ? upToTwo : upToOne).format(rest)} ${units[step]}`;
}
