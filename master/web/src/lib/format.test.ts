import { describe, expect, it } from "vitest";

import { gib, largestWhole, percent, relative } from "./format";

describe("percent", () => {
  it("has one decimal and its unit", () => {
    expect(percent(14.85)).toBe("14.9 %");
    expect(percent(100)).toBe("100.0 %");
  });

  it("tells zero from absent", () => {
    expect(percent(0)).toBe("0.0 %");
    expect(percent(undefined)).toBe("–");
    expect(percent(null)).toBe("–");
  });
});

describe("gib", () => {
  it("names the unit that 2^30 bytes are", () => {
    expect(gib(23.54)).toBe("23.5 GiB");
    expect(gib(1023.9)).toBe("1,023.9 GiB");
    expect(gib(1536)).toBe("1.5 TiB");
  });
});

describe("relative", () => {
  const nowMs = 1_000_000_000_000;

  it("takes two clocks within five seconds for one", () => {
    expect(relative(nowMs - 4_999, nowMs)).toBe("just now");
    expect(relative(nowMs + 4_999, nowMs)).toBe("just now");
  });

  it("says how long ago, or how far ahead", () => {
    expect(relative(nowMs - 12_000, nowMs)).toBe("12 s ago");
    expect(relative(nowMs + 240_000, nowMs)).toBe("in 4 min");
  });

  it("uses the largest whole unit", () => {
    expect(largestWhole(59_999)).toEqual([59, "second"]);
    expect(largestWhole(60_000)).toEqual([1, "minute"]);
    expect(largestWhole(3_600_000)).toEqual([1, "hour"]);
    expect(largestWhole(47 * 3_600_000)).toEqual([47, "hour"]);
    expect(largestWhole(48 * 3_600_000)).toEqual([2, "day"]);
  });
});
