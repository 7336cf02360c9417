// Numbers and times as people read them, always with their unit. English, 24-hour clock, the viewer's zone.

const LOCALE = "en-GB";

const percentFormat = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const gibFormat = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const tibFormat = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2 });
const timeFormat = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium" });
const dateTimeFormat = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "medium" });
const EXACT = {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
} as const;
const dateTimeZoneFormat = new Intl.DateTimeFormat(LOCALE, EXACT);
const dateTimeUtcFormat = new Intl.DateTimeFormat(LOCALE, { ...EXACT, timeZone: "UTC" });

/** Stands for a value that is not there. */
export const NONE = "–";

/** `14.9 %`; a dash where there is no value. */
export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : `${percentFormat.format(value)} %`;
}

/** The API's "Gb" (2^30 bytes) with its true unit, and TiB from 1024 on. */
export function gib(value: number): string {
  return value < 1024 ? `${gibFormat.format(value)} GiB` : `${tibFormat.format(value / 1024)} TiB`;
}

/** `1 container`, `2 containers`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

/** `13:05:22` in the viewer's zone. */
export function time(epochMs: number): string {
  return timeFormat.format(epochMs);
}

/** `23 Nov 2026, 13:05:22` in the viewer's zone. */
export function dateTime(epochMs: number): string {
  return dateTimeFormat.format(epochMs);
}

/** `23 Nov 2026, 12:05:22 UTC`: the time as the master and its log write it. */
export function dateTimeUtc(epochMs: number): string {
  return dateTimeUtcFormat.format(epochMs);
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
  return dateTimeZoneFormat.format(epochMs);
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
  if (Math.abs(ageMs) < 5 * SECOND_MS) return "just now";
  const span = duration(Math.abs(ageMs));
  return ageMs > 0 ? `${span} ago` : `in ${span}`;
}

/** A length of time in its largest whole unit. */
export function duration(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}
