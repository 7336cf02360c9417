import { describe, expect, it } from "vitest";

import { shifted, spanOf, spanParameters, timeRangeOf, widened, zoomed } from "./timerange";

describe("timeRangeOf", () => {
  it("is an hour where the address says nothing", () => {
    expect(timeRangeOf("")).toEqual({ preset: "1h" });
    expect(timeRangeOf("?range=1y&sort=cpu")).toEqual({ preset: "1y" });
  });

  it("reads a stretch, also one whose plus has become a space", () => {
    const fixed = { fromMs: Date.UTC(2026, 10, 24, 8), toMs: Date.UTC(2026, 10, 24, 9) };
    expect(timeRangeOf("?from=2026-11-24T08:00:00Z&to=2026-11-24T09:00:00Z")).toEqual({ fixed });
    expect(timeRangeOf("?from=2026-11-24T09:00:00+01:00&to=2026-11-24T10:00:00+01:00")).toEqual({ fixed });
  });

  it("says what is wrong rather than show something else", () => {
    for (const search of ["?range=2h", "?from=yesterday&to=today", "?from=2026-11-24T08:00:00Z", "?from=2026-11-24T09:00:00Z&to=2026-11-24T08:00:00Z"]) {
      expect(timeRangeOf(search), search).toHaveProperty("problem");
    }
  });

  it("reads what it wrote", () => {
    const span = { fromMs: 1_000_000_000_000, toMs: 1_000_000_060_000 };
    const { from, to } = spanParameters(span);
    expect(timeRangeOf(`?from=${from}&to=${to}`)).toEqual({ fixed: span });
  });
});

describe("moving about", () => {
  const span = { fromMs: 1_000_000, toMs: 1_100_000 };

  it("widens to twice the length, and not into the future", () => {
    expect(widened(span, 9_000_000)).toEqual({ fromMs: 950_000, toMs: 1_150_000 });
    expect(widened(span, 1_100_000)).toEqual({ fromMs: 900_000, toMs: 1_100_000 });
  });

  it("shifts by half", () => {
    expect(shifted(span, -1)).toEqual({ fromMs: 950_000, toMs: 1_050_000 });
    expect(shifted(shifted(span, -1), 1)).toEqual(span);
  });

  it("never zooms in to nothing", () => {
    expect(zoomed(50_000, 50_000)).toEqual({ fromMs: 45_000, toMs: 55_000 });
    expect(zoomed(0, 60_000)).toEqual({ fromMs: 0, toMs: 60_000 });
  });

  it("moves a preset on with time", () => {
    expect(spanOf({ preset: "1h" }, 3_600_000)).toEqual({ fromMs: 0, toMs: 3_600_000 });
    expect(spanOf({ fixed: span }, 9e9)).toEqual(span);
  });
});
