import { describe, expect, it } from "vitest";

import { byUrgency, exitCode, imageOf, placedByUrgency, toneOf, type ContainerFilter } from "./containers";
import type { Container } from "./model";

function container(name: string, more: Partial<Container>): Container {
  return {
    serverId: 1,
    containerId: name,
    name,
    image: "busybox",
    imageId: null,
    imageTags: [],
    status: "running",
    health: null,
    ports: "-",
    labels: {},
    networks: [],
    startedAt: null,
    updatedAt: "2026-11-23T09:08:03.022Z",
    exitCode: null,
    ...more,
  };
}

describe("byUrgency", () => {
  it("puts what needs a look first", () => {
    const containers = [
      container("fine", { health: "healthy" }),
      container("also-fine", {}),
      container("starting", { health: "starting" }),
      container("paused", { status: "paused" }),
      container("done", { status: "exited", exitCode: 0 }),
      container("crashed", { status: "exited", exitCode: 137 }),
      container("looping", { status: "restarting", exitCode: 1 }),
      container("sick", { health: "unhealthy" }),
    ];
    expect(byUrgency(containers).map(({ name }) => name)).toEqual([
      "sick",
      "looping",
      "crashed",
      "done",
      "paused",
      "starting",
      "also-fine",
      "fine",
    ]);
  });
});

describe("toneOf", () => {
  it("tells an exit by intent from a failure", () => {
    expect(toneOf(container("a", { status: "exited", exitCode: 0 }))).toBe("idle");
    expect(toneOf(container("a", { status: "exited", exitCode: 1 }))).toBe("bad");
  });
});

describe("exitCode", () => {
  it("means nothing while the container runs", () => {
    expect(exitCode(container("a", { exitCode: 0 }))).toBeUndefined();
    expect(exitCode(container("a", { status: "exited", exitCode: 0 }))).toBe(0);
  });
});

describe("imageOf", () => {
  it("tells a name from its version, and a port from a tag", () => {
    expect(imageOf("nginx:1.27")).toEqual({ name: "nginx", version: "1.27" });
    expect(imageOf("registry.lan:5000/shop/web")).toEqual({ name: "registry.lan:5000/shop/web", version: "" });
    expect(imageOf("registry.lan:5000/web:2@sha256:664f5f42ec871e7f")).toEqual({ name: "registry.lan:5000/web", version: "2" });
    expect(imageOf("web@sha256:664f5f42ec871e7f6a")).toEqual({ name: "web", version: "sha256:664f5f42ec87" });
    expect(imageOf("")).toEqual({ name: "", version: "" });
  });
});

describe("placedByUrgency", () => {
  const any: ContainerFilter = { words: "", state: "", server: "", project: "", image: "" };
  const [first, second] = [{ id: 1, name: "a", displayName: "Zulu" }, { id: 2, name: "b" }];
  const all = [
    { server: second, container: container("web", { image: "nginx:1", composeProject: "shop" }) },
    { server: first, container: container("web", { image: "nginx:2" }) },
    { server: first, container: container("sick", { health: "unhealthy" }) },
    { server: second, container: container("looping", { status: "restarting" }) },
  ];
  const found = (filter: Partial<ContainerFilter>) => placedByUrgency(all, { ...any, ...filter }).map(({ container: { name }, server }) => `${name}@${server.name}`);

  it("puts the unhealthy and the restarting of all servers first, equals by what their server is shown as", () => {
    expect(found({})).toEqual(["sick@a", "looping@b", "web@b", "web@a"]);
  });

  it("filters by each and by all", () => {
    expect(found({ state: "unhealthy" })).toEqual(["sick@a"]);
    expect(found({ state: "running" })).toEqual(["web@b", "web@a"]);
    expect(found({ image: "nginx", server: "b" })).toEqual(["web@b"]);
    expect(found({ project: "shop" })).toEqual(["web@b"]);
    expect(found({ words: " NGINX:2" })).toEqual(["web@a"]);
    expect(found({ words: "web", state: "paused" })).toEqual([]);
  });
});
