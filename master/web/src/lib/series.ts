// History as a chart draws it: seconds on one axis, percentages on the other, a null wherever data is missing.

import type { DataPoint, History, HistoryRange } from "./model";

export type Metric = "cpu" | "memory" | "disk";
export const METRICS: readonly Metric[] = ["cpu", "memory", "disk"];

/** What one chart draws. */
export interface Series {
  /** Epoch seconds, ascending. */
  times: number[];
  /** Percentages, 0 to 100; `null` breaks the line. As many as `times`. */
  values: (number | null)[];
  /** Indices of points with a break on both sides: no line reaches them, so they are drawn as dots. */
  lone: number[];
}

/** Lowest, mean and highest of the points, in percent. */
export interface Summary {
  min: number;
  mean: number;
  max: number;
}

const FIELDS: Record<Metric, "cpuPercent" | "memoryPercent" | "diskPercent"> = {
  cpu: "cpuPercent",
  memory: "memoryPercent",
  disk: "diskPercent",
};

/** Length of each range in milliseconds. */
export const RANGE_MS: Record<HistoryRange, number> = {
  "1h": 3_600_000,
  "6h": 21_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
  "30d": 2_592_000_000,
};

const HOUR_S = 3600;
/** Two neighbours further apart than this many times the expected distance have lost something between them. */
const GAP_FACTOR = 1.8;
/** Distances on each side that say what is normal at one place: enough to outvote an outage, few enough to follow a changed interval. */
const NEIGHBOURS = 6;

/** One metric of a history, broken where samples are missing. */
export function seriesOf(history: History, metric: Metric): Series {
  const field = FIELDS[metric];
  const points = timed(history.dataPoints);
  const times = points.map((point) => point.atS);
  const breaks = breaksIn(times, history.interval);

  const series: Series = { times: [], values: [], lone: [] };
  points.forEach(({ atS, point }, index) => {
    if (breaks.has(index)) {
      series.times.push((atS + (times[index - 1] ?? atS)) / 2);
      series.values.push(null);
    }
    const startsLine = index === 0 || breaks.has(index);
    const endsLine = index === points.length - 1 || breaks.has(index + 1);
    if (startsLine && endsLine) series.lone.push(series.times.length);
    series.times.push(atS);
    series.values.push(point[field]);
  });
  return series;
}

/** What a range held; absent when it held nothing. */
export function summaryOf(history: History, metric: Metric): Summary | undefined {
  const field = FIELDS[metric];
  const [first] = history.dataPoints;
  if (first === undefined) return undefined;
  let [min, max, sum] = [first[field], first[field], 0];
  for (const point of history.dataPoints) {
    min = Math.min(min, point[field]);
    max = Math.max(max, point[field]);
    sum += point[field];
  }
  return { min, mean: sum / history.dataPoints.length, max };
}

/** Indices whose predecessor is further away than samples are here. */
export function breaksIn(times: readonly number[], interval: History["interval"]): Set<number> {
  const distances = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const breaks = new Set<number>();
  distances.forEach((distance, index) => {
    const expected = interval === "hourly" ? HOUR_S : usualAround(distances, index);
    if (distance > expected * GAP_FACTOR) breaks.add(index + 1);
  });
  return breaks;
}

/** The median distance near one place: the operator may have changed the interval within the range. */
function usualAround(distances: readonly number[], index: number): number {
  const near = distances.slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS + 1).sort((a, b) => a - b);
  return near[Math.floor((near.length - 1) / 2)] ?? 0;
}

/** Points with a readable time, ascending. */
function timed(points: readonly DataPoint[]): { atS: number; point: DataPoint }[] {
  return points
    .map((point) => ({ atS: Date.parse(point.timestamp) / 1000, point }))
    .filter(({ atS }) => Number.isFinite(atS))
    .sort((a, b) => a.atS - b.atS);
}
