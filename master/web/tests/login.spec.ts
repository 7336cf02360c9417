// A master with users: who is not logged in sees the way in and nothing else.

import { expect, expectAccessible, expectNoOverflow, test } from "./support/fixtures";
import { ADMIN_PASSWORD, Master } from "./support/master";
import { Reporter } from "./support/report";

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

test("a session that ends elsewhere brings the login back by itself", async ({ page, context }) => {
  await page.goto("/");
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(ADMIN_PASSWORD);
  await page.keyboard.press("Enter");
  const heading = page.getByRole("heading", { level: 1 });
  await expect(heading).toHaveText("Connect your first server");
  await context.clearCookies();
  await expect(heading).toHaveText("Log in");
});
