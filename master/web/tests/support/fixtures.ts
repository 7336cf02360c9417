// What every browser test has: a master of its own, and a page that must stay clean.

import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page, test as base } from "@playwright/test";

import { Agent } from "./agent";
import { Master } from "./master";

export { expect };

/** The strictest policy the dashboard must live under; in force where the master sets none of its own. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

interface Fixtures {
  /** Seconds of silence after which the master calls a server offline. */
  offlineAfterS: number;
  master: Master;
  /** Starts the real agent under a name; it ends with the test. */
  startAgent: (name: string, more?: Record<string, string>) => Agent;
  /** What the console may say in this test, besides nothing. */
  expectedInConsole: RegExp[];
  cleanPage: void;
}

export const test = base.extend<Fixtures>({
  offlineAfterS: [180, { option: true }],

  master: async ({ offlineAfterS }, use) => {
    const master = await Master.start(offlineAfterS);
    await use(master);
    await master.remove();
  },

  baseURL: async ({ master }, use) => use(master.url),

  startAgent: async ({ master }, use) => {
    const agents: Agent[] = [];
    await use((name, more) => {
      const agent = new Agent(master, name, more);
      agents.push(agent);
      return agent;
    });
    await Promise.all(agents.map((agent) => agent.stop()));
  },

  expectedInConsole: async ({}, use) => use([]),

  cleanPage: [
    async ({ page, master, expectedInConsole }, use) => {
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
      page.on("console", (message) => {
        const text = message.text();
        const matters = message.type() === "error" || message.type() === "warning";
        if (matters && !expectedInConsole.some((expected) => expected.test(text))) faults.push(`console: ${text}`);
      });
      page.on("request", (request) => {
        if (new URL(request.url()).origin !== master.url) faults.push(`request to ${request.url()}`);
      });
      await page.route("**/*", async (route) => {
        if (!route.request().isNavigationRequest()) return route.fallback();
        const response = await route.fetch();
        await route.fulfill({ response, headers: { "content-security-policy": POLICY, ...response.headers() } });
      });
      await use();
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

/** The page does not scroll sideways. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(excess, "pixels wider than the window").toBeLessThanOrEqual(0);
}

/** axe finds nothing to complain about, in light and in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    expect(found, colorScheme).toEqual([]);
  }
}

/** Keeps a picture of the page with the results of the test run. */
export async function picture(page: Page, name: string): Promise<void> {
  const { width } = page.viewportSize() ?? { width: 0 };
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: test.info().outputPath(`${name}-${width}-${colorScheme}.png`), fullPage: width < 500 });
  }
}
