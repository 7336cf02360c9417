import { describe, expect, it } from "vitest";

import { type Entry, matching, step } from "./palette";

const entries: Entry[] = [
  { key: "servers", label: "Servers", kind: "view" },
  { key: "offline", label: "Offline servers", kind: "view" },
  { key: "theme", label: "Switch to dark theme", kind: "action" },
];
const keys = (typed: string) => matching(entries, typed).map((entry) => entry.key);

describe("the palette", () => {
  it("offers everything before a word is typed", () => {
    expect(keys("")).toEqual(["servers", "offline", "theme"]);
    expect(keys("   ")).toEqual(["servers", "offline", "theme"]);
  });

  it("finds every word, in any order and case, also in the kind", () => {
    expect(keys("DARK action")).toEqual(["theme"]);
    expect(keys("servers off")).toEqual(["offline"]);
    expect(keys("nothing")).toEqual([]);
  });

  it("puts what begins with the first word first", () => {
    expect(keys("serv")).toEqual(["servers", "offline"]);
    expect(keys("off")).toEqual(["offline"]);
  });

  it("goes around the ends", () => {
    expect([step(0, 1, 3), step(2, 1, 3), step(0, -1, 3), step(0, 1, 0)]).toEqual([1, 0, 2, 0]);
  });
});
