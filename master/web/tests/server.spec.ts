// One server: facts, charts of every reading over any range, containers, services and activity.

import { arch, cpus, hostname, release } from "node:os";

import type { Locator, Page } from "@playwright/test";

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import { readings, Reporter, sampleAgo, type Sample } from "./support/report";

const MINUTE_MS = 60_000;
const MACHINES: Partial<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

const chart = (page: Page, id: string) => page.locator(`[data-chart="${id}"]`);
const group = (page: Page, id: string) => page.locator(`[data-group="${id}"]`);
const fact = (page: Page, name: string) =>
  page.getByRole("region", { name: "Facts" }).locator("div", { has: page.locator("dt", { hasText: name }) }).locator("dd");

test("the page of this very host shows its true facts and a growing history", async ({ page, startAgent }) => {
  startAgent("this-host");
  await page.goto("/");
  await page.getByRole("link", { name: "this-host" }).click();
  await expect(page).toHaveURL(/\/servers\/\d+$/);
  await expect(page).toHaveTitle("this-host · Neon");
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();

  await expect(fact(page, "Host name")).toHaveText(hostname());
  await expect(fact(page, "Kernel")).toHaveText(release());
  await expect(fact(page, "Architecture")).toHaveText(MACHINES[arch()] ?? arch());
  await expect(fact(page, "Processor")).toHaveText(`${cpus().length} ${cpus().length === 1 ? "core" : "cores"}`);
  await expect(fact(page, "Memory")).toHaveText(/^[\d.,]+ [GT]iB$/);
  await expect(fact(page, "Disk")).toHaveText(/^[\d.,]+ [GT]iB$/);
  await expect(fact(page, "IP address")).toHaveText("127.0.0.1");
  await expect(fact(page, "First seen")).toHaveText(/just now|ago/);
  await expect(fact(page, "Last seen")).toHaveText(/just now|\d+ s ago/);

  await expect(fact(page, "Clock")).toHaveText("as the master's");
  await expect(fact(page, "Booted")).toHaveText(/ago/);

  // What this very host has: every group is there as one scrolls to it, and its newest values live.
  for (const [of, id, field] of [["cpu", "cpu", "cpuPercent"], ["cpu", "cpu-split", "cpu.userPercent"], ["memory", "memory-split", "memory.cachedBytes"], ["agent", "agent-memory", "agent.residentBytes"]] as const) {
    await reveal(page, of, id);
    await expect(chart(page, id).locator("canvas")).toBeVisible();
    await expect(chart(page, id).locator(`[data-line="${field}"]`)).toHaveText(/^[\d.,]+ (%|[KMGT]iB|B)$/);
    await expect(chart(page, id).getByRole("slider")).toHaveAttribute("aria-label", /lowest [\d.,]+ \S+, mean [\d.,]+ /);
  }
  await expect(chart(page, "cores").getByRole("slider")).toHaveAttribute("aria-label", new RegExp(`^${cpus().length} cores?\\. Core 0: [\\d.]+ %`));
});

test("a chart is drawn, and its numbers asked for, only when it is close to the window", async ({ page, master }) => {
  const server = await Reporter.register(master, "tall");
  await server.metrics([{ ...sampleAgo(MINUTE_MS, 20), readings: readings(1) }, { ...sampleAgo(1000, 30), readings: readings(2) }]);
  const asked = new Set<string>();
  page.on("request", (request) => void asked.add(new URL(request.url()).searchParams.get("fields") ?? ""));
  await page.goto(server.path);
  await expect(chart(page, "cpu").locator("canvas")).toBeVisible();
  expect([...asked].filter((fields) => fields.includes("agent"))).toEqual([]);

  await group(page, "agent").scrollIntoViewIfNeeded();
  await expect(chart(page, "agent-memory").locator("canvas")).toBeVisible();
  await expect(chart(page, "agent-memory").locator("[data-line='agent.residentBytes']")).toHaveText("2.29 MiB");
  expect([...asked].filter((fields) => fields.includes("agent"))).toEqual(["agent.*"]);
});

test("every kind of reading has its charts, with the units people read", async ({ page, master }) => {
  const server = await Reporter.register(master, "full");
  const nowMs = Date.now();
  const at = (ageMs: number, rxBytesTotal: number) => ({
    ...sampleAgo(ageMs, 20),
    timestamp: new Date(nowMs - ageMs).toISOString(),
    readings: readings(1, { bootId: "b", uptimeSeconds: 100_000 - Math.round(ageMs / 1000), interfaces: [{ name: "eth0.7", rxBytesTotal, txBytesTotal: 0, rxPacketsTotal: 1, txPacketsTotal: 1, rxErrorsTotal: 0, txErrorsTotal: 0, rxDroppedTotal: 0, txDroppedTotal: 0, linkUp: true }] }),
  });
  await server.metrics([at(120_000, 0), at(60_000, 75_000_000)]);
  await page.goto(server.path);
  const expected: [string, string, string, string][] = [
    ["cpu", "cpu-split", "cpu.userPercent", "41.8 %"],
    ["memory", "memory-split", "memory.totalBytes", "6.75 GiB"],
    ["memory", "swap", "memory.swapTotalBytes", "2 GiB"],
    ["pressure", "pressure-io", "pressure.io.some.avg10Percent", "7.4 %"],
    ["storage", "mount-/", "mounts./.usedBytes", "42 GiB"],
    ["storage", "files-/", "mounts./.inodesUsed", "800,000"],
    ["disks", "disk-sda-wait", "disks.sda.rates.meanWaitMilliseconds", "8.3 ms"],
    ["network", "interface-eth0~2E7", "interfaces.eth0~2E7.rxBytesPerSecond", "10 Mbit/s"],
    ["sockets", "sockets", "sockets.udpInUse", "8"],
    ["sensors", "temperature-coretemp", "temperatures.coretemp.Package id 0.celsius", "65.9 °C"],
    ["agent", "agent-sources", "agent.sources.stat.durationMicroseconds", "68 µs"],
  ];
  for (const [of, id, field, value] of expected) {
    await reveal(page, of, id);
    await expect(chart(page, id).locator(`[data-line="${field}"]`), id).toHaveText(value);
    await expect(chart(page, id).locator("canvas")).toBeVisible();
  }
  // Named by what the host calls it, not by how the API writes that.
  await expect(chart(page, "mount-/var~2Edata").locator("figcaption")).toContainText("/var.data");
  await expect(chart(page, "interface-eth0~2E7")).toContainText("eth0.7: traffic");
});

test("a group that is closed stays closed and is not asked for", async ({ page, master }) => {
  const server = await Reporter.register(master, "closed");
  await server.metrics([{ ...sampleAgo(1000, 30), readings: readings(2) }]);
  await page.goto(server.path);
  await expect(chart(page, "load")).toBeVisible();
  await group(page, "cpu").locator("summary").focus();
  await page.keyboard.press("Enter");
  await expect(chart(page, "load")).toHaveCount(0);

  let asked = 0;
  page.on("request", (request) => (asked += Number(request.url().includes("cpuPercent"))));
  await page.reload();
  await expect(chart(page, "memory")).toBeVisible();
  await expect(chart(page, "load")).toHaveCount(0);
  expect(asked).toBe(0);
  await group(page, "cpu").locator("summary").click();
  await expect(chart(page, "load")).toBeVisible();
});

test("the range is in the address, and the back button undoes it", async ({ page, master }) => {
  const server = await Reporter.register(master, "ranged");
  await server.metrics([sampleAgo(3 * MINUTE_MS, 20), sampleAgo(2 * MINUTE_MS, 30), sampleAgo(MINUTE_MS, 40)]);
  const current = page.locator("nav[aria-label=Range] [aria-current]");

  await page.goto(server.path);
  await expect(current).toHaveText("1h");
  await expect(chart(page, "cpu")).toContainText("min 20.0 % · mean 30.0 % · max 40.0 %");

  for (const range of ["6h", "24h", "7d", "30d", "90d", "1y"]) {
    await page.locator("nav[aria-label=Range]").getByText(range, { exact: true }).click();
    await expect(page).toHaveURL(`${server.path}?range=${range}`);
    await expect(current).toHaveText(range);
  }
  await expect(chart(page, "cpu")).toContainText("mean 30.0 %");
  await page.goBack();
  await expect(current).toHaveText("90d");
  await page.goBack();
  await expect(current).toHaveText("30d");
});

test("what was at a moment is read by keyboard, and said in words", async ({ page, master }) => {
  const server = await Reporter.register(master, "keyed");
  await server.metrics([[3, 10], [2, 20], [1, 30]].map(([minutes = 0, load = 0]) => ({ ...sampleAgo(minutes * MINUTE_MS, load), readings: readings(load) })));
  await page.goto(server.path);
  await expect(chart(page, "cpu").locator("canvas")).toBeVisible();
  const slider = chart(page, "cpu").getByRole("slider");
  await expect(slider).toHaveAttribute("aria-valuetext", "latest: Busy 30.0 %");
  await slider.focus();
  const value = chart(page, "cpu").locator("[data-line=cpuPercent]");
  for (const [key, load] of [["ArrowLeft", 30], ["ArrowLeft", 20], ["Home", 10], ["ArrowLeft", 10], ["ArrowRight", 20], ["End", 30]] as const) {
    await page.keyboard.press(key);
    await expect(value, key).toHaveText(`${load}.0 %`);
    await expect(slider, key).toHaveAttribute("aria-valuetext", new RegExp(`\\d\\d:\\d\\d:\\d\\d: Busy ${load}\\.0 %$`));
  }
  // The other charts are at the same moment, and are let go with the focus.
  await page.keyboard.press("Home");
  await expect(chart(page, "memory").locator(".foot time")).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(slider).toHaveAttribute("aria-valuetext", "latest: Busy 30.0 %");

  const cores = chart(page, "cores").getByRole("slider");
  await cores.scrollIntoViewIfNeeded();
  await expect(cores).toHaveAttribute("aria-label", /^2 cores/);
  await cores.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(cores).toHaveAttribute("aria-valuetext", /core 0: [\d.]+ %$/);
  await page.keyboard.press("ArrowDown");
  await expect(cores).toHaveAttribute("aria-valuetext", /core 1: [\d.]+ %$/);
});

test.describe("by touch", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("a drag across a chart zooms", async ({ page, master }) => {
    const server = await Reporter.register(master, "touched");
    await server.metrics(Array.from({ length: 59 }, (_, index) => sampleAgo((59 - index) * MINUTE_MS, index + 1)));
    await page.goto(server.path);
    const over = chart(page, "cpu").locator(".u-over");
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    if (box === null) throw new Error("the chart has no plotting area");
    const touch = await page.context().newCDPSession(page);
    const y = box.y + box.height / 2;
    const at = (share: number) => [{ x: box.x + box.width * share, y }];
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0.5) });
    for (const share of [0.45, 0.4, 0.3, 0.25]) await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(share) });
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await expect(page).toHaveURL(/\?from=[^&]+Z&to=[^&]+Z$/);
    const parameters = new URL(page.url()).searchParams;
    const [from, to] = ["from", "to"].map((name) => Date.parse(parameters.get(name) ?? ""));
    expect(Math.abs((to ?? 0) - (from ?? 0) - 15 * MINUTE_MS)).toBeLessThan(2 * MINUTE_MS);
  });
});

test("any stretch is in the address, typed or dragged, and what is wrong is said", async ({ page, master }) => {
  const server = await Reporter.register(master, "zoomed");
  const samples = Array.from({ length: 59 }, (_, index) => sampleAgo((59 - index) * MINUTE_MS, index + 1));
  await server.metrics(samples);
  await page.goto(server.path);
  await expect(chart(page, "cpu").locator("canvas")).toBeVisible();
  await expect(chart(page, "cpu")).toContainText("max 59.0 %");

  // From 50 to 40 minutes ago.
  await hover(page, 50);
  await page.mouse.down();
  await hover(page, 45);
  await hover(page, 40);
  await page.mouse.up();
  await page.mouse.move(0, 0);
  await expect(page).toHaveURL(/\?from=[^&]+Z&to=[^&]+Z$/);
  const parameters = new URL(page.url()).searchParams;
  const [from, to] = ["from", "to"].map((name) => Date.parse(parameters.get(name) ?? ""));
  expect(Math.abs((to ?? 0) - (from ?? 0) - 10 * MINUTE_MS)).toBeLessThan(MINUTE_MS);
  await expect(chart(page, "cpu")).toContainText(/min ([89]|1[01])\.0 % · mean [\d.]+ % · max (1[89]|2[01])\.0 %/);

  await page.getByRole("button", { name: "Zoom out" }).click();
  await expect(chart(page, "cpu")).toContainText(/max 2[3-6]\.0 %/);
  await page.goBack();
  await expect(chart(page, "cpu")).toContainText(/max (1[89]|2[01])\.0 %/);
  await page.goBack();
  await expect(chart(page, "cpu")).toContainText("max 59.0 %");

  await page.getByText("From – to").click();
  await page.getByRole("textbox", { name: "From" }).fill("2020-01-01T00:00:00");
  await page.getByRole("textbox", { name: "To" }).fill("2019-01-01T00:00:00");
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page.getByText("The begin must be before the end.")).toBeVisible();
  await page.getByRole("textbox", { name: "To" }).fill("2020-01-01T06:00:00");
  await page.getByRole("button", { name: "Show" }).click();
  // Kathmandu is 5 h 45 min ahead.
  await expect(page).toHaveURL(`${server.path}?from=2019-12-31T18%3A15%3A00Z&to=2020-01-01T00%3A15%3A00Z`);
  await expect(page.getByText("Nothing of this kind was recorded in this range.").first()).toBeVisible();

  await page.goto(`${server.path}?from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z`);
  await expect(page.getByText("This range ends before it begins.")).toBeVisible();
  await page.getByRole("link", { name: "Show the last hour" }).click();
  await expect(chart(page, "cpu")).toContainText("max 59.0 %");
});

test("steps have a band, late samples and lost ones are marked, and a clock that is off is said", async ({ page, master }) => {
  const server = await Reporter.register(master, "honest");
  const lost = { samplesDroppedTotal: 12, samplesDroppedFrom: new Date(Date.now() - 50 * MINUTE_MS).toISOString(), samplesDroppedUntil: new Date(Date.now() - 45 * MINUTE_MS).toISOString() };
  const samples = Array.from({ length: 800 }, (_, index) => sampleAgo((800 - index) * 4_000, index % 2 === 0 ? 10 : 90));
  const agent = { ...(readings(1)["agent"] as object), ...lost, clockOffsetMilliseconds: 90_000 };
  await server.metrics(samples);
  await server.metrics([{ ...sampleAgo(0, 50), readings: { agent } }]);
  await page.goto(server.path);
  await expect(page.getByText("Means of samples, with a band from the least to the greatest.")).toBeVisible();
  await expect(chart(page, "cpu")).toContainText(/min 10\.0 % · mean (49|50)\.\d % · max 90\.0 %/);
  await expect(page.getByText(/Sent later, with their true times: \d+ samples/)).toBeVisible();
  await expect(page.getByText(/Dropped by the agent, .*: 12 samples, /)).toBeVisible();
  await expect(fact(page, "Clock")).toHaveText("90 s behind the master's");
  // The band is drawn beside the line of the mean, from one bound to the other.
  await expect.poll(() => colouredRows(chart(page, "cpu").locator("canvas"), "--series-1", 30)).toBeGreaterThan(60);
  expect(await colouredRows(chart(page, "cpu").locator("canvas"), "--lost", 47.5)).toBeGreaterThan(0);
});

test("a file system that fills says when it will be full", async ({ page, master }) => {
  const server = await Reporter.register(master, "filling");
  const gib = 2 ** 30;
  const mount = (usedGib: number, mountPoint: string) => ({ mountPoint, device: mountPoint, fsType: "ext4", totalBytes: 100 * gib, usedBytes: Math.round(usedGib * gib), availableBytes: Math.round((100 - usedGib) * gib), readOnly: false });
  // A GiB a day, of which 40 are left.
  const samples = Array.from({ length: 73 }, (_, index) => {
    const agoH = 72 - index;
    return { ...sampleAgo(agoH * 60 * MINUTE_MS + 1000, 5), readings: { mounts: [mount(60 - agoH / 24, "/fills"), mount(60, "/rests")] } };
  });
  await server.metrics(samples);
  await page.goto(`${server.path}?range=7d`);
  await group(page, "storage").scrollIntoViewIfNeeded();
  await expect(chart(page, "mount-/fills").locator(".note")).toHaveText("full in 40 days");
  await expect(chart(page, "mount-/rests").locator(".note")).toHaveText("not filling up");
});

test("a gap in the samples is a gap in the line, and the cursor says so", async ({ page, master }) => {
  const server = await Reporter.register(master, "gappy");
  const samples: Sample[] = [];
  for (let age = 58; age >= 1; age -= 1) if (age > 40 || age < 20) samples.push(sampleAgo(age * MINUTE_MS, 75, 50, 60));
  await server.metrics(samples);
  await page.goto(server.path);
  const canvas = chart(page, "cpu").locator("canvas");
  await expect(canvas).toBeVisible();

  // The hour ends at the right edge: 50 min ago lies in the first sixth, 30 min ago in the middle of the gap.
  await expect.poll(() => colouredRows(canvas, "--series-1", 50), "pixels of the line where samples are").toBeGreaterThan(0);
  expect(await colouredRows(canvas, "--series-1", 10), "pixels of the line where samples are").toBeGreaterThan(0);
  expect(await colouredRows(canvas, "--series-1", 30), "pixels of the line in the gap").toBe(0);

  await hover(page, 10);
  await expect(chart(page, "cpu").locator("[data-line=cpuPercent]")).toHaveText("75.0 %");
  await expect(chart(page, "memory").locator("[data-line=memoryPercent]")).toHaveText("50.0 %");
  await hover(page, 30);
  await expect(chart(page, "cpu").locator("[data-line=cpuPercent]")).toHaveText("–");
  await expect(chart(page, "cpu")).toContainText("no data");
});

test("times are the viewer's", async ({ page, master }) => {
  const server = await Reporter.register(master, "zoned");
  const at = Date.now() - 10 * MINUTE_MS;
  await server.metrics([{ timestamp: new Date(at).toISOString(), cpuPercent: 1, memoryPercent: 2, diskPercent: 3 }]);
  await page.goto(server.path);
  await expect(chart(page, "cpu").locator("canvas")).toBeVisible();
  await hover(page, 10);
  const local = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "Asia/Kathmandu" });
  await expect(chart(page, "cpu")).toContainText(local.format(at));
});

test("a range without samples says that there is no data yet", async ({ page, master }) => {
  const server = await Reporter.register(master, "fresh");
  await page.goto(server.path);
  await expect(group(page, "cpu")).toContainText("Nothing of this kind was recorded in this range.");
  await expect(fact(page, "Latest metrics")).toHaveText("none yet");

  await server.metrics([sampleAgo(MINUTE_MS, 12)]);
  await expect(chart(page, "cpu")).toContainText("min 12.0 % · mean 12.0 % · max 12.0 %");
  await expect(group(page, "cpu")).not.toContainText("Nothing of this kind");
});

test("containers that need a look come first; services are grouped", async ({ page, master }) => {
  const server = await Reporter.register(master, "docker-host");
  const compose = (service: string, more = {}) => ({
    labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": service, ...more },
  });
  await server.containers([
    { name: "api", health: "healthy", ports: "8080:80, 53", ...compose("api", { "neon.depends_on": "db", "neon.depends_on.optional": "cache", "neon.type": "website" }) },
    { name: "db", status: "exited", exitCode: 137, ...compose("db") },
    { name: "looping", status: "restarting", exitCode: 1 },
    { name: "sick", health: "unhealthy", startedAt: null },
    { name: "paused", status: "paused" },
  ]);
  await page.goto(server.path);

  const rows = page.locator("[data-container]");
  await expect(rows).toHaveCount(5);
  expect(await rows.locator("th").allInnerTexts()).toEqual(["sick", "looping", "db", "paused", "api"]);
  await expect(rows.filter({ hasText: "sick" })).toContainText("Unhealthy");
  await expect(rows.filter({ hasText: "sick" })).toContainText("never");
  await expect(rows.filter({ hasText: "db" }).locator("td").last()).toHaveText("137");
  await expect(rows.filter({ hasText: "api" }).locator("td").last()).toHaveText("–");
  await expect(rows.filter({ hasText: "api" })).toContainText("8080:80, 53");

  const api = page.locator("[data-service='shop/api']");
  await expect(api).toContainText("Healthy");
  await expect(api).toContainText("website");
  await expect(api.locator("[data-label='Depends on']")).toHaveText("db, cache (optional)");
  await expect(page.locator("[data-service='shop/db']")).toContainText("Down");
  await expect(page.locator("[data-service='shop/db']")).toContainText("0 of 1");

  // What needs another stands to its left, and what is not here is drawn as that.
  const boxes = page.locator("[data-box]");
  await expect(boxes).toHaveText([/^api\s*Healthy$/, /^db\s*Down$/, /^cache\s*Not on this server$/]);
  const [needing, needed] = [await boxes.first().boundingBox(), await boxes.nth(1).boundingBox()];
  expect((needing?.x ?? 0) + (needing?.width ?? 0)).toBeLessThan(needed?.x ?? 0);
  await expect(page.locator(".graph path")).toHaveCount(2);
  await expect(page.locator(".graph path.optional")).toHaveCount(1);
  await page.locator(".graph").scrollIntoViewIfNeeded();
  await picture(page, "services");
  await page.setViewportSize({ width: 390, height: 844 });
  await expectNoOverflow(page);
  await expectAccessible(page);
  await page.setViewportSize({ width: 1280, height: 800 });

  // A container that is gone leaves the page without a reload.
  await server.containers([{ name: "sick", health: "healthy" }]);
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("Healthy");
});

test.describe("what does not exist", () => {
  // The browser itself reports the API's 404 in the console.
  test.use({ expectedInConsole: [/status of 404/] });

  test("a server this master does not know is said to be unknown", async ({ page }) => {
    await page.goto("/servers/4711?range=1h");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no server 4711");
    await expect(page).toHaveTitle("Not found · Neon");
    await page.getByRole("link", { name: "All servers" }).click();
    await expect(page).toHaveURL("/");
  });

  test("an address that means nothing says so", async ({ page }) => {
    for (const path of ["/servers/abc", "/servers/1/2", "/nothing"]) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 }), path).toHaveText("There is no such page");
    }
  });
});

/** Scrolls to a group until it is there, then to one of its charts. */
async function reveal(page: Page, of: string, id: string): Promise<void> {
  await group(page, of).scrollIntoViewIfNeeded();
  await chart(page, id).scrollIntoViewIfNeeded();
}

/** Moves the cursor over the CPU chart to where the sample of so many minutes ago is. */
async function hover(page: Page, minutesAgo: number): Promise<void> {
  const box = await chart(page, "cpu").locator(".u-over").boundingBox();
  if (box === null) throw new Error("the chart has no plotting area");
  await page.mouse.move(box.x + box.width * (1 - minutesAgo / 60), box.y + box.height / 2);
}

/** Pixels that have a share of a colour, around a place on the one-hour axis, a few columns wide. */
async function colouredRows(canvas: Locator, name: string, minutesAgo: number): Promise<number> {
  return canvas.evaluate((element: HTMLCanvasElement, [property, ago]) => {
    const over = element.parentElement?.querySelector(".u-over");
    const copy = new OffscreenCanvas(element.width, element.height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context?.drawImage(element, 0, 0);
    if (!over || !context) throw new Error("no plotting area");
    const scale = element.width / element.getBoundingClientRect().width;
    const offset = over.getBoundingClientRect().left - element.getBoundingClientRect().left;
    const x = Math.round((offset + over.getBoundingClientRect().width * (1 - ago / 60)) * scale);
    const colour = /rgb\((\d+), (\d+), (\d+)\)/.exec(getComputedStyle(element).getPropertyValue(property))?.slice(1).map(Number);
    if (colour === undefined) throw new Error("the line's colour is not plain");
    const { data } = context.getImageData(x - 2, 0, 5, Math.round((over.getBoundingClientRect().bottom - element.getBoundingClientRect().top) * scale));
    let pixels = 0;
    for (let at = 0; at < data.length; at += 4) {
      const near = colour.every((channel, index) => Math.abs(channel - (data[at + index] ?? 0)) < 24);
      if (near && (data[at + 3] ?? 0) > 30) pixels += 1;
    }
    return pixels;
  }, [name, minutesAgo] as const);
}
