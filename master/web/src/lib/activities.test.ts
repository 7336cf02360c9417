import { expect, test } from "vitest";

import { joined } from "./activities";
import type { Activity } from "./model";

/** Events of one server, by their numbers and seconds. */
const events = (...numbers: readonly [number, number][]): Activity[] =>
  numbers.map(([number, second]) => ({
    id: `7-${number}`,
    serverId: 7,
    serverName: "web-1",
    containerId: null,
    containerName: null,
    type: "restart",
    message: "",
    timestamp: new Date(second * 1000).toISOString(),
  }));

const ids = (list: readonly Activity[]) => list.map(({ id }) => id);

test("what newer ones push out of the page is kept after it", () => {
  const known = events([9, 3], [10, 2], [8, 2], [2, 1]);
  expect(ids(joined(events([11, 4], [9, 3], [10, 2]), known))).toEqual(["7-11", "7-9", "7-10", "7-8", "7-2"]);
  expect(ids(joined(events([9, 3], [10, 2]), known))).toEqual(["7-9", "7-10", "7-8", "7-2"]);
});

test("one that is gone is not kept among those that are there", () => {
  expect(ids(joined(events([9, 3], [7, 1]), events([9, 3], [8, 2], [7, 1])))).toEqual(["7-9", "7-7"]);
});

test("a page that does not meet what is known stands alone", () => {
  expect(ids(joined(events([20, 9]), events([9, 3])))).toEqual(["7-20"]);
  expect(ids(joined(events([20, 9]), []))).toEqual(["7-20"]);
  expect(joined([], events([9, 3]))).toEqual([]);
});
