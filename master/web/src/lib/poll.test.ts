import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "./api";
import { Poll } from "./poll.svelte";

const ROUND_TRIP_MS = 1_000;
const INTERVAL_MS = 3_000;
/** How often changes are told on a busy fleet. */
const TOLD_MS = 250;

// As much of a page as a poll looks at; before the modules, which listen to it.
vi.hoisted(() => Object.assign(globalThis, { document: Object.assign(new EventTarget(), { hidden: false }), window: new EventTarget() }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A question that is answered with its number, a round trip later; the numbers in `failing` are not. */
function slow(failing: readonly number[] = []) {
  let asked = 0;
  return vi.fn((_signal: AbortSignal) => {
    const number = (asked += 1);
    return new Promise<number>((resolve, reject) => {
      setTimeout(() => (failing.includes(number) ? reject(new ApiError(503, "busy")) : resolve(number)), ROUND_TRIP_MS);
    });
  });
}

describe("Poll", () => {
  it("hears an answer although it is told to ask more often than one comes", async () => {
    const poll = new Poll(slow(), INTERVAL_MS);
    const stop = poll.start();
    const telling = setInterval(poll.now, TOLD_MS);
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS);
    expect(poll.data).toBe(1);
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS);
    expect(poll.data).toBe(2);
    clearInterval(telling);
    stop();
  });

  it("asks once more after the request under way, however many want it to", async () => {
    const question = slow();
    const poll = new Poll(question, INTERVAL_MS);
    const stop = poll.start();
    for (let times = 0; times < 1000; times += 1) poll.now();
    await vi.advanceTimersByTimeAsync(0);
    expect(question).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS);
    expect(question).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS + INTERVAL_MS - 1);
    expect(question).toHaveBeenCalledTimes(2);
    expect(poll.data).toBe(2);
    stop();
  });

  it("asks at once while it rests", async () => {
    const question = slow();
    const poll = new Poll(question, INTERVAL_MS);
    const stop = poll.start();
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS);
    poll.now();
    expect(question).toHaveBeenCalledTimes(2);
    stop();
  });

  it("does not answer a failure with another one in the same moment", async () => {
    const question = slow([1]);
    const poll = new Poll(question, INTERVAL_MS);
    const stop = poll.start();
    poll.now();
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS);
    expect(poll.failures).toBe(1);
    expect(question).toHaveBeenCalledTimes(1);
    // The first step of the back-off, with what spreads it.
    await vi.advanceTimersByTimeAsync(1_200);
    expect(question).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS);
    expect(poll.data).toBe(2);
    stop();
  });

  it("gives up what is under way where its answer may be older than what was done, or the connection is another", async () => {
    const question = slow();
    const poll = new Poll(question, INTERVAL_MS);
    const stop = poll.start();
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS / 2);
    poll.anew();
    expect(question.mock.calls[0]?.[0].aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS / 2);
    expect(poll.data).toBeUndefined();
    window.dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS);
    expect(poll.data).toBe(3);
    stop();
  });

  it("asks nothing after it was stopped, whatever was wanted before", async () => {
    const question = slow();
    const poll = new Poll(question, INTERVAL_MS);
    const stop = poll.start();
    poll.now();
    stop();
    poll.now();
    await vi.runAllTimersAsync();
    expect(question).toHaveBeenCalledTimes(1);
    expect(poll.data).toBeUndefined();
  });
});
