// A chart's lines as they are drawn: columns of an answer turned into numbers of the chart's unit, stacked where they are
// parts of a whole. What is null in the answer stays null: nothing is made up.

import type { Series } from "./model";
import type { ChartSpec, Line } from "./readings";

export type Column = readonly (number | null)[];

/** One line, in the chart's unit. */
export interface Drawn {
  line: Line;
  /** What each point says: a sample, or the mean of a step. */
  values: Column;
  /** Where it is drawn: `values`, or on top of the lines below. */
  heights: Column;
  /** Least and greatest of each step; absent where points are samples, or the line is a difference. */
  min?: Column;
  max?: Column;
  /** Indices with nothing on either side: no line reaches them, so they are drawn as dots. */
  lone: number[];
  summary: Summary | undefined;
}

/** Of all points of a line. */
export interface Summary {
  min: number;
  mean: number;
  max: number;
  /** The last there is. */
  last: number;
}

/** Times of the points, epoch seconds. */
export function timesOf(series: Series): number[] {
  return series.times.map((time) => Date.parse(time) / 1000);
}

/** The lines of a chart. */
export function linesOf(series: Series, chart: ChartSpec): Drawn[] {
  let below: Column | undefined;
  return chart.lines.map((line) => {
    const values = valuesOf(series, line);
    const heights = chart.isStacked ? sum(values, below) : values;
    below = heights;
    const bounds = line.minus === undefined ? boundsOf(series, line) : {};
    return { line, values, heights, ...bounds, lone: loneOf(heights), summary: summaryOf(values, bounds, series.samples ?? undefined) };
  });
}

/** The place of the point nearest to a moment; absent where none is nearer than `reach`. Times ascend. */
export function nearest(times: readonly number[], at: number, reach: number): number | undefined {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  const distance = (index: number) => Math.abs((times[index] ?? Infinity) - at);
  const best = low > 0 && distance(low - 1) <= distance(low) ? low - 1 : low;
  return distance(best) <= reach ? best : undefined;
}

/** Points at a time by Page Up and Page Down. */
const PAGE = 10;

/** The point that a key goes to from `at`, of `count`; from nowhere to the last, or with Home to the first. Absent where the key means nothing. */
export function pointAfter(key: string, at: number | undefined, count: number): number | undefined {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -PAGE, PageDown: PAGE, Home: -Infinity, End: Infinity };
  const step = Object.hasOwn(steps, key) ? steps[key] : undefined;
  if (step === undefined || count === 0) return undefined;
  if (at === undefined && step !== -Infinity) return count - 1;
  return Math.min(count - 1, Math.max(0, (at ?? 0) + step));
}

function valuesOf(series: Series, line: Line): Column {
  const factor = line.factor ?? 1;
  const taken = (line.minus ?? []).map((field) => columnOf(series, field));
  return columnOf(series, line.field).map((value, index) => {
    let rest = value;
    for (const column of taken) {
      const part = column[index] ?? null;
      // Parts are rounded one by one, so that a difference may come out a little below nothing.
      rest = rest === null || part === null ? null : Math.max(0, rest - part);
    }
    return rest === null ? null : rest * factor;
  });
}

function columnOf(series: Series, field: string): Column {
  const column = series.fields[field];
  return column?.value ?? column?.avg ?? series.times.map(() => null);
}

function boundsOf(series: Series, line: Line): { min?: Column; max?: Column } {
  const { min, max } = series.fields[line.field] ?? {};
  const scaled = (column: Column) => column.map((value) => (value === null ? null : value * (line.factor ?? 1)));
  return min && max ? { min: scaled(min), max: scaled(max) } : {};
}

function sum(values: Column, below: Column | undefined): Column {
  return below === undefined ? values : values.map((value, index) => (value === null ? null : value + (below[index] ?? 0)));
}

function loneOf(heights: Column): number[] {
  const absent = (index: number) => (heights[index] ?? null) === null;
  return heights.flatMap((height, index) => (height !== null && absent(index - 1) && absent(index + 1) ? [index] : []));
}

/** A step counts as often as it has samples. */
function summaryOf(values: Column, bounds: { min?: Column; max?: Column }, samples: readonly number[] | undefined): Summary | undefined {
  let [min, max, total, weight] = [Infinity, -Infinity, 0, 0];
  let last: number | undefined;
  values.forEach((value, index) => {
    if (value === null) return;
    min = Math.min(min, bounds.min?.[index] ?? value);
    max = Math.max(max, bounds.max?.[index] ?? value);
    total += value * (samples?.[index] ?? 1);
    weight += samples?.[index] ?? 1;
    last = value;
  });
  return last === undefined || weight === 0 ? undefined : { min, mean: total / weight, max, last };
}
