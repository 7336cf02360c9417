// The language of the page: the viewer's choice where there is one, else the first that the browser asks for and there is,
// else English.

import { Lazy } from "./lazy.svelte";
import { en, type Text } from "./text/en";

interface Known {
  /** Its own name, which is the same in every language. */
  name: string;
  /** Its numbers and dates, as Intl calls them. */
  locale: string;
  /** Absent where it came with the page. */
  text?: Lazy<Text>;
}

/** Every language. English is a part of the page, so that it has words for whatever goes wrong; the others come when they are wanted. */
export const LANGUAGES = {
  en: { name: "English", locale: "en-GB" },
  de: { name: "Deutsch", locale: "de-DE", text: new Lazy(() => import("./text/de").then(({ de }) => de)) },
} satisfies Record<string, Known>;

export type Code = keyof typeof LANGUAGES;
export const CODES = Object.keys(LANGUAGES) as Code[];

const STORAGE_KEY = "neon.language";
/** A language that takes longer must not keep the page from being shown, milliseconds. */
const WAIT_MS = 3_000;

let chosen = $state<Code>("en");
/** What is shown until the chosen one has come. */
let before = $state<Code>("en");

const known = (code: Code): Known => LANGUAGES[code];
const textOf = (code: Code): Text | undefined => (code === "en" ? en : known(code).text?.value);

export const language = {
  /** What is on screen. */
  get current(): Code {
    return textOf(chosen) === undefined ? before : chosen;
  },

  get locale(): string {
    return known(language.current).locale;
  },

  /** The name of a language that was chosen and could not be loaded; it is tried again. */
  get missing(): string | undefined {
    const { name, text: loaded } = known(chosen);
    return loaded?.failing && loaded.value === undefined ? name : undefined;
  },

  /** Finds the language out, before anything is shown; English is there without being waited for. */
  async start(): Promise<void> {
    chosen = languageFor(stored(), navigator.languages);
    await Promise.race([known(chosen).text?.want(), known(chosen).text && new Promise((resolve) => setTimeout(resolve, WAIT_MS))]);
  },

  /** Shows another language as soon as it is there, and remembers it. */
  choose(code: Code): void {
    before = language.current;
    chosen = code;
    void known(code).text?.want();
    try {
      localStorage.setItem(STORAGE_KEY, code);
    } catch {
      // Storage is blocked: the choice holds until the page is closed.
    }
  },
};

/** For what was chosen before, and what the browser asks for, the best first. */
export function languageFor(choice: string | null, asked: readonly string[]): Code {
  const find = (tag: string) => CODES.find((code) => code === tag.toLowerCase().split("-")[0]);
  return CODES.find((code) => code === choice) ?? asked.map(find).find((code) => code !== undefined) ?? "en";
}

/** The text of the page. Whatever reads it in a template or an effect is drawn anew in another language. */
export const text: Text = new Proxy(en, { get: (_, part) => Reflect.get(textOf(language.current) ?? en, part) });

/** What Intl makes for a language is dear to make and cheap to use: once for each. */
export function perLanguage<T>(make: (locale: string) => T): () => T {
  const made = new Map<string, T>();
  return () => {
    const { locale } = language;
    let one = made.get(locale);
    if (one === undefined) made.set(locale, (one = make(locale)));
    return one;
  };
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
