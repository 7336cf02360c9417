import { describe, expect, it } from "vitest";

import { linesOf, nearest, pointAfter } from "./lines";
import type { Series } from "./model";
import type { ChartSpec } from "./readings";

function series(fields: Series["fields"], samples?: number[]): Series {
  const count = Object.values(fields)[0]?.value?.length ?? Object.values(fields)[0]?.avg?.length ?? 0;
  const times = Array.from({ length: count }, (_, index) => new Date(index * 60_000).toISOString());
  return { serverId: 1, serverName: "a", from: "", to: "", tier: "raw", times, fields, lost: [], ...(samples && { samples }) };
}

function chart(lines: ChartSpec["lines"], isStacked = false): ChartSpec {
  return { id: "a", title: "a", unit: "bytes", lines, isStacked };
}

describe("linesOf", () => {
  it("keeps what is not known as not known", () => {
    const [drawn] = linesOf(series({ a: { value: [1, null, 3, null, 0] } }), chart([{ field: "a", label: "A", factor: 8 }]));
    expect(drawn?.values).toEqual([8, null, 24, null, 0]);
    expect(drawn?.lone).toEqual([0, 2, 4]);
    expect(drawn?.summary).toEqual({ min: 0, mean: 32 / 3, max: 24, last: 0 });
  });

  it("has nothing to say of a field that is absent", () => {
    const [drawn] = linesOf(series({ a: { value: [1, 2] } }), chart([{ field: "b", label: "B" }]));
    expect(drawn?.values).toEqual([null, null]);
    expect(drawn?.summary).toBeUndefined();
  });

  it("stacks parts and leaves a hole where one is not known", () => {
    const [a, b] = linesOf(series({ a: { value: [1, 2, null] }, b: { value: [10, null, 30] } }), chart([{ field: "a", label: "A" }, { field: "b", label: "B" }], true));
    expect(a?.heights).toEqual([1, 2, null]);
    expect(b?.heights).toEqual([11, null, 30]);
    expect(b?.values).toEqual([10, null, 30]);
  });

  it("takes off what a part does not include, never below nothing", () => {
    const [used] = linesOf(series({ total: { value: [10, 10, 10] }, free: { value: [4, null, 11] } }), chart([{ field: "total", label: "Used", minus: ["free"] }]));
    expect(used?.values).toEqual([6, null, 0]);
  });

  it("weighs a step by its samples and takes its bounds", () => {
    const fields = { a: { min: [0, 5], avg: [2, 8], max: [9, 9.5] } };
    const [drawn] = linesOf(series(fields, [1, 3]), chart([{ field: "a", label: "A" }]));
    expect(drawn?.max).toEqual([9, 9.5]);
    expect(drawn?.summary).toEqual({ min: 0, mean: 6.5, max: 9.5, last: 8 });
  });
});

describe("nearest", () => {
  it("finds the point next to a moment, if it is near enough", () => {
    const times = [10, 20, 40];
    expect(nearest(times, 14, 10)).toBe(0);
    expect(nearest(times, 16, 10)).toBe(1);
    expect(nearest(times, 99, 10)).toBeUndefined();
    expect(nearest(times, 30, 5)).toBeUndefined();
    expect(nearest([], 1, 10)).toBeUndefined();
  });
});

describe("pointAfter", () => {
  it("goes from point to point and stays within them", () => {
    expect([4, 0].map((at) => pointAfter("ArrowLeft", at, 20))).toEqual([3, 0]);
    expect([4, 19].map((at) => pointAfter("ArrowRight", at, 20))).toEqual([5, 19]);
    expect([pointAfter("PageUp", 15, 20), pointAfter("PageDown", 15, 20)]).toEqual([5, 19]);
    expect([pointAfter("Home", 15, 20), pointAfter("End", 15, 20)]).toEqual([0, 19]);
  });

  it("begins with what is newest", () => {
    expect([pointAfter("ArrowLeft", undefined, 20), pointAfter("PageDown", undefined, 20), pointAfter("Home", undefined, 20)]).toEqual([19, 19, 0]);
  });

  it("leaves other keys alone, and what has no points", () => {
    for (const key of ["Tab", "a", "toString", "Enter"]) expect(pointAfter(key, 3, 20), key).toBeUndefined();
    expect(pointAfter("ArrowLeft", undefined, 0)).toBeUndefined();
  });
});
