// When a file system will be full, if it goes on as in the last days.

import { text } from "./language.svelte";
import type { Column } from "./lines";

/** `unknown`: too little is known. `steady`: it does not fill, or not within two years. */
export type Forecast = { kind: "unknown" } | { kind: "steady" } | { kind: "fills"; inDays: number };

const DAY_S = 86_400;
/** Less than this shows the hour of day rather than a trend, seconds. */
const SHORTEST_S = DAY_S;
const POINTS_MIN = 12;
/** Further ahead than this nobody plans, and no week says anything about it. */
const FURTHEST_DAYS = 730;
/** How much of the movement the trend must explain; less is noise that has a slope as everything has. */
const EXPLAINED_MIN = 0.5;

/** From bytes used at times (epoch seconds), by a straight line through all points, and the bytes that are left now. */
export function forecast(times: readonly number[], used: Column, availableBytes: number): Forecast {
  const points = times.flatMap((time, index) => {
    const value = used[index] ?? null;
    return value === null ? [] : [{ time, value }];
  });
  const [first, last] = [points[0], points.at(-1)];
  if (points.length < POINTS_MIN || !first || !last || last.time - first.time < SHORTEST_S) return { kind: "unknown" };

  const mean = (of: (point: { time: number; value: number }) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [time, value] = [mean((point) => point.time), mean((point) => point.value)];
  const times2 = mean((point) => (point.time - time) ** 2);
  const values2 = mean((point) => (point.value - value) ** 2);
  const both = mean((point) => (point.time - time) * (point.value - value));
  const bytesPerDay = (both / times2) * DAY_S;
  const explained = values2 === 0 ? 0 : both ** 2 / (times2 * values2);
  if (bytesPerDay <= 0 || explained < EXPLAINED_MIN) return { kind: "steady" };
  const inDays = availableBytes / bytesPerDay;
  return inDays > FURTHEST_DAYS ? { kind: "steady" } : { kind: "fills", inDays };
}

/** `full in 12 days`. */
export function forecastText(forecast: Forecast): string {
  if (forecast.kind === "unknown") return text.forecast.unknown;
  if (forecast.kind === "steady") return text.forecast.steady;
  const days = Math.round(forecast.inDays);
  return days < 1 ? text.forecast.soon : text.forecast.fills(days);
}
