// What is about all servers: their containers, their services and what happened.

import { expect, expectAccessible, expectNoOverflow, picture, test } from "./support/fixtures";
import type { Master } from "./support/master";
import { Reporter, sampleAgo } from "./support/report";

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

/** Two servers with services, one of which is down and needed by another. */
async function services(master: Master): Promise<Reporter> {
  const of = (project: string, service: string, labels: Record<string, string> = {}) => ({
    name: service,
    composeProject: project,
    composeService: service,
    labels: { "com.docker.compose.project": project, "com.docker.compose.service": service, ...labels },
  });
  const [first, second] = [await Reporter.register(master, "alpha"), await Reporter.register(master, "beta")];
  // Charts above the services, which come and go as one scrolls past.
  await first.metrics([sampleAgo(60_000, 20)]);
  await first.containers([
    of("shop", "web", { "neon.depends_on": "db", "neon.description": "What customers see" }),
    { ...of("shop", "db"), status: "exited", exitCode: 1 },
    { name: "lone" },
  ]);
  await second.containers([of("mail", "smtp", { "neon.depends_on": "queue" }), of("mail", "queue"), of("shop", "web")]);
  return first;
}

test("services of all servers are listed by urgency, filtered in the address, drawn, and lead to their server", async ({ page, master }) => {
  const first = await services(master);
  await page.goto("/");
  await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Services" }).click();
  await expect(page).toHaveURL("/services");
  await expect(page).toHaveTitle("Services · Neon");
  const rows = page.locator("tbody tr");
  await expect(rows).toHaveCount(5);
  const names = async () => (await rows.allInnerTexts()).map((text) => text.split(/\s+/).slice(0, 3).join(" "));
  expect(await names()).toEqual(["db Down alpha", "queue Healthy beta", "smtp Healthy beta", "web Healthy alpha", "web Healthy beta"]);
  const graph = (server: string) => page.getByRole("group", { name: `Which service needs which on ${server}` });
  await expect(graph("alpha").locator("[data-box]")).toHaveText([/^web\s*Healthy$/, /^db\s*Down$/]);
  await expect(graph("beta").locator("[data-box]")).toHaveText([/^smtp\s*Healthy$/, /^queue\s*Healthy$/]);

  // What is down is drawn with what needs it, whatever that one's state.
  await page.getByLabel("Status", { exact: true }).selectOption("down");
  await expect(rows).toHaveCount(1);
  await expect(page).toHaveURL("/services?status=down");
  await expect(graph("beta")).toHaveCount(0);
  await expect(graph("alpha").locator("[data-box]")).toHaveCount(2);
  await page.reload();
  await expect(rows).toHaveCount(1);

  await page.goto("/services?project=shop&server=beta");
  await expect(rows).toHaveCount(1);
  await page.goto("/services");
  await page.getByRole("searchbox", { name: "Search services by name or description" }).fill("CUSTOMERS");
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("web");
  await page.goto("/services?q=nothing");
  await expect(page.getByText("No service matches.")).toBeVisible();

  // It is told anew, and the link leads to where the server lists it.
  await page.goto("/services?q=db");
  await first.containers([{ name: "db", composeProject: "shop", composeService: "db", labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "db" } }]);
  await expect(rows).toContainText("Healthy");
  await rows.getByRole("link", { name: "alpha" }).click();
  await expect(page).toHaveURL(`${first.path}#services`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("alpha");
  await expect(page.locator("[data-service='shop/db']")).toBeInViewport();
});

test("without services the view says what would be one; the palette leads there", async ({ page, master }) => {
  await Reporter.register(master, "bare");
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Go to" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to a server or view" }).fill("services");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/services");
  await expect(page.getByText("No server has reported a service yet")).toBeVisible();
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

test("what happened long ago is found, by server and page after page", async ({ page, master }) => {
  // Six hundred rows are drawn, again and again.
  test.slow();
  const quiet = await Reporter.register(master, "quiet");
  const busy = await Reporter.register(master, "busy");
  const many = Array.from({ length: 101 }, (_, number) => ({ name: `job-${number}` }));
  for (let round = 0; round < 6; round += 1) await busy.containers(round % 2 === 0 ? many : []);

  // One event before more than the newest five hundred.
  await page.goto(quiet.path);
  await expect(page.locator("[data-activity=online]")).toHaveCount(1);

  await page.goto("/activity");
  const events = page.locator("[data-activity]");
  await expect(events).toHaveCount(500);
  await page.goto("/activity?type=online");
  await expect(page.getByText("No event matches.")).toBeVisible();
  await page.getByRole("button", { name: "Older events" }).click();
  await expect(page.getByText("That is all.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Older events" })).toHaveCount(0);
  await expect(events).toHaveCount(2);
  await expect(events.last()).toContainText("quiet");
  // What comes next is in front, and what was read on stays.
  await busy.containers([{ name: "last" }]);
  await page.getByLabel("Kind").selectOption("");
  await expect(events.first()).toContainText("last");
  await expect(events.last()).toContainText("quiet");
});

for (const [width, height] of [[1280, 800], [360, 740]] as const) {
  test.describe(`${width} pixels wide`, () => {
    test.use({ viewport: { width, height } });

    test("containers, services and activity fit and are accessible", async ({ page, master }) => {
      await services(master);
      for (const [path, row] of [["containers", "tbody tr"], ["services", "[data-box]"], ["activity", "[data-activity]"]] as const) {
        await page.goto(`/${path}`);
        await expect(page.locator(row).first()).toBeVisible();
        await expectNoOverflow(page);
        await expectAccessible(page);
        await picture(page, path);
      }
    });
  });
}
