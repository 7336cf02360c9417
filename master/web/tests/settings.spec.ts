// The settings: each part with the real master, by whom it may be seen, and a login with a second factor.

import { createHmac } from "node:crypto";

import type { Page } from "@playwright/test";

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import { ADMIN_PASSWORD, Master } from "./support/master";
import { Reporter, sampleAgo } from "./support/report";

const ANNAS_PASSWORD = "what-anna-is-told-at-first";
/** How long a code lasts, milliseconds. */
const STEP_MS = 30_000;

// The browser itself reports every refusal in the console.
test.use({ expectedInConsole: [/status of 40[139]/] });

test.use({
  master: async ({ offlineAfterS }, use) => {
    const master = await Master.start(offlineAfterS, { ADMIN_PASSWORD });
    await use(master);
    await master.remove();
  },
});

async function login(page: Page, name: string, password: string): Promise<void> {
  // The page that is left may have such fields too.
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Log in");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
}

/** RFC 6238, as an authenticator app does it. */
function codeOf(base32: string, step: number): string {
  const bits = [...base32].map((digit) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(digit).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const sum = createHmac("sha1", secret).update(counter).digest();
  const number = sum.readUInt32BE((sum.at(-1) ?? 0) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** For what is not asked from the page itself. */
const HEADERS = { "X-Neon-Request": "1" };

/** The code as it is sent. */
async function makeCode(page: Page, asked: { serverName?: string | undefined; group?: string }): Promise<string> {
  const answer = await page.request.post("/api/enrolments", { headers: HEADERS, data: asked });
  expect(answer.status()).toBe(200);
  return ((await answer.json()) as { code: string }).code;
}

async function put(page: Page, server: number, group: string): Promise<void> {
  expect((await page.request.patch(`/api/servers/${server}`, { headers: HEADERS, data: { group } })).status()).toBe(200);
}

async function groupOf(page: Page, server: number): Promise<string | undefined> {
  return ((await (await page.request.get(`/api/servers/${server}`)).json()) as { group?: string }).group;
}

async function addUser(page: Page, name: string, role: string): Promise<void> {
  const form = page.getByRole("region", { name: "Add a user" });
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Role").selectOption(role);
  await form.getByLabel("First password").fill(ANNAS_PASSWORD);
  await form.getByRole("button", { name: "Add user" }).click();
  await expect(form.getByRole("status")).toHaveText(`${name} may log in now.`);
}

test("an admin adds a user, who sees what their role may", async ({ page }) => {
  await page.goto("/settings/users");
  await login(page, "admin", ADMIN_PASSWORD);
  await addUser(page, "anna", "viewer");
  const anna = page.locator("[data-user=anna]");
  await anna.getByLabel("Role of anna").selectOption("operator");
  await expect(page.getByText("anna is operator now.")).toBeVisible();
  await page.locator("[data-user=admin]").getByLabel("Role of admin").selectOption("viewer");
  await expect(page.getByRole("alert")).toHaveText("This is the last admin, and stays one");
  await expect(page.getByLabel("Role of admin")).toHaveValue("admin");
  await expectAccessible(page);

  await page.getByRole("button", { name: "Log out" }).click();
  await login(page, "anna", ANNAS_PASSWORD);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("There are no such settings");
  await page.goto("/settings");
  const parts = page.getByRole("navigation", { name: "Settings" }).getByRole("link");
  await expect(parts).toHaveText(["Account", "API tokens", "Enrolment", "Groups", "Storage", "About"]);
  expect((await page.request.get("/api/users")).status()).toBe(403);
});

test("a user is disabled and removed, once that is asked twice", async ({ page }) => {
  await page.goto("/settings/users");
  await login(page, "admin", ADMIN_PASSWORD);
  await addUser(page, "anna", "viewer");
  const anna = page.locator("[data-user=anna]");
  await anna.getByRole("button", { name: "Disable" }).click();
  await expect(anna.getByText("Disabled")).toBeVisible();
  await anna.getByRole("button", { name: "Remove" }).click();
  await expect(anna.getByRole("button", { name: "Remove: sure? anna" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(anna.getByRole("button", { name: "Remove anna" })).toBeVisible();
  await anna.getByRole("button", { name: "Remove" }).click();
  await anna.getByRole("button", { name: "Remove: sure?" }).click();
  await expect(anna).toHaveCount(0);
  await page.getByRole("link", { name: "Audit log" }).click();
  await expect(page.locator("[data-audit=user_removed]")).toContainText("anna");
});

test("a second factor is turned on, asked for, and turned off", async ({ page }) => {
  await page.goto("/settings");
  await login(page, "admin", ADMIN_PASSWORD);
  const part = page.getByRole("region", { name: "Second factor" });
  await part.getByLabel("Password").fill("not-the-password");
  await part.getByRole("button", { name: "Turn on" }).click();
  await expect(part.getByRole("alert")).toHaveText("Wrong password");
  await part.getByLabel("Password").fill(ADMIN_PASSWORD);
  await part.getByRole("button", { name: "Turn on" }).click();
  await expect(part.getByRole("img", { name: "QR code for the authenticator app" })).toBeVisible();
  await expectAccessible(page);
  await picture(page, "enrolment");
  const secret = (await part.locator("code").textContent()) ?? "";
  const step = Math.floor(Date.now() / STEP_MS);
  await part.getByRole("textbox", { name: "Code" }).fill(codeOf(secret, step));
  await part.getByRole("button", { name: "Confirm" }).click();
  const codes = part.getByRole("region", { name: "Recovery codes" }).locator("code");
  await expect(codes).toHaveText(/^([a-z2-7]{4}(-[a-z2-7]{4}){3}\s*){10}$/);
  const recoveryCode = ((await codes.textContent()) ?? "").split("\n")[0] ?? "";
  await expect(part.getByText("10 recovery codes left")).toBeVisible();

  await page.getByRole("button", { name: "Log out" }).click();
  await login(page, "admin", ADMIN_PASSWORD);
  const code = page.getByLabel("Code of your authenticator");
  await expect(code).toBeFocused();
  await expect(page.getByRole("alert")).toHaveText("");
  await expectAccessible(page);
  await page.keyboard.type("000000");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toHaveText("Wrong code");
  await expect(code).toBeFocused();
  await page.keyboard.type(codeOf(secret, step + 1));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Settings");

  await page.getByRole("button", { name: "Log out" }).click();
  await login(page, "admin", ADMIN_PASSWORD);
  await code.fill(recoveryCode);
  await page.keyboard.press("Enter");
  await expect(part.getByText("9 recovery codes left")).toBeVisible();
  await part.getByLabel("Password").fill(ADMIN_PASSWORD);
  await part.getByRole("button", { name: "Turn off" }).click();
  await expect(part.getByRole("button", { name: "Turn on" })).toBeVisible();
});

test("a password is changed and another session ended, by keyboard alone", async ({ page, browser, master }) => {
  const elsewhere = await browser.newPage({ baseURL: master.url, userAgent: "Elsewhere/1.0" });
  await elsewhere.goto("/");
  await login(elsewhere, "admin", ADMIN_PASSWORD);
  await expect(elsewhere.getByRole("heading", { level: 1 })).not.toHaveText("Log in");

  await page.goto("/settings/account");
  await login(page, "admin", ADMIN_PASSWORD);
  const row = page.getByRole("row").filter({ hasText: "Elsewhere/1.0" });
  await row.getByRole("button", { name: "End" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await expect(row).toHaveCount(0);
  expect((await elsewhere.request.get("/api/servers")).status()).toBe(401);
  await elsewhere.close();

  await page.getByLabel("Current password").focus();
  await page.keyboard.type(ADMIN_PASSWORD);
  for (const text of ["the-next-password", "the-other-password"]) {
    await page.keyboard.press("Tab");
    await page.keyboard.type(text);
  }
  await page.keyboard.press("Enter");
  const part = page.getByRole("region", { name: "Password", exact: true });
  await expect(part.getByRole("alert")).toContainText("not the same");
  await page.getByLabel("New password again").fill("the-next-password");
  await page.keyboard.press("Enter");
  await expect(part.getByRole("status")).toContainText("Your password is changed");
});

test("all other sessions of a user are ended at once, and this one and another user's stay", async ({ page, browser, master }) => {
  master.addUser("anna", "viewer", ANNAS_PASSWORD);
  const begin = async (name: string, password: string) => {
    const context = await browser.newContext({ baseURL: master.url });
    const answer = await context.request.post("/api/login", { data: { name, password }, headers: { "X-Neon-Request": "1" } });
    expect(answer.status()).toBe(200);
    return { status: async () => (await context.request.get("/api/servers")).status(), close: () => context.close() };
  };
  await page.goto("/settings/account");
  await login(page, "admin", ADMIN_PASSWORD);
  const part = page.getByRole("region", { name: "Sessions" });
  await expect(part.getByText("This one")).toBeVisible();
  await expect(part.getByRole("button")).toHaveCount(0);
  const [first, second, annas] = [await begin("admin", ADMIN_PASSWORD), await begin("admin", ADMIN_PASSWORD), await begin("anna", ANNAS_PASSWORD)];
  await page.reload();
  await expect(part.locator("tbody tr")).toHaveCount(3);

  // One of them is refused by a master that is out of order for a moment: it is said, and not called ended.
  let broken = true;
  await page.route("**/api/account/sessions/*", (route) => {
    if (!broken) return route.fallback();
    broken = false;
    return route.fulfill({ status: 403, json: { error: "Not now" } });
  });
  await part.getByRole("button", { name: "End all other sessions" }).click();
  await part.getByRole("button", { name: "End all other sessions: sure?" }).click();
  await expect(part.getByRole("alert")).toHaveText("1 session of 2 could not be ended: Not now");
  await expect(part.locator("tbody tr")).toHaveCount(2);
  await expectNoOverflow(page);
  await expectAccessible(page);

  await part.getByRole("button", { name: "End all other sessions" }).click();
  await part.getByRole("button", { name: "End all other sessions: sure?" }).click();
  await expect(part.getByRole("status")).toHaveText("1 other session ended.");
  await expect(part.locator("tbody tr")).toHaveCount(1);
  await expect(part.getByRole("button")).toHaveCount(0);
  expect([await first.status(), await second.status(), await annas.status()]).toEqual([401, 401, 200]);
  expect((await page.request.get("/api/servers")).status()).toBe(200);
  await Promise.all([first, second, annas].map((session) => session.close()));
});

test("a token is made, shown once, and revoked", async ({ page, master }) => {
  await Reporter.register(master, "web-1");
  await page.goto("/settings/tokens");
  await login(page, "admin", ADMIN_PASSWORD);
  await page.getByLabel("What it is for").fill("grafana");
  await page.getByRole("combobox", { name: /^Servers/ }).selectOption("web-1");
  await page.getByRole("button", { name: "Make token" }).click();
  const secret = (await page.getByRole("region", { name: "The new token" }).locator("code").textContent()) ?? "";
  expect(secret).toMatch(/^neon_[0-9a-f]{64}$/);
  const read = () => fetch(`${master.url}/api/containers?serverId=1`, { headers: { Authorization: `Bearer ${secret}` } });
  expect((await read()).status).toBe(200);
  const row = page.getByRole("row").filter({ hasText: "grafana" });
  await expect(row).toContainText("web-1");
  await row.getByRole("button", { name: "Revoke" }).click();
  await row.getByRole("button", { name: "Revoke: sure?" }).click();
  await expect(row).toHaveCount(0);
  expect((await read()).status).toBe(401);
});

test("enrolment codes are listed with what became of them, and revoked", async ({ page, startAgent }) => {
  await page.goto("/settings/enrolment");
  await login(page, "admin", ADMIN_PASSWORD);
  await expect(page.getByText("There are none.")).toBeVisible();
  startAgent("web-1", { AGENT_SECRET: await makeCode(page, {}) });
  await makeCode(page, { serverName: "web-2", group: "shop" });
  const rows = page.locator("[data-code]");
  await expect(rows).toHaveCount(2);
  // The newest first, and what is to be used yet before what was used.
  await expect(rows.first()).toContainText(/web-2\s*Group: shop\s*Not used yet\s*expires in \d+ (min|h)/);
  await expect(rows.first()).toContainText("by admin");
  await expect(rows.last()).toContainText(/Used.* by Server 1/);
  await rows.last().getByRole("link", { name: "Server 1" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("web-1");
  await page.goBack();

  await rows.first().getByRole("button", { name: "Revoke" }).click();
  await rows.first().getByRole("button", { name: "Revoke: sure? the code for web-2" }).click();
  await expect(page.getByText("The code for web-2 is good for nothing any more.")).toBeVisible();
  await expect(rows).toHaveCount(1);
  await rows.getByRole("button", { name: "Remove" }).click();
  await rows.getByRole("button", { name: "Remove: sure?" }).click();
  await expect(rows).toHaveCount(0);
  expect(await (await page.request.get("/api/enrolments")).json()).toEqual([]);
  await page.getByRole("link", { name: "Add a server" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Add a server");
});

test.describe("groups", () => {
  test.use({ expectedInConsole: [/status of (401|503)/] });

  test("are counted, renamed, joined and removed", async ({ page, master }) => {
    await page.goto("/settings/groups");
    await login(page, "admin", ADMIN_PASSWORD);
    await expect(page.getByText("No server is in a group.")).toBeVisible();
    const servers: number[] = [];
    for (const [name, group] of [["web-1", "shop"], ["web-2", "shop"], ["db-1", "data & more"]] as const) {
      const server = await Reporter.register(master, name);
      await put(page, server.id, group);
      servers.push(server.id);
    }
    const groups = () => Promise.all(servers.map((id) => groupOf(page, id)));
    const row = (group: string) => page.locator(`[data-group="${group}"]`);
    const form = page.getByRole("region", { name: "Rename a group" });
    const rename = async (from: string, to: string) => {
      await form.getByLabel("Group").selectOption(from);
      await form.getByLabel("New name").fill(to);
      await form.getByRole("button", { name: "Rename" }).click();
    };
    await expect(row("shop").getByRole("cell").first()).toHaveText("2");
    await row("data & more").getByRole("link").click();
    await expect(page).toHaveURL("/?group=data+%26+more");
    await expect(page.locator("tbody tr")).toHaveCount(1);
    await page.goBack();

    await rename("shop", "front");
    await expect(form.getByRole("status")).toHaveText("shop is front now, with 2 servers.");
    await expect(row("front").getByRole("cell").first()).toHaveText("2");
    await expect(row("shop")).toHaveCount(0);
    expect(await groups()).toEqual(["front", "front", "data & more"]);
    await rename("data & more", "front");
    await expect(row("front").getByRole("cell").first()).toHaveText("3");

    await row("front").getByRole("button", { name: "Remove" }).click();
    await row("front").getByRole("button", { name: "Remove: sure? front" }).click();
    await expect(page.getByText("front is removed: 3 servers are in no group now.")).toBeVisible();
    await expect(page.getByText("No server is in a group.")).toBeVisible();
    expect(await groups()).toEqual([undefined, undefined, undefined]);
  });

  test("that are changed in part are said to be", async ({ page, master }) => {
    await page.goto("/settings/groups");
    await login(page, "admin", ADMIN_PASSWORD);
    await expect(page.getByText("No server is in a group.")).toBeVisible();
    for (const name of ["web-1", "web-2"]) await put(page, (await Reporter.register(master, name)).id, "shop");
    let asked = 0;
    await page.route("**/api/servers/*", (route) => {
      if (route.request().method() !== "PATCH") return route.fallback();
      asked += 1;
      return asked === 2 ? route.fulfill({ status: 503, json: { error: "Storage is unavailable, try again later" } }) : route.fallback();
    });
    const shop = page.locator("[data-group=shop]");
    await shop.getByRole("button", { name: "Remove" }).click();
    await shop.getByRole("button", { name: "Remove: sure? shop" }).click();
    await expect(page.getByRole("alert")).toHaveText("Only 1 of 2 servers changed: Storage is unavailable, try again later");
    await expect(shop.getByRole("cell").first()).toHaveText("1");
  });
});

test("the audit log is read page by page", async ({ page }) => {
  const answer = await page.request.post("/api/login", { data: { name: "admin", password: ADMIN_PASSWORD }, headers: HEADERS });
  expect(answer.status()).toBe(200);
  for (let number = 0; number < 60; number += 1) {
    expect((await page.request.post("/api/tokens", { data: { name: `t${number}`, scope: "read" }, headers: HEADERS })).status()).toBe(200);
  }
  await page.goto("/settings/audit");
  const lines = page.locator("[data-audit]");
  await expect(lines).toHaveCount(50);
  await expect(lines.first()).toContainText("t59");
  await page.getByRole("button", { name: "Older lines" }).click();
  await expect(lines).toHaveCount(62);
  await expect(lines.last()).toContainText("(master)");
  await expect(page.getByRole("button", { name: "Older lines" })).toHaveCount(0);
});

test.describe("a master that fails", () => {
  test.use({ expectedInConsole: [/status of (401|503)/] });

  for (const [part, route, what] of [
    ["account", "account/second-factor", "the second factor"],
    ["account", "account/sessions", "the sessions"],
    ["tokens", "tokens", "the API tokens"],
    ["users", "users", "the users"],
    ["enrolment", "enrolments", "the enrolment codes"],
    ["groups", "groups", "the groups"],
    ["audit", "audit?*", "the audit log"],
  ] as const) {
    test(`says so in place of ${what}, until it answers`, async ({ page }) => {
      let isAway = true;
      await page.route(`**/api/${route}`, (request) =>
        isAway ? request.fulfill({ status: 503, json: { error: "Storage is unavailable, try again later" } }) : request.fallback(),
      );
      await page.goto(`/settings/${part}`);
      await login(page, "admin", ADMIN_PASSWORD);
      const said = page.getByText(`Asking for ${what} failed: Storage is unavailable, try again later.`);
      await expect(said).toBeVisible();
      isAway = false;
      await expect(said).toHaveCount(0);
      await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
    });
  }
});

test("an expired session asks again and shows the same part then", async ({ page, master, context }) => {
  const server = await Reporter.register(master, "web-1");
  await server.metrics([sampleAgo(301_000, 1, 2, 3), sampleAgo(1000, 1, 2, 3)]);
  await page.goto("/settings/storage");
  await login(page, "admin", ADMIN_PASSWORD);
  await expect(page.getByText("SQLite")).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "RETAIN_RAW_DAYS" })).toContainText("30 days");
  await context.clearCookies();
  await page.getByRole("link", { name: "Audit log" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Log in");
  await login(page, "admin", ADMIN_PASSWORD);
  await expect(page.locator("[data-audit]").first()).toBeVisible();
  expect(new URL(page.url()).pathname).toBe("/settings/audit");
});

for (const [width, height] of [[1280, 800], [360, 740]] as const) {
  test.describe(`${width} pixels wide`, () => {
    test.use({ viewport: { width, height } });

    for (const part of ["account", "users", "tokens", "enrolment", "groups", "storage", "audit", "about"]) {
      test(`${part} fits and is accessible`, async ({ page, master }) => {
        // axe looks at it in both themes.
        test.slow();
        const server = await Reporter.register(master, "web-1");
        await server.metrics([sampleAgo(301_000, 1, 2, 3), sampleAgo(1000, 1, 2, 3)]);
        await page.goto("/settings/users");
        await login(page, "admin", ADMIN_PASSWORD);
        await addUser(page, `a-long-name-${"x".repeat(52)}`, "operator");
        const group = `a-long-group-${"x".repeat(51)}`;
        await put(page, server.id, group);
        for (const serverName of ["web-1", undefined, "y".repeat(128)]) await makeCode(page, { serverName, group });
        await page.goto(`/settings/${part}`);
        await expect(page.getByRole("heading", { level: 2 }).first()).toBeVisible();
        await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
        await expectNoOverflow(page);
        await expectAccessible(page);
        await picture(page, `settings-${part}`);
      });
    }
  });
}

test.describe("in development mode", () => {
  test.use({
    master: async ({ offlineAfterS }, use) => {
      const master = await Master.start(offlineAfterS);
      await use(master);
      await master.remove();
    },
  });

  test("there are no users, and what anybody may read is shown", async ({ page }) => {
    await page.goto("/settings");
    await expect(page.getByRole("navigation", { name: "Settings" }).getByRole("link")).toHaveText(["Storage", "About"]);
    await expect(page.getByText("SQLite")).toBeVisible();
  });
});
