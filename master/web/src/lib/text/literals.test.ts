// No component has words of its own: they would be English in every language. What counts as a word is found in the syntax
// tree: text, attributes that are read or read out, and literals that look like something said.

import { parse } from "svelte/compiler";
import { describe, expect, it } from "vitest";

/** The same in every language. */
const ALLOWED = /^(Neon|MIT|API|K)$/;
/** Attributes that people read or hear, and properties of our own components that are shown. */
const SAID = /^(aria-(label|description|roledescription|valuetext)|title|placeholder|alt|label|data-label|text|note|heading|what|never|of)$/;
/** Said where it is a property of a component; a field's `name` is not shown. */
const SAID_BY_COMPONENTS = /^name$/;
/** Literals that are no words: headers, keys, parts of the API's names, style. */
const NO_WORDS = /^(Accept|Date|Enter|Escape|Mac|Percent|11px system-ui|color-mix in srgb,|prefers-color-scheme: dark)$/;
/** Commands for a shell, which are the same everywhere, and the names of the languages. */
const LEFT_OUT = /\/(enrol|connect|language\.svelte)\.ts$/;

/** Some seventy files are read into syntax trees, milliseconds. */
const SLOW_MS = 60_000;

interface Node {
  type?: string;
  [key: string]: unknown;
}

const components = import.meta.glob<string>("../../**/*.svelte", { query: "?raw", import: "default", eager: true });
const modules = import.meta.glob<string>(["../*.ts", "!../*.test.ts", "!../api.gen.ts"], { query: "?raw", import: "default", eager: true });

/** Words in the markup and the script of a component. */
function wordsIn(source: string): string[] {
  const found: string[] = [];
  const { instance, module, fragment } = parse(source, { modern: true });
  walk(fragment as unknown as Node, true, found);
  for (const script of [instance, module]) if (script) walk(script.content as unknown as Node, false, found);
  return found;
}

function walk(node: Node, isMarkup: boolean, found: string[]): void {
  const { type } = node;
  if (type === "StyleDirective") return;
  if (type === "ImportDeclaration" || type?.startsWith("TS")) {
    // A type says nothing, but what it is said of may.
    if (type.startsWith("TS") && isNode(node["expression"])) walk(node["expression"], isMarkup, found);
    return;
  }
  if (isMarkup && type === "Text") say(String(node["data"]), /\p{L}/u, found);
  if (type === "Literal" && typeof node["value"] === "string") say(node["value"], SOMETHING_SAID, found);
  if (type === "TemplateElement") say((node["value"] as { cooked?: string }).cooked ?? "", SOMETHING_SAID, found);
  const isComponent = type === "Component" || type === "SvelteComponent";
  for (const [key, child] of Object.entries(node)) {
    if (key === "metadata" || key === "loc") continue;
    for (const one of Array.isArray(child) ? child : [child]) {
      if (!isNode(one)) continue;
      if (one.type === "Attribute") attribute(one, isComponent ? "component" : "", found);
      else walk(one, isMarkup, found);
    }
  }
}

/** What an attribute says as it stands, and what literals its expressions have. */
function attribute(node: Node, of: "component" | "", found: string[]): void {
  const name = String(node["name"]);
  const isSaid = SAID.test(name) || (of === "component" && SAID_BY_COMPONENTS.test(name));
  const parts: unknown[] = Array.isArray(node["value"]) ? node["value"] : [node["value"]];
  for (const part of parts) {
    if (!isNode(part)) continue;
    if (part.type === "Text") {
      if (isSaid) say(String(part["data"]), /\p{L}/u, found);
    } else if (name !== "class" && name !== "style") walk(part, false, found);
  }
}

/** A capital and small letters, or one word after another. */
const SOMETHING_SAID = /^\s*\p{Lu}\p{Ll}+[.:!?…]?\s*$|\p{L}[,;:.]? \p{L}/u;

function say(text: string, what: RegExp, found: string[]): void {
  const words = text.split(/[\s·()]+/).filter((word) => !ALLOWED.test(word));
  const rest = words.join(" ").trim();
  if (what.test(rest) && !NO_WORDS.test(rest)) found.push(rest);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null;
}

describe("words outside of the catalogue", () => {
  it("are found wherever they can be", () => {
    const sources: [string, string][] = [
      ["<p>No server matches.</p>", "No server matches."],
      ["{#if a}<b>{b}</b>{:else}<p>{c} left</p>{/if}", "left"],
      ['<nav aria-label="Breadcrumb"></nav>', "Breadcrumb"],
      ['<input placeholder="search" />', "search"],
      ['<img alt="a {b}" />', "a"],
      ['<td data-label="Image"></td>', "Image"],
      ['<Part title="Users" />', "Users"],
      ['<Fact name="Host name" />', "Host name"],
      ['<button>{busy ? "Saved" : label}</button>', "Saved"],
      ["<Badge text={`By ${provider}, and so on`} />", "and so on"],
      ['<script lang="ts">let problem = $state(""); function f() { problem = "That is not its name"; }</script>', "That is not its name"],
      ['<script lang="ts">const WORDS = { a: "Live" as string };</script>', "Live"],
      ["{#snippet a()}<p>one</p>{/snippet}", "one"],
      ["{#each all as one (one)}x{:else}none yet{/each}", "none yet"],
    ];
    for (const [source, word] of sources) expect(wordsIn(source).join("|"), source).toContain(word);
  });

  it("are told from what is none", () => {
    const sources = [
      "<title>{text.fleet.title} · Neon</title>",
      '<div class="panel wide" style="color: red" id="Main"></div>',
      '<input type="text" autocomplete="current-password" name="name" />',
      '<svg viewBox="0 0 20 20"><path d="M10 1.5v2M10 16.5v2" /></svg>',
      '<script lang="ts">import a from "./A.svelte"; if (event.key === "Enter") go("/servers/add");</script>',
      '<li class={open ? "panel open" : "panel"}>{a} · {b}</li>',
      '<script lang="ts">type A = "One" | "Two"; let a = $state<A>();</script>',
    ];
    for (const source of sources) expect(wordsIn(source), source).toEqual([]);
  });

  it("are in no component", { timeout: SLOW_MS }, () => {
    expect(Object.keys(components).length).toBeGreaterThan(40);
    const found = Object.entries(components).flatMap(([path, source]) => wordsIn(source).map((words) => `${path}: ${words}`));
    expect(found).toEqual([]);
  });

  it("are in no module beside them", { timeout: SLOW_MS }, () => {
    expect(Object.keys(modules).length).toBeGreaterThan(30);
    const found = Object.entries(modules)
      .filter(([path]) => !LEFT_OUT.test(path))
      .flatMap(([path, source]) => wordsIn(`<script lang="ts">${source}</script>`).map((words) => `${path}: ${words}`));
    expect(found).toEqual([]);
  });
});
