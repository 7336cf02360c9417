// `npm run budgets`: what the dashboard's first view and inputs cost, with nothing else of ours running beside it.

import { defineConfig } from "@playwright/test";

import tests from "./playwright.config";

export default defineConfig(tests, { testMatch: "budgets.spec.ts", testIgnore: [], workers: 1, fullyParallel: false, timeout: 600_000 });
