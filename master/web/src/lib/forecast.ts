// When a file system will be full, if it goes on as in the last days or, where that is something new, hours.

import { text } from "./language.svelte";
import type { Column } from "./lines";

/**
 * `unknown`: too little is known. `unclear`: it rises, and no line says until when. `steady`: it does not fill, or not
 * within two years.
 */
export type Forecast = { kind: "unknown" } | { kind: "unclear" } | { kind: "steady" } | { kind: "fills"; inDays: number };

interface Point {
  time: number;
  value: number;
}

/** A straight line through the points of a stretch that ends now. */
interface Fit {
  bytesPerDay: number;
  /** Whether it says how things go on: it explains the movement, and no single step has most of the rise. */
  isCredible: boolean;
}

const DAY_S = 86_400;
/** Less than this shows the hour of day rather than a trend, seconds. */
const SHORTEST_S = DAY_S;
const POINTS_MIN = 12;
/** What a file system did last says more than what it did all week, if it is something new: stretches, seconds. */
const RECENT_S = [DAY_S, DAY_S / 4];
const RECENT_POINTS_MIN = 5;
/** Further ahead than this nobody plans, and no week says anything about it. */
const FURTHEST_DAYS = 730;
/** How much of the movement the trend must explain; less is noise that has a slope as everything has. */
const EXPLAINED_MIN = 0.5;
/** One step with more of the rise than this, in less of the time, is something that was put there once. */
const STEP_MAX = 0.5;
/** How far above all that was before, in parts of its range, something is new: logs that are rotated are not. */
const NEW_MIN = 0.5;

/** From bytes used at times (epoch seconds, ascending) and the bytes that are left now: the nearest of the credible lines. */
export function forecast(times: readonly number[], used: Column, availableBytes: number): Forecast {
  const points = times.flatMap((time, index) => {
    const value = used[index] ?? null;
    return value === null ? [] : [{ time, value }];
  });
  const [first, last] = [points[0], points.at(-1)];
  if (points.length < POINTS_MIN || !first || !last || last.time - first.time < SHORTEST_S) return { kind: "unknown" };

  const stretches = [points, ...RECENT_S.flatMap((lengthS) => newSince(points, last.time - lengthS))];
  const rising = stretches.map(fit).filter(({ bytesPerDay }) => bytesPerDay > 0 && availableBytes / bytesPerDay <= FURTHEST_DAYS);
  const credible = rising.filter(({ isCredible }) => isCredible);
  if (credible.length > 0) return { kind: "fills", inDays: availableBytes / Math.max(...credible.map(({ bytesPerDay }) => bytesPerDay)) };
  return { kind: rising.length > 0 ? "unclear" : "steady" };
}

/** The points since then, where they are enough and end higher than it was before. */
function newSince(points: readonly Point[], since: number): Point[][] {
  const [before, recent] = [points.filter(({ time }) => time < since), points.filter(({ time }) => time >= since)];
  const last = recent.at(-1);
  if (before.length === 0 || recent.length < RECENT_POINTS_MIN || !last) return [];
  const values = before.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return last.value > most + (most - least) * NEW_MIN ? [recent] : [];
}

function fit(points: readonly Point[]): Fit {
  const mean = (of: (point: Point) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [time, value] = [mean((point) => point.time), mean((point) => point.value)];
  const times2 = mean((point) => (point.time - time) ** 2);
  const values2 = mean((point) => (point.value - value) ** 2);
  const both = mean((point) => (point.time - time) * (point.value - value));
  const explained = values2 === 0 ? 0 : both ** 2 / (times2 * values2);
  return { bytesPerDay: (both / times2) * DAY_S, isCredible: explained >= EXPLAINED_MIN && !isOneStep(points) };
}

/** Whether most of the rise came at once. */
function isOneStep(points: readonly Point[]): boolean {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return false;
  return points.some((point, index) => {
    const before = points[index - 1] ?? point;
    return point.value - before.value > (last.value - first.value) * STEP_MAX && point.time - before.time < (last.time - first.time) * STEP_MAX;
  });
}

/** `full in 12 days`. */
export function forecastText(forecast: Forecast): string {
  if (forecast.kind !== "fills") return text.forecast[forecast.kind];
  const days = Math.round(forecast.inDays);
  return days < 1 ? text.forecast.soon : text.forecast.fills(days);
}
