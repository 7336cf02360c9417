import { describe, expect, it } from "vitest";

import { choices, choicesOf } from "./choices";

describe("choices", () => {
  it("are each once, in the order of what they are shown as", () => {
    const all = [["b", "node-10"], ["a", "node-2"], ["b", "node-10"]].map(([value = "", label = ""]) => ({ value, label }));
    expect(choices(all).map(({ value }) => value)).toEqual(["a", "b"]);
  });

  it("are no nothing", () => {
    expect(choicesOf(["shop", undefined, "", null, "mail", "shop"]).map(({ label }) => label)).toEqual(["mail", "shop"]);
  });
});
