import { describe, expect, it } from "vitest";

import { quantity } from "./units";

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
});
