// The stream of changes, and what the page does without it.

import { expect, test } from "./support/fixtures";
import { Reporter, sampleAgo } from "./support/report";

// The browser itself reports requests that a test holds back.
test.use({ expectedInConsole: [/net::ERR_/] });

const STREAM = "**/api/events";
const LIST = "**/api/servers?*";

test("changes come by the stream alone", async ({ page, master }) => {
  const server = await Reporter.register(master, "told");
  await server.metrics([sampleAgo(1000, 11)]);
  await page.goto("/");
  const cpu = page.locator("tbody .cpu");
  await expect(cpu).toHaveText("11.0 %");
  await expect(page.locator("[data-stream=true]")).toHaveText("Live");

  await page.route(LIST, (route) => route.abort("connectionrefused"));
  await server.metrics([sampleAgo(0, 22)]);
  await expect(cpu).toHaveText("22.0 %");
  await Reporter.register(master, "told-too");
  await expect(page.getByRole("link", { name: "told-too" })).toBeVisible();
});

test("without a stream the page asks, and says so", async ({ page, master }) => {
  await page.route(STREAM, (route) => route.abort("connectionrefused"));
  const server = await Reporter.register(master, "asked");
  await server.metrics([sampleAgo(1000, 11)]);
  await page.goto("/");
  const cpu = page.locator("tbody .cpu");
  await expect(cpu).toHaveText("11.0 %");
  const pill = page.locator("[data-stream=false]");
  await expect(pill).toHaveText("Live");
  await pill.hover();
  await expect(pill).toHaveAttribute("title", /there is no stream of changes/);
  await server.metrics([sampleAgo(0, 22)]);
  await expect(cpu).toHaveText("22.0 %");
});

/** By itself the page retries at most 36 s apart. */
const SLOWEST_RETRY_MS = 45_000;

test("a stream that broke is back with the master", async ({ page, master }) => {
  test.slow();
  await Reporter.register(master, "back");
  await page.goto("/");
  await expect(page.locator("[data-stream=true]")).toHaveText("Live");
  await master.kill();
  await expect(page.locator("[data-connection]")).toHaveText("Unreachable");
  await expect(page.locator("[data-stream=false]")).toBeVisible();
  await master.start();
  // By itself: a button to try now may be gone before it is pressed.
  await expect(page.locator("[data-stream=true]")).toHaveText("Live", { timeout: SLOWEST_RETRY_MS });
});
