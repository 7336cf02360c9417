// Compresses what the build made, for the master to send, and refuses more JavaScript at a first visit than the budget.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** What the first view may cost, bytes after gzip. */
const BUDGET_BYTES = 90 * 1024;
/** Others are compressed already. */
const TEXT = /\.(css|html|js|json|svg)$/;

const dist = new URL("../dist/", import.meta.url);
/** @type {Map<string, number>} */
const sizes = new Map();
for (const path of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  if (!TEXT.test(path)) continue;
  const file = readFileSync(new URL(path, dist));
  const compressed = gzipSync(file, { level: 9 });
  sizes.set(path, compressed.length);
  if (compressed.length < file.length) writeFileSync(new URL(`${path}.gz`, dist), compressed);
}

const page = readFileSync(new URL("index.html", dist), "utf8");
const scripts = [...page.matchAll(/(?:src|modulepreload"[^>]*href)="\/([^"]+\.js)"/g)].map((match) => match[1] ?? "");
if (scripts.length === 0) throw new Error("dist/index.html loads no script");

const bytes = scripts.reduce((sum, script) => sum + (sizes.get(script) ?? Infinity), 0);
const inKiB = (/** @type {number} */ size) => `${(size / 1024).toFixed(1)} KiB`;
console.log(`initial JavaScript: ${inKiB(bytes)} gzip of ${inKiB(BUDGET_BYTES)} (${scripts.join(", ")})`);
if (bytes > BUDGET_BYTES) {
  console.error("initial JavaScript is over its budget");
  process.exit(1);
}
