import { afterEach, describe, expect, it, vi } from "vitest";

import { axisTime, axisValues } from "./axis";
import { dateTime, gib, percent, relative } from "./format";
import { language, languageFor, text } from "./language.svelte";
import { GROUPS } from "./readings";
import { de } from "./text/de";
import { en } from "./text/en";
import { quantity } from "./units";

afterEach(() => language.choose("en"));

async function chooseGerman(): Promise<void> {
  language.choose("de");
  await vi.waitFor(() => expect(language.current).toBe("de"));
}

describe("languageFor", () => {
  it("is what was chosen, whatever the browser asks for", () => {
    expect(languageFor("de", ["en-US", "en"])).toBe("de");
    expect(languageFor("en", ["de-DE"])).toBe("en");
  });

  it("is the first of the browser's that there is", () => {
    expect(languageFor(null, ["de-CH", "en"])).toBe("de");
    expect(languageFor(null, ["fr-FR", "fr", "DE", "en"])).toBe("de");
    expect(languageFor(null, ["en-GB", "de"])).toBe("en");
  });

  it("is English where there is none of them, or what was chosen is no more", () => {
    expect(languageFor(null, [])).toBe("en");
    expect(languageFor(null, ["fr", "den", "toString"])).toBe("en");
    expect(languageFor("xx", ["fr"])).toBe("en");
    expect(languageFor("constructor", ["de"])).toBe("de");
  });
});

describe("text", () => {
  it("is English until another language has come", async () => {
    expect(text.fleet.add).toBe("Add a server");
    language.choose("de");
    expect(text.fleet.add).toBe("Add a server");
    await vi.waitFor(() => expect(text.fleet.add).toBe("Server hinzufügen"));
    language.choose("en");
    expect(text.fleet.add).toBe("Add a server");
  });

  it("reaches what is no component", async () => {
    expect(GROUPS.map(({ title }) => title)).toContain("File systems");
    await chooseGerman();
    expect(GROUPS.map(({ title }) => title)).toContain("Dateisysteme");
  });

  it("has words for everything in every language", () => {
    const blank = (catalogue: object, path: string): string[] =>
      Object.entries(catalogue).flatMap(([key, value]: [string, unknown]) => {
        if (typeof value === "string") return value.trim() === value && value !== "" ? [] : [`${path}.${key}`];
        return typeof value === "object" && value !== null && !Array.isArray(value) ? blank(value, `${path}.${key}`) : [];
      });
    expect([...blank(en, "en"), ...blank(de, "de")]).toEqual([]);
  });
});

describe("numbers and times", () => {
  it("are written as the language does", async () => {
    expect(percent(14.85)).toBe("14.9 %");
    await chooseGerman();
    expect(percent(14.85)).toBe("14,9 %");
    expect(gib(1023.9)).toBe("1.023,9 GiB");
    expect(quantity(12_340_000, "bitsPerSecond")).toBe("12,3 Mbit/s");
    expect(quantity(1200, "rpm")).toBe("1.200 U/min");
    expect(axisValues([0, 50], "percent")).toEqual(["0 %", "50 %"]);
    expect(quantity(1 / 300, "perSecond")).toBe("0,2/min");
    expect(dateTime(new Date(2026, 10, 23, 13, 5, 22).getTime())).toBe("23.11.2026, 13:05:22");
    expect(axisTime(new Date(2026, 10, 23).getTime(), 3_600_000)).toBe("23. Nov.");
  });

  it("say how long ago something was", async () => {
    const nowMs = 1_000_000_000_000;
    await chooseGerman();
    expect(relative(nowMs - 1_000, nowMs)).toBe("gerade eben");
    expect(relative(nowMs - 12_000, nowMs)).toBe("vor 12 Sek.");
    expect(relative(nowMs - 6 * 86_400_000, nowMs)).toBe("vor 6 Tagen");
    expect(relative(nowMs + 3_600_000, nowMs)).toBe("in 1 Std.");
  });

  it("agree with their nouns", async () => {
    await chooseGerman();
    expect([1, 2].map(text.counts.cores)).toEqual(["1 Kern", "2 Kerne"]);
    expect([1, 12].map(text.forecast.fills)).toEqual(["in 1 Tag voll", "in 12 Tagen voll"]);
  });
});
