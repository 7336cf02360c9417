import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Live } from "./live.svelte";

/** More than it takes until what was told is handed on. */
const SOON_MS = 1_000;

class Source extends EventTarget {
  static last: Source | undefined;
  static readonly CLOSED = 2;
  readyState = 1;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    super();
    Source.last = this;
  }

  close(): void {
    this.readyState = Source.CLOSED;
  }
}

function send(name: string, data: unknown): void {
  Source.last?.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
}

/** A stream that is open, and what it hands on. */
function open() {
  const live = new Live();
  const told = vi.fn((_what: string, _ids: ReadonlySet<number>) => undefined);
  const stop = live.start();
  live.listen(told);
  return { live, told, stop };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", Object.assign(new EventTarget(), { hidden: false }));
  vi.stubGlobal("EventSource", Source);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("Live", () => {
  it("hands a thousand servers and what happened to them on together", () => {
    const { told, stop } = open();
    for (let id = 1; id <= 1000; id += 1) {
      send("server", { id, name: `web-${id}` });
      send("activity", { id, serverId: id });
    }
    expect(told).not.toHaveBeenCalled();
    vi.advanceTimersByTime(SOON_MS);
    expect(told.mock.calls.map(([what, ids]) => [what, ids.size])).toEqual([
      ["servers", 1000],
      ["activity", 0],
    ]);
    stop();
  });

  it("hands on what happened alone where no server has changed, and once", () => {
    const { told, stop } = open();
    send("activity", { id: 1, serverId: 7 });
    vi.advanceTimersByTime(SOON_MS);
    send("server", { id: 7, name: "web-7" });
    vi.advanceTimersByTime(SOON_MS);
    expect(told.mock.calls.map(([what]) => what)).toEqual(["activity", "servers"]);
    stop();
  });

  it("knows a server as it was told last, until it is removed", () => {
    const { live, stop } = open();
    expect(live.heardOf(7)).toBeUndefined();
    send("server", { id: 7, name: "web-7" });
    expect(live.heardOf(7)?.name).toBe("web-7");
    send("server-removed", { id: 7 });
    expect(live.heardOf(7)).toBeUndefined();
    stop();
  });
});
