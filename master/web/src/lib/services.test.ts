import { describe, expect, it } from "vitest";

import type { Service } from "./model";
import { isDescribed, needsOf, placedServices, type ServiceFilter } from "./services";

function service(name: string, more: Partial<Service> = {}): Service {
  return {
    id: name,
    name,
    description: null,
    type: null,
    project: null,
    service: null,
    status: "healthy",
    containerIds: [name],
    runningCount: 1,
    dependsOn: [],
    optionalDependsOn: [],
    ...more,
  };
}

describe("isDescribed", () => {
  it("leaves out what is listed as a container already", () => {
    expect(isDescribed(service("lone"))).toBe(false);
    for (const more of [{ project: "shop" }, { type: "website" }, { description: "sells" }, { dependsOn: ["db"] }] as const) {
      expect(isDescribed(service("a", { ...more } as Partial<Service>)), JSON.stringify(more)).toBe(true);
    }
  });
});

describe("needsOf", () => {
  it("tells what it can do without", () => {
    expect(needsOf(service("a", { dependsOn: ["db", "mq"], optionalDependsOn: ["cache"] }))).toBe("db, mq, cache (optional)");
    expect(needsOf(service("a"))).toBe("");
  });
});

describe("placedServices", () => {
  const any: ServiceFilter = { words: "", status: "", server: "", project: "" };
  const [first, second] = [{ id: 1, name: "a", displayName: "Zulu" }, { id: 2, name: "b" }];
  const all = [
    { server: first, service: service("web", { project: "shop" }) },
    { server: second, service: service("web", { project: "shop" }) },
    { server: first, service: service("db", { project: "shop", status: "down" }) },
    { server: second, service: service("mail", { description: "Sends Letters", status: "degraded" }) },
  ];
  const found = (filter: Partial<ServiceFilter>) =>
    placedServices(all, { ...any, ...filter }).map(({ service: { name }, server }) => `${name}@${server.name}`);

  it("puts what is down on any server first, equals by what their server is shown as", () => {
    expect(found({})).toEqual(["db@a", "mail@b", "web@b", "web@a"]);
  });

  it("filters by each and by all", () => {
    expect(found({ status: "down" })).toEqual(["db@a"]);
    expect(found({ server: "b", project: "shop" })).toEqual(["web@b"]);
    expect(found({ words: " LETTERS " })).toEqual(["mail@b"]);
    expect(found({ words: "web", status: "down" })).toEqual([]);
    // A server is asked for by its own name.
    expect(found({ server: "Zulu" })).toEqual([]);
  });
});
