// The language of the page: which one it begins with, that it is chosen in place and remembered, and that every view fits and
// is accessible in it.

import type { Page } from "@playwright/test";

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import { ADMIN_PASSWORD, Master } from "./support/master";
import { readings, Reporter, sampleAgo, type Sample } from "./support/report";

const MINUTE_MS = 60_000;
const GERMAN = "**/assets/de-*.js";

const languageOf = (page: Page) => page.evaluate(() => document.documentElement.lang);
const heading = (page: Page) => page.getByRole("heading", { level: 1 });

/** What has been on the page since it was opened, headings first. */
async function watchHeadings(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    new MutationObserver(() => {
      const link = document.querySelector("header nav a")?.textContent;
      if (link && seen.at(-1) !== link) seen.push(link);
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  return () => page.evaluate(() => (window as unknown as { seen: string[] }).seen);
}

test.describe("a browser that asks for English", () => {
  test.use({ locale: "en-US" });

  test("gets English, and nothing of another language", async ({ page, master }) => {
    await Reporter.register(master, "plain");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto("/");
    await expect(heading(page)).toHaveText("Servers");
    expect(await languageOf(page)).toBe("en");
    expect(asked.filter((path) => /\/de-[^/]+\.js$/.test(path))).toEqual([]);
  });

  test("shows German at once when it is chosen, and after a reload from the first moment on", async ({ page, master }) => {
    const server = await Reporter.register(master, "gewählt");
    await server.metrics([sampleAgo(1000, 14.9, 50, 41)]);
    const seen = await watchHeadings(page);
    await page.goto("/");
    await expect(heading(page)).toHaveText("Servers");
    await page.evaluate(() => Object.assign(window, { isSame: true }));
    await page.getByRole("combobox", { name: "Language" }).selectOption({ label: "Deutsch" });
    await expect(heading(page)).toHaveText("Server");
    await expect(page.getByRole("columnheader", { name: "Gesehen" })).toBeVisible();
    await expect(page.locator("tbody tr .cpu .number")).toHaveText("14,9 %");
    await expect(page).toHaveTitle("Server · Neon");
    expect(await languageOf(page)).toBe("de");
    expect(await page.evaluate(() => "isSame" in window), "no reload").toBe(true);

    // However long it takes to come, no English is seen before it.
    await page.route(GERMAN, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      await route.continue();
    });
    await page.reload();
    await expect(heading(page)).toHaveText("Server");
    expect(await languageOf(page)).toBe("de");
    expect(await seen()).toEqual(["Server"]);
    await expect(page.getByRole("combobox", { name: "Sprache" })).toHaveValue("de");

    await page.getByRole("combobox", { name: "Sprache" }).selectOption("en");
    await expect(heading(page)).toHaveText("Servers");
    await page.reload();
    await expect(heading(page)).toHaveText("Servers");
  });

  test("chooses by keyboard alone, in the header and in the palette", async ({ page, master }) => {
    await Reporter.register(master, "keyed");
    await page.goto("/");
    await expect(heading(page)).toHaveText("Servers");
    const choice = page.locator("header select");
    for (let presses = 0; presses < 20; presses += 1) {
      if (await choice.evaluate((select) => select === document.activeElement)) break;
      await page.keyboard.press("Tab");
    }
    await expect(choice).toBeFocused();
    await page.keyboard.press("ArrowDown");
    await expect(heading(page)).toHaveText("Server");
    await expect(choice).toBeFocused();

    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Zu einem Server oder einer Ansicht gehen" }).pressSequentially("engl");
    await page.keyboard.press("Enter");
    await expect(heading(page)).toHaveText("Servers");
  });
});

test.describe("on a phone", () => {
  test.use({ locale: "en-US", viewport: { width: 390, height: 844 } });

  test("the choice is in the settings", async ({ page, master }) => {
    await Reporter.register(master, "small");
    await page.goto("/settings/about");
    await page.getByRole("combobox", { name: "Language" }).selectOption({ label: "Deutsch" });
    await expect(heading(page)).toHaveText("Einstellungen");
    await expect(page.getByRole("combobox", { name: "Sprache" })).toBeVisible();
    await page.getByRole("navigation", { name: "Ansichten" }).getByRole("link", { name: "Server" }).click();
    await expect(heading(page)).toHaveText("Server");
  });
});

test.describe("a browser that asks for German", () => {
  test.use({ locale: "de-AT" });

  test("gets German", async ({ page }) => {
    await page.goto("/");
    await expect(heading(page)).toHaveText("Den ersten Server verbinden");
    expect(await languageOf(page)).toBe("de");
  });

  test.describe("from a master that cannot give it", () => {
    test.use({ expectedInConsole: [/Failed to load resource|net::ERR_FAILED/] });

    test("gets English and is told so, until it can", async ({ page, master }) => {
      await Reporter.register(master, "plain");
      await page.route(GERMAN, (route) => route.abort());
      await page.goto("/");
      await expect(heading(page)).toHaveText("Servers");
      await expect(page.getByText("Deutsch could not be loaded yet")).toBeVisible();
      expect(await languageOf(page)).toBe("en");
      await page.unroute(GERMAN);
      await expect(heading(page)).toHaveText("Server");
      await expect(page.getByText("Deutsch could not be loaded yet")).toHaveCount(0);
      expect(await languageOf(page)).toBe("de");
    });
  });
});

for (const [width, height] of [[1280, 800], [390, 844], [360, 740]] as const) {
  test.describe(`in German, ${width} pixels wide`, () => {
    test.use({ locale: "de-DE", viewport: { width, height } });

    test("the list and a server's page fit and are accessible", async ({ page, master }) => {
      test.slow();
      const server = await fleet(master);
      await page.goto("/");
      await expect(page.locator("tbody tr")).toHaveCount(3);
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "german-fleet");
      await page.getByRole("button", { name: "Kacheln" }).click();
      await expect(page.locator("li[data-server]")).toHaveCount(3);
      await expectNoOverflow(page);
      await picture(page, "german-grid");

      await page.goto(`${server.path}?range=6h`);
      await page.locator("[data-chart=cpu-split]").scrollIntoViewIfNeeded();
      await expect(page.locator("[data-chart=cpu-split] canvas")).toBeVisible();
      await expect(page.locator("[data-chart=cpu] .foot")).toContainText(/min \d+,\d %/);
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "german-server");

      for (const [path, name] of [["/containers", "containers"], ["/activity", "activity"]] as const) {
        await page.goto(path);
        await expect(heading(page)).toBeVisible();
        await expectNoOverflow(page);
        await picture(page, `german-${name}`);
      }
    });

    test.describe("with users", () => {
      // The browser itself reports every refusal in the console.
      test.use({ expectedInConsole: [/status of 401/] });
      test.use({
        master: async ({ offlineAfterS }, use) => {
          const master = await Master.start(offlineAfterS, { ADMIN_PASSWORD });
          await use(master);
          await master.remove();
        },
      });

      test("the login and the settings fit and are accessible", async ({ page, master }) => {
        test.slow();
        await Reporter.register(master, "web-01");
        await page.goto("/settings/account");
        await expect(heading(page)).toHaveText("Anmelden");
        await expectNoOverflow(page);
        await expectAccessible(page);
        await page.getByLabel("Name").fill("admin");
        await page.getByLabel("Passwort").fill(ADMIN_PASSWORD);
        await page.keyboard.press("Enter");
        await expect(heading(page)).toHaveText("Einstellungen");
        for (const part of ["Konto", "Benutzer", "API-Tokens", "Datenhaltung", "Audit-Log", "Über Neon"]) {
          await page.getByRole("navigation", { name: "Einstellungen" }).getByRole("link", { name: part }).click();
          await expect(page).toHaveTitle(`${part} · Neon`);
          await expect(page.locator("main h2").first()).toBeVisible();
          await expectNoOverflow(page);
          // What axe looks at is hardly another at another width, and six parts take long.
          if (width === 1280) await expectAccessible(page);
          await picture(page, `german-${part}`);
        }
        await page.goto("/servers/add");
        await page.getByRole("button", { name: "Code erstellen" }).click();
        await expect(page.getByText("Warten auf den Agenten …")).toBeVisible();
        await expectNoOverflow(page);
        await picture(page, "german-add");
      });
    });
  });
}

/** Three servers, one of them with some hours of history and containers in every state. */
async function fleet(master: Master): Promise<Reporter> {
  await Reporter.register(master, "neu");
  const full = await Reporter.register(master, "db-01");
  await full.metrics([sampleAgo(1000, 93, 78, 93)]);
  const server = await Reporter.register(master, "web-01");
  const samples: Sample[] = [];
  for (let age = 350; age >= 1; age -= 5) {
    if (age < 180 || age > 230) samples.push({ ...sampleAgo(age * MINUTE_MS, 30 + 25 * Math.sin(age / 20), 55, 41), readings: readings(age / 15) });
  }
  await server.metrics(samples);
  await server.containers([
    { name: "web", health: "healthy", ports: "8080:80", labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" } },
    { name: "worker", health: "unhealthy" },
    { name: "backup", status: "exited", exitCode: 137 },
    { name: "mailer", status: "restarting", exitCode: 1 },
    { name: "cache", status: "paused" },
    { name: "search", health: "starting" },
  ]);
  return server;
}
