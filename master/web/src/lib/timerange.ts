// The stretch of time a server's charts show, as the address says it: one of the presets up to now, or from one time to another.

import { text } from "./language.svelte";

export const PRESETS = ["1h", "6h", "24h", "7d", "30d", "90d", "1y"] as const;
export type Preset = (typeof PRESETS)[number];

/** Used where the address names none. */
export const DEFAULT_PRESET: Preset = "1h";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Length of each preset in milliseconds. */
export const PRESET_MS: Record<Preset, number> = {
  "1h": HOUR_MS,
  "6h": 6 * HOUR_MS,
  "24h": DAY_MS,
  "7d": 7 * DAY_MS,
  "30d": 30 * DAY_MS,
  "90d": 90 * DAY_MS,
  "1y": 365 * DAY_MS,
};

/** Epoch milliseconds; the end is not in it. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** A preset moves on with time, a fixed stretch does not; `problem` says why an address means neither. */
export type TimeRange = ChosenRange | { problem: string };
export type ChosenRange = { preset: Preset } | { fixed: Span };

/** Shorter than this nobody zooms in, milliseconds. */
const SHORTEST_MS = 10_000;

/** What an address asks for. */
export function timeRangeOf(search: string): TimeRange {
  const parameters = new URLSearchParams(search);
  const [from, to, range] = ["from", "to", "range"].map((name) => parameters.get(name));
  if (from || to) return fixedOf(from ?? "", to ?? "");
  if (!range) return { preset: DEFAULT_PRESET };
  const preset = PRESETS.find((known) => known === range);
  return preset === undefined ? { problem: text.history.problems.unknown(range) } : { preset };
}

/** The stretch that a range means at this moment. */
export function spanOf(range: ChosenRange, nowMs: number): Span {
  return "fixed" in range ? range.fixed : { fromMs: nowMs - PRESET_MS[range.preset], toMs: nowMs };
}

/** How often a range is asked for again, milliseconds: the longer it is, the less a minute changes it. */
export function refreshMs(range: ChosenRange): number {
  const lengthMs = "fixed" in range ? range.fixed.toMs - range.fixed.fromMs : PRESET_MS[range.preset];
  return Math.min(60_000, Math.max(5_000, lengthMs / 720));
}

/** The parameters of the address of a stretch, for `searchWith`. */
export function spanParameters(span: Span): Record<string, string> {
  const iso = (ms: number) => new Date(Math.round(ms / 1000) * 1000).toISOString().replace(".000Z", "Z");
  return { range: "", from: iso(span.fromMs), to: iso(span.toMs) };
}

/** The parameters of the address of a preset, for `searchWith`. */
export function presetParameters(preset: Preset): Record<string, string> {
  return { range: preset === DEFAULT_PRESET ? "" : preset, from: "", to: "" };
}

/** The same moment in the middle, twice as long; not past now, where that can be helped. */
export function widened(span: Span, nowMs: number): Span {
  const lengthMs = span.toMs - span.fromMs;
  const toMs = Math.max(span.toMs, Math.min(span.toMs + lengthMs / 2, nowMs));
  return { fromMs: toMs - 2 * lengthMs, toMs };
}

/** By half its length earlier (-1) or later (1). */
export function shifted(span: Span, direction: -1 | 1): Span {
  const byMs = (direction * (span.toMs - span.fromMs)) / 2;
  return { fromMs: span.fromMs + byMs, toMs: span.toMs + byMs };
}

/** What was dragged over, long enough to be shown. */
export function zoomed(fromMs: number, toMs: number): Span {
  const missingMs = Math.max(0, SHORTEST_MS - (toMs - fromMs));
  return { fromMs: fromMs - missingMs / 2, toMs: toMs + missingMs / 2 };
}

function fixedOf(from: string, to: string): TimeRange {
  const [fromMs, toMs] = [timeOf(from), timeOf(to)];
  if (Number.isNaN(fromMs) || Number.isNaN(toMs)) return { problem: text.history.problems.notTimes };
  if (fromMs >= toMs) return { problem: text.history.problems.backwards };
  return { fixed: { fromMs, toMs } };
}

/** A plus that was not written as %2B has become a space on its way. */
function timeOf(text: string): number {
  return Date.parse(text.replace(/ (?=\d\d:\d\d$)/, "+"));
}
