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

  /** Bytes of a week, hour by hour, in GiB. */
  const week = (gibAt: (hour: number) => number) => hours(168).map((time) => gibAt(time / HOUR_S) * GIB);
  const ofWeek = (gibAt: (hour: number) => number, leftGib: number) => forecast(hours(168), week(gibAt), leftGib * GIB);

  it("sees what began hours ago after days of rest", () => {
    for (const [since, left] of [[24, 15], [12, 27], [6, 39]] as const) {
      const found = ofWeek((hour) => 50 + Math.max(0, hour - 167 + since), left);
      expect(found, `${since} h`).toEqual({ kind: "fills", inDays: expect.closeTo(left / 24, 1) as number });
    }
    // And where it rests with a little noise.
    expect(ofWeek((hour) => 50 + 0.2 * Math.sin(hour * 2.4) + Math.max(0, hour - 161), 15)).toMatchObject({ kind: "fills" });
  });

  it("takes the nearest: a slow week and a fast day", () => {
    const found = ofWeek((hour) => 50 + hour * 0.01 + Math.max(0, hour - 143), 48);
    expect(found).toEqual({ kind: "fills", inDays: expect.closeTo(48 / 24 / 1.01, 1) as number });
  });

  it("stays calm with logs that are rotated, at every hour of their day", () => {
    for (let phase = 0; phase < 24; phase += 1) {
      for (const unlike of [0, 0.2]) {
        const tooth = (hour: number) => ((hour + phase) % 24) * (0.1 + 0.1 * unlike * Math.sin(Math.floor((hour + phase) / 24) * 1.7));
        expect(ofWeek((hour) => 50 + tooth(hour), 50), `${phase} ${unlike}`).toEqual({ kind: "steady" });
        expect(ofWeek((hour) => 50 + tooth(hour), 3).kind, `${phase} ${unlike}, nearly full`).not.toBe("fills");
      }
    }
  });

  it("has no forecast where it rises and no line says how, which is not the same as not filling up", () => {
    // All at once, in the middle of the week, some hours ago and just now.
    for (const when of [84, 164, 167]) expect(ofWeek((hour) => (hour < when ? 50 : 60), 5), String(when)).toEqual({ kind: "unclear" });
    // Up and down, and a little more of it.
    const found = ofWeek((hour) => 50 + hour * 0.01 + 3 * Math.sin(hour * 2.4), 5);
    expect(found).toEqual({ kind: "unclear" });
    expect(forecastText(found)).toBe("no forecast: it rises unevenly");
  });

  it("does not take time without data for a step", () => {
    const used = week((hour) => 50 + hour / 24).map((value, index) => (index > 20 && index < 140 ? null : value));
    expect(forecast(hours(168), used, 12 * GIB)).toEqual({ kind: "fills", inDays: expect.closeTo(12, 1) as number });
  });

  it("needs some points of the last hours", () => {
    const used = week((hour) => 50 + Math.max(0, hour - 161)).map((value, index) => (index > 140 && index < 165 ? null : value));
    expect(forecast(hours(168), used, 15 * GIB)).toEqual({ kind: "unclear" });
  });
});
