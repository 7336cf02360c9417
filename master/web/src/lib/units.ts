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
      return `${upToTwo.format(value)}/s`;
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
