import { afterEach, describe, expect, it } from "vitest";

import SCRIPT from "../../public/early.js?raw";
import { OPEN_KEY, rememberOpen, takeEarly } from "./early";
import { serversPage } from "./paging";

const USER = { mode: "login", user: { id: 1, name: "ada" } };

interface Page {
  path?: string;
  wasOpen?: boolean;
  session?: unknown;
  status?: number;
  date?: string;
}

/** Runs the script as a page at `path` does. Returns what it asked for at once, and the list of all that it asks. */
function load({ path = "/", wasOpen = false, session = USER, status = 200, date }: Page): { atOnce: string[]; asked: string[] } {
  const asked: string[] = [];
  const fetch = async (url: string) => {
    asked.push(url);
    return new Response(JSON.stringify(url === "/api/session" ? session : []), { status: url === "/api/session" ? 200 : status, headers: date === undefined ? {} : { Date: date } });
  };
  const localStorage = { getItem: (key: string) => (wasOpen && key === OPEN_KEY ? "" : null) };
  new Function("window", "fetch", "localStorage", "location", SCRIPT)(globalThis, fetch, localStorage, { pathname: path });
  return { atOnce: [...asked], asked };
}

afterEach(() => {
  globalThis.neonEarly = undefined;
});

describe("what is asked for before the page's code is there", () => {
  it("is who is looking and the first servers, at once where the session was open", async () => {
    expect(load({ wasOpen: true }).atOnce).toEqual(["/api/session", serversPage()]);
    expect(await (await takeEarly("/api/session"))?.json()).toEqual(USER);
    expect(await (await takeEarly(serversPage()))?.json()).toEqual([]);
  });

  it("is the servers after the session where nobody knows that it is open", async () => {
    for (const session of [USER, { mode: "development" }]) {
      const { atOnce } = load({ session });
      expect(atOnce).toEqual(["/api/session"]);
      expect((await takeEarly(serversPage()))?.ok).toBe(true);
    }
  });

  it("is no server for who is not logged in, or looks at another view", async () => {
    const { asked } = load({ session: { mode: "login" } });
    expect(await takeEarly(serversPage())).toBeUndefined();
    expect(load({ path: "/servers/1", wasOpen: true }).asked).toEqual(["/api/session"]);
    expect(asked).toEqual(["/api/session"]);
  });

  it("comes with its headers and when it came", async () => {
    const before = Date.now();
    load({ date: "Mon, 23 Nov 2026 12:00:00 GMT" });
    const answer = await takeEarly("/api/session");
    expect(answer?.headers.get("Date")).toBe("Mon, 23 Nov 2026 12:00:00 GMT");
    expect(answer?.atMs).toBeGreaterThanOrEqual(before);
    expect(answer?.atMs).toBeLessThanOrEqual(Date.now());
  });

  it("is not waited for any longer than somebody wants it", async () => {
    const url = serversPage();
    globalThis.neonEarly = new Map([[url, new Promise(() => undefined)]]);
    const asked = new AbortController();
    const answer = takeEarly(url, asked.signal);
    asked.abort(new Error("the view is left"));
    await expect(answer).rejects.toThrow("the view is left");

    globalThis.neonEarly = new Map([[url, new Promise(() => undefined)]]);
    await expect(takeEarly(url, asked.signal)).rejects.toThrow("the view is left");
  });

  it("is given once, and never a refusal", async () => {
    load({});
    await takeEarly("/api/session");
    expect(await takeEarly("/api/session")).toBeUndefined();
    load({ wasOpen: true, status: 401 });
    expect(await takeEarly(serversPage())).toBeUndefined();
    load({ wasOpen: true });
    rememberOpen(false);
    expect(await takeEarly(serversPage())).toBeUndefined();
  });
});
