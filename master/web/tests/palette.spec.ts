// The command palette by keyboard and by touch, and the page on paper.

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import { readings, Reporter, sampleAgo } from "./support/report";

test("a server is found and opened by keyboard alone, and Escape gives the focus back", async ({ page, master }) => {
  await Reporter.register(master, "alpha-one");
  await Reporter.register(master, "beta-two");
  await page.goto("/");
  await expect(page.getByRole("link", { name: "alpha-one" })).toBeVisible();

  await page.keyboard.press("Control+k");
  const box = page.getByRole("combobox", { name: "Go to a server or view" });
  await expect(box).toBeFocused();
  await box.pressSequentially("beta");
  await expect(page.getByRole("option", { name: "beta-two" })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("beta-two");

  const button = page.getByRole("button", { name: "Go to" });
  await button.focus();
  await page.keyboard.press("Enter");
  await expect(box).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(box).toBeHidden();
  await expect(button).toBeFocused();
});

test("views and actions are chosen with the arrows, and nothing found is said", async ({ page }) => {
  await page.goto("/");
  // Before that nobody listens to the keys.
  await expect(page.getByRole("button", { name: "Go to" })).toBeVisible();
  await page.keyboard.press("Control+k");
  const box = page.getByRole("combobox", { name: "Go to a server or view" });
  await box.fill("a");
  await box.fill("activity");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/activity$/);

  await page.keyboard.press("Control+k");
  await box.fill("no such thing at all");
  await expect(page.getByRole("status").filter({ hasText: "Nothing is called that" })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(box).toBeVisible();
});

for (const width of [1280, 360]) {
  test.describe(`${width} pixels wide`, () => {
    test.use({ viewport: { width, height: 740 } });

    test("the palette fits and is accessible", async ({ page, master }) => {
      await Reporter.register(master, `${"long-".repeat(20)}name`);
      await page.goto("/");
      await page.getByRole("button", { name: "Go to" }).click();
      await page.getByRole("combobox", { name: "Go to a server or view" }).fill("long");
      await expect(page.getByRole("option", { name: /long-/ })).toBeVisible();
      await expectNoOverflow(page);
      await expectAccessible(page);
      await picture(page, "palette");
    });
  });
}

test("on paper there is what is known, in ink, and nothing to press", async ({ page, master }) => {
  await Reporter.register(master, "printed");
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.goto("/");
  await expect(page.getByText("printed", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Go to" })).toBeHidden();
  await expect(page.getByRole("searchbox")).toBeHidden();
  const colours = await page.evaluate(() => {
    const { color, backgroundColor } = getComputedStyle(document.body);
    return { color, backgroundColor };
  });
  expect(colours).toEqual({ color: "rgb(16, 25, 29)", backgroundColor: "rgba(0, 0, 0, 0)" });
  await page.screenshot({ path: test.info().outputPath("paper.png") });
});

test("a long list is on paper whole, and on screen by its window again after that", async ({ page, master }) => {
  await Reporter.registerMany(master, Array.from({ length: 150 }, (_, index) => `server-${index}`));
  const rows = page.locator("[data-server]");
  await page.goto("/");
  await expect(rows.first()).toBeVisible();
  await expect.poll(() => rows.count()).toBeLessThan(100);
  // As it is when the event is over, which is what the browser takes.
  await page.evaluate(() => {
    addEventListener("beforeprint", () => {
      const count = (what: string) => document.querySelectorAll(what).length;
      Object.assign(window, { printed: { rows: count("[data-server]"), blank: count(".left-out") } });
    });
  });
  await page.pdf();
  expect(await page.evaluate(() => (window as unknown as { printed: object }).printed)).toEqual({ rows: 150, blank: 0 });
  await expect.poll(() => rows.count()).toBeLessThan(100);
});

test("a server's page is on paper with all of its charts, also those that nobody has scrolled to", async ({ page, master }) => {
  const server = await Reporter.register(master, "charted");
  await server.metrics(Array.from({ length: 12 }, (_, index) => ({ ...sampleAgo((12 - index) * 60_000, 30), readings: readings(index) })));
  await page.addInitScript(() => {
    window.print = () => {
      const count = (what: string) => document.querySelectorAll(what).length;
      Object.assign(window, { printed: { groups: count("[data-group]"), waiting: count(".charts.waiting"), charts: count("figure[data-chart]"), drawn: count("figure[data-chart] canvas") } });
    };
  });
  await page.goto(server.path);
  await expect(page.locator("[data-chart=cpu] canvas")).toBeVisible();
  await expect(page.locator("[data-chart=agent-cpu]")).toHaveCount(0);
  const drawn = await page.locator("figure canvas").count();

  await page.keyboard.press("Control+p");
  interface Printed {
    groups: number;
    waiting: number;
    charts: number;
    drawn: number;
  }
  const printed = async () => page.evaluate(() => (window as unknown as { printed?: Printed }).printed);
  await expect.poll(printed).toBeDefined();
  const found = await printed();
  expect(found).toMatchObject({ groups: 10, waiting: 0, drawn: found?.charts });
  expect(found?.drawn).toBeGreaterThan(drawn + 15);
  // What is far from the window is put away again.
  await expect.poll(() => page.locator("figure canvas").count()).toBeLessThan(found?.drawn ?? 0);
});
