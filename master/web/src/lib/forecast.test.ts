import { describe, expect, it } from "vitest";

import { forecast, forecastText } from "./forecast";

const HOUR_S = 3600;
const hours = (count: number) => Array.from({ length: count }, (_, index) => index * HOUR_S);
const GIB = 2 ** 30;

describe("forecast", () => {
  it("divides what is left by what is added a day", () => {
    const times = hours(168);
    const found = forecast(times, times.map((time) => 50 * GIB + (time / 86_400) * GIB), 12 * GIB);
    expect(found).toEqual({ kind: "fills", inDays: expect.closeTo(12, 6) as number });
    expect(forecastText(found)).toBe("full in 12 days");
  });

  it("does not take a wave for a trend", () => {
    const times = hours(168);
    expect(forecast(times, times.map((time) => 50 * GIB + GIB * Math.sin((time / 86_400) * 2 * Math.PI)), GIB)).toEqual({ kind: "steady" });
  });

  it("says nothing of a file system that empties, rests, or lasts for years", () => {
    const times = hours(168);
    for (const perHour of [-GIB, 0, 1]) {
      expect(forecast(times, times.map((time) => 500 * GIB + (time / HOUR_S) * perHour), GIB * 100), String(perHour)).toEqual({ kind: "steady" });
    }
  });

  it("does not guess from less than a day, or from holes", () => {
    expect(forecast(hours(24), hours(24), GIB)).toEqual({ kind: "unknown" });
    expect(forecast(hours(168), hours(168).map(() => null), GIB)).toEqual({ kind: "unknown" });
    expect(forecast([], [], GIB)).toEqual({ kind: "unknown" });
  });

  it("reads a disk that is full as full now", () => {
    expect(forecastText(forecast(hours(48), hours(48), 0))).toBe("full in less than a day");
    expect(forecastText({ kind: "fills", inDays: 1.2 })).toBe("full in 1 day");
  });
});
