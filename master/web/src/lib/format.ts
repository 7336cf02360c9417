// Numbers and times as people read them, always with their unit. The page's language, 24-hour clock, the viewer's zone.

import { perLanguage, text } from "./language.svelte";
import type { TimeUnit } from "./text/en";

const EXACT = {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
} as const;

// Each is made when it is first used: that takes milliseconds, and the first view needs few of them.
const percentFormat = perLanguage((locale) => new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }));
const gibFormat = perLanguage((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }));
const tibFormat = perLanguage((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }));
const timeFormat = perLanguage((locale) => new Intl.DateTimeFormat(locale, { timeStyle: "medium" }));
const dateTimeFormat = perLanguage((locale) => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }));
const dateTimeZoneFormat = perLanguage((locale) => new Intl.DateTimeFormat(locale, EXACT));
const dateTimeUtcFormat = perLanguage((locale) => new Intl.DateTimeFormat(locale, { ...EXACT, timeZone: "UTC" }));

/** Stands for a value that is not there. */
export const NONE = "–";

/** `14.9 %`; a dash where there is no value. */
export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  const tenths = Math.round(value * 10);
  // By hand where nothing but the sign depends on the language: the first number format of a page takes longer than a whole list.
  if (tenths < 0 || tenths >= 10_000) return `${percentFormat().format(value)} %`;
  return `${Math.trunc(tenths / 10)}${text.decimalSign}${tenths % 10} %`;
}

/** The API's "Gb" (2^30 bytes) with its true unit, and TiB from 1024 on. */
export function gib(value: number): string {
  return value < 1024 ? `${gibFormat().format(value)} GiB` : `${tibFormat().format(value / 1024)} TiB`;
}

/** `13:05:22` in the viewer's zone. */
export function time(epochMs: number): string {
  return timeFormat().format(epochMs);
}

/** `23 Nov 2026, 13:05:22` in the viewer's zone. */
export function dateTime(epochMs: number): string {
  return dateTimeFormat().format(epochMs);
}

/** `23 Nov 2026, 12:05:22 UTC`: the time as the master and its log write it. */
export function dateTimeUtc(epochMs: number): string {
  return dateTimeUtcFormat().format(epochMs);
}

/** What an input of local time takes and gives: `2026-11-23T13:05:22`. */
export function localInput(epochMs: number): string {
  const at = new Date(epochMs);
  const two = (number: number) => String(number).padStart(2, "0");
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `23 Nov 2026, 13:05:22 CET`. */
export function dateTimeZone(epochMs: number): string {
  return dateTimeZoneFormat().format(epochMs);
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * `just now`, `12 s ago`, `4 min ago`, `3 h ago`, `6 d ago`; ahead of now `in 4 min`.
 *
 * Clocks are compared here that are set by different people: within five seconds of each other is now.
 */
export function relative(epochMs: number, nowMs: number): string {
  const ageMs = nowMs - epochMs;
  if (Math.abs(ageMs) < 5 * SECOND_MS) return text.time.justNow;
  const [amount, unit] = largestWhole(Math.abs(ageMs));
  return ageMs > 0 ? text.time.ago(amount, unit) : text.time.ahead(amount, unit);
}

/** A length of time in its largest whole unit. */
export function largestWhole(ms: number): [amount: number, unit: TimeUnit] {
  if (ms < MINUTE_MS) return [Math.floor(ms / SECOND_MS), "second"];
  if (ms < HOUR_MS) return [Math.floor(ms / MINUTE_MS), "minute"];
  if (ms < 2 * DAY_MS) return [Math.floor(ms / HOUR_MS), "hour"];
  return [Math.floor(ms / DAY_MS), "day"];
}
