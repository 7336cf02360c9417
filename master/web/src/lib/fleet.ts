// Which servers the list shows, and in what order.

import type { ServerStatus, ServerSummary } from "./model";

/** Every column of the list, in order. */
export const COLUMNS = ["name", "status", "cpu", "memory", "disk", "containers", "seen"] as const;
export type Column = (typeof COLUMNS)[number];
export type Direction = "asc" | "desc";

/** Every status, the one to look at first in front. */
export const STATUSES: readonly ServerStatus[] = ["offline", "maintenance", "online"];

/** What each column compares. A server without the value sorts last in both directions. */
const KEYS: Record<Column, (server: ServerSummary) => number | string | undefined> = {
  name: (server) => server.name,
  status: (server) => STATUSES.indexOf(server.status),
  cpu: (server) => server.cpu ?? undefined,
  memory: (server) => server.memory ?? undefined,
  disk: (server) => server.disk ?? undefined,
  containers: (server) => server.containerCount,
  seen: (server) => Date.parse(server.lastSeenAt),
};

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** How many servers are in each status. */
export function countByStatus(servers: readonly ServerSummary[]): Record<ServerStatus, number> {
  const counts = { online: 0, offline: 0, maintenance: 0 };
  for (const server of servers) counts[server.status] += 1;
  return counts;
}

/** The servers whose name or host name holds the words asked for, in the status asked for (empty: any). */
export function filtered(servers: readonly ServerSummary[], words: string, status: string): ServerSummary[] {
  const wanted = words.trim().toLocaleLowerCase();
  return servers.filter(
    (server) =>
      (status === "" || server.status === status) &&
      (server.name.toLocaleLowerCase().includes(wanted) || server.hostname.toLocaleLowerCase().includes(wanted)),
  );
}

/** A sorted copy; equals by name, so that the order is the same at every update. */
export function sorted(servers: readonly ServerSummary[], column: Column, direction: Direction): ServerSummary[] {
  const key = KEYS[column];
  const sign = direction === "asc" ? 1 : -1;
  return [...servers].sort((left, right) => {
    const [a, b] = [key(left), key(right)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined) || byName(left, right);
    return sign * compare(a, b) || byName(left, right);
  });
}

/** The direction a column takes when it is chosen: the fullest first for loads, A to Z for names. */
export function firstDirection(column: Column): Direction {
  return column === "name" || column === "status" ? "asc" : "desc";
}

function compare(a: number | string, b: number | string): number {
  return typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
}

function byName(left: ServerSummary, right: ServerSummary): number {
  return collator.compare(left.name, right.name) || left.id - right.id;
}
