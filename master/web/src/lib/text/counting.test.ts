import { describe, expect, it } from "vitest";

import { counting } from "./counting";

describe("counting", () => {
  it("agrees with its noun", () => {
    const n = counting("en-GB");
    const forms = { one: "container", other: "containers" };
    expect([0, 1, 2].map((number) => n(number, forms))).toEqual(["0 containers", "1 container", "2 containers"]);
  });

  it("writes numbers as the language does", () => {
    expect(counting("en-GB")(12_345, { other: "rows" })).toBe("12,345 rows");
    expect(counting("de-DE")(12_345, { other: "Zeilen" })).toBe("12.345 Zeilen");
  });

  it("knows languages with more than two forms, and needs no more than the one that all have", () => {
    const n = counting("pl");
    const forms = { one: "rdzeń", few: "rdzenie", other: "rdzeni" };
    expect([1, 3, 5, 22].map((number) => n(number, forms))).toEqual(["1 rdzeń", "3 rdzenie", "5 rdzeni", "22 rdzenie"]);
    expect(n(3, { other: "x" })).toBe("3 x");
  });
});
