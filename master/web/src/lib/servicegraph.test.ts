import { describe, expect, it } from "vitest";

import type { Service } from "./model";
import { BOXES_MAX, graphOf } from "./servicegraph";

function service(name: string, dependsOn: string[] = [], more: Partial<Service> = {}): Service {
  return {
    id: `shop/${name}`,
    name,
    project: "shop",
    service: name,
    description: null,
    type: null,
    status: "healthy",
    containerIds: [name],
    runningCount: 1,
    dependsOn,
    optionalDependsOn: [],
    ...more,
  };
}

/** Each box as name@column, and each arrow as from>to. */
function drawn(services: Service[]): { boxes: string[]; arrows: string[] } {
  const graph = graphOf(services);
  const name = (place: number) => graph?.boxes[place]?.name ?? "?";
  return {
    boxes: (graph?.boxes ?? []).map((box) => `${box.name}@${box.column}`).sort(),
    arrows: (graph?.arrows ?? []).map(({ from, to, isOptional }) => `${name(from)}${isOptional ? "~" : ">"}${name(to)}`),
  };
}

describe("graphOf", () => {
  it("is not there where nothing needs anything, itself included, or where there is too much", () => {
    expect(graphOf([])).toBeUndefined();
    expect(graphOf([service("web"), service("db", ["db"])])).toBeUndefined();
    const many = Array.from({ length: BOXES_MAX }, (_, index) => service(`s${index}`, [`s${index + 1}`]));
    expect(graphOf(many)).toBeUndefined();
    expect(graphOf(many.slice(1))?.boxes.length).toBe(BOXES_MAX);
  });

  it("puts each to the left of all that it needs, by the longest way", () => {
    const all = [service("web", ["api", "db"]), service("api", ["db"]), service("db"), service("alone")];
    expect(drawn(all)).toEqual({ boxes: ["api@1", "db@2", "web@0"], arrows: ["web>api", "web>db", "api>db"] });
    expect(graphOf(all)).toMatchObject({ columns: 3, rows: 1 });
  });

  it("draws what is optional as such, and what is not there", () => {
    const all = [service("api", ["db"], { optionalDependsOn: ["cache"] })];
    expect(drawn(all)).toEqual({ boxes: ["api@0", "cache@1", "db@1"], arrows: ["api>db", "api~cache"] });
    expect(graphOf(all)?.boxes.map((box) => box.service?.name)).toEqual(["api", undefined, undefined]);
  });

  it("draws one arrow where one service is needed by two names", () => {
    const all = [service("api", ["db", "Database"], { optionalDependsOn: ["db"] }), service("db", [], { name: "Database" })];
    expect(drawn(all).arrows).toEqual(["api>Database"]);
  });

  it("ends in a circle, and enters it from outside", () => {
    const circle = [service("b", ["c"]), service("c", ["b"]), service("a", ["b"])];
    expect(drawn(circle).boxes).toEqual(["a@0", "b@1", "c@2"]);
    expect(drawn([service("x", ["y"]), service("y", ["x"])]).boxes).toEqual(["x@0", "y@1"]);
  });

  it("finds the one of the same project before another of that name", () => {
    const other = service("db", [], { id: "blog/db", project: "blog" });
    const own = service("db");
    const graph = graphOf([other, own, service("api", ["db"])]);
    expect(graph?.boxes.map((box) => box.id)).toEqual(["shop/api", "shop/db"]);
    expect(graphOf([other, service("api", ["db"])])?.boxes[1]?.service).toBe(other);
  });

  it("gives every box a place of its own", () => {
    const all = ["a", "b", "c", "d"].map((name) => service(name, ["x", "y", "z"].slice(0, 1 + (name.charCodeAt(0) % 3))));
    const graph = graphOf([...all, service("x"), service("y", ["x"]), service("z")]);
    const places = graph?.boxes.map((box) => `${box.column} ${box.row}`) ?? [];
    expect(new Set(places).size).toBe(places.length);
    expect(Math.max(...(graph?.boxes.map((box) => box.row) ?? []))).toBe((graph?.rows ?? 0) - 1);
  });
});
