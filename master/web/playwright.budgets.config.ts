// `npm run budgets`: how long the dashboard takes, with nothing else of ours running beside it.

import { defineConfig } from "@playwright/test";

import tests from "./playwright.config";

export default defineConfig(tests, { testMatch: "budgets.spec.ts", testIgnore: [], workers: 1, fullyParallel: false, retries: 0, timeout: 600_000 });
