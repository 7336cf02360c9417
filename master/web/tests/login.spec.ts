// A master with users: who is not logged in sees the way in and nothing else.

import type { APIRequestContext, Page } from "@playwright/test";

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import { ADMIN_PASSWORD, Master } from "./support/master";
import { Reporter, sampleAgo } from "./support/report";

// The browser itself reports every refusal in the console.
test.use({ expectedInConsole: [/status of 401/] });

test.use({
  master: async ({ offlineAfterS }, use) => {
    const master = await Master.start(offlineAfterS, { ADMIN_PASSWORD });
    await use(master);
    await master.remove();
  },
});

test("a login opens the page that was asked for, and a logout closes it", async ({ page, master, context }) => {
  const server = await Reporter.register(master, "behind-a-login");
  await page.goto(server.path);
  const heading = page.getByRole("heading", { level: 1 });
  await expect(heading).toHaveText("Log in");
  await expect(page.getByText("behind-a-login")).toHaveCount(0);
  await expectNoOverflow(page);
  await expectAccessible(page);

  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill("not-the-password");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toHaveText("Wrong name or password");
  await expect(page.getByLabel("Password")).toHaveValue("");

  await page.getByLabel("Password").fill(ADMIN_PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(heading).toHaveText("behind-a-login");
  await expect(page.getByText("Development mode")).toHaveCount(0);
  const cookie = (await context.cookies()).find(({ name }) => name === "neon_session");
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax" });
  expect(await page.evaluate(() => document.cookie)).toBe("");

  await page.reload();
  await expect(heading).toHaveText("behind-a-login");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(heading).toHaveText("Log in");
  expect((await page.request.get("/api/servers")).status()).toBe(401);
});

test("a session that ends elsewhere brings the login back by itself", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(ADMIN_PASSWORD);
  await page.keyboard.press("Enter");
  const heading = page.getByRole("heading", { level: 1 });
  await expect(heading).toHaveText("Connect your first server");
  await expect(page.locator("[data-stream=true]")).toBeVisible();
  // The list hardly asks while the stream is open: the master ends that with the session.
  expect((await page.request.post("/api/logout", { headers: { "X-Neon-Request": "1" } })).status()).toBe(204);
  await expect(heading).toHaveText("Log in");
});

test.describe("a master that cannot say who is looking while the page loads", () => {
  test.use({ expectedInConsole: [/status of (401|503)/] });

  test("is asked again, and the user has their role and the way out then", async ({ page, master }) => {
    const server = await Reporter.register(master, "web-1");
    await page.goto("/");
    await page.getByLabel("Name").fill("admin");
    await page.getByLabel("Password").fill(ADMIN_PASSWORD);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("link", { name: "web-1" })).toBeVisible();

    let isAway = true;
    await page.route("**/api/session", (route) =>
      isAway ? route.fulfill({ status: 503, json: { error: "Storage is unavailable, try again later" } }) : route.fallback(),
    );
    await page.goto(server.path);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("web-1");
    await expect(page.getByRole("button", { name: "Log out" })).toHaveCount(0);
    isAway = false;
    await expect(page.getByRole("button", { name: "Log out" })).toBeVisible();
    await expect(page.getByText("Edit name, group, tags, notes and maintenance")).toBeVisible();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("web-1");
  });
});

test.describe("a session that ends over a half-filled form", () => {
  const GUESTS_PASSWORD = "what-only-the-guest-knows";
  const HEADERS = { "X-Neon-Request": "1" };
  const notes = (page: Page) => page.getByLabel("Notes");
  const save = (page: Page) => page.getByRole("button", { name: "Save", exact: true });
  const heading = (page: Page) => page.getByRole("heading", { level: 1 });

  async function logIn(page: Page, name: string, password: string): Promise<void> {
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Password").fill(password);
    await page.keyboard.press("Enter");
  }

  /** A server's page with its form open, and a note typed into it. */
  async function typing(page: Page, master: Master): Promise<Reporter> {
    const server = await Reporter.register(master, "web-1");
    await server.metrics([sampleAgo(1000, 20, 40, 60)]);
    await page.goto(server.path);
    await logIn(page, "admin", ADMIN_PASSWORD);
    await page.getByText("Edit name, group, tags, notes and maintenance").click();
    await notes(page).pressSequentially("Rack 4, ");
    return server;
  }

  /** As the user does from another device: every session of theirs but that one. */
  async function endElsewhere(elsewhere: APIRequestContext, master: Master): Promise<void> {
    const answer = await elsewhere.post(`${master.url}/api/login`, { headers: HEADERS, data: { name: "admin", password: ADMIN_PASSWORD } });
    expect(answer.status()).toBe(200);
    const sessions = (await (await elsewhere.get(`${master.url}/api/account/sessions`)).json()) as { id: string; isCurrent: boolean }[];
    for (const { id } of sessions.filter(({ isCurrent }) => !isCurrent)) {
      expect((await elsewhere.delete(`${master.url}/api/account/sessions/${id}`, { headers: HEADERS })).status()).toBe(204);
    }
  }

  test("by itself: the login lies over it, and after that the page is where it was", async ({ page, master, playwright }) => {
    const elsewhere = await playwright.request.newContext();
    const server = await typing(page, master);
    // What is above may still grow: the browser keeps what is looked at where it is.
    const place = async () => Math.round((await notes(page).boundingBox())?.y ?? NaN);
    expect(await page.evaluate(() => scrollY)).toBeGreaterThan(0);
    const before = await place();
    await endElsewhere(elsewhere, master);

    await expect(heading(page)).toHaveText("Log in");
    await expect(page.getByText("web-1").first()).toBeHidden();
    await expect(page.getByLabel("Password")).toBeFocused();
    // A page that waits asks nothing.
    let asked = 0;
    page.on("request", () => (asked += 1));
    await page.waitForTimeout(4_000);
    expect(asked).toBe(0);
    await expectNoOverflow(page);
    await expectAccessible(page);
    await picture(page, "interrupted");

    await logIn(page, "admin", ADMIN_PASSWORD);
    await expect(heading(page)).toHaveText("web-1");
    await expect(notes(page)).toBeFocused();
    await expect.poll(place).toBe(before);
    await page.keyboard.type("left");
    await expect(notes(page)).toHaveValue("Rack 4, left");
    await save(page).click();
    await expect(page.getByRole("region", { name: "Notes" })).toHaveText("Rack 4, left");
    // And the page is live again.
    await page.request.patch(`/api/servers/${server.id}`, { headers: HEADERS, data: { displayName: "Shop" } });
    await expect(heading(page)).toHaveText("Shop");
    await elsewhere.dispose();
  });

  test("as it is saved: what was typed is still there, and is saved after the login", async ({ page, master, playwright }) => {
    const elsewhere = await playwright.request.newContext();
    const server = await typing(page, master);
    await page.route(`**/api/servers/${server.id}`, async (route) => {
      if (route.request().method() === "PATCH") await endElsewhere(elsewhere, master);
      await route.fallback();
    }, { times: 100 });
    await save(page).click();
    await expect(heading(page)).toHaveText("Log in");
    await page.unrouteAll({ behavior: "wait" });
    await logIn(page, "admin", ADMIN_PASSWORD);
    await expect(heading(page)).toHaveText("web-1");
    await expect(notes(page)).toHaveValue("Rack 4, ");
    await save(page).click();
    await expect(page.getByRole("region", { name: "Notes" })).toHaveText("Rack 4,");
    await elsewhere.dispose();
  });

  test("and another user logs in: the page is as they see it, with nothing of the former one's", async ({ page, master, playwright }) => {
    master.addUser("guest", "operator", GUESTS_PASSWORD);
    const elsewhere = await playwright.request.newContext();
    await typing(page, master);
    await endElsewhere(elsewhere, master);
    await expect(heading(page)).toHaveText("Log in");
    await logIn(page, "guest", GUESTS_PASSWORD);
    await expect(heading(page)).toHaveText("web-1");
    await expect(page.getByRole("button", { name: "Log out" })).toHaveAttribute("title", "guest (operator)");
    await expect(notes(page)).toHaveCount(0);
    await page.getByText("Edit name, group, tags, notes and maintenance").click();
    await expect(notes(page)).toHaveValue("");
    await elsewhere.dispose();
  });
});
