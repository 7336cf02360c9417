import { expect, it } from "vitest";

import type { ServerSummary } from "./model";
import { patched } from "./patch";

const server = (id: number, cpu: number) => ({ id, cpu }) as ServerSummary;

it("puts in what is new and changed, and takes out what is gone", () => {
  const list = [server(1, 10), server(2, 20), server(3, 30)];
  const changes = new Map([[2, server(2, 99)], [3, undefined], [4, server(4, 40)], [5, undefined]]);
  expect(patched(list, changes)).toEqual([server(1, 10), server(2, 99), server(4, 40)]);
  expect(list).toHaveLength(3);
});

it("is the same list where nothing changed", () => {
  const list = [server(1, 10)];
  expect(patched(list, new Map())).toBe(list);
});
