// Both themes, phone width, keyboard, and what axe has to say about every view.

import type { Page } from "@playwright/test";

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import { ADMIN_PASSWORD, Master } from "./support/master";
import { readings, Reporter, sampleAgo, type Sample } from "./support/report";

const MINUTE_MS = 60_000;

test("the theme follows the system until it is chosen, and the choice is remembered", async ({ page, master }) => {
  await Reporter.register(master, "themed");
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto("/");
  const dark = await background();
  await page.emulateMedia({ colorScheme: "light" });
  const light = await background();
  expect(light).not.toBe(dark);

  await page.getByRole("button", { name: "Switch to dark theme" }).click();
  expect(await background()).toBe(dark);
  await page.reload();
  expect(await background()).toBe(dark);
  await page.getByRole("button", { name: "Switch to light theme" }).click();
  expect(await background()).toBe(light);
});

test("every part is reached by keyboard alone", async ({ page, master }) => {
  await Reporter.register(master, "keyed");
  await page.goto("/");
  await expect(page.getByRole("link", { name: "keyed" })).toBeVisible();

  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  for (let presses = 0; presses < 20; presses += 1) {
    if (await page.getByRole("link", { name: "keyed" }).evaluate((link) => link === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await expect(page.getByRole("link", { name: "keyed" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("keyed");
});

for (const [width, height] of [[1280, 800], [390, 844], [360, 740]] as const) {
  test.describe(`${width} pixels wide`, () => {
    test.use({ viewport: { width, height } });

    test("an empty master fits and is accessible", async ({ page }) => {
      await page.goto("/");
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "empty");
    });

    test("the list fits and is accessible", async ({ page, master }) => {
      await fleet(master);
      await page.goto("/");
      await expect(page.locator("tbody tr")).toHaveCount(4);
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "fleet");
      await page.getByRole("button", { name: "Grid" }).click();
      await expect(page.locator("li[data-server]")).toHaveCount(4);
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "grid");
    });

    test("a server's page fits and is accessible", async ({ page, master }) => {
      const server = await fleet(master);
      await page.goto(`${server.path}?range=6h`);
      await page.locator("[data-group=cpu]").scrollIntoViewIfNeeded();
      await page.locator("[data-chart=cpu-split]").scrollIntoViewIfNeeded();
      await expect(page.locator("[data-chart=cpu-split] canvas")).toBeVisible();
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "server");
    });

    test.describe("nothing found", () => {
      test.use({ expectedInConsole: [/status of 404/] });

      test("the page for it fits and is accessible", async ({ page }) => {
        await page.goto("/servers/99");
        await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no server 99");
        await expectNoOverflow(page);
        await expectAccessible(page);
      });
    });
  });
}

/** Side of the smallest target, pixels (WCAG 2.2, 2.5.8). */
const TARGET_PX = 24;

/** The header's parts stand in as many lines as they should, apart from each other, and are large enough to be hit. */
async function expectHeader(page: Page, lines: number): Promise<void> {
  const parts = await page.locator("header :is(a, button, .pill)").evaluateAll((elements) =>
    elements.map((element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return { what: (element.textContent ?? "").trim(), isTarget: element.matches("a, button"), left, right, top, bottom };
    }),
  );
  // The brand, five views, the palette, the connection, the way out and the theme.
  expect(parts).toHaveLength(10);
  for (const { what, isTarget, left, right, top, bottom } of parts) {
    expect(left, what).toBeGreaterThanOrEqual(0);
    expect(right, what).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0);
    if (isTarget) expect(Math.min(right - left, bottom - top), `${what}: shorter side`).toBeGreaterThanOrEqual(TARGET_PX);
  }
  const overlaps = parts.flatMap((one, index) =>
    parts
      .slice(index + 1)
      .filter((other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom)
      .map((other) => `${one.what} and ${other.what}`),
  );
  expect(overlaps).toEqual([]);
  // A part is in the line of those whose height it shares some of.
  const tops: number[] = [];
  let bottom = -Infinity;
  for (const part of [...parts].sort((one, other) => one.top - other.top)) {
    if (part.top >= bottom) tops.push(part.top);
    bottom = Math.max(bottom, part.bottom);
  }
  expect(tops, "upper edges of the lines").toHaveLength(lines);
}

test.describe("with users", () => {
  test.use({
    // The browser says that the master is away, too.
    expectedInConsole: [/status of 401|net::ERR_/],
    master: async ({ offlineAfterS }, use) => {
      const master = await Master.start(offlineAfterS, { ADMIN_PASSWORD });
      await use(master);
      await master.remove();
    },
  });

  // German has the longer words.
  for (const locale of ["en-GB", "de-DE"]) {
    test.describe(locale, () => {
      test.use({ locale });

      test("the header is one line, and where that is too narrow one and the views, whatever it says", async ({ page, master }) => {
        await page.goto("/");
        await page.getByLabel("Name").fill("admin");
        await page.getByLabel(/Passwor[dt]/).fill(ADMIN_PASSWORD);
        await page.keyboard.press("Enter");
        const pill = page.locator("[data-connection]");
        const expectAtEachWidth = async () => {
          for (const [width, lines] of [[1280, 1], [1000, 1], [820, 2], [390, 2], [360, 2]] as const) {
            await page.setViewportSize({ width, height: 740 });
            await expectHeader(page, lines);
            await expectNoOverflow(page);
          }
        };
        await expect(pill).toHaveAttribute("data-connection", "live");
        await expectAtEachWidth();
        await picture(page, `header-${locale}`);
        await master.kill();
        await expect(pill).toHaveAttribute("data-connection", "unreachable");
        await expectAtEachWidth();
        await picture(page, `header-unreachable-${locale}`);
      });
    });
  }
});

/** Four servers, one of them with six hours of history and containers in every state. */
async function fleet(master: Master): Promise<Reporter> {
  await Reporter.register(master, "fresh");
  for (const [name, load] of [["db-01", 93], ["web-02", 78]] as const) {
    const server = await Reporter.register(master, name);
    await server.metrics([sampleAgo(1000, load, load - 20, load)]);
  }

  const server = await Reporter.register(master, "web-01");
  const samples: Sample[] = [];
  for (let age = 350; age >= 1; age -= 5) {
    if (age < 180 || age > 230) samples.push({ ...sampleAgo(age * MINUTE_MS, 30 + 25 * Math.sin(age / 20), 55 + 5 * Math.cos(age / 40), 41), readings: readings(age / 15) });
  }
  await server.metrics(samples);
  await server.containers([
    { name: "web", health: "healthy", ports: "8080:80, 8443:443", labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" } },
    { name: "worker", health: "unhealthy" },
    { name: "migrate", status: "exited", exitCode: 0 },
    { name: "backup", status: "exited", exitCode: 137 },
    { name: "mailer", status: "restarting", exitCode: 1 },
    { name: "cache", status: "paused" },
    { name: "search", health: "starting" },
  ]);
  return server;
}

test("development mode is said", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("complementary", { name: "Development mode" })).toContainText("neon-master user add");
});
