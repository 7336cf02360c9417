// What is about all servers: their containers and what happened.

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import type { Master } from "./support/master";
import { Reporter } from "./support/report";

/** Two servers with containers in every state, one of which crashed since. */
async function containers(master: Master): Promise<Reporter> {
  const compose = { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" };
  const [first, second] = [await Reporter.register(master, "alpha"), await Reporter.register(master, "beta")];
  await first.containers([
    { name: "web", image: "nginx:1.27", health: "healthy", labels: compose, composeProject: "shop", composeService: "web" },
    { name: "sick", image: "shop/api:2", health: "unhealthy", restartCount: 3 },
  ]);
  await second.containers([{ name: "looping", image: "shop/api:2", status: "restarting", exitCode: 1 }, { name: "web", image: "nginx:1.26" }]);
  await first.containers([
    { name: "web", image: "nginx:1.27", status: "exited", exitCode: 1, labels: compose, composeProject: "shop", composeService: "web" },
    { name: "sick", image: "shop/api:2", health: "unhealthy", restartCount: 3 },
  ]);
  return second;
}

test("containers of all servers are listed by urgency, filtered in the address, and live", async ({ page, master }) => {
  const second = await containers(master);
  await page.goto("/");
  await page.getByRole("link", { name: "Containers" }).click();
  await expect(page).toHaveURL("/containers");
  const rows = page.locator("tbody tr");
  await expect(rows).toHaveCount(4);
  const names = async () => (await rows.allInnerTexts()).map((text) => text.split(/\s+/).slice(0, 3).join(" "));
  expect(await names()).toEqual(["sick Unhealthy alpha", "looping Restarting beta", "web Exited alpha", "web Running beta"]);

  await page.getByLabel("Image", { exact: true }).selectOption("shop/api");
  await expect(rows).toHaveCount(2);
  await page.getByLabel("Server", { exact: true }).selectOption("beta");
  await expect(rows).toHaveCount(1);
  await expect(page).toHaveURL("/containers?image=shop%2Fapi&server=beta");
  await page.reload();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("looping");

  await second.containers([{ name: "looping", image: "shop/api:3" }]);
  await expect(rows).toContainText("Running");
  await page.goto("/containers?project=shop");
  await expect(rows).toHaveCount(1);
  await page.goto("/containers?state=paused");
  await expect(page.getByText("No container matches.")).toBeVisible();
});

test("what happened is listed and filtered in the address", async ({ page, master }) => {
  await containers(master);
  await page.goto("/");
  await page.getByRole("link", { name: "Activity" }).click();
  const events = page.locator("[data-activity]");
  await expect(page.locator("[data-activity=crashed]")).toHaveCount(1);
  const all = await events.count();
  await page.getByLabel("Kind").selectOption("crashed");
  await expect(events).toHaveCount(1);
  await expect(events).toContainText("web");
  await expect(page).toHaveURL("/activity?type=crashed");
  await page.getByLabel("Kind").selectOption("");
  await expect(events).toHaveCount(all);
  await events.first().getByRole("link").click();
  await expect(page.locator("[data-activity]").first()).toBeVisible();
});

for (const [width, height] of [[1280, 800], [360, 740]] as const) {
  test.describe(`${width} pixels wide`, () => {
    test.use({ viewport: { width, height } });

    test("containers and activity fit and are accessible", async ({ page, master }) => {
      await containers(master);
      for (const [path, row] of [["containers", "tbody tr"], ["activity", "[data-activity]"]] as const) {
        await page.goto(`/${path}`);
        await expect(page.locator(row).first()).toBeVisible();
        await expectNoOverflow(page);
        await expectAccessible(page);
        await picture(page, path);
      }
    });
  });
}
