// The containers and services of all servers. The API has them server by server, so they are gathered: a few questions at a
// time, and only of servers that have containers.

import { server as fetchServer, servers as fetchServers, unlessGone } from "./api";
import type { Placed } from "./containers";
import type { Server } from "./model";
import { Poll } from "./poll.svelte";
import { isDescribed, type PlacedService } from "./services";
import { session } from "./session.svelte";

/** Questions under way at a time. */
const AT_A_TIME = 4;
/** Servers that are asked for what runs on them; more would keep the master busy with one page. */
export const SERVERS_MAX = 300;
/** Time between two rounds, and what each server adds to it, milliseconds. */
const ROUND_MS = 10_000;
const EACH_MS = 100;

export interface Everywhere {
  containers: Placed[];
  /** Those that say more than their containers do. */
  services: PlacedService[];
  /** Servers with containers that were not asked, there being too many. */
  leftOut: number;
}

export const everywhere: Poll<Everywhere> = new Poll(async (signal) => {
  const having = (await fetchServers(signal)).filter(({ containerCount }) => containerCount > 0);
  const asked = having.slice(0, SERVERS_MAX);
  const found: Server[] = [];
  const left = [...asked.entries()];
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [place, { id }] = next;
      // It may have been deleted since the list was made.
      const server = await unlessGone(fetchServer(id, signal));
      if (server !== undefined) found[place] = server;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  everywhere.intervalMs = ROUND_MS + EACH_MS * asked.length;
  // Without the holes of those that are gone.
  const servers = found.flat();
  return {
    containers: servers.flatMap((server) => server.containers.map((container) => ({ container, server }))),
    services: servers.flatMap((server) => server.services.filter(isDescribed).map((service) => ({ service, server }))),
    leftOut: having.length - asked.length,
  };
}, ROUND_MS);

session.onForget(() => {
  everywhere.data = undefined;
});
