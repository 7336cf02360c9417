// The promised times (docs/limits.md): the first view on a slow phone, and what ten thousand servers cost whoever works with them.
//
// What is judged is the best of several runs: a machine that does other things for a moment makes a run slower, and never faster.

import { test as base, expect, type APIRequestContext, type Page } from "@playwright/test";

import { ADMIN_PASSWORD, Master } from "./support/master";
import { Reporter, sampleAgo } from "./support/report";

const RUNS = 3;
/** So many at most, while the best of them is not within its budget. */
const RUNS_MAX = 10;

/** From the navigation until the first server is painted, milliseconds. */
const FIRST_VIEW_MS = 1_000;
/** How many times slower than this machine the phone's processor is. The network is this machine's own loopback. */
const SLOWER = 4;
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** From an input until what came of it is painted, milliseconds. */
const INTERACTION_MS = 100;
const FLEET = 10_000;
/** Reports that arrive meanwhile, a second: of such a fleet that reports every minute. */
const REPORTS_PER_S = 160;

const test = base.extend<{ master: Master }>({
  master: async ({}, use) => {
    const master = await Master.start(3_600, { ADMIN_PASSWORD });
    await use(master);
    await master.remove();
  },
});

const isEnough = (runs: number, isWithin: boolean) => runs >= RUNS_MAX || (runs >= RUNS && isWithin);
const best = (figures: readonly number[]) => Math.min(...figures);
const list = (figures: readonly number[]) => figures.map((figure) => figure.toFixed(0)).join(", ");

test("the first view is there within a second on a slow phone", async ({ browser, master }) => {
  for (const name of ["db-1", "db-2", "mail", "web-1", "web-2"]) {
    const server = await Reporter.register(master, name);
    await server.metrics(Array.from({ length: 30 }, (_, minute) => sampleAgo((30 - minute) * 60_000, 20 + minute, 50, 60)));
  }
  // Whose session is open, as it is for whoever comes back.
  const before = await browser.newContext({ ...PHONE, baseURL: master.url });
  await logIn(before.request);
  const visit = await before.newPage();
  await visit.goto("/");
  await expect(visit.getByRole("link", { name: "db-1" })).toBeVisible();
  const storageState = await before.storageState();
  await before.close();

  const figures: number[] = [];
  while (!isEnough(figures.length, best(figures) < FIRST_VIEW_MS)) {
    // Of its own, so that nothing is in the cache.
    const context = await browser.newContext({ ...PHONE, baseURL: master.url, storageState });
    const page = await context.newPage();
    // The browser itself has started.
    await page.goto("/healthz");
    const devtools = await context.newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    await page.addInitScript(() => {
      // Element Timing: when the first server's name was painted, by the browser itself.
      const noted = window as unknown as { painted: Promise<number> };
      noted.painted = new Promise((resolve) => {
        new PerformanceObserver((entries) => resolve(entries.getEntries()[0]?.startTime ?? Infinity)).observe({ type: "element", buffered: true });
      });
      const watch = new MutationObserver(() => {
        const first = document.querySelector("[data-server] a");
        if (first === null) return;
        first.setAttribute("elementtiming", "server");
        watch.disconnect();
      });
      watch.observe(document, { childList: true, subtree: true });
    });
    await page.goto("/", { waitUntil: "commit" });
    figures.push(await page.evaluate(() => (window as unknown as { painted: Promise<number> }).painted));
    await context.close();
  }
  console.log(`first view, processor ${SLOWER} times slower, loopback: first server painted after ${list(figures)} ms; budget ${FIRST_VIEW_MS} ms`);
  expect(best(figures), "milliseconds, best run").toBeLessThan(FIRST_VIEW_MS);
});

test("ten thousand servers are searched, sorted, shown otherwise and scrolled without a wait", async ({ context, page, master }) => {
  const names = Array.from({ length: FLEET }, (_, index) => `node-${index}`);
  const began = Date.now();
  const servers = await Reporter.registerMany(master, names);
  console.log(`registered in ${Date.now() - began} ms`);
  for (let from = 0; from < servers.length; from += 64) {
    await Promise.all(servers.slice(from, from + 64).map((server, index) => server.metrics([sampleAgo(1000, (server.id * 37 + index) % 100)])));
  }
  console.log(`filled in ${Date.now() - began} ms`);
  await page.addInitScript(() => {
    const noted = window as unknown as { events: PerformanceEntry[]; frames: PerformanceEntry[] };
    noted.events = [];
    noted.frames = [];
    new PerformanceObserver((entries) => noted.events.push(...entries.getEntries())).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
    new PerformanceObserver((entries) => noted.frames.push(...entries.getEntries())).observe({ type: "long-animation-frame" });
  });
  await logIn(context.request, master.url);
  await page.goto(master.url);
  await expect(page.getByRole("button", { name: `Online ${FLEET}` })).toBeVisible();
  await expect(page.getByRole("table")).toHaveAttribute("aria-rowcount", String(FLEET + 1));

  let next = 0;
  const reporting = setInterval(() => {
    for (let count = 0; count < REPORTS_PER_S / 10; count += 1) {
      next = (next + 7919) % servers.length;
      void servers[next]?.metrics([sampleAgo(0, Math.random() * 100)]).catch(() => undefined);
    }
  }, 100);

  const search = page.getByRole("searchbox");
  const header = (name: string) => page.getByRole("columnheader", { name }).getByRole("button");
  const interactions: Record<string, () => Promise<void>> = {
    "typing into the search": async () => {
      await search.fill("");
      await search.pressSequentially("node-77", { delay: 150 });
      await expect(page.getByRole("link", { name: "node-77", exact: true })).toBeVisible();
    },
    "clearing it": async () => {
      await search.press("Control+A");
      await search.press("Backspace");
      await expect(page.getByRole("link", { name: "node-0", exact: true })).toBeVisible();
    },
    "sorting by CPU": async () => {
      await header("CPU").click();
      await expect(page.getByRole("columnheader", { name: "CPU" })).toHaveAttribute("aria-sort", "descending");
    },
    // From A to Z, as the next run expects it.
    "sorting by name": async () => {
      await header("Server").click();
      await expect(page.getByRole("columnheader", { name: "Server" })).toHaveAttribute("aria-sort", "ascending");
      await expect(page.getByRole("link", { name: "node-0", exact: true })).toBeVisible();
    },
    "the grid": async () => {
      await page.getByRole("button", { name: "Grid" }).click();
      await expect(page.locator("li[data-server]").first()).toBeVisible();
    },
    "the table": async () => {
      await page.getByRole("button", { name: "Table" }).click();
      await expect(page.locator("tr[data-server]").first()).toBeVisible();
    },
    "a status": async () => {
      await page.getByRole("button", { name: "Online" }).click();
      await page.getByRole("button", { name: "All" }).click();
    },
    "scrolling": async () => {
      await page.mouse.move(640, 500);
      for (let turn = 0; turn < 12; turn += 1) {
        await page.mouse.wheel(0, 900);
        await page.waitForTimeout(60);
      }
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
      await page.waitForTimeout(100);
      await page.evaluate(() => scrollTo(0, 0));
    },
  };

  const figures: Record<string, number[]> = {};
  const areWithin = () => Object.values(figures).every((times) => best(times) < INTERACTION_MS);
  for (let run = 0; !isEnough(run, areWithin()); run += 1) {
    for (const [what, interact] of Object.entries(interactions)) {
      await settled(page);
      await interact();
      (figures[what] ??= []).push(await slowest(page, what === "scrolling"));
    }
  }
  clearInterval(reporting);
  for (const [what, times] of Object.entries(figures)) console.log(`${FLEET} servers, ${what}: ${list(times)} ms; budget ${INTERACTION_MS} ms`);
  for (const [what, times] of Object.entries(figures)) expect.soft(best(times), `${what}: milliseconds, best run`).toBeLessThan(INTERACTION_MS);
});

async function logIn(request: APIRequestContext, url = ""): Promise<void> {
  const answer = await request.post(`${url}/api/login`, { headers: { "X-Neon-Request": "1" }, data: { name: "admin", password: ADMIN_PASSWORD } });
  expect(answer.status()).toBe(200);
}

/** Nothing of before is counted. */
async function settled(page: Page): Promise<void> {
  await page.waitForTimeout(300);
  await page.evaluate(() => {
    const noted = window as unknown as { events: PerformanceEntry[]; frames: PerformanceEntry[] };
    noted.events.length = noted.frames.length = 0;
  });
}

/** The longest of the inputs since then, until it was painted (Event Timing), or of the frames; 16 and 50 are below what the browser counts. */
async function slowest(page: Page, isByFrames: boolean): Promise<number> {
  await page.waitForTimeout(300);
  return page.evaluate((byFrames) => {
    const noted = window as unknown as { events: PerformanceEntry[]; frames: PerformanceEntry[] };
    return Math.max(byFrames ? 50 : 16, ...(byFrames ? noted.frames : noted.events).map(({ duration }) => duration));
  }, isByFrames);
}
