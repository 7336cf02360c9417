import { describe, expect, it } from "vitest";

import { orderOf } from "./names";

describe("orderOf", () => {
  it("puts plain names into the order of the browser's collator", () => {
    const { compare } = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
    const parts = ["", "a", "B", "b", "node", "Node", "-", "_", ".", "0", "00", "1", "01", "2", "10", "010", "99", "100", "12345678901234567890", "z"];
    const names = parts.flatMap((first) => parts.flatMap((second) => parts.slice(0, 16).map((third) => first + second + third)));
    const order = orderOf(names);
    const pairs = [1, 7, 331, 2_003].flatMap((step) => names.map((left, index) => [left, names[(index * step + step) % names.length] as string] as const));
    expect(pairs.filter(([left, right]) => Math.sign(order(left, right)) !== Math.sign(compare(left, right)))).toEqual([]);
  });

  it("leaves other names to the collator", () => {
    const names = ["Öl", "ol", "Zebra", "äpfel 10", "äpfel 9"];
    expect([...names].sort(orderOf(names))).toEqual(["äpfel 9", "äpfel 10", "Öl", "ol", "Zebra"]);
  });
});
