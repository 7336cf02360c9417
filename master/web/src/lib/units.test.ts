import { describe, expect, it } from "vitest";

import { quantities, quantity } from "./units";

describe("quantity", () => {
  it("tells absent from zero", () => {
    expect(quantity(null, "bytes")).toBe("–");
    expect(quantity(undefined, "percent")).toBe("–");
    expect(quantity(0, "bytes")).toBe("0 B");
    expect(quantity(0, "percent")).toBe("0.0 %");
  });

  it("counts memory by 1024 and a network by 1000", () => {
    expect(quantity(1023, "bytes")).toBe("1,023 B");
    expect(quantity(1536, "bytes")).toBe("1.5 KiB");
    expect(quantity(3 * 2 ** 30, "bytesPerSecond")).toBe("3 GiB/s");
    expect(quantity(999, "bitsPerSecond")).toBe("999 bit/s");
    expect(quantity(12_340_000, "bitsPerSecond")).toBe("12.3 Mbit/s");
    expect(quantity(2 ** 70, "bytes")).toBe("1,048,576 PiB");
  });

  it("goes up with time, down with the sign", () => {
    expect(quantity(350, "microseconds")).toBe("350 µs");
    expect(quantity(2500, "microseconds")).toBe("2.5 ms");
    expect(quantity(2500, "milliseconds")).toBe("2.5 s");
    expect(quantity(-1500, "milliseconds")).toBe("-1.5 s");
    expect(quantity(-3.25, "celsius")).toBe("-3.3 °C");
  });

  it("never reads what happened as nothing", () => {
    expect(quantity(0, "perSecond")).toBe("0/s");
    expect(quantity(1234.567, "perSecond")).toBe("1,234.57/s");
    expect(quantity(0.01, "perSecond")).toBe("0.01/s");
    // Once in five minutes, an hour, a day and a year.
    expect(quantity(1 / 300, "perSecond")).toBe("0.2/min");
    expect(quantity(1 / 3600, "perSecond")).toBe("0.02/min");
    expect(quantity(1 / 86_400, "perSecond")).toBe("0.04/h");
    expect(quantity(1 / (365 * 86_400), "perSecond")).toBe("<0.01/h");
    for (let once = 1; once < 1e10; once *= 3) expect(quantity(1 / once, "perSecond"), String(once)).not.toMatch(/^0\//);
  });
});

describe("quantities", () => {
  it("have one unit of time beside an axis, which tells its least step from nothing", () => {
    expect(quantities([0, 0.001, 0.002], "perSecond")).toEqual(["0/min", "0.06/min", "0.12/min"]);
    expect(quantities([0, 0.005, 0.01, 0.015], "perSecond")).toEqual(["0/min", "0.3/min", "0.6/min", "0.9/min"]);
    expect(quantities([0, 20, 40], "perSecond")).toEqual(["0/s", "20/s", "40/s"]);
    expect(quantities([0], "perSecond")).toEqual(["0/s"]);
    expect(quantities([], "perSecond")).toEqual([]);
    expect(quantities([0, 2 ** 30], "bytes")).toEqual(["0 B", "1 GiB"]);
  });
});
