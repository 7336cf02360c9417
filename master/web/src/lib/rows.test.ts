import { describe, expect, it } from "vitest";

import { ALL_UP_TO, AT_FIRST, rowsIn } from "./rows";

describe("rowsIn", () => {
  it("makes all of a short list", () => {
    expect(rowsIn(0, 0, 800, 46)).toEqual({ first: 0, end: 0 });
    expect(rowsIn(ALL_UP_TO, 9999, 800, 46)).toEqual({ first: 0, end: ALL_UP_TO });
  });

  it("makes what is seen and a little more of a long one, wherever one is", () => {
    for (const above of [-500, 0, 1, 45.9, 46, 5_000, 200_000, 459_999, 460_000, 9_999_999]) {
      const { first, end } = rowsIn(10_000, above, 800, 46);
      const within = (row: number) => Math.min(9_999, Math.max(0, Math.floor(row)));
      expect(first, String(above)).toBeLessThanOrEqual(Math.max(0, within(above / 46) - 4));
      expect(end, String(above)).toBeGreaterThanOrEqual(Math.min(10_000, within((above + 800) / 46) + 5));
      expect(end - first, String(above)).toBeLessThan(34);
      expect(end).toBeLessThanOrEqual(10_000);
    }
  });

  it("makes none for the part of the window that is above the list", () => {
    expect(rowsIn(10_000, -200, 800, 46)).toEqual({ first: 0, end: 20 });
  });

  it("counts what is in a row", () => {
    expect(rowsIn(10, 0, 300, 160, 4)).toEqual({ first: 0, end: 10 });
    expect(rowsIn(11, 0, 300, 160, 4)).toEqual({ first: 0, end: 3 });
  });

  it("makes some before it is known how high one is", () => {
    expect(rowsIn(10_000, 0, 800, 0)).toEqual({ first: 0, end: AT_FIRST });
    expect(rowsIn(2_500, 0, 800, 0, 4)).toEqual({ first: 0, end: AT_FIRST / 4 });
  });
});
