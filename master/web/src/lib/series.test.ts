import { describe, expect, it } from "vitest";

import type { History } from "./model";
import { breaksIn, seriesOf, summaryOf } from "./series";

const STEP_S = 300;

function historyAt(times: readonly number[], interval: History["interval"] = "raw"): History {
  const dataPoints = times.map((atS) => ({
    timestamp: new Date(atS * 1000).toISOString(),
    cpuPercent: atS % 100,
    memoryPercent: 50,
    diskPercent: 60,
  }));
  return { serverId: 1, serverName: "a", timeRange: "24h", interval, dataPoints };
}

function every(stepS: number, count: number, fromS = 1_000_000_000): number[] {
  return Array.from({ length: count }, (_, index) => fromS + index * stepS);
}

describe("breaksIn", () => {
  it("finds none in evenly spaced samples", () => {
    expect(breaksIn(every(STEP_S, 50), "raw").size).toBe(0);
  });

  it("forgives a sample that is late by half", () => {
    const times = every(STEP_S, 20);
    times[10] = (times[10] ?? 0) + STEP_S / 2;
    expect(breaksIn(times, "raw").size).toBe(0);
  });

  it("shows one missing sample", () => {
    const times = every(STEP_S, 20);
    times.splice(10, 1);
    expect([...breaksIn(times, "raw")]).toEqual([10]);
  });

  it("takes a changed interval for what it is, in both directions", () => {
    const slow = every(STEP_S, 20);
    const fast = every(1, 200, (slow.at(-1) ?? 0) + 1);
    const slowAgain = every(STEP_S, 20, (fast.at(-1) ?? 0) + STEP_S);
    expect(breaksIn([...slow, ...fast, ...slowAgain], "raw").size).toBe(0);
  });

  it("measures hourly averages by the hour, however few there are", () => {
    expect(breaksIn(every(3600, 3), "hourly").size).toBe(0);
    expect([...breaksIn([0, 3 * 3600], "hourly")]).toEqual([1]);
  });

  it("finds none where there is nothing to compare", () => {
    expect(breaksIn([], "raw").size).toBe(0);
    expect(breaksIn([1], "raw").size).toBe(0);
  });
});

describe("seriesOf", () => {
  it("breaks the line inside the gap and keeps every sample", () => {
    const times = every(STEP_S, 20);
    times.splice(8, 4);
    const series = seriesOf(historyAt(times), "memory");
    expect(series.values.filter((value) => value === null)).toHaveLength(1);
    expect(series.times).toHaveLength(17);
    expect(series.values[8]).toBeNull();
    expect(series.times[8]).toBeGreaterThan(series.times[7] ?? Infinity);
    expect(series.times[8]).toBeLessThan(series.times[9] ?? -Infinity);
  });

  it("marks a sample between two gaps, which no line would reach", () => {
    const times = every(STEP_S, 21).filter((_, index) => index === 10 || index < 7 || index > 13);
    const series = seriesOf(historyAt(times), "cpu");
    expect(series.lone.map((index) => series.times[index])).toEqual([times[7]]);
  });

  it("marks the only sample of a range", () => {
    expect(seriesOf(historyAt([1_000_000_000]), "disk").lone).toEqual([0]);
  });

  it("sorts, and leaves out what has no readable time", () => {
    const history = historyAt(every(STEP_S, 3));
    history.dataPoints.reverse();
    history.dataPoints.push({ timestamp: "yesterday", cpuPercent: 1, memoryPercent: 1, diskPercent: 1 });
    expect(seriesOf(history, "cpu").times).toEqual(every(STEP_S, 3));
  });
});

describe("summaryOf", () => {
  it("is absent for an empty range", () => {
    expect(summaryOf(historyAt([]), "cpu")).toBeUndefined();
  });

  it("names lowest, mean and highest", () => {
    expect(summaryOf(historyAt([1_000_000_010, 1_000_000_020, 1_000_000_060]), "cpu")).toEqual({ min: 10, mean: 30, max: 60 });
  });
});
