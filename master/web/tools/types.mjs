// Writes src/lib/api.gen.ts from openapi.json, the master's own description of its API. With --check it writes
// nothing and fails where the file would differ.

import { readFileSync, writeFileSync } from "node:fs";

import openapiTS, { astToString } from "openapi-typescript";

const HEADER = "// Generated from openapi.json by `npm run types`. Do not edit.\n\n";

const source = new URL("../openapi.json", import.meta.url);
const target = new URL("../src/lib/api.gen.ts", import.meta.url);
const generated = HEADER + astToString(await openapiTS(source));

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== generated) {
    console.error("src/lib/api.gen.ts does not match openapi.json: run `npm run types`");
    process.exit(1);
  }
} else {
  writeFileSync(target, generated);
}
