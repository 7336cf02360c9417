import { describe, expect, it } from "vitest";

import { routeOf, searchWith } from "./route";

describe("routeOf", () => {
  it("knows every view", () => {
    expect(routeOf("/")).toEqual({ view: "fleet" });
    expect(routeOf("/servers")).toEqual({ view: "fleet" });
    expect(routeOf("/servers/7")).toEqual({ view: "server", id: 7 });
    expect(routeOf("/containers")).toEqual({ view: "containers" });
    expect(routeOf("/services")).toEqual({ view: "services" });
    expect(routeOf("/activity")).toEqual({ view: "activity" });
    expect(routeOf("/servers/add")).toEqual({ view: "add" });
    expect(routeOf("/servers/7/")).toEqual({ view: "server", id: 7 });
    expect(routeOf("/settings")).toEqual({ view: "settings", part: "" });
    expect(routeOf("/settings/audit")).toEqual({ view: "settings", part: "audit" });
  });

  it("takes nothing else for a server", () => {
    for (const path of ["/servers/0", "/servers/-1", "/servers/7x", "/servers/1e3", "/servers/7/8", `/servers/${"9".repeat(20)}`]) {
      expect(routeOf(path), path).toEqual({ view: "notFound" });
    }
  });
});

describe("searchWith", () => {
  it("changes what it is told to and keeps the rest", () => {
    expect(searchWith("?q=web&sort=cpu", { q: "" })).toBe("?sort=cpu");
    expect(searchWith("?q=web", { q: "a&b=<c>" })).toBe("?q=a%26b%3D%3Cc%3E");
    expect(searchWith("?q=web", { q: "" })).toBe("");
  });
});
