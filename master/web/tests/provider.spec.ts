// A login at an OpenID Connect provider, which is another site: the browser goes there and comes back.

import { expect, test as base, type Page } from "@playwright/test";

import { expectAccessible } from "./support/fixtures";
import { ADMIN_PASSWORD, Master } from "./support/master";
import { Provider } from "./support/provider";
import { Reporter } from "./support/report";

const test = base.extend<{ master: Master }>({
  master: async ({}, use) => {
    const provider = await Provider.start();
    const master = await Master.start(180, { ADMIN_PASSWORD, ...provider.environment("Example ID") });
    await use(master);
    await master.remove();
    await provider.stop();
  },
  baseURL: async ({ master }, use) => use(master.url),
});

const heading = (page: Page) => page.getByRole("heading", { level: 1 });
const byProvider = (page: Page) => page.getByRole("link", { name: "Sign in with Example ID" });

test("who logs in at the provider is where they wanted to be, as the one they are there", async ({ page, master }) => {
  const server = await Reporter.register(master, "behind-a-provider");
  await page.goto(`${server.path}?range=7d`);
  await expect(heading(page)).toHaveText("Log in");
  await expectAccessible(page);
  await byProvider(page).click();
  await expect(page).toHaveTitle("Provider");

  await page.getByRole("link", { name: "I am Anna" }).click();
  await expect(heading(page)).toHaveText("behind-a-provider");
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(`${server.path}?range=7d`);
  const session = (await (await page.request.get("/api/session")).json()) as { user: { name: string; role: string } };
  expect(session.user).toMatchObject({ name: "anna", role: "operator" });

  await page.getByRole("button", { name: "Log out" }).click();
  await expect(byProvider(page)).toBeVisible();
});

test("who turns back at the provider reads so, and the password still opens the page", async ({ page }) => {
  await page.goto("/");
  await byProvider(page).click();
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(page.getByRole("alert")).toHaveText("The provider did not log you in.");
  await expectAccessible(page);

  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(ADMIN_PASSWORD);
  await page.keyboard.press("Enter");
  await expect(heading(page)).toHaveText("Connect your first server");
  expect(new URL(page.url()).search).toBe("");
});
