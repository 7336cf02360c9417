// Which service needs which, laid out in columns: each stands to the left of what it needs.

import type { Service } from "./model";

/** What is drawn as a box. */
export interface Box {
  id: string;
  name: string;
  /** Absent where a service says that it needs it, and no container of this server is it. */
  service: Service | undefined;
  /** From the left, 0 for what nothing needs. */
  column: number;
  /** From the top. */
  row: number;
}

export interface Arrow {
  /** Places in the list of boxes. */
  from: number;
  to: number;
  isOptional: boolean;
}

export interface Graph {
  boxes: readonly Box[];
  arrows: readonly Arrow[];
  columns: number;
  rows: number;
}

/** Services of more than this are not drawn: nobody reads such a picture, and the table has it all. */
export const BOXES_MAX = 60;

/** The services that need another or are needed; undefined where there are none, or too many. */
export function graphOf(services: readonly Service[]): Graph | undefined {
  const { names, arrows } = collect(services);
  if (arrows.length === 0 || names.length > BOXES_MAX) return undefined;
  const columns = columnsOf(names.length, arrows);
  const boxes = names.map((box, place) => ({ ...box, column: columns[place] ?? 0, row: 0 }));
  const rows = order(boxes, arrows);
  return { boxes, arrows, columns: Math.max(...columns) + 1, rows };
}

type Name = Pick<Box, "id" | "name" | "service">;

function collect(services: readonly Service[]): { names: Name[]; arrows: Arrow[] } {
  const names: Name[] = [];
  const places = new Map<string, number>();
  const place = (box: Name): number => {
    const known = places.get(box.id);
    if (known !== undefined) return known;
    places.set(box.id, names.push(box) - 1);
    return names.length - 1;
  };
  const arrows: Arrow[] = [];
  for (const service of services) {
    const needs = [
      ...service.dependsOn.map((name) => ({ name, isOptional: false })),
      ...service.optionalDependsOn.map((name) => ({ name, isOptional: true })),
    ];
    for (const { name, isOptional } of needs) {
      const needed = named(services, name, service.project);
      if (needed === service) continue;
      const from = place({ id: service.id, name: service.name, service });
      const to = place(
        needed === undefined
          ? { id: `missing ${service.project ?? ""}/${name}`, name, service: undefined }
          : { id: needed.id, name: needed.name, service: needed },
      );
      // Two names may be one service; what is needed at all events comes first.
      if (!arrows.some((arrow) => arrow.from === from && arrow.to === to)) arrows.push({ from, to, isOptional });
    }
  }
  return { names, arrows };
}

/** As compose names it, in the same project before any other; else as it is called. */
function named(services: readonly Service[], name: string, project: string | null): Service | undefined {
  const all = services.filter((service) => service.service === name || service.name === name);
  return all.find((service) => service.project === project && service.service === name) ?? all.find((service) => service.project === project) ?? all[0];
}

/** The longest way that leads to each; an arrow that closes a circle is not gone along. */
function columnsOf(count: number, arrows: readonly Arrow[]): number[] {
  const onward = Array.from({ length: count }, (): number[] => []);
  const isNeeded = Array.from({ length: count }, () => false);
  for (const { from, to } of arrows) {
    onward[from]?.push(to);
    isNeeded[to] = true;
  }
  const columns = Array.from({ length: count }, () => 0);
  const onWay = new Set<number>();
  const isDone = new Set<number>();
  const afterAll: number[] = [];
  const forward: [number, number][] = [];
  const visit = (place: number): void => {
    onWay.add(place);
    for (const next of onward[place] ?? []) {
      if (onWay.has(next)) continue;
      forward.push([place, next]);
      if (!isDone.has(next)) visit(next);
    }
    onWay.delete(place);
    isDone.add(place);
    afterAll.push(place);
  };
  // Those that nothing needs first, so that a circle is entered from outside where there is an outside.
  const starts = [...Array(count).keys()].sort((a, b) => Number(isNeeded[a]) - Number(isNeeded[b]));
  for (const place of starts) if (!isDone.has(place)) visit(place);
  for (const place of afterAll.reverse()) {
    for (const [from, to] of forward) {
      if (from === place) columns[to] = Math.max(columns[to] ?? 0, (columns[place] ?? 0) + 1);
    }
  }
  return columns;
}

/** Sets the rows: each box near the middle of those to its left that need it. Returns how many there are. */
function order(boxes: Box[], arrows: readonly Arrow[]): number {
  const columns = Math.max(...boxes.map((box) => box.column)) + 1;
  let rows = 0;
  for (let column = 0; column < columns; column += 1) {
    const weight = (place: number): number => {
      const before = arrows.filter(({ from, to }) => to === place && (boxes[from]?.column ?? column) < column);
      return before.reduce((sum, { from }) => sum + (boxes[from]?.row ?? 0), 0) / Math.max(1, before.length);
    };
    const of = boxes.map((box, place) => ({ box, place })).filter(({ box }) => box.column === column);
    const placed = of.map(({ box, place }) => ({ box, weight: weight(place) }));
    placed.sort((a, b) => a.weight - b.weight || a.box.name.localeCompare(b.box.name, "en"));
    placed.forEach(({ box }, row) => (box.row = row));
    rows = Math.max(rows, placed.length);
  }
  return rows;
}
