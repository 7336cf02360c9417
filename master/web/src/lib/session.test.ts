import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { SessionInfo } from "./model";
import { Session } from "./session.svelte";

const ADA: SessionInfo = { mode: "login", user: { id: 1, name: "ada", role: "operator" } };
const NOBODY: SessionInfo = { mode: "login" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Fails so many times, then answers. */
function flaky(failures: number, info: SessionInfo = ADA) {
  return vi.fn(() => (failures-- > 0 ? Promise.reject(new Error("HTTP status 503")) : Promise.resolve(info)));
}

describe("Session", () => {
  it("is asked for again until the master has said who is looking, and then not any more", async () => {
    const session = new Session();
    const ask = flaky(3);
    void session.learn(ask);
    await vi.advanceTimersByTimeAsync(0);
    expect(session.state).toBe("open");
    expect(session.isOperator).toBe(false);
    await vi.runAllTimersAsync();
    expect(session.user?.name).toBe("ada");
    expect(session.isOperator).toBe(true);
    expect(ask).toHaveBeenCalledTimes(4);
  });

  it("wants a login as soon as the master says that nobody is logged in", async () => {
    const session = new Session();
    void session.learn(flaky(1, NOBODY));
    await vi.runAllTimersAsync();
    expect(session.state).toBe("closed");
  });

  it("is not asked for after a login, and a late answer from before it changes nothing", async () => {
    const session = new Session();
    const ask = flaky(1);
    void session.learn(ask);
    await vi.advanceTimersByTimeAsync(0);
    session.ended();
    session.hear(ADA);
    await vi.runAllTimersAsync();
    expect(ask).toHaveBeenCalledTimes(1);

    const other = new Session();
    let answer: (info: SessionInfo) => void = () => undefined;
    void other.learn(() => new Promise((resolve) => (answer = resolve)));
    other.hear(ADA);
    answer(NOBODY);
    await vi.runAllTimersAsync();
    expect(other.state).toBe("open");
  });
});
