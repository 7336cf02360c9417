import { describe, expect, it } from "vitest";

import type { Server } from "./model";
import { patchOf, type Said, saidOf, tagsOf } from "./organise";

const NOTHING: Said = { displayName: "", group: "", tags: "", notes: "", inMaintenance: false, reason: "", until: "" };
const SAID: Said = { displayName: "Shop", group: "eu", tags: "a b", notes: "one\ntwo", inMaintenance: true, reason: "disk", until: "2036-11-24T12:00" };

describe("saidOf", () => {
  it("is empty where nothing is said", () => {
    expect(saidOf({} as Server)).toEqual(NOTHING);
  });

  it("reads back the end that was chosen", () => {
    const until = new Date("2036-11-24T12:00").toISOString();
    expect(saidOf({ maintenance: { since: until, until } } as Server).until).toBe("2036-11-24T12:00");
  });
});

describe("patchOf", () => {
  it("names nothing that is as it was", () => {
    expect(patchOf(NOTHING, NOTHING)).toEqual({});
    expect(patchOf(SAID, { ...SAID, tags: "b,  a", displayName: " Shop " })).toEqual({});
  });

  it("names what is new and takes away what is empty", () => {
    expect(patchOf(NOTHING, { ...NOTHING, displayName: " Shop ", tags: "web, eu web" })).toEqual({ displayName: "Shop", tags: ["eu", "web"] });
    expect(patchOf(SAID, { ...SAID, displayName: " ", group: "", tags: "", notes: "" })).toEqual({ displayName: null, group: null, tags: [], notes: null });
  });

  it("begins, changes and ends maintenance", () => {
    expect(patchOf(NOTHING, { ...NOTHING, inMaintenance: true })).toEqual({ maintenance: {} });
    expect(patchOf(NOTHING, { ...NOTHING, reason: "left behind" })).toEqual({});
    expect(patchOf(SAID, { ...SAID, until: "" })).toEqual({ maintenance: { until: null } });
    expect(patchOf(SAID, { ...SAID, reason: "" })).toEqual({ maintenance: { reason: null } });
    expect(patchOf(SAID, { ...SAID, inMaintenance: false })).toEqual({ maintenance: null });
    const { maintenance } = patchOf(NOTHING, SAID);
    expect(maintenance).toEqual({ reason: "disk", until: new Date("2036-11-24T12:00").toISOString() });
  });
});

describe("tagsOf", () => {
  it("takes spaces and commas, and each tag once", () => {
    expect(tagsOf(" web,eu  web\n, ")).toEqual(["eu", "web"]);
  });
});
