// Adding a server: an operator makes a code, the real agent is started with what the page says, and the page notices.

import { execFileSync } from "node:child_process";

import type { Page } from "@playwright/test";

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import { ADMIN_PASSWORD, Master } from "./support/master";

// The browser itself reports every refusal in the console.
test.use({ expectedInConsole: [/status of 40[01]/] });

test.use({
  master: async ({ offlineAfterS }, use) => {
    const master = await Master.start(offlineAfterS, { ADMIN_PASSWORD, FLEET_SECRET: "off" });
    await use(master);
    await master.remove();
  },
});

async function logIn(page: Page): Promise<void> {
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(ADMIN_PASSWORD);
  await page.keyboard.press("Enter");
}

/** The code in the command of this title. */
async function codeIn(page: Page, title: string): Promise<string> {
  const command = await page.getByRole("region", { name: title, exact: true }).locator("code").textContent();
  const code = /neon_code_[0-9a-f]{64}/.exec(command ?? "")?.[0];
  expect(code, title).toBeDefined();
  return code ?? "";
}

test("a server is added with a code, and the page notices when it arrives", async ({ page, startAgent, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/");
  await logIn(page);
  const heading = page.getByRole("heading", { level: 1 });
  await page.getByRole("link", { name: "add a server with an enrolment code" }).click();
  await expect(heading).toHaveText("Add a server");
  await page.getByLabel("Name of the server").fill("web one's");
  await page.getByLabel("Group").fill("rack 7");
  await page.getByLabel("Good for").selectOption("1 day");
  await page.getByRole("button", { name: "Make a code" }).click();
  await expect(page.getByText("Waiting for web one's…")).toBeVisible();

  const code = await codeIn(page, "With Docker");
  for (const title of ["With Docker Compose", "With systemd"]) expect(await codeIn(page, title)).toBe(code);
  await page.getByRole("button", { name: "Copy With Docker", exact: true }).click();
  await expect(page.getByText("With Docker: copied to the clipboard")).toBeAttached();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain(`-e AGENT_SECRET=${code}`);
  // As a shell hears it.
  const words = execFileSync("sh", ["-c", `stat() { echo 999; }; docker() { printf '%s\\n' "$@"; }; ${copied}`], { encoding: "utf8" }).split("\n");
  expect(words).toContain("SERVER_NAME=web one's");
  expect(words.slice(-2)).toEqual(["neon-agent", ""]);
  await expectAccessible(page);
  await expectNoOverflow(page);
  await picture(page, "add-a-server");

  startAgent("web one's", { AGENT_SECRET: code });
  await expect(page.getByRole("status").filter({ hasText: "The agent has arrived." })).toBeVisible();
  await page.getByRole("link", { name: "Look at the server" }).click();
  await expect(heading).toHaveText("web one's");
  await expect(page.getByText("rack 7").first()).toBeVisible();

  // The code is not to be had again.
  await page.getByRole("link", { name: "Servers" }).first().click();
  await page.getByRole("link", { name: "Add a server" }).click();
  await expect(page.getByRole("button", { name: "Make a code" })).toBeVisible();
  expect(await page.content()).not.toContain(code);
});

test("on a phone, with a name of its own and without a pointer", async ({ page, startAgent }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/servers/add");
  await logIn(page);
  await page.getByLabel("Name of the server").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Waiting for the agent…")).toBeVisible();
  await expectNoOverflow(page);
  await picture(page, "add-a-server");
  startAgent("any-name", { AGENT_SECRET: await codeIn(page, "With systemd") });
  await expect(page.getByText("The agent has arrived.")).toBeVisible();
  await expectAccessible(page);
});

test("a server's agent gets its next credential with a code, and none any more", async ({ page, startAgent, master }) => {
  // axe looks at a whole server's page.
  test.slow();
  await page.goto("/servers/add");
  await logIn(page);
  await page.getByLabel("Name of the server").fill("web-1");
  await page.getByRole("button", { name: "Make a code" }).click();
  const first = startAgent("web-1", { AGENT_SECRET: await codeIn(page, "With systemd") });
  await page.getByRole("link", { name: "Look at the server" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("web-1");

  await page.getByText("Credential of its agent").click();
  await expect(page.getByText("It has a credential of its own, issued")).toBeVisible();
  await page.getByRole("button", { name: "Make a code for its next credential" }).click();
  const code = await codeIn(page, "The code");
  await expectAccessible(page);
  await expectNoOverflow(page);
  await picture(page, "credential");
  await first.stop();
  startAgent("web-1", { AGENT_SECRET: code });
  const used = async () => ((await (await page.request.get(`${master.url}/api/enrolments`)).json()) as { usedAt?: string }[]).filter(({ usedAt }) => usedAt).length;
  await expect.poll(used).toBe(2);

  await page.getByRole("button", { name: "Revoke the credential of web-1" }).click();
  await page.getByRole("button", { name: "Revoke: sure? the credential of web-1" }).click();
  await expect(page.getByText("Its reports are refused from the next one on.")).toBeVisible();
  await expect(page.getByText("It reports again with an enrolment code.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Revoke the credential of web-1" })).toHaveCount(0);

  // Who reads alone is not offered any of it.
  master.addUser("anna", "viewer", "what-only-anna-knows");
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Log in");
  await page.getByLabel("Name").fill("anna");
  await page.getByLabel("Password").fill("what-only-anna-knows");
  await page.keyboard.press("Enter");
  await expect(page.getByText("It reports again with an enrolment code.")).toBeVisible();
  await expect(page.getByText("Credential of its agent")).toHaveCount(0);
});

test("a list of codes that was asked for before the code was made does not say that it was revoked", async ({ page }) => {
  await page.goto("/");
  await logIn(page);
  await expect(page.getByRole("link", { name: "add a server with an enrolment code" })).toBeVisible();
  const asked: (() => void)[] = [];
  await page.route("**/api/enrolments", async (route) => {
    if (route.request().method() !== "GET") return route.fallback();
    const response = await route.fetch();
    await new Promise<void>((resolve) => asked.push(resolve));
    // The page may have given it up meanwhile.
    await route.fulfill({ response }).catch(() => undefined);
  });
  await page.goto("/servers/add");
  await expect.poll(() => asked.length).toBe(1);
  await page.getByRole("button", { name: "Make a code" }).click();
  await expect(page.getByText("Waiting for the agent…")).toBeVisible();
  asked[0]?.();
  // Whatever came of the first, the second is on its way, so that the page shows what came of the first.
  await expect.poll(() => asked.length).toBe(2);
  expect(await page.getByText("The code was revoked.").count()).toBe(0);
  asked[1]?.();
  await page.unrouteAll({ behavior: "wait" });
  await expect(page.getByText("Waiting for the agent…")).toBeVisible();
});

test("a bad name is refused with the master's words, and who may not is told", async ({ page, master }) => {
  await page.goto("/servers/add");
  await logIn(page);
  await page.getByLabel("Name of the server").fill("ä".repeat(100));
  await page.getByRole("button", { name: "Make a code" }).click();
  await expect(page.getByRole("alert")).toContainText("serverName: must have 1 to 128 bytes");
  await expectAccessible(page);
  expect((await page.request.get(`${master.url}/api/enrolments`)).status()).toBe(200);
});
