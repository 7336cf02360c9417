// One server: facts, charts over five ranges, containers and services.

import { arch, cpus, hostname, release } from "node:os";

import type { Locator, Page } from "@playwright/test";

import { expect, test } from "./support/fixtures";
import { Reporter, sampleAgo, type Sample } from "./support/report";

const MINUTE_MS = 60_000;
const MACHINES: Partial<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

const chart = (page: Page, metric: string) => page.locator(`figure.${metric}`);
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

  await page.getByRole("link", { name: "1 hour" }).click();
  for (const metric of ["cpu", "memory", "disk"]) {
    await expect(chart(page, metric).getByRole("img")).toHaveAttribute("aria-label", /over 1h: lowest [\d.]+ %, mean [\d.]+ %/);
    await expect(chart(page, metric).locator("canvas")).toBeVisible();
  }
});

test("the range is in the address, and the back button undoes it", async ({ page, master }) => {
  const server = await Reporter.register(master, "ranged");
  await server.metrics([sampleAgo(3 * MINUTE_MS, 20), sampleAgo(2 * MINUTE_MS, 30), sampleAgo(MINUTE_MS, 40)]);
  const current = page.locator("nav[aria-label=Range] [aria-current]");

  await page.goto(server.path);
  await expect(current).toHaveText("7d");
  await expect(page.getByText("Hourly averages")).toBeVisible();

  for (const range of ["1h", "6h", "24h", "30d"]) {
    const answered = page.waitForResponse((response) => response.url().endsWith(`/metrics/history?range=${range}`));
    await page.locator("nav[aria-label=Range]").getByText(range, { exact: true }).click();
    expect((await answered).status()).toBe(200);
    await expect(page).toHaveURL(`${server.path}?range=${range}`);
    await expect(current).toHaveText(range);
    await expect(page.getByText(range === "30d" ? "Hourly averages" : "Every sample")).toBeVisible();
  }

  await page.goBack();
  await expect(current).toHaveText("24h");
  await page.goBack();
  await expect(current).toHaveText("6h");

  await page.goto(`${server.path}?range=1h`);
  await expect(current).toHaveText("1h");
  await expect(chart(page, "cpu")).toContainText("min 20.0 % · mean 30.0 % · max 40.0 %");
});

test("a gap in the samples is a gap in the line, and the cursor says so", async ({ page, master }) => {
  const server = await Reporter.register(master, "gappy");
  const samples: Sample[] = [];
  for (let age = 58; age >= 1; age -= 1) if (age > 40 || age < 20) samples.push(sampleAgo(age * MINUTE_MS, 75, 50, 60));
  await server.metrics(samples);
  await page.goto(`${server.path}?range=1h`);
  const canvas = chart(page, "cpu").locator("canvas");
  await expect(canvas).toBeVisible();

  // The hour ends at the right edge: 50 min ago lies in the first sixth, 30 min ago in the middle of the gap.
  await expect.poll(() => linePixels(canvas, 50), "pixels of the line where samples are").toBeGreaterThan(0);
  expect(await linePixels(canvas, 10), "pixels of the line where samples are").toBeGreaterThan(0);
  expect(await linePixels(canvas, 30), "pixels of the line in the gap").toBe(0);

  await hover(page, 10);
  await expect(chart(page, "cpu").locator("[data-value]")).toHaveText("75.0 %");
  await expect(chart(page, "disk").locator("[data-value]")).toHaveText("60.0 %");
  await hover(page, 30);
  await expect(chart(page, "cpu").locator("[data-value]")).toHaveText("–");
  await expect(chart(page, "cpu")).toContainText("no data");
});

test("times are the viewer's", async ({ page, master }) => {
  const server = await Reporter.register(master, "zoned");
  const at = Date.now() - 10 * MINUTE_MS;
  await server.metrics([{ timestamp: new Date(at).toISOString(), cpuPercent: 1, memoryPercent: 2, diskPercent: 3 }]);
  await page.goto(`${server.path}?range=1h`);
  await expect(chart(page, "cpu").locator("canvas")).toBeVisible();
  await hover(page, 10);
  const local = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "Asia/Kathmandu" });
  await expect(chart(page, "cpu")).toContainText(local.format(at));
});

test("a range without samples says that there is no data yet", async ({ page, master }) => {
  const server = await Reporter.register(master, "fresh");
  await page.goto(`${server.path}?range=1h`);
  await expect(page.getByText("No data in this range yet")).toHaveCount(3);
  await expect(fact(page, "Latest metrics")).toHaveText("none yet");

  await server.metrics([sampleAgo(MINUTE_MS, 12)]);
  await expect(chart(page, "cpu")).toContainText("min 12.0 % · mean 12.0 % · max 12.0 %");
  await expect(page.getByText("No data in this range yet")).toHaveCount(0);
});

test("containers that need a look come first; services are grouped", async ({ page, master }) => {
  const server = await Reporter.register(master, "docker-host");
  const compose = (service: string, more = {}) => ({
    labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": service, ...more },
  });
  await server.containers([
    { name: "api", health: "healthy", ports: "8080:80, 53", ...compose("api", { "neon.depends_on": "db", "neon.type": "website" }) },
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
  await expect(api.locator("[data-label='Depends on']")).toHaveText("db");
  await expect(page.locator("[data-service='shop/db']")).toContainText("Down");
  await expect(page.locator("[data-service='shop/db']")).toContainText("0 of 1");

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

/** Moves the cursor over the CPU chart to where the sample of so many minutes ago is. */
async function hover(page: Page, minutesAgo: number): Promise<void> {
  const box = await chart(page, "cpu").locator(".u-over").boundingBox();
  if (box === null) throw new Error("the chart has no plotting area");
  await page.mouse.move(box.x + box.width * (1 - minutesAgo / 60), box.y + box.height / 2);
}

/** Pixels in the line's own colour around a place on the one-hour axis, a few columns wide. */
async function linePixels(canvas: Locator, minutesAgo: number): Promise<number> {
  return canvas.evaluate((element: HTMLCanvasElement, ago) => {
    const over = element.parentElement?.querySelector(".u-over");
    const copy = new OffscreenCanvas(element.width, element.height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context?.drawImage(element, 0, 0);
    if (!over || !context) throw new Error("no plotting area");
    const scale = element.width / element.getBoundingClientRect().width;
    const offset = over.getBoundingClientRect().left - element.getBoundingClientRect().left;
    const x = Math.round((offset + over.getBoundingClientRect().width * (1 - ago / 60)) * scale);
    const colour = /rgb\((\d+), (\d+), (\d+)\)/.exec(getComputedStyle(element).color)?.slice(1).map(Number);
    if (colour === undefined) throw new Error("the line's colour is not plain");
    const { data } = context.getImageData(x - 2, 0, 5, element.height);
    let pixels = 0;
    for (let at = 0; at < data.length; at += 4) {
      const near = colour.every((channel, index) => Math.abs(channel - (data[at + index] ?? 0)) < 24);
      if (near && (data[at + 3] ?? 0) > 200) pixels += 1;
    }
    return pixels;
  }, minutesAgo);
}
