// Sentences with something other than text in them. Each language puts it where its own order of words wants it.

import type { Snippet } from "svelte";

/** Text in an element of its own: what is typed as it stands, what matters, and a name that is not ours. */
export interface Element {
  tag: "code" | "strong" | "bdi";
  text: string;
}

export type Part = string | Element | Snippet;

/** For Rich.svelte. */
export type Sentence = readonly Part[];

/** rich`Run ${code("neon-agent")} there.` */
export function rich(texts: TemplateStringsArray, ...parts: readonly Part[]): Sentence {
  return texts.flatMap((text, index) => [text, parts[index] ?? ""]).filter((part) => part !== "");
}

export const code = (text: string): Element => ({ tag: "code", text });
export const strong = (text: string): Element => ({ tag: "strong", text });
export const name = (text: string): Element => ({ tag: "bdi", text });
