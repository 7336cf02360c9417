import { expect, it, vi } from "vitest";

import { language, text } from "./language.svelte";

vi.mock("./text/de", () => {
  throw new Error("the master is away");
});

it("a language that cannot be loaded leaves English, and is called by its name", async () => {
  expect(language.missing).toBeUndefined();
  language.choose("de");
  await vi.waitFor(() => expect(language.missing).toBe("Deutsch"));
  expect(language.current).toBe("en");
  expect(text.fleet.add).toBe("Add a server");

  language.choose("en");
  expect(language.missing).toBeUndefined();
});
