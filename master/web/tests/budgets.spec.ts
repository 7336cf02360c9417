// The promised times (docs/limits.md): the first view on a slow phone, and what ten thousand servers cost whoever works with them.
//
// No stopwatch: what is judged is the processor time of the page's main thread, in relation to how fast the processor is, which is
// measured in the same run and the same way (docs/decisions/0114). The times that passed are printed beside it.

import { test as base, expect, type APIRequestContext, type Locator } from "@playwright/test";

import { ADMIN_PASSWORD, Master } from "./support/master";
import { median, onReference, Processor, REFERENCE_INDEX, type Moment } from "./support/processor";
import { Reporter, sampleAgo } from "./support/report";

/** How often each is measured. Of inputs the best counts: what else the machine does makes one slower, and never faster. */
const RUNS = 5;
/** How often the first view is at most, while the middle one is not within its budget. */
const RUNS_MAX = 12;

/** From the navigation until the first server is painted, milliseconds. */
const FIRST_VIEW_MS = 1_000;
/** How many times slower than the reference the phone's processor is. The network is this machine's own loopback. */
const SLOWER = 4;
/** Of this what is set aside for waits: the network of this machine, the master, the browser's other processes. A stopwatch is all that measures them. */
const WAITS_MS = 200;
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** From an input until what came of it is painted, milliseconds, on the reference itself. */
const INTERACTION_MS = 100;
/** What an input waits for the screen at most, however fast the processor is. */
const FRAME_MS = 1000 / 60;
/** After this much nothing of an input is under way, milliseconds. */
const SETTLED_MS = 300;
/** Between two letters, milliseconds. */
const TYPING_MS = 150;
const FLEET = 10_000;
/** Rows or cards of them that are made; some more than are seen. */
const MADE_MAX = 60;
/** Reports that arrive meanwhile, a second: of such a fleet that reports every minute. */
const REPORTS_PER_S = 160;

const test = base.extend<{ master: Master }>({
  master: async ({}, use) => {
    const master = await Master.start(3_600, { ADMIN_PASSWORD });
    await use(master);
    await master.remove();
  },
});

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

  const runs: { processorMs: number; paintedMs: number }[] = [];
  const indexes: number[] = [];
  const figures = () => runs.map(({ processorMs }) => onReference(processorMs, median(indexes)) * SLOWER + WAITS_MS);
  while (runs.length < RUNS || (runs.length < RUNS_MAX && median(figures()) >= FIRST_VIEW_MS)) {
    // Of its own, so that nothing is in the cache.
    const context = await browser.newContext({ ...PHONE, baseURL: master.url, storageState });
    const page = await context.newPage();
    await page.addInitScript(noteFirstServer);
    // The browser itself has started, and so has the process that shows this master's pages.
    await page.goto("/healthz");
    const processor = await Processor.watch(page);
    await processor.benchmark();
    await processor.mark("left");
    await page.goto("/", { waitUntil: "commit" });
    const paintedMs = await page.evaluate(() => (window as unknown as { painted: Promise<number> }).painted);
    await processor.benchmark();
    const { moments, indexes: ofRun } = await processor.end();
    await context.close();
    runs.push({ processorMs: between(moments, "left", "painted").processorMs, paintedMs });
    indexes.push(...ofRun);
  }
  console.log(`processor: BenchmarkIndex ${list(indexes)}; reference ${REFERENCE_INDEX}`);
  console.log(`first view here: painted after ${list(runs.map(({ paintedMs }) => paintedMs))} ms, of which its main thread worked ${list(runs.map(({ processorMs }) => processorMs))} ms`);
  console.log(`first view, processor ${SLOWER} times slower than the reference, with ${WAITS_MS} ms for waits: ${list(figures())} ms; budget ${FIRST_VIEW_MS} ms`);
  expect(median(figures()), "milliseconds until the first server is painted, median").toBeLessThan(FIRST_VIEW_MS);
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
  await page.addInitScript(noteInputs);
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

  const header = (name: string) => page.getByRole("columnheader", { name }).getByRole("button");
  const serverNamed = (name: string) => page.getByRole("link", { name, exact: true });
  const press = async (what: Locator) => {
    const box = await what.boundingBox();
    if (box === null) throw new Error(`not on the page: ${String(what)}`);
    return () => page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  };
  // What the test itself asks the page is work for the same thread, so nothing is asked while an input is under way.
  const interactions: Record<string, { ready: () => Promise<() => Promise<void>>; done: () => Promise<void> }> = {
    "typing into the search": {
      ready: async () => {
        await page.getByRole("searchbox").focus();
        return () => page.keyboard.type("node-77", { delay: TYPING_MS });
      },
      done: () => expect(serverNamed("node-77")).toBeVisible(),
    },
    "clearing it": {
      ready: async () => {
        await page.keyboard.press("Control+A");
        return () => page.keyboard.press("Backspace");
      },
      done: () => expect(serverNamed("node-0")).toBeVisible(),
    },
    "sorting by CPU": {
      ready: () => press(header("CPU")),
      done: () => expect(page.getByRole("columnheader", { name: "CPU" })).toHaveAttribute("aria-sort", "descending"),
    },
    // From A to Z, as the next run expects it.
    "sorting by name": {
      ready: () => press(header("Server")),
      done: async () => {
        await expect(page.getByRole("columnheader", { name: "Server" })).toHaveAttribute("aria-sort", "ascending");
        await expect(serverNamed("node-0")).toBeVisible();
      },
    },
    "the grid": {
      ready: () => press(page.getByRole("button", { name: "Grid" })),
      done: async () => {
        await expect(page.locator("li[data-server]").first()).toBeVisible();
        expect(await page.locator("[data-server]").count(), "cards that are made").toBeLessThanOrEqual(MADE_MAX);
      },
    },
    "the table": {
      ready: () => press(page.getByRole("button", { name: "Table" })),
      done: async () => {
        await expect(page.locator("tr[data-server]").first()).toBeVisible();
        expect(await page.locator("[data-server]").count(), "rows that are made").toBeLessThanOrEqual(MADE_MAX);
      },
    },
    "a status": {
      ready: () => press(page.getByRole("button", { name: "Online" })),
      done: async () => {
        await expect(page.getByRole("button", { name: "Online" })).toHaveAttribute("aria-pressed", "true");
        await page.getByRole("button", { name: "All" }).click();
      },
    },
    scrolling: {
      ready: async () => {
        await page.mouse.move(640, 500);
        return async () => {
          for (let turn = 0; turn < 12; turn += 1) {
            await page.mouse.wheel(0, 900);
            await page.waitForTimeout(60);
          }
        };
      },
      done: async () => {
        expect(await page.evaluate(() => scrollY), "pixels scrolled").toBeGreaterThan(5_000);
        await page.evaluate(() => scrollTo(0, 0));
      },
    },
  };

  const processor = await Processor.watch(page);
  for (let run = 0; run < RUNS; run += 1) {
    await processor.benchmark();
    for (const [what, { ready, done }] of Object.entries(interactions)) {
      const interact = await ready();
      // Nothing of before is counted.
      await page.waitForTimeout(SETTLED_MS);
      await page.evaluate((label) => void Object.assign(window, { noting: label }), `${what}, ${run}`);
      await interact();
      await page.waitForTimeout(SETTLED_MS);
      await page.evaluate(() => void Object.assign(window, { noting: undefined }));
      await done();
    }
  }
  const { moments, indexes } = await processor.end();
  clearInterval(reporting);

  console.log(`processor: BenchmarkIndex ${list(indexes)}; reference ${REFERENCE_INDEX}`);
  for (const what of Object.keys(interactions)) {
    const slowest = Array.from({ length: RUNS }, (_, run) => slowestOf(moments, `${what}, ${run}`));
    const figures = slowest.map(({ processorMs }) => onReference(processorMs, median(indexes)) + FRAME_MS);
    console.log(
      `${FLEET} servers, ${what}: ${list(figures)} ms on the reference; budget ${INTERACTION_MS} ms; ` +
        `here ${list(slowest.map(({ wallMs }) => wallMs))} ms, of which the main thread worked ${list(slowest.map(({ processorMs }) => processorMs))} ms`,
    );
    expect.soft(best(figures), `${what}: milliseconds until it is painted, best run`).toBeLessThan(INTERACTION_MS);
  }
});

/** Runs in the page: marks the frame that the first server is in, and promises when it was painted. */
function noteFirstServer(): void {
  const noted = window as unknown as { painted: Promise<number> };
  const watch = new MutationObserver(() => {
    const first = document.querySelector("[data-server] a");
    if (first === null) return;
    watch.disconnect();
    // Element Timing: when it was painted, by the browser itself.
    first.setAttribute("elementtiming", "server");
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => performance.mark("budget:painted");
      after.port2.postMessage(undefined);
    });
  });
  watch.observe(document, { childList: true, subtree: true });
  const painted = new Promise<number>((resolve) => {
    new PerformanceObserver((entries) => resolve(entries.getEntries()[0]?.startTime ?? Infinity)).observe({ type: "element", buffered: true });
  });
  const marked = new Promise<void>((resolve) => {
    new PerformanceObserver((entries) => {
      if (entries.getEntriesByName("budget:painted").length > 0) resolve();
    }).observe({ type: "mark", buffered: true });
  });
  noted.painted = marked.then(() => painted);
}

/** Runs in the page: marks each input and the end of the frame that shows what came of it, and all frames of a scroll. */
function noteInputs(): void {
  const noted = window as unknown as { noting: string | undefined };
  let inputs = 0;
  const note = () => {
    if (noted.noting === undefined) return;
    inputs += 1;
    const mark = `budget:${noted.noting}, ${inputs} `;
    performance.mark(`${mark}began`);
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => performance.mark(`${mark}painted`);
      after.port2.postMessage(undefined);
    });
  };
  for (const type of ["keydown", "pointerdown", "click", "wheel", "scroll"]) addEventListener(type, note, { capture: true, passive: true });
}

function between(moments: Map<string, Moment>, from: string, to: string): Moment {
  const [began, ended] = [moments.get(from), moments.get(to)];
  if (began === undefined || ended === undefined) throw new Error(`no mark ${began === undefined ? from : to}`);
  return { wallMs: ended.wallMs - began.wallMs, processorMs: ended.processorMs - began.processorMs };
}

/** Of the inputs that were noted under this label, the one that the main thread worked longest for. */
function slowestOf(moments: Map<string, Moment>, label: string): Moment {
  const inputs = [...moments.keys()].filter((mark) => mark.startsWith(`${label}, `) && mark.endsWith(" began"));
  expect(inputs, `inputs of ${label}`).not.toEqual([]);
  const all = inputs.map((mark) => between(moments, mark, mark.replace(/ began$/, " painted")));
  return all.reduce((slowest, input) => (input.processorMs > slowest.processorMs ? input : slowest));
}

async function logIn(request: APIRequestContext, url = ""): Promise<void> {
  const answer = await request.post(`${url}/api/login`, { headers: { "X-Neon-Request": "1" }, data: { name: "admin", password: ADMIN_PASSWORD } });
  expect(answer.status()).toBe(200);
}
