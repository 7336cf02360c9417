import { expect, it } from "vitest";

import { delayMs } from "./backoff";

it("keeps to the interval while all is well", () => {
  expect(delayMs(3000, 0, 1)).toBe(3000);
});

it("retries soon, then less and less often, up to a limit", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 1000].map((failures) => delayMs(3000, failures, 0));
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});

it("spreads retries by at most a fifth", () => {
  expect(delayMs(3000, 1, 1)).toBe(1200);
});
