import { describe, expect, it, vi } from "vitest";

vi.mock("./api", () => ({ ApiError: class extends Error {}, series: vi.fn() }));

const { keyOf, pieces } = await import("./history");
const { keyText } = await import("./readings");

describe("pieces", () => {
  it("asks for some members of a long list at a time, and for all of them", () => {
    const disks = Array.from({ length: 45 }, (_, index) => ({ device: `sd${index}` }));
    const split = pieces(["diskPercent", "disks.*"], { disks } as never);
    expect(split[0]).toEqual(["diskPercent"]);
    expect(split.map((piece) => piece.length)).toEqual([1, 20, 20, 5]);
    expect(split.flat()).toContain("disks.sd44.*");
  });

  it("is nothing of a list that the host does not have", () => {
    expect(pieces(["mounts.*"], {} as never)).toEqual([]);
  });
});

describe("keyOf", () => {
  it("writes what the API would, and what is read back", () => {
    expect(keyOf("eth0.100")).toBe("eth0~2E100");
    expect(keyOf("a~b,c*d@e\u0085")).toBe("a~7Eb~2Cc~2Ad~40e~C2~85");
    for (const name of ["/var/lib", "größe.x", "a b%20"]) expect(keyText(keyOf(name)), name).toBe(name);
  });
});
