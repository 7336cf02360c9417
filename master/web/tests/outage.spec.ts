// The master goes away and comes back while somebody watches.

import { expect, expectAccessible, test } from "./support/fixtures";
import { Reporter, sampleAgo } from "./support/report";

// The browser itself reports every refused connection in the console, and axe that it could not fetch the style sheet of a view
// that had not come before the master went.
test.use({ expectedInConsole: [/net::ERR_|Couldn't load preload assets/] });

/** By itself the page retries at most 36 s apart. */
const SLOWEST_RETRY_MS = 45_000;

test("a killed master is shown as unreachable with the last data kept, until it is back", async ({ page, master }) => {
  test.slow();
  const server = await Reporter.register(master, "kept");
  await server.metrics([sampleAgo(0, 42)]);
  await page.goto("/");
  const pill = page.locator("[data-connection]");
  const bar = page.locator("p", { hasText: "Still showing what was heard at" });
  const cpu = page.locator("tbody .cpu");
  await expect(pill).toHaveText("Live");
  await expect(cpu).toHaveText("42.0 %");

  await master.kill();
  await expect(pill).toHaveText(/Stale since \d{2}:\d{2}:\d{2}$/);
  await expect(pill).toHaveText("Unreachable");
  await expect(bar).toBeVisible();
  await expect(cpu).toHaveText("42.0 %");
  await expectAccessible(page);

  // The page of the server opens from what the browser has, and says that it cannot be loaded.
  await page.getByRole("link", { name: "kept" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("The master does not answer");
  await page.goBack();
  await expect(cpu).toHaveText("42.0 %");

  await master.start();
  await server.metrics([sampleAgo(0, 43)]);
  await expect(pill).toHaveText("Live", { timeout: SLOWEST_RETRY_MS });
  await expect(cpu).toHaveText("43.0 %");
  await expect(bar).toBeHidden();
});

test("a server's page keeps its charts through an outage, and Try now ends the wait", async ({ page, master }) => {
  const server = await Reporter.register(master, "charted");
  await server.metrics([sampleAgo(120_000, 10), sampleAgo(60_000, 20), sampleAgo(0, 30)]);
  await page.goto(`${server.path}`);
  const summary = page.locator("[data-chart=cpu] .foot");
  await expect(summary).toHaveText("min 10.0 % · mean 20.0 % · max 30.0 %");
  // What draws it comes after the numbers.
  await expect(page.locator("[data-chart=cpu] canvas")).toBeVisible();

  await master.kill();
  await expect(page.locator("[data-connection]")).toHaveText("Unreachable");
  await expect(summary).toHaveText("min 10.0 % · mean 20.0 % · max 30.0 %");
  await expect(page.locator("[data-chart=cpu] canvas")).toBeVisible();

  await master.start();
  await page.getByRole("button", { name: "Try now" }).click();
  await expect(page.locator("[data-connection]")).toHaveText("Live");
});

test("charts whose code could not be loaded come by themselves when the master is back", async ({ page, master }) => {
  const server = await Reporter.register(master, "uncoded");
  await server.metrics([sampleAgo(60_000, 20), sampleAgo(0, 30)]);
  let refused = 0;
  await page.route("**/assets/uPlot*.js", async (route) => {
    refused += 1;
    await route.abort("connectionrefused");
  });
  await page.goto(`${server.path}`);
  const chart = page.locator("[data-chart=cpu]");
  await expect(chart).toContainText("could not be loaded yet");
  await expect(chart).toContainText("min 20.0 %");
  expect(refused).toBeGreaterThan(0);

  await page.unroute("**/assets/uPlot*.js");
  await expect(chart.locator("canvas")).toBeVisible();
  await expect(chart).not.toContainText("could not be loaded");
});
