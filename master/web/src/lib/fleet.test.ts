import { describe, expect, it } from "vitest";

import { counted, countByStatus, type Filter, filtered as filteredBy, sorted, orderParameters } from "./fleet";
import type { ServerSummary } from "./model";

function server(id: number, name: string, more: Partial<ServerSummary> = {}): ServerSummary {
  return {
    id,
    name,
    hostname: `${name}.lan`,
    ipAddress: "10.0.0.4",
    status: "online",
    containerCount: 0,
    cpuCores: 4,
    totalMemoryGb: 8,
    totalDiskGb: 100,
    lastMetricsAt: null,
    lastSeenAt: "2026-11-23T09:08:03.022Z",
    ...more,
  };
}

const filtered = (servers: ServerSummary[], words: string, status: string, more: Partial<Filter> = {}) =>
  filteredBy(servers, { words, status, group: "", tag: "", ...more });
const names = (servers: ServerSummary[]) => servers.map(({ name }) => name);

describe("sorted", () => {
  it("reads numbers in names as numbers", () => {
    expect(names(sorted([server(1, "web-10"), server(2, "web-9")], "name", "asc"))).toEqual(["web-9", "web-10"]);
  });

  it("puts a server without the value last in both directions", () => {
    const servers = [server(1, "a"), server(2, "b", { cpu: 0 }), server(3, "c", { cpu: 90 })];
    expect(names(sorted(servers, "cpu", "asc"))).toEqual(["b", "c", "a"]);
    expect(names(sorted(servers, "cpu", "desc"))).toEqual(["c", "b", "a"]);
  });

  it("puts the silent ones first by status, equals by name", () => {
    const servers = [server(1, "c"), server(2, "a"), server(3, "b", { status: "offline" })];
    expect(names(sorted(servers, "status", "asc"))).toEqual(["b", "a", "c"]);
  });

  it("sorts by what people call a server", () => {
    expect(names(sorted([server(1, "a", { displayName: "z" }), server(2, "b")], "name", "asc"))).toEqual(["b", "a"]);
  });

  it("follows names that change", () => {
    expect(names(sorted([server(1, "a"), server(2, "b")], "name", "asc"))).toEqual(["a", "b"]);
    expect(names(sorted([server(1, "c"), server(2, "b")], "name", "asc"))).toEqual(["b", "c"]);
    expect(names(sorted([server(1, "c"), server(2, "b")], "name", "desc"))).toEqual(["c", "b"]);
  });

  it("leaves its input alone", () => {
    const servers = [server(1, "b"), server(2, "a")];
    sorted(servers, "name", "asc");
    expect(names(servers)).toEqual(["b", "a"]);
  });
});

describe("filtered", () => {
  const servers = [server(1, "Web"), server(2, "db", { status: "offline" })];

  it("finds by part of name or host name, whatever the case", () => {
    expect(names(filtered(servers, " wE ", ""))).toEqual(["Web"]);
    expect(names(filtered(servers, "DB.LAN", ""))).toEqual(["db"]);
    expect(filtered(servers, ".*", "")).toEqual([]);
  });

  it("finds by display name, group and tag, the latter two whole", () => {
    const said = [server(1, "a", { displayName: "Größe", group: "eu", tags: ["web", "db"] }), server(2, "b", { group: "europe" }), server(3, "c")];
    expect(names(filtered(said, "grö", ""))).toEqual(["a"]);
    expect(names(filtered(said, "", "", { group: "eu" }))).toEqual(["a"]);
    expect(names(filtered(said, "", "", { tag: "web" }))).toEqual(["a"]);
    expect(filtered(said, "", "", { group: "europe", tag: "web" })).toEqual([]);
    expect(filtered(said, "", "", { tag: "we" })).toEqual([]);
  });

  it("combines with a status", () => {
    expect(names(filtered(servers, "", "offline"))).toEqual(["db"]);
    expect(filtered(servers, "web", "offline")).toEqual([]);
  });
});

describe("countByStatus", () => {
  it("counts every status, also those nobody is in", () => {
    expect(countByStatus([server(1, "a"), server(2, "b", { status: "offline" })])).toEqual({ online: 1, offline: 1, maintenance: 0 });
  });
});

describe("counted", () => {
  it("counts by name, in the order people read", () => {
    const said = [server(1, "a", { tags: ["n10", "n9"] }), server(2, "b", { tags: ["n9"] }), server(3, "c")];
    expect(counted(said, ({ tags }) => tags ?? [])).toEqual([{ name: "n9", servers: 2 }, { name: "n10", servers: 1 }]);
  });
});

describe("orderParameters", () => {
  it("leaves the usual order out of the address", () => {
    expect(orderParameters("name", "asc")).toEqual({ sort: "", dir: "" });
    expect(orderParameters("name", "desc")).toEqual({ sort: "name", dir: "desc" });
    expect(orderParameters("cpu", "asc")).toEqual({ sort: "cpu", dir: "asc" });
  });
});
