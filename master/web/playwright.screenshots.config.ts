// `npm run screenshots`: the pictures of the README, of the real agent on this host.

import { defineConfig } from "@playwright/test";

import tests from "./playwright.config";

export default defineConfig(tests, { testDir: "screenshots", timeout: 300_000, retries: 0 });
