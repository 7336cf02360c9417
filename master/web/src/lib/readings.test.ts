import { describe, expect, it } from "vitest";

import source from "../../../src/domain/fields.rs?raw";
import type { Series } from "./model";
import { GROUPS, keyText } from "./readings";

/** Every name the master's histories know, of `NAMES` in its own source; `{}` stands for a key. */
const NAMES = namesOfMaster();

function namesOfMaster(): string[] {
  const list = /pub const NAMES[^=]*=\s*&?\[([^\]]*)\]/.exec(source)?.[1];
  if (list === undefined) throw new Error("fields.rs has no NAMES");
  return [...list.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "");
}

function seriesOf(names: readonly string[]): Series {
  const fields = Object.fromEntries(names.map((name) => [name.replaceAll("{}", "a~2Eb"), { value: [1] }]));
  return { serverId: 1, serverName: "a", from: "", to: "", tier: "raw", times: ["2026-11-24T09:00:00Z"], fields, lost: [] };
}

/** Shown elsewhere: the cores as a strip, and what says nothing as a line. */
const NOT_LINES = [
  /^cores/,
  /LeftOut$/,
  /^(memory|disk)(Used|Total)Gb$/, // the same in bytes and by file system
  /^disks\.\{\}\.[^.]+PerSecond$/, // the agent's own rates are beside them
  /^openFilesMax$/,
];

describe("GROUPS", () => {
  it("has a line for every reading that is stored", () => {
    const shown = GROUPS.flatMap((group) => group.charts(seriesOf(NAMES))).flatMap((chart) => chart.lines.flatMap((line) => [line.field, ...(line.minus ?? [])]));
    const missing = NAMES.filter((name) => !NOT_LINES.some((pattern) => pattern.test(name))).filter((name) => !shown.includes(name.replaceAll("{}", "a~2Eb")));
    expect(NAMES.length).toBeGreaterThan(90);
    expect(missing).toEqual([]);
  });

  it("asks for every field that it shows", () => {
    for (const group of GROUPS) {
      const asked = (field: string) => group.fields.some((name) => (name.endsWith("*") ? field.startsWith(name.slice(0, -1)) : field === name));
      const fields = group.charts(seriesOf(NAMES)).flatMap((chart) => chart.lines.map((line) => line.field));
      expect(fields.filter((field) => !asked(field)), group.id).toEqual([]);
    }
  });

  it("has no two charts of one name, and none of nothing", () => {
    const charts = GROUPS.flatMap((group) => group.charts(seriesOf(NAMES)).map((chart) => chart.id));
    expect(new Set(charts).size).toBe(charts.length);
    expect(GROUPS.flatMap((group) => group.charts(seriesOf([])))).toEqual([]);
  });

  it("shows a file system under its own name", () => {
    const charts = GROUPS.flatMap((group) => group.charts(seriesOf(["mounts.{}.usedBytes"])));
    expect(charts.map(({ title }) => title)).toContain("a.b");
  });
});

describe("keyText", () => {
  it("reads what the API escapes", () => {
    expect(keyText("eth0~2E100")).toBe("eth0.100");
    expect(keyText("/mnt/~7Ename")).toBe("/mnt/~name");
    expect(keyText("Package id 0")).toBe("Package id 0");
    expect(keyText("Composite@2")).toBe("Composite (2)");
    expect(keyText("größe~09~C2~85")).toBe("größe\t\u0085");
  });

  it("leaves alone what it cannot read", () => {
    expect(keyText("a~FF")).toBe("a~FF");
    expect(keyText("100%")).toBe("100%");
  });
});
