import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Lazy } from "./lazy.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Fails so many times, then gives 7. */
function flaky(failures: number) {
  return vi.fn(() => (failures-- > 0 ? Promise.reject(new Error("no connection")) : Promise.resolve(7)));
}

describe("Lazy", () => {
  it("loads once, however often it is wanted", async () => {
    const load = flaky(0);
    const lazy = new Lazy(load);
    expect(load).not.toHaveBeenCalled();
    lazy.want();
    lazy.want();
    await vi.runAllTimersAsync();
    lazy.want();
    expect(lazy.value).toBe(7);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it("tries again by itself until it has come", async () => {
    const lazy = new Lazy(flaky(3));
    lazy.want();
    await vi.advanceTimersByTimeAsync(0);
    expect(lazy.failing).toBe(true);
    expect(lazy.value).toBeUndefined();
    await vi.runAllTimersAsync();
    expect(lazy.value).toBe(7);
    expect(lazy.failing).toBe(false);
  });

  it("does not wait out its time where it is wanted now", async () => {
    const load = flaky(1);
    const lazy = new Lazy(load);
    lazy.want();
    await vi.advanceTimersByTimeAsync(0);
    lazy.want();
    await vi.advanceTimersByTimeAsync(0);
    expect(lazy.value).toBe(7);
    await vi.runAllTimersAsync();
    expect(load).toHaveBeenCalledTimes(2);
  });
});
