// The pictures under docs/screenshots: a minute of the real agent on this host, among servers that bring the hours before.

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

const of = (project: string, service: string, image: string, more: Record<string, unknown> = {}, dependsOn = "") => ({
  name: `${project}-${service}-1`,
  image,
  health: "healthy",
  composeProject: project,
  composeService: service,
  labels: { "com.docker.compose.project": project, "com.docker.compose.service": service, ...(dependsOn === "" ? {} : { "neon.depends_on": dependsOn }) },
  ...more,
});
/** By what a server's name begins with. */
const CONTAINERS: Record<string, ReturnType<typeof of>[]> = {
  db: [of("data", "postgres", "postgres:17.2", { ports: "5432:5432" }), of("data", "pooler", "pgbouncer:1.23", {}, "postgres"), of("data", "backup", "restic:0.17", { status: "exited", health: null, exitCode: 1 }, "postgres")],
  mail: [of("mail", "smtp", "postfix:3.9", { ports: "25:25" }, "queue,filter"), of("mail", "queue", "valkey:8.0"), of("mail", "filter", "rspamd:3.10", { health: "unhealthy" }, "queue")],
  web: [of("shop", "proxy", "nginx:1.27", { ports: "80:80, 443:443" }, "app"), of("shop", "app", "shop:4.11", {}, "cache"), of("shop", "cache", "valkey:8.0")],
};

/** A sample each five minutes for six hours, up and down around what the server has, which is what it ends with. */
function hours(cpu: number, memory: number, disk: number) {
  return Array.from({ length: 72 }, (_, index) => {
    const ago = 71 - index;
    const around = (mean: number, share: number) => Math.min(100, mean * (1 + share * Math.sin(ago / 4) * Math.sin(ago / 11)));
    return sampleAgo(ago * 300_000, around(cpu, 0.6), around(memory, 0.08), disk);
  });
}

test("each view, light, dark and on a phone", async ({ page, master, startAgent }) => {
  startAgent("this-host");
  for (const [name, cpu, memory, disk] of OTHERS) {
    const server = await Reporter.register(master, name, { hostname: `${name}.example.org` });
    await server.metrics(hours(cpu, memory, disk));
    await server.containers(CONTAINERS[name.split("-")[0] ?? ""] ?? []);
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
    // How it fared comes after how it is.
    if (address === "/" || address.startsWith("/?")) await expect(page.locator("[data-server] svg[width='72'] path[d^=M]").first()).toBeVisible();
    if (isServer) {
      await page.locator("#history-heading").evaluate((heading) => heading.scrollIntoView());
      await page.evaluate(() => window.scrollBy(0, -(document.querySelector("header")?.offsetHeight ?? 0) - 16));
      await expect(page.locator("[data-chart=cpu-split] canvas")).toBeVisible();
    }
    await page.screenshot({ path: `${FOLDER}${name}.png` });
  };
  await shoot("servers-light", "/", "light", false);
  await shoot("server-dark", history, "dark", true);
  await shoot("grid-dark", "/?view=grid", "dark", false);
  await shoot("containers-light", "/containers", "light", false);
  await shoot("services-dark", "/services", "dark", false);
  await shoot("activity-light", "/activity", "light", false);
  await shoot("settings-dark", "/settings/storage", "dark", false);
  await page.setViewportSize({ width: 390, height: 844 });
  await shoot("phone", "/", "light", false);
  await shoot("phone-server-dark", history, "dark", true);
});
