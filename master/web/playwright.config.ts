import { existsSync } from "node:fs";

import { defineConfig } from "@playwright/test";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = process.env["CHROMIUM_PATH"] ?? CANDIDATES.find(existsSync) ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "tests",
  // They have a configuration of their own: what is measured runs alone.
  testIgnore: "budgets.spec.ts",
  globalSetup: "./tests/support/setup.ts",
  forbidOnly: true,
  fullyParallel: true,
  workers: 2,
  // A browser that loses one of its processes on a busy machine is no fault of ours; what fails twice is. What passed
  // only then is listed as flaky.
  retries: 1,
  timeout: 60_000,
  // The slowest thing waited for is a retry that has backed off.
  expect: { timeout: 20_000 },
  reporter: "list",
  use: {
    browserName: "chromium",
    viewport: { width: 1280, height: 800 },
    // A page never sees this zone by accident, so a time that is not the viewer's shows.
    timezoneId: "Asia/Kathmandu",
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: {
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
