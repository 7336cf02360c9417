// The pictures under docs/screenshots: a minute of the real agent on this host, among servers that report once.

import { fileURLToPath } from "node:url";

import { expect, test } from "../tests/support/fixtures";
import { Reporter, sampleAgo } from "../tests/support/report";

const FOLDER = fileURLToPath(new URL("../../../docs/screenshots/", import.meta.url));
/** The agent reports every second. */
const SAMPLES = 60;
const SAMPLES_MS = 200_000;

const OTHERS: readonly [name: string, cpu: number, memory: number, disk: number][] = [
  ["db-01", 41, 78, 63],
  ["db-02", 12, 71, 62],
  ["mail", 3, 35, 91],
  ["web-01", 62, 44, 28],
  ["web-02", 58, 46, 29],
  ["web-03", 93, 52, 30],
];

test("the list and a server, light, dark and on a phone", async ({ page, master, startAgent }) => {
  startAgent("this-host");
  for (const [name, cpu, memory, disk] of OTHERS) {
    const server = await Reporter.register(master, name, { hostname: `${name}.example.org` });
    await server.metrics([sampleAgo(0, cpu, memory, disk)]);
    await server.containers([{ name: "web", health: "healthy" }, { name: "worker" }]);
  }
  await page.goto("/");
  await page.getByRole("link", { name: "this-host" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("this-host");
  const path = new URL(page.url()).pathname;
  const times = async () => ((await (await page.request.get(`/api${path}/metrics?points=2000`)).json()) as { times: string[] }).times;
  await expect.poll(async () => (await times()).length, { timeout: SAMPLES_MS }).toBeGreaterThan(SAMPLES);
  const [from, to] = [(await times())[1], (await times()).at(-1)];
  const history = `${path}?from=${from}&to=${to}`;

  const shoot = async (name: string, address: string, colorScheme: "light" | "dark", isServer: boolean) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(address);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    if (isServer) {
      await page.locator("#history-heading").evaluate((heading) => heading.scrollIntoView());
      await page.evaluate(() => window.scrollBy(0, -70));
      await expect(page.locator("[data-chart=cpu-split] canvas")).toBeVisible();
    }
    await page.screenshot({ path: `${FOLDER}${name}.png` });
  };
  await shoot("servers-light", "/", "light", false);
  await shoot("server-dark", history, "dark", true);
  await page.setViewportSize({ width: 390, height: 844 });
  await shoot("phone", "/", "light", false);
});
