// Prints what a first visit downloads as JavaScript, compressed, and refuses more than the budget.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** What the first view may cost, bytes after gzip. */
const BUDGET_BYTES = 90 * 1024;

const dist = new URL("../dist/", import.meta.url);
const page = readFileSync(new URL("index.html", dist), "utf8");
const scripts = [...page.matchAll(/(?:src|modulepreload"[^>]*href)="\/([^"]+\.js)"/g)].map((match) => match[1] ?? "");
if (scripts.length === 0) throw new Error("dist/index.html loads no script");

const bytes = scripts.reduce((sum, script) => sum + gzipSync(readFileSync(new URL(script, dist))).length, 0);
const inKiB = (/** @type {number} */ size) => `${(size / 1024).toFixed(1)} KiB`;
console.log(`initial JavaScript: ${inKiB(bytes)} gzip of ${inKiB(BUDGET_BYTES)} (${scripts.join(", ")})`);
if (bytes > BUDGET_BYTES) {
  console.error("initial JavaScript is over its budget");
  process.exit(1);
}
