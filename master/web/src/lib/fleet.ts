// Which servers the list shows, and in what order.

import type { ServerStatus, ServerSummary } from "./model";
import { orderOf } from "./names";

/** Every column of the list, in order. */
export const COLUMNS = ["name", "status", "cpu", "memory", "disk", "containers", "seen"] as const;
export type Column = (typeof COLUMNS)[number];
export type Direction = "asc" | "desc";

/** Every status, the one to look at first in front. */
export const STATUSES: readonly ServerStatus[] = ["offline", "maintenance", "online"];

/** What each column compares. A server without the value sorts last in both directions. */
const KEYS: Record<Exclude<Column, "name">, (server: ServerSummary) => number | undefined> = {
  status: (server) => STATUSES.indexOf(server.status),
  cpu: (server) => server.cpu ?? undefined,
  memory: (server) => server.memory ?? undefined,
  disk: (server) => server.disk ?? undefined,
  containers: (server) => server.containerCount,
  seen: (server) => Date.parse(server.lastSeenAt),
};

/** How many servers are in each status. */
export function countByStatus(servers: readonly ServerSummary[]): Record<ServerStatus, number> {
  const counts = { online: 0, offline: 0, maintenance: 0 };
  for (const server of servers) counts[server.status] += 1;
  return counts;
}

/** What the list shows is asked for by; empty: any. */
export interface Filter {
  words: string;
  status: string;
  group: string;
  tag: string;
}

/** What people call a server: the name that an operator gave it, else its agent's. */
export function titleOf({ displayName, name }: Pick<ServerSummary, "displayName" | "name">): string {
  return displayName ?? name;
}

/** The servers with these words in one of their names, and of that status, group and tag. */
export function filtered(servers: readonly ServerSummary[], { words, status, group, tag }: Filter): ServerSummary[] {
  const wanted = words.trim().toLowerCase();
  const holds = (text: string | undefined) => text?.toLowerCase().includes(wanted) ?? false;
  return servers.filter(
    (server) =>
      (status === "" || server.status === status) &&
      (group === "" || server.group === group) &&
      (tag === "" || (server.tags?.includes(tag) ?? false)) &&
      (wanted === "" || holds(server.name) || holds(server.displayName) || holds(server.hostname)),
  );
}

/** How many servers each name is said of, by name. */
export function counted(servers: readonly ServerSummary[], namesOf: (server: ServerSummary) => readonly string[]): { name: string; servers: number }[] {
  const counts = new Map<string, number>();
  for (const server of servers) for (const name of namesOf(server)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const order = orderOf([...counts.keys()]);
  return [...counts].map(([name, count]) => ({ name, servers: count })).sort((left, right) => order(left.name, right.name));
}

/** A sorted copy; equals by name, so that the order is the same at every update. */
export function sorted(servers: readonly ServerSummary[], column: Column, direction: Direction): ServerSummary[] {
  const sign = direction === "asc" ? 1 : -1;
  const ranks = ranksByName(servers);
  const rank = (server: ServerSummary) => ranks.get(server.id) ?? 0;
  if (column === "name") return [...servers].sort((left, right) => sign * (rank(left) - rank(right)));
  const key = KEYS[column];
  return [...servers].sort((left, right) => {
    const [a, b] = [key(left), key(right)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined) || rank(left) - rank(right);
    return sign * (a - b) || rank(left) - rank(right);
  });
}

/** The direction a column takes when it is chosen: the fullest first for loads, A to Z for names. */
export function firstDirection(column: Column): Direction {
  return column === "name" || column === "status" ? "asc" : "desc";
}

/** An order as parameters of the address; the usual one, by name, is none. */
export function orderParameters(column: Column, direction: Direction): { sort: string; dir: string } {
  const isUsual = column === "name" && direction === "asc";
  return { sort: isUsual ? "" : column, dir: isUsual ? "" : direction };
}

/** Ten thousand names take longer to compare than everything else together, and rarely change: they are ranked once. */
let ranked: { servers: readonly ServerSummary[]; ranks: ReadonlyMap<number, number> } = { servers: [], ranks: new Map() };

function ranksByName(servers: readonly ServerSummary[]): ReadonlyMap<number, number> {
  const isSame = servers.length === ranked.servers.length && servers.every((server, index) => isAlike(server, ranked.servers[index]));
  if (!isSame) {
    const order = orderOf(servers.map(titleOf));
    const byName = [...servers].sort((left, right) => order(titleOf(left), titleOf(right)) || left.id - right.id);
    ranked = { servers, ranks: new Map(byName.map(({ id }, index) => [id, index])) };
  }
  return ranked.ranks;
}

function isAlike(server: ServerSummary, other: ServerSummary | undefined): boolean {
  return server.id === other?.id && titleOf(server) === titleOf(other);
}
