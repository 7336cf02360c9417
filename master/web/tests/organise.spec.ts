// What operators say about servers: changed on a server's page, looked for in the list, and gone with the server.

import type { Page } from "@playwright/test";

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import { ADMIN_PASSWORD, Master } from "./support/master";
import { Reporter, sampleAgo } from "./support/report";

const VIEWER_PASSWORD = "what-only-the-viewer-knows";

test.use({
  // A refused change, and a server that is asked for while it goes.
  expectedInConsole: [/status of (400|401|404)/],
  master: async ({ offlineAfterS }, use) => {
    const master = await Master.start(offlineAfterS, { ADMIN_PASSWORD });
    await use(master);
    await master.remove();
  },
});

async function logIn(page: Page, path: string, name = "admin", password = ADMIN_PASSWORD): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Log out" })).toBeVisible();
}

const edit = (page: Page) => page.getByText("Edit name, group, tags, notes and maintenance");
const save = (page: Page) => page.getByRole("button", { name: "Save", exact: true });
const saved = (page: Page) => page.locator("form", { has: save(page) }).locator("[role=status]");
const rowNames = (page: Page) => page.locator("tbody tr th a").allTextContents();

for (const [width, height] of [[1280, 800], [390, 844]] as const) {
  test.describe(`${width} pixels wide`, () => {
    test.use({ viewport: { width, height } });

    test("an operator says what a server is", async ({ page, master }) => {
      const server = await Reporter.register(master, "web-1");
      await server.metrics([sampleAgo(1000, 20, 40, 60)]);
      await logIn(page, server.path);
      await edit(page).click();
      await page.getByLabel("Display name").fill("Shop, first of two");
      await page.getByLabel("Group", { exact: true }).fill("Shop");
      await page.getByLabel("Tags, with spaces between them").fill("web, eu web");
      await page.getByLabel("Notes").fill("Rack 4\n<b>not bold</b>");
      await page.getByLabel("In maintenance").check();
      await page.getByLabel("Reason").fill("A new disk");
      await save(page).click();
      await expect(saved(page)).toHaveText("Saved");

      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Shop, first of two");
      await expect(page).toHaveTitle("Shop, first of two · Neon");
      await expect(page.locator("div.title")).toContainText("Maintenance");
      await expect(page.locator("div.title")).toContainText("web-1");
      await expect(page.locator("p.maintenance")).toContainText("until somebody ends it. A new disk");
      await expect(page.getByRole("region", { name: "Notes" })).toHaveText("Rack 4\n<b>not bold</b>");
      // The form is still open, with everything in it.
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "organised");
    });

    test("the list finds servers by group and tag, in the address and in views that are saved", async ({ page, master }) => {
      const server = await Reporter.register(master, "web-1");
      await Reporter.register(master, "db-1");
      await logIn(page, server.path);
      const data = { displayName: "Shop, first of two", group: "Shop", tags: ["eu", "web"], maintenance: {} };
      await page.request.patch(`/api/servers/${server.id}`, { headers: { "X-Neon-Request": "1" }, data });

      // Its tag leads to the list.
      await page.getByRole("link", { name: "Tag eu" }).click();
      await expect(page).toHaveURL(/\?tag=eu$/);
      await expect.poll(() => rowNames(page)).toEqual(["Shop, first of two"]);
      await expect(page.locator("tbody tr")).toContainText("web-1");
      await expect(page.getByRole("combobox", { name: "Tag" })).toHaveValue("eu");
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "organised-list");
      await page.getByRole("combobox", { name: "Tag" }).selectOption("");
      await expect.poll(() => rowNames(page)).toEqual(["db-1", "Shop, first of two"]);
      await page.getByRole("combobox", { name: "Group" }).selectOption({ label: "Shop (1)" });
      await expect(page).toHaveURL(/\?group=Shop$/);
      await page.getByRole("button", { name: "Maintenance 1" }).click();
      await expect(page).toHaveURL(/group=Shop&status=maintenance/);
      await expect.poll(() => rowNames(page)).toEqual(["Shop, first of two"]);
      await page.getByText("Views", { exact: true }).click();
      await page.getByLabel("Save what is shown as").fill("in work");
      await save(page).click();
      await page.goto("/");
      await page.getByText("Views", { exact: true }).click();
      await page.getByRole("link", { name: "in work" }).click();
      await expect.poll(() => rowNames(page)).toEqual(["Shop, first of two"]);
      await page.getByRole("button", { name: "Online 1" }).click();
      await page.getByRole("button", { name: "Show all 2" }).click();
      await expect.poll(() => rowNames(page)).toHaveLength(2);
    });

    test("a server is deleted once its name was typed", async ({ page, master }) => {
      const server = await Reporter.register(master, "web-1");
      await Reporter.register(master, "db-1");
      await logIn(page, server.path);
      await page.getByText("Delete this server").click();
      const confirm = page.getByLabel("Type its name to confirm");
      const button = page.getByRole("button", { name: "Delete with all its data" });
      await confirm.fill("web-2");
      await button.click();
      await expect(page.getByRole("alert").filter({ hasText: "That is not its name" })).toBeVisible();
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "delete");
      expect((await page.request.get(`/api/servers/${server.id}`)).status()).toBe(200);
      await confirm.fill("web-1");
      await button.click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Servers");
      await expect.poll(() => rowNames(page)).toEqual(["db-1"]);
      expect((await page.request.get(`/api/servers/${server.id}`)).status()).toBe(404);
      await page.reload();
      await expect.poll(() => rowNames(page)).toEqual(["db-1"]);
    });
  });
}

for (const [width, height] of [[1280, 800], [360, 740]] as const) {
  test.describe(`a merge, ${width} pixels wide`, () => {
    test.use({ viewport: { width, height }, offlineAfterS: 3, expectedInConsole: [/status of (401|409)/] });

    test("another server's history comes to this one, which stays, once the other's name was typed", async ({ page, master }) => {
      test.slow();
      const gone = await Reporter.register(master, "web-old", { hostname: "web" });
      await gone.metrics([sampleAgo(3_600_000, 71.25)]);
      const goesOn = await Reporter.register(master, "web-new", { hostname: "web" });
      await goesOn.metrics([sampleAgo(1000, 12)]);
      const awake = await Reporter.register(master, "web-awake");
      const heartbeat = setInterval(() => void awake.heartbeat().catch(() => undefined), 500);
      try {
        await logIn(page, goesOn.path);
        await page.getByText("Merge another server into this one").click();
        const search = page.getByLabel("Find the one that goes by its name");
        const confirm = page.getByLabel("Type the name of the one that goes to confirm");
        const button = page.getByRole("button", { name: "Merge for good" });
        await search.fill("no such server");
        await expect(page.getByText("No other server is called that")).toBeVisible();
        await search.fill("web");
        // All but this one.
        await expect(page.getByRole("radio")).toHaveCount(2);

        // What the API refuses is said, and nothing is lost by it.
        await page.getByRole("radio", { name: "web-awake" }).check();
        await confirm.fill("web-awake");
        await button.click();
        const problem = page.getByRole("alert").filter({ hasText: "is not offline" });
        await expect(problem).toBeVisible();
        expect((await page.request.get(`/api/servers/${awake.id}`)).status()).toBe(200);

        await expect.poll(async () => ((await (await page.request.get(`/api/servers/${gone.id}`)).json()) as { status: string }).status).toBe("offline");
        await page.getByRole("radio", { name: "web-old" }).check();
        await expect(page.locator("dd").filter({ hasText: "web-old" })).toContainText("for good");
        await expect(page.locator("dd").filter({ hasText: "web-new" })).toContainText("with the history of both");
        await confirm.fill("web-new");
        await button.click();
        await expect(page.getByRole("alert").filter({ hasText: "That is not the name of the one that goes" })).toBeVisible();
        await expectNoOverflow(page);
        await expectAccessible(page);
        await picture(page, "merge");
        await confirm.fill("web-old");
        await button.click();
        await expect(page.getByRole("status").filter({ hasText: "web-old is gone." })).toBeVisible();
      } finally {
        clearInterval(heartbeat);
      }

      const hour = { from: new Date(Date.now() - 7_200_000).toISOString(), to: new Date().toISOString() };
      const query = new URLSearchParams({ ...hour, points: "360", fields: "cpuPercent" }).toString();
      await expect.poll(async () => (await page.request.get(`/api/servers/${goesOn.id}/metrics?${query}`)).text()).toContain("71.25");
      await page.goto("/");
      await expect.poll(() => rowNames(page)).toEqual(["web-awake", "web-new"]);
    });
  });
}

test("only what was changed is sent, what is refused is said, and what was typed stays", async ({ page, master }) => {
  const server = await Reporter.register(master, "web-1");
  await logIn(page, server.path);
  await edit(page).click();
  await page.getByLabel("Tags, with spaces between them").fill('good "bad"');
  await save(page).click();
  await expect(page.getByRole("alert").filter({ hasText: "tags[0]: must have 1 to 40 characters" })).toBeVisible();
  await expect(page.getByLabel("Tags, with spaces between them")).toHaveValue('good "bad"');

  // Somebody else says something meanwhile: it is told, and not undone by this form.
  const headers = { "X-Neon-Request": "1" };
  await page.request.patch(`/api/servers/${server.id}`, { headers, data: { group: "theirs", displayName: "Theirs" } });
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Theirs");
  await page.getByLabel("Tags, with spaces between them").fill("good");
  await page.getByLabel("In maintenance").check();
  await page.getByLabel("Until").fill("2036-11-24T12:00");
  await save(page).click();
  await expect(saved(page)).toHaveText("Saved");
  const now = (await (await page.request.get(`/api/servers/${server.id}`)).json()) as Record<string, unknown>;
  expect(now).toMatchObject({ group: "theirs", displayName: "Theirs", tags: ["good"], status: "maintenance" });
  // In the viewer's zone, of which Kathmandu's is 5:45 ahead.
  expect(now["maintenance"]).toMatchObject({ until: "2036-11-24T06:15:00.000Z" });
  await expect(page.locator("p.maintenance")).toContainText("2036, 12:00:00");
  await page.getByLabel("In maintenance").uncheck();
  await save(page).click();
  await expect(page.locator("p.maintenance")).toHaveCount(0);
  await expect(page.locator("div.title")).toContainText("Online");
});

test("a viewer sees what is said, and no way to change it", async ({ page, master }) => {
  master.addUser("guest", "viewer", VIEWER_PASSWORD);
  const server = await Reporter.register(master, "web-1");
  const asAdmin = await page.context().request.post(`${master.url}/api/login`, { headers: { "X-Neon-Request": "1" }, data: { name: "admin", password: ADMIN_PASSWORD } });
  expect(asAdmin.ok()).toBe(true);
  await page.request.patch(`/api/servers/${server.id}`, { headers: { "X-Neon-Request": "1" }, data: { group: "Shop", notes: "Rack 4" } });
  await page.context().clearCookies();
  await logIn(page, server.path, "guest", VIEWER_PASSWORD);
  await expect(page.getByRole("region", { name: "Notes" })).toHaveText("Rack 4");
  await expect(page.getByRole("link", { name: "Group Shop" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Activity" })).toBeVisible();
  await expect(edit(page)).toHaveCount(0);
  await expect(page.getByText("Merge another server into this one")).toHaveCount(0);
  await expect(page.getByText("Delete this server")).toHaveCount(0);
});
