import { describe, expect, it } from "vitest";

import { sparkPath } from "./spark";

describe("a small picture", () => {
  it("goes from left to right, 100 % at the top", () => {
    expect(sparkPath([0, 50, 100], 20, 10)).toBe("M0 10L10 5L20 0");
  });

  it("leaves gaps open, and shows a value between two as a dot", () => {
    expect(sparkPath([0, null, 100, null], 30, 10)).toBe("M0 10h0.1M20 0h0.1");
    expect(sparkPath([null, null], 30, 10)).toBe("");
    expect(sparkPath([], 30, 10)).toBe("");
  });

  it("stays within the picture", () => {
    expect(sparkPath([-5, 120], 10, 10)).toBe("M0 10L10 0");
  });
});
